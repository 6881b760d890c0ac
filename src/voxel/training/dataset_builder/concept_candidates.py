"""Candidates for concept: plans read from a real Scene, whole and in part, and revisions of them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from voxel.facts.lookup import active_scene, blocks, reference
from voxel.records.plan import PlannedCamera, PlannedLight, PlannedObject, ScenePlan
from voxel.training.dataset_builder.candidate import PlanCandidate, windows
from voxel.training.dataset_builder.naming import (
    NAMED_AFTER_A_SHAPE,
    NAMELESS,
    UNNAMED_MATERIAL,
    title_of,
    without_number,
    words_of,
)
from voxel.training.dataset_builder.plan_reading import Reading, can_be_named
from voxel.training.dataset_builder.plan_revisions import revisions
from voxel.training.dataset_builder.plan_scope import bulk, in_sight, is_hollow, is_whole, outside, with_support
from voxel.training.dataset_builder.startup import GRAY, is_fresh, is_startup

MAX_OBJECTS = 12
"""Things of one plan; what an art director would still fix by hand."""
MAX_LIGHTS = 4
_ALL = ("materials", "collections")
_LAYOUTS = 6
_FAMILIES = 6
_LOOKS = 6
_REVISED = 3
"""Plans of one category that are revised."""
_UNTITLED = "Untitled"
_COLLECTION = re.compile(r"Collection(?:[._ ]?\d+)*$")


def concept_candidates(scene: Mapping[str, Any]) -> Iterator[PlanCandidate]:
    """Every plan that this Scene offers: what it holds, its lighting, framing, look and movements, and revisions."""
    reading = Reading(scene)
    if not reading.objects:
        return
    plans = [one for one in _plans(scene, reading) if _is_of_something(one.after)]
    yield from plans
    seen: Counter[str] = Counter()
    for one in plans:
        if seen[one.category] < _REVISED:
            seen[one.category] += 1
            yield from revisions(one.after)


def _plans(scene: Mapping[str, Any], reading: Reading) -> Iterator[PlanCandidate]:
    seen = in_sight(scene)
    bodies = sorted(
        (one for one in reading.objects.values() if one.name in seen), key=lambda one: (-bulk(one.size), one.name)
    )
    active = active_scene(scene)["props"]
    camera = _camera(scene, reading)
    around = [] if camera is None else [one for one in bodies if _around(one, camera)]
    rest = [one for one in bodies if one not in around]
    solid = _apart(outside(rest))
    title = _title(scene)
    if is_whole(reading, seen, bodies) and not is_hollow(rest):
        yield from _of_the_whole(scene, reading, title, solid[:MAX_OBJECTS], camera)
    for name, group in _groups(reading, seen):
        yield PlanCandidate("layout", _plan(reading, name, group, parts=("collections",)))
    for name, family in _families(reading, seen):
        yield PlanCandidate("object", _plan(reading, name, family, parts=_ALL))
    movers = [name for name in blocks(scene, "objects") if name in reading.objects or (camera and name == camera.name)]
    for name in movers:
        own = reading.movements(name)[:3]
        if not own or (name in reading.objects and name not in seen):
            continue  # what moves only helps others to move
        subject = [reading.objects[name]] if name in reading.objects else solid[:1]
        frames = {key: value for key, value in _picture(active).items() if key != "resolution"}
        filming = camera if camera is not None and camera.name == name else None
        called = title if words_of(title) & words_of(name) else ""
        yield PlanCandidate(
            "movement", _plan(reading, called, subject, parts=(), movements=tuple(own), camera=filming, **frames)
        )


def _of_the_whole(
    scene: Mapping[str, Any],
    reading: Reading,
    title: str,
    solid: list[PlannedObject],
    camera: PlannedCamera | None,
) -> Iterator[PlanCandidate]:
    """Plans that are called after the scene, of which nothing that matters is missing in `solid`."""
    lights = [
        light for name, one in blocks(scene, "objects").items()
        if one["kind"] == "LIGHT" and (light := reading.light(name)) and not is_fresh(one["props"])
    ]  # fmt: skip
    world = reading.surroundings()
    if (
        world is not None
        and world.color
        and all(abs(part - gray) < 1e-3 for part, gray in zip(world.color, GRAY, strict=True))
    ):
        world = None
    shot = {"camera": camera, **_picture(active_scene(scene)["props"])}
    mood = _mood(lights, world.strength * max(world.color) if world and world.color else None)
    rig = tuple(lights[: MAX_LIGHTS + 1])
    if (lights or camera) and len(solid) > 1:
        yield PlanCandidate(
            "staging",
            _plan(reading, title, solid, lights=rig[:MAX_LIGHTS], world=world, mood=mood, parts=_ALL, **shot),
        )
    if len(solid) > 2:
        yield PlanCandidate("layout", _plan(reading, title, solid, parts=("collections",)))
    subjects = [one for one in solid if one.kind != "plane"]
    subjects.sort(key=lambda one: not words_of(one.name) & words_of(title))
    if lights:
        yield PlanCandidate(
            "lighting", _plan(reading, title, with_support(subjects[:3], solid), lights=rig, world=world, mood=mood)
        )
        if len(rig) > 1:
            yield PlanCandidate(
                "lighting", _plan(reading, title, with_support(subjects[:1], solid), lights=rig[:1], world=world)
            )
    if camera is not None:
        subjects.sort(key=lambda one: (not words_of(one.name) & words_of(title), _off(one, camera)))
        for some in (subjects[:1], subjects[:3]) if len(subjects) > 1 else (subjects,):
            if some:
                yield PlanCandidate("framing", _plan(reading, title, with_support(some, solid), **shot))
    known = [one for one in solid if one.material in reading.materials and not _is_nobodys(one.material)]
    looks = _one_of_each(known)
    for some in [looks] if 1 < len(looks) <= _LOOKS else windows(looks, _LOOKS, 3):
        yield PlanCandidate("look", _plan(reading, title, with_support(some, solid)))


def _camera(scene: Mapping[str, Any], reading: Reading) -> PlannedCamera | None:
    target = reference(active_scene(scene)["props"].get("camera"))
    if target is None or target[1] not in blocks(scene, "objects"):
        return None
    camera = reading.camera(target[1])
    return None if camera is None or is_startup(camera.location) else camera


def _off(one: PlannedObject, camera: PlannedCamera) -> float:
    """How far a thing is from where the camera looks; its size brings it nearer."""
    if camera.target is None:
        return -bulk(one.size)
    return math.dist(one.location, camera.target) - max(one.size) / 2


def _plan(
    reading: Reading,
    title: str,
    chosen: Sequence[PlannedObject],
    *,
    parts: Sequence[str] = ("materials",),
    **others: Any,
) -> ScenePlan:
    """A plan of these things, with their `parts` of _ALL; relations to what is not in it are left out.

    It is called after a thing in it where `title` is about one that the scene has and the plan has not: the plan of
    what stands around a vase is no plan of the vase.
    """
    names = {one.name for one in chosen}
    given = reading.materials if "materials" in parts else {}
    known = {name: one for name, one in given.items() if not _is_nobodys(name)}
    objects = [
        replace(
            one,
            parent=one.parent if one.parent in names else "",
            material=one.material if one.material in known else "",
            collection=one.collection if "collections" in parts and not _COLLECTION.match(one.collection) else "",
        )
        for one in chosen
    ]
    worn = dict.fromkeys(one.material for one in objects if one.material)
    about = {name for name in blocks(reading.scene, "objects") if words_of(name) & words_of(title)}
    if not title or (about and not about & names):
        title = next((title_of(one.name) for one in objects if not NAMELESS.match(one.name)), title or _UNTITLED)
    plan = ScenePlan(title=title, objects=tuple(objects), materials=tuple(known[name] for name in worn), **others)
    return _with_plain_names(plan)


def _is_nobodys(material: str) -> bool:
    """Whether nobody has named a material."""
    return bool(UNNAMED_MATERIAL.match(material) or NAMED_AFTER_A_SHAPE.match(material))


def _title(scene: Mapping[str, Any]) -> str:
    """The scene's own name; empty where it has none, and a plan is called after its first thing."""
    name = str(scene.get("active_scene", "Scene"))
    return name if can_be_named(name) and not re.fullmatch(r"Scene(\.\d+)?", name) else ""


