"""Numbers of Blender as short decimals, and when two of them count as the same."""

from __future__ import annotations

import struct as binary
from math import isfinite
from typing import Any

import numpy as np


def shortest(value: float) -> float:
    """The shortest decimal that is the same float32."""
    if not isfinite(value):
        return 0.0
    if abs(value) < 1e15 and value == int(value):
        return float(value) + 0.0
    exact = binary.pack("f", value)
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        if binary.pack("f", candidate) == exact:
            return candidate
    return float(f"{value:.9g}")


def shortest_all(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`shortest` for a whole array, of any shape; float64 with values that print short."""
    if values.size <= 64:
        return np.array([shortest(value) for value in values.ravel().tolist()], np.float64).reshape(values.shape)
    exact = values.astype(np.float64)
    exact[~np.isfinite(exact)] = 0.0
    result = exact.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log10(np.abs(exact)))
    exponent = np.where(np.isfinite(exponent), exponent, 0.0)
    todo = exact != np.round(exact)
    for digits in (6, 7, 8, 9):
        places = np.clip(digits - 1 - exponent, -22, 22)
        up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
        candidate = np.round(exact * up / down) / up * down
        fits = todo & (candidate.astype(np.float32) == exact.astype(np.float32))
        result[fits] = candidate[fits]
        todo &= ~fits
    return result + 0.0


def nested(value: Any) -> Any:
    """A bpy array, vector or matrix as (nested) lists."""
    items = list(value)
    return [nested(item) if hasattr(item, "__len__") else item for item in items]


def clean(value: Any, low: float | None = None, high: float | None = None) -> Any:
    """Floats shortest and inside their range, at any depth of lists."""
    if isinstance(value, list):
        return [clean(item, low, high) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if low is not None and high is not None:
        value = min(max(value, low), high)
    return shortest(value) if isinstance(value, float) else value


def close(value: Any, before: Any) -> bool:
    """Equal but for the rounding of a write and a read, 2e-6 relative above 1."""
    if isinstance(value, list):
        return isinstance(before, list) and len(value) == len(before) and all(map(close, value, before))
    return isinstance(before, (int, float)) and abs(value - before) <= 2e-6 * max(1.0, abs(value))
