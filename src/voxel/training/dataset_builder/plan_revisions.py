"""Revisions of a plan: the real one as what it becomes, and as what it was the same with one thing otherwise."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from voxel.facts.briefs import Change
from voxel.records.plan import PlannedObject, ScenePlan
from voxel.training.dataset_builder.candidate import PlanCandidate, chance_of, plain_step
from voxel.training.dataset_builder.naming import title_of

MOST = 2
"""Revisions of one plan."""


def revisions(after: ScenePlan) -> Iterator[PlanCandidate]:
    """At most MOST, of different kinds, chosen by what the plan holds."""
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
        if found is not None and given < MOST:
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
    if found is None or found.before is None or found.change is None or after.title == title_of(found.change.name):
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
