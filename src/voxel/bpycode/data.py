"""What objects hold: meshes, curves, texts, lights, cameras, armatures and the rest."""

from __future__ import annotations

from voxel.bpycode.animated import left_alone
from voxel.bpycode.curves import (
    held,
    write_elements,
    write_formats,
    write_lattice,
    write_splines,
    write_text_boxes,
)
from voxel.bpycode.kinds import kind_of
from voxel.bpycode.layout import call, quote
from voxel.bpycode.meshes import (
    add_shape_keys,
    is_primitive,
    make_mesh,
    material_indices,
    mesh_details,
    write_geometry,
    write_shape_keys,
)
from voxel.bpycode.props import write_props
from voxel.bpycode.script import FALLBACKS, Id, Json, Script, identity
from voxel.bpycode.trees import edit_tree, write_tree

SUFFIX = {
    "meshes": "_mesh", "curves": "_curve", "lights": "_data", "cameras": "_data", "armatures": "_data",
    "lattices": "_lattice", "metaballs": "_metaball", "speakers": "_data", "lightprobes": "_data", "volumes": "_data",
}  # fmt: skip
TYPED = {"curves": "", "lights": "Light", "lightprobes": ""}


def make_data(script: Script, needed: Id) -> str:
    """Make a datablock that objects hold; the variable (or expression) that holds it."""
    from voxel.bpycode.objects import write_materials

    block = script.block(needed)
    assert block is not None
    collection, name = needed
    path = f'{collection}["{name}"]'
    if collection == "meshes":
        variable = make_mesh(script, needed, block)
        write_materials(script, variable, block, path)
        material_indices(script, variable, block)
        return variable
    if needed in script.called:
        variable = script.names.passing(FALLBACKS.get(collection, "data"))
    else:
        variable = script.name(needed, SUFFIX.get(collection, "_data"))
    if collection in TYPED:
        script.new(variable, needed, type=quote(kind_of(block["type"], TYPED[collection])))
    elif collection == "grease_pencils_v3":
        script.assign(variable, call("bpy.data.grease_pencils_v3.new", quote(name)))
        script.made(needed, variable)
    else:
        script.new(variable, needed)
    write_props(script, variable, block, path)
    write_contents(script, variable, collection, block, path)
    write_materials(script, variable, block, path)
    return variable


def write_contents(script: Script, variable: str, collection: str, block: Json, path: str) -> None:
    """Splines, points, elements, node trees; bones and what else operators make wait for the object."""
    if collection == "curves":
        if not held(block):
            write_splines(script, variable, block.get("splines", []), path)
            write_text_boxes(script, variable, block.get("text_boxes", []), path)
        write_formats(script, variable, block.get("formats", []), path)
    elif collection == "lattices":
        write_lattice(script, variable, block.get("points", []))
    elif collection == "metaballs":
        write_elements(script, variable, block.get("elements", []), path)
    if block.get("tree"):
        write_tree(script, variable, collection, block["tree"], f"{path}.node_tree")


def edit_data(script: Script, needed: Id, block: Json, old: Json) -> None:
    """Change a datablock that is there."""
    from voxel.bpycode.objects import write_materials

    path = f'{needed[0]}["{needed[1]}"]'
    variable = script.fetch(needed, SUFFIX.get(needed[0], ""))
    moved = left_alone(script, block, block["props"], old["props"])
    write_props(script, variable, block, path, old, leave=moved)
    write_materials(script, variable, block, path, old)
    tree, before = block.get("tree"), old.get("tree")
    if tree and before:
        edit_tree(script, f"{variable}.node_tree", tree, before, f"{path}.node_tree")
    elif tree:
        write_tree(script, variable, needed[0], tree, f"{path}.node_tree")
    if needed[0] == "meshes":
        edit_mesh(script, variable, needed, block, old)
        return
    for part in ("splines", "text_boxes", "points", "elements", "bones"):
        if block.get(part) == old.get(part):
            continue
        if part == "splines" and old.get(part):
            script.do(f"{variable}.splines.clear()")
        if part == "elements" and old.get(part):
            script.do(f"{variable}.elements.clear()")
        if part == "bones":
            script.skip(f"{path}.bones", "changed bones of an armature that is there")
        else:
            write_contents(script, variable, needed[0], {part: block.get(part, [])}, path)


