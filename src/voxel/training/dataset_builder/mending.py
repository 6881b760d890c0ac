"""Mending what a script calls by a wrong name, by what Blender's own error and the schema suggest, one error at a time.

Only a name is ever replaced by another one, on the line that failed. What the mended script does is proved and told
anew, so a guess that runs teaches what it really does.
"""

from __future__ import annotations

import re

from voxel.blender import Blender, Run, schema
from voxel.blender.check import explained
from voxel.records.verdict import ApiError

MOST = 8
"""Errors that are mended one after another; a script with more is another program."""
_OLD = re.compile(
    r"object has no attribute '(?P<attribute>\w+)'|attribute \"(?P<member>\w+)\" not found"
    r"|enum \"(?P<enum>[^\"]+)\" not found|key \"(?P<key>[^\"]+)\" not found"
    r"|keyword \"(?P<keyword>\w+)\"|keyword argument\(s\) \((?P<names>\w+)\)"
    r"|Node type (?P<node>\w+) undefined"
)
_RENAMED = re.compile(r"^`\w+` .*(?:renamed|named|spelled|moved).*: use (?:[A-Z]\w*\.)?(?P<new>[\w.]+)$")
_NEAR = re.compile(r"^(?:[A-Z]\w*\.|bpy\.data\.\w+\.)?(?P<name>\w+)(?:=\.\.\.)?$|^'(?P<text>[^']+)'$")


def suggested(code: str, error: ApiError) -> str | None:
    """The code with the name that the error is about replaced by the best suggestion; None where there is none."""
    old = _OLD.search(error.message)
    lines = code.splitlines(keepends=True)
    if old is None or not 0 < error.line <= len(lines):
        return None
    kind, wrong = next((kind, name) for kind, name in old.groupdict().items() if name)
    for suggestion in error.suggestions:
        found = _RENAMED.match(suggestion) or _NEAR.match(suggestion)
        if found is None:
            continue
        right = next(part for part in found.groupdict().values() if part)
        if kind in ("enum", "key", "node"):
            pattern, new = rf"""(["']){re.escape(wrong)}\1""", rf"\g<1>{right}\g<1>"
        elif kind in ("keyword", "names"):
            pattern, new = rf"\b{wrong}(?=\s*=[^=])", right
        else:
            pattern, new = rf"\.{wrong}\b", f".{right}"
        line = re.sub(pattern, new, lines[error.line - 1])
        if line != lines[error.line - 1]:
            return "".join([*lines[: error.line - 1], line, *lines[error.line :]])
    return None


def mend_by_errors(code: str, blender: Blender, timeout: float) -> tuple[str, Run]:
    """The code, mended as long as each run fails for another name, and its last run."""
    run = blender.run(code, timeout=timeout)
    for _ in range(MOST):
        if run.verdict != "failed" or not run.errors:
            break
        errors = explained(run, schema(blender.runtime, blender) if run.details else None, code)
        better = suggested(code, errors[0])
        if better is None:
            break
        code, run = better, blender.run(better, timeout=timeout)
    return code, run
