"""What a stage is: a pure step from one unit of work to one outcome.

A stage lists its units in the driver process and works on them in worker processes. The runner (`run_stage`) skips
what the ledger already knows, hands the rest to an engine, and keeps every outcome. A stage never writes the ledger
itself; its worker callable writes outputs with `write_atomic` to a path named by content or by key, and the driver
marks the unit done afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import msgspec


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work."""

    key: str
    """From `unit_key`: the same key means the same result."""
    input: str
    """What a person recognises it by: a path or a sha256."""
    payload: Any = None
    """What the worker needs; must be picklable."""


class Done(msgspec.Struct, frozen=True):
    """The unit's outputs lie on disk."""

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    """Numbers that add up over units, such as `{"objects": 12}`."""
    info: dict[str, Any] = msgspec.field(default_factory=dict)
    """JSON-able facts about this unit that later steps read back from the ledger."""


class Dropped(msgspec.Struct, frozen=True):
    """This input cannot be used; it is not tried again under the same key."""

    reason: str
    info: dict[str, Any] = msgspec.field(default_factory=dict)


class Failed(msgspec.Struct, frozen=True):
    """Trouble that may pass; the next run tries again."""

    reason: str
    info: dict[str, Any] = msgspec.field(default_factory=dict)


Outcome = Done | Dropped | Failed
Work = Callable[[Unit], Outcome]


class Stage(Protocol):
    """One step of the pipeline. Instances must be picklable: each worker process gets a copy.

    Three further members are optional:
    `present(unit, row) -> bool` is asked in the driver, for a unit that the ledger calls done, whether its outputs are
    still there, and are still its own where others can write to the same place; when not, the unit is done again.
    `row()` is what the ledger knows of it. `others(input) -> bool` is asked for a unit that an earlier
    run planned and this one does not list: true keeps it in the plan, as it is. `options` is a JSON-able mapping that
    goes into the readable checkpoint, so that `from_checkpoint` can build the phase again.
    """

    name: str
    """The phase, or `phase.step` where a phase has several stages."""
    version: int
    """Raise it when the code's results change."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """JSON-able; part of every key, so a changed setting does its units again."""
        ...

    def units(self) -> Iterator[Unit]:
        """All units that the present settings ask for, streamed, in a deterministic order, in the driver process."""
        ...

    def open(self) -> AbstractContextManager[Work]:
        """Entered once in each worker process (again after a `BoxError`): for example starts a warm Blender,
        or takes the one that is `shared`.

        The callable may raise instead of returning: `BadInput` counts as dropped, `TryLater` as failed, `BoxError`
        opens the stage afresh and tries the unit once more, `SetupError` and `UsageError` stop the phase. Anything
        else is a bug and counts as failed, with the place where it was raised.
        """
        ...


class PhaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of one phase over everything that the present settings ask for."""

    phase: str
    done: int
    dropped: int
    failed: int
    seconds: float
    """Wall time of this run."""
    reused: int
    """How many of `done` and `dropped` were settled by earlier runs."""


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def code_digest(files: Iterable[Path]) -> str:
    """Names code that results depend on, for a stage's settings: 16 hex digits of the sha256 of names and contents."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def unit_key(stage: Stage, input_identity: Any) -> str:
    """sha256, 64 hex digits, of stage name, version, settings and `input_identity` (JSON-able) as canonical JSON."""
    return unit_keys(stage)(input_identity)


def unit_keys(stage: Stage) -> Callable[[Any], str]:
    """`unit_key` for many units of one stage, whose name, version and settings are looked at once."""
    head = hashlib.sha256(_canonical([stage.name, stage.version, dict(stage.settings)])[:-1].encode("ascii"))

    def key(input_identity: Any) -> str:
        digest = head.copy()
        digest.update(f",{_canonical(input_identity)}]".encode("ascii"))
        return digest.hexdigest()

    return key
