"""The warm parent inside the box: one fork per unit; runs in Blender's Python.

Started by `voxel.blender.server` as `python -I -S serve.py SETTINGS`, where SETTINGS is JSON:
`{"control": fd, "paths": [sys.path entries], "uid": int | null, "boxed": bool, "work": folder, "lift": [protections]}`.
The parent imports bpy, empties the factory settings and never evaluates a depsgraph, for a fork of a process that has done so
can hang. Requests come over the control socket, see `voxel.blender.wire`; every unit is run in a fork that cannot reach it.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import fcntl
import io
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

REPORT_LIMIT = 64 << 20
OUTPUT_LIMIT = 64 << 10
PIPE_SIZE = 1 << 20
LEFTOVER_LIMIT = 2000
_HEAD = struct.Struct("!IQ")


class Limits(NamedTuple):
    """What one fork may use; seconds, bytes, counts."""

    wall: float
    memory: int
    file_size: int
    threads: int
    result: int


class Outcome(NamedTuple):
    """How one fork ended."""

    status: int
    report: bytes
    output: bytes
    timed_out: bool


class HostGone(Exception):
    """The other end of the control socket was closed."""


class Control:
    """Framed messages over the control socket: a JSON head, a payload, and perhaps one open file."""

    def __init__(self, fd: int) -> None:
        self.socket = socket.socket(fileno=fd)

    def receive(self) -> tuple[dict[str, Any], bytes, int | None]:
        first, fds, _, _ = socket.recv_fds(self.socket, _HEAD.size, 1)
        if not first:
            raise HostGone
        head = first + self._exactly(_HEAD.size - len(first))
        header_size, payload_size = _HEAD.unpack(head)
        header = json.loads(self._exactly(header_size))
        return header, self._exactly(payload_size), fds[0] if fds else None

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        data = json.dumps(header).encode()
        self.socket.sendall(_HEAD.pack(len(data), len(payload)) + data)
        self.socket.sendall(payload)

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = self.socket.recv(min(size, PIPE_SIZE))
            if not part:
                raise HostGone
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class Server:
    """The loop of the warm parent."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.control = Control(settings["control"])
        self.boxed: bool = settings["boxed"]
        self.work: str = settings["work"]
        self.lift = frozenset(settings["lift"])
        self.fresh: dict[str, Any] | None = None
        self.base_memory = _address_space()
        self.scratch = ""

    def serve(self) -> None:
        import bpy

        # Blender's own temporary folder, made at its start, goes with every sweep and comes back
        self.scratch = bpy.app.tempdir if bpy.app.tempdir.startswith(self.work + "/") else ""
        self.control.send({"ready": True, "version": list(bpy.app.version), "pid": os.getpid()})
        while True:
            header, payload, fd = self.control.receive()
            try:
                reply, result = self.answer(header, payload, fd)
            finally:
                if fd is not None:
                    os.close(fd)
            reply["nonce"] = header["nonce"]
            reply["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            reply["recycle"] = not self.clean()
            self.control.send(reply, result)

    def answer(self, header: dict[str, Any], payload: bytes, fd: int | None) -> tuple[dict[str, Any], bytes]:
        limits = Limits(**header["limits"])
        op = header["op"]
        unit = os.path.join(self.work, "unit")
        os.makedirs(unit, 0o700, exist_ok="sweep" in self.lift)
        if op == "load":
            assert fd is not None
            return self.load(fd, unit, limits, header.get("code", "dump"))
        if op == "run":
            return self.run(header, payload, unit, limits)
        if op == "code":
            return self.trusted(payload.decode(), limits)
        raise ValueError(f"unknown operation {op}")

    def load(self, source: int, unit: str, limits: Limits, way: str) -> tuple[dict[str, Any], bytes]:
        path = os.path.join(unit, "in.blend")

        def work(report: int) -> None:
            with open(path, "wb") as out:
                size = os.fstat(source).st_size
                offset = 0
                while offset < size:
                    offset += os.sendfile(out.fileno(), source, offset, size - offset)
            _write_all(report, _load_and_dump(path, self.fresh, [], way))

        self._want_fresh(way, limits)
        return self._judged(self.fork(work, limits, keep=(source,)))

    def run(self, header: dict[str, Any], payload: bytes, unit: str, limits: Limits) -> tuple[dict[str, Any], bytes]:
        sources = json.loads(payload)
        nonce = os.urandom(16).hex() if "nonce" not in self.lift else "0" * 32
        path = os.path.join(unit, "out.blend") if header["result"] != "none" else None

        def work(report: int) -> None:
            with contextlib.suppress(BaseException):
                _play(sources, report, nonce, path, self.lift)
                if "judge" in self.lift:
                    _judge_oneself(path)

        started = time.monotonic()
        outcome = self.fork(work, limits)
        seconds = time.monotonic() - started
        report = read_report(outcome.report, nonce)
        reply: dict[str, Any] = {
            "report": report,
            "status": outcome.status,
            "timed_out": outcome.timed_out,
            "output": outcome.output.decode("utf-8", "replace"),
            "seconds": seconds,
        }
        end = report["end"]
        if path is None or end is None or not end["saved"] or not os.path.isfile(path) or os.path.islink(path):
            return reply, b""
        if header["result"] == "blend":
            if os.path.getsize(path) > limits.result:
                return reply, b""
            with open(path, "rb") as file:
                return reply, file.read()
        if "judge" in self.lift:
            with open(path + ".json", "rb") as file:
                return reply, file.read()
        self._want_fresh(header["result"], limits)
        faked = end.get("faked", [])
        judged, result = self._judged(
            self.fork(
                lambda fd: _write_all(
                    fd, _load_and_dump(path, self.fresh, faked, header["result"], "scripts" in self.lift)
                ),
                limits,
            )
        )
        return reply | {"judge": judged}, result

    def trusted(self, source: str, limits: Limits) -> tuple[dict[str, Any], bytes]:
        """Runs our own source, whose `answer()` gives JSON-able data."""

        def work(report: int) -> None:
            scope: dict[str, Any] = {"__name__": "voxel_inside"}
            exec(compile(source, "<inside>", "exec"), scope)  # noqa: S102  our own code, in a fork
            _write_all(report, json.dumps(scope["answer"]()).encode("utf-8", "replace") + b"ok")

        return self._judged(self.fork(work, limits))

    def _want_fresh(self, way: str, limits: Limits) -> None:
        if way != "dump" or self.fresh is not None:
            return
        try:
            import dump
        except ModuleNotFoundError:
            return

        def work(report: int) -> None:
            _write_all(report, json.dumps(dump.fresh()).encode("utf-8", "replace") + b"ok")

        reply, result = self._judged(self.fork(work, limits))
        if reply["bad"]:
            raise RuntimeError(f"values of fresh instances could not be taken: {reply['bad']}")
        self.fresh = json.loads(result)

    def _judged(self, outcome: Outcome) -> tuple[dict[str, Any], bytes]:
        """A judge's report is JSON followed by `ok`, or by `no` after a reason."""
        bad = ""
        if outcome.timed_out:
            bad = "takes too long"
        elif outcome.report.endswith(b"no"):
            bad = outcome.report[:-2].decode("utf-8", "replace")
        elif not outcome.report.endswith(b"ok"):
            bad = f"Blender ended with {_ending(outcome.status)}"
        reply = {"bad": bad, "timed_out": outcome.timed_out, "output": outcome.output.decode("utf-8", "replace")}
        return reply, b"" if bad else outcome.report[:-2]

    def fork(self, work: Callable[[int], None], limits: Limits, keep: tuple[int, ...] = ()) -> Outcome:
        """Runs `work(report fd)` in a fork under all limits; returns when it and all it left behind are gone."""
        report_in, report_out = os.pipe()
        output_in, output_out = os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(report_in, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _child(work, report_out, output_out, limits, self, parent, keep)
        os.close(report_out)
        os.close(output_out)
        try:
            return self._watch(pid, report_in, output_in, limits)
        finally:
            os.close(report_in)
            os.close(output_in)

    def _watch(self, pid: int, report_in: int, output_in: int, limits: Limits) -> Outcome:
        deadline = time.monotonic() + (limits.wall if "wall" not in self.lift else 1e9)
        poll = select.poll()
        control = self.control.socket.fileno()
        for fd in (report_in, output_in):
            os.set_blocking(fd, False)
            poll.register(fd, select.POLLIN)
        poll.register(control, select.POLLRDHUP | select.POLLHUP)
        ended = _pidfd(pid)
        if ended is not None:
            poll.register(ended, select.POLLIN)
        got = {report_in: bytearray(), output_in: bytearray()}
        caps = {
            report_in: limits.result + REPORT_LIMIT,
            output_in: OUTPUT_LIMIT if "output" not in self.lift else 1 << 40,
        }
        timed_out, status = False, None
        while status is None:
            left = deadline - time.monotonic()
            if left <= 0:
                timed_out = True
                break
            for fd, event in poll.poll(min(left, 0.02 if ended is None else 60.0) * 1000):
                if fd == control:
                    self._end(pid)
                    raise HostGone
                if fd in got and not _drain(fd, got[fd], caps[fd]):
                    poll.unregister(fd)
                    if event & select.POLLIN and fd == report_in and len(got[fd]) >= caps[fd]:
                        timed_out = True
            if timed_out:
                break
            done, raw = os.waitpid(pid, os.WNOHANG)
            if done:
                status = raw
        if ended is not None:
            os.close(ended)
        last = self._end(pid, gone=status is not None)
        for fd in got:
            _drain(fd, got[fd], caps[fd])
        return Outcome(last if status is None else status, bytes(got[report_in]), bytes(got[output_in]), timed_out)

    def _end(self, pid: int, gone: bool = False) -> int:
        """Kills the unit and everything it left; returns the wait status."""
        status = 0
        if not gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        if not self.boxed or "leftovers" in self.lift:
            if "leftovers" in self.lift:
                return status
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            return status
        # in a process namespace of our own: everything but its init and this process
        for _ in range(1000):
            try:
                os.kill(-1, signal.SIGKILL)
            except ProcessLookupError:
                break
            time.sleep(0.001)
        return status

    def clean(self) -> bool:
        """Empties the work folder; False where so much lies there that a new box is quicker."""
        seen = 0
        if "sweep" in self.lift:
            return True
        for entry in os.scandir(self.work):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            for _, folders, files in os.walk(entry.path):
                seen += len(folders) + len(files)
                if seen > LEFTOVER_LIMIT:
                    return False
            with contextlib.suppress(RecursionError):
                shutil.rmtree(entry.path, ignore_errors=True)
            if os.path.lexists(entry.path):
                return False
        if self.scratch:
            os.makedirs(self.scratch, 0o700, exist_ok=True)
        return True


def read_report(data: bytes, nonce: str) -> dict[str, Any]:
    """What the runner said, line by line. A line without the nonce, or out of order, counts as forged."""
    plan, end, blocked, syntax = None, None, None, None
    done: list[dict[str, Any]] = []
    forged = False
    prefix = nonce.encode() + b" "
    lines = data.split(b"\n")
    for number, line in enumerate(lines):
        if number == len(lines) - 1:
            forged = forged or (bool(line) and not prefix.startswith(line[: len(prefix)]))
            break
        if not line.startswith(prefix):
            forged = True
            continue
        try:
            message = json.loads(line[len(prefix) :])
        except (ValueError, RecursionError):
            forged = True
            continue
        kind = message.get("t")
        if kind == "plan" and plan is None:
            plan = message
        elif kind == "did" and plan is not None and end is None and message.get("i") == len(done):
            done.append(message)
        elif kind == "blocked":
            blocked = blocked or message
        elif kind == "syntax" and plan is None:
            syntax = message["error"]
        elif kind == "end" and end is None and plan is not None:
            end = message
        else:
            forged = True
    return {"plan": plan, "done": done, "end": end, "blocked": blocked, "syntax": syntax, "forged": forged}


def _child(
    work: Callable[[int], None],
    report: int,
    output: int,
    limits: Limits,
    server: Server,
    parent: int,
    keep: tuple[int, ...],
) -> None:
    """The first steps of a fork; never returns."""
    code = 1
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        last = max(3, report, *keep)
        for fd in range(3, last):
            if fd != report and fd not in keep:
                with contextlib.suppress(OSError):
                    os.close(fd)
        os.closerange(last + 1, 65536)
        os.chdir(os.path.join(server.work, "unit"))
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), errors="replace", line_buffering=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), errors="replace", line_buffering=True)
        restrict(limits, server, parent)
        work(report)
        code = 0
    except BaseException as error:
        with contextlib.suppress(BaseException):
            _write_all(report, str(error).encode("utf-8", "replace")[-2000:] + b"no")
    finally:
        os._exit(code)


