"""How alike two examples are: hashes of code with names, and with names and numbers, taken out."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from typing import NamedTuple

_OWN = frozenset(("bpy", "True", "False", "None", "range", "math", "radians", "Vector", "enumerate", "zip"))
"""Names that are the language's and not the script's."""


class Likeness(NamedTuple):
    """16 hex digits each."""

    exact: str
    """Equal for code that differs only in names of datablocks and variables, in comments and in layout."""
    shape: str
    """Equal for code that differs in numbers as well."""


class _Plain:
    """Writes trees as `ast.dump` does, names by the order in which they appear, once with numbers and once without."""

    def __init__(self, datablocks: frozenset[str]) -> None:
        self._datablocks = datablocks
        self._known: dict[str, str] = {}
        self._exact: list[str] = []
        self._shape: list[str] = []

    def dumped(self, source: str) -> tuple[str, str]:
        """The tree of a script, with numbers and without."""
        self._exact.clear()
        self._shape.clear()
        self._write(ast.parse(source))
        return "".join(self._exact), "".join(self._shape)

    def _called(self, kind: str, name: str) -> str:
        return self._known.setdefault(f"{kind}:{name}", f"{kind}{len(self._known)}")

    def _say(self, text: str) -> None:
        self._exact.append(text)
        self._shape.append(text)

    def _write(self, value: object) -> None:
        if isinstance(value, ast.AST):
            self._node(value)
        elif isinstance(value, list):
            self._say("[")
            for number, item in enumerate(value):
                if number:
                    self._say(", ")
                self._write(item)
            self._say("]")
        else:
            self._say(repr(value))

    def _node(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant):
            self._constant(node)
            return
        self._say(f"{type(node).__name__}(")
        first = True
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None:
                continue  # what is not there has no words; no field of Python 3.11 to 3.13 means anything by None
            self._say(f"{name}=" if first else f", {name}=")
            first = False
            if name == "id" and isinstance(node, ast.Name) and node.id not in _OWN:
                self._say(repr(self._called("v", node.id)))
            else:
                self._write(value)
        self._say(")")

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str) and value in self._datablocks:
            self._say(f"Constant(value={self._called('n', value)!r})")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._exact.append(f"Constant(value={value!r})")
            self._shape.append("Constant(value=0)")
        else:
            self._say(f"Constant(value={value!r}" + (f", kind={node.kind!r})" if node.kind else ")"))


def likeness(context: str, completion: str, names: Iterable[str]) -> Likeness:
    """Hashes of the two scripts together; `names` are those of the datablocks in them."""
    plain = _Plain(frozenset(names))
    told = [plain.dumped(source) for source in (context, completion)]
    return Likeness(*(hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16] for texts in zip(*told, strict=True)))
