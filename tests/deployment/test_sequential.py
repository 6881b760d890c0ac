"""The sequential test promotes the better, stops the worse and lets an equal one go on."""

from __future__ import annotations

import random

import pytest

from voxel.training.deployment.sequential import ERROR, HORIZON, Decision, Sequential


def decided(champion: float, difference: float, seed: int) -> Decision:
    chance = random.Random(seed)
    test = Sequential(0.2)
    while test.decision == "go on" and test.challenger.count < HORIZON:
        new = chance.random() < 0.2
        test.add(float(chance.random() < champion + (difference if new else 0.0)), challenger=new)
    return test.decision


@pytest.mark.parametrize(("difference", "wanted"), [(-0.1, "roll back"), (0.0, "go on"), (0.1, "promote")])
def test_it_is_right_in_95_of_100_runs(difference: float, wanted: Decision) -> None:
    assert sum(decided(0.6, difference, seed) == wanted for seed in range(100)) >= 95


def test_equal_ones_are_seldom_told_apart_however_long_one_looks() -> None:
    chance = random.Random(1)
    wrong = 0
    for _ in range(60):
        test = Sequential(0.5)
        for _ in range(8000):
            test.add(float(chance.random() < 0.5), challenger=chance.random() < 0.5)
        wrong += test.decision != "go on"
    assert wrong <= 60 * 2 * ERROR + 3


def test_a_decision_stays_and_says_what_it_rests_on() -> None:
    test = Sequential(0.5)
    for _ in range(40):
        test.add(1.0, challenger=True)
        test.add(0.0, challenger=False)
    assert test.decision == "promote"
    for _ in range(400):
        test.add(0.0, challenger=True)
        test.add(1.0, challenger=False)
    assert test.decision == "promote"
    assert test.evidence.startswith("challenger 0.091 of 440, champion 0.909 of 440; evidence that it is better")


def test_blocks_fit_the_share() -> None:
    assert [Sequential(share).per_block for share in (0.2, 0.5, 0.8, 0.05)] == [(1, 4), (1, 1), (4, 1), (1, 19)]
