"""A candidate becomes an example when real Blender shows that every check holds; else it is dropped with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from voxel.blender import Blender
from voxel.bpycode import scripts, write
from voxel.facts import Unsayable, ask, failing, find
from voxel.facts.compare import differences
from voxel.facts.fact import Fact
from voxel.facts.stated import unstated
from voxel.records.example import Check, Difficulty, DroppedCandidate, Example, Exists, Provenance
from voxel.training.dataset_builder.candidate import Candidate, PlanCandidate
from voxel.training.dataset_builder.likeness import Likeness, likeness
from voxel.training.dataset_builder.naming import plain_names
from voxel.training.dataset_builder.planning import drafted

MAX_FACTS = 40
MAX_TOKENS = 3000
BYTES_PER_TOKEN = 3.3
"""Measured on bpy code; an estimate."""
_SHOWN = 160
_REMEMBERED = 50_000
"""Proofs that a worker keeps in mind; old scenes repeat the same camera, lamp and cube file after file."""


class Proved(msgspec.Struct, frozen=True, kw_only=True, tag="example"):
    """A line of a unit's file: an example with what deduplication needs."""

    example: Example
    exact: str
    shape: str


class Unproved(msgspec.Struct, frozen=True, kw_only=True, tag="dropped"):
    """A line of a unit's file: a candidate that is no example."""

    dropped: DroppedCandidate


Line = Proved | Unproved


class Prover:
    """Judges candidates with one or more Blenders; the first is the one that the Scenes come from."""

    def __init__(self, blenders: Sequence[Blender], *, timeout: float = 30.0) -> None:
        self._blenders = blenders
        self._timeout = timeout
        self._seen: set[str] = set()
        self._known: dict[bytes, tuple[list[str], str]] = {}

    def next_file(self) -> None:
        """Begins another file: what is the same within a file is left out, the same in two files is decided later."""
        self._seen.clear()
        if len(self._known) > _REMEMBERED:
            self._known.clear()

    def prove(self, candidate: Candidate | PlanCandidate, source: Provenance) -> Line | None:
        """None when there is nothing to learn: nothing but that a thing is there, or what this file had already."""
        if isinstance(candidate, PlanCandidate):
            return self._prove_plan(candidate, source)
        before, after = plain_names(candidate.before, candidate.after)
        try:
            facts = find(after, before)
        except Unsayable as reason:
            return left_out(candidate, source, f"cannot be said: {reason}")
        if not facts or all(isinstance(fact.check, Exists) for fact in facts):
            return None
        if len(facts) > MAX_FACTS:
            return left_out(candidate, source, f"too long: more than {MAX_FACTS} facts")
        try:
            context, completion = write(before) if _has_content(before) else "", write(after, before)
        except Exception as error:  # noqa: BLE001 - one Scene that cannot be written must not cost the file's others
            return left_out(candidate, source, f"cannot be written: {type(error).__name__}: {error}")
        names = [name for scene in (before, after) for found in scene["blocks"].values() for name in found]
        alike = likeness(context, completion, names)
        if alike.exact in self._seen:
            return None
        self._seen.add(alike.exact)
        instruction = ask(facts, alike.exact)
        tokens = estimate_tokens(instruction, context, completion)
        if tokens > MAX_TOKENS:
            return left_out(candidate, source, f"too long: more than {MAX_TOKENS} tokens", instruction, completion)
        checks = checks_of(facts)
        missing = unstated(checks, instruction, context)
        if missing:
            return left_out(candidate, source, f"not said: {missing[0]}"[:_SHOWN], instruction, completion)
        versions, trouble = self._versions(scripts(candidate.role, context, completion), checks, after)
        if trouble:
            return left_out(candidate, source, trouble, instruction, completion)
        return lined(candidate, source, checks, instruction, context, completion, versions, alike)

    def _prove_plan(self, candidate: PlanCandidate, source: Provenance) -> Line | None:
        plan = drafted(candidate)
        if not plan.checks or plan.alike.exact in self._seen:
            return None
        self._seen.add(plan.alike.exact)
        texts = plan.instruction, plan.context, plan.completion
        if estimate_tokens(*texts) > MAX_TOKENS:
            return left_out(candidate, source, f"too long: more than {MAX_TOKENS} tokens", texts[0], texts[2])
        if plan.unsaid:
            return left_out(candidate, source, f"not said: {plan.unsaid[0]}"[:_SHOWN], texts[0], texts[2])
        versions, trouble = self._versions(scripts(candidate.role, plan.context, plan.completion), plan.checks)
        if trouble:
            return left_out(candidate, source, trouble, texts[0], texts[2])
        return lined(candidate, source, plan.checks, *texts, versions, plan.alike)

    def _versions(self, sources: Sequence[str], checks: Sequence[Check], after: Any = None) -> tuple[list[str], str]:
        """(series in which it holds, why it does not hold in the first); asked once for what many files have alike."""
        encoded = msgspec.json.encode([sources, checks, after and after["blocks"]])
        key = hashlib.sha256(encoded).digest()
        if key not in self._known:
            self._known[key] = self._judged(sources, checks, after)
        return self._known[key]

    def _judged(self, sources: Sequence[str], checks: Sequence[Check], after: Any) -> tuple[list[str], str]:
        held: list[str] = []
        for place, blender in enumerate(self._blenders):
            reason = judge(blender, sources, checks, after if place == 0 else None, self._timeout)
            if reason and place == 0:
                return [], reason
            if not reason:
                held.append(blender.runtime.series)
        return held, ""


