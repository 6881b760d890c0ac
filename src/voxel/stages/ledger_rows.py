"""What the ledger tells of units, of stages, and of all units of a plan."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
ROW = "key, input, state, reason, counts, info, started_at, finished_at, seconds"
"""The columns that `row_of` takes."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of one unit."""

    key: str
    input: str
    state: str
    """pending, running, done, dropped or failed."""
    reason: str
    counts: dict[str, int]
    info: dict[str, Any]
    started_at: float | None
    """Seconds since the epoch, as `finished_at`."""
    finished_at: float | None
    seconds: float | None
    """How long the worker took."""


class StageRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of one stage's latest run."""

    stage: str
    version: int
    settings: dict[str, Any]
    command: str
    """The command line that ran it; the same one goes on."""
    status: str
    """running, complete or interrupted; running also when the process that ran it was killed."""
    started_at: float
    """When its first run began, which orders the stages."""
    updated_at: float


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How many planned units are in each state."""

    pending: int = 0
    running: int = 0
    done: int = 0
    dropped: int = 0
    failed: int = 0

    @property
    def planned(self) -> int:
        """All units that the present settings ask for."""
        return self.pending + self.running + self.done + self.dropped + self.failed


def row_of(read: tuple[Any, ...]) -> Row:
    """What was read, as a Row."""
    key, name, state, reason, counts, info, started, finished, seconds = read
    return Row(
        key=key, input=name, state=state, reason=reason, counts=_decoded(counts), info=_decoded(info),
        started_at=started, finished_at=finished, seconds=seconds,
    )  # fmt: skip


def _decoded(text: str) -> Any:
    try:
        return _decode(text)
    except msgspec.DecodeError:
        return json.loads(text)  # what cannot be UTF-8 is in it
