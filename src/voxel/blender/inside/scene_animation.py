"""Actions, drivers and NLA: how values move."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scene_numbers import clean, nested, shortest_all
from scene_plans import Props
from scene_rules import KEY_LIMIT
from scene_values import Walk

# Handle types whose positions Blender works out from the neighbouring keys.
WORKED_OUT = frozenset({"AUTO", "AUTO_CLAMPED", "VECTOR"})
# Told as parts of their own, or runtime.
ANIMATION_PARTS = ("action", "action_slot", "action_slot_handle", "last_slot_identifier", "use_nla", "use_tweak_mode",
                   "drivers", "nla_tracks", "action_suitable_slots")  # fmt: skip
STRIP_PARTS = ("action", "action_slot", "action_slot_handle", "last_slot_identifier", "strips", "fcurves", "modifiers",
               "frame_start", "frame_end", "frame_start_raw", "frame_end_raw", "frame_start_ui", "frame_end_ui",
               "active")  # fmt: skip
# What Blender works out for a strip unless the strip has a curve of its own for it.
STRIP_CURVES = {"influence": "use_animated_influence", "strip_time": "use_animated_time"}
# Handles that the smoothing of a curve moves.
SMOOTHED = frozenset({"AUTO", "AUTO_CLAMPED"})
SAME_FRAME = 0.01
FLAT = 1e-4
EASED = frozenset({"SINE", "QUAD", "CUBIC", "QUART", "QUINT", "EXPO", "CIRC", "BACK", "BOUNCE", "ELASTIC"})
DIRECT = re.compile(r"^[a-z_0-9]+(\.[a-z_0-9]+)*$")
INSIDE = re.compile(r'^(modifiers|constraints)\["((?:[^"\\]|\\.)*)"\]\.([a-z_0-9]+)$')
POSED = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\](?:\.constraints\["((?:[^"\\]|\\.)*)"\])?\.([a-z_0-9]+)$')
SOCKET = re.compile(r'^nodes\["((?:[^"\\]|\\.)*)"\]\.(inputs|outputs)\[(\d+)\]\.default_value$')
SHAPE = re.compile(r'^key_blocks\["((?:[^"\\]|\\.)*)"\]\.([a-z_0-9]+)$')
NODE = re.compile(r'^nodes\["((?:[^"\\]|\\.)*)"\]\.([a-z_0-9]+)$')


def action_parts(action: Any, walk: Walk, path: str) -> dict[str, Any]:
    names = slot_names(action)
    result: dict[str, Any] = {
        "slots": [{"name": names[slot.handle], "target": slot.target_id_type} for slot in action.slots]
    }
    curves: list[dict[str, Any]] = []
    total = 0
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                slot = bag.slot
                for curve in bag.fcurves:
                    total += len(curve.keyframe_points)
                    if total > KEY_LIMIT:
                        walk.lose(path, f"an action of more than {KEY_LIMIT} keys")
                        result["fcurves"] = []
                        return result
                    curves.append(_curve(curve, walk, path, names[slot.handle] if slot is not None else ""))
    if len(action.layers) > 1:
        walk.lose(f"{path}.layers", "layers above the first")
    result["fcurves"] = sorted(curves, key=lambda item: (item["slot"], item["path"], item["index"]))
    return result


def slot_names(action: Any) -> dict[int, str]:
    """The names of an action's slots by handle: those that are shown; identifiers where two are shown alike."""
    shown = [slot.name_display for slot in action.slots]
    return {
        slot.handle: slot.name_display if shown.count(slot.name_display) == 1 else slot.identifier
        for slot in action.slots
    }


def _curve(curve: Any, walk: Walk, path: str, slot: str) -> dict[str, Any]:
    result: dict[str, Any] = {"path": curve.data_path, "index": curve.array_index, "slot": slot}
    if curve.group is not None:
        result["group"] = curve.group.name
    if curve.extrapolation != "CONSTANT":
        result["extrapolation"] = curve.extrapolation
    if curve.mute:
        result["mute"] = True
    where = f'{path}.fcurves["{curve.data_path}"]'
    modifiers = [walk.struct(modifier, where) for modifier in curve.modifiers]
    if modifiers:
        result["modifiers"] = modifiers
    result["keys"] = _keys(curve)
    if curve.auto_smoothing == "NONE" and len(curve.keyframe_points) > 1 and _smoothed(curve.keyframe_points):
        result["smoothing"] = "NONE"
    if len(curve.sampled_points):
        walk.lose(where, "a baked curve")
    return result


