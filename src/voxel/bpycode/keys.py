"""F-curves: keys, handles and modifiers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from voxel.bpycode.animated import is_array
from voxel.bpycode.kinds import kind_of
from voxel.bpycode.layout import Bracket, Doc, call, listing, parts, quote
from voxel.bpycode.numbers import number, vector
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script
from voxel.bpycode.values import rounded_angle


def frame_number(frame: float) -> str:
    """A frame, whole where it is."""
    return number(float(frame), whole=True)


TURNS = frozenset({"rotation_euler", "delta_rotation_euler", "spot_size", "angle_limit", "angle"})
"""Properties that are angles, by their last name."""

WORKED_OUT = frozenset({"AUTO", "AUTO_CLAMPED", "VECTOR"})
"""Handles that Blender places; a type that is set after the key was made shows once the curve is updated."""

STEADY = ("interpolation", "types", "easing", "type")
"""What the keys of a curve often share."""
COLUMNS = ("interpolation", "types", "handle_left", "handle_right", "easing", "back", "amplitude", "period", "type")


def at_channel(function: str, data_path: str, index: str | int = "") -> Doc:
    """`fcurves.new("location", index=1)`, `fcurves.find("scale")`: the first channel needs no index."""
    keywords: dict[str, Doc] = {"index": str(index)} if str(index) not in ("", "0") else {}
    return call(function, quote(data_path), **keywords)


def write_curve(script: Script, creation: Doc, curve: Json, path: str, table: str = "") -> None:
    """One f-curve with its keys, handles and modifiers; the keys come from the variable `table` if that is given."""
    variable = script.names.passing("curve")
    script.assign(variable, creation)
    where = f'{path}.fcurves["{curve["path"]}"]'
    if curve.get("extrapolation"):
        script.assign(f"{variable}.extrapolation", quote(curve["extrapolation"]))
    if curve.get("mute"):
        script.assign(f"{variable}.mute", "True")
    write_keys(script, variable, curve["keys"], table, turned=is_turn(str(curve["path"])))
    if curve.get("smoothing"):
        script.assign(f"{variable}.auto_smoothing", quote(curve["smoothing"]))
    elif any(WORKED_OUT & set(key.get("types", ())) for key in curve["keys"]):
        script.do(f"{variable}.update()")
    for modifier in curve.get("modifiers", []):
        write_modifier(script, variable, modifier, where)


def is_turn(path: str) -> bool:
    """Whether the values of a channel are angles."""
    return path.rpartition(".")[2] in TURNS


def write_modifier(script: Script, curve: str, modifier: Json, path: str) -> None:
    """A modifier of an f-curve, such as cycles or noise."""
    creation = call(f"{curve}.modifiers.new", quote(kind_of(modifier["type"], "FModifier")))
    props = {key: what for key, what in modifier["props"].items() if key != "type"}
    if not props:
        script.do(creation)
        return
    variable = script.names.take(kind_of(modifier["type"], "FModifier"), "modifier")
    script.assign(variable, creation)
    write_props(script, variable, {"type": modifier["type"], "props": props}, path)


def write_curves(script: Script, create: Callable[[str, str], Doc], curves: list[Json], path: str) -> None:
    """F-curves; `create` has their source from path and index, the index empty where there is one channel alone.

    Channels of one property that are written alike are made in a loop over their keys.
    """
    for data_path, group in groupby(curves, key=lambda curve: str(curve["path"])):
        channels = list(group)
        if len(channels) > 1 and len({form(curve) for curve in channels}) == 1:
            write_channels(script, create, channels, path)
            continue
        for curve in channels:
            index = str(curve["index"]) if curve["index"] or is_array(curve, curves) else ""
            write_curve(script, create(data_path, index), curve, path)


def form(curve: Json) -> str:
    """How a curve is written, whatever its keys are."""
    if not curve["keys"] or set(curve) - {"path", "index", "keys", "slot", "group"}:
        return str(curve["index"])
    keys = curve["keys"]
    steady = [name for name in STEADY if len({str(key.get(name)) for key in keys}) == 1]
    there = sorted({name for key in keys for name in key})
    half = [side for side in ("handle_left", "handle_right") if any(side not in key for key in keys)]
    return repr([there, half, [(name, keys[0].get(name)) for name in steady]])


def write_channels(script: Script, create: Callable[[str, str], Doc], channels: list[Json], path: str) -> None:
    """The channels of one property in a loop."""
    indices = [curve["index"] for curve in channels]
    if all(curve["keys"] == channels[0]["keys"] for curve in channels) and indices == list(range(len(indices))):
        script.loop("index", f"range({len(indices)})")
        script.indent += 4
        write_curve(script, create(str(channels[0]["path"]), "index"), channels[0], path)
        script.indent -= 4
        return
    turned = is_turn(str(channels[0]["path"]))
    tables: list[Doc] = [listing(key_table(script, curve["keys"], turned=turned)[2]) for curve in channels]
    if indices == list(range(len(indices))):
        name = script.names.passing("channels")
        script.assign(name, listing(tables))
        script.loop("index, keys", call("enumerate", name))
    else:
        rows = [parts([str(index), table]) for index, table in zip(indices, tables, strict=True)]
        script.loop("index, keys", listing(rows))
    script.indent += 4
    write_curve(script, create(str(channels[0]["path"]), "index"), channels[0], path, "keys")
    script.indent -= 4


def key_table(
    script: Script, keys: list[Json], *, turned: bool = False
) -> tuple[list[str], dict[str, Any], list[Bracket], list[str]]:
    """The names of the columns of a table of keys, what all keys share, the rows, and the columns beyond the value."""
    columns = [name for name in COLUMNS if any(name in key for key in keys)]
    fixed: dict[str, Any] = {}
    for name in STEADY:
        if name in columns and all(key.get(name) == keys[0].get(name) for key in keys):
            fixed[name] = keys[0][name]
            columns.remove(name)
    names: list[str] = ["frame", "value"]
    for name in columns:
        names += ["left_type", "right_type"] if name == "types" else [name]
    rows: list[Bracket] = []
    scale = min(1.0, max(abs(key["value"]) for key in keys))
    for key in keys:
        size: Doc = number(float(key["value"]), whole=True, scale=scale)
        if turned:
            size = rounded_angle(script, float(key["value"])) or size
        row: list[Doc] = [frame_number(key["frame"]), size]
        for name in columns:
            row += column(name, key.get(name))
        rows.append(parts(row))
    return names, fixed, rows, columns


def write_keys(script: Script, curve: str, keys: list[Json], table: str = "", *, turned: bool = False) -> None:
    """Keys from a table of frame, value and what else differs from a fresh key; or from the variable `table`."""
    if not keys:
        return
    names, fixed, rows, columns = key_table(script, keys, turned=turned)
    if len(rows) == 1 and not columns and not fixed and not table:
        script.do(call(f"{curve}.keyframe_points.insert", *rows[0].items))
        return
    script.loop(", ".join(names), table or listing(rows))
    script.indent += 4
    insertion = call(f"{curve}.keyframe_points.insert", "frame", "value")
    if not columns and not fixed:
        script.do(insertion)
    else:
        script.assign("key", insertion)
        for name, what in fixed.items():
            for attribute, text in zip(attributes(name), column(name, what), strict=True):
                script.assign(f"key.{attribute}", text)
        for name in columns:
            sources = ["left_type", "right_type"] if name == "types" else [name]
            for attribute, source in zip(attributes(name), sources, strict=True):
                if name.startswith("handle_") and any(key.get(name) is None for key in keys):
                    script.add([f"{' ' * script.indent}if {source}:"])
                    script.indent += 4
                    script.assign(f"key.{attribute}", source)
                    script.indent -= 4
                else:
                    script.assign(f"key.{attribute}", source)
    script.indent -= 4


def attributes(name: str) -> list[str]:
    return ["handle_left_type", "handle_right_type"] if name == "types" else [name]


DEFAULTS = {
    "interpolation": "BEZIER",
    "easing": "AUTO",
    "type": "KEYFRAME",
    "back": 1.70158,
    "amplitude": 0.8,
    "period": 4.1,
}


def column(name: str, what: Any) -> list[Doc]:
    if name == "types":
        left, right = what or ("AUTO_CLAMPED", "AUTO_CLAMPED")
        return [quote(left), quote(right)]
    if name.startswith("handle_"):
        return ["None" if what is None else parts(vector(what))]
    what = DEFAULTS[name] if what is None else what
    return [quote(what) if isinstance(what, str) else number(what)]
