"""The candidates of a Scene for every role, in a fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from voxel.training.dataset_builder.animation_candidates import animation_candidates
from voxel.training.dataset_builder.builder_candidates import builder_candidates
from voxel.training.dataset_builder.candidate import FOLLOW_UP, Candidate, PlanCandidate, chance_of
from voxel.training.dataset_builder.concept_candidates import concept_candidates
from voxel.training.dataset_builder.render_candidates import render_candidates
from voxel.training.dataset_builder.texture_candidates import texture_candidates
from voxel.training.dataset_builder.variations import variations

PER_CATEGORY = 2
"""Candidates of one category from one file; further ones mostly repeat what these teach, and each costs a proof."""
PER_MOTION = 4
"""The same for animation, which few files hold."""
FOLLOWING = 0.3
"""The share of edits that are second turns of a conversation."""
MAX_TALKED_OF = 3
"""Objects in the first turn of a conversation."""
_MOST = {"geometry-nodes-step": 60, "geometry-nodes-interface": 20, "revision": 5}
"""Categories of which one file may hold many that teach different things."""
_FINDERS: tuple[Callable[[Mapping[str, Any]], Iterator[Candidate | PlanCandidate]], ...] = (
    concept_candidates,
    builder_candidates,
    texture_candidates,
    render_candidates,
    animation_candidates,
)


def follows(candidate: Candidate) -> bool:
    """Whether an edit is asked for as the second turn of a conversation: some of them, by their content."""
    objects = candidate.before["blocks"].get("objects", {})
    return 0 < len(objects) <= MAX_TALKED_OF and chance_of(FOLLOW_UP, objects, candidate.category).random() < FOLLOWING


def candidates(scene: Mapping[str, Any]) -> Iterator[Candidate | PlanCandidate]:
    """What one file has to offer, at most PER_CATEGORY of each category; then variations of it."""
    given: Counter[tuple[str, str]] = Counter()
    for find in _FINDERS:
        for candidate in find(scene):
            kind = (candidate.role, candidate.category)
            if given[kind] < _MOST.get(
                candidate.category, PER_MOTION if candidate.role == "animation" else PER_CATEGORY
            ):
                given[kind] += 1
                if isinstance(candidate, Candidate) and follows(candidate):
                    candidate = candidate._replace(follows=True)
                yield candidate
    yield from variations(scene)
