"""Objects: made by an operator or around their data, placed, put into collections, given materials."""

from __future__ import annotations

from voxel.bpycode.animated import left_alone
from voxel.bpycode.bmesh_primitives import can_bmesh, make_by_bmesh
from voxel.bpycode.data import make_data
from voxel.bpycode.kinds import OPERATORS
from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.meshes import (
    after_operator,
    is_primitive,
    material_indices,
    mesh_details,
    operator_arguments,
    write_shape_keys,
    write_vertex_groups,
)
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Id, Json, Script, identity
from voxel.bpycode.values import UNTURNED, Column, array

TRANSFORM = ("location", "rotation_euler", "scale")

MOVE_TO = '''
def move_to(obj, collection):
    """Link an object to a collection and to no other."""
    for other in obj.users_collection:
        other.objects.unlink(obj)
    collection.objects.link(obj)
'''


def transform_of(script: Script, block: Json) -> dict[str, Doc]:
    """Source of the location, rotation and scale that differ visibly from those of a new object."""
    return {
        key: array(script, block["props"][key], "ROTATION" if key == "rotation_euler" else "")
        for key in TRANSFORM
        if key in block["props"] and matters(key, block["props"][key])
    }


def matters(key: str, what: list[float] | Column) -> bool:
    """Whether a part of a transform differs visibly from that of a new object."""
    rest = 1.0 if key == "scale" else 0.0
    least = UNTURNED if key == "rotation_euler" else 1e-6
    return isinstance(what, Column) or any(abs(part - rest) > least for part in what)


class Holders:
    """Which collections hold an object; the root collections of scenes included."""

    def __init__(self, scene: Json) -> None:
        self.of: dict[str, list[Id]] = {}
        for family in ("scenes", "collections"):
            for name, block in scene["blocks"].get(family, {}).items():
                held = block["root"] if family == "scenes" else block
                for item in held.get("objects", []):
                    self.of.setdefault(item, []).append((family, name))


def collection_expression(script: Script, holder: Id) -> str:
    """The collection that a holder is; the active scene's own is Blender's current one."""
    if holder[0] == "collections":
        return script.refer(holder)
    if holder[1] == script.after["active_scene"]:
        return "bpy.context.collection"
    return f"{script.refer(holder)}.collection"


def make_object(script: Script, needed: Id, block: Json, holders: list[Id], hint: str = "") -> str:
    """Make one object; the variable that holds it, with a name like `hint` or like the object's own."""
    transform = transform_of(script, block)
    hint = hint or needed[1]
    data_id = identity(block.get("data"))
    mesh = script.block(data_id) if data_id else None
    active = ("scenes", script.after["active_scene"])
    operator = data_id is not None and data_id[0] == "meshes" and not script.ready(data_id) and is_primitive(mesh)
    if data_id is not None and mesh is not None and operator and needed in script.many and can_bmesh(mesh):
        data = make_by_bmesh(script, data_id, mesh)
        mesh_details(script, data, data_id, mesh)
        write_materials(script, data, mesh, f'meshes["{data_id[1]}"]')
        script.made(data_id, data)
        operator = False
    if data_id is not None and operator:
        variable = make_primitive(script, needed, block, data_id, hint)
        place_primitive(script, variable, holders, active)
        rest: tuple[str, ...] = (
            ("scale",) if block["props"].get("rotation_mode", "XYZ") in EULER else ("rotation_euler", "scale")
        )
    else:
        data = "None"
        if data_id is not None:
            data = script.known(data_id) or make_data(script, data_id)
        variable = script.names.take(hint, "obj")
        script.assign(variable, call("bpy.data.objects.new", script.name_source(needed), data))
        rest = TRANSFORM
        if block["props"].get("rotation_mode", "XYZ") not in EULER:
            script.assign(f"{variable}.rotation_mode", quote(block["props"]["rotation_mode"]))
    for key in rest:
        if key in transform:
            script.assign(f"{variable}.{key}", transform[key])
    if not (data_id is not None and data_id[0] == "meshes" and script.known(data_id) == f"{variable}.data"):
        for holder in holders:
            script.do(call(f"{collection_expression(script, holder)}.objects.link", variable))
    script.made(needed, variable)
    details(script, variable, needed, block, data_id)
    return variable


EULER = frozenset({"XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"})


def make_primitive(script: Script, needed: Id, block: Json, data_id: Id, hint: str) -> str:
    """An object whose mesh an operator makes."""
    mesh, transform = script.block(data_id) or {}, transform_of(script, block)
    operator, default = OPERATORS[mesh["geometry"]["primitive"]["kind"]]
    arguments = operator_arguments(script, mesh)
    stretch = arguments.pop("scale", None)
    uv = {key: arguments.pop(key) for key in ("calc_uvs", "generate_uvs") if key in arguments}
    euler = block["props"].get("rotation_mode", "XYZ")
    if "location" in transform:
        arguments["location"] = transform["location"]
    if "rotation_euler" in transform and euler in EULER:
        arguments["rotation"] = transform["rotation_euler"]
    if stretch is not None:
        arguments["scale"] = stretch
    script.do(call(f"bpy.ops.mesh.{operator}", **arguments, **uv))
    variable = script.names.take(hint, "obj")
    script.assign(variable, "bpy.context.object")
    if needed in script.called or needed[1] != default or script.claims("objects", default):
        script.assign(f"{variable}.name", script.name_source(needed))
    if script.named_by_hand(data_id):
        script.assign(f"{variable}.data.name", script.name_source(data_id))
    script.made(data_id, f"{variable}.data")
    after_operator(script, f"{variable}.data", mesh)
    if mesh["geometry"].get("smooth") is True:
        script.do("bpy.ops.object.shade_smooth()")
    mesh_details(script, f"{variable}.data", data_id, mesh)
    write_materials(script, f"{variable}.data", mesh, f'meshes["{data_id[1]}"]')
    material_indices(script, f"{variable}.data", mesh)
    return variable


