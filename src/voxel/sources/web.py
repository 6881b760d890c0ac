"""HTTP as a guest should use it: few at a time, waiting when asked to, trying again when trouble may pass.

Rules of waiting, after a 403 or 429: `retry-after` first; else, with `x-ratelimit-remaining: 0`, until
`x-ratelimit-reset` by the server's own clock; else a minute, then twice as long each time. Counters in answers that
succeeded decide nothing, for they jump between a service's edges. A wait holds for everything that goes to the same
origin with the same token, and for what goes there with none. Tokens go to the API alone, and are cut out of whatever
it answers.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

import httpx

from voxel.errors import TryLater
from voxel.sources import clock
from voxel.sources.replies import Arrival, Etag, Reply
from voxel.sources.services import Services, fingerprint
from voxel.sources.shelf import trouble

USER_AGENT = "voxel-training (collects Blender files; https://pypi.org/project/voxel-training/)"
ATTEMPTS = 6
LIMIT_ATTEMPTS = 8
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 3700.0
BURST = 100
RATE_PER_S = 800 / 60
"""Secondary limit of the API: 900 points a minute and token, one for each GET; a burst and this rate stay below it."""
LARGEST_ANSWER = 64 << 20
TIMEOUT = httpx.Timeout(30.0, connect=15.0)


class _Lane:
    """What one origin asked of one token: not before when, and how fast."""

    def __init__(self) -> None:
        self.not_before: dict[str, float] = {"": 0.0}
        self._booked = 0.0

    def wait(self, resource: str) -> float:
        paced = self._booked - BURST / RATE_PER_S
        return max(self.not_before[""], self.not_before.get(resource, 0.0), paced) - clock.now()

    def take(self) -> None:
        """Counts one request against the rate."""
        self._booked = max(self._booked, clock.now()) + 1 / RATE_PER_S

    def delay(self, resource: str, seconds: float) -> None:
        until = clock.now() + seconds
        self.not_before[resource] = max(self.not_before.get(resource, 0.0), until)


class Memory(Protocol):
    """Keeps what a service asked for beyond the life of this process."""

    def read(self, key: str, default: str = "") -> str:
        """What was written under `key`."""
        ...

    def write(self, key: str, value: str) -> None:
        """Keeps it."""
        ...


class Web:
    """One client for a whole run; an async context manager. `note` hears of long waits.

    What a service asks to wait is kept in `memory`, so that a process that was killed is not followed by one that
    does not know of it.
    """

    def __init__(
        self,
        services: Services,
        *,
        concurrency: int,
        memory: Memory,
        note: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.services = services
        self.concurrency = concurrency
        self.requests = 0
        """How many were sent."""
        self._note = note
        self._memory = memory
        self._slots = asyncio.Semaphore(concurrency)
        self._lanes: dict[tuple[str, str | None], _Lane] = {}
        self._client = httpx.AsyncClient(
            headers={"user-agent": USER_AGENT},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=concurrency + 1, max_keepalive_connections=concurrency + 1),
        )

    async def __aenter__(self) -> Web:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def api(self, path: str, *, accept: str = "application/vnd.github+json", etag: Etag | None = None) -> Reply:
        """GET from the API; `path` begins with a slash, or is a whole address of the same origin.

        Answers 2xx, 304 and the lasting refusals 4xx. TryLater when trouble did not pass.
        """
        url = path if path.startswith("http") else self.services.api + path
        reply = await self._ask(
            "GET", url, {"accept": accept, "x-github-api-version": "2022-11-28"}, api=True, etag=etag
        )
        return reply._replace(body=self.services.hide_bytes(reply.body))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """POST without a token."""
        reply = await self._ask("POST", url, headers, body=body)
        return reply._replace(body=self.services.hide_bytes(reply.body))

    async def get(self, url: str, *, limit: int = LARGEST_ANSWER) -> Reply:
        """GET without a token; an answer over `limit` bytes is cut off there."""
        return await self._ask("GET", url, {"accept-encoding": "identity"}, limit=limit)

    async def download(
        self, url: str, path: Path, *, size: int, headers: Mapping[str, str] | None = None
    ) -> Arrival | Reply:
        """GET `size` bytes into the file `path`, hashing on the way; a Reply when it was refused or is larger."""
        sent = {"accept-encoding": "identity", **(headers or {})}
        return await self._ask_for("GET", url, sent, sink=path, limit=size)

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        api: bool = False,
        etag: Etag | None = None,
        limit: int = LARGEST_ANSWER,
    ) -> Reply:
        reply = await self._ask_for(method, url, headers, body=body, api=api, etag=etag, limit=limit)
        assert isinstance(reply, Reply)
        return reply

    async def _ask_for(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        api: bool = False,
        etag: Etag | None = None,
        limit: int = LARGEST_ANSWER,
        sink: Path | None = None,
    ) -> Reply | Arrival:
        troubles = limits = hops = 0
        resource = "search" if api and "/search/" in url else "core"
        while True:
            token = self._choose(url, resource, etag) if api else None
            lane = self._lane(url, token)
            sent = dict(headers)
            if token:
                sent["authorization"] = f"Bearer {token}"
            if etag is not None and etag.token == fingerprint(token):
                sent["if-none-match"] = etag.value
            try:
                async with self._turn(lane, resource, paced=api):
                    answer = await self._exchange(method, url, sent, body, limit, sink)
            except (httpx.TransportError, httpx.DecodingError) as error:
                troubles += 1
                if troubles >= ATTEMPTS:
                    raise TryLater(f"no answer from {_origin(url)}: {type(error).__name__}") from None
                await clock.pause(2.0**troubles * random.uniform(0.5, 1.0))
                continue
            if isinstance(answer, Arrival):
                return answer
            reply = answer._replace(token=fingerprint(token))
            if reply.status in (301, 302, 303, 307, 308) and "location" in reply.headers:
                hops += 1
                if hops > 5:
                    raise TryLater(f"{_origin(url)} redirects in a circle")
                target = str(httpx.URL(url).join(reply.headers["location"]))
                api = api and _origin(target) == _origin(url)
                if not api and _origin(target) != _origin(url):
                    headers = {name: value for name, value in headers.items() if name != "authorization"}
                url = target
            elif wait := self._wait(reply, limits):
                limits += 1
                if limits >= LIMIT_ATTEMPTS:
                    raise TryLater(f"{_origin(url)} keeps refusing for its rate limit")
                scope = resource if wait.resource else ""
                self._delay(url, token, scope, wait.seconds)
                self._delay(url, None, scope, wait.seconds)
                if wait.seconds > 30:
                    self._note(f"{_origin(url)} asks to wait {wait.seconds:.0f} s")
            elif reply.status >= 500 or reply.status == 408:
                troubles += 1
                if troubles >= ATTEMPTS:
                    raise TryLater(f"{_origin(url)} answers {reply.status}")
                await clock.pause(2.0**troubles * random.uniform(0.5, 1.0))
            else:
                return reply

    def _lane(self, url: str, token: str | None) -> _Lane:
        key = (_origin(url), token)
        if key not in self._lanes:
            self._lanes[key] = lane = _Lane()
            for scope in ("", "core", "search"):
                kept = self._memory.read(_wait_key(key[0], token, scope))
                if kept:
                    lane.delay(scope, min(clock.until(float(kept)), LONGEST_WAIT_S))
        return self._lanes[key]

    def _delay(self, url: str, token: str | None, scope: str, seconds: float) -> None:
        self._lane(url, token).delay(scope, seconds)
        self._memory.write(_wait_key(_origin(url), token, scope), repr(clock.moment(seconds)))

    def _choose(self, url: str, resource: str, etag: Etag | None) -> str | None:
        """The token that the ETag belongs to, else always the same for a repository; another one when it must wait."""
        tokens = self.services.tokens
        if not tokens:
            return None
        subject = "/".join(httpx.URL(url).path.split("/")[:5]).encode()
        first = int.from_bytes(hashlib.sha256(subject).digest()[:4], "big") % len(tokens)
        order = sorted(
            tokens[first:] + tokens[:first], key=lambda token: etag is None or fingerprint(token) != etag.token
        )
        free = (token for token in order if self._lane(url, token).wait(resource) <= 1)
        return next(free, None) or min(order, key=lambda token: self._lane(url, token).wait(resource))

    @asynccontextmanager
    async def _turn(self, lane: _Lane, resource: str, *, paced: bool) -> AsyncIterator[None]:
        """One of the few slots, once the lane is open. Between the last look at the lane and sending nothing waits."""
        while True:
            while (wait := lane.wait(resource)) > 0:
                await clock.pause(wait)
            await self._slots.acquire()
            if lane.wait(resource) <= 0:
                break
            self._slots.release()
        if paced:
            lane.take()
        self.requests += 1
        try:
            yield
        finally:
            self._slots.release()

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, limit: int, sink: Path | None
    ) -> Reply | Arrival:
        async with self._client.stream(method, url, headers=dict(headers), content=body) as answer:
            if sink is not None and answer.status_code == 200:
                return await _pour(answer, sink, limit)
            data = bytearray()
            try:
                async for part in answer.aiter_bytes():
                    data += part
                    if len(data) > limit:
                        break
            except httpx.TransportError:
                head = answer.headers
                if answer.status_code != 429 and "retry-after" not in head and head.get("x-ratelimit-remaining") != "0":
                    raise  # what a refusal means is in its words: cut off, a passing one looks like a lasting one
                # this one says by its head how long to wait
            return Reply(answer.status_code, answer.headers, bytes(data[:limit]), url, "")

    def _wait(self, reply: Reply, before: int) -> _Wait | None:
        if reply.status not in (403, 429):
            return None
        text = reply.body[:4000].lower()
        if b"quota" in text:
            return None  # Git LFS: that the owner has used up what was paid for does not pass
        asked = _seconds(reply.headers.get("retry-after"), reply)
        if asked is not None:
            return _Wait(min(asked, LONGEST_WAIT_S) + 0.5, resource=False)
        if reply.headers.get("x-ratelimit-remaining") == "0":
            reset = reply.headers.get("x-ratelimit-reset", "")
            seconds = float(reset) - _date(reply) if reset.isdigit() else FIRST_WAIT_S
            return _Wait(min(max(seconds, 0.0) + 1.0, LONGEST_WAIT_S), resource=True)
        if reply.status == 429 or b"rate limit" in text or b"abuse" in text:
            return _Wait(min(FIRST_WAIT_S * 2**before, LONGEST_WAIT_S), resource=False)
        return None


class _Wait(NamedTuple):
    seconds: float
    resource: bool
    """Whether it holds for this kind of request only."""


async def _pour(answer: httpx.Response, sink: Path, limit: int) -> Arrival | Reply:
    digest, git, size = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % limit, usedforsecurity=False), 0
    try:
        with sink.open("wb") as file:
            async for part in answer.aiter_bytes(1 << 18):
                size += len(part)
                if size > limit:
                    return Reply(413, answer.headers, b"", str(answer.url), "")
                digest.update(part)
                git.update(part)
                file.write(part)
    except OSError as error:
        raise trouble(sink, error) from error
    return Arrival(digest.hexdigest(), size, git.hexdigest())


def _wait_key(origin: str, token: str | None, scope: str) -> str:
    return f"wait {origin} {fingerprint(token)} {scope}"


def _origin(url: str) -> str:
    parsed = httpx.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode()}"


def _seconds(asked: str | None, reply: Reply) -> float | None:
    """`retry-after` is a number of seconds or a date."""
    if asked is None:
        return None
    if asked.strip().isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - _date(reply))
    except ValueError:
        return FIRST_WAIT_S


def _date(reply: Reply) -> float:
    """The server's own time, for this machine's clock may be wrong."""
    try:
        return parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()
