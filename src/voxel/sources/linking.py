"""Follows what .blend files link to inside their repository: fetched too, shown beside them, and kept as a graph."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Iterable
from pathlib import Path

from voxel.sources.book import Book
from voxel.sources.fetching import Fetcher
from voxel.sources.graph import inside
from voxel.sources.origin import Lost, Tap
from voxel.sources.policy import Policy
from voxel.sources.rights import Rights
from voxel.sources.rows import Repository
from voxel.sources.shelf import Shelf
from voxel.sources.tree import Entry

ExternalPaths = Callable[[Path], Iterable[str]]
"""The `//` paths that a .blend file names, as it names them, without the slashes; empty for a file that is broken."""


class Linker:
    """Follows the links of one repository's held .blend files."""

    def __init__(self, book: Book, shelf: Shelf, fetcher: Fetcher, external: ExternalPaths, policy: Policy) -> None:
        self._book = book
        self._shelf = shelf
        self._fetcher = fetcher
        self._external = external
        self._policy = policy

    async def follow(self, repository: Repository, entries: Iterable[Entry], rights: Rights, tap: Tap) -> None:
        """Fetches what may be fetched, whatever links to it, and shows all of it side by side."""
        by_path = {entry.path: entry for entry in entries if inside(entry.path)}
        graph: dict[str, dict[str, str]] = {}
        came: dict[str, str] = {}

        async def take(entry: Entry, got: tuple[str, int, str] | Lost) -> None:
            if not isinstance(got, Lost):
                came[entry.blob] = got[0]

        waiting = [(file.path, file.sha256) for file in self._book.held_files(repository.id)]
        while waiting:
            path, sha256 = waiting.pop()
            if path in graph:
                continue
            graph[path] = {}
            targets = []
            for name in await asyncio.to_thread(self._named, sha256):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name.replace("\\", "/")))
                entry = by_path.get(target)
                if entry is None or target == path or self._fetcher.unfit(entry.size):
                    continue
                spdx, _ = await rights.of(target)
                if not self._policy.refusal(spdx):
                    targets.append(entry)
            await self._fetcher.have(list({entry.blob: entry for entry in targets}.values()), tap, take)
            for entry in targets:
                if entry.blob in came and entry.path not in graph[path]:
                    graph[path][entry.path] = came[entry.blob]
                    self._shelf.link(repository.name, entry.path, came[entry.blob])
                    if entry.path.lower().endswith(".blend"):
                        waiting.append((entry.path, came[entry.blob]))
            if graph[path]:
                self._shelf.link(repository.name, path, sha256)
        self._shelf.keep_links(repository.name, {path: linked for path, linked in graph.items() if linked})

    def _named(self, sha256: str) -> list[str]:
        with self._shelf.local(sha256) as blob:
            return list(self._external(blob))
