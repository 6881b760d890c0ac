"""Plans read from real scenes: what they say agrees with what Blender measures, and they are proved like code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxel.blender import Blender
from voxel.bpycode import block_out
from voxel.facts import failing
from voxel.facts.plans import plan_checks
from voxel.records.example import Example, Provenance
from voxel.records.plan import PlannedCamera, PlannedObject, PlannedWorld, ScenePlan, read_plan, write_plan
from voxel.records.prompt import user_prompt
from voxel.training.dataset_builder.candidate import PlanCandidate
from voxel.training.dataset_builder.concept_candidates import concept_candidates
from voxel.training.dataset_builder.lines import Proved, Unproved
from voxel.training.dataset_builder.plan_reading import Reading
from voxel.training.dataset_builder.proving import Prover
from voxel.training.dataset_builder.verifying import verify
from voxel.training.evaluation.scoring import score

STUDIO = """
import bpy
from math import radians

scene = bpy.context.scene
scene.name = "Small Studio"
scene.frame_end = 120
scene.render.resolution_x = 1080

bpy.ops.object.empty_add(location=(1, 0.5, 0.4), rotation=(0, 0, radians(30)))
root = bpy.context.object
root.name = "Desk"
root.scale = (1.2, 1.2, 1.2)
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0.2, 0.35))
top = bpy.context.object
top.name = "Top"
top.scale = (1.4, 0.7, 0.04)
top.parent = root
bpy.ops.mesh.primitive_cylinder_add(radius=0.05, depth=0.3, location=(0.4, 0, 0.2), rotation=(0, radians(15), 0))
cup = bpy.context.object
cup.name = "Cup.001"
bpy.context.view_layer.update()
cup.parent = top
cup.matrix_parent_inverse = top.matrix_world.inverted()
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.3, location=(-2, 1, 0.3))
ball = bpy.context.object
ball.name = "Ball"
ball.data.transform(__import__("mathutils").Matrix.Translation((0.1, 0, 0)))
for frame, height in [(1, 0.3), (40, 1.3), (80, 0.3)]:
    ball.location.z = height
    ball.keyframe_insert("location", index=2, frame=frame)
ball.location.z = 0.3

mesh = bpy.data.meshes.new("Vase")
mesh.from_pydata([(0.02, 0, 0), (0.12, 0, 0.1), (0.05, 0, 0.4)], [(0, 1), (1, 2)], [])
vase = bpy.data.objects.new("Vase", mesh)
vase.location = (0, -1, 0.1)
vase.modifiers.new("Screw", "SCREW").steps = 64
scene.collection.objects.link(vase)
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 3, 1))
wing = bpy.context.object
wing.name = "Wing"
wing.data.transform(__import__("mathutils").Matrix.Translation((1, 0, 0)))
wing.modifiers.new("Mirror", "MIRROR")
bpy.ops.mesh.primitive_cube_add(size=0.2, location=(0, 4, 0.1))
fence = bpy.context.object
fence.name = "Fence"
row = fence.modifiers.new("Array", "ARRAY")
row.count = 5
row.relative_offset_displace = (1.5, 0, 0)
room = bpy.data.collections.new("Room")
scene.collection.children.link(room)
for thing in (wing, fence):
    room.objects.link(thing)
    scene.collection.objects.unlink(thing)
paint = bpy.data.materials.new("Red Paint")
paint.use_nodes = True
surface = paint.node_tree.nodes["Principled BSDF"]
surface.inputs["Base Color"].default_value = (0.6, 0.05, 0.04, 1)
surface.inputs["Roughness"].default_value = 0.3
for thing in (top, ball, wing):
    thing.data.materials.append(paint)
glaze = bpy.data.materials.new("Blue Glaze")
glaze.use_nodes = True
glaze.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.05, 0.1, 0.6, 1)
cup.data.materials.append(glaze)

