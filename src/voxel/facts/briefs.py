"""A scene plan as the brief that somebody would write who wants it: everything in it said, nothing else.

The wording is varied by a seed that comes from the plan's own content. Lengths are spoken in one unit per brief: metres
and centimetres as they come, or all in centimetres, or all in metres.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from voxel.facts import words
from voxel.facts.words import listed
from voxel.records.plan import (
    PlannedCamera,
    PlannedLight,
    PlannedMaterial,
    PlannedMovement,
    PlannedObject,
    PlannedWorld,
    ScenePlan,
    Vector,
)

_OPENERS = (
    "Plan a scene called {title}.",
    "I need a scene plan for {title}.",
    "Concept for {title}, please.",
    "We're starting on {title} and want a plan before anyone models.",
    "Scene plan: {title}.",
    "Block out {title} for me on paper.",
    "Can you plan {title}?",
    "Next shot is {title}; work out the plan.",
)
_MOODS = ("Mood: {mood}.", "It should feel {mood}.", "The mood is {mood}.", "Look and feel: {mood}.")
_SECTIONS = (
    ("Set", "Surfaces", "Light", "Camera", "Motion", "Picture"),
    ("In the scene", "Materials", "Lighting", "Framing", "What moves", "Output"),
    ("Objects", "Look", "Lights and world", "The shot", "Animation", "Format"),
)
_NOUNS = {"plane": "flat plane"}
_PROSE_UP_TO = 5
"""Things that one paragraph names; more are listed."""


_ROOM = 1.5
"""Scenes with something longer than this, in metres, are not spoken of in centimetres."""
_SMALL = 0.5
"""Scenes with nothing longer than this are not spoken of in metres."""


class _Units(NamedTuple):
    length: Callable[[float], str]


_IN = {
    "as it comes": _Units(words.length),
    "cm": _Units(lambda value: f"{words.number(value * 100)} cm"),
    "m": _Units(lambda value: f"{words.number(value)} m"),
}


def brief(plan: ScenePlan, seed: str) -> str:
    """The instruction for a whole plan."""
    chance = random.Random(seed)
    largest = max((length for one in plan.objects for length in one.size), default=_ROOM)
    size = "m" if largest > _ROOM else "cm"
    units = _IN[chance.choice(("as it comes", "as it comes", size, "m" if largest > _SMALL else size))]
    opener = chance.choice(_OPENERS).format(title=words.quoted(plan.title))
    if plan.mood:
        ways = [way for way in _MOODS if "," not in plan.mood or "feel {" not in way]
        opener += " " + chance.choice(ways).format(mood=plan.mood)
    chance_of_list = 1.0 if len(plan.objects) > _PROSE_UP_TO else 0.35
    parts = [
        _objects(plan, units, chance),
        [_material(one) for one in plan.materials],
        [_light(one, units, chance) for one in plan.lights] + ([_world(plan.world)] if plan.world else []),
        [_camera(plan.camera, units, chance)] if plan.camera else [],
        [_movement(one) for one in plan.movements],
        _picture(plan),
    ]
    if chance.random() < chance_of_list:
        titles = chance.choice(_SECTIONS)
        sections = [
            f"{title}:\n" + "\n".join(f"- {said}" for said in found)
            for title, found in zip(titles, parts, strict=True)
            if found
        ]
        return "\n".join([opener, *sections])
    joins = (
        chance.choice(("There is {}.", "In it: {}.", "It holds {}.", "What's in it: {}.")),
        chance.choice(("Surfaces: {}.", "Materials: {}.", "For the look, {}.")),
        chance.choice(("Light it with {}.", "Lighting is {}.", "For light, {}.")),
        chance.choice(("We look through {}.", "Shoot it with {}.", "Camera: {}.")),
        chance.choice(("{}.", "Motion: {}.", "And it moves: {}.")),
        chance.choice(("Output: {}.", "{}.", "Settings: {}.")),
    )
    sentences = [join.format("; ".join(found)) for join, found in zip(joins, parts, strict=True) if found]
    return " ".join([opener, *(sentence[:1].upper() + sentence[1:] for sentence in sentences)])


class Change(NamedTuple):
    """What a revision is about: the thing's name, which may be new or gone, and how it was before."""

    kind: str
    """`move`, `resize`, `turn`, `add`, `remove`, `light`, `lens`, `surface`."""
    name: str
    axis: int = 0


