"""Collecting from the network: a run of the sources git and github, kept in the ledger and shown to people.

The book (`checkpoints/collecting.sqlite`) is what the run works from; the ledger hears of every file's outcome about
once a second, so that `voxel status` and the readable checkpoint say the same as for other sources. Files that the
ledger has not heard of when a run is killed are told by the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from voxel.errors import BlendFileError
from voxel.sources import Book, services_of_environment
from voxel.sources.gathering import Limits
from voxel.sources.remote import Asked, Estimate, check, estimate, gather
from voxel.sources.shelf import Blobs, Shelf
from voxel.stages import DataDir, Ledger, PhaseReport, Progress, Storage, Totals, blob_name
from voxel.stages.checkpoints import CheckpointWriter
from voxel.stages.command import again
from voxel.training.data_collection.listing import PHASE, book_path, stage_of, write_lists

Result = TypeVar("Result")
VERSION = 1
TELL_EVERY_S = 15.0
HEARD_AT_ONCE = 5000
_STATES = {"held": "done", "pending": "pending", "denied": "dropped", "failed": "dropped", "trouble": "failed"}
"""Of the book, in the ledger's words; files in other states are not part of the plan."""
_SETTLED = ("held", "denied", "failed")
"""States in which a file of an earlier selection stays in the plan."""


class Collection:
    """One phase over the network sources: what is asked for, and within which limits."""

    def __init__(self, data: DataDir, asked: Asked, limits: Limits, options: Mapping[str, Any]) -> None:
        self._data = data
        self._asked = asked
        self._limits = limits
        self._options = dict(options)
        self._services = services_of_environment()
        check(asked, self._services)

    def estimate(self, progress: Progress | None = None) -> Estimate:
        """What `run` would do from nothing; downloads no file."""
        note = (progress or Progress()).note
        with tempfile.TemporaryDirectory() as folder:
            shelf = Shelf(Path(folder))
            return _finish(estimate(self._asked, self._services, shelf, self._limits, self._hiding(note)))

    def run(self, progress: Progress | None = None) -> PhaseReport:
        """Collects what is not held yet, then writes files.jsonl and repositories.jsonl.

        KeyboardInterrupt after Ctrl-C or SIGTERM; what was finished stays. UsageError, SetupError as `gather` raises.
        """
        progress = progress or Progress()
        began = time.monotonic()
        source, ledger_path = self._asked.source, self._data.checkpoints / "ledger.sqlite"
        with self._data.hold(), _Ledger(ledger_path, source) as ledger, Book(book_path(self._data)) as book:
            run = book.begin(source, self._asked.selection())
            ledger.take_over({"source": source, "selection": book.selection})
            teller = _Teller(book, ledger, CheckpointWriter(self._data, ledger.stage, self._options), progress)
            settled = sum(book.tally[state] for state in ("held", "denied", "failed")) + book.lost()
            if not self._services.tokens and source == "github":
                progress.note("no GITHUB_TOKEN: GitHub allows 60 requests an hour without one, 5,000 with")
            shelf = Shelf(self._data.scraped, _elsewhere(self._data))
            note = self._hiding(progress.note)
            work = gather(
                self._asked, self._services, book, shelf, self._limits, linked_paths,
                run=run, heard=teller.hear, note=note,
            )  # fmt: skip
            status = "interrupted"
            try:
                requests = _finish(work)
                book.complete()
                status = "completed"
                progress.note(f"{PHASE}: {requests:,} requests")
            finally:
                teller.end(status)
                write_lists(self._data, ledger, book, self._services)
                progress.end()
            totals = teller.totals()
            return PhaseReport(
                phase=PHASE, done=totals.done, dropped=totals.dropped, failed=totals.failed,
                seconds=time.monotonic() - began, reused=min(settled, totals.done + totals.dropped),
            )  # fmt: skip

    def _hiding(self, note: Callable[[str], None]) -> Callable[[str], None]:
        return lambda line: note(self._services.hide(line))


class _Elsewhere:
    """The storage of a data directory that keeps its bytes in another place, as the sources know it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def has(self, sha256: str) -> bool:
        return self._storage.size(blob_name(sha256)) is not None

    def take(self, path: Path, sha256: str) -> None:
        self._storage.put(blob_name(sha256), path)

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        return self._storage.local(blob_name(sha256))


def _elsewhere(data: DataDir) -> Blobs | None:
    if not data.stores_elsewhere:
        return None
    data.storage.clean()
    return _Elsewhere(data.storage)


def _finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine to its end; Ctrl-C and SIGTERM cancel it and become KeyboardInterrupt."""

    async def main() -> Result:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


