"""What our own writer's code leaves, and what it would leave without one of its statements; runs in a fork.

Nothing here is safe from the code that it runs: it is for code that the writer made, not for scripts of people or
models (`unit_play`). The dump is taken in the same process, without saving and loading.

A statement that sets a property or makes a link is taken back at the end instead of being left out from the start:
the property gets the value that it had before, or the link is cut, the scene is dumped, and the statement is done
again. That costs a dump; leaving it out costs a fork and a run. A value that is another one at the end was set again
and is not taken back, nor is a statement about something that Blender has freed since, such as a bone of edit mode.
The two ways differ only where a later statement that is needed for something else sets the same value too.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import bpy
from mathutils import Color, Euler, Matrix, Quaternion, Vector

_COPIED = (Color, Euler, Matrix, Quaternion, Vector)

SCRIPT = "<script "
MESSAGE_LIMIT = 8000

Dump = Callable[[], dict[str, Any]]
"""The Scene of the open file."""
Part = Callable[[Any], "tuple[str, str, dict[str, Any]] | None"]
"""What a Scene says of one datablock alone: collection, name, entry; None where it says nothing."""
Act = Callable[[], object]


class _Way(NamedTuple):
    """How to take a statement back, and how to do it again."""

    back: Act
    again: Act
    owner: Callable[[], Any]
    """The datablock that it changes."""
    read: Act = bool
    """What the statement has set; the same at the end, or something later has set it too."""


class _Place(NamedTuple):
    """Where the struct lies that a variable holds."""

    owner: Any
    path: str
    address: int

    def held(self) -> bool:
        """Whether it still lies there, found out without touching the variable."""
        try:
            return bool(self.owner.path_resolve(self.path).as_pointer() == self.address)
        except (ValueError, ReferenceError):
            return False


def trial(sources: list[str], places: list[int], dump: Dump, part: Part) -> dict[str, Any]:
    """Runs the sources, then takes back one after another of the last one's top-level statements at `places`.

    Returns `scene` and, by place, the scenes `without`; a place is missing there when its statement cannot be taken
    back in this way. Where the datablock that a statement changes is another one without it, the rest of that scene is
    that of `scene`: what misses the one difference needs no others. What the sources raise is raised on.
    """
    scopes = [types.ModuleType("__main__").__dict__ for _ in sources]
    *names, name = [f"{SCRIPT}{number}>" for number in range(len(sources))]
    for source, script, scope in zip(sources[:-1], names, scopes, strict=False):
        exec(compile(source, script, "exec"), scope)  # noqa: S102  the writer's code
    scope, ways = scopes[-1], {}
    for place, statement in enumerate(ast.parse(sources[-1], name).body):
        named = _places_of(statement, scope) if place in places else None
        way = None if named is None else _way(statement, scope)
        exec(compile(ast.Module([statement], []), name, "exec"), scope)  # noqa: S102  the writer's code
        if way is not None:
            ways[place] = way, way.read(), named or []
    whole = dump()
    without = {}
    for place, (way, value, named) in ways.items():
        try:
            if not all(one.held() for one in named) or way.read() != value:
                continue
            way.back()
        except (AttributeError, TypeError, ValueError, RuntimeError, ReferenceError):
            continue
        without[place] = _with_one_other(whole, part(way.owner())) or dump()
        way.again()
    if without and dump() != whole:
        without = {}
    return {"scene": whole, "without": without}


def _with_one_other(scene: dict[str, Any], told: tuple[str, str, dict[str, Any]] | None) -> dict[str, Any] | None:
    """The scene with one datablock as it is now; None where it is as it was."""
    if told is None:
        return None
    kind, name, entry = told
    blocks = scene["blocks"]
    if blocks.get(kind, {}).get(name, entry) == entry:
        return None
    return {**scene, "blocks": {**blocks, kind: {**blocks[kind], name: entry}}}


def failure(error: BaseException) -> dict[str, Any]:
    """What stopped `trial`: the exception's kind and words, its innermost line in a source, and which source."""
    line, script = 0, ""
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(SCRIPT):
        line, script = error.lineno or 1, error.filename or ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(SCRIPT):
            line, script = trace.tb_lineno, name
        trace = trace.tb_next
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    source = int(script[len(SCRIPT) : -1]) if script else 0
    return {"kind": type(error).__name__, "message": words[:MESSAGE_LIMIT], "line": line, "source": source}


