"""Asking a backend: one request out, its answer back as it comes. Knows nothing of roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from voxel.errors import TryLater
from voxel.records.deployment import Backend
from voxel.training.deployment.upstream import Connection, Upstream

MOST_BEFORE = 1 << 20
"""Bytes that may come before the first token."""
_FAILED = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Refusals that say something of the backend; others, such as 400, say something of the request."""
_BEGUN = re.compile(
    rb'"(?:content|reasoning|reasoning_content|refusal)"\s*:\s*"[^"]|"(?:tool_calls|function_call)"\s*:\s*[\[{]'
    rb'|"finish_reason"\s*:\s*"|\[DONE\]'
)
_BROKEN = re.compile(rb'^data:\s*\{\s*"error"', re.MULTILINE)
_ID = re.compile(rb'"id"\s*:\s*"[^"]+"')
"""Azure's first chunk, which tells of its filters, has an empty one."""
_USER = re.compile(r"//[^/]*@")
"""What of an address is told to nobody."""


class Reply(NamedTuple):
    """A backend's answer: whole, or its beginning up to the first token with the rest to come."""

    status: int
    content_type: str
    begun: bytes
    connection: Connection | None
    """Where the rest comes from; None when `begun` is all."""

    async def rest(self) -> tuple[bytes, bool]:
        """What comes next, and whether there is more after it. TryLater where it breaks off."""
        if self.connection is None:
            return b"", False
        try:
            return await self.connection.some(), not self.connection.ended
        except OSError as error:
            raise TryLater(f"broke off: {_said(error)}") from error

    def close(self) -> None:
        """Lets the connection go, for good when the answer is not at its end."""
        if self.connection is not None:
            self.connection.done()


class Forwarder:
    """Asks backends. Used within one event loop."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is where keys are looked up."""
        self._environment = environment
        # connections are as many as clients: who limits them is in front of this gateway, or behind it
        self._upstream = Upstream()

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._upstream.close()

    async def ask(self, backend: Backend, body: Mapping[str, Any]) -> Reply:
        """The answer to an OpenAI chat request, which is sent with the backend's own model name and key.

        Comes back with the first token of a stream, or with the whole of anything else. TryLater when there is
        none.
        """
        headers = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "voxel"}
        key = self._environment.get(backend.key_variable, "") if backend.key_variable else ""
        if key:
            headers["authorization"] = f"Bearer {key}"
        data = msgspec.json.encode({**body, "model": backend.model})
        place = _USER.sub("//", backend.base_url)
        try:
            connection = await self._upstream.post(f"{backend.base_url}/chat/completions", headers, data)
        except (OSError, ValueError) as error:
            raise TryLater(f"{place} {_said(error)}") from error
        try:
            reply = await _begun(place, connection)
        except OSError as error:
            connection.done()
            raise TryLater(f"{place} broke off before its first token: {_said(error)}") from error
        except BaseException:
            connection.done()
            raise
        if reply.connection is None:
            connection.done()
        return reply


async def _begun(name: str, answer: Connection) -> Reply:
    kind = answer.headers.get(b"content-type", b"application/json").decode("latin-1")
    if answer.status >= 500 or answer.status in _FAILED or 300 <= answer.status < 400:
        place = answer.headers.get(b"location", b"").decode("latin-1")
        raise TryLater(f"{name} answered {answer.status}: {_line(await answer.whole()) or place}")
    if answer.status >= 400 or not kind.startswith("text/event-stream"):
        whole = await answer.whole()
        if answer.status < 400 and not _is_object(whole):
            raise TryLater(f"{name} answered with something that is no JSON object")
        return Reply(answer.status, kind, whole, None)
    held = b""
    while chunk := await answer.some():
        held += chunk
        if _BROKEN.search(held):
            raise TryLater(f"{name} broke off before its first token: {_line(held)}")
        if _BEGUN.search(held):
            return Reply(answer.status, kind, held, answer)
        if len(held) > MOST_BEFORE:
            raise TryLater(f"{name} sent a megabyte without a token")
    raise TryLater(f"{name} ended before its first token")


class Renamer:
    """Gives an answer our id in place of the backend's, whole lines at a time."""

    def __init__(self, begun: bytes, name: str) -> None:
        found = _ID.search(begun)
        self._old = found[0] if found else b""
        self._new = f'"id":"{name}"'.encode()
        self._tail = b""

    def lines(self, chunk: bytes) -> bytes:
        """What of the answer can go out now."""
        data = self._tail + chunk if self._tail else chunk
        cut = data.rfind(b"\n") + 1
        self._tail = data[cut:]
        return self._renamed(data[:cut])

    def end(self) -> bytes:
        """What is left."""
        return self._renamed(self._tail)

    def _renamed(self, data: bytes) -> bytes:
        return data.replace(self._old, self._new) if self._old else data


def text_of(answer: bytes, *, streamed: bool) -> str:
    """The words of an answer, as a backend sent it; empty where there are none."""
    parts = []
    for raw in _objects(answer) if streamed else [answer]:
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            continue  # a line that was cut off, or that nobody can read
        choices = body.get("choices") if isinstance(body, dict) else None
        for choice in choices[:1] if isinstance(choices, list) else ():
            said = choice.get("delta" if streamed else "message") if isinstance(choice, dict) else None
            content = said.get("content") if isinstance(said, dict) else None
            if isinstance(content, str):
                parts.append(content)
    return "".join(parts)


def _objects(stream: bytes) -> list[bytes]:
    return [line[5:].strip() for line in stream.splitlines() if line.startswith(b"data:") and b"{" in line]


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(raw), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _line(raw: bytes) -> str:
    return " ".join(raw[:300].decode("utf-8", "replace").split())


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(": ")
