"""Second turns of a conversation: the context is what the first turn asked for, and both are proved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from voxel.blender import Blender
from voxel.facts.stated import unstated
from voxel.records.example import Provenance
from voxel.records.prompt import user_prompt
from voxel.training.dataset_builder.candidate import FOLLOW_UP, Candidate
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.lines import Proved
from voxel.training.dataset_builder.proving import Prover, judge

STOOL = """
import bpy
bpy.ops.mesh.primitive_cylinder_add(radius=0.2, depth=0.05, location=(0.3, 0, 0.45))
seat = bpy.context.object
seat.name = "Seat"
bevel = seat.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.01
bevel.segments = 4
"""
SOURCE = Provenance(source="samples", repo="stool", license="CC0-1.0")


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as running:
        yield running


def stool(blender: Blender) -> dict[str, Any]:
    run = blender.run(STOOL)
    assert run.scene is not None, run.errors
    scene: dict[str, Any] = msgspec.json.decode(run.scene)
    return scene


def candidate(blender: Blender) -> Candidate:
    cut = Cut(stool(blender))
    return Candidate("builder", "modifier", cut.take(["Seat"]), cut.take(["Seat"], parts=["modifiers"]), follows=True)


def test_a_follow_up_holds_the_instruction_before_and_both_turns_are_proved(blender: Blender) -> None:
    line = Prover([blender]).prove(candidate(blender), SOURCE)
    assert isinstance(line, Proved)
    one = line.example
    assert (one.category, one.role, one.blender) == (FOLLOW_UP, "builder", ("4.5",))
    assert '"Seat"' in one.earlier
    assert "20 cm" in one.earlier or "200 mm" in one.earlier or "0.2 m" in one.earlier
    assert '"Seat"' not in one.instruction
    assert "Bevel modifier on it" in one.instruction
    assert unstated(one.checks, one.instruction, one.context) == []
    assert judge(blender, (one.context, one.completion), one.checks) == ""
    assert judge(blender, (one.context,), one.checks) != ""
    prompt = user_prompt(one)
    assert prompt.index(one.earlier) < prompt.index(one.context.rstrip()) < prompt.index(one.instruction)


def test_what_nobody_could_have_asked_for_first_is_an_edit_as_before(blender: Blender) -> None:
    made = candidate(blender)
    blocks = made.before["blocks"]
    blocks["objects"]["Seat"]["props"]["rotation_euler"] = [0.0, 0.0, 0.5]
    made.after["blocks"]["objects"]["Seat"]["props"]["rotation_euler"] = [0.0, 0.0, 0.5]
    del made.before["blocks"]["objects"]["Seat"]["dimensions"], made.after["blocks"]["objects"]["Seat"]["dimensions"]
    for scene in (made.before, made.after):
        scene["blocks"]["meshes"]["Seat"]["geometry"].pop("primitive")
    line = Prover([blender]).prove(made, SOURCE)
    assert not isinstance(line, Proved) or line.example.category == "modifier"


def test_edits_stay_edits_unless_they_are_chosen(blender: Blender) -> None:
    line = Prover([blender]).prove(candidate(blender)._replace(follows=False), SOURCE)
    assert isinstance(line, Proved)
    assert (line.example.category, line.example.earlier) == ("modifier", "")
    assert user_prompt(line.example).startswith(line.example.instruction)
