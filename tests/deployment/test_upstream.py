"""Requests to real sockets whose other end says what the test wants it to say."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from voxel.errors import TryLater
from voxel.records.deployment import Backend
from voxel.training.deployment import upstream
from voxel.training.deployment.forwarding import Forwarder
from voxel.training.deployment.upstream import Connection, Upstream, address_of

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server:
    """Says `talk` to each request of each connection; keeps what it was asked."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.asked: list[bytes] = []
        self.said = 0
        self.writers: list[asyncio.StreamWriter] = []

    @property
    def opened(self) -> int:
        """Connections so far."""
        return len(self.writers)

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.asked.append(head + await reader.readexactly(size))
                await self.talk(reader, writer)
                self.said += 1
        writer.close()

    async def silent(self) -> None:
        """Until all is said and has arrived."""
        while self.said < len(self.asked):
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)


def met(talk: Talk, meet: Callable[[Server, str], Awaitable[None]], tls: ssl.SSLContext | None = None) -> None:
    """A server that talks so, and what is to be done with its URL."""

    async def both() -> None:
        server = Server(talk)
        async with await asyncio.start_server(server.met, "127.0.0.1", 0, ssl=tls) as listening:
            await meet(server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/chat/completions")
            await asyncio.sleep(0.01)
            for writer in server.writers:
                writer.transport.abort()
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(both(), 30))


