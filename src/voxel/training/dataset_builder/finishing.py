"""From the units' files to the dataset: duplicates and caps over everything, splits, the files that people use.

What comes out depends only on what the units found and on what earlier builds decided (datasets/splits.json for
repositories, datasets/placed.json for examples), never on the order of the units or on interruptions. It is worked out
anew when one of these, the wishes or this code has changed; datasets/finished.json knows the last time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from voxel.errors import SetupError
from voxel.records.example import SPLITS, DroppedCandidate, Example, Split
from voxel.stages import DataDir, Storage, digests, write_atomic
from voxel.training.dataset_builder.card import card
from voxel.training.dataset_builder.exporting import FOLDER, write_parquet
from voxel.training.dataset_builder.lines import Line, Unproved
from voxel.training.dataset_builder.nearness import joined
from voxel.training.dataset_builder.pool import Pool
from voxel.training.dataset_builder.selecting import Placed, Wanted, select
from voxel.training.dataset_builder.sketching import Sketch, Sketches, digest, sketches_of

Record = TypeVar("Record", Example, DroppedCandidate)
SCENE_FACTS = 25
"""A scene with fewer facts does not join clusters, however alike another one is."""
WRITTEN = (
    *(f"{split}.jsonl" for split in SPLITS), "dropped.jsonl", "README.md", "splits.json", "placed.json",
    *(f"{FOLDER}/{split}.parquet" for split in SPLITS),
)  # fmt: skip


class Finished(NamedTuple):
    """What the dataset holds."""

    kept: dict[Split, int]
    dropped: int


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """datasets/finished.json"""

    asked: str
    """What the dataset was made of and how."""
    files: dict[str, str]
    """sha256 of what was written."""
    kept: dict[Split, int]
    dropped: int


def finished(
    data: DataDir, units: Mapping[str, str], shared: Sequence[tuple[str, str]], *, asked: Any
) -> Finished | None:
    """What the dataset holds where it was made of just this and nobody has touched its files; else None."""
    note = _note(data)
    if note and note.asked == _name_of(units, shared, asked) and note.files == digests(data.datasets, WRITTEN):
        return Finished(note.kept, note.dropped)
    return None


def finish(
    data: DataDir,
    units: Mapping[str, str],
    shared: Sequence[tuple[str, str]],
    wanted: Wanted | None = None,
    *,
    asked: Any = None,
) -> Finished:
    """Writes datasets/{train,val,test}.jsonl, dropped.jsonl, the card README.md and, with pyarrow, Parquet beside them.

    `units` are the names of the units' lines in the storage, each with that of its sketches; `shared` are pairs of
    repositories that hold the same file; `asked` names, JSON-able, all that decides beside these. SetupError when a
    unit's file is gone or broken.
    """
    wanted = wanted or Wanted()
    names, pairs = sorted(units.items()), sorted(shared)
    before = Placed(_known(data.datasets / "splits.json"), _known(data.datasets / "placed.json"))
    with Pool() as pool:
        _fill(pool, data.storage, names, wanted)
        repositories = select(pool, [*pairs, *joined(pool.scenes(), SCENE_FACTS)], before, wanted)
        kept = {split: _write(data.datasets / f"{split}.jsonl", pool.kept(split)) for split in SPLITS}
        dropped = _write(data.datasets / "dropped.jsonl", pool.dropped())
        held_out: dict[str, Split] = {one: split for one, split in before.examples.items() if split != "train"}
        placed = held_out | pool.placed()
    parquet = write_parquet(data.datasets, _written(data))
    gone = _read(data.datasets / "dropped.jsonl", DroppedCandidate)
    write_atomic(data.datasets / "README.md", card(_written(data), gone, parquet=parquet).encode())
    # what a later build goes by comes last: one that was killed before is worked out from the same as this one
    decided = {"splits.json": _table(repositories), "placed.json": _table(placed)}
    files = digests(data.datasets, WRITTEN)
    files |= {name: hashlib.sha256(table).hexdigest() for name, table in decided.items()}
    written = _Note(asked=_name_of(units, shared, asked), files=files, kept=kept, dropped=dropped)
    write_atomic(data.datasets / "finished.json", msgspec.json.encode(written) + b"\n")
    for name, table in decided.items():
        write_atomic(data.datasets / name, table)
    return Finished(kept, dropped)


def _fill(pool: Pool, storage: Storage, names: Sequence[tuple[str, str]], wanted: Wanted) -> None:
    decoder = msgspec.msgpack.Decoder(Sketches)
    units, sketches = (storage.read_all([pair[at] for pair in names]) for at in (0, 1))
    try:
        for (name, beside), raw, content in zip(names, units, sketches, strict=True):
            try:
                held = decoder.decode(content)
            except msgspec.MsgspecError as error:
                raise SetupError(f"{storage}/{beside}: {error}; delete it and run: voxel build") from error
            lines = list(_lines(raw, f"{storage}/{name}"))
            if held.of != digest(raw):  # the unit was made anew, and is not quite what it was
                held = sketches_of(raw)
                storage.write(beside, msgspec.msgpack.encode(held))
            sketched = iter(held.sketches)
            for line in lines:
                if isinstance(line, Unproved):
                    pool.leave_out(line)
                    continue
                sketch = next(sketched)
                pool.add(line, sketch, _fault(line.example, sketch, wanted))
    except OSError as error:
        raise SetupError(f"{error.filename}: {error.strerror}; make it anew with: voxel build") from error


def _fault(example: Example, sketch: Sketch, wanted: Wanted) -> str:
    if sketch.private:
        return f"private: shows {sketch.private}"
    prompt = wanted.prompts.repeated(example.instruction)
    return f"benchmark: repeats {prompt}" if prompt else ""


def _name_of(units: Mapping[str, str], shared: Sequence[tuple[str, str]], asked: Any) -> str:
    """Names what a dataset is made of and how; the names of units and sketches stand for what is in them."""
    held = [name.rpartition("/")[2] for both in sorted(units.items()) for name in both]
    return hashlib.sha256(msgspec.json.encode([asked, held, sorted(shared)])).hexdigest()


def _note(data: DataDir) -> _Note | None:
    try:
        return msgspec.json.decode((data.datasets / "finished.json").read_bytes(), type=_Note)
    except (OSError, msgspec.MsgspecError):
        return None  # then it is worked out again


def _known(path: Path) -> dict[str, Split]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Split])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise SetupError(f"{path}: {error}; delete it to have the splits drawn anew") from error


def _table(splits: dict[str, Split]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(dict(sorted(splits.items())))) + b"\n"


def _lines(raw: bytes, name: str) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    for number, line in enumerate(raw.splitlines(), 1):
        try:
            yield decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise SetupError(f"{name}:{number}: {error}; delete it and run: voxel build") from error


def _write(path: Path, records: Iterable[Example | DroppedCandidate]) -> int:
    """Writes records as lines; how many there were."""
    encoder = msgspec.json.Encoder()
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for record in records:
            count += 1
            yield encoder.encode(record) + b"\n"

    write_atomic(path, lines())
    return count


def _written(data: DataDir) -> dict[Split, Iterator[Example]]:
    """What the dataset holds, to be read once."""
    return {split: _read(data.datasets / f"{split}.jsonl", Example) for split in SPLITS}


def _read(path: Path, kind: type[Record]) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)