def _smoothed(points: Any) -> bool:
    """Whether a Bezier curve has handles that smoothing places; keys of one value stay flat with and without."""
    kinds = {kind for point in points for kind in (point.handle_left_type, point.handle_right_type)}
    bent = any(point.interpolation == "BEZIER" for point in points)
    values = [point.co[1] for point in points]
    return bent and bool(kinds & SMOOTHED) and max(values) - min(values) > FLAT


def _keys(curve: Any) -> list[dict[str, Any]]:
    """The keys of a curve; handles only where they are free and shape the curve."""
    points = curve.keyframe_points
    co = np.empty(len(points) * 2, np.float32)
    points.foreach_get("co", co)
    positions = shortest_all(co).reshape(-1, 2).tolist()
    keys: list[dict[str, Any]] = []
    before = None
    last = len(positions) - 1
    for index, point in enumerate(points):
        key: dict[str, Any] = {"frame": positions[index][0], "value": positions[index][1]}
        interpolation = point.interpolation
        if interpolation != "BEZIER":
            key["interpolation"] = interpolation
        # A curve depends on a key's right handle where it is Bezier, on its left one where the key before is.
        if interpolation == "BEZIER" or before == "BEZIER":
            types = [point.handle_left_type, point.handle_right_type]
            if types != ["AUTO_CLAMPED", "AUTO_CLAMPED"]:
                key["types"] = types
                if types[0] not in WORKED_OUT and before == "BEZIER":
                    key["handle_left"] = clean(nested(point.handle_left))
                if types[1] not in WORKED_OUT and interpolation == "BEZIER" and index < last:
                    key["handle_right"] = clean(nested(point.handle_right))
        if interpolation in EASED:
            if point.easing != "AUTO":
                key["easing"] = point.easing
            for name, usual in NEW_KEY.get(interpolation, {}).items():
                if abs(getattr(point, name) - usual) > 1e-5:
                    key[name] = clean(getattr(point, name))
        if point.type != "KEYFRAME":
            key["type"] = point.type
        before = interpolation
        if keys and key["frame"] - keys[-1]["frame"] < SAME_FRAME:
            keys.pop()  # two keys on one frame: setting the second replaces the first
        keys.append(key)
    return keys


NEW_KEY = {"BACK": {"back": 1.70158}, "ELASTIC": {"amplitude": 0.8, "period": 4.1}}
"""By interpolation: what new keys have, whose values are not told."""


def animation_of(block: Any, walk: Walk, path: str) -> dict[str, Any] | None:
    """The Animation of a datablock: its action and slot, drivers (expressions stay text) and NLA tracks."""
    data = getattr(block, "animation_data", None)  # collections and images have none
    if data is None:
        return None
    result: dict[str, Any] = {}
    if data.action is not None:
        action = walk.reference(data.action, f"{path}.animation_data.action")
        if action is not None:
            result["action"] = action
            if data.action_slot is not None:
                result["slot"] = slot_names(data.action)[data.action_slot.handle]
            props = walk.changed(data, walk.base("AnimData", data), path)
            for name in ANIMATION_PARTS:
                props.pop(name, None)
            if props:
                result["props"] = props
    drivers = [_driver(curve, walk, path) for curve in data.drivers]
    if drivers:
        result["drivers"] = drivers
    tracks = [_track(track, walk, path) for track in data.nla_tracks]
    if tracks:
        result["nla"] = tracks
    return result or None


