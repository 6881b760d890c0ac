"""Keyframes, drivers and NLA tracks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from voxel.bpycode.action_edits import edit_action
from voxel.bpycode.animated import Animated, animation_data, is_array, reach
from voxel.bpycode.drivers import write_drivers, write_tracks
from voxel.bpycode.keys import at_channel, frame_number, is_turn, write_curves
from voxel.bpycode.layout import Doc, call, listing, parts, quote
from voxel.bpycode.numbers import number
from voxel.bpycode.paths import name_in, split
from voxel.bpycode.props import write_props
from voxel.bpycode.repeated_keys import (
    Channel,
    alike_actions,
    alike_curves,
    interpolation_of,
    write_alike_curves,
    write_group,
)
from voxel.bpycode.script import Id, Json, Script, identity
from voxel.bpycode.values import rounded_angle, value


def animated(script: Script) -> list[Animated]:
    """What is animated in the Scene and was not, or not like that, before."""
    found = []
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
            found += [Animated(needed, suffix, new, was) for suffix, new, was in places if new and new != was]
    return found


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
                edit_action(script, script.fetch(needed), action, old, f'actions["{name}"]')
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


def write_action(script: Script, needed: Id, action: Json, users: list[Animated]) -> None:
    """An action: by keyframes put on its user where that says it all, else curve by curve."""
    path = f'actions["{needed[1]}"]'
    slots = action.get("slots", [])
    curves = [curve for curve in action.get("fcurves", []) if curve["keys"] or curve.get("modifiers")]
    fits = bool(users) and len(slots) == 1 and users[0].target() == slots[0]["target"]
    if fits:
        owner = reach(script, users[0])
        if curves and all(simple(script, users[0], curve) for curve in curves) and is_even(curves):
            insert_keys(script, owner, curves)
            animation_data(script, users[0], owner)
            holder = f"{owner}.animation_data.action"
            if needed[1] != given_name(script, users[0]) or script.claims("actions", needed[1]):
                script.assign(f"{holder}.name", quote(needed[1]))
            interpolation(script, owner, curves)
            script.made(needed, holder)
            write_props(script, holder, action, path)
            for item in users[1:]:
                assign(script, item, holder, action)
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
            assign(script, item, variable, action)
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
    script.assign(strip, f'{variable}.layers.new("Layer").strips.new(type="KEYFRAME")')
    for slot in slots:
        name = script.names.take(slot["name"], "slot", suffix="_slot")
        script.assign(name, call(f"{variable}.slots.new", id_type=quote(slot["target"]), name=quote(slot["name"])))
        variables.append(name)
        mine = [curve for curve in curves if curve["slot"] == slot["name"]]
        if not mine:
            continue
        fcurves = script.names.passing("fcurves")
        script.assign(fcurves, f"{strip}.channelbag({name}, ensure=True).fcurves")
        write_curves(script, partial(at_channel, f"{fcurves}.new"), mine, path)
    return variables


def assign(script: Script, item: Animated, action: str, block: Json, variables: Sequence[str] = ()) -> None:
    """Give an action that is there to a datablock; `variables` hold its slots."""
    owner = reach(script, item)
    script.assign(f"{animation_data(script, item, owner)}.action", action)
    slots = [(slot["name"], slot["target"]) for slot in block.get("slots", [])]
    slot = (item.animation.get("slot"), item.target())
    if slot in slots:
        place = slots.index(slot)
        source = variables[place] if variables else f"{action}.slots[{place}]"
        script.assign(f"{owner}.animation_data.action_slot", source)


# Keyframes put on a datablock


def resolves(script: Script, item: Animated, path: str) -> bool:
    """Whether the bone, modifier, constraint or node that a path speaks of is there."""
    block = script.block(item.needed) or {}
    data = script.block(identity(block.get("data")) or ("", "")) or {}
    named = name_in(path)
    if path.startswith("pose.bones") and "constraints" not in path:
        return any(bone["name"] == named for bone in data.get("bones", []))
    if path.startswith(("modifiers", "constraints")):
        return any(one["name"] == named for one in block.get(path.split("[")[0], []))
    if item.suffix == ".node_tree" and path.startswith("nodes"):
        return any(node["name"] == named for node in block["tree"]["nodes"])
    if item.suffix == ".shape_keys" and path.startswith("key_blocks"):
        return any(one["name"] == named for one in block["shape_keys"]["blocks"])
    return not item.suffix and path.isidentifier()


def simple(script: Script, item: Animated, curve: Json) -> bool:
    """Whether `keyframe_insert` and one setting of the interpolation make this curve."""
    if not resolves(script, item, curve["path"]):
        return False
    if curve.get("modifiers") or curve.get("extrapolation") or curve.get("mute") or split(curve["path"]) is None:
        return False
    kinds = {key.get("interpolation", "BEZIER") for key in curve["keys"]}
    plain = all(not set(key) - {"frame", "value", "interpolation"} for key in curve["keys"])
    whole = all(isinstance(key["value"], float | int) for key in curve["keys"])
    return plain and whole and len(kinds) == 1


def is_even(curves: list[Json]) -> bool:
    """Whether all channels of one property are interpolated alike, so that its path tells which curves to set."""
    kinds = {(curve["path"], curve["keys"][0].get("interpolation", "BEZIER")) for curve in curves if curve["keys"]}
    return len(kinds) == len({path for path, _ in kinds})


def plain_channels(script: Script, item: Animated, action: Json) -> list[Channel] | None:
    """The tables of an object's action whose keys are Bezier and lie on its own properties; None for any other."""
    curves = [curve for curve in action.get("fcurves", []) if curve["keys"] or curve.get("modifiers")]
    fits = item.target() == action["slots"][0]["target"] and bool(curves)
    for curve in curves:
        fits = fits and simple(script, item, curve) and len(curve["keys"]) > 1 and curve["path"] in CHANNELS
        fits = fits and not curve.get("smoothing") and interpolation_of(action) is not None
    if not fits:
        return None
    found: list[Channel] = []
    for path, group in groupby(curves, key=lambda curve: str(curve["path"])):
        together = list(group)
        unit = "ROTATION" if path in ("rotation_euler", "delta_rotation_euler") else ""
        frames = [[key["frame"] for key in curve["keys"]] for curve in together]
        if len(together) == CHANNELS[path] and all(some == frames[0] for some in frames):
            found.append((path, path, None, key_rows(frames[0], vector_values(script, together, unit))))
            continue
        for curve, at in zip(together, frames, strict=True):
            values = [key_value(script, key["value"], unit) for key in curve["keys"]]
            found.append((path, f"{path}[{curve['index']}]", curve["index"], key_rows(at, values)))
    return found


