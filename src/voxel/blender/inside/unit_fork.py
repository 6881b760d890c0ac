# the parent of every unit: os.path is quicker to start and to call
# ruff: noqa: PTH118
"""One fork under all limits, watched from outside until nothing is left of it; runs in Blender's Python."""

from __future__ import annotations

import contextlib
import fcntl
import io
import mmap
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import syscalls
from control import HostGoneError

REPORT_LIMIT = 64 << 20
OUTPUT_LIMIT = 64 << 10
PIPE_SIZE = 1 << 20
ALIVE = -1
_HANGUP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP


class Limits(NamedTuple):
    """What one fork may use: wall seconds, processor seconds per wall second, bytes, counts."""

    wall: float
    cpu: float
    memory: int
    file_size: int
    threads: int
    result: int


class Fork(NamedTuple):
    """A fork that runs: its process, and the ends of the pipes that it writes to."""

    pid: int
    report: int
    output: int


class Outcome(NamedTuple):
    """How one fork ended, or what it has reported while it lives on."""

    status: int
    """As `os.waitpid` tells it; ALIVE while there is none."""
    report: bytes
    output: bytes
    timed_out: bool


class Forks:
    """Makes forks of this process, one at a time.

    `control` is the socket whose closing ends everything; `boxed` says that this process is alone in a process
    namespace; `work` is the folder whose sub-folder `unit` a fork works in; `lift` names protections that a test takes
    away.
    """

    def __init__(self, control: int, *, boxed: bool, work: str, lift: frozenset[str]) -> None:
        self.control, self.boxed, self.work, self.lift = control, boxed, work, lift
        self.base_memory = address_space()

    def run(self, work: Callable[[int], None], limits: Limits, keep: tuple[int, ...] = ()) -> Outcome:
        """Runs `work(report fd)` in a fork under all limits; returns when it and all it left behind are gone."""
        fork = self.begin(work, limits, keep)
        try:
            return self.watch(fork, limits)
        finally:
            self.forget(fork)

    def begin(self, work: Callable[[int], None], limits: Limits, keep: tuple[int, ...] = ()) -> Fork:
        """Starts `work(report fd)` in a fork under all limits; the caller is to `watch` and then to `forget` it."""
        report_in, report_out = os.pipe()
        output_in, output_out = os.pipe()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(report_in, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        pid = os.fork()
        if pid == 0:
            self._child(work, report_out, output_out, limits, keep)
        os.close(report_out)
        os.close(output_out)
        for fd in (report_in, output_in):
            os.set_blocking(fd, False)
        return Fork(pid, report_in, output_in)

    def forget(self, fork: Fork) -> None:
        """Closes the pipes of a fork that has ended."""
        os.close(fork.report)
        os.close(fork.output)

    def watch(self, fork: Fork, limits: Limits, until: bytes = b"") -> Outcome:
        """What a fork reports from now on: until it and all it left behind are gone, which `limits.wall` seconds from
        now they are, or until its report ends with `until`.
        """
        pid, report_in, output_in = fork
        deadline = time.monotonic() + (limits.wall if "wall" not in self.lift else 1e9)
        poll = select.poll()
        for fd in (report_in, output_in):
            poll.register(fd, select.POLLIN)
        poll.register(self.control, _HANGUP)
        ended = _pidfd(pid)
        if ended is not None:
            poll.register(ended, select.POLLIN)
        got = {report_in: bytearray(), output_in: bytearray()}
        caps = {
            report_in: REPORT_LIMIT + limits.result,
            output_in: OUTPUT_LIMIT if "output" not in self.lift else 1 << 40,
        }
        timed_out, status = False, ALIVE
        while status == ALIVE:
            left = deadline - time.monotonic()
            if left <= 0:
                timed_out = True
                break
            for fd, event in poll.poll(min(left, 0.02 if ended is None else 60.0) * 1000):
                if fd == self.control:
                    self.end(pid)
                    raise HostGoneError
                if fd in got and not _drain(fd, got[fd], caps[fd]):
                    poll.unregister(fd)
                    if event & select.POLLIN and fd == report_in and len(got[fd]) >= caps[fd]:
                        timed_out = True
            if timed_out:
                break
            if until and got[report_in].endswith(until):
                if ended is not None:
                    os.close(ended)
                return Outcome(ALIVE, bytes(got[report_in][: -len(until)]), bytes(got[output_in]), timed_out)
            done, raw = os.waitpid(pid, os.WNOHANG)
            if done:
                status = raw
        if ended is not None:
            os.close(ended)
        last = self.end(pid, gone=status != ALIVE)
        for fd in got:
            _drain(fd, got[fd], caps[fd])
        return Outcome(last if status == ALIVE else status, bytes(got[report_in]), bytes(got[output_in]), timed_out)

    def end(self, pid: int, gone: bool = False) -> int:
        """Kills the unit and everything it left; returns the wait status."""
        status = 0
        if not gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        if "leftovers" in self.lift:
            return status
        if not self.boxed:
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

    def _child(
        self,
        work: Callable[[int], None],
        report: int,
        output: int,
        limits: Limits,
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
            os.chdir(os.path.join(self.work, "unit"))
            sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), errors="replace", line_buffering=True)
            sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), errors="replace", line_buffering=True)
            restrict(limits, self.base_memory, boxed=self.boxed, lift=self.lift)
            work(report)
            code = 0
        except BaseException as error:  # noqa: BLE001  the unit may raise anything; its end says so
            with contextlib.suppress(BaseException):
                write_all(report, str(error).encode("utf-8", "replace")[-2000:] + b"no")
        finally:
            os._exit(code)


