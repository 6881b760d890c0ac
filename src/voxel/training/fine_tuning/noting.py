"""The ledger's account of the format phase: one unit per provider, known by the dataset and the code that formats it.

`voxel status` reads it, so that a phase that was stopped, or that knew another dataset, does not look finished; and a
formatter learns from it that its files are as it has written them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec

import voxel
from voxel.errors import SetupError
from voxel.records.example import SPLITS
from voxel.stages import DataDir, Done, Ledger, Unit, code_digest, digests

STAGE = "format"
VERSION = 1
PROVIDERS = ("openai", "claude", "local")


class Written(msgspec.Struct, kw_only=True):
    """What a formatter has made of a dataset."""

    examples: int = 0
    left_out: int = 0
    files: dict[str, str] = {}
    """Names below the provider's folder, and sha256."""


def written(data: DataDir, provider: str, dataset: str) -> Written | None:
    """What lies there if the present code made it of this dataset (its digest) and nobody has touched it; else None."""
    path = data.checkpoints / "ledger.sqlite"
    if not dataset or not path.exists():
        return None
    with Ledger(path, read_only=True) as ledger:
        if not _same(ledger, dataset):
            return None
        try:
            row = ledger.row(STAGE, _key(provider, dataset))
        except KeyError:
            return None
    if row.state != "done" or "files" not in row.info:
        return None
    known = msgspec.convert(row.info, Written)
    return known if known.files == files_of(data, provider) else None


def files_of(data: DataDir, provider: str) -> dict[str, str]:
    """The training files of a provider that are there, and their sha256."""
    folder = data.fine_tuning / provider
    return digests(folder, (str(path.relative_to(folder)) for path in folder.rglob("*.jsonl")))


@contextmanager
def noted(data: DataDir, provider: str, dataset: str) -> Iterator[Written]:
    """Notes that a provider's files are being written, and how that ended; without a dataset nothing is noted."""
    made = Written()
    if not dataset:
        yield made
        return
    with Ledger(data.checkpoints / "ledger.sqlite") as ledger:
        units = {name: Unit(key=_key(name, dataset), input=name) for name in PROVIDERS}
        same = _same(ledger, dataset)
        ledger.begin_stage(STAGE, VERSION, {"dataset": dataset}, command(data))
        ledger.forget_running(STAGE)
        for unit, state in list(ledger.plan(STAGE, units.values())):
            if state == "done" and not same:  # files of another dataset have taken the place of what was done then
                ledger.reset(STAGE, unit.key)
        ledger.begin(STAGE, units[provider].key)
        ledger.commit()
        try:
            yield made
        except BaseException:
            _interrupted(ledger)
            raise
        made.files = files_of(data, provider)
        ledger.settle(STAGE, units[provider].key, Done(info=msgspec.to_builtins(made)), 0.0)
        ledger.end_stage(STAGE, "complete")


def _same(ledger: Ledger, dataset: str) -> bool:
    """Whether this dataset was formatted last."""
    return any(row.stage == STAGE and row.settings == {"dataset": dataset} for row in ledger.stages())


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
    return hashlib.sha256(json.dumps([STAGE, VERSION, provider, dataset, _code()]).encode()).hexdigest()


@cache
def _code() -> str:
    """Names the code that formats."""
    package = Path(voxel.__file__).parent
    rooms = (Path(__file__).parent, package / "records", package / "providers")
    return code_digest(path for room in rooms for path in sorted(room.glob("*.py")))
