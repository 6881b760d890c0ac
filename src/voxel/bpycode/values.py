"""Scene values as source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from voxel.bpycode.layout import Bracket, Doc, call, parts, quote
from voxel.bpycode.numbers import COLOR_CLOSE, angle, number, scalar, vector
from voxel.bpycode.script import Json, Script, identity

ANGLES = frozenset({"ROTATION", "ANGLE", "EULER"})
UNTURNED = 3e-5
"""Radians of a rotation that are the noise of a matrix it was taken from."""
COLORS = frozenset({"COLOR", "COLOR_GAMMA"})


@dataclass(frozen=True, slots=True)
class Column:
    """In place of a value: the variable that holds it, in a loop over a table or as an argument of a function."""

    word: str


def socket_unit(script: Script, item: Json) -> str:
    """The unit of a node's input."""
    kind, what = item.get("socket_type", ""), item["value"]
    if kind.endswith(("FloatAngle", "VectorEuler", "Rotation")):
        return "ROTATION"
    unit = str(script.after.get("units", {}).get(f"{kind}.default_value", ""))
    return unit or ("COLOR" if kind.endswith("Color") or (isinstance(what, list) and len(what) == 4) else "")


def rounded_angle(script: Script, value: float) -> str | None:
    text = angle(value)
    if text is not None:
        script.need("from math import radians")
    return text


def value(script: Script, what: Any, unit: str = "", *, exact_float: bool = False) -> Doc:
    """The source of a value; `unit` is RNA's. Raises NotYetError or NowhereError for datablocks that are not there.

    `exact_float` writes a number with a point even when it is whole, where Blender keeps the type that it is given.
    """
    if isinstance(what, Column):
        return what.word
    if what is None or isinstance(what, bool | int):
        return repr(what)
    if isinstance(what, str):
        return quote(what)
    if isinstance(what, float):
        if unit in ANGLES:
            return rounded_angle(script, what) or number(what)
        return number(what) if exact_float else scalar(what)
    if isinstance(what, list):
        return array(script, what, unit)
    needed = identity(what)
    if needed is not None:
        return script.refer(needed)
    if "$flags" in what:
        flags = [quote(flag) for flag in what["$flags"]]
        return Bracket("", "{", tuple(flags), "}", literal=True) if flags else "set()"
    if "$bone" in what:
        return quote(what["$bone"])
    raise ValueError(f"no source for {what!r}")


def angles(script: Script, what: list[float]) -> list[str]:
    """Parts of a rotation: in degrees when all are round, else those that a person would turn by anyway."""
    what = [0.0 if abs(part) < UNTURNED else part for part in what]
    plain = vector(what)
    even = all(text == "0" or angle(part) for part, text in zip(what, plain, strict=True))
    return [
        (rounded_angle(script, part) if even or abs(math.degrees(part) / 15 % 1 - 0.5) > 0.4999 else None) or text
        for part, text in zip(what, plain, strict=True)
    ]


def array(script: Script, what: list[Any] | Column, unit: str = "") -> Doc:
    """A vector, a colour, or a matrix as a tuple."""
    if isinstance(what, Column):
        return what.word
    if what and isinstance(what[0], list):
        script.need("from mathutils import Matrix")  # Blender reads plain tuples of a matrix column by column
        return call("Matrix", parts(array(script, row, unit) for row in what))
    if not all(isinstance(item, float | int) and not isinstance(item, bool) for item in what):
        return parts(value(script, item, unit) for item in what)
    if unit in ANGLES:
        return parts(angles(script, what))
    return parts(vector(what, close=COLOR_CLOSE) if unit in COLORS else vector(what))
