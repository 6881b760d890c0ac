"""Every command and Python line of README and guides, run in the order in which a reader meets them.

The reader has a fresh clone and no network. GitHub and the hosted providers are servers of this machine, and only the
commands of HOSTED know where they are: everything else works unplugged. A line that cannot be run as it is written
stands in one of the tables below: what is filled in for its placeholders, what is answered to its questions, with which
status it ends where the world here is too small for it, or why it is not run at all. Where torch is not installed, as
in an environment of no more than [blender,dev], the lines of NEED_TORCH are left out.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired

import pytest
import typer
import yaml  # type: ignore[import-untyped]
from tests.docs.blocks import ROOT, Block, blocks, commands
from tests.docs.newcomer import clone_for_a_newcomer
from tests.docs.reader import OFFLINE, Reader

from voxel.blender import Blender
from voxel.cli.commands import COMMANDS
from voxel.cli.main import program

GUIDES = (
    "README.md", "docs/ML_TRAINING_READY.md", "docs/ML_TRAINING_COMPLETE.md", "docs/TRAINING_HANDOFF.md",
    "docs/architecture.md", "CONTRIBUTING.md", "docs/samples.md", "docs/sources.md", "docs/dataset.md",
    "docs/blendfile.md", "docs/box.md", "docs/providers.md", "docs/evaluation.md", "docs/deployment.md",
    "docs/agents.md", "docs/scale.md", "docs/storage.md",
)  # fmt: skip
ELSEWHERE = {"docs/cli.md": "written from the code; tests/cli/test_main.py holds it against it"}
START = "./quick_start_training.sh"
NOT_RUN = {
    "./run_tests.sh": "runs these tests",
    "claude mcp add voxel -- /path/to/.venv/bin/voxel mcp --root ~/blends": "a program of others",
    "claude mcp add blender -- uvx blender-mcp": "a program of others",
    '@scene("props", "A brass ship\'s bell on an oak bracket.")': "a form; tests/sources makes each scene",
}
"""Command lines, and blocks of Python by their first line."""
HOSTED = {
    "voxel scrape --source git": "github",  # and all that begin like one of these
    "voxel run --source github": "github",
    "voxel jobs monitor": "openai",  # where a job of an earlier block is
    "voxel dataset push": "hub",
    "voxel models pull": "hub",
    "voxel evaluate openai/": "openai",
    "voxel deploy serve": "openai",
    "voxel failures mend --again --teacher": "openai",
    "voxel retrain": "openai",  # it measures what serves the role
    "voxel run --data-dir stored --storage s3:": "s3",
    "from voxel.training.fine_tuning.training_orchestrator": "openai",
}
"""Which server a command, or the Python of a guide by its first line, asks. Whatever is not here works unplugged."""
FILLED = {
    "FILE.blend": "$HOME/my-blends/crate.blend", "SCRIPT.py": "docs/example.py",
    "MODEL": "openai/gpt-4o-mini", "OTHER": "openai/gpt-4.1",
    "DIR": "training_data/models/SmolLM2-135M-Instruct", "FIRST": "127.0.0.1",
}  # fmt: skip
FOUND = {
    "builder-local-3f2a-1": r"builder-local-\w+-\d+",
    "chatcmpl-builder-2-…": r"chatcmpl-builder-[\w-]+",
    "ID": r"(?m)^\w+(?=  builder +open)",
}
"""What earlier commands have printed last is filled in for these."""
TYPED = {"voxel jobs submit": "y\n"}
"""What is answered to the questions of commands that begin so."""
ENDS = {
    # three files give no thirty test examples, and the answers here are no better than nothing
    "voxel deploy gate MODEL --role builder": 1,
    "voxel deploy promote MODEL --role builder": 2,
}
SERVES = {
    "voxel ui": "to look:",
    "voxel models serve": "/v1 (",
    "voxel models serve builder=DIR base=DIR": "/v1 (",
    "voxel deploy serve --port 8400 --judge 0.2": "the gateway is at",
    "voxel deploy serve": "the gateway is at",
}
"""What serves until Ctrl-C, and the words by which it says that it does."""
NEED_TORCH = (
    "pip install 'voxel-training[local,eval]'", "voxel models", "voxel jobs submit --provider local", "voxel retrain",
    "voxel evaluate SmolLM2",
)  # fmt: skip
"""What is run only where torch is installed, which the tests do without: all that begin like one of these."""
HAS_TORCH = find_spec("torch") is not None


class Reading:
    """How far the reader has come."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.trouble: dict[str, list[str]] = {}

    def up_to(self, guide: str) -> None:
        """Reads this guide, after those before it that were not read yet."""
        for one in GUIDES[: GUIDES.index(guide) + 1]:
            if one not in self.trouble:
                self.trouble[one] = list(self._read(one))

    def _read(self, guide: str) -> Iterator[str]:
        """Goes on after trouble, so that one wrong line does not hide another; each is told with its place."""
        # nothing of what stands above the quick start can be done before it
        written = sorted(blocks(guide), key=lambda block: START not in commands(block))
        for block in written:
            for one in commands(block) if block.language == "sh" else [block.text]:
                try:
                    self._do(block, one)
                except (AssertionError, TimeoutExpired) as error:
                    yield f"{guide}:{block.line} {one}\n{error}"
        for end in (self.reader.close_python, self.reader.interrupt):
            try:
                end()
            except (AssertionError, TimeoutExpired) as error:
                yield f"{guide}: {error}"

    def _do(self, block: Block, one: str) -> None:
        if one.splitlines()[0] in NOT_RUN:
            return
        if block.language == "sh":
            if HAS_TORCH or not one.startswith(NEED_TORCH):
                self._command(one)
        elif block.language == "python":
            self.reader.type(one, service=_service(one))
        elif block.language != "text":
            {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}[block.language](one)

    def _command(self, command: str) -> None:
        filled = self._filled(command)
        if command in SERVES:
            self.reader.interrupt()
            self.reader.serve(filled, SERVES[command], service=_service(filled))
            return
        typed = "".join(answer for start, answer in TYPED.items() if command.startswith(start))
        said = self.reader.run(filled, service=_service(filled), status=ENDS.get(command, 0), typed=typed)
        assert not command.startswith("curl ") or '"error":' not in said, said

    def _filled(self, command: str) -> str:
        for word in (*FILLED, *FOUND):
            parts = re.split(rf"(?<![\w-]){re.escape(word)}(?!\w)", command)
            if len(parts) > 1:
                command = (FILLED.get(word) or self._last(FOUND[word])).join(parts)
        return command

    def _last(self, pattern: str) -> str:
        found = re.findall(pattern, self.reader.said)
        assert found, f"nothing like {pattern} was printed so far"
        return str(found[-1])


