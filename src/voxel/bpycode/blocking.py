"""A scene plan as the Python that blocks it out: plain shapes of the planned sizes, with lights, camera and movements.

This is how a plan is proved: the script runs in Blender like any other, and its scene is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voxel.bpycode.layout import quote
from voxel.bpycode.numbers import number
from voxel.records.plan import (
    PlannedCamera,
    PlannedLight,
    PlannedMaterial,
    PlannedMovement,
    PlannedObject,
    PlannedWorld,
    ScenePlan,
    read_plan,
)
from voxel.records.roles import Role

_ADD = {
    "box": "primitive_cube_add(size=1",
    "plane": "primitive_plane_add(size=1",
    "sphere": "primitive_uv_sphere_add(radius=0.5",
    "cylinder": "primitive_cylinder_add(radius=0.5, depth=1",
    "cone": "primitive_cone_add(radius1=0.5, depth=1",
}
"""Operators that make a shape one metre across, which is then stretched."""
_SIZES = {"area": "size", "point": "shadow_soft_size", "spot": "shadow_soft_size"}
_ANGLES = {"spot": "spot_size", "sun": "angle"}


def scripts(role: Role, context: str, completion: str) -> tuple[str, ...]:
    """What to run, in this order, in an empty scene to prove an answer of this role: its code, or its plan as code.

    The plan that a revision starts from is not run: the answer is the whole new plan. Raises BadInput when an answer of
    the concept role is no plan.
    """
    if role == "concept":
        return (block_out(read_plan(completion)),)
    return (context, completion) if context else (completion,)


def block_out(plan: ScenePlan) -> str:
    """The script. It depends on the plan alone and leaves a scene in which every value of the plan can be found."""
    worn = {one.material for one in plan.objects if one.kind != "empty"}
    body = [
        *_settings(plan),
        *(line for one in plan.materials for line in _material(one, used=one.name in worn)),
        *(line for one in plan.objects for line in _object(one)),
        *_belonging(plan.objects),
        *(line for one in plan.lights for line in _light(one)),
        *(_camera(plan.camera) if plan.camera else ()),
        *(_world(plan.world) if plan.world else ()),
        *(line for one in plan.movements for line in _movement(one)),
    ]
    imports = ["import bpy"]
    text = "\n".join(body)
    if "radians(" in text:
        imports[:0] = ["from math import radians", ""]
    names = [name for name in ("Matrix", "Vector") if f"{name}(" in text or f"{name}." in text]
    if names:
        imports.append(f"from mathutils import {', '.join(names)}")
    return "\n".join([*imports, *body]) + "\n"


def _settings(plan: ScenePlan) -> Iterator[str]:
    yield from ("", "scene = bpy.context.scene", f"scene.name = {quote(plan.title)}")
    width, height = plan.resolution
    given: tuple[tuple[str, object, str], ...] = (
        ("frame_start", 1, str(plan.frame_start)),
        ("frame_end", 250, str(plan.frame_end)),
        ("render.fps", 24, str(plan.fps)),
        ("render.resolution_x", 1920, str(width)),
        ("render.resolution_y", 1080, str(height)),
        ("unit_settings.system", "METRIC", quote(plan.unit_system.upper())),
        ("unit_settings.scale_length", 1, number(plan.unit_scale, whole=True)),
    )
    for path, default, shown in given:
        if shown != (quote(default) if isinstance(default, str) else str(default)):
            yield f"scene.{path} = {shown}"


def _material(one: PlannedMaterial, *, used: bool) -> Iterator[str]:
    yield from ("", f"material = bpy.data.materials.new({quote(one.name)})", "material.use_nodes = True")
    if not used:
        yield "material.use_fake_user = True"
    yield 'surface = material.node_tree.nodes["Principled BSDF"]'
    inputs = {
        "Base Color": _color(one.base_color),
        "Metallic": number(one.metallic),
        "Roughness": number(one.roughness),
        "Transmission Weight": number(one.transmission),
        "Emission Color": _color(one.emission_color),
        "Emission Strength": number(one.emission_strength),
    }
    plain = {"Metallic": "0.0", "Roughness": "0.5", "Transmission Weight": "0.0", "Emission Strength": "0.0"}
    for label, shown in inputs.items():
        if shown and shown != plain.get(label):
            yield f"surface.inputs[{quote(label)}].default_value = {shown}"


def _object(one: PlannedObject) -> Iterator[str]:
    yield ""
    where = f"location={_tuple(one.location)}"
    if any(one.rotation):
        where += f", rotation={_angles(one.rotation)}"
    if one.kind == "empty":
        yield f"bpy.ops.object.empty_add({where})"
    elif one.kind == "torus":
        ring, thick = max(one.size[0], one.size[1]), min(one.size)
        yield (
            f"bpy.ops.mesh.primitive_torus_add(major_radius={number((ring - thick) / 2)}, "
            f"minor_radius={number(thick / 2)}, {where})"
        )
    else:
        yield f"bpy.ops.mesh.{_ADD[one.kind]}, {where})"
    yield "thing = bpy.context.object"
    yield f"thing.name = {quote(one.name)}"
    own = _own_size(one)
    stretch = tuple(wanted / has if has else 1.0 for wanted, has in zip(one.size, own, strict=True))
    if one.kind != "empty" and stretch != (1.0, 1.0, 1.0):
        yield f"thing.data.transform(Matrix.Diagonal(({', '.join(number(v, whole=True) for v in (*stretch, 1.0))})))"
    if one.material and one.kind != "empty":
        yield f"thing.data.materials.append(bpy.data.materials[{quote(one.material)}])"


def _own_size(one: PlannedObject) -> tuple[float, float, float]:
    """How large the operator makes the shape."""
    if one.kind == "torus":
        ring = max(one.size[0], one.size[1])
        return ring, ring, min(one.size)
    return (1.0, 1.0, 0.0) if one.kind == "plane" else (1.0, 1.0, 1.0)


def _belonging(objects: Sequence[PlannedObject]) -> Iterator[str]:
    held: dict[str, list[str]] = {}
    for one in objects:
        if one.collection:
            held.setdefault(one.collection, []).append(one.name)
    for name, members in held.items():
        yield from ("", f"collection = bpy.data.collections.new({quote(name)})")
        yield "scene.collection.children.link(collection)"
        yield f"for name in [{', '.join(quote(member) for member in members)}]:"
        yield "    collection.objects.link(bpy.data.objects[name])"
        yield "    scene.collection.objects.unlink(bpy.data.objects[name])"
    families = [one for one in objects if one.parent]
    if families:
        yield from ("", "# everything stays where it is in the world", "bpy.context.view_layer.update()")
        pairs = ", ".join(f"({quote(one.name)}, {quote(one.parent)})" for one in families)
        yield f"for name, above in [{pairs}]:"
        yield "    child, parent = bpy.data.objects[name], bpy.data.objects[above]"
        yield "    child.parent = parent"
        yield "    child.matrix_parent_inverse = parent.matrix_world.inverted()"


def _light(one: PlannedLight) -> Iterator[str]:
    yield from ("", f"light = bpy.data.lights.new({quote(one.name)}, type={quote(one.type.upper())})")
    if one.energy is not None:
        yield f"light.energy = {number(one.energy, whole=True)}"
    if one.color != (1.0, 1.0, 1.0):
        yield f"light.color = {_tuple(one.color)}"
    if one.size is not None and one.type in _SIZES:
        yield f"light.{_SIZES[one.type]} = {number(one.size)}"
    if one.angle is not None and one.type in _ANGLES:
        yield f"light.{_ANGLES[one.type]} = radians({number(one.angle, whole=True)})"
    yield from _stood(one, "light")


def _camera(one: PlannedCamera) -> Iterator[str]:
    yield from ("", f"camera = bpy.data.cameras.new({quote(one.name)})")
    if one.ortho_scale is not None:
        yield from ('camera.type = "ORTHO"', f"camera.ortho_scale = {number(one.ortho_scale)}")
    elif one.lens != 50.0:
        yield f"camera.lens = {number(one.lens, whole=True)}"
    yield from _stood(one, "camera")
    yield "scene.camera = thing"


def _stood(one: PlannedLight | PlannedCamera, data: str) -> Iterator[str]:
    yield f"thing = bpy.data.objects.new({quote(one.name)}, {data})"
    yield "scene.collection.objects.link(thing)"
    if any(one.location):
        yield f"thing.location = {_tuple(one.location)}"
    if one.target is not None:
        way = tuple(there - here for there, here in zip(one.target, one.location, strict=True))
        yield f'thing.rotation_euler = Vector({_tuple(way)}).to_track_quat("-Z", "Y").to_euler()'
    elif any(one.rotation):
        yield f"thing.rotation_euler = {_angles(one.rotation)}"


def _world(one: PlannedWorld) -> Iterator[str]:
    yield from ("", f"world = bpy.data.worlds.new({quote(one.name)})", "world.use_nodes = True")
    yield 'background = world.node_tree.nodes["Background"]'
    if one.color is not None:
        yield f'background.inputs["Color"].default_value = {_color(one.color)}'
    if one.strength != 1.0:
        yield f'background.inputs["Strength"].default_value = {number(one.strength)}'
    yield "scene.world = world"


def _movement(one: PlannedMovement) -> Iterator[str]:
    index = "xyz".index(one.axis)
    path = "location" if one.property == "location" else "rotation_euler"
    turned = one.property == "rotation"
    keys = [(number(f, whole=True), number(v, whole=True)) for f, v in one.keys]
    yield from ("", f"thing = bpy.data.objects[{quote(one.object)}]")
    yield f"for frame, value in [{', '.join(f'({f}, {v})' for f, v in keys)}]:"
    yield f"    thing.{path}[{index}] = {'radians(value)' if turned else 'value'}"
    yield f'    thing.keyframe_insert("{path}", index={index}, frame=frame)'
    yield f"thing.{path}[{index}] = {f'radians({keys[0][1]})' if turned else keys[0][1]}"
    if one.interpolation != "bezier":
        yield "bag = thing.animation_data.action.layers[0].strips[0].channelbags[0]"
        yield f'for key in bag.fcurves.find("{path}", index={index}).keyframe_points:'
        yield f"    key.interpolation = {quote(one.interpolation.upper())}"


def _tuple(values: Sequence[float]) -> str:
    return f"({', '.join(number(round(v, 6) + 0.0, whole=True) for v in values)})"


def _angles(values: Sequence[float]) -> str:
    return f"({', '.join(f'radians({number(v, whole=True)})' if v else '0' for v in values)})"


def _color(values: Sequence[float] | None) -> str:
    return "" if values is None else _tuple((*values, 1.0))
