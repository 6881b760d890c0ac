from __future__ import annotations

import argparse
import json
import sys

import pytest

from voxel.errors import BadInput, BoxError, MissingExtra, SetupError, UsageError
from voxel.stages import PhaseReport, Progress, exit_status, run_phase
from voxel.stages.command import again


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UsageError("no such role: painter"), 2, "voxel: no such role: painter\n"),
        (SetupError("no Blender"), 2, "voxel: no Blender\n"),
        (MissingExtra("fine-tuning", "openai"), 2, "voxel: fine-tuning needs an optional part: pip install "),
        (BadInput("empty file"), 1, "voxel: empty file\n"),
        (BoxError("the box broke"), 1, "voxel: the box broke\n"),
        (KeyboardInterrupt(), 130, "voxel: interrupted; what was done is kept. Go on with: "),
    ],
)
def test_an_expected_error_is_one_line_and_a_status(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, line: str
) -> None:
    def main() -> int:
        raise error

    assert exit_status(main) == status
    said = capsys.readouterr()
    assert said.err.startswith(line)
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_bug_keeps_its_traceback() -> None:
    def main() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exit_status(main)


def test_the_command_to_repeat_is_quoted_as_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "orig_argv", ["/venv/bin/python", "/venv/bin/voxel", "run", "--source", "folder", "my blends"]
    )
    assert again() == "voxel run --source folder 'my blends'"


class Painting:
    """A phase that fails for one of three units."""

    def __init__(self, failed: int) -> None:
        self.failed = failed

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        return PhaseReport(
            phase="paint", done=3 - self.failed, dropped=0, failed=self.failed, seconds=1.0, reused=workers or 0
        )


def test_a_phase_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--fail", type=int, default=0)

    def make(options: argparse.Namespace) -> Painting:
        return Painting(options.fail)

    assert run_phase(make, "Paint.", ["--workers", "2", "--json"], arguments) == 0
    assert json.loads(capsys.readouterr().out) == {
        "phase": "paint",
        "done": 3,
        "dropped": 0,
        "failed": 0,
        "seconds": 1.0,
        "reused": 2,
    }
    assert run_phase(make, "Paint.", ["--fail", "1"], arguments) == 1
    assert capsys.readouterr().out == "paint: 2 done, 0 dropped, 1 failed in 1.0 s\n"