def vector_values(script: Script, curves: list[Json], unit: str) -> list[Doc]:
    """The values of channels that have their keys together, as vectors."""
    rows = zip(*[[key["value"] for key in curve["keys"]] for curve in curves], strict=True)
    return [value(script, [float(part) for part in row], unit) for row in rows]


def key_rows(frames: list[float], values: list[Doc]) -> Doc:
    """A table of frames and values."""
    return listing(parts([frame_number(at), what]) for at, what in zip(frames, values, strict=True))


def insert_keys(script: Script, owner: str, curves: list[Json]) -> None:
    """`for frame, location in […]: cube.location = location; cube.keyframe_insert("location", frame=frame)`."""
    holders: dict[str, str] = {"": owner}
    for path, group in groupby(curves, key=lambda curve: str(curve["path"])):
        together = list(group)
        taken = split(path)
        assert taken is not None
        if taken[0] not in holders:
            holders[taken[0]] = script.names.take(*holder_name(path))
            script.assign(holders[taken[0]], f"{owner}{taken[0]}")
        holder, prop = holders[taken[0]], taken[1]
        frames = [[key["frame"] for key in curve["keys"]] for curve in together]
        whole = [curve["index"] for curve in together] == list(range(len(together)))
        known = CHANNELS.get(prop, 0)
        unit = "ROTATION" if prop in ("rotation_euler", "delta_rotation_euler") else ""
        if is_array(together[0], curves):
            if whole and len(together) == known and all(some == frames[0] for some in frames):
                values = vector_values(script, together, unit)
                put(script, holder, prop, prop, frames[0], values, None)
            else:
                for curve in together:
                    values = [key_value(script, key["value"], unit) for key in curve["keys"]]
                    spot = f"{prop}[{curve['index']}]"
                    put(script, holder, prop, spot, [key["frame"] for key in curve["keys"]], values, curve["index"])
        else:
            values = [typed_value(script, path, key["value"]) for key in together[0]["keys"]]
            put(script, holder, prop, prop, frames[0], values, None)


