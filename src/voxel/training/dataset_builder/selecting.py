"""Which proved examples the dataset keeps: none twice, none near one of another split, no kind of thing too often.

What was kept before comes first, so that more files neither move nor push out anything; then what goes to train, for a
model cannot be tested on what nobody taught; then what somebody made before what is derived from it; then the better
before the worse.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from voxel.records.example import REPAIR, DroppedCandidate, Example, Split
from voxel.records.files import FAILURES
from voxel.records.roles import ROLES
from voxel.training.dataset_builder.decontaminating import Prompts
from voxel.training.dataset_builder.nearness import Nearness, shingles
from voxel.training.dataset_builder.proving import Proved
from voxel.training.dataset_builder.quality import parts_of, quality_of
from voxel.training.dataset_builder.scrubbing import private
from voxel.training.dataset_builder.splitting import cluster_of, split_of

PER_SHAPE_AND_CLUSTER = 8
"""Examples of one repository cluster whose code differs only in names and numbers."""
PER_SHAPE = 40
"""The same over all repositories."""
PER_ANSWER = 25
"""Examples with nearly the same completion; repairs are counted apart."""
PER_CHANGE = 40
"""Repairs of the same changes of the API."""
_CHANGES = re.compile(r"in an older idiom \((.*)\)$")
_APART = (REPAIR, "revision")
"""Categories whose answers are those of other examples: they start elsewhere, and are no duplicates of them."""
_ORDER: dict[Split, int] = {"train": 0, "val": 1, "test": 2}


class Wanted(NamedTuple):
    """What is asked of every example."""

    versions: tuple[str, ...] = ()
    """The series of Blender that proved; empty when nobody asked for any."""
    min_quality: float = 0.0
    prompts: Prompts = Prompts()
    """What no instruction may repeat."""


class Placed(NamedTuple):
    """What an earlier build decided."""

    repositories: Mapping[str, Split]
    examples: Mapping[str, Split]


class Selected(NamedTuple):
    """What a build decides."""

    kept: list[tuple[Split, Example]]
    dropped: list[DroppedCandidate]
    repositories: dict[str, Split]


class _Judged(NamedTuple):
    line: Proved
    example: Example
    """With its quality."""
    answer: int
    """Its kind among the completions."""
    code: int
    """Its kind among context and completion together."""


def select(proved: Sequence[Proved], shared: Sequence[tuple[str, str]], before: Placed, wanted: Wanted) -> Selected:
    """Splits and keeps. `shared` are pairs of repositories that belong together. The order of `proved` is free."""
    proved = sorted(proved, key=_place)
    sets = {text: shingles(text) for text in {line.example.completion for line in proved}}
    answers = Nearness([sets[line.example.completion] for line in proved])
    codes = Nearness([shingles(line.example.context, line.example.completion) for line in proved])
    distinct: dict[tuple[int, str], set[str]] = {}
    for line, kind in zip(proved, answers.kinds, strict=True):
        distinct.setdefault((kind, _apart(line.example)), set()).add(line.exact)
    judged = []
    for line, answer, code in zip(proved, answers.kinds, codes.kinds, strict=True):
        crowd = sum(len(distinct.get((kind, _apart(line.example)), ())) for kind in answers.near[answer])
        parts = parts_of(line.example, wanted.versions, sets[line.example.completion], crowd)
        example = msgspec.structs.replace(line.example, quality_parts=parts, quality=quality_of(parts))
        judged.append(_Judged(line, example, answer, code))
    clusters = cluster_of({one.example.provenance.repo for one in judged}, shared)
    sizes, alone = _sizes(judged, answers, codes, clusters)
    splits = split_of(sizes, clusters, before.repositories, alone=alone)
    selection = _Selection(answers, codes, clusters, splits, before, wanted)

    def order(one: _Judged) -> tuple[bool, int, bool, float, str]:
        example = one.example
        split = splits[clusters[example.provenance.repo]]
        derived = bool(example.provenance.derived_from)
        return before.examples.get(example.id) != split, _ORDER[split], derived, -example.quality, example.id

    for one in sorted(judged, key=order):
        selection.take(one)
    kept = selection.without_too_many_derived()
    placed = {repo: splits[cluster] for repo, cluster in clusters.items() if cluster in splits}
    return Selected(kept, selection.dropped, {**placed, **before.repositories})


def _place(line: Proved) -> tuple[str, bool, str, str]:
    """Of the same example from two places the one that was collected comes first: it has an author and a licence."""
    source = line.example.provenance
    return line.example.id, source.source == FAILURES, source.repo, source.path


def _apart(example: Example) -> str:
    return example.category if example.category in _APART else ""


def _sizes(
    judged: Sequence[_Judged], answers: Nearness, codes: Nearness, clusters: Mapping[str, str]
) -> tuple[Counter[str], Counter[str]]:
    """Examples per repository: all, and those that nothing of another cluster is near to."""
    homes: tuple[dict[int, set[str]], dict[int, set[str]]] = ({}, {})
    for one in judged:
        cluster = clusters[one.example.provenance.repo]
        homes[0].setdefault(one.answer, set()).add(cluster)
        homes[1].setdefault(one.code, set()).add(cluster)
    sizes: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for one in judged:
        repo = one.example.provenance.repo
        if (repo, one.line.exact) in seen:
            continue
        seen.add((repo, one.line.exact))
        sizes[repo] += 1
        near = {home for kind in answers.near[one.answer] for home in homes[0][kind]}
        near |= {home for kind in codes.near[one.code] for home in homes[1][kind]}
        alone[repo] += near == {clusters[repo]}
    return sizes, alone


class _Selection:
    """What is kept so far, and why the rest is not."""

    def __init__(
        self, answers: Nearness, codes: Nearness, clusters: Mapping[str, str], splits: Mapping[str, Split],
        before: Placed, wanted: Wanted,
    ) -> None:  # fmt: skip
        self.kept: list[tuple[Split, Example]] = []
        self.dropped: list[DroppedCandidate] = []
        self._answers, self._codes = answers, codes
        self._clusters, self._splits = clusters, splits
        self._before, self._wanted = before, wanted
        self._firsts: dict[str, str] = {}
        self._changes: Counter[str] = Counter()
        self._shapes: Counter[str] = Counter()
        self._local: Counter[tuple[str, str]] = Counter()
        self._by_answer: dict[int, list[tuple[Split, _Judged]]] = {}
        self._by_code: dict[int, list[tuple[Split, _Judged]]] = {}

    def take(self, one: _Judged) -> None:
        """Keeps an example or drops it with a reason."""
        split = self._splits[self._clusters[one.example.provenance.repo]]
        reason = self._reason(one, split)
        if reason:
            self.dropped.append(dropped(one.example, reason))
            return
        self._firsts[one.line.exact] = self._firsts[one.example.id] = one.example.id
        self._shapes[one.line.shape] += 1
        self._changes[_changes(one.example)] += 1
        self._local[self._clusters[one.example.provenance.repo], one.line.shape] += 1
        self._by_answer.setdefault(one.answer, []).append((split, one))
        self._by_code.setdefault(one.code, []).append((split, one))
        self.kept.append((split, one.example))

    def _reason(self, one: _Judged, split: Split) -> str:
        example = one.example
        source = example.provenance
        cluster = self._clusters[source.repo]
        was = self._before.repositories.get(source.repo, split)
        if was != split:
            return f"split: {source.repo} was in {was} and now belongs with repositories in {split}"
        if self._before.examples.get(example.id, split) != split:
            return f"split: it was in {self._before.examples[example.id]} before"
        first = self._firsts.get(one.line.exact) or self._firsts.get(example.id)
        if first:
            return f"duplicate: the same as {first} but for names"
        seen = private("\n".join((example.earlier, example.instruction, example.context, example.completion)))
        seen = seen or private(_checks(example))
        if seen:
            return f"private: shows {seen[0]}"
        prompt = self._wanted.prompts.repeated(example.instruction)
        if prompt:
            return f"benchmark: repeats {prompt}"
        if example.quality < self._wanted.min_quality:
            return f"quality: {example.quality:.2f}, wanted {self._wanted.min_quality:g}"
        answers = [held for kind in self._answers.near[one.answer] for held in self._by_answer.get(kind, ())]
        codes = [held for kind in self._codes.near[one.code] for held in self._by_code.get(kind, ())]
        for other, held in (*answers, *codes):
            if other != split:
                return f"near-duplicate: its code is nearly that of {held.example.id} in {other}"
        # a repair, like a revision of a plan, ends where the example that it was made of begins: that is its point
        alike = {held.example.id for _, held in answers if _apart(held.example) == _apart(example)}
        both = alike & {held.example.id for _, held in codes}
        if both:
            return f"near-duplicate: its code is nearly that of {min(both)}"
        if self._local[cluster, one.line.shape] >= PER_SHAPE_AND_CLUSTER:
            return f"cap: {PER_SHAPE_AND_CLUSTER} of this repository differ only in numbers"
        if self._shapes[one.line.shape] >= PER_SHAPE:
            return f"cap: {PER_SHAPE} others differ only in numbers"
        changes = _changes(example)
        if changes and self._changes[changes] >= PER_CHANGE:
            return f"cap: {PER_CHANGE} other repairs mend the same ({changes})"
        if len(alike) >= PER_ANSWER:
            return f"cap: {PER_ANSWER} others have nearly this answer"
        return ""

    def without_too_many_derived(self) -> list[tuple[Split, Example]]:
        """What is kept, with at most as many derived examples in a role as examples that are not."""
        surplus: set[str] = set()
        placed = self._before.examples
        for role in ROLES:
            examples = [example for _, example in self.kept if example.role == role]
            derived = [example for example in examples if example.provenance.derived_from]
            derived.sort(key=lambda one: (one.id not in placed, -one.quality, one.id))
            # category by category in turn: the best alone would be of few kinds
            seen: Counter[str] = Counter()
            turns: dict[str, int] = {}
            for one in derived:
                turns[one.id] = seen[one.category]
                seen[one.category] += 1
            derived.sort(key=lambda one: (one.id not in placed, turns[one.id], -one.quality, one.id))
            surplus |= {example.id for example in derived[len(examples) - len(derived) :]}
        self.dropped += [
            dropped(example, "cap: half of its role is derived already")
            for _, example in self.kept
            if example.id in surplus
        ]
        return [(split, example) for split, example in self.kept if example.id not in surplus]


def _changes(example: Example) -> str:
    """What a repair mends; empty for other examples, and for scripts that people wrote."""
    found = _CHANGES.search(example.provenance.derived_from) if example.category == REPAIR else None
    return found[1] if found else ""


def _checks(example: Example) -> str:
    return msgspec.json.encode(example.checks).decode()


def dropped(example: Example, reason: str) -> DroppedCandidate:
    """The line of dropped.jsonl for a proved example that is not kept."""
    return DroppedCandidate(
        id=example.id, role=example.role, category=example.category, reason=reason, instruction=example.instruction,
        completion=example.completion, provenance=example.provenance,
    )  # fmt: skip
