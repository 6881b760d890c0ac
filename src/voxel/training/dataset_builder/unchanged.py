"""What of an example stands in its file just so, and must therefore do what it does there.

A cut leaves parts of a thing out, rounds numbers and forgets nodes without effect, so that most differences between an
example and its file have innocent reasons. Not these: all that decides what a thing does is the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voxel.bpycode.script import Id, collect_references
from voxel.facts.compare import block_differences
from voxel.facts.lookup import Json, active_scene, block, reference

_OF_OBJECT = ("modifiers", "vertex_groups", "particle_systems")
"""Parts of an object that decide its shape in its own axes."""
_OF_PLACE = ("constraints", "parent", "pose")
_OF_DATA = ("splines", "bones", "points", "elements", "text_boxes", "formats", "shape_keys", "attributes")
_PLACES = ("location", "rotation_", "scale", "delta_", "hide_")
"""How data paths of an object begin that leave its shape in its own axes as it is."""
_SHOWN = frozenset({"smooth", "material_index", "bounds"})
"""Parts of a geometry that do not move its vertices."""


def shape_unchanged(file: Json, made: Json, name: str) -> bool:
    """Whether an object has the shape, or an armature the pose, that the file's object of that name has."""
    ours, theirs = block(made, ("objects", name)), block(file, ("objects", name))
    if ours is None or theirs is None or ours["kind"] != theirs["kind"]:
        return False
    mine, other = _shape(made, ours), _shape(file, theirs)
    needed = _needed(made, mine)
    if (
        len(mine) != len(other)
        or needed != _needed(file, other)
        or (mine[0]["modifiers"] and _frame(file) != _frame(made))
    ):
        return False
    held = [one for one in (("objects", name), reference(theirs.get("data"))) if one is not None]
    if _lost(file, [*held, *needed]):
        return False
    for scene, thing in ((file, theirs), (made, ours)):
        data = reference(thing.get("data"))
        inside = [*needed, *([data] if data is not None else [])]
        if _moves(scene, inside) or (_animated(thing) if needed else _reshaped(scene, thing)):
            return False
    if any(block_differences(one, two, "") for one, two in zip(mine, other, strict=True)):
        return False
    return all(_same_block(file, made, one) for one in needed)


def motion_unchanged(file: Json, made: Json, name: str) -> bool:
    """Whether an object's action is the one of the file's object of that name."""
    theirs, ours = _action(file, name), _action(made, name)
    return theirs is not None and ours is not None and not block_differences(theirs, ours, "")


def look_unchanged(file: Json, made: Json, of: Id) -> bool:
    """Whether a material or world has the look that the file's of that name has."""
    needed = [of, *_needed(made, [block(made, of) or {}])]
    same = all(_same_block(file, made, one) for one in needed)
    return same and not _moves(file, needed) and not _lost(file, needed)


def _shape(scene: Json, thing: Json) -> list[Json]:
    """The parts of an object and of its data that decide its shape; its place too where others come into it."""
    parts: Json = {"type": "Object", **{key: thing[key] for key in _OF_OBJECT if thing.get(key)}}
    parts["modifiers"] = [{**one, "name": ""} for one in parts.get("modifiers", [])]
    found: set[Id] = set()
    collect_references(parts, found)
    if found or thing["kind"] == "ARMATURE":
        parts |= {"props": thing["props"], **{key: thing[key] for key in _OF_PLACE if thing.get(key)}}
    target = reference(thing.get("data"))
    data = block(scene, target) if target is not None else None
    if data is None:
        return [parts]
    props = {key: value for key, value in data["props"].items() if key != "materials"}
    shape: Json = {"type": data["type"], "props": props, **{key: data[key] for key in _OF_DATA if data.get(key)}}
    if "geometry" in data:
        shape["geometry"] = {key: value for key, value in data["geometry"].items() if key not in _SHOWN}
    if parts["modifiers"] and "uv" in data:
        shape["uv"] = data["uv"]
    return [parts, shape]


def _needed(scene: Json, parts: list[Json]) -> list[Id]:
    """All datablocks that these refer to, and that those refer to in turn."""
    found: set[Id] = set()
    waiting: list[Any] = list(parts)
    while waiting:
        fresh: set[Id] = set()
        part = waiting.pop()
        collect_references(part, fresh)
        if isinstance(part.get("parent"), dict):
            fresh.add(("objects", part["parent"]["object"]))
        waiting += [block(scene, one) or {} for one in fresh - found]
        found |= fresh
    return sorted(found)


def _same_block(file: Json, made: Json, of: Id) -> bool:
    ours, theirs = block(made, of), block(file, of)
    return ours is not None and theirs is not None and not block_differences(theirs, ours, "")


def _lost(file: Json, blocks: list[Id]) -> bool:
    """Whether the dump left out something of these, such as packed pixels, that no script can have."""
    paths = tuple(f'{collection}["{name}"]' for collection, name in blocks)
    return any(one["path"].startswith(paths) for one in file.get("opaque", ()))


def _moves(scene: Json, blocks: list[Id]) -> bool:
    """Whether anything of these is animated, so that it depends on the frame that is shown."""
    held = [block(scene, one) or {} for one in blocks]
    return any(_animated(one) for one in held)


def _animated(held: Mapping[str, Any]) -> bool:
    parts = (held, held.get("tree") or {}, held.get("shape_keys") or {})
    return any(part.get("animation") for part in parts)


def _reshaped(scene: Json, thing: Json) -> bool:
    """Whether an action, driver or strip moves more of an object than its place."""
    animation = thing.get("animation") or {}
    target = reference(animation.get("action"))
    curves = [*((block(scene, target) or {}).get("fcurves", ()) if target is not None else ())]
    curves += animation.get("drivers", ())
    return bool(animation.get("nla")) or any(not curve["path"].startswith(_PLACES) for curve in curves)


def _frame(scene: Json) -> int:
    return int(active_scene(scene)["props"].get("frame_current", 1))


def _action(scene: Json, name: str) -> Json | None:
    animation = (block(scene, ("objects", name)) or {}).get("animation") or {}
    target = reference(animation.get("action"))
    action = block(scene, target) if target is not None else None
    if action is None:
        return None
    curves = [one for one in action.get("fcurves", ()) if one["slot"] == animation.get("slot")]
    return {"type": action["type"], "fcurves": curves}
