"""The audit hook of a unit: what Python itself refuses to a script; runs in the script's process.

It closes the ways to the runner's nonce (frames, the garbage collector's lists, tracing, ctypes, raw byte code) and
says which line reached for processes or sockets, which the system-call filter denies anyway. Where such a thing is
tried, the process reports it and ends.
"""

from __future__ import annotations

import sys
import types
from _thread import get_ident
from collections.abc import Callable
from typing import Any

_PREFIXES = ("ctypes.", "gc.", "socket.", "subprocess.", "pty.")
_EVENTS = frozenset({
    "sys.addaudithook", "sys.settrace", "sys.setprofile", "sys._current_frames", "sys._current_exceptions",
    "code.__new__", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill",
    "os.killpg",
    "signal.pthread_kill", "cpython.run_file", "cpython.run_stdin", "cpython.run_interactivehook",
    "sys.set_asyncgen_hooks_firstiter", "sys.set_asyncgen_hooks_finalizer", "pdb.Pdb", "builtins.breakpoint",
    "webbrowser.open",
})  # fmt: skip
# these are refused to the script, and open to the functions that are known
_KNOWN_ONLY = frozenset({"sys._getframe", "marshal.loads", "object.__getattr__"})
_FRAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
_MODULES = frozenset({
    "ctypes", "_ctypes", "cffi", "_cffi_backend", "_xxsubinterpreters", "_interpreters", "_testcapi",
    "_testinternalcapi", "_testmultiphase", "faulthandler",
})  # fmt: skip


def watch(allowed: set[int], leave: Callable[[int], Any]) -> tuple[Callable[[Any], None], Callable[[Any], None]]:
    """Returns (install, allow).

    `install(send)` adds the hook, which cannot be taken away again; `allow(function)` registers a function that may
    look at frames; `allowed` holds the ids of code objects that may as well; `leave` ends the process.
    """
    get_frame, whoami = sys._getframe, get_ident

    def allow(function: Any) -> None:
        allowed.add(id(function.__code__))

    def install(send: Callable[[dict[str, Any]], None]) -> None:
        busy: list[int] = []

        def hook(event: str, args: tuple[Any, ...]) -> None:
            me = whoami()
            if busy and busy[0] == me:
                return
            what = event
            if event == "import":
                if args[0] not in _MODULES:
                    return
                what = args[0]
            elif event == "object.__getattr__":
                if args[1] not in _FRAMES:
                    return
                what = args[1]
            elif event not in _EVENTS and event not in _KNOWN_ONLY and not event.startswith(_PREFIXES):
                return
            busy.insert(0, me)
            frame: types.FrameType | None = get_frame(1)
            if event in _KNOWN_ONLY and frame is not None and id(frame.f_code) in allowed:
                del busy[0]
                return
            line = 0
            while frame is not None:
                if frame.f_code.co_filename.startswith("<script"):
                    line = frame.f_lineno
                    break
                frame = frame.f_back
            send({"t": "blocked", "line": line, "what": str(what)})
            leave(77)

        sys.addaudithook(hook)

    return install, allow
