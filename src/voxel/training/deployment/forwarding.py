"""Asking a backend: one request out, its answer back as it comes. Knows nothing of roles."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec

from voxel.errors import TryLater
from voxel.records.deployment import Backend

CONNECT_S = 15.0
SILENT_S = 120.0
"""A backend that says nothing for so long has failed."""
KEPT_S = 4.0
"""An idle connection is kept so long: less than the five seconds after which many servers close theirs."""
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


class Reply(NamedTuple):
    """A backend's answer: whole, or its beginning up to the first token with the rest to come."""

    status: int
    content_type: str
    begun: bytes
    response: aiohttp.ClientResponse | None
    """Where the rest comes from; None when `begun` is all."""

    async def rest(self) -> AsyncIterator[bytes]:
        """What is still to come, as it comes. TryLater where it breaks off."""
        if self.response is None:
            return
        try:
            while chunk := await self.response.content.readany():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater(f"broke off: {_said(error)}") from error

    def close(self) -> None:
        """Lets the connection go, for good when the answer is not at its end."""
        if self.response is not None:
            self.response.close()


class Forwarder:
    """Connections to all backends. A context manager; used within one event loop."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is where keys are looked up."""
        self._environment = environment
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENT_S)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # connections are as many as clients: who limits them is in front of this gateway, or behind it
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),  # one caller's cookies are none of the next one's
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def ask(self, backend: Backend, body: Mapping[str, Any]) -> Reply:
        """The answer to an OpenAI chat request, which is sent with the backend's own model name and key.

        Comes back with the first token of a stream, or with the whole of anything else. TryLater when there is
        none.
        """
        assert self._session is not None
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        key = self._environment.get(backend.key_variable, "") if backend.key_variable else ""
        if key:
            headers["authorization"] = f"Bearer {key}"
        data = msgspec.json.encode({**body, "model": backend.model})
        response = await self._sent(backend.base_url, data, headers)
        try:
            return await _begun(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            response.close()
            raise TryLater(f"{backend.base_url} broke off before its first token: {_said(error)}") from error
        except BaseException:
            response.close()
            raise

    async def _sent(self, url: str, data: bytes, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Sends it, and once more when a connection that was kept open turns out to have been closed over there."""
        assert self._session is not None
        for again in (True, False):
            try:
                return await self._session.post(f"{url}/chat/completions", data=data, headers=headers)
            except (aiohttp.ServerDisconnectedError, ConnectionResetError, BrokenPipeError) as error:
                if not again:
                    raise TryLater(f"{url} {_said(error)}") from error
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise TryLater(f"{url} {_said(error)}") from error
        raise AssertionError("the second attempt returns or raises")


async def _begun(response: aiohttp.ClientResponse) -> Reply:
    kind = response.headers.get("content-type", "application/json")
    if response.status >= 500 or response.status in _FAILED:
        raise TryLater(f"{response.url.origin()} answered {response.status}: {_line(await response.read())}")
    if response.status >= 400 or not kind.startswith("text/event-stream"):
        whole = await response.read()
        if response.status < 400 and not _is_object(whole):
            raise TryLater(f"{response.url.origin()} answered with something that is no JSON object")
        return Reply(response.status, kind, whole, None)
    held = b""
    while chunk := await response.content.readany():
        held += chunk
        if _BROKEN.search(held):
            raise TryLater(f"{response.url.origin()} broke off before its first token: {_line(held)}")
        if _BEGUN.search(held):
            return Reply(response.status, kind, held, response)
        if len(held) > MOST_BEFORE:
            raise TryLater(f"{response.url.origin()} sent a megabyte without a token")
    raise TryLater(f"{response.url.origin()} ended before its first token")


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
        except msgspec.DecodeError:
            continue  # a line that was cut off
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
    except msgspec.DecodeError:
        return False


def _line(raw: bytes) -> str:
    return " ".join(raw[:300].decode("utf-8", "replace").split())


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(": ")
