"""The scene plan: what the concept role answers with, and what an art director fixes before anyone models.

A plan is JSON of the schema in docs/scene_plan.schema.json, which is made from these records. Positions are in world
space, in metres; an object's location is the middle of its extent. Angles are degrees, colours linear RGB from 0 to 1.
A field that is left out has Blender's own default.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from voxel.errors import BadInput

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Vector = tuple[float, float, float]
Color = tuple[Part, Part, Part]
Kind = Literal["box", "plane", "sphere", "cylinder", "cone", "torus", "empty"]
_NOWHERE: Vector = (0.0, 0.0, 0.0)
_FLAT = frozenset(("plane",))


class _Planned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    pass


class PlannedObject(_Planned, frozen=True, kw_only=True):
    """A thing, as the plain shape that stands for it."""

    name: Name
    kind: Kind
    size: Annotated[tuple[Amount, Amount, Amount], msgspec.Meta(description="Extent along its own axes, metres.")] = (
        0.0, 0.0, 0.0,
    )  # fmt: skip
    location: Annotated[Vector, msgspec.Meta(description="Middle of its extent in the world, metres.")] = _NOWHERE
    rotation: Annotated[Vector, msgspec.Meta(description="Euler XYZ in the world, degrees.")] = _NOWHERE
    parent: str = ""
    collection: str = ""
    material: str = ""


class PlannedMaterial(_Planned, frozen=True, kw_only=True):
    """A surface, as the values of one Principled BSDF."""

    name: Name
    base_color: Annotated[
        Color | None, msgspec.Meta(description="Linear RGB; left out where a texture gives it.")
    ] = None  # fmt: skip
    metallic: Part = 0.0
    roughness: Part = 0.5
    transmission: Part = 0.0
    emission_color: Color | None = None
    emission_strength: Amount = 0.0


class PlannedLight(_Planned, frozen=True, kw_only=True):
    """A light; give `rotation` or `target`, not both."""

    name: Name
    type: Literal["point", "sun", "spot", "area"]
    energy: Annotated[Amount | None, msgspec.Meta(description="Watts; a sun's strength.")] = None
    color: Color = (1.0, 1.0, 1.0)
    size: Annotated[
        Amount | None, msgspec.Meta(description="Metres: an area light's width, a point or spot light's radius.")
    ] = None  # fmt: skip
    angle: Annotated[
        Positive | None, msgspec.Meta(description="Degrees: a spot's cone, a sun's angular diameter.")
    ] = None  # fmt: skip
    location: Vector = _NOWHERE
    rotation: Vector = _NOWHERE
    target: Annotated[Vector | None, msgspec.Meta(description="The point that it shines at.")] = None


class PlannedCamera(_Planned, frozen=True, kw_only=True):
    """The camera of the shot; give `rotation` or `target`, not both."""

    name: Name
    lens: Annotated[Positive, msgspec.Meta(description="Focal length, millimetres.")] = 50.0
    ortho_scale: Annotated[
        Positive | None, msgspec.Meta(description="Width of the view in metres; makes the camera orthographic.")
    ] = None  # fmt: skip
    location: Vector = _NOWHERE
    rotation: Vector = _NOWHERE
    target: Annotated[Vector | None, msgspec.Meta(description="The point in the middle of the picture.")] = None


class PlannedWorld(_Planned, frozen=True, kw_only=True):
    """The surroundings, as one Background."""

    name: Name
    color: Annotated[Color | None, msgspec.Meta(description="Left out where a sky or a picture gives it.")] = None
    strength: Amount = 1.0


class PlannedMovement(_Planned, frozen=True, kw_only=True):
    """One animated channel of an object, light or camera."""

    object: Name
    property: Literal["location", "rotation"]
    axis: Literal["x", "y", "z"]
    keys: Annotated[
        tuple[tuple[float, float], ...],
        msgspec.Meta(min_length=2, description="(frame, value): metres in the world, or degrees."),
    ]
    interpolation: Literal["bezier", "linear", "constant"] = "bezier"


class ScenePlan(_Planned, frozen=True, kw_only=True):
    """A scene before it is built: what is in it, how large, where, how it looks, is lit, framed and moves."""

    title: Name
    mood: str = ""
    unit_system: Literal["metric", "imperial", "none"] = "metric"
    unit_scale: Positive = 1.0
    resolution: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=4)], Annotated[int, msgspec.Meta(ge=4)]],
        msgspec.Meta(description="Width and height of the picture, pixels."),
    ] = (1920, 1080)
    frame_start: int = 1
    frame_end: int = 250
    fps: Annotated[int, msgspec.Meta(ge=1)] = 24
    objects: tuple[PlannedObject, ...] = ()
    materials: tuple[PlannedMaterial, ...] = ()
    lights: tuple[PlannedLight, ...] = ()
    camera: PlannedCamera | None = None
    world: PlannedWorld | None = None
    movements: tuple[PlannedMovement, ...] = ()

    def things(self) -> list[str]:
        """Names of the objects, lights and camera."""
        camera = [] if self.camera is None else [self.camera.name]
        return [one.name for one in self.objects] + [one.name for one in self.lights] + camera


_DECODER = msgspec.json.Decoder(ScenePlan)


def read_plan(text: str | bytes) -> ScenePlan:
    """The plan in this JSON. BadInput names every place where it is none, or where its names do not fit together."""
    try:
        plan = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadInput(f"not a scene plan: {error}") from error
    problems = list(_misfits(plan))
    if problems:
        raise BadInput(f"not a scene plan: {'; '.join(problems)}")
    return plan


def write_plan(plan: ScenePlan) -> str:
    """The plan as JSON that people can read: a line for each field, and one for each item of a list."""
    values: dict[str, Any] = _given(plan)
    parts = []
    for key, value in values.items():
        if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            parts.append(f'  "{key}": [\n' + ",\n".join(f"    {_on_a_line(item)}" for item in value) + "\n  ]")
        else:
            parts.append(f'  "{key}": {_on_a_line(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def plan_schema() -> dict[str, Any]:
    """The JSON schema of a plan, as docs/scene_plan.schema.json holds it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scene plan",
        **msgspec.json.schema(ScenePlan),
    }