def says(*parts: bytes, close: bool = False) -> Talk:
    """These bytes, each in a packet of its own."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)
        if close:
            writer.close()

    return talk


@contextlib.contextmanager
def beside(meet: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """The URL of a server that goes on while the loop of the test stands still; `meet` is told the connection's
    number, from 1.
    """
    meetings: list[threading.Thread] = []

    def met(one: socket.socket, number: int) -> None:
        with one, contextlib.suppress(OSError):
            meet(one, number)

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                one = listening.accept()[0]
                one.settimeout(20)
                meetings.append(threading.Thread(target=met, args=(one, len(meetings) + 1)))
                meetings[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=listen)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1/chat/completions"
        listening.shutdown(socket.SHUT_RDWR)
        for each in (thread, *meetings):
            each.join()


async def whole(client: Upstream, url: str, content: bytes = b"{}") -> tuple[int, bytes]:
    connection = await client.post(url, {"content-type": "application/json"}, content)
    try:
        return connection.status, await connection.whole()
    finally:
        connection.done()


@pytest.mark.parametrize(
    ("talk", "body", "connections"),
    [
        (says(SIZED), b"hello", 1),
        (says(*(SIZED[at : at + 1] for at in range(len(SIZED)))), b"hello", 1),
        (says(CHUNKED, b"3\r\nhel\r\n", b"2\r\nlo\r\n0\r\n\r\n"), b"hello", 1),
        (says(b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n", SIZED), b"hello", 1),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), b"", 1),
        (says(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", close=True), b"hello", 3),  # a body without a length
        (says(SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")), b"hello", 3),
        (says(SIZED, TIMEOUT), b"hello", 3),  # something that nobody asked for: the connection is not used again
        (says(SIZED + SIZED), b"hello", 3),
    ],
)
def test_an_answer_comes_whole_and_its_connection_is_used_again_where_it_can_be(
    talk: Talk, body: bytes, connections: int
) -> None:
    async def meet(server: Server, url: str) -> None:
        client = Upstream()
        for _ in range(3):
            assert await whole(client, url) == (200, body)
            await server.silent()
        client.close()
        assert server.opened == connections
        assert server.asked[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:")
        assert server.asked == [server.asked[0]] * 3

    met(talk, meet)


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (says(CHUNKED, b"3\r\nhel\r\n", close=True), "closed before the answer's end"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", close=True), "closed before the answer's end"),
        (says(b"HTTP/1.1 200 OK\r\nContent-", close=True), "closed before the answer's end"),
        (says(CHUNKED, b"zz\r\n"), "no HTTP"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "no HTTP"),
        (says(close=True), "closed before the answer's end"),
    ],
)
def test_an_answer_that_does_not_come_whole_is_an_error(talk: Talk, told: str) -> None:
    async def meet(_: Server, url: str) -> None:
        with pytest.raises(OSError, match=told):
            await whole(Upstream(), url)

    met(talk, meet)


def test_a_kept_connection_that_was_closed_over_there_is_replaced() -> None:
    async def meet(server: Server, url: str) -> None:
        client = Upstream()
        assert await whole(client, url) == (200, b"hello")

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server.talk = says(SIZED)
            writer.transport.abort()

        server.talk = hang_up
        assert await whole(client, url) == (200, b"hello")
        assert (server.opened, len(server.asked)) == (2, 3)
        client.close()

    met(says(SIZED), meet)


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nContent-", b"garbage", b""])
def test_a_request_on_which_a_server_has_worked_is_not_sent_twice(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(upstream, "CROSSED_S", 0.1)

    async def meet(server: Server, url: str) -> None:
        client = Upstream()
        assert await whole(client, url) == (200, b"hello")

        async def fail(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server.talk = says(SIZED)
            if not said:
                await asyncio.sleep(0.3)
            writer.write(said)
            await writer.drain()
            writer.close()

        server.talk = fail
        with pytest.raises(ConnectionError):
            await whole(client, url)
        assert (server.opened, len(server.asked)) == (1, 2)
        client.close()

    met(says(SIZED), meet)


def test_what_came_before_the_question_is_not_its_answer() -> None:
    late = threading.Event()

    def meet(one: socket.socket, number: int) -> None:
        one.recv(1000)
        one.sendall(SIZED)
        if number == 1:
            time.sleep(0.05)
            one.sendall(TIMEOUT)
            late.set()
        one.recv(1000)

    async def ask(url: str) -> None:
        client = Upstream()
        assert await whole(client, url) == (200, b"hello")
        late.wait(10)  # the loop stands still, and does not see what comes
        assert await whole(client, url) == (200, b"hello")
        client.close()

    with beside(meet) as url:
        asyncio.run(asyncio.wait_for(ask(url), 20))


def test_an_answer_before_the_request_is_sent_whole_ends_its_connection() -> None:
    ended = []

    def meet(one: socket.socket, number: int) -> None:
        one.recv(1000)
        one.sendall(SIZED)
        while one.recv(1 << 20):
            continue
        ended.append(number)

    async def ask(url: str) -> None:
        client = Upstream()
        for _ in range(2):
            assert await whole(client, url, bytes(64 << 20)) == (200, b"hello")
        client.close()

    with beside(meet) as url:
        asyncio.run(asyncio.wait_for(ask(url), 20))
    assert sorted(ended) == [1, 2]


def test_a_server_that_does_not_read_keeps_no_connection_open() -> None:
    left = threading.Event()

    def meet(one: socket.socket, _: int) -> None:
        left.wait(10)
        one.recv(1)

    async def ask(url: str) -> None:
        client, descriptors = Upstream(), Path("/proc/self/fd")
        before = len(list(descriptors.iterdir()))
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(whole(client, url, bytes(64 << 20)), 0.3)
        await asyncio.sleep(0.05)
        after = len(list(descriptors.iterdir()))
        left.set()
        assert after - before == 3  # the other ends

    with beside(meet) as url:
        asyncio.run(ask(url))


def test_headers_without_end_are_an_error() -> None:
    many = [b"HTTP/1.1 200 OK\r\n", *(b"X-%d: %s\r\n" % (number, bytes(50_000).hex().encode()) for number in range(9))]

    async def meet(_: Server, url: str) -> None:
        with pytest.raises(ConnectionError, match="256 kB of headers"):
            await whole(Upstream(), url)

    met(says(*many, SIZED), meet)


def test_a_kept_connection_closes_itself_when_no_request_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "KEPT_S", 0.05)

    async def meet(server: Server, url: str) -> None:
        client = Upstream()
        for _ in range(2):
            await whole(client, url)
            await asyncio.sleep(0.2)
        assert server.opened == 2
        client.close()

    met(says(SIZED), meet)


def test_silence_is_an_error_and_a_slow_reader_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "SILENT_S", 0.2)

    async def meet(_: Server, url: str) -> None:
        connection = await Upstream().post(url, {}, b"{}")
        await asyncio.sleep(0.5)
        assert await connection.some() == b"hel"
        with pytest.raises(TimeoutError, match=r"nothing came for 0\.2 s"):
            await connection.some()
        connection.done()

    met(says(CHUNKED, b"3\r\nhel\r\n"), meet)


def test_a_server_has_to_wait_for_a_slow_reader() -> None:
    size, sent = 64 << 20, [0]

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent[0] < size:
            writer.write(bytes(1 << 16))
            sent[0] += 1 << 16
            await writer.drain()

    async def meet(_: Server, url: str) -> None:
        connection = await Upstream().post(url, {}, b"{}")
        await asyncio.sleep(0.5)
        assert sent[0] < size / 2
        assert connection._held < 2 * upstream.MOST_HELD
        assert await connection.whole() == bytes(size)
        connection.done()
        connection.close()

    met(talk, meet)


def test_an_answer_that_nobody_reads_to_its_end_closes_its_connection() -> None:
    async def meet(server: Server, url: str) -> None:
        client = Upstream()
        for _ in range(2):
            connection: Connection = await client.post(url, {}, b"{}")
            await connection.some()
            connection.done()
            connection.done()
        assert server.opened == 2

    met(says(CHUNKED, b"3\r\nhel\r\n"), meet)


@pytest.mark.parametrize("url", [
    "ftp://a/b", "http:///b", "http://a/b c", "http://a/ä", "a", "http://a:99999/", "http://a/b\r\nX:y",
    "http://u:secret@a/",
])  # fmt: skip
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|[Pp]ort") as told:
        address_of(url)
    assert "secret" not in str(told.value)


def test_addresses() -> None:
    assert address_of("https://a.example/v1?api=2") == ("a.example", 443, True, "a.example", "/v1?api=2")
    assert address_of("http://a:0/").port == 0
    assert address_of("http://[::1]:81") == ("::1", 81, False, "[::1]:81", "/")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 307 Moved\r\nLocation: https://b.example/\r\nContent-Length: 0\r\n\r\n", "307: https://b.example/"),
        (b"HTTP/1.1 429 Slow\r\nContent-Length: 4\r\n\r\nwait", "429: wait"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwait", "no JSON object"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"[" * 99999, "no JSON object"),
        (CHUNKED + b"14\r\ndata: {\"error\": \"x\"}\n\r\n0\r\n\r\n", "before its first token"),
        (CHUNKED + b"0\r\n\r\n", "ended before its first token"),
    ],
)  # fmt: skip
def test_what_a_backend_answers_in_place_of_a_token_is_told(answer: bytes, told: str) -> None:
    async def meet(_: Server, url: str) -> None:
        forwarder = Forwarder({})
        with pytest.raises(TryLater, match=told):
            await forwarder.ask(Backend(base_url=url.removesuffix("/chat/completions"), model="m"), {})
        forwarder.close()

    met(says(answer), meet)


def test_keys_stay_in_their_header() -> None:
    async def meet(server: Server, url: str) -> None:
        forwarder = Forwarder({"RIGHT": "sk-1", "WRONG": "sk-1\r\nX-Admin: yes"})
        base = url.removesuffix("/chat/completions")
        await forwarder.ask(Backend(base_url=base, model="m", key_variable="RIGHT"), {"messages": []})
        assert b"\r\nauthorization: Bearer sk-1\r\n" in server.asked[0]
        assert server.asked[0].endswith(b'{"messages":[],"model":"m"}')
        with pytest.raises(TryLater, match="characters that no header may hold") as told:
            await forwarder.ask(Backend(base_url=base, model="m", key_variable="WRONG"), {})
        assert "sk-1" not in str(told.value)
        with pytest.raises(TryLater, match=r"^http://127\S+ ValueError: is an address with a user") as told:
            await forwarder.ask(Backend(base_url=base.replace("//", "//u:sk-2@"), model="m"), {})
        assert "sk-2" not in str(told.value)
        forwarder.close()

    met(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), meet)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


@pytest.mark.parametrize("known", [True, False])
def test_https_is_asked_where_the_certificate_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    path, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path, key)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))

    async def meet(server: Server, url: str) -> None:
        client = Upstream()
        safe = url.replace("http://127.0.0.1", "https://localhost")
        if known:
            assert [await whole(client, safe) for _ in range(2)] == [(200, b"hello")] * 2
            assert server.opened == 1
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                await whole(client, safe)
            assert server.asked == []
        client.close()

    met(says(SIZED), meet, tls)
