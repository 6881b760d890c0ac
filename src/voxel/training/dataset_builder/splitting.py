"""Which repositories go together, and which split each of them belongs to.

Repositories form a cluster when they hold a file with the same bytes or scenes that are near-duplicates. A repository
stays in the split that it was given once. Where more files join two clusters of different splits, the joined cluster
belongs to the split that has more of its examples, and what the others gave is dropped.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from voxel.records.example import SPLITS, Split

SHARES: dict[Split, float] = {"train": 0.8, "val": 0.1, "test": 0.1}


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


def split_of(
    sizes: Mapping[str, int],
    members: Mapping[str, str],
    known: Mapping[str, Split],
    *,
    alone: Mapping[str, int] | None = None,
) -> dict[str, Split]:
    """The split of each cluster.

    `sizes` are examples per repository, `members` the cluster of each repository, `known` the splits that repositories
    were given before, `alone` the examples per repository that nothing in another cluster is near to (default: all):
    only those can stand in val or test. Known repositories keep their split; in a cluster with several the one with
    the most examples prevails. New clusters, the largest first, each go to the split that is furthest below its share.
    """
    alone = sizes if alone is None else alone
    held: Counter[Split] = Counter()
    whole: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    votes: dict[str, Counter[Split]] = {}
    for repo, cluster in members.items():
        whole[cluster] += sizes.get(repo, 0)
        apart[cluster] += alone.get(repo, 0)
        if repo in known:
            votes.setdefault(cluster, Counter())[known[repo]] += sizes.get(repo, 0)
    splits = {cluster: max(SPLITS, key=lambda one: (one in found, found[one])) for cluster, found in votes.items()}

    def gain(cluster: str, split: Split) -> int:
        # never less than half, or clusters that are all alike would fill val and test and be dropped there
        return whole[cluster] if split == "train" else max(apart[cluster], whole[cluster] // 2)

    for cluster, split in splits.items():
        held[split] += gain(cluster, split)
    total = sum(whole.values())
    new = sorted({cluster for cluster in members.values() if whole[cluster]} - set(splits))
    for cluster in sorted(new, key=lambda name: (-whole[name], _hash(name))):
        split = max(SPLITS, key=lambda one: (SHARES[one] * total - held[one], one == "train"))
        splits[cluster] = split
        held[split] += gain(cluster, split)
    return _none_empty(splits, whole, frozenset(new))


def _none_empty(splits: dict[str, Split], sizes: Mapping[str, int], new: frozenset[str]) -> dict[str, Split]:
    """With three clusters or more every split gets one: the smallest new one of a split that has several."""
    if len(splits) < len(SPLITS):
        return splits
    for wanted in SPLITS:
        counts = Counter(splits.values())
        movable = [name for name in splits if counts[splits[name]] > 1 and name in new]
        if not counts[wanted] and movable:
            splits[min(movable, key=lambda name: (sizes.get(name, 0), _hash(name)))] = wanted
    return splits


def _hash(name: str) -> str:
    return hashlib.sha256(f"split:{name}".encode()).hexdigest()
