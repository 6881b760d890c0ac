"""Collecting from the network: a run of the sources git and github, kept in the ledger and shown to people.

The book (`checkpoints/collecting.sqlite`) is what the run works from; the ledger hears of every file's outcome about
once a second, so that `voxel status` and the readable checkpoint say the same as for other sources. Files that the
ledger has not heard of when a run is killed are told by the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from voxel.errors import BlendFileError, SetupError
from voxel.records.files import FileRecord, FileState, RepositoryRecord
from voxel.sources import (
    Asked,
    Book,
    Estimate,
    File,
    Limits,
    Repository,
    Services,
    Shelf,
    check,
    estimate,
    gather,
    services_of_environment,
)
from voxel.stages import DataDir, Ledger, PhaseReport, Progress, Totals
from voxel.stages.checkpoints import CheckpointWriter
from voxel.stages.command import again

Result = TypeVar("Result")
STAGE = "scrape"
VERSION = 1
TELL_EVERY_S = 15.0
HEARD_AT_ONCE = 5000
_STATES = {"held": "done", "pending": "pending", "denied": "dropped", "failed": "dropped", "trouble": "failed"}
"""Of the book, in the ledger's words; files in other states are not part of the plan."""


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
        path = self._data.checkpoints / "collecting.sqlite"
        with self._data.hold(), _Ledger(self._data.checkpoints / "ledger.sqlite") as ledger, Book(path) as book:
            run = book.begin(self._asked.selection())
            settings = {"source": self._asked.source, "selection": book.selection}
            ledger.take_over(settings)
            teller = _Teller(book, ledger, CheckpointWriter(self._data, STAGE, self._options), progress)
            settled = sum(book.tally[state] for state in ("held", "denied", "failed")) + book.lost()
            if not self._services.tokens and self._asked.source == "github":
                progress.note("no GITHUB_TOKEN: GitHub allows 60 requests an hour without one, 5,000 with")
            shelf = Shelf(self._data.scraped)
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
                progress.note(f"{STAGE}: {requests:,} requests")
            finally:
                teller.end(status)
                write_lists(book, self._data.scraped, self._asked.source, self._services)
                progress.end()
            totals = teller.totals()
            return PhaseReport(
                phase=STAGE, done=totals.done, dropped=totals.dropped, failed=totals.failed,
                seconds=time.monotonic() - began, reused=min(settled, totals.done + totals.dropped),
            )  # fmt: skip

    def _hiding(self, note: Callable[[str], None]) -> Callable[[str], None]:
        return lambda line: note(self._services.hide(line))


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
    """The ledger, told of files one by one instead of from a plan."""

    def __enter__(self) -> _Ledger:
        return self

    def take_over(self, settings: Mapping[str, Any]) -> None:
        """Begins the stage; what another selection or source had planned is planned no longer."""
        if not any(row.stage == STAGE and row.settings == dict(settings) for row in self.stages()):
            self._write("UPDATE unit SET seq = NULL WHERE stage = ? AND seq IS NOT NULL", (STAGE,))
        self.begin_stage(STAGE, VERSION, settings, again())

    def tell(self, told: Iterable[tuple[str, str, int, str, str]]) -> None:
        """Keeps `(key, input, position, state, reason)` of each; an empty state takes it from the plan."""
        now = time.time()
        for key, name, seq, state, reason in told:
            self._write(
                "INSERT OR REPLACE INTO unit (stage, key, input, seq, state, reason, finished_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (STAGE, key, name, seq if state else None, state or "dropped", reason, now),
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
                f"{STAGE}: {repositories:,} repositories, {totals.done:,} files held, {totals.dropped:,} dropped, "
                f"{totals.pending:,} to fetch; {requests:,} requests"
            )

    def end(self, status: str) -> None:
        """The run has ended: everything is told."""
        while self._tell(HEARD_AT_ONCE):
            pass
        lost = []
        for repository, _, _ in self._book.all_repositories():
            state = {"failed": "dropped", "trouble": "failed"}.get(repository.state, "")
            key = _key(repository.name, "")
            if state:
                self._lost[repository.state] += 1
                lost.append((key, repository.name, repository.id, state, repository.reason))
            else:
                lost.append((key, repository.name, repository.id, "", ""))
        self._ledger.tell(lost)
        self._ledger.end_stage(STAGE, "complete" if status == "completed" else status)
        self._checkpoint.write(status, self.totals())

    def _tell(self, count: int) -> int:
        untold = self._book.untold(count)
        self._ledger.tell(
            (
                _key(name, file.path),
                f"{name}/{file.path}",
                file.id,
                _STATES.get(file.state, "") if selection == self._book.selection else "",
                file.reason,
            )
            for file, name, selection in untold
        )
        self._book.told(file for file, _, _ in untold)
        return len(untold)


