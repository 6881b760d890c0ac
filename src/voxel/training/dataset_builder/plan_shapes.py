"""Shapes and places of a plan: a mesh with its modifiers as the plain shape that stands for it, a matrix as angles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from voxel.facts.lookup import Json
from voxel.records.plan import Kind, Vector
from voxel.training.dataset_builder.settling import Matrix, turn
from voxel.training.dataset_builder.tidying import place, tidy

_KINDS: dict[str, Kind] = {
    "CUBE": "box", "PLANE": "plane", "GRID": "plane", "UV_SPHERE": "sphere", "ICO_SPHERE": "sphere",
    "CYLINDER": "cylinder", "CIRCLE": "cylinder", "CONE": "cone", "TORUS": "torus",
}  # fmt: skip
_KEEPING = frozenset(
    f"{name}Modifier" for name in (
        "Solidify", "Bevel", "Subsurf", "Displace", "Wireframe", "Smooth", "Cast", "EdgeSplit", "WeightedNormal",
        "Triangulate", "Remesh", "Decimate", "Multires", "CorrectiveSmooth", "LaplacianSmooth", "Boolean", "Armature",
    )
)  # fmt: skip
"""Modifiers that leave the size of a mesh about as it is."""
THIN = 0.001
"""The least thickness of a shape that is not a plane, metres."""
_LARGE = 0.5
"""Metres: a size from here on is given in centimetres."""
_VAST = 300.0
"""Larger things are landscapes, whose bounds say nothing of their form; metres."""


def matrix_of(props: Mapping[str, Any]) -> Matrix | None:
    """Location, rotation and scale as one matrix; None for rotation modes that are rare."""
    mode = props.get("rotation_mode", "XYZ")
    if mode == "QUATERNION":
        w, x, y, z = props.get("rotation_quaternion", (1.0, 0.0, 0.0, 0.0))
        way = np.array([
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ])  # fmt: skip
    elif mode == "XYZ":
        way = turn(props.get("rotation_euler", (0.0, 0.0, 0.0)))
    else:
        return None
    matrix = np.eye(4)
    matrix[:3, :3] = way * np.array(props.get("scale", (1.0, 1.0, 1.0)))
    matrix[:3, 3] = props.get("location", (0.0, 0.0, 0.0))
    return matrix


def taken_apart(world: Matrix) -> tuple[Vector, Vector] | None:
    """(rotation in degrees, scale) of a matrix; None when it shears or flattens."""
    scale = np.linalg.norm(world[:3, :3], axis=0)
    if scale.min() < 1e-6:
        return None
    turn = world[:3, :3] / scale
    if np.linalg.det(turn) < 0:  # a mirrored shape is the same shape, these being symmetric
        turn[:, 0] = -turn[:, 0]
    if np.abs(turn.T @ turn - np.eye(3)).max() > 1e-3:
        return None
    if abs(turn[2, 0]) > 0.99999:
        angles = (0.0, -math.copysign(math.pi / 2, turn[2, 0]), math.atan2(-turn[0, 1], turn[1, 1]))
    else:
        angles = (
            math.atan2(turn[2, 1], turn[2, 2]), -math.asin(max(-1.0, min(1.0, turn[2, 0]))),
            math.atan2(turn[1, 0], turn[0, 0]),
        )  # fmt: skip
    a, b, c = (round(math.degrees(angle), 1) + 0.0 for angle in angles)
    x, y, z = (float(v) for v in scale)
    return (a, b, c), (x, y, z)


def extent(geometry: Json, thing: Json, scale: Vector) -> tuple[Kind, Vector, Vector] | None:
    """(shape, size in metres, middle in the object's own axes); None where Blender measured another size."""
    if "bounds" not in geometry or "dimensions" not in thing:
        return None
    low, high = (np.array(corner, float) for corner in geometry["bounds"])
    if np.abs((high - low) * scale - np.array(thing["dimensions"])).max() > 1e-3 * max(1.0, *thing["dimensions"]):
        return None
    stack = thing.get("modifiers", [])
    if not geometry.get("faces") and not any(one["type"] == "ScrewModifier" for one in stack):
        return None  # a wire has no body that a shape could stand for
    for modifier in stack:
        grown = _grown(modifier, low, high)
        if grown is None:
            return None
        low, high = grown
    primitive = geometry.get("primitive", {})
    kind = _KINDS.get(primitive.get("kind", ""), "box")
    if any(one["type"] == "ScrewModifier" for one in stack):
        kind = "cylinder"
    if kind == "cone" and primitive.get("args", {}).get("radius2"):
        kind = "cylinder"
    x, y, z = (_coordinate(float(v), _LARGE) if v > 1e-4 else 0.0 for v in (high - low) * scale)
    middle = point((low + high) / 2)
    thickened = any(one["type"] in ("SolidifyModifier", "WireframeModifier") for one in stack)
    if z == 0 and x and y and not thickened:
        if primitive.get("kind") == "CIRCLE":
            return "cylinder", (x, y, THIN), middle
        return ("plane", (x, y, 0.0), middle) if kind == "plane" or geometry.get("vertices") == 4 else None
    if not (x and y and z):
        return None  # an upright sheet, or one that a modifier makes thick: no shape of a plan says that
    if kind == "plane" or (kind == "torus" and z > min(x, y)):
        kind = "box"
    if not THIN <= max(x, y, z) <= _VAST:
        return None
    return kind, (max(x, THIN), max(y, THIN), max(z, THIN)), middle


def _grown(modifier: Json, low: Matrix, high: Matrix) -> tuple[Matrix, Matrix] | None:
    """The bounds of a mesh after a modifier, near enough for a plain shape; None where it may put things anywhere."""
    kind, props = modifier["type"], modifier["props"]
    if kind in _KEEPING:
        return low, high
    far = np.maximum(np.abs(low), np.abs(high))
    if kind == "MirrorModifier" and "mirror_object" not in props:
        axes = np.array(props.get("use_axis", [True, False, False]))
        return np.where(axes, -far, low), np.where(axes, far, high)
    if kind == "ScrewModifier" and not {"object", "axis", "angle", "screw_offset"} & set(props):
        radius = float(np.hypot(far[0], far[1]))
        return np.array([-radius, -radius, low[2]]), np.array([radius, radius, high[2]])
    if kind == "ArrayModifier" and not set(props) - {"count", "relative_offset_displace", "use_merge_vertices"}:
        step = np.array(props.get("relative_offset_displace", [1.0, 0.0, 0.0])) * (high - low)
        way = step * (props.get("count", 2) - 1)
        return low + np.minimum(way, 0.0), high + np.maximum(way, 0.0)
    return None


def point(values: Any) -> Vector:
    x, y, z = (_coordinate(float(v)) for v in values)
    return x, y, z


def _coordinate(value: float, large: float = 1.0) -> float:
    """In millimetres, from so many metres on in centimetres, unless somebody typed it so."""
    if abs(value) <= 5e-5:
        return 0.0
    return place([value], 1.0)[0] if abs(value) >= large else float(tidy(value, ""))
