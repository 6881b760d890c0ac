"""Candidates for concept: plans read from a real Scene, whole and in part, and revisions of them."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from voxel.facts.briefs import Change
from voxel.facts.holding import materials_of
from voxel.facts.lookup import active_scene, blocks, reference
from voxel.records.plan import PlannedLight, PlannedObject, ScenePlan
from voxel.training.dataset_builder.candidate import PlanCandidate, chance_of, plain_step, windows
from voxel.training.dataset_builder.naming import NAMED_AFTER_A_SHAPE, NAMELESS, UNNAMED_MATERIAL, without_number
from voxel.training.dataset_builder.plan_reading import Reading, can_be_named
from voxel.training.dataset_builder.pruning import is_volume
from voxel.training.dataset_builder.startup import is_fresh, is_startup

MAX_OBJECTS = 8
"""Things of one plan; what an art director would still fix by hand."""
MAX_LIGHTS = 4
_ALL = ("materials", "collections")
_LAYOUTS = 6
_REVISIONS = 6
_UNTITLED = "Untitled"
_STARTUP_GRAY = 0.051
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
        if seen[one.category] < _REVISIONS // 3:
            seen[one.category] += 1
            yield from _revisions(one.after)


def _plans(scene: Mapping[str, Any], reading: Reading) -> Iterator[PlanCandidate]:
    solid = sorted(
        (one for one in reading.objects.values() if one.kind != "empty" and _shown(scene, one.name)),
        key=lambda one: (-_bulk(one), one.name),
    )
    objects = blocks(scene, "objects")
    lights = [
        light for name, one in objects.items()
        if one["kind"] == "LIGHT" and (light := reading.light(name)) and not is_fresh(one["props"])
    ]  # fmt: skip
    active = active_scene(scene)
    target = reference(active["props"].get("camera"))
    camera = reading.camera(target[1]) if target is not None and target[1] in objects else None
    world = reading.surroundings()
    if world is not None and world.color and all(abs(part - _STARTUP_GRAY) < 1e-3 for part in world.color):
        world = None
    if camera is not None and is_startup(camera.location):
        camera = None
    if camera is not None:
        solid = [one for one in solid if not _around(one, camera.location)]
    solid = _apart(solid)
    title = _title(scene)
    shot = {"camera": camera, **_picture(active["props"])}
    mood = _mood(lights, world.strength * max(world.color) if world and world.color else None)
    moves = [move for name in objects if name in reading.objects or (camera and name == camera.name)
             for move in reading.movements(name)]  # fmt: skip
    for count in (MAX_OBJECTS, 3):
        chosen = solid[:count]
        plan = _plan(
            reading, title, chosen, lights=tuple(lights[:MAX_LIGHTS]), world=world, mood=mood, parts=_ALL, **shot
        )
        if (lights or camera) and len(chosen) >= min(count, 3):
            yield PlanCandidate("staging", plan)
    if lights:
        hero = [one for one in solid if one.kind != "plane"][:1]
        rig = tuple(lights[: MAX_LIGHTS + 1])
        yield PlanCandidate("lighting", _plan(reading, title, hero, lights=rig, world=world, mood=mood))
        if len(rig) > 1:
            yield PlanCandidate("lighting", _plan(reading, title, hero[:1], lights=rig[:1], world=world))
    if camera is not None:
        subjects = [one for one in solid if one.kind != "plane"]
        for some in (subjects[:3], subjects[:1]):
            if some:
                yield PlanCandidate("framing", _plan(reading, title, some, **shot))
    for name, group in _groups(reading, title):
        yield PlanCandidate("layout", _plan(reading, name, group, parts=("collections",)))
    for name, family in _families(reading):
        yield PlanCandidate("object", _plan(reading, name, family, parts=_ALL))
    known = [one for one in solid if one.material in reading.materials and not _is_nobodys(one.material)]
    for some in windows(_one_of_each(known), 3, 6) or windows(_one_of_each(known), 2, 2):
        yield PlanCandidate("look", _plan(reading, title, some))
    for name in dict.fromkeys(move.object for move in moves):
        own = [move for move in moves if move.object == name][:3]
        subject = [reading.objects[name]] if name in reading.objects else solid[:1]
        frames = {key: value for key, value in _picture(active["props"]).items() if key != "resolution"}
        filming = camera if camera is not None and camera.name == name else None
        yield PlanCandidate(
            "movement",
            _plan(reading, title, subject, parts=(), movements=tuple(own), camera=filming, **frames),
        )


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
    about = {name for name in blocks(reading.scene, "objects") if _words(name) & _words(title)}
    if not title or (about and not about & names):
        title = next((_called(one.name) for one in objects if not NAMELESS.match(one.name)), title or _UNTITLED)
    plan = ScenePlan(title=title, objects=tuple(objects), materials=tuple(known[name] for name in worn), **others)
    return _with_plain_names(plan)


def _is_nobodys(material: str) -> bool:
    """Whether nobody has named a material."""
    return bool(UNNAMED_MATERIAL.match(material) or NAMED_AFTER_A_SHAPE.match(material))


def _words(name: str) -> set[str]:
    """The words of a name without case and plural: "window", "pane" of `WindowPanes.001`."""
    return {re.sub(r"(?<=[a-z]{2}[^s])s$", "", word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def _called(name: str) -> str:
    """What a plan is called after a thing: "Wall" after `Wall1`."""
    return re.sub(r"[._ -]?\d+$", "", name) or name


def _shown(scene: Mapping[str, Any], name: str) -> bool:
    """Whether it is meant to be seen as a body: cutters and other helpers are not, and the air of a volume is not."""
    thing = blocks(scene, "objects")[name]
    props = thing["props"]
    worn = [blocks(scene, "materials").get(one or "", {}) for one in materials_of(scene, thing)]
    if worn and all(is_volume(one) for one in worn):
        return False
    return not props.get("hide_render") and props.get("display_type", "TEXTURED") in ("TEXTURED", "SOLID")


def _bulk(one: PlannedObject) -> float:
    x, y, z = sorted(one.size, reverse=True)
    return x * y + x * z


def _title(scene: Mapping[str, Any]) -> str:
    """The scene's own name; empty where it has none, and a plan is called after its first thing."""
    name = str(scene.get("active_scene", "Scene"))
    return name if can_be_named(name) and not re.fullmatch(r"Scene(\.\d+)?", name) else ""


