"""Base against tuned on held-out examples: what training here is worth.

    python bench/lift.py --data-dir training_data BASE TUNED [--examples 120] [--role builder --role texture]
        [--retry] [--retrieval]

BASE and TUNED are models as `voxel evaluate` takes them, such as SmolLM2-135M-Instruct and the id of a local job. Both
are asked for the same examples; stopped at any moment, the same command goes on where it was. Prints a table for
`bench/lift.md`, with settings, times and whether the goals are reached, and exits 1 when one is not.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

from voxel.records import EvalReport
from voxel.records.evaluation import Way
from voxel.stages import shown_progress
from voxel.training.evaluation.naming import named
from voxel.training.evaluation.quality_metrics import QualityMetrics
from voxel.training.evaluation.summing import SCORES

TUNED_RUNS, BASE_RUNS, TUNED_API = 0.70, 0.10, 0.90


def line(title: str, *cells: str) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join((title, *cells))} |"


def kinds(report: EvalReport) -> str:
    """The commonest kinds of error."""
    most = sorted(report.kinds.items(), key=lambda pair: -pair[1])[:5]
    return ", ".join(f"{kind} {share:.0%}" for kind, share in most) or "none"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("base")
    words.add_argument("tuned")
    words.add_argument("--data-dir", type=Path, default=Path("training_data"))
    words.add_argument("--examples", type=int, default=120)
    words.add_argument("--role", action="append", default=[], help="may be given again; default: all")
    words.add_argument("--blender", default="4.5")
    words.add_argument("--retry", action="store_true", help="also the base with one retry")
    words.add_argument("--retrieval", action="store_true", help="also the base with training examples in the prompt")
    given = words.parse_args()
    metrics = QualityMetrics(given.data_dir)
    roles = given.role or [None]
    examples = [one for role in roles for one in metrics.examples(role, given.examples // len(roles))]
    runs, times = [], []
    asked: list[tuple[str, Way]] = [(given.base, "plain"), (given.tuned, "plain")]
    asked += [(given.base, "retry")] if given.retry else []
    asked += [(given.base, "retrieval")] if given.retrieval else []
    for model, way in asked:
        began = time.monotonic()
        runs.append(
            metrics.measure(
                named(model, metrics.data),
                examples,
                role=given.role[0] if len(given.role) == 1 else None,
                blender=given.blender,
                way=way,
                progress=shown_progress(),
            )
        )
        times.append(time.monotonic() - began)
    compared = metrics.compare(runs)
    reports = [run.report for run in runs]
    which = " and ".join(given.role) or "all roles"
    print(f"{len(examples)} held-out examples ({which}) of {given.data_dir}, Blender {given.blender}")
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the end\n")
    print(line("", *(report.model for report in reports)))
    print(line("---", *("---:" for _ in reports)))
    for name in SCORES:
        print(line(name, *(f"{getattr(report, name):.3f}" for report in reports)))
    print(line("grade", *(report.grade for report in reports)))
    print(line("errors, share of answers", *map(kinds, reports)))
    print(line("cut off by the limit of tokens", *(f"{report.cut_off:.0%}" for report in reports)))
    print(line("minutes, asking and running", *(f"{seconds / 60:.1f}" for seconds in times)))
    for after in compared.comparisons:
        if after.before == runs[0].run:
            model = next(run.report.model for run in runs if run.run == after.after)
            low, high = after.scores["overall"].ci95
            outcome = after.scores["overall"].outcome
            print(f"\n{reports[0].model} -> {model}: overall [{low:+.3f}, {high:+.3f}] (95 %), {outcome}")
    print()
    base, tuned = reports[:2]
    goals = {
        f"tuned runs without error on at least {TUNED_RUNS:.0%}": tuned.runs >= TUNED_RUNS,
        f"base runs without error on less than {BASE_RUNS:.0%}": base.runs < BASE_RUNS,
        f"blender_api of the tuned one at least {TUNED_API:.2f}": tuned.blender_api >= TUNED_API,
    }
    for goal, held in goals.items():
        print(f"{'reached' if held else 'MISSED '}  {goal}")
    sys.exit(0 if all(goals.values()) else 1)


if __name__ == "__main__":
    main()
