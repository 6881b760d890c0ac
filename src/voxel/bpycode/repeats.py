"""Objects that differ in names, places and a few numbers are made in a loop over a table."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from voxel.bpycode.data import make_data
from voxel.bpycode.layout import Doc, quote
from voxel.bpycode.meshes import is_primitive
from voxel.bpycode.objects import TRANSFORM, Holders, make_object, material_source
from voxel.bpycode.props import MADE_BY_OPERATOR
from voxel.bpycode.script import FALLBACKS, Id, Json, Script, identity
from voxel.bpycode.templates import MOST_COLUMNS, Columns, shape_key
from voxel.bpycode.values import Column, array
from voxel.bpycode.wiring import write_parent, write_wiring

FEWEST = 3
FEWEST_LONG = 2
"""So many suffice where each is long."""
MANY = 24
"""Objects that are too many to be made by an operator one after another."""
COLUMN = {"location": "location", "rotation_euler": "rotation", "scale": "scale"}
DEFAULT = {"location": [0.0, 0.0, 0.0], "rotation_euler": [0.0, 0.0, 0.0], "scale": [1.0, 1.0, 1.0]}
ALONE = ("shape_keys", "pose", "particle_systems", "vertex_groups", "slots")
"""Parts with which an object is not one of many."""
LATER = frozenset({"name", "animation", "dimensions", "data"})
"""Parts of an object that are no matter of the loop."""
OWN_DATA = frozenset({"meshes", "lights", "curves"})
"""Data that a loop makes together with the objects that hold it."""


class Repeats:
    """Finds objects that can be made together."""

    def __init__(self, script: Script, holders: Holders) -> None:
        self.script = script
        self.holders = holders
        self.everything: dict[str, Json] = script.after["blocks"].get("objects", {})
        data = [identity(block.get("data")) for block in self.everything.values()]
        self.users: Counter[Id] = Counter(item for item in data if item is not None)

    def groups(self, names: list[str]) -> list[list[str]]:
        """The objects in groups that are made together, single ones in groups of one; in the order of their first."""
        loose: dict[Any, list[str]] = {}
        for name in names:
            loose.setdefault(self.key(name, exact=False), []).append(name)
        result = []
        for key, members in loose.items():
            if key[0] == "alone" or (len(members) > 1 and self.table(members)[1] <= MOST_COLUMNS):
                result.append(members)
                continue
            strict: dict[Any, list[str]] = {}
            for name in members:
                strict.setdefault(self.key(name, exact=True), []).append(name)
            result += strict.values()
        place = {name: index for index, name in enumerate(names)}
        enough = [group if len(group) >= self.fewest(group[0]) else [name] for group in result for name in group]
        found: dict[str, list[str]] = {group[0]: group for group in enough}
        return sorted(found.values(), key=lambda members: place[members[0]])

    def fewest(self, name: str) -> int:
        """How many objects like this one are worth a loop."""
        block = self.everything[name]
        long = block.get("modifiers") or block.get("constraints") or self.own_data(name) is not None
        return FEWEST_LONG if long else FEWEST

    def shares_primitive(self, name: str) -> bool:
        """Whether an operator has to make this object, for others to share its mesh."""
        data = identity(self.everything[name].get("data"))
        return (
            data is not None
            and self.own_data(name) is None
            and not self.script.ready(data)
            and is_primitive(self.script.block(data))
        )

    def own_data(self, name: str) -> Id | None:
        """The data that is made with an object, because nothing else has it."""
        data = identity(self.everything[name].get("data"))
        if data is None or self.users[data] > 1 or data[0] not in OWN_DATA or self.script.old(data) is not None:
            return None
        return data

    def key(self, name: str, *, exact: bool) -> Any:
        """What two objects must share to be made in one loop."""
        block = self.everything[name]
        alone = ("alone", name)
        if any(block.get(part) for part in ALONE) or any(part in block["props"] for part in MADE_BY_OPERATOR):
            return alone
        data = identity(block.get("data"))
        own = self.own_data(name)
        held = self.script.block(own) if own else None
        if data is not None and self.users[data] == 1:
            if held is None or held.get("animation") or held.get("tree") or held.get("attributes"):
                return alone
            if own and own[0] == "meshes" and (not is_primitive(held) or held.get("shape_keys")):
                return alone
        rest, mesh = self.prepared(name)
        for key in TRANSFORM:
            rest["props"].pop(key)
        if exact:
            return repr(rest), repr(mesh), repr(data if own is None else None), repr(self.holders.of.get(name))
        if isinstance(rest.get("parent"), dict):
            rest["parent"] = {**rest["parent"], "object": ""}
        if mesh and len(mesh.get("materials", [])) == 1:
            mesh["materials"] = []
        return "many", shape_key(rest, mesh), data if own is None else None, repr(self.holders.of.get(name))

    def prepared(self, name: str) -> tuple[Json, Json]:
        """The block of an object and that of its own data, with all that may differ written out."""
        block = self.everything[name]
        rest = {key: part for key, part in block.items() if key not in LATER}
        rest["props"] = {**DEFAULT, **block["props"]}
        own = self.own_data(name)
        held = {key: part for key, part in (self.script.block(own) or {}).items() if key != "name"} if own else {}
        if is_primitive(held):
            geometry = {key: held["geometry"][key] for key in ("primitive", "smooth", "material_index")
                        if key in held["geometry"]}  # fmt: skip
            shape = {"scale": [1.0] * 3, "offset": [0.0] * 3, **geometry["primitive"]}
            usual = LENGTHS.get(shape["kind"], {})
            numbers = {**usual, **{key: float(what) if key in usual else what for key, what in shape["args"].items()}}
            held["geometry"] = {**geometry, "primitive": {**shape, "args": numbers}}
        return rest, held

    def table(self, names: list[str]) -> tuple[Columns, int]:
        """The columns of a table of objects of one shape, and how many of them are beyond names and transforms."""
        self.script.names.open_block()
        columns = Columns(self.script)
        self.fill(names, columns)
        self.script.names.close_block()
        return columns, len(columns.docs.keys() - {*COLUMN.values(), "material"})

    def fill(self, names: list[str], columns: Columns) -> tuple[Json, Json]:
        """The common blocks of objects and of their own data; what differs becomes a column."""
        pairs = [self.prepared(name) for name in names]
        props: Json = {}
        for key in TRANSFORM:
            values = [rest["props"][key] for rest, _ in pairs]
            unit = "ROTATION" if key == "rotation_euler" else ""
            same = all(item == values[0] for item in values)
            props[key] = (
                values[0] if same else columns.add(COLUMN[key], [array(self.script, item, unit) for item in values])
            )
        left = [
            {**rest, "props": {key: part for key, part in rest["props"].items() if key not in TRANSFORM}}
            for rest, _ in pairs
        ]
        for one in left:
            one.pop("parent", None)
        block = columns.merge(left)
        block["props"] = {**props, **block["props"]}
        parents = [rest.get("parent") for rest, _ in pairs]
        if parents[0] is not None:
            block["parent"] = parents[0]
            if any(parent != parents[0] for parent in parents):
                word = columns.add("parent", [quote(parent["object"]) for parent in parents if parent])
                block["parent"] = {**parents[0], "object": word}
        data = [mesh for _, mesh in pairs]
        materials = [mesh.get("materials", []) for mesh in data]
        if any(slots != materials[0] for slots in materials):
            data = [{**mesh, "materials": []} for mesh in data]
            return block, {**without_usual(columns.merge(data)), "materials": [self.materials(columns, materials)]}
        return block, without_usual(columns.merge(data)) if data[0] else {}

    def materials(self, columns: Columns, slots: list[list[Any]]) -> Column:
        """A column of materials: variables, or names where some were made in a loop and have none."""
        docs: list[Doc] = [material_source(self.script, one[0]) if self.ready(one) else "None" for one in slots]
        named = [identity(one[0]) for one in slots]
        if not any(str(doc).startswith("bpy.data.") for doc in docs) or None in named:
            return columns.add("material", docs)
        word = columns.add("material", [quote(needed[1]) for needed in named if needed is not None]).word
        return Column(f"bpy.data.materials[{word}]")

    def ready(self, materials: list[Any]) -> bool:
        needed = identity(materials[0])
        return needed is None or self.script.ready(needed)


LENGTHS: dict[str, dict[str, float]] = {
    "CUBE": {"size": 2.0}, "PLANE": {"size": 2.0}, "GRID": {"size": 2.0}, "MONKEY": {"size": 2.0},
    "CIRCLE": {"radius": 1.0}, "UV_SPHERE": {"radius": 1.0}, "ICO_SPHERE": {"radius": 1.0},
    "CYLINDER": {"radius": 1.0, "depth": 2.0}, "CONE": {"radius1": 1.0, "radius2": 0.0, "depth": 2.0},
    "TORUS": {"major_radius": 1.0, "minor_radius": 0.25},
}  # fmt: skip
"""By kind: the measures that may differ between primitives of one loop, and what the operator takes them for."""


def without_usual(mesh: Json) -> Json:
    """A primitive's mesh without the measures that need not be said."""
    if not is_primitive(mesh):
        return mesh
    primitive = mesh["geometry"]["primitive"]
    usual = LENGTHS.get(primitive["kind"], {})
    args = {key: what for key, what in primitive["args"].items() if usual.get(key) != what}
    return {**mesh, "geometry": {**mesh["geometry"], "primitive": {**primitive, "args": args}}}


