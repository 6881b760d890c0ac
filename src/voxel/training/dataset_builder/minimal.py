"""Proof that every statement of an answer is needed: without any one of them the answer fails or means something else.

There is no list of exceptions: what the comparison does not miss, the answer does without.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from voxel.blender import Attempt, Blender, Trial
from voxel.errors import BadInput
from voxel.training.dataset_builder.together import FOREIGN, Asked, Asking, shareable

Missed = Callable[[Any], str]
"""What is wrong with a dumped Scene; empty when nothing is."""
ROUNDS = 12
_BLOCKS = (ast.For, ast.If, ast.With, ast.While, ast.FunctionDef)
_NEVER = (ast.Return, ast.Pass)


class Statement(NamedTuple):
    """One statement of a script: its place at the top level, and the ways to it below that."""

    node: ast.stmt
    way: tuple[tuple[str, int], ...]

    @property
    def place(self) -> int | None:
        """Its number among the top-level statements, if it is one."""
        return self.way[0][1] if len(self.way) == 1 else None


class Tried(NamedTuple):
    """What running an answer showed."""

    trouble: str
    """Why it does not hold; empty when it does."""
    spare: Statement | None
    """One that nothing misses: of the outermost the last."""
    effects: dict[str, Any]
    """What the scene does, as `Blender.trial` tells it."""


class Lean(NamedTuple):
    """An answer without what nothing misses."""

    completion: str
    trouble: str
    """Why it does not hold; empty when it does."""
    effects: dict[str, Any]


def lean(
    blender: Blender, context: str, completion: str, missed: Missed, *, effects: bool, timeout: float
) -> Asking[Lean]:
    """An answer without the statements that nothing misses.

    Statements go one at a time, for of two that do the same one is needed; what is left is tried anew each time. It
    begins without those that are hardly ever missed.
    """
    short = completion
    for one in reversed(uncertain(ast.parse(completion))):
        if _is_update(one.node):
            short = cut(short, one)
    if short != completion:
        found = yield from _lean(blender, context, short, missed, effects, timeout)
        if not found.trouble:
            return found
    return (yield from _lean(blender, context, completion, missed, effects, timeout))


def _lean(
    blender: Blender, context: str, completion: str, missed: Missed, effects: bool, timeout: float
) -> Asking[Lean]:
    for _ in range(ROUNDS):
        sources = (context, completion) if context else (completion,)
        found = yield from tried(blender, sources, missed, effects=effects, timeout=timeout)
        if found.trouble or found.spare is None:
            return Lean(completion, found.trouble, found.effects)
        completion = cut(completion, found.spare)
    return Lean(completion, f"not minimal: more than {ROUNDS} statements are not missed", {})


def statements(tree: ast.Module) -> Iterator[Statement]:
    """Every statement, those inside loops and functions too, in their order.

    What a script does in one version only is not among them: another version would not miss it.
    """

    def below(node: ast.AST, way: tuple[tuple[str, int], ...]) -> Iterator[Statement]:
        for field in ("body", "orelse"):
            for number, statement in enumerate(getattr(node, field, ())):
                here = (*way, (field, number))
                if _of_one_version(statement):
                    continue
                if not isinstance(statement, _NEVER) and not _is_words(statement):
                    yield Statement(statement, here)
                if isinstance(statement, _BLOCKS):
                    yield from below(statement, here)

    return below(tree, ())


def uncertain(tree: ast.Module) -> list[Statement]:
    """Statements that have to be tried: the others bind a name that nothing else binds and that others need.

    The only use of what a loop counts stays, too: a variable that nothing uses is worse than a name that says itself.
    """
    bound: dict[str, int] = {}
    loaded: dict[str, int] = {}
    for node in ast.walk(tree):
        for name in _binds(node):
            bound[name] = bound.get(name, 0) + 1
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loaded[node.id] = loaded.get(node.id, 0) + 1

    loops = [one for one in ast.walk(tree) if isinstance(one, ast.For)]
    counted = {name for one in loops for part in ast.walk(one.target) for name in _binds(part)}

    def certain(node: ast.stmt) -> bool:
        if isinstance(node, _BLOCKS) and not isinstance(node, ast.FunctionDef):
            return False
        parts = list(ast.walk(node))
        names = _binds(node) if isinstance(node, ast.FunctionDef) else [name for part in parts for name in _binds(part)]
        inside = [part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)]
        if any(inside.count(name) == loaded[name] for name in counted.intersection(inside)):
            return True
        return any(bound[name] == 1 and loaded.get(name, 0) > inside.count(name) for name in names)

    whole = {
        (*one.way, (field, 0))
        for one in statements(tree)
        if isinstance(one.node, _BLOCKS)
        for field in ("body", "orelse")
        if len(getattr(one.node, field, ())) == 1
    }
    # a block without its only statement is no block at all
    return [one for one in statements(tree) if one.way not in whole and not certain(one.node)]


def tried(
    blender: Blender, sources: Sequence[str], missed: Missed, *, effects: bool = False, timeout: float
) -> Asking[Tried]:
    """Runs the sources, then the last one again without each uncertain statement.

    `missed` judges the Scenes. Costs a run, a dump for each statement that can be taken back, and another run for each
    that cannot. Forks are shared with other works; that something does not hold, or that nothing misses a statement,
    is only believed of a fork of its own.
    """
    *before, answer = sources
    tree = ast.parse(answer)
    doubtful = uncertain(tree)
    foreign = any(sign in source for source in sources for sign in FOREIGN)
    sharing = shareable(sources)
    places = [] if foreign else [one.place for one in doubtful if one.place is not None]
    trial: Trial | None = None
    if sharing:
        (shown,) = yield Asked(blender, [Attempt(sources=tuple(sources), places=tuple(places), effects=effects)])
        trial = shown if isinstance(shown, Trial) else None
    if trial is None or missed(trial.scene):
        try:
            trial = blender.trial(*sources, places=places, effects=effects, timeout=timeout) if not foreign else None
            whole = trial.scene if trial else _cleanly(blender, sources, timeout)
        except BadInput as error:
            return Tried(f"does not run: {error}", None, {})
        trouble = missed(whole)
        if trouble:
            return Tried(trouble, None, {})
    unclear = []
    for one in doubtful:
        without = trial.without.get(one.place) if trial and one.place is not None else None
        if without is None or not missed(without):
            unclear.append((one, (*before, blanked(answer, one))))
    if unclear and sharing:
        found = yield Asked(blender, [Attempt(sources=shorter) for _, shorter in unclear])
        unclear = [
            one
            for one, shown in zip(unclear, found, strict=True)
            if isinstance(shown, Trial) and not missed(shown.scene)
        ]
    unclear.reverse()
    unclear.sort(key=lambda case: len(case[0].way))
    spare = next((one for one, shorter in unclear if not _fails(blender, shorter, missed, timeout, foreign)), None)
    return Tried("", spare, trial.effects if trial else {})


def blanked(source: str, one: Statement) -> str:
    """The text with `pass` in the statement's place: what runs is the script without it, and no tree is copied."""
    lines = source.encode().split(b"\n")
    node = one.node
    last, end = node.end_lineno or node.lineno, node.end_col_offset
    start, rest = lines[node.lineno - 1][: node.col_offset], lines[last - 1][end:]
    lines[node.lineno - 1 : last] = [start + b"pass" + rest]
    return b"\n".join(lines).decode()


