"""A Scene as the work of several people: each one's script goes on where the one before left off.

The builder makes the objects, the texture artist gives them materials, the render artist adds lights, cameras, world
and settings, the animator rigs and moves what is there. Their scripts, run in this order, make the whole Scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from voxel.bpycode.props import MADE_BY_OPERATOR
from voxel.bpycode.script import Id, Json, collect_references
from voxel.bpycode.write import EMPTY, Written, plain, write_all
from voxel.records.scene import Scene

ROLE_ORDER = ("builder", "texture", "render", "animation")
"""The roles in the order in which they work."""

LIGHTING = frozenset({"lights", "cameras", "lightprobes", "speakers", "worlds"})
RIGGING = frozenset({"actions", "armatures"})
LIGHTING_KINDS = frozenset({"LIGHT", "CAMERA", "LIGHT_PROBE", "SPEAKER"})
MOVING_PARTS = frozenset({"animation", "constraints", "pose", "shape_keys", "particle_systems"})
MOVING_PROPS = frozenset({*MADE_BY_OPERATOR, "field"})


def write_roles(scene: Scene | Mapping[str, Any], until: str) -> list[Written]:
    """The scripts of all roles up to and with `until`; raises ValueError when that is none of `ROLE_ORDER`."""
    stages = [EMPTY, *stages_of(scene, until)]
    return [write_all(after, before) for before, after in pairwise(stages)]


def stages_of(scene: Scene | Mapping[str, Any], until: str) -> list[Json]:
    """The Scenes that the roles leave, up to and with `until`."""
    whole = plain(scene)
    return [stage(whole, number) for number in range(1, ROLE_ORDER.index(until) + 2)]


def stage(whole: Json, number: int) -> Json:
    """What the first `number` roles make of a Scene."""
    if number == len(ROLE_ORDER):
        return whole
    found: dict[str, dict[str, Json]] = {}
    for kind, blocks in whole["blocks"].items():
        kept = {name: thinned(kind, block, number) for name, block in blocks.items() if wanted(kind, block, number)}
        if kept:
            found[kind] = kept
    used: set[Id] = set()
    collect_references(found, used)
    for kind in ("images", "textures", "node_groups"):  # those of materials come with the materials
        held = found.get(kind, {})
        for name in [name for name in held if number == 1 and (kind, name) not in used]:
            del held[name]
    for blocks in found.values():
        for block in blocks.values():
            _forget(block, found)
    return {**whole, "blocks": {kind: blocks for kind, blocks in found.items() if blocks}}


def wanted(kind: str, block: Json, number: int) -> bool:
    """Whether one of the first roles makes a datablock."""
    if kind == "node_groups" and block["tree"]["type"] == "CompositorNodeTree":
        return number >= 3
    if kind in RIGGING or (kind == "objects" and block["kind"] == "ARMATURE"):
        return False
    if kind in LIGHTING or (kind == "objects" and block["kind"] in LIGHTING_KINDS):
        return number >= 3
    return number >= 2 or kind != "materials"


def thinned(kind: str, block: Json, number: int) -> Json:
    """A datablock without what later roles add to it."""
    kept = {key: part for key, part in block.items() if key not in MOVING_PARTS}
    kept["props"] = {key: part for key, part in block["props"].items() if key not in MOVING_PROPS}
    if "root" in kept:
        kept["root"] = dict(kept["root"])
    if "tree" in kept:
        kept["tree"] = {key: part for key, part in kept["tree"].items() if key != "animation"}
    if kind == "scenes":
        kept["props"].pop("rigidbody_world", None)
        if number < 3:
            kept["props"] = {key: part for key, part in kept["props"].items() if key == "unit_settings"}
            kept.pop("tree", None)
            kept.pop("view_layers", None)
    if number < 2:
        kept.pop("materials", None)
        kept.pop("slots", None)
        if "geometry" in kept:
            kept["geometry"] = {key: part for key, part in kept["geometry"].items() if key != "material_index"}
    return kept


def _forget(block: Json, there: dict[str, dict[str, Json]]) -> None:
    """Take out members, parents, modifiers and settings that speak of what is not there."""
    for holder in (block, block.get("root")):
        if isinstance(holder, dict):
            for key, kind in (("objects", "objects"), ("children", "collections")):
                if key in holder:
                    holder[key] = [name for name in holder[key] if name in there.get(kind, {})]
    if "parent" in block and block["parent"]["object"] not in there.get("objects", {}):
        del block["parent"]
    if "modifiers" in block:
        block["modifiers"] = [item for item in block["modifiers"] if not _missing(item, there)]
    block["props"] = {key: part for key, part in block["props"].items() if not _missing(part, there)}


def _missing(what: Any, there: dict[str, dict[str, Json]]) -> bool:
    needed: set[Id] = set()
    collect_references(what, needed)
    return any(name not in there.get(kind, {}) for kind, name in needed)
