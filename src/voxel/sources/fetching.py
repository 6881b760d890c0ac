"""Brings bytes to the shelf, each once: by git name, through Git LFS where a pointer came, and licence texts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from voxel.errors import TryLater
from voxel.sources.book import Book
from voxel.sources.lfs import LARGEST_POINTER, LfsPointer, lfs_pointer
from voxel.sources.licences import LONGEST_TEXT, licence_of_text, mentioned
from voxel.sources.origin import Fetched, Lost, Tap
from voxel.sources.shelf import Shelf
from voxel.sources.tree import Entry


class Fetcher:
    """What all repositories of a run fetch with: bytes that two of them want come once."""

    def __init__(self, book: Book, shelf: Shelf, max_bytes: int) -> None:
        self._book = book
        self._shelf = shelf
        self._max_bytes = max_bytes
        self._coming: dict[str, asyncio.Lock] = {}

    def unfit(self, size: int) -> str:
        """Why a file of this size is not fetched; empty when it is."""
        if size == 0:
            return "empty: zero bytes"
        if size > self._max_bytes:
            return f"too large: {size:,} bytes, the limit is {self._max_bytes:,}"
        return ""

    async def have(
        self,
        entries: Sequence[Entry],
        tap: Tap,
        settle: Callable[[Entry, tuple[str, int, str] | Lost], Any],
    ) -> None:
        """Brings the bytes of each entry to the shelf and calls `settle` with their sha256, size and git name."""
        pointers: dict[str, list[Entry]] = {}
        sizes: dict[str, int] = {}

        async def sort_out(entry: Entry) -> bool:
            """Whether the entry needs no bytes from its repository."""
            known = self._book.blob(entry.blob)
            if known is not None and self._shelf.has(known[0]):
                await settle(entry, known)
            elif known is not None and not known[2]:
                pointers.setdefault(known[0], []).append(entry)
                sizes[known[0]] = known[1]
            else:
                return False
            return True

        async def take(entry: Entry, got: Fetched | Lost) -> None:
            if isinstance(got, Lost):
                await settle(entry, got)
                return
            pointer = lfs_pointer(got.path.read_bytes()) if got.size <= LARGEST_POINTER else None
            if pointer is None:
                self._book.keep_blob(entry.blob, got.sha256, got.size, entry.blob)
                await self._shelf.keep(got.path, got.sha256)
                await settle(entry, (got.sha256, got.size, entry.blob))
                return
            self._book.keep_blob(entry.blob, pointer.oid, pointer.size, "")
            got.path.unlink()
            if not await sort_out(entry):
                await settle(entry, Lost("its LFS pointer vanished", lasting=False))

        async def take_object(pointer: LfsPointer, got: Fetched | Lost | None) -> None:
            if isinstance(got, Lost):
                for entry in pointers[pointer.oid]:
                    await settle(entry, got)
                return
            held = self._shelf.local(pointer.oid) if got is None else nullcontext(got.path)
            git = await asyncio.to_thread(_git_name, held, pointer.size)
            for entry in pointers[pointer.oid]:
                self._book.keep_blob(entry.blob, pointer.oid, pointer.size, git)
            if got is not None:
                await self._shelf.keep(got.path, pointer.oid)
            for entry in pointers[pointer.oid]:
                await settle(entry, (pointer.oid, pointer.size, git))

        unknown = [entry for entry in entries if not await sort_out(entry)]
        async with self._alone(entry.blob for entry in unknown):
            asked = [entry for entry in unknown if not await sort_out(entry)]
            if asked:
                await tap.blobs(sorted(asked), take)
        wanted_objects = []
        for oid, size in sizes.items():
            trouble = self.unfit(size)
            if trouble:
                for entry in pointers[oid]:
                    await settle(entry, Lost(trouble))
            else:
                wanted_objects.append(LfsPointer(oid, size))
        async with self._alone(f"object {pointer.oid}" for pointer in wanted_objects):
            missing = []
            for pointer in wanted_objects:
                if self._shelf.has(pointer.oid):  # another repository brought it
                    await take_object(pointer, None)
                else:
                    missing.append(pointer)
            if missing:
                await tap.objects(missing, take_object)

    @asynccontextmanager
    async def _alone(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Two repositories that want the same bytes wait for one another; all take their turns in one order."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._coming.setdefault(name, asyncio.Lock()))
            yield

    async def licences(self, tap: Tap, entries: Sequence[Entry], *, hint: bool = False) -> list[tuple[str, str]]:
        """SPDX and attribution of licence texts; each text is fetched once, whichever repositories hold it.

        With `hint` the texts are no licences but may mention one.
        """

        async def take(entry: Entry, got: Fetched | Lost) -> None:
            if isinstance(got, Lost):
                if not got.lasting:
                    raise TryLater(got.reason)
                self._book.keep_licence(entry.blob, "", "")
                return
            data = got.path.read_bytes()
            got.path.unlink()
            text = data[:LONGEST_TEXT].decode("utf-8", "replace")
            if hint:
                self._book.keep_licence(entry.blob, mentioned(text), "")
                return
            licence = licence_of_text(text)
            if licence.spdx:
                self._shelf.keep_licence(entry.blob, data)
            self._book.keep_licence(entry.blob, licence.spdx, licence.attribution)

        async with self._alone(f"text {entry.blob}" for entry in entries):
            missing = {entry.blob: entry for entry in entries if self._book.licence(entry.blob) is None}
            if missing:
                await tap.blobs(list(missing.values()), take)
        return [self._book.licence(entry.blob) or ("", "") for entry in entries]


def _git_name(held: AbstractContextManager[Path], size: int) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with held as path, path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
