"""Objects that differ in name and place alone are made in a loop over a table."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from voxel.bpycode.data import make_data
from voxel.bpycode.layout import Doc, listing, parts, quote
from voxel.bpycode.meshes import is_primitive
from voxel.bpycode.objects import TRANSFORM, Holders, Row, make_object
from voxel.bpycode.props import MADE_BY_OPERATOR
from voxel.bpycode.script import Id, Json, Script, identity
from voxel.bpycode.values import array
from voxel.bpycode.wiring import write_parent, write_wiring

FEWEST = 3
COLUMN = {"location": "location", "rotation_euler": "rotation", "scale": "scale"}
DEFAULT = {"location": [0.0, 0.0, 0.0], "rotation_euler": [0.0, 0.0, 0.0], "scale": [1.0, 1.0, 1.0]}
ALONE = ("animation", "shape_keys", "pose", "particle_systems", "vertex_groups", "slots")
"""Parts with which an object is not one of many."""


def alike(script: Script, names: list[str], holders: Holders) -> list[list[str]]:
    """The objects in groups that are made together, single ones in groups of one; in the order of their first."""
    everything = script.after["blocks"].get("objects", {})
    users = Counter(data for block in everything.values() if (data := identity(block.get("data"))) is not None)
    groups: dict[str, list[str]] = {}
    for name in names:
        key = signature(script, name, everything[name], holders, users)
        groups.setdefault(key if key is not None else f"alone {name}", []).append(name)
    result: list[list[str]] = []
    for members in groups.values():
        result += [members] if len(members) >= FEWEST else [[name] for name in members]
    place = {name: index for index, name in enumerate(names)}
    return sorted(result, key=lambda members: place[members[0]])


def signature(script: Script, name: str, block: Json, holders: Holders, users: Counter[Id]) -> str | None:
    """What two objects must share to be made in one loop; None for an object that is to be made alone."""
    if any(block.get(part) for part in ALONE) or any(part in block["props"] for part in MADE_BY_OPERATOR):
        return None
    data = identity(block.get("data"))
    mesh = script.block(data) if data else None
    if data is not None and users[data] == 1:
        if data[0] != "meshes" or not is_primitive(mesh) or script.old(data) is not None:
            return None
        assert mesh is not None
        if mesh.get("shape_keys") or mesh.get("attributes") or mesh.get("animation"):
            return None
        held: Any = {key: part for key, part in mesh.items() if key != "name"}
    else:
        held = data
    rest = {key: part for key, part in block.items() if key not in ("name", "props", "dimensions", "data")}
    props = {key: part for key, part in block["props"].items() if key not in TRANSFORM}
    return json.dumps([rest, props, held, holders.of.get(name, [])], sort_keys=True)


def references(what: Any) -> list[Id]:
    """Every datablock that a value refers to."""
    needed = identity(what)
    if needed is not None:
        return [needed]
    if isinstance(what, dict):
        found = [item for part in what.values() for item in references(part)]
        parent = what.get("parent")
        return found + ([("objects", parent["object"])] if isinstance(parent, dict) and "object" in parent else [])
    return [item for part in what for item in references(part)] if isinstance(what, list) else []


def can_loop(script: Script, names: list[str]) -> bool:
    """Whether all that these objects refer to is there."""
    block = script.after["blocks"]["objects"][names[0]]
    data = identity(block.get("data"))
    needed = references({key: part for key, part in block.items() if key != "data"})
    if data is not None:
        needed += [item for item in references(script.block(data) or {}) if item != data]
    return all(script.ready(item) for item in needed)


def write_loop(script: Script, names: list[str], holders: Holders) -> None:
    """Make the objects in one loop."""
    everything = script.after["blocks"].get("objects", {})
    blocks = [everything[name] for name in names]
    data = [identity(block.get("data")) for block in blocks]
    first = data[0]
    own = first is not None and len(set(data)) > 1
    if first is not None and not own and not script.ready(first):
        make_data(script, first)
    columns: list[tuple[str, list[Doc]]] = [("name", [quote(name) for name in names])]
    row = Row("name", None, {}, stem(names))
    if own:
        mesh_names = [item[1] if item else "" for item in data]
        row.data_name = "name"
        if mesh_names != names:
            columns.append(("mesh_name", [quote(name) for name in mesh_names]))
            row.data_name = "mesh_name"
    for key in TRANSFORM:
        values = [block["props"].get(key, DEFAULT[key]) for block in blocks]
        unit = "ROTATION" if key == "rotation_euler" else ""
        if all(item == values[0] for item in values):
            if values[0] != DEFAULT[key]:
                row.transform[key] = array(script, values[0], unit)
            continue
        columns.append((COLUMN[key], [array(script, item, unit) for item in values]))
        row.transform[key] = COLUMN[key]
    for word, _ in columns:
        script.names.passing(word)
    if len(columns) == 1:
        script.loop("name", listing(columns[0][1]))
    else:
        rows = [parts(column[place] for _, column in columns) for place in range(len(names))]
        script.loop(", ".join(word for word, _ in columns), listing(rows))
    script.indent += 4
    needed = ("objects", names[0])
    variable = make_object(script, needed, blocks[0], holders.of.get(names[0], []), row)
    write_wiring(script, variable, names[0], blocks[0])
    write_parent(script, variable, names[0], blocks[0])
    script.indent -= 4
    for name, item in zip(names, data, strict=True):
        script.made(("objects", name), f"bpy.data.objects[{quote(name)}]")
        script.wired.add(name)
        if own and item is not None:
            script.made(item, f"bpy.data.meshes[{quote(item[1])}]")


def stem(names: list[str]) -> str:
    """What the names have in common: "Leg" of Leg.001, Leg.002 and Leg.003."""
    first, last = min(names), max(names)
    common = first[
        : next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    ]
    word = re.sub(r"[\W_\d]+$", "", common)
    return word if len(word) > 1 else re.sub(r"[\W_\d]+$", "", names[0]) or "obj"
