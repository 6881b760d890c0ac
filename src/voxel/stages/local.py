"""The local engine: worker processes on this machine.

Each worker opens the stage once and takes units one by one, a second one ahead only when units are short. A worker
that dies is replaced; the unit that it worked on is tried once more and dropped when it kills again. Workers die with
the driver (the system kills them, and their pipe closes), and what they start is expected to die with them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, NamedTuple

from voxel.errors import SetupError, UsageError
from voxel.stages.stage import Dropped, Failed, Outcome, Stage, Unit

SHORT_S = 0.05
"""Units shorter than this on average are handed out one ahead, so that workers never wait for the driver."""
POLL_S = 0.2
BROKEN_AT_MOST = 20
"""So many broken boxes without one unit settled in between mean that the machine is at fault, not the units."""
GRACE_S = 10.0
"""How long, after the first Ctrl-C, units in flight may take to end."""

_SOURCE = str(Path(__file__).parents[2])
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from voxel.stages.worker import main; main(*map(int, sys.argv[2:]))"
)


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


Event = Started | Settled | Waiting


class Stopping(NamedTuple):
    """How the engine learns that it should stop."""

    asked: Callable[[], int]
    """0: go on; 1: finish what is in flight; 2: stop at once."""
    wake: int
    """A file descriptor that becomes readable when `asked` changes."""


class _Worker:
    """One worker process and the units that it holds, the oldest first."""

    def __init__(self, stage: Stage) -> None:
        self.units: deque[Unit] = deque()
        self.ready = False
        self.connection, theirs = Pipe()
        # its own words go to a nameless file: they would spoil the progress bar, and the last line explains a death
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, _SOURCE, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
            )
        finally:
            theirs.close()
        self._send(sys.path)
        self._send(stage)

    def _send(self, message: object) -> None:
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return  # it is dead: the next receive says so

    def give(self, unit: Unit) -> None:
        self.units.append(unit)
        self._send(unit)

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> None:
        """Asks it to close the stage and waits a little; then kills."""
        self._send(None)
        self.connection.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._said.close()

    def obituary(self) -> str:
        """How it died, with the last line that it said."""
        code = self.process.wait()
        how = f"signal {-code}, {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 2000))
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return how + (f": {lines[-1][:200]}" if lines else "")


class LocalEngine:
    """Runs stages on `workers` processes of this machine."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise UsageError(f"--workers must be at least 1, not {workers}")
        self._wanted = workers

    def run(self, stage: Stage, units: Iterator[Unit], count: int, stopping: Stopping) -> Iterator[Event]:
        """Yields what happens until all `count` units are settled, or those in flight once stopping was asked for.

        SetupError or UsageError when a worker says that the stage cannot go on.
        """
        run = _Run(stage, units, stopping)
        try:
            run.hire(min(self._wanted, count))
            yield from run.events()
        finally:
            run.dismiss()


class _Run:
    """One stage's run: who works, what waits, and what went wrong so far."""

    def __init__(self, stage: Stage, units: Iterator[Unit], stopping: Stopping) -> None:
        self._stage = stage
        self._units = units
        self._stopping = stopping
        self._again: deque[Unit] = deque()
        self._deaths: Counter[str] = Counter()
        self._stillborn = self._broken = 0
        self._workers: dict[Connection[Any, Any], _Worker] = {}
        self._mean = 1.0
        self._clean = False

    def hire(self, count: int) -> None:
        for _ in range(count):
            worker = _Worker(self._stage)
            self._workers[worker.connection] = worker

    def dismiss(self) -> None:
        if not self._clean:
            for worker in self._workers.values():
                worker.kill()
        for worker in self._workers.values():
            worker.end()

    def _next(self) -> Unit | None:
        return self._again.popleft() if self._again else next(self._units, None)

    def _feed(self, worker: _Worker) -> Iterator[Event]:
        ahead = 2 if self._mean < SHORT_S else 1
        while len(worker.units) < ahead and (unit := self._next()) is not None:
            yield Started(unit)
            worker.give(unit)

    def events(self) -> Iterator[Event]:
        deadline = float("inf")
        while True:
            asked = self._stopping.asked()
            if asked == 0:
                for worker in self._workers.values():
                    if worker.ready:
                        yield from self._feed(worker)
            elif deadline == float("inf"):
                deadline = time.monotonic() + GRACE_S
            busy = sum(len(worker.units) for worker in self._workers.values())
            starting = asked == 0 and any(not worker.ready for worker in self._workers.values())
            if not busy and not (starting and self._more()):
                self._clean = True
                return
            if asked >= 2 or time.monotonic() > deadline:
                return
            heard = wait([*self._workers, self._stopping.wake], timeout=POLL_S)
            told = [self._workers[source] for source in heard if isinstance(source, Connection)]
            if not told:
                yield Waiting(busy)
                if heard:
                    os.read(self._stopping.wake, 100)
            for worker in told:
                yield from self._hear(worker)

    def _more(self) -> bool:
        if not self._again and (unit := next(self._units, None)) is not None:
            self._again.append(unit)
        return bool(self._again)

    def _hear(self, worker: _Worker) -> Iterator[Event]:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            yield from self._bury(worker)
            return
        match message:
            case ("ready",):
                worker.ready, self._stillborn = True, 0
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

    def _blame(self, unit: Unit, verdict: Outcome) -> Iterator[Event]:
        self._deaths[unit.key] += 1
        if self._deaths[unit.key] < 2:
            self._again.append(unit)
        else:
            yield Settled(unit, verdict, 0.0)

    def _bury(self, worker: _Worker) -> Iterator[Event]:
        """A worker has died: its oldest unit is to blame, the others wait for the next one."""
        cause = worker.obituary()
        del self._workers[worker.connection]
        worker.end()
        if worker.units:
            unit = worker.units.popleft()
            self._again.extendleft(reversed(worker.units))
            yield from self._blame(unit, Dropped(f"killed its worker twice ({cause})"))
        elif not worker.ready:
            self._stillborn += 1
            if self._stillborn >= 2:
                raise SetupError(f"worker processes die while they start ({cause})")
        if self._stopping.asked() == 0 and (self._more() or not self._workers):
            self.hire(1)
