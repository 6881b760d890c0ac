"""What kind of mistake an error in an answer is.

`no_code`        there was no Python to run
`syntax`         it does not parse
`version_drift`  the name was there in another version of Blender, which renamed, moved or removed it
`invented_api`   the name, keyword, enum item, socket or node was never there
`wrong_context`  the call is right and the moment is not: another mode, another active object, no window
`missing_data`   a datablock or item that is not in the scene
`python`         any other exception
`timeout`, `crash`, `blocked`  it ran too long, ended Blender, or tried what the box forbids
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence

from voxel.blender import Run, Schema
from voxel.blender.check import explained
from voxel.records.evaluation import Kind

_BY_NAME: dict[str, Kind] = {
    "SyntaxError": "syntax",
    "IndentationError": "syntax",
    "TabError": "syntax",
    "timeout": "timeout",
    "crash": "crash",
    "scene": "crash",
    "blocked": "blocked",
    "exit": "python",
}
_DRIFT = re.compile(r"\b(?:removed|renamed|moved|replaced|deprecated) in \d|multiplied with @ since 2\.80")
_OWNER = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")
_PLACES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"\.poll\(\)|[Cc]ontext is incorrect|context missing"), "wrong_context"),
    (re.compile(r"bpy_prop_collection\[(?:key|index)\]|\.remove\(\): .* not in"), "missing_data"),
    (
        re.compile(
            r"could not be found|unrecognized|is invalid for this operator|invalid keyword argument|"
            r"enum .* not found in|enum .* not found|Node type .* undefined|doesn't exist|No module named|"
            r"cannot import name|module '.*' has no attribute|attribute \".*\" not found|is read-only|"
            r"required parameter|takes at most|was called with|operator properties|expected a single argument|"
            r"execution context is supported"
        ),
        "invented_api",
    ),
)


def kinds(run: Run, known: Schema | None, code: str, *, source: int) -> tuple[Kind, ...]:
    """The kinds of the errors in one source of a run, each once, in the order of the lines.

    `known` is the API of the Blender that ran it; without it nothing is told to be drift.
    """
    details = {(item["source"], item["line"], item["kind"], item["message"]): item for item in run.details}
    found: list[Kind] = []
    for error, hinted in zip(run.errors, explained(run, known, code), strict=True):
        if error.source != source or error.consequence_of is not None:
            continue
        detail = details.get((error.source, error.line, error.kind, error.message), {})
        member = (detail.get("owner") or "", detail.get("member") or "")
        found.append(_kind(error.kind, error.message, hinted.suggestions, member, known, _line(code, error.line)))
    return tuple(dict.fromkeys(found))


def _kind(
    name: str, message: str, suggestions: Sequence[str], member: tuple[str, str], known: Schema | None, line: str
) -> Kind:
    plain = _BY_NAME.get(name)
    if plain is not None:
        return plain
    if suggestions and _DRIFT.search(suggestions[0]):
        return "version_drift"
    owned = _OWNER.match(message)
    if owned is not None:
        return _attribute(owned[1], owned[2], known, line)
    for pattern, kind in _PLACES:
        if pattern.search(message):
            socket = known is not None and member[0] in known.nodes and member[1] in ("inputs", "outputs")
            return "invented_api" if kind == "missing_data" and socket else kind
    return "python"


def _attribute(owner: str, attribute: str, known: Schema | None, line: str) -> Kind:
    if owner == "NoneType":  # what was looked up was not there
        return "wrong_context" if "context" in line else "missing_data"
    if owner == "Context" and known is not None and attribute in known.context:
        return "wrong_context"
    return "python" if hasattr(builtins, owner) or owner == "function" else "invented_api"


def _line(code: str, number: int) -> str:
    lines = code.splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""
