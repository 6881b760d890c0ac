"""Goes through repositories: lists each, judges its files, fetches what is permitted and not held, follows links.

What differs between GitHub's API and plain git is behind `Origin`. Several repositories are under way at once; every
outcome is in the book before the next step, so that stopping at any moment loses nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import posixpath
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from voxel.errors import TryLater
from voxel.sources.book import Book, File, Repository
from voxel.sources.lfs import LARGEST_POINTER, LfsPointer, lfs_pointer
from voxel.sources.licences import LONGEST_TEXT, licence_of_text, mentioned
from voxel.sources.origin import Fetched, Listing, Lost, Origin, Refused, Tap, Unchanged, together
from voxel.sources.policy import Policy
from voxel.sources.shelf import Shelf
from voxel.sources.tree import IMPORTS_BPY, LARGEST_SCRIPT, Entry, LicenceTexts, chosen, linkable, readme, wanted

ExternalPaths = Callable[[Path], Iterable[str]]
"""The `//` paths that a .blend file names, as it names them, without the slashes; empty for a file that is broken."""


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
        self._external = external
        self._at_once = at_once
        self._heard = heard
        self._coming: dict[str, asyncio.Lock] = {}
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
        rights = _Rights(self, repository, listing)
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
                    trouble = self._unfit(entry.size)
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

    def _unfit(self, size: int) -> str:
        if size == 0:
            return "empty: zero bytes"
        if size > self._limits.max_bytes:
            return f"too large: {size:,} bytes, the limit is {self._limits.max_bytes:,}"
        return ""

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

        await self._have(entries, tap, settle)

    def _settle(self, file: File, got: tuple[str, int, str] | Lost) -> None:
        if isinstance(got, Lost):
            self._book.settle(file, "failed" if got.lasting else "trouble", got.reason)
            return
        sha256, size, git = got
        if file.kind == "script" and not self._uses_bpy(sha256):
            self._book.settle(file, "aside", "does not import bpy")
        elif trouble := self._unfit(size):
            self._book.settle(file, "failed", trouble, size=size)
        else:
            self._book.settle(file, "held", sha256=sha256, git=git, size=size)

    def _uses_bpy(self, sha256: str) -> bool:
        return IMPORTS_BPY.search(self._shelf.place(sha256).read_bytes()) is not None

    async def _have(
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
            path = self._shelf.place(pointer.oid) if got is None else got.path
            git = await asyncio.to_thread(_git_name, path, pointer.size)
            for entry in pointers[pointer.oid]:
                self._book.keep_blob(entry.blob, pointer.oid, pointer.size, git)
            if got is not None:
                await self._shelf.keep(path, pointer.oid)
            for entry in pointers[pointer.oid]:
                await settle(entry, (pointer.oid, pointer.size, git))

        unknown = [entry for entry in entries if not await sort_out(entry)]
        async with self._alone(entry.blob for entry in unknown):
            asked = [entry for entry in unknown if not await sort_out(entry)]
            if asked:
                await tap.blobs(sorted(asked), take)
        wanted_objects = []
        for oid, size in sizes.items():
            trouble = self._unfit(size)
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

    # -- links ----------------------------------------------------------------------------------------------------

    async def _link(self, repository: Repository, packed: bytes, tap: Tap) -> None:
        """Fetches what the held .blend files link to inside their repository, and shows all of it side by side."""
        entries = msgspec.msgpack.decode(zstandard.decompress(packed), type=list[Entry])
        by_path = {entry.path: entry for entry in entries}
        rights = _Rights(self, repository, Listing(repository.pin, entries))
        rights.tap = tap
        shown: set[str] = set()
        waiting = [(file.path, file.sha256) for file in self._book.held_files(repository.id)]
        while waiting:
            path, sha256 = waiting.pop()
            names = await asyncio.to_thread(lambda blob: list(self._external(blob)), self._shelf.place(sha256))
            targets = []
            for name in names:
                target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name.replace("\\", "/")))
                entry = by_path.get(target)
                if entry is None or target == path or self._unfit(entry.size):
                    continue
                spdx, _ = await rights.of(target)
                if not self._limits.policy.refusal(spdx):
                    targets.append(entry)
            if targets and path not in shown:
                shown.add(path)
                self._shelf.link(repository.name, path, sha256)

            async def show(entry: Entry, got: tuple[str, int, str] | Lost) -> None:
                if isinstance(got, Lost) or entry.path in shown:
                    return
                shown.add(entry.path)
                self._shelf.link(repository.name, entry.path, got[0])
                if entry.path.lower().endswith(".blend"):
                    waiting.append((entry.path, got[0]))

            new = {entry.blob: entry for entry in targets if entry.path not in shown}
            await self._have(list(new.values()), tap, show)
            for entry in targets:  # the same bytes under two names
                known = self._book.blob(entry.blob)
                if entry.path not in shown and known and self._shelf.has(known[0]):
                    await show(entry, known)
        self._book.change(repository.id, links=None)

    # -- licences -------------------------------------------------------------------------------------------------

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


class _Rights:
    """The licence of every file of one listing; opens the repository for reading when it first needs a text."""

    def __init__(self, gatherer: Gatherer, repository: Repository, listing: Listing) -> None:
        self.texts = LicenceTexts(listing.entries)
        self.tap: Tap | None = None
        self._gatherer = gatherer
        self._repository = repository._replace(pin=listing.pin)
        self._readme = readme(listing.entries)
        self._opened: AbstractAsyncContextManager[Tap] | None = None
        self._known: dict[str, tuple[str, str]] = {}
        self._hint: str | None = None

    async def __aenter__(self) -> _Rights:
        return self

    async def __aexit__(self, *error: Any) -> None:
        if self._opened is not None:
            await self._opened.__aexit__(*error)

    async def _open(self) -> Tap:
        if self.tap is None:
            self._opened = self._gatherer._origin.tap(self._repository)
            self.tap = await self._opened.__aenter__()
        return self.tap

    async def of(self, path: str) -> tuple[str, str]:
        """SPDX expression (empty when unknown) and whom to name."""
        folder = posixpath.dirname(path)
        if folder not in self._known:
            self._known[folder] = await self._find(path)
        return self._known[folder]

    async def _find(self, path: str) -> tuple[str, str]:
        authors = f"The authors of {self._repository.name}"
        api = self._repository.api_licence
        above = self.texts.above(path)
        outermost = not above or (len(above) == 1 and "/" not in above[0][0].path)
        if api and outermost and self._gatherer._limits.policy.refusal(api):
            return api, authors  # the service has read the only text there is
        for texts in above:
            read = await self._gatherer.licences(await self._open(), texts)
            known = [each for each in read if each[0]]
            if known:
                spdx = list(dict.fromkeys(each[0] for each in known))
                names = dict.fromkeys(each[1] for each in known if each[1])
                return " OR ".join(spdx), "; ".join(names) or authors
            if "/" in texts[0].path:
                return "", authors  # a folder with terms of its own that are not understood
        return api, authors

    async def hint(self) -> str:
        """What the README says about a licence, for the reason of a refusal: no licence follows from it."""
        if self._hint is None:
            self._hint = ""
            if self._readme is not None:
                ((spdx, _),) = await self._gatherer.licences(await self._open(), [self._readme], hint=True)
                self._hint = f"; its README mentions {spdx}" if spdx else ""
        return self._hint


def _file(entry: Entry, kind: str, state: str, reason: str, licence: str, attribution: str) -> File:
    return File(
        id=0, repository=0, path=entry.path, kind=kind, blob=entry.blob, size=max(entry.size, 0), state=state,
        reason=reason, sha256="", git="", licence=licence, attribution=attribution, fetched_at="",
    )  # fmt: skip


def _git_name(path: Path, size: int) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
