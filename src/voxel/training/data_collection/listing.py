"""The lists: scraped/files.jsonl and scraped/repositories.jsonl, of everything that all sources have collected.

Each source has its own stage in the ledger, and scraping it again changes its own part alone. When anything has
changed, both lists are written anew from all of them: local sources are read from the ledger, git and github from the
book. Sources come in the order in which they were first collected; of files with equal bytes the first is held, and the
others are its duplicates.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import msgspec

from voxel.errors import SetupError
from voxel.records import files
from voxel.records.files import FileRecord, FileState, RepositoryRecord
from voxel.scratch import Scratch
from voxel.sources import Book, File, Repository, Services, services_of_environment
from voxel.stages import DataDir, Ledger, code_digest, digests, write_atomic

REMOTE = ("github", "git")
PHASE = "scrape"
LISTS = ("files.jsonl", "repositories.jsonl")


def stage_of(source: str) -> str:
    """The ledger's name for collecting from a source."""
    return f"{PHASE}.{source}"


def book_path(data: DataDir) -> Path:
    """Where the network sources keep what they know."""
    return data.checkpoints / "collecting.sqlite"


def write_lists(data: DataDir, ledger: Ledger, book: Book | None, services: Services) -> None:
    """Replaces both lists, each whole. `book` is None where nothing was collected from the network."""
    listing, homes = (data.scraped / name for name in LISTS)
    with Scratch(_TABLES) as scratch:
        with _replacing(listing) as write:
            for source in _sources(ledger):
                if source not in REMOTE:
                    repositories = _list_local(ledger, source, scratch, write)
                elif book is not None:
                    repositories = _list_remote(book, source, services, scratch, write)
                else:
                    continue
                for repository in repositories:
                    _keep(repository, scratch)
        with _replacing(homes) as write:
            for (encoded,) in scratch.do("SELECT encoded FROM repository ORDER BY repo"):
                write(encoded)


def list_anew(data: DataDir) -> None:
    """Makes both lists say what the ledger and the book know now; a book is not made where there is none.

    Without a book, lists that are there and were made of just this are left as they are: checkpoints/listed.json knows.
    """
    with Ledger(data.checkpoints / "ledger.sqlite") as ledger:
        if book_path(data).exists():
            with Book(book_path(data)) as book:
                write_lists(data, ledger, book, services_of_environment())
            return
        note, made_of = data.checkpoints / "listed.json", _name_of(ledger)
        if not note.is_file() or note.read_bytes() != _note(data, made_of):
            write_lists(data, ledger, None, services_of_environment())
            write_atomic(note, _note(data, made_of))


def _note(data: DataDir, made_of: str) -> bytes:
    lists = digests(data.scraped, LISTS)
    return msgspec.json.format(msgspec.json.encode({"made_of": made_of, "sha256": lists})) + b"\n"


def _name_of(ledger: Ledger) -> str:
    """Names all that local sources have collected, and the code that lists it."""
    made_of = hashlib.sha256(code_digest(map(Path, (__file__, files.__file__))).encode())
    for source in _sources(ledger):
        made_of.update(f"{source}\n".encode())
        for key, finished in ledger.endings(stage_of(source)):
            made_of.update(f"{key} {finished}\n".encode())
    return made_of.hexdigest()


def _sources(ledger: Ledger) -> list[str]:
    """Those that have a stage, the first one first."""
    prefix = stage_of("")
    return [row.stage.removeprefix(prefix) for row in ledger.stages() if row.stage.startswith(prefix)]


# what is told of a million files need not be in memory
_TABLES = """
CREATE TABLE seen (sha256 TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID;
CREATE TABLE repository (repo TEXT PRIMARY KEY, held INTEGER, encoded BLOB) WITHOUT ROWID;
"""
_KEEP = """
INSERT INTO repository VALUES (?, ?, ?) ON CONFLICT (repo)
    DO UPDATE SET held = excluded.held, encoded = excluded.encoded WHERE NOT held AND excluded.held
"""
Write = Callable[[bytes], None]
_encode = msgspec.json.Encoder().encode


def _marked(record: FileRecord, scratch: Scratch) -> FileRecord:
    """The record, as a duplicate when it is held and an earlier one held its bytes."""
    if record.state != "held":
        return record
    place = (record.sha256, f"{record.repo}:{record.path}")
    if scratch.do("INSERT OR IGNORE INTO seen VALUES (?, ?)", *place).rowcount:
        return record
    first = scratch.do("SELECT place FROM seen WHERE sha256 = ?", record.sha256).fetchone()[0]
    return msgspec.structs.replace(record, state="duplicate", reason=f"the same bytes as {first}")


