"""Plans: which properties of an RNA type are read, and how; and those with one value each, read together.

A plan is JSON-able, so that the plans that `fresh()` made serve every later dump.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from scene_noise import NOISE
from scene_numbers import clean, close
from scene_rules import ALIASES, MEANT_IS, REBUILT, RUNTIME_LISTS, STATE, UNMEANT

Props = dict[str, Any]
Plan = list[list[Any]]

LEFT_OUT = ALIASES | UNMEANT | NOISE
ABSENT = object()
MOST_KEPT = 512
"""Readings of one type that are kept."""


def qualified(kind: Any, identifier: str) -> list[str]:
    """The names under which the rules may speak of a property of an RNA type: `Type.prop` for it and each base."""
    names = []
    while kind is not None:
        names.append(f"{kind.identifier}.{identifier}")
        kind = kind.base
    return names


def is_id(kind: Any) -> bool:
    while kind is not None:
        if kind.identifier == "ID":
            return True
        kind = kind.base
    return False


def how(kind: Any, prop: Any) -> str | None:
    """How a property is read: plain, float, floats, flags, id, struct, bone, list, lost; None when it is not."""
    identifier = prop.identifier
    if identifier in STATE or identifier.startswith("bl_"):
        return None
    if identifier.startswith("is_") and identifier not in MEANT_IS:
        return None
    names = qualified(kind, identifier)
    if any(name in LEFT_OUT for name in names):
        return None
    if prop.type == "COLLECTION":
        if any(name in REBUILT for name in names):
            return "list"
        return None if any(name in RUNTIME_LISTS for name in names) else "lost"
    if prop.type == "POINTER":
        if is_id(prop.fixed_type):
            return None if prop.is_readonly else "id"
        if prop.fixed_type.identifier in ("PoseBone", "Bone"):
            return None if prop.is_readonly else "bone"
        return "struct" if prop.is_readonly else None
    if prop.is_readonly:
        return None
    if prop.type == "ENUM":
        return "flags" if prop.is_enum_flag else "plain"
    if prop.type == "FLOAT":
        return "floats" if prop.is_array else "float"
    if getattr(prop, "is_array", False):
        return "ints"
    return "plain"


def make_plan(kind: Any) -> Plan:
    plan: Plan = []
    for prop in kind.properties:
        manner = how(kind, prop)
        if manner is None:
            continue
        limits = [prop.hard_min, prop.hard_max] if prop.type in ("INT", "FLOAT") else [None, None]
        plan.append([prop.identifier, manner, *limits])
    return plan


class Scalars:
    """The properties of one RNA type that hold a number or a word each, read with one call.

    What a reading comes to is kept: dump after dump most structs are as they were, and to see that at one look costs
    less than to compare each value with that of `base`.
    """

    def __init__(self, kind: Any, plan: Plan) -> None:
        self._parts = [tuple(part) for part in plan if part[1] in ("plain", "float")]
        self._names = [part[0] for part in self._parts]
        self._read = attrgetter(*self._names) if len(self._names) > 1 else self._one_by_one
        self._enums = {name for name in self._names if name in kind.properties and kind.properties[name].type == "ENUM"}
        self._kept: dict[tuple[int, tuple[Any, ...]], tuple[Props | None, Props]] = {}

    def changed(self, struct: Any, base: Props | None) -> Props:
        """Those whose values are not those of `base`; all of them where it is None."""
        try:
            values = self._read(struct)
        except AttributeError:
            values = self._one_by_one(struct)
        key = id(base), values
        kept = self._kept.get(key)
        # the base that is kept cannot be freed, so that its number is no other's
        if kept is None or kept[0] is not base:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[key] = base, self._differing(values, {} if base is None else base)
        return dict(kept[1])

    def _one_by_one(self, struct: Any) -> tuple[Any, ...]:
        return tuple(getattr(struct, name, ABSENT) for name in self._names)

    def _differing(self, values: Iterable[Any], base: Props) -> Props:
        found: Props = {}
        for value, (identifier, manner, low, high) in zip(values, self._parts, strict=True):
            before = base.get(identifier, ABSENT)
            if value is ABSENT or value == before or (value == "" and identifier in self._enums):
                continue
            tidy = clean(value, low, high)
            if tidy != before and not (manner == "float" and close(tidy, before)):
                found[identifier] = tidy
        return found
