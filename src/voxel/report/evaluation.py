"""The evaluation's page: before and after, what changed by how much, what goes wrong, and answers side by side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from voxel.errors import BadInput, SetupError
from voxel.records import AnswerScore, EvalReport, Example
from voxel.records.evaluation import BenchmarkReport, ComparedRuns, Comparison, KeptAnswer
from voxel.report.evaluation_plots import intervals, points
from voxel.report.gallery import pictured
from voxel.report.page import render
from voxel.stages import DataDir, Progress, write_atomic

SHOWN = 8
"""Examples whose answers are shown side by side."""
PERCENT = {
    "code_quality": "Code quality",
    "blender_api": "Blender API",
    "completeness": "Completeness",
    "overall": "Overall",
}
BENCHMARK_SHARES = ("no_code", "syntax_errors", "run_errors", "visible")
SHARES = {"runs": "Runs without error", "solved": "Every fact holds"}
_Record = TypeVar("_Record")


class Run(NamedTuple):
    """One run as it lies on disk; the lists are in the order of the examples."""

    report: EvalReport
    examples: list[Example]
    scores: list[AnswerScore]
    answers: list[KeptAnswer]


class Side(NamedTuple):
    """One of the answers to an example."""

    title: str
    code: str
    score: AnswerScore | None
    picture: bytes
    reason: str
    cut: bool


class Case(NamedTuple):
    """One example with its answers."""

    example: Example
    change: float
    sides: list[Side]


def evaluation_page(
    data: DataDir, output: Path | None = None, *, shown: int = SHOWN, progress: Progress | None = None
) -> Path:
    """Writes the page of the newest `voxel evaluate` (default: reports/evaluation.html) and returns where it lies.

    `shown` examples get their answers side by side with pictures, the worst regressions first. SetupError when nothing
    was evaluated yet, BadInput when a file of the evaluation is broken.
    """
    benchmarks = _benchmarks(data)
    compared = _newest(data)
    if compared is None and not benchmarks:
        raise SetupError(f"nothing in {data.evaluation} was evaluated yet; first: voxel evaluate MODEL")
    runs = {name: _run(data.evaluation / name) for name in compared.runs} if compared else {}
    parts = _parts(compared, runs, data, shown, progress or Progress()) if compared else {"runs": []}
    page = render("evaluation.html", **parts, benchmarks=[_benchmark(each) for each in benchmarks])
    path = output or data.reports / "evaluation.html"
    write_atomic(path, page.encode())
    return path


def _newest(data: DataDir) -> ComparedRuns | None:
    found = [_read(path, ComparedRuns) for path in data.evaluation.glob("compared-*/comparison.json")]
    return max(found, key=lambda each: each.made_at, default=None)


def _benchmarks(data: DataDir) -> list[BenchmarkReport]:
    found = [_read(path, BenchmarkReport) for path in data.evaluation.glob("benchmark-*/benchmark.json")]
    return sorted(found, key=lambda each: (each.benchmark, each.model))


def _read(path: Path, kind: type[_Record]) -> _Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(f"{path} cannot be read ({error}); evaluate again") from error


def _lines(path: Path, kind: type[_Record]) -> list[_Record]:
    try:
        return [msgspec.json.decode(line, type=kind) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(f"{path} cannot be read ({error}); evaluate again") from error


def _run(folder: Path) -> Run:
    report = _read(folder / "report.json", EvalReport)
    return Run(
        replace(report, model=_short(report.model)),
        _lines(folder / "examples.jsonl", Example),
        _lines(folder / "scores.jsonl", AnswerScore),
        _lines(folder / "answers.jsonl", KeptAnswer),
    )


def _short(model: str) -> str:
    """A path by its last two parts: a page has no room for more."""
    return "/".join(model.split("/")[-2:])


def _parts(
    compared: ComparedRuns, runs: dict[str, Run], data: DataDir, shown: int, progress: Progress
) -> dict[str, Any]:
    first = runs[compared.runs[0]]
    others = {name: run for name, run in runs.items() if run is not first}
    best = max(others.values(), key=lambda run: run.report.overall, default=None)
    with_first = {each.after: each for each in compared.comparisons if each.before == compared.runs[0]}
    reports = [run.report for run in runs.values()]
    return {
        "runs": reports,
        "about": first.report,
        "winner": runs[compared.winner].report.model if compared.winner else "",
        "head": ["", *(report.model for report in reports)],
        "rows": _scores(reports),
        "changes": [(others[name].report.model, _changes(each)) for name, each in with_first.items()],
        "change_plot": intervals(
            [(others[name].report.model, each.scores["overall"]) for name, each in with_first.items()]
        )
        if with_first
        else "",
        "points_plot": points(_pairs(first, best), first.report.model, best.report.model) if best else "",
        "kinds": [
            (report.model, sorted(report.kinds.items(), key=lambda pair: (-pair[1], pair[0]))) for report in reports
        ],
        "parts_of": [
            (word, [word, "examples", *(report.model for report in reports)], _by(reports, field))
            for word, field in (("Role", "by_role"), ("Difficulty", "by_difficulty"), ("Category", "by_category"))
        ],
        "cases": _cases(first, best, shown, data, progress),
        "compares": best is not None,
    }


def _scores(reports: Sequence[EvalReport]) -> list[list[str]]:
    """The table that people read first."""
    rows = [[title, *(f"{getattr(each, name):.0%}" for each in reports)] for name, title in PERCENT.items()]
    rows.append(["Grade", *(each.grade for each in reports)])
    return rows + [[title, *(f"{getattr(each, name):.0%}" for each in reports)] for name, title in SHARES.items()]


def _changes(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """(score, before to after, change, its interval, outcome)."""
    out: list[tuple[str, str, str, str, str]] = []
    for name, title in (PERCENT | SHARES).items():
        found = comparison.scores[name]
        change, (low, high) = 100 * (found.after - found.before), (100 * end for end in found.ci95)
        out.append(
            (
                title,
                f"{found.before:.0%} → {found.after:.0%}",
                f"{change:+.1f}",
                f"{low:+.1f} to {high:+.1f}",
                found.outcome,
            )
        )
    return out


def _pairs(before: Run, after: Run) -> list[tuple[float, float]]:
    return [(old.overall, new.overall) for old, new in zip(before.scores, after.scores, strict=True)]


def _by(reports: Sequence[EvalReport], field: str) -> list[list[str]]:
    """Overall and share that runs, for each group and run."""
    found = [getattr(report, field) for report in reports]
    return [
        [
            name,
            str(part.n),
            *(f"{each[name].overall:.0%} ({each[name].runs:.0%} run)" if name in each else "" for each in found),
        ]
        for name, part in found[0].items()
    ]


def _cases(first: Run, best: Run | None, shown: int, data: DataDir, progress: Progress) -> list[Case]:
    """The worst regressions first; of a single run, the worst scores."""
    after = best or first
    changes = [
        new.overall - old.overall if best else new.overall for old, new in zip(first.scores, after.scores, strict=True)
    ]
    order = sorted(range(len(changes)), key=lambda at: (changes[at], first.examples[at].id))[:shown]
    sides = [first] if best is None else [first, best]
    wanted = [_answered(run, at) for at in order for run in sides if run.answers[at].taken]
    wanted += [first.examples[at] for at in order]
    drawn = {each.example.id: each for each in pictured(wanted, data.reports / "pictures", progress)}
    cases = []
    for at in order:
        example = first.examples[at]
        reference = drawn[example.id]
        made = [Side("Reference", example.completion, None, reference.picture, reference.reason, False)]
        for run in sides:
            answer, score = run.answers[at], run.scores[at]
            picture = drawn.get(_answered(run, at).id)
            made.append(
                Side(
                    run.report.model,
                    answer.taken or answer.text,
                    score,
                    picture.picture if picture else b"",
                    picture.reason if picture else "the answer holds nothing to run",
                    answer.cut,
                )
            )
        cases.append(Case(example, changes[at], made))
    return cases


def _answered(run: Run, at: int) -> Example:
    """The example as the model would complete it, named by what it wrote."""
    example, taken = run.examples[at], run.answers[at].taken
    name = hashlib.sha256(f"{example.id}\0{taken}\0{run.report.blender}".encode()).hexdigest()[:16]
    return replace(example, id=name, completion=taken, blender=(run.report.blender,))


def _benchmark(report: BenchmarkReport) -> dict[str, Any]:
    folder = Path(report.folder)
    pictures = [
        (each.name, (folder / each.picture).read_bytes())
        for each in report.answers
        if each.picture and (folder / each.picture).is_file()
    ]
    whole = {share: getattr(report, share) for share in BENCHMARK_SHARES}
    kinds = [("all", report.n, whole)]
    if len(report.by_type) > 1:
        counts = Counter(each.type for each in report.answers)
        kinds = [(name or "others", counts[name], part) for name, part in report.by_type.items()]
    rows = [[name, str(n), *(f"{part[share]:.1%}" for share in BENCHMARK_SHARES)] for name, n, part in kinds]
    return {"report": report, "rows": rows, "pictures": pictures[: 2 * SHOWN]}
