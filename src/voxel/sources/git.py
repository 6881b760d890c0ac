"""Plain git as an origin: repositories by URL, without a token, each read through a partial clone.

    git ls-remote URL HEAD            has anything changed?
    git clone --filter=blob:none …    the trees, no file
    git fetch --stdin                 the wanted blobs, all in one request
    git cat-file --batch              out with them

The clone is thrown away afterwards; what was fetched is in the book. Git runs without the user's configuration, hooks
and credential helpers, and never asks for a password.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from voxel.errors import SetupError, TryLater
from voxel.sources.book import Book
from voxel.sources.github.origin import fetch_object
from voxel.sources.lfs import LfsPointer, lfs_addresses
from voxel.sources.origin import Fetched, Listing, Lost, Refused, Unchanged, together
from voxel.sources.rows import Found, Repository
from voxel.sources.services import public
from voxel.sources.shelf import Shelf
from voxel.sources.tree import Entry

if TYPE_CHECKING:
    from voxel.sources.web import Web

_LASTING = (
    (r"repository .*not found|not found|does not exist|does not appear to be a git repository", "gone or private"),
    (r"could not read Username|Authentication failed|terminal prompts|403", "gone or private (it asks who you are)"),
    (r"451", "taken down for legal reasons (451)"),
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_ASKPASS": "true",
    "LC_ALL": "C",
}
_SAFE = ("-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "credential.helper=")
COMMAND_S = 1800


def bare(url: str) -> str:
    """The same without `.git` at its end."""
    return public(url).rstrip("/").removesuffix(".git")


def name_of(url: str) -> str:
    """`owner/name` of a repository's URL; of a deeper path its last two parts."""
    path = urlsplit(url).path if "://" in url else url.rpartition(":")[2]
    parts = [part for part in path.rstrip("/").removesuffix(".git").split("/") if part]
    return "/".join(parts[-2:]) if len(parts) > 1 else f"local/{parts[-1] if parts else 'repository'}"


class GitOrigin:
    """Reads the repositories at `urls`. SetupError where git is missing."""

    name = "git"

    def __init__(self, web: Web, book: Book, shelf: Shelf, urls: Sequence[str], *, at_once: int) -> None:
        if shutil.which("git") is None:
            raise SetupError("the source git needs git: install it, or take --source github")
        self._web = web
        self._book = book
        self._shelf = shelf
        self._urls = {name_of(url): url for url in urls}
        self._running = asyncio.Semaphore(at_once)
        self._clones: dict[int, Path] = {}

    async def discover(self, run: int) -> None:  # noqa: ARG002 - the list is the same in every run
        """The list is all there is."""
        for name, url in self._urls.items():
            self._book.meet(Found(name=name, url=bare(url)))

    async def list(self, repository: Repository, *, known: bool) -> Listing | Unchanged | Refused:
        """The tree of HEAD."""
        url = self._urls[repository.name]
        try:
            told = await self._git("ls-remote", "--symref", "--", url, "HEAD")
        except _GitError as error:
            return error.refused()
        symref = re.search(rb"^ref: refs/heads/(\S+)\tHEAD$", told, re.MULTILINE)
        head = re.search(rb"^([0-9a-f]{40,64})\tHEAD$", told, re.MULTILINE)
        if head is None:
            return Refused("empty: it has no commit")
        pin = head[1].decode()
        if known and pin == repository.pin:
            return Unchanged()
        if symref:
            self._book.change(repository.id, branch=symref[1].decode("utf-8", "replace"))
        try:
            clone = await self._clone(repository, url, pin)
            tree = await self._git("-C", str(clone), "ls-tree", "-r", "-z", "--full-tree", pin)
        except _GitError as error:
            return error.refused()
        entries = []
        for line in tree.split(b"\0"):
            facts, _, path = line.partition(b"\t")
            words = facts.decode().split()
            if len(words) == 3 and words[0] in ("100644", "100755"):
                entries.append(Entry(path.decode("utf-8", "backslashreplace"), words[2], -1))
        return Listing(pin, entries)

    @asynccontextmanager
    async def tap(self, repository: Repository) -> AsyncIterator[GitTap]:
        """The clone is kept until the repository is finished."""
        yield GitTap(self, self._web, self._shelf, repository)

    def release(self, repository: Repository) -> None:
        """The clone goes."""
        clone = self._clones.pop(repository.id, None)
        if clone is not None:
            shutil.rmtree(clone, ignore_errors=True)

    async def clone_of(self, repository: Repository) -> Path:
        """Its clone, made anew where there is none yet. TryLater when that fails."""
        try:
            return await self._clone(repository, self._urls[repository.name], repository.pin)
        except _GitError as error:
            raise TryLater(error.refused().reason) from None

    async def _clone(self, repository: Repository, url: str, pin: str) -> Path:
        clone = self._clones.get(repository.id)
        if clone is None:
            clone = self._shelf.fresh()
            await self._git("init", "-q", "--bare", "--", str(clone))
            inside = ("-C", str(clone))
            await self._git(*inside, "config", "remote.origin.url", url)
            await self._git(*inside, "config", "remote.origin.promisor", "true")
            await self._git(*inside, "config", "remote.origin.partialclonefilter", "blob:none")
            await self._git(*inside, "fetch", "-q", "--depth=1", "--no-tags", "--filter=blob:none", "origin", pin)
            self._clones[repository.id] = clone
        return clone

    async def _git(self, *words: str, given: bytes = b"") -> bytes:
        """What git prints. _GitError when it fails."""
        async with self._running:
            return await run_git(*words, given=given)

    async def git(self, *words: str, given: bytes = b"") -> bytes:
        """The same. TryLater when it fails."""
        try:
            return await self._git(*words, given=given)
        except _GitError as error:
            raise TryLater(error.refused().reason) from None


