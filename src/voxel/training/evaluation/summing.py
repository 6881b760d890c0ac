"""From the scores of answers to a report, and from runs to a comparison. No model and no Blender is asked here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from voxel.records import AnswerScore, EvalReport, grade, interval, paired_interval
from voxel.records.evaluation import ComparedRuns, Comparison, Difference, Part, Way

SCORES: dict[str, Callable[[AnswerScore], float]] = {
    "code_quality": lambda score: score.code_quality,
    "blender_api": lambda score: score.blender_api,
    "completeness": lambda score: score.completeness,
    "overall": lambda score: score.overall,
    "runs": lambda score: float(score.runs),
    "solved": lambda score: float(score.solved),
}


class Measured(NamedTuple):
    """One run and what came of it."""

    run: str
    """Its folder in `evaluation/`."""
    report: EvalReport
    scores: Sequence[AnswerScore]
    """In the order of the examples."""


class About(NamedTuple):
    """What a report says of itself beside the figures."""

    model: str
    provider: str
    role: str
    blender: str
    examples_digest: str
    way: Way


def means(scores: Sequence[AnswerScore]) -> dict[str, float]:
    """The mean of each score over at least one answer."""
    return {name: sum(map(take, scores)) / len(scores) for name, take in SCORES.items()}


def report(about: About, scores: Sequence[AnswerScore], *, cut_off: int) -> EvalReport:
    """The report on at least one answer; `cut_off` is how many a limit of tokens ended."""
    found: dict[str, Any] = means(scores)
    occurred = sorted({kind for each in scores for kind in each.kinds})
    return EvalReport(
        model=about.model,
        provider=about.provider,
        role=about.role,
        blender=about.blender,
        examples_digest=about.examples_digest,
        way=about.way,
        **found,
        n=len(scores),
        grade=grade(found["overall"]),
        ci95=interval([each.overall for each in scores]),
        by_example={each.example: each.overall for each in scores},
        kinds={kind: sum(kind in each.kinds for each in scores) / len(scores) for kind in occurred},
        cut_off=cut_off / len(scores),
        by_role=_parts(scores, lambda each: each.role),
        by_category=_parts(scores, lambda each: each.category),
        by_difficulty=_parts(scores, lambda each: each.difficulty),
    )


def _parts(scores: Sequence[AnswerScore], key: Callable[[AnswerScore], str]) -> dict[str, Part]:
    groups: dict[str, list[AnswerScore]] = {}
    for each in scores:
        groups.setdefault(key(each), []).append(each)
    return {name: Part(n=len(found), **means(found)) for name, found in sorted(groups.items())}


def compare(before: Measured, after: Measured) -> Comparison:
    """Two runs on the same examples in the same order."""
    pairs = {
        name: ([take(each) for each in before.scores], [take(each) for each in after.scores])
        for name, take in SCORES.items()
    }
    return Comparison(
        before=before.run,
        after=after.run,
        n=len(before.scores),
        scores={
            name: Difference(before=sum(old) / len(old), after=sum(new) / len(new), ci95=paired_interval(old, new))
            for name, (old, new) in pairs.items()
        },
    )


def compared(runs: Sequence[Measured], made_at: str) -> ComparedRuns:
    """Every run with the first, and with the best, which is a winner only when it beats each other one beyond noise."""
    first, best = runs[0], max(runs, key=lambda each: each.report.overall)
    found = {(first.run, other.run): compare(first, other) for other in runs[1:]}
    against_best = [compare(other, best) for other in runs if other.run != best.run]
    found |= {(each.before, each.after): each for each in against_best}
    won = bool(against_best) and all(each.scores["overall"].outcome == "better" for each in against_best)
    return ComparedRuns(
        runs=tuple(each.run for each in runs),
        made_at=made_at,
        comparisons=tuple(found.values()),
        winner=best.run if won else "",
    )
