"""What an origin of repositories is: it finds them, lists them, and gives their bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from voxel.sources.lfs import LfsPointer
from voxel.sources.rows import Repository
from voxel.sources.tree import Entry


class Listing(NamedTuple):
    """A repository's files at one commit."""

    pin: str
    entries: Sequence[Entry]
    etag: str = ""
    token: str = ""


class Unchanged(NamedTuple):
    """The repository is as it was when it was listed last."""


class Refused(NamedTuple):
    """The repository cannot be listed."""

    reason: str
    lasting: bool = True


class Lost(NamedTuple):
    """Bytes that cannot be had."""

    reason: str
    lasting: bool = True


class Fetched(NamedTuple):
    """Bytes that lie in a partial file, checked against their git name."""

    path: Path
    sha256: str
    size: int


class Tap(Protocol):
    """Gives the bytes of one repository's files at its pin."""

    async def blobs(self, entries: Sequence[Entry], take: Callable[[Entry, Fetched | Lost], Any]) -> None:
        """Fetches blobs and hands each to the coroutine function `take` as it comes."""
        ...

    async def objects(self, pointers: Sequence[LfsPointer], take: Callable[[LfsPointer, Fetched | Lost], Any]) -> None:
        """Fetches LFS objects."""
        ...


class Origin(Protocol):
    """Where repositories come from."""

    async def discover(self, run: int) -> None:
        """Writes every repository that is asked for into the book."""
        ...

    async def list(self, repository: Repository, *, known: bool) -> Listing | Unchanged | Refused:
        """Lists one; Unchanged only when `known`, that is when its last listing still holds. TryLater as it says."""
        ...

    def tap(self, repository: Repository) -> AbstractAsyncContextManager[Tap]:
        """Opens one for fetching."""
        ...

    def release(self, repository: Repository) -> None:
        """It is finished: whatever was kept for it may go."""
        ...


async def together(tasks: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Runs them at once; the first error ends all of them and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
