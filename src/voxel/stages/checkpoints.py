"""The readable view of a phase beside the ledger: what people open, and what `from_checkpoint` accepts.

The ledger is the truth; these files are written from it, at most once a second, whole, and at the end of a phase.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from voxel.errors import UsageError
from voxel.stages.command import again
from voxel.stages.datadir import DataDir
from voxel.stages.ledger_rows import Totals
from voxel.stages.writing import write_atomic

WRITE_EVERY_S = 1.0


class Shown(NamedTuple):
    """How a phase appears to people."""

    file: str
    task: str
    next: str


PHASES = {
    "scrape": Shown("scraping_checkpoint.json", "Collect .blend files", "voxel parse"),
    "parse": Shown("parsing_checkpoint.json", "Load every file in Blender and keep its scene", "voxel build"),
    "build": Shown("dataset_checkpoint.json", "Write examples and prove each one in Blender", "voxel format"),
}


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One readable checkpoint."""

    task: str
    status: str
    """in_progress, completed or interrupted."""
    started_at: str
    """ISO 8601 with zone, as `last_updated`."""
    last_updated: str
    progress: dict[str, Any]
    """`{stage: {planned, pending, running, done, dropped, failed}}`."""
    next_steps: list[str]
    """Commands."""
    options: dict[str, Any] = {}
    """What `from_checkpoint` hands to the phase, beside the data directory."""


def checkpoint_path(data: DataDir, phase: str) -> Path:
    """Where the checkpoint of `phase` (scrape, parse or build) lies."""
    return data.checkpoints / PHASES[phase].file


def read_checkpoint(path: str | Path) -> Checkpoint:
    """UsageError when `path` is missing or is no checkpoint."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Checkpoint)
    except OSError as error:
        raise UsageError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path} is not a checkpoint: {error}") from error


def data_dir_of(checkpoint: str | Path) -> Path:
    """The data directory that a checkpoint file lies in."""
    return Path(checkpoint).absolute().parent.parent


class CheckpointWriter:
    """Writes the checkpoint of one stage's run; silent for stages whose phase has none."""

    def __init__(self, data: DataDir, stage: str, options: dict[str, Any]) -> None:
        phase = stage.partition(".")[0]
        self._stage = stage
        self._shown = PHASES.get(phase)
        self._path = data.checkpoints / self._shown.file if self._shown else None
        self._options = options
        self._started = _now()
        self._written = 0.0
        self._again = again()
        self._option = data.option

    def due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return self._path is not None and time.monotonic() - self._written >= WRITE_EVERY_S

    def write(self, status: str, totals: Totals) -> None:
        """Replaces the file, keeping what other stages of the same phase wrote there."""
        if self._path is None or self._shown is None:
            return
        self._written = time.monotonic()
        progress: dict[str, Any] = {}
        if "." in self._stage and self._path.exists():
            progress = dict(read_checkpoint(self._path).progress)
        progress[self._stage] = {"planned": totals.planned, **msgspec.structs.asdict(totals)}
        unfinished = status != "completed" or totals.failed
        following = [f"{self._shown.next}{self._option}", f"voxel status{self._option}"]
        checkpoint = Checkpoint(
            task=self._shown.task,
            status=status,
            started_at=self._started,
            last_updated=_now(),
            progress=progress,
            next_steps=[self._again, *following] if unfinished else following,
            options=self._options,
        )
        encoded = msgspec.json.format(msgspec.json.encode(_storable(msgspec.to_builtins(checkpoint))), indent=2)
        write_atomic(self._path, encoded + b"\n")


def _storable(value: Any) -> Any:
    """The same value with every string made UTF-8: file names may hold other bytes."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_storable(key): _storable(held) for key, held in value.items()}
        case list():
            return [_storable(held) for held in value]
        case _:
            return value


def _now() -> str:
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")
