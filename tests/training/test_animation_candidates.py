"""What a file's motion teaches: from a scene that Blender made to examples that it proves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.records.example import Example, Provenance
from voxel.training.dataset_builder.animation_candidates import animation_candidates
from voxel.training.dataset_builder.candidate import Candidate, Candidates
from voxel.training.dataset_builder.lines import Proved
from voxel.training.dataset_builder.proving import Prover
from voxel.training.dataset_builder.variations import variations

STAGE = """import bpy
from math import radians
bpy.ops.mesh.primitive_cube_add()
box = bpy.context.object
box.name = "Box"
for frame, height, turn in [(1, 0, 0), (20, 2.5, 180), (40, 0, 360)]:
    box.location.z = height
    box.keyframe_insert("location", index=2, frame=frame)
    box.rotation_euler.z = radians(turn)
    box.keyframe_insert("rotation_euler", index=2, frame=frame)
bevel = box.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.08
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
paint.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.3
box.data.materials.append(paint)
box.shape_key_add(name="Basis")
box.shape_key_add(name="Pinch").data[0].co = (-0.5, -0.5, -0.5)
bpy.ops.mesh.primitive_uv_sphere_add(location=(3, 0, 1))
ball = bpy.context.object
ball.name = "Ball"
follow = ball.constraints.new("COPY_LOCATION")
follow.target = box
follow.use_z = False
turn = ball.driver_add("rotation_euler", 0).driver
variable = turn.variables.new()
variable.name = "height"
variable.targets[0].id = box
variable.targets[0].data_path = "location.z"
turn.expression = "height * 2"
lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
bpy.context.collection.objects.link(lamp)
lamp.location = (2, -2, 4)
for frame, power in [(1, 0), (30, 400)]:
    lamp.data.energy = power
    lamp.data.keyframe_insert("energy", frame=frame)
camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
bpy.context.collection.objects.link(camera)
camera.location = (6, -6, 4)
bpy.context.scene.camera = camera
bpy.context.scene.frame_end = 40
"""
RIG = """import bpy
rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
bpy.context.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
for name, tail in (("Upper", 1), ("Lower", 2)):
    bone = rig.data.edit_bones.new(name)
    bone.head, bone.tail = (0, 0, tail - 1), (0, 0, tail)
rig.data.edit_bones["Lower"].parent = rig.data.edit_bones["Upper"]
bpy.ops.object.mode_set(mode="OBJECT")
goal = bpy.data.objects.new("Goal", None)
bpy.context.collection.objects.link(goal)
reach = rig.pose.bones["Lower"].constraints.new("IK")
reach.target = goal
reach.chain_count = 2
bone = rig.pose.bones["Upper"]
bone.rotation_mode = "XYZ"
for frame, turn in [(1, 0), (12, 0.5)]:
    bone.rotation_euler[0] = turn
    bone.keyframe_insert("rotation_euler", index=0, frame=frame)
"""


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as warm:
        yield warm


def scene(blender: Blender, source: str) -> dict[str, Any]:
    run = blender.run(source)
    assert run.scene is not None, run.errors
    found: dict[str, Any] = json.loads(run.scene)
    return found


def proved(blender: Blender, candidates: Candidates) -> list[tuple[Candidate, Example]]:
    """All of them; that one does not hold is a failure here."""
    prover, found = Prover([blender]), []
    for candidate in candidates:
        line = prover.prove(candidate, Provenance(source="samples", repo="a/b"))
        if line is not None:
            assert isinstance(line, Proved), line
            found.append((candidate, line.example))
    return found


def test_every_kind_of_motion_is_taught(blender: Blender) -> None:
    found = proved(blender, animation_candidates(scene(blender, STAGE)))
    categories = {candidate.category for candidate, _ in found}
    assert categories == {
        "keyframes", "keyframes-edit", "retime", "easing", "curve-modifier", "timing", "nla", "driver", "driver-edit",
        "constraint", "constraint-edit", "shape-keys",
    }  # fmt: skip
    own = [example for candidate, example in found if not candidate.derived]
    assert len(own) > len(found) / 2
    assert any("data.energy" in example.completion or "energy" in example.completion for example in own)


def test_bones_move_and_reach(blender: Blender) -> None:
    found = proved(blender, animation_candidates(scene(blender, RIG)))
    by_category = {candidate.category: example for candidate, example in found}
    assert {"armature", "bone-constraint", "keyframes"} <= by_category.keys()
    assert 'the bone "Lower" of "Rig"' in by_category["bone-constraint"].instruction
    assert 'the bone "Upper"' in by_category["keyframes"].instruction


FOLLOWED = """
leader = bpy.data.objects.new("Leader", bpy.data.armatures.new("Leader"))
bpy.context.collection.objects.link(leader)
bpy.context.view_layer.objects.active = leader
bpy.ops.object.mode_set(mode="EDIT")
leader.data.edit_bones.new("Upper").tail = (0, 0, 1)
bpy.ops.object.mode_set(mode="OBJECT")
copied = bpy.data.objects["Rig"].pose.bones["Upper"].constraints.new("COPY_ROTATION")
copied.target = leader
copied.subtarget = "Upper"
"""


def test_a_bone_follows_another_armature(blender: Blender) -> None:
    found = proved(blender, animation_candidates(scene(blender, RIG + FOLLOWED)))
    answers = [example.completion for candidate, example in found if candidate.category == "bone-constraint"]
    assert any("COPY_ROTATION" in answer for answer in answers)


def test_a_retimed_motion_ends_where_the_file_has_it(blender: Blender) -> None:
    found = proved(blender, animation_candidates(scene(blender, STAGE)))
    (first, *_) = [example for candidate, example in found if candidate.category == "retime"]
    assert "keyframe_insert" in first.context
    assert "frames 1, 20 and 40" in first.instruction


def test_variations_hold_and_say_that_they_are_derived(blender: Blender) -> None:
    found = proved(blender, variations(scene(blender, STAGE)))
    kinds = {(candidate.role, candidate.category) for candidate, _ in found}
    assert {
        ("builder", "modifier"),
        ("texture", "new-on-object"),
        ("render", "light"),
        ("animation", "constraint"),
    } <= kinds
    assert all(example.provenance.derived_from for _, example in found)


def test_variations_are_the_same_each_time(blender: Blender) -> None:
    stage = scene(blender, STAGE)
    assert list(variations(stage)) == list(variations(stage))
