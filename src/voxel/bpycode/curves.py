"""Splines, text boxes, lattice points and metaball elements."""

from __future__ import annotations

from typing import Any

from voxel.bpycode.layout import Doc, call, listing, parts, quote
from voxel.bpycode.numbers import number, vector
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script
from voxel.bpycode.values import array, value

Named = tuple[str, list[Doc]]
"""A property and its values as source, one for each point."""


def held(block: Json) -> bool:
    """Whether a curve or text has parts that operators make, for which an object has to hold it."""
    return len(block.get("text_boxes", [])) > 1 or any(is_patch(spline) for spline in block.get("splines", []))


def is_patch(spline: Json) -> bool:
    return bool(spline.get("size", [0, 1])[1] > 1)


def write_held(script: Script, owner: str, block: Json, path: str, *, reachable: bool) -> None:
    """Parts that operators make; `owner` is the object that holds the curve, `reachable` by operators."""
    if not reachable:
        script.skip(path, "text boxes or surface patches of an object that is not in the active scene")
        return
    if any(is_patch(spline) for spline in block.get("splines", [])):
        write_splines(script, f"{owner}.data", block["splines"], path, owner)
    if len(block.get("text_boxes", [])) > 1:
        script.assign("bpy.context.view_layer.objects.active", owner)
        write_text_boxes(script, f"{owner}.data", block["text_boxes"], path)


PATCH = '''
def add_patch(obj, rows, columns):
    """Add a NURBS patch of rows times columns points, which are placed afterwards."""
    for row in range(rows):
        line = obj.data.splines.new("NURBS")
        line.points.add(max(columns, 3) - 1)
        for column, point in enumerate(line.points):
            point.co = (row, column, 0, 1)
            point.select = True
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.curve.make_segment()
    for index, point in enumerate(obj.data.splines[-1].points):
        point.select = index >= rows * columns
    if columns < 3:
        bpy.ops.curve.delete(type="VERT")
    bpy.ops.object.mode_set(mode="OBJECT")
    return obj.data.splines[-1]
'''


def write_splines(script: Script, curve: str, splines: list[Json], path: str, owner: str = "") -> None:
    """Each spline with its points; `owner` is the object, needed for surface patches."""
    for place, spline in enumerate(splines):
        variable = script.names.passing("spline")
        if is_patch(spline):
            script.helper("add_patch", PATCH)
            script.assign(variable, call("add_patch", owner, *[str(count) for count in spline["size"]]))
        else:
            script.assign(variable, call(f"{curve}.splines.new", quote(spline["type"])))
        typed = {"type": "Spline", "props": {k: v for k, v in spline["props"].items() if k not in LATE}}
        late = {"type": "Spline", "props": {k: v for k, v in spline["props"].items() if k in LATE}}
        write_props(script, variable, typed, f"{path}.splines[{place}]")
        count, columns, fixed = len(spline["points"]), *point_columns(spline)
        element = "bezier_points" if spline["type"] == "BEZIER" else "points"
        if count > 1 and not is_patch(spline):
            script.do(call(f"{variable}.{element}.add", str(count - 1)))
        write_columns(script, f"{variable}.{element}", columns, fixed, spline.get("table", ""))
        write_props(script, variable, late, f"{path}.splines[{place}]")


LATE = frozenset({"order_u", "order_v", "use_endpoint_u", "use_endpoint_v", "use_bezier_u", "use_bezier_v"})
"""Settings that Blender checks against the number of points."""


def point_columns(spline: Json) -> tuple[list[Named], list[Named]]:
    """What a table of a spline's points holds, and what all of its points have alike; by the names of properties."""
    points: list[Json] = spline["points"]
    if spline["type"] != "BEZIER":
        # the fourth number of a point of a polyline or NURBS is its weight
        places: list[Doc] = [parts([*vector(one["co"]), number(one.get("weight", 1.0), whole=True)]) for one in points]
        return [("co", places), *extra_columns(points)], []
    columns: list[Named] = [("co", [parts(vector(point["co"])) for point in points])]
    fixed: list[Named] = []
    varying = len({(point["handle_left_type"], point["handle_right_type"]) for point in points}) > 1
    for side in ("handle_left", "handle_right"):
        types: list[Doc] = [quote(point[f"{side}_type"]) for point in points]
        if varying:
            columns.append((f"{side}_type", types))
        elif types and points[0][f"{side}_type"] != "FREE":
            fixed.append((f"{side}_type", types[:1]))
    columns += [
        (side, [parts(vector(point[side] if side in point else point["co"])) for point in points])
        for side in ("handle_left", "handle_right")
        if any(side in point for point in points)
    ]
    return [*columns, *extra_columns(points)], fixed