def _is_of_something(plan: ScenePlan) -> bool:
    """Whether most of a plan's things have names that somebody gave, and more is said of them than their size."""
    if not plan.objects:
        return len(plan.lights) > 1 and plan.title != _UNTITLED
    if len(plan.objects) > 2 and len({title_of(one.name) for one in plan.objects}) == 1:
        return False  # copies that only numbers tell apart
    named = sum(not NAMELESS.match(one.name) for one in plan.objects)
    told = plan.materials or plan.lights or plan.camera or plan.movements or any(one.collection for one in plan.objects)
    if len(plan.objects) == 1 and plan.objects[0].kind == "plane" and not plan.lights and not plan.camera:
        return False
    if len(plan.objects) == 1 and plan.objects[0].kind == "box" and not (plan.materials or plan.movements):
        return False  # a box that could be anything
    return bool(told) and named * 2 > len(plan.objects)


def _apart(things: Sequence[PlannedObject]) -> list[PlannedObject]:
    """The larger of those that lie within one another: what is copied elsewhere is often put in one place."""
    kept: list[PlannedObject] = []
    for one in things:
        x, y, z = one.location
        if not any(
            abs(x - other.location[0]) < 1e-3 and abs(y - other.location[1]) < 1e-3
            and abs(z - other.location[2]) < max(1e-3, min(one.size[2], other.size[2]) / 2)
            for other in kept
        ):  # fmt: skip
            kept.append(one)
    return kept