def _driver(curve: Any, walk: Walk, path: str) -> dict[str, Any]:
    driver = curve.driver
    where = f'{path}.animation_data.drivers["{curve.data_path}"]'
    result: dict[str, Any] = {"path": curve.data_path, "index": curve.array_index, "type": driver.type}
    if driver.type == "SCRIPTED":
        result["expression"] = driver.expression
    if driver.use_self:
        result["use_self"] = True
    if curve.mute:
        result["mute"] = True
    result["variables"] = [
        {
            "name": variable.name,
            "type": variable.type,
            "targets": [
                {"type": "DriverTarget", "props": _target_props(target, variable.type, walk, where)}
                for target in variable.targets
            ],
        }
        for variable in driver.variables
    ]
    # A new driver passes its value on as it is: up to 4.5 by a generator, which hides the keys, since 5.0 by two keys.
    plain = [item for item in curve.modifiers if item.type == "GENERATOR" and not item.use_additive]
    modifiers = [walk.struct(modifier, where) for modifier in curve.modifiers]
    modifiers = [entry for entry in modifiers if entry["props"] or entry["type"] != "FModifierGenerator"]
    keys = [] if plain else _keys(curve)
    if keys and [(key["frame"], key["value"]) for key in keys] != [(0.0, 0.0), (1.0, 1.0)]:
        result["keys"] = keys
        result["extrapolation"] = curve.extrapolation
        if curve.auto_smoothing == "NONE" and _smoothed(curve.keyframe_points):
            result["smoothing"] = "NONE"
    if modifiers:
        result["modifiers"] = modifiers
    return result


# What a target of each type of driver variable looks at.
TARGET_PROPS = {
    "SINGLE_PROP": ("id_type", "id", "data_path"),
    "TRANSFORMS": ("id", "bone_target", "transform_type", "transform_space", "rotation_mode"),
    "ROTATION_DIFF": ("id", "bone_target"),
    "LOC_DIFF": ("id", "bone_target", "transform_space"),
    "CONTEXT_PROP": ("context_property", "data_path"),
}


def _target_props(target: Any, kind: str, walk: Walk, path: str) -> Props:
    found: Props = {}
    base = walk.base("DriverTarget", target)
    for name in TARGET_PROPS[kind]:
        value = getattr(target, name)
        if name == "id":
            if value is not None and not value.is_embedded_data:
                found["id"] = walk.reference(value, path)
            elif value is not None:
                walk.lose(path, "a driver that reads an embedded node tree")
        elif value != base.get(name, ""):
            found[name] = value
    return found


def _track(track: Any, walk: Walk, path: str) -> dict[str, Any]:
    where = f'{path}.animation_data.nla_tracks["{track.name}"]'
    result = walk.struct(track, where)
    result["props"].pop("strips", None)
    result["strips"] = []
    for strip in track.strips:
        result["strips"].append(_strip(strip, walk, where))
    return result


def _strip(strip: Any, walk: Walk, path: str) -> dict[str, Any]:
    """A strip: what differs from a new strip of the same action; its `end` only where it does not follow."""
    where = f'{path}.strips["{strip.name}"]'
    base = {name: value for name, value in walk.base("NlaStrip", strip).items() if not name.startswith("action_frame_")}
    if strip.action is not None and len(strip.action.slots) == 1:  # else it follows from the slot
        first, last = strip.action.frame_range
        base |= {"action_frame_start": clean(first), "action_frame_end": clean(last)}
    entry: dict[str, Any] = {"type": "NlaStrip", "name": strip.name, "props": walk.changed(strip, base, where)}
    for name in STRIP_PARTS:
        entry["props"].pop(name, None)
    for name, own in STRIP_CURVES.items():
        if not getattr(strip, own):
            entry["props"].pop(name, None)
    if strip.type != "CLIP":
        walk.lose(where, f"a strip of type {strip.type}")
    entry["action"] = None if strip.action is None else walk.reference(strip.action, path)
    if strip.action is not None and strip.action_slot is not None and len(strip.action.slots) > 1:
        entry["slot"] = slot_names(strip.action)[strip.action_slot.handle]
    entry["start"] = clean(strip.frame_start)
    length = (strip.action_frame_end - strip.action_frame_start) * strip.scale * strip.repeat
    if abs(strip.frame_start + length - strip.frame_end) > SAME_FRAME:
        entry["end"] = clean(strip.frame_end)
    return entry


