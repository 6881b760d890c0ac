"""From the units' files to the dataset: duplicates and caps over everything, splits, the files that people use.

What comes out depends only on what the units found and on what earlier builds decided (datasets/splits.json for
repositories, datasets/placed.json for examples), never on the order of the units or on interruptions. It is worked out
anew when one of these, the wishes or this code has changed; datasets/finished.json knows the last time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec

from voxel.errors import SetupError
from voxel.records.example import SPLITS, DroppedCandidate, Example, Split
from voxel.records.files import FAILURES
from voxel.stages import DataDir, Storage, write_atomic
from voxel.training.dataset_builder.card import card
from voxel.training.dataset_builder.exporting import FOLDER, write_parquet
from voxel.training.dataset_builder.nearness import joined
from voxel.training.dataset_builder.proving import Line, Proved, Unproved
from voxel.training.dataset_builder.selecting import Placed, Wanted, select

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


def finish(
    data: DataDir,
    units: Iterable[str],
    shared: Iterable[tuple[str, str]],
    wanted: Wanted | None = None,
    *,
    asked: Any = None,
) -> Finished:
    """Writes datasets/{train,val,test}.jsonl, dropped.jsonl, the card README.md and, with pyarrow, Parquet beside them.

    `units` are the names of the units' lines in the storage, `shared` pairs of repositories that hold the same file.
    `asked` names, JSON-able, all that decides beside the units: when it is given and nothing has changed, nothing is
    done. SetupError when a unit's file is gone or broken.
    """
    wanted = wanted or Wanted()
    names, pairs = sorted(units), sorted(shared)
    held = [PurePosixPath(name).name for name in names]
    digest = hashlib.sha256(msgspec.json.encode([asked, held, pairs])).hexdigest()
    note = _note(data)
    if asked is not None and note and note.asked == digest and note.files == _digests(data):
        return Finished(note.kept, note.dropped)
    lines = list(_lines(data.storage, names))
    proved = [line for line in lines if isinstance(line, Proved)]
    before = Placed(_known(data.datasets / "splits.json"), _known(data.datasets / "placed.json"))
    facts: dict[tuple[str, str], set[str]] = {}
    for line in proved:
        source = line.example.provenance
        if source.source == FAILURES:
            continue  # always in train, where they draw nothing after them
        facts.setdefault((source.repo, source.path), set()).update(map(_fact, line.example.checks))
    selected = select(proved, [*pairs, *joined(facts, SCENE_FACTS)], before, wanted)
    by_split: dict[Split, list[Example]] = {split: [] for split in SPLITS}
    for split, example in sorted(selected.kept, key=lambda one: one[1].id):
        by_split[split].append(example)
    for split, examples in by_split.items():
        _write(data.datasets / f"{split}.jsonl", examples)
    gone = [line.dropped for line in lines if isinstance(line, Unproved)] + selected.dropped
    gone.sort(key=lambda one: (one.reason, one.id, one.provenance.path))
    _write(data.datasets / "dropped.jsonl", gone)
    _keep(data.datasets / "splits.json", _table(selected.repositories))
    held_out: dict[str, Split] = {one: split for one, split in before.examples.items() if split != "train"}
    _keep(data.datasets / "placed.json", _table(held_out | {example.id: split for split, example in selected.kept}))
    parquet = write_parquet(data.datasets, by_split)
    _keep(data.datasets / "README.md", card(by_split, gone, parquet=parquet).encode())
    done = Finished({split: len(found) for split, found in by_split.items()}, len(gone))
    written = _Note(asked=digest, files=_digests(data), kept=done.kept, dropped=done.dropped)
    _keep(data.datasets / "finished.json", msgspec.json.encode(written) + b"\n")
    return done


def _fact(check: Any) -> str:
    """A fact of a scene without the name of what it is about."""
    fact = msgspec.to_builtins(check)
    fact["of"] = fact["of"][0]
    return msgspec.json.encode(fact, order="deterministic").decode()


def _note(data: DataDir) -> _Note | None:
    try:
        return msgspec.json.decode((data.datasets / "finished.json").read_bytes(), type=_Note)
    except (OSError, msgspec.MsgspecError):
        return None  # then it is worked out again


def _digests(data: DataDir) -> dict[str, str]:
    found = {}
    for name in WRITTEN:
        path = data.datasets / name
        if path.is_file():
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _known(path: Path) -> dict[str, Split]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Split])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise SetupError(f"{path}: {error}; delete it to have the splits drawn anew") from error


def _table(splits: dict[str, Split]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(dict(sorted(splits.items())))) + b"\n"


def _keep(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)


def _lines(storage: Storage, names: Sequence[str]) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    try:
        for name, raw in zip(names, storage.read_all(names), strict=True):
            for number, line in enumerate(raw.splitlines(), 1):
                try:
                    yield decoder.decode(line)
                except msgspec.MsgspecError as error:
                    raise SetupError(f"{storage}/{name}:{number}: {error}; delete it and run: voxel build") from error
    except OSError as error:
        raise SetupError(f"{error.filename}: {error.strerror}; make it anew with: voxel build") from error


def _write(path: Path, records: Sequence[Example | DroppedCandidate]) -> None:
    encoder = msgspec.json.Encoder()
    _keep(path, b"".join(encoder.encode(record) + b"\n" for record in records))
