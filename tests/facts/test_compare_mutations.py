"""The comparison notices every changed number of real scenes."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.facts import differences

LAYOUT = frozenset({"dimensions", "size", "width", "label", "bounds", "index", "unique"})
"""Parts that only lay out, name or sum up the rest."""
CHANGES_PER_FILE = 25


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the floats of a Scene's blocks are, but for those of layout."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in LAYOUT and not (key == "location" and "nodes" in path and "props" not in path):
                yield from numbers(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from numbers(item, (*path, place))
    elif isinstance(value, float):
        yield path


@pytest.mark.corpus
def test_every_changed_number_is_noticed(corpus: Path) -> None:
    chance = random.Random(7)
    files = [path for path in sorted(corpus.rglob("*.blend")) if path.stat().st_size < 1_000_000][::4]
    tried, missed = 0, []
    with Blender() as blender:
        for path in files:
            scene = json.loads(blender.load(path))
            assert differences(scene, scene) == []
            places = list(numbers(scene["blocks"]))
            for place in chance.sample(places, min(CHANGES_PER_FILE, len(places))):
                changed = copy.deepcopy(scene)
                holder = changed["blocks"]
                for key in place[:-1]:
                    holder = holder[key]
                holder[place[-1]] += 0.013 * (1 + abs(holder[place[-1]]))
                tried += 1
                if not differences(scene, changed):
                    missed.append((path.name, place))
    assert tried >= 500
    assert missed == []
