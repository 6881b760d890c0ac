"""What the network sources know, kept across runs: repositories, files, blobs, searches.

One SQLite file beside the ledger. Facts are written as they become true, so that a kill loses nothing: a blob's name
is written before its file is moved to its place, a file's state after. A *run* is one pass over everything asked for;
it has a number, and goes on under that number until it is complete, however often it is interrupted. The sources
git and github have repositories of their own here, and blobs in common: what one has brought the other need not fetch.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.errors import SetupError
from voxel.sources.rows import SCHEMA, TABLES, File, Found, Repository

_REPOSITORY = (
    "id, name, number, url, branch, stars, api_licence, pin, etag, token, judged, state, reason, listed, finished, "
    "pushed, judged_at"
)
_WHO = "SELECT id, selection FROM repository WHERE source = ? AND "
_LISTED = (
    "source = ? AND selection != '' AND "
    "(state != 'found' OR selection = (SELECT value FROM note WHERE key = 'selection ' || source))"
)
"""Repositories of a source that belong into the lists: every one that was ever looked into, and was not forgotten."""
_FILE = "id, repository, path, kind, blob, size, state, reason, sha256, git, licence, attribution, fetched_at"


class Book:
    """Opens or makes `path` (`:memory:` for none). Used by one thread. SetupError when it cannot be used."""

    def __init__(self, path: Path | str) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA cache_size = -32768")
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if not found:
                self._db.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
            elif found != SCHEMA:
                raise SetupError(f"{path} was made by another version of Voxel; take that one, or move the file away")
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        self.tally: Counter[str] = Counter()
        """How many files of the present selection are in each state."""
        self.source = ""
        self.selection = ""

    def _trouble(self, error: sqlite3.Error) -> SetupError:
        if "full" in str(error):
            return SetupError(f"no space left on the disk of {self.path}; free some and run the same command again")
        return SetupError(f"{self.path}: {error}; move it away to begin anew")

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _do(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    # -- runs -----------------------------------------------------------------------------------------------------

    def begin(self, source: str, selection: str) -> int:
        """The number of the run that goes on, or of a new one when the last is complete or asked for other things."""
        self.source, self.selection = source, selection
        number, complete = int(self.read(f"run {source}", "0")), self.read(f"complete {source}", "yes")
        if complete == "yes" or self.read(f"selection {source}") != selection:
            number = int(self.read("run", "0")) + 1
            self.write("run", str(number))
            self.write(f"run {source}", str(number))
            self.write(f"complete {source}", "no")
            self.write(f"selection {source}", selection)
        others = self._do("SELECT 1 FROM repository WHERE selection != ? LIMIT 1", selection).fetchone()
        counted = (
            self._do(
                "SELECT file.state, count(*) FROM repository CROSS JOIN file INDEXED BY counted "
                "ON file.repository = repository.id WHERE selection = ? GROUP BY file.state",
                selection,
            )
            if others
            else self._do("SELECT state, count(*) FROM file GROUP BY state")
        )
        self.tally = Counter(dict(counted))
        return number

    def complete(self) -> None:
        """The run has done everything."""
        self.write(f"complete {self.source}", "yes")

    def read(self, key: str, default: str = "") -> str:
        """A note."""
        row = self._do("SELECT value FROM note WHERE key = ?", key).fetchone()
        return row[0] if row else default

    def write(self, key: str, value: str) -> None:
        """Keeps a note."""
        self._do("INSERT OR REPLACE INTO note VALUES (?, ?)", key, value)

    # -- searches -------------------------------------------------------------------------------------------------

    def page(self, url: str) -> tuple[str, str, int, int, list[str]] | None:
        """Token fingerprint, ETag, total, run and repository names of a page of results that was read before."""
        row = self._do("SELECT token, etag, total, run, names FROM page WHERE url = ?", url).fetchone()
        return (*row[:4], msgspec.json.decode(row[4], type=list[str])) if row else None

    def keep_page(self, url: str, token: str, etag: str, total: int, run: int, found: Sequence[Found]) -> None:
        """Keeps a page and the repositories on it."""
        self._do("BEGIN")
        for each in found:
            self.meet(each)
        names = msgspec.json.encode([each.name for each in found]).decode()
        self._do("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?)", url, token, etag, total, run, names)
        self._do("COMMIT")

    def same_page(self, url: str, run: int, names: Iterable[str]) -> None:
        """The page has not changed: what is on it belongs to this run."""
        self._do("BEGIN")
        for name in names:
            self._join(self._do(_WHO + "name = ?", self.source, name).fetchone())
        self._do("UPDATE page SET run = ? WHERE url = ?", run, url)
        self._do("COMMIT")

    # -- repositories ---------------------------------------------------------------------------------------------

    def meet(self, found: Found) -> None:
        """A repository that is asked for; one that is known by number or name is not counted again."""
        row = None
        if found.number is not None:
            row = self._do(_WHO + "number = ?", self.source, found.number).fetchone()
        row = row or self._do(_WHO + "name = ?", self.source, found.name).fetchone()
        if row is None:
            self._do(
                "INSERT INTO repository (source, name, number, url, branch, stars, api_licence, pushed, selection) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self.source, found.name, found.number, found.url, found.branch, found.stars, found.licence,
                found.pushed, self.selection,
            )  # fmt: skip
            return
        self._join(row)
        # another repository may have had this name before: it is gone by then
        self._do(
            "UPDATE repository SET name = name || '#' || id WHERE source = ? AND name = ? AND id != ?",
            self.source, found.name, row[0],
        )  # fmt: skip
        self._do(
            "UPDATE repository SET name = ?, number = coalesce(?, number), url = coalesce(nullif(?, ''), url), "
            "branch = coalesce(nullif(?, ''), branch), stars = coalesce(?, stars), "
            "api_licence = coalesce(nullif(?, ''), api_licence), pushed = coalesce(nullif(?, ''), pushed) "
            "WHERE id = ?",
            found.name, found.number, found.url, found.branch, found.stars, found.licence, found.pushed, row[0],
        )  # fmt: skip

    def _join(self, row: tuple[int, str] | None) -> None:
        """A repository, by id and selection, that earlier runs have met belongs to this selection from now on."""
        if row is None or row[1] == self.selection:
            return
        for state, count in self._do("SELECT state, count(*) FROM file WHERE repository = ? GROUP BY state", row[0]):
            self.tally[state] += count
        self._do("UPDATE file SET told = 0 WHERE repository = ?", row[0])
        self._do("UPDATE repository SET selection = ? WHERE id = ?", self.selection, row[0])

    def repositories(self, run: int, after: int, count: int) -> list[Repository]:
        """The next `count` repositories with a row after `after` that this run has not finished."""
        rows = self._do(
            f"SELECT {_REPOSITORY} FROM repository WHERE selection = ? AND finished != ? AND id > ? "  # noqa: S608
            "ORDER BY id LIMIT ?",
            self.selection, run, after, count,
        )  # fmt: skip
        return [Repository(*row) for row in rows]

    def repository(self, id: int) -> Repository:
        """One of them."""
        row = self._do(f"SELECT {_REPOSITORY} FROM repository WHERE id = ?", id).fetchone()  # noqa: S608
        return Repository(*row)

    def known(self, *, number: int, name: str, besides: int) -> Repository | None:
        """Another repository with this number or name."""
        statement = (
            f"SELECT {_REPOSITORY} FROM repository "  # noqa: S608
            "WHERE source = ? AND (number = ? OR name = ?) AND id != ?"
        )
        row = self._do(statement, self.source, number, name, besides).fetchone()
        return Repository(*row) if row else None

    def named(self, name: str) -> Repository | None:
        """The repository with this name."""
        statement = f"SELECT {_REPOSITORY} FROM repository WHERE source = ? AND name = ?"  # noqa: S608
        row = self._do(statement, self.source, name).fetchone()
        return Repository(*row) if row else None

    def change(self, id: int, **columns: Any) -> None:
        """Sets columns of a repository."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self._do(f"UPDATE repository SET {names} WHERE id = ?", *columns.values(), id)  # noqa: S608

    def count(self) -> tuple[int, int]:
        """How many repositories the selection has, and how many of them hold wanted files."""
        row = self._do(
            "SELECT count(*), sum(state = 'listed') FROM repository WHERE selection = ?", self.selection
        ).fetchone()
        return row[0], row[1] or 0

    def lost(self) -> int:
        """How many repositories of the selection are refused for good."""
        statement = "SELECT count(*) FROM repository WHERE selection = ? AND state = 'failed'"
        return int(self._do(statement, self.selection).fetchone()[0])

    def links(self, id: int) -> bytes | None:
        """What `change(links=…)` kept."""
        row = self._do("SELECT links FROM repository WHERE id = ?", id).fetchone()
        return row[0] if row else None

    # -- files ----------------------------------------------------------------------------------------------------

    def keep_files(self, repository: int, files: Iterable[File], **columns: Any) -> None:
        """Makes `files` the files of a repository and sets its columns, at once.

        A file with the same blob that is held stays held; one that is no longer named is gone.
        """
        self._do("BEGIN")
        before = {
            path: (id, blob, state)
            for id, path, blob, state in self._do(
                "SELECT id, path, blob, state FROM file WHERE repository = ?", repository
            )
        }
        for file in files:
            old = before.pop(file.path, None)
            if old is None:
                self._do(
                    f"INSERT INTO file ({_FILE}, told) VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,0)",  # noqa: S608
                    repository, *file[2:],
                )  # fmt: skip
                self.tally[file.state] += 1
                continue
            id, blob, state = old
            self.tally[state] -= 1
            settled = blob == file.blob and file.state == "pending" and state in ("held", "aside", "failed")
            after = state if settled else file.state
            self.tally[after] += 1
            if settled:
                self._do(
                    "UPDATE file SET licence = ?, attribution = ?, told = 0 WHERE id = ?",
                    file.licence, file.attribution, id,
                )  # fmt: skip
            else:
                self._do(
                    "UPDATE file SET kind = ?, blob = ?, size = ?, state = ?, reason = ?, sha256 = '', git = '', "
                    "licence = ?, attribution = ?, fetched_at = ?, told = 0 WHERE id = ?",
                    file.kind, file.blob, file.size, file.state, file.reason, file.licence, file.attribution,
                    file.fetched_at, id,
                )  # fmt: skip
        for id, _, state in before.values():
            self.tally[state] -= 1
            self.tally["gone"] += 1
            self._do("UPDATE file SET state = 'gone', told = 0 WHERE id = ?", id)
        self.change(repository, **columns)
        self._do("COMMIT")

    def open_files(self, repository: int) -> list[File]:
        """Those that are still to be fetched."""
        rows = self._do(
            f"SELECT {_FILE} FROM file WHERE repository = ? AND state IN ('pending', 'trouble') ORDER BY id",  # noqa: S608
            repository,
        )
        return [File(*row) for row in rows]

    def held_files(self, repository: int) -> list[File]:
        """The .blend files of a repository that are held."""
        rows = self._do(
            f"SELECT {_FILE} FROM file WHERE repository = ? AND state = 'held' AND kind = 'blend'",  # noqa: S608
            repository,
        )
        return [File(*row) for row in rows]

    def settle(
        self, file: File, state: str, reason: str = "", *, sha256: str = "", git: str = "", size: int | None = None
    ) -> None:
        """What became of a file."""
        self.tally[file.state] -= 1
        self.tally[state] += 1
        self._do(
            "UPDATE file SET state = ?, reason = ?, sha256 = ?, git = ?, size = ?, fetched_at = ?, told = 0 "
            "WHERE id = ?",
            state, reason, sha256, git, file.size if size is None else size,
            time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), file.id,
        )  # fmt: skip

    def files(self, source: str) -> Iterator[tuple[File, Repository]]:
        """Every file of a source in order of repository and path, with its repository; streamed."""
        columns = ", ".join(f"file.{name}" for name in _FILE.split(", "))
        of_repository = ", ".join(f"repository.{name}" for name in _REPOSITORY.split(", "))
        for row in self._do(
            f"SELECT {columns}, {of_repository} FROM repository CROSS JOIN file ON file.repository = repository.id "  # noqa: S608
            f"WHERE {_LISTED.replace('state', 'repository.state')} AND file.state NOT IN ('gone', 'aside') "
            "ORDER BY repository.name, file.path",
            source,
        ):
            yield File(*row[:13]), Repository(*row[13:])

    def all_repositories(self, source: str) -> Iterator[tuple[Repository, str, int]]:
        """Every repository of a source by name, with its files' licences and how many of those are held."""
        for row in self._do(
            f"SELECT {_REPOSITORY}, "  # noqa: S608
            "(SELECT group_concat(licence, ' AND ') FROM (SELECT DISTINCT licence FROM file WHERE licence != '' "
            "AND repository = repository.id AND state NOT IN ('gone', 'aside') ORDER BY licence)), "
            "(SELECT count(*) FROM file WHERE repository = repository.id AND state = 'held') "
            f"FROM repository WHERE {_LISTED} ORDER BY name",
            source,
        ):
            yield Repository(*row[:17]), row[17] or "", row[18]

    def selected(self) -> Iterator[Repository]:
        """Every repository of the selection; streamed."""
        for row in self._do(f"SELECT {_REPOSITORY} FROM repository WHERE selection = ?", self.selection):  # noqa: S608
            yield Repository(*row)

    def forget(self, source: str) -> None:
        """The repositories of a source belong into no list until they are met again; blobs stay known."""
        self._do("UPDATE repository SET selection = '' WHERE source = ?", source)
        self._do("DELETE FROM note WHERE key IN (?, ?)", f"selection {source}", f"complete {source}")

    def untold(self, count: int) -> list[tuple[File, str, str]]:
        """Files of this source that the ledger has not heard of so far, with name and selection of their repository."""
        columns = ", ".join(f"file.{name}" for name in _FILE.split(", "))
        rows = self._do(
            f"SELECT {columns}, repository.name, repository.selection FROM file INDEXED BY untold JOIN repository "  # noqa: S608
            "ON file.repository = repository.id WHERE told = 0 AND source = ? ORDER BY file.id LIMIT ?",
            self.source,
            count,
        )
        return [(File(*row[:13]), row[13], row[14]) for row in rows]

    def told(self, files: Iterable[File]) -> None:
        """The ledger has heard of these states."""
        self._do("BEGIN")
        for file in files:
            self._do("UPDATE file SET told = 1 WHERE id = ? AND state = ?", file.id, file.state)
        self._do("COMMIT")

    # -- blobs ----------------------------------------------------------------------------------------------------

    def blob(self, name: str) -> tuple[str, int, str] | None:
        """sha256, size and git name of the bytes that came under this git name (or that of their LFS pointer)."""
        return self._do("SELECT sha256, size, git FROM blob WHERE name = ?", name).fetchone()  # type: ignore[no-any-return]

    def expects(self, sha256: str) -> bool:
        """Whether bytes with this sha256 have come, or are pointed at by Git LFS."""
        return self._do("SELECT 1 FROM blob WHERE sha256 = ? LIMIT 1", sha256).fetchone() is not None

    def keep_blob(self, name: str, sha256: str, size: int, git: str) -> None:
        """The bytes have come."""
        self._do("INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)", name, sha256, size, git)

    def licence(self, blob: str) -> tuple[str, str] | None:
        """SPDX and attribution of a licence text that was read before."""
        return self._do("SELECT spdx, attribution FROM licence WHERE blob = ?", blob).fetchone()  # type: ignore[no-any-return]

    def keep_licence(self, blob: str, spdx: str, attribution: str) -> None:
        """The same, to be kept."""
        self._do("INSERT OR REPLACE INTO licence VALUES (?, ?, ?)", blob, spdx, attribution)
