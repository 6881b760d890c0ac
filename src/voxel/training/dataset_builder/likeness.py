"""How alike two examples are: hashes of code with names, and with names and numbers, taken out."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from typing import NamedTuple


class Likeness(NamedTuple):
    """16 hex digits each."""

    exact: str
    """Equal for code that differs only in names of datablocks and variables, in comments and in layout."""
    shape: str
    """Equal for code that differs in numbers as well."""


class _Plain(ast.NodeTransformer):
    def __init__(self, datablocks: frozenset[str], *, numbers: bool) -> None:
        self._datablocks = datablocks
        self._numbers = numbers
        self._known: dict[str, str] = {}

    def _called(self, kind: str, name: str) -> str:
        return self._known.setdefault(f"{kind}:{name}", f"{kind}{len(self._known)}")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in ("bpy", "True", "False", "None", "range", "math", "radians", "Vector", "enumerate", "zip"):
            return node
        return ast.Name(id=self._called("v", node.id), ctx=node.ctx)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and node.value in self._datablocks:
            return ast.Constant(self._called("n", node.value))
        if not self._numbers and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            return ast.Constant(0)
        return node


def likeness(context: str, completion: str, names: Iterable[str]) -> Likeness:
    """Hashes of the two scripts together; `names` are those of the datablocks in them."""
    known = frozenset(names)
    digests = []
    for numbers in (True, False):
        plain = _Plain(known, numbers=numbers)
        dumped = [ast.dump(plain.visit(ast.parse(source))) for source in (context, completion)]
        digests.append(hashlib.sha256("\0".join(dumped).encode()).hexdigest()[:16])
    return Likeness(*digests)
