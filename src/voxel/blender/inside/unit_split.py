"""Takes a script apart into statements that can fail one by one; runs in Blender's Python, before the script does.

A top-level statement is compiled and run by itself. Inside loops, conditions and functions each statement gets a
handler of its own, so that one wrong call does not hide the rest:

    try:
        STATEMENT
    except Exception:
        if _voxel_note(NUMBER): raise

The handler raises on where the script would have caught the error itself (`_voxel_enter`, `_voxel_leave` count the
`try` blocks that are open), where a statement keeps failing, and for errors that must not be swallowed. What the script
returns or raises on purpose is left alone, as are class bodies and generators.
"""

from __future__ import annotations
import __future__

import ast
import types
from typing import NamedTuple

API_ROOTS = {"bpy", "bmesh", "mathutils", "bpy_extras", "gpu", "idprop", "freestyle", "aud", "bl_math"}
NOTE, ENTER, LEAVE, REACHED = "_voxel_note", "_voxel_enter", "_voxel_leave", "_voxel_reached"
_LEFT_ALONE = (
    ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Pass, ast.Global, ast.Nonlocal,
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
)  # fmt: skip
_ASSIGNS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


class Statement(NamedTuple):
    """One top-level statement."""

    code: types.CodeType
    line: int
    api: bool
    binds: list[str]
    tree: ast.stmt


class Inner(NamedTuple):
    """One statement inside a block or function."""

    line: int
    api: bool
    binds: list[str]
    tree: ast.stmt


class Plan(NamedTuple):
    """A script taken apart; the numbers in the handlers count `inner`."""

    statements: list[Statement]
    inner: list[Inner]


def _names(node: ast.AST, store: bool) -> set[str]:
    wanted = ast.Store if store else ast.Load
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, wanted)}


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement would bind."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(item.asname or item.name).split(".")[0] for item in node.names}
    return _names(node, store=True)


class _Api:
    """Which names hold something of Blender's: its modules, what was got from them, parameters of functions."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self.values = set(API_ROOTS)
        functions: set[str] = set()
        nodes = [node for statement in body for node in ast.walk(statement)]
        for node in nodes:
            if isinstance(node, ast.Import):
                self.values |= {_imported(a) for a in node.names if a.name.split(".")[0] in API_ROOTS}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in API_ROOTS:
                self.values |= {_imported(a) for a in node.names}
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.add(node.name)
                self.values |= {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        plain = [
            n for n in nodes if isinstance(n, ast.stmt) and not isinstance(n, (*_FUNCTIONS, ast.ClassDef, *_BLOCKS))
        ]
        loops = [n for n in nodes if isinstance(n, ast.For)]
        for _ in range(3):
            before = len(self.values)
            for statement in plain:
                value = getattr(statement, "value", None) if isinstance(statement, _ASSIGNS) else None
                if value is not None and _names(value, store=False) & (self.values | functions):
                    self.values |= _bound(statement)
            for loop in loops:
                if _names(loop.iter, store=False) & self.values:
                    self.values |= _names(loop.target, store=True)
            if len(self.values) == before:
                break

    def touches(self, node: ast.stmt) -> bool:
        """Does the statement, or for a block its head, use Blender's API?"""
        if isinstance(node, ast.ImportFrom):
            return (node.module or "").split(".")[0] in API_ROOTS
        if isinstance(node, (ast.Import, *_FUNCTIONS, ast.ClassDef)):
            return False
        return any(self._uses(part) for part in _head(node))

    def _uses(self, node: ast.AST) -> bool:
        """An attribute or item of such a name, or a call with it; the bare name alone is no use."""
        for item in ast.walk(node):
            inner: list[ast.expr] = []
            if isinstance(item, ast.Attribute | ast.Subscript):
                inner = [item.value]
            elif isinstance(item, ast.Call) and isinstance(item.func, ast.Name):
                inner = [item.func]
            if any(isinstance(part, ast.Name) and part.id in self.values for part in inner):
                return True
        return False


