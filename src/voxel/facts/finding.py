"""What a Scene has and an earlier one had not, as facts.

Only additions and changes to values that a dump shows can be said; the result is in the order in which a person would
say it: things, their places, their parts, how they hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voxel.facts import words
from voxel.facts.belonging import collection_facts, material_facts, parent_fact
from voxel.facts.fact import Fact
from voxel.facts.lookup import Json, block, blocks, data_of, flat, same
from voxel.facts.moving import Moving
from voxel.facts.nouns import SAID
from voxel.facts.shapes import bone_facts, mesh_words, shape_key_facts, spline_facts
from voxel.facts.trees import tree_facts
from voxel.records.example import Exists, Property, Ref, Stack

_NOUNS = {
    "materials": "material",
    "worlds": "world",
    "node_groups": "node group",
    "collections": "collection",
    "images": "image",
    "textures": "texture",
    "actions": "action",
    "scenes": "scene",
}
_KINDS = {
    "EMPTY": "empty",
    "LIGHT": "light",
    "CAMERA": "camera",
    "ARMATURE": "armature",
    "LATTICE": "lattice",
    "CURVE": "curve object",
    "FONT": "text object",
    "META": "metaball object",
    "SURFACE": "surface object",
    "MESH": "mesh object",
    "SPEAKER": "speaker",
    "LIGHT_PROBE": "light probe",
}
_AXES = "XYZ"
_ORDINALS = ("first ", "second ", "third ", "fourth ", "fifth ", "last ")
_UNSAID = frozenset(("use_nodes",))


def find(after: Mapping[str, Any], before: Mapping[str, Any]) -> list[Fact]:
    """Facts that hold in `after` and not in `before` (both as plain JSON values).

    Raises Unsayable when something differs that cannot be put into words or checked.
    """
    finder = _Finder(after, before)
    for collection in ("node_groups", "images", "worlds", "materials"):
        for name, now in blocks(after, collection).items():
            finder.plain((collection, name), now)
    for name, now in blocks(after, "objects").items():
        finder.thing(("objects", name), now)
    for name, now in blocks(after, "collections").items():
        finder.plain(("collections", name), now)
    scene = block(after, ("scenes", ""))
    if scene is not None:
        finder.plain(("scenes", "Scene"), scene)
    for name, now in blocks(after, "collections").items():
        finder.facts += collection_facts(("collections", name), now, block(before, ("collections", name)))
    return finder.facts


class _Finder:
    def __init__(self, after: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        self.after, self.before = after, before
        self.units: Mapping[str, str] = after.get("units", {})
        self.facts: list[Fact] = []

    def plain(self, of: Ref, now: Json) -> None:
        """A block that is spoken of by its own name: a material, a world, a node group, the scene."""
        old = block(self.before, of)
        collection, name = of
        noun = _NOUNS.get(collection, words.spaced(collection).removesuffix("s"))
        subject = "the scene" if collection == "scenes" else f"the {noun} {words.quoted(name)}"
        group = of
        if old is None:
            make = f"a {noun} named {words.quoted(name)}"
            if collection == "node_groups":
                kind_of_group = words.type_name(now["type"]).lower().removesuffix(" tree").removesuffix(" node")
                make = f"a {kind_of_group} node group named {words.quoted(name)}"
            if collection != "scenes":
                kind = now["type"] if collection == "node_groups" else ""
                self.facts.append(Fact(Exists(of=of, type=kind), group, subject, make=make))
        self.props(of, "", now, old, group, subject)
        tree, old_tree = now.get("tree"), (old or {}).get("tree")
        if tree is not None:
            self.facts += tree_facts(of, tree, old_tree, subject, self.units)
        self._moving(of, "", now, old, subject)
        if tree is not None:
            self._moving(of, "tree", tree, old_tree, subject)

    def thing(self, of: Ref, now: Json) -> None:
        """An object with its data."""
        old = block(self.before, of)
        name = words.quoted(of[1])
        data, old_data = data_of(self.after, now), None if old is None else data_of(self.before, old)
        subject = f"the {self._called(now, data)} {name}"
        if old is None:
            self._make(of, now, data, subject)
        elif data is not None and old_data is not None and not same(data.get("geometry"), old_data.get("geometry")):
            self._reshaped(of, data, old_data, subject)
        self._transform(of, now, old, subject)
        rest = {k: v for k, v in now.get("props", {}).items() if k not in ("location", "rotation_euler", "scale")}
        self.props(of, "", {**now, "props": rest}, old, of, subject)
        if data is not None:
            self.props(of, "data.", data, old_data, of, subject)
            if data["type"] == "Armature" and old_data is None:
                self.facts += bone_facts(of, data, subject)
            if old_data is None:
                self.facts += spline_facts(of, data.get("splines", []), subject)
            keys = data.get("shape_keys")
            if keys:
                known = frozenset(k["name"] for k in (old_data or {}).get("shape_keys", {}).get("blocks", []))
                self.facts += shape_key_facts(of, keys, known, subject)
        for part in ("modifiers", "constraints"):
            self._stack(of, part, now, old, words.quoted(of[1]))
        self._pose(of, now.get("pose", {}), (old or {}).get("pose", {}))
        self.facts += material_facts(of, now, old, self.after, self.before, subject)
        self.facts += parent_fact(of, now, old, subject)
        self._moving(of, "", now, old, subject)
        if data is not None:
            self._moving(of, "data", data, old_data, subject)
            self._moving(of, "data.tree", data.get("tree", {}), (old_data or {}).get("tree"), subject)
            self._moving(of, "data.shape_keys", data.get("shape_keys", {}), (old_data or {}).get("shape_keys"), subject)

    def _called(self, now: Json, data: Json | None) -> str:
        if data is not None and data["type"].endswith("Light") and now["kind"] == "LIGHT":
            return words.type_name(data["type"]).lower()
        return _KINDS.get(now["kind"], "object") if now["kind"] != "MESH" else "object"

    def _make(self, of: Ref, now: Json, data: Json | None, subject: str) -> None:
        name, kind = words.quoted(of[1]), now["kind"]
        if kind == "MESH" and data is not None:
            geometry = data.get("geometry", {})
            if not geometry.get("vertices"):
                self.facts.append(
                    Fact(Exists(of=of, type="MESH"), of, subject, make=f"an empty mesh object named {name}")
                )
                return
            check, noun, parts = mesh_words(of, geometry)
            make = f"{words.article(noun)} {noun} named {name}"
            self.facts.append(Fact(Exists(of=of, type="MESH"), of, subject, make=make))
            if parts:
                self.facts += [Fact(check, of, subject, noun="", value=part) for part in parts]
            else:
                self.facts.append(Fact(check, of, subject))
            return
        shown = self._called(now, data)
        make = f"{words.article(shown)} {shown} named {name}"
        self.facts.append(Fact(Exists(of=of, type=kind), of, subject, make=make))
        if kind == "LIGHT" and data is not None:
            self.facts.append(Fact(Property(of=of, path="data.type", value=data["type"]), of, subject))

    def _reshaped(self, of: Ref, data: Json, old_data: Json, subject: str) -> None:
        now, then = data.get("geometry", {}), old_data.get("geometry", {})
        if {k: v for k, v in now.items() if k != "smooth"} != {k: v for k, v in then.items() if k != "smooth"}:
            raise words.Unsayable("a mesh that changes its shape")
        if now.get("smooth") is not True:
            raise words.Unsayable("faces of which only some are smooth")
        check = Property(of=of, path="data.geometry.smooth", value=True)
        self.facts.append(Fact(check, of, subject, attribute="shaded smooth", order="shade {it} smooth"))

    def _transform(self, of: Ref, now: Json, old: Json | None, subject: str) -> None:
        said: dict[str, Callable[[list[float]], tuple[str, str]]] = {
            "location": _placed, "rotation_euler": _turned, "scale": _scaled,
        }  # fmt: skip
        for prop, say in said.items():
            value = now.get("props", {}).get(prop)
            if value is None or (old is not None and same(value, old.get("props", {}).get(prop))):
                continue
            attribute, order = say(value)
            self.facts.append(
                Fact(Property(of=of, path=prop, value=value), of, subject, attribute=attribute, order=order)
            )
        if old is not None:
            for prop in said:
                if prop in old.get("props", {}) and prop not in now.get("props", {}):
                    raise words.Unsayable("a value that goes back to its default")

    def props(self, of: Ref, prefix: str, now: Json, old: Json | None, group: tuple[str, ...], subject: str) -> None:
        """Properties that differ; nested structs by path."""
        mine, theirs = flat(now.get("props", {})), flat((old or {}).get("props", {}))
        for path, value in mine.items():
            if path in theirs and same(value, theirs[path]):
                continue
            if path.rpartition(".")[2] in _UNSAID:
                continue
            kind, last = _owner(now, path)
            if kind == "SimpleDeformModifier" and last == _twin(now):
                continue
            said = SAID.get(prefix + path if value is True else f"{prefix}{path}={value}")
            if said is not None:
                attribute, order = said
                check = Property(of=of, path=prefix + path, value=value)
                self.facts.append(Fact(check, group, subject, attribute=attribute, order=order))
                continue
            noun, shown = words.noun(kind, last), words.value(self.units, kind, last, value)
            if "[" in path:
                raise words.Unsayable("the items of a list")
            if of[0] == "scenes" and path in ("camera", "world"):
                order = f"make {shown} the active camera" if path == "camera" else f"use the world {shown} in the scene"
                self.facts.append(Fact(Property(of=of, path=path, value=value), ("active", path), subject, order=order))
                continue
            self.facts.append(
                Fact(Property(of=of, path=prefix + path, value=value), group, subject, noun=noun, value=shown)
            )

    def _moving(self, of: Ref, part: str, now: Json, old: Json | None, subject: str) -> None:
        """Keyframes, drivers and strips of one part of a block."""
        moving = Moving(of, part, subject, self.after, self.before, now)
        self.facts += moving.facts(now.get("animation"), (old or {}).get("animation"))

    def _pose(self, of: Ref, now: Json, old: Json) -> None:
        """Settings and constraints of an armature's bones."""
        for name, posed in now.items():
            was, owner = old.get(name), f"the bone {words.quoted(name)} of {words.quoted(of[1])}"
            place = f"pose[{name}]."
            self.props(of, place, {**posed, "type": "PoseBone"}, was, (*of, "pose", name), owner)
            self._stack(of, "constraints", posed, was, owner, place)

    def _stack(self, of: Ref, part: str, now: Json, old: Json | None, owner: str, prefix: str = "") -> None:
        items, known = now.get(part, []), {i.get("name"): i for i in (old or {}).get(part, [])}
        if not items:
            return
        word = part.removesuffix("s")
        new = [item for item in items if item.get("name") not in known]
        stack = Stack(of=of, path=prefix + part, types=tuple(item["type"] for item in items))
        numbers: dict[str, int] = {}
        for item in items:
            place = numbers.get(item["type"], 0)
            numbers[item["type"]] = place + 1
            kind = item["type"]
            name = words.type_name(kind)
            group = (*of, part, f"{prefix}{kind}#{place}")
            several = sum(other["type"] == kind for other in items) > 1
            ordinal = _ORDINALS[min(place, len(_ORDINALS) - 1)] if several else ""
            anchor = f"the {ordinal}{name} {word} of {owner}"
            if item in new:
                which = {0: "", 1: "second ", 2: "third "}.get(place, "further ")
                make = f"{'a' if which else words.article(name)} {which}{name} {word} on {owner}"
                self.facts.append(Fact(stack, group, anchor, make=make))
            key = f"{prefix}{part}[{kind}#{place}]" if place else f"{prefix}{part}[{kind}]"
            self.props(of, f"{key}.", item, known.get(item.get("name")), group, anchor)
            old_inputs = {i["name"]: i.get("value") for i in known.get(item.get("name"), {}).get("inputs", [])}
            for given in item.get("inputs", []):
                if "attribute" in given:
                    raise words.Unsayable("a modifier input that reads an attribute")
                if given["name"] in old_inputs and same(given["value"], old_inputs[given["name"]]):
                    continue
                check = Property(of=of, path=f"{key}.inputs[{given['name']}]", value=given["value"])
                shown = words.socket_value(kind, given["name"], given["value"])
                self.facts.append(Fact(check, group, anchor, noun=f"input {words.quoted(given['name'])}", value=shown))
            if "vertex_indices" in item or "particle_system" in item:
                raise words.Unsayable(f"the parts of a {name} {word}")
        if len(new) < len(items) - len(known):
            raise words.Unsayable("an unnamed modifier")


