"""A candidate becomes an example when real Blender shows that every check holds; else it is dropped with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from voxel.blender import Attempt, Blender, Trial
from voxel.bpycode import scripts, write
from voxel.facts import Unsayable, ask, failing, find
from voxel.facts.compare import differences
from voxel.facts.fact import Fact
from voxel.facts.stated import unstated
from voxel.facts.voice import continued
from voxel.records.example import Check, Difficulty, DroppedCandidate, Example, Exists, Proof, Provenance
from voxel.training.dataset_builder.candidate import FOLLOW_UP, Candidate, PlanCandidate
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.effects import Effects, comparable
from voxel.training.dataset_builder.likeness import Likeness, likeness
from voxel.training.dataset_builder.lines import Line, Proved, Unproved, estimate_tokens, identity
from voxel.training.dataset_builder.minimal import Lean, lean
from voxel.training.dataset_builder.naming import plain_names
from voxel.training.dataset_builder.planning import drafted
from voxel.training.dataset_builder.together import Asked, Asking, shareable, together

MAX_FACTS = 40
MAX_TOKENS = 3000
RUNS: tuple[Proof, ...] = ("runs", "checks")
MINIMAL: tuple[Proof, ...] = (*RUNS, "means", "minimal")
AT_ONCE = 64
"""Candidates that are proved side by side."""
_SHOWN = 160
_REMEMBERED = 50_000
"""Proofs that a worker keeps in mind; old scenes repeat the same camera, lamp and cube file after file."""


class Prover:
    """Judges candidates with one or more Blenders; the first is the one that the Scenes come from."""

    def __init__(self, blenders: Sequence[Blender], *, timeout: float = 30.0) -> None:
        self._blenders = blenders
        self._timeout = timeout
        self._seen: set[str] = set()
        self._known: dict[bytes, tuple[list[str], str]] = {}
        self._leaned: dict[bytes, Lean] = {}
        self._effects = Effects(self._blenders[0], None, timeout)

    def next_file(self, blend: Path | None = None, scene: Any = None) -> None:
        """Begins another file: what is the same within a file is left out, the same in two files is decided later.

        With the .blend itself, what an example does is compared with what the file does; with its Scene too, an
        example that does something else with what the file holds just so is dropped.
        """
        self._effects = Effects(self._blenders[0], blend, self._timeout, scene)
        self._seen.clear()
        if len(self._known) > _REMEMBERED:
            self._known.clear()
            self._leaned.clear()

    def prove(self, candidate: Candidate | PlanCandidate, source: Provenance) -> Line | None:
        """None when there is nothing to learn: nothing but that a thing is there, or what this file had already."""
        return together([self._proved(candidate, source)], timeout=self._timeout)[0]

    def prove_all(self, candidates: Iterable[Candidate | PlanCandidate], source: Provenance) -> list[Line]:
        """The same for many candidates of one file, in their order, for a third of the time."""
        found, left = list[Line](), iter(candidates)
        while some := list(islice(left, AT_ONCE)):
            lines = together([self._proved(candidate, source) for candidate in some], timeout=self._timeout)
            found += [line for line in lines if line is not None]
        return found

    def _proved(self, candidate: Candidate | PlanCandidate, source: Provenance) -> Asking[Line | None]:
        if isinstance(candidate, PlanCandidate):
            return (yield from self._prove_plan(candidate, source))
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
        earlier, lasting = (
            (yield from self._first_turn(before, context, alike.exact)) if candidate.follows else ("", [])
        )
        if earlier:
            candidate = candidate._replace(category=FOLLOW_UP)
            instruction = continued(instruction, before, alike.exact)
        tokens = estimate_tokens(earlier, instruction, context, completion)
        if tokens > MAX_TOKENS:
            return left_out(candidate, source, f"too long: more than {MAX_TOKENS} tokens", instruction, completion)
        checks = checks_of(facts)
        missing = unstated(checks, instruction, context)
        if missing:
            return left_out(candidate, source, f"not said: {missing[0]}"[:_SHOWN], instruction, completion)
        leanest = yield from self._lean(candidate, context, completion, checks, after)
        if leanest.trouble:
            return left_out(candidate, source, leanest.trouble, instruction, completion)
        if leanest.completion != completion:
            completion = leanest.completion
            alike = likeness(context, completion, names)
        played = scripts(candidate.role, context, completion)
        versions, trouble = yield from self._versions(played, checks, after, tried=True)
        if trouble:
            return left_out(candidate, source, trouble, instruction, completion)
        if earlier:
            versions = [one for one in versions if one in lasting]
        sources = (context, completion) if context else (completion,)
        shown = self._effects.shown(candidate, before, after, sources, leanest.effects)
        if shown.wrong:
            words = f"does something else than its file: {shown.wrong}"[:_SHOWN]
            return left_out(candidate, source, words, instruction, completion)
        proved = (*MINIMAL, *shown.agreeing)
        return lined(candidate, source, checks, instruction, context, completion, versions, alike, proved, earlier)

    def _first_turn(self, before: Any, context: str, seed: str) -> Asking[tuple[str, list[str]]]:
        """(what the context answers, series in which it does); nothing where that cannot be said or does not hold."""
        try:
            facts = find(before, Cut(before).take())
        except Unsayable:
            return "", []
        checks = checks_of(facts)
        instruction = ask(facts, f"first {seed}") if facts and len(facts) <= MAX_FACTS else ""
        if not instruction or unstated(checks, instruction):
            return "", []
        versions, trouble = yield from self._versions((context,), checks, before)
        return ("", []) if trouble else (instruction, versions)

    def _lean(
        self, candidate: Candidate, context: str, completion: str, checks: Sequence[Check], after: Any
    ) -> Asking[Lean]:
        """The completion without what nothing misses; asked once for what many files have alike."""
        evaluated = comparable(candidate)
        encoded = msgspec.json.encode([context, completion, checks, after["blocks"], evaluated])
        key = hashlib.sha256(encoded).digest()
        if key not in self._leaned:
            self._leaned[key] = yield from lean(
                self._blenders[0], context, completion, lambda scene: wrong_with(scene, checks, after),
                effects=evaluated, timeout=self._timeout,
            )  # fmt: skip
        return self._leaned[key]

    def _prove_plan(self, candidate: PlanCandidate, source: Provenance) -> Asking[Line | None]:
        plan = drafted(candidate)
        if not plan.checks or plan.alike.exact in self._seen:
            return None
        self._seen.add(plan.alike.exact)
        texts = plan.instruction, plan.context, plan.completion
        if estimate_tokens(*texts) > MAX_TOKENS:
            return left_out(candidate, source, f"too long: more than {MAX_TOKENS} tokens", texts[0], texts[2])
        if plan.unsaid:
            return left_out(candidate, source, f"not said: {plan.unsaid[0]}"[:_SHOWN], texts[0], texts[2])
        versions, trouble = yield from self._versions(
            scripts(candidate.role, plan.context, plan.completion), plan.checks
        )
        if trouble:
            return left_out(candidate, source, trouble, texts[0], texts[2])
        return lined(candidate, source, plan.checks, *texts, versions, plan.alike, RUNS)

    def _versions(
        self, sources: Sequence[str], checks: Sequence[Check], after: Any = None, *, tried: bool = False
    ) -> Asking[tuple[list[str], str]]:
        """(series in which it holds, why it does not hold in the first); asked once for what many files have alike.

        What was `tried` in the first Blender already is not judged there again where another Blender holds it too:
        every example is held by two Blenders, or by one in a clean process.
        """
        encoded = msgspec.json.encode([sources, checks, after and after["blocks"], tried])
        key = hashlib.sha256(encoded).digest()
        if key not in self._known:
            self._known[key] = yield from self._judged(sources, checks, after, tried)
        return self._known[key]

    def _judged(
        self, sources: Sequence[str], checks: Sequence[Check], after: Any, tried: bool
    ) -> Asking[tuple[list[str], str]]:
        first, *others = self._blenders
        reason = (yield from self._wrong(first, sources, checks, after)) if others and not tried else ""
        if reason:
            return [], reason
        held = []
        for one in others:
            if not (yield from self._wrong(one, sources, checks, None)):
                held.append(one.runtime.series)  # noqa: PERF401  a comprehension cannot yield
        if not held:
            reason = judge(first, sources, checks, after, self._timeout)
        return ([], reason) if reason else ([first.runtime.series, *held], "")

    def _wrong(self, blender: Blender, sources: Sequence[str], checks: Sequence[Check], after: Any) -> Asking[str]:
        """What `judge` says, without asking it where a fork that is shared shows that nothing is wrong."""
        if shareable(sources):
            (trial,) = yield Asked(blender, [Attempt(sources=tuple(sources))])
            if isinstance(trial, Trial) and not wrong_with(trial.scene, checks, after):
                return ""
        return judge(blender, sources, checks, after, self._timeout)


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
    return wrong_with(msgspec.json.decode(run.scene), checks, after)


def wrong_with(scene: Any, checks: Sequence[Check], after: Any = None) -> str:
    """The first check that a dumped Scene fails, or where it does not mean the same as `after`; empty if neither."""
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


def lined(
    candidate: Candidate | PlanCandidate, source: Provenance, checks: tuple[Check, ...], instruction: str, context: str,
    completion: str, versions: list[str], alike: Likeness, proved: tuple[Proof, ...] = RUNS, earlier: str = "",
) -> Proved:  # fmt: skip
    """An example that holds; it is nobody's until the whole dataset is known."""
    count = len(checks)
    difficulty: Difficulty = "easy" if count <= 3 else "medium" if count <= 8 else "hard"
    example = Example(
        id=identity(candidate.role, instruction, context, completion),
        earlier=earlier,
        role=candidate.role,
        category=candidate.category,
        difficulty=difficulty,
        instruction=instruction,
        context=context,
        completion=completion,
        checks=checks,
        quality=0.0,
        tokens=estimate_tokens(earlier, instruction, context, completion),
        blender=tuple(versions),
        proved=proved,
        provenance=_with_derivation(source, candidate.derived),
    )
    return Proved(example=example, exact=alike.exact, shape=alike.shape)


def left_out(
    candidate: Candidate | PlanCandidate, source: Provenance, reason: str, instruction: str = "", completion: str = ""
) -> Unproved:
    return Unproved(
        dropped=DroppedCandidate(
            id=identity(candidate.role, reason, candidate.category, completion or _contents(candidate)),
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


def _has_content(scene: Any) -> bool:
    return any(found for kind, found in scene["blocks"].items() if kind != "scenes") or bool(
        scene["blocks"]["scenes"]["Scene"]["props"]
    )
