"""Runs a stage: plans, skips what is settled, hands the rest to an engine, keeps the outcomes, reports."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from types import FrameType
from typing import Any

from voxel.errors import SetupError
from voxel.stages.checkpoints import CheckpointWriter
from voxel.stages.command import again
from voxel.stages.datadir import DataDir
from voxel.stages.engine import Noted, Settled, Started, Stopping
from voxel.stages.engines import engine_of
from voxel.stages.ledger import Ledger
from voxel.stages.progress import Progress
from voxel.stages.stage import Done, Dropped, Outcome, PhaseReport, Stage, Unit

SPOOL_IN_MEMORY = 1 << 20


def run_stage(
    stage: Stage,
    data: DataDir,
    *,
    workers: int | None = None,
    engine: str = "local",
    progress: Progress | None = None,
) -> PhaseReport:
    """Does every unit of `stage` that is not settled yet; `workers` defaults to the processor count.

    `engine` is what `engine_of` takes: `local`, `ray`, or `ray:HOST:PORT`.

    KeyboardInterrupt after Ctrl-C or SIGTERM, once the units in flight are kept; a second signal does not wait for
    them. DataDirBusy when another process works in `data`; SetupError when the machine lacks something, a full disk
    included. Everything that was settled before any of these stays settled.
    """
    processes = engine_of(engine, workers, data)
    progress = progress or Progress()
    began = time.monotonic()
    with data.hold(), Ledger(data.checkpoints / "ledger.sqlite") as ledger, _Spool(data) as spool:
        keeper = _Keeper(
            stage, ledger, CheckpointWriter(data, stage.name, dict(getattr(stage, "options", {}))), progress
        )
        reused = keeper.plan(spool)
        try:
            if spool.count:
                with stoppable(progress) as stopping:
                    for event in processes.run(stage, spool.units(), spool.count, stopping):
                        keeper.hear(event)
                    if stopping.asked():
                        raise KeyboardInterrupt
        except BaseException:
            keeper.end("interrupted")
            raise
        return keeper.report(reused, time.monotonic() - began)


def run_unkept(
    stage: Stage,
    count: int,
    *,
    workers: int | None = None,
    engine: str = "local",
    progress: Progress | None = None,
) -> Iterator[tuple[Unit, Outcome]]:
    """Does all `count` units of `stage` and yields each with its outcome; no ledger remembers them.

    Raises as `run_stage` does.
    """
    processes = engine_of(engine, workers)
    progress = progress or Progress()
    progress.start(stage.name, count, 0)
    try:
        with stoppable(progress) as stopping:
            for event in processes.run(stage, stage.units(), count, stopping):
                match event:
                    case Settled(unit, outcome, _):
                        yield unit, outcome
                    case Noted(line):
                        progress.note(line)
            if stopping.asked():
                raise KeyboardInterrupt
    finally:
        progress.end()


class _Keeper:
    """Writes what happens into the ledger, the readable checkpoint and the progress."""

    def __init__(self, stage: Stage, ledger: Ledger, checkpoint: CheckpointWriter, progress: Progress) -> None:
        self._stage = stage
        self._ledger = ledger
        self._checkpoint = checkpoint
        self._progress = progress
        self._told = Counter[str]()

    def plan(self, spool: _Spool) -> int:
        """Puts the units that remain into `spool`; returns how many are settled already."""
        name = self._stage.name
        others = getattr(self._stage, "others", None)
        self._ledger.begin_stage(name, self._stage.version, self._stage.settings, again())
        self._ledger.forget_running(name)
        settled = 0
        with closing(self._ledger.plan(name, self._stage.units(), keep=others)) as plan:
            for unit, state in plan:
                if state == "dropped" or (state == "done" and self._present(unit)):
                    settled += 1
                    self._told[state] += 1
                    continue
                if state == "done":
                    self._ledger.reset(name, unit.key)
                spool.add(unit)
        self._ledger.commit()
        self._checkpoint.write("in_progress", self._ledger.totals(name))
        self._progress.start(name, settled + spool.count, settled)
        return settled

    def _present(self, unit: Unit) -> bool:
        asked = getattr(self._stage, "present", None)
        return asked is None or asked(unit, partial(self._ledger.row, self._stage.name, unit.key))

    def hear(self, event: object) -> None:
        match event:
            case Started(unit):
                self._ledger.begin(self._stage.name, unit.key)
            case Settled(unit, outcome, seconds):
                self._ledger.settle(self._stage.name, unit.key, outcome, seconds)
                word = "done" if isinstance(outcome, Done) else "dropped" if isinstance(outcome, Dropped) else "failed"
                self._told[word] += 1
                self._progress.advance(word, unit.input, "" if isinstance(outcome, Done) else outcome.reason)
            case Noted(line):
                self._progress.note(line)
        self._ledger.tick()
        if self._checkpoint.due():
            self._checkpoint.write("in_progress", self._ledger.totals(self._stage.name))

    def end(self, status: str) -> None:
        """The run was stopped. On a full disk even this cannot be written; what was committed before stays."""
        self._progress.end()
        try:
            self._ledger.commit()
            self._ledger.forget_running(self._stage.name)
            self._ledger.end_stage(self._stage.name, status)
            self._checkpoint.write(status, self._ledger.totals(self._stage.name))
        except SetupError as error:
            self._progress.note(f"the checkpoint was not written: {error}")

    def report(self, reused: int, seconds: float) -> PhaseReport:
        name = self._stage.name
        self._ledger.commit()
        self._ledger.end_stage(name, "complete")
        self._checkpoint.write("completed", self._ledger.totals(name))
        report = PhaseReport(
            phase=name.partition(".")[0], done=self._told["done"], dropped=self._told["dropped"],
            failed=self._told["failed"], seconds=seconds, reused=reused,
        )  # fmt: skip
        self._progress.end()
        return report


class _Spool:
    """Units that wait, in order; on disk without a name when they are many."""

    def __init__(self, data: DataDir) -> None:
        self.count = 0
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed in __exit__
            max_size=SPOOL_IN_MEMORY, mode="w+b", dir=str(data.checkpoints)
        )

    def __enter__(self) -> _Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, unit: Unit) -> None:
        try:
            pickle.dump(unit, self._file)
        except OSError as error:
            raise SetupError(
                f"cannot list the work: {error.strerror}; free space and run the same command again"
            ) from error
        self.count += 1

    def units(self) -> Iterator[Unit]:
        self._file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self._file)  # noqa: S301 - written by this process, in a file that has no name


@contextmanager
def stoppable(progress: Progress) -> Iterator[Stopping]:
    """Turns Ctrl-C and SIGTERM into a wish that the engine asks about; outside the main thread nothing is caught."""
    asked = 0
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def hear(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        os.write(writer, b"!")
        if asked == 1:
            progress.note("stopping: finishing what is in flight; Ctrl-C again stops at once, and nothing done is lost")

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield Stopping(lambda: asked, reader)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)
