"""Is the challenger better or worse? A test that may be looked at after every outcome.

Outcomes (0 to 1) are put into blocks in the order in which they come: one of the challenger with k of the champion,
where k fits the share of conversations that the challenger gets. The difference d of a block's means lies between -1
and 1, and its mean is what is asked about. Two gamblers bet on it, one that the challenger is better and one that it is
worse: the first one's capital is multiplied by 1 + b d with every block, the other one's by 1 - b d. While the
challenger is not better, the first one's bets are unfavourable, so by Ville's inequality the chance that its capital
ever reaches 1/ERROR is at most ERROR, however often one looks and whatever the outcomes are distributed like. Each
capital is the mean over several sizes b of the bet, which is such a capital again.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024), is the source of the method.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal

ERROR = 0.01
"""The chance to promote a challenger that is not better, and again to stop one that is not worse, over all looks
together."""
BETS = (0.05, 0.1, 0.2, 0.35)
HORIZON = 1500
"""Outcomes of the challenger by which a difference of 10 points is told in 99 of 100 trials at a share of 0.2; see
`bench/sequential.py`."""

Decision = Literal["promote", "roll back", "go on"]


class Sequential:
    """The test for one challenger."""

    def __init__(self, share: float) -> None:
        """`share` of the conversations is the challenger's."""
        self.per_block = (
            (1, max(1, round((1 - share) / share))) if share <= 0.5 else (max(1, round(share / (1 - share))), 1)
        )
        """How many outcomes of the challenger and of the champion make a block."""
        self.challenger = Arm()
        self.champion = Arm()
        self.blocks = 0
        self._better = [0.0] * len(BETS)
        self._worse = [0.0] * len(BETS)
        self._decided: Decision = "go on"

    def add(self, score: float, *, challenger: bool) -> Decision:
        """Takes an outcome, 0 to 1, and says what the evidence allows. A decision stays as it is."""
        (self.challenger if challenger else self.champion).add(score)
        one, other = self.per_block
        while len(self.challenger.waiting) >= one and len(self.champion.waiting) >= other:
            self._bet(self.challenger.mean_of(one) - self.champion.mean_of(other))
        return self.decision

    @property
    def decision(self) -> Decision:
        """What the outcomes so far allow."""
        return self._decided

    @property
    def evidence(self) -> str:
        """The counts, the means and how far the capitals have come, in one line."""
        return (
            f"challenger {self.challenger}, champion {self.champion}; evidence that it is better "
            f"{_shown(self._better)}, that it is worse {_shown(self._worse)}, {1 / ERROR:.0f} decides"
        )

    def _bet(self, difference: float) -> None:
        self.blocks += 1
        for at, bet in enumerate(BETS):
            self._better[at] += math.log1p(bet * difference)
            self._worse[at] += math.log1p(-bet * difference)
        if self._decided == "go on":
            if _log_mean(self._better) >= -math.log(ERROR):
                self._decided = "promote"
            elif _log_mean(self._worse) >= -math.log(ERROR):
                self._decided = "roll back"


class Arm:
    """The outcomes of one of the two."""

    def __init__(self) -> None:
        self.count = 0
        self.waiting: deque[float] = deque()
        """Those that no block has used yet."""
        self._sum = 0.0

    def __str__(self) -> str:
        return f"{self._sum / self.count:.3f} of {self.count}" if self.count else "no outcome"

    def add(self, score: float) -> None:
        """One outcome more."""
        self.count += 1
        self._sum += score
        self.waiting.append(score)

    def mean_of(self, number: int) -> float:
        """The mean of the oldest `number` that wait; they wait no longer."""
        return sum(self.waiting.popleft() for _ in range(number)) / number


def _log_mean(logs: list[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(one - top) for one in logs) / len(logs))


def _shown(logs: list[float]) -> str:
    return f"{math.exp(min(_log_mean(logs), 20)):.3g}"
