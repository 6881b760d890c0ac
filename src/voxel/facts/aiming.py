"""Where a thing looks: cameras and lights look along their own -Z axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from voxel.facts.lookup import block, reference

Vector = tuple[float, float, float]
NEAR = math.radians(0.5)
"""How far from the middle of the picture the point may be, radians."""


def sight(rotation: Sequence[float]) -> Vector:
    """The direction of -Z after an Euler rotation in the order XYZ, radians; a unit vector."""
    a, b, c = rotation
    x, y, z = -math.cos(a) * math.sin(b), math.sin(a), -math.cos(a) * math.cos(b)
    return x * math.cos(c) - y * math.sin(c), x * math.sin(c) + y * math.cos(c), z


def aims(scene: Mapping[str, Any], thing: Mapping[str, Any], point: Sequence[float]) -> bool:
    """Whether an object without a parent looks at a point of the world, by its rotation or by a Track To constraint."""
    props = thing.get("props", {})
    place = props.get("location", (0.0, 0.0, 0.0))
    for held in thing.get("constraints", []):
        target = reference(held["props"].get("target"))
        followed = None if target is None else block(scene, target)
        tracked = (
            held["type"] == "TrackToConstraint" or held["props"].get("track_axis") == "TRACK_NEGATIVE_Z"
        ) and followed is not None
        if followed is not None and tracked and "parent" not in followed:
            there = followed.get("props", {}).get("location", (0.0, 0.0, 0.0))
            return _between(_way(place, there), _way(place, point)) <= NEAR
    if thing.get("parent") or props.get("rotation_mode", "XYZ") != "XYZ":
        return False
    return _between(sight(props.get("rotation_euler", (0.0, 0.0, 0.0))), _way(place, point)) <= NEAR


def _way(here: Sequence[float], there: Sequence[float]) -> Vector:
    x, y, z = (b - a for a, b in zip(here, there, strict=True))
    return x, y, z


def _between(one: Vector, other: Vector) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    if not lengths:
        return math.pi
    return math.acos(max(-1.0, min(1.0, sum(a * b for a, b in zip(one, other, strict=True)) / lengths)))
