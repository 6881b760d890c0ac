"""Settings of a struct: the properties that differ, nested structs, and lists that are made anew."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from voxel.bpycode.layout import INDENT, Doc, call, listing, parts, quote
from voxel.bpycode.numbers import number
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.values import array, value
from voxel.bpycode.versions import (
    GONE,
    MEDIA,
    MENUS,
    NEW,
    NOW_SOCKETS,
    OLD,
    OTHER_DEFAULTS,
    PLAIN_SKIES,
    RENAMED,
    menu_word,
)

FIRST = (
    "type", "rotation_mode",
    "media_type", "file_format", "format", "engine", "data_type", "input_type", "mode", "dimensions",
    "distribution", "sky_type", "node_group", "shape", "noise_dimensions", "operation", "blend_type", "fill_mode",
    "fit_type", "mass_type", "use_custom", "domain_type", "fluid_type", "effector_type",
    "use_curve_mapping", "display_device", "view_transform",
)  # fmt: skip
"""Properties that decide which others exist or what they may be: they are set first."""

BIND_FROM = 3
"""A nested struct with so many settings gets a variable of its own."""


def order(identifiers: list[str]) -> list[str]:
    """The order in which properties are set: the deciding ones first, then as Blender lists them."""
    rank = {identifier: place for place, identifier in enumerate(FIRST)}
    return sorted(identifiers, key=lambda identifier: rank.get(identifier, len(FIRST)))


MADE_BY_OPERATOR = ("rigid_body", "rigid_body_constraint", "soft_body", "collision")
"""Parts of an object that are there only once an operator or a modifier made them."""


def built_in_font(script: Script, what: Any) -> bool:
    """Texts have Blender's own font from the start."""
    needed = identity(what)
    return needed is not None and needed[0] == "fonts" and (script.block(needed) or {}).get("file") == "<builtin>"


def is_struct(what: Any) -> bool:
    return isinstance(what, dict) and "props" in what


def is_list_of_structs(what: Any) -> bool:
    return isinstance(what, list) and bool(what) and is_struct(what[0])


def write_props(
    script: Script,
    target: str,
    struct: Json,
    path: str,
    old: Json | None = None,
    leave: frozenset[str] = frozenset(),
) -> None:
    """Set what differs between `struct` and `old` (between `struct` and a fresh one when None) on `target`."""
    kind, props = struct["type"], struct["props"]
    if kind == "ColorManagedViewSettings" and "curve_mapping" in props and not props.get("use_curve_mapping"):
        script.skip(f"{path}.curve_mapping", "curves that are not used")
        props = {key: what for key, what in props.items() if key != "curve_mapping"}
    if old is None and kind in OTHER_DEFAULTS and not script.modern():
        said = {key: what for key, what in OTHER_DEFAULTS[kind].items() if key not in props}
        if props.get("sky_type") in PLAIN_SKIES:
            del said["altitude"]
        props = {**props, **said}
    were = old["props"] if old is not None and old["type"] == kind else {}
    for identifier in order([name for name in props if name not in leave]):
        if identifier in were and were[identifier] == props[identifier]:
            continue
        write_prop(script, target, kind, identifier, props[identifier], path, were.get(identifier))
    for identifier in were:
        if identifier not in props and identifier not in leave and identifier != "use_nodes":
            reset(script, target, identifier, were[identifier], path)


RESTING: dict[str, str] = {
    "location": "(0, 0, 0)", "rotation_euler": "(0, 0, 0)", "scale": "(1, 1, 1)", "delta_location": "(0, 0, 0)",
    "lens": "50", "rotation_mode": '"XYZ"', "use_nodes": "False", "resolution_percentage": "100",
    "resolution_x": "1920", "resolution_y": "1080", "frame_start": "1", "frame_end": "250",
}  # fmt: skip
"""What some properties are in a fresh instance, for those that go back to it."""


def reset(script: Script, target: str, identifier: str, was: Any, path: str) -> None:
    """Give a property, or all that differed in a nested struct, the value of a fresh instance."""
    if is_struct(was):
        for inner, value_then in was["props"].items():
            reset(script, f"{target}.{identifier}", inner, value_then, f"{path}.{identifier}")
    elif identity(was) is not None:
        script.assign(f"{target}.{identifier}", "None")
    elif isinstance(was, bool):
        script.assign(f"{target}.{identifier}", repr(not was))
    elif identifier in RESTING:
        script.assign(f"{target}.{identifier}", RESTING[identifier])
    else:
        script.skip(f"{path}.{identifier}", "goes back to its default, which a Scene does not tell")