def extra_columns(points: list[Json]) -> list[Named]:
    return [
        (extra, [number(point.get(extra, default)) for point in points])
        for extra, default in (("radius", 1.0), ("tilt", 0.0))
        if any(extra in point for point in points)
    ]


def point_rows(columns: list[Named]) -> Doc:
    """A table of points: a value each where there is one column, else a tuple each."""
    if len(columns) == 1:
        return listing(columns[0][1])
    return listing(parts(column[row] for _, column in columns) for row in range(len(columns[0][1])))


def write_columns(script: Script, spot: str, columns: list[Named], fixed: list[Named], table: str = "") -> None:
    """Give the elements at `spot` their values: from the named columns, or from a variable that holds such a table."""
    if not columns[0][1]:
        return
    point = script.names.passing("point")
    names = [name for name, _ in columns]
    targets = names[0] if len(names) == 1 else f"({', '.join(names)})"
    script.loop(f"{point}, {targets}", call("zip", spot, table or point_rows(columns)))
    script.indent += 4
    for name in sorted(names, key=lambda name: name.endswith("_type")):
        script.assign(f"{point}.{name}", name)
    for name, what in fixed:
        script.assign(f"{point}.{name}", what[0])
    script.indent -= 4


def write_text_boxes(script: Script, curve: str, boxes: list[Json], path: str) -> None:
    """Boxes that the active object's text flows through; the first is always there."""
    for place, box in enumerate(boxes):
        if place:
            script.do("bpy.ops.font.textbox_add()")
        write_props(script, f"{curve}.text_boxes[{place}]", box, f"{path}.text_boxes[{place}]")


def write_formats(script: Script, curve: str, formats: list[Json], path: str) -> None:
    """How runs of letters look."""
    for run in formats:
        letter = script.names.passing("letter")
        script.loop(letter, f"{curve}.body_format[{run['first']}:{run['last'] + 1}]")
        script.indent += 4
        write_props(script, letter, run, f"{path}.body_format")
        script.indent -= 4


def write_lattice(script: Script, lattice: str, moved: list[list[Any]]) -> None:
    """Points of a lattice that are not at rest."""
    if not moved:
        return
    script.loop("index, position", listing(parts([str(row[0]), parts(vector(row[1:]))]) for row in moved))
    script.indent += 4
    script.assign(f"{lattice}.points[index].co_deform", "position")
    script.indent -= 4


def write_elements(script: Script, ball: str, elements: list[Json], path: str) -> None:
    """Elements of a metaball."""
    alike = {tuple(sorted(element["props"])) for element in elements}
    same_kind = {element["kind"] for element in elements}
    if len(elements) >= 3 and len(alike) == 1 and len(same_kind) == 1 and len(next(iter(alike))) in (1, 2):
        names = sorted(next(iter(alike)), key=lambda name: name != "co")
        rows = [parts(value(script, element["props"][name]) for name in names) for element in elements]
        if len(names) == 1:
            rows = [array(script, element["props"][names[0]]) for element in elements]  # type: ignore[misc]
        script.loop(", ".join(names), listing(rows))
        script.indent += 4
        element_name = script.names.passing("element")
        script.assign(element_name, new_element(ball, elements[0]))
        for name in names:
            script.assign(f"{element_name}.{name}", name)
        script.indent -= 4
        return
    for place, element in enumerate(elements):
        variable = script.names.passing("element")
        script.assign(variable, new_element(ball, element))
        write_props(script, variable, element, f"{path}.elements[{place}]")


def new_element(ball: str, element: Json) -> Doc:
    if element["kind"] == "BALL":
        return call(f"{ball}.elements.new")
    return call(f"{ball}.elements.new", type=quote(element["kind"]))
