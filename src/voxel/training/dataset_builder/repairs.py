"""Repairs: an answer that was proved, written the way older versions of Blender had it, and Blender's own complaint.

The broken script and the error stand in the instruction, since a context is code that runs. What is wanted is the
answer as it was proved, so nothing has to be proved anew but that the old way fails.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from voxel.blender import Attempt, Blender
from voxel.bpycode import scripts
from voxel.records.example import REPAIR, SCRIPT
from voxel.records.verdict import ApiError
from voxel.training.dataset_builder.candidate import chance_of
from voxel.training.dataset_builder.lines import Line, Proved, estimate_tokens, identity
from voxel.training.dataset_builder.proving import MAX_TOKENS
from voxel.training.dataset_builder.together import Asked, Asking, shareable, together

PER_ROLE = 3
"""Repairs of one role from one file."""
SHOWN = 300
"""Letters of an error; some name every item of an enumeration."""
SEVERAL = 0.3
"""Share of the repairs in which every old way that fits is taken, not one of them."""
_ASKED = (
    "This script still has calls from the days of Blender {until}. In Blender {now} it stops with:\n\n{error}\n\n"
    "{code}\n\nPlease mend it. What it is for: {purpose}",
    "{purpose}\n\nI have this for it, but Blender {now} says:\n\n{error}\n\n{code}\n\nCan you fix it?",
    "Fix this script so that it runs in Blender {now}:\n\n{code}\n\nThe error:\n\n{error}\n\n"
    "It should do this: {purpose}",
    "I found an old script (parts of it are from Blender {until}) and get an error in Blender {now}.\n\n{code}\n\n"
    "{error}\n\nRewrite it for the current API. The task was: {purpose}",
)

_OPENED = re.compile(r"^(?:(?:Quick one|Hi|Small job|Good)[.!] |Now |Then |Next, |Nice, but |One change: )+")
_POLITE = re.compile(
    r"(?P<order>(?:[Cc]ould|[Cc]an) you |[Pp]lease |I want you to )"
    r"|(?:I need|We need|I'd like|I want|[Gg]ive me) (?=an? )"
)
_NAMES = re.compile(r'("[^"]*")')


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the API: how today's source was written before."""

    name: str
    now: str
    """Regular expression over today's source."""
    old: str
    """What stood there: groups by number (`\\1`) or, in lower case, by name (`{side}`)."""
    until: str
    """The last series in which that worked."""
    source: str
    """The release notes that tell of it."""
    often: bool = False
    """Whether it touches so many scripts that rarer ones go first."""
    mends: tuple[tuple[str, str], ...] = ()
    """(regular expression over old source, what stands there today), for scripts that people wrote."""


class Broken(NamedTuple):
    """A script in an old idiom."""

    code: str
    drifts: tuple[Drift, ...]


@cache
def drifts() -> tuple[Drift, ...]:
    """The table, newest changes first."""
    raw = tomllib.loads(files("voxel.training.dataset_builder").joinpath("drifts.toml").read_text("utf-8"))
    return tuple(msgspec.convert(raw["drift"], list[Drift]))


def aged(code: str, drift: Drift) -> str:
    """The code as it was written before that change; the same code where the change does not touch it."""

    def old(found: re.Match[str]) -> str:
        # INPUT and OUTPUT were parts of a name
        named = {
            name: part.lower() if part.isupper() and part.isalpha() else part
            for name, part in found.groupdict().items()
        }
        return re.sub(r"\\(\d)|\{(\w+)\}", lambda hole: found[int(hole[1])] if hole[1] else named[hole[2]], drift.old)

    return re.sub(drift.now, old, code).replace("\\n", "\n") if re.search(drift.now, code) else code


def broken(code: str, known: Container[str] = ()) -> Broken | None:
    """The code in an old idiom, chosen by its content, rare ones first; None where no change touches it.

    `known` are names of changes that need not be taught again.
    """
    every = [drift for drift in drifts() if aged(code, drift) != code]
    fitting = [drift for drift in every if drift.name not in known]
    if not fitting:
        return None
    chance = chance_of("repair", code)
    rare = [drift for drift in fitting if not drift.often] or fitting
    taken = every if chance.random() < SEVERAL else [chance.choice(rare)]
    for drift in taken:
        code = aged(code, drift)
    return Broken(code, tuple(taken))


def mended(code: str) -> Broken:
    """The code with every old way that has a plain counterpart written in today's, and which those were."""
    taken: list[Drift] = []
    for drift in drifts():
        for old, new in drift.mends:
            now = re.sub(old, new, code)
            if now != code:
                code = now
                taken.append(drift)
    return Broken(code, tuple(dict.fromkeys(taken)))


