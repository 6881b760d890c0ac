"""The ledger's account of the format phase: one unit per provider, known by the dataset that was formatted.

`voxel status` reads it, so that a phase that was stopped, or that knew another dataset, does not look finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from voxel.errors import SetupError
from voxel.records.example import SPLITS
from voxel.stages import DataDir, Done, Ledger, Unit

STAGE = "format"
VERSION = 1
PROVIDERS = ("openai", "claude", "local")


@contextmanager
def noted(data: DataDir, provider: str) -> Iterator[None]:
    """Notes that a provider's files are being written, and how that ended; without a dataset nothing is noted."""
    dataset = dataset_digest(data)
    if not dataset:
        yield
        return
    with Ledger(data.checkpoints / "ledger.sqlite") as ledger:
        units = {name: Unit(key=_key(name, dataset), input=name) for name in PROVIDERS}
        same = any(row.stage == STAGE and row.settings == {"dataset": dataset} for row in ledger.stages())
        ledger.begin_stage(STAGE, VERSION, {"dataset": dataset}, command(data))
        ledger.forget_running(STAGE)
        for unit, state in list(ledger.plan(STAGE, units.values())):
            if state == "done" and not same:  # files of another dataset have taken the place of what was done then
                ledger.reset(STAGE, unit.key)
        ledger.begin(STAGE, units[provider].key)
        ledger.commit()
        try:
            yield
        except BaseException:
            _interrupted(ledger)
            raise
        ledger.settle(STAGE, units[provider].key, Done(), 0.0)
        ledger.end_stage(STAGE, "complete")


def _interrupted(ledger: Ledger) -> None:
    try:
        ledger.forget_running(STAGE)
        ledger.end_stage(STAGE, "interrupted")
    except SetupError:
        return  # on a full disk not even this can be written: what was begun has then no end, which says the same


def dataset_digest(data: DataDir) -> str:
    """sha256 over the files of the dataset, in hex; empty when one is missing."""
    digest = hashlib.sha256()
    for split in SPLITS:
        path = data.datasets / f"{split}.jsonl"
        if not path.exists():
            return ""
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def command(data: DataDir) -> str:
    """The command that formats this data directory."""
    return f"voxel format{data.option}"


def _key(provider: str, dataset: str) -> str:
    return hashlib.sha256(json.dumps([STAGE, VERSION, provider, dataset]).encode()).hexdigest()
