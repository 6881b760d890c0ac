"""Goes through repositories: lists each, judges its files, fetches what is permitted and not held, follows links.

What differs between GitHub's API and plain git is behind `Origin`. Several repositories are under way at once; every
outcome is in the book before the next step, so that stopping at any moment loses nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence

import msgspec
import zstandard

from voxel.errors import TryLater
from voxel.sources.book import Book
from voxel.sources.fetching import Fetcher
from voxel.sources.linking import ExternalPaths, Linker
from voxel.sources.origin import Listing, Lost, Origin, Refused, Tap, Unchanged, together
from voxel.sources.policy import Policy
from voxel.sources.rights import Rights
from voxel.sources.rows import File, Repository
from voxel.sources.shelf import Shelf
from voxel.sources.tree import IMPORTS_BPY, LARGEST_SCRIPT, Entry, chosen, linkable, wanted


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be fetched."""

    policy: Policy
    max_files_per_repo: int | None
    max_bytes: int

    @property
    def digest(self) -> str:
        """Changes when a judgement could."""
        lists = [sorted(self.policy.allow), sorted(self.policy.deny), self.policy.unknown]
        return hashlib.sha256(json.dumps([1, lists, self.max_files_per_repo, self.max_bytes]).encode()).hexdigest()[:16]


