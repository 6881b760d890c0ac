"""Keyframes, drivers and NLA tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from voxel.bpycode.action_edits import edit_action
from voxel.bpycode.animated import Animated, animation_data, joins, reach
from voxel.bpycode.drivers import write_drivers, write_tracks
from voxel.bpycode.keyframes import insert_keys, interpolation, is_even, plain_channels, simple
from voxel.bpycode.keys import at_channel, write_curves
from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.props import write_props
from voxel.bpycode.repeated_keys import (
    alike_actions,
    alike_curves,
    write_alike_curves,
    write_group,
)
from voxel.bpycode.script import Id, Json, Script, identity


def animated(script: Script) -> list[Animated]:
    """What is animated in the Scene and was not, or not like that, before."""
    return [item for item in moving(script) if item.animation != item.old]


def moving(script: Script) -> Iterator[Animated]:
    """Whatever is animated in the Scene, with what it was before."""
    for collection, blocks in script.after["blocks"].items():
        for name, block in blocks.items():
            needed = (collection, name)
            old = script.old(needed) or {}
            places = [
                ("", block.get("animation"), old.get("animation")),
                (".node_tree" if collection != "node_groups" else "", (block.get("tree") or {}).get("animation"),
                 (old.get("tree") or {}).get("animation")),
                (".shape_keys", (block.get("shape_keys") or {}).get("animation"),
                 (old.get("shape_keys") or {}).get("animation")),
            ]  # fmt: skip
            for suffix, new, was in places:
                if new:
                    yield Animated(needed, suffix, new, was or {})


def write_animation(script: Script) -> None:
    """All keyframes, drivers and tracks."""
    targets = animated(script)
    users: dict[Id, list[Animated]] = {}
    for item in targets:
        action = identity(item.animation.get("action"))
        if action is not None and item.animation.get("action") != item.old.get("action"):
            users.setdefault(action, []).append(item)
    for group in alike_actions(script, users, partial(plain_channels, script)):
        script.paragraph()
        script.names.open_block()
        write_group(script, group, partial(interpolation, script))
        script.names.close_block()
    for alike in alike_curves(script, users):
        script.paragraph()
        script.names.open_block()
        write_alike_curves(script, alike)
        script.names.close_block()
    for name, action in script.after["blocks"].get("actions", {}).items():
        needed = ("actions", name)
        old = script.old(needed)
        if old is None and script.ready(needed):
            continue  # made in a loop
        if old is not None:
            if old != action:
                script.names.open_block()
                edit_action(script, *found_action(script, needed, action), action, old, f'actions["{name}"]')
                script.names.close_block()
            for item in users.get(needed, []):
                assign(script, item, script.fetch(needed), action)
            continue
        script.paragraph()
        script.names.open_block()
        there = [item for item in users.get(needed, []) if script.known(item.needed)]
        targets_of = {slot["target"] for slot in action.get("slots", [])}
        there.sort(key=lambda item: item.target() not in targets_of)
        write_action(script, needed, action, there)
        script.names.close_block()
    for item in targets:
        if item.animation.get("drivers", []) != item.old.get("drivers", []):
            script.paragraph()
            script.names.open_block()
            write_drivers(script, item)
            script.names.close_block()
        if item.animation.get("nla", []) != item.old.get("nla", []):
            script.names.open_block()
            write_tracks(script, item)
            script.names.close_block()


def found_action(script: Script, needed: Id, action: Json) -> tuple[str, list[str]]:
    """Variable and slots of an action that is there: by what it moves, where that is one thing, else by its name."""
    held = {"$id": list(needed)}
    users = [item for item in moving(script) if held in (item.animation.get("action"), item.old.get("action"))]
    slots = action.get("slots", [])
    unnamed = not (script.known(needed) or "").isidentifier()
    if len(users) == len(slots) == 1 and users[0].animation == users[0].old and unnamed:
        holder = f"{reach(script, users[0])}.animation_data"
        variable = script.name(needed, "")
        script.assign(variable, f"{holder}.action")
        script.made(needed, variable)
        return variable, [f"{holder}.action_slot"]
    variable = script.fetch(needed)
    return variable, [f"{variable}.slots[{place}]" for place in range(len(slots))]


def write_action(script: Script, needed: Id, action: Json, users: list[Animated]) -> None:
    """An action: by keyframes put on its user where that says it all, else curve by curve."""
    path = f'actions["{needed[1]}"]'
    slots = action.get("slots", [])
    curves = [curve for curve in action.get("fcurves", []) if curve["keys"] or curve.get("modifiers")]
    fits = bool(users) and len(slots) == 1 and users[0].target() == slots[0]["target"]
    if fits:
        owner = reach(script, users[0])
        plain = bool(curves) and all(simple(script, users[0], curve) for curve in curves) and is_even(curves)
        if plain and not joins(script, users[0]):
            insert_keys(script, users[0], owner, curves)
            animation_data(script, users[0], owner)
            holder = f"{owner}.animation_data.action"
            if needed[1] != given_name(script, users[0]) or script.claims("actions", needed[1]):
                script.assign(f"{holder}.name", quote(needed[1]))
            interpolation(script, owner, curves)
            script.made(needed, holder)
            write_props(script, holder, action, path)
            for item in users[1:]:
                assign(script, item, holder, action, named=False)
            return
    variable = script.name(needed, "_action")
    script.new(variable, needed)
    script.names.keep(variable)
    write_props(script, variable, action, path)
    if fits and curves:
        owner = reach(script, users[0])
        script.assign(f"{animation_data(script, users[0], owner)}.action", variable)

        def ensure(data_path: str, index: str) -> Doc:
            keywords: dict[str, Doc] = {"index": index} if index else {}
            return call(f"{variable}.fcurve_ensure_for_datablock", owner, quote(data_path), **keywords)

        write_curves(script, ensure, curves, path)
        for item in users[1:]:
            assign(script, item, variable, action, named=False)
        return
    variables = write_layers(script, variable, slots, curves, path)
    for item in users:
        assign(script, item, variable, action, variables)


def given_name(script: Script, item: Animated) -> str:
    """The name that an action gets which Blender makes for a first keyframe; empty where that is not known."""
    collection, name = item.needed
    renamed = collection == "meshes" and not script.named_by_hand(item.needed)
    return "" if renamed else f"{name}Action"


def write_layers(script: Script, variable: str, slots: list[Json], curves: list[Json], path: str) -> list[str]:
    """The curves of each slot, in the action's only layer; the variables of the slots."""
    if not slots:
        return []
    variables: list[str] = []
    strip = script.names.passing("strip")
    if curves:
        script.assign(strip, f'{variable}.layers.new("Layer").strips.new(type="KEYFRAME")')
    for slot in slots:
        name = script.names.take(slot["name"], "slot", suffix="_slot")
        label = quote(shown(slot["name"], slots))
        script.assign(name, call(f"{variable}.slots.new", id_type=quote(slot["target"]), name=label))
        variables.append(name)
        mine = [curve for curve in curves if curve["slot"] == slot["name"]]
        if not mine:
            continue
        fcurves = script.names.passing("fcurves")
        script.assign(fcurves, f"{strip}.channelbag({name}, ensure=True).fcurves")
        write_curves(script, partial(at_channel, f"{fcurves}.new"), mine, path)
    return variables


def shown(name: str, slots: list[Json]) -> str:
    """What a slot is called; the name of one that is shown as another is has two letters of its kind in front."""
    alike = {slot["target"] for slot in slots if slot["name"][2:] == name[2:]}
    return name[2:] if len(alike) > 1 else name


def assign(
    script: Script,
    item: Animated,
    action: str,
    block: Json,
    variables: Sequence[str] = (),
    *,
    named: bool = True,
) -> None:
    """Give an action that is there to a datablock; `variables` hold its slots.

    `named` tells that the slots have their names: of those, Blender takes the one that is called as the datablock is.
    """
    owner = reach(script, item)
    script.assign(f"{animation_data(script, item, owner)}.action", action)
    slots = [(slot["name"], slot["target"]) for slot in block.get("slots", [])]
    slot = (item.animation.get("slot"), item.target())
    if slot in slots and not (named and shown(str(slot[0]), block["slots"]) == item.own_name(script)):
        place = slots.index(slot)
        source = variables[place] if variables else f"{action}.slots[{place}]"
        script.assign(f"{owner}.animation_data.action_slot", source)
