"""How objects hang together: parents, modifiers, constraints, poses, particle systems."""

from __future__ import annotations

from typing import Any

from voxel.bpycode.animated import left_alone
from voxel.bpycode.custom import write_custom
from voxel.bpycode.layout import Doc, call, listing, parts, quote
from voxel.bpycode.numbers import number, vector
from voxel.bpycode.props import MADE_BY_OPERATOR, write_props
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.stack import write_stack
from voxel.bpycode.templates import Columns, shape_key
from voxel.bpycode.values import Column, rounded_angle

IDENTITY = [[float(row == column) for column in range(4)] for row in range(4)]


def write_parent(script: Script, variable: str, name: str, block: Json, old: Json | None = None) -> None:
    """Parent an object; the inverse keeps it where it was when it was parented."""
    parent, was = block.get("parent"), (old or {}).get("parent")
    if parent == was:
        return
    if parent is None:
        script.assign(f"{variable}.parent", "None")
        return
    path = f'objects["{name}"].parent'
    if isinstance(parent["object"], Column):
        script.assign(f"{variable}.parent", f"bpy.data.objects[{parent['object'].word}]")
        if parent["type"] != "OBJECT":
            script.assign(f"{variable}.parent_type", quote(parent["type"]))
        if parent.get("inverse"):
            script.assign(f"{variable}.matrix_parent_inverse", fixed_matrix(script, parent["inverse"]))
        return
    target = ("objects", parent["object"])

    def write() -> None:
        holder = script.refer(target)
        if was is None or was["object"] != parent["object"]:
            script.assign(f"{variable}.parent", holder)
        if parent["type"] != (was or {}).get("type", "OBJECT"):
            script.assign(f"{variable}.parent_type", quote(parent["type"]))
        if parent.get("bone") != (was or {}).get("bone"):
            script.assign(f"{variable}.parent_bone", quote(parent.get("bone", "")))
        if parent.get("vertices"):
            three = [*parent["vertices"], 0, 0][:3]
            script.assign(f"{variable}.parent_vertices", parts(str(vertex) for vertex in three))
        if parent.get("inverse") != (was or {}).get("inverse"):
            script.assign(f"{variable}.matrix_parent_inverse", inverse(script, parent, holder))

    script.attempt(variable, path, write)


def inverse(script: Script, parent: Json, holder: str) -> Doc:
    """`table.matrix_basis.inverted()` where that is what it is, a translation, or the sixteen numbers."""
    matrix: list[list[float]] = parent.get("inverse") or IDENTITY
    target = script.block(("objects", parent["object"])) or {}
    props = target.get("props", {})
    if not target.get("parent") and not target.get("animation") and set(props) & {"location", "scale"}:
        turned = any(key.startswith(("rotation", "delta")) for key in props)
        scale, location = props.get("scale", [1.0] * 3), props.get("location", [0.0] * 3)
        if not turned and all(scale):
            guess = [
                [(row == column) / scale[row] for column in range(3)] + [-location[row] / scale[row]]
                for row in range(3)
            ]
            if close(matrix[:3], guess):
                return f"{holder}.matrix_basis.inverted()"
    return fixed_matrix(script, matrix)


def fixed_matrix(script: Script, matrix: list[list[float]]) -> Doc:
    """A matrix as numbers."""
    script.need("from mathutils import Matrix")
    if matrix == IDENTITY:
        return "Matrix()"
    shift = [row[3] for row in matrix[:3]]
    if close([row[:3] for row in matrix[:3]], [row[:3] for row in IDENTITY[:3]]):
        return call("Matrix.Translation", parts(vector(shift)))
    return call("Matrix", parts(parts(vector(row)) for row in matrix))


def close(a: list[list[float]], b: list[list[float]]) -> bool:
    return all(
        abs(x - y) <= 2e-5 * max(1.0, abs(y)) for r, s in zip(a, b, strict=True) for x, y in zip(r, s, strict=True)
    )


def write_wiring(script: Script, variable: str, name: str, block: Json, old: Json | None = None) -> None:
    """Modifiers, particle systems, constraints and pose of an object."""
    path = f'objects["{name}"]'
    were = old or {}
    if block.get("modifiers", []) != were.get("modifiers", []):
        write_stack(script, variable, "Modifier", block.get("modifiers", []), path, were.get("modifiers"))
        write_hooks(script, variable, block.get("modifiers", []))
    write_physics(script, variable, name, block, were, path)
    if block.get("particle_systems", []) != were.get("particle_systems", []):
        called = [one["name"] for one in block.get("modifiers", []) if "particle_system" in one]
        write_particles(script, variable, block.get("particle_systems", []), called, path)
    if block.get("constraints", []) != were.get("constraints", []):
        write_stack(script, variable, "Constraint", block.get("constraints", []), path, were.get("constraints"))
    if block.get("pose", {}) != were.get("pose", {}):
        write_pose(script, variable, block, were, path)