class Gatherer:
    """One run over everything that an origin finds. `heard` is called after every step that changed the book."""

    def __init__(
        self,
        book: Book,
        shelf: Shelf,
        origin: Origin,
        limits: Limits,
        external: ExternalPaths,
        *,
        at_once: int,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._book = book
        self._shelf = shelf
        self._origin = origin
        self._limits = limits
        self._fetcher = Fetcher(book, shelf, limits.max_bytes)
        self._linker = Linker(book, shelf, self._fetcher, external, limits.policy)
        self._at_once = at_once
        self._heard = heard
        self.fetch = True
        """Whether to download; listing alone is enough for an estimate."""

    async def run(self, run: int) -> None:
        """Discovers and goes through all of it. Raises what discovery raises, and SetupError."""
        discovery = asyncio.create_task(self._origin.discover(run))
        queue: asyncio.Queue[Repository | None] = asyncio.Queue(maxsize=self._at_once)
        await together([self._feed(run, queue, discovery), *(self._work(run, queue) for _ in range(self._at_once))])

    async def _feed(self, run: int, queue: asyncio.Queue[Repository | None], discovery: asyncio.Task[None]) -> None:
        """Hands out the repositories that the run has not finished, while more are being found."""
        given: set[int] = set()
        try:
            while True:
                last_look = discovery.done()
                new = after = 0
                while batch := self._book.repositories(run, after, 100):
                    after = batch[-1].id
                    for repository in batch:
                        if repository.id not in given:
                            new += 1
                            given.add(repository.id)
                            await queue.put(repository)
                if last_look and not new:
                    break
                if not new:
                    await asyncio.wait([discovery], timeout=0.05)
            await discovery
        finally:
            discovery.cancel()
        for _ in range(self._at_once):
            await queue.put(None)

    async def _work(self, run: int, queue: asyncio.Queue[Repository | None]) -> None:
        while (repository := await queue.get()) is not None:
            await self._repository(run, self._book.repository(repository.id))
            self._heard()

    async def _repository(self, run: int, repository: Repository) -> None:
        try:
            await self._go_through(run, repository)
        finally:
            self._origin.release(repository)

    async def _go_through(self, run: int, repository: Repository) -> None:
        if repository.listed != run and not await self._list(run, repository):
            return
        repository = self._book.repository(repository.id)
        if self.fetch:
            files = self._book.open_files(repository.id)
            links = self._book.links(repository.id)
            if files or links:
                try:
                    async with self._origin.tap(repository) as tap:
                        await self._fetch(files, tap)
                        if links:
                            await self._link(repository, links, tap)
                except TryLater as error:
                    for file in self._book.open_files(repository.id):
                        self._book.settle(file, "trouble", str(error))
        self._book.change(repository.id, finished=run)

    # -- listing --------------------------------------------------------------------------------------------------

    async def _list(self, run: int, repository: Repository) -> bool:
        """Whether there may be files to fetch."""
        digest = self._limits.digest
        if repository.state == "failed" and repository.pushed and repository.pushed == repository.judged_at:
            # refused for good, and the service knows of no change since: it is not asked again
            self._book.change(repository.id, listed=run, finished=run)
            return False
        found: Listing | Unchanged | Refused
        try:
            found = await self._origin.list(repository, known=repository.judged == digest)
            if isinstance(found, Listing):
                await self._judge(run, self._book.repository(repository.id), found, digest)
                return True
        except TryLater as error:
            found = Refused(str(error), lasting=False)
        if isinstance(found, Unchanged):
            self._book.change(repository.id, listed=run, state=repository.state)
            return True
        if found.lasting:
            for file in self._book.open_files(repository.id):
                self._book.settle(file, "failed", found.reason)
        state = "failed" if found.lasting else "trouble"
        # an old answer must not be taken for the present one when the trouble has passed
        self._book.change(
            repository.id, state=state, reason=found.reason, judged="", judged_at=repository.pushed,
            listed=run, finished=run,
        )  # fmt: skip
        return False

    async def _judge(self, run: int, repository: Repository, listing: Listing, digest: str) -> None:
        """Decides about every wanted file of a listing and keeps the decisions."""
        entries = [entry for entry in listing.entries if wanted(entry.path)]
        rights = self._rights(repository, listing)
        blends: list[File] = []
        scripts: list[File] = []
        decided: list[File] = []
        if entries:
            async with rights:
                for entry in sorted(entries):
                    kind = wanted(entry.path)
                    assert kind is not None
                    if kind == "script" and (entry.size == 0 or entry.size > LARGEST_SCRIPT):
                        continue
                    spdx, attribution = await rights.of(entry.path)
                    refusal = self._limits.policy.refusal(spdx)
                    if refusal and not spdx and kind == "blend":
                        refusal += await rights.hint()
                    trouble = self._fetcher.unfit(entry.size)
                    if kind == "blend" or not (refusal or trouble):
                        state = "denied" if refusal else "failed" if trouble else "pending"
                        file = _file(entry, kind, state, refusal or trouble, spdx, attribution)
                        (decided if refusal or trouble else blends if kind == "blend" else scripts).append(file)
        most = self._limits.max_files_per_repo
        kept = chosen([Entry(file.path, file.blob, file.size) for file in blends], most)
        reason = f"over the cap of {most} files of one repository"
        decided += [file if file.path in kept else file._replace(state="denied", reason=reason) for file in blends]
        left = None if most is None else most - len(kept)
        kept = chosen([Entry(file.path, file.blob, file.size) for file in scripts], left)
        decided += [file for file in scripts if file.path in kept]
        links = None
        if any(file.state == "pending" and file.kind == "blend" for file in decided):
            texts = rights.texts.all()
            useful = [entry for entry in listing.entries if linkable(entry.path) or entry in texts]
            links = zstandard.compress(msgspec.msgpack.encode(useful))
        self._book.keep_files(
            repository.id, decided, pin=listing.pin, etag=listing.etag, token=listing.token, judged=digest,
            state="listed" if decided else "empty",
            reason="" if decided else "holds no .blend file and no script that may be used",
            links=links, listed=run,
        )  # fmt: skip

    # -- fetching -------------------------------------------------------------------------------------------------

    async def _fetch(self, files: Sequence[File], tap: Tap) -> None:
        """Settles every file; bytes that are held already, or named by several files, come once."""
        by_blob: dict[str, list[File]] = {}
        for file in files:
            by_blob.setdefault(file.blob, []).append(file)
        entries = [Entry(same[0].path, blob, same[0].size) for blob, same in by_blob.items()]

        async def settle(entry: Entry, got: tuple[str, int, str] | Lost) -> None:
            for file in by_blob[entry.blob]:
                self._settle(file, got)
            self._heard()

        await self._fetcher.have(entries, tap, settle)

    def _settle(self, file: File, got: tuple[str, int, str] | Lost) -> None:
        if isinstance(got, Lost):
            self._book.settle(file, "failed" if got.lasting else "trouble", got.reason)
            return
        sha256, size, git = got
        if file.kind == "script" and not self._uses_bpy(sha256):
            self._book.settle(file, "aside", "does not import bpy")
        elif trouble := self._fetcher.unfit(size):
            self._book.settle(file, "failed", trouble, size=size)
        else:
            self._book.settle(file, "held", sha256=sha256, git=git, size=size)

    def _uses_bpy(self, sha256: str) -> bool:
        with self._shelf.local(sha256) as path:
            return IMPORTS_BPY.search(path.read_bytes()) is not None

    # -- links ----------------------------------------------------------------------------------------------------

    async def _link(self, repository: Repository, packed: bytes, tap: Tap) -> None:
        """Fetches what the held .blend files link to inside their repository."""
        entries = msgspec.msgpack.decode(zstandard.decompress(packed), type=list[Entry])
        rights = self._rights(repository, Listing(repository.pin, entries))
        rights.tap = tap
        await self._linker.follow(repository, entries, rights, tap)
        self._book.change(repository.id, links=None)

    def _rights(self, repository: Repository, listing: Listing) -> Rights:
        return Rights(self._fetcher, self._origin, self._limits.policy, repository, listing)


def _file(entry: Entry, kind: str, state: str, reason: str, licence: str, attribution: str) -> File:
    return File(
        id=0, repository=0, path=entry.path, kind=kind, blob=entry.blob, size=max(entry.size, 0), state=state,
        reason=reason, sha256="", git="", licence=licence, attribution=attribution, fetched_at="",
    )  # fmt: skip
