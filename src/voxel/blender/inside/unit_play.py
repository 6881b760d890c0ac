"""Runs one untrusted script, statement by statement, in a forked child; runs in Blender's Python.

`serve` executes the files `unit_split`, `unit_context`, `unit_watch` and this one in namespaces of their own that are
in no `sys.modules` and have private copies of the builtins, so that a script which patches `builtins`, `json`, `ast` or
`traceback` changes nothing here. What is called after the script has started is taken hold of before it. Each statement
is reported the moment it ends, on a pipe of its own, under a nonce that only lives in a closure; the ways to a closure
are closed by the audit hook.

What this cannot stop: code that reads its own process's memory without ctypes, for example with
`numpy.lib.stride_tricks.as_strided`, could find the nonce and claim that its own statements passed. It gains no more
than that: the scene is dumped by another process, and no other unit is within reach.
"""

from __future__ import annotations

import builtins
import os
import sys
import types
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any

import _bpy  # type: ignore[import-not-found]
import bpy

MESSAGE_LIMIT = 8000
FAILURES_OF_ONE = 100
NEVER_LOOSE = {"scenes", "screens", "window_managers", "workspaces", "libraries"}
KINDS = [
    prop.identifier
    for prop in bpy.data.bl_rna.properties
    if prop.type == "COLLECTION" and prop.identifier not in NEVER_LOOSE
]

Record = dict[str, Any]


