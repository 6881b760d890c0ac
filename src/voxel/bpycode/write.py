"""From a pair of Scenes to a script: the order in which an artist works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from voxel.bpycode.animation import write_animation
from voxel.bpycode.data import edit_data, make_data
from voxel.bpycode.interface import write_interface
from voxel.bpycode.kinds import kind_of
from voxel.bpycode.layout import call, quote
from voxel.bpycode.meshes import is_primitive
from voxel.bpycode.numbers import number
from voxel.bpycode.objects import Holders, edit_object, make_object, row_of
from voxel.bpycode.props import MADE_BY_OPERATOR, write_props
from voxel.bpycode.repeats import alike, can_loop, write_loop
from voxel.bpycode.scenes import (
    scene_variable,
    start_scenes,
    touches_settings,
    write_collections,
    write_rigid_world,
    write_scene,
    write_scene_reference,
    write_world,
)
from voxel.bpycode.script import Id, Json, Script, Skipped, identity
from voxel.bpycode.trees import edit_tree, write_tree
from voxel.bpycode.wiring import write_bones, write_parent, write_wiring
from voxel.records.scene import Scene

EMPTY: Json = {"active_scene": "", "blocks": {}}

DATA = ("meshes", "curves", "armatures", "lattices", "metaballs", "lights", "cameras", "speakers", "lightprobes",
        "volumes", "hair_curves", "pointclouds", "grease_pencils", "grease_pencils_v3")  # fmt: skip
TREE_TYPES = frozenset({"ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree"})
OTHERS = frozenset({"LIGHT", "CAMERA"})


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A script, and what of the Scene it does not make."""

    source: str
    skipped: tuple[Skipped, ...]


def write(after: Scene | Mapping[str, Any], before: Scene | Mapping[str, Any] | None = None) -> str:
    """Python that turns `before` (an empty file when None) into `after`; both are Scenes, or their plain values.

    The script runs in Blender 4.5 and 5.0. What it cannot make is left out; `write_all` says what that is.
    """
    return write_all(after, before).source


def write_all(after: Scene | Mapping[str, Any], before: Scene | Mapping[str, Any] | None = None) -> Written:
    """`write`, and what is missing from it, with reasons."""
    script = Script(plain(after), EMPTY if before is None else plain(before))
    start_scenes(script)
    remove(script)
    script.paragraph("Collections")
    write_collections(script)
    write_rigid_world(script)
    script.no_heading()
    images_and_textures(script)
    groups(script, shading=True)
    materials(script)
    objects(script, "Objects", lambda block: block["kind"] not in OTHERS)
    script.resume()
    groups(script, shading=False)
    wire(script, lambda block: block["kind"] not in OTHERS)
    for heading, kind in (("Lights", "LIGHT"), ("Camera", "CAMERA")):
        objects(script, heading, lambda block, kind=kind: block["kind"] == kind)
        wire(script, lambda block, kind=kind: block["kind"] == kind)
    unused_data(script)
    script.paragraph()
    script.resume()
    worlds(script)
    settings(script)
    script.paragraph("Animation")
    write_animation(script)
    script.no_heading()
    script.finish()
    return Written(source=script.source(), skipped=tuple(script.skipped))


def plain(scene: Scene | Mapping[str, Any]) -> Json:
    """A Scene as plain JSON values; one that is plain already is not copied."""
    if isinstance(scene, Mapping):
        return dict(scene)
    values: Json = msgspec.json.decode(scene.to_json())
    return values


def blocks(script: Script, collection: str) -> list[tuple[Id, Json, Json | None]]:
    """The datablocks of a collection that are new or changed: what they are, and what they were."""
    found = []
    for name, block in script.after["blocks"].get(collection, {}).items():
        needed = (collection, name)
        old = script.old(needed)
        if old != block:
            found.append((needed, block, old))
    return found


def remove(script: Script) -> None:
    """Take away what is no longer there."""
    script.paragraph("Remove what is not wanted")
    for collection in (
        "objects",
        *DATA,
        "materials",
        "worlds",
        "node_groups",
        "textures",
        "images",
        "actions",
        "collections",
    ):
        there = script.after["blocks"].get(collection, {})
        for name in script.before["blocks"].get(collection, {}):
            if name not in there:
                spot = f"bpy.data.{collection}[{quote(name)}]"
                script.do(call(f"bpy.data.{collection}.remove", spot))
    script.no_heading()


def images_and_textures(script: Script) -> None:
    """Images, textures, fonts, particle settings: what materials and modifiers refer to."""
    script.paragraph("Images")
    for needed, block, old in blocks(script, "images"):
        image(script, needed, block, old)
    script.no_heading()
    script.paragraph("Textures")
    for needed, block, old in blocks(script, "textures"):
        path = f'textures["{needed[1]}"]'
        variable = script.fetch(needed) if old else script.name(needed)
        if not old:
            script.new(variable, needed, type=quote(kind_of(block["type"], "Texture")))
        write_props(script, variable, block, path, old)
        if block.get("tree") and not old:
            write_tree(script, variable, "textures", block["tree"], f"{path}.node_tree")
    script.no_heading()
    for collection in ("particles", "linestyles", "fonts", "texts", "sounds", "movieclips", "masks", "cache_files"):
        script.paragraph()
        for needed, block, old in blocks(script, collection):
            simple_block(script, needed, block, old)


