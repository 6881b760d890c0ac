"""`Blender`: one warm, boxed fork server, and what can be asked of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import msgspec

from voxel.blender import box
from voxel.blender.runtimes import Runtime, find
from voxel.errors import BadInput, BoxError, SetupError, UsageError
from voxel.records.verdict import ApiError, Word

_HEAD = struct.Struct("!IQ")
GRACE = 10.0
START_TIMEOUT = 120.0
FRESH_TIMEOUT = 60.0
UNITS_BEFORE_RECYCLING = 5000
GROWTH_BEFORE_RECYCLING = 1.25
MAX_BLEND = 1 << 30


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one fork may use."""

    cpu: float = float(os.cpu_count() or 1)
    """Processor seconds per second of wall time."""
    memory: int = 4 << 30
    """Bytes of address space on top of the warm parent's."""
    file_size: int = 1 << 30
    """Bytes of the largest file it may write."""
    threads: int = 256 + 2 * (os.cpu_count() or 1)
    """Processes and threads in the box."""
    result: int = 512 << 20
    """Bytes of the largest result it may hand back."""
    tmp: int = 2 << 30
    """Bytes of /tmp, shared by all that a unit writes."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What running sources showed."""

    verdict: Word
    errors: list[ApiError]
    api_statements: int
    """Statements of the last source that touch Blender's API: all of the top level, and those reached inside blocks and
    functions. The sources before it only set the stage."""
    api_held: int
    """Those of them that ended without an error."""
    output: str
    """What was printed, its first 64 KiB."""
    seconds: float
    """Wall time of the fork that ran the sources."""
    scene: bytes | None
    """The scene as JSON, where it was asked for and could be taken."""
    details: list[dict[str, Any]] = []
    """Per error, what the runner saw of it: type, name, keys nearby; material for suggestions."""


class _GoneError(Exception):
    """The server ended, or does not answer."""


