"""Drivers and NLA tracks."""

from __future__ import annotations

from voxel.bpycode.animated import Animated, animation_data, is_array, reach
from voxel.bpycode.keys import at_channel, frame_number, write_keys, write_modifier
from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.paths import split
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script, identity


def write_drivers(script: Script, item: Animated) -> None:
    """Drivers that were not there before; an expression stays the text that it is."""
    owner = reach(script, item)
    animation_data(script, item, owner)
    there = item.old.get("drivers", [])
    drivers = item.animation.get("drivers", [])
    for driver in drivers:
        if driver in there:
            continue
        path = f'{item.path}.animation_data.drivers["{driver["path"]}"]'
        array = driver["index"] or is_array(driver, drivers)
        taken = split(driver["path"])
        holder, prop = (f"{owner}{taken[0]}", taken[1]) if taken else (owner, driver["path"])
        arguments: list[Doc] = [quote(prop), *([str(driver["index"])] if array else [])]
        variable = script.names.passing("driver")
        was = next((one for one in there if (one["path"], one["index"]) == (driver["path"], driver["index"])), None)
        if was is not None and same_but_expression(driver, was):
            place = at_channel(f"{owner}.animation_data.drivers.find", driver["path"], driver["index"])
            script.assign(variable, f"{place}.driver")
            script.assign(f"{variable}.expression", quote(driver["expression"]))
            continue
        if was is not None:
            script.do(call(f"{holder}.driver_remove", *arguments))
        curve = call(f"{holder}.driver_add", *arguments)
        if driver.get("keys") or driver.get("modifiers"):
            write_response(script, curve, driver, path)
            script.assign(variable, f"{RESPONSE}.driver")
        elif driver.get("mute"):
            script.assign(RESPONSE, curve)
            script.assign(variable, f"{RESPONSE}.driver")
        else:
            script.assign(variable, f"{curve}.driver")
        if driver["type"] != "SCRIPTED":
            script.assign(f"{variable}.type", quote(driver["type"]))
        for entry in driver["variables"]:
            write_variable(script, variable, entry, path)
        if "expression" in driver:
            script.assign(f"{variable}.expression", quote(driver["expression"]))
        if driver.get("use_self"):
            script.assign(f"{variable}.use_self", "True")
        if driver.get("mute"):
            script.assign(f"{RESPONSE}.mute", "True")


def same_but_expression(driver: Json, was: Json) -> bool:
    """Whether only the expression of a driver has changed."""
    return "expression" in driver and {**driver, "expression": ""} == {**was, "expression": ""}


RESPONSE = "driver_curve"


def write_response(script: Script, creation: Doc, driver: Json, path: str) -> None:
    """The curve between what a driver computes and what it sets, in place of the straight one that it starts with."""
    modifier = script.names.passing("modifier")
    script.assign(RESPONSE, creation)
    script.loop(modifier, f"list({RESPONSE}.modifiers)")
    script.add([f"{' ' * (script.indent + 4)}{RESPONSE}.modifiers.remove({modifier})"])
    if driver.get("keys"):
        script.do(f"{RESPONSE}.keyframe_points.clear()")
        write_keys(script, RESPONSE, driver["keys"])
        script.assign(f"{RESPONSE}.extrapolation", quote(driver.get("extrapolation", "CONSTANT")))
        if driver.get("smoothing"):
            script.assign(f"{RESPONSE}.auto_smoothing", quote(driver["smoothing"]))
    for entry in driver.get("modifiers", []):
        write_modifier(script, RESPONSE, entry, path)


def write_variable(script: Script, driver: str, entry: Json, path: str) -> None:
    """A variable of a driver and what it reads."""
    variable = script.names.passing("variable")
    script.assign(variable, f"{driver}.variables.new()")
    if entry["name"] != "var":
        script.assign(f"{variable}.name", quote(entry["name"]))
    if entry["type"] != "SINGLE_PROP":
        script.assign(f"{variable}.type", quote(entry["type"]))
    for place, target in enumerate(entry["targets"]):
        spot = f"{variable}.targets[{place}]"
        props = {key: what for key, what in target["props"].items() if (key, what) != ("id_type", "OBJECT")}
        if len(props) > 2:
            spot = script.names.take("target", "target")
            script.assign(spot, f"{variable}.targets[{place}]")
        ordered = {key: props[key] for key in ("id_type", "id") if key in props} | props
        write_props(script, spot, {"type": target["type"], "props": ordered}, f"{path}.variables")


def write_tracks(script: Script, item: Animated) -> None:
    """NLA tracks and their strips."""
    owner = reach(script, item)
    if item.old.get("nla"):
        script.skip(f"{item.path}.animation_data.nla_tracks", "changed NLA tracks")
        return
    for track in item.animation["nla"]:
        variable = script.names.take(track.get("name", ""), "track", suffix="_track")
        script.assign(variable, f"{animation_data(script, item, owner)}.nla_tracks.new()")
        script.assign(f"{variable}.name", quote(track.get("name", "")))
        for strip in track.get("strips", []):
            write_strip(script, variable, strip, item.path)
        write_props(script, variable, {"type": track["type"], "props": track["props"]}, item.path)


def write_strip(script: Script, track: str, strip: Json, path: str) -> None:
    """A strip of an action, its place and what else differs from a new one."""
    action = identity(strip.get("action"))
    where = f'{path}.animation_data.nla_tracks.strips["{strip.get("name", "")}"]'
    if action is None or script.known(action) is None:
        script.skip(where, "a strip without an action")
        return
    variable = script.names.take(strip.get("name", ""), "strip", suffix="_strip")
    source, start = script.refer(action), float(strip["start"])
    script.assign(variable, call(f"{track}.strips.new", quote(strip.get("name", "")), str(int(start)), source))
    slots = [slot["name"] for slot in (script.block(action) or {}).get("slots", [])]
    if strip.get("slot") in slots:
        script.assign(f"{variable}.action_slot", f"{source}.slots[{slots.index(strip['slot'])}]")
    props = {key: what for key, what in strip["props"].items() if key not in ("name", "action")}
    write_props(script, variable, {"type": strip["type"], "props": props}, where)
    if start != int(start):
        script.assign(f"{variable}.frame_start", frame_number(start))
    if "end" in strip:
        script.assign(f"{variable}.frame_end", frame_number(strip["end"]))