def write_prop(script: Script, target: str, kind: str, identifier: str, what: Any, path: str, was: Any) -> None:
    """Set one property."""
    place = f"{path}.{identifier}"
    if identifier == "use_nodes" and what is True:
        return  # said where the nodes are made
    if identifier in MADE_BY_OPERATOR and kind == "Object" and is_struct(what):
        return
    if built_in_font(script, what):
        return
    if not identifier.isidentifier():
        script.skip(place, "not the name of a property")
    elif identifier == "field" and kind == "Object" and is_struct(what):
        script.assign("bpy.context.view_layer.objects.active", target)
        script.do("bpy.ops.object.forcefield_toggle()")
        write_props(script, f"{target}.field", what, place)
    elif is_struct(what):
        write_nested(script, target, identifier, what, place, was if is_struct(was) else None)
    elif is_list_of_structs(what):
        write_list(script, f"{target}.{identifier}", f"{kind}.{identifier}", what, place)
    elif isinstance(what, dict) and "$node" in what:
        script.skip(place, "refers to a node")
    elif kind == "ImageFormatSettings" and identifier == "file_format" and what in MEDIA and not script.modern():
        script.when(NEW, f"{target}.media_type", quote(MEDIA[what]))
        script.assign(f"{target}.file_format", quote(what))
    elif isinstance(what, str) and (identifier, what) in RENAMED:
        new, former = RENAMED[identifier, what]
        script.assign(f"{target}.{identifier}", f"{quote(new)} if {NEW} else {quote(former)}")
    elif isinstance(what, str) and f"{kind}.{identifier}" in MENUS and not script.modern():
        menu = f"{target}.inputs[{quote(MENUS[f'{kind}.{identifier}'])}].default_value"
        script.either(menu, quote(menu_word(kind, what)), f"{target}.{identifier}", quote(what))
    elif f"{kind}.{identifier}" in GONE | NOW_SOCKETS and not script.modern():
        script.when(OLD, f"{target}.{identifier}", value(script, what))
    else:
        unit = script.after.get("units", {}).get(f"{kind}.{identifier}", "")
        script.attempt(target, place, lambda: script.assign(f"{target}.{identifier}", value(script, what, unit)))


def write_nested(script: Script, target: str, identifier: str, struct: Json, path: str, was: Json | None) -> None:
    """Set what differs in a nested struct."""
    inner = f"{target}.{identifier}"
    writer = NESTED.get(struct["type"])
    if writer is not None:
        writer(script, inner, struct, path, was)
        return
    plain = [key for key, what in struct["props"].items() if was is None or was["props"].get(key) != what]
    if len(plain) >= BIND_FROM:
        variable = script.names.take(identifier, "settings")
        script.assign(variable, inner)
        inner = variable
    write_props(script, inner, struct, path, was)


def write_ramp(script: Script, target: str, struct: Json, path: str, was: Json | None) -> None:
    """A colour ramp as a list of (position, colour)."""
    settings = {"type": struct["type"], "props": {k: v for k, v in struct["props"].items() if k != "elements"}}
    before = was and {"type": was["type"], "props": {k: v for k, v in was["props"].items() if k != "elements"}}
    write_props(script, target, settings, path, before)
    stops = struct["props"].get("elements")
    if not stops or (was is not None and was["props"].get("elements") == stops):
        return
    rows = [(number(stop["props"]["position"]), array(script, stop["props"]["color"], "COLOR")) for stop in stops]
    places = [stop["props"]["position"] for stop in stops]
    rising = all(one < other for one, other in pairwise(places)) and was is None
    if len(rows) <= 2 or rising:
        if len(rows) == 1:
            script.do(call(f"{target}.elements.remove", f"{target}.elements[1]"))
        for index, (position, color) in enumerate([rows[0], rows[-1]] if len(rows) > 1 else rows):
            if index != int(position == "1.0") or position not in ("0.0", "1.0"):
                script.assign(f"{target}.elements[{index}].position", position)
            if color != array(script, [float(index)] * 3 + [1.0], "COLOR"):
                script.assign(f"{target}.elements[{index}].color", color)
        if len(rows) > 2:
            write_more_stops(script, f"{target}.elements", rows[1:-1])
        return
    script.names.keep(target)
    elements = f"{target}.elements"
    script.do(call(f"{elements}.remove", f"{elements}[1]"))
    script.assign(f"{elements}[0].position", rows[0][0])
    script.assign(f"{elements}[0].color", rows[0][1])
    write_more_stops(script, elements, rows[1:])