class _Ledger(Ledger):
    """The ledger, told of one source's files one by one instead of from a plan."""

    def __init__(self, path: Path, source: str) -> None:
        super().__init__(path)
        self.stage = stage_of(source)

    def __enter__(self) -> _Ledger:
        return self

    def take_over(self, settings: Mapping[str, Any]) -> None:
        """Begins the stage; what another selection had left to do is planned no longer, what it had done still is."""
        if not any(row.stage == self.stage and row.settings == dict(settings) for row in self.stages()):
            self._write(
                "UPDATE unit SET seq = NULL WHERE stage = ? AND seq IS NOT NULL AND state NOT IN ('done', 'dropped')",
                (self.stage,),
            )
        self.begin_stage(self.stage, VERSION, settings, again())

    def tell(self, told: Iterable[tuple[str, str, int, str, str]]) -> None:
        """Keeps `(key, input, position, state, reason)` of each; an empty state takes it from the plan."""
        now = time.time()
        for key, name, seq, state, reason in told:
            self._write(
                "INSERT OR REPLACE INTO unit (stage, key, input, seq, state, reason, finished_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self.stage, key, name, seq if state else None, state or "dropped", reason, now),
            )
        self.commit()


class _Teller:
    """Passes on what happens: to the ledger, the readable checkpoint, and a person."""

    def __init__(self, book: Book, ledger: _Ledger, checkpoint: CheckpointWriter, progress: Progress) -> None:
        self._book = book
        self._ledger = ledger
        self._checkpoint = checkpoint
        self._progress = progress
        self._lost = {"failed": 0, "trouble": 0}
        self._told = time.monotonic()
        checkpoint.write("in_progress", self.totals())

    def totals(self) -> Totals:
        """Files, and repositories that could not be listed."""
        tally = self._book.tally
        return Totals(
            pending=tally["pending"],
            done=tally["held"],
            dropped=tally["denied"] + tally["failed"] + self._lost["failed"],
            failed=tally["trouble"] + self._lost["trouble"],
        )

    def hear(self, requests: int) -> None:
        """Something has changed."""
        if self._checkpoint.due():
            self._tell(HEARD_AT_ONCE)
            self._checkpoint.write("in_progress", self.totals())
        now = time.monotonic()
        if now - self._told >= TELL_EVERY_S:
            self._told = now
            totals, (repositories, _) = self.totals(), self._book.count()
            self._progress.note(
                f"{PHASE}: {repositories:,} repositories, {totals.done:,} files held, {totals.dropped:,} dropped, "
                f"{totals.pending:,} to fetch; {requests:,} requests"
            )

    def end(self, status: str) -> None:
        """The run has ended: everything is told."""
        while self._tell(HEARD_AT_ONCE):
            pass
        lost = []
        for repository in self._book.selected():
            state = {"failed": "dropped", "trouble": "failed"}.get(repository.state, "")
            key = self._key(repository.name, "")
            if state:
                self._lost[repository.state] += 1
                lost.append((key, repository.name, repository.id, state, repository.reason))
            else:
                lost.append((key, repository.name, repository.id, "", ""))
        self._ledger.tell(lost)
        self._ledger.end_stage(self._ledger.stage, "complete" if status == "completed" else status)
        self._checkpoint.write(status, self.totals())

    def _tell(self, count: int) -> int:
        untold = self._book.untold(count)
        self._ledger.tell(
            (
                self._key(name, file.path),
                f"{name}/{file.path}",
                file.id,
                _STATES.get(file.state, "") if selection == self._book.selection or file.state in _SETTLED else "",
                file.reason,
            )
            for file, name, selection in untold
        )
        self._book.told(file for file, _, _ in untold)
        return len(untold)

    def _key(self, repository: str, path: str) -> str:
        return hashlib.sha256(json.dumps([self._ledger.stage, VERSION, repository.lower(), path]).encode()).hexdigest()


def linked_paths(blend: Path) -> list[str]:
    """What a .blend file needs from beside it: its `//` paths, without the slashes; outputs are not needed."""
    from voxel.blendfile import inventory

    try:
        external = inventory(blend).external
    except BlendFileError:
        return []  # the parse phase says why
    return [one.path.text[2:] for one in external if one.path.relative and not one.packed and one.kind != "output"]