def restrict(limits: Limits, base_memory: int, *, boxed: bool, lift: frozenset[str]) -> None:
    """Limits and the system-call filter, on the calling process, for good.

    `base_memory` is the address space in bytes that it has already; `lift` names what to leave out.
    """

    def limit(kind: int, value: int, name: str, slack: int = 0) -> None:
        if name not in lift:
            _, hard = resource.getrlimit(kind)
            most = value + slack if hard == resource.RLIM_INFINITY else min(value + slack, hard)
            resource.setrlimit(kind, (min(value, most), most))

    limit(resource.RLIMIT_CORE, 0, "core")
    # first SIGXCPU, which says what happened; a second later the kernel kills
    limit(resource.RLIMIT_CPU, int(limits.wall * limits.cpu) + 1, "cpu", slack=1)
    limit(resource.RLIMIT_FSIZE, limits.file_size, "file-size")
    limit(resource.RLIMIT_NOFILE, 256, "open-files")
    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, base_memory + limits.memory, "memory")
        if boxed or "processes" in lift:
            limit(resource.RLIMIT_NPROC, limits.threads, "threads")
    if "syscalls" in lift or sys.platform != "linux":
        return
    code = syscalls.program(os.getpid())
    if code is None:
        raise RuntimeError("no system-call filter for this machine")
    syscalls.install(code)


def drop(uid: int) -> None:
    """From root, which a box keeps only so long, to a user that owns nothing."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def copy_file(source: int, target: int) -> None:
    """All of an open file, read from its start, to the end of another."""
    size, offset = os.fstat(source).st_size, 0
    while offset < size:
        offset += os.sendfile(target, source, offset, size - offset)


def write_all(fd: int, data: bytes) -> None:
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


def ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"


def address_space() -> int:
    """Address space of this process in bytes. There is no /proc in the box: the smallest limit that still allows
    one page.
    """
    low, high = 1 << 20, 1 << 42
    old = resource.getrlimit(resource.RLIMIT_AS)
    while high - low > 16 << 20:
        middle = (low + high) // 2
        resource.setrlimit(resource.RLIMIT_AS, (middle, old[1]))
        try:
            mmap.mmap(-1, 1 << 20).close()
            high = middle
        except OSError:
            low = middle
    resource.setrlimit(resource.RLIMIT_AS, old)
    return high