lamp = bpy.data.lights.new("Softbox", type="AREA")
lamp.energy = 300
lamp.size = 1.5
lamp.color = (1, 0.8, 0.6)
softbox = bpy.data.objects.new("Softbox", lamp)
softbox.location = (3, -3, 3)
softbox.rotation_euler = (radians(45), 0, radians(40))
scene.collection.objects.link(softbox)
sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", type="SUN"))
sun.data.energy = 2
sun.rotation_euler = (radians(50), 0, radians(-20))
scene.collection.objects.link(sun)
camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
camera.data.lens = 35
camera.location = (4, -7, 2)
camera.rotation_euler = (radians(80), 0, radians(28))
scene.collection.objects.link(camera)
scene.camera = camera
"""
BENT = """
import bpy
wing = bpy.data.objects["Wing"]
bent = wing.copy()
bent.data = wing.data.copy()
bent.name = "Bent"
bent.modifiers.new("Bend", "SIMPLE_DEFORM").deform_method = "BEND"
bpy.context.scene.collection.objects.link(bent)
"""
MEASURE = """
import bpy, json
graph = bpy.context.evaluated_depsgraph_get()
found = {}
for thing in bpy.context.scene.objects:
    if thing.type == "MESH":
        shown = thing.evaluated_get(graph)
        corners = [shown.matrix_world @ __import__("mathutils").Vector(corner) for corner in shown.bound_box]
        found[thing.name] = [[min(c[n] for c in corners), max(c[n] for c in corners)] for n in range(3)]
print("BOUNDS", json.dumps(found))
"""
SOURCE = Provenance(source="samples", repo="studio", license="CC0-1.0")


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as running:
        yield running


def dumped(blender: Blender, *sources: str) -> dict[str, Any]:
    run = blender.run(*sources)
    assert run.verdict == "passed", run.errors
    assert run.scene is not None
    scene: dict[str, Any] = msgspec.json.decode(run.scene)
    return scene


@pytest.fixture(scope="module")
def studio(blender: Blender) -> dict[str, Any]:
    return dumped(blender, STUDIO)


def bounds(blender: Blender, source: str) -> dict[str, Any]:
    """World bounds of every mesh object, as Blender evaluates them."""
    run = blender.run(source, MEASURE)
    assert run.verdict == "passed", run.errors
    found: dict[str, Any] = json.loads(run.output.partition("BOUNDS")[2].splitlines()[0])
    return found


def test_a_plan_blocked_out_has_the_extents_of_the_scene_it_was_read_from(blender: Blender) -> None:
    reading = Reading(dumped(blender, STUDIO, BENT))
    assert sorted(reading.objects) == ["Ball", "Cup.001", "Desk", "Fence", "Top", "Vase", "Wing"]  # not the bent one
    plan = ScenePlan(title="Studio", objects=tuple(
        msgspec.structs.replace(one, material="", collection="") for one in reading.objects.values()
    ))  # fmt: skip
    real, planned = bounds(blender, STUDIO), bounds(blender, block_out(plan))
    for name in planned:
        for axis in range(3):
            assert planned[name][axis] == pytest.approx(real[name][axis], abs=0.006), (name, axis)


def test_lights_and_cameras_are_aimed_where_they_were(blender: Blender, studio: dict[str, Any]) -> None:
    reading = Reading(studio)
    camera, softbox, sun = reading.camera("Camera"), reading.light("Softbox"), reading.light("Sun")
    assert camera is not None
    assert softbox is not None
    assert sun is not None
    assert (camera.lens, camera.location) == (35.0, (4.0, -7.0, 2.0))
    assert (softbox.type, softbox.energy, softbox.size, softbox.color) == ("area", 300.0, 1.5, (1.0, 0.8, 0.6))
    assert (sun.type, sun.energy, sun.rotation, sun.target) == ("sun", 2.0, (50.0, 0.0, -20.0), None)
    plan = ScenePlan(title="Studio", lights=(softbox, sun), camera=camera)
    scene = dumped(blender, block_out(plan))
    assert failing(plan_checks(plan), scene) == []
    for name, angles in (("Camera", (80, 0, 28)), ("Softbox", (45, 0, 40))):
        turned = scene["blocks"]["objects"][name]["props"]["rotation_euler"]
        assert [v * 57.29578 for v in turned] == pytest.approx(angles, abs=0.5)


def test_a_movement_keeps_its_height_above_the_middle(studio: dict[str, Any]) -> None:
    (move,) = Reading(studio).movements("Ball")
    assert (move.property, move.axis, move.keys) == ("location", "z", ((1.0, 0.3), (40.0, 1.3), (80.0, 0.3)))


AROUND = """import bpy
bpy.context.scene.name = "Twisted Tower"
for name, size, place in [("Plaza", (9, 9, 0.2), (0, 0, -0.1)), ("Bench", (1.8, 0.5, 0.5), (2, -3, 0.25))]:
    bpy.ops.mesh.primitive_cube_add(size=1, location=place, scale=size)
    bpy.context.object.name = name
