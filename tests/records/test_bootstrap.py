"""Bootstrap intervals repeat, cover, and shrink with the number of examples."""

from __future__ import annotations

import numpy as np
import pytest

from voxel.records import grade, interval, paired_interval


def test_interval_is_the_same_each_time_and_holds_the_mean() -> None:
    values = [0.0, 1.0] * 50
    low, high = interval(values)
    assert (low, high) == interval(values)
    assert low == pytest.approx(0.40, abs=0.01)
    assert high == pytest.approx(0.60, abs=0.01)


def test_interval_of_few() -> None:
    assert interval([]) == (0.0, 0.0)
    assert interval([0.5]) == (0.5, 0.5)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        low, high = interval(rng.normal(0.3, 1.0, size=60).tolist())
        held += low <= 0.3 <= high
    assert 180 <= held <= 200


def test_pairs_must_match() -> None:
    assert paired_interval([0.1, 0.2], [0.2, 0.3]) == pytest.approx((0.1, 0.1))
    with pytest.raises(ValueError, match="shorter"):
        paired_interval([0.1, 0.2], [0.2])


def test_grades_begin_where_they_say() -> None:
    assert [grade(x) for x in (0.9, 0.8999, 0.8, 0.65, 0.5, 0.4999)] == ["A", "B", "B", "C", "D", "F"]
