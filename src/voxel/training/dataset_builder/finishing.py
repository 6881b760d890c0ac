"""From the units' files to the dataset: duplicates and caps over everything, splits, the files that people use.

What comes out depends only on what the units found, never on their order or on interruptions.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxel.errors import SetupError
from voxel.records.example import SPLITS, DroppedCandidate, Example, Split
from voxel.stages import DataDir, write_atomic
from voxel.training.dataset_builder.proving import Line, Proved, Unproved

PER_SHAPE_AND_CLUSTER = 8
"""Examples of one repository cluster whose code differs only in names and numbers."""
PER_SHAPE = 40
"""The same over all repositories."""
TRAIN, VAL = 0.8, 0.9
"""Where the splits' shares end on the unit interval."""
_ORDER: dict[Split, int] = {"test": 0, "val": 1, "train": 2}


class Finished(NamedTuple):
    """What the dataset holds."""

    kept: dict[Split, int]
    dropped: int


def finish(data: DataDir, files: Iterable[Path], shared: Iterable[tuple[str, str]]) -> Finished:
    """Writes datasets/{train,val,test}.jsonl and dropped.jsonl from the units' files.

    `shared` are pairs of repositories that hold the same file. SetupError when a unit's file is gone or broken.
    """
    lines = list(_lines(files))
    proved = [line for line in lines if isinstance(line, Proved)]
    dropped = [line.dropped for line in lines if isinstance(line, Unproved)]
    clusters = cluster_of({line.example.provenance.repo for line in proved}, shared)
    splits = split_of(set(clusters.values()))
    kept, more = _select(proved, clusters, splits)
    by_split: dict[Split, list[Example]] = {split: [] for split in SPLITS}
    for line in kept:
        by_split[splits[clusters[line.example.provenance.repo]]].append(line.example)
    encoder = msgspec.json.Encoder()
    for split, examples in by_split.items():
        examples.sort(key=lambda one: one.id)
        _write(data.datasets / f"{split}.jsonl", examples, encoder)
    dropped = sorted([*dropped, *more], key=lambda one: (one.reason, one.id, one.provenance.path))
    _write(data.datasets / "dropped.jsonl", dropped, encoder)
    return Finished({split: len(found) for split, found in by_split.items()}, len(dropped))


def _lines(files: Iterable[Path]) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    for path in sorted(files):
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise SetupError(f"{path}: {error.strerror}; make it anew with: voxel build") from error
        for number, line in enumerate(raw.splitlines(), 1):
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise SetupError(f"{path}:{number}: {error}; delete it and run: voxel build") from error


def cluster_of(repos: Iterable[str], shared: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The cluster of each repository, named by the one of its repositories that hashes lowest."""
    above: dict[str, str] = {repo: repo for repo in repos}

    def root(repo: str) -> str:
        above.setdefault(repo, repo)
        while above[repo] != repo:
            repo = above[repo]
        return repo

    for one, other in shared:
        first, second = sorted((root(one), root(other)), key=lambda repo: (_fraction(repo), repo))
        above[second] = first
    return {repo: root(repo) for repo in list(above)}


def split_of(clusters: Iterable[str]) -> dict[str, Split]:
    """80/10/10 by a hash of the name, so that a cluster's split does not depend on the others.

    Where a split would be empty although there are three clusters or more, the cluster nearest to it goes there.
    """
    names = sorted(set(clusters), key=lambda name: (_fraction(name), name))
    splits: dict[str, Split] = {
        name: "train" if _fraction(name) < TRAIN else "val" if _fraction(name) < VAL else "test" for name in names
    }
    if len(names) >= len(SPLITS):
        for wanted in SPLITS:
            if wanted in splits.values():
                continue
            counts = Counter(splits.values())
            movable = [name for name in names if counts[splits[name]] > 1]
            place = {"train": 0.0, "val": (TRAIN + VAL) / 2, "test": 1.0}[wanted]
            splits[min(movable, key=lambda name: (abs(_fraction(name) - place), name))] = wanted
    return splits


def _fraction(name: str) -> float:
    return int.from_bytes(hashlib.sha256(f"split:{name}".encode()).digest()[:8]) / 2**64


def _select(
    proved: list[Proved], clusters: Mapping[str, str], splits: Mapping[str, Split]
) -> tuple[list[Proved], list[DroppedCandidate]]:
    """Without duplicates (what is in test stays in test) and above no cap."""

    def order(line: Proved) -> tuple[int, str, str, str]:
        source = line.example.provenance
        return _ORDER[splits[clusters[source.repo]]], line.example.id, source.repo, source.path

    kept: list[Proved] = []
    dropped: list[DroppedCandidate] = []
    firsts: dict[str, str] = {}
    ids: set[str] = set()
    shapes: Counter[str] = Counter()
    local: Counter[tuple[str, str]] = Counter()
    for line in sorted(proved, key=order):
        cluster = clusters[line.example.provenance.repo]
        if line.exact in firsts or line.example.id in ids:
            dropped.append(
                _not_kept(
                    line.example, f"duplicate: the same as {firsts.get(line.exact, line.example.id)} but for names"
                )
            )
        elif local[cluster, line.shape] >= PER_SHAPE_AND_CLUSTER:
            dropped.append(
                _not_kept(line.example, f"cap: {PER_SHAPE_AND_CLUSTER} of this repository differ only in numbers")
            )
        elif shapes[line.shape] >= PER_SHAPE:
            dropped.append(_not_kept(line.example, f"cap: {PER_SHAPE} others differ only in numbers"))
        else:
            firsts[line.exact] = line.example.id
            ids.add(line.example.id)
            shapes[line.shape] += 1
            local[cluster, line.shape] += 1
            kept.append(line)
    return kept, dropped


def _not_kept(example: Example, reason: str) -> DroppedCandidate:
    return DroppedCandidate(
        id=example.id, role=example.role, category=example.category, reason=reason, instruction=example.instruction,
        completion=example.completion, provenance=example.provenance,
    )  # fmt: skip


def _write(path: Path, records: Iterable[Example | DroppedCandidate], encoder: msgspec.json.Encoder) -> None:
    content = b"".join(encoder.encode(record) + b"\n" for record in records)
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)
