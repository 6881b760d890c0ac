"""Many attempts in one fork: each meets the empty scene, and none pays for another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from voxel.blender import Attempt, Blender, Trial

LAMP = """
import bpy
lamp = bpy.data.lights.new("Lamp", "POINT")
lamp.energy = 50
bpy.context.collection.objects.link(bpy.data.objects.new("Lamp", lamp))
"""
SETTINGS = """
import bpy
scene = bpy.context.scene
scene.name = "Stage"
scene.frame_set(30)
scene.unit_settings.system = "IMPERIAL"
scene.world = bpy.data.worlds.new("Sky")
scene.view_layers.new("Second")
bpy.data.scenes.new("Other")
bpy.data.materials.new("Kept").use_fake_user = True
bpy.ops.mesh.primitive_cube_add()
bpy.ops.object.mode_set(mode="EDIT")
"""
BONES = """
import bpy
rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
bpy.context.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
upper = rig.data.edit_bones.new("Upper")
upper.tail = (0, 0, 1)
lower = rig.data.edit_bones.new("Lower")
lower.tail = (0, 0, 2)
lower.parent = upper
bpy.ops.object.mode_set(mode="OBJECT")
"""


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def blender(request: pytest.FixtureRequest) -> Iterator[Blender]:
    with Blender(request.param) as running:
        yield running


def asked(blender: Blender, *sources: str, timeout: float = 30) -> tuple[list[Trial | None], int]:
    """What the attempts show, and the forks that they took."""
    before = blender._units
    found = blender.trials([Attempt(sources=(source,)) for source in sources], timeout=timeout)
    return found, blender._units - before


def test_each_attempt_shows_what_it_shows_alone(blender: Blender) -> None:
    alone = [blender.trial(LAMP), blender.trial(SETTINGS)]
    assert asked(blender, LAMP, SETTINGS, LAMP, SETTINGS) == ([*alone, *alone], 1)
    whole = blender.trial("import bpy", LAMP, places=[2], effects=True)
    attempt = Attempt(sources=("import bpy", LAMP), places=(2,), effects=True)
    assert blender.trials([Attempt(sources=(SETTINGS,)), attempt]) == [alone[1], whole]
    assert sorted(whole.without) == [2]


def test_an_attempt_that_fails_costs_the_next_one_nothing(blender: Blender) -> None:
    broken = SETTINGS + "bpy.nothing()\n"
    assert asked(blender, broken, LAMP, "raise SystemExit", LAMP) == (
        [None, blender.trial(LAMP), None, blender.trial(LAMP)], 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    "lasting",
    [
        "import bpy\n@bpy.app.handlers.persistent\ndef seen(*_): pass\nbpy.app.handlers.frame_change_post.append(seen)",
        "import random\nrandom.random()",
        "import bpy\nclass Made(bpy.types.Operator):\n    bl_idname = 'made.up'\n    bl_label = ''\n"
        "bpy.utils.register_class(Made)",
    ],
)
def test_what_outlives_its_scene_ends_the_fork(blender: Blender, lasting: str) -> None:
    (first, second, third), forks = asked(blender, lasting, LAMP, LAMP)
    assert first is not None
    assert second == third == blender.trial(LAMP)
    assert forks == 2


def test_an_attempt_that_ends_the_fork_is_the_only_one_lost(blender: Blender) -> None:
    deadly = "import os\nos.kill(os.getpid(), 9)"
    assert asked(blender, LAMP, deadly, LAMP)[0] == [blender.trial(LAMP), None, blender.trial(LAMP)]


def test_an_attempt_that_takes_too_long_is_the_only_one_lost(blender: Blender) -> None:
    assert asked(blender, LAMP, "while True: pass", LAMP, timeout=4)[0] == [
        blender.trial(LAMP), None, blender.trial(LAMP),
    ]  # fmt: skip


def test_bones_that_blender_has_freed_are_not_touched_again(blender: Blender) -> None:
    places = range(len(ast.parse(BONES).body))
    for _ in range(20):  # read, they ended every second fork
        assert sorted(blender.trial(BONES, places=places).without) == [2]
