"""Which of many sets are near one another, proposed by MinHash and decided exactly, on disk.

Two sets are near when their Jaccard index is at least `NEAR`. MinHash with banded LSH (Broder 1997; Leskovec et al.,
Mining of Massive Datasets, 3.4) only proposes pairs: of two sets at .8 it misses one pair in 150,000.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import Self

from rensa import RMinHash

from voxel.scratch import Scratch

NEAR = 0.8
_PERMUTATIONS, _ROWS = 150, 5
"""30 bands of 5 rows."""
_SEED = 7
_HELD = 1 << 10
"""Sets that are kept in memory, of about 10 kB each."""
_TABLES = """
CREATE TABLE kind (number INTEGER PRIMARY KEY, digest BLOB UNIQUE, features BLOB);
CREATE TABLE band (hash INTEGER, kind INTEGER, PRIMARY KEY (hash, kind)) WITHOUT ROWID;
CREATE INDEX band_of_kind ON band (kind, hash);
"""
_NEIGHBOURS = """
SELECT DISTINCT other.kind FROM band AS one JOIN band AS other ON other.hash = one.hash AND other.kind < one.kind
WHERE one.kind = ? ORDER BY other.kind
"""

Shingles = frozenset[int]
"""What two things are compared by: a set of their features, each a number of 32 bits."""


def packed(features: Shingles) -> bytes:
    """The same in four bytes for each; equal for equal sets."""
    return array("I", sorted(features)).tobytes()


def unpacked(content: bytes) -> Shingles:
    """The set that `packed` packed."""
    return frozenset(array("I", content))


def jaccard(one: Shingles, other: Shingles) -> float:
    """0 to 1; two empty sets are the same."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if one or other else 1.0


class Kinds:
    """Many sets, kept on disk: equal ones are one kind, a number from 1. A context manager; used by one thread.

    SetupError where the folder for temporary files is full.
    """

    def __init__(self) -> None:
        self._scratch = Scratch(_TABLES)
        self._features = lru_cache(_HELD)(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it; all sets are gone."""
        self._scratch.close()

    def kind(self, content: bytes) -> int:
        """The kind of a packed set."""
        digest = hashlib.sha256(content).digest()[:16]
        found = self._scratch.do("SELECT number FROM kind WHERE digest = ?", digest).fetchone()
        if found:
            return int(found[0])
        number = self._scratch.do("INSERT INTO kind (digest, features) VALUES (?, ?)", digest, content).lastrowid
        assert number is not None
        sketch = RMinHash(_PERMUTATIONS, _SEED)
        sketch.update([str(feature) for feature in unpacked(content)])
        # a band's place is in its hash: only like bands are compared
        rows = array("Q", sketch.digest())
        bands = [rows[at : at + _ROWS].tobytes() + at.to_bytes(2, "little") for at in range(0, _PERMUTATIONS, _ROWS)]
        self._scratch.do_all("INSERT OR IGNORE INTO band VALUES (?, ?)", ((_hash(band), number) for band in bands))
        return number

    def near_pairs(self) -> Iterator[tuple[int, int]]:
        """Every two kinds with a Jaccard index of at least `NEAR`, the lower number first."""
        return (pair for pair in self.proposed() if self.is_near(*pair))

    def is_near(self, one: int, other: int) -> bool:
        """Whether two kinds are near; exactly."""
        return jaccard(self._features(one), self._features(other)) >= NEAR

    def proposed(self) -> Iterator[tuple[int, int]]:
        """What is worth comparing exactly."""
        (count,) = self._scratch.do("SELECT max(number) FROM kind").fetchone()
        for number in range(1, (count or 0) + 1):
            size = len(self._features(number))
            for (other,) in self._scratch.rows(_NEIGHBOURS, number):
                small, large = sorted((size, len(self._features(other))))
                if small >= NEAR * large:
                    yield other, number

    def near(self) -> dict[int, frozenset[int]]:
        """The kinds near each kind that has any, without itself."""
        found: dict[int, set[int]] = {}
        for one, other in self.near_pairs():
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        return {number: frozenset(others) for number, others in found.items()}

    def _read(self, number: int) -> Shingles:
        (content,) = self._scratch.do("SELECT features FROM kind WHERE number = ?", number).fetchone()
        return unpacked(content)


def _hash(band: bytes) -> int:
    """64 bits, as SQLite has them."""
    return int.from_bytes(hashlib.blake2b(band, digest_size=8).digest(), "little", signed=True)
