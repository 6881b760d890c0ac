"""From an error to an exit status, and from a phase to a program.

Every documented module runs as `python3 -m src.voxel.training…`; phases may not import the command line above them,
so the little that such a module needs lies here: `run_phase` parses a few options, runs the phase and prints its
report.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from voxel.errors import SetupError, UsageError, VoxelError
from voxel.stages.progress import Progress, printable, shown_progress, summary
from voxel.stages.stage import PhaseReport

DONE, SOME_FAILED, BAD_SETUP, INTERRUPTED = 0, 1, 2, 130


class Phase(Protocol):
    """What scraper, parser and builder have in common."""

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        """Does what is not done yet."""
        ...


def exit_status(main: Callable[[], int | None]) -> int:
    """Calls `main` and returns its exit status; an expected error becomes one line on standard error.

    0 done, 1 some units failed, 2 bad usage or set-up, 130 interrupted. Other exceptions are bugs and keep their
    traceback.
    """
    try:
        status = main() or DONE
        sys.stdout.flush()
    except VoxelError as error:
        say(str(error))
        return BAD_SETUP if isinstance(error, UsageError | SetupError) else SOME_FAILED
    except KeyboardInterrupt:
        say(f"interrupted; what was done is kept. Go on with: {again()}")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the results has gone, as in `voxel status | head`; what Python flushes at exit must not fail
        # again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return status


def say(line: str) -> None:
    """One line for a person, on standard error."""
    sys.stderr.write(f"voxel: {printable(line)}\n")


def again() -> str:
    """The command line that this process was started with, as a person would type it again."""
    words = list(sys.orig_argv)
    if len(words) > 1 and os.path.basename(words[1]) == "voxel":  # noqa: PTH119 - a word, not a path
        words = ["voxel", *words[2:]]
    return shlex.join(words)


def report_line(report: PhaseReport, *, as_json: bool) -> str:
    """The report as one JSON object, or as a sentence."""
    return msgspec.json.encode(report).decode() if as_json else summary(report)


def status_of(report: PhaseReport) -> int:
    """The exit status of a phase: 1 when some units failed, or nothing at all could be used."""
    return DONE if report.done and not report.failed else SOME_FAILED


def run_phase(
    make: Callable[[argparse.Namespace], Phase],
    description: str,
    argv: Sequence[str] | None = None,
    arguments: Callable[[argparse.ArgumentParser], Any] = lambda _parser: None,
) -> int:
    """Runs one phase as a program, with `--data-dir`, `--workers`, `--engine`, `--json`, `--quiet` and `arguments`.

    `make` builds the phase from the parsed options. Returns the exit status.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data-dir", default="training_data", metavar="DIR", help="default: training_data")
    parser.add_argument("--workers", type=int, metavar="N", help="default: the processor count")
    parser.add_argument(
        "--engine", default="local", metavar="ENGINE", help="local, ray, or ray:HOST:PORT; default: local"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    arguments(parser)
    options = parser.parse_args(argv)

    def main() -> int:
        report = make(options).run(
            workers=options.workers, engine=options.engine, progress=shown_progress(quiet=options.quiet)
        )
        sys.stdout.write(report_line(report, as_json=options.json) + "\n")
        return status_of(report)

    return exit_status(main)
