"""Jobs in the ledger, and `training_jobs.json` beside it for people.

Jobs have a table of their own in `checkpoints/ledger.sqlite`: a unit of a stage is done once and for ever, while a
job belongs to a service and goes on changing. Every write is flushed to the disk before it returns, because money may
follow it. The readable file is written after it, whole; each of the two restores the other when one is lost.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from voxel.errors import SetupError
from voxel.records.job import Job
from voxel.stages import DataDir, write_atomic

_TABLE = """
CREATE TABLE IF NOT EXISTS job (
    job_id TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at TEXT NOT NULL,
    document TEXT NOT NULL
) WITHOUT ROWID;
"""


class JobsView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `training_jobs.json`."""

    task: str = "Fine-tune a model for each role"
    status: str
    """idle, in_progress or completed."""
    started_at: datetime
    last_updated: datetime
    progress: dict[str, int]
    """How many jobs are in each state."""
    next_steps: list[str]
    """Commands."""
    jobs: list[Job]


class JobsLedger:
    """Opens the jobs of `data`, making what is missing. Used by one thread; several processes may have it open.

    SetupError when a file cannot be read or written.
    """

    def __init__(self, data: DataDir) -> None:
        self.view_path = data.training_jobs / "training_jobs.json"
        self._locks = data.training_jobs / "locks"
        self._path = data.checkpoints / "ledger.sqlite"
        self._option = data.option
        try:
            for folder in (data.checkpoints, self._locks):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"cannot write in {data.root}: {error.strerror}; take another --data-dir") from error
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode = WAL")
            # the intent must be on the disk before money is spent, also when the power goes
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(_TABLE)
        except sqlite3.Error as error:
            raise SetupError(f"{self._path}: {error}; make it writable or take another --data-dir") from error
        self._restore()

    def close(self) -> None:
        """Nothing is pending: every write was flushed."""
        self._db.close()

    def _restore(self) -> None:
        """Takes in jobs that only the readable file knows, and writes that file anew when it is missing."""
        if not self.view_path.exists():
            if self.jobs():
                self._write_view()
            return
        try:
            view = msgspec.json.decode(self.view_path.read_bytes(), type=JobsView)
        except msgspec.MsgspecError as error:
            if self.jobs():
                self._write_view()
                return
            raise SetupError(f"{self.view_path} is damaged ({error}) and the ledger is empty; move it away") from error
        known = {job.job_id for job in self.jobs()}
        lost = [job for job in view.jobs if job.job_id not in known]
        if lost:
            self.keep(*lost)

    # -- reading ------------------------------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """All of them, the oldest first."""
        return self._read("SELECT document FROM job ORDER BY created_at, job_id", ())

    def get(self, name: str) -> Job | None:
        """By Voxel's name for it or by the service's."""
        found = self._read("SELECT document FROM job WHERE job_id = ?", (name,))
        if found:
            return found[0]
        return next((job for job in self.jobs() if name and job.service_id == name), None)

    def latest(self, request: str) -> Job | None:
        """The last attempt at this request."""
        found = self._read("SELECT document FROM job WHERE request = ? ORDER BY attempt DESC LIMIT 1", (request,))
        return found[0] if found else None

    def _read(self, statement: str, values: tuple[str, ...]) -> list[Job]:
        try:
            return [msgspec.json.decode(row[0], type=Job) for row in self._db.execute(statement, values)]
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise SetupError(
                f"{self._path} is damaged: {error}; training_jobs.json beside it restores the jobs"
            ) from error

    # -- writing ------------------------------------------------------------------------------------------------------

    def keep(self, *jobs: Job) -> None:
        """Writes these jobs as they are now, all or none, then the readable file."""
        if not jobs:
            return
        rows = [
            (
                job.job_id,
                job.request,
                job.attempt,
                job.state,
                job.created_at.isoformat(),
                msgspec.json.encode(job).decode(),
            )
            for job in jobs
        ]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise SetupError(f"cannot write {self._path}: {error}; nothing was sent") from error
        self._write_view()

    def _write_view(self) -> None:
        # two processes must not write an older view over a newer one
        with self._flock("view"):
            jobs = self.jobs()
            encoded = msgspec.json.format(msgspec.json.encode(self._view(jobs)), indent=2)
            write_atomic(self.view_path, encoded + b"\n")

    def _view(self, jobs: list[Job]) -> JobsView:
        now = datetime.now(UTC)
        counts: dict[str, int] = {}
        for job in jobs:
            counts[job.state] = counts.get(job.state, 0) + 1
        active = [job for job in jobs if not job.final]
        return JobsView(
            status="in_progress" if active else "completed" if jobs else "idle",
            started_at=jobs[0].created_at if jobs else now,
            last_updated=now,
            progress=counts,
            next_steps=[step + self._option for step in _next_steps(active)],
            jobs=jobs,
        )

    # -- locks --------------------------------------------------------------------------------------------------------

    @contextmanager
    def alone(self, request: str) -> Iterator[None]:
        """Keeps other processes from carrying out the same request; waits for one that does."""
        with self._flock(request[:32]):
            yield

    @contextmanager
    def _flock(self, name: str) -> Iterator[None]:
        path = self._locks / f"{name}.lock"
        try:
            file = path.open("w")
        except OSError as error:
            raise SetupError(f"cannot write {path}: {error.strerror}; take another --data-dir") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _next_steps(active: Iterable[Job]) -> list[str]:
    waiting = list(active)
    steps = [resume_command(job) for job in waiting if not job.placed or job.state == "interrupted"]
    if any(job.placed for job in waiting):
        steps.append("voxel jobs monitor")
    return steps or ["voxel jobs submit", "voxel evaluate"]


def resume_command(job: Job) -> str:
    """The command that goes on with this job."""
    words = [
        "voxel jobs submit",
        f"--provider {job.provider}",
        f"--role {job.role}",
        f"--train {_path(job.training_file.path)}",
    ]
    if job.validation_file:
        words.append(f"--val {_path(job.validation_file.path)}")
    words.append(f"--model {job.model}")
    if job.suffix:
        words.append(f"--suffix {job.suffix}")
    return " ".join(words)


def _path(path: str) -> str:
    return f"'{path}'" if " " in path else str(Path(path))
