"""Briefs for scene plans: every value that is checked is in the words."""

from __future__ import annotations

from typing import Literal, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from voxel.facts.aiming import aims
from voxel.facts.briefs import Change, brief, revision
from voxel.facts.plans import plan_checks
from voxel.facts.stated import unstated
from voxel.records.example import Aim, Exists, Geometry, Keys, Property
from voxel.records.plan import (
    Kind,
    PlannedCamera,
    PlannedLight,
    PlannedMaterial,
    PlannedMovement,
    PlannedObject,
    PlannedWorld,
    ScenePlan,
    Vector,
)

LIGHTS: tuple[Literal["point", "sun", "spot", "area"], ...] = ("point", "sun", "spot", "area")
_length = st.integers(1, 40000).map(lambda n: n / 1000)
_place = st.integers(-20000, 20000).map(lambda n: n / 1000)
_angle = st.integers(-1800, 1800).map(lambda n: n / 10)
_part = st.integers(0, 1000).map(lambda n: n / 1000)


def _three(each: st.SearchStrategy[float]) -> st.SearchStrategy[Vector]:
    return st.tuples(each, each, each)


@st.composite
def plans(draw: st.DrawFn) -> ScenePlan:
    """Plans with everything in them."""
    kinds = draw(st.lists(st.sampled_from(get_args(Kind)), max_size=7))
    objects = []
    for number, kind in enumerate(kinds):
        size = draw(_three(_length)) if kind != "empty" else (0.0, 0.0, 0.0)
        size = (size[0], size[1], 0.0) if kind == "plane" else size
        objects.append(
            PlannedObject(
                name=f"Thing {'ABCDEFG'[number]}", kind=kind, size=size, location=draw(_three(_place)),
                rotation=draw(_three(_angle)), material="Oak" if draw(st.booleans()) and kind != "empty" else "",
                collection=draw(st.sampled_from(("", "Room"))),
                parent="Thing A" if number and draw(st.booleans()) else "",
            )
        )  # fmt: skip
    oak = PlannedMaterial(
        name="Oak", base_color=draw(_three(_part)), metallic=draw(_part), roughness=draw(_part),
        transmission=draw(_part), emission_color=draw(_three(_part)), emission_strength=draw(_length),
    )  # fmt: skip
    lights = tuple(
        PlannedLight(
            name=f"Light {kind}", type=kind, energy=draw(_length), color=draw(_three(_part)), size=draw(_length),
            angle=draw(st.integers(1, 1500)) / 10, location=draw(_three(_place)), rotation=draw(_three(_angle)),
        )
        for kind in draw(st.lists(st.sampled_from(LIGHTS), unique=True))
    )  # fmt: skip
    camera = PlannedCamera(
        name="Camera", lens=draw(_length) * 10, location=draw(_three(_place)), target=draw(_three(_place))
    )
    world = PlannedWorld(name="Dusk", color=draw(_three(_part)), strength=draw(_length))
    moved = PlannedMovement(
        object="Camera", property=draw(st.sampled_from(("location", "rotation"))), axis=draw(st.sampled_from("xyz")),
        keys=((1.0, draw(_place)), (float(draw(st.integers(2, 400))), draw(_angle))), interpolation="linear",
    )  # fmt: skip
    return ScenePlan(
        title="The Room", mood="warm", unit_system=draw(st.sampled_from(("metric", "imperial", "none"))),
        unit_scale=draw(_length), resolution=(draw(st.integers(4, 8000)), 1080), frame_start=draw(st.integers(0, 100)),
        frame_end=draw(st.integers(101, 3000)), fps=draw(st.integers(1, 120)), objects=tuple(objects), materials=(oak,),
        lights=lights, camera=camera, world=world, movements=(moved,),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(plans(), st.text(max_size=4))
def test_a_brief_says_all_that_is_checked(plan: ScenePlan, seed: str) -> None:
    text = brief(plan, seed)
    assert unstated(plan_checks(plan), text) == []
    assert '"The Room"' in text


def test_a_brief_that_leaves_something_out_is_found_out() -> None:
    plan = ScenePlan(title="A", objects=(PlannedObject(name="Ball", kind="sphere", size=(0.37, 0.37, 0.37)),))
    text = brief(plan, "")
    for word in ('"Ball"', "sphere", "37 cm", "0.37 m"):
        if word in text:
            assert unstated(plan_checks(plan), text.replace(word, "")) != []


def test_checks_of_a_plan_are_those_that_blender_can_answer() -> None:
    plan = ScenePlan(
        title="A",
        objects=(PlannedObject(name="Ball", kind="sphere", size=(1, 1, 1), location=(0, 0, 0.5)),),
        camera=PlannedCamera(name="Cam", lens=35, location=(0, -3, 1), target=(0, 0, 0.5)),
    )
    assert plan_checks(plan) == (
        Exists(of=("objects", "Ball"), type="MESH"),
        Geometry(of=("objects", "Ball"), primitive="UV_SPHERE", size=(1, 1, 1)),
        Property(of=("objects", "Ball"), path="location", value=[0, 0, 0.5]),
        Exists(of=("objects", "Cam"), type="CAMERA"),
        Property(of=("objects", "Cam"), path="data.lens", value=35),
        Property(of=("objects", "Cam"), path="location", value=[0, -3, 1]),
        Aim(of=("objects", "Cam"), at=(0, 0, 0.5)),
        Property(of=("scenes", "Scene"), path="camera", value={"$id": ["objects", "Cam"]}),
    )


def test_what_moves_is_checked_by_its_keys_and_not_by_its_place() -> None:
    cup = PlannedObject(name="Cup", kind="box", size=(1, 1, 1), location=(0, 0, 2))
    move = PlannedMovement(object="Cup", property="location", axis="z", keys=((1, 2), (20, 5)))
    checks = plan_checks(ScenePlan(title="A", objects=(cup,), movements=(move,)))
    assert [type(check) for check in checks] == [Exists, Geometry, Keys]


def test_a_revision_says_what_becomes_of_the_thing_and_nothing_of_the_rest() -> None:
    table = PlannedObject(name="Table", kind="box", size=(1.6, 0.8, 0.75), location=(1, 2, 0.375))
    before = ScenePlan(title="A", objects=(table, PlannedObject(name="Rug", kind="plane", size=(3, 2, 0))))
    lower = replace(before, objects=(replace(table, size=(1.6, 0.8, 0.55)), before.objects[1]))
    for seed in "abcdefgh":
        text = revision(before, lower, Change("resize", "Table", 2), seed)
        assert "lower" in text
        assert "55 cm" in text or "0.55 m" in text
        assert "Rug" not in text


def test_a_thing_aims_by_its_rotation_or_by_a_constraint() -> None:
    camera = {"props": {"location": [0.0, -5.0, 1.0], "rotation_euler": [1.5707963, 0.0, 0.0]}}
    scene = {"blocks": {"objects": {"Camera": camera, "Mark": {"props": {"location": [3.0, 0.0, 1.0]}}}}}
    assert aims(scene, camera, (0.0, 0.0, 1.0))
    assert aims(scene, camera, (0.0, 9.0, 1.1))
    assert not aims(scene, camera, (0.0, 0.0, 1.2))
    assert not aims(scene, camera, (0.0, -9.0, 1.0))
    track = {"type": "TrackToConstraint", "props": {"target": {"$id": ["objects", "Mark"]}}}
    assert aims(scene, {**camera, "constraints": [track]}, (3.0, 0.0, 1.0))
    assert not aims(scene, {**camera, "constraints": [track]}, (0.0, 0.0, 1.0))
