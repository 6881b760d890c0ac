"""What must be so in the scene that a plan is blocked out to, as checks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from voxel.records.example import Aim, Check, Exists, Geometry, Keys, Materials, Members, Node, Parent, Property, Ref
from voxel.records.plan import (
    PlannedCamera,
    PlannedLight,
    PlannedMaterial,
    PlannedObject,
    ScenePlan,
)

PRIMITIVES = {
    "box": "CUBE", "plane": "PLANE", "sphere": "UV_SPHERE", "cylinder": "CYLINDER", "cone": "CONE", "torus": "TORUS",
}  # fmt: skip
LIGHTS = {"point": "PointLight", "sun": "SunLight", "spot": "SpotLight", "area": "AreaLight"}
_SCENE: Ref = ("scenes", "Scene")


def plan_checks(plan: ScenePlan) -> tuple[Check, ...]:
    """Everything that the plan fixes and a dump shows, in the plan's order."""
    found = [check for one in plan.objects for check in _object(one, plan)]
    held: dict[str, list[str]] = {}
    for one in plan.objects:
        if one.collection:
            held.setdefault(one.collection, []).append(one.name)
    found += [Members(of=("collections", name), objects=tuple(members)) for name, members in held.items()]
    for material in plan.materials:
        found += _material(material)
    for light in plan.lights:
        found += _light(light, plan)
    if plan.camera is not None:
        found += _camera(plan.camera, plan)
    if plan.world is not None:
        inputs: dict[str, Any] = {}
        if plan.world.color is not None:
            inputs["Color"] = [*plan.world.color, 1.0]
        if plan.world.strength != 1.0:
            inputs["Strength"] = plan.world.strength
        of = ("worlds", plan.world.name)
        found += [Exists(of=of), Node(of=of, type="ShaderNodeBackground", inputs=inputs)]
        found.append(Property(of=_SCENE, path="world", value={"$id": list(of)}))
    return (*found, *_movements(plan), *_settings(plan))


def _object(one: PlannedObject, plan: ScenePlan) -> Iterator[Check]:
    of = ("objects", one.name)
    yield Exists(of=of, type="EMPTY" if one.kind == "empty" else "MESH")
    if one.kind != "empty":
        yield Geometry(of=of, primitive=PRIMITIVES[one.kind], size=one.size)
    yield from _placed(of, one, plan)
    if one.parent:
        yield Parent(of=of, parent=one.parent)
    if one.material:
        yield Materials(of=of, materials=(one.material,))


def _placed(of: Ref, one: PlannedObject | PlannedLight | PlannedCamera, plan: ScenePlan) -> Iterator[Check]:
    """Where it stands; what moves is checked by its keys."""
    moved = {movement.property for movement in plan.movements if movement.object == one.name}
    if any(one.location) and "location" not in moved:
        yield Property(of=of, path="location", value=list(one.location))
    if any(one.rotation) and "rotation" not in moved:
        yield Property(of=of, path="rotation_euler", value=[math.radians(v) for v in one.rotation])


def _material(one: PlannedMaterial) -> Iterator[Check]:
    inputs: dict[str, Any] = {
        "Base Color": None if one.base_color is None else [*one.base_color, 1.0],
        "Metallic": one.metallic or None,
        "Roughness": None if one.roughness == 0.5 else one.roughness,
        "Transmission Weight": one.transmission or None,
        "Emission Color": None if one.emission_color is None else [*one.emission_color, 1.0],
        "Emission Strength": one.emission_strength or None,
    }
    of = ("materials", one.name)
    yield Exists(of=of)
    given = {label: value for label, value in inputs.items() if value is not None}
    if given:
        yield Node(of=of, type="ShaderNodeBsdfPrincipled", inputs=given)


def _light(one: PlannedLight, plan: ScenePlan) -> Iterator[Check]:
    of = ("objects", one.name)
    yield Exists(of=of, type="LIGHT")
    yield Property(of=of, path="data.type", value=LIGHTS[one.type])
    if one.energy is not None:
        yield Property(of=of, path="data.energy", value=one.energy)
    if one.color != (1.0, 1.0, 1.0):
        yield Property(of=of, path="data.color", value=list(one.color))
    if one.size is not None and one.type != "sun":
        yield Property(of=of, path="data.size" if one.type == "area" else "data.shadow_soft_size", value=one.size)
    if one.angle is not None and one.type in ("spot", "sun"):
        path = "data.spot_size" if one.type == "spot" else "data.angle"
        yield Property(of=of, path=path, value=math.radians(one.angle))
    yield from _placed(of, one, plan)
    if one.target is not None:
        yield Aim(of=of, at=one.target)


def _camera(one: PlannedCamera, plan: ScenePlan) -> Iterator[Check]:
    of = ("objects", one.name)
    yield Exists(of=of, type="CAMERA")
    if one.ortho_scale is not None:
        yield Property(of=of, path="data.type", value="ORTHO")
        if one.ortho_scale != 6.0:
            yield Property(of=of, path="data.ortho_scale", value=one.ortho_scale)
    elif one.lens != 50.0:
        yield Property(of=of, path="data.lens", value=one.lens)
    yield from _placed(of, one, plan)
    if one.target is not None:
        yield Aim(of=of, at=one.target)
    yield Property(of=_SCENE, path="camera", value={"$id": list(of)})


def _movements(plan: ScenePlan) -> Iterator[Check]:
    for one in plan.movements:
        turned = one.property == "rotation"
        yield Keys(
            of=("objects", one.object),
            path="rotation_euler" if turned else "location",
            index="xyz".index(one.axis),
            keys=tuple((frame, math.radians(value) if turned else value) for frame, value in one.keys),
            interpolation=one.interpolation.upper(),
        )


def _settings(plan: ScenePlan) -> Iterator[Check]:
    given: tuple[tuple[str, Any, Any], ...] = (
        ("render.resolution_x", 1920, plan.resolution[0]),
        ("render.resolution_y", 1080, plan.resolution[1]),
        ("frame_start", 1, plan.frame_start),
        ("frame_end", 250, plan.frame_end),
        ("render.fps", 24, plan.fps),
        ("unit_settings.system", "METRIC", plan.unit_system.upper()),
        ("unit_settings.scale_length", 1.0, plan.unit_scale),
    )
    for path, default, value in given:
        if value != default:
            yield Property(of=_SCENE, path=path, value=value)