def cut(source: str, one: Statement) -> str:
    """The text without the statement's lines, and without a comment that would then stand over nothing."""
    lines = source.split("\n")
    first, last = one.node.lineno - 1, (one.node.end_lineno or one.node.lineno) - 1
    alone = last + 1 >= len(lines) or not lines[last + 1].strip() or lines[last + 1].lstrip().startswith("#")
    while alone and first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    kept = lines[:first] + lines[last + 1 :]
    while 0 < first < len(kept) and not kept[first].strip() and not kept[first - 1].strip():
        del kept[first]
    return "\n".join(kept).strip("\n") + "\n"


def _fails(blender: Blender, sources: Sequence[str], missed: Missed, timeout: float, foreign: bool) -> bool:
    try:
        scene = _cleanly(blender, sources, timeout) if foreign else blender.trial(*sources, timeout=timeout).scene
    except BadInput:
        return True
    return bool(missed(scene))


def _cleanly(blender: Blender, sources: Sequence[str], timeout: float) -> Any:
    run = blender.run(*sources, timeout=timeout)
    if run.verdict != "passed" or run.scene is None:
        first = run.errors[0] if run.errors else None
        raise BadInput(f"{run.verdict}: {first.message}" if first else run.verdict)
    return msgspec.json.decode(run.scene)


def _binds(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(item.asname or item.name).split(".")[0] for item in node.names]
    return [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []


def _of_one_version(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Attribute) and part.attr == "version" for part in ast.walk(node.test)
    )


def _is_update(node: ast.stmt) -> bool:
    """`curve.update()`: places handles that a Scene does not tell, since Blender places them itself."""
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(), "update"), [], [])):
            return True
    return False


def _is_words(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
