"""The file that the ledger lies in: its tables, and ways to open it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from voxel.errors import SetupError

SCHEMA = 1
CACHE_KIB = 4096
LARGE_CACHE_KIB = 65536
_TABLES = """
CREATE TABLE unit (
    stage TEXT NOT NULL,
    key TEXT NOT NULL,
    input TEXT NOT NULL,
    seq INTEGER,
    state TEXT NOT NULL DEFAULT 'pending',
    reason TEXT NOT NULL DEFAULT '',
    counts TEXT NOT NULL DEFAULT '{}',
    info TEXT NOT NULL DEFAULT '{}',
    started_at REAL,
    finished_at REAL,
    seconds REAL,
    PRIMARY KEY (stage, key)
) WITHOUT ROWID;
CREATE INDEX plan ON unit (stage, seq, state) WHERE seq IS NOT NULL;
CREATE TABLE stage (
    stage TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    settings TEXT NOT NULL,
    command TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at REAL NOT NULL,
    updated_at REAL NOT NULL
) WITHOUT ROWID;
"""


def set_cache(db: sqlite3.Connection, kib: int) -> None:
    """How much of the file, and of temporary tables, is kept in memory."""
    for schema in ("main", "temp"):
        db.execute(f"PRAGMA {schema}.cache_size = -{kib}")


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Opens the file, making it when it is missing unless `read_only`. SetupError when it was made by a newer Voxel."""
    if read_only:
        return _connect_to_read(path)
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        # WAL with NORMAL is safe against kills; a power cut may lose the last commits, whose units are then done again
        db.execute("PRAGMA synchronous = NORMAL")
        # what is sorted and planned goes to disk where it is much: a million units need no more memory than thousands
        set_cache(db, CACHE_KIB)
        # of what a plan notes for itself nothing is needed after a kill
        db.execute("PRAGMA temp.journal_mode = OFF")
        _settle_schema(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _connect_to_read(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    if not path.exists():
        raise SetupError(f"{path} does not exist yet; start with: voxel run")
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None, timeout=10)
    try:
        found = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.OperationalError:
        # a folder that may not be written: SQLite cannot make the shared-memory file that reading a WAL takes
        db.close()
        db = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
        found = db.execute("PRAGMA user_version").fetchone()[0]
    try:
        if not found:
            raise SetupError(f"{path} holds no run yet; start with: voxel run")
        _check_schema(found, path)
    except SetupError:
        db.close()
        raise
    return db


def _settle_schema(db: sqlite3.Connection, path: Path) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found == 0:
        db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        return
    _check_schema(found, path)


def _check_schema(found: int, path: Path) -> None:
    if found > SCHEMA:
        raise SetupError(f"{path} was made by a newer Voxel (schema {found}, this one knows {SCHEMA}); update Voxel")