def _keep(repository: RepositoryRecord, scratch: Scratch) -> None:
    """Several sources may have met it: the first counts, or the first that holds something of it."""
    scratch.do(_KEEP, repository.repo, repository.state == "held", _encode(repository))


# -- local sources ----------------------------------------------------------------------------------------------------


def _list_local(ledger: Ledger, source: str, scratch: Scratch, write: Write) -> Iterator[RepositoryRecord]:
    decoder = msgspec.json.Decoder(FileRecord)
    records = map(decoder.decode, ledger.facts(stage_of(source), ("repo", "path", "commit")))
    for repo, members in groupby(records, key=lambda record: record.repo):
        told = _Summary(repo)
        for record in members:
            write(_encode(_marked(record, scratch)))
            told.hear(record)
        yield told.record()


class _Summary:
    """What the files of a local repository say of it, one after another."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._first: FileRecord | None = None
        self._by_state: dict[FileState, FileRecord] = {}
        """The first of each state."""
        self._licences: dict[str, None] = {}

    def hear(self, record: FileRecord) -> None:
        self._first = self._first or record
        self._by_state.setdefault(record.state, record)
        if record.license:
            self._licences.setdefault(record.license)

    def record(self) -> RepositoryRecord:
        assert self._first is not None
        held = "held" in self._by_state
        worst = self._by_state.get("denied") or self._by_state.get("failed") or self._first
        return RepositoryRecord(
            repo=self._repo,
            commit=self._first.commit,
            license=" AND ".join(self._licences),
            state="held" if held else worst.state,
            reason="" if held else worst.reason,
        )


# -- git and github ---------------------------------------------------------------------------------------------------

_STATES: dict[str, FileState] = {"held": "held", "denied": "denied", "failed": "failed", "trouble": "failed"}
"""Of the book, in the lists' words; a file that waits is not in them."""


def _list_remote(
    book: Book, source: str, services: Services, scratch: Scratch, write: Write
) -> Iterator[RepositoryRecord]:
    told: dict[str, tuple[FileState, str]] = {}
    for record in _of_book(book, source, services):
        if record.state in ("denied", "failed"):
            before = told.get(record.repo)
            if before is None or (before[0] == "failed" and record.state == "denied"):
                told[record.repo] = (record.state, record.reason)
        write(_encode(_marked(record, scratch)))
    yield from _repositories_of_book(book, source, told, services)


def _of_book(book: Book, source: str, services: Services) -> Iterator[FileRecord]:
    for file, repository in book.files(source):
        if file.state in _STATES:
            yield _record(file, repository, source, services)


def _record(file: File, repository: Repository, source: str, services: Services) -> FileRecord:
    home = repository.url or f"{services.server}/{repository.name}"
    look = f"{home}/blob/{repository.pin}/{quote(file.path)}" if home.startswith("http") else home
    return FileRecord(
        repo=repository.name, commit=repository.pin, path=file.path, url=services.hide(look), blob_sha=file.git,
        sha256=file.sha256, size=file.size, kind=file.kind, license=file.licence,  # type: ignore[arg-type]
        attribution=file.attribution, state=_STATES[file.state], reason=services.hide(file.reason),
        fetched_at=file.fetched_at, source=source,
    )  # fmt: skip


def _repositories_of_book(
    book: Book, source: str, told: dict[str, tuple[FileState, str]], services: Services
) -> Iterator[RepositoryRecord]:
    for repository, licences, held in book.all_repositories(source):
        state: FileState = "held" if held else "failed"
        reason = "" if held else repository.reason
        if not held and not reason:
            state, reason = told.get(repository.name, ("failed", "not collected yet"))
        yield RepositoryRecord(
            repo=repository.name, id=repository.number, default_branch=repository.branch, commit=repository.pin,
            license=licences or repository.api_licence, stars=repository.stars, state=state,
            reason=services.hide(reason),
        )  # fmt: skip


@contextmanager
def _replacing(path: Path) -> Iterator[Write]:
    """Writes lines beside `path` and puts them in its place when all are there."""
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("wb") as file:
            yield lambda line: file.writelines((line, b"\n"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}; free space or take another --data-dir") from error
