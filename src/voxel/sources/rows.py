"""What the book's rows are: its tables, and repositories and files as they come out of them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

SCHEMA = 2

TABLES = """
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE page (
    url TEXT PRIMARY KEY, token TEXT NOT NULL, etag TEXT NOT NULL, total INTEGER NOT NULL, run INTEGER NOT NULL,
    names TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE repository (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, number INTEGER,
    url TEXT NOT NULL DEFAULT '',
    branch TEXT NOT NULL DEFAULT '', stars INTEGER, api_licence TEXT NOT NULL DEFAULT '',
    pin TEXT NOT NULL DEFAULT '', etag TEXT NOT NULL DEFAULT '', token TEXT NOT NULL DEFAULT '',
    judged TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'found', reason TEXT NOT NULL DEFAULT '',
    selection TEXT NOT NULL DEFAULT '', listed INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0,
    links BLOB, pushed TEXT NOT NULL DEFAULT '', judged_at TEXT NOT NULL DEFAULT '',
    UNIQUE (source, name), UNIQUE (source, number)
);
CREATE INDEX unfinished ON repository (selection, finished, id);
CREATE TABLE file (
    id INTEGER PRIMARY KEY, repository INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, blob TEXT NOT NULL,
    size INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', sha256 TEXT NOT NULL DEFAULT '',
    git TEXT NOT NULL DEFAULT '', licence TEXT NOT NULL DEFAULT '', attribution TEXT NOT NULL DEFAULT '',
    fetched_at TEXT NOT NULL DEFAULT '', told INTEGER NOT NULL DEFAULT 0, UNIQUE (repository, path)
);
CREATE INDEX open ON file (repository) WHERE state IN ('pending', 'trouble');
CREATE INDEX counted ON file (repository, state);
CREATE INDEX states ON file (state);
CREATE INDEX untold ON file (id) WHERE told = 0;
CREATE TABLE blob (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, git TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX bytes ON blob (sha256);
CREATE TABLE licence (blob TEXT PRIMARY KEY, spdx TEXT NOT NULL, attribution TEXT NOT NULL) WITHOUT ROWID;
"""


class Repository(NamedTuple):
    """One row; `id` is the book's own, `number` the service's."""

    id: int
    name: str
    number: int | None
    url: str
    branch: str
    stars: int | None
    api_licence: str
    pin: str
    etag: str
    token: str
    judged: str
    state: str
    reason: str
    listed: int
    finished: int
    pushed: str
    """When the service last heard of a change; empty where it does not say."""
    judged_at: str
    """`pushed` when it was last refused for good."""


class File(NamedTuple):
    """One file of a repository. States: pending, held, denied, failed (lasting), trouble (passing), aside (not wanted
    after all), gone (no longer in the tree)."""

    id: int
    repository: int
    path: str
    kind: str
    blob: str
    size: int
    state: str
    reason: str
    sha256: str
    git: str
    licence: str
    attribution: str
    fetched_at: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A repository as a search or a list names it."""

    name: str
    number: int | None = None
    url: str = ""
    branch: str = ""
    stars: int | None = None
    licence: str = ""
    pushed: str = ""