def _service(words: str) -> str:
    return next((service for start, service in HOSTED.items() if words.startswith(start)), "")


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A reader with a fresh clone."""
    with Reader(clone_for_a_newcomer(tmp_path_factory.mktemp("newcomer"))) as reader:
        yield Reading(reader)


@pytest.mark.parametrize("guide", GUIDES)
def test_every_line_works_as_written(reading: Reading, guide: str) -> None:
    reading.up_to(guide)
    assert not reading.trouble[guide], "\n\n".join(reading.trouble[guide])


def test_the_reader_had_no_network(reading: Reading) -> None:
    if not OFFLINE:
        pytest.skip("the network can be taken away by root only, and not in every container")
    assert reading.reader.run("ip -brief link").split()[0] == "lo"
    reading.reader.run("curl -s --max-time 5 http://192.0.2.1/", status=7)


def test_every_guide_is_read() -> None:
    there = {"README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))}
    assert there == {*GUIDES, *ELSEWHERE}


@pytest.mark.parametrize("guide", GUIDES)
def test_what_is_called_text_holds_no_command(guide: str) -> None:
    for block in blocks(guide):
        assert block.language in ("sh", "python", "json", "toml", "yaml", "text"), block
        if block.language == "text":
            assert not re.search(r"(?m)^\s*(voxel|pip|python3?|curl|ray|git|\./|import|from)\b", block.text), block


@pytest.mark.parametrize("line", sorted({*NOT_RUN, *ENDS, *SERVES}))
def test_what_is_treated_apart_is_still_written_somewhere(line: str) -> None:
    assert line in written()


@pytest.mark.parametrize("start", sorted({*TYPED, *NEED_TORCH}))
def test_what_is_told_by_its_beginning_is_still_written_somewhere(start: str) -> None:
    assert any(line.startswith(start) for line in written())


@pytest.mark.parametrize("word", sorted({*FILLED, *FOUND}))
def test_what_is_filled_in_is_still_written_somewhere(word: str) -> None:
    assert any(word in line for line in written())


def written() -> set[str]:
    """Every command line, and the first line of every other block."""
    found = [block for guide in GUIDES for block in blocks(guide)]
    lines = {line for block in found if block.language == "sh" for line in commands(block)}
    return lines | {block.text.splitlines()[0] for block in found if block.language != "sh"}


def test_the_readme_shows_the_example_that_is_in_the_folder() -> None:
    shown = [block.text for block in blocks("README.md") if block.text.startswith("import bpy\n")]
    assert len(shown) == 2
    whole = shown[0] + "\n" + shown[1].replace("import bpy\n\n", "", 1)
    assert (ROOT / "docs" / "example.py").read_text().rstrip() == whole.rstrip()


def test_the_picture_is_what_the_example_makes(tmp_path: Path) -> None:
    with Blender("4.5") as blender:
        made = blender.render((ROOT / "docs" / "example.py").read_text(), size=(480, 360), samples=24)
    kept = (ROOT / "docs" / "example.png").read_bytes()
    assert made.verdict == "passed"
    assert abs(len(made.png) - len(kept)) < len(kept) // 20


def test_every_command_in_every_guide_exists() -> None:
    """Also those in the midst of a sentence."""
    top = typer.main.get_command(program(*(command.name for command in COMMANDS)))
    named = [
        (guide, command)
        for guide in (*GUIDES, *ELSEWHERE)
        for command in [*(one for block in blocks(guide) for one in commands(block)), *said_of(guide)]
        if command.startswith("voxel ")
    ]
    assert len(named) > 150
    assert [(name, command) for name, command in named if misspelt(top, command)] == []


def said_of(guide: str) -> list[str]:
    """What stands in a sentence of a guide as code."""
    prose = re.sub(r"^```.*?^```$", "", (ROOT / guide).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]


def misspelt(top: object, command: str) -> str:
    """The first word of a command line that the program does not know; empty when it knows all."""
    words = shlex.split(command.split(" | ")[0])[1:]
    level: object = top
    while words and hasattr(level, "commands") and not words[0].startswith("-"):
        level = level.commands.get(words[0])
        if level is None:
            return words[0]
        words = words[1:]
    known = {option for param in getattr(level, "params", ()) for option in param.opts} | {"--help", "-o"}
    return next((word for word in words if word.startswith("--") and word.partition("=")[0] not in known), "")