def holder_name(path: str) -> tuple[str, str]:
    """What to call the bone, modifier, socket or node that a path leads to."""
    if path.startswith("nodes") and path.endswith("default_value"):
        return "socket", "socket"
    name = name_in(path)
    kind = "bone" if path.startswith("pose") else "modifier"
    return (f"{name} bone" if kind == "bone" and "bone" not in name.lower() else name) if name else kind, kind


CHANNELS = {"location": 3, "rotation_euler": 3, "scale": 3, "rotation_quaternion": 4, "rotation_axis_angle": 4,
            "delta_location": 3, "delta_rotation_euler": 3, "delta_scale": 3}  # fmt: skip


def key_value(script: Script, what: float, unit: str) -> Doc:
    return (rounded_angle(script, float(what)) if unit else None) or number(float(what), whole=True)


def typed_value(script: Script, path: str, what: float) -> Doc:
    """Switches are True and False; numbers that count stay whole."""
    name = path.rsplit(".", 1)[-1]
    if name.startswith(("hide_", "use_", "show_", "is_", "mute")):
        return str(bool(what))
    turned = rounded_angle(script, float(what)) if is_turn(path) and what else None
    if turned:
        return turned
    return value(script, float(what)) if what != int(what) else number(float(what), whole=True)


def put(
    script: Script, holder: str, prop: str, spot: str, frames: list[float], values: list[Doc], index: int | None
) -> None:
    extra: dict[str, Doc] = {} if index is None else {"index": str(index)}
    if len(frames) == 1:
        script.assign(f"{holder}.{spot}", values[0])
        script.do(call(f"{holder}.keyframe_insert", quote(prop), **extra, frame=frame_number(frames[0])))
        return
    name = script.names.passing("value" if index is not None or prop == "default_value" else prop)
    frame = script.names.passing("frame")
    script.loop(f"{frame}, {name}", key_rows(frames, values))
    script.indent += 4
    script.assign(f"{holder}.{spot}", name)
    script.do(call(f"{holder}.keyframe_insert", quote(prop), **extra, frame=frame))
    script.indent -= 4


def interpolation(script: Script, owner: str, curves: list[Json]) -> None:
    """Interpolations other than Bezier and curves that are not smoothed: of all curves at once, or of some."""
    kinds = {curve["keys"][0].get("interpolation", "BEZIER") for curve in curves}
    rough = [str(curve["path"]) for curve in curves if curve.get("smoothing")]
    if kinds == {"BEZIER"} and not rough:
        return
    action, slot = script.names.take("action", "action"), script.names.passing("slot")
    script.assign(action, f"{owner}.animation_data.action")
    script.assign(slot, f"{owner}.animation_data.action_slot")
    bag = f"{action}.layers[0].strips[0].channelbag({slot})"
    curve_name, key_name = script.names.passing("fcurve"), script.names.passing("key")
    script.loop(curve_name, f"{bag}.fcurves")
    script.indent += 4
    for kind in sorted(kinds - {"BEZIER"}):
        paths = [str(curve["path"]) for curve in curves if curve["keys"][0].get("interpolation") == kind]
        deeper = with_paths(script, curve_name, paths, curves)
        script.loop(key_name, f"{curve_name}.keyframe_points")
        script.add([f"{' ' * (script.indent + 4)}{key_name}.interpolation = {quote(kind)}"])
        script.indent -= deeper
    if rough:
        deeper = with_paths(script, curve_name, rough, curves)
        script.assign(f"{curve_name}.auto_smoothing", '"NONE"')
        script.indent -= deeper
    script.indent -= 4


def with_paths(script: Script, curve: str, paths: list[str], curves: list[Json]) -> int:
    """A condition that holds for the curves of these paths, and how far its block is indented; none where all are."""
    if set(paths) == {str(one["path"]) for one in curves}:
        return 0
    names = ", ".join(quote(path) for path in sorted(set(paths)))
    script.add([f"{' ' * script.indent}if {curve}.data_path in [{names}]:"])
    script.indent += 4
    return 4
