"""What of a file is an item, of which class it is, and which differences are its own; for `bench/fidelity.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from voxel.facts.compare import Difference

Json = Mapping[str, Any]

CLASSES = {
    "materials": 0.98, "lights": 0.98, "cameras": 0.98, "worlds": 0.98, "armatures": 0.98, "shape keys": 0.98,
    "modifier stacks": 0.98, "native node groups": 0.98, "bundled node groups": 0.95, "objects": 0.99,
    "collections": 0.99, "actions": 0.95, "NLA tracks": 0.95, "constraints": 0.95, "scene settings": 0.95,
    "texts": 0.95, "curves": 0.95, "lattices": 0.95, "metaballs": 0.95, "drivers": 0.90, "compositor trees": 0.90,
    "particles and physics": 0.95, "evaluated geometry": 0.95,
}  # fmt: skip
"""Classes that have a bar, in the order of the table; others (meshes, images, textures …) follow by name."""
NAMELESS = frozenset({"name", "label", "location", "width", "identifier", "$id", "group", "slot"})
"""Parts that the hash of unique items leaves out: two things that differ in names alone are one."""
PHYSICS = ("particle_systems", *(f"props.{one}" for one in
           ("rigid_body", "rigid_body_constraint", "soft_body", "collision", "field")))  # fmt: skip
OWN_PATH = {
    "shape keys": ".shape_keys", "modifier stacks": ".modifiers", "compositor trees": ".node_tree",
    "drivers": ".animation_data.drivers", "NLA tracks": ".animation_data.nla_tracks",
}  # fmt: skip
"""How the dump and the writer begin the path, below the datablock's, of what they leave out of such an item."""


class Item(NamedTuple):
    """One thing whose return is looked at: a datablock, or a part of one."""

    kind: str
    collection: str
    name: str
    places: tuple[str, ...]
    """How paths of its differences begin, below the datablock; () for all that no other item of the block claims."""
    body: Any

    def unique(self) -> str:
        return json.dumps(_nameless(self.body), sort_keys=True)

    @property
    def block(self) -> str:
        return f'{self.collection}["{self.name}"]'


def _nameless(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "$id" in value:
            return value["$id"][0]
        kept = [key for key, part in value.items() if key not in NAMELESS or (key == "location" and len(part) == 3)]
        return {key: _nameless(value[key]) for key in kept}
    return [_nameless(part) for part in value] if isinstance(value, list) else value


def items(scene: Json, bundled: bool) -> Iterator[Item]:
    """The items of a Scene. `bundled`: its node groups are those that come with Blender."""
    for collection, blocks in scene["blocks"].items():
        for name, block in blocks.items():
            if block["props"].get("source") == "VIEWER" or (collection == "linestyles" and not block["props"]):
                continue
            yield from _of_block(collection, name, block, bundled)


def _of_block(collection: str, name: str, block: Json, bundled: bool) -> Iterator[Item]:
    parts: list[tuple[str, tuple[str, ...], Any]] = []
    if "modifiers" in block:
        parts.append(("modifier stacks", (".modifiers",), block["modifiers"]))
    if "constraints" in block:
        parts.append(("constraints", (".constraints",), block["constraints"]))
    for bone, posed in block.get("pose", {}).items():
        parts.append(("constraints", (f".pose.{bone}",), posed))
    physical = {key: block["props"][key] for key in block["props"] if f"props.{key}" in PHYSICS}
    if collection == "objects" and (physical or "particle_systems" in block):
        parts.append(("particles and physics", tuple(f".{one}" for one in PHYSICS),
                      [physical, block.get("particle_systems")]))  # fmt: skip
    if "shape_keys" in block:
        parts.append(("shape keys", (".shape_keys",), block["shape_keys"]))
    if collection == "scenes" and "tree" in block:
        parts.append(("compositor trees", (".tree",), block["tree"]))
    for place, holder in (("", block), (".tree", block.get("tree")), (".shape_keys", block.get("shape_keys"))):
        animation = (holder or {}).get("animation", {})
        for driver in animation.get("drivers", ()):
            spot = f'{place}.animation.drivers["{driver["path"]}", {driver["index"]}]'
            parts.append(("drivers", (spot,), driver))
        if "nla" in animation:
            parts.append(("NLA tracks", (f"{place}.animation.nla",), animation["nla"]))
    apart = {"dimensions", "modifiers", "constraints", "pose", "particle_systems", "shape_keys", "animation"}
    apart |= {"tree"} if collection == "scenes" else set()
    rest = {key: part for key, part in block.items() if key not in apart}
    yield Item(_kind(collection, block, bundled), collection, name, (), rest)
    for kind, places, body in parts:
        yield Item(kind, collection, name, places, body)


def _kind(collection: str, block: Json, bundled: bool) -> str:
    if collection == "node_groups":
        if block["tree"]["type"] == "CompositorNodeTree" and not bundled:
            return "compositor trees"
        return "bundled node groups" if bundled else "native node groups"
    if collection == "curves":
        return "texts" if block["type"] == "TextCurve" else "curves"
    return {"scenes": "scene settings", "particles": "particles and physics"}.get(collection, collection)


def own(item: Item, of_block: list[Item], found: list[Difference]) -> list[Difference]:
    """Those differences of a datablock that belong to an item: to the item that claims the longest part of a path."""

    def owner(difference: Difference) -> Item:
        claims = [
            (len(place), number, one)
            for number, one in enumerate(of_block)
            for place in one.places
            if difference.path.startswith(place) and difference.path[len(place) :][:1] in ("", ".", "[")
        ]
        return max(claims)[2] if claims else next(one for one in of_block if not one.places)

    return [difference for difference in found if owner(difference) is item]


def left_out(item: Item, of_block: list[Item], lost: Mapping[str, str]) -> str | None:
    """Why something of an item was left out by the dump or the writer; custom properties only if that is all."""
    reasons = []
    for path, reason in lost.items():
        if path.startswith(item.block):
            below = path[len(item.block) :]
            claims = [one for one in of_block if one.kind in OWN_PATH and below.startswith(OWN_PATH[one.kind])]
            plain = _plainer(below)
            claims += [one for one in of_block if one.kind == "constraints" and plain.startswith(one.places)]
            if item in claims or (not claims and not item.places):
                reasons.append(reason)
    return min(reasons, key=lambda reason: reason.startswith("custom properties"), default=None)


def _plainer(path: str) -> str:
    return re.sub(r'^\.pose\.bones\["([^"]*)"\]', r".pose.\1", path)
