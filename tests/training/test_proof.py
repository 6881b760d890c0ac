"""What a proof shows: every statement is needed, and effects agree with the file that an example comes from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from voxel.blender import Blender
from voxel.errors import BadInput
from voxel.facts.compare import differences
from voxel.records.example import Provenance
from voxel.training.dataset_builder.candidate import Candidate
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.effects import Effects, alike, difference
from voxel.training.dataset_builder.lines import Proved, Unproved
from voxel.training.dataset_builder.minimal import Missed, blanked, cut, lean, statements, tried, uncertain
from voxel.training.dataset_builder.proving import Prover
from voxel.training.dataset_builder.render_candidates import render_candidates
from voxel.training.dataset_builder.together import together

CONTEXT = 'import bpy\nlamp = bpy.data.lights.new("Lamp", "POINT")\nlamp.energy = 10\n'
ANSWER = """import bpy

# The lamp
lamp = bpy.data.lights["Lamp"]
lamp.energy = 50
lamp.shadow_soft_size = 0.5

# Where it hangs
hanger = bpy.data.objects.new("Hanger", lamp)
hanger.location = (0, 0, 3)
bpy.context.collection.objects.link(hanger)
for axis in range(2):
    hanger.scale[axis] = 2
"""
SOURCE = Provenance(source="samples", repo="shed", license="CC0-1.0")


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as running:
        yield running


def meaning(blender: Blender, *sources: str) -> Missed:
    wanted = blender.trial(*sources).scene
    return lambda scene: "differs" if differences(wanted, scene) else ""


def spared(blender: Blender, answer: str) -> str:
    found = together([lean(blender, CONTEXT, answer, meaning(blender, CONTEXT, ANSWER), effects=False, timeout=30)])[0]
    assert found.trouble == ""
    return found.completion


def test_an_answer_without_noise_is_left_as_it_is(blender: Blender) -> None:
    assert spared(blender, ANSWER) == ANSWER


@pytest.mark.parametrize(
    ("place", "noise"),
    [
        ("# Where", "lamp.energy = 50\n\n# Where"),
        ("# Where", "lamp.use_shadow = True\n\n# Where"),
        ("# Where", "# Nothing comes of this\nunused = 3\n\n# Where"),
        ("for axis", "bpy.context.view_layer.update()\nfor axis"),
        ("    hanger.scale", "    hanger.rotation_euler[axis] = 0\n    hanger.scale"),
        ("hanger.location", "hanger.location = (1, 1, 1)\nhanger.location"),
    ],
)
def test_what_nothing_misses_goes(blender: Blender, place: str, noise: str) -> None:
    noisy = ANSWER.replace(place, noise, 1)
    left = spared(blender, noisy)
    assert ast.dump(ast.parse(left)) == ast.dump(ast.parse(ANSWER))


def test_without_any_statement_of_a_lean_answer_the_scene_is_another_one(blender: Blender) -> None:
    missed = meaning(blender, CONTEXT, ANSWER)
    tree = ast.parse(ANSWER)
    found = list(statements(tree))
    assert len(found) == 9
    for one in found:
        try:
            scene = blender.trial(CONTEXT, blanked(ANSWER, one)).scene
        except BadInput:
            continue
        assert missed(scene), ast.unparse(one.node)


def test_names_that_are_needed_need_not_be_tried() -> None:
    tried_ones = [ast.unparse(one.node).split("\n")[0] for one in uncertain(ast.parse(ANSWER))]
    assert tried_ones == [
        "lamp.energy = 50", "lamp.shadow_soft_size = 0.5", "hanger.location = (0, 0, 3)",
        "bpy.context.collection.objects.link(hanger)", "for axis in range(2):",
    ]  # fmt: skip


def test_a_block_goes_with_its_only_statement_and_what_is_of_one_version_stays() -> None:
    answer = (
        "import bpy\n\nscene = bpy.context.scene\n"
        "if bpy.app.version >= (5, 0, 0):\n    scene.use_nodes = True\nelse:\n    scene.frame_end = 9\n"
        "for _ in range(2):\n    scene.frame_start = 3\n"
    )
    doubtful = [ast.unparse(one.node).split("\n")[0] for one in uncertain(ast.parse(answer))]
    assert doubtful == ["for _ in range(2):"]


def test_one_fork_tells_what_each_statement_does(blender: Blender) -> None:
    whole = blender.trial(CONTEXT, ANSWER, places=[2, 3, 5, 6])
    assert sorted(whole.without) == [2, 3, 5, 6]
    assert whole.without[2]["blocks"]["lights"]["Lamp"]["props"].get("energy", 10.0) == 10.0
    assert "location" not in whole.without[5]["blocks"]["objects"]["Hanger"]["props"]
    assert whole.scene == blender.trial(CONTEXT, ANSWER).scene
    clean = blender.run(CONTEXT, ANSWER)
    assert clean.scene is not None
    assert differences(whole.scene, msgspec.json.decode(clean.scene)) == []


def test_an_answer_that_fails_or_means_another_thing_says_so(blender: Blender) -> None:
    missed = meaning(blender, CONTEXT, ANSWER)
    failing, other = together([
        tried(blender, (CONTEXT, ANSWER + "bpy.nothing()\n"), missed, timeout=30),
        tried(blender, (CONTEXT, ANSWER + "lamp.energy = 51\n"), missed, timeout=30),
    ])  # fmt: skip
    assert failing.trouble == "does not run: module 'bpy' has no attribute 'nothing'"
    assert other.trouble == "differs"


def test_driver_expressions_run_only_where_they_are_not_believed(
    blender: Blender, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = 'import bpy\nlamp = bpy.data.lights["Lamp"]\ncurve = lamp.driver_add("energy")\n'
    answer += 'curve.driver.expression = "frame * 2"\n'
    run = blender.run(CONTEXT, answer)
    assert run.scene is not None
    wanted = msgspec.json.decode(run.scene)
    for way in ("trial", "trials"):
        monkeypatch.setattr(blender, way, lambda *_, **__: pytest.fail("its report would be believed"))
    (found,) = together([
        lean(
            blender, CONTEXT, answer, lambda scene: "differs" if differences(wanted, scene) else "",
            effects=False, timeout=30,
        )
    ])  # fmt: skip
    assert (found.trouble, found.completion) == ("", answer)


def test_a_comment_goes_with_the_last_line_below_it() -> None:
    source = "import bpy\n\n# One\na = 1\n\n# Two\nb = 2\nc = 3\n"
    first, second = (one for one in statements(ast.parse(source)) if ast.unparse(one.node) in ("a = 1", "b = 2"))
    assert cut(source, first) == "import bpy\n\n# Two\nb = 2\nc = 3\n"
    assert cut(source, second) == "import bpy\n\n# One\na = 1\n\n# Two\nc = 3\n"


SHED = """
import bpy
bpy.ops.mesh.primitive_cube_add(size=2)
shed = bpy.context.object
shed.name = "Shed"
bevel = shed.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.2
bevel.segments = 3
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
paint.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.1, 0.5, {blue}, 1)
shed.data.materials.append(paint)
shed.location = (0, 0, 1)
shed.keyframe_insert("location", frame=1)
shed.location = (0, 0, {top})
shed.keyframe_insert("location", frame=24)
bpy.context.scene.frame_set(1)
"""


@pytest.fixture(scope="module")
def shed(blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shed") / "shed.blend"
    path.write_bytes(blender.make(SHED.format(blue=0.2, top=4)))
    return path


def proved(blender: Blender, file: Path, candidate: Candidate) -> tuple[str, ...]:
    prover = Prover([blender])
    prover.next_file(file)
    line = prover.prove(candidate, SOURCE)
    assert isinstance(line, Proved), line
    return line.example.proved


def test_an_example_does_what_its_file_does(blender: Blender, shed: Path) -> None:
    cut_ = Cut(msgspec.json.decode(blender.load(shed)))
    built = Candidate("builder", "modifier", cut_.take(["Shed"]), cut_.take(["Shed"], parts=["modifiers"]))
    assert proved(blender, shed, built) == ("runs", "checks", "means", "minimal", "mesh")
    without = Candidate("builder", "mesh", cut_.take(), cut_.take(["Shed"]))
    assert "mesh" not in proved(blender, shed, without), "the file's shed has a bevel"


def test_effects_tell_the_same_from_the_other(blender: Blender, shed: Path, tmp_path: Path) -> None:
    same, other = SHED.format(blue=0.2, top=4), SHED.format(blue=0.25, top=5)
    after, changed = blender.trial(same, effects=True), blender.trial(other, effects=True)
    effects = Effects(blender, shed, 30, msgspec.json.decode(blender.load(shed)))
    assert effects.compared(after.effects, after.scene, praise=True) == (["mesh", "curves"], "")
    assert effects.compared(after.effects, after.scene, praise=False) == ([], "")
    assert effects.compared(changed.effects, changed.scene, praise=True) == (["mesh"], ""), "the file moves otherwise"
    wrong = {**after.effects, "mesh": {"Shed": [*after.effects["mesh"]["Shed"][:-1], 7.0]}}
    assert effects.compared(wrong, after.scene, praise=True) == ([], "mesh of objects['Shed']")
    assert Effects(blender, shed, 30).compared(wrong, after.scene, praise=True) == (["curves"], "")
    paint = ("materials", "Paint")
    assert effects.same_picture([same], after.scene, paint) is True
    assert effects.same_picture([other], changed.scene, paint) is False
    assert Effects(blender, tmp_path / "gone.blend", 30).same_picture([same], after.scene, paint) is None


def test_an_example_that_does_something_else_than_its_file_is_dropped(
    blender: Blender, shed: Path, tmp_path: Path
) -> None:
    scene = msgspec.json.decode(blender.load(shed))
    other = tmp_path / "other.blend"
    other.write_bytes(blender.make(SHED.format(blue=0.9, top=4).replace("segments = 3", "segments = 2")))
    cut_ = Cut(scene)
    built = Candidate("builder", "modifier", cut_.take(["Shed"]), cut_.take(["Shed"], parts=["modifiers"]))
    before, after = cut_.take(["Shed"]), cut_.take(["Shed"], more=[("materials", "Paint")], parts=["materials"])
    painted = Candidate("texture", "new-on-object", before, after)
    for candidate, words in ((built, "mesh of objects['Shed']"), (painted, "the look of materials['Paint']")):
        prover = Prover([blender])
        prover.next_file(other, scene)  # as if the dump of the file had missed what is other in it
        line = prover.prove(candidate, SOURCE)
        assert isinstance(line, Unproved)
        assert line.dropped.reason == f"does something else than its file: {words}"
        prover.next_file(shed, scene)
        assert isinstance(prover.prove(candidate, SOURCE), Proved)


DUSK = """
import bpy
world = bpy.data.worlds.new("Dusk")
world.use_nodes = True
world.node_tree.nodes["Background"].inputs["Color"].default_value = ({red}, 0.2, 0.4, 1)
bpy.context.scene.world = world
"""


def test_a_world_is_compared_by_its_light(blender: Blender, tmp_path: Path) -> None:
    dusk, dawn = tmp_path / "dusk.blend", tmp_path / "dawn.blend"
    dusk.write_bytes(blender.make(DUSK.format(red=0.3)))
    dawn.write_bytes(blender.make(DUSK.format(red=0.6)))
    scene = msgspec.json.decode(blender.load(dusk))
    lit = next(one for one in render_candidates(scene) if one.category == "world")
    prover = Prover([blender])
    prover.next_file(dusk, scene)
    line = prover.prove(lit, SOURCE)
    assert isinstance(line, Proved)
    assert "picture" in line.example.proved
    prover.next_file(dawn, scene)
    line = prover.prove(lit, SOURCE)
    assert isinstance(line, Unproved)
    assert line.dropped.reason == "does something else than its file: the look of worlds['Dusk']"


def test_what_agrees_is_within_a_thousandth() -> None:
    assert alike({"a": [1000.0, 0.0]}, {"a": [1000.9, 0.0009]})
    assert not alike({"a": [1.0]}, {"a": [1.002]})
    assert not alike([1.0], [1.0, 2.0])
    assert difference(b"\0\0\x80\x3f" * 4, b"\0\0\0\0" * 4) == 1.0
    assert difference(b"\0\0\xc0\x7f" * 4, b"\0\0\0\0" * 4) > 1e300
