"""Which proved examples the dataset keeps: none twice, none near one of another split, no kind of thing too often.

What was kept before comes first and gives way to no limit, so that more files neither move nor push out anything; then
what goes to train, for a model cannot be tested on what nobody taught; then what somebody made before what is derived
from it; then the better before the worse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from voxel.records.example import Split
from voxel.records.roles import ROLES
from voxel.training.dataset_builder.decontaminating import Prompts
from voxel.training.dataset_builder.pool import Found, Judgement, Pool
from voxel.training.dataset_builder.quality import parts_of, quality_of
from voxel.training.dataset_builder.splitting import cluster_of, split_of

PER_SHAPE_AND_CLUSTER = 8
"""Examples of one repository cluster whose code differs only in names and numbers."""
PER_SHAPE = 40
"""The same over all repositories."""
PER_ANSWER = 25
"""Examples with nearly the same completion; repairs are counted apart."""
PER_CHANGE = 40
"""Repairs of the same changes of the API."""
_ORDER: dict[Split, int] = {"train": 0, "val": 1, "test": 2}
_LATER = len(_ORDER)
"""What was not kept before comes after all that was."""


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


Near = Mapping[int, frozenset[int]]
"""The kinds near each kind that has any, without itself."""


def select(pool: Pool, shared: Sequence[tuple[str, str]], before: Placed, wanted: Wanted) -> dict[str, Split]:
    """Splits and keeps: afterwards the pool tells what is kept and what is not. Returns the split of each repository.

    `shared` are pairs of repositories that belong together. The order in which the pool was filled is free.
    """
    near = pool.kinds.near()
    clusters = cluster_of({one.repo for one, *_ in pool.found()}, shared)
    sizes, alone = _sizes(pool, near, clusters)
    splits = split_of(sizes, clusters, before.repositories, alone=alone)
    pool.judge(_judged(pool, near, clusters, splits, before, wanted))
    selection = _Selection(near, clusters, before, wanted)
    for one, split, quality in pool.in_turn():
        reason = selection.take(one, split, quality)
        if reason:
            pool.drop(one.number, reason)
        else:
            pool.keep(one.number)
    for number in _too_many_derived(pool, before):
        pool.drop(number, "cap: half of its role is derived already")
    placed = {repo: splits[cluster] for repo, cluster in clusters.items() if cluster in splits}
    return {**placed, **before.repositories}


def _sizes(pool: Pool, near: Near, clusters: Mapping[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Examples per repository: all, and those that nothing of another cluster is near to."""
    homes: tuple[dict[int, set[str]], dict[int, set[str]]] = ({}, {})
    for one, *_ in pool.found():
        homes[0].setdefault(one.answer, set()).add(clusters[one.repo])
        homes[1].setdefault(one.code, set()).add(clusters[one.repo])
    sizes: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for one, *_ in pool.found():
        if (one.repo, one.exact) in seen:
            continue
        seen.add((one.repo, one.exact))
        sizes[one.repo] += 1
        around = {home for kind in _around(one.answer, near) for home in homes[0].get(kind, ())}
        around |= {home for kind in _around(one.code, near) for home in homes[1].get(kind, ())}
        alone[one.repo] += around == {clusters[one.repo]}
    return sizes, alone


def _around(kind: int, near: Near) -> Iterator[int]:
    """The kind and those near it."""
    yield kind
    yield from near.get(kind, ())


def _judged(
    pool: Pool, near: Near, clusters: Mapping[str, str], splits: Mapping[str, Split], before: Placed, wanted: Wanted
) -> Iterator[tuple[int, Judgement]]:
    crowds = pool.crowds()
    for one, own, held in pool.found():
        split = splits[clusters[one.repo]]
        crowd = sum(crowds.get((kind, one.apart), 0) for kind in _around(one.answer, near))
        parts = parts_of(own, held, wanted.versions, crowd)
        turn = _ORDER[split] + (0 if before.examples.get(one.id) == split else _LATER)
        yield one.number, Judgement(split, turn, quality_of(parts), parts)