def revision(before: ScenePlan, after: ScenePlan, change: Change, seed: str) -> str:
    """The instruction that turns one plan into another that differs in one respect."""
    chance = random.Random(seed)
    largest = max((length for one in after.objects for length in one.size), default=_ROOM)
    units = _IN[chance.choice(("as it comes", "as it comes", "m" if largest > _SMALL else "cm"))]
    said = _CHANGES[change.kind](before, after, change, units, chance)
    ending = chance.choice(
        ("", "", " Leave the rest as it is.", " Everything else stays.", " Send me the whole plan again.")
    )
    return said[:1].upper() + said[1:] + ending


def _objects(plan: ScenePlan, units: _Units, chance: random.Random) -> list[str]:
    said = [_object(one, units, chance) for one in plan.objects]
    held: dict[str, list[str]] = {}
    for one in plan.objects:
        if one.collection:
            held.setdefault(one.collection, []).append(words.quoted(one.name))
    said += [f"collection {words.quoted(name)}: {', '.join(members)}" for name, members in held.items()]
    return said


def _object(one: PlannedObject, units: _Units, chance: random.Random) -> str:
    noun = _NOUNS.get(one.kind, one.kind)
    text = f"{words.article(noun)} {noun} {words.quoted(one.name)}"
    if one.kind != "empty":
        text += " " + _sized(one, units, chance)
    text += _placed(one.location, chance)
    if any(one.rotation):
        text += f", {_turned(one.rotation)}"
    if one.parent:
        text += f", parented to {words.quoted(one.parent)}"
    if one.material:
        text += f", in {words.quoted(one.material)}"
    return text


def _sized(one: PlannedObject, units: _Units, chance: random.Random) -> str:
    x, y, z = (units.length(v) for v in one.size)
    if one.kind == "plane":
        return f"({x} by {y})"
    if one.kind == "sphere" and x == y == z:
        return chance.choice((f"({x} across)", f"with a diameter of {x}"))
    if one.kind in ("cylinder", "cone") and x == y:
        return chance.choice((f"({x} across, {z} tall)", f"{z} high and {x} in diameter"))
    if x == y == z:
        return f"with sides of {x}"
    return chance.choice((f"({x} x {y} x {z})", f"({x} wide, {y} deep, {z} high)", f"of {x} x {y} x {z}"))


def _placed(location: Vector, chance: random.Random) -> str:
    if not any(location):
        return chance.choice((" at the origin", " at (0, 0, 0)"))
    return f" {chance.choice(('at', 'centred at'))} {words.vector(location)}"


def _turned(rotation: Vector) -> str:
    turned = [(axis, angle) for axis, angle in zip("XYZ", rotation, strict=True) if angle]
    if len(turned) == 1:
        return f"turned {words.number(turned[0][1])}° around {turned[0][0]}"
    return "turned (" + ", ".join(f"{words.number(angle)}°" for angle in rotation) + ")"


def _material(one: PlannedMaterial) -> str:
    parts = []
    if one.metallic:
        parts.append(f"metallic {words.number(one.metallic)}")
    if one.roughness != 0.5:
        parts.append(f"roughness {words.number(one.roughness)}")
    if one.transmission:
        parts.append(f"transmission {words.number(one.transmission)}")
    if one.emission_strength:
        color = "" if one.emission_color is None else f" in {words.color(one.emission_color)}"
        parts.append(f"a glow{color} of strength {words.number(one.emission_strength)}")
    name = words.quoted(one.name)
    if one.base_color is not None:
        return f"{name} is {words.color(one.base_color)}" + (f", with {listed(parts)}" if parts else "")
    return f"{name} has {listed(parts)}" if parts else f"a material {name}"


