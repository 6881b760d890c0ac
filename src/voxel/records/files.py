"""Files and repositories that were seen while collecting: the lines of scraped/files.jsonl and repositories.jsonl."""

from __future__ import annotations

from typing import Literal

import msgspec

FileState = Literal["held", "duplicate", "denied", "failed"]
FileKind = Literal["blend", "script", "folder"]
FAILURES = "failures"
"""The source of scripts that were mended after a model in use had got them wrong."""


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was seen, whether it is used or not.

    Text that came from a file name holds each byte that is not UTF-8 as `\\xNN`.
    """

    repo: str
    """`owner/name`, `voxel-samples/<theme>` for samples, `local/<folder>` for a folder that is no repository."""
    commit: str
    """Git commit, 40 hex digits; empty where none is known."""
    path: str
    """Within the repository, with forward slashes."""
    url: str
    """Where a person can look at it; empty for local files."""
    blob_sha: str
    """Git's name for the bytes: sha1 of `blob <size>\\0` and the bytes; empty when they were not read."""
    sha256: str
    """Of the bytes; they lie at scraped/blobs/<2 hex>/<sha256> when `state` is held. Empty when they were not read."""
    size: int
    """Bytes."""
    kind: FileKind
    """`blend`; `script` for Python that imports bpy; `folder` for a folder that could not be listed."""
    license: str
    """SPDX identifier or expression; empty when unknown."""
    attribution: str
    """Whom to name, as the licence asks; one line."""
    state: FileState
    """`held`; `duplicate` of another held file; `denied` by policy or cap; `failed` for a reason of its own."""
    reason: str
    """Why it is not held; empty when it is."""
    fetched_at: str
    """ISO 8601 in UTC, when it was read."""
    source: str = ""
    """`samples`, `folder`, `git`, `github`, or `failures` for what was mended."""


class RepositoryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One repository that was seen."""

    repo: str
    id: int | None = None
    """GitHub's number for it, which outlives renames; None elsewhere."""
    default_branch: str = ""
    commit: str = ""
    license: str = ""
    """The licences of its files, joined by ` AND `; empty when none is known."""
    stars: int | None = None
    state: FileState = "held"
    """`held` when at least one file is held (or is a duplicate), else `denied` or `failed`."""
    reason: str = ""
