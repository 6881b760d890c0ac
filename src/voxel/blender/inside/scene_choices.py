"""Properties that set others of their struct when they are set: a file format gives its colour mode and depth.

What a choice gives is no difference from new, and a script that makes the choice need not say it.
"""

from __future__ import annotations

from itertools import product
from typing import Any

CHOICES = {"ImageFormatSettings": ("media_type", "file_format")}
"""By RNA type: the properties that choose, in the order in which scripts set them."""


def chosen(struct: Any, names: tuple[str, ...], others: list[str]) -> dict[str, dict[str, Any]]:
    """What each choice sets of `others` in a fresh struct, by the value of the last of `names`; leaves it as it was."""
    kinds = struct.bl_rna.properties
    there = [name for name in names if name in kinds]
    first = {name: getattr(struct, name) for name in (*there, *(one for one in others if one not in names))}
    found: dict[str, dict[str, Any]] = {}
    for way in product(*([item.identifier for item in kinds[name].enum_items] for name in there)):
        try:
            for name, value in zip(there, way, strict=True):
                setattr(struct, name, value)
        except TypeError:
            pass  # RNA lists formats that the medium before does not have
        else:
            given = {name: getattr(struct, name) for name in others}
            found[way[-1]] = {name: now for name, now in given.items() if name not in names and now != first[name]}
        for name, value in first.items():
            setattr(struct, name, value)
    return {way: values for way, values in found.items() if values}
