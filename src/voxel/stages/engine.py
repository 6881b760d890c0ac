"""What the runner sees of an engine: units go in, events come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from voxel.stages.stage import Outcome, Stage, Unit


class Started(NamedTuple):
    """A unit was handed to a worker."""

    unit: Unit


class Settled(NamedTuple):
    """A unit has its outcome; `seconds` is the worker's time."""

    unit: Unit
    outcome: Outcome
    seconds: float


class Waiting(NamedTuple):
    """Nothing happened for a moment; `busy` units are in flight."""

    busy: int


class Noted(NamedTuple):
    """Something that a person should know now."""

    line: str


Event = Started | Settled | Waiting | Noted


class Stopping(NamedTuple):
    """How the engine learns that it should stop."""

    asked: Callable[[], int]
    """0: go on; 1: finish what is in flight; 2: stop at once."""
    wake: int
    """A file descriptor that becomes readable when `asked` changes."""


class Engine(Protocol):
    """Where stages run."""

    def run(self, stage: Stage, units: Iterator[Unit], count: int, stopping: Stopping) -> Iterator[Event]:
        """Yields what happens until all `count` units are settled, or those in flight once stopping was asked for.

        SetupError or UsageError when a worker says that the stage cannot go on.
        """
        ...
