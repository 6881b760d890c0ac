"""How long it takes to score answers: references, and the same with slips that models make, through real Blender.

    python bench/scoring.py --data-dir training_data [--answers 1000] [--workers 2]

Every third answer is the reference, every third calls something that is not there, every third is cut off or empty.
Scored in a data directory of its own, so that nothing is reused.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from voxel.records import Example
from voxel.training.evaluation.quality_metrics import QualityMetrics

GOAL_S = 180.0


def slipped(number: int, completion: str) -> str:
    """The answer number `number` to an example."""
    if number % 3 == 1:
        return completion + "bpy.context.scene.no_such_property.value = 1\n"
    if number % 6 == 5:
        return "I cannot do that."
    return completion if number % 3 == 0 else completion[: len(completion) // 2]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data-dir", type=Path, default=Path("training_data"))
    words.add_argument("--answers", type=int, default=1000)
    words.add_argument("--workers", type=int, default=2)
    given = words.parse_args()
    lines = (given.data_dir / "datasets" / "test.jsonl").read_bytes().splitlines()
    held = [msgspec.json.decode(line, type=Example) for line in lines]
    examples = [
        replace(one, id=f"{number:016x}")
        for number, one in zip(range(given.answers), itertools.cycle(held), strict=False)
    ]
    with tempfile.TemporaryDirectory(prefix="voxel-scoring-") as made:
        root = Path(made)
        (root / "datasets").mkdir()
        (root / "datasets" / "test.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in examples))
        answers = [
            json.dumps({"id": one.id, "answer": slipped(number, one.completion)}) + "\n"
            for number, one in enumerate(examples)
        ]
        (root / "answers.jsonl").write_text("".join(answers))
        began = time.monotonic()
        report = QualityMetrics(root).evaluate_model(
            str(root / "answers.jsonl"), "answers", len(examples), workers=given.workers
        )
        seconds = time.monotonic() - began
        began = time.monotonic()
        QualityMetrics(root).evaluate_model(str(root / "answers.jsonl"), "answers", len(examples))
        again = time.monotonic() - began
    print(
        f"{report.n} answers in {seconds:.1f} s ({report.n / seconds:.1f}/s) with {given.workers} workers, "
        f"load {os.getloadavg()[0]:.1f}; again {again:.1f} s; {report.runs:.0%} run, {report.solved:.0%} solved"
    )
    sys.exit(0 if seconds < GOAL_S else 1)


if __name__ == "__main__":
    main()