def _is_of_something(plan: ScenePlan) -> bool:
    """Whether most of a plan's things have names that somebody gave, and more is said of them than their size."""
    if not plan.objects:
        return len(plan.lights) > 1 and plan.title != _UNTITLED
    if len(plan.objects) > 2 and len({_called(one.name) for one in plan.objects}) == 1:
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


def _around(one: PlannedObject, place: Sequence[float]) -> bool:
    """Whether the box that stands for a thing would swallow a place."""
    return all(abs(there - here) < size / 2 for there, here, size in zip(place, one.location, one.size, strict=True))


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


def _groups(reading: Reading, title: str) -> Iterator[tuple[str, list[PlannedObject]]]:
    """Things that belong together: collections, then neighbours along the floor."""
    held: dict[str, list[PlannedObject]] = {}
    for one in reading.objects.values():
        if one.collection and one.kind != "empty" and _shown(reading.scene, one.name):
            held.setdefault(one.collection, []).append(one)
    given = 0
    for name, members in sorted(held.items()):
        if len(members) > 1 and given < _LAYOUTS:
            given += 1
            own = "" if _COLLECTION.match(name) else without_number(name)
            yield own or title, sorted(members, key=lambda one: (-_bulk(one), one.name))[:MAX_OBJECTS]
    loose = [one for one in reading.objects.values() if one.kind != "empty" and _shown(reading.scene, one.name)]
    loose.sort(key=lambda one: (round(one.location[0] + one.location[1], 3), one.name))
    for group in windows(loose, min(5, len(loose)), max(1, _LAYOUTS - given)) if len(loose) > 1 else ():
        yield title, group


def _families(reading: Reading) -> Iterator[tuple[str, list[PlannedObject]]]:
    children: dict[str, list[PlannedObject]] = {}
    for one in reading.objects.values():
        if one.parent in reading.objects:
            children.setdefault(one.parent, []).append(one)
    for name, found in sorted(children.items())[:6]:
        yield "" if NAMELESS.match(name) else without_number(name), [reading.objects[name], *found[: MAX_OBJECTS - 1]]


def _one_of_each(objects: Iterable[PlannedObject]) -> list[PlannedObject]:
    return list({one.material: one for one in reversed(list(objects))}.values())[::-1]


def _revisions(after: ScenePlan) -> Iterator[PlanCandidate]:
    """The real plan as what it becomes, and as what it was the same with one thing otherwise."""
    chance = chance_of("revision", msgspec.to_builtins(after))
    makers = [
        _was_elsewhere,
        _had_another_size,
        _was_missing,
        _was_too_much,
        _was_lit,
        _was_turned,
        _had_a_lens,
        _was_rough,
    ]
    chance.shuffle(makers)
    given = 0
    for make in makers:
        found = make(after, chance)
        if found is not None and given < 2:
            given += 1
            yield found


