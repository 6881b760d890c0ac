"""The training examples that are most like a question, to be shown with it.

Ranking by BM25 (S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, eq. 3.15)
over the words of the instruction. Only the train split is read: showing held-out examples would be a leak.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from voxel.errors import UsageError
from voxel.records import Example, user_prompt
from voxel.training.evaluation.asking import Prompt

SHOWN = 3
"""Examples in a prompt."""
MOST_CHARACTERS = 8000
"""Of all shown examples together."""
K1, B = 1.2, 0.75
_WORDS = re.compile(r"[A-Za-z]+|\d+")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def words(text: str) -> list[str]:
    """Lower-case words and numbers; `PrincipledBSDF` and `use_nodes` fall into their parts."""
    return [word.lower() for word in _WORDS.findall(_HUMPS.sub(" ", text))]


class Shelf:
    """Training examples, by role, ready to be searched."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._roles: dict[str, _Ranking] = {}
        held: dict[str, list[Example]] = {}
        for example in examples:
            held.setdefault(example.role, []).append(example)
        for role, found in held.items():
            self._roles[role] = _Ranking(found)

    @classmethod
    def of(cls, train: Path) -> Shelf:
        """The shelf of a `train.jsonl`. UsageError when there is none, or it is empty."""
        try:
            lines = train.read_bytes().splitlines()
        except OSError as error:
            raise UsageError(
                f"retrieval needs training examples, and {train} cannot be read: {error.strerror}"
            ) from error
        if not lines:
            raise UsageError(f"retrieval needs training examples, and {train} is empty")
        return cls(msgspec.json.decode(line, type=Example) for line in lines)

    def like(self, example: Example, most: int = SHOWN) -> list[Example]:
        """The most similar ones of the same role, best first; never one with the same instruction."""
        ranking = self._roles.get(example.role)
        return ranking.best(example.instruction, most) if ranking is not None else []

    def prompt(self, example: Example, plain: Prompt) -> Prompt:
        """`plain` with the similar examples before its last message, as turns of the same conversation."""
        turns: list[tuple[str, str]] = []
        room = MOST_CHARACTERS
        for other in self.like(example):
            asked = user_prompt(other)
            room -= len(asked) + len(other.completion)
            if room < 0:
                break
            turns = [("user", asked), ("assistant", other.completion), *turns]  # the most similar one comes last
        return plain._replace(messages=(*plain.messages[:-1], *turns, plain.messages[-1]))


class _Ranking:
    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples
        counts = [Counter(words(example.instruction)) for example in examples]
        mean = sum(count.total() for count in counts) / len(counts)
        self._shares = [K1 * (1 - B + B * count.total() / mean) for count in counts]
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for index, count in enumerate(counts):
            for word, times in count.items():
                self._postings.setdefault(word, []).append((index, times))

    def best(self, text: str, most: int) -> list[Example]:
        scores: defaultdict[int, float] = defaultdict(float)
        for word in set(words(text)):
            found = self._postings.get(word, ())
            rarity = math.log(1 + (len(self._examples) - len(found) + 0.5) / (len(found) + 0.5))
            for index, times in found:
                scores[index] += rarity * times * (K1 + 1) / (times + self._shares[index])
        ranked = sorted(scores, key=lambda index: (-scores[index], index))
        others = (self._examples[index] for index in ranked if self._examples[index].instruction != text)
        return [example for example, _ in zip(others, range(most), strict=False)]
