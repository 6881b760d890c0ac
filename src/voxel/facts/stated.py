"""Whether a reader could know what is checked: every value of every check has to be in the words, or in the given code.

This reads the words back, independently of how they were written: numbers with their units, names in quotes, items of
enumerations by the names that Blender shows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from voxel.facts import words
from voxel.facts.lookup import reference, same
from voxel.facts.nouns import SAID
from voxel.records.example import Check, Geometry, Link, Materials, Node, Property, Socket, Stack

_NUMBER = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s?(°|degrees?\b|cm\b|mm\b|m\b|%)?")
_RADIANS = re.compile(r"radians\((-?\d+(?:\.\d+)?)\)")
_UNITS = {"°": math.radians(1), "cm": 0.01, "mm": 0.001, "%": 0.01} | dict.fromkeys(
    ("degree", "degrees"), math.radians(1)
)
_COUNTS = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0}
_SHAPING = frozenset(("path", "in_out", "index", "part", "kinds"))
"""Fields that say where to look, not what has to be there."""
_SHAPES = {
    "CUBE": "box", "UV_SPHERE": "sphere", "MONKEY": "monkey", "NOTHING": "no end caps", "NGON": "n-gon caps",
    "TRIFAN": "fan",
}  # fmt: skip
_PARTS_OF_COLOR = {"Red": ("Hue",), "Green": ("Saturation",), "Blue": ("Value", "Lightness")}
_ALWAYS = frozenset(("ShaderNodeBsdfPrincipled", "ShaderNodeBackground"))
"""Nodes that every new material and world has: "roughness 0.4" is enough to know where."""
_IMPLIED = (0.0, 1.0)
"""What a colour's alpha, or the axes that are not named, may be without a word."""


def unstated(checks: Sequence[Check], instruction: str, context: str = "") -> list[str]:
    """What is checked and not said, as `kind path: value`; empty when all is said."""
    text = f"{instruction}\n{context}"
    numbers = stated_numbers(text)
    plain = _squeezed(text)
    missing: list[str] = []
    for check in checks:
        for label, value in _leaves(check):
            if not _said(value, label, check, numbers, plain, text):
                missing.append(f"{type(check).__name__.lower()} {label}: {value}")
    return missing


def stated_numbers(text: str) -> list[float]:
    """Every number in base units (radians, metres) as well as as it stands."""
    turned = [math.radians(float(digits)) for digits in _RADIANS.findall(text)]
    return [*_COUNTS.values(), *(value for one in readings(text) for value in one), *turned]


def readings(text: str) -> list[tuple[float, ...]]:
    """Every number of a text: as it stands, and in base units where it has a unit."""
    found: list[tuple[float, ...]] = []
    for digits, unit in _NUMBER.findall(text):
        value = float(digits)
        found.append((value, value * _UNITS[unit]) if unit in _UNITS else (value,))
    return found


def _leaves(check: Check) -> Iterator[tuple[str, Any]]:
    for name, value in msgspec.structs.asdict(check).items():
        if name == "kind" or (name == "of" and check.of[0] == "scenes"):
            continue
        if name == "of":
            yield "of", check.of[1]
        elif name in _SHAPING or _silent(check, name, value):
            continue
        elif isinstance(value, dict) and reference(value) is None and "$flags" not in value:
            for key, inner in value.items():
                yield from _parts(key, inner)
        else:
            label = check.path.rpartition(".")[2] if isinstance(check, Property) else name
            yield from _parts(label, value)


def _silent(check: Check, name: str, value: Any) -> bool:
    """Whether a field of a check needs no words of its own."""
    if name == "type":
        return isinstance(check, Node) and value in _ALWAYS and bool(check.inputs or check.props)
    return name == "count" and (value == 1 or isinstance(check, Link))