def restrict(limits: Limits, server: Server, parent: int) -> None:
    """Limits and the system-call filter, on the calling process, for good."""
    lift = server.lift

    def limit(kind: int, value: int, name: str, slack: int = 0) -> None:
        if name not in lift:
            _, hard = resource.getrlimit(kind)
            most = value + slack if hard == resource.RLIM_INFINITY else min(value + slack, hard)
            resource.setrlimit(kind, (min(value, most), most))

    limit(resource.RLIMIT_CORE, 0, "core")
    # first SIGXCPU, which says what happened; a second later the kernel kills
    limit(resource.RLIMIT_CPU, int(limits.wall) + 1, "cpu", slack=1)
    limit(resource.RLIMIT_FSIZE, limits.file_size, "file-size")
    limit(resource.RLIMIT_NOFILE, 256, "open-files")
    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, server.base_memory + limits.memory, "memory")
        if server.boxed or "processes" in lift:
            limit(resource.RLIMIT_NPROC, limits.threads, "threads")
    if "syscalls" in lift or sys.platform != "linux":
        return
    import syscalls

    code = syscalls.program(os.getpid())
    if code is None:
        raise RuntimeError("no system-call filter for this machine")
    syscalls.install(code)


def _play(sources: list[str], report: int, nonce: str, path: str | None, lift: frozenset[str]) -> None:
    scope = dict(_UNIT)
    scope["__builtins__"] = dict(vars(builtins))
    exec(_UNIT_CODE, scope)  # noqa: S102  our own file, in a namespace that no module table names
    install, allow = scope["watch"](set(_FRAME_USERS), os._exit)
    for module in ("ctypes", "_ctypes", "numpy.ctypeslib", "ctypes._endian", "serve", "syscalls", "dump", "counts"):
        sys.modules.pop(module, None)
    if "audit" in lift:
        install = _no_watch
    scope["play"](sources, report, nonce, path, install, allow)


