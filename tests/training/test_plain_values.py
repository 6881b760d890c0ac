"""What examples leave out or say plainer than a file has it: noise, startup content, geometry away from its origin."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from voxel.training.dataset_builder.naming import NAMELESS, is_hint, is_misnamed
from voxel.training.dataset_builder.quality import own_of
from voxel.training.dataset_builder.settling import can_settle, settle
from voxel.training.dataset_builder.startup import is_fresh
from voxel.training.dataset_builder.tidying import euler_of, place, say_plainly, tidy, tidy_setting
from voxel.training.dataset_builder.variations import is_loose


@pytest.mark.parametrize(
    ("values", "size", "said"),
    [
        ([0.81273, -0.0544271, 2.0], 1.0, [0.81, -0.05, 2.0]),
        ([0.813, -0.054, 2.25], 1.0, [0.813, -0.054, 2.25]),  # somebody typed these
        ([0.10000000149, 0.0127, 0.00038], 0.06, [0.1, 0.013, 0.0]),
        ([0.01234567, 0.0, 0.5], 0.01, [0.0123, 0.0, 0.5]),
    ],
)
def test_places_lose_the_noise_of_dragging_and_keep_what_was_typed(
    values: list[float], size: float, said: list[float]
) -> None:
    assert place(values, size) == said


def test_settings_have_three_digits_unless_somebody_typed_more() -> None:
    assert [tidy_setting(value, "") for value in (3926.99, 39.2699, 1250.5, 0.25, 6.98871)] == [
        3930.0, 39.3, 1250.5, 0.25, 6.99,
    ]  # fmt: skip


def test_colours_are_said_in_thousandths_and_dark_ones_closer() -> None:
    assert tidy([0.1529, 0.01367, 0.00254, 1.0], "") == [0.153, 0.014, 0.0025, 1.0]
    assert tidy([0.15294, 0.5, 0.25], "COLOR") == [0.153, 0.5, 0.25]
    assert tidy([0.15294, 0.5, 0.25], "") == [0.153, 0.5, 0.25]
    assert tidy([15.29437, 0.5, 0.25], "") == [15.294, 0.5, 0.25]


@pytest.mark.parametrize(
    "angles", [(0.3, -0.4, 1.2), (0.0, 0.0, math.pi / 2), (-1.0, 0.2, 3.0), (0.0, math.pi / 2, 0.7)]
)
def test_a_quaternion_is_said_as_the_same_turn(angles: tuple[float, float, float]) -> None:
    (sx, sy, sz), (cx, cy, cz) = ([f(a / 2) for a in angles] for f in (math.sin, math.cos))
    w, x = cx * cy * cz + sx * sy * sz, sx * cy * cz - cx * sy * sz
    y, z = cx * sy * cz + sx * cy * sz, cx * cy * sz - sx * sy * cz
    assert euler_of((w, x, y, z)) == pytest.approx(angles, abs=1e-6)


def test_an_object_that_is_turned_by_a_quaternion_is_asked_for_in_degrees() -> None:
    half = math.sqrt(0.5)
    props: dict[str, Any] = {"rotation_mode": "QUATERNION", "rotation_quaternion": [half, half, 0.0, 0.0]}
    say_plainly(props, {"props": copy.deepcopy(props)})
    assert props == {"rotation_euler": [pytest.approx(math.pi / 2, abs=1e-6), 0.0, 0.0]}


def sheet() -> tuple[dict[str, Any], dict[str, Any]]:
    """A plane whose mesh was stretched and moved in edit mode, on an object that is turned by 90 degrees."""
    mesh = {
        "geometry": {
            "vertices": 4, "bounds": [[-3.0, -1.0, 0.5], [5.0, 3.0, 0.5]],
            "primitive": {"kind": "PLANE", "args": {}, "scale": [4.0, 2.0, 1.0], "offset": [1.0, 1.0, 0.5]},
        }
    }  # fmt: skip
    thing = {"props": {"location": [10.0, 0.0, 0.0], "rotation_euler": [0.0, 0.0, math.pi / 2]}, "kind": "MESH"}
    return thing, mesh


def test_geometry_lies_at_its_origin_and_looks_as_before() -> None:
    thing, mesh = sheet()
    settle(thing, mesh)
    assert thing["props"]["location"] == [9.0, 1.0, 0.5]
    assert thing["props"]["scale"] == [4.0, 2.0, 1.0]
    assert mesh["geometry"]["primitive"] == {
        "kind": "PLANE", "args": {}, "scale": [1.0, 1.0, 1.0], "offset": [0.0, 0.0, 0.0],
    }  # fmt: skip
    assert mesh["geometry"]["bounds"] == [[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]]


def test_a_mesh_that_was_turned_by_a_right_angle_is_an_object_that_is_turned() -> None:
    mesh: dict[str, Any] = {
        "geometry": {
            "vertices": 64, "bounds": [[-1.0, -0.5, 1.5], [1.0, 0.5, 2.5]],
            "primitive": {
                "kind": "CYLINDER", "args": {"radius": 0.5, "depth": 2.0}, "scale": [1.0, 1.0, 1.0],
                "offset": [0.0, 0.0, 2.0], "rotation": [0.0, math.pi / 2, 0.0],
            },
        }
    }  # fmt: skip
    thing: dict[str, Any] = {"props": {"location": [0.0, 3.0, 0.0]}, "kind": "MESH"}
    settle(thing, mesh)
    assert thing["props"] == {
        "location": [0.0, 3.0, 2.0], "rotation_euler": [0.0, pytest.approx(math.pi / 2, abs=1e-6), 0.0],
    }  # fmt: skip
    assert "rotation" not in mesh["geometry"]["primitive"]
    assert mesh["geometry"]["bounds"] == [[-0.5, -0.5, -1.0], [0.5, 0.5, 1.0]]


@pytest.mark.parametrize("part", ["modifiers", "constraints", "parent", "animation"])
def test_geometry_stays_where_something_depends_on_its_origin(part: str) -> None:
    thing, mesh = sheet()
    held = {**thing, part: [{"type": "MirrorModifier"}]}
    assert can_settle("Sheet", thing, mesh, frozenset(), (part,))
    assert not can_settle("Sheet", held, mesh, frozenset(), (part,))
    assert can_settle("Sheet", held, mesh, frozenset(), ()) is (part in ("modifiers", "constraints"))  # left behind
    assert not can_settle("Sheet", thing, mesh, frozenset({"Sheet"}), ())
    assert not can_settle("Sheet", thing, {**mesh, "attributes": [1]}, frozenset(), ())
    assert not can_settle("Sheet", thing, {**mesh, "shape_keys": {"blocks": [1]}}, frozenset(), ("shape_keys",))


def test_an_evenly_scaled_sheet_is_told_by_its_size() -> None:
    thing, mesh = sheet()
    thing["props"] = {"scale": [3.0, 3.0, 0.5]}
    made = mesh["geometry"]["primitive"]
    made["scale"], made["offset"] = [1.0] * 3, [0.0] * 3
    mesh["geometry"]["bounds"] = [[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]]
    settle(thing, mesh)
    assert "scale" not in thing["props"]
    assert made["args"] == {"size": 6.0}
    assert mesh["geometry"]["bounds"] == [[-3.0, -3.0, 0.0], [3.0, 3.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "kind", "primitive", "wrong"),
    [
        ("Sphere", "EMPTY", "", True), ("Sphere.001", "MESH", "UV_SPHERE", False), ("sphere", "MESH", "CUBE", True),
        ("Cube", "MESH", "", False), ("Ball", "MESH", "CUBE", False), ("Collection", "EMPTY", "", True),
    ],
)  # fmt: skip
def test_a_name_that_belongs_to_another_shape_is_known(name: str, kind: str, primitive: str, wrong: bool) -> None:
    assert is_misnamed(name, kind, primitive) is wrong


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Cube-colonly", True), ("UCX_Crate", True), ("floor_col", True), ("Only", False), ("Column", False)],
)
def test_names_that_tell_an_importer_what_to_do_are_known(name: str, hint: bool) -> None:
    assert is_hint(name) is hint


def test_what_blender_has_placed_is_known() -> None:
    assert is_fresh({"location": [7.35889, -6.92579, 4.95831]})
    assert is_fresh({"location": [0.0, 0.0, 7.0], "rotation_euler": [0.65033, 0.05522, 1.86639]})
    assert not is_fresh({"location": [7.0, -7.0, 5.0]})
    assert not is_fresh({})


@pytest.mark.parametrize(
    ("name", "nameless"),
    [
        ("Cube", True), ("cube.001", True), ("Cube_disp_0.2", True), ("Plane 3", True), ("player_sensor", True),
        ("Col_face_only", True), ("Lamp_Back", False), ("Spherical Lamp", False), ("Cuboid", False),
        ("Table Leg", False), ("Contest Cup", False),
    ],
)  # fmt: skip
def test_names_that_nobody_gave_are_known(name: str, nameless: bool) -> None:
    assert bool(NAMELESS.match(name)) == nameless


def test_buildings_and_parts_do_not_wander() -> None:
    ball = {"dimensions": [0.4, 0.4, 0.4]}
    assert is_loose("Beach Ball", ball)
    assert not is_loose("Column Shaft", ball)
    assert not is_loose("Beach Ball", {**ball, "parent": {"object": "Net"}})
    assert not is_loose("Beach Ball", {"dimensions": [0.4, 0.4, 0.0]})
    assert not is_loose("Beach Ball", {"dimensions": [40.0, 40.0, 40.0]})


def test_words_full_of_noise_are_worth_little() -> None:
    from voxel.records.example import Example, Exists, Provenance
    from voxel.training.dataset_builder.nearness import shingles

    def agreement(instruction: str) -> float:
        completion = "import bpy\nbpy.ops.mesh.primitive_cube_add()\n"
        example = Example(
            id="0" * 16, role="builder", category="mesh", difficulty="easy", instruction=instruction, context="",
            completion=completion, checks=(Exists(of=("objects", "Cube")),), quality=0.0, tokens=10,
            blender=("4.5",), provenance=Provenance(source="samples", repo="a/b"),
        )  # fmt: skip
        return own_of(example, shingles(completion)).agreement

    plain = agreement("A box of 1.5 m x 0.25 m x 2 m at (0.813, 0, 1), RGB (0.1234, 0.5432, 0.9876).")
    assert plain == 1.0
    assert agreement("A box of 1.7031 m x 1.9688 m x 2.7344 m at (0, 0, 1).") == 0.05
