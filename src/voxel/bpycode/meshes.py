"""Meshes: from vertices and faces, and what hangs on them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

from voxel.bpycode.animated import moved_channels
from voxel.bpycode.lathes import lathe, plain_shape, write_lathe
from voxel.bpycode.layout import Doc, before, call, listing, parts, quote
from voxel.bpycode.numbers import number, vector
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script
from voxel.bpycode.values import Column, array, value

STRETCHED = frozenset({"CUBE", "UV_SPHERE", "ICO_SPHERE", "CYLINDER", "CONE"})
"""Kinds whose operator stretches the mesh by its argument `scale`; the others take no notice of it."""

ARGUMENT_ORDER = (
    "vertices", "segments", "ring_count", "subdivisions", "x_subdivisions", "y_subdivisions", "major_segments",
    "minor_segments", "size", "radius", "radius1", "radius2", "major_radius", "minor_radius", "depth", "fill_type",
    "end_fill_type",
)  # fmt: skip


def index_list(indices: Sequence[int]) -> Doc:
    """Indices as a `range` where they are one, else as a list."""
    if len(indices) > 3:
        step = indices[1] - indices[0]
        if step > 0 and all(b - a == step for a, b in pairwise(indices)):
            stop = indices[-1] + 1
            if step == 1:
                return f"range({stop})" if indices[0] == 0 else f"range({indices[0]}, {stop})"
            return f"range({indices[0]}, {stop}, {step})"
    return listing(str(index) for index in indices)


def points(rows: Sequence[Sequence[float]]) -> Doc:
    """A list of vectors."""
    return listing(parts(vector(row)) for row in rows)


def is_primitive(mesh: Json | None) -> bool:
    return mesh is not None and "primitive" in mesh.get("geometry", {})


def operator_arguments(script: Script, mesh: Json) -> dict[str, Doc]:
    """Arguments of the operator that makes a primitive, without location and rotation."""
    primitive = mesh["geometry"]["primitive"]
    arguments: dict[str, Doc] = {}
    args = primitive.get("args", {})
    for name in [*[key for key in ARGUMENT_ORDER if key in args], *[key for key in args if key not in ARGUMENT_ORDER]]:
        what = args[name]
        whole = isinstance(what, float | int)
        arguments[name] = number(what, whole=True) if whole else value(script, what)
    scale = primitive.get("scale") or [1.0, 1.0, 1.0]
    if stretches(scale) and primitive["kind"] in STRETCHED:
        arguments["scale"] = array(script, scale)
    if not any(layer["data"] == "primitive" for layer in mesh.get("uv", [])):
        arguments["generate_uvs" if primitive["kind"] == "TORUS" else "calc_uvs"] = "False"
    return arguments


def stretches(scale: list[float] | Column) -> bool:
    """Whether a scale is more than the noise of what it was measured from."""
    return isinstance(scale, Column) or any(abs(part - 1) > 1e-5 for part in scale)


def after_operator(script: Script, mesh_expression: str, mesh: Json) -> None:
    """What an operator cannot do: stretch some of the shapes, turn the geometry, move it away from its origin."""
    primitive = mesh["geometry"]["primitive"]
    scale = None if primitive["kind"] in STRETCHED else primitive.get("scale")
    place_geometry(script, mesh_expression, scale, primitive.get("rotation"), primitive.get("offset"))


def place_geometry(script: Script, mesh: str, scale: Any, rotation: Any, offset: Any) -> None:
    """Stretch, turn and move the vertices of a mesh; None is nothing to do, as are values without effect."""
    scale = scale if scale is not None and stretches(scale) else None
    moved = isinstance(offset, Column) or any(abs(part) > 1e-6 for part in offset or ())
    if scale is None and not moved and not rotation:
        return
    script.need("from mathutils import Matrix")
    if rotation and scale is None and not moved and not isinstance(rotation, Column) and rotation.count(0.0) == 2:
        axis, angle = next((axis, angle) for axis, angle in zip("XYZ", rotation, strict=True) if angle)
        matrix: Doc = call("Matrix.Rotation", value(script, angle, "ROTATION"), "4", quote(axis))
    elif rotation:
        script.need("from mathutils import Euler")
        turn = call("Euler", array(script, rotation, "ROTATION"))
        parts_of = (array(script, offset) if moved else "None", turn, "None" if scale is None else array(script, scale))
        matrix = call("Matrix.LocRotScale", *parts_of)
    elif scale is not None and moved:
        matrix = call("Matrix.LocRotScale", array(script, offset), "None", array(script, scale))
    elif scale is not None:
        diagonal = [f"*{scale.word}"] if isinstance(scale, Column) else vector(scale)
        matrix = call("Matrix.Diagonal", parts([*diagonal, "1"]))
    else:
        matrix = call("Matrix.Translation", array(script, offset))
    script.do(call(f"{mesh}.transform", matrix))


def make_mesh(script: Script, needed: tuple[str, str], mesh: Json) -> str:
    """A mesh from its vertices, edges and faces; the variable that holds it."""
    variable = script.name(needed, suffix="_mesh")
    data = mesh.get("geometry", {}).get("data")
    if data is None:
        script.new(variable, needed)
        if mesh.get("geometry", {}).get("vertices"):
            script.skip(f'meshes["{needed[1]}"]', "the Scene holds no geometry for it")
    elif plain_shape(script, needed, mesh) and (turned := lathe(data)) is not None:
        script.new(variable, needed)
        write_lathe(script, variable, turned)
    else:
        names = write_geometry(script, data)
        script.new(variable, needed)
        script.do(call(f"{variable}.from_pydata", *names))
    mesh_details(script, variable, needed, mesh)
    return variable


def write_geometry(script: Script, data: Json) -> list[Doc]:
    """The lists of vertices, edges and faces, in variables unless they are empty."""
    names: list[Doc] = []
    for part, rows in (("vertices", data["vertices"]), ("edges", data.get("edges", [])), ("faces", data["faces"])):
        if not rows:
            names.append("[]")
            continue
        name = script.names.passing(part)
        script.assign(name, points(rows) if part == "vertices" else listing(parts(map(str, row)) for row in rows))
        names.append(name)
    return names


def mesh_details(script: Script, variable: str, needed: tuple[str, str], mesh: Json) -> None:
    """Shading, UV maps, attributes and settings of a mesh that is there; materials are given with the object."""
    path = f'meshes["{needed[1]}"]'
    geometry = mesh.get("geometry", {})
    smooth = geometry.get("smooth")
    if isinstance(smooth, list):
        script.loop("index", index_list(smooth))
        script.indent += 4
        script.assign(f"{variable}.polygons[index].use_smooth", "True")
        script.indent -= 4
    elif smooth and "primitive" not in geometry:
        script.do(f"{variable}.shade_smooth()")
    for layer in mesh.get("uv", []):
        if layer["data"] != "primitive":
            write_uv(script, variable, layer)
        elif layer["name"] != "UVMap":
            script.assign(f"{variable}.uv_layers[0].name", quote(layer["name"]))
    for attribute in mesh.get("attributes", []):
        write_attribute(script, variable, attribute, geometry.get("edges", 0), path)
    write_props(script, variable, mesh, path)


def write_uv(script: Script, variable: str, layer: Json) -> None:
    rows = [[round(part, 5) for part in row] for row in layer["data"]]
    new = call(f"{variable}.uv_layers.new", name=quote(layer["name"]))
    if not rows or all(row == [0.0, 0.0] for row in rows):
        script.do(call(f"{variable}.uv_layers.new", name=quote(layer["name"]), do_init="False"))
        return
    name = script.names.passing("uv_layer")
    told = [(index, row) for index, row in enumerate(rows) if row != [0.0, 0.0]]
    if len(told) <= len(rows) / 2:
        script.assign(name, call(f"{variable}.uv_layers.new", name=quote(layer["name"]), do_init="False"))
        script.loop("index, uv", listing(parts([str(index), parts(vector(row))]) for index, row in told))
        script.indent += 4
        script.assign(f"{name}.uv[index].vector", "uv")
        script.indent -= 4
        return
    script.assign(name, new)
    script.loop("corner, uv", call("zip", f"{name}.uv", points(rows)))
    script.indent += 4
    script.assign("corner.vector", "uv")
    script.indent -= 4


def material_indices(script: Script, variable: str, mesh: Json) -> None:
    """Which slot each face uses."""
    indices = mesh.get("geometry", {}).get("material_index", [])
    slots: dict[int, list[int]] = {}
    for face, slot in enumerate(indices):
        if slot:
            slots.setdefault(slot, []).append(face)
    for slot, faces in slots.items():
        if len(faces) == 1:
            script.assign(f"{variable}.polygons[{faces[0]}].material_index", str(slot))
            continue
        script.loop("index", index_list(faces))
        script.indent += 4
        script.assign(f"{variable}.polygons[index].material_index", str(slot))
        script.indent -= 4


MEMBERS = {
    "FLOAT_VECTOR": "vector", "FLOAT2": "vector", "FLOAT_COLOR": "color", "BYTE_COLOR": "color",
}  # fmt: skip
ZERO: dict[str, Any] = {"FLOAT": 0.0, "INT": 0, "INT8": 0, "BOOLEAN": False}


def write_attribute(script: Script, variable: str, attribute: Json, edges: int, path: str) -> None:
    """An attribute of a mesh with so many edges: made with its type and domain, then its values."""
    kind, domain, rows = attribute["type"], attribute["domain"], attribute["data"]
    where = f'{path}.attributes["{attribute["name"]}"]'
    arguments = [quote(attribute["name"]), quote(kind), quote(domain)]
    member = MEMBERS.get(kind, "value")
    name = script.names.take(attribute["name"], "attribute")
    owner = "color_attributes" if member == "color" and domain in ("POINT", "CORNER") else "attributes"
    creation = call(f"{variable}.{owner}.new", *arguments)
    if owner == "color_attributes" and all(row == [1.0] * 4 for row in rows):
        script.do(creation)  # new ones are white
        return
    script.assign(name, creation)
    if domain == "EDGE":
        write_edge_values(script, variable, name, kind, rows, edges, where)
        return
    zero = ZERO.get(kind)
    special = [(index, row) for index, row in enumerate(rows) if row != zero]
    if zero is not None and len({row for _, row in special}) == 1:
        script.loop("index", index_list([index for index, _ in special]))
        script.indent += 4
        script.assign(f"{name}.data[index].{member}", scalar_text(special[0][1]))
        script.indent -= 4
    elif special:
        unit = "COLOR" if member == "color" else ""
        items = [array(script, row, unit) if isinstance(row, list) else scalar_text(row) for row in rows]
        if len(items) > 3 and len({str(item) for item in items}) == 1:
            script.loop("item", f"{name}.data")
            script.indent += 4
            script.assign(f"item.{member}", items[0])
        else:
            script.loop("item, value", call("zip", f"{name}.data", listing(items)))
            script.indent += 4
            script.assign(f"item.{member}", "value")
        script.indent -= 4


def scalar_text(what: Any) -> str:
    return number(what) if isinstance(what, float | int) else quote(str(what))


def write_edge_values(script: Script, mesh: str, name: str, kind: str, rows: list[Any], edges: int, path: str) -> None:
    """Values of edges, given by their two vertices."""
    if not rows:
        return
    if any(isinstance(row[2], list) for row in rows):
        script.skip(path, f"{kind} values of edges have no writer")
        return
    if len(rows) == edges and len({row[2] for row in rows}) == 1:
        script.loop("item", f"{name}.data")
        script.indent += 4
        script.assign("item.value", scalar_text(rows[0][2]))
        script.indent -= 4
        return
    for what, alike in groupby(sorted(rows, key=lambda row: (row[2], row[:2])), key=lambda row: row[2]):
        pairs = script.names.passing("edges")
        keys = [parts([str(min(row[:2])), str(max(row[:2]))]) for row in alike]
        script.assign(pairs, before("", listing(keys)))
        script.loop("edge", f"{mesh}.edges")
        script.indent += 4
        script.add([f"{' ' * script.indent}if tuple(sorted(edge.vertices)) in {pairs}:"])
        script.indent += 4
        script.assign(f"{name}.data[edge.index].value", scalar_text(what))
        script.indent -= 8


def write_vertex_groups(script: Script, owner: str, groups: list[Json]) -> None:
    """Vertex groups with their weights."""
    for group in groups:
        creation = call(f"{owner}.vertex_groups.new", name=quote(group["name"]))
        if not group["weights"]:
            script.do(creation)
            continue
        variable = script.names.take(group["name"], "group", suffix="_group")
        script.assign(variable, creation)
        by_weight: dict[float, list[int]] = {}
        for vertex, weight in group["weights"]:
            by_weight.setdefault(weight, []).append(vertex)
        if len(by_weight) <= 3:
            for weight, vertices in by_weight.items():
                script.do(call(f"{variable}.add", index_list(vertices), number(weight), '"REPLACE"'))
            continue
        rows = [parts([str(vertex), number(weight)]) for vertex, weight in group["weights"]]
        script.loop("vertex, weight", listing(rows))
        script.indent += 4
        script.do(call(f"{variable}.add", "[vertex]", "weight", '"REPLACE"'))
        script.indent -= 4


def write_shape_keys(script: Script, owner: str, keys: Json, path: str) -> None:
    """A basis, then the keys with the vertices that they move."""
    script.do(call(f"{owner}.shape_key_add", name=quote(keys["reference"])))
    add_shape_keys(script, owner, keys, keys["blocks"], path)
    if keys.get("use_relative") is False:
        script.assign(f"{owner}.data.shape_keys.use_relative", "False")
        script.assign(f"{owner}.data.shape_keys.eval_time", number(keys.get("eval_time", 0.0)))


def add_shape_keys(script: Script, owner: str, keys: Json, blocks: list[Json], path: str) -> None:
    """Those of an object's shape keys that are not there yet, the last ones."""
    there = {one["name"] for one in keys["blocks"][: len(keys["blocks"]) - len(blocks)]}
    made = {name: f"{owner}.data.shape_keys.key_blocks[{quote(name)}]" for name in there}
    moves = {moved for moved, _ in moved_channels(script, keys.get("animation") or {})}
    for block in blocks:
        variable = script.names.take(block["name"], "key", suffix="_key")
        made[block["name"]] = variable
        keywords: dict[str, Doc] = {"name": quote(block["name"])}
        if block["offsets"]:
            keywords["from_mix"] = "False"
        script.assign(variable, call(f"{owner}.shape_key_add", **keywords))
        if block.get("relative_to") in made:
            script.assign(f"{variable}.relative_key", made[block["relative_to"]])
        if block["offsets"]:
            script.need("from mathutils import Vector")
            if len(block["offsets"]) == 1:
                vertex, *offset = block["offsets"][0]
                moved = call("Vector", parts(vector(offset)))
                script.add([f"{' ' * script.indent}{variable}.data[{vertex}].co += {moved}"])
                key_settings(script, variable, block, path, moves)
                continue
            rows = [parts([str(row[0]), parts(vector(row[1:]))]) for row in block["offsets"]]
            script.loop("vertex, offset", listing(rows))
            script.indent += 4
            script.add([f"{' ' * script.indent}{variable}.data[vertex].co += Vector(offset)"])
            script.indent -= 4
        key_settings(script, variable, block, path, moves)


def key_settings(script: Script, variable: str, block: Json, path: str, moved: set[str]) -> None:
    """The value, range and mute of a shape key; not a value that is moved."""
    typed = {"type": "ShapeKey", "props": block["props"]}
    leave = frozenset({"value"}) if f"key_blocks[{quote(block['name'])}].value" in moved else frozenset[str]()
    write_props(script, variable, typed, f'{path}.shape_keys.key_blocks["{block["name"]}"]', leave=leave)