class Blender:
    """One warm, boxed Blender. A context manager; used by one thread at a time.

    `runtime` is a version (`"4.5"`), a Runtime, or None for the default. With `boxed` (the default) everything runs in
    the box; where there is none, `run` raises SetupError, while `load` and `make`, which execute no foreign code, fall
    back to a limited process. `boxed=False` runs in that fallback on purpose. Raises SetupError where Blender cannot be
    started.
    """

    def __init__(
        self,
        runtime: str | Runtime | None = None,
        *,
        boxed: bool = True,
        limits: Limits | None = None,
        lift: Sequence[str] = (),
        grace: float = GRACE,
        units: int = UNITS_BEFORE_RECYCLING,
    ) -> None:
        self.runtime = runtime if isinstance(runtime, Runtime) else find(runtime)
        self.limits = limits or Limits()
        self._boxed = boxed and box.bwrap() is not None
        self._refuse = boxed and not self._boxed
        self._lift = frozenset(lift)
        self._grace = grace
        self._most_units = units
        self._fresh = False
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._work: str | None = None
        self._words: IO[bytes] | None = None
        self._units = 0
        self._first_rss = 0
        self.restarts = 0

    @property
    def boxed(self) -> bool:
        """Whether units run in the box."""
        return self._boxed

    @property
    def pid(self) -> int | None:
        """Process id of the box, or None while there is none."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self, blend: Path, *, timeout: float = 120, result: Literal["dump", "counts"] = "dump") -> bytes:
        """The scene in a .blend file as JSON, its scripts off.

        Raises BadInput(reason) where the file cannot be opened, crashes Blender or hangs it; BoxError where the box
        broke.
        """
        fd = self._open(blend)
        try:
            reply, payload = self._ask({"op": "load", "code": result}, b"", timeout, timeout, fd)
        finally:
            os.close(fd)
        if reply["bad"]:
            raise BadInput(f"{reply['bad']} (Blender {self.runtime.series}): {blend}")
        return payload

    def run(
        self, *sources: str, timeout: float = 30, dump: bool = True, result: Literal["dump", "counts"] = "dump"
    ) -> Run:
        """Runs the sources one after another in an empty scene, in one fork; dumps what they leave in another.

        Each source is a `__main__` of its own, run statement by statement: after an error the rest still runs.
        `timeout` is wall seconds for the sources, and again for the dump. Raises BoxError, and SetupError without a
        box.
        """
        if self._refuse:
            raise SetupError(box.missing())
        ask = {"op": "run", "result": result if dump else "none"}
        reply, payload = self._ask(ask, msgspec.json.encode(sources), timeout, 2 * timeout)
        return _grade(reply, payload or None, timeout, len(sources), wanted=dump)

    def make(self, source: str, *, timeout: float = 120) -> bytes:
        """Runs trusted source and returns the .blend file that it leaves, uncompressed. Raises BadInput when it
        fails.
        """
        ask = {"op": "run", "result": "blend"}
        reply, payload = self._ask(ask, msgspec.json.encode([source]), timeout, timeout)
        graded = _grade(reply, None, timeout, 1, wanted=False)
        if graded.verdict != "passed" or not payload:
            first = graded.errors[0] if graded.errors else None
            reason = f"{first.kind}: {first.message} at line {first.line}" if first else "nothing was saved"
            raise BadInput(f"the source did not make a file ({graded.verdict}; {reason})")
        return payload

    def answer(self, source: str, *, timeout: float = 120) -> Any:
        """Runs our own source in a fork and returns what its function `answer()` gives."""
        reply, payload = self._ask({"op": "code"}, source.encode(), timeout, timeout)
        if reply["bad"]:
            raise BoxError(f"Blender {self.runtime.version} gave no answer: {reply['bad']}")
        return msgspec.json.decode(payload)

    def close(self) -> None:
        """Ends the box and everything in it."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
        if self._words is not None:
            self._words.close()
        self._socket = self._process = self._work = self._words = None

    def _open(self, blend: Path) -> int:
        try:
            fd = os.open(blend, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BadInput(f"{error.strerror}: {blend}") from error
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_BLEND or not facts.st_size:
            os.close(fd)
            reason = (
                "not a file" if not stat.S_ISREG(facts.st_mode) else "empty file" if not facts.st_size else "too large"
            )
            raise BadInput(f"{reason}: {blend}")
        return fd

    def _start(self) -> None:
        """Starts the box unless it runs; tries twice, for a start can be lost as a unit can."""
        if self._process is not None:
            return
        try:
            self._launch()
        except BoxError:
            self._launch()

    def _launch(self) -> None:
        ours, theirs = socket.socketpair()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed with the box
        try:
            if self._boxed:
                argv, env = box.command(self.runtime, theirs.fileno(), tmp=self.limits.tmp, lift=self._lift), None
            else:
                self._work = tempfile.mkdtemp(prefix="voxel-")
                argv = box.unboxed_command(self.runtime, theirs.fileno(), self._work)
                env = box.ENVIRONMENT | {"HOME": self._work, "TMPDIR": self._work}
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=subprocess.STDOUT,
                env=env,
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            self._socket, self._units, self._fresh = ours, 0, False
            header, _ = self._receive(time.monotonic() + START_TIMEOUT)
            self._first_rss = 0
            if not header.get("ready"):
                raise _GoneError
        except (_GoneError, OSError) as error:
            reason = self._last_words()
            self.close()
            if "Permission denied" in reason and os.geteuid() == 0:
                # the user inside the box is nobody: what only root may read, it may not
                raise SetupError(
                    f"Blender {self.runtime.version} does not start: {reason}; "
                    f"mend it with: chmod -R go+rX {self.runtime.prefix} {self.runtime.site} {box.INSIDE}"
                ) from error
            raise BoxError(f"Blender {self.runtime.version} does not start: {reason}") from error

    def _ask(
        self, header: dict[str, Any], payload: bytes, timeout: float, whole: float, fd: int | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """One unit: asked again once, of a new server, when the server is lost in the middle of it."""
        if timeout <= 0:
            raise UsageError(f"timeout must be above 0 seconds, not {timeout}")
        limits = msgspec.structs.asdict(self.limits) | {"wall": timeout}
        del limits["tmp"]
        nonce = secrets.token_hex(16)
        full = header | {"limits": limits, "nonce": nonce}
        last = ""
        for _ in range(2):
            if self._process is not None and self._process.poll() is not None:
                self._lost()
            self._start()
            try:
                self._send(full, payload, fd)
                # the first dump of a server also takes the values of fresh instances
                first = (
                    0.0 if self._fresh or "dump" not in (header.get("result"), header.get("code")) else FRESH_TIMEOUT
                )
                reply, result = self._receive(time.monotonic() + whole + self._grace + first)
                if reply.get("nonce") != nonce:
                    raise _GoneError
            except _GoneError:
                last = self._last_words()
                self._lost()
                continue
            except BaseException:
                # interrupted in the middle of a conversation: what would come next belongs to this unit
                self.close()
                raise
            self._fresh = self._fresh or bool(first)
            self._count(reply)
            return reply, result
        raise BoxError(f"the box of Blender {self.runtime.version} broke twice on one unit: {last}")

    def _count(self, reply: dict[str, Any]) -> None:
        self._units += 1
        self._first_rss = self._first_rss or int(reply["rss"])
        grown = reply["rss"] > self._first_rss * GROWTH_BEFORE_RECYCLING
        if reply["recycle"] or grown or self._units >= self._most_units:
            self.close()

    def _last_words(self) -> str:
        """The last line that the server wrote to its standard error."""
        if self._words is None:
            return ""
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - 2000))
        said = self._words.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1] if said else "it ended without a word"

    def _lost(self) -> None:
        self.restarts += 1
        self.close()

    def _send(self, header: dict[str, Any], payload: bytes, fd: int | None) -> None:
        assert self._socket is not None
        data = msgspec.json.encode(header)
        head = _HEAD.pack(len(data), len(payload))
        try:
            self._socket.settimeout(GRACE)
            if fd is None:
                self._socket.sendall(head + data + payload)
            else:
                socket.send_fds(self._socket, [head], [fd])
                self._socket.sendall(data + payload)
        except OSError as error:
            raise _GoneError from error

    def _receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        header_size, payload_size = _HEAD.unpack(self._exactly(_HEAD.size, deadline))
        header = msgspec.json.decode(self._exactly(header_size, deadline))
        return header, self._exactly(payload_size, deadline)

    def _exactly(self, size: int, deadline: float) -> bytes:
        assert self._socket is not None
        out = bytearray(size)
        view = memoryview(out)
        try:
            while view:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                got = self._socket.recv_into(view)
                if not got:
                    raise _GoneError
                view = view[got:]
        except OSError as error:
            raise _GoneError from error
        return bytes(out)