def moved_paths(block: Any) -> list[tuple[str, int]]:
    """What the action, the NLA strips and the drivers of a datablock set: `(data path, array index)`.

    A curve that is muted or empty sets nothing: there the property keeps a value of its own.
    """
    data = getattr(block, "animation_data", None)
    if data is None:
        return []
    found = [(curve.data_path, curve.array_index) for curve in data.drivers if not curve.mute]
    used = [(data.action, data.action_slot)]
    alone = [track for track in data.nla_tracks if track.is_solo]  # Blender mutes all others beside it
    tracks = alone or [track for track in data.nla_tracks if not track.mute]
    used += [(strip.action, strip.action_slot) for track in tracks for strip in track.strips if not strip.mute]
    for action, slot in used:
        if action is None or slot is None:
            continue
        for layer in action.layers:
            for strip in layer.strips:
                bag = strip.channelbag(slot)
                if bag is not None:
                    found += [(curve.data_path, curve.array_index) for curve in bag.fcurves if _heard(curve)]
    return found


def _heard(curve: Any) -> bool:
    """Whether an f-curve sets anything; the mute of its group does not count, Blender plays it all the same."""
    return not (curve.mute or curve.is_empty)


def forget_shape_values(keys: dict[str, Any], paths: list[tuple[str, int]]) -> None:
    """The same for shape keys: `key_blocks["Smile"].value`."""
    for path, index in paths:
        if match := SHAPE.match(path):
            for shape in keys["blocks"]:
                if shape["name"] == _plain(match[1]):
                    _forget(shape["props"], match[2], index, {})


def forget_moved(entry: dict[str, Any], paths: list[tuple[str, int]], fresh: Props) -> None:
    """Takes out of a block what its animation sets anyway: such a value is just that of the last frame shown."""
    for path, index in paths:
        if DIRECT.match(path):
            _forget_nested(entry["props"], path.split("."), index, fresh)
        elif match := INSIDE.match(path):
            collection, name, prop = match.groups()
            for item in entry.get(collection, ()):
                if item.get("name") == _plain(name):
                    _forget(item["props"], prop, index, {})
        elif match := POSED.match(path):
            bone, constraint, prop = match.groups()
            _forget_pose(entry, _plain(bone), constraint and _plain(constraint), prop, index)
        elif (match := SOCKET.match(path)) and "tree" in entry:
            name, side, place = match.groups()
            for node in entry["tree"]["nodes"]:
                if node["name"] == _plain(name) and side in node:
                    node[side] = [value for value in node[side] if value["index"] != int(place)]
        elif (match := NODE.match(path)) and "tree" in entry:
            for node in entry["tree"]["nodes"]:
                if node["name"] == _plain(match[1]):
                    _forget(node["props"], match[2], index, {})


def _plain(name: str) -> str:
    return name.replace('\\"', '"').replace("\\\\", "\\")


def _forget_nested(props: Props, names: list[str], index: int, fresh: Props) -> None:
    for name in names[:-1]:
        inner = props.get(name)
        if not isinstance(inner, dict) or "props" not in inner:
            return
        props, fresh = inner["props"], fresh.get(name, {}).get("props", {}) if isinstance(fresh.get(name), dict) else {}
    _forget(props, names[-1], index, fresh)


def _forget(props: Props, name: str, index: int, fresh: Props) -> None:
    value = props.get(name)
    if not isinstance(value, list):
        props.pop(name, None)
        return
    before = fresh.get(name, [0.0] * len(value))
    if index < len(value) and len(before) == len(value):
        value = [*value[:index], before[index], *value[index + 1 :]]
        props[name] = value
        if value == before:
            del props[name]


REST = {
    "scale": [1.0, 1.0, 1.0], "rotation_quaternion": [1.0, 0.0, 0.0, 0.0], "rotation_axis_angle": [0.0, 0.0, 1.0, 0.0],
}  # fmt: skip
"""What bones at rest have, where it is not zero."""


def _forget_pose(entry: dict[str, Any], bone: str, constraint: str | None, prop: str, index: int) -> None:
    posed = entry.get("pose", {}).get(bone)
    if posed is None:
        return
    if constraint is None:
        _forget(posed["props"], prop, index, REST)
    else:
        for item in posed.get("constraints", ()):
            if item.get("name") == constraint:
                _forget(item["props"], prop, index, {})
    if not posed["props"] and not posed.keys() & {"constraints", "custom"}:
        del entry["pose"][bone]
    if not entry["pose"]:
        del entry["pose"]
