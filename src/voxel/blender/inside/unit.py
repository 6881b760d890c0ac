"""Runs one untrusted script, statement by statement, in a forked child; runs in Blender's Python.

`voxel.blender.inside.serve` executes this file in a namespace of its own that is in no `sys.modules` and has a private copy
of the builtins, so that a script which patches `builtins`, `json`, `ast` or `traceback` changes nothing here. What is called
after the script has started is taken hold of before it. Each statement is reported the moment it ends, on a pipe of its own,
under a nonce that only lives in a closure; frames, closures' owners and `gc` are out of the script's reach (see `watch`).

What this cannot stop: code that reads its own process's memory without ctypes, for example with
`numpy.lib.stride_tricks.as_strided`, could find the nonce and claim that its own statements passed. It gains no more than
that: the scene is dumped by another process, and no other unit is within reach.
"""

from __future__ import annotations

import __future__
import ast
import builtins
import os
import sys
import types
from _thread import get_ident
from json.encoder import encode_basestring_ascii
from typing import Any

import _bpy
import bpy

API_ROOTS = {"bpy", "bmesh", "mathutils", "bpy_extras", "gpu", "idprop", "freestyle", "aud", "bl_math"}
MESSAGE_LIMIT = 8000
KEYS_LIMIT = 300

Statement = tuple[types.CodeType, int, bool, list[str], ast.stmt]


def _names(node: ast.AST, store: bool) -> set[str]:
    wanted = ast.Store if store else ast.Load
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, wanted)}


