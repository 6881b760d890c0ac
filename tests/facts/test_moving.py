"""What moves, found in scenes that Blender made, said, and decided again."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.facts import Unsayable, ask, failing, find
from voxel.facts.stated import unstated

CUBE = """import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
cube.name = "Box"
"""
KEYS = """
for frame, height in [(1, 0), (20, 2.5), (40, 0)]:
    cube.location.z = height
    cube.keyframe_insert("location", index=2, frame=frame)
curve = cube.animation_data.action.layers[0].strips[0].channelbag(cube.animation_data.action_slot).fcurves[0]
"""
EASED = """
for key in curve.keyframe_points:
    key.interpolation = "BOUNCE"
    key.easing = "EASE_OUT"
"""
DRIVER = """
wheel = bpy.data.objects.new("Wheel", None)
bpy.context.collection.objects.link(wheel)
driver = cube.driver_add("rotation_euler", 1).driver
variable = driver.variables.new()
variable.name = "turn"
variable.targets[0].id = wheel
variable.targets[0].data_path = "rotation_euler[0]"
driver.expression = "turn * 3 + 0.25"
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
"""
REACH = """
goal = bpy.data.objects.new("Goal", None)
bpy.context.collection.objects.link(goal)
reach = rig.pose.bones["Lower"].constraints.new("IK")
reach.target = goal
reach.chain_count = 2
"""


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as warm:
        yield warm


def scene(blender: Blender, *sources: str) -> dict[str, Any]:
    run = blender.run("".join(sources))
    assert run.verdict == "passed", run.errors
    assert run.scene is not None
    found: dict[str, Any] = json.loads(run.scene)
    return found


def said(after: dict[str, Any], before: dict[str, Any], context: str = "") -> str:
    """The instruction for a change whose facts hold afterwards, do not hold before, and are all in the words."""
    facts = find(after, before)
    checks = [fact.check for fact in facts]
    assert checks
    assert failing(checks, after) == []
    assert failing(checks, before)
    text = ask(facts, "seed")
    assert unstated(checks, text, context) == []
    return text


def test_keys_are_said_with_their_interpolation(blender: Blender) -> None:
    text = said(scene(blender, CUBE, KEYS, EASED), scene(blender, CUBE))
    assert "0 at frame 1, 2.5 at frame 20, 0 at frame 40 (bounce interpolation, easing out)" in text


def test_of_keys_that_were_there_only_the_change_is_said(blender: Blender) -> None:
    before = scene(blender, CUBE, KEYS)
    text = said(scene(blender, CUBE, KEYS, EASED), before, KEYS)
    assert "bounce interpolation, easing out" in text
    assert "frame" not in text
    later = scene(blender, CUBE, KEYS.replace("(20,", "(30,").replace("(40,", "(55,"))
    assert "frames 1, 30 and 55" in said(later, before, KEYS)


def test_axes_that_move_alike_are_said_together(blender: Blender) -> None:
    three = KEYS.replace("cube.location.z = height", "cube.location = (height,) * 3").replace("index=2, ", "")
    text = said(scene(blender, CUBE, three), scene(blender, CUBE))
    assert "X, Y and Z location" in text
    assert text.count("2.5 at frame 20") == 1


def test_three_axes_with_values_of_their_own_are_said_as_places(blender: Blender) -> None:
    three = KEYS.replace("cube.location.z = height", "cube.location = (height, 2 * height, 1)").replace("index=2, ", "")
    text = said(scene(blender, CUBE, three), scene(blender, CUBE))
    assert "the location of" in text
    assert "(2.5, 5, 1) at frame 20" in text


def test_each_key_may_have_its_own_interpolation(blender: Blender) -> None:
    mixed = scene(blender, CUBE, KEYS, 'curve.keyframe_points[1].interpolation = "LINEAR"\n')
    text = said(mixed, scene(blender, CUBE))
    assert "2.5 at frame 20 (linear interpolation)" in text
    assert "0 at frame 1 (Bezier interpolation)" in text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('curve.extrapolation = "LINEAR"\n', "linear extrapolation"),
        (
            'curve.modifiers.new("CYCLES").mode_after = "REPEAT_OFFSET"\n',
            "Cycles modifier on the f-curve of the Z location of the object",
        ),
        ('noise = curve.modifiers.new("NOISE")\nnoise.scale = 12\nnoise.strength = 0.3\n', "strength 0.3"),
    ],
)
def test_how_a_curve_goes_on_is_said(code: str, words: str, blender: Blender) -> None:
    text = said(scene(blender, CUBE, KEYS, code), scene(blender, CUBE, KEYS), KEYS)
    assert words in text


def test_a_driver_is_said_with_what_it_reads(blender: Blender) -> None:
    made = DRIVER.partition("driver = ")[0]
    text = said(scene(blender, CUBE, DRIVER), scene(blender, CUBE, made), made)
    assert "by the expression `turn * 3 + 0.25`" in text
    assert '"turn" for `rotation_euler[0]` of "Wheel"' in text
    other = DRIVER.replace("* 3", "* 5")
    changed = said(scene(blender, CUBE, other), scene(blender, CUBE, DRIVER), DRIVER)
    assert "turn * 5 + 0.25" in changed
    assert "Wheel" not in changed


def test_a_constraint_of_a_bone_is_said_with_its_bone(blender: Blender) -> None:
    goal = REACH.partition("reach = ")[0]
    text = said(scene(blender, RIG, REACH), scene(blender, RIG, goal), goal)
    assert 'the bone "Lower" of "Rig"' in text
    assert "Inverse Kinematics" in text


def test_a_strip_is_said_with_action_and_frame(blender: Blender) -> None:
    strip = "action = cube.animation_data.action\naction.use_fake_user = True\ncube.animation_data.action = None\n"
    track = (
        'track = cube.animation_data.nla_tracks.new()\ntrack.name = "Hops"\n'
        'track.strips.new("Hop", 30, action).repeat = 3\n'
    )
    text = said(scene(blender, CUBE, KEYS, strip, track), scene(blender, CUBE, KEYS, strip), KEYS)
    assert 'plays the action "BoxAction" from frame 30 on' in text
    assert "with repeat 3" in text


def test_what_nobody_would_say_is_unsayable(blender: Blender) -> None:
    before = scene(blender, CUBE)
    handles = scene(blender, CUBE, KEYS, 'curve.keyframe_points[0].handle_right_type = "FREE"\n')
    with pytest.raises(Unsayable, match="handles"):
        find(handles, before)
    custom = scene(blender, CUBE, 'cube["grow"] = 1.0\ncube.keyframe_insert(\'["grow"]\', frame=1)\n')
    with pytest.raises(Unsayable, match="the data path"):
        find(custom, before)
    moved = scene(blender, CUBE, KEYS)
    less = copy.deepcopy(moved)
    less["blocks"]["actions"]["BoxAction"]["fcurves"] = []
    with pytest.raises(Unsayable, match="not animated any more"):
        find(less, moved)
