"""Objects that move in the same way at other times or by other amounts get their keyframes in one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voxel.bpycode.animated import Animated
from voxel.bpycode.layout import Doc, listing, parts, quote
from voxel.bpycode.repeats import FEWEST, stem
from voxel.bpycode.script import Id, Json, Script

Channel = tuple[str, str, int | None, Doc]
"""Property, what is assigned to, index for the key, and the table of frames and values."""
MOST_TABLES = 3


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
            groups.setdefault(tuple(channel[:3] for channel in found), []).append((needed, item, found))
    return [group for group in groups.values() if len(group) >= FEWEST]


def write_group(script: Script, group: list[tuple[Id, Animated, list[Channel]]]) -> None:
    """One loop over the names of the objects and their tables of keys."""
    names = [item.needed[1] for _, item, _ in group]
    first = group[0][2]
    words = ["keys"] if len(first) == 1 else [f"{word(channel)}_keys" for channel in first]
    rows = [
        parts([quote(name), *(channel[3] for channel in found)])
        for name, (_, _, found) in zip(names, group, strict=True)
    ]
    script.loop(", ".join(["name", *words]), listing(rows))
    script.indent += 4
    variable = script.names.take(stem(script, names), "obj")
    script.assign(variable, "bpy.data.objects[name]")
    for source, (prop, spot, index, _) in zip(words, first, strict=True):
        value = "value" if index is not None else prop
        script.loop(f"frame, {value}", source)
        script.indent += 4
        script.assign(f"{variable}.{spot}", value)
        extra = "" if index is None else f", index={index}"
        script.do(f"{variable}.keyframe_insert({quote(prop)}{extra}, frame=frame)")
        script.indent -= 4
    script.indent -= 4
    for needed, item, _ in group:
        script.made(needed, f"bpy.data.objects[{quote(item.needed[1])}].animation_data.action")


def word(channel: Channel) -> str:
    """What to call the keys of a channel."""
    prop, _, index, _ = channel
    return prop if index is None else f"{prop}_{'xyzw'[index] if index < 4 else index}"