class _Kept(NamedTuple):
    split: Split
    id: str
    apart: str


class _Selection:
    """What is kept so far, and why the rest is not."""

    def __init__(self, near: Near, clusters: Mapping[str, str], before: Placed, wanted: Wanted) -> None:
        self._near, self._clusters = near, clusters
        self._before, self._wanted = before, wanted
        self._firsts: dict[str, str] = {}
        self._changes: Counter[str] = Counter()
        self._shapes: Counter[str] = Counter()
        self._local: Counter[tuple[str, str]] = Counter()
        self._by_answer: dict[int, list[_Kept]] = {}
        self._by_code: dict[int, list[_Kept]] = {}

    def take(self, one: Found, split: Split, quality: float) -> str:
        """Why an example is dropped; empty when it is kept."""
        reason = self._reason(one, split, quality)
        if not reason:
            self._firsts[one.exact] = self._firsts[one.id] = one.id
            self._shapes[one.shape] += 1
            self._changes[one.changes] += 1
            self._local[self._clusters[one.repo], one.shape] += 1
            kept = _Kept(split, one.id, one.apart)
            self._by_answer.setdefault(one.answer, []).append(kept)
            self._by_code.setdefault(one.code, []).append(kept)
        return reason

    def _reason(self, one: Found, split: Split, quality: float) -> str:
        was = self._before.repositories.get(one.repo, split)
        if was != split:
            return f"split: {one.repo} was in {was} and now belongs with repositories in {split}"
        earlier = self._before.examples.get(one.id)
        if earlier not in (None, split):
            return f"split: it was in {earlier} before"
        first = self._firsts.get(one.exact) or self._firsts.get(one.id)
        if first:
            return f"duplicate: the same as {first} but for names"
        if one.fault:
            return one.fault
        if quality < self._wanted.min_quality:
            return f"quality: {quality:.2f}, wanted {self._wanted.min_quality:g}"
        answers = [held for kind in _around(one.answer, self._near) for held in self._by_answer.get(kind, ())]
        codes = [held for kind in _around(one.code, self._near) for held in self._by_code.get(kind, ())]
        across = [held for held in (*answers, *codes) if held.split != split]
        if across:
            least = min(across)
            return f"near-duplicate: its code is nearly that of {least.id} in {least.split}"
        # a repair, like a revision of a plan, ends where the example that it was made of begins: that is its point
        alike = {held.id for held in answers if held.apart == one.apart}
        both = alike & {held.id for held in codes}
        if both:
            return f"near-duplicate: its code is nearly that of {min(both)}"
        return "" if earlier else self._limit(one, len(alike))

    def _limit(self, one: Found, alike: int) -> str:
        """The limit that it is beyond; empty when it is beyond none."""
        if self._local[self._clusters[one.repo], one.shape] >= PER_SHAPE_AND_CLUSTER:
            return f"cap: {PER_SHAPE_AND_CLUSTER} of this repository differ only in numbers"
        if self._shapes[one.shape] >= PER_SHAPE:
            return f"cap: {PER_SHAPE} others differ only in numbers"
        if one.changes and self._changes[one.changes] >= PER_CHANGE:
            return f"cap: {PER_CHANGE} other repairs mend the same ({one.changes})"
        return f"cap: {PER_ANSWER} others have nearly this answer" if alike >= PER_ANSWER else ""


def _too_many_derived(pool: Pool, before: Placed) -> list[int]:
    """What is kept beyond as many derived examples in a role as examples that are not."""
    surplus: list[int] = []
    for role in ROLES:
        examples = list(pool.of_role(role))
        derived = [
            (name not in before.examples, -quality, name, category, number)
            for number, name, category, made, quality in examples
            if made
        ]
        # category by category in turn: the best alone would be of few kinds
        seen: Counter[str] = Counter()
        turns = []
        for new, worse, name, category, number in sorted(derived):
            turns.append((new, seen[category], worse, name, number))
            seen[category] += 1
        surplus += [number for *_, number in sorted(turns)[len(examples) - len(derived) :]]
    return surplus
