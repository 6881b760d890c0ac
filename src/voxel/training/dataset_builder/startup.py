"""What Blender itself puts into a new scene: nobody asks for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PLACES = ((7.359, -6.926, 4.958), (7.481, -6.508, 5.344), (4.076, 1.005, 5.904))
"""Where the cameras of 2.8 and 2.7 and their lamp stand before anything is done."""
GRAY = (0.0505, 0.0505, 0.0505)
"""Between the greys of the startup scene's world and of one that a script makes."""
_NEAR = 0.02
_LAMP_TURN = (0.65033, 0.05522, 1.86639)
"""Radians. A lamp that has been moved, or made a sun, often still has this."""


def is_startup(place: Sequence[float], turn: Sequence[float] = ()) -> bool:
    """Whether a camera or a light stands, or is turned (radians), as Blender has put it."""
    if len(turn) == 3 and all(abs(a - b) < _NEAR for a, b in zip(turn, _LAMP_TURN, strict=True)):
        return True
    return any(all(abs(a - b) < _NEAR for a, b in zip(place, start, strict=True)) for start in PLACES)


def is_fresh(props: Mapping[str, Any]) -> bool:
    """The same of an object's properties."""
    return is_startup(props.get("location", (0.0, 0.0, 0.0)), props.get("rotation_euler", ()))