NUMBERS = frozenset({"geometry", "uv", "attributes", "fcurves", "splines", "weights", "bounds", "offsets"})
"""Long parts of a block that refer to nothing."""


def references(what: Any) -> list[Id]:
    """Every datablock that a value refers to."""
    needed = identity(what)
    if needed is not None:
        return [needed]
    if isinstance(what, dict):
        found = [item for key, part in what.items() if key not in NUMBERS for item in references(part)]
        parent = what.get("parent")
        return found + ([("objects", parent["object"])] if isinstance(parent, dict) and "object" in parent else [])
    return [item for part in what for item in references(part)] if isinstance(what, list) else []


def can_make(script: Script, names: list[str]) -> bool:
    """Whether all that these objects refer to, but for themselves, is there."""
    needed: list[Id] = []
    for name in names:
        block = script.after["blocks"]["objects"][name]
        data = identity(block.get("data"))
        needed += references({key: part for key, part in block.items() if key not in ("data", "animation")})
        if data is not None:
            needed += [item for item in references(script.block(data) or {}) if item != data]
    own = {("objects", name) for name in names} if len(names) == 1 else set()
    return all(script.ready(item) for item in set(needed) - own)


def write_loop(script: Script, names: list[str], repeats: Repeats) -> None:
    """Make the objects in one loop."""
    first, needed = names[0], ("objects", names[0])
    shared = identity(repeats.everything[first].get("data"))
    own = [repeats.own_data(name) for name in names]
    if shared is not None and own[0] is None and not script.ready(shared):
        make_data(script, shared)
    columns = Columns(script)
    script.called[needed] = columns.add("name", [quote(name) for name in names]).word
    if own[0] is not None:
        by_hand = [item is not None and script.named_by_hand(item) for item in own]
        script.called[own[0]] = script.called[needed]
        if any(by_hand):
            word = f"{FALLBACKS[own[0][0]]}_name"
            script.called[own[0]] = columns.add(word, [quote(item[1]) for item in own if item]).word
    block, held = repeats.fill(names, columns)
    if own[0] is not None:
        script.stand_ins[own[0]] = {**(script.block(own[0]) or {}), **held}
    columns.loop()
    script.indent += 4
    if len(names) >= MANY:
        script.many.add(needed)
    block = {**repeats.everything[first], **block}
    script.together = stem(script, names)
    variable = make_object(script, needed, block, repeats.holders.of.get(first, []), script.together)
    write_wiring(script, variable, first, block)
    write_parent(script, variable, first, block)
    script.indent -= 4
    script.stand_ins.clear()
    script.called.clear()
    script.together = ""
    for name, item in zip(names, own, strict=True):
        script.made(("objects", name), f"bpy.data.objects[{quote(name)}]")
        script.wired.add(name)
        if item is not None:
            script.made(item, f"bpy.data.objects[{quote(name)}].data")


WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def stem(script: Script, names: list[str]) -> str:
    """What things are called together: by the words that their names share at the start or the end, else by kind."""
    split = [WORDS.findall(name) for name in names]
    for turn in (1, -1):
        common = []
        for words in zip(*[item[::turn] for item in split], strict=False):
            if len({word.lower() for word in words}) > 1:
                break
            common.append(words[0])
        if common and len("".join(common)) > 1:
            return " ".join(common[::turn])
    data = identity(script.after["blocks"]["objects"][names[0]].get("data"))
    block = (script.block(data) or {}) if data else {}
    if is_primitive(block):
        return str(block["geometry"]["primitive"]["kind"]).split("_")[-1].lower()
    return {"lights": "light", "meshes": "obj", "curves": "curve"}.get(data[0], "obj") if data else "empty"
