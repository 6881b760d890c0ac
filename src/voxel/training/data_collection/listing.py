"""The lists: scraped/files.jsonl and scraped/repositories.jsonl, of everything that all sources have collected.

Each source has its own stage in the ledger, and scraping it again changes its own part alone. Whichever has run, both
lists are written anew from all of them: local sources are read from the ledger, git and github from the book. Sources
come in the order in which they were first collected; of files with equal bytes the first is held, and the others are
its duplicates.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from voxel.errors import SetupError
from voxel.records.files import FileRecord, FileState, RepositoryRecord
from voxel.sources import Book, File, Repository, Services, services_of_environment
from voxel.stages import DataDir, Ledger

REMOTE = ("github", "git")
PHASE = "scrape"


def stage_of(source: str) -> str:
    """The ledger's name for collecting from a source."""
    return f"{PHASE}.{source}"


def book_path(data: DataDir) -> Path:
    """Where the network sources keep what they know."""
    return data.checkpoints / "collecting.sqlite"


def write_lists(data: DataDir, ledger: Ledger, book: Book | None, services: Services) -> None:
    """Replaces both lists, each whole. `book` is None where nothing was collected from the network."""
    prefix = stage_of("")
    sources = [row.stage.removeprefix(prefix) for row in ledger.stages() if row.stage.startswith(prefix)]
    found: dict[str, RepositoryRecord] = {}
    with _replacing(data.scraped / "files.jsonl") as write, _marking() as marked:
        for source in sources:
            if source not in REMOTE:
                records = _of_ledger(ledger, source)
                for record in records:
                    write(marked(record))
                repositories = _of_files(records)
            elif book is not None:
                told: dict[str, tuple[FileState, str]] = {}
                for record in _of_book(book, source, services):
                    if record.state in ("denied", "failed"):
                        before = told.get(record.repo)
                        if before is None or (before[0] == "failed" and record.state == "denied"):
                            told[record.repo] = (record.state, record.reason)
                    write(marked(record))
                repositories = _repositories_of_book(book, source, told, services)
            else:
                continue
            for repository in repositories:
                before_it = found.get(repository.repo)
                if before_it is None or (before_it.state != "held" and repository.state == "held"):
                    found[repository.repo] = repository
    with _replacing(data.scraped / "repositories.jsonl") as write:
        for name in sorted(found):
            write(found[name])


def list_anew(data: DataDir) -> None:
    """Replaces both lists by what the ledger and the book know now; a book is not made where there is none."""
    with ExitStack() as stack:
        ledger = stack.enter_context(Ledger(data.checkpoints / "ledger.sqlite"))
        book = stack.enter_context(Book(book_path(data))) if book_path(data).exists() else None
        write_lists(data, ledger, book, services_of_environment())


@contextmanager
def _marking() -> Iterator[Callable[[FileRecord], FileRecord]]:
    """Gives a function that makes a duplicate of each held record whose bytes an earlier one held."""
    # asked of a temporary table on disk: a million names need not be in memory
    seen = sqlite3.connect("")
    seen.execute("CREATE TABLE seen (sha256 TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")

    def marked(record: FileRecord) -> FileRecord:
        if record.state != "held":
            return record
        place = (record.sha256, f"{record.repo}:{record.path}")
        if seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", place).rowcount:
            return record
        first = seen.execute("SELECT place FROM seen WHERE sha256 = ?", place[:1]).fetchone()[0]
        return msgspec.structs.replace(record, state="duplicate", reason=f"the same bytes as {first}")

    try:
        yield marked
    finally:
        seen.close()


# -- local sources ----------------------------------------------------------------------------------------------------


def _of_ledger(ledger: Ledger, source: str) -> list[FileRecord]:
    told = (msgspec.convert(row.info, FileRecord) for row in ledger.rows(stage_of(source)) if row.info)
    return sorted(told, key=lambda each: (each.repo, each.path, each.commit))


def _of_files(files: Iterable[FileRecord]) -> Iterator[RepositoryRecord]:
    by_repo: dict[str, list[FileRecord]] = {}
    for record in files:
        by_repo.setdefault(record.repo, []).append(record)
    for repo, members in by_repo.items():
        states = {record.state for record in members}
        telling = "denied" if "denied" in states else "failed"
        worst = next((record for record in members if record.state == telling), members[0])
        yield RepositoryRecord(
            repo=repo,
            commit=members[0].commit,
            license=" AND ".join(dict.fromkeys(record.license for record in members if record.license)),
            state="held" if "held" in states else worst.state,
            reason="" if "held" in states else worst.reason,
        )


# -- git and github ---------------------------------------------------------------------------------------------------

_STATES: dict[str, FileState] = {"held": "held", "denied": "denied", "failed": "failed", "trouble": "failed"}
"""Of the book, in the lists' words; a file that waits is not in them."""


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
def _replacing(path: Path) -> Iterator[Callable[[msgspec.Struct], None]]:
    """Writes lines beside `path` and puts them in its place when all are there."""
    encoder = msgspec.json.Encoder()
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("wb") as file:

            def write(record: msgspec.Struct) -> None:
                file.write(encoder.encode(record) + b"\n")

            yield write
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}; free space or take another --data-dir") from error
