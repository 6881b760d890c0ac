"""Outlines that are turned about an axis are written as that, and nothing else is."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import pytest

from voxel.bpycode.lathes import lathe

STEPS = 12
VASE = [(0, 0), (0.5, 0), (0.8, 0.6), (0.3, 1.2), (0.4, 1.5)]
RING = [(1.2, 0), (1, 0.2), (0.7, 0), (1, -0.2)]


def turned(profile: list[tuple[float, float]], axis: int = 2, *, closed: bool = False) -> dict[str, Any]:
    """Vertices and faces of a profile of radii and heights, turned about an axis."""
    first, second = {2: (0, 1), 0: (1, 2), 1: (2, 0)}[axis]
    vertices: list[list[float]] = []
    rings: list[list[int]] = []
    for radius, height in profile:
        count = STEPS if radius else 1
        start = len(vertices)
        for step in range(count):
            place = [0.0, 0.0, 0.0]
            place[axis] = height + 0.25
            place[first] = radius * cos(2 * pi * step / STEPS)
            place[second] = radius * sin(2 * pi * step / STEPS)
            vertices.append([round(part, 6) for part in place])
        rings.append([start + step % count for step in range(STEPS)])
    faces: list[list[int]] = []
    for one, other in zip(rings, rings[1:] + (rings[:1] if closed else []), strict=False):
        for step in range(STEPS):
            after = (step + 1) % STEPS
            faces.append(list(dict.fromkeys([one[step], one[after], other[after], other[step]])))
    return {"vertices": vertices, "faces": faces}


def script(data: dict[str, Any], *, flipped: bool = False) -> str:
    faces = [face[::-1] for face in data["faces"]] if flipped else data["faces"]
    return (
        "import bpy\n"
        'mesh = bpy.data.meshes.new("Vase")\n'
        f"mesh.from_pydata({data['vertices']}, [], {faces})\n"
        "mesh.shade_smooth()\n"
        'bpy.context.collection.objects.link(bpy.data.objects.new("Vase", mesh))\n'
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_vase_is_turned(bench: Any, axis: int, flipped: bool) -> None:
    source = bench.round_trip(script(turned(VASE, axis), flipped=flipped))
    assert "bmesh.ops.spin(" in source
    assert "from_pydata" not in source


def test_a_closed_outline_is_turned(bench: Any) -> None:
    source = bench.round_trip(script(turned(RING, closed=True)))
    assert "zip(points, points[1:] + points[:1])" in source


def spoiled(kind: str) -> dict[str, Any]:
    data = turned(VASE)
    if kind == "a vertex lies elsewhere":
        data["vertices"][20][0] += 0.01
    elif kind == "a face is missing":
        del data["faces"][30]
    elif kind == "a face is wound the other way":
        data["faces"][30].reverse()
    elif kind == "a face is turned by a step":
        data["faces"][30] = [(vertex + 1) for vertex in data["faces"][30]]
    elif kind == "two faces are one":
        one, other = data["faces"][30], data["faces"][31]
        data["faces"][30:32] = [[one[0], other[1], other[2], one[3]]]
    else:
        data["edges"] = [[0, 30]]
    return data


def test_a_whole_one_is_found() -> None:
    found = lathe(turned(VASE))
    assert found is not None
    assert (len(found.outline), found.closed, found.axis, found.steps) == (5, False, 2, STEPS)


@pytest.mark.parametrize(
    "kind",
    ["a vertex lies elsewhere", "a face is missing", "a face is wound the other way", "a face is turned by a step",
     "two faces are one", "an edge is loose"],
)  # fmt: skip
def test_what_is_nearly_turned_is_not(kind: str) -> None:
    assert lathe(spoiled(kind)) is None


def test_what_is_known_by_its_number_keeps_its_numbers(bench: Any) -> None:
    weighted = script(turned(VASE)) + 'bpy.data.objects["Vase"].vertex_groups.new(name="Rim").add([3], 1, "REPLACE")\n'
    assert "from_pydata" in bench.round_trip(weighted)
