"""GitHub as an origin: repositories by search or by name, trees by the API, bytes from the raw host and Git LFS."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from voxel.errors import TryLater
from voxel.sources.book import Book
from voxel.sources.github.answers import RepositoryAnswer, TreeAnswer, TreeEntry, read, refusal
from voxel.sources.github.search import Searcher
from voxel.sources.lfs import LfsAddress, LfsPointer, lfs_addresses
from voxel.sources.origin import Fetched, Listing, Lost, Refused, Unchanged, together
from voxel.sources.replies import Arrival, Etag, Reply
from voxel.sources.rows import Found, Repository
from voxel.sources.shelf import Shelf
from voxel.sources.tree import Entry

if TYPE_CHECKING:
    from voxel.sources.web import Web

DESCRIBED = 30
"""So many named repositories are asked about one by one; of a longer list only their trees are read."""
MISMATCHES = 3
_REGULAR = ("100644", "100755", "100664")


class GitHubOrigin:
    """Finds `names` (`owner/name`) and what `queries` find."""

    name = "github"

    def __init__(
        self,
        web: Web,
        book: Book,
        shelf: Shelf,
        *,
        names: Sequence[str] = (),
        queries: Sequence[str] = (),
        most: int | None = None,
        note: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._web = web
        self._book = book
        self._shelf = shelf
        self.names = list(dict.fromkeys(names))[:most]
        self._queries = queries
        self.searcher = Searcher(web, book, most, note)

    async def discover(self, run: int) -> None:
        """Names first, then searches."""
        for name in self.names:
            await self.meet(name, run)
        await self.searcher.run(self._queries, run)

    async def meet(self, name: str, run: int) -> None:
        """Writes a named repository into the book."""
        if len(self.names) <= DESCRIBED:
            await self._describe(name, run)
        else:
            self._book.meet(Found(name=name))

    async def _describe(self, name: str, run: int) -> None:
        """Asks what a named repository is."""
        url = f"{self._web.services.api}/repos/{name}"
        kept = self._book.page(url)
        if kept is not None and kept[3] == run:
            return
        etag = Etag(kept[1], kept[0]) if kept is not None and kept[1] else None
        try:
            reply = await self._web.api(url, etag=etag)
        except TryLater:
            self._book.meet(Found(name=name))  # its listing meets the same trouble, and keeps it as the reason
            return
        if reply.status == 304 and kept is not None:
            self._book.same_page(url, run, kept[4])
        elif reply.status == 200:
            found = read(reply, RepositoryAnswer).found()
            self._book.keep_page(url, reply.token, reply.headers.get("etag", ""), 1, run, [found])
            if found.name.lower() != name.lower():
                self._book.meet(Found(name=name))
                old = self._book.named(name)
                assert old is not None
                reason = f"moved to {found.name}, which is collected under that name"
                self._book.change(old.id, state="failed", reason=reason, listed=run, finished=run)
        else:
            self._book.meet(Found(name=name))

    async def list(self, repository: Repository, *, known: bool) -> Listing | Unchanged | Refused:
        """One request for the whole tree as a rule."""
        etag = Etag(repository.etag, repository.token) if known and repository.etag else None
        reply = await self._tree(repository.name, repository.branch or "HEAD", etag)
        moved = _place(reply.url) != _place(f"/repos/{repository.name}/")
        if moved or (reply.status == 404 and reply.token is not None):
            answer = await self._meta(repository, reply if moved else None)
            if isinstance(answer, Refused):
                return answer
            found = answer.found()
            other = self._book.known(number=answer.id, name=found.name, besides=repository.id)
            if other is not None:
                return Refused(f"moved to {other.name}, which is collected under that name")
            self._book.change(
                repository.id, name=found.name, number=found.number, url=found.url, stars=found.stars,
                branch=found.branch, api_licence=found.licence,
            )  # fmt: skip
            repository = self._book.repository(repository.id)
            if reply.status == 404:
                reply = await self._tree(repository.name, repository.branch, None)
        if reply.status == 304:
            return Unchanged()
        if reply.status != 200:
            return Refused(refusal(reply))
        tree = read(reply, TreeAnswer)
        entries = tree.tree if not tree.truncated else await self._walk(repository.name, tree)
        return Listing(
            tree.sha, [_entry(each) for each in entries if _is_file(each)], reply.headers.get("etag", ""), reply.token
        )

    async def _tree(self, name: str, ref: str, etag: Etag | None, *, recursive: bool = True) -> Reply:
        query = "?recursive=1" if recursive else ""
        return await self._web.api(f"/repos/{name}/git/trees/{quote(ref, safe='')}{query}", etag=etag)

    async def _meta(self, repository: Repository, moved: Reply | None) -> RepositoryAnswer | Refused:
        """What a repository is called now: asked where the redirect led, else by the name."""
        path = f"/repos/{repository.name}"
        if moved is not None:
            path = moved.url.partition("?")[0].partition("/git/trees/")[0]
        reply = await self._web.api(path)
        return read(reply, RepositoryAnswer) if reply.status == 200 else Refused(refusal(reply))

    async def _walk(self, name: str, root: TreeAnswer) -> Sequence[TreeEntry]:
        """All files of a tree that is too large for one answer: each folder alone, as deep as it takes."""
        found: list[TreeEntry] = []
        waiting = [("", root.sha)]
        while waiting:
            prefix, sha = waiting.pop()
            for recursive in (True, False):
                if recursive and not prefix:
                    continue  # that it is too large is known
                reply = await self._tree(name, sha, None, recursive=recursive)
                if reply.status != 200:
                    raise TryLater(f"the folder {prefix or '/'} cannot be listed: {refusal(reply)}")
                tree = read(reply, TreeAnswer)
                if recursive and tree.truncated:
                    continue
                for each in tree.tree:
                    each.path = f"{prefix}{each.path}"
                    if each.type == "tree" and not recursive:
                        waiting.append((f"{each.path}/", each.sha))
                found += tree.tree
                break
        return found

    @asynccontextmanager
    async def tap(self, repository: Repository) -> AsyncIterator[GitHubTap]:
        """Nothing is opened before it is needed."""
        yield GitHubTap(self._web, self._book, self._shelf, repository)

    def release(self, repository: Repository) -> None:
        """Nothing was kept."""


class GitHubTap:
    """The raw host for blobs, the LFS server for objects."""

    def __init__(self, web: Web, book: Book, shelf: Shelf, repository: Repository) -> None:
        self._web = web
        self._book = book
        self._shelf = shelf
        self._repository = repository
        self._resolving = asyncio.Lock()
        self._refs = [repository.pin]

    async def blobs(self, entries: Sequence[Entry], take: Callable[[Entry, Fetched | Lost], Any]) -> None:
        """From the raw host, each checked by its git name."""

        async def one(entry: Entry) -> None:
            await take(entry, await self._blob(entry))

        await together(one(entry) for entry in entries)

    async def objects(self, pointers: Sequence[LfsPointer], take: Callable[[LfsPointer, Fetched | Lost], Any]) -> None:
        """From where the LFS server says, each checked by its oid."""
        try:
            found = await lfs_addresses(self._web, f"{self._web.services.server}/{self._repository.name}", pointers)
        except TryLater as error:
            for pointer in pointers:
                await take(pointer, Lost(str(error), lasting=False))
            return

        async def one(pointer: LfsPointer) -> None:
            address = found[pointer.oid]
            lost = Lost(address.refusal, address.lasting) if address.refusal else None
            await take(pointer, lost or await fetch_object(self._web, self._shelf, pointer, address))

        await together(one(pointer) for pointer in pointers)

    async def _blob(self, entry: Entry) -> Fetched | Lost:
        for _ in range(MISMATCHES):
            ref = self._refs[-1]
            url = f"{self._web.services.raw}/{self._repository.name}/{quote(ref, safe='')}/{quote(entry.path)}"
            path = self._shelf.fresh()
            try:
                got = await self._web.download(url, path, size=entry.size)
            except TryLater as error:
                path.unlink(missing_ok=True)
                return Lost(str(error), lasting=False)
            if isinstance(got, Arrival):
                if got.git == entry.blob and got.size == entry.size:
                    return Fetched(path, got.sha256, got.size)
                path.unlink(missing_ok=True)
                continue
            path.unlink(missing_ok=True)
            if got.status == 404 and await self._resolve(ref):
                continue
            if got.status != 413:
                return Lost(f"the raw host refuses it: {refusal(got)}")
        return Lost("what came, three times, are not the bytes that the tree names", lasting=False)

    async def _resolve(self, ref: str) -> bool:
        """Whether there is something better to ask for than `ref`.

        The API may have named the tree, where the raw host knows commits only. Where the commit is not told either, the
        branch must do: what comes is checked by its name all the same.
        """
        async with self._resolving:
            if self._refs[-1] == ref and len(self._refs) < 3:
                branch = self._repository.branch or "HEAD"
                sha = await self._commit(branch) if len(self._refs) == 1 else ""
                self._refs.append(sha or branch)
                if sha and sha != ref:
                    self._book.change(self._repository.id, pin=sha)
            return self._refs[-1] != ref

    async def _commit(self, branch: str) -> str:
        reply = await self._web.api(
            f"/repos/{self._repository.name}/commits/{quote(branch, safe='')}", accept="application/vnd.github.sha"
        )
        sha = reply.body.decode("ascii", "replace").strip()
        return sha if reply.status == 200 and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha) else ""


async def fetch_object(web: Web, shelf: Shelf, pointer: LfsPointer, address: LfsAddress) -> Fetched | Lost:
    """One LFS object, checked by its oid."""
    if urlsplit(address.href).scheme not in ("http", "https"):
        return Lost("LFS names an address that is not HTTP")
    for _ in range(MISMATCHES):
        path = shelf.fresh()
        try:
            got = await web.download(address.href, path, size=pointer.size, headers=address.header)
        except TryLater as error:
            path.unlink(missing_ok=True)
            return Lost(str(error), lasting=False)
        if isinstance(got, Arrival) and got.sha256 == pointer.oid:
            return Fetched(path, got.sha256, got.size)
        path.unlink(missing_ok=True)
        if not isinstance(got, Arrival) and got.status != 413:
            if b"quota" in got.body.lower():
                return Lost("LFS quota: the owner's data quota is used up")
            gone = got.status in (404, 410)
            return Lost(
                "missing from LFS: the server does not have the object" if gone else f"LFS refuses it ({got.status})"
            )
    return Lost("what came, three times, are not the bytes that the LFS pointer names", lasting=False)


def _place(url: str) -> str:
    """Which repository an address of the API is about."""
    parts = urlsplit(url).path.split("/")
    start = parts.index("repos") if "repos" in parts else parts.index("repositories") if "repositories" in parts else 0
    return "/".join(parts[start : start + 3]).lower() if parts[start] == "repos" else "/".join(parts[start : start + 2])


def _entry(each: TreeEntry) -> Entry:
    return Entry(each.path, each.sha, each.size)


def _is_file(each: TreeEntry) -> bool:
    return each.type == "blob" and each.mode in _REGULAR
