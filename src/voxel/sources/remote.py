"""The network sources as one: what is asked for, a run over it, and an estimate of one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from voxel.errors import TryLater, UsageError
from voxel.sources.book import Book
from voxel.sources.gathering import Gatherer, Limits
from voxel.sources.git import GitOrigin, bare
from voxel.sources.github.origin import DESCRIBED, GitHubOrigin
from voxel.sources.github.search import DEFAULT_QUERIES, PAGE
from voxel.sources.linking import ExternalPaths
from voxel.sources.origin import Listing, Origin
from voxel.sources.services import CONCURRENCY, Services
from voxel.sources.shelf import Shelf
from voxel.sources.tree import Entry, chosen, wanted

if TYPE_CHECKING:
    from voxel.sources.web import Web

SAMPLED = 20
"""Repositories that an estimate lists."""
Item = TypeVar("Item")
_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which repositories."""

    source: Literal["github", "git"]
    repos: tuple[str, ...] = ()
    """`owner/name`, or a URL."""
    repos_file: str | None = None
    """A file with one of them a line; `#` begins a remark."""
    queries: tuple[str, ...] = ()
    """Searches; with no repository named either, the usual ones."""
    max_repos: int | None = None
    concurrency: int = CONCURRENCY

    def names(self) -> tuple[str, ...]:
        """The repositories named, each once. UsageError for a line that is none, or a file that cannot be read."""
        found = list(self.repos)
        if self.repos_file is not None:
            try:
                lines = Path(self.repos_file).read_text("utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"cannot read {self.repos_file}: {error}") from error
            found += [words for line in lines if (words := line.partition("#")[0].strip())]
        if self.source == "git" and not found:
            found = [entry.url for entry in starter_repositories()]
        return tuple(dict.fromkeys(found))

    def selection(self) -> str:
        """Names what is asked for; the same for the same."""
        asked = [self.source, sorted(bare(name) for name in self.names()), sorted(self.searches()), self.max_repos]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]

    def searches(self) -> tuple[str, ...]:
        """What is searched for."""
        named = bool(self.repos) or self.repos_file is not None
        return self.queries or (() if named or self.source == "git" else DEFAULT_QUERIES)


