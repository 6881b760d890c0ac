"""Where bulk bytes lie: collected files, parsed Scenes, built units, and copies of what is finished.

A thing in a storage has a name, a relative path that is the same wherever the storage is:

    scraped/blobs/<2 hex>/<sha256>, parsed/<2 hex>/<sha256>.json, datasets/…, fine_tuning/…

Usually the storage is the data directory itself. `--storage URL` names another place for the whole life of a data
directory, kept in its `storage.json`; the ledger, the lock, the lists and the readable checkpoints stay with the
driver. A `Storage` travels to workers, so that these need not see the data directory.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import ClassVar, NamedTuple

from voxel.stages.writing import write_atomic

BLOBS, SCENES = "scraped/blobs", "parsed"
"""Folders whose things are spread over 256 folders by the first two hex digits of their names."""


def blob_name(sha256: str) -> str:
    """The name of the bytes with this sha256 (64 hex digits)."""
    return f"{BLOBS}/{sha256[:2]}/{sha256}"


def scene_name(sha256: str) -> str:
    """The name of the parsed scene of the .blend file with this sha256."""
    return f"{SCENES}/{sha256[:2]}/{sha256}.json"


class Stat(NamedTuple):
    """What is known of a thing in a storage without reading it."""

    size: int
    """Bytes."""
    written: float | None
    """When, in seconds since the epoch, by the clock of whoever holds the folder; None in other storages."""


class Look(ABC):
    """What lies below a folder, for many questions; where questions cost requests, as it was at the first of them."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.at(name) is not None

    def size(self, name: str) -> int | None:
        """The bytes of what is called so; None where there is nothing."""
        found = self.at(name)
        return found and found.size

    @abstractmethod
    def at(self, name: str) -> Stat | None:
        """What is called so; None where there is nothing."""


class Storage(ABC):
    """Reads and writes whole things by name. Every method raises SetupError where the place cannot be used as it is,
    and TryLater where it does not answer at present. Instances are small and picklable.
    """

    far: ClassVar[bool]
    """Whether each question is a request to another machine."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """All of it. FileNotFoundError where there is nothing, OSError where a disk cannot be read."""

    @abstractmethod
    def read_all(self, names: Iterable[str]) -> Iterator[bytes]:
        """Each in turn, with others asked for ahead. Raises as `read` does."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Whole or not at all, whatever is killed, and durably; replaces what was there."""

    @abstractmethod
    def put(self, name: str, path: Path) -> None:
        """Writes what a local file holds, as `write` does; a kill may leave what `clean` removes."""

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Its bytes; None where there is nothing."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Takes it away, if it is there."""

    @abstractmethod
    def look(self, folder: str) -> Look:
        """Looks at what lies below a folder that is spread by hex digits."""

    @abstractmethod
    def local(self, name: str) -> AbstractContextManager[Path]:
        """A path on this machine that leads to its bytes until the context ends. Raises as `read` does."""

    @abstractmethod
    def clean(self) -> None:
        """Removes what killed writers left behind; for the process that holds the data directory."""


class LocalStorage(Storage):
    """A folder on this machine, or one that every machine mounts at the same path."""

    far = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self._within = f"{root}/"

    def __str__(self) -> str:
        return str(self.root)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def read_all(self, names: Iterable[str]) -> Iterator[bytes]:
        return map(self.read, names)

    def write(self, name: str, data: bytes) -> None:
        write_atomic(self.root / name, data)

    def put(self, name: str, path: Path) -> None:
        write_atomic(self.root / name, path.read_bytes())

    def size(self, name: str) -> int | None:
        found = self.at(name)
        return found and found.size

    def at(self, name: str) -> Stat | None:
        """Size and time of change of what is called so; None where there is nothing."""
        try:
            facts = os.stat(self._within + name)  # noqa: PTH116 - asked for each unit: a Path costs more
        except OSError:
            return None
        return Stat(facts.st_size, facts.st_mtime) if stat.S_ISREG(facts.st_mode) else None

    def delete(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def look(self, folder: str) -> Look:
        del folder
        return _LocalLook(self)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        path = self.root / name
        path.stat()
        yield path

    def clean(self) -> None:
        return  # a file without a name goes with its writer


class _LocalLook(Look):
    """Asks the disk each time: that costs no request."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage

    def at(self, name: str) -> Stat | None:
        return self._storage.at(name)
