"""Which slot of its action a datablock plays, whatever the slot is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from voxel.facts.compare_values import Difference, value_differences

Json = Mapping[str, Any]


def slot_differences(first: Json, second: Json, before: Json, after: Json, path: str) -> list[Difference]:
    """Where `before` of the Scene `first` and `after` of `second` play actions through different slots.

    Slots are known by their place among the slots of their action in the order of names, as in f-curves.
    """
    return value_differences(dict(_played(first, before)), dict(_played(second, after)), path)


def _played(scene: Json, block: Json) -> Iterator[tuple[str, int]]:
    for place, holder in (
        ("animation", block),
        ("tree.animation", block.get("tree") or {}),
        ("shape_keys.animation", block.get("shape_keys") or {}),
    ):
        animation = holder.get("animation") or {}
        action = scene["blocks"].get("actions", {}).get((animation.get("action") or {}).get("$id", ["", ""])[1])
        names = sorted(slot["name"] for slot in (action or {}).get("slots", ()))
        if animation.get("slot") in names:
            yield f"{place}.slot", names.index(animation["slot"])
