"""Whether what Blender evaluates is the same: shapes, poses, courses of f-curves; and what can excuse a difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voxel.records.scene import Ref, references

MEANT = 1e-3
"""Evaluated positions, matrices and values are the same within this, relative above 1."""


def same_effect(one: Any, other: Any, scale: float = 1.0) -> bool:
    """Whether two results of evaluation agree; lists of numbers by the size of the largest, whole numbers exactly."""
    if isinstance(one, list) and isinstance(other, list):
        numbers = [abs(part) for part in one if isinstance(part, float)]
        scale = max(scale, *numbers) if numbers else scale
        return len(one) == len(other) and all(same_effect(a, b, scale) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_effect(one[key], other[key], scale) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return one == other or abs(one - other) <= MEANT * scale
    return bool(one == other)


def lost_below(scene: Mapping[str, Any], ref: Ref, lost: Mapping[str, str]) -> str | None:
    """Why something that a datablock is made of, by any number of steps, is not in the Scene.

    `lost` has the reason by path, as the dump and the writer give them. Custom properties are no such reason.
    """
    todo, seen = [ref], set()
    while todo:
        ref = todo.pop()
        if ref in seen or ref[0] == "scenes":
            continue
        seen.add(ref)
        where = f'{ref[0]}["{ref[1]}"]'
        for path, reason in lost.items():
            if path.startswith(where) and "custom properties" not in reason:
                return reason
        block = scene["blocks"].get(ref[0], {}).get(ref[1])
        if block is not None:
            todo += references(block)
    return None
