"""What a plan of a scene would have to hold, and what of that the plain shapes of a plan cannot say.

The plan of what stands around a vase is no plan of the vase: where something large is missing, nothing is planned that
is called after the scene.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json, active_scene, blocks
from voxel.records.plan import PlannedObject
from voxel.training.dataset_builder.plan_reading import Reading
from voxel.training.dataset_builder.pruning import is_helper, is_volume

_BODIES = frozenset(("MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD"))
_BACKDROP = re.compile(r"backdrop|\bsweep\b|cyclorama|\bcyc\b", re.IGNORECASE)
"""What a studio stands in; a plan without it is still one of what is shown."""
_LITTLE = 0.15
"""Of what is planned, so much may be left out as detail."""
_SMALL = 0.1
"""A box of this part of all may stand for what is in it, too."""
_TOUCH = 0.01
"""Metres, and of the height of what stands: so far apart two things still touch."""
_MAKERS = frozenset(f"{name}Modifier" for name in ("Nodes", "Array", "Ocean", "Build", "Curve", "Explode", "Skin"))
"""Modifiers that make more than the mesh that they are given."""


def bulk(size: Sequence[float]) -> float:
    """How much of a picture something of this size fills, square metres: its largest side from two directions."""
    x, y, z = sorted(size, reverse=True)
    return x * y + x * z


def in_sight(scene: Mapping[str, Any]) -> frozenset[str]:
    """Names of the objects that are meant to be seen as bodies.

    Cutters and other helpers are not, nor what is in no layer or in a hidden collection (the sources of instances), nor
    the air of a volume.
    """
    gone = _unseen(scene)
    return frozenset(
        name for name, thing in blocks(scene, "objects").items() if name not in gone and _shows(scene, thing)
    )


def _shows(scene: Mapping[str, Any], thing: Json) -> bool:
    worn = [blocks(scene, "materials").get(one or "", {}) for one in materials_of(scene, thing)]
    if thing["kind"] not in _BODIES or (worn and all(is_volume(one) for one in worn)):
        return False
    return not thing["props"].get("hide_render") and not is_helper(thing)


def _unseen(scene: Mapping[str, Any]) -> set[str]:
    """What only collections hold that no picture shows."""
    held = blocks(scene, "collections")
    root = active_scene(scene).get("root", {})
    layers = active_scene(scene).get("view_layers", [])
    excluded = set.intersection(*(set(one.get("excluded", ())) for one in layers)) if layers else set()
    shown = set(root.get("objects", ()))
    waiting: list[str] = list(root.get("children", ()))
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        one = held.get(name, {})
        if name in reached or name in excluded or one.get("props", {}).get("hide_render"):
            continue
        reached.add(name)
        shown |= set(one.get("objects", ()))
        waiting += one.get("children", ())
    return set(blocks(scene, "objects")) - shown


def is_whole(reading: Reading, seen: Iterable[str], planned: Sequence[PlannedObject]) -> bool:
    """Whether what is `seen` and not `planned` is little beside what is planned; backdrops do not count.

    What nodes, arrays and simulations make may be of any size, so that a plan without it is never whole.
    """
    there = {one.name for one in planned}
    objects = blocks(reading.scene, "objects")
    left = [objects[name] for name in seen if name not in there and not _BACKDROP.search(name)]
    made = [{one["type"] for one in thing.get("modifiers", ())} & _MAKERS for thing in left]
    if any(made) or any("particle_systems" in thing for thing in left):
        return False
    room = sum(bulk(one.size) for one in planned if one.kind != "plane")
    return sum(bulk(thing.get("dimensions", (0.0, 0.0, 0.0))) for thing in left) <= _LITTLE * room


def is_hollow(things: Sequence[PlannedObject]) -> bool:
    """Whether a shape that matters hides several others: a room, a wheel and its spokes. No plain shape is hollow."""
    room = sum(bulk(one.size) for one in things)
    return any(sum(_holds(one, other) for other in things) > 1 and bulk(one.size) > _SMALL * room for one in things)


def outside(things: Sequence[PlannedObject]) -> list[PlannedObject]:
    """Without what the closed shape of another would hide."""
    return [one for one in things if not any(_holds(other, one) for other in things)]


def with_support(chosen: Sequence[PlannedObject], things: Sequence[PlannedObject]) -> list[PlannedObject]:
    """The chosen ones with what they stand on, down to the floor, in the order of `things`.

    Judged by the boxes around them: touching within a hundredth of a metre or of the height, one over the other.
    """
    kept = list(chosen)
    for one in kept:  # grows while it is gone through
        kept += [other for other in things if other not in kept and _stands_on(one, other)]
    return [one for one in things if one in kept]


def _stands_on(upper: PlannedObject, lower: PlannedObject) -> bool:
    bottom, top = upper.location[2] - upper.size[2] / 2, lower.location[2] + lower.size[2] / 2
    if upper.kind == "plane" or abs(bottom - top) > max(_TOUCH, _TOUCH * upper.size[2]):
        return False
    sides = [(abs(upper.location[n] - lower.location[n]), (upper.size[n] + lower.size[n]) / 2) for n in (0, 1)]
    return all(apart < reach for apart, reach in sides)


def _holds(outer: PlannedObject, inner: PlannedObject) -> bool:
    if outer is inner or outer.kind in ("plane", "torus", "empty"):
        return False
    return all(
        abs(a - b) + small / 2 <= large / 2 + 1e-4
        for a, b, small, large in zip(inner.location, outer.location, inner.size, outer.size, strict=True)
    )