def repairs(lines: Iterable[Line], blenders: Sequence[Blender], timeout: float) -> list[Proved]:
    """Repairs of a file's examples, at most PER_ROLE of each role, each of another change."""
    fit = [line for line in lines if isinstance(line, Proved) and not line.example.earlier]
    fit = [line for line in fit if line.example.category != REPAIR]
    roles = dict.fromkeys(line.example.role for line in fit)
    works = [_of_role([line for line in fit if line.example.role == role], blenders, timeout) for role in roles]
    return [made for found in together(works, timeout=timeout) for made in found]


def _of_role(lines: Iterable[Proved], blenders: Sequence[Blender], timeout: float) -> Asking[list[Proved]]:
    given: list[Proved] = []
    known: set[str] = set()
    for line in lines:
        found = broken(line.example.completion, known)
        made = None if found is None else (yield from as_repair(line, found, blenders, timeout))
        if found is None or made is None:
            continue
        given.append(made)
        known.update(drift.name for drift in found.drifts)
        if len(given) == PER_ROLE:
            break
    return given


def as_repair(line: Proved, found: Broken, blenders: Sequence[Blender], timeout: float) -> Asking[Proved | None]:
    """The example with the broken script in its instruction. None where that does not fail, or is too long."""
    example = line.example
    if example.tokens + estimate_tokens(found.code) > MAX_TOKENS:
        return None
    sources = [*scripts(example.role, example.context, "")[:-1], found.code]
    failing: list[tuple[str, ApiError]] = []
    for blender in blenders:
        if blender.runtime.series in example.blender:
            error = yield from _stopped(blender, sources, timeout, ours=example.category != SCRIPT)
            if error is not None and error.source == len(sources) - 1:
                failing.append((blender.runtime.series, error))
    if not failing:
        return None
    chance = chance_of("asked", found.code)
    series, error = chance.choice(failing)
    instruction = chance.choice(_ASKED).format(
        until=min((drift.until for drift in found.drifts), key=_number) if found.drifts else "earlier versions",
        now=series,
        error=f"```\n{_shown(error, found.code)}\n```",
        code=f"```python\n{found.code}```",
        purpose=_plainly(example.instruction),
    )
    names = ", ".join(dict.fromkeys(drift.name for drift in found.drifts))
    derived = example.provenance.derived_from
    if example.category != SCRIPT:
        derived = "; ".join(filter(None, (derived, f"its script was rewritten in an older idiom ({names})")))
    repaired = msgspec.structs.replace(
        example,
        id=identity(example.role, instruction, example.context, example.completion),
        category=REPAIR,
        instruction=instruction,
        tokens=estimate_tokens(instruction, example.context, example.completion),
        provenance=msgspec.structs.replace(example.provenance, derived_from=derived),
    )
    return Proved(
        example=repaired, exact=identity("repair", names, line.exact), shape=identity("repair", names, line.shape)
    )


def _stopped(blender: Blender, sources: Sequence[str], timeout: float, *, ours: bool) -> Asking[ApiError | None]:
    """The first error of these sources; None where they run, or end otherwise. `ours`: none of them is another's."""
    if ours and shareable(sources):
        (shown,) = yield Asked(blender, [Attempt(sources=tuple(sources))])
        return shown if isinstance(shown, ApiError) else None
    run = blender.run(*sources, timeout=timeout, dump=False)
    return run.errors[0] if run.verdict == "failed" and run.errors else None


def _plainly(asked: str) -> str:
    """What was asked for, without the words of one who asks: it stands within another request."""
    text = _OPENED.sub("", asked)
    polite = _POLITE.match(text)
    if polite is None:
        return text[:1].upper() + text[1:]
    rest = text[polite.end() :]
    text = rest[:1].upper() + rest[1:] if polite["order"] else f"Make {rest}"
    pieces = _NAMES.split(text)
    pieces[::2] = [re.sub(r"\?(?=\s|$)", ".", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _shown(error: ApiError, code: str) -> str:
    """The error as Python prints it, with its line."""
    lines = code.splitlines()
    place = ""
    if 0 < error.line <= len(lines):
        place = f'  File "script.py", line {error.line}, in <module>\n    {lines[error.line - 1].strip()}\n'
    message = error.message if len(error.message) <= SHOWN else f"{error.message[:SHOWN]} ..."
    return f"Traceback (most recent call last):\n{place}{error.kind}: {message}"


def _number(series: str) -> list[int]:
    return [int(part) for part in series.split(".")]
