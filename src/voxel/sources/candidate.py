"""A candidate: a file that a source knows of and that nobody has read yet."""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from voxel.records.files import FileKind, FileRecord, FileState

MAX_BYTES = 512 << 20
"""Files larger than this are not read."""
LEADS_OUT = "a link that leads out of the folder"
"""Why a file is denied of which the named folder, its licence and its repository say nothing."""
NO_BLEND = "begins like neither a .blend file nor gzip nor zstd"
_HEAD = 8


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file before it is read."""

    source: str
    repo: str
    commit: str = ""
    path: str
    """Within the repository; bytes of the name that are not UTF-8 as `\\xNN`."""
    url: str = ""
    kind: FileKind = "blend"
    license: str = ""
    attribution: str = ""
    size: int = 0
    local: str = ""
    """Where it lies on this machine, with stray bytes as surrogates; empty when it does not."""
    sha256: str = ""
    """What its bytes must be, where that was promised."""
    refusal: str = ""
    """Why policy or a cap forbids it; empty when it may be read."""
    trouble: str = ""
    """What is wrong with it already; empty when nothing is."""

    def record(self, state: FileState, reason: str = "", *, data: bytes | None = None) -> FileRecord:
        """What became of it; `data` are its bytes when they were read."""
        size = self.size if data is None else len(data)
        return FileRecord(
            repo=self.repo,
            commit=self.commit,
            path=self.path,
            url=self.url,
            blob_sha="" if data is None else blob_sha(data),
            sha256="" if data is None else hashlib.sha256(data).hexdigest(),
            size=size,
            kind=self.kind,
            license=self.license,
            attribution=self.attribution,
            state=state,
            reason=reason,
            fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
            source=self.source,
        )


def blob_sha(data: bytes) -> str:
    """The name that git gives to these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def shown(name: str) -> str:
    """A file name as records hold it: valid text, each byte that is not UTF-8 as `\\xNN`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def whole(path: Path) -> Path:
    """The path from the root on, the same for every way of saying it; links are not followed without need."""
    return path.resolve() if ".." in path.parts else path.absolute()


def suffix(path: str) -> str:
    """The end of a file's name from its last dot on, in small letters; empty where a name only begins or ends so."""
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name[dot:].lower() if 0 < dot < len(name) - 1 else ""


class Bounds:
    """Tells of many paths whether links on the way to them lead out of the folder below which they are named.

    Paths begin with that folder, and `..` is no part of any.
    """

    def __init__(self, top: Path) -> None:
        self._top = str(top)
        self._real = os.path.realpath(top)
        # files that come one after another lie in few folders: each is looked at once
        self._folder_leads_out = lru_cache(maxsize=1000)(self._leads_out)

    def leads_out(self, path: str, facts: os.stat_result | None) -> bool:
        """`facts` are those of the path itself, not of what it links to; None where there are none.

        A loop leads nowhere.
        """
        if path == self._top or _is_link(facts):
            return self._leads_out(path)
        return self._folder_leads_out(os.path.dirname(path))  # noqa: PTH120

    def _leads_out(self, path: str) -> bool:
        # where a path leads depends on the last link on the way to it
        while len(path) > len(self._top) and not _is_link(own_facts(path)):
            path = os.path.dirname(path)  # noqa: PTH120
        return path != self._top and not Path(os.path.realpath(path)).is_relative_to(self._real)


def _is_link(facts: os.stat_result | None) -> bool:
    return facts is not None and stat.S_ISLNK(facts.st_mode)


def own_facts(path: str) -> os.stat_result | None:
    """Those of the path itself, be it a link; None where there are none."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def begins_as_blend(head: bytes) -> bool:
    """Whether these first bytes, four at least, are those of a .blend file: plain, or packed with gzip or zstd."""
    skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5
    return head.startswith((b"BLENDER", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")) or skippable


def read_local(candidate: Candidate, max_bytes: int) -> tuple[FileRecord, bytes | None]:
    """Reads a local candidate; with no bytes when it may not or cannot be used, and the record says why."""
    if candidate.refusal:
        return candidate.record("denied", candidate.refusal), None
    if candidate.trouble:
        return candidate.record("failed", candidate.trouble), None
    path = Path(candidate.local)
    try:
        # opened without blocking, for a FIFO may have taken the place of the file
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(handle)
            trouble = unfit(facts, max_bytes)
            if trouble:
                return candidate.record("failed", trouble), None
            data = file.read(_HEAD)
            if candidate.kind == "blend" and not begins_as_blend(data):
                # its bytes are nobody's scene, so that not even their digest is kept
                return candidate.record("failed", NO_BLEND), None
            data += file.read(max_bytes + 1 - len(data))
    except OSError as error:
        return candidate.record("failed", f"cannot be read: {error.strerror}"), None
    if len(data) > max_bytes:
        return candidate.record("failed", f"grew over the limit of {max_bytes:,} bytes while it was read"), None
    record = candidate.record("held", data=data)
    if candidate.sha256 and record.sha256 != candidate.sha256:
        reason = "its bytes are not those that manifest.jsonl names"
        return msgspec.structs.replace(record, state="failed", reason=reason), None
    return record, data


def unfit(facts: os.stat_result, max_bytes: int) -> str:
    """Why a file with these facts is not worth opening; empty when it is."""
    if not stat.S_ISREG(facts.st_mode):
        return "not a regular file"
    if not facts.st_size:
        return "empty: zero bytes"
    if facts.st_size > max_bytes:
        return f"too large: {facts.st_size:,} bytes, the limit is {max_bytes:,}"
    return ""
