"""From a pair of Scenes to a script: the order in which an artist works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from voxel.bpycode.animation import write_animation
from voxel.bpycode.custom import write_all_custom
from voxel.bpycode.data import edit_data, make_data
from voxel.bpycode.interface import write_interface
from voxel.bpycode.kinds import kind_of
from voxel.bpycode.layout import INDENT, call, listing, parts, quote
from voxel.bpycode.materials import write_materials
from voxel.bpycode.meshes import is_primitive
from voxel.bpycode.numbers import number
from voxel.bpycode.placing import objects, wire
from voxel.bpycode.props import write_props
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
from voxel.bpycode.templates import shape_key
from voxel.bpycode.trees import edit_tree, write_tree
from voxel.bpycode.wiring import particle_settings_of
from voxel.records.scene import Scene

EMPTY: Json = {"active_scene": "", "blocks": {}}

DATA = ("meshes", "curves", "armatures", "lattices", "metaballs", "lights", "cameras", "speakers", "lightprobes",
        "volumes", "hair_curves", "pointclouds", "grease_pencils", "grease_pencils_v3")  # fmt: skip
TREE_TYPES = frozenset({"ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree"})
FEWEST_ALIKE = 3
"""Alike images or textures that make a loop shorter than saying each."""
FILES_MAY_LACK = "# images.load() would need the file to be here"
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
    script.paragraph("Modifiers and constraints")
    wire(script, lambda block: block["kind"] not in OTHERS)
    for heading, kind in (("Lights", "LIGHT"), ("Camera", "CAMERA")):
        objects(script, heading, lambda block, kind=kind: block["kind"] == kind)
        wire(script, lambda block, kind=kind: block["kind"] == kind)
    unused_data(script)
    script.paragraph()
    script.resume()
    worlds(script)
    settings(script)
    write_all_custom(script)
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
    changed = blocks(script, "images")
    files = [
        needed
        for needed, block, old in changed
        if old is None and {**block["props"], "source": block["props"].get("source", "FILE")}
        == {"source": "FILE", "filepath": block["props"].get("filepath")} and not block.get("size")
    ]  # fmt: skip
    if len(files) >= FEWEST_ALIKE:
        image_files(script, files)
        changed = [one for one in changed if one[0] not in files]
    for needed, block, old in changed:
        image(script, needed, block, old)
    script.no_heading()
    script.paragraph("Textures")
    changed = blocks(script, "textures")
    for group in alike_textures(changed):
        many_textures(script, group)
        changed = [one for one in changed if one[0] not in group]
    for needed, block, old in changed:
        path = f'textures["{needed[1]}"]'
        variable = script.fetch(needed) if old else script.name(needed)
        if not old:
            script.new(variable, needed, type=quote(kind_of(block["type"], "Texture")))
        write_props(script, variable, block, path, old)
        if block.get("tree") and not old:
            write_tree(script, variable, "textures", block["tree"], f"{path}.node_tree")
    script.no_heading()
    held = particle_settings_of(script.after["blocks"].get("objects", {}))
    for collection in ("particles", "linestyles", "fonts", "texts", "sounds", "movieclips", "masks", "cache_files"):
        script.paragraph()
        for needed, block, old in blocks(script, collection):
            if old is not None or needed not in held:
                simple_block(script, needed, block, old)


def alike_textures(changed: list[tuple[Id, Json, Json | None]]) -> list[list[Id]]:
    """New textures that differ in their names alone, where there are so many that a loop is shorter."""
    alike: dict[str, list[Id]] = {}
    for needed, block, old in changed:
        if old is None and not block.get("tree") and not block.get("animation") and not block.get("custom"):
            alike.setdefault(shape_key({key: block[key] for key in ("type", "props")}), []).append(needed)
    props = {needed: block["props"] for needed, block, _ in changed}
    same = [group for group in alike.values() if all(props[one] == props[group[0]] for one in group)]
    return [group for group in same if len(group) >= FEWEST_ALIKE]


def many_textures(script: Script, group: list[Id]) -> None:
    block = script.after["blocks"]["textures"][group[0][1]]
    script.loop("name", listing(quote(name) for _, name in group))
    script.indent += INDENT
    variable = script.names.passing("texture")
    script.assign(variable, call("bpy.data.textures.new", "name", type=quote(kind_of(block["type"], "Texture"))))
    write_props(script, variable, block, f'textures["{group[0][1]}"]')
    script.indent -= INDENT
    for needed in group:
        script.made(needed, f"bpy.data.textures[{quote(needed[1])}]")


def image_files(script: Script, files: list[Id]) -> None:
    """Many images of which nothing is said but their files."""
    script.claim_once(("images", ""))
    rows = [
        parts([quote(name), quote(script.after["blocks"]["images"][name]["props"]["filepath"])]) for _, name in files
    ]
    script.add([FILES_MAY_LACK])
    script.loop("name, filepath", listing(rows))
    script.indent += INDENT
    variable = script.names.passing("image")
    script.assign(variable, "bpy.data.images.new(name, 1, 1)")
    script.assign(f"{variable}.source", quote("FILE"))
    script.assign(f"{variable}.filepath", "filepath")
    script.indent -= INDENT
    for needed in files:
        script.made(needed, f"bpy.data.images[{quote(needed[1])}]")


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
    size = block.get("size") or [1, 1]
    if source != "GENERATED" and script.claim_once(("images", "")):
        script.add([FILES_MAY_LACK])
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
            late = write_interface(script, variable, block["tree"], None, path)
            write_tree(script, variable, "node_groups", block["tree"], path, root="")
            for write in late:
                write()
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
    write_materials(script, blocks(script, "materials"))
    script.no_heading()


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