def play(
    sources: list[str],
    report_fd: int,
    nonce: str,
    save: str | None,
    *,
    split: Callable[[str, str, int], Any],
    install: Callable[[Any], None],
    read: Callable[..., None],
) -> None:
    """Runs `sources` one after another, each as a `__main__` of its own; saves the scene to `save` when given.

    `split` takes a script apart, `install` adds the audit hook just before the first statement, `read` says what an
    error was about. Reports `plan`, then `did` for each top-level statement and `err` for each inner one that failed,
    then `end`.
    """
    prefix, write = nonce.encode() + b" ", os.write
    run, modules, exc_info = builtins.exec, sys.modules, sys.exc_info
    type_name, new_module = vars(type)["__name__"].__get__, types.ModuleType
    streams, all_builtins = (sys.stdout, sys.stderr), builtins
    finish = _finisher(save)

    def send(message: Record) -> None:
        data = prefix + to_json(message).encode() + b"\n"
        while data:
            data = data[write(report_fd, data) :]

    def told(line: int, tree: Any, names: list[str], scope: dict[str, Any], number: int) -> Record:
        """The record of the exception that is being handled."""
        kind, value, trace = exc_info()
        try:
            text = str(value)
        except BaseException:  # noqa: BLE001  a script's exception may raise anything when asked for its words
            text = ""
        # a subclass of str may answer otherwise each time: its own bytes cannot
        text = str.encode(text, "utf-8", "replace").decode()[:MESSAGE_LIMIT]
        error: Record = {"line": line, "kind": type_name(kind), "message": text, "source": number}
        try:
            read(error, value, trace, filenames[number], tree, scope)
        except BaseException:  # noqa: BLE001  the objects it looks at are the script's
            error["context"] = "not readable"
        if isinstance(value, NameError):
            # an unbound local carries its name in its words only
            missing = error.get("name") or text.partition("'")[2].partition("'")[0]
            if type(missing) is str and missing in lost:
                error["consequence_of"] = lost[missing]
        for name in names:
            lost.setdefault(name, error["line"])
        return error

    filenames = [f"<script {number + 1}>" if len(sources) > 1 else "<script>" for number in range(len(sources))]
    plans: list[Any] = []
    for number, source in enumerate(sources):
        try:
            plans.append(split(source, filenames[number], sum(len(plan.inner) for plan in plans)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            kind = "SyntaxError" if isinstance(error, SyntaxError | ValueError) else type(error).__name__
            text = (getattr(error, "msg", None) or str(error))[:MESSAGE_LIMIT]
            line = getattr(error, "lineno", None) or 1
            send({"t": "syntax", "error": {"line": line, "kind": kind, "message": text, "source": number}})
            return
    inner = [(item, number) for number, plan in enumerate(plans) for item in plan.inner]
    statements = [item for plan in plans for item in plan.statements]
    reached = bytearray(len(inner))
    failed: dict[int, int] = {}
    lost: dict[str, int] = {}
    opened = [0]
    scopes = [new_module("__main__") for _ in sources]

    def note(number: int) -> bool:
        """Called by the handler of an inner statement; True where the error is to be raised on."""
        item, source = inner[number]
        if opened[0] or isinstance(exc_info()[1], RecursionError | MemoryError | StopIteration):
            return True
        failed[number] = failed.get(number, 0) + 1
        if failed[number] == 1:
            error = told(item.line, item.tree, item.binds, scopes[source].__dict__, source)
            send({"t": "err", "n": number, "api": item.api, "error": error})
        # a loop that waits for what never comes has to end
        return failed[number] > FAILURES_OF_ONE

    def enter() -> None:
        opened[0] += 1

    def leave() -> None:
        opened[0] -= 1

    _end_on_quit()
    judged = plans[-1].statements
    plan = {"statements": len(statements), "first_judged": len(statements) - len(judged)}
    send({"t": "plan", **plan, "api": sum(item.api for item in judged)})
    install(send)
    index, stopped = 0, False
    for number, plan in enumerate(plans):
        scope = scopes[number].__dict__
        scope |= {"__builtins__": all_builtins, "__file__": "/tmp/script.py"}  # noqa: S108  what a script would see
        scope |= {"_voxel_note": note, "_voxel_enter": enter, "_voxel_leave": leave, "_voxel_reached": reached}
        modules["__main__"] = scopes[number]
        for item in plan.statements:
            wrong: Record | None = None
            try:
                run(item.code, scope)
            except BaseException:  # noqa: BLE001  whatever a script raises is its own
                missing_names = [name for name in item.binds if name not in scope]
                wrong = told(item.line, item.tree, missing_names, scope, number)
                stopped = isinstance(exc_info()[1], SystemExit)
            opened[0] = 0
            send({"t": "did", "i": index, "api": item.api, "error": wrong, "reached": reached.count(1)})
            index += 1
            if stopped:
                break
        if stopped:
            break
    for stream in streams:
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001, S112  the script may have closed it
            continue
    send({"t": "end", "stopped": stopped, **finish()})


def _end_on_quit() -> None:
    """Makes `bpy.ops.wm.quit_blender()` end the process: without a window it would return and do nothing."""
    call, end = _bpy.ops.call, os._exit

    def op_call(name: str, *args: Any) -> Any:
        if name in ("wm.quit_blender", "WM_OT_quit_blender"):
            end(0)
        return call(name, *args)

    sys.modules["bpy.ops"]._op_call = op_call  # type: ignore[attr-defined]


def to_json(value: Any) -> str:
    """json.dumps for plain values, in pieces that a script cannot patch. What is not plain becomes null."""
    kind = type(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is int or kind is float:
        return repr(value)
    if kind is list or kind is tuple:
        return "[" + ", ".join([to_json(item) for item in value]) + "]"
    if kind is dict:
        return "{" + ", ".join([to_json(str(key)) + ": " + to_json(item) for key, item in value.items()]) + "}"
    return "null"


def _finisher(save: str | None) -> Callable[[], Record]:
    """Saves the scene with calls taken hold of before the script ran.

    Datablocks without users would not survive a save: they get a fake user, and the report says which, so that the
    judge takes it away again. Handlers are dropped first: they belong to the script.
    """
    call, data, handlers = _bpy.ops.call, bpy.data, bpy.app.handlers
    named = [getattr(handlers, name) for name in dir(handlers) if name.startswith(("save_", "depsgraph_", "load_"))]
    lists = [item for item in named if isinstance(item, list)]

    def finish() -> Record:
        if save is None:
            return {"saved": False}
        for item in lists:
            list.clear(item)
        faked = []
        try:
            for kind in KINDS:
                for block in getattr(data, kind):
                    if block.users == 0:
                        block.use_fake_user = True
                        faked.append([kind, block.name_full])
            flags = {"copy": True, "compress": False, "check_existing": False, "relative_remap": False}
            call("WM_OT_save_as_mainfile", {"filepath": save, **flags})
        except BaseException as error:  # noqa: BLE001  the scene is the script's
            return {"saved": False, "reason": str(error)[:MESSAGE_LIMIT]}
        return {"saved": True, "faked": faked}

    return finish
