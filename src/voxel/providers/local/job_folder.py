"""The folder of one local job: what was asked, what happens, what was made.

request.json      what was asked; written once, before anything else
lock              held by the worker process as long as it lives, however it dies
status.json       how far it is; replaced whole
events.jsonl      one `JobEvent` a line; a line that a kill cut off is passed over
stop              is there when the job was cancelled
log.txt           what the worker's libraries print
checkpoints/      `checkpoint-N/`, whole when it holds `complete`
adapter/          the result, in PEFT's layout (or `model/` when all weights were trained)
merged/           base and adapter in one model, when that was asked for
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from voxel.errors import BadInput, SetupError
from voxel.records.job import Hyperparameter, JobEvent, JobState

COMPLETE = "complete"
Document = TypeVar("Document", bound=msgspec.Struct)


class LocalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is asked to do. Paths are absolute."""

    job_id: str
    token: str
    role: str
    model: str
    training: str
    validation: str = ""
    models_dir: str
    hyperparameters: dict[str, Hyperparameter] = {}
    seed: int
    created_at: datetime


class LocalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a worker is."""

    state: JobState = "queued"
    phase: str = ""
    """waiting, loading, training, saving: what it does now."""
    pid: int = 0
    step: int | None = None
    total_steps: int | None = None
    progress: float | None = None
    loss: float | None = None
    validation_loss: float | None = None
    trained_tokens: int | None = None
    finish_at: datetime | None = None
    fine_tuned_model: str = ""
    error: str = ""


class JobFolder:
    """One job's folder. Reading needs no lock; only the worker writes status and events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.adapter = path / "adapter"
        self.model = path / "model"
        self.merged = path / "merged"
        self.log = path / "log.txt"
        self._events = path / "events.jsonl"
        self._status = path / "status.json"
        self._stop = path / "stop"

    # -- what was asked -----------------------------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether a request was written here, whole."""
        return (self.path / "request.json").is_file()

    def create(self, request: LocalRequest) -> None:
        """Writes the request; one that is there already stays. SetupError when the folder cannot be written."""
        if not self.exists:
            _write(self.path / "request.json", msgspec.json.encode(request))

    def request(self) -> LocalRequest:
        """BadInput when it is damaged."""
        return self._read("request.json", LocalRequest)

    # -- who works on it ----------------------------------------------------------------------------------------------

    def take(self) -> IO[bytes] | None:
        """The lock, held until the returned file and all its duplicates are closed; None when a worker has it."""
        try:
            file = (self.path / "lock").open("wb")
        except OSError as error:
            raise SetupError(f"cannot write {self.path}: {error.strerror}; make it writable") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    @property
    def worked_on(self) -> bool:
        """Whether a worker lives."""
        held = self.take()
        if held is None:
            return True
        held.close()
        return False

    @property
    def stopped(self) -> bool:
        """Whether it was cancelled."""
        return self._stop.exists()

    def stop(self) -> None:
        """From now on it is cancelled."""
        _write(self._stop, b"")

    # -- how far it is ------------------------------------------------------------------------------------------------

    def status(self) -> LocalStatus:
        """With the states that nobody writes: interrupted when its worker is dead, cancelled when it was stopped."""
        worked_on = self.worked_on  # before reading: a worker that ends just now has written its status by then
        status = self.written_status()
        if status.state in ("succeeded", "failed", "cancelled"):
            return status
        if worked_on:
            return msgspec.structs.replace(status, state="stopping") if self.stopped else status
        return msgspec.structs.replace(status, state="cancelled" if self.stopped else "interrupted", finish_at=None)

    def written_status(self) -> LocalStatus:
        """As the worker wrote it last."""
        if not self._status.exists():
            return LocalStatus()
        return self._read("status.json", LocalStatus)

    def write_status(self, status: LocalStatus) -> None:
        """Replaces the status."""
        _write(self._status, msgspec.json.encode(status))

    # -- what happened ------------------------------------------------------------------------------------------------

    def add_event(self, message: str, *, level: str = "info", metrics: dict[str, float] | None = None) -> None:
        """Appends one line, which starts anew after one that was cut off."""
        cut = self._events.exists() and not _ends_line(self._events)
        number = len(self.events()) + 1
        event = JobEvent(
            event_id=f"{self.path.name}/{number}",
            at=datetime.now(UTC),
            level="error" if level == "error" else "warn" if level == "warn" else "info",
            message=message,
            metrics=metrics or {},
        )
        with self._events.open("ab") as file:
            file.write((b"\n" if cut else b"") + msgspec.json.encode(event) + b"\n")

    def events(self) -> list[JobEvent]:
        """All whole ones, the oldest first."""
        if not self._events.exists():
            return []
        events = []
        for line in self._events.read_bytes().splitlines():
            try:
                events.append(msgspec.json.decode(line, type=JobEvent))
            except msgspec.MsgspecError:  # cut off by a kill
                continue
        return events

    # -- checkpoints --------------------------------------------------------------------------------------------------

    def whole_checkpoints(self) -> list[Path]:
        """Those that were written to the end, by step."""
        if not self.checkpoints.is_dir():
            return []
        whole = [held for held in self.checkpoints.glob("checkpoint-*") if (held / COMPLETE).exists()]
        return sorted(whole, key=step_of)

    def drop_broken_checkpoints(self) -> None:
        """Removes those that a kill cut off."""
        whole = set(self.whole_checkpoints())
        for held in self.checkpoints.glob("checkpoint-*"):
            if held not in whole:
                shutil.rmtree(held)

    def _read(self, name: str, kind: type[Document]) -> Document:
        try:
            return msgspec.json.decode((self.path / name).read_bytes(), type=kind)
        except OSError as error:
            raise BadInput(f"cannot read {self.path / name}: {error.strerror}") from error
        except msgspec.MsgspecError as error:
            raise BadInput(f"{self.path / name} is damaged ({error}); submit the job again") from error


def step_of(checkpoint: Path) -> int:
    """The optimizer step of `checkpoint-N`."""
    return int(checkpoint.name.rpartition("-")[2])


def copy_whole(source: Path, target: Path) -> None:
    """Copies a file so that `target` is there whole or not at all. BadInput, SetupError."""
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {source}: {error.strerror}") from error
    _write(target, raw)


def _write(path: Path, raw: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}; free some space or make it writable") from error


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"