FRESH_COLLISION = {
    "use": True, "thickness_inner": 0.2, "thickness_outer": 0.02, "damping": 0.1, "cloth_friction": 5.0,
    "use_culling": True,
}  # fmt: skip
"""What a new collision modifier sets."""


def write_physics(script: Script, variable: str, name: str, block: Json, old: Json, path: str) -> None:
    """Rigid bodies, and what soft body and collision modifiers made."""
    were = old.get("props", {})
    for part in MADE_BY_OPERATOR:
        what = block["props"].get(part)
        if not isinstance(what, dict) or what == were.get(part):
            continue
        props, before = dict(what["props"]), were.get(part)
        if part.startswith("rigid") and not script.in_view(name):
            script.skip(f"{path}.{part}", "physics of an object that is not in the active scene")
            continue
        if part.startswith("rigid") and before is None:
            script.assign("bpy.context.view_layer.objects.active", variable)
            if part == "rigid_body":
                kind = props.pop("type", "ACTIVE")
                keywords: dict[str, Doc] = {} if kind == "ACTIVE" else {"type": quote(kind)}
                script.do(call("bpy.ops.rigidbody.object_add", **keywords))
            else:  # the operator leaves the type of a constraint that its collection made alone
                script.do("bpy.ops.rigidbody.constraint_add()")
        elif part in ("soft_body", "collision") and not any(
            modifier["type"] == {"soft_body": "SoftBodyModifier", "collision": "CollisionModifier"}[part]
            for modifier in block.get("modifiers", [])
        ):
            continue
        if part == "collision" and before is None:
            props = {key: what for key, what in props.items() if FRESH_COLLISION.get(key) != what}
        spot = f"{variable}.{part}"
        if len(props) > 2:
            spot = script.names.take(part, "body")
            script.assign(spot, f"{variable}.{part}")
        write_props(script, spot, {"type": what["type"], "props": props}, f"{path}.{part}", before)


def write_hooks(script: Script, variable: str, modifiers: list[Json]) -> None:
    """The vertices that hooks move."""
    for modifier in modifiers:
        if modifier.get("vertex_indices"):
            spot = f"{variable}.modifiers[{quote(modifier['name'])}]"
            script.do(call(f"{spot}.vertex_indices_set", f"[{', '.join(map(str, modifier['vertex_indices']))}]"))


def write_particles(script: Script, variable: str, systems: list[Json], called: list[str], path: str) -> None:
    """Settings of particle systems; the modifiers `called` like this hold them and are made with the stack."""
    for place, system in enumerate(systems):
        spot = f"{variable}.particle_systems[{place}]"
        settings = identity(system.get("settings"))
        if system.get("name") not in called:
            script.assign(f"{spot}.name", quote(system.get("name", "")))
        write_props(script, spot, {"type": system["type"], "props": system["props"]}, f"{path}.particle_systems")
        if settings is not None and script.block(settings) is not None:
            write_particle_settings(script, variable, spot, settings, path)


def write_particle_settings(script: Script, variable: str, spot: str, settings: tuple[str, str], path: str) -> None:
    """The settings that the modifier made become those of the Scene, or give way to those that another system has."""
    block = script.block(settings) or {}
    if script.ready(settings):
        script.attempt(variable, path, lambda: script.assign(f"{spot}.settings", script.refer(settings)))
        return
    made = script.name(settings)
    script.assign(made, f"{spot}.settings")
    script.assign(f"{made}.name", quote(settings[1]))
    script.made(settings, made)
    script.names.keep(made)
    write_props(script, made, block, f'particles["{settings[1]}"]')


def particle_settings_of(objects: Json) -> set[tuple[str, str]]:
    """The settings that particle systems of objects have."""
    systems = [system for block in objects.values() for system in block.get("particle_systems", [])]
    return {found for found in (identity(system.get("settings")) for system in systems) if found is not None}


def write_pose(script: Script, variable: str, block: Json, old: Json, path: str) -> None:
    """Bones that are posed or constrained."""
    for name, posed in block.get("pose", {}).items():
        was = old.get("pose", {}).get(name, {"props": {}})
        if posed == was:
            continue
        where = f'{path}.pose.bones["{name}"]'
        bone = script.names.take(name, "bone", suffix="_bone")
        script.assign(bone, f"{variable}.pose.bones[{quote(name)}]")
        typed = {"type": "PoseBone", "props": posed["props"]}
        moved = left_alone(script, block, posed["props"], was["props"], f"pose.bones[{quote(name)}].")
        write_props(script, bone, typed, where, {"type": "PoseBone", "props": was["props"]}, leave=moved)
        write_custom(script, bone, posed.get("custom", {}), was.get("custom", {}))
        if posed.get("constraints", []) != was.get("constraints", []):
            write_stack(script, bone, "Constraint", posed.get("constraints", []), where, was.get("constraints"))


