"""The candidates of a Scene for every role, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from voxel.training.dataset_builder.animation_candidates import animation_candidates
from voxel.training.dataset_builder.builder_candidates import builder_candidates
from voxel.training.dataset_builder.candidate import Candidates
from voxel.training.dataset_builder.render_candidates import render_candidates
from voxel.training.dataset_builder.texture_candidates import texture_candidates

PER_ROLE = 120
"""Candidates of one role from one file; later ones would repeat what earlier ones teach."""
_FINDERS = (builder_candidates, texture_candidates, render_candidates, animation_candidates)


def candidates(scene: Mapping[str, Any]) -> Candidates:
    """What one file has to offer, at most PER_ROLE of each role."""
    for find in _FINDERS:
        yield from islice(find(scene), PER_ROLE)
