"""The inner end of the conversation with the host; runs in Blender's Python.

A message is a head of two lengths (`!IQ`), JSON, and a payload; one may carry open files.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_PART = 1 << 20
_MOST_FILES = 253
_HEAD = struct.Struct("!IQ")


class HostGoneError(Exception):
    """The other end of the control socket was closed."""


class Control:
    """Framed messages over the socket with file descriptor `fd`."""

    def __init__(self, fd: int) -> None:
        self.socket = socket.socket(fileno=fd)

    def receive(self) -> tuple[dict[str, Any], bytes, list[int]]:
        """A header, a payload, and open files. Raises HostGoneError at the end."""
        first, fds, _, _ = socket.recv_fds(self.socket, _HEAD.size, _MOST_FILES)
        if not first:
            raise HostGoneError
        head = first + self._exactly(_HEAD.size - len(first))
        header_size, payload_size = _HEAD.unpack(head)
        header = json.loads(self._exactly(header_size))
        return header, self._exactly(payload_size), fds

    def send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Sends both, or raises OSError."""
        data = json.dumps(header).encode()
        self.socket.sendall(_HEAD.pack(len(data), len(payload)) + data)
        self.socket.sendall(payload)

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = self.socket.recv(min(size, _PART))
            if not part:
                raise HostGoneError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
