"""What the inputs of the build phase hold, as a sha256 each: part of a unit's key, so that only what changed is built.

Scenes are many and large, so that they are not read for it: the parse phase's word in the ledger is believed of a Scene
that is there with the same size and was not written since. A script's sha256 is its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from voxel.records.files import FileRecord
from voxel.stages import BLOBS, SCENES, DataDir, Ledger, Row, Stat, blob_name, scene_name

Digest = Callable[[FileRecord], str | None]


@contextmanager
def contents(data: DataDir) -> Iterator[Digest]:
    """Gives a function that tells what a held record's Scene, or the script itself, holds; None where it is not there.

    To be asked in the order of scraped/files.jsonl. SetupError where there is no ledger.
    """
    with (
        Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger,
        closing(ledger.rows("parse", "done")) as rows,
    ):
        yield _Contents(data, rows).of


class _Word(NamedTuple):
    """What the parse phase said of a Scene."""

    scene: str
    size: int
    given: float

    def holds_for(self, found: Stat) -> bool:
        return self.size == found.size and (found.written is None or found.written <= self.given)


class _Contents:
    """Goes along with the rows of the parse phase, which come in the order of the same list."""

    def __init__(self, data: DataDir, rows: Iterator[Row]) -> None:
        self._storage, self._rows = data.storage, rows
        self._scenes, self._blobs = data.storage.look(SCENES), data.storage.look(BLOBS)
        self._ahead: dict[str, _Word] = {}
        """Said, and not asked for yet; as a rule empty."""

    def of(self, record: FileRecord) -> str | None:
        if record.kind == "script":
            return record.sha256 if blob_name(record.sha256) in self._blobs else None
        found = self._scenes.at(scene_name(record.sha256))
        if found is None:
            return None
        word = self._word(record.sha256)
        return word.scene if word and word.holds_for(found) else self._read(scene_name(record.sha256))

    def _word(self, sha256: str) -> _Word | None:
        while sha256 not in self._ahead and (row := next(self._rows, None)) is not None:
            if row.info.keys() >= {"sha256", "scene"}:
                size, given = row.counts.get("bytes", -1), row.finished_at or 0.0
                self._ahead[row.info["sha256"]] = _Word(row.info["scene"], size, given)
        return self._ahead.pop(sha256, None)

    def _read(self, name: str) -> str | None:
        try:
            return hashlib.sha256(self._storage.read(name)).hexdigest()
        except (FileNotFoundError, IsADirectoryError):
            return None