def _bound(node: ast.stmt) -> set[str]:
    """Names that a top-level statement would bind."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(item.asname or item.name).split(".")[0] for item in node.names}
    return _names(node, store=True)


def _touches(body: list[ast.stmt]) -> list[bool]:
    """For each top-level statement: does it touch Blender's API, directly or through a name that came from it?

    Definitions and plain imports are not counted; a call of a function whose body touches the API is.
    """
    api: set[str] = set()
    for node in ast.walk(ast.Module(body=body, type_ignores=[])):
        if isinstance(node, ast.Import):
            api |= {(a.asname or a.name).split(".")[0] for a in node.names if a.name.split(".")[0] in API_ROOTS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in API_ROOTS:
            api |= {a.asname or a.name for a in node.names}
    api |= API_ROOTS
    for _ in range(2):
        for statement in body:
            if not isinstance(statement, ast.Import | ast.ImportFrom) and _names(statement, store=False) & api:
                api |= _bound(statement)
    passive = (ast.Import, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    out = []
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            out.append((statement.module or "").split(".")[0] in API_ROOTS)
        else:
            out.append(not isinstance(statement, passive) and bool(_names(statement, store=False) & api))
    return out


def _is_main_guard(node: ast.stmt) -> bool:
    if not isinstance(node, ast.If) or node.orelse or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return (
        any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
        and len(node.test.ops) == 1
        and isinstance(node.test.ops[0], ast.Eq)
    )


def split(source: str, filename: str) -> list[Statement]:
    """The statements of a script: code, line, touches the API, names it binds, tree.

    The body of `if __name__ == "__main__":` counts as top level. Raises SyntaxError, ValueError (null bytes),
    RecursionError or MemoryError.
    """
    body: list[ast.stmt] = []
    for node in ast.parse(source, filename).body:
        body += node.body if isinstance(node, ast.If) and _is_main_guard(node) else [node]
    flags, out = 0, []
    for node, touches in zip(body, _touches(body), strict=True):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag if hasattr(__future__, alias.name) else 0
        code = compile(ast.Module(body=[node], type_ignores=[]), filename, "exec", flags=flags, dont_inherit=True)
        out.append((code, node.lineno, touches, sorted(_bound(node)), node))
    return out


def play(
    sources: list[str],
    report_fd: int,
    nonce: str,
    save: str | None,
    guard: Any,
    allow: Any,
) -> None:
    """Runs `sources` one after another, each as a `__main__` of its own; saves the scene to `save` when given.

    `guard` is called with the reporting function just before the first statement and may not be undone. `allow` names the code
    objects that may look at frames. Reports `{"t": "plan"}`, one `{"t": "did"}` a statement, `{"t": "end"}`.
    """
    prefix, write = nonce.encode() + b" ", os.write
    encode, type_of, name_of = str.encode, type, type.__dict__["__name__"].__get__
    run, modules, module_type, exc_info = builtins.exec, sys.modules, types.ModuleType, sys.exc_info
    base, text_of, system_exit, name_error = BaseException, str, SystemExit, NameError
    stdout, stderr = sys.stdout, sys.stderr
    finish = _finisher(save)
    context_of = _context_reader(allow)

    def send(message: dict[str, Any]) -> None:
        data = prefix + encode(to_json(message), "utf-8", "replace") + b"\n"
        while data:
            data = data[write(report_fd, data) :]

    to_json = _json_writer()
    plans: list[tuple[str, list[Statement]]] = []
    for number, source in enumerate(sources):
        filename = f"<script {number + 1}>" if len(sources) > 1 else "<script>"
        try:
            plans.append((filename, split(source, filename)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            kind = "SyntaxError" if isinstance(error, SyntaxError | ValueError) else type(error).__name__
            text = getattr(error, "msg", None) or str(error)
            bad = {"line": line, "kind": kind, "message": text[:MESSAGE_LIMIT], "source": number}
            send({"t": "syntax", "error": bad})
            return
    _end_on_quit()
    total = sum(len(plan) for _, plan in plans)
    send({"t": "plan", "statements": total, "api": sum(s[2] for _, plan in plans for s in plan)})
    guard(send, write)
    lost: dict[str, int] = {}
    index, stopped = 0, False
    for number, (filename, plan) in enumerate(plans):
        main = module_type("__main__")
        scope = main.__dict__
        scope["__builtins__"], scope["__file__"] = builtins, "/tmp/script.py"  # noqa: S108
        modules["__main__"] = main
        for code, line, touches, names, node in plan:
            error = None
            try:
                run(code, scope)
            except base:
                kind_class, value, trace = exc_info()
                try:
                    text = text_of(value)
                except base:
                    text = ""
                text = encode(text, "utf-8", "replace").decode()[:MESSAGE_LIMIT]
                error = {"line": line, "kind": name_of(kind_class), "message": text, "source": number}
                try:
                    context_of(error, value, trace, filename, node, scope)
                except base:
                    error["context"] = None
                if kind_class is name_error and error.get("name") in lost:
                    error["consequence_of"] = lost[error["name"]]
                for name in names:
                    if name not in scope:
                        lost[name] = error["line"]
                stopped = kind_class is system_exit
                value = trace = None
            send({"t": "did", "i": index, "api": touches, "error": error})
            index += 1
            if stopped:
                break
        if stopped:
            break
    for stream in (stdout, stderr):
        try:
            stream.flush()
        except base:
            stopped = stopped or False
    send({"t": "end", "stopped": stopped, **finish()})


def _end_on_quit() -> None:
    """Makes `bpy.ops.wm.quit_blender()` end the process: without a window it would return and do nothing."""
    operators = sys.modules["bpy.ops"]
    call, leave = _bpy.ops.call, os._exit

    def op_call(name: str, *args: Any) -> Any:
        if name in ("wm.quit_blender", "WM_OT_quit_blender"):
            leave(0)
        return call(name, *args)

    operators._op_call = op_call  # type: ignore[attr-defined]


def _json_writer() -> Any:
    """json.dumps in pieces that a script cannot patch: the C string writer, and our own walk over plain values."""
    kind_of, join, string, repr_of = type, ", ".join, str, repr

    def write(value: Any) -> str:
        kind = kind_of(value)
        if value is None:
            return "null"
        if kind is bool:
            return "true" if value else "false"
        if kind is string:
            return encode_basestring_ascii(value)
        if kind is int or kind is float:
            return repr_of(value)
        if kind is list or kind is tuple:
            return "[" + join([write(item) for item in value]) + "]"
        if kind is dict:
            return "{" + join([write(string(key)) + ": " + write(item) for key, item in value.items()]) + "}"
        return "null"

    return write


def _finisher(save: str | None) -> Any:
    """Saves the scene with calls taken hold of before the script ran.

    Datablocks without users would not survive a save: they get a fake user, and the report says which, so that the judge
    takes it away again. Save handlers are dropped first: they belong to the script.
    """
    call, data, handlers = _bpy.ops.call, bpy.data, bpy.app.handlers
    kinds = [p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION"]
    error_type, getter = BaseException, getattr
    lists = [getattr(handlers, name) for name in dir(handlers) if name.startswith(("save_", "depsgraph_", "load_"))]
    lists = [item for item in lists if isinstance(item, list)]
    clear, unsafe = list.clear, {"scenes", "screens", "window_managers", "workspaces", "libraries"}

    def finish() -> dict[str, Any]:
        if save is None:
            return {"saved": False}
        for item in lists:
            clear(item)
        faked = []
        try:
            for kind in kinds:
                if kind in unsafe:
                    continue
                for block in getter(data, kind):
                    if block.users == 0:
                        block.use_fake_user = True
                        faked.append([kind, block.name_full])
            call("WM_OT_save_as_mainfile", {"filepath": save, "copy": True, "compress": False, "check_existing": False})
        except error_type as error:
            return {"saved": False, "reason": str(error)[:MESSAGE_LIMIT]}
        return {"saved": True, "faked": faked}

    return finish


def _context_reader(allow: Any) -> Any:
    """What an error was about: the innermost line of the script, the source columns, the object's type, names nearby."""
    positions_of = types.CodeType.co_positions
    get_name, get_obj = AttributeError.__dict__["name"].__get__, AttributeError.__dict__["obj"].__get__
    name_error_name = NameError.__dict__["name"].__get__
    attribute_error, name_error, base = AttributeError, NameError, BaseException
    kind_of, name_of, is_a, next_of = type, type.__dict__["__name__"].__get__, isinstance, next
    collection = bpy.types.bpy_prop_collection
    keys_of, walk, subscript, attribute = collection.keys, ast.walk, ast.Subscript, ast.Attribute
    name_node, constant = ast.Name, ast.Constant
    struct = bpy.types.bpy_struct

    def value_of(node: Any, scope: dict[str, Any], inner: dict[str, Any]) -> Any:
        """A chain of names, attributes and constant subscripts; nothing that calls."""
        kind = kind_of(node)
        if kind is name_node:
            return inner[node.id] if node.id in inner else scope[node.id]
        if kind is attribute:
            return getattr(value_of(node.value, scope, inner), node.attr)
        if kind is subscript and kind_of(node.slice) is constant:
            return value_of(node.value, scope, inner)[node.slice.value]
        raise LookupError

    def read(error: dict[str, Any], value: Any, trace: Any, filename: str, node: Any, scope: Any) -> None:
        lasti, code, frame = -1, None, None
        while trace is not None:
            here = trace.tb_frame
            if here.f_code.co_filename == filename:
                error["line"], lasti, code, frame = trace.tb_lineno, trace.tb_lasti, here.f_code, here
            trace = trace.tb_next
        inner = frame.f_locals if frame is not None else {}
        if is_a(value, attribute_error):
            error["name"] = get_name(value)
            owner = get_obj(value)
            if owner is not None:
                error["type"] = name_of(kind_of(owner))
                if is_a(owner, struct):
                    error["type"] = owner.bl_rna.identifier
        elif is_a(value, name_error):
            error["name"] = name_error_name(value)
        if code is None:
            return
        for index, place in enumerate(positions_of(code)):
            if index == lasti // 2:
                error["span"] = list(place)
                break
        span = error.get("span")
        if span is None or span[2] is None:
            return
        for item in walk(node):
            if kind_of(item) not in (subscript, attribute):
                continue
            if [item.lineno, item.end_lineno, item.col_offset, item.end_col_offset] != span:
                continue
            try:
                owner = value_of(item.value, scope, inner)
            except base:
                continue
            if is_a(owner, collection):
                error["keys"] = [str(key) for key in keys_of(owner)[:KEYS_LIMIT]]
                error["type"] = name_of(kind_of(owner))
                if kind_of(item.value) is attribute:
                    parent = value_of(item.value.value, scope, inner)
                    error["owner"] = parent.bl_rna.identifier if is_a(parent, struct) else ""
                    error["member"] = item.value.attr
            elif is_a(owner, struct):
                error["type"] = owner.bl_rna.identifier
            if kind_of(item) is attribute:
                error["name"] = item.attr
            elif kind_of(item.slice) is constant:
                error["name"] = item.slice.value

    allow(read)
    return read


