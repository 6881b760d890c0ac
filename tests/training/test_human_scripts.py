"""Scripts that people wrote, run by real Blender."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from voxel.blender import Blender
from voxel.records.example import Example, Keys, Provenance
from voxel.training.dataset_builder.human_scripts import embedded, from_script, is_script
from voxel.training.dataset_builder.lines import Line, Proved, Unproved

SOURCE = Provenance(source="git", repo="someone/tools", license="MIT", attribution="Someone")
OLD = """import bpy
scene = bpy.context.scene
lamp_data = bpy.data.lamps.new("Key", type="SPOT")
lamp_data.energy = 500
lamp = bpy.data.objects.new("Key", lamp_data)
scene.objects.link(lamp)
lamp.location = (2, -3, 4)
bpy.ops.mesh.primitive_uv_sphere_add(view_align=False, size=0.75, location=(0, 0, 1.2345))
bpy.context.object.name = "Ball"
scene.objects.active = bpy.context.object
"""
ROW = """import bpy
for number in range(3):
    bpy.ops.mesh.primitive_cube_add(size=0.5, location=(number * 1.23456, 0, 0))
    bpy.context.object.name = f"Box {number}"
    bpy.context.object.modifiers.new("Bevel", "BEVEL").width = 0.03
"""


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as warm:
        yield warm


def lines(code: str, blender: Blender) -> list[Line]:
    return list(from_script(code, SOURCE, [blender], 30))


def example(line: Line) -> Example:
    assert isinstance(line, Proved)
    return line.example


def test_what_a_script_leaves_becomes_instruction_and_checks(blender: Blender) -> None:
    (line,) = lines(ROW, blender)
    found = example(line)
    assert (found.role, found.category, found.completion, found.context) == ("builder", "script", ROW, "")
    assert found.provenance == SOURCE
    for said in ('"Box 2"', "2.469", "50 cm", "3 cm", "Bevel modifier"):
        assert said in found.instruction
    assert {check.of for check in found.checks} == {("objects", f"Box {number}") for number in range(3)}


MOVING = """import bpy
import math
pivot = bpy.data.objects.new("Pivot", None)
bpy.context.collection.objects.link(pivot)
lamp = bpy.data.objects.new("Lantern", bpy.data.lights.new("Lantern", "POINT"))
lamp.parent = pivot
lamp.location = (0, 0, -0.8)
bpy.context.collection.objects.link(lamp)
for step, side in enumerate([1, 0, -1]):
    pivot.rotation_euler.y = side * math.radians(30)
    pivot.keyframe_insert("rotation_euler", index=1, frame=1 + 12 * step)
    lamp.data.energy = 40 + 10 * side
    lamp.data.keyframe_insert("energy", frame=1 + 12 * step)
pivot.location.x = math.cos(math.pi / 2)
"""
WIDE = """import bpy
mesh = bpy.data.meshes.new("Wave")
mesh.from_pydata([(x, 0, x * x % 7) for x in range(90)], [(x, x + 1) for x in range(89)], [])
bpy.context.collection.objects.link(bpy.data.objects.new("Wave", mesh))
bpy.ops.mesh.primitive_cube_add(size=0.5)
"""
MANY = ROW.replace("range(3)", "range(20)")


def test_all_that_a_script_does_is_said(blender: Blender) -> None:
    (line,) = lines(MOVING, blender)
    found = example(line)
    assert found.role == "animation"
    for said in ('parented to "Pivot"', "the Y rotation", "30", "the power", "50 at frame 1"):
        assert said in found.instruction
    assert "e-1" not in found.instruction  # the cosine of a right angle
    assert {getattr(check, "part", "") for check in found.checks if isinstance(check, Keys)} == {"", "data"}


@pytest.mark.parametrize(
    ("code", "why"),
    [(WIDE, "cannot be said: a mesh"), (MANY, "too long: more than")],
)
def test_a_wish_for_less_than_the_script_does_is_none(blender: Blender, code: str, why: str) -> None:
    (line,) = lines(code, blender)
    assert isinstance(line, Unproved)
    assert line.dropped.reason.startswith(why)


def test_an_old_script_is_mended_and_proved_and_teaches_the_repair(blender: Blender) -> None:
    made, repair = (example(line) for line in lines(OLD, blender))
    assert made.category == "script"
    assert "bpy.data.lights.new" in made.completion
    assert "view_layer.objects.active" in made.completion
    assert "radius=0.75" in made.completion
    assert repair.category == "repair"
    assert repair.completion == made.completion
    assert f"```python\n{OLD}```" in repair.instruction
    assert "'BlendData' object has no attribute 'lamps'" in repair.instruction


def test_a_wrong_name_is_mended_by_what_the_schema_suggests(blender: Blender) -> None:
    wrong = ROW.replace('"BEVEL"', '"BEVEL_MODIFIER"').replace(").width", ").widht")
    made, repair = (example(line) for line in lines(wrong, blender))
    assert made.completion == ROW
    assert wrong in repair.instruction
    assert "BEVEL_MODIFIER" in repair.instruction


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import bpy\nprint(len(bpy.data.objects))\n", "leaves nothing"),
        ("# ##### BEGIN GPL LICENSE BLOCK #####\nimport bpy\n", "licence"),
        ("import bpy\nbpy.data.objects['Nobody'].location.x = 1\n", "does not run"),
        ("import bpy\n" + "bpy.context.scene.frame_end = 100\n" * 400, "too long"),
        ("import bpy\nwhile True: pass\n", "does not run: timeout"),
    ],
)
def test_a_script_that_is_no_example_says_why(code: str, reason: str, blender: Blender) -> None:
    (line,) = from_script(code, SOURCE, [blender], 3)
    assert isinstance(line, Unproved)
    assert line.dropped.reason.startswith(reason)


def test_texts_in_a_blend_file_are_found(blender: Blender, tmp_path: Path) -> None:
    path = tmp_path / "texts.blend"
    path.write_bytes(
        blender.make(
            f"import bpy\nbpy.data.texts.new('row.py').write({ROW!r})\n"
            "bpy.data.texts.new('notes').write('import the cube, says bpy')\n"
        )
    )
    assert list(embedded(path)) == [ROW]
    path.write_bytes(b"no blend file")
    assert list(embedded(path)) == []


def test_only_python_that_imports_bpy_is_a_script() -> None:
    assert is_script("import bpy\n")
    assert is_script("from bpy.types import Panel\n")
    assert not is_script("print('bpy')\n")
    assert not is_script("import bpy; print 'Python 2'\n")
