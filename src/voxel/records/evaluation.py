"""What an evaluation says: the scores of one answer, the report of one model, and how two models compare."""

from __future__ import annotations

from typing import Literal

import msgspec

Grade = Literal["A", "B", "C", "D", "F"]

Way = Literal["plain", "retry", "retrieval", "retrieval+retry"]
"""How a model is asked: by the prompt alone; once more after an error, which it is shown; with training examples."""
Kind = Literal[
    "no_code",
    "syntax",
    "invented_api",
    "version_drift",
    "wrong_context",
    "missing_data",
    "python",
    "timeout",
    "crash",
    "blocked",
]
"""What went wrong in an answer; `design/metrics.md` says how each is told."""
Outcome = Literal["better", "worse", "no difference shown"]

METRICS_VERSION = 2
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
    """One line for each error, with the exception's name first."""
    kinds: tuple[Kind, ...] = ()
    """The kinds of those errors, each once; what merely follows from an earlier error is not counted."""

    @property
    def runs(self) -> bool:
        """True when it ran without any error and touched Blender at all."""
        return self.verdict == "passed" and self.blender_api > 0

    @property
    def overall(self) -> float:
        """Mean of the three scores."""
        return (self.code_quality + self.blender_api + self.completeness) / 3

    @property
    def solved(self) -> bool:
        """True when it ran without any error and every check holds."""
        return self.verdict == "passed" and self.completeness == 1.0


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a run's `answers.jsonl`."""

    id: str
    """Of the example."""
    text: str
    """As the model gave it."""
    taken: str = ""
    """What was run of it: its code or, in the concept role, its plan; empty when it held none."""
    error: str = ""
    """Why there is no text."""
    cut: bool = False
    """Whether a limit of tokens ended it."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Means over some of the examples."""

    n: int
    code_quality: float
    blender_api: float
    completeness: float
    overall: float
    runs: float
    solved: float


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
    """Share of answers that ran without any error and touched Blender at all."""
    solved: float
    """Share of answers that ran without any error and hold every check."""
    ci95: tuple[float, float]
    """Bootstrap interval of `overall`."""
    examples_digest: str
    """Hash of the ids and texts of the examples asked, in order: reports are comparable only when it is equal."""
    by_example: dict[str, float]
    """`overall` of each example by its id, so that two reports can be compared pair by pair."""
    metrics_version: int = METRICS_VERSION
    way: Way = "plain"
    """How it was asked; `model` ends with it unless it is `plain`."""
    kinds: dict[str, float] = {}
    """Share of answers that hold at least one error of this kind, by kind; only kinds that occurred."""
    cut_off: float = 0.0
    """Share of answers that a limit of tokens ended."""
    by_role: dict[str, Part] = {}
    by_category: dict[str, Part] = {}
    by_difficulty: dict[str, Part] = {}

    def comparable_with(self, other: EvalReport) -> bool:
        """True when both were measured on the same examples, with the same metrics, on the same Blender."""
        return (
            self.role == other.role
            and self.examples_digest == other.examples_digest
            and self.metrics_version == other.metrics_version
            and self.blender == other.blender
            and self.by_example.keys() == other.by_example.keys()
        )


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One score of two models on the same examples."""

    before: float
    after: float
    ci95: tuple[float, float]
    """Paired bootstrap interval of `after - before`."""

    @property
    def outcome(self) -> Outcome:
        """Better or worse only when zero lies outside the interval."""
        if self.ci95[0] > 0:
            return "better"
        return "worse" if self.ci95[1] < 0 else "no difference shown"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs on the same examples, metrics and Blender."""

    before: str
    """The folder of the run in `evaluation/`."""
    after: str
    n: int
    scores: dict[str, Difference]
    """By score: code_quality, blender_api, completeness, overall, runs, solved."""


class ComparedRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a `comparison.json`: the runs of one `voxel evaluate`, in the order they were named."""

    runs: tuple[str, ...]
    """Folders in `evaluation/`; the first is what the others are compared with."""
    made_at: str
    """UTC, ISO 8601."""
    comparisons: tuple[Comparison, ...]
    """Of every run with the first, and of every run with the one of the highest `overall`."""
    winner: str = ""
    """The run that is better in `overall` than every other one beyond noise; empty when none is."""
    format: int = 1


class BenchmarkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one prompt of a benchmark came to."""

    id: str
    name: str
    type: str
    """The benchmark's own kind of prompt, such as `Wild`."""
    verdict: Literal["passed", "failed", "timeout", "crashed", "blocked", "no_code"]
    kinds: tuple[Kind, ...] = ()
    errors: tuple[str, ...] = ()
    visible: int = 0
    """Objects and instances that can be seen in what it leaves."""
    picture: str = ""
    """File beside the report; empty where nothing can be seen."""
    criteria: dict[str, float] = {}
    """Share of the criteria that a judge found met, by group; empty without a judge."""


class BenchmarkReport(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one benchmark; shares of all prompts."""

    model: str
    benchmark: str
    """Name of the file."""
    blender: str
    n: int
    no_code: float
    syntax_errors: float
    """Scripts that do not parse."""
    run_errors: float
    """Scripts that parse and do not run through."""
    visible: float
    """Prompts after which something can be seen."""
    by_type: dict[str, dict[str, float]]
    """The same shares for each of the benchmark's kinds of prompt."""
    judge: str = ""
    criteria: float | None = None
    """Mean over prompts of the mean over groups; None without a judge."""
    answers: tuple[BenchmarkAnswer, ...]
    folder: str
    """Where report, answers and pictures lie."""