def watch(allowed: set[int], blocked_exit: Any) -> tuple[Any, Any]:
    """Returns (install, allow).

    `install(send, write)` adds the audit hook of this process, which cannot be taken away again. It ends the process when the
    script reaches for what only an attack needs: frames and the garbage collector's lists (the way to the nonce), tracing,
    ctypes, raw code objects, processes, sockets. `allow(function)` registers trusted functions that may look at frames.
    """
    get_frame, whoami, code_type = sys._getframe, get_ident, types.CodeType
    prefixes = ("ctypes.", "gc.", "socket.", "subprocess.", "pty.")
    denied = {
        "sys.addaudithook", "sys.settrace", "sys.setprofile", "sys._current_frames", "sys._current_exceptions",
        "code.__new__", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill",
        "os.killpg", "os.startfile", "signal.pthread_kill", "os.setxattr", "cpython.run_file", "cpython.run_stdin",
        "cpython.run_interactivehook", "sys.set_asyncgen_hooks_firstiter", "sys.set_asyncgen_hooks_finalizer",
        "pdb.Pdb", "builtins.breakpoint", "syslog.openlog", "webbrowser.open",
    }  # fmt: skip
    frames = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
    modules = {
        "ctypes", "_ctypes", "cffi", "_cffi_backend", "_xxsubinterpreters", "_interpreters", "_testcapi",
        "_testinternalcapi", "_testmultiphase", "faulthandler",
    }  # fmt: skip
    marshal_ok = allowed
    starts, identity, is_string = str.startswith, id, str

    def allow(function: Any) -> None:
        allowed.add(identity(function.__code__))
        for constant in function.__code__.co_consts:
            if type(constant) is code_type:
                allowed.add(identity(constant))

    def install(send: Any, write: Any) -> None:
        busy: list[int] = []

        def hook(event: str, args: tuple[Any, ...]) -> None:
            me = whoami()
            if busy and busy[0] == me:
                return
            if event == "import":
                if args[0] not in modules:
                    return
                what = args[0]
            elif event == "object.__getattr__":
                if args[1] not in frames:
                    return
                what = args[1]
            elif event in denied or event == "sys._getframe" or event == "marshal.loads" or starts(event, prefixes):
                what = event
            else:
                return
            busy.insert(0, me)
            frame = get_frame(1)
            caller = identity(frame.f_code)
            if caller in allowed and (starts(event, "object.") or event == "sys._getframe" or event == "marshal.loads"):
                del busy[0]
                return
            line = 0
            while frame is not None:
                if starts(frame.f_code.co_filename, "<script"):
                    line = frame.f_lineno
                    break
                frame = frame.f_back
            send({"t": "blocked", "line": line, "what": is_string(what)})
            blocked_exit(77)

        sys.addaudithook(hook)

    return install, allow
