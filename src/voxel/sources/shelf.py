"""Where fetched bytes lie: in `scraped/partial` while they come, in `scraped/blobs` or elsewhere once they are whole.

A blob is named by its sha256; the book learns the name before the file moves to its place, so that a kill between the
two costs nothing but the move.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Protocol

import msgspec

from voxel.errors import SetupError
from voxel.sources.graph import Graph, graph_path


class Blobs(Protocol):
    """Where whole bytes lie for good, when that is elsewhere than in `scraped/blobs`."""

    def has(self, sha256: str) -> bool:
        """Whether the bytes with this sha256 are there."""
        ...

    def take(self, path: Path, sha256: str) -> None:
        """Copies the bytes of a file there, whole or not at all."""
        ...

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A path that leads to the bytes until the context ends."""
        ...


class Shelf:
    """The folders below `scraped`. SetupError on a full disk or a folder that cannot be written.

    With `elsewhere` whole bytes go there, and `linked`, which is for people who look at files, is not made.
    """

    def __init__(self, scraped: Path, elsewhere: Blobs | None = None) -> None:
        self._scraped = scraped
        self._elsewhere = elsewhere
        self._partial = scraped / "partial"
        self.linked = scraped / "linked"
        self.licences = scraped / "licences"

    def clean(self, expected: Callable[[str], bool]) -> None:
        """Empties `partial` after an interrupted run; what had come whole, so that its sha256 is expected, is kept."""
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
            for path in self._partial.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                    continue
                with path.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                if expected(sha256):
                    self._keep(path, sha256)
                else:
                    path.unlink()
        except OSError as error:
            raise trouble(self._partial, error) from error

    def _place(self, sha256: str) -> Path:
        return self._scraped / "blobs" / sha256[:2] / sha256

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A path that leads to the bytes with this sha256, which are held, until the context ends."""
        return nullcontext(self._place(sha256)) if self._elsewhere is None else self._elsewhere.local(sha256)

    def has(self, sha256: str) -> bool:
        """Whether the bytes with this sha256 are held."""
        return self._place(sha256).exists() if self._elsewhere is None else self._elsewhere.has(sha256)

    def fresh(self) -> Path:
        """A new path for bytes that are coming."""
        return self._partial / token_hex(8)

    async def keep(self, path: Path, sha256: str) -> None:
        """Moves whole bytes to their place, durably."""
        await asyncio.to_thread(self._keep, path, sha256)

    def _keep(self, path: Path, sha256: str) -> None:
        place = self._place(sha256)
        try:
            if self._elsewhere is not None and not self._elsewhere.has(sha256):
                self._elsewhere.take(path, sha256)
            if self._elsewhere is not None or place.exists():
                path.unlink()
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.replace(place)
        except OSError as error:
            raise trouble(place, error) from error

    def keep_licence(self, blob: str, text: bytes) -> None:
        """Keeps a licence text under its git name."""
        try:
            self.licences.mkdir(parents=True, exist_ok=True)
            (self.licences / f"{blob}.txt").write_bytes(text)
        except OSError as error:
            raise trouble(self.licences, error) from error

    def link(self, repository: str, path: str, sha256: str) -> None:
        """Shows a blob at its path in the repository, below `linked`, where a .blend file beside it finds it."""
        parts = PurePosixPath(path).parts
        if ".." in parts or path.startswith("/") or self._elsewhere is not None:
            return
        place = self.linked / repository.replace("/", "__") / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            try:
                place.hardlink_to(self._place(sha256))
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
                    raise
                shutil.copyfile(self._place(sha256), place)
        except OSError as error:
            raise trouble(place, error) from error

    def keep_links(self, repository: str, graph: Graph) -> None:
        """Keeps which files of a repository its .blend files link to; an empty graph keeps nothing."""
        place = graph_path(self._scraped, repository)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not graph:
                place.unlink(missing_ok=True)
                return
            beside = self.fresh()
            beside.write_bytes(msgspec.json.encode(graph, order="sorted"))
            beside.replace(place)
        except OSError as error:
            raise trouble(place, error) from error


def trouble(path: Path, error: OSError) -> SetupError:
    """The same in this project's words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(f"no space left on the disk of {path}; free some and run the same command again")
    return SetupError(f"cannot write {path}: {error.strerror or error}; make it writable or take another --data-dir")
