"""What has to be remembered of every file or example: in tables on disk, so that their number costs no memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from voxel.errors import SetupError


class Scratch:
    """Tables in a file without a name, which is gone when this is closed. A context manager; used by one thread.

    SetupError where the folder for temporary files is full.
    """

    def __init__(self, tables: str) -> None:
        """`tables` are the statements that make them."""
        # a name that is empty: SQLite holds little of it in memory, and the rest where the system keeps such files
        self._db = sqlite3.connect("")
        # nobody reads it after a kill, so that nothing need be undone
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.executescript(tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it; its tables are gone."""
        self._db.close()

    def do(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Executes one statement."""
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise _full(error) from error

    def rows(self, statement: str, *values: Any) -> Iterator[Any]:
        """The rows of a query, one after the other; sorting them may take room, too."""
        try:
            yield from self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise _full(error) from error

    def do_all(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Executes one statement for each row of values."""
        try:
            self._db.executemany(statement, rows)
        except sqlite3.Error as error:
            raise _full(error) from error


def _full(error: sqlite3.Error) -> SetupError:
    return SetupError(f"cannot keep a list in the folder for temporary files: {error}; free space there")
