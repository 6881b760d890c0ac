"""`Boxed`: one of our programs in the box, and the outer end of the conversation with it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Any

import msgspec

from voxel.blender import box
from voxel.blender.runtimes import Runtime
from voxel.errors import BoxError, SetupError

_HEAD = struct.Struct("!IQ")
START_TIMEOUT = 120.0
SEND_TIMEOUT = 10.0


class GoneError(Exception):
    """The program ended, or does not answer."""


class Boxed:
    """A program of `inside` that is started when it is first needed, and again after `close`.

    `tmp` is the size of its /tmp in bytes; `lift` names protections to leave out, for tests.
    """

    def __init__(self, runtime: Runtime, program: str, *, boxed: bool, tmp: int, lift: frozenset[str]) -> None:
        self.runtime, self.boxed = runtime, boxed
        self._program, self._tmp, self._lift = program, tmp, lift
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._work: str | None = None
        self._words: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the box, or None while there is none."""
        return self._process.pid if self._process else None

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> bool:
        """Starts the box unless it runs, and says whether it did; tries twice. Raises BoxError, SetupError."""
        if self._process is not None:
            return False
        try:
            self._launch()
        except BoxError:
            self._launch()
        return True

    def ask(
        self, header: dict[str, Any], payload: bytes, seconds: float, fds: Sequence[int] = ()
    ) -> tuple[dict[str, Any], bytes]:
        """Sends a request, with open files where `fds` are given, and waits `seconds` for its answer.

        Raises GoneError where none comes. What else interrupts the conversation ends the box: the next answer would
        belong to this request.
        """
        nonce = secrets.token_hex(16)
        try:
            self._send(header | {"nonce": nonce}, payload, fds)
            reply, result = self._receive(time.monotonic() + seconds)
            if reply.get("nonce") != nonce:
                raise GoneError
        except GoneError:
            raise
        except BaseException:
            self.close()
            raise
        return reply, result

    def wait(self) -> bool:
        """Whether it ends by itself within a moment, as one does whose socket broke."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
        return self._process is None or self.ended

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

    def last_words(self) -> str:
        """The last line that the program wrote to its standard error."""
        if self._words is None:
            return ""
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - 2000))
        said = self._words.read().decode("utf-8", "replace").strip().splitlines()
        return said[-1] if said else "it ended without a word"

    def _launch(self) -> None:
        ours, theirs = socket.socketpair()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed with the box
        control, program = theirs.fileno(), self._program
        try:
            if self.boxed:
                argv = box.command(self.runtime, control, tmp=self._tmp, lift=self._lift, program=program)
                env = None
            else:
                self._work = tempfile.mkdtemp(prefix="voxel-")
                argv = box.unboxed_command(self.runtime, control, self._work, program)
                env = box.ENVIRONMENT | {"HOME": self._work, "TMPDIR": self._work}
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=subprocess.STDOUT,
                env=env,
                pass_fds=[control],
            )
            theirs.close()
            self._socket = ours
            header, _ = self._receive(time.monotonic() + START_TIMEOUT)
            if not header.get("ready"):
                raise GoneError
        except (GoneError, OSError) as error:
            reason = self.last_words()
            self.close()
            if "Permission denied" in reason and os.geteuid() == 0:
                # the user inside the box is nobody: what only root may read, it may not
                raise SetupError(
                    f"Blender {self.runtime.version} does not start: {reason}; "
                    f"mend it with: chmod -R go+rX {self.runtime.prefix} {self.runtime.site} {box.INSIDE}"
                ) from error
            raise BoxError(f"Blender {self.runtime.version} does not start: {reason}") from error

    def _send(self, header: dict[str, Any], payload: bytes, fds: Sequence[int]) -> None:
        assert self._socket is not None
        data = msgspec.json.encode(header)
        head = _HEAD.pack(len(data), len(payload))
        try:
            self._socket.settimeout(SEND_TIMEOUT)
            if fds:
                socket.send_fds(self._socket, [head], fds)
                self._socket.sendall(data + payload)
            else:
                self._socket.sendall(head + data + payload)
        except OSError as error:
            raise GoneError from error

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
                    raise GoneError
                view = view[got:]
        except OSError as error:
            raise GoneError from error
        return bytes(out)