_TOLD = frozenset(("location", "lens", "strength"))
"""What people say of a thing even where it is Blender's default: a plan says it, too."""


def _given(value: Any) -> Any:
    """Plain values, without those that are as they would be anyway."""
    if isinstance(value, msgspec.Struct):
        told = _TOLD - {"lens"} if getattr(value, "ortho_scale", None) is not None else _TOLD
        given = {one.name: (getattr(value, one.name), one.default) for one in msgspec.structs.fields(value)}
        return {name: _given(got) for name, (got, usual) in given.items() if got != usual or name in told}
    if isinstance(value, tuple):
        return [_given(inner) for inner in value]
    # whole numbers without a fraction: 2, not 2.0
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e9 else value


def _on_a_line(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def _misfits(plan: ScenePlan) -> Iterator[str]:
    """What the schema cannot say: names that occur twice or name nothing, shapes without extent."""
    shown: list[PlannedLight | PlannedCamera] = [*plan.lights, *([plan.camera] if plan.camera else [])]
    things = plan.things()
    materials = [one.name for one in plan.materials]
    for names, what in ((things, "thing"), (materials, "material")):
        yield from (f"two of one {what}'s name {name!r} @ $" for name, count in Counter(names).items() if count > 1)
    known, parents = frozenset(things), {one.name: one.parent for one in plan.objects}
    for place, one in enumerate(plan.objects):
        where = f"@ $.objects[{place}]"
        if one.kind != "empty" and sum(length > 0 for length in one.size) < (2 if one.kind in _FLAT else 3):
            yield f"no extent {where}.size"
        if one.parent and one.parent not in parents:
            yield f"no object {one.parent!r} {where}.parent"
        elif _in_circle(one.name, parents):
            yield f"hangs below itself {where}.parent"
        if one.material and one.material not in materials:
            yield f"no material {one.material!r} {where}.material"
    for aimed in shown:
        where = f"@ $.{'camera' if isinstance(aimed, PlannedCamera) else f'lights[{shown.index(aimed)}]'}"
        if aimed.target is not None and any(aimed.rotation):
            yield f"rotation and target {where}"
        elif aimed.target is not None and aimed.target == aimed.location:
            yield f"aimed at where it stands {where}.target"
    yield from (f"no thing {m.object!r} @ $.movements[{n}].object" for n, m in enumerate(plan.movements)
                if m.object not in known)  # fmt: skip


def _in_circle(name: str, parents: dict[str, str]) -> bool:
    above, steps = parents[name], 0
    while above in parents and above and steps <= len(parents):
        if above == name:
            return True
        above, steps = parents[above], steps + 1
    return steps > len(parents)
