"""Names as people choose them: without the numbers that Blender put behind copies, where nothing else has the name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from voxel.facts.lookup import Json, blocks

_NUMBER = re.compile(r"^(.+?)\.\d{3,}$")
Renames = dict[tuple[str, str], str]


def plain_names(before: Json, after: Json) -> tuple[Json, Json]:
    """The same two Scenes with `Cube.017` called `Cube` where both have just one `Cube…`."""
    renames: Renames = {}
    for collection in {*before["blocks"], *after["blocks"]} - {"scenes"}:
        names = sorted({*blocks(before, collection), *blocks(after, collection)})
        bases: dict[str, list[str]] = {}
        for name in names:
            found = _NUMBER.match(name)
            bases.setdefault(found.group(1) if found else name, []).append(name)
        for base, group in bases.items():
            if len(group) == 1 and group[0] != base:
                renames[collection, group[0]] = base
    if not renames:
        return before, after
    return _renamed(before, renames), _renamed(after, renames)


def _renamed(scene: Json, renames: Mapping[tuple[str, str], str]) -> Json:
    result: Json = {key: value for key, value in scene.items() if key != "blocks"}
    result["blocks"] = {
        collection: {
            renames.get((collection, name), name): _within(block, renames, collection) for name, block in found.items()
        }
        for collection, found in scene["blocks"].items()
    }
    return result


def _within(block: Json, renames: Mapping[tuple[str, str], str], collection: str) -> Json:
    changed: Json = _walk(block, renames)
    if collection == "objects" and "parent" in changed:
        parent = changed["parent"]
        changed["parent"] = {**parent, "object": renames.get(("objects", parent["object"]), parent["object"])}
    holder = changed.get("root") if collection == "scenes" else changed if collection == "collections" else None
    if holder is not None:
        for part, kind in (("objects", "objects"), ("children", "collections")):
            holder[part] = sorted(renames.get((kind, name), name) for name in holder.get(part, []))
    return changed


def _walk(value: Any, renames: Mapping[tuple[str, str], str]) -> Any:
    if isinstance(value, dict):
        if "$id" in value:
            kind, name = value["$id"]
            return {"$id": [kind, renames.get((kind, name), name)]}
        return {key: _walk(inner, renames) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walk(inner, renames) for inner in value]
    return value