def _key(repository: str, path: str) -> str:
    return hashlib.sha256(json.dumps([STAGE, VERSION, repository.lower(), path]).encode()).hexdigest()


def linked_paths(blend: Path) -> list[str]:
    """What a .blend file needs from beside it: its `//` paths, without the slashes; outputs are not needed."""
    from voxel.blendfile import inventory

    try:
        external = inventory(blend).external
    except BlendFileError:
        return []  # the parse phase says why
    return [one.path.text[2:] for one in external if one.path.relative and not one.packed and one.kind != "output"]


# -- the lists --------------------------------------------------------------------------------------------------------


def write_lists(book: Book, scraped: Path, source: str, services: Services) -> None:
    """scraped/files.jsonl and scraped/repositories.jsonl, streamed from the book, each replaced whole."""
    told: dict[str, tuple[FileState, str]] = {}
    with _replacing(scraped / "files.jsonl") as write:
        for record in _files(book, source, services):
            if record.state in ("denied", "failed"):
                before = told.get(record.repo)
                if before is None or (before[0] == "failed" and record.state == "denied"):
                    told[record.repo] = (record.state, record.reason)
            write(record)
    with _replacing(scraped / "repositories.jsonl") as write:
        for repository, licences, held in book.all_repositories():
            state: FileState = "held" if held else "failed"
            reason = "" if held else repository.reason
            if not held and not reason:
                state, reason = told.get(repository.name, ("failed", "not collected yet"))
            record_of_it = RepositoryRecord(
                repo=repository.name,
                id=repository.number,
                default_branch=repository.branch,
                commit=repository.pin,
                license=licences or repository.api_licence,
                stars=repository.stars,
                state=state,
                reason=services.hide(reason),
            )
            write(record_of_it)


def _files(book: Book, source: str, services: Services) -> Iterator[FileRecord]:
    # which bytes were seen before is asked of a temporary table: a million names need not be in memory
    seen = sqlite3.connect("")
    try:
        seen.execute("CREATE TABLE seen (sha256 TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")
        for file, repository in book.files():
            if file.state == "pending":
                continue
            state: FileState = "failed" if file.state == "trouble" else file.state  # type: ignore[assignment]
            reason = file.reason
            if state == "held":
                place = f"{repository.name}:{file.path}"
                if not seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (file.sha256, place)).rowcount:
                    first = seen.execute("SELECT place FROM seen WHERE sha256 = ?", (file.sha256,)).fetchone()[0]
                    state, reason = "duplicate", f"the same bytes as {first}"
            yield _record(file, repository, state, reason, source, services)
    finally:
        seen.close()


def _record(
    file: File, repository: Repository, state: FileState, reason: str, source: str, services: Services
) -> FileRecord:
    home = repository.url or f"{services.server}/{repository.name}"
    look = f"{home}/blob/{repository.pin}/{quote(file.path)}" if home.startswith("http") else home
    return FileRecord(
        repo=repository.name, commit=repository.pin, path=file.path, url=services.hide(look), blob_sha=file.git,
        sha256=file.sha256, size=file.size, kind=file.kind, license=file.licence,  # type: ignore[arg-type]
        attribution=file.attribution, state=state, reason=services.hide(reason), fetched_at=file.fetched_at,
        source=source,
    )  # fmt: skip


@contextmanager
def _replacing(path: Path) -> Iterator[Callable[[msgspec.Struct], None]]:
    """Writes lines beside `path` and puts them in its place when all are there."""
    encoder = msgspec.json.Encoder()
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("wb") as file:

            def write(record: msgspec.Struct) -> None:
                file.write(encoder.encode(record) + b"\n")

            yield write
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}; free space or take another --data-dir") from error
