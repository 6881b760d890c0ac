"""Many attempts in one fork: each meets the empty scene, and none pays for another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import psutil
import pytest

from voxel.blender import Attempt, AttemptResult, Blender, Trial
from voxel.records.verdict import ApiError

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

PARTS = """
import bpy
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
paint.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.25
cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
bpy.context.scene.collection.objects.link(cube)
cube.location = (1, 2, 3)
cube.data.materials.append(paint)
bpy.context.scene.frame_end = 90
cube.name = "Box"
"""


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def blender(request: pytest.FixtureRequest) -> Iterator[Blender]:
    with Blender(request.param) as running:
        yield running


def asked(blender: Blender, *sources: str, timeout: float = 30) -> tuple[list[AttemptResult], int]:
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
    (first, second, third, fourth), forks = asked(blender, broken, LAMP, "raise SystemExit", LAMP)
    assert isinstance(first, ApiError)
    assert isinstance(third, ApiError)
    assert (third.kind, third.line) == ("SystemExit", 1)
    assert second == fourth == blender.trial(LAMP)
    assert forks == 1


@pytest.mark.parametrize(
    "broken",
    [
        "import bpy\n\nbpy.context.scene.eevee.use_bloom = True\n",
        "import bpy\nbpy.data.materials['Nothing']\nbpy.nothing()\n",
        "import bpy\nfor number in range(3):\n    bpy.ops.mesh.primitive_cube_add(sise=number)\n",
        "def made():\n    return bpy.data\n\nmade()\n",
        "import bpy\nif True\n    pass\n",
    ],
)
def test_a_failure_is_told_as_a_run_tells_it(blender: Blender, broken: str) -> None:
    run = blender.run(LAMP, broken, dump=False)
    wanted = run.errors[0]
    (found,) = blender.trials([Attempt(sources=(LAMP, broken))])
    assert isinstance(found, ApiError)
    assert (found.kind, found.message, found.line, found.source) == (
        wanted.kind, wanted.message, wanted.line, wanted.source,
    )  # fmt: skip


def test_a_fork_lives_on_until_another_kind_of_unit_comes(blender: Blender) -> None:
    """Only the code of attempts meets it, and each request finds an empty scene."""
    who = "import bpy, os\nbpy.data.texts.new(str(os.getpid()))\nbpy.context.scene.frame_end = os.getpid()"

    def process() -> int:
        (found,) = blender.trials([Attempt(sources=(who,))])
        assert isinstance(found, Trial)
        return int(found.scene["blocks"]["scenes"]["Scene"]["props"]["frame_end"])

    alone = [blender.trial(LAMP), blender.trial(SETTINGS)]
    first = process()
    assert asked(blender, LAMP, SETTINGS)[0] == alone
    assert process() == first
    assert blender.run("import os\nassert os.listdir('.') == []").verdict == "passed"
    assert process() != first


def test_what_is_not_sure_is_asked_for_again(blender: Blender) -> None:
    """Of attempts before one that ends the fork none is lost and none is counted twice."""
    many = [LAMP.replace("50", str(number + 100)) for number in range(40)]
    many[25] = "import os\nos.kill(os.getpid(), 9)"
    found = asked(blender, *many)[0]
    assert found[25] is None
    assert [one.scene["blocks"]["lights"]["Lamp"]["props"]["energy"] for one in found if isinstance(one, Trial)] == [
        number + 100 for number in range(40) if number != 25
    ]


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
    assert isinstance(first, Trial)
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


def test_the_empty_scene_is_kept_in_a_small_file(blender: Blender) -> None:
    """One that holds the scene alone and the DNA of what is in it; Blender reads it as it reads its own."""
    sizes, scene = blender.answer("""
import bpy, _bpy
from unit_home import plain_home, small_home

def answer():
    bpy.context.scene.frame_end = 77
    small, plain = small_home(), plain_home()
    with open("home.blend", "wb") as file:
        file.write(small)
    _bpy.ops.call("WM_OT_read_homefile", {"filepath": bpy.path.abspath("home.blend"), "load_ui": False})
    scenes = [[scene.name, scene.frame_end, len(scene.view_layers)] for scene in bpy.data.scenes]
    return [len(small), len(plain)], scenes
""")
    assert sizes[0] < sizes[1] / 4
    assert scene == [["Scene", 77, 1]]


def test_a_fork_that_stands_is_replaced_now_and_then(blender: Blender) -> None:
    who = "import bpy, os\nbpy.context.scene.frame_end = os.getpid()"
    seen = []
    for _ in range(201):
        (found,) = blender.trials([Attempt(sources=(who,))])
        assert isinstance(found, Trial)
        seen.append(found.scene["blocks"]["scenes"]["Scene"]["props"]["frame_end"])
    assert len(set(seen)) == 2


def test_what_is_taken_back_leaves_the_scene_that_leaving_it_out_leaves(blender: Blender) -> None:
    """Though of most only the datablock is dumped that the statement changes."""
    body = ast.parse(PARTS).body
    places = range(3, len(body))
    found = blender.trial(PARTS, places=places)
    assert sorted(found.without) == [3, 5, 6, 7, 8, 9]
    for place, scene in found.without.items():
        rest = ast.unparse(ast.Module([*body[:place], *body[place + 1 :]], []))
        assert scene["blocks"] == blender.trial(rest).scene["blocks"], ast.unparse(body[place])
        assert scene["blocks"] != found.scene["blocks"]


@pytest.mark.parametrize("boxed", [True, False])
def test_a_fork_that_stands_ends_with_its_blender(boxed: bool) -> None:
    """Also where one has been killed meanwhile, which costs the next request nothing."""
    with Blender("4.5", boxed=boxed) as blender:
        wanted = blender.trials([Attempt(sources=(LAMP,))])
        assert blender.pid is not None
        family = [psutil.Process(blender.pid), *psutil.Process(blender.pid).children(recursive=True)]
        family[-1].kill()
        assert blender.trials([Attempt(sources=(LAMP,))]) == wanted
        family += psutil.Process(blender.pid).children(recursive=True)
    assert not psutil.wait_procs(family, timeout=10)[1]
