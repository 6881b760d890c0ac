"""Words for colours, sizes and repairs that a reader of examples stumbled over."""

from __future__ import annotations

import pytest

from voxel.facts import words
from voxel.facts.shapes import mesh_words
from voxel.facts.stated import unstated
from voxel.facts.voice import continued


@pytest.mark.parametrize(
    ("rgb", "said"),
    [
        ((0.0331, 0.0513, 0.0782), "dark blue, RGB (0.0331, 0.0513, 0.0782)"),
        ((0.0452, 0.0176, 0.0075), "brown, RGB (0.0452, 0.0176, 0.0075)"),
        ((0.0116, 0.006, 0.0037), "RGB (0.0116, 0.006, 0.0037)"),
        ((0.888, 0.597, 0.0116), "yellow, RGB (0.888, 0.597, 0.0116)"),
        ((1.0, 0.4, 0.02), "orange, RGB (1, 0.4, 0.02)"),
        ((0.42, 0.24, 0.1), "brown, RGB (0.42, 0.24, 0.1)"),
        ((0.337, 0.527, 1.0), "light blue, RGB (0.337, 0.527, 1)"),
    ],
)
def test_colours_have_the_names_that_people_give_them(rgb: tuple[float, ...], said: str) -> None:
    assert words.color(rgb) == said


@pytest.mark.parametrize(
    ("kind", "args", "extent", "scale", "said"),
    [
        ("ICO_SPHERE", {"subdivisions": 1}, (0.71554, 0.68052, 0.8), 0.4, "a radius of 40 cm"),
        ("MONKEY", {}, (0.68359, 0.42578, 0.49219), 0.25, "a size of 50 cm"),
        ("CONE", {"vertices": 5}, (8.36929, 7.95967, 3.1), 4.4, "a base radius of 4.4 m"),
    ],
)
def test_sizes_are_those_that_operators_take(
    kind: str, args: dict[str, int], extent: tuple[float, ...], scale: float, said: str
) -> None:
    scales = [scale, scale, extent[2] / 2 if kind == "CONE" else scale]
    bounds = [[-side / 2 for side in extent], [side / 2 for side in extent]]
    geometry = {
        "vertices": 6, "edges": 5, "faces": 5, "bounds": bounds,
        "primitive": {"kind": kind, "args": args, "scale": scales},
    }  # fmt: skip
    check, _, parts = mesh_words(("objects", "Thing"), geometry)
    assert parts[0] == said
    assert unstated([check], f'"Thing", a {kind.replace("_", " ")} with ' + ", ".join(parts)) == []
    assert unstated([check], f'"Thing", a {kind.replace("_", " ")}') != []


def test_what_is_added_is_no_objection() -> None:
    scene = {"blocks": {"objects": {"A": {"kind": "MESH"}, "B": {"kind": "MESH"}}}}
    openings = {continued('Add a cube named "C".', scene, str(seed)).partition("add")[0] for seed in range(60)}
    assert openings == {"Now ", "Then ", "Next, ", "Good. Now "}
