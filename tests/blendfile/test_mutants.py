"""Real files, damaged: any bytes give an inventory or a BlendFileError. The long run is `fuzz/blendfile_mutants.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxel.blendfile import BlendFileError, Inventory, inventory


@pytest.fixture(scope="module")
def corpus_seeds(corpus: Path, mutants: ModuleType) -> list[Any]:
    return list(mutants.load_seeds(corpus, 500_000))


@pytest.mark.corpus
def test_four_hundred_mutants_of_real_files_of_every_kind(mutants: ModuleType, corpus_seeds: list[Any]) -> None:
    assert {(seed.format, seed.pointer_size, seed.order) for seed in corpus_seeds} >= {
        (0, 4, "<"),
        (0, 8, "<"),
        (0, 4, ">") if any(seed.order == ">" for seed in corpus_seeds) else (0, 8, "<"),
    }
    outcomes = [mutants.outcome(1_000_000 + number, corpus_seeds) for number in range(400)]
    assert [(one.seed, one.kind, one.result) for one in outcomes if one.failed] == []
    results = Counter(one.result for one in outcomes)
    assert results["inventory"] > 40
    assert results["error"] > 40
    assert max(one.seconds for one in outcomes) < mutants.MOST_SECONDS


def test_mutants_of_a_file_that_blender_made(
    mutants: ModuleType, blender: Callable[[str], None], tmp_path: Path
) -> None:
    blender(
        "bpy.ops.mesh.primitive_monkey_add()\n"
        "bpy.context.object.modifiers.new('a', 'BEVEL')\n"
        "bpy.context.object['tags'] = {'deep': [1, 2, 3], 'name': 'x'}\n"
        "bpy.data.texts.new('notes').write('one\\ntwo')\n"
        "m = bpy.data.materials.new('M'); m.use_nodes = True; bpy.context.object.data.materials.append(m)\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(tmp_path / 'made.blend')!r}, compress=True)\n"
    )
    seeds = mutants.load_seeds(tmp_path)
    outcomes = [mutants.outcome(number, seeds) for number in range(150)]
    assert [(one.seed, one.kind, one.result) for one in outcomes if one.failed] == []


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"BLENDER-v280", b"BLENDER_V225", b"BLENDER17-01v0500"]))
def test_any_bytes(tail: bytes, head: bytes) -> None:
    try:
        assert isinstance(inventory(head + tail), Inventory)
    except BlendFileError as error:
        assert 0 <= error.offset <= len(head + tail)
