"""The local engine: worker processes on this machine.

Workers die with the driver (the system kills them, and their pipe closes), and what they start is expected to die with
them. Within `keeping_workers` they go on from stage to stage, with what they have `shared`.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait

from voxel.errors import UsageError
from voxel.stages.crew import Crew, Message
from voxel.stages.engine import Event, Stopping
from voxel.stages.process import WorkerProcess
from voxel.stages.stage import Stage, Unit


class LocalEngine:
    """Runs stages on `workers` processes of this machine."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise UsageError(f"--workers must be at least 1, not {workers}")
        self._wanted = workers

    def run(self, stage: Stage, units: Iterator[Unit], count: int, stopping: Stopping) -> Iterator[Event]:
        """As `Engine.run`."""
        crew = _LocalCrew(stage, units, stopping)
        try:
            crew.hire(min(self._wanted, count))
            yield from crew.events()
        finally:
            crew.dismiss()


class _LocalWorker(WorkerProcess):
    def __init__(self, stage: bytes) -> None:
        super().__init__(stage, sys.path)
        self.units: deque[Unit] = deque()
        self.ready = False

    def give(self, unit: Unit) -> None:
        self.send_pickled(pickle.dumps(unit))


_waiting: list[_LocalWorker] | None = None
"""Workers between two stages; None where they end with their stage."""


@contextmanager
def keeping_workers() -> Iterator[None]:
    """Workers of stages that are run within this, and end well, are there for the next one; all end with this.

    For stages that one thread runs: on Linux a worker ends with the thread that has started it.
    """
    global _waiting
    if _waiting is not None:
        yield
        return
    _waiting = []
    try:
        yield
    finally:
        dismiss_workers()
        _waiting = None


def dismiss_workers() -> None:
    """Ends the workers that wait for another stage, where what comes next is not for them."""
    for worker in _waiting or ():
        worker.end_stage()  # all of them, before one is waited for
    while _waiting:
        _waiting.pop().end()


class _LocalCrew(Crew[_LocalWorker]):
    def __init__(self, stage: Stage, units: Iterator[Unit], stopping: Stopping) -> None:
        super().__init__(stage, units, stopping)
        self._pickled = pickle.dumps(stage)

    def _hire_one(self) -> _LocalWorker:
        while _waiting:
            worker = _waiting.pop()
            if worker.stage_ended():
                worker.ready = False
                worker.send_pickled(self._pickled)
                return worker
            worker.kill()
            worker.end()
        return _LocalWorker(self._pickled)

    def _let_go(self, worker: _LocalWorker) -> None:
        if _waiting is None or not worker.ready:
            worker.end()
        else:
            worker.end_stage()
            _waiting.append(worker)

    def _listen(self, seconds: float) -> Iterator[tuple[_LocalWorker, Message]]:
        by_source = {worker.connection: worker for worker in self._workers}
        heard = wait([*by_source, self._stopping.wake], timeout=seconds)
        told = [by_source[source] for source in heard if isinstance(source, Connection)]
        if heard and not told:
            os.read(self._stopping.wake, 100)
        for worker in told:
            yield worker, worker.receive()
