"""How far a data directory is: every phase with what is done, left and failing, and the command that goes on."""

from __future__ import annotations

from datetime import datetime

import msgspec

from voxel.stages import DataDir, Ledger, StageRow, holder
from voxel.training.fine_tuning.noting import PROVIDERS, command, dataset_digest

_ORDER = ("scrape", "parse", "build", "teach", "sketch", "format", "evaluate")


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why units were not done."""

    state: str
    """dropped or failed."""
    reason: str
    count: int


class PhaseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one phase; numbers count what its last settings asked for."""

    phase: str
    status: str
    """complete, running, interrupted, or not run: for the dataset that there is now."""
    planned: int
    done: int
    left: int
    """Not settled yet: pending, running or failed."""
    dropped: int
    failed: int
    updated_at: str
    reasons: list[Reason]
    next: str
    """The command that goes on; empty when nothing is left."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A data directory's phases in the order in which they first ran."""

    phases: list[PhaseStatus]
    busy: str
    """The process that works there now, as `process PID (command)`; empty when there is none."""

    @property
    def next(self) -> str:
        """The command that goes on; empty when nothing is left."""
        return next((phase.next for phase in self.phases if phase.next), "")


def standing(data: DataDir) -> Standing:
    """Reads the ledger. SetupError when there is none yet, or when it cannot be read."""
    busy = holder(data)
    with Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
        stages = ledger.stages()
        phases = [_status(ledger, stage, running=busy is not None) for stage in stages]
    if not busy and (stale := _format_not_run(data, stages)):
        phases = [*(phase for phase in phases if phase.phase != "format"), stale]
    return Standing(phases=sorted(phases, key=_place), busy=busy or "")


def _place(phase: PhaseStatus) -> int:
    """In the order in which data moves, whichever was begun first."""
    name = phase.phase.partition(".")[0]
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _status(ledger: Ledger, stage: StageRow, *, running: bool) -> PhaseStatus:
    totals = ledger.totals(stage.stage)
    left = totals.pending + totals.running + totals.failed
    # a run that was killed could not write that it had ended
    status = "interrupted" if stage.status == "running" and not running else stage.status
    return PhaseStatus(
        phase=stage.stage,
        status=status,
        planned=totals.planned,
        done=totals.done,
        left=left,
        dropped=totals.dropped,
        failed=totals.failed,
        updated_at=_when(stage.updated_at),
        reasons=[
            Reason(state=state, reason=reason, count=count) for state, reason, count in ledger.reasons(stage.stage)
        ],
        next=stage.command if left or status != "complete" else "",
    )


def _format_not_run(data: DataDir, stages: list[StageRow]) -> PhaseStatus | None:
    """The phase `format` when it has not seen the dataset that lies there now; None when it has."""
    dataset = dataset_digest(data)
    formatted = next((stage for stage in stages if stage.stage == "format"), None)
    if not dataset or (formatted and formatted.settings == {"dataset": dataset}):
        return None
    newest = max(path.stat().st_mtime for path in data.datasets.glob("*.jsonl"))
    return PhaseStatus(
        phase="format",
        status="not run",
        planned=len(PROVIDERS),
        done=0,
        left=len(PROVIDERS),
        dropped=0,
        failed=0,
        updated_at=_when(newest),
        reasons=[],
        next=command(data),
    )


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
