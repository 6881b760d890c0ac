"""A teacher that rewrites instructions, on the wire: what it says well is taken, what it loses or changes is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.training.evaluation.chat_server import ChatServer

from voxel.errors import SetupError, UsageError
from voxel.records.example import Example, Exists, Geometry, Property, Provenance, Stack
from voxel.stages import DataDir, run_stage
from voxel.training.dataset_builder.lines import Line, Proved
from voxel.training.dataset_builder.teaching import Teacher, TeachStage, loses

pytestmark = pytest.mark.filterwarnings("ignore")  # inspect-ai's own
INSTRUCTION = 'Add a cube named "Box" with edges of 2 m, at (1, 0, 2.5). Add a Bevel modifier on "Box" with width 2 cm.'
WELL = 'Could I get a 2 m cube called "Box" sitting at (1, 0, 2.5)? Give "Box" a Bevel modifier, width 20 mm, please.'


def example(instruction: str = INSTRUCTION, number: int = 1) -> Example:
    of = ("objects", "Box")
    return Example(
        id=f"{number:016x}", role="builder", category="mesh", difficulty="easy", instruction=instruction, context="",
        completion="import bpy\n",
        checks=(
            Exists(of=of, type="MESH"), Geometry(of=of, primitive="CUBE", size=(2, 2, 2)),
            Property(of=of, path="location", value=[1, 0, 2.5]),
            Stack(of=of, path="modifiers", types=("BevelModifier",)),
            Property(of=of, path="modifiers[BevelModifier].width", value=0.02),
        ),
        quality=0.9, tokens=90, blender=("4.5",), provenance=Provenance(source="samples", repo="boxes"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WELL, ""),
        (INSTRUCTION, ""),
        (INSTRUCTION.replace(" with width 2 cm", ""), "not said: property width: 0.02"),
        (INSTRUCTION.replace("2 cm", "3 cm"), "not said: property width: 0.02"),
        (INSTRUCTION.replace("2 cm", "2 mm"), "not said: property width: 0.02"),
        (INSTRUCTION.replace("2.5", "-2.5"), "not said: property location: 2.5"),
        (INSTRUCTION.replace('"Box"', "the box"), "not said: exists of: Box"),
        (INSTRUCTION.replace("Bevel", "Solidify"), "not said: stack types: BevelModifier"),
        (INSTRUCTION + ' Then delete "Lamp".', "names differ: Lamp"),
        (INSTRUCTION + " Use 12 segments.", "new number: 12"),
        (INSTRUCTION + " But do not shade it.", "it turns on what was off, or the other way round"),
        ("", "it is no instruction of that length"),
        (INSTRUCTION * 4, "it is no instruction of that length"),
        (f"```\n{INSTRUCTION}\n```", "it is no instruction of that length"),
    ],
)
def test_a_rewrite_has_to_say_the_same(text: str, reason: str) -> None:
    assert loses(example(), text) == reason


def test_a_number_that_no_check_holds_must_stay_too() -> None:
    spoken = example(INSTRUCTION + " The mesh has 7 loops.")
    assert loses(spoken, INSTRUCTION) == "lost number: 7"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ChatServer]:
    running = ChatServer(lambda messages: WELL)
    monkeypatch.setenv("OPENAI_BASE_URL", running.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    yield running
    running.close()


def built(data: DataDir, lines: int) -> str:
    """A unit's file with this many examples, each with a number of its own."""
    path = data.datasets / "units" / "ab" / "abcd.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    each = [example(f"{INSTRUCTION} It has number {n}.", n) for n in range(10, 10 + lines)]
    path.write_bytes(
        b"".join(msgspec.json.encode(Proved(example=one, exact=one.id, shape=one.id)) + b"\n" for one in each)
    )
    return "datasets/units/ab/abcd.jsonl"


def taught(data: DataDir, stage: TeachStage) -> list[Example]:
    (unit,) = stage.units()
    lines = [msgspec.json.decode(line, type=Line) for line in data.storage.read(stage.file(unit.key)).splitlines()]
    return [line.example for line in lines if isinstance(line, Proved)]


def number_in(messages: list[dict[str, str]]) -> int:
    found = re.search(r"number (\d+)", messages[-1]["content"])
    assert found is not None
    return int(found.group(1))


def test_what_is_said_well_is_taken_and_the_rest_stays(server: ChatServer, tmp_path: Path) -> None:
    replies: dict[int, Callable[[str], str]] = {
        10: lambda told: WELL + " It has number 10.",
        11: lambda told: told.replace(" with width 2 cm", ""),
        12: lambda told: told.replace("2.5", "3.5"),
    }
    server.reply = lambda messages: replies[number_in(messages)](messages[-1]["content"])
    data = DataDir(tmp_path / "data").create()
    stage = TeachStage(data.storage, "openai/teacher", [built(data, 3)])
    report = run_stage(stage, data, workers=1)
    assert (report.done, report.failed, len(server.asked)) == (1, 0, 3)
    first, second, third = taught(data, stage)
    assert first.instruction == WELL + " It has number 10."
    assert first.provenance.rewritten_by == "openai/teacher"
    assert first.id != example(number=10).id
    for kept, number in ((second, 11), (third, 12)):
        assert kept.instruction == f"{INSTRUCTION} It has number {number}."
        assert kept.provenance.rewritten_by == ""
    for messages in server.asked:
        assert "Keep every name in double quotes" in messages[0]["content"]


def test_nothing_is_asked_twice(server: ChatServer, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data").create()
    stage = TeachStage(data.storage, "openai/teacher", [built(data, 2)])
    run_stage(stage, data, workers=1)
    again = run_stage(stage, data, workers=1)
    assert (again.done, again.reused, len(server.asked)) == (1, 1, 2)
    (unit,) = stage.units()
    data.storage.delete(stage.file(unit.key))  # as if the run had been killed before it was written
    assert run_stage(stage, data, workers=1).done == 1
    assert len(server.asked) == 2


def test_a_service_in_trouble_is_tried_again_by_the_next_run(server: ChatServer, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data").create()
    stage = TeachStage(data.storage, "openai/teacher", [built(data, 1)])
    server.reply = lambda messages: 401
    assert run_stage(stage, data, workers=1).failed == 1
    server.reply = lambda messages: WELL + " It has number 10."
    assert run_stage(stage, data, workers=1).done == 1
    assert taught(data, stage)[0].provenance.rewritten_by == "openai/teacher"


def test_a_prompt_that_is_refused_for_good_keeps_its_own_words(server: ChatServer, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data").create()
    stage = TeachStage(data.storage, "openai/teacher", [built(data, 2)])
    server.reply = lambda messages: 400 if number_in(messages) == 10 else WELL + " It has number 11."
    assert run_stage(stage, data, workers=1).done == 1
    assert [one.provenance.rewritten_by for one in taught(data, stage)] == ["", "openai/teacher"]


def test_what_is_missing_is_said_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SetupError, match="OPENAI_API_KEY is not set"):
        Teacher("openai/teacher")
    with pytest.raises(UsageError, match="name the provider too"):
        Teacher("teacher")
