"""Meshes, whatever the order of their vertices and faces.

Vertices are matched by position; points that coincide count as one place, so that faces, corners and edges are compared
by the places that they join.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from voxel.facts.compare_values import TOLERANCE, Difference, same_number, value_differences

Json = Mapping[str, Any]
Array = np.ndarray[Any, np.dtype[Any]]
Face = tuple[int, ...]
COINCIDENT = 1e-7
"""Points nearer than this part of the mesh's extent are one place."""
SLANTED = np.array([0.5773, 0.7071, 0.4103])


def mesh_differences(before: Json, after: Json, path: str) -> list[Difference]:
    """Differences in geometry, UV maps and attributes between two mesh blocks (as plain values)."""
    one, other = before.get("geometry", {}), after.get("geometry", {})
    where = f"{path}.geometry"
    found: list[Difference] = []
    for part in ("vertices", "edges", "faces"):
        found += value_differences(one.get(part), other.get(part), f"{where}.{part}")
    found += value_differences(one.get("primitive"), other.get("primitive"), f"{where}.primitive")
    if found or ("data" in one) != ("data" in other):
        if not found:
            found.append(Difference(path=f"{where}.data", expected="data" in one, found="data" in other))
        return found
    if "data" not in one:
        found += value_differences(one.get("bounds"), other.get("bounds"), f"{where}.bounds")
        for part in ("smooth", "material_index"):
            found += value_differences(one.get(part), other.get(part), f"{where}.{part}")
        for part in ("uv", "attributes"):
            found += value_differences(before.get(part), after.get(part), f"{path}.{part}")
        return found
    places = match_places(np.array(one["data"]["vertices"], float), np.array(other["data"]["vertices"], float))
    if places is None:
        return [Difference(path=f"{where}.data.vertices", expected=one.get("bounds"), found=other.get("bounds"))]
    first, second = Places(before, places[0]), Places(after, places[1])
    for name in ("faces", "loose", "smooth", "material_index"):
        ours, theirs = getattr(first, name), getattr(second, name)
        if ours != theirs:
            found.append(
                Difference(path=f"{where}.{name}", expected=_sample(ours - theirs), found=_sample(theirs - ours))
            )
    if not found:
        found += _layers(first.uv, second.uv, f"{path}.uv")
        found += _layers(first.attributes, second.attributes, f"{path}.attributes")
    return found


def _sample(items: Counter[Any]) -> Any:
    """A few of the elements that only one side has, with their number."""
    return {"count": sum(items.values()), "first": sorted(items, key=str)[:2]}


def match_places(ours: Array, theirs: Array) -> tuple[Array, Array] | None:
    """For the vertices of both meshes the number of their place, equal where they coincide; None unless all match."""
    if len(ours) != len(theirs):
        return None
    widest = max(1.0, float(np.abs(ours).max(initial=0.0)))
    place, centres = _clusters(ours, COINCIDENT * widest)
    if _close(ours, theirs).all():
        return place, place
    along = centres @ SLANTED
    rank = along.argsort(kind="stable")
    along = along[rank]
    found = np.full(len(theirs), -1)
    for index, point in enumerate(theirs):
        value = float(point @ SLANTED)
        low = np.searchsorted(along, value - 4 * TOLERANCE * widest)
        high = np.searchsorted(along, value + 4 * TOLERANCE * widest, side="right")
        near = rank[low:high]
        near = near[_close(centres[near], point).all(axis=1)]
        if len(near):
            found[index] = near[np.abs(centres[near] - point).max(axis=1).argmin()]
    if (found < 0).any() or Counter(found.tolist()) != Counter(place.tolist()):
        return None
    return place, found


def _clusters(points: Array, tolerance: float) -> tuple[Array, Array]:
    """For each point the number of its place, and where the places are; points within `tolerance` share one."""
    if len(np.unique(np.round(points / (4 * tolerance)), axis=0)) == len(points):
        return np.arange(len(points)), points
    values = points @ SLANTED
    order = values.argsort(kind="stable")
    along = values[order]
    place = np.full(len(points), -1)
    centres: list[Array] = []
    for position, index in enumerate(order):
        begin = int(np.searchsorted(along, values[index] - 3 * tolerance))
        for near in order[begin:position]:
            if np.abs(points[near] - points[index]).max() <= tolerance:
                place[index] = place[near]
                break
        else:
            place[index] = len(centres)
            centres.append(points[index])
    return place, np.array(centres)


def _close(one: Array, other: Array) -> Array:
    """Which coordinates are the same within the tolerance of numbers."""
    scale = np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    return np.asarray(np.abs(one - other) <= TOLERANCE * scale)


class Places:
    """What hangs on a mesh, by the places of its vertices."""

    def __init__(self, block: Json, place: Array) -> None:
        geometry = block["geometry"]
        data = geometry["data"]
        at = [int(number) for number in place]
        self.keys: list[Face] = [cycle([at[vertex] for vertex in face]) for face in data["faces"]]
        corners = [(cycle([at[v] for v in face]), at[vertex]) for face in data["faces"] for vertex in face]
        self.faces = Counter(self.keys)
        self.loose = Counter(tuple(sorted((at[a], at[b]))) for a, b in data.get("edges", ()))
        smooth = geometry.get("smooth", [])
        self.smooth = Counter(self.keys) if smooth is True else Counter(self.keys[index] for index in smooth or ())
        numbers = geometry.get("material_index") or [0] * len(self.keys)
        self.material_index = Counter(zip(self.keys, numbers, strict=True))
        self.uv: dict[str, list[tuple[Any, Any]]] = {
            layer["name"]: sorted(zip(corners, layer["data"], strict=True))
            for layer in block.get("uv", ())
            if not isinstance(layer["data"], str)
        }
        self.attributes: dict[str, list[tuple[Any, Any]]] = {}
        on: dict[str, list[Any]] = {"POINT": at, "FACE": self.keys, "CORNER": corners}
        for attribute in block.get("attributes", ()):
            name = f"{attribute['name']}, {attribute['type']}, {attribute['domain']}"
            values: list[tuple[Any, Any]]
            if attribute["domain"] == "EDGE":
                values = [(tuple(sorted((at[a], at[b]))), value) for a, b, value in attribute["data"]]
            else:
                values = list(zip(on[attribute["domain"]], attribute["data"], strict=True))
            self.attributes[name] = sorted(values)


def cycle(face: list[int]) -> Face:
    """A face as the least of its rotations; winding kept."""
    return min(tuple(face[start:] + face[:start]) for start in range(len(face)))


def _layers(
    one: dict[str, list[tuple[Any, Any]]], other: dict[str, list[tuple[Any, Any]]], path: str
) -> list[Difference]:
    found: list[Difference] = []
    for name in sorted(one.keys() | other.keys()):
        where = f'{path}["{name}"]'
        if name not in one or name not in other:
            found.append(Difference(path=where, expected=name in one, found=name in other))
            continue
        ours, theirs = one[name], other[name]
        if len(ours) != len(theirs):
            found.append(Difference(path=where, expected=len(ours), found=len(theirs)))
            continue
        wrong = [
            (first, second)
            for first, second in zip(ours, theirs, strict=True)
            if first[0] != second[0] or not _same(first[1], second[1])
        ]
        if wrong:
            found.append(Difference(path=where, expected=list(wrong[0][0]), found=list(wrong[0][1])))
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return same_number(one, other)