def place_primitive(script: Script, variable: str, holders: list[Id], active: Id) -> None:
    """The operator linked the object to the active scene's collection: put it where it belongs."""
    if holders == [active]:
        return
    if len(holders) == 1 and script.many_moves:
        script.helper("move_to", MOVE_TO)
        script.do(call("move_to", variable, collection_expression(script, holders[0])))
        return
    for holder in holders:
        if holder != active:
            script.do(call(f"{collection_expression(script, holder)}.objects.link", variable))
    if active not in holders:
        script.do(call("bpy.context.collection.objects.unlink", variable))


def write_materials(script: Script, data: str, block: Json, path: str, old: Json | None = None) -> None:
    """`mesh.materials.append(wood)`, once the material is there."""
    items = block.get("materials", [])
    were = (old or {}).get("materials", [])
    if items == were:
        return

    def write() -> None:
        names = [material_source(script, item) for item in items]
        common = 0
        while common < min(len(items), len(were)) and items[common] == were[common]:
            common += 1
        for place in range(common, min(len(items), len(were))):
            script.assign(f"{data}.materials[{place}]", names[place])
        for name in names[len(were) :]:
            script.do(call(f"{data}.materials.append", name))
        for _ in range(len(items), len(were)):
            script.do(f"{data}.materials.pop()")

    script.attempt(data, f"{path}.materials", write)


def material_source(script: Script, item: Json | Column | None) -> str:
    """A material of a slot as source."""
    if isinstance(item, Column):
        return item.word
    return "None" if item is None else script.refer(identity(item) or ("", ""))


def details(script: Script, variable: str, needed: Id, block: Json, data_id: Id | None) -> None:
    """Settings of an object beyond its place; vertex groups before the modifiers that name them."""
    path = f'objects["{needed[1]}"]'
    leave = frozenset(TRANSFORM)
    if block["props"].get("rotation_mode", "XYZ") not in EULER:
        leave |= {"rotation_mode"} if not_primitive(script, data_id, variable) else frozenset()
    write_vertex_groups(script, variable, block.get("vertex_groups", []))
    data = script.block(data_id) if data_id else None
    if data is not None and data_id is not None and data.get("shape_keys") and script.claim_once(data_id):
        write_shape_keys(script, variable, data["shape_keys"], f'{data_id[0]}["{data_id[1]}"]')
    write_props(script, variable, block, path, leave=leave)
    write_slots(script, variable, block.get("slots", []), path)


def not_primitive(script: Script, data_id: Id | None, variable: str) -> bool:
    return data_id is None or script.known(data_id) != f"{variable}.data"


def write_slots(script: Script, variable: str, slots: list[Json], path: str) -> None:
    """Materials that belong to the object and not to its data."""
    for place, slot in enumerate(slots):
        if slot["link"] != "OBJECT":
            continue
        spot = f"{variable}.material_slots[{place}]"
        script.assign(f"{spot}.link", '"OBJECT"')
        material = identity(slot.get("material"))
        if material is not None:
            write_slot(script, variable, spot, material, f"{path}.material_slots[{place}]")


def write_slot(script: Script, variable: str, spot: str, material: Id, path: str) -> None:
    script.attempt(variable, path, lambda: script.assign(f"{spot}.material", script.refer(material)))


def edit_object(script: Script, needed: Id, block: Json, old: Json, holders: list[Id], before: list[Id]) -> None:
    """Change an object that is there: its data, place, settings, groups and collections."""
    path = f'objects["{needed[1]}"]'
    data, was = identity(block.get("data")), identity(old.get("data"))
    parts = ("props", "vertex_groups", "slots")
    if data == was and holders == before and all(block.get(part) == old.get(part) for part in parts):
        return
    variable = script.fetch(needed)
    if data != was:
        if data is not None and not script.ready(data):
            make_data(script, data)
        script.attempt(
            variable, path, lambda: script.assign(f"{variable}.data", script.refer(data) if data else "None")
        )
    moved = left_alone(script, block, block["props"], old["props"])
    write_props(script, variable, block, path, old, leave=moved)
    there = {group["name"]: group for group in old.get("vertex_groups", [])}
    write_vertex_groups(
        script, variable, [group for group in block.get("vertex_groups", []) if group["name"] not in there]
    )
    for group in block.get("vertex_groups", []):
        if group["name"] in there and there[group["name"]] != group:
            script.skip(f'{path}.vertex_groups["{group["name"]}"]', "changed weights of a group that is there")
    if block.get("slots", []) != old.get("slots", []):
        write_slots(script, variable, block.get("slots", []), path)
    for holder in before:
        if holder not in holders:
            script.do(call(f"{collection_expression(script, holder)}.objects.unlink", variable))
    for holder in holders:
        if holder not in before:
            script.do(call(f"{collection_expression(script, holder)}.objects.link", variable))