camera = bpy.data.objects.new("Lens", bpy.data.cameras.new("Lens"))
camera.location = (6, -9, 4)
camera.rotation_euler = (1.2, 0, 0.6)
bpy.context.collection.objects.link(camera)
bpy.context.scene.camera = camera
"""
TOWER = """
bpy.ops.mesh.primitive_cylinder_add(radius=1, depth=8, location=(0, 0, 4))
tower = bpy.context.object
tower.name = "Tower"
"""
ROOM = """
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 3), scale=(10, 10, 6.4))
bpy.context.object.name = "Hall"
"""


@pytest.mark.parametrize(
    ("more", "planned"),
    [
        (TOWER, {"Plaza", "Bench", "Tower"}),
        (TOWER + 'tower.modifiers.new("Twist", "SIMPLE_DEFORM").angle = 2', None),
        (TOWER + 'tower.modifiers.new("Nodes", "NODES")', None),
        (
            TOWER + 'tower.name = "Backdrop Sweep"\ntower.modifiers.new("Twist", "SIMPLE_DEFORM").angle = 2',
            {"Plaza", "Bench"},
        ),
        (TOWER + "tower.hide_render = True", {"Plaza", "Bench"}),
        (TOWER + 'driver = tower.driver_add("location", 0).driver\ndriver.expression = "2"', None),
        (ROOM, None),
    ],
    ids=["all", "bent", "of nodes", "backdrop", "hidden", "driven", "in a room"],
)
def test_a_scene_is_planned_where_nothing_that_matters_is_missing(
    blender: Blender, more: str, planned: set[str] | None
) -> None:
    scene = blender.trial(AROUND + more).scene
    stagings = [one.after for one in concept_candidates(scene) if one.category == "staging"]
    assert [{one.name for one in plan.objects} for plan in stagings] == ([] if planned is None else [planned])
    assert {plan.title for plan in stagings} <= {"Twisted Tower", "Plaza"}


def test_a_plan_says_what_a_request_says_although_it_is_usual() -> None:
    camera = PlannedCamera(name="Camera", target=(0.0, 0.0, 1.0))
    plan = ScenePlan(title="Room", camera=camera, world=PlannedWorld(name="Sky", color=(0.1, 0.2, 0.3)))
    said = json.loads(write_plan(plan))
    assert said["camera"] == {"name": "Camera", "lens": 50, "location": [0, 0, 0], "target": [0, 0, 1]}
    assert said["world"] == {"name": "Sky", "color": [0.1, 0.2, 0.3], "strength": 1}


def proved(blender: Blender, scene: dict[str, Any]) -> list[Example]:
    prover = Prover([blender])
    prover.next_file()
    lines = [line for one in concept_candidates(scene) if (line := prover.prove(one, SOURCE)) is not None]
    assert [line.dropped.reason for line in lines if isinstance(line, Unproved)] == []
    return [line.example for line in lines if isinstance(line, Proved)]


@pytest.fixture(scope="module")
def examples(blender: Blender, studio: dict[str, Any]) -> list[Example]:
    return proved(blender, studio)


def test_one_scene_gives_plans_of_every_category(examples: list[Example]) -> None:
    assert {one.category for one in examples} == {
        "staging", "lighting", "framing", "layout", "object", "look", "movement", "revision",
    }  # fmt: skip
    for one in examples:
        assert one.role == "concept"
        plan = read_plan(one.completion)
        assert plan.title in ("Small Studio", "Room", "Desk", "Top", "Ball")
        assert bool(one.context) == (one.category == "revision")
    (movement,) = [one for one in examples if one.category == "movement"]
    assert "1.3 m at frame 40" in movement.instruction
    assert '"Cup"' in "".join(one.instruction for one in examples)


def test_a_revision_holds_the_plan_before_and_asks_for_one_change(examples: list[Example]) -> None:
    revisions = [one for one in examples if one.category == "revision"]
    assert len(revisions) >= 6
    for one in revisions:
        assert read_plan(one.context) != read_plan(one.completion)
        assert one.provenance.derived_from
        assert user_prompt(one) == f"{one.instruction}\n\nThe plan so far:\n```json\n{one.context.rstrip()}\n```"


def test_verify_proves_plans_again_and_names_what_does_not_hold(examples: list[Example], tmp_path: Path) -> None:
    whole = examples[0]
    plan = read_plan(whole.completion)
    first = plan.objects[0]
    smaller = msgspec.structs.replace(first, size=(first.size[0] / 2, *first.size[1:]))
    lost = msgspec.structs.replace(plan, objects=(smaller, *plan.objects[1:]))
    lines = [
        *examples,
        msgspec.structs.replace(whole, id="1" * 16, completion=msgspec.json.encode(lost).decode()),
        msgspec.structs.replace(whole, id="2" * 16, completion="import bpy\n"),
    ]
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    faults = verify([path], workers=1)
    assert [fault.id for fault in faults] == ["1" * 16, "2" * 16]
    assert faults[0].reason.startswith('a check does not hold: {"kind":"geometry"')
    assert faults[1].reason.startswith("not a scene plan: ")


@pytest.mark.parametrize(
    ("dress", "verdict", "scores"),
    [
        ("{}", "passed", (1.0, 1.0, 1.0)),
        ("Here it is:\n```json\n{}\n```\nShall I go on?", "passed", (1.0, 1.0, 1.0)),
        ("Sure! {} That's all.", "passed", (1.0, 1.0, 1.0)),
        ("```python\nimport bpy\n```", "no_code", (0.0, 0.0, 0.0)),
        ("I can't.", "no_code", (0.0, 0.0, 0.0)),
        ('{{"title": "A", "shapes": []}}', "no_code", (0.0, 0.0, 0.0)),
    ],
)
def test_answers_are_scored_by_the_plan_in_them(
    blender: Blender, examples: list[Example], dress: str, verdict: str, scores: tuple[float, float, float]
) -> None:
    one = next(each for each in examples if each.category == "revision")
    found = score(blender, one, dress.format(one.completion))
    assert found.verdict == verdict
    assert (found.code_quality, found.blender_api, found.completeness) == scores


def test_an_answer_that_only_repeats_the_plan_before_is_not_complete(blender: Blender, examples: list[Example]) -> None:
    for one in examples:
        if one.category == "revision":
            assert score(blender, one, one.context).completeness < 1


def test_a_plan_that_is_too_long_is_dropped_with_its_reason(blender: Blender) -> None:
    many = tuple(PlannedObject(name=f"Grain {n}", kind="sphere", size=(1, 1, 1)) for n in range(200))
    line = Prover([blender]).prove(PlanCandidate("layout", ScenePlan(title="Beach", objects=many)), SOURCE)
    assert isinstance(line, Unproved)
    assert line.dropped.reason == "too long: more than 3000 tokens"
