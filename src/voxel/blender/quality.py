"""`code_quality`: how well a script is written, without running it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from itertools import pairwise

import msgspec

MODERATE, HOPELESS = 10, 30
_BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.With, ast.Assert)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_")) - {"license", "copyright", "credits"}


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a script."""

    score: float
    """0 to 1."""
    parses: bool
    findings: list[str] = []
    """`line: what`, in the order of the lines."""


def code_quality(source: str) -> Quality:
    """Grades a script from 0 to 1.

    0 when it does not parse. Otherwise the mean of four parts: 1 for parsing; style (bare `except`, `import *`, `==
    None`, `== True`, mutable defaults, unreachable code); names (imports and local variables never used, builtins and
    imports shadowed); complexity (per function and for the module's body, 1 up to a cyclomatic complexity of 10,
    falling to 0 at 30). One finding of style or of names in every five statements brings its part to 0; short scripts
    count as ten statements.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        return Quality(score=0.0, parses=False, findings=[f"{line}: does not parse: {getattr(error, 'msg', error)}"])
    try:
        style, names = sorted(_style(tree)), sorted(_names(tree))
        complexity = _complexity(tree)
    except RecursionError:
        return Quality(score=0.25, parses=True, findings=["1: nested too deeply to be read"])
    size = max(10, sum(isinstance(node, ast.stmt) for node in ast.walk(tree)))
    parts = (1.0, *(1 - min(1.0, 5 * len(found) / size) for found in (style, names)), complexity)
    findings = [f"{line}: {what}" for line, what in sorted(style + names)]
    return Quality(score=round(sum(parts) / len(parts), 4), parses=True, findings=findings)


def _style(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "bare except"
        elif isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield node.lineno, "import *"
        elif isinstance(node, ast.Compare):
            for operator, right in zip(node.ops, node.comparators, strict=True):
                if isinstance(operator, ast.Eq | ast.NotEq) and isinstance(right, ast.Constant):
                    if right.value is None:
                        yield node.lineno, "compared with None by =="
                    elif right.value is True or right.value is False:
                        yield node.lineno, "compared with a truth value by =="
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            defaults = [*node.args.defaults, *(item for item in node.args.kw_defaults if item)]
            if any(isinstance(item, ast.List | ast.Dict | ast.Set) for item in defaults):
                yield node.lineno, f"mutable default in {node.name}"
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            if isinstance(statements, list):
                for before, after in pairwise(statements):
                    if isinstance(before, ast.Return | ast.Raise | ast.Break | ast.Continue):
                        yield after.lineno, "never reached"


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
    read |= {item for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal) for item in node.names}
    exported = _exported(tree)
    imported: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            for alias in node.names:
                name = (alias.asname or alias.name).split(".")[0]
                if name == "*":
                    continue
                if name not in read and name not in exported:
                    yield node.lineno, f"import {name} is never used"
                imported.setdefault(name, node.lineno)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        yield from _unused_locals(function)
    for name, line in _bindings(tree):
        if name in _BUILTINS:
            yield line, f"{name} shadows a builtin"
        elif name in imported:
            yield line, f"{name} shadows an import"


def _exported(tree: ast.Module) -> set[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return {str(item.value) for item in ast.walk(node.value) if isinstance(item, ast.Constant)}
    return set()


def _unused_locals(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, str]]:
    """Names assigned in a function by a plain assignment and never read in it."""
    inside = list(ast.walk(function))
    read = {node.id for node in inside if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
    outer = {item for node in inside if isinstance(node, ast.Global | ast.Nonlocal) for item in node.names}
    seen: set[str] = set()
    for node in inside:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Name) and target.id not in read | outer | seen and not target.id.startswith("_"):
                seen.add(target.id)
                yield target.lineno, f"{target.id} is assigned and never used"


def _bindings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    attributes = {id(item) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for item in node.body}
    for node in ast.walk(tree):
        found: list[tuple[str, int]] = []
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found = [(node.id, node.lineno)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and id(node) not in attributes:
            found = [(node.name, node.lineno)]
        elif isinstance(node, ast.arg):
            found = [(node.arg, node.lineno)]
        for name, line in found:
            if name not in seen:
                seen.add(name)
                yield name, line


def _complexity(tree: ast.Module) -> float:
    scopes: list[ast.AST] = [tree, *(node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))]
    grades = [max(0.0, min(1.0, (HOPELESS - _branches(scope)) / (HOPELESS - MODERATE))) for scope in scopes]
    return sum(grades) / len(grades)


def _branches(scope: ast.AST) -> int:
    """Cyclomatic complexity: one, and one for every branch that is not in a function of its own."""
    count, queue = 1, list(ast.iter_child_nodes(scope))
    while queue:
        node = queue.pop()
        if isinstance(node, _FUNCTIONS):
            continue
        count += isinstance(node, _BRANCHES)
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        queue += ast.iter_child_nodes(node)
    return count