def _judge_oneself(path: str | None) -> None:
    """What a judge in the script's own process would say; only where a test lifts the real one."""
    import counts

    with open(f"{path}.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(counts.counts()))


def _no_watch(send: object, write: object) -> None:
    """Stands in for the audit hook where a test lifts it."""


def _load_and_dump(
    path: str, fresh: dict[str, Any] | None, faked: list[list[str]], way: str, scripts: bool = False
) -> bytes:
    import _bpy
    import bpy

    try:
        _bpy.ops.call("WM_OT_open_mainfile", {"filepath": path, "load_ui": False, "use_scripts": scripts})
    except RuntimeError as error:
        reason = str(error).replace(path, "the file").strip()
        return reason.encode("utf-8", "replace") + b"no"
    if bpy.data.filepath != path:
        return b"Blender could not open itno"
    for kind, name in faked:
        block = getattr(bpy.data, kind).get(name)
        if block is not None:
            block.use_fake_user = False
    if way == "counts":
        import counts

        return json.dumps(counts.counts()).encode() + b"ok"
    try:
        import dump
    except ModuleNotFoundError:
        import counts

        return json.dumps(counts.counts()).encode() + b"ok"
    return json.dumps(dump.dump(fresh or {})).encode("utf-8", "replace") + b"ok"


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _drain(fd: int, into: bytearray, cap: int) -> bool:
    """Reads what is there; keeps `cap` bytes. False at the end of the pipe."""
    for _ in range(64):
        try:
            part = os.read(fd, PIPE_SIZE)
        except BlockingIOError:
            return True
        if not part:
            return False
        into += part[: max(0, cap - len(into))]
    return True


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"


def _address_space() -> int:
    """Address space of this process in bytes. There is no /proc in the box: the smallest limit that still allows one page."""
    low, high = 1 << 20, 1 << 42
    old = resource.getrlimit(resource.RLIMIT_AS)
    import mmap

    while high - low > 16 << 20:
        middle = (low + high) // 2
        resource.setrlimit(resource.RLIMIT_AS, (middle, old[1]))
        try:
            mmap.mmap(-1, 1 << 20).close()
            high = middle
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise
            low = middle
    resource.setrlimit(resource.RLIMIT_AS, old)
    return high


def _drop(uid: int) -> None:
    """From root, which a box keeps only so long, to a user that owns nothing."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _warm() -> None:
    """Imports what scripts import, so that a fork does not pay for it, and leaves Blender empty."""
    import bpy

    for name in _USUAL:
        with contextlib.suppress(ImportError):
            __import__(name)
    for name in ("syscalls", "counts", "dump"):
        if os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")):
            __import__(name)
    bpy.ops.wm.read_factory_settings(use_empty=True)


def _prepare_stdlib() -> set[int]:
    """Makes `traceback` and `logging` work without handing out frames; returns the code objects that may use them.

    traceback's walkers yield stand-ins that carry a code object and nothing else; `logging._srcfile = None` is its documented
    switch for not looking at frames. namedtuple, enum and typing look at a frame's globals only.
    """
    import collections
    import enum
    import importlib._bootstrap_external as bootstrap
    import logging
    import traceback
    import types
    import typing

    logging._srcfile = None  # type: ignore[attr-defined]
    none: dict[str, object] = {}
    stand_in = types.SimpleNamespace

    def walk_tb(tb: Any) -> Any:
        while tb is not None:
            yield (
                stand_in(f_code=tb.tb_frame.f_code, f_globals=none, f_locals=none, f_lineno=tb.tb_lineno),
                tb.tb_lineno,
            )
            tb = tb.tb_next

    def walk_positions(tb: Any) -> Any:
        while tb is not None:
            code = tb.tb_frame.f_code
            place = (tb.tb_lineno, None, None, None)
            yield stand_in(f_code=code, f_globals=none, f_locals=none, f_lineno=tb.tb_lineno), place
            tb = tb.tb_next

    traceback.walk_tb = walk_tb
    traceback._walk_tb_with_full_positions = walk_positions  # type: ignore[attr-defined]
    functions = [
        walk_tb,
        walk_positions,
        collections.namedtuple,
        typing._caller,  # type: ignore[attr-defined]
        enum.EnumType._create_,  # type: ignore[attr-defined]
        bootstrap._compile_bytecode,  # type: ignore[attr-defined]
    ]
    return {id(function.__code__) for function in functions}


_USUAL = (
    "abc", "argparse", "array", "ast", "base64", "bisect", "bmesh", "bpy_extras.object_utils", "bpy_extras.mesh_utils",
    "bpy_extras.image_utils", "bpy_extras.io_utils", "bpy_extras.node_shader_utils", "bpy_extras.anim_utils", "collections",
    "colorsys", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "glob",
    "gzip", "hashlib", "heapq", "idprop", "importlib", "inspect", "io", "itertools", "json", "linecache", "logging", "math",
    "mathutils", "mathutils.bvhtree", "mathutils.geometry", "mathutils.interpolate", "mathutils.kdtree", "mathutils.noise",
    "numpy", "numpy.random", "numpy.linalg", "numpy.fft", "operator", "os", "pathlib", "pickle", "platform", "pprint",
    "queue", "random", "re", "rna_prop_ui", "shutil", "statistics", "string", "struct", "sys", "tempfile", "textwrap",
    "threading", "time", "timeit", "traceback", "types", "typing", "unittest", "urllib.parse", "uuid", "warnings", "weakref",
    "xml.etree.ElementTree", "zlib", "addon_utils", "bpy_types", "gpu",
)  # fmt: skip
_UNIT: dict[str, Any] = {"__name__": "voxel_unit"}
_UNIT_CODE: Any = None
_FRAME_USERS: set[int] = set()


def main() -> None:
    global _UNIT_CODE
    settings = json.loads(sys.argv[-1])
    if settings["uid"] is not None:
        _drop(settings["uid"])
    os.umask(0o077)
    sys.path[:0] = settings["paths"]
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "unit.py"), encoding="utf-8") as file:
        _UNIT_CODE = compile(file.read(), "unit.py", "exec")
    _warm()
    _FRAME_USERS.update(_prepare_stdlib())
    with contextlib.suppress(HostGone, BrokenPipeError, ConnectionResetError):
        Server(settings).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