def _twin(modifier: Json) -> str:
    """Angle and factor of a Simple Deform modifier are one value; which of the two names means nothing for its mode."""
    return "factor" if modifier["props"].get("deform_method", "TWIST") in ("TWIST", "BEND") else "angle"


def _owner(now: Json, path: str) -> tuple[str, str]:
    """(RNA type that has the last property of `path`, that property)."""
    here: Any = now
    *steps, last = path.split(".")
    for step in steps:
        here = here.get("props", {}).get(step.partition("[")[0])
        if isinstance(here, list):
            here = here[0]
    kind = here.get("type", "") if isinstance(here, dict) else ""
    return kind, last


def _placed(value: list[float]) -> tuple[str, str]:
    shown = words.vector(value)
    return f"at {shown}", f"move {{it}} to {shown}"


def _turned(value: list[float]) -> tuple[str, str]:
    turned = [(axis, angle) for axis, angle in zip(_AXES, value, strict=True) if abs(angle) > 1e-6]
    if len(turned) == 1:
        shown = f"{words.degrees(turned[0][1])} around {turned[0][0]}"
        return f"rotated {shown}", f"rotate {{it}} {shown}"
    shown = "(" + ", ".join(words.degrees(angle) for angle in value) + ")"
    return f"rotated by {shown}", f"set {{its:rotation}} to {shown}"


def _scaled(value: list[float]) -> tuple[str, str]:
    if same(value[0], value[1]) and same(value[1], value[2]):
        shown = words.number(value[0])
        return f"scaled by {shown}", f"set {{its:scale}} to {shown}"
    shown = words.vector(value)
    return f"scaled by {shown}", f"set {{its:scale}} to {shown}"
