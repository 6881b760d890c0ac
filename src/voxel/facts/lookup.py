"""Finding things in a Scene given as plain JSON values: blocks, properties by path, node trees.

Paths are those of `Property.path`: `data.energy`, `modifiers[BevelModifier].width`, `constraints[TrackToConstraint#1]`,
`color_ramp.elements[0].position`, `modifiers[NodesModifier].inputs[Scale]`; of what moves: a bone
`pose[Arm].constraints[KinematicConstraint].chain_count`, an f-curve of the block's action
`animation.fcurves[location 2].extrapolation`, a driver `animation.drivers[scale 0].variables[turn].targets[0].id`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from voxel.records.example import Ref

Json = dict[str, Any]
MISSING: Any = object()
"""What a path leads to when nothing lies there: the dump leaves out what has its fresh value."""

_STEP = re.compile(r"([A-Za-z_]\w*)(?:\[((?:[^\[\]]|\[[^\[\]]*\])*)\])?(?:\.|$)")


def blocks(scene: Mapping[str, Any], collection: str) -> dict[str, Json]:
    """The datablocks of one `bpy.data` collection by name."""
    found: dict[str, Json] = scene.get("blocks", {}).get(collection, {})
    return found


def block(scene: Mapping[str, Any], of: Ref) -> Json | None:
    """One datablock; `("scenes", …)` is the active scene whatever its name."""
    collection, name = of
    if collection == "scenes":
        name = scene.get("active_scene", name)
    return blocks(scene, collection).get(name)


def active_scene(scene: Mapping[str, Any]) -> Json:
    """The block of the active scene; one without properties where there is none."""
    return block(scene, ("scenes", "")) or {"props": {}}


def reference(value: Any) -> Ref | None:
    """The datablock that a `{"$id": [collection, name]}` points to."""
    if isinstance(value, dict) and "$id" in value:
        collection, name = value["$id"]
        return collection, name
    return None


def data_of(scene: Mapping[str, Any], thing: Mapping[str, Any]) -> Json | None:
    """The data of an object: its mesh, light, camera …; None for an empty."""
    target = reference(thing.get("data"))
    return None if target is None else blocks(scene, target[0]).get(target[1])


def primitive_of(scene: Mapping[str, Any], thing: Mapping[str, Any]) -> str:
    """Which operator's shape an object's mesh is, as in "UV_SPHERE"; empty where it is none."""
    return str((data_of(scene, thing) or {}).get("geometry", {}).get("primitive", {}).get("kind", ""))


def by_type(items: list[Json], key: str) -> Json | None:
    """The item that `Type` or `Type#2` (the third of its type) means."""
    kind, _, number = key.partition("#")
    same = [item for item in items if item.get("type") == kind]
    place = int(number) if number.isdigit() else 0
    return same[place] if place < len(same) else None


def get(scene: Mapping[str, Any], of: Ref, path: str) -> Any:
    """The value at `path`, or MISSING."""
    here: Any = block(scene, of)
    return MISSING if here is None else follow(scene, here, path)


def follow(scene: Mapping[str, Any], here: Any, path: str) -> Any:
    """The value at `path` from a block or struct on, or MISSING."""
    place = 0
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None or not isinstance(here, dict):
            return MISSING
        target = reference(here)
        if target is not None:
            here = blocks(scene, target[0]).get(target[1])
            if here is None:
                return MISSING
        name, key = step.group(1), step.group(2)
        if name == "fcurves" and "action" in here:
            target = reference(here["action"])
            here = {} if target is None else blocks(scene, target[0]).get(target[1], {})
        here = _member(here, name)
        if key is not None:
            here = _item(here, key)
        if here is MISSING:
            return MISSING
        place = step.end()
    return here


def _member(here: Json, name: str) -> Any:
    props = here.get("props", {})
    if name in props:
        return props[name]
    return here.get(name, MISSING)


def _item(here: Any, key: str) -> Any:
    if isinstance(here, dict):
        return here.get(key, MISSING)
    if not isinstance(here, list):
        return MISSING
    if key.isdigit():
        return here[int(key)] if int(key) < len(here) else MISSING
    for item in here:
        if isinstance(item, dict) and "identifier" in item and item.get("name") == key:
            return item.get("value", MISSING)
        if isinstance(item, dict) and "path" in item and f"{item['path']} {item.get('index', 0)}" == key:
            return item
    found = by_type(here, key)
    if found is None:
        found = next((item for item in here if isinstance(item, dict) and item.get("name") == key), None)
    return MISSING if found is None else found


def flat(props: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Properties of a struct and of the structs in it, by path; values that point to blocks stay as they are."""
    found: dict[str, Any] = {}
    for name, value in props.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and "props" in value:
            found.update(flat(value["props"], f"{path}."))
        elif isinstance(value, list) and value and all(isinstance(v, dict) and "props" in v for v in value):
            for number, item in enumerate(value):
                found.update(flat(item["props"], f"{path}[{number}]."))
        else:
            found[path] = value
    return found


def same(expected: Any, actual: Any) -> bool:
    """Equal, numbers within 1e-4 (relative above 1), lists item by item."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return abs(expected - actual) <= 1e-4 * max(1.0, abs(expected), abs(actual))
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        return len(expected) == len(actual) and all(same(e, a) for e, a in zip(expected, actual, strict=True))
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(same(expected[key], actual[key]) for key in expected)
    return bool(expected == actual)
