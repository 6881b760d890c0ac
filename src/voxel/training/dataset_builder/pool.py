"""Everything that units found, on disk: what has to be decided about each line, and what was decided."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import msgspec

from voxel.records.example import REPAIR, DroppedCandidate, Example, QualityParts, Split
from voxel.records.files import FAILURES
from voxel.scratch import Scratch
from voxel.training.dataset_builder.kinds import Kinds, Shingles
from voxel.training.dataset_builder.lines import Proved, Unproved
from voxel.training.dataset_builder.quality import Own
from voxel.training.dataset_builder.sketching import Sketch

_APART = (REPAIR, "revision")
"""Categories whose answers are those of other examples: they start elsewhere, and are no duplicates of them."""
_CHANGES = re.compile(r"in an older idiom \((.*)\)$")
_TABLES = """
CREATE TABLE line (
    number INTEGER PRIMARY KEY, id TEXT, failure INTEGER, repo TEXT, path TEXT, exact TEXT, shape TEXT, apart TEXT,
    changes TEXT, role TEXT, category TEXT, derived INTEGER, answer INTEGER, code INTEGER, fault TEXT, own BLOB,
    held BLOB, example BLOB
);
CREATE INDEX line_by_place ON line (id, failure, repo, path);
CREATE TABLE judged (number INTEGER PRIMARY KEY, split TEXT, turn INTEGER, quality REAL, parts BLOB);
CREATE TABLE kept (number INTEGER PRIMARY KEY);
CREATE TABLE gone (reason TEXT, id TEXT, path TEXT, number INTEGER, candidate BLOB);
CREATE TABLE fact (repo TEXT, path TEXT, fact INTEGER, PRIMARY KEY (repo, path, fact)) WITHOUT ROWID;
"""


class Found(NamedTuple):
    """A proved example, as far as deciding needs it."""

    number: int
    id: str
    repo: str
    exact: str
    shape: str
    apart: str
    """Its category where that is one whose answers are no duplicates of others; else empty."""
    changes: str
    """What a repair mends; empty for other examples, and for scripts that people wrote."""
    derived: bool
    answer: int
    """The kind of its completion."""
    code: int
    """The kind of context and completion together."""
    fault: str
    """Why it must not be in the dataset, whatever else there is; empty when nothing is wrong."""


_FOUND = """
SELECT number, id, repo, exact, shape, apart, changes, derived, answer, code, fault, own, held FROM line
ORDER BY id, failure, repo, path
"""
# of the same example from two places the one that was collected comes first: it has an author and a licence
_IN_TURN = """
SELECT number, id, repo, exact, shape, apart, changes, derived, answer, code, fault, split, quality
FROM line JOIN judged USING (number) ORDER BY turn, derived, quality DESC, id, failure, repo, path
"""
_OF_ROLE = """
SELECT number, id, category, derived, quality FROM line JOIN kept USING (number) JOIN judged USING (number)
WHERE role = ?
"""
_KEPT = """
SELECT example, quality, parts FROM line JOIN kept USING (number) JOIN judged USING (number)
WHERE split = ? ORDER BY id
"""


class Judgement(NamedTuple):
    """What is known of an example once all are."""

    split: Split
    turn: int
    """Lower comes first."""
    quality: float
    parts: QualityParts


class Pool:
    """Lines of units. A context manager; used by one thread.

    SetupError where the folder for temporary files is full.
    """

    def __init__(self) -> None:
        self._scratch = Scratch(_TABLES)
        self.kinds = Kinds()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()
        self.kinds.close()

    def add(self, line: Proved, sketch: Sketch, fault: str) -> None:
        """Takes a proved example in; `fault` says why it is none, where that is so whatever else there is."""
        example, source = line.example, line.example.provenance
        failure = source.source == FAILURES
        self._scratch.do(
            "INSERT INTO line VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            example.id, failure, source.repo, source.path, line.exact, line.shape, _apart(example), _changes(example),
            example.role, example.category, bool(source.derived_from), self.kinds.kind(sketch.answer),
            self.kinds.kind(sketch.code), fault, msgspec.msgpack.encode(sketch.own),
            msgspec.msgpack.encode(example.blender), msgspec.json.encode(example),
        )  # fmt: skip
        if not failure:  # those are always in train, where they draw nothing after them
            facts = ((source.repo, source.path, _fact(check)) for check in example.checks)
            self._scratch.do_all("INSERT OR IGNORE INTO fact VALUES (?, ?, ?)", facts)

    def leave_out(self, line: Unproved) -> None:
        """Takes in a candidate that is no example."""
        gone = line.dropped
        self._gone(gone.reason, gone.id, gone.provenance.path, None, msgspec.json.encode(gone))

    def scenes(self) -> Iterator[tuple[str, Shingles]]:
        """(repository, what is so in it) of each scene."""
        place: tuple[str, str] | None = None
        facts: set[int] = set()
        for repo, path, fact in self._rows("SELECT repo, path, fact FROM fact ORDER BY repo, path"):
            if (repo, path) != place:
                if place is not None:
                    yield place[0], frozenset(facts)
                place, facts = (repo, path), set()
            facts.add(fact)
        if place is not None:
            yield place[0], frozenset(facts)

    def found(self) -> Iterator[tuple[Found, Own, tuple[str, ...]]]:
        """Each example, with what it is worth by itself and the versions on which it holds."""
        own, held = msgspec.msgpack.Decoder(Own), msgspec.msgpack.Decoder(tuple[str, ...])
        for *values, mine, on in self._rows(_FOUND):
            yield Found(*values), own.decode(mine), held.decode(on)

    def crowds(self) -> dict[tuple[int, str], int]:
        """How many different codes there are of each kind of answer, those that are counted apart for themselves."""
        query = "SELECT answer, apart, count(DISTINCT exact) FROM line GROUP BY answer, apart"
        return {(answer, apart): count for answer, apart, count in self._rows(query)}

    def judge(self, judged: Iterable[tuple[int, Judgement]]) -> None:
        """Takes what is known of every example."""
        rows = ((number, one.split, one.turn, one.quality, msgspec.msgpack.encode(one.parts)) for number, one in judged)
        self._scratch.do_all("INSERT INTO judged VALUES (?, ?, ?, ?, ?)", rows)

    def in_turn(self) -> Iterator[tuple[Found, Split, float]]:
        """Each example with its split and quality; what comes first is kept first."""
        for *values, split, quality in self._rows(_IN_TURN):
            yield Found(*values), split, quality

    def keep(self, number: int) -> None:
        """Decides that an example is in the dataset."""
        self._scratch.do("INSERT INTO kept VALUES (?)", number)

    def drop(self, number: int, reason: str) -> None:
        """Decides that it is not, also after it was kept."""
        self._scratch.do("DELETE FROM kept WHERE number = ?", number)
        name, path = self._scratch.do("SELECT id, path FROM line WHERE number = ?", number).fetchone()
        self._gone(reason, name, path, number, None)

    def of_role(self, role: str) -> Iterator[tuple[int, str, str, bool, float]]:
        """(number, id, category, whether it is derived, quality) of the examples that are kept in a role."""
        yield from self._rows(_OF_ROLE, role)

    def kept(self, split: Split) -> Iterator[Example]:
        """The examples of a split with their quality, by id."""
        decoder, parts = msgspec.json.Decoder(Example), msgspec.msgpack.Decoder(QualityParts)
        for example, quality, made in self._rows(_KEPT, split):
            yield msgspec.structs.replace(decoder.decode(example), quality=quality, quality_parts=parts.decode(made))

    def placed(self) -> dict[str, Split]:
        """The split of each example that is kept."""
        return dict(self._rows("SELECT id, split FROM line JOIN kept USING (number) JOIN judged USING (number)"))

    def dropped(self) -> Iterator[DroppedCandidate]:
        """Everything that is not, by reason."""
        example, candidate = msgspec.json.Decoder(Example), msgspec.json.Decoder(DroppedCandidate)
        query = "SELECT reason, number, candidate FROM gone ORDER BY reason, id, path, rowid"
        for reason, number, content in self._rows(query):
            if number is None:
                yield candidate.decode(content)
                continue
            (content,) = self._scratch.do("SELECT example FROM line WHERE number = ?", number).fetchone()
            yield _dropped(example.decode(content), reason)

    def _rows(self, query: str, *values: Any) -> Iterator[Any]:
        return self._scratch.rows(query, *values)

    def _gone(self, *values: Any) -> None:
        self._scratch.do("INSERT INTO gone VALUES (?, ?, ?, ?, ?)", *values)


def _apart(example: Example) -> str:
    return example.category if example.category in _APART else ""


def _changes(example: Example) -> str:
    found = _CHANGES.search(example.provenance.derived_from) if example.category == REPAIR else None
    return found[1] if found else ""


def _fact(check: Any) -> int:
    """Names a fact of a scene without the name of what it is about."""
    fact: Mapping[str, Any] = msgspec.to_builtins(check)
    told = {**fact, "of": fact["of"][0]}
    return zlib.crc32(msgspec.json.encode(told, order="deterministic"))


def _dropped(example: Example, reason: str) -> DroppedCandidate:
    """The line of dropped.jsonl for a proved example that is not kept."""
    return DroppedCandidate(
        id=example.id, role=example.role, category=example.category, reason=reason, instruction=example.instruction,
        completion=example.completion, provenance=example.provenance,
    )  # fmt: skip
