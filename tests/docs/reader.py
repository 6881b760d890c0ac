"""A reader who has a fresh clone and does what the guides say, one line after another."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from tests.docs.blocks import ROOT


def _can_leave() -> bool:
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("unshare", "nsenter", "ip")):
        return False
    # root of a container may lack the right to
    tried = ["unshare", "-n", "ip", "link", "set", "lo", "up"]
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0


OFFLINE = _can_leave()
"""Whether the reader can be taken off the network; where not, whatever asks for a proxy finds a closed port."""
LONGEST = 1800
"""Seconds that one line may take: a guide trains for up to 21 minutes and then follows that to its end."""
_CLOSED = {**dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9"), "no_proxy": "localhost,127.0.0.1"}
_SESSION = """
import json, sys, traceback
names = {"__name__": "__main__"}
for line in sys.stdin:
    try:
        exec(compile(json.loads(line), "guide", "exec"), names)
    except BaseException:
        print(traceback.format_exc())
        print("\\n\\0wrong", flush=True)
    else:
        print("\\n\\0", flush=True)
"""
"""What reads blocks of Python, one a line, and says of each when it is done."""


class Reader:
    """Runs what is written, in the clone, with a home of its own, and off the network where that is possible.

    A context manager: everything that was started ends with it. What was run lies in `read.txt` beside the clone: the
    seconds of the clock and of all processors for each line.
    """

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        self.said = ""
        """Everything that commands have printed so far."""
        self._home = clone.parent / "home"
        # Ray keeps its sockets there, whose paths may not be long
        self._short = tempfile.mkdtemp(prefix="ray-")
        self._variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "RAY_TMPDIR": self._short,
            "PIP_NO_BUILD_ISOLATION": "0",  # which is how pip spells that it shall take what is there
            **({} if OFFLINE else _CLOSED),
        }
        self._services: dict[str, dict[str, str]] = {}
        self._inside: list[str] = []
        self._running: list[subprocess.Popen[str]] = []
        self._serving: list[subprocess.Popen[str]] = []
        self._python: list[subprocess.Popen[str]] = []
        self._last = (time.monotonic(), 0.0)

    def __enter__(self) -> Reader:
        try:
            self._leave_the_network()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _leave_the_network(self) -> None:
        if OFFLINE:
            # one network of nothing but this machine, for all commands: what one serves another one asks
            up = "ip link set lo up && echo up && exec sleep 7200"
            holder = subprocess.Popen(["unshare", "-n", "sh", "-c", up], stdout=subprocess.PIPE, text=True)
            self._running.append(holder)
            assert holder.stdout is not None
            assert holder.stdout.readline() == "up\n"
            self._inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        services = subprocess.Popen(
            [*self._inside, sys.executable, "-m", "tests.docs.services", self._home], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._running.append(services)
        assert services.stdout is not None
        line = services.stdout.readline()
        assert line, "the services did not start"
        self._services = json.loads(line)

    def __exit__(self, *_: object) -> None:
        for process in (*self._python, *self._serving, *reversed(self._running)):
            process.kill()
            process.communicate(timeout=60)
        self._end_daemons()
        shutil.rmtree(self._short)

    def _end_daemons(self) -> None:
        """Ends what has gone on by itself, such as the nodes of a cluster: whatever has this home."""
        mark = f"HOME={self._home}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    os.kill(int(folder.name), signal.SIGKILL)
            except (OSError, ProcessLookupError):
                continue  # it has ended, or belongs to somebody else

    def run(self, command: str, *, service: str = "", status: int = 0, typed: str = "") -> str:
        """What a command line printed; it has to end with this status. `typed` answers its questions.

        A line that sets variables sets them for all that come later.
        """
        keeps = command.split()[0] in ("export", ".")
        line = f"{command} && env -0" if keeps else command
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            # files, since daemons would hold pipes open
            process = self._start(["bash", "-c", line], service, subprocess.PIPE, out, err)
            try:
                process.communicate(typed, timeout=LONGEST)
            finally:
                process.kill()
                process.wait()
            said, told = (_whole(file) for file in (out, err))
        self._tell(command)
        assert process.returncode == status, f"ended with {process.returncode}\n{said[-2000:]}\n{told[-3000:]}"
        assert "Traceback" not in told, told
        if keeps:
            self._variables = dict(pair.split("=", 1) for pair in said.rstrip("\0").split("\0"))
            return ""
        self.said += f"{said}\n"
        return said

    def serve(self, command: str, sign: str, *, service: str = "") -> None:
        """Starts what serves until Ctrl-C, and waits until it says by `sign` that it does."""
        said = self.clone.parent / f"served-{len(self._running) + len(self._serving)}.txt"
        with said.open("w") as file:
            process = self._start(["bash", "-c", f"exec {command}"], service, subprocess.DEVNULL, file, file)
        self._serving.append(process)
        ends = time.monotonic() + 120
        while sign not in said.read_text():
            assert process.poll() is None, f"ended with {process.returncode}\n{said.read_text()[-3000:]}"
            assert time.monotonic() < ends, f"never said {sign!r}: {said.read_text()[-3000:]}"
            time.sleep(0.2)
        self._tell(command)

    def interrupt(self) -> None:
        """Ctrl-C for whatever serves."""
        while self._serving:
            process = self._serving.pop()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)
            assert process.returncode in (0, 130), f"{process.args!r} ended with {process.returncode} after Ctrl-C"

    def type(self, code: str, *, service: str = "") -> None:
        """Runs a block in the Python that was opened for the guide; warnings are errors in it."""
        if not self._python:
            words = ["python3", "-W", "error", "-c", _SESSION]
            self._python.append(self._start(words, service, subprocess.PIPE, subprocess.PIPE, subprocess.STDOUT))
        process = self._python[0]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(code) + "\n")
        process.stdin.flush()
        said = ""
        while not (line := process.stdout.readline()).startswith("\0"):
            assert line, f"Python ended: {said}"
            said += line
        self._tell(f"Python: {code.splitlines()[0]} …")
        assert line == "\0\n", said

    def close_python(self) -> None:
        """Ends that Python."""
        while self._python:
            process = self._python.pop()
            process.communicate(timeout=60)
            self._tell("the end of Python")
            assert process.returncode == 0

    def _start(
        self, words: list[str], service: str, stdin: int, out: int | IO[str], err: int | IO[str]
    ) -> subprocess.Popen[str]:
        variables = {**self._variables, **(self._services[service] if service else {})}
        return subprocess.Popen(
            [*self._inside, *words], cwd=self.clone, env=variables, stdin=stdin, stdout=out, stderr=err, text=True
        )

    def _tell(self, what: str) -> None:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        now = (time.monotonic(), used.ru_utime + used.ru_stime)
        with (self.clone.parent / "read.txt").open("a") as told:
            told.write(f"{now[0] - self._last[0]:6.1f} {now[1] - self._last[1]:6.1f}  {what}\n")
        self._last = now


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