def write_more_stops(script: Script, elements: str, rows: list[tuple[str, Doc]]) -> None:
    """Stops beside those that the ramp has."""
    stop = script.names.passing("stop")
    if len(rows) == 1:
        script.assign(stop, call(f"{elements}.new", rows[0][0]))
        script.assign(f"{stop}.color", rows[0][1])
        return
    script.loop("position, color", listing(parts([position, color]) for position, color in rows))
    script.indent += INDENT
    script.assign(stop, call(f"{elements}.new", "position"))
    script.assign(f"{stop}.color", "color")
    script.indent -= INDENT


def write_mapping(script: Script, target: str, struct: Json, path: str, was: Json | None) -> None:
    """The curves of a curve mapping: the two end points are there, others are made."""
    settings = {"type": struct["type"], "props": {k: v for k, v in struct["props"].items() if k != "curves"}}
    before = was and {"type": was["type"], "props": {k: v for k, v in was["props"].items() if k != "curves"}}
    write_props(script, target, settings, path, before)
    curves = struct["props"].get("curves") or []
    if was is not None and was["props"].get("curves") == curves:
        return
    for index, curve in enumerate(curves):
        points = curve["props"].get("points", [])
        coords = [point["props"]["location"] for point in points]
        handles = {n: p["props"].get("handle_type", "AUTO") for n, p in enumerate(points)}
        if coords == [[0.0, 0.0], [1.0, 1.0]] and set(handles.values()) == {"AUTO"}:
            continue
        spot = f"{target}.curves[{index}].points"
        for end, coord in ((0, coords[0]), (len(coords) - 1, coords[-1])):
            if coord != ([0.0, 0.0] if end == 0 else [1.0, 1.0]):
                script.assign(f"{spot}[{1 if end else 0}].location", array(script, coord))
        for coord in coords[1:-1]:
            script.do(call(f"{spot}.new", *[number(part) for part in coord]))
        for place, handle in handles.items():
            if handle != "AUTO":
                script.assign(f"{spot}[{place}].handle_type", quote(handle))
    if curves:
        script.do(call(f"{target}.update"))


def write_profile(script: Script, target: str, struct: Json, path: str, was: Json | None) -> None:
    """A bevel profile: settings, then the points between the two ends."""
    settings = {"type": struct["type"], "props": {k: v for k, v in struct["props"].items() if k != "points"}}
    write_props(script, target, settings, path)
    points = struct["props"].get("points") or []
    if was is not None and was["props"].get("points") == points:
        return
    for point in points[1:-1]:
        coords = [number(part) for part in point["props"]["location"]]
        script.do(call(f"{target}.points.add", *coords))
    if points:
        script.do(call(f"{target}.update"))


def write_list(script: Script, target: str, kind: str, items: list[Json], path: str) -> None:
    """A list of structs that is made anew."""
    adder = ADDERS.get(kind)
    if adder is None:
        script.skip(path, f"{kind} has no writer")
        return
    for index, item in enumerate(items):
        made, leave = adder(item)
        rest = [key for key in item["props"] if key not in leave]
        if rest:
            variable = script.names.take(item.get("name") or kind.split(".")[1].rstrip("s"), "item")
            script.assign(variable, f"{target}.{made}")
            write_props(script, variable, item, f"{path}[{index}]", leave=leave)
        else:
            script.do(f"{target}.{made}")


def _marker(item: Json) -> tuple[str, frozenset[str]]:
    frame = item["props"].get("frame", 1)
    return f"new({quote(item.get('name', 'Marker'))}, frame={frame})", frozenset({"frame"})


ADDERS: dict[str, Any] = {
    "ArmatureConstraint.targets": lambda _: ("new()", frozenset()),
    "Scene.timeline_markers": _marker,
    "ViewLayer.aovs": lambda _: ("add()", frozenset()),
    "ViewLayer.lightgroups": lambda _: ("add()", frozenset()),
}

NESTED: dict[str, Any] = {"ColorRamp": write_ramp, "CurveMapping": write_mapping, "CurveProfile": write_profile}