def _grade(reply: dict[str, Any], scene: bytes | None, timeout: float, sources: int, *, wanted: bool) -> Run:
    """The verdict from what the runner reported of `sources` scripts and how its process ended."""
    report, status = reply["report"], reply["status"]
    done, end, plan = report["done"], report["end"], report["plan"]
    inner = report["inner"]
    first_judged = plan["first_judged"] if plan else 0
    judged = done[first_judged:]
    judged_inner = [item for item in inner if item["error"]["source"] == sources - 1]
    reached_before = max((item.get("reached", 0) for item in done[:first_judged]), default=0)
    reached = max((item.get("reached", 0) for item in judged), default=reached_before) - reached_before
    details = [item["error"] for item in (*inner, *done) if item["error"] is not None]
    once = {(item["source"], item["line"], item["kind"], item["message"]): item for item in reversed(details)}
    details = sorted(once.values(), key=lambda item: (item["source"], item["line"]))
    at_work = sources - 1 if len(done) >= first_judged else 0
    verdict: Word = "failed"
    extra: ApiError | None = None
    if report["blocked"] is not None:
        what = report["blocked"]
        verdict = "blocked"
        extra = ApiError(
            line=what["line"], kind="blocked", message=f"{what['what']} is not allowed in the box", source=at_work
        )
    elif report["forged"]:
        verdict = "blocked"
        extra = ApiError(
            line=0, kind="blocked", message="the script wrote to the pipe that its verdict is read from", source=at_work
        )
    elif reply["timed_out"] or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        verdict = "timeout"
        extra = ApiError(line=0, kind="timeout", message=f"still running after {timeout:g} s", source=at_work)
    elif report["syntax"] is not None:
        details = [report["syntax"]]
    elif end is None and os.WIFSIGNALED(status):
        verdict = "crashed"
        extra = ApiError(line=0, kind="crash", message=f"Blender ended with {signal.Signals(os.WTERMSIG(status)).name}")
    elif end is None:
        extra = ApiError(line=0, kind="exit", message="the script ended Blender before it was through")
    elif plan is not None and not details and len(done) == plan["statements"]:
        verdict = "passed"
        if wanted and scene is None:
            verdict = "failed"
            why = reply.get("judge", {}).get("bad") or end.get("reason") or "it could not be saved"
            extra = ApiError(line=0, kind="scene", message=f"the scene it leaves cannot be taken: {why}")
    errors = [_error(item) for item in details] + ([extra] if extra else [])
    return Run(
        verdict=verdict,
        errors=errors,
        api_statements=(plan["api"] if plan else 0) + reached,
        api_held=sum(item["api"] and item["error"] is None for item in judged)
        + max(0, reached - sum(item["api"] for item in judged_inner)),
        output=reply["output"],
        seconds=reply["seconds"],
        scene=scene,
        details=details,
    )


def _error(item: dict[str, Any]) -> ApiError:
    return ApiError(
        line=item["line"],
        kind=item["kind"],
        message=item["message"],
        source=item.get("source", 0),
        consequence_of=item.get("consequence_of"),
    )