def image(script: Script, needed: Id, block: Json, old: Json | None) -> None:
    """A generated image, or a file that is loaded."""
    path = f'images["{needed[1]}"]'
    if old is not None:
        write_props(script, script.fetch(needed), block, path, old)
        return
    variable = script.name(needed)
    props = dict(block["props"])
    source = props.get("source", "GENERATED" if block.get("size") else "FILE")
    if source == "VIEWER":
        script.skip(path, "a viewer or render result, which Blender makes itself")
        return
    size = block.get("size") or [1024, 1024]
    keywords: dict[str, Any] = {"float_buffer": "True"} if props.pop("use_generated_float", False) else {}
    script.new(variable, needed, *[number(part, whole=True) for part in size], **keywords)
    left_out = {"generated_width", "generated_height", "filepath_raw", "resolution"}
    if source != "GENERATED":
        left_out |= {"generated_type", "generated_color", "file_format"}
    ordered = {key: props[key] for key in ("source", "filepath") if key in props} | props
    ordered = {key: part for key, part in ordered.items() if key not in left_out}
    write_props(script, variable, {"type": block["type"], "props": ordered}, path)


def simple_block(script: Script, needed: Id, block: Json, old: Json | None) -> None:
    """A datablock that is made with its name alone."""
    collection, name = needed
    path = f'{collection}["{name}"]'
    if old is not None:
        write_props(script, script.fetch(needed), block, path, old)
    elif collection == "linestyles" and not block["props"] and not script.referenced(needed):
        script.skip(path, "an unused line style that Blender keeps in every file")
    elif collection in ("particles", "linestyles", "texts", "masks"):
        variable = script.name(needed)
        script.new(variable, needed)
        if block["props"].get("material_slot"):
            script.skip(f"{path}.material_slot", "a slot that belongs to an object which is made later")
        write_props(script, variable, block, path, leave=frozenset({"material_slot"}))
    elif collection == "fonts" and block.get("file") == "<builtin>":
        script.made(needed, f"bpy.data.fonts[{quote(name)}]")
    else:
        script.skip(path, f"{collection} come from files")


def groups(script: Script, *, shading: bool) -> None:
    """Node groups, those inside others first; geometry groups come after the objects that they may use."""
    wanted = {
        needed[1]: (needed, block, old)
        for needed, block, old in blocks(script, "node_groups")
        if (block["tree"]["type"] == "ShaderNodeTree") == shading and block["tree"]["type"] in TREE_TYPES
    }
    if shading:
        for needed, block, _ in blocks(script, "node_groups"):
            if block["tree"]["type"] not in TREE_TYPES:
                script.skip(f'node_groups["{needed[1]}"]', "nodes of an add-on")
    order: list[str] = []

    def visit(name: str, seen: frozenset[str]) -> None:
        if name in order or name not in wanted or name in seen:
            return
        for node in wanted[name][1]["tree"]["nodes"]:
            inner = identity(node.get("tree"))
            if inner is not None:
                visit(inner[1], seen | {name})
        order.append(name)

    for name in wanted:
        visit(name, frozenset())
    script.paragraph("Node groups")
    for name in order:
        needed, block, old = wanted[name]
        script.paragraph()
        path = f'node_groups["{name}"]'
        script.names.open_block()
        if old is None:
            variable = script.name(needed)
            script.names.keep(variable)
            script.new(variable, needed, quote(block["tree"]["type"]))
            write_props(script, variable, block, path)
            write_interface(script, variable, block["tree"], None, path)
            write_tree(script, variable, "node_groups", block["tree"], path, root="")
        else:
            variable = script.fetch(needed)
            script.names.keep(variable)
            write_props(script, variable, block, path, old)
            edit_tree(script, variable, block["tree"], old["tree"], path)
        script.names.close_block()
    script.no_heading()


def materials(script: Script) -> None:
    """Materials with their nodes."""
    script.paragraph("Materials")
    for needed, block, old in blocks(script, "materials"):
        script.paragraph()
        script.names.open_block()
        path = f'materials["{needed[1]}"]'
        if old is not None:
            edit_data(script, needed, block, old)
            variable = script.known(needed) or ""
        else:
            variable = script.name(needed)
            script.new(variable, needed)
            write_props(script, variable, block, path)
            if block.get("tree"):
                write_tree(script, variable, "materials", block["tree"], f"{path}.node_tree")
        script.names.keep(variable)
        script.names.close_block()
    script.no_heading()


def parents_first(script: Script, names: list[str]) -> list[str]:
    """Objects in such an order that a parent comes before its children."""
    everything = script.after["blocks"].get("objects", {})
    chosen, order, done = set(names), [], set()
    for name in names:
        chain = [name]
        while True:
            parent = (everything.get(chain[-1], {}).get("parent") or {}).get("object")
            if parent is None or parent not in chosen or parent in chain or parent in done:
                break
            chain.append(parent)
        for item in reversed(chain):
            if item not in done:
                done.add(item)
                order.append(item)
    return order


