"""Custom properties: those that a person added, apart from what add-ons keep at datablocks."""

from __future__ import annotations

import re
from typing import Any

import bpy
from scene_numbers import clean
from scene_values import Walk

# Blender's own.
INTERNAL = frozenset({"cycles", "cycles_visibility", "cycles_curves", "_RNA_UI"})
IN_PATH = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
NODE_TYPES = ("materials", "worlds", "lights", "node_groups")
NO_LIMIT = {int: 2**31 - 1, float: 1e37}


def custom_of(owner: Any, walk: Walk, path: str) -> dict[str, Any]:
    """`{name: {value, min?, max?, description?}}` of the custom properties that something reads or that a person set
    limits for; the value is a number, a text or a list of numbers.

    Add-ons store their settings in the same place: what nothing in the file reads is named in `opaque`.
    """
    names = [name for name in owner.keys() if name not in INTERNAL]  # noqa: SIM118
    if not names:
        return {}
    if walk.spoken is None:
        walk.spoken = spoken_names()
    found, left = {}, []
    for name in names:
        value = plain(owner[name])
        told = {} if value is None else described(owner, name, value)
        if value is not None and (name in walk.spoken or told):
            found[name] = {"value": value, **told}
        else:
            left.append(name)
    if left:
        walk.lose(path, f"custom properties or those of add-ons: {', '.join(sorted(left)[:8])}")
    return found


def plain(value: Any) -> Any:
    """A property's value as JSON; None for groups, datablocks and lists of them."""
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return clean(value)
    if hasattr(value, "to_list"):
        items = value.to_list()
        return clean(items) if all(isinstance(item, (bool, int, float)) for item in items) else None
    return None


def described(owner: Any, name: str, value: Any) -> dict[str, Any]:
    """The limits and the description of a property, as those have that were added in the interface."""
    try:
        told = owner.id_properties_ui(name).as_dict()
    except TypeError:  # texts of some kinds have none
        return {}
    most = NO_LIMIT.get(type(value))
    found = {key: clean(told[key]) for key in ("min", "max") if most is not None and abs(told.get(key, most)) < most}
    if told.get("description"):
        found["description"] = told["description"]
    return found


def spoken_names() -> set[str]:
    """Names in quotes in the data paths of drivers and f-curves, and in the attribute nodes of the file."""
    paths: list[str] = []
    for action in bpy.data.actions:
        for layer in action.layers:
            for strip in layer.strips:
                paths += [curve.data_path for bag in strip.channelbags for curve in bag.fcurves]
    names: set[str] = set()
    for kind in bpy.data.bl_rna.properties.keys():  # noqa: SIM118
        blocks = getattr(bpy.data, kind)
        if not isinstance(blocks, bpy.types.bpy_prop_collection):
            continue
        for block in blocks:
            tree = block if kind == "node_groups" else getattr(block, "node_tree", None)
            for holder in (block, tree):
                data = getattr(holder, "animation_data", None)
                for curve in data.drivers if data is not None else ():
                    paths += [target.data_path for one in curve.driver.variables for target in one.targets]
            if kind in NODE_TYPES and tree is not None:
                names |= {node.attribute_name for node in tree.nodes if node.bl_idname == "ShaderNodeAttribute"}
    return names | {match.replace('\\"', '"') for path in paths for match in IN_PATH.findall(path)}
