"""The names that a wrong name most likely meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(100_000)
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@lru_cache(100_000)
def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower().rstrip("s") for word in _WORDS.findall(name))


@lru_cache(100_000)
def _letters(plain: str) -> Counter[str]:
    return Counter(plain)


def _shared_letters(a: str, b: str) -> float:
    """An upper bound of SequenceMatcher's ratio."""
    if not a or not b or 2 * min(len(a), len(b)) < 0.5 * (len(a) + len(b)):
        return 0.0
    return 2 * (_letters(a) & _letters(b)).total() / (len(a) + len(b))


def likeness(wrong: str, name: str) -> float:
    """0 to about 1.4: how much alike two names are, in letters and in words."""
    a, b = _plain(wrong), _plain(name)
    if a == b:
        return 1.4
    ours, theirs = _words(wrong), _words(name)
    least = 0.5 if ours & theirs else 0.6
    letters = 0.0
    if _shared_letters(a, b) >= least:
        letters = SequenceMatcher(None, a, b, autojunk=False).ratio()
    shared = len(ours & theirs) / max(1, min(len(ours), len(theirs)))
    close = len(ours & theirs) / max(1, len(ours | theirs))
    return letters + 0.2 * shared * (len(ours & theirs) > 0) + 0.2 * close


def nearest(wrong: str, names: Iterable[str], count: int = 3, least: float = 0.68) -> list[str]:
    """At most `count` names, most alike first; those below `least` are left out."""
    scored = sorted(((likeness(wrong, name), name) for name in dict.fromkeys(names)), key=lambda p: (-p[0], p[1]))
    return [name for score, name in scored[:count] if score >= least]
