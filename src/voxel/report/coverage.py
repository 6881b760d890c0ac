"""What of Blender's API the code of a dataset uses, told from its syntax."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

_MADE = {
    "modifiers": ("modifiers", "type", 1),
    "constraints": ("constraints", "type", 0),
    "lights": ("lights", "type", 1),
    "nodes": ("nodes", "type", 0),
}
"""What `<this>.new(…)` makes: the table it belongs to, the keyword and the place of its type."""
TABLES = ("modifiers", "shader nodes", "geometry nodes", "other nodes", "constraints", "lights", "operators", "data")


def coverage(codes: Iterable[str]) -> Mapping[str, Counter[str]]:
    """For each of TABLES how many of the codes use what; a code counts once for each thing."""
    found: dict[str, Counter[str]] = {table: Counter() for table in TABLES}
    for code in codes:
        for table, name in set(_uses(code)):
            found[table][name] += 1
    return found


def _uses(code: str) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return  # a scene plan is no code
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        path = _path(node.func)
        if path[:2] == ["bpy", "ops"]:
            yield "operators", ".".join(path[2:])
        if path[-1:] != ["new"] or len(path) < 2:
            continue
        if path[:2] == ["bpy", "data"]:
            yield "data", path[2]
        if path[-2] in _MADE:
            table, keyword, place = _MADE[path[-2]]
            made = next((one.value for one in node.keywords if one.arg == keyword), None)
            made = made or (node.args[place] if len(node.args) > place else None)
            if isinstance(made, ast.Constant) and isinstance(made.value, str):
                yield (_nodes_of(made.value) if table == "nodes" else table), made.value


def _nodes_of(kind: str) -> str:
    for start, table in (("ShaderNode", "shader nodes"), ("GeometryNode", "geometry nodes")):
        if kind.startswith(start):
            return table
    return "other nodes"


def _path(node: ast.expr) -> list[str]:
    """`a.b.c` as words; what is not a name stands as an empty one."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    words.append(node.id if isinstance(node, ast.Name) else "")
    return words[::-1]