def edit_mesh(script: Script, variable: str, needed: Id, block: Json, old: Json) -> None:
    """Change a mesh that is there: its geometry anew, or what lies on it."""
    path = f'meshes["{needed[1]}"]'
    geometry, was = block.get("geometry", {}), old.get("geometry", {})
    shape = ("vertices", "edges", "faces", "primitive", "data")
    if any(geometry.get(part) != was.get(part) for part in shape):
        if is_primitive(block) or not geometry.get("data"):
            script.skip(path, "another shape of a mesh that is there")
            return
        names = write_geometry(script, geometry["data"])
        script.do(f"{variable}.clear_geometry()")
        script.do(call(f"{variable}.from_pydata", *names))
        mesh_details(script, variable, needed, {**block, "props": {}})
        material_indices(script, variable, block)
        return
    if geometry.get("material_index") != was.get("material_index"):
        material_indices(script, variable, block)
    smooth = geometry.get("smooth")
    if smooth != was.get("smooth"):
        script.do(f"{variable}.shade_{'smooth' if smooth is True else 'flat'}()")
    there = {layer["name"] for layer in old.get("uv", [])}
    new = {
        "geometry": {"smooth": smooth} if isinstance(smooth, list) and smooth != was.get("smooth") else {},
        "uv": [layer for layer in block.get("uv", []) if layer["name"] not in there and layer["data"] != "primitive"],
        "attributes": [item for item in block.get("attributes", []) if item not in old.get("attributes", [])],
        "type": block["type"],
        "props": {},
    }
    mesh_details(script, variable, needed, new)
    if block.get("uv", []) != old.get("uv", []):
        changed = [layer for layer in block.get("uv", []) if layer["name"] in there and layer not in old.get("uv", [])]
        if changed:
            script.skip(f"{path}.uv_layers", "changed coordinates of a UV map that is there")
    if block.get("shape_keys") != old.get("shape_keys"):
        edit_shape_keys(script, variable, needed, block, old)


def edit_shape_keys(script: Script, variable: str, needed: Id, block: Json, old: Json) -> None:
    """New shape keys, and changed settings of those that are there."""
    path = f'meshes["{needed[1]}"]'

    keys, were = block.get("shape_keys"), old.get("shape_keys")
    users = [
        name for name, item in script.after["blocks"].get("objects", {}).items() if identity(item["data"]) == needed
    ]
    owner = users[0] if users else None
    if not keys or owner is None:
        script.skip(f"{path}.shape_keys", "shape keys that are taken away")
        return
    if not were:
        write_shape_keys(script, script.fetch(("objects", owner)), keys, path)
        return
    there = {item["name"]: item for item in were["blocks"]}
    count = len(there)
    last = keys["blocks"][count:] if [item["name"] for item in keys["blocks"][:count]] == list(there) else []
    for item in keys["blocks"]:
        before = there.get(item["name"])
        if before is None or before["offsets"] != item["offsets"]:
            if item not in last:
                place = f'{path}.shape_keys.key_blocks["{item["name"]}"]'
                script.skip(place, "a shape key between others, or another shape of one that is there")
            continue
        if before["props"] != item["props"]:
            key = f"{variable}.shape_keys.key_blocks[{quote(item['name'])}]"
            typed = {"type": "ShapeKey", "props": item["props"]}
            write_props(script, key, typed, path, {"type": "ShapeKey", "props": before["props"]})
    if last:
        add_shape_keys(script, script.fetch(("objects", owner)), keys, last, path)
