"""The file that is open in Blender as a Scene: the difference from freshly created datablocks, as JSON-able values.

    fresh()       once, in a throw-away process with an empty file: what everything looks like when it is new
    dump(fresh)   in a process whose open file is to be described

`dump` creates nothing that lasts, evaluates no driver and runs no text. A part of a datablock that cannot be read is
named in `opaque` with its reason; the rest of the file is still described.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from scene_animation import action_parts, animation_of, forget_moved, forget_shape_values, moved_paths
from scene_custom import custom_of
from scene_fresh import fresh_values
from scene_meshes import keys_move_vertices, mesh_parts, shape_keys
from scene_nodes import TREE_TYPES, tree_of
from scene_noise import without_upgrade
from scene_objects import UPGRADED_SMOOTHING, collection_block, object_block
from scene_rules import COLLECTIONS, CONTENTS_LEFT_OUT, LEFT_OUT_KINDS, VERTEX_LIMIT
from scene_scenes import scene_block
from scene_shapes import armature_parts, curve_parts, lattice_parts, metaball_parts
from scene_values import Walk, units_of

FORMAT = 1
# What reading a damaged or strange part of a file can raise; anything else is a mistake of the dump's own.
UNREADABLE = (
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    RuntimeError,
    ReferenceError,
    UnicodeDecodeError,
)

Part = dict[str, Any]


def fresh() -> dict[str, Any]:
    """Values of freshly created instances, JSON-able, for `dump`; leaves its datablocks behind."""
    return fresh_values()


def dump(fresh: dict[str, Any]) -> dict[str, Any]:
    """The Scene of the open file; `fresh` comes from the same Blender."""
    walk = Walk(fresh)
    blocks: dict[str, dict[str, Part]] = {}
    for collection, describe in DESCRIBED.items():
        found: dict[str, Part] = {}
        if collection == "grease_pencils" and hasattr(bpy.data, "grease_pencils_v3"):
            continue  # annotations, until 5.0
        for block in getattr(bpy.data, collection, ()):
            path = f'{collection}["{block.name}"]'
            if collection == "fonts" and block.filepath == "<builtin>":
                continue
            if collection == "images" and block.type in ("RENDER_RESULT", "COMPOSITING"):
                continue  # made by rendering
            if block.library is not None:
                walk.lose(path, "library data that is not there" if block.is_missing else "library data")
                continue
            if block.override_library is not None:
                walk.lose(path, "an override of library data")
            if collection == "node_groups" and block.bl_idname not in TREE_TYPES:
                walk.lose(path, f"a tree of an add-on ({block.bl_idname})")
                continue
            if collection == "node_groups" and block.name.split(".")[0] == UPGRADED_SMOOTHING:
                walk.lose(path, "auto smooth of an older Blender, which the version upgrade turned into nodes")
                continue
            try:
                found[block.name] = _block(block, describe, walk, path)
            except UNREADABLE as error:
                walk.lose(path, f"could not be read: {type(error).__name__}: {error}")
        if found:
            blocks[collection] = found
    for collection, reason in LEFT_OUT_KINDS.items():
        for block in getattr(bpy.data, collection, ()):
            walk.lose(f'{collection}["{block.name}"]', reason)
    units: dict[str, str] = {}
    units_of(list(blocks.values()), units)
    return {
        "format": FORMAT,
        "blender": bpy.app.version_string.split()[0],
        "file_version": ".".join(str(part) for part in bpy.data.version),
        "active_scene": bpy.context.scene.name if bpy.context.scene is not None else "",
        "blocks": blocks,
        "units": {key: value for key, value in sorted(units.items()) if value},
        "opaque": walk.opaque,
    }


def told_alone(fresh: dict[str, Any], block: Any) -> tuple[str, str, Part] | None:
    """(collection, name, its part of the Scene) of one datablock, or of that which a tree or collection is within.

    None for one that a Scene does not describe.
    """
    if block.is_embedded_data:
        block = _holder_of(block)
    kind = None if block is None else COLLECTIONS.get(block.id_type)
    if kind is None or getattr(bpy.data, kind).get(block.name) != block:
        return None
    return kind, block.name, _block(block, DESCRIBED[kind], Walk(fresh), f'{kind}["{block.name}"]')


def _holder_of(part: Any) -> Any:
    """The datablock that an embedded tree or root collection belongs to; None where it cannot be told."""
    for kind in ("materials", "worlds", "lights", "scenes", "textures"):
        for block in getattr(bpy.data, kind):
            if part in (getattr(block, "node_tree", None), getattr(block, "collection", None)):
                return block
    return None


def _block(block: Any, describe: Callable[[Any, Walk, str], Part], walk: Walk, path: str) -> Part:
    entry = describe(block, walk, path)
    animation = animation_of(block, walk, path)
    if animation is not None:
        entry["animation"] = animation
    tree = getattr(block, "node_tree", None)
    if tree is not None and "tree" in entry:
        moved = animation_of(tree, walk, f"{path}.node_tree")
        if moved is not None:
            entry["tree"]["animation"] = moved
            forget_moved(entry, moved_paths(tree), {})
    custom = custom_of(block, walk, path)
    if custom:
        entry["custom"] = custom
    paths = moved_paths(block)
    if paths:
        key = f"Object:{block.type}" if isinstance(block, bpy.types.Object) else block.bl_rna.identifier
        forget_moved(entry, paths, walk.fresh["structs"].get(key, {}))
    return entry


def _plain(block: Any, walk: Walk, path: str) -> Part:
    entry = walk.struct(block, path)
    collection = path.split("[", 1)[0]
    if collection in CONTENTS_LEFT_OUT:
        walk.lose(path, f"{CONTENTS_LEFT_OUT[collection]} are not described by the dump")
    return entry


def _shaded(block: Any, walk: Walk, path: str) -> Part:
    entry = walk.struct(block, path)
    if getattr(block, "use_nodes", True) and block.node_tree is not None:
        entry["tree"] = tree_of(block.node_tree, walk, f"{path}.node_tree")
        if walk.old and isinstance(block, bpy.types.Material):
            entry["tree"] = without_upgrade(entry["tree"], entry["props"])
    return entry


def _textured(block: Any, walk: Walk, path: str) -> Part:
    entry = walk.struct(block, path)
    if block.use_nodes and block.node_tree is not None:
        entry["tree"] = tree_of(block.node_tree, walk, f"{path}.node_tree")
    return entry


def _group(block: Any, walk: Walk, path: str) -> Part:
    return {**walk.struct(block, path), "tree": tree_of(block, walk, path)}


def _mesh(block: Any, walk: Walk, path: str) -> Part:
    if walk.weighted is None:
        walk.weighted = _weighted()
    ordered = keys_move_vertices(block) or block.name in walk.weighted
    entry = {**walk.struct(block, path), **mesh_parts(block, walk, path, ordered)}
    keys = shape_keys(block, walk, path) if len(block.vertices) <= VERTEX_LIMIT else None
    if keys is not None:
        entry["shape_keys"] = keys
        forget_shape_values(keys, moved_paths(block.shape_keys))
        animation = animation_of(block.shape_keys, walk, f"{path}.shape_keys")
        if animation is not None:
            keys["animation"] = animation
    return entry


def _weighted() -> set[str]:
    """Names of the meshes whose vertices are known by number: by weights, hooks or children."""
    found = {item.data.name for item in bpy.data.objects if item.type == "MESH" and item.vertex_groups}
    for item in bpy.data.objects:
        if item.type == "MESH" and any(modifier.type == "HOOK" for modifier in item.modifiers):
            found.add(item.data.name)
        if item.parent is not None and item.parent.type == "MESH" and item.parent_type in ("VERTEX", "VERTEX_3"):
            found.add(item.parent.data.name)
    return found


def _image(block: Any, walk: Walk, path: str) -> Part:
    entry = walk.struct(block, path)
    if block.source != "GENERATED":
        for name in [key for key in entry["props"] if key.startswith("generated_")]:
            del entry["props"][name]
    for name in ("resolution", "filepath_raw", "file_format"):
        entry["props"].pop(name, None)
    entry["size"] = [block.size[0], block.size[1]] if block.source == "GENERATED" else []
    if block.packed_file is not None:
        walk.lose(path, "packed pixels")
    elif block.is_dirty:
        walk.lose(path, "painted pixels")
    return entry


def _font(block: Any, walk: Walk, path: str) -> Part:
    return {**walk.struct(block, path), "file": block.filepath}


def _action(block: Any, walk: Walk, path: str) -> Part:
    return {**walk.struct(block, path), **action_parts(block, walk, path)}


def _with(parts: Callable[[Any, Walk, str], Part]) -> Callable[[Any, Walk, str], Part]:
    def describe(block: Any, walk: Walk, path: str) -> Part:
        return {**walk.struct(block, path), **parts(block, walk, path)}

    return describe


def _scene(block: Any, walk: Walk, path: str) -> Part:
    return scene_block(block, walk, path, active=block == bpy.context.scene)


DESCRIBED: dict[str, Callable[[Any, Walk, str], Part]] = {
    "scenes": _scene,
    "collections": collection_block,
    "objects": object_block,
    "meshes": _mesh,
    "curves": _with(curve_parts),
    "fonts": _font,
    "armatures": _with(armature_parts),
    "lattices": _with(lattice_parts),
    "metaballs": _with(metaball_parts),
    "lights": _shaded,
    "cameras": _plain,
    "lightprobes": _plain,
    "speakers": _plain,
    "materials": _shaded,
    "worlds": _shaded,
    "node_groups": _group,
    "textures": _textured,
    "images": _image,
    "actions": _action,
    "particles": _plain,
    "grease_pencils": _plain,
    "grease_pencils_v3": _plain,
    "hair_curves": _plain,
    "pointclouds": _plain,
    "volumes": _plain,
}
