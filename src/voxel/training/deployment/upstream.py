"""HTTP/1.1 to what serves a model: one POST out, its answer back as it comes, over connections that are kept open.

Parsing is httptools'. What is here is what a chat request needs and no more, since each token passes through it:
`bench/gateway_clients.py` holds it against other clients. Redirects are answers like any other, and proxies that the
environment names are not used.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

CONNECT_S = 15.0
SILENT_S = 120.0
"""A server that says nothing for so long has failed."""
KEPT_S = 4.0
"""An idle connection is kept so long: less than the five seconds after which many servers close theirs."""
CROSSED_S = 1.0
"""A server that closes a kept connection while a request is on its way shows it within so long; later it has failed
at the request."""
MOST_HELD = 256 << 10
"""Bytes of an answer that may wait to be read; beyond them the server has to wait."""
MOST_HEAD = 256 << 10
"""Bytes that may come before an answer's body begins."""


class Address(NamedTuple):
    """Where a URL leads."""

    host: str
    port: int
    tls: bool
    name: str
    """Host and port as a request's `Host` says them."""
    path: str


@cache
def address_of(url: str) -> Address:
    """Takes a URL apart. ValueError where it is no http or https URL, holds what a request line cannot, or a user.

    The error does not repeat the URL, which may hold a password.
    """
    if not url.isascii() or any(sign <= " " or sign == "\x7f" for sign in url):
        raise ValueError("holds characters that no address may hold")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no http or https address")
    if "@" in parts.netloc:
        raise ValueError("is an address with a user; a key has its place in a variable")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    tls = parts.scheme == "https"
    port = parts.port if parts.port is not None else 443 if tls else 80
    return Address(parts.hostname, port, tls, parts.netloc, path)


