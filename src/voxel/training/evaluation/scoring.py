"""Scoring one answer: run it in the box after the example's context, dump the scene, look at every check.

`code_quality`   of the code as text (`voxel.blender.code_quality`)
`blender_api`    share of its API-touching statements that ran without an API error
`completeness`   share of the example's checks that hold in the scene it leaves

An answer without code, or one that tried what the box forbids, scores 0 in all three. The concept role answers with a
scene plan: it is blocked out and that script is run; its `code_quality` is 1, and an answer that is no plan of the
schema scores 0 in all three.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from voxel.blender import Blender, code_quality, schema
from voxel.bpycode import block_out
from voxel.errors import BadInput
from voxel.facts import holds
from voxel.records import AnswerScore, Example
from voxel.records.evaluation import Kind
from voxel.records.plan import read_plan
from voxel.training.evaluation.answers import code_in, plan_in
from voxel.training.evaluation.mistakes import kinds

TIMEOUT = 30.0
"""Seconds that one answer may run."""


def score(blender: Blender, example: Example, answer: str) -> AnswerScore:
    """The scores of one answer. Raises BoxError when the box broke, which says nothing about the answer."""
    try:
        context, code, quality = to_run(example, answer)
    except BadInput as error:
        return _nothing(example, "no_code", (f"no_code: {error}",), ("no_code",))
    run = blender.run(context, code, timeout=TIMEOUT)
    errors = tuple(f"{error.kind}: line {error.line}: {error.message}" for error in run.errors if error.source == 1)
    known = schema(blender.runtime, blender) if run.details else None
    found = kinds(run, known, code, source=1)
    if run.verdict == "blocked":
        return _nothing(example, "blocked", errors, found)
    held = 0
    if run.scene is not None:
        scene = msgspec.json.decode(run.scene)
        held = sum(holds(check, scene) for check in example.checks)
    return AnswerScore(
        example=example.id,
        role=example.role,
        category=example.category,
        difficulty=example.difficulty,
        verdict=run.verdict,
        code_quality=quality,
        blender_api=run.api_held / run.api_statements if run.api_statements else 0.0,
        completeness=held / len(example.checks),
        errors=errors,
        kinds=found,
    )


def to_run(example: Example, answer: str) -> tuple[str, str, float]:
    """(script before, script, quality of what was answered). BadInput when there is nothing to run."""
    if example.role == "concept":
        # a revision's context is the plan before; the answer is the whole new one
        return "", block_out(read_plan(plan_in(answer))), 1.0
    code = code_in(answer)
    if code is None:
        raise BadInput("the answer holds no Python")
    return example.context, code, code_quality(code).score


def _nothing(
    example: Example, verdict: Literal["blocked", "no_code"], errors: tuple[str, ...], found: tuple[Kind, ...]
) -> AnswerScore:
    return AnswerScore(
        example=example.id,
        role=example.role,
        category=example.category,
        difficulty=example.difficulty,
        verdict=verdict,
        code_quality=0.0,
        blender_api=0.0,
        completeness=0.0,
        errors=errors,
        kinds=found,
    )