def _light(one: PlannedLight, units: _Units, chance: random.Random) -> str:
    text = f"{words.article(one.type)} {one.type} light {words.quoted(one.name)}"
    parts = []
    if one.energy is not None:
        shown = words.number(one.energy)
        parts.append(f"strength {shown}" if one.type == "sun" else f"{shown} W")
    if one.color != (1.0, 1.0, 1.0):
        parts.append(words.color(one.color))
    if one.size is not None and one.type != "sun":
        parts.append(f"{units.length(one.size)} wide" if one.type == "area" else f"radius {units.length(one.size)}")
    if one.angle is not None:
        parts.append(f"{words.number(one.angle)}° {'cone' if one.type == 'spot' else 'angular diameter'}")
    text += f" ({', '.join(parts)})" if parts else ""
    return text + _placed(one.location, chance) + _aimed(one, chance)


def _camera(one: PlannedCamera, units: _Units, chance: random.Random) -> str:
    text = f"the camera {words.quoted(one.name)}"
    if one.ortho_scale is not None:
        text += f", orthographic with a view {units.length(one.ortho_scale)} wide,"
    else:
        text += chance.choice((f" with a {words.number(one.lens)} mm lens", f" ({words.number(one.lens)} mm)"))
    return text + _placed(one.location, chance) + _aimed(one, chance)


def _aimed(one: PlannedLight | PlannedCamera, chance: random.Random) -> str:
    if one.target is not None:
        verb = ("looking at", "aimed at") if isinstance(one, PlannedCamera) else ("aimed at", "pointing at")
        return f", {chance.choice(verb)} {words.vector(one.target)}"
    return f", {_turned(one.rotation)}" if any(one.rotation) else ""


def _world(one: PlannedWorld) -> str:
    text = f"the world {words.quoted(one.name)}"
    if one.color is not None:
        text += f" in {words.color(one.color)}"
    return text + f" at strength {words.number(one.strength)}"


def _movement(one: PlannedMovement) -> str:
    turned = one.property == "rotation"
    keys = ", ".join(f"{words.number(v)}{'°' if turned else ' m'} at frame {words.number(f)}" for f, v in one.keys)
    way = "turns around" if turned else "moves along"
    return f"{words.quoted(one.object)} {way} {one.axis.upper()}: {keys} ({one.interpolation})"


def _picture(plan: ScenePlan) -> list[str]:
    said = []
    if plan.resolution != (1920, 1080):
        said.append(f"{plan.resolution[0]} x {plan.resolution[1]} px")
    if (plan.frame_start, plan.frame_end) != (1, 250):
        said.append(f"frames {plan.frame_start} to {plan.frame_end}")
    if plan.fps != 24:
        said.append(f"{plan.fps} fps")
    if plan.unit_system != "metric":
        said.append("no unit system (none)" if plan.unit_system == "none" else f"{plan.unit_system} units")
    if plan.unit_scale != 1:
        said.append(f"a unit scale of {words.number(plan.unit_scale)}")
    return said


_Said = Callable[[ScenePlan, ScenePlan, Change, _Units, random.Random], str]
_WAYS = (("to the left", "to the right"), ("forward", "back"), ("down", "up"))
_MEASURES = ("width", "depth", "height")


_Planned = TypeVar("_Planned", PlannedObject, PlannedLight, PlannedMaterial)


def _called(items: Sequence[_Planned], name: str) -> _Planned:
    return next(one for one in items if one.name == name)