def _revised(after: ScenePlan, before: ScenePlan, change: Change) -> PlanCandidate:
    return PlanCandidate("revision", after, before, change, "one thing differs in the plan before")


def _still(plan: ScenePlan) -> list[PlannedObject]:
    moving = {move.object for move in plan.movements}
    return [one for one in plan.objects if one.kind != "empty" and one.name not in moving]


def _with(plan: ScenePlan, one: PlannedObject) -> ScenePlan:
    return replace(plan, objects=tuple(one if other.name == one.name else other for other in plan.objects))


def _was_elsewhere(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    things = [one for one in _still(after) if one.kind != "plane"]
    if not things:
        return None
    one, axis = chance.choice(things), chance.choice((0, 1, 2))
    by = plain_step(max(one.size)) * chance.choice((-2, -1, 1, 2))
    where = [v - by if n == axis else v for n, v in enumerate(one.location)]
    if not any(one.location):
        return None
    before = _with(after, replace(one, location=tuple(round(v, 4) + 0.0 for v in where)))
    return _revised(after, before, Change("move", one.name, axis))


def _had_another_size(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    things = [one for one in _still(after) if min(one.size) > 0.002 and one.kind in ("box", "cylinder", "cone")]
    if not things:
        return None
    one = chance.choice(things)
    axis = chance.choice((0, 1, 2)) if one.kind == "box" else 2
    by = plain_step(one.size[axis]) * chance.choice((-1, 1, 2))
    if one.size[axis] - by <= 0.001:
        by = -by
    size = tuple(round(v - by, 4) if n == axis else v for n, v in enumerate(one.size))
    return _revised(after, _with(after, replace(one, size=size)), Change("resize", one.name, axis))


def _was_turned(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    things = [one for one in _still(after) if _shows_turn(one)]
    if not things:
        return None
    one = chance.choice(things)
    return _revised(after, _with(after, replace(one, rotation=(0.0, 0.0, 0.0))), Change("turn", one.name))


def _shows_turn(one: PlannedObject) -> bool:
    """Whether a thing looks otherwise than without its turn: a square box by 90° around Z does not."""
    x, y, z = one.rotation
    if one.kind == "sphere" or not any(one.rotation):
        return False
    if x or y:
        return True
    even = abs(one.size[0] - one.size[1]) < 1e-3
    return not even if one.kind in ("cylinder", "cone", "torus") else z % (90 if even else 180) != 0


def _was_missing(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    parents = {one.parent for one in after.objects}
    names = [one.name for one in _still(after) if one.name not in parents] if len(after.objects) > 1 else []
    names += [one.name for one in after.lights] if len(after.lights) > 1 else []
    if not names:
        return None
    name = chance.choice(names)
    gone = replace(
        after, objects=tuple(one for one in after.objects if one.name != name),
        lights=tuple(one for one in after.lights if one.name != name),
    )  # fmt: skip
    return _revised(after, gone, Change("add", name))


def _was_too_much(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    found = _was_missing(after, chance)
    if found is None or found.before is None or found.change is None or after.title == _called(found.change.name):
        return None
    return PlanCandidate("revision", found.before, after, Change("remove", found.change.name), "one thing is taken out")


def _was_lit(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    lights = [one for one in after.lights if one.energy]
    if not lights:
        return None
    one = chance.choice(lights)
    if one.color != (1.0, 1.0, 1.0) and chance.random() < 0.5:
        old = replace(one, color=(1.0, 1.0, 1.0))
    else:
        old = replace(one, energy=_half(one.energy or 1.0, chance))
    lights_before = tuple(old if other.name == one.name else other for other in after.lights)
    return _revised(after, replace(after, lights=lights_before), Change("light", one.name))


def _had_a_lens(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    camera = after.camera
    if camera is None or camera.ortho_scale is not None or camera.lens == 50.0:
        return None
    old = replace(camera, lens=chance.choice([lens for lens in (24.0, 35.0, 50.0, 85.0) if lens != camera.lens]))
    return _revised(after, replace(after, camera=old), Change("lens", camera.name))


def _was_rough(after: ScenePlan, chance: random.Random) -> PlanCandidate | None:
    surfaces = [one for one in after.materials if one.roughness != 0.5]
    if not surfaces:
        return None
    one = chance.choice(surfaces)
    old = replace(one, roughness=0.9 if one.roughness < 0.5 else 0.1)
    materials = tuple(old if other.name == one.name else other for other in after.materials)
    return _revised(after, replace(after, materials=materials), Change("surface", one.name))


def _half(energy: float, chance: random.Random) -> float:
    return float(f"{energy * chance.choice((0.5, 0.6, 1.5, 2.0)):.2g}")


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
