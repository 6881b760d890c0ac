"""Keyframes put on a datablock, property by property, as `keyframe_insert` does it."""

from __future__ import annotations

from itertools import groupby

from voxel.bpycode.animated import Animated, is_array, joins, stands
from voxel.bpycode.keys import frame_number, is_turn
from voxel.bpycode.layout import Doc, call, listing, parts, quote
from voxel.bpycode.numbers import number
from voxel.bpycode.paths import name_in, split
from voxel.bpycode.repeated_keys import Channel, interpolation_of
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.values import rounded_angle, value


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
    fits = item.target() == action["slots"][0]["target"] and bool(curves) and not joins(script, item)
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
            rows = key_rows(frames[0], vector_values(script, together, unit))
            still = stands(script, item, together)
            found.append(Channel(path, path, None, rows, frame_list(frames[0]), still))
            continue
        for curve, at in zip(together, frames, strict=True):
            rows = key_rows(at, [key_value(script, key["value"], unit) for key in curve["keys"]])
            spot, still = f"{path}[{curve['index']}]", stands(script, item, [curve])
            found.append(Channel(path, spot, curve["index"], rows, frame_list(at), still))
    return found


def vector_values(script: Script, curves: list[Json], unit: str) -> list[Doc]:
    """The values of channels that have their keys together, as vectors."""
    rows = zip(*[[key["value"] for key in curve["keys"]] for curve in curves], strict=True)
    return [value(script, [float(part) for part in row], unit) for row in rows]


def key_rows(frames: list[float], values: list[Doc]) -> Doc:
    """A table of frames and values."""
    return listing(parts([frame_number(at), what]) for at, what in zip(frames, values, strict=True))


EVEN = 4
"""Frames at equal distances that are written as a range."""


def frame_list(frames: list[float]) -> Doc:
    """`[1, 12, 20]`, or `range(1, 42, 10)`."""
    whole = [int(frame) for frame in frames]
    step = whole[1] - whole[0] if len(whole) > 1 else 0
    if len(frames) >= EVEN and step > 0 and frames == [whole[0] + step * place for place in range(len(frames))]:
        return call("range", str(whole[0]), str(whole[-1] + 1), *([str(step)] if step != 1 else []))
    return listing(frame_number(frame) for frame in frames)


def insert_keys(script: Script, item: Animated, owner: str, curves: list[Json]) -> None:
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
                put(script, holder, prop, prop, frames[0], values, None, still=stands(script, item, together))
            else:
                for curve in together:
                    values = [key_value(script, key["value"], unit) for key in curve["keys"]]
                    spot = f"{prop}[{curve['index']}]"
                    at, still = [key["frame"] for key in curve["keys"]], stands(script, item, [curve])
                    put(script, holder, prop, spot, at, values, curve["index"], still=still)
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
    script: Script,
    holder: str,
    prop: str,
    spot: str,
    frames: list[float],
    values: list[Doc],
    index: int | None,
    *,
    still: bool = False,
) -> None:
    """Keys of one property or channel; a value that never changes is set once, or not where it `still` is there."""
    extra: dict[str, Doc] = {} if index is None else {"index": str(index)}
    frame = script.names.passing("frame")
    if all(one == values[0] for one in values):
        if not still:
            script.assign(f"{holder}.{spot}", values[0])
        if len(frames) == 1:
            script.do(call(f"{holder}.keyframe_insert", quote(prop), **extra, frame=frame_number(frames[0])))
            return
        script.loop(frame, frame_list(frames))
        script.indent += 4
        script.do(call(f"{holder}.keyframe_insert", quote(prop), **extra, frame=frame))
        script.indent -= 4
        return
    name = script.names.passing("value" if index is not None or prop == "default_value" else prop)
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
