"""A folder's own account of its files: `manifest.jsonl`, one JSON object a line.

Each line names `file` (below the folder), `repo`, `commit`, `path`, `blob`, `sha256`, `size`, `license` and
`license_permissive`, which says that whoever wrote the manifest found the licence permissive; further keys are left
alone. `licenses/<owner>__<name>.txt` beside it holds the licence text, for the attribution.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import msgspec

from voxel.errors import UsageError
from voxel.sources.candidate import LEADS_OUT, Candidate, leads_out, shown, unfit
from voxel.sources.licences import attribution, read_text
from voxel.sources.policy import Policy

MANIFEST = "manifest.jsonl"


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    repo: str
    path: str
    file: str
    sha256: str
    commit: str = ""
    license: str = ""
    license_permissive: bool = False


def read_manifest(folder: Path, policy: Policy, max_bytes: int) -> dict[str, Candidate]:
    """The candidates that the folder's manifest names, by where they lie; empty without a manifest.

    UsageError names every line that cannot be used.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    decoder = msgspec.json.Decoder(_Line)
    problems, found, credits = [], {}, dict[str, str]()
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {shown(str(path))}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            problems.append(f"{error} @ {shown(str(path))}:{number}")
            continue
        local = folder / told.file
        if Path(told.file).is_absolute() or ".." in Path(told.file).parts:
            problems.append(f"the file must lie below the folder @ {shown(str(path))}:{number} $.file")
            continue
        if told.repo not in credits:
            text = read_text(folder / "licenses" / f"{told.repo.replace('/', '__')}.txt")
            credits[told.repo] = attribution(text) or f"The authors of {told.repo}"
        found[str(local)] = _candidate(told, local, credits[told.repo], policy, max_bytes)
        if leads_out(local, folder):
            found[str(local)] = msgspec.structs.replace(found[str(local)], refusal=LEADS_OUT, trouble="", size=0)
    if problems:
        raise UsageError("; ".join(problems))
    return found


def _candidate(told: _Line, local: Path, credit: str, policy: Policy, max_bytes: int) -> Candidate:
    size = 0
    try:
        facts = local.stat()
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
        kind="script" if local.suffix.lower() == ".py" else "blend",
        license=told.license,
        attribution=credit,
        size=size,
        local=str(local),
        sha256=told.sha256,
        refusal=policy.refusal(told.license, vouched=told.license_permissive),
        trouble=trouble,
    )