def _moved(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    old, new = _called(before.objects, change.name).location, _called(after.objects, change.name).location
    by = new[change.axis] - old[change.axis]
    way = _WAYS[change.axis][by > 0]
    name, far = words.quoted(change.name), units.length(round(abs(by), 4))
    return chance.choice((
        f"move {name} {way} by {far}, so that it sits at {words.vector(new)}.",
        f"{name} should sit {far} further {way}: {words.vector(new)}.",
        f"please shift {name} {far} {way}, to {words.vector(new)}.",
    ))  # fmt: skip


def _resized(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    old, new = _called(before.objects, change.name), _called(after.objects, change.name)
    bigger = new.size[change.axis] > old.size[change.axis]
    measure = _MEASURES[change.axis]
    word = {"width": ("narrower", "wider"), "depth": ("shallower", "deeper"), "height": ("lower", "taller")}[measure][
        bigger
    ]
    by = units.length(round(abs(new.size[change.axis] - old.size[change.axis]), 4))
    size = " x ".join(units.length(v) for v in new.size)
    name = words.quoted(change.name)
    return chance.choice((
        f"make {name} {by} {word}, that is {size}.",
        f"{name} looks wrong. {by} {word}, please: {size}.",
        f"can {name} be {word}? {size} instead.",
    ))  # fmt: skip


def _rotated(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    del before, units
    new = _called(after.objects, change.name)
    name = words.quoted(change.name)
    return chance.choice((f"have {name} {_turned(new.rotation)}.", f"{name} should be {_turned(new.rotation)}."))


def _added(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    del before
    verb = chance.choice(("add", "we also need", "put in", "there is something missing:"))
    for one in after.lights:
        if one.name == change.name:
            return f"{verb} {_light(one, units, chance)}."
    new = _called(after.objects, change.name)
    said = f"{verb} {_object(new, units, chance)}"
    return said + (f", in the collection {words.quoted(new.collection)}." if new.collection else ".")


def _removed(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    del before, after, units
    name = words.quoted(change.name)
    return chance.choice(
        (f"take {name} out.", f"drop {name}, it only gets in the way.", f"we don't need {name}; remove it.")
    )


def _relit(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    del units
    old, new = _called(before.lights, change.name), _called(after.lights, change.name)
    name = words.quoted(change.name)
    if old.color != new.color:
        return chance.choice(
            (f"tint the light {name}: {words.color(new.color)}.", f"make {name} {words.color(new.color)}.")
        )
    shown = words.number(new.energy or 0.0) + ("" if new.type == "sun" else " W")
    brighter = (new.energy or 0.0) > (old.energy or 0.0)
    return chance.choice((
        f"{name} is too {'weak' if brighter else 'strong'}; take it to {shown}.",
        f"{'brighten' if brighter else 'dim'} {name} to {shown}.",
    ))  # fmt: skip


def _relensed(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    del change, units
    old, new = before.camera, after.camera
    if old is None or new is None:
        raise words.Unsayable("a lens without a camera")
    longer = new.lens > old.lens
    return chance.choice((
        f"go {'longer' if longer else 'wider'} on the lens: {words.number(new.lens)} mm.",
        f"shoot it on {words.number(new.lens)} mm instead.",
    ))  # fmt: skip


def _resurfaced(before: ScenePlan, after: ScenePlan, change: Change, units: _Units, chance: random.Random) -> str:
    del units
    old, new = _called(before.materials, change.name), _called(after.materials, change.name)
    name, rough = words.quoted(change.name), words.number(new.roughness)
    shiny = new.roughness < old.roughness
    return chance.choice((
        f"{name} should be {'glossier' if shiny else 'more matt'}: roughness {rough}.",
        f"roughness {rough} for {name}, please.",
    ))  # fmt: skip


_CHANGES: dict[str, _Said] = {
    "move": _moved, "resize": _resized, "turn": _rotated, "add": _added, "remove": _removed, "light": _relit,
    "lens": _relensed, "surface": _resurfaced,
}  # fmt: skip
