"""From the units' files to the dataset: duplicates and caps over everything, splits, the files that people use.

What comes out depends only on what the units found and on the splits that repositories had before
(datasets/splits.json), never on the order of the units or on interruptions.
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
from voxel.training.dataset_builder.card import card
from voxel.training.dataset_builder.proving import Line, Proved, Unproved

PER_SHAPE_AND_CLUSTER = 8
"""Examples of one repository cluster whose code differs only in names and numbers."""
PER_SHAPE = 40
"""The same over all repositories."""
_SHARES: dict[Split, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
_ORDER: dict[Split, int] = {"test": 0, "val": 1, "train": 2}


class Finished(NamedTuple):
    """What the dataset holds."""

    kept: dict[Split, int]
    dropped: int


def finish(data: DataDir, files: Iterable[Path], shared: Iterable[tuple[str, str]]) -> Finished:
    """Writes datasets/{train,val,test}.jsonl, dropped.jsonl and the card README.md from the units' files.

    `shared` are pairs of repositories that hold the same file. SetupError when a unit's file is gone or broken.
    """
    lines = list(_lines(files))
    proved = [line for line in lines if isinstance(line, Proved)]
    dropped = [line.dropped for line in lines if isinstance(line, Unproved)]
    clusters = cluster_of({line.example.provenance.repo for line in proved}, shared)
    path = data.datasets / "splits.json"
    known = _known_splits(path)
    sizes = Counter(clusters[repo] for repo, _ in {(one.example.provenance.repo, one.exact) for one in proved})
    splits = split_of(sizes, clusters, known)
    remembered = known | {repo: splits[cluster] for repo, cluster in clusters.items() if cluster in splits}
    _keep(path, msgspec.json.format(msgspec.json.encode(dict(sorted(remembered.items())))) + b"\n")
    kept, more = _select(proved, clusters, splits)
    by_split: dict[Split, list[Example]] = {split: [] for split in SPLITS}
    for line in kept:
        by_split[splits[clusters[line.example.provenance.repo]]].append(line.example)
    encoder = msgspec.json.Encoder()
    for split, examples in by_split.items():
        examples.sort(key=lambda one: one.id)
        _write(data.datasets / f"{split}.jsonl", examples, encoder)
    _keep(data.datasets / "README.md", card(by_split).encode())
    dropped = sorted([*dropped, *more], key=lambda one: (one.reason, one.id, one.provenance.path))
    _write(data.datasets / "dropped.jsonl", dropped, encoder)
    return Finished({split: len(found) for split, found in by_split.items()}, len(dropped))


def _known_splits(path: Path) -> dict[str, Split]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Split])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise SetupError(f"{path}: {error}; delete it to have the splits drawn anew") from error


def _keep(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)


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
        first, second = sorted((root(one), root(other)), key=_hash)
        above[second] = first
    return {repo: root(repo) for repo in list(above)}


def split_of(sizes: Mapping[str, int], members: Mapping[str, str], known: Mapping[str, Split]) -> dict[str, Split]:
    """The split of each cluster.

    `sizes` are examples per cluster, `members` the cluster of each repository, `known` the splits that repositories
    were given before: those stay, and where clusters have joined, test comes before val and val before train. New
    clusters, the largest first, each go to the split that is furthest below its share.
    """
    splits: dict[str, Split] = {}
    for repo, cluster in members.items():
        if repo in known and (cluster not in splits or _ORDER[known[repo]] < _ORDER[splits[cluster]]):
            splits[cluster] = known[repo]
    total = sum(sizes.values())
    held: Counter[Split] = Counter()
    for cluster, split in splits.items():
        held[split] += sizes.get(cluster, 0)
    for cluster in sorted(set(sizes) - set(splits), key=lambda name: (-sizes[name], _hash(name))):
        split = max(SPLITS, key=lambda one: (_SHARES[one] * total - held[one], one == "train"))
        splits[cluster] = split
        held[split] += sizes[cluster]
    return _none_empty(splits, sizes, frozenset(members[repo] for repo in known if repo in members))


def _none_empty(splits: dict[str, Split], sizes: Mapping[str, int], settled: frozenset[str]) -> dict[str, Split]:
    """With three clusters or more every split gets one: the smallest new one of a split that has several."""
    if len(splits) < len(SPLITS):
        return splits
    for wanted in SPLITS:
        counts = Counter(splits.values())
        movable = [name for name in splits if counts[splits[name]] > 1 and name not in settled]
        if not counts[wanted] and movable:
            splits[min(movable, key=lambda name: (sizes.get(name, 0), _hash(name)))] = wanted
    return splits


def _hash(name: str) -> str:
    return hashlib.sha256(f"split:{name}".encode()).hexdigest()


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
    _keep(path, b"".join(encoder.encode(record) + b"\n" for record in records))