def _places_of(statement: ast.stmt, scope: dict[str, Any]) -> list[_Place] | None:
    """Where the structs lie that the statement's variables hold; None where one has no path to be found again by.

    A variable holds an address: read after Blender has freed what lay there, it ends the process. Datablocks know when
    they are gone.
    """
    found = []
    for name in {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}:
        value = scope.get(name)
        if isinstance(value, bpy.types.bpy_prop):
            value = value.data
        if isinstance(value, bpy.types.bpy_struct) and not isinstance(value, bpy.types.ID):
            try:
                found.append(_Place(value.id_data, value.path_from_id(), value.as_pointer()))
            except (ValueError, AttributeError):
                return None
    return found


def _way(statement: ast.stmt, scope: dict[str, Any]) -> _Way | None:
    """Decided just before the statement runs: expressions are looked at again later, values are kept now."""
    match statement:
        case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=value):
            holder = _expression(owner)
            try:
                before = _kept(getattr(eval(holder, scope), name))  # noqa: S307
            except (AttributeError, TypeError, ValueError, RuntimeError, KeyError, IndexError):
                return None
            result = _expression(value)
            return _Way(
                lambda: setattr(eval(holder, scope), name, before),  # noqa: S307
                lambda: setattr(eval(holder, scope), name, eval(result, scope)),  # noqa: S307
                lambda: eval(holder, scope).id_data,  # noqa: S307
                lambda: _kept(getattr(eval(holder, scope), name)),  # noqa: S307
            )
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="new"), args=[one, other], keywords=[])):
            links, ends, whole = (
                _expression(owner),
                [_expression(one), _expression(other)],
                _expression(statement.value),
            )
            if not isinstance(eval(links, scope), bpy.types.NodeLinks):  # noqa: S307
                return None
            return _Way(
                lambda: _cut(eval(links, scope), *[eval(end, scope) for end in ends]),  # noqa: S307
                lambda: eval(whole, scope),  # noqa: S307
                lambda: eval(links, scope).id_data,  # noqa: S307
            )
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="link"), args=[one], keywords=[])):
            list_, item = _expression(owner), _expression(one)
            whole = _expression(statement.value)
            return _Way(
                lambda: eval(list_, scope).unlink(eval(item, scope)),  # noqa: S307
                lambda: eval(whole, scope),  # noqa: S307
                lambda: eval(list_, scope).id_data,  # noqa: S307
            )
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="materials") as owner, attr="append"), args=[_], keywords=[]
            )
        ):
            slots, whole = _expression(owner), _expression(statement.value)
            return _Way(
                lambda: eval(slots, scope).pop(),  # noqa: S307
                lambda: eval(whole, scope),  # noqa: S307
                lambda: eval(slots, scope).id_data,  # noqa: S307
                lambda: len(eval(slots, scope)),  # noqa: S307
            )
    return None


def _expression(node: ast.expr) -> types.CodeType:
    return compile(ast.Expression(node), "<script>", "eval")


def _cut(links: Any, source: Any, target: Any) -> None:
    for link in links:
        if {link.from_socket, link.to_socket} == {source, target}:
            links.remove(link)
            return
    raise ValueError("there is no such link")


def _kept(value: Any) -> Any:
    """A value that does not change with its owner."""
    if isinstance(value, _COPIED):
        return value.copy()
    if isinstance(value, bpy.types.bpy_prop_array):
        return [_kept(item) for item in value]
    return value
