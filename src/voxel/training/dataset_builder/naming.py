"""Names as people choose them: without the numbers that Blender put behind copies, where nothing else has the name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from voxel.facts.lookup import Json, blocks, reference

_NUMBER = re.compile(r"^(.+?)\.\d{3,}$")
NAMELESS = re.compile(
    r"(?:Cube|Plane|(?:Ico)?sphere|Cylinder|Cone|Torus|Circle|Grid|Suzanne|Monkey|Empty|Mesh|Object|Modifier)"
    r"(?:[._ \d-].*)?$|[a-z][._ ]?\d*$"
    r"|(?-i:.*_[a-z\d])|.*(?:test|collider|sensor)$",
    re.IGNORECASE,
)
"""What Blender calls things that nobody has named, and names for programs: `player_sensor`."""
_HINT = re.compile(r".*[-_](?:\w*only|convcol|col|navmesh|noimp|collision|collider|occluder)$|UCX_|UBX_")
UNNAMED_MATERIAL = re.compile(r"(?:Default)?Material(?:[._ ]?\d+)?$", re.IGNORECASE)
_DEFAULTS = {
    "CUBE": "Cube", "PLANE": "Plane", "GRID": "Grid", "CIRCLE": "Circle", "UV_SPHERE": "Sphere",
    "ICO_SPHERE": "Icosphere", "CYLINDER": "Cylinder", "CONE": "Cone", "TORUS": "Torus", "MONKEY": "Suzanne",
}  # fmt: skip
"""What Blender's operators call their meshes."""
NAMED_AFTER_A_SHAPE = re.compile(rf"({'|'.join(_DEFAULTS.values())})(?:[._ ]?\d+)?$", re.IGNORECASE)
"""Of things that are no such shape, a name that says nothing, or something wrong."""
Renames = dict[tuple[str, str], str]


def is_misnamed(name: str, kind: str, primitive: str = "") -> bool:
    """Whether Blender's own name for one thing is that of another: an empty "Sphere", a plane "Cube"."""
    found = NAMED_AFTER_A_SHAPE.match(name)
    if found is None:
        return kind == "EMPTY" and name.startswith("Collection")
    own = _DEFAULTS.get(primitive, "").lower()
    return kind in ("EMPTY", "LIGHT", "CAMERA", "FONT", "ARMATURE") or own not in ("", found[1].lower())


def is_hint(name: str) -> bool:
    """Whether a name tells an importer what to do with a thing: `Cube-colonly`."""
    return _HINT.match(name) is not None


def plain_names(before: Json, after: Json) -> tuple[Json, Json]:
    """The same two Scenes with `Cube.017` called `Cube` where both have just one `Cube…`."""
    renames: Renames = {}
    for collection in {*before["blocks"], *after["blocks"]} - {"scenes"}:
        names = sorted({*blocks(before, collection), *blocks(after, collection)})
        bases: dict[str, list[str]] = {}
        for name in names:
            bases.setdefault(without_number(name), []).append(name)
        for base, group in bases.items():
            if len(group) == 1 and group[0] != base:
                renames[collection, group[0]] = base
    renames |= _names_of_data(before, after, renames)
    if not renames:
        return before, after
    return _renamed(before, renames), _renamed(after, renames)


def without_number(name: str) -> str:
    """`Cube` of `Cube.017`."""
    found = _NUMBER.match(name)
    return found.group(1) if found else name


def title_of(name: str) -> str:
    """What a plan is called after a thing: "Wall" after `Wall1`."""
    return re.sub(r"[._ -]?\d+$", "", name) or name


def words_of(name: str) -> set[str]:
    """The words of a name without case and plural: "window", "pane" of `WindowPanes.001`."""
    return {re.sub(r"(?<=[a-z]{2}[^s])s$", "", word.lower()) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def _names_of_data(before: Json, after: Json, renames: Renames) -> Renames:
    """Names that Blender itself would give to meshes, other data and actions: nobody asks for those."""
    objects = {**blocks(before, "objects"), **blocks(after, "objects")}
    owners: dict[tuple[str, str], list[str]] = {}
    for name, thing in objects.items():
        for value in (thing.get("data"), (thing.get("animation") or {}).get("action")):
            target = reference(value)
            if target is not None:
                owners.setdefault(target, []).append(renames.get(("objects", name), name))
    wanted: dict[tuple[str, str], str] = {}
    for target, names in owners.items():
        if len(names) == 1:
            kind, block = target[0], blocks(after, target[0]).get(target[1], {})
            primitive = block.get("geometry", {}).get("primitive", {}).get("kind", "")
            plain = f"{names[0]}Action" if kind == "actions" else _DEFAULTS.get(primitive, names[0])
            wanted[target] = plain
    for target, names in owners.items():
        keys = blocks(after, target[0]).get(target[1], {}).get("shape_keys", {})
        action = reference((keys.get("animation") or {}).get("action"))
        if action is not None and len(names) == 1:
            wanted[action] = f"{wanted[target]}Action"  # a keyed shape key is called after its mesh
    taken = [(target[0], plain) for target, plain in wanted.items()]
    others = {
        (kind, renames.get((kind, name), name))
        for kind in {target[0] for target in wanted}
        for name in {*blocks(before, kind), *blocks(after, kind)}
        if (kind, name) not in wanted
    }
    return {
        target: plain
        for target, plain in wanted.items()
        if taken.count((target[0], plain)) == 1 and (target[0], plain) not in others
    }


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