class GitTap:
    """One clone, and the LFS server beside it."""

    def __init__(self, origin: GitOrigin, web: Web, shelf: Shelf, repository: Repository) -> None:
        self._origin = origin
        self._web = web
        self._shelf = shelf
        self._repository = repository

    async def blobs(self, entries: Sequence[Entry], take: Callable[[Entry, Fetched | Lost], Any]) -> None:
        """All in one fetch; then each is written out, checked by git itself."""
        clone = await self._origin.clone_of(self._repository)
        names = "".join(f"{entry.blob}\n" for entry in entries).encode()
        await self._origin.git(
            "-C", str(clone), "-c", "fetch.negotiationAlgorithm=noop", "fetch", "-q", "--no-tags", "--depth=1",
            "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin", "origin", given=names,
        )  # fmt: skip
        for entry in entries:
            path = self._shelf.fresh()
            size, sha256 = await write_blob(clone, entry.blob, path)
            await take(entry, Fetched(path, sha256, size))

    async def objects(self, pointers: Sequence[LfsPointer], take: Callable[[LfsPointer, Fetched | Lost], Any]) -> None:
        """From the LFS server that belongs to the repository's URL."""
        found = await lfs_addresses(self._web, self._repository.url, pointers)

        async def one(pointer: LfsPointer) -> None:
            address = found[pointer.oid]
            lost = Lost(address.refusal, address.lasting) if address.refusal else None
            await take(pointer, lost or await fetch_object(self._web, self._shelf, pointer, address))

        await together(one(pointer) for pointer in pointers)


class _GitError(Exception):
    """Git failed; its last words."""

    def refused(self) -> Refused:
        text = str(self)
        for pattern, reason in _LASTING:
            if re.search(pattern, text):
                return Refused(reason)
        return Refused(f"git fails: {text}", lasting=False)


def _environment() -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name != "GITHUB_TOKEN"}, **_ENVIRONMENT}


async def run_git(*words: str, given: bytes = b"") -> bytes:
    """Runs git with `given` on its standard input and returns what it prints."""
    process = await asyncio.create_subprocess_exec(
        "git", *_SAFE, *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=_environment(), start_new_session=True,
    )  # fmt: skip
    try:
        out, errors = await asyncio.wait_for(process.communicate(given), COMMAND_S)
    except TimeoutError:
        raise _GitError(f"no end after {COMMAND_S} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"exit status {process.returncode}"
        raise _GitError(re.sub(r"//[^/@\s]+@", "//", last)[:300])
    return out


async def write_blob(clone: Path, blob: str, path: Path) -> tuple[int, str]:
    """Writes a blob to a file; its size and sha256."""

    def write() -> tuple[int, str]:
        with path.open("w+b") as file:
            subprocess.run(
                ["git", *_SAFE, "-C", str(clone), "cat-file", "blob", blob], stdout=file, check=True,
                env=_environment(),
            )  # fmt: skip
            file.seek(0)
            return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()

    try:
        return await asyncio.to_thread(write)
    except subprocess.CalledProcessError:
        raise TryLater(f"git cannot read the blob {blob}") from None
