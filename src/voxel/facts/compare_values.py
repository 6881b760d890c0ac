"""Differences between plain values, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

TOLERANCE = 1e-4
ABSENT = "(as new)"
"""Stands in a Difference for a value that the dump leaves out because it is that of a fresh instance."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One place at which two Scenes do not mean the same."""

    path: str
    """As in bpy where bpy has a name for it: `objects["Chair"].props.location[2]`."""
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected!r}, found {self.found!r}"


def same_number(one: float, other: float, tolerance: float = TOLERANCE) -> bool:
    return abs(one - other) <= tolerance * max(1.0, abs(one), abs(other))


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def value_differences(one: Any, other: Any, path: str, tolerance: float = TOLERANCE) -> list[Difference]:
    """Where two plain values differ: numbers by tolerance, lists by place, mappings by key, the rest exactly."""
    if is_number(one) and is_number(other):
        same = same_number(one, other, tolerance)
        return [] if same else [Difference(path=path, expected=one, found=other)]
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if "$id" in one and "$id" in other:
            return [] if one == other else [Difference(path=path, expected=one, found=other)]
        found: list[Difference] = []
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                found.append(
                    Difference(path=f"{path}.{key}", expected=one.get(key, ABSENT), found=other.get(key, ABSENT))
                )
            else:
                found += value_differences(one[key], other[key], f"{path}.{key}", tolerance)
        return found
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return [Difference(path=f"{path}.length", expected=len(one), found=len(other))]
        found = []
        for place, (first, second) in enumerate(zip(one, other, strict=True)):
            found += value_differences(first, second, f"{path}[{place}]", tolerance)
        return found
    return [] if one == other and type(one) is type(other) else [Difference(path=path, expected=one, found=other)]


def distance(one: Any, other: Any) -> int:
    """How many places two values differ in."""
    return len(value_differences(one, other, ""))
