"""What an evaluation says: the scores of one answer, and the report of one model."""

from __future__ import annotations

from typing import Literal

import msgspec

Grade = Literal["A", "B", "C", "D", "F"]

METRICS_VERSION = 1
"""Raised whenever a change of the metrics changes scores; reports of different versions are never compared."""

_GRADES: tuple[tuple[float, Grade], ...] = ((0.90, "A"), (0.80, "B"), (0.65, "C"), (0.50, "D"))


def grade(overall: float) -> Grade:
    """The letter for an overall score of 0 to 1: A from .90, B from .80, C from .65, D from .50, else F."""
    for least, letter in _GRADES:
        if overall >= least:
            return letter
    return "F"


class AnswerScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one answer did on one example. All scores are 0 to 1."""

    example: str
    """The id of the example that was asked."""
    role: str
    category: str
    difficulty: str
    verdict: Literal["passed", "failed", "timeout", "crashed", "blocked", "no_code"]
    """What running it in the box came to; `no_code` when the answer held no code to run."""
    code_quality: float
    blender_api: float
    """Share of the API-touching statements that ran without an API error; 0 when there was none."""
    completeness: float
    """Share of the example's checks that hold in the resulting scene."""
    errors: tuple[str, ...] = ()
    """One line for each error, with the kind first."""

    @property
    def overall(self) -> float:
        """Mean of the three scores."""
        return (self.code_quality + self.blender_api + self.completeness) / 3

    @property
    def solved(self) -> bool:
        """True when it ran without any error and every check holds."""
        return self.verdict == "passed" and self.completeness == 1.0


class EvalReport(msgspec.Struct, frozen=True, kw_only=True):
    """One model measured on one set of examples. Means over the examples; scores are 0 to 1."""

    model: str
    provider: str
    role: str
    """A role, or `all`."""
    blender: str
    """The Blender version the answers were run on."""
    n: int
    code_quality: float
    blender_api: float
    completeness: float
    overall: float
    grade: Grade
    runs: float
    """Share of answers that ran without any error."""
    solved: float
    """Share of answers that ran without any error and hold every check."""
    ci95: tuple[float, float]
    """Bootstrap interval of `overall`."""
    examples_digest: str
    """Hash of the ids and texts of the examples asked, in order: reports are comparable only when it is equal."""
    by_example: dict[str, float]
    """`overall` of each example by its id, so that two reports can be compared pair by pair."""
    metrics_version: int = METRICS_VERSION

    def comparable_with(self, other: EvalReport) -> bool:
        """True when both were measured on the same examples, with the same metrics, on the same Blender."""
        return (
            self.role == other.role
            and self.examples_digest == other.examples_digest
            and self.metrics_version == other.metrics_version
            and self.blender == other.blender
            and self.by_example.keys() == other.by_example.keys()
        )
