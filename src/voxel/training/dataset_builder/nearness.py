"""What examples are compared by: the normal form of their code, and what is alike on two sides of a border.

Names of variables and of datablocks, comments and layout are taken out of code; numbers stay, for a number is what is
asked. Its runs of `RUN` words are its features; `kinds` says when two sets of features are near.
"""

from __future__ import annotations

import ast
import io
import tokenize
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from voxel.records.example import Example
from voxel.training.dataset_builder.kinds import Kinds, Shingles, packed

RUN = 4
_LAYOUT = frozenset({
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
})  # fmt: skip
_MAKERS = frozenset({"new", "load", "get"})


@lru_cache(1 << 12)
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


class Crossing(NamedTuple):
    """What is on both sides of a border between splits."""

    near: int
    """Pairs of examples with nearly the same completion, or nearly the same context and completion."""
    candidates: int
    """Pairs of different splits that were compared exactly."""
    repositories: int


def crossing(by_split: Mapping[str, Iterable[Example]]) -> Crossing:
    """Looks at a finished dataset for what must not be there; all three counts but the second are to be 0."""
    splits: list[str] = []
    homes: set[tuple[str, str]] = set()
    near: set[tuple[int, int]] = set()
    compared: set[tuple[int, int]] = set()
    with Kinds() as kinds:
        answers: dict[int, list[int]] = {}
        codes: dict[int, list[int]] = {}
        for split, examples in by_split.items():
            for example in examples:
                homes.add((example.provenance.repo, split))
                answers.setdefault(kinds.kind(packed(shingles(example.completion))), []).append(len(splits))
                both = shingles(example.context, example.completion)
                codes.setdefault(kinds.kind(packed(both)), []).append(len(splits))
                splits.append(split)
        same = ((kind, kind) for kind in {*answers, *codes})
        for one, other in chain(same, kinds.proposed()):
            for places in (answers, codes):
                crossed = {
                    (min(first, second), max(first, second))
                    for first in places.get(one, ())
                    for second in places.get(other, ())
                    if splits[first] != splits[second]
                }
                compared |= crossed
                if crossed and (one == other or kinds.is_near(one, other)):
                    near |= crossed
    repositories = Counter(repo for repo, _ in homes)
    return Crossing(len(near), len(compared), sum(count > 1 for count in repositories.values()))


def joined(scenes: Iterable[tuple[str, Shingles]], least: int) -> Iterator[tuple[str, str]]:
    """Pairs of repositories that hold near-duplicate scenes: enough of them to join all that belong together.

    `scenes` are (repository, what is so in the scene). Scenes with fewer than `least` facts prove nothing: thousands of
    repositories hold a file with the startup scene.
    """
    pairs: set[tuple[str, str]] = set()
    with Kinds() as kinds:
        firsts: dict[int, str] = {}
        for repo, facts in scenes:
            if len(facts) >= least:
                first = firsts.setdefault(kinds.kind(packed(facts)), repo)
                pairs.add((min(first, repo), max(first, repo)))
        for one, other in kinds.near_pairs():
            pairs.add((min(firsts[one], firsts[other]), max(firsts[one], firsts[other])))
    yield from sorted(pair for pair in pairs if pair[0] != pair[1])
