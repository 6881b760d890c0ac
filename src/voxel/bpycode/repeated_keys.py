"""Objects that move in the same way at other times or by other amounts get their keyframes in one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voxel.bpycode.animated import Animated, is_array
from voxel.bpycode.keys import is_turn, key_table, write_curve
from voxel.bpycode.layout import Doc, call, listing, parts, quote
from voxel.bpycode.repeats import FEWEST, stem
from voxel.bpycode.script import Id, Json, Script

MOST_TABLES = 3


@dataclass(frozen=True)
class Channel:
    """Keys of a property of an object, or of one of its channels."""

    prop: str
    spot: str
    """What is assigned to."""
    index: int | None
    table: Doc
    """Rows of frames and values."""
    frames: Doc
    still: bool
    """Whether every key has the value that is there without them, so that the frames say it all."""


def alike_actions(
    script: Script,
    users: Mapping[Id, list[Animated]],
    channels: Callable[[Animated, Json], list[Channel] | None],
) -> list[list[tuple[Id, Animated, list[Channel]]]]:
    """New actions of objects whose keys are put on the same properties, in groups that are worth a loop.

    `channels` has the tables of an action whose keys are plain, else None.
    """
    groups: dict[Any, list[tuple[Id, Animated, list[Channel]]]] = {}
    for name, action in script.after["blocks"].get("actions", {}).items():
        needed = ("actions", name)
        holders = users.get(needed, [])
        if script.old(needed) is not None or len(holders) != 1 or action["props"] or len(action.get("slots", [])) != 1:
            continue
        item = holders[0]
        named = name == f"{item.needed[1]}Action"
        if item.needed[0] != "objects" or item.suffix or not named or script.claims("actions", name):
            continue
        found = channels(item, action)
        if found is not None and len(found) <= MOST_TABLES:
            key = (interpolation_of(action), *((one.prop, one.spot, one.index) for one in found))
            groups.setdefault(key, []).append((needed, item, found))
    return [group for group in groups.values() if len(group) >= FEWEST]


def interpolation_of(action: Json) -> str | None:
    """How all keys of an action go on to the next; None where they differ."""
    kinds = {str(key.get("interpolation", "BEZIER")) for curve in action.get("fcurves", []) for key in curve["keys"]}
    return kinds.pop() if len(kinds) == 1 else None


def write_group(
    script: Script, group: list[tuple[Id, Animated, list[Channel]]], interpolate: Callable[[str, list[Json]], None]
) -> None:
    """One loop over the names of the objects and their tables of keys; `interpolate` writes how keys go on."""
    names = [item.needed[1] for _, item, _ in group]
    first = group[0][2]
    still = [all(found[place].still for _, _, found in group) for place in range(len(first))]
    called = ["frames" if one else "keys" for one in still]
    words = called if len(first) == 1 else [f"{word(one)}_{what}" for one, what in zip(first, called, strict=True)]
    rows = [
        parts([quote(name), *(one.frames if rest else one.table for one, rest in zip(found, still, strict=True))])
        for name, (_, _, found) in zip(names, group, strict=True)
    ]
    script.loop(", ".join(["name", *words]), listing(rows))
    script.indent += 4
    variable = script.names.take(stem(script, names), "obj")
    script.assign(variable, "bpy.data.objects[name]")
    for source, channel, rest in zip(words, first, still, strict=True):
        value = "value" if channel.index is not None else channel.prop
        script.loop("frame" if rest else f"frame, {value}", source)
        script.indent += 4
        if not rest:
            script.assign(f"{variable}.{channel.spot}", value)
        extra = "" if channel.index is None else f", index={channel.index}"
        script.do(f"{variable}.keyframe_insert({quote(channel.prop)}{extra}, frame=frame)")
        script.indent -= 4
    interpolate(variable, script.after["blocks"]["actions"][group[0][0][1]]["fcurves"])
    script.indent -= 4
    for needed, item, _ in group:
        script.made(needed, f"bpy.data.objects[{quote(item.needed[1])}].animation_data.action")


def alike_curves(script: Script, users: Mapping[Id, list[Animated]]) -> list[list[tuple[Id, Animated, Json]]]:
    """New actions of objects with one curve each, which differ in its keys alone, in groups worth a loop."""
    groups: dict[str, list[tuple[Id, Animated, Json]]] = {}
    for name, action in script.after["blocks"].get("actions", {}).items():
        needed, curves = ("actions", name), action.get("fcurves", [])
        holders = users.get(needed, [])
        if script.old(needed) is not None or script.ready(needed) or len(holders) != 1 or len(curves) != 1:
            continue
        item, curve = holders[0], curves[0]
        plain = item.needed[0] == "objects" and not item.suffix and name == f"{item.needed[1]}Action"
        fits = [slot["target"] for slot in action.get("slots", [])] == [item.target()] and not action["props"]
        if not plain or not fits or not curve["keys"] or not curve.get("modifiers") or script.claims("actions", name):
            continue
        columns, fixed = key_table(script, curve["keys"], turned=is_turn(str(curve["path"])))[0:2]
        rest = {key: part for key, part in curve.items() if key not in ("keys", "slot", "group")}
        groups.setdefault(repr([rest, columns, fixed]), []).append((needed, item, curve))
    return [group for group in groups.values() if len(group) >= FEWEST]


def write_alike_curves(script: Script, group: list[tuple[Id, Animated, Json]]) -> None:
    """One loop over the names of the objects and the keys of their curves."""
    names = [item.needed[1] for _, item, _ in group]
    curve = group[0][2]
    turned = is_turn(str(curve["path"]))
    rows = [
        parts([quote(item.needed[1]), listing(key_table(script, one["keys"], turned=turned)[2])])
        for _, item, one in group
    ]
    script.loop("name, keys", listing(rows))
    script.indent += 4
    variable, action = script.names.take(stem(script, names), "obj"), script.names.passing("action")
    script.assign(variable, "bpy.data.objects[name]")
    script.assign(action, call("bpy.data.actions.new", 'f"{name}Action"'))
    script.assign(f"{variable}.animation_data_create().action", action)
    index: dict[str, Doc] = {"index": str(curve["index"])} if is_array(curve, [curve]) else {}
    made = call(f"{action}.fcurve_ensure_for_datablock", variable, quote(curve["path"]), **index)
    write_curve(script, made, curve, f'actions["{group[0][0][1]}"]', "keys")
    script.indent -= 4
    for needed, item, _ in group:
        script.made(needed, f"bpy.data.objects[{quote(item.needed[1])}].animation_data.action")


def word(channel: Channel) -> str:
    """What to call the keys of a channel."""
    index = channel.index
    return channel.prop if index is None else f"{channel.prop}_{'xyzw'[index] if index < 4 else index}"