class Starter(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list that ships with the package."""

    url: str
    license: str
    """As its own licence text says; each file's own is found anew."""
    note: str = ""


def starter_repositories() -> list[Starter]:
    """Public repositories under permissive licences that hold .blend files."""
    lines = files("voxel.sources").joinpath("starter_repositories.jsonl").read_bytes()
    return msgspec.json.Decoder(Starter).decode_lines(lines)


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do, at most: repositories that two searches find are counted twice."""

    repositories: int
    files: int
    bytes: int
    requests: int
    seconds: float
    sampled: int
    """How many repositories were listed to tell; the rest is taken to be like them."""


@asynccontextmanager
async def _origin(
    asked: Asked, services: Services, book: Book, shelf: Shelf, note: Callable[[str], None]
) -> AsyncIterator[tuple[Web, Origin]]:
    from voxel.sources.web import Web

    async with Web(services, concurrency=asked.concurrency, memory=book, note=note) as web:
        names = asked.names()[: asked.max_repos]
        if asked.source == "git":
            urls = [_url(name, services) for name in names]
            yield web, GitOrigin(web, book, shelf, urls, at_once=min(asked.concurrency, 8))
        else:
            yield (
                web,
                GitHubOrigin(
                    web,
                    book,
                    shelf,
                    names=[_full_name(name) for name in names],
                    queries=asked.searches(),
                    most=asked.max_repos,
                    note=note,
                ),
            )


def check(asked: Asked, services: Services) -> None:
    """UsageError for names that are no repositories."""
    for name in asked.names():
        _url(name, services) if asked.source == "git" else _full_name(name)


async def gather(
    asked: Asked,
    services: Services,
    book: Book,
    shelf: Shelf,
    limits: Limits,
    external: ExternalPaths,
    *,
    run: int,
    heard: Callable[[int], None],
    note: Callable[[str], None],
) -> int:
    """Does the run `run` of the book to its end; how many requests that took. `heard` is told the requests so far."""
    shelf.clean(book.expects)
    async with _origin(asked, services, book, shelf, note) as (web, origin):
        gatherer = Gatherer(
            book, shelf, origin, limits, external, at_once=asked.concurrency, heard=lambda: heard(web.requests)
        )
        await gatherer.run(run)
        return web.requests


async def estimate(
    asked: Asked, services: Services, shelf: Shelf, limits: Limits, note: Callable[[str], None]
) -> Estimate:
    """Asks for the first page of every search and lists a few repositories; downloads no file."""
    with Book(":memory:") as book:
        run = book.begin(asked.source, asked.selection())
        shelf.clean(book.expects)
        async with _origin(asked, services, book, shelf, note) as (_, origin):
            total = len(asked.names()[: asked.max_repos])
            searches = 0
            if isinstance(origin, GitHubOrigin):
                for query in asked.searches():
                    found = await origin.searcher.first_page(query, run)
                    total += found
                    searches += -(-found // PAGE) + found // 500
                for name in _spread(origin.names, SAMPLED):
                    await origin.meet(name, run)
            else:
                await origin.discover(run)
            if asked.max_repos is not None:
                total = min(total, asked.max_repos)
            known = book.repositories(run, 0, 100_000)
            sample = _spread(known, SAMPLED)
            count = size = 0
            for repository in sample:
                try:
                    listing = await origin.list(repository, known=False)
                except TryLater as error:
                    note(f"{repository.name}: {error}")
                    continue
                finally:
                    origin.release(repository)
                if isinstance(listing, Listing):
                    entries = _usable(listing.entries, limits)
                    count += len(entries)
                    size += sum(max(entry.size, 0) for entry in entries)
        scale = total / len(sample) if sample else 0.0
        expected = round(count * scale)
        trees = total if asked.source == "github" else 3 * total
        described = len(asked.names()) if len(asked.names()) <= DESCRIBED and asked.source == "github" else 0
        requests = searches + trees + described + expected + min(total, expected)
        an_hour = 5000 * len(services.tokens) if services.tokens else 60
        api_s = (trees + described) / an_hour * 3600 if asked.source == "github" else 0.0
        if asked.source == "github" and trees + described <= an_hour:
            api_s = 0.1 * trees
        search_s = searches * (2.0 if services.tokens else 6.0)
        moving_s = (expected + total) * 0.4 / asked.concurrency + size * scale / 20e6
        return Estimate(
            repositories=total,
            files=expected,
            bytes=round(size * scale),
            requests=requests,
            seconds=round(max(api_s, search_s) + moving_s, 1),
            sampled=len(sample),
        )


def _usable(entries: Sequence[Entry], limits: Limits) -> list[Entry]:
    fit = [e for e in entries if wanted(e.path) == "blend" and e.size != 0 and e.size <= limits.max_bytes]
    kept = chosen(fit, limits.max_files_per_repo)
    return [entry for entry in fit if entry.path in kept]


def _spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the items, evenly spread."""
    if len(items) <= most:
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]


def _full_name(name: str) -> str:
    text = bare(name)
    if "://" in text:
        text = urlsplit(text).path.strip("/")
    if not _FULL_NAME.fullmatch(text):
        raise UsageError(f"{bare(name)!r} is not a repository: write owner/name, or its URL")
    return text


def _url(name: str, services: Services) -> str:
    if "://" in name or re.match(r"[\w.-]+@[\w.-]+:", name) or name.startswith(("/", "./", "../")):
        if urlsplit(name).scheme in ("", "http", "https", "ssh", "git", "file"):
            return name
        raise UsageError(f"{bare(name)!r} is not a URL that git may be given: take https, ssh, git or file")
    return f"{services.server}/{_full_name(name)}.git"
