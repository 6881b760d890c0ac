"""What may become an example: a Scene before, a Scene after, and whom it teaches."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from voxel.facts.briefs import Change
from voxel.facts.lookup import Json
from voxel.records.plan import ScenePlan
from voxel.records.roles import Role

T = TypeVar("T")


class Candidate(NamedTuple):
    """Both Scenes are plain JSON values; `derived` says what was changed against the file's own content."""

    role: Role
    category: str
    before: Json
    after: Json
    derived: str = ""
    follows: bool = False
    """Whether to ask for it as the second turn of a conversation, where the first can be said."""


Candidates = Iterator[Candidate]
FOLLOW_UP = "follow-up"
"""The category of second turns."""


class PlanCandidate(NamedTuple):
    """A plan that may become an example; with `before` and `change` a revision of another one."""

    category: str
    after: ScenePlan
    before: ScenePlan | None = None
    change: Change | None = None
    derived: str = ""
    role: Role = "concept"


def chance_of(*content: Any) -> random.Random:
    """Seeded by content, so that choices never depend on order or on what else there is."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return random.Random(hashlib.sha256(text.encode()).hexdigest())


def plain_step(size: float) -> float:
    """About a quarter of a size, as people say it: 1, 2 or 5 times a power of ten."""
    quarter = max(size, 0.004) / 4
    power = 10.0 ** math.floor(math.log10(quarter))
    return round(next(factor * power for factor in (5, 2, 1) if factor * power <= quarter * (1 + 1e-9)), 6)


def windows(items: Sequence[T], size: int, limit: int) -> list[list[T]]:
    """At most `limit` runs of `size` neighbouring items, half overlapping."""
    step = max(1, size // 2)
    found = [list(items[start : start + size]) for start in range(0, max(1, len(items) - size + 1), step)]
    return [one for one in found if len(one) == size][:limit]


def without(block: Json, names: Sequence[str]) -> None:
    """Takes properties out of a block or struct, in place: what is left out has its fresh value."""
    for name in names:
        block["props"].pop(name, None)