def _parts(label: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _parts(label, one)
    elif isinstance(value, dict) and "$flags" in value:
        for flag in value["$flags"]:
            yield label, flag
    elif value is not None and value != "":
        target = reference(value)
        yield label, target[1] if target else value


def _said(value: Any, label: str, check: Check, numbers: Sequence[float], plain: str, text: str) -> bool:
    if isinstance(value, bool):
        return _switch_said(value, label, check, plain)
    if isinstance(value, (int, float)):
        if any(same(float(value), number) for number in numbers):
            return True
        if isinstance(check, Geometry) and label in ("size", "vertices", "edges", "faces"):
            if label != "size" or value == 0 or any(same(value / 2, number) for number in numbers):
                return True
            if check.primitive == "TORUS":
                return _is_of_torus(value, check, numbers)
            return any(same(value, unit * number) for unit in _units(check) for number in numbers)
        return value in _IMPLIED
    if isinstance(check, (Node, Link, Stack)) and _squeezed(words.type_name(str(value))) in plain:
        return True
    if isinstance(check, Materials) or label == "of":
        return str(value) in text
    return any(_squeezed(form) in plain for form in _forms(str(value), label, check))


def _units(check: Geometry) -> list[float]:
    """Extents of a shape with radius 1 that are not 2: of few-cornered rounds, ico spheres, and Suzanne of size 1."""
    corners = (check.args or {}).get("vertices", 32)
    if check.primitive in ("CIRCLE", "CYLINDER", "CONE") and corners % 4:
        return _across(corners)
    if check.primitive == "ICO_SPHERE" and check.size is not None:
        return [side / (check.size[2] / 2) for side in check.size[:2]]
    return [1.3671875, 0.8515625, 0.984375] if check.primitive == "MONKEY" else []


def _is_of_torus(value: float, check: Geometry, numbers: Sequence[float]) -> bool:
    """Whether an extent is that of a ring with two of these numbers as its radii."""
    args = check.args or {}
    tube = _across(args.get("minor_segments", 12))
    rings = _across(args.get("major_segments", 48))
    few = [number for number in numbers if 0 < number < value]
    return any(same(value, side * number) for side in tube for number in few) or any(
        same(value, side * (one + other)) for side in rings for one in few for other in few
    )


def _across(corners: int) -> list[float]:
    """The two extents of a circle of radius 1 with so many corners."""
    around = [2 * math.pi * place / corners for place in range(corners)]
    return [max(axis) - min(axis) for axis in (list(map(math.sin, around)), list(map(math.cos, around)))]


def _forms(value: str, label: str, check: Check) -> Iterator[str]:
    yield value
    yield words.type_name(value)
    yield words.item("", label, value)
    yield value.replace("_", " ")
    if isinstance(check, Node):
        yield words.item(check.type, label, value)
    if isinstance(check, Socket):
        yield words.spaced(value.removeprefix("NodeSocket"))
    if isinstance(check, Geometry):
        yield _SHAPES.get(value, value)
    if isinstance(check, Stack):
        yield value.removesuffix("Modifier").removesuffix("Constraint").removeprefix("FModifier")
    if isinstance(check, Link):
        yield re.sub(r"_\d+$", "", value)
        yield re.sub(r"_[A-Z][A-Za-z]+$", "", value)
        if any(end[0].endswith("eColor") for end in (check.source, check.target)):
            yield from _PARTS_OF_COLOR.get(value, ())
    if label == "type":
        yield {"MESH": "", "LIGHT": "light", "FONT": "text", "META": "metaball"}.get(value, value)
        yield value.removesuffix("Tree") if value.endswith("NodeTree") else value


def _switch_said(value: bool, label: str, check: Check, plain: str) -> bool:
    if isinstance(check, Property):
        said = SAID.get(check.path)
        if said and any(
            _squeezed(re.sub(r"\{[^}]*\}", "", part))[:12] in plain or _squeezed(part.partition("{")[0]) in plain
            for part in said
        ):
            return True
    if label in ("smooth", "connected"):
        return not value or label in plain or "smooth" in plain
    last = label.rpartition(".")[2]
    return any(_squeezed(noun) in plain for noun in words.nouns_of(last))


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\-_]+", "", text.lower())
