# the parent of every unit: os.path is quicker to start and to call
# ruff: noqa: PTH100, PTH103, PTH108, PTH113, PTH114, PTH118, PTH120, PTH123, PTH202
"""The warm parent inside the box: one fork per unit; runs in Blender's Python.

Started by `voxel.blender.server` as `python -I -S serve.py SETTINGS`, where SETTINGS is JSON: `{"control": fd, "paths":
[sys.path entries], "uid": int | null, "boxed": bool, "work": folder, "lift": [protections]}`. The parent imports bpy,
empties the factory settings and never evaluates a depsgraph, for a fork of a process that has done so can hang.
Requests come over the control socket, see `control`; for `load` with an open file.
Every unit runs in a fork that cannot reach that socket.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from control import Control, HostGoneError  # noqa: E402
from standing import DONE, Standing  # noqa: E402
from unit_fork import ALIVE, Forks, Limits, Outcome, copy_file, drop, ending, write_all  # noqa: E402
from unit_frames import prepare  # noqa: E402
from unit_report import read_report  # noqa: E402

LEFTOVER_LIMIT = 2000
PRIVATE = ("unit_split", "unit_context", "unit_watch", "unit_play")


class Server:
    """The loop of the warm parent."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.control = Control(settings["control"])
        self.boxed: bool = settings["boxed"]
        self.work: str = settings["work"]
        self.lift = frozenset(settings["lift"])
        self.fresh: dict[str, Any] | None = None
        self.forks = Forks(settings["control"], boxed=self.boxed, work=self.work, lift=self.lift)
        self.standing = Standing(self.forks)
        self.home = b""
        self.scratch = ""
        self.kept: frozenset[str] = frozenset()

    def serve(self) -> None:
        import bpy

        # Blender's own temporary folder, made at its start, goes with every sweep and comes back
        self.kept = frozenset(
            entry.path for entry in os.scandir(self.work) if not bpy.app.tempdir.startswith(entry.path)
        )
        self.scratch = bpy.app.tempdir if bpy.app.tempdir.startswith(self.work + "/") else ""
        self.control.send({"ready": True, "version": list(bpy.app.version), "pid": os.getpid()})
        while True:
            header, payload, fds = self.control.receive()
            try:
                reply, result = self.answer(header, payload, fds)
            finally:
                for fd in fds:
                    os.close(fd)
            reply["nonce"] = header["nonce"]
            reply["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            reply["recycle"] = not self.clean()
            self.control.send(reply, result)

    def answer(self, header: dict[str, Any], payload: bytes, fds: list[int]) -> tuple[dict[str, Any], bytes]:
        limits = Limits(**header["limits"])
        op = header["op"]
        unit = os.path.join(self.work, "unit")
        # what stands is for our own code, and gone before any other begins
        if (op != "trials" or header["alone"]) and self.standing.end():
            self.clean()
        os.makedirs(unit, 0o700, exist_ok="sweep" in self.lift or self.standing.alive)
        if op == "load":
            places = [os.path.join(unit, "in", name) for name in header["places"]]
            return self.load(dict(zip(places, fds, strict=True)), limits, header.get("code", "dump"))
        if op == "run":
            return self.run(header, payload, unit, limits)
        if op == "trials":
            return self.trials(payload, limits)
        if op == "code":
            return self.trusted(payload.decode(), limits)
        raise ValueError(f"unknown operation {op}")

    def load(self, files: dict[str, int], limits: Limits, way: str) -> tuple[dict[str, Any], bytes]:
        """Loads the first of the files, which are put at their places before."""

        def work(report: int) -> None:
            for place, source in files.items():
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "xb") as out:
                    copy_file(source, out.fileno())
                    os.fchmod(out.fileno(), 0o400)
            write_all(report, _load_and_dump(next(iter(files)), self.fresh, [], way))

        self._want_fresh(way, limits)
        return self._judged(self.forks.run(work, limits, keep=tuple(files.values())))

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
        outcome = self.forks.run(work, limits)
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
            self.forks.run(
                lambda fd: write_all(
                    fd, _load_and_dump(path, self.fresh, faked, header["result"], "scripts" in self.lift)
                ),
                limits,
            )
        )
        return reply | {"judge": judged}, result

    def trials(self, attempts: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
        """Runs our writer's code and dumps what it leaves, in a fork that lives on; the report is `unit_shared`'s.

        The first attempt is always made; of the others so many as the fork comes to.
        """
        self._want_fresh("dump", limits)
        self._want_home(limits)

        def work(tasks: Iterator[bytes], report: int) -> None:
            from unit_shared import Empty, shared

            gc.disable()
            shared(tasks, Empty(self.fresh or {}, self.home), lambda line: write_all(report, line), DONE)

        task = b'{"seconds": %f, "attempts": %s}' % (limits.wall / 2, attempts)
        outcome = self.standing.ask(task, work, limits)
        ended = "" if outcome.status == ALIVE else ending(outcome.status)
        return {"timed_out": outcome.timed_out, "ended": ended}, outcome.report

    def trusted(self, source: str, limits: Limits) -> tuple[dict[str, Any], bytes]:
        """Runs our own source, whose `answer()` gives JSON-able data."""

        def work(report: int) -> None:
            scope: dict[str, Any] = {"__name__": "voxel_inside"}
            exec(compile(source, "<inside>", "exec"), scope)  # noqa: S102  our own code, in a fork
            write_all(report, json.dumps(scope["answer"]()).encode("utf-8", "replace") + b"ok")

        return self._judged(self.forks.run(work, limits))

    def _want_fresh(self, way: str, limits: Limits) -> None:
        if way != "dump" or self.fresh is not None:
            return
        import dump

        def work(report: int) -> None:
            write_all(report, json.dumps(dump.fresh()).encode("utf-8", "replace") + b"ok")

        reply, result = self._judged(self.forks.run(work, limits))
        if reply["bad"]:
            raise RuntimeError(f"values of fresh instances could not be taken: {reply['bad']}")
        self.fresh = json.loads(result)

    def _want_home(self, limits: Limits) -> None:
        """A file of the empty scene, shown in a fork to be one; as Blender saves it where no smaller one does."""
        from unit_home import plain_home, small_home
        from unit_shared import proved_home

        if self.home:
            return
        bad = ""
        for make in (small_home, plain_home):

            def work(report: int, make: Callable[[], bytes] = make) -> None:
                write_all(report, proved_home(self.fresh or {}, make) + b"ok")

            reply, self.home = self._judged(self.forks.run(work, limits))
            if self.home:
                return
            bad = reply["bad"]
        raise RuntimeError(f"the empty scene cannot be kept: {bad}")

    def _judged(self, outcome: Outcome) -> tuple[dict[str, Any], bytes]:
        """A judge's report is JSON followed by `ok`, or by `no` after a reason."""
        bad = ""
        if outcome.timed_out:
            bad = "takes too long"
        elif outcome.report.endswith(b"no"):
            bad = outcome.report[:-2].decode("utf-8", "replace")
        elif not outcome.report.endswith(b"ok"):
            bad = f"Blender ended with {ending(outcome.status)}"
        reply = {"bad": bad, "timed_out": outcome.timed_out, "output": outcome.output.decode("utf-8", "replace")}
        return reply, b"" if bad else outcome.report[:-2]

    def clean(self) -> bool:
        """Empties the work folder unless a fork stands in it; False where a new box is quicker."""
        seen = 0
        if "sweep" in self.lift or self.standing.alive:
            return True
        for entry in os.scandir(self.work):
            if entry.path in self.kept:
                continue
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


def _play(sources: list[str], report: int, nonce: str, path: str | None, lift: frozenset[str]) -> None:
    """Runs scripts with runner code that they cannot reach: private namespaces, private builtins, in no module
    table.
    """
    install, allow = _PRIVATE["unit_watch"]["watch"](set(_FRAME_USERS), os._exit)
    read = _PRIVATE["unit_context"]["reader"](allow)
    for name in _HIDDEN:
        sys.modules.pop(name, None)
    sys.path.remove(HERE)
    _PRIVATE["unit_play"]["play"](
        sources,
        report,
        nonce,
        path,
        split=_PRIVATE["unit_split"]["split"],
        install=install if "audit" not in lift else _no_watch,
        read=read,
    )


def _judge_oneself(path: str | None) -> None:
    """What a judge in the script's own process would say; only where a test lifts the real one."""
    sys.path.insert(0, HERE)
    import counts

    with open(f"{path}.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(counts.counts()))


def _no_watch(_: object) -> None:
    """Stands in for the audit hook where a test lifts it."""


def _load_and_dump(
    path: str, fresh: dict[str, Any] | None, faked: list[list[str]], way: str, scripts: bool = False
) -> bytes:
    import _bpy  # type: ignore[import-not-found]
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
    if way == "effects":
        from unit_effects import effects

        return json.dumps(effects()).encode("utf-8", "replace") + b"ok"
    if way == "counts":
        import counts

        return json.dumps(counts.counts()).encode() + b"ok"
    import dump

    return json.dumps(dump.dump(fresh or {})).encode("utf-8", "replace") + b"ok"


def _warm() -> None:
    """Imports what scripts import, so that a fork does not pay for it, and leaves Blender empty."""
    import bpy

    for name in _USUAL:
        with contextlib.suppress(ImportError):
            __import__(name)
    for name in ("counts", "dump", "unit_effects", "unit_home", "unit_shared", "unit_trial"):
        __import__(name)
    bpy.ops.wm.read_factory_settings(use_empty=True)


_USUAL = (
    "abc", "argparse", "array", "ast", "base64", "bisect", "bmesh", "bpy_extras.object_utils",
    "bpy_extras.mesh_utils", "bpy_extras.image_utils", "bpy_extras.io_utils", "bpy_extras.node_shader_utils",
    "bpy_extras.anim_utils", "collections", "colorsys", "contextlib", "copy", "csv", "dataclasses", "datetime",
    "decimal", "enum", "fractions", "functools", "glob", "gzip", "hashlib", "heapq", "idprop", "importlib",
    "inspect", "io", "itertools", "json", "linecache", "logging", "math", "mathutils", "mathutils.bvhtree",
    "mathutils.geometry", "mathutils.interpolate", "mathutils.kdtree", "mathutils.noise", "numpy", "numpy.random",
    "numpy.linalg", "numpy.fft", "operator", "os", "pathlib", "pickle", "platform", "pprint", "queue", "random",
    "re", "rna_prop_ui", "shutil", "statistics", "string", "struct", "sys", "tempfile", "textwrap", "threading",
    "time", "timeit", "traceback", "types", "typing", "unittest", "urllib.parse", "uuid", "warnings", "weakref",
    "xml.etree.ElementTree", "zlib", "addon_utils", "bpy_types", "gpu",
)  # fmt: skip
_PRIVATE: dict[str, dict[str, Any]] = {}
_HIDDEN: list[str] = []
_FRAME_USERS: set[int] = set()


def _is_ours(name: str, module: object) -> bool:
    """Modules that a script has no business with: the server's own, and ctypes."""
    where = getattr(module, "__file__", None) or ""
    return where.startswith(HERE) or name.partition(".")[0] in ("ctypes", "_ctypes") or name == "numpy.ctypeslib"


def main() -> None:
    """Starts serving; ends when the other end of the control socket is closed."""
    settings = json.loads(sys.argv[-1])
    if settings["uid"] is not None:
        drop(settings["uid"])
    os.umask(0o077)
    sys.path[1:1] = settings["paths"]
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _warm()
    for name in PRIVATE:
        with open(os.path.join(HERE, f"{name}.py"), encoding="utf-8") as file:
            code = compile(file.read(), f"{name}.py", "exec")
        _PRIVATE[name] = {"__name__": name, "__builtins__": dict(vars(builtins))}
        exec(code, _PRIVATE[name])  # noqa: S102  our own file
    _HIDDEN.extend(name for name, module in sys.modules.items() if _is_ours(name, module))
    _FRAME_USERS.update(prepare())
    # what is frozen is not walked by a fork's collector, and so not copied for it
    gc.collect()
    gc.freeze()
    with contextlib.suppress(HostGoneError, BrokenPipeError, ConnectionResetError):
        Server(settings).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