def write_bones(script: Script, variable: str, data: Json, path: str) -> None:
    """Bones of an armature, made in edit mode, as Blender has it."""
    bones = data.get("bones", [])
    if not bones:
        return
    script.assign("bpy.context.view_layer.objects.active", variable)
    script.do('bpy.ops.object.mode_set(mode="EDIT")')
    edit_bones = script.names.take("edit_bones", "edit_bones")
    script.assign(edit_bones, f"{variable}.data.edit_bones")
    made: dict[str, str] = {}
    if len(bones) >= 3:
        bone_table(script, edit_bones, bones)
    else:
        for bone in bones:
            made[bone["name"]] = one = script.names.take(bone["name"], "bone", suffix="_bone")
            script.assign(one, call(f"{edit_bones}.new", quote(bone["name"])))
            if any(bone["head"]):
                script.assign(f"{one}.head", parts(vector(bone["head"])))
            script.assign(f"{one}.tail", parts(vector(bone["tail"])))
            if abs(bone.get("roll", 0.0)) > 1e-6:
                script.assign(f"{one}.roll", roll_of(script, bone))
            if bone.get("parent") in made:
                script.assign(f"{one}.parent", made[bone["parent"]])
            if bone.get("connected"):
                script.assign(f"{one}.use_connect", "True")
    script.do('bpy.ops.object.mode_set(mode="OBJECT")')
    script.names.free(made.values())
    bone_settings(script, variable, bones, path)
    for group in data.get("bone_collections", []):
        group_name = script.names.take(group["name"], "bones", suffix="_bones")
        creation = call(f"{variable}.data.collections.new", quote(group["name"]))
        if not group["bones"]:
            script.do(creation)
            continue
        script.assign(group_name, creation)
        if len(group["bones"]) == len(bones):
            script.loop("member", f"{variable}.data.bones")
            assigned: Doc = "member"
        else:
            script.loop("name", listing(quote(name) for name in group["bones"]))
            assigned = f"{variable}.data.bones[name]"
        script.indent += 4
        script.do(call(f"{group_name}.assign", assigned))
        script.indent -= 4


def bone_settings(script: Script, variable: str, bones: list[Json], path: str) -> None:
    """Settings of bones beyond their place; those of bones that have the same ones set, in a loop."""
    groups: dict[str, list[Json]] = {}
    for bone in bones:
        if bone.get("props"):
            groups.setdefault(shape_key(bone["props"]), []).append(bone)
    for members in groups.values():
        holder = f"{variable}.data.bones"
        if len(members) < FEWEST_BONES:
            for bone in members:
                spot = f"{holder}[{quote(bone['name'])}]"
                one = ""
                if len(bone["props"]) > 1:
                    one = script.names.take(bone["name"], "bone", suffix="_bone")
                    script.assign(one, spot)
                write_props(script, one or spot, bone, f'{path}.bones["{bone["name"]}"]')
                script.names.free([one])
            continue
        columns = Columns(script)
        name = columns.add("name", [quote(bone["name"]) for bone in members]).word
        common = columns.merge([{"type": "Bone", "props": bone["props"]} for bone in members])
        columns.loop()
        script.indent += 4
        spot = f"{holder}[{name}]"
        if len(common["props"]) > 1:
            bone_name = script.names.passing("bone")
            script.assign(bone_name, spot)
            spot = bone_name
        write_props(script, spot, common, f"{path}.bones")
        script.indent -= 4


FEWEST_BONES = 3


def roll_of(script: Script, bone: Json) -> Doc:
    """A bone's roll, in degrees where it is a plain angle."""
    roll = float(bone.get("roll", 0.0))
    return rounded_angle(script, roll) or number(roll)


def bone_table(script: Script, edit_bones: str, bones: list[Json]) -> None:
    """Many bones as a table of name, parent, head, tail, and roll and connection where a bone has them."""
    rolled = any(abs(bone.get("roll", 0.0)) > 1e-6 for bone in bones)
    connected = any(bone.get("connected") for bone in bones)
    rows: list[Doc] = []
    for bone in bones:
        row: list[Any] = [quote(bone["name"]), quote(bone["parent"]) if bone.get("parent") else "None"]
        row += [parts(vector(bone["head"])), parts(vector(bone["tail"]))]
        row += [roll_of(script, bone)] if rolled else []
        row += [str(bool(bone.get("connected")))] if connected else []
        rows.append(parts(row))
    names = ["name", "parent", "head", "tail", *["roll"] * rolled, *["connected"] * connected]
    script.loop(", ".join(names), listing(rows))
    script.indent += 4
    script.assign("edit_bone", call(f"{edit_bones}.new", "name"))
    script.assign("edit_bone.head", "head")
    script.assign("edit_bone.tail", "tail")
    if rolled:
        script.assign("edit_bone.roll", "roll")
    script.add([f"{' ' * script.indent}if parent:"])
    script.indent += 4
    script.assign("edit_bone.parent", f"{edit_bones}[parent]")
    if connected:
        script.assign("edit_bone.use_connect", "connected")
    script.indent -= 8