def _around(one: PlannedObject, camera: PlannedCamera) -> bool:
    """Whether the box that stands for a thing would swallow the camera."""
    ways = zip(camera.location, one.location, one.size, strict=True)
    return all(abs(there - here) < size / 2 for there, here, size in ways)


def _picture(props: Mapping[str, Any]) -> dict[str, Any]:
    """Size, frames and units of the active scene."""
    render = props.get("render", {}).get("props", {})
    units = props.get("unit_settings", {}).get("props", {})
    first, last = props.get("frame_start", 1), props.get("frame_end", 250)
    if last <= first:
        first, last = 1, 250  # the file plays nothing
    return {
        "resolution": (render.get("resolution_x", 1920), render.get("resolution_y", 1080)),
        "frame_start": first, "frame_end": last,
        "fps": render.get("fps", 24), "unit_system": units.get("system", "METRIC").lower(),
    }  # fmt: skip


def _mood(lights: Sequence[PlannedLight], around: float | None) -> str:
    """In words, from the colour of the lights, the strongest first, and the brightness of the surroundings."""
    if not lights:
        return ""
    weights = [math.sqrt(light.energy or 10.0) for light in lights]
    warmth = sum((light.color[0] - light.color[2]) * w for light, w in zip(lights, weights, strict=True)) / sum(weights)
    parts = ["warm" if warmth > 0.15 else "cool" if warmth < -0.1 else "neutral"]
    if around is not None:
        parts.append(
            "dark surroundings" if around < 0.05 else "bright surroundings" if around > 0.4 else "soft surroundings"
        )
    return ", ".join(parts)


def _groups(reading: Reading, seen: Collection[str]) -> Iterator[tuple[str, list[PlannedObject]]]:
    """Collections that somebody named, with all that is seen of them."""
    given = 0
    for name, one in sorted(blocks(reading.scene, "collections").items()):
        held = [member for member in one.get("objects", ()) if member in seen]
        members = [reading.objects[member] for member in held if member in reading.objects]
        if (
            given < _LAYOUTS
            and 1 < len(members) <= MAX_OBJECTS
            and len(members) == len(held) == len(outside(members))
            and can_be_named(name)
            and not _COLLECTION.match(name)
        ):
            given += 1
            yield without_number(name), sorted(members, key=lambda one: (-bulk(one.size), one.name))


def _families(reading: Reading, seen: Collection[str]) -> Iterator[tuple[str, list[PlannedObject]]]:
    """What hangs below one thing, all of it."""
    children: dict[str, list[str]] = {}
    for name, thing in blocks(reading.scene, "objects").items():
        if thing.get("parent") and name in seen:
            children.setdefault(thing["parent"]["object"], []).append(name)
    given = 0
    for name, found in sorted(children.items()):
        family = [reading.objects[one] for one in (name, *found) if one in reading.objects]
        bodies = [one for one in family if one.kind != "empty"]
        if given < _FAMILIES and len(family) == len(found) + 1 <= MAX_OBJECTS and len(outside(bodies)) == len(bodies):
            given += 1
            yield "" if NAMELESS.match(name) else without_number(name), family


def _one_of_each(objects: Iterable[PlannedObject]) -> list[PlannedObject]:
    return list({one.material: one for one in reversed(list(objects))}.values())[::-1]


def _with_plain_names(plan: ScenePlan) -> ScenePlan:
    """The same with `Cube.017` called `Cube` where nothing else of the plan would be called so."""
    names = plan.things()
    counts = Counter(without_number(name) for name in names)
    new = {name: without_number(name) if counts[without_number(name)] == 1 else name for name in names}
    return replace(
        plan,
        objects=tuple(replace(one, name=new[one.name], parent=new.get(one.parent, "")) for one in plan.objects),
        lights=tuple(replace(one, name=new[one.name]) for one in plan.lights),
        camera=None if plan.camera is None else replace(plan.camera, name=new[plan.camera.name]),
        movements=tuple(replace(one, object=new[one.object]) for one in plan.movements),
    )
