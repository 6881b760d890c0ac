"""Numbers as a person would type them: the shortest decimal that Blender's float32 cannot tell from the value."""

from __future__ import annotations

import math
from collections.abc import Sequence

CLOSE = 2e-6
"""Relative distance within which two numbers are the same to us."""

COLOR_CLOSE = 1e-5
"""The same for colour channels, which nobody sees closer than 1/1000."""

_NOTHING = 5e-7
"""What is smaller is the noise of float32, not a number that anybody chose."""
_LARGEST = 10.0
"""A vector's length beyond this does not make its small parts less exact."""


def shortest(value: float, scale: float = 0.0, close: float = CLOSE) -> float:
    """The number with the fewest digits within `close` of `value`, relative to the larger of `value` and `scale`."""
    if not math.isfinite(value):
        return value
    within = max(abs(value), scale) * close
    if abs(value) <= max(within, _NOTHING):
        return 0.0
    for digits in range(1, 10):
        candidate = float(f"{value:.{digits}g}")
        if abs(candidate - value) <= within:
            return candidate
    return value


def number(value: float, *, whole: bool = False, scale: float = 0.0, close: float = CLOSE) -> str:
    """`value` as source. `whole` lets a number without a fraction be written as an integer."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(value)
    if math.isnan(value) or math.isinf(value):
        return f'float("{value}")'
    short = shortest(value, scale, close)
    if whole and short == int(short) and abs(short) < 1e7:
        return str(int(short))
    text = repr(short)
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return text


def scalar(value: float) -> str:
    """A single setting: 50, 0.5, but 1.0 and 0.0, as such numbers are mostly factors."""
    return number(value, whole=abs(value) >= 1.5)


def angle(value: float) -> str | None:
    """`radians(90)` when the angle, in radians, is a round number of degrees; None when it is not, or is zero."""
    if not math.isfinite(value) or abs(value) < _NOTHING:
        return None
    degrees = math.degrees(value)
    for decimals, close in ((0, 6e-6), (1, 2e-6), (2, 5e-7)):
        rounded = round(degrees, decimals)
        if rounded and abs(math.radians(rounded) - value) <= close * max(1.0, abs(value)):
            return f"radians({number(rounded, whole=True)})"
    return None


def vector(values: Sequence[float], *, close: float = CLOSE) -> list[str]:
    """The parts of a vector, each with the precision that the longest part has."""
    scale = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return [number(v, whole=True, scale=min(scale, _LARGEST), close=close) for v in values]
