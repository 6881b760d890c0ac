"""Meshes that are an outline turned about an axis: vases, bowls, wheels. Written as `bmesh.ops.spin` of that outline.

The vertices are rings of equally many points at the same angles, and points on the axis. Two neighbours of the outline
are joined by one face for every step around, all wound alike; whatever has another face is no such mesh.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from voxel.bpycode.layout import Doc, call, listing, parts
from voxel.bpycode.numbers import vector
from voxel.bpycode.script import Id, Json, Script, identity

CLOSE = 3e-5
"""Of the size of the mesh: how far a vertex may lie from its place."""
FEWEST_STEPS = 8
FEWEST_VERTICES = 48
"""With fewer the lists of vertices and faces are as short."""
AXES = {2: (0, 1), 0: (1, 2), 1: (2, 0)}
"""By axis: the two others, so that a turn goes from the first to the second."""

Point = tuple[float, ...]
Spot = tuple[int, int]
"""The place of a vertex: which point of the outline, and how many steps around; 0 on the axis."""


class Lathe(NamedTuple):
    """An outline, and how it is turned."""

    outline: list[Point]
    closed: bool
    """Whether the last point is joined to the first, as in a torus."""
    axis: int
    centre: Point
    steps: int
    merge: float
    """Vertices nearer than this are one: those of the last step and the first, and those on the axis."""


def lathe(data: Json) -> Lathe | None:
    """What a mesh of plain vertices and faces is the turned outline of, if it is one."""
    if len(data["vertices"]) < FEWEST_VERTICES or data.get("edges"):
        return None
    return next((found for axis in AXES if (found := _about(data, axis)) is not None), None)


def _about(data: Json, axis: int) -> Lathe | None:
    vertices: list[Point] = [tuple(row) for row in data["vertices"]]
    middle = [(min(row[k] for row in vertices) + max(row[k] for row in vertices)) / 2 for k in range(3)]
    size = max(max(row[k] for row in vertices) - min(row[k] for row in vertices) for k in range(3))
    placed = _rings(vertices, middle, size * CLOSE, axis)
    if placed is None:
        return None
    spots, steps, rings = placed
    links = _links([[spots[vertex] for vertex in face] for face in data["faces"]], steps)
    order = None if links is None else _order(links, len(rings))
    if order is None or links is None:
        return None
    path, closed = order
    start = {spots[number][0]: vertices[number] for number in range(len(vertices)) if spots[number][1] == 0}
    if not links[path[0], path[1]]:
        path.reverse()
    outline = [start[ring] for ring in path]
    merge = 10.0 ** (math.ceil(math.log10(size)) - 5)
    if _nearest(outline, middle, axis, steps) < 10 * merge:
        return None
    centre = [0.0 if k == axis or abs(middle[k]) < size * CLOSE else middle[k] for k in range(3)]
    return Lathe(outline, closed, axis, tuple(centre), steps, merge)


def _nearest(outline: list[Point], middle: list[float], axis: int, steps: int) -> float:
    """How near two vertices of the turned outline come to one another, along it or around the axis."""
    first, second = AXES[axis]
    radii = [math.hypot(point[first] - middle[first], point[second] - middle[second]) for point in outline]
    around = [2 * radius * math.sin(math.pi / steps) for radius in radii if radius > CLOSE * max(radii)]
    return min([math.dist(one, other) for one, other in itertools.pairwise(outline)] + around)


def _rings(
    vertices: list[Point], middle: list[float], close: float, axis: int
) -> tuple[list[Spot], int, list[list[int]]] | None:
    """The spot of each vertex, the steps of a whole turn and the vertices of each ring or point on the axis."""
    first, second = AXES[axis]
    places = []
    for row in vertices:
        u, v = row[first] - middle[first], row[second] - middle[second]
        places.append((math.hypot(u, v), math.atan2(v, u)))
    levels = _runs(range(len(vertices)), [row[axis] for row in vertices], close)
    radii = [radius for radius, _ in places]
    rings = [ring for level in levels for ring in _runs(level, radii, close)]
    counts = {len(ring) for ring in rings if places[ring[0]][0] > close}
    if len(counts) != 1 or (steps := counts.pop()) < FEWEST_STEPS:
        return None
    if any(len(ring) != 1 for ring in rings if places[ring[0]][0] <= close):
        return None
    turn = 2 * math.pi / steps
    level = next((angle for radius, angle in places if radius > close and abs(angle) < 1e-6), None)
    phase = level if level is not None else next(angle for radius, angle in places if radius > close)
    spots: list[Spot] = [(0, 0)] * len(vertices)
    for which, ring in enumerate(rings):
        for number in ring:
            radius, angle = places[number]
            step = round((angle - phase) / turn)
            if radius > close and abs(angle - phase - step * turn) * radius > close:
                return None
            spots[number] = (which, step % steps if radius > close else 0)
        if len(ring) == steps and len({spots[number] for number in ring}) != steps:
            return None
    return spots, steps, rings


def _runs(numbers: Iterable[int], values: list[float], close: float) -> list[list[int]]:
    """Vertices in groups of one value: a new group begins where the next value is not close to the one before."""
    found: list[list[int]] = []
    last = -math.inf
    for number in sorted(numbers, key=lambda number: values[number]):
        if values[number] - last > close:
            found.append([])
        found[-1].append(number)
        last = values[number]
    return found


def _links(faces: list[list[Spot]], steps: int) -> dict[tuple[int, int], bool] | None:
    """Which points of the outline are joined: True where faces go from the first to the second, then around."""
    count: dict[tuple[int, int], set[int]] = defaultdict(set)
    for face in faces:
        rings = list(dict.fromkeys(ring for ring, _ in face))
        if len(rings) != 2 or len(face) not in (3, 4):
            return None
        along = [pair for pair in zip(face, face[1:] + face[:1], strict=True) if pair[0][0] == pair[1][0]]
        if len(along) != len(face) - 2:
            return None
        begins = set()
        for (ring, start), (_, end) in along:
            other = rings[0] if ring == rings[1] else rings[1]
            if (end - start) % steps == 1:
                begins.add((other, ring, start))
            elif (start - end) % steps == 1:
                begins.add((ring, other, end))
        if len(begins) != 1 or (len(face) == 4 and {step for _, step in face} != {along[0][0][1], along[0][1][1]}):
            return None
        before, after, step = begins.pop()
        count[before, after].add(step)
    if any(len(found) != steps for found in count.values()):
        return None
    links = dict.fromkeys(count, True)
    if len(faces) != steps * len({frozenset(pair) for pair in links}):
        return None
    return links | {(b, a): (b, a) in links for a, b in links}


def _order(links: dict[tuple[int, int], bool], rings: int) -> tuple[list[int], bool] | None:
    """The points of the outline one after another, and whether it is closed; None unless it is a single line."""
    near: dict[int, list[int]] = defaultdict(list)
    for a, b in links:
        near[a].append(b)
    ends = [ring for ring in near if len(near[ring]) == 1]
    if len(near) != rings or len(ends) not in (0, 2) or any(len(found) > 2 for found in near.values()):
        return None
    path = [ends[0] if ends else next(iter(near))]
    while True:
        following = [ring for ring in near[path[-1]] if ring not in path]
        if not following:
            break
        path.append(following[0])
    if len(path) != rings:
        return None
    ways = {links[a, b] for a, b in zip(path, path[1:] + ([] if ends else path[:1]), strict=bool(not ends))}
    return (path, not ends) if len(ways) == 1 else None


def plain_shape(script: Script, needed: Id, mesh: Json) -> bool:
    """Whether nothing of a mesh is known by the number of a vertex, face or corner."""
    geometry = mesh.get("geometry", {})
    if "data" not in geometry or geometry.get("material_index") or isinstance(geometry.get("smooth"), list):
        return False
    if mesh.get("uv") or mesh.get("attributes") or mesh.get("shape_keys"):
        return False
    for thing in script.after["blocks"].get("objects", {}).values():
        held = identity(thing.get("data")) == needed
        if held and (thing.get("vertex_groups") or any("vertex_indices" in one for one in thing.get("modifiers", []))):
            return False
        parent = thing.get("parent") or {}
        if "vertices" in parent and identity(script.after["blocks"]["objects"][parent["object"]].get("data")) == needed:
            return False
    return True


def write_lathe(script: Script, variable: str, found: Lathe) -> None:
    """Turn the outline and put the result into a mesh that is there."""
    script.need("import bmesh")
    script.need("from math import radians")
    rows: list[Doc] = [parts(vector(point)) for point in found.outline]
    outline, bm = script.names.passing("outline"), script.names.passing("bm")
    script.assign(outline, listing(rows))
    script.assign(bm, "bmesh.new()")
    script.assign("points", f"[{bm}.verts.new(co) for co in {outline}]")
    ends = "points[1:] + points[:1]" if found.closed else "points[1:]"
    script.assign("sides", f"[{bm}.edges.new(pair) for pair in zip(points, {ends})]")
    along = parts(["1" if axis == found.axis else "0" for axis in range(3)])
    script.do(call(
        "bmesh.ops.spin", bm, geom="points + sides", cent=parts(vector(found.centre)), axis=along,
        angle="radians(360)", steps=str(found.steps),
    ))  # fmt: skip
    script.do(call("bmesh.ops.remove_doubles", bm, verts=f"{bm}.verts", dist=f"{found.merge:g}".replace("e-0", "e-")))
    script.do(call(f"{bm}.to_mesh", variable))
    script.do(f"{bm}.free()")
