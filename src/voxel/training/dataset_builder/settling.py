"""Where a mesh lies in its object becomes where the object lies: nobody asks for geometry away from its origin."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxel.facts.lookup import Json
from voxel.training.dataset_builder.tidying import as_said, place, tidy

Matrix = NDArray[np.float64]
_UNSCALED = frozenset(("PLANE", "GRID", "CIRCLE", "TORUS", "MONKEY"))
"""Kinds whose operator takes no scale."""
_FLAT = frozenset(("PLANE", "GRID"))


def can_settle(
    name: str, thing: Mapping[str, Any], data: Mapping[str, Any], parents: Container[str], parts: Container[str]
) -> bool:
    """Whether nothing that comes along depends on where the object's origin lies; `parts` are what does."""
    held = any(thing.get(part) for part in ("parent", "animation")) or data.get("attributes")
    held = held or any(thing.get(part) for part in ("modifiers", "constraints") if part in parts)
    held = held or ("modifiers" in parts and thing.get("vertex_groups"))
    held = held or ("shape_keys" in parts and data.get("shape_keys"))
    return not held and name not in parents and thing["props"].get("rotation_mode", "XYZ") == "XYZ"


def settle(thing: Json, mesh: Json) -> None:
    """Moves offset, right-angled turn and the stretch that no operator takes of a mesh into the object, in place."""
    geometry, props = mesh["geometry"], thing["props"]
    made = geometry["primitive"]
    stretch = np.array(made.get("scale") or [1.0] * 3)
    offset = np.array(made.get("offset") or [0.0] * 3)
    low, high = (np.array(corner) for corner in geometry["bounds"])
    scale = np.array(props.get("scale", [1.0] * 3))
    if (scale <= 0).any() or (stretch <= 0).any():
        return
    if made.get("rotation"):
        turned = turn(made["rotation"])
        if np.ptp(scale) > 1e-6 or not np.isin(np.abs(turned).round(4), (0.0, 1.0)).all():
            return  # it would be sheared, or its own extent is not told
        corners = np.array([low - offset, high - offset]) @ turned
        offset = turned.T @ offset  # told in the turned axes from here on
        low, high = corners.min(axis=0) + offset, corners.max(axis=0) + offset
        made["offset"] = [float(part) for part in offset]
        del made["rotation"]
        props["rotation_euler"] = tidy(angles_of(turn(props.get("rotation_euler", [0.0] * 3)) @ turned), "ROTATION")
        if not any(props["rotation_euler"]):
            del props["rotation_euler"]
    if (abs(offset) > 1e-6).any():
        at = np.array(props.get("location", [0.0] * 3)) + turn(props.get("rotation_euler", [0.0] * 3)) @ (
            scale * offset
        )
        where = place([float(part) for part in at], float(((high - low) * scale).max()))
        made["offset"] = [0.0] * 3
        low, high = low - offset, high - offset
        props.pop("location", None)
        if any(where):
            props["location"] = where
    if made["kind"] in _UNSCALED and (abs(stretch - 1) > 1e-5).any():
        made["scale"] = [1.0] * 3
        low, high = low / stretch, high / stretch
        props["scale"] = tidy([float(part) for part in scale * stretch], "")
    wide = props.get("scale")
    if made["kind"] in _FLAT and wide and abs(wide[0] - wide[1]) < 1e-6 < wide[0]:
        # a flat thing is as large as it is, and how far it is stretched upwards does not show
        made["args"]["size"] = as_said(made["args"].get("size", 2.0) * wide[0])
        low, high = low * wide[0], high * wide[0]
        del props["scale"]
    geometry["bounds"] = [[round(float(part), 7) + 0.0 for part in corner] for corner in (low, high)]


def turn(angles: Sequence[float]) -> Matrix:
    """The matrix of XYZ angles in radians."""
    (sx, sy, sz), (cx, cy, cz) = np.sin(angles), np.cos(angles)
    return np.array([
        [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
        [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
        [-sy, sx * cy, cx * cy],
    ])  # fmt: skip


def angles_of(matrix: Matrix) -> list[float]:
    """The XYZ angles in radians that turn as a matrix does."""
    if abs(matrix[2, 0]) > 0.99999:
        return [0.0, float(-np.copysign(np.pi / 2, matrix[2, 0])), float(np.arctan2(-matrix[0, 1], matrix[1, 1]))]
    return [
        float(np.arctan2(matrix[2, 1], matrix[2, 2])),
        float(-np.arcsin(np.clip(matrix[2, 0], -1.0, 1.0))),
        float(np.arctan2(matrix[1, 0], matrix[0, 0])),
    ]
