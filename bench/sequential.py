"""How often the sequential test of a challenger is right, and how soon: `bench/sequential.py [--runs N] [--share S]`.

Simulated conversations, each right or wrong by chance, go to the challenger with the chance `--share`. A run ends when
the test decides or the challenger has `HORIZON` outcomes (at a share of one half: 2 * HORIZON, for the champion then
has as few). Prints a line for each difference and champion: how the runs ended and how many outcomes that took.
"""

from __future__ import annotations

import argparse
import random
import statistics
from typing import NamedTuple

from voxel.training.deployment.sequential import ERROR, HORIZON, Decision, Sequential

WANTED: dict[float, Decision] = {-0.1: "roll back", 0.0: "go on", 0.1: "promote"}


class Ended(NamedTuple):
    """One run."""

    decision: Decision
    outcomes: int
    """Of both together."""


def horizon(share: float) -> int:
    """Outcomes of the challenger that a run has at most."""
    return HORIZON if share <= 0.3 else 2 * HORIZON


def simulate(champion: float, difference: float, share: float, seed: int) -> Ended:
    """One challenger on trial; `champion` is the champion's chance to be right."""
    chance = random.Random(seed)
    test = Sequential(share)
    while test.challenger.count < horizon(share):
        new = chance.random() < share
        right = chance.random() < champion + (difference if new else 0.0)
        if test.add(float(right), challenger=new) != "go on":
            break
    return Ended(test.decision, test.challenger.count + test.champion.count)


def main() -> int:
    """Prints the table; 1 when a line is below 95 of 100."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--share", type=float, default=0.2)
    given = parser.parse_args()
    print(f"share {given.share}, error {ERROR} a side, horizon {horizon(given.share)} outcomes of the challenger")
    print("champion  difference  wanted      right           promote  roll back  go on   outcomes: median    p95")
    good = True
    for champion in (0.3, 0.5, 0.7, 0.85):
        for difference, wanted in WANTED.items():
            runs = [simulate(champion, difference, given.share, seed) for seed in range(given.runs)]
            counts = {word: sum(run.decision == word for run in runs) for word in ("promote", "roll back", "go on")}
            took = sorted(run.outcomes for run in runs)
            right = counts[wanted]
            good = good and right >= 0.95 * given.runs
            print(
                f"{champion:8.2f}  {difference:+10.2f}  {wanted:<10}  {right:4d} of {given.runs:<6d}  "
                f"{counts['promote']:7d}  {counts['roll back']:9d}  {counts['go on']:5d}  "
                f"{statistics.median(took):17.0f}  {took[int(0.95 * (len(took) - 1))]:5d}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
