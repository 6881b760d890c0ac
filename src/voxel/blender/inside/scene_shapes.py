"""Curves, surfaces, texts, armatures, lattices and metaballs: data that is no mesh."""

from __future__ import annotations

from typing import Any

from scene_numbers import clean, nested
from scene_plans import Props
from scene_values import Struct, Walk

POINT_LIMIT = 4096


def curve_parts(curve: Any, walk: Walk, path: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    materials = [None if slot is None else walk.reference(slot, f"{path}.materials") for slot in curve.materials]
    if materials:
        result["materials"] = materials
    if curve.bl_rna.identifier == "TextCurve":
        result.update(_text_parts(curve, walk, path))
        return result
    if sum(len(one.bezier_points) + len(one.points) for one in curve.splines) > POINT_LIMIT:
        walk.lose(path, f"a curve of more than {POINT_LIMIT} points")
        return result
    surface = curve.bl_rna.identifier == "SurfaceCurve"
    if len(curve.splines):
        own = {"resolution_u": curve.resolution_u, "resolution_v": curve.resolution_v}  # what new splines take over
        result["splines"] = [_spline(one, walk, path, surface, own) for one in curve.splines]
    if curve.shape_keys is not None:
        walk.lose(f"{path}.shape_keys", "shape keys of a curve")
    return result


def _text_parts(curve: Any, walk: Walk, path: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    boxes = []
    base = walk.base("TextBox", None)
    for box in curve.text_boxes:
        boxes.append({"type": "TextBox", "props": walk.changed(box, base, path)})
        base = walk.changed(curve.text_boxes[0], None, path)  # a box that is added is like the first
    if len(boxes) > 1 or any(box["props"] for box in boxes):
        result["text_boxes"] = boxes
    formats: list[dict[str, Any]] = []
    plain = walk.base("TextCharacterFormat", None)
    for place, letter in enumerate(curve.body_format):
        props = walk.changed(letter, plain, path)
        if formats and formats[-1]["last"] == place - 1 and formats[-1]["props"] == props:
            formats[-1]["last"] = place
        elif props:
            formats.append({"type": "TextCharacterFormat", "first": place, "last": place, "props": props})
    if formats:
        result["formats"] = formats
    return result


def _spline(spline: Any, walk: Walk, path: str, surface: bool, own: Props) -> dict[str, Any]:
    key = "Spline:SURFACE" if surface else f"Spline:{spline.type}"
    base = {**walk.base(key, spline), **own}
    if surface and spline.point_count_v > 1:  # an operator makes it, with settings of its own
        base = {name: value for name, value in base.items() if not name.startswith(("order_", "resolution_"))}
    result: dict[str, Any] = {"type": spline.type, "props": walk.changed(spline, base, path)}
    result["props"].pop("type", None)
    if surface:
        result["size"] = [spline.point_count_u, spline.point_count_v]
    if spline.type == "BEZIER":
        result["points"] = [_bezier_point(point) for point in spline.bezier_points]
    else:
        result["points"] = [_plain_point(point, spline.type == "POLY") for point in spline.points]
    return result


def _extras(point: Any) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if abs(point.radius - 1.0) > 1e-6:
        extras["radius"] = clean(point.radius)
    if abs(point.tilt) > 1e-6:
        extras["tilt"] = clean(point.tilt)
    return extras


def _bezier_point(point: Any) -> dict[str, Any]:
    result: dict[str, Any] = {"co": clean(nested(point.co))}
    result["handle_left_type"], result["handle_right_type"] = point.handle_left_type, point.handle_right_type
    # AUTO and VECTOR handles follow from the points.
    if point.handle_left_type in ("FREE", "ALIGNED"):
        result["handle_left"] = clean(nested(point.handle_left))
    if point.handle_right_type in ("FREE", "ALIGNED"):
        result["handle_right"] = clean(nested(point.handle_right))
    return result | _extras(point)


def _plain_point(point: Any, poly: bool) -> dict[str, Any]:
    position = clean(nested(point.co))
    result: dict[str, Any] = {"co": position[:3]}
    if not poly and abs(position[3] - 1.0) > 1e-6:
        result["weight"] = position[3]
    return result | _extras(point)


def armature_parts(armature: Any, walk: Walk, path: str) -> dict[str, Any]:
    """Bones in armature space, parents before children; `roll` in radians."""
    bones = []
    for bone in armature.bones:
        where = f'{path}.bones["{bone.name}"]'
        _, roll = bone.AxisRollFromMatrix(bone.matrix_local.to_3x3(), axis=bone.tail_local - bone.head_local)
        entry: dict[str, Any] = {"name": bone.name}
        if bone.parent is not None:
            entry["parent"] = bone.parent.name
        entry["head"], entry["tail"] = clean(nested(bone.head_local)), clean(nested(bone.tail_local))
        entry["roll"] = clean(round(roll, 6))
        if bone.use_connect:
            entry["connected"] = True
        entry["type"] = "Bone"
        entry["props"] = walk.changed(bone, walk.base("Bone", bone), where)
        bones.append(entry)
    result: dict[str, Any] = {"bones": bones}
    groups = [
        {"name": group.name, "bones": sorted(bone.name for bone in group.bones)} for group in armature.collections_all
    ]
    if groups:
        result["bone_collections"] = groups
    return result


def lattice_parts(lattice: Any, walk: Walk, path: str) -> dict[str, Any]:
    """Positions of the points, when the lattice is deformed."""
    moved = [
        [index, *clean(nested(point.co_deform))]
        for index, point in enumerate(lattice.points)
        if (point.co_deform - point.co).length > 1e-6
    ]
    if lattice.shape_keys is not None:
        walk.lose(f"{path}.shape_keys", "shape keys of a lattice")
    return {"points": moved} if moved else {}


def metaball_parts(ball: Any, walk: Walk, path: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    materials = [None if slot is None else walk.reference(slot, f"{path}.materials") for slot in ball.materials]
    if materials:
        result["materials"] = materials
    elements: list[Struct] = []
    for element in ball.elements:
        key = f"MetaElement:{element.type}"
        entry: Struct = {"type": "MetaElement", "kind": element.type}
        entry["props"] = walk.changed(element, walk.base(key, element), f"{path}.elements")
        elements.append(entry)
    if elements:
        result["elements"] = elements
    return result
