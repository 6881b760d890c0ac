"""Data is known by the object that holds it: a mesh that nobody named may be called otherwise in another Scene."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from voxel.records.data_names import was_chosen
from voxel.records.scene import Ref

Json = Mapping[str, Any]
_NUMBERS = frozenset({"geometry", "uv", "attributes", "fcurves", "splines", "weights"})
"""Long parts of a block that refer to nothing."""


def with_names_of(expected: Json, actual: Json) -> Json:
    """`actual` with data called as in `expected`, where that name is not one that somebody chose."""
    ours, theirs = _data_of_objects(expected), _data_of_objects(actual)
    owners: dict[Ref, list[str]] = defaultdict(list)
    for owner, ref in ours.items():
        owners[ref].append(owner)
    wanted: dict[Ref, Ref] = {}
    for owner, ref in ours.items():
        other = theirs.get(owner)
        if other is not None and other != ref and other[0] == ref[0] and not was_chosen(ref[1], owners[ref]):
            wanted.setdefault(other, ref)
    while True:
        held = {(kind, name) for kind, blocks in actual["blocks"].items() for name in blocks} - wanted.keys()
        clashes = [
            other
            for other, ref in wanted.items()
            if ref in held or sum(ref == another for another in wanted.values()) > 1
        ]
        if not clashes:
            break
        for other in clashes:
            del wanted[other]
    if not wanted:
        return actual
    blocks = {
        kind: {wanted.get((kind, name), (kind, name))[1]: _renamed(block, wanted) for name, block in found.items()}
        for kind, found in actual["blocks"].items()
    }
    return {**actual, "blocks": blocks}


def _data_of_objects(scene: Json) -> dict[str, Ref]:
    found = {}
    for name, block in scene["blocks"].get("objects", {}).items():
        data = block.get("data")
        if isinstance(data, Mapping) and "$id" in data:
            kind, called = data["$id"]
            found[name] = (kind, called)
    for name, block in scene["blocks"].get("scenes", {}).items():
        group = block["props"].get("compositing_node_group")
        if group is not None:
            kind, called = group["$id"]
            found[f"scene {name}"] = (kind, called)
    return found


def _renamed(what: Any, names: Mapping[Ref, Ref]) -> Any:
    if isinstance(what, Mapping):
        if "$id" in what:
            kind, name = what["$id"]
            return {"$id": list(names.get((kind, name), (kind, name)))}
        return {key: part if key in _NUMBERS else _renamed(part, names) for key, part in what.items()}
    if isinstance(what, list):
        return [_renamed(part, names) for part in what]
    return what
