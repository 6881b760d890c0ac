"""What the inputs of the build phase hold, as a sha256 each: part of a unit's key, so that only what changed is built.

Where the storage is a folder, every Scene is read. Where reading costs a request each, the parse phase's word in the
ledger is taken for a Scene that is still there with the same size, and a script's own name is its sha256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from voxel.records.files import FileRecord
from voxel.stages import BLOBS, SCENES, DataDir, Ledger, Row, blob_name, scene_name

Digest = Callable[[FileRecord], str | None]


@contextmanager
def contents(data: DataDir) -> Iterator[Digest]:
    """Gives a function that tells what a held record's Scene, or the script itself, holds; None where it is not there.

    To be asked in the order of scraped/files.jsonl.
    """
    if not data.storage.far:
        yield lambda record: _read(data, record)
        return
    with (
        Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger,
        closing(ledger.rows("parse", "done")) as rows,
    ):
        yield _Told(data, rows).of


def _read(data: DataDir, record: FileRecord) -> str | None:
    name = blob_name(record.sha256) if record.kind == "script" else scene_name(record.sha256)
    try:
        return hashlib.sha256(data.storage.read(name)).hexdigest()
    except (FileNotFoundError, IsADirectoryError):
        return None


class _Told:
    """What the parse phase said of its Scenes, in the order of the same list."""

    def __init__(self, data: DataDir, rows: Iterator[Row]) -> None:
        self._data, self._rows = data, rows
        self._scenes, self._blobs = data.storage.look(SCENES), data.storage.look(BLOBS)
        self._ahead: dict[str, tuple[str, int]] = {}
        """Told, and not asked for yet; as a rule empty."""

    def of(self, record: FileRecord) -> str | None:
        if record.kind == "script":
            return record.sha256 if blob_name(record.sha256) in self._blobs else None
        size = self._scenes.size(scene_name(record.sha256))
        if size is None:
            return None
        while record.sha256 not in self._ahead and (row := next(self._rows, None)) is not None:
            if "scene" in row.info:
                self._ahead[row.info["sha256"]] = (row.info["scene"], row.counts["bytes"])
        scene, told = self._ahead.pop(record.sha256, ("", -1))
        return scene if told == size else _read(self._data, record)
