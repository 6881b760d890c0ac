"""One worker process and the near end of the pipe to it; its far end is `stages/worker.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

SOURCE = str(Path(__file__).parents[2])
"""The folder from which this code was imported; worker processes import it from there."""
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from voxel.stages.worker import main; main(*map(int, sys.argv[2:]))"
)
END_S = 5.0


class WorkerProcess:
    """A process that opens the stage, pickled as `stage`, and takes units; it dies with this process.

    `path` is where it may import from, beside its own places; `folder` is where it works, if not here.
    """

    def __init__(self, stage: bytes, path: Sequence[str], folder: str | None = None) -> None:
        self.connection: Connection[Any, Any]
        self.connection, theirs = Pipe()
        # its own words go to a nameless file: they would spoil the progress bar, and the last line explains a death
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, SOURCE, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
                cwd=folder,
            )
        finally:
            theirs.close()
        self._send(list(path))
        self.send_pickled(stage)

    def end_stage(self) -> None:
        """Lets it close its stage."""
        self._send(None)

    def stage_ended(self) -> bool:
        """Waits a little until it has closed its stage, so that it can be sent another; False when it cannot go on."""
        while self.connection.poll(END_S):
            match self.receive():
                case ("closed",):
                    return self._process.poll() is None
                case ("fatal" | "died", *_):
                    return False
        return False

    def send_pickled(self, message: bytes) -> None:
        """Sends what `pickle.dumps` made."""
        try:
            self.connection.send_bytes(message)
        except (BrokenPipeError, ConnectionResetError):
            return  # it is dead: the next receive says so

    def _send(self, message: object) -> None:
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return

    def receive(self) -> tuple[Any, ...]:
        """Its next message, waiting for it; `died, cause` when none comes any more."""
        try:
            message: tuple[Any, ...] = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return ("died", self._obituary())
        return message

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def end(self) -> None:
        """Asks it to close the stage and waits a little; then kills."""
        self.end_stage()
        self.connection.close()
        try:
            self._process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _obituary(self) -> str:
        """How it died, with the last line that it said."""
        code = self._process.wait()
        how = f"signal {-code}, {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 2000))
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return how + (f": {lines[-1][:200]}" if lines else "")
