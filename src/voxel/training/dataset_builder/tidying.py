"""Numbers as people write them: what a file holds, in the digits that somebody would have typed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from voxel.facts import words
from voxel.facts.lookup import Json

_DARK = 0.01
"""Parts of a colour below this have four digits."""
_LARGE = 0.5
"""Metres: what is larger has its place given in centimetres."""
_TYPED = 2e-6
"""How far a number that somebody typed may be from what a file holds, relative above 1."""
_MANY = 100.0
"""Settings from here on are typed with at most one digit behind the point."""


def tidy(value: Any, unit: str) -> Any:
    """Numbers as people write them: tenths of a degree, colours in thousandths, else about four digits."""
    if isinstance(value, list) and _is_color(value, unit):
        return [round(part, 3 if part >= _DARK else 4) + 0.0 for part in value]
    if isinstance(value, list):
        return [tidy(one, unit) for one in value]
    if isinstance(value, float):
        if unit in ("ROTATION", "EULER", "ANGLE"):
            return round(math.radians(round(math.degrees(value), 1)), 7) + 0.0
        return _round(value)
    return value


def plain_measure(value: float) -> float:
    """A measure of a mesh: what somebody typed stays, else in two digits more than its first."""
    typed = round(value, 3)
    if abs(value - typed) < _TYPED * max(1.0, abs(value)):
        return typed
    return place([value], abs(value))[0]


def as_said(value: Any) -> Any:
    """A measure in the digits in which an instruction says it."""
    return float(words.number(value)) if isinstance(value, float) and math.isfinite(value) else value


def _is_color(value: Sequence[Any], unit: str) -> bool:
    """Whether these are red, green and blue: as the unit says, or four parts within 0 and 1 of which the last is 1."""
    plain = all(isinstance(part, float) and 0 <= part <= 1 for part in value)
    return plain and (unit in ("COLOR", "COLOR_GAMMA") or (len(value) == 4 and value[3] == 1))


def tidy_setting(value: Any, unit: str) -> Any:
    """As `tidy`, with three digits for what nobody typed: 39.27 W was worked out, 39.5 W somebody wanted."""
    if not isinstance(value, float) or unit in ("ROTATION", "EULER", "ANGLE") or not math.isfinite(value):
        return tidy(value, unit)
    typed = round(value, 2 if abs(value) < _MANY else 1)
    return tidy(value, unit) if abs(value - typed) < _TYPED * max(1.0, abs(value)) else float(f"{value:.3g}")


def place(values: Sequence[float], size: float) -> list[float]:
    """A place as people write it: what somebody typed stays, the noise of dragging goes, in centimetres where the
    thing (or its distance) has half a metre or more."""
    digits = 2 if size >= _LARGE else 3 if size >= _LARGE / 10 else 4
    typed = [round(value, 3) for value in values]
    return [
        (one if abs(value - one) < _TYPED * max(1.0, abs(value)) else round(value, digits)) + 0.0
        for value, one in zip(values, typed, strict=True)
    ]


def say_plainly(props: Json, original: Mapping[str, Any]) -> None:
    """The place and the turn of an object as somebody would ask for them, in place."""
    given = original["props"]
    if "location" in props:
        size = max(original.get("dimensions") or [0.0]) or math.hypot(*given["location"])
        props["location"] = place(given["location"], size)
        if not any(props["location"]):
            del props["location"]
    mode = props.get("rotation_mode")
    if original.get("animation") and mode not in ("QUATERNION", "AXIS_ANGLE"):
        return
    if mode == "QUATERNION":
        angles = euler_of(props.pop("rotation_quaternion", [1.0, 0.0, 0.0, 0.0]))
        del props["rotation_mode"]
        props.pop("rotation_euler", None)
        if any(abs(angle) > 1e-4 for angle in angles):
            props["rotation_euler"] = tidy(angles, "ROTATION")
    elif mode == "AXIS_ANGLE" or (mode and not any(props.get("rotation_euler", ()))):
        del props["rotation_mode"]  # the order of the turns of what is not turned
    else:
        props.pop("rotation_quaternion", None)


def euler_of(quaternion: Sequence[float]) -> list[float]:
    """XYZ angles in radians."""
    length = math.sqrt(sum(part * part for part in quaternion)) or 1.0
    w, x, y, z = (part / length for part in quaternion)
    lean = max(-1.0, min(1.0, 2 * (w * y - z * x)))
    if abs(lean) > 0.99999:
        return [0.0, math.copysign(math.pi / 2, lean), -math.copysign(2, lean) * math.atan2(x, w)]
    return [
        math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
        math.asin(lean),
        math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
    ]


def _round(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return 0.0 if value == 0 else value
    digits = 2 if abs(value) >= 100 else 3 if abs(value) >= 0.1 else 4
    rounded = round(value, digits) + 0.0
    if rounded == 0:
        return 0.0 if abs(value) < 1e-6 else float(f"{value:.3g}")
    return rounded