def judge(
    blender: Blender, sources: Sequence[str], checks: Sequence[Check], after: Any = None, timeout: float = 30.0
) -> str:
    """Why what these scripts leave does not hold in this Blender; empty when it does.

    With `after`, the Scene that the code leaves must mean just the same, beyond the checks.
    """
    run = blender.run(*sources, timeout=timeout)
    if run.verdict != "passed":
        first = run.errors[0] if run.errors else None
        words = f": {first.kind}: {first.message}" if first else ""
        return f"does not run: {run.verdict}{words[:_SHOWN]}"
    if run.scene is None:
        return "does not run: its scene could not be taken"
    scene = msgspec.json.decode(run.scene)
    wrong = failing(checks, scene)
    if wrong:
        return f"a check does not hold: {msgspec.json.encode(wrong[0]).decode()[:_SHOWN]}"
    if after is not None:
        differing = differences(after, scene)
        if differing:
            return f"does not mean the same: {differing[0].path}"[:_SHOWN]
    return ""


def checks_of(facts: Sequence[Fact]) -> tuple[Check, ...]:
    """Every check once, in the order of the facts."""
    found: list[Check] = []
    for fact in facts:
        if fact.check not in found:
            found.append(fact.check)
    return tuple(found)


def estimate_tokens(*texts: str) -> int:
    """About how many tokens these are."""
    return round(sum(len(text.encode()) for text in texts) / BYTES_PER_TOKEN)


def lined(
    candidate: Candidate | PlanCandidate, source: Provenance, checks: tuple[Check, ...], instruction: str, context: str,
    completion: str, versions: list[str], alike: Likeness,
) -> Proved:  # fmt: skip
    count = len(checks)
    difficulty: Difficulty = "easy" if count <= 3 else "medium" if count <= 8 else "hard"
    example = Example(
        id=_identity(candidate.role, instruction, context, completion),
        role=candidate.role,
        category=candidate.category,
        difficulty=difficulty,
        instruction=instruction,
        context=context,
        completion=completion,
        checks=checks,
        quality=0.0,
        tokens=estimate_tokens(instruction, context, completion),
        blender=tuple(versions),
        provenance=_with_derivation(source, candidate.derived),
    )
    return Proved(example=example, exact=alike.exact, shape=alike.shape)


def left_out(
    candidate: Candidate | PlanCandidate, source: Provenance, reason: str, instruction: str = "", completion: str = ""
) -> Unproved:
    return Unproved(
        dropped=DroppedCandidate(
            id=_identity(
                candidate.role, reason, candidate.category, completion or _contents(candidate)
            ),
            role=candidate.role,
            category=candidate.category,
            reason=reason,
            instruction=instruction,
            completion=completion,
            provenance=_with_derivation(source, candidate.derived),
        )
    )


def _contents(candidate: Candidate | PlanCandidate) -> str:
    return "" if isinstance(candidate, PlanCandidate) else repr(candidate.after["blocks"].keys())


def _with_derivation(source: Provenance, derived: str) -> Provenance:
    return msgspec.structs.replace(source, derived_from=derived) if derived else source


def _identity(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _has_content(scene: Any) -> bool:
    return any(found for kind, found in scene["blocks"].items() if kind != "scenes") or bool(
        scene["blocks"]["scenes"]["Scene"]["props"]
    )
