"""Mended failures as a source of training data: each script that was proved is collected like a script of a person.

    deployment/failures/*.json, state mended  ->  scraped/blobs, scraped/files.jsonl (source `failures`)

The build phase runs each again, tells its facts and proves the example. What comes from failures always goes to train:
a test set that holds what a model was caught at would no longer say how it does elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from voxel.records import FileRecord, Split
from voxel.records.deployment import Failure
from voxel.records.files import FAILURES
from voxel.sources.candidate import blob_sha
from voxel.stages import (
    DataDir,
    Done,
    Outcome,
    PhaseReport,
    Progress,
    Unit,
    Work,
    blob_name,
    run_stage,
    unit_key,
    write_atomic,
)
from voxel.training.data_collection.listing import list_anew, stage_of
from voxel.training.deployment.failures import Failures

LICENSE = "LicenseRef-Own"
"""What was asked here and mended here belongs to whoever runs this."""


def repo_of(role: str) -> str:
    """The repository that a role's mended failures count as."""
    return f"{FAILURES}/{role}"


class MendedStage:
    """One unit per mended failure, known by its id and its script."""

    name = stage_of(FAILURES)
    version = 1

    def __init__(self, data: DataDir) -> None:
        self._data = data

    @property
    def settings(self) -> Mapping[str, Any]:
        """Where they come from."""
        return {"source": FAILURES}

    def units(self) -> Iterator[Unit]:
        """The oldest first."""
        for failure in mended(self._data):
            yield Unit(key=unit_key(self, [failure.id, failure.code]), input=failure.id, payload=failure)

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Keeps one script after another."""

        def keep(unit: Unit) -> Outcome:
            failure: Failure = unit.payload
            code = failure.code.encode()
            sha256 = hashlib.sha256(code).hexdigest()
            self._data.storage.write(blob_name(sha256), code)
            record = FileRecord(
                repo=repo_of(failure.role),
                commit="",
                path=f"{failure.id}.py",
                url="",
                blob_sha=blob_sha(code),
                sha256=sha256,
                size=len(code),
                kind="script",
                license=LICENSE,
                attribution="mended by " + failure.how,
                state="held",
                reason="",
                fetched_at=failure.at,
                source=FAILURES,
            )
            return Done(info=msgspec.to_builtins(record))

        yield keep


def mended(data: DataDir) -> list[Failure]:
    """The failures that have a proved script, the oldest first."""
    return [failure for failure in Failures(data).all() if failure.state == "mended" and failure.code]


def take_in(data: DataDir, progress: Progress | None = None) -> PhaseReport:
    """Collects every mended failure, and sees to it that all of them go to train."""
    with data.create().hold():
        found = mended(data)
        _to_train(data.datasets / "splits.json", sorted({repo_of(failure.role) for failure in found}))
        report = run_stage(MendedStage(data), data, workers=1, progress=progress)
        list_anew(data)
    return report


def _to_train(path: Path, repositories: list[str]) -> None:
    """Gives the repositories their split before the build phase draws one."""
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, Split])
    except FileNotFoundError:
        known = {}
    wanted: dict[str, Split] = {**known, **dict.fromkeys(repositories, "train")}
    if wanted != known:
        write_atomic(path, msgspec.json.format(msgspec.json.encode(dict(sorted(wanted.items())))) + b"\n")
