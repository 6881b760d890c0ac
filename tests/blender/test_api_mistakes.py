"""Mistakes as people and models make them, each with the line and what should have been written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from voxel.blender import Blender, Runtime, schema
from voxel.blender.check import explained

MISTAKES = [json.loads(line) for line in (Path(__file__).parent / "api_mistakes.jsonl").read_text().splitlines()]


def test_there_are_enough_and_none_twice() -> None:
    assert len(MISTAKES) >= 150
    assert len({mistake["script"] for mistake in MISTAKES}) == len(MISTAKES)


def test_the_line_is_named_for_all_and_the_replacement_for_nearly_all(series: Runtime) -> None:
    wrong_line: list[Any] = []
    missed: list[Any] = []
    chosen = [mistake for mistake in MISTAKES if series.series in mistake["blender"]]
    with Blender(series) as blender:
        known = schema(series, blender)
        for mistake in chosen:
            run = blender.run(mistake["script"], dump=False)
            errors = explained(run, known, mistake["script"])
            if run.verdict != "failed" or not errors or errors[0].line != mistake["line"]:
                wrong_line.append((mistake, errors))
            elif not any(mistake["expect"] in suggestion for suggestion in errors[0].suggestions):
                missed.append((mistake["expect"], errors[0]))
    assert len(chosen) >= 150
    assert wrong_line == []
    assert len(missed) <= 0.1 * len(chosen), missed
