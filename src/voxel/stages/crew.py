"""What all engines have in common: who works, what waits, whose fault a death is, and when to stop.

A worker takes units one by one, a second one ahead only when units are short. A worker that dies is replaced; the unit
that it worked on is tried once more and dropped when it kills again. A worker that is lost with its machine is replaced
as well, and nobody is to blame.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from voxel.errors import SetupError, UsageError
from voxel.stages.engine import Event, Noted, Settled, Started, Stopping, Waiting
from voxel.stages.stage import Dropped, Failed, Outcome, Stage, Unit

SHORT_S = 0.05
"""Units shorter than this on average are handed out one ahead, so that workers never wait for the driver."""
POLL_S = 0.2
BROKEN_AT_MOST = 20
"""So many broken boxes without one unit settled in between mean that the machine is at fault, not the units."""
LOST_AT_MOST = 5
"""A unit whose machine was lost so often waits for the next run."""
GRACE_S = 10.0
"""How long, after the first Ctrl-C, units in flight may take to end."""
SLOW_START_S = 60.0
"""After so long without any worker a person is told."""

Message = tuple[Any, ...]
"""`ready`; `settled, outcome, seconds` and `broke, reason` for the oldest unit that the worker holds; `fatal, kind,
reason`; `died, cause` and `lost, cause`, after which nothing more comes from it."""


class Worker(Protocol):
    """Something that takes units one by one."""

    units: deque[Unit]
    """What it holds, the oldest first."""
    ready: bool

    def give(self, unit: Unit) -> None:
        """Hands it one more; an answer follows."""
        ...

    def kill(self) -> None:
        """Ends it at once."""
        ...

    def end(self) -> None:
        """Lets it close the stage, for a moment, and ends it; also when it is dead already."""
        ...


W = TypeVar("W", bound=Worker)


class Crew(ABC, Generic[W]):
    """One stage's run by workers of one kind."""

    slow_start = "no worker has started yet; still waiting"

    def __init__(self, stage: Stage, units: Iterator[Unit], stopping: Stopping) -> None:
        self._stage = stage
        self._units = units
        self._stopping = stopping
        self._again: deque[Unit] = deque()
        self._deaths: Counter[str] = Counter()
        self._losses: Counter[str] = Counter()
        self._stillborn = self._unborn = self._broken = 0
        self._workers: list[W] = []
        self._mean = 1.0
        self._clean = False

    @abstractmethod
    def _hire_one(self) -> W:
        """A new worker, which says `ready` when the stage is open."""

    @abstractmethod
    def _listen(self, seconds: float) -> Iterable[tuple[W, Message]]:
        """What workers say; waits for it no longer than this, and not when stopping is asked for."""

    def hire(self, count: int) -> None:
        """Takes on so many workers."""
        for _ in range(count):
            self._workers.append(self._hire_one())

    def dismiss(self) -> None:
        """Ends all workers: in peace when the run ended well, at once otherwise."""
        if self._clean:
            for worker in self._workers:
                self._let_go(worker)
            return
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.end()

    def _let_go(self, worker: W) -> None:
        """The stage is done, and all is well with the worker."""
        worker.end()

    def events(self) -> Iterator[Event]:
        """As `Engine.run`."""
        deadline = float("inf")
        began: float | None = time.monotonic()
        while True:
            asked = self._stopping.asked()
            if asked == 0:
                for worker in self._workers:
                    if worker.ready:
                        began = None
                        yield from self._feed(worker)
            elif deadline == float("inf"):
                deadline = time.monotonic() + GRACE_S
            busy = sum(len(worker.units) for worker in self._workers)
            starting = asked == 0 and any(not worker.ready for worker in self._workers)
            if not busy and not (starting and self._more()):
                self._clean = True
                return
            if asked >= 2 or time.monotonic() > deadline:
                return
            if began is not None and time.monotonic() - began > SLOW_START_S:
                began = None
                yield Noted(self.slow_start)
            told = False
            for worker, message in self._listen(POLL_S):
                told = True
                if worker in self._workers:
                    yield from self._hear(worker, message)
            if not told:
                yield Waiting(busy)

    def _next(self) -> Unit | None:
        return self._again.popleft() if self._again else next(self._units, None)

    def _more(self) -> bool:
        if not self._again and (unit := next(self._units, None)) is not None:
            self._again.append(unit)
        return bool(self._again)

    def _feed(self, worker: W) -> Iterator[Event]:
        ahead = 2 if self._mean < SHORT_S else 1
        while len(worker.units) < ahead and (unit := self._next()) is not None:
            yield Started(unit)
            worker.units.append(unit)
            worker.give(unit)

    def _hear(self, worker: W, message: Message) -> Iterator[Event]:
        match message:
            case ("ready",):
                worker.ready, self._stillborn, self._unborn = True, 0, 0
            case ("settled", outcome, seconds):
                unit = worker.units.popleft()
                self._broken = 0
                self._mean += (seconds - self._mean) / 20
                yield Settled(unit, outcome, seconds)
            case ("broke", reason):
                worker.ready = False
                unit = worker.units.popleft()
                self._broken += 1
                if self._broken >= BROKEN_AT_MOST:
                    raise SetupError(f"the box broke {self._broken} times in a row: {reason}; look with: voxel doctor")
                yield from self._blame(unit, Failed(f"the box broke twice: {reason}"))
            case ("fatal", "UsageError", reason):
                raise UsageError(reason)
            case ("fatal", "bug", trace):
                raise RuntimeError(f"the stage {self._stage.name} could not be opened or closed:\n{trace}")
            case ("fatal", _, reason):
                raise SetupError(reason)
            case ("died", cause):
                yield from self._bury(worker, cause)
            case ("lost", cause):
                yield from self._miss(worker, cause)

    def _blame(self, unit: Unit, verdict: Outcome) -> Iterator[Event]:
        self._deaths[unit.key] += 1
        if self._deaths[unit.key] < 2:
            self._again.append(unit)
        else:
            yield Settled(unit, verdict, 0.0)

    def _bury(self, worker: W, cause: str) -> Iterator[Event]:
        """A worker has died: its oldest unit is to blame, the others wait for the next one."""
        self._workers.remove(worker)
        worker.end()
        if worker.units:
            unit = worker.units.popleft()
            self._again.extendleft(reversed(worker.units))
            yield from self._blame(unit, Dropped(f"killed its worker twice ({cause})"))
        elif not worker.ready:
            self._stillborn += 1
            if self._stillborn >= 2:
                raise SetupError(f"worker processes die while they start ({cause})")
        self._replace()

    def _miss(self, worker: W, cause: str) -> Iterator[Event]:
        """A worker is gone with its machine: its units wait for the next one."""
        self._workers.remove(worker)
        worker.end()
        yield Noted(f"a worker was lost ({cause}); what it had in hand goes to another one")
        if worker.units:
            unit = worker.units[0]
            self._losses[unit.key] += 1
            if self._losses[unit.key] >= LOST_AT_MOST:
                worker.units.popleft()
                yield Settled(unit, Failed(f"its machine was lost {LOST_AT_MOST} times ({cause})"), 0.0)
            self._again.extendleft(reversed(worker.units))
        elif not worker.ready:
            self._unborn += 1
            if self._unborn >= BROKEN_AT_MOST:
                raise SetupError(f"{self._unborn} workers in a row were lost while they started ({cause})")
        self._replace()

    def _replace(self) -> None:
        if self._stopping.asked() == 0 and (self._more() or not self._workers):
            self.hire(1)