def objects(script: Script, heading: str, fits: Any) -> None:
    """Make the objects that are new and of the wanted kind, change those that differ."""
    everything = script.after["blocks"].get("objects", {})
    holders, before = Holders(script.after), Holders(script.before)
    names = [name for name, block in everything.items() if fits(block)]
    edited = [name for name in names if script.old(("objects", name)) is not None]
    fresh = parents_first(script, [name for name in names if script.old(("objects", name)) is None])
    script.paragraph(heading)
    root = [("scenes", script.after["active_scene"])]
    script.many_moves = script.many_moves or sum(holders.of.get(name, []) != root for name in fresh) > 1
    for name in edited:
        old = script.old(("objects", name))
        assert old is not None
        script.names.open_block()
        data = identity(everything[name].get("data"))
        block, was = (script.block(data), script.old(data)) if data is not None else (None, None)
        if data is not None and block is not None and was is not None and block != was and script.claim_once(data):
            edit_data(script, data, block, was)
            script.names.keep(script.known(data) or "")
        edit_object(script, ("objects", name), everything[name], old, holders.of.get(name, []), before.of.get(name, []))
        script.names.keep(script.known(("objects", name)) or "")
        script.names.close_block()
    for group in alike(script, fresh, holders):
        if len(group) > 1 and can_loop(script, group):
            script.paragraph()
            script.names.open_block()
            write_loop(script, group, holders)
            script.names.close_block()
            continue
        for name in group:
            single_object(script, name, everything[name], holders)
    script.no_heading()


def single_object(script: Script, name: str, block: Json, holders: Holders) -> None:
    """Make one object with what it holds."""
    script.paragraph()
    script.names.open_block()
    needed = ("objects", name)
    data = identity(block.get("data"))
    variable = make_object(script, needed, block, holders.of.get(name, []), row_of(script, needed, block))
    script.names.keep(variable)
    if data is not None:
        script.names.keep(script.known(data) or "")
        if data[0] == "armatures" and not script.in_view(name):
            script.skip(f'armatures["{data[1]}"].bones', "bones of an armature that is not in the active scene")
        elif data[0] == "armatures" and script.claim_once(("bones", data[1])):
            write_bones(script, variable, script.block(data) or {}, f'armatures["{data[1]}"]')
    script.names.close_block()


def wire(script: Script, fits: Any) -> None:
    """Modifiers, then parents, then constraints and poses of objects that are not wired yet."""
    everything = script.after["blocks"].get("objects", {})
    chosen = [(name, block) for name, block in everything.items() if fits(block) and name not in script.wired]
    for name, block in chosen:
        old = script.old(("objects", name))
        parts = ("modifiers", "constraints", "pose", "particle_systems")
        physics = [part for part in MADE_BY_OPERATOR if part in block["props"]]
        if all(block.get(part) == (old or {}).get(part) for part in parts) and not physics:
            continue
        script.paragraph()
        script.names.open_block()
        write_wiring(script, object_variable(script, name), name, block, old)
        script.names.close_block()
    script.paragraph()
    for name, block in chosen:
        old = script.old(("objects", name))
        if block.get("parent") != (old or {}).get("parent"):
            write_parent(script, object_variable(script, name), name, block, old)


def object_variable(script: Script, name: str) -> str:
    needed = ("objects", name)
    known = script.known(needed)
    if known is not None and known.isidentifier():
        return known
    variable = script.fetch(needed)
    script.names.keep(variable)
    return variable


def unused_data(script: Script) -> None:
    """Data that no object of the Scene holds, and data that changed beside its objects."""
    script.paragraph()
    for collection in DATA:
        for needed, block, old in blocks(script, collection):
            if old is not None and script.claim_once(needed):
                script.names.open_block()
                edit_data(script, needed, block, old)
                script.names.keep(script.known(needed) or "")
                script.names.close_block()
            elif old is None and not script.ready(needed):
                if is_primitive(block):
                    script.skip(f'{collection}["{needed[1]}"]', "a primitive's mesh that no object holds")
                else:
                    script.names.open_block()
                    script.names.keep(make_data(script, needed))
                    script.names.close_block()


def worlds(script: Script) -> None:
    script.paragraph("World")
    for needed, block, old in blocks(script, "worlds"):
        script.names.open_block()
        write_world(script, needed, block, old)
        script.names.keep(script.known(needed) or "")
        script.names.close_block()
    for name in script.after["blocks"].get("scenes", {}):
        write_scene_reference(script, name, "world")
    script.no_heading()


def settings(script: Script) -> None:
    script.paragraph("Render settings")
    for needed, block, old in blocks(script, "scenes"):
        script.names.open_block()
        if touches_settings(block, old):
            script.names.keep(scene_variable(script, needed[1]))
        write_scene_reference(script, needed[1], "camera")
        write_scene(script, needed[1], block, old)
        script.names.close_block()
    script.no_heading()