class Connection(asyncio.Protocol):
    """One connection, and the answer that is on its way over it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, resting: list[Connection]) -> None:
        """`resting` is where it waits for the next request."""
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        """Names in lower case."""
        self.ended = False
        """Whether the answer has come whole."""
        self.closed = False
        self._loop = loop
        self._resting = resting
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._held = 0
        self._head = 0
        self._paused = False
        self._headed = self._keeps = self._asked = False
        self._error: OSError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0.0

    async def ask(self, request: bytes) -> None:
        """Sends a request and waits for the status and headers of its answer. OSError where none comes."""
        assert self._transport is not None
        self._end_timer()
        if self.closed:
            raise ConnectionResetError("the connection was closed")
        self.status, self.headers, self._error = 0, {}, None
        self._headed = self.ended = self._keeps = False
        self._asked = True
        self._head = 0
        self._heard = self._loop.time()
        self._timer = self._loop.call_later(SILENT_S, self._silent)
        self._transport.write(request)
        while not self._headed:
            await self._news()

    async def some(self) -> bytes:
        """The next bytes of the answer's body, as they come; none at its end. OSError where it breaks off."""
        while not self._chunks:
            if self.ended:
                return b""
            await self._news()
        chunk = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._held = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return chunk

    async def whole(self) -> bytes:
        """The rest of the body. OSError where it breaks off."""
        parts = []
        while chunk := await self.some():
            parts.append(chunk)
        return b"".join(parts)

    def unanswered(self) -> bool:
        """Whether nothing came after the last request."""
        return self._head == 0

    def is_quiet(self) -> bool:
        """Whether nothing waits to be read, neither bytes that nobody asked for nor the connection's end."""
        transport = self._transport
        if self.closed or transport is None or transport.is_closing():
            return False
        poll = select.poll()
        poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def done(self) -> None:
        """Ends the use of this answer. The connection waits for another request if answer and request are at an end."""
        assert self._transport is not None
        if not self._asked:
            return  # it was called before
        self._end_timer()
        self._asked = False
        unsent = self._transport.get_write_buffer_size()
        if self.closed or self._chunks or unsent or not (self.ended and self._keeps):
            self.close()
        else:
            self._resting.append(self)
            self._timer = self._loop.call_later(KEPT_S, self.close)

    def close(self) -> None:
        """Ends the connection, at once: what has not been sent yet is for nobody any more."""
        self.closed = True
        self._end_timer()
        if self._transport is not None:
            self._transport.abort()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def _news(self) -> None:
        """Waits until something has come. OSError when nothing more will."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _tell(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: OSError) -> None:
        if self._error is None:
            self._error = error
        self.close()
        self._tell()

    def _silent(self) -> None:
        """Looks whether it is the server that keeps everybody waiting."""
        left = self._heard + SILENT_S - self._loop.time()
        if self._waiter is not None and left <= 0:
            self._fail(TimeoutError(f"nothing came for {SILENT_S:g} s"))
        else:
            self._timer = self._loop.call_later(left if left > 0 else SILENT_S, self._silent)

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if not self._asked:
            self.close()  # nobody asked; it may be a 408 before the server closes
            return
        self._heard = self._loop.time()
        if not self._headed:
            self._head += len(data)
            # what came just now may be body already
            if self._head - len(data) > MOST_HEAD:
                self._fail(ConnectionError(f"more than {MOST_HEAD >> 10} kB of headers"))
                return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(ConnectionError(f"the answer is no HTTP: {error}"))
            return
        if self._held > MOST_HELD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed. A body without a length ends so; any other has broken off."""
        self.closed = True
        if self in self._resting:
            self._resting.remove(self)
        if self._headed and not self.ended and exc is None and self._open_ended():
            self.ended = True
        elif not self.ended:
            self._error = self._error or ConnectionResetError("the connection was closed before the answer's end")
        self._tell()

    def _open_ended(self) -> bool:
        return not self.headers.keys() & {b"content-length", b"transfer-encoding"}

    # what the parser calls

    def on_message_begin(self) -> None:
        """An answer begins; it is a second one where the server says more than it was asked."""
        self._keeps = False
        if not self._headed:
            self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self._headed:
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Status and headers are there; of an interim answer (1xx) they are not those that are waited for."""
        if not self._headed:
            self.status = self._parser.get_status_code()
            self._headed = self.status >= 200

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self.ended:
            self._chunks.append(body)
            self._held += len(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._headed and not self.ended:
            self.ended = True
            self._keeps = self._parser.should_keep_alive()


class Upstream:
    """The connections to all servers. Used within one event loop."""

    def __init__(self) -> None:
        self._resting: dict[tuple[str, int, bool], list[Connection]] = {}
        self._tls: ssl.SSLContext | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Connection:
        """A connection over which the answer to this request has begun: its status and headers are there.

        Its `done` has to be called. A connection that was kept and turns out to have been closed over there is
        replaced by a new one, once, and only where the server has said nothing and cannot have worked on the request
        for long. ValueError where `url` or a header cannot be sent; OSError where no answer comes.
        """
        place = address_of(url)
        request = _request(place, headers, body)
        resting = self._resting.setdefault(place[:3], [])
        loop = asyncio.get_running_loop()
        while resting:
            kept = resting.pop()
            if not kept.is_quiet():
                kept.close()
                continue
            sent = loop.time()
            try:
                await kept.ask(request)
            except ConnectionError:
                kept.close()
                if not kept.unanswered() or loop.time() - sent > CROSSED_S:
                    raise
                break
            except BaseException:
                kept.close()
                raise
            return kept
        fresh = await self._opened(place, resting)
        try:
            await fresh.ask(request)
        except BaseException:
            fresh.close()
            raise
        return fresh

    async def _opened(self, place: Address, resting: list[Connection]) -> Connection:
        loop = asyncio.get_running_loop()
        if place.tls and self._tls is None:
            self._tls = ssl.create_default_context()
        async with asyncio.timeout(CONNECT_S):
            _, connection = await loop.create_connection(
                lambda: Connection(loop, resting), place.host, place.port, ssl=self._tls if place.tls else None
            )
        return connection

    def close(self) -> None:
        """Closes the connections that are kept."""
        for resting in self._resting.values():
            while resting:
                resting.pop().close()


def _request(place: Address, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"POST {place.path} HTTP/1.1", f"host: {place.name}", f"content-length: {len(body)}"]
    for name, value in headers.items():
        if not value.isprintable() or not value.isascii():
            raise ValueError(f"the value of {name} holds characters that no header may hold")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + body
