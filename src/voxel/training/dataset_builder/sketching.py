"""What deciding between examples takes of each: worked out file by file, beside one another, and kept.

Deciding itself is over all examples and waits for nothing else, so that whatever can be known of one alone is known
before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from voxel.records.example import Example
from voxel.stages import Done, Failed, Outcome, Storage, Unit, Work, unit_keys
from voxel.training.dataset_builder.kinds import packed
from voxel.training.dataset_builder.lines import Line, Proved
from voxel.training.dataset_builder.nearness import shingles
from voxel.training.dataset_builder.quality import Own, own_of
from voxel.training.dataset_builder.scrubbing import private

SKETCHES = "datasets/sketches"
_CODE = ("kinds.py", "nearness.py", "quality.py", "scrubbing.py", "sketching.py")
"""What a sketch depends on."""


class Sketch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Of one example."""

    answer: bytes
    """The shingles of its completion, packed."""
    code: bytes
    """Those of context and completion."""
    own: Own
    private: str
    """The kind of a private thing in it; empty when there is none."""


class Sketches(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Of a built unit."""

    of: bytes
    """The digest of its lines."""
    sketches: list[Sketch]
    """One for each line that is an example, in their order."""


def digest(lines: bytes) -> bytes:
    """Names what a unit's lines say."""
    return hashlib.sha256(lines).digest()[:16]


def sketches_of(lines: bytes) -> Sketches:
    """The sketches of a unit. MsgspecError where its lines are broken."""
    decoder = msgspec.json.Decoder(Line)
    decoded = [decoder.decode(line) for line in lines.splitlines()]
    found = [sketched(line.example) for line in decoded if isinstance(line, Proved)]
    return Sketches(of=digest(lines), sketches=found)


def sketched(example: Example) -> Sketch:
    """The sketch of an example."""
    answer = shingles(example.completion)
    checks = msgspec.json.encode(example.checks).decode()
    seen = private("\n".join((example.earlier, example.instruction, example.context, example.completion)))
    return Sketch(
        answer=packed(answer),
        code=packed(shingles(example.context, example.completion)),
        own=own_of(example, answer),
        private=next(iter(seen or private(checks)), ""),
    )


class SketchStage:
    """One unit per built unit: a sketch for each line that is an example, in their order."""

    name = "sketch"
    version = 2

    def __init__(self, storage: Storage, built: Sequence[str]) -> None:
        self._storage, self._built = storage, built
        self._sketches = storage.look(SKETCHES)
        room = Path(__file__).parent
        self._code = hashlib.sha256(b"\0".join((room / name).read_bytes() for name in _CODE)).hexdigest()[:16]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_built": ()}  # a worker is told what to do one by one

    @property
    def settings(self) -> Mapping[str, Any]:
        """The code that sketches."""
        return {"code": self._code}

    def units(self) -> Iterator[Unit]:
        """The built units, in the same order."""
        key = unit_keys(self)
        for name in self._built:
            unit = name.rpartition("/")[2].removesuffix(".jsonl")
            yield Unit(key=key(unit), input=unit, payload=name)

    def file(self, key: str) -> str:
        """The name of a unit's sketches in the storage."""
        return f"{SKETCHES}/{key[:2]}/{key}.msgpack"

    def present(self, unit: Unit, _row: object) -> bool:
        """Whether the unit's sketches are still there."""
        return self.file(unit.key) in self._sketches

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Needs nothing."""

        def sketch(unit: Unit) -> Outcome:
            try:
                found = sketches_of(self._storage.read(unit.payload))
            except (OSError, msgspec.MsgspecError) as error:
                return Failed(f"{unit.payload}: {error}; delete it and run: voxel build")
            self._storage.write(self.file(unit.key), msgspec.msgpack.encode(found))
            return Done({"sketches": len(found.sketches)})

        yield sketch