def _imported(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _head(node: ast.stmt) -> list[ast.AST]:
    """What of a statement runs by itself: the whole of a plain one, the condition or iterable of a block."""
    if isinstance(node, ast.If | ast.While):
        return [node.test]
    if isinstance(node, ast.For | ast.AsyncFor):
        return [node.iter]
    if isinstance(node, ast.With | ast.AsyncWith):
        return [item.context_expr for item in node.items]
    if isinstance(node, ast.Match):
        return [node.subject]
    return [] if isinstance(node, ast.Try) else [node]


def _is_main_guard(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":` without an else."""
    if not isinstance(node, ast.If) or node.orelse or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return (
        len(node.test.ops) == 1
        and isinstance(node.test.ops[0], ast.Eq)
        and any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
    )


class _Handlers:
    """Puts a handler around each inner statement."""

    def __init__(self, api: _Api, first: int) -> None:
        self.api = api
        self.inner: list[Inner] = []
        self.first = first

    def top(self, node: ast.stmt) -> ast.stmt:
        """A top-level statement with handlers inside it."""
        if isinstance(node, _FUNCTIONS):
            if not _suspends(node):
                node.body = self.block(node.body)
        elif isinstance(node, ast.ClassDef):
            node.body = [self.top(item) for item in node.body]
        elif isinstance(node, ast.Try):
            self.guarded(node)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                case.body = self.block(case.body)
        elif isinstance(node, ast.With | ast.AsyncWith) and _may_catch(node):
            node.body = _counted(node.body)
        elif isinstance(node, _BLOCKS):
            for part in ("body", "orelse"):
                if getattr(node, part, None):
                    setattr(node, part, self.block(getattr(node, part)))
        return node

    def guarded(self, node: ast.Try) -> None:
        node.body = _counted(node.body)
        for handler in node.handlers:
            handler.body = self.block(handler.body)
        node.orelse = self.block(node.orelse)
        node.finalbody = self.block(node.finalbody)

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        out = []
        for position, node in enumerate(body):
            docstring = position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, _LEFT_ALONE) or docstring:
                out.append(self.top(node))
                continue
            number = self.first + len(self.inner)
            touches = self.api.touches(node)
            self.inner.append(Inner(node.lineno, touches, sorted(_bound(node)), node))
            if not isinstance(node, _BLOCKS) and _suspends(node):
                out.append(node)
                continue
            out.append(_handled(self.top(node), number, touches))
        return out


def _suspends(node: ast.AST) -> bool:
    """Generators and coroutines keep their own rules."""
    return any(isinstance(item, ast.Yield | ast.YieldFrom | ast.Await) for item in ast.walk(node))


def _may_catch(node: ast.With | ast.AsyncWith) -> bool:
    """`with suppress(...)` and the like."""
    return any(
        isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func).endswith(("suppress", "raises"))
        for item in node.items
    )


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=list(args), keywords=[])


def _counted(body: list[ast.stmt]) -> list[ast.stmt]:
    """The body of a `try`, with the script's own handler counted as open."""
    inner = ast.Try(body=body, handlers=[], orelse=[], finalbody=[ast.Expr(value=_call(LEAVE))])
    return [_placed(ast.Expr(value=_call(ENTER)), body[0]), _placed(inner, body[0])]


def _handled(node: ast.stmt, number: int, api: bool) -> ast.stmt:
    body: list[ast.stmt] = [node]
    if api:
        slot = ast.Subscript(
            value=ast.Name(id=REACHED, ctx=ast.Load()), slice=ast.Constant(value=number), ctx=ast.Store()
        )
        body.insert(0, ast.Assign(targets=[slot], value=ast.Constant(value=1)))
    test = _call(NOTE, ast.Constant(value=number))
    handler = ast.ExceptHandler(
        type=ast.Name(id="Exception", ctx=ast.Load()),
        name=None,
        body=[ast.If(test=test, body=[ast.Raise(exc=None, cause=None)], orelse=[])],
    )
    return _placed(ast.Try(body=body, handlers=[handler], orelse=[], finalbody=[]), node)


def _placed(new: ast.stmt, near: ast.stmt) -> ast.stmt:
    """Gives the nodes that the script did not have the place of one that it had."""
    for item in ast.walk(new):
        if isinstance(item, ast.expr | ast.stmt | ast.ExceptHandler) and not hasattr(item, "lineno"):
            ast.copy_location(item, near)
    return new


def split(source: str, filename: str, first: int) -> Plan:
    """Takes a script apart; `first` is the number of its first inner statement.

    The body of `if __name__ == "__main__":` counts as top level. Raises SyntaxError, ValueError (null bytes),
    RecursionError or MemoryError.
    """
    body: list[ast.stmt] = []
    for node in ast.parse(source, filename).body:
        body += node.body if isinstance(node, ast.If) and _is_main_guard(node) else [node]
    compile(ast.parse(source, filename), filename, "exec", dont_inherit=True)
    api, flags = _Api(body), 0
    statements: list[Statement] = []
    inner: list[Inner] = []
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag if hasattr(__future__, alias.name) else 0
        handlers = _Handlers(api, first + len(inner))
        touches, binds = api.touches(node), sorted(_bound(node))
        plain = compile(ast.Module(body=[node], type_ignores=[]), filename, "exec", flags=flags, dont_inherit=True)
        tree = ast.Module(body=[handlers.top(node)], type_ignores=[])
        try:
            code = compile(tree, filename, "exec", flags=flags, dont_inherit=True)
        except SyntaxError:
            # Python allows twenty blocks within one another: too deep with our handlers, so without them
            code = plain
        else:
            inner += handlers.inner
        statements.append(Statement(code, node.lineno, touches, binds, node))
    return Plan(statements, inner)
