"""A folder's own account of its files: `manifest.jsonl`, one JSON object a line.

Each line names `file` (below the folder), `repo`, `commit`, `path`, `blob`, `sha256`, `size`, `license` and
`license_permissive`, which says that whoever wrote the manifest found the licence permissive; further keys are left
alone. `licenses/<owner>__<name>.txt` beside it holds the licence text, for the attribution.

Lines may be in any order and many: what they say is checked and put in order on disk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import msgspec

from voxel.errors import UsageError
from voxel.scratch import Scratch
from voxel.sources.candidate import LEADS_OUT, Bounds, Candidate, own_facts, shown, suffix, unfit
from voxel.sources.licences import attribution, read_text
from voxel.sources.policy import Policy

MANIFEST = "manifest.jsonl"
TABLE = "CREATE TABLE line (local BLOB PRIMARY KEY, told BLOB NOT NULL) WITHOUT ROWID;"
"""What `read_manifest` needs of a scratch: lines by where their files lie."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    repo: str
    path: str
    file: str
    sha256: str
    commit: str = ""
    license: str = ""
    license_permissive: bool = False


def read_manifest(folder: Path, policy: Policy, max_bytes: int, scratch: Scratch) -> Iterator[Candidate]:
    """The candidates that the folder's manifest names, in order of where they lie; none without a manifest.

    Of several lines for one file the last counts. UsageError, before the first candidate, names every line that cannot
    be used.
    """
    scratch.do("DELETE FROM line")
    if not (folder / MANIFEST).is_file():
        return
    _order(folder, scratch)
    bounds = Bounds(folder)

    texts = folder / "licenses"
    has_texts = texts.is_dir()

    @lru_cache(maxsize=1000)
    def credit(repo: str) -> str:
        text = read_text(texts / f"{repo.replace('/', '__')}.txt") if has_texts else ""
        return attribution(text) or f"The authors of {repo}"

    decoder = msgspec.json.Decoder(_Line)
    for local, line in scratch.do("SELECT local, told FROM line ORDER BY local"):
        told = decoder.decode(line)
        yield _candidate(told, os.fsdecode(local), credit(told.repo), policy, max_bytes, bounds)


def _order(folder: Path, scratch: Scratch) -> None:
    """Checks all lines, and keeps each by where its file lies."""
    path = folder / MANIFEST
    decoder = msgspec.json.Decoder(_Line)
    problems = []
    try:
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            try:
                told = decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                problems.append(f"{error} @ {shown(str(path))}:{number}")
                continue
            local = _place(folder, told.file)
            if local is None:
                problems.append(f"the file must lie below the folder @ {shown(str(path))}:{number} $.file")
                continue
            scratch.do("INSERT OR REPLACE INTO line VALUES (?, ?)", os.fsencode(local), line)
    except OSError as error:
        raise UsageError(f"cannot read {shown(str(path))}: {error.strerror}") from error
    if problems:
        raise UsageError("; ".join(problems))


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            # also where lines end as they did on old machines
            yield from line.splitlines()


def _place(folder: Path, file: str) -> str | None:
    """Where the file lies that a line names; None when that is not below the folder."""
    named = f"/{file}"
    if "//" in named or "/." in named or named.endswith("/"):
        path = Path(file)
        return None if path.is_absolute() or ".." in path.parts else str(folder / path)
    return os.path.join(folder, file)  # noqa: PTH118 - nothing to be put right, as a rule


def _candidate(told: _Line, local: str, credit: str, policy: Policy, max_bytes: int, bounds: Bounds) -> Candidate:
    size, refusal, trouble = 0, policy.refusal(told.license, vouched=told.license_permissive), ""
    facts = own_facts(local)
    if bounds.leads_out(local, facts):
        refusal = LEADS_OUT
    else:
        try:
            facts = Path(local).stat() if facts is None or stat.S_ISLNK(facts.st_mode) else facts
        except OSError as error:
            trouble = f"{MANIFEST} names it, but it cannot be read: {error.strerror}"
        else:
            trouble, size = unfit(facts, max_bytes), facts.st_size
    published = told.repo.count("/") == 1 and told.commit
    return Candidate(
        source="folder",
        repo=told.repo,
        commit=told.commit,
        path=told.path,
        url=f"https://github.com/{told.repo}/blob/{told.commit}/{quote(told.path)}" if published else "",
        kind="script" if suffix(local) == ".py" else "blend",
        license=told.license,
        attribution=credit,
        size=size,
        local=local,
        sha256=told.sha256,
        refusal=refusal,
        trouble=trouble,
    )
