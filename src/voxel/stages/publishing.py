"""Copies of finished files, taken to the storage at the end of a phase.

The files that people and later phases read lie in the data directory, where they are worked out; the storage gets
whole copies of those that have changed. `checkpoints/published.json` knows what was taken there, so that a run that
was killed in between is made up for by the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voxel.stages.datadir import DataDir
from voxel.stages.writing import write_atomic

_NO_PART = ("units", "taught")
"""Folders whose files the workers write to the storage themselves."""


def publish(data: DataDir, folder: str) -> int:
    """Makes the storage hold what the data directory holds below `folder` (`datasets`); returns how many files went.

    Nothing is done where the storage is the data directory itself. What was published and is gone goes there too.
    SetupError and TryLater as the storage raises them.
    """
    storage = data.storage
    if not data.stores_elsewhere:
        return 0
    known = _published(data)
    before, went = dict(known), 0
    found = {path.relative_to(data.root).as_posix(): path for path in _files(data.root / folder)}
    try:
        storage.clean()
        for name, path in found.items():
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if known.get(name) != sha256 or storage.size(name) != path.stat().st_size:
                storage.put(name, path)
                known[name] = sha256
                went += 1
        for name in [one for one in known if one.startswith(f"{folder}/") and one not in found]:
            storage.delete(name)
            del known[name]
    finally:
        if known != before:
            write_atomic(_note(data), msgspec.json.format(msgspec.json.encode(known, order="sorted")) + b"\n")
    return went


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and path.name not in _NO_PART:
            yield from _files(path)
        elif path.is_file() and not path.name.startswith("."):
            yield path


def _note(data: DataDir) -> Path:
    return data.checkpoints / "published.json"


def _published(data: DataDir) -> dict[str, str]:
    try:
        return msgspec.json.decode(_note(data).read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}  # then everything is taken there again
