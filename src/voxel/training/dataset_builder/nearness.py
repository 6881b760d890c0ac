"""Near-duplicates: examples whose code is all but the same, proposed by MinHash and decided exactly.

Code is compared in its normal form: names of variables and of datablocks, comments and layout are taken out; numbers
stay, for a number is what is asked. Two codes are near when the sets of their runs of `RUN` words have a Jaccard index
of at least `NEAR`. MinHash with banded LSH (Broder 1997; Leskovec et al., Mining of Massive Datasets, 3.4) only
proposes pairs: of two codes at .8 it misses one pair in 150,000.
"""

from __future__ import annotations

import ast
import io
import tokenize
import zlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rensa import RMinHash, RMinHashLSH

from voxel.records.example import Example

NEAR = 0.8
RUN = 4
_PERMUTATIONS, _BANDS = 150, 30
_SEED = 7
_LAYOUT = frozenset({
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
})  # fmt: skip
_MAKERS = frozenset({"new", "load", "get"})

Shingles = frozenset[Hashable]
"""What two things are compared by: a set of their features."""


@lru_cache(1 << 16)
def words(source: str) -> tuple[str, ...]:
    """The normal form of a script, word by word. A text that is no Python (a scene plan) gives its own words."""
    try:
        tree = ast.parse(source)
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type not in _LAYOUT and token.string
        ]
    except (SyntaxError, ValueError, tokenize.TokenError):
        return tuple(source.split())
    nodes = list(ast.walk(tree))
    variables = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    datablocks = set(_datablocks(nodes))
    found: list[str] = []
    for token in tokens:
        if token.type == tokenize.NAME and token.string in variables and found[-1:] != ["."]:
            found.append("v")
        elif token.type == tokenize.STRING and token.string in datablocks:
            found.append("n")
        else:
            found.append(token.string)
    return tuple(found)


def _datablocks(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names of datablocks as they stand in the source: of what is made, looked up or named."""
    for node in nodes:
        value: ast.AST | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MAKERS:
            value = node.args[0] if node.args and _of_data(node.func.value) else None
        elif isinstance(node, ast.Subscript) and _of_data(node.value):
            value = node.slice
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            value = node.value if node.targets[0].attr == "name" else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from (repr(value.value), f'"{value.value}"')


def _of_data(node: ast.AST) -> bool:
    """Whether this is `bpy.data.<collection>`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "data"


def shingles(*sources: str) -> Shingles:
    """The runs of `RUN` words of scripts that are run one after another, as 32-bit numbers that never change."""
    flow = [word for source in sources if source for word in words(source)]
    runs = max(1, len(flow) - RUN + 1)
    return frozenset(zlib.crc32("\0".join(flow[at : at + RUN]).encode("utf-8", "replace")) for at in range(runs))


def jaccard(one: Shingles, other: Shingles) -> float:
    """0 to 1; two empty sets are the same."""
    return len(one & other) / len(one | other) if one or other else 1.0


class Nearness:
    """Which of many sets are near one another. Equal sets are one `kind`, a number from 0."""

    def __init__(self, sets: Sequence[Shingles]) -> None:
        numbers: dict[Shingles, int] = {}
        self.kinds = [numbers.setdefault(one, len(numbers)) for one in sets]
        """The kind of each set."""
        self.near: Mapping[int, frozenset[int]] = _neighbours(list(numbers))
        """The kinds near each kind; always itself as well."""


def _neighbours(sets: Sequence[Shingles]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {number: {number} for number in range(len(sets))}
    for one, other in near_pairs(sets):
        found[one].add(other)
        found[other].add(one)
    return {number: frozenset(others) for number, others in found.items()}


def near_pairs(sets: Sequence[Shingles]) -> Iterator[tuple[int, int]]:
    """Places of every two sets with a Jaccard index of at least `NEAR`; the lower place first."""
    return (pair for pair in _proposed(sets) if jaccard(sets[pair[0]], sets[pair[1]]) >= NEAR)


def _proposed(sets: Sequence[Shingles]) -> Iterator[tuple[int, int]]:
    index = RMinHashLSH(NEAR, _PERMUTATIONS, _BANDS)
    for place, features in enumerate(sets):
        sketch = RMinHash(_PERMUTATIONS, _SEED)
        sketch.update([str(feature) for feature in features])
        for other in sorted(index.query(sketch)):
            small, large = sorted((len(features), len(sets[other])))
            if small >= NEAR * large:
                yield other, place
        index.insert(place, sketch)


class Crossing(NamedTuple):
    """What is on both sides of a border between splits."""

    near: int
    """Pairs of examples with nearly the same completion, or nearly the same context and completion."""
    candidates: int
    """Pairs of different splits that were compared exactly."""
    repositories: int


def crossing(by_split: Mapping[str, Sequence[Example]]) -> Crossing:
    """Looks at a finished dataset for what must not be there; all three counts but the second are to be 0."""
    placed = [(split, example) for split, examples in by_split.items() for example in examples]
    near: set[tuple[int, int]] = set()
    compared: set[tuple[int, int]] = set()
    for sets in (
        [shingles(example.completion) for _, example in placed],
        [shingles(example.context, example.completion) for _, example in placed],
    ):
        for one, other in _proposed(sets):
            if placed[one][0] != placed[other][0]:
                compared.add((one, other))
                if jaccard(sets[one], sets[other]) >= NEAR:
                    near.add((one, other))
    homes = {(example.provenance.repo, split) for split, example in placed}
    repositories = Counter(repo for repo, _ in homes)
    return Crossing(len(near), len(compared), sum(count > 1 for count in repositories.values()))


def joined(facts: Mapping[tuple[str, str], Iterable[Hashable]], least: int) -> Iterator[tuple[str, str]]:
    """Pairs of repositories that hold near-duplicate scenes.

    `facts` are what is so in each scene, by (repository, path). Scenes with fewer than `least` facts prove nothing:
    thousands of repositories hold a file with the startup scene.
    """
    by_scene = {scene: frozenset(known) for scene, known in facts.items()}
    large = sorted(scene for scene, known in by_scene.items() if len(known) >= least)
    pairs: set[tuple[str, str]] = set()
    for one, other in near_pairs([by_scene[scene] for scene in large]):
        first, second = sorted((large[one][0], large[other][0]))
        if first != second:
            pairs.add((first, second))
    yield from sorted(pairs)
