"""The gateway: OpenAI's chat API with a role as the model's name, in front of whatever serves the role now.

    POST /v1/chat/completions   streamed or whole; the answer's id names role, version and conversation
    POST /v1/outcomes           {id, ok | score, error}: how an answer did
    GET  /v1/models, /healthz

A change of `deployed_models.json` counts from the next request on. Answers that are on their way are not touched by it.
"""

from __future__ import annotations

import asyncio
import datetime
import re
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from voxel.errors import TryLater, VoxelError
from voxel.records.deployment import Deployment, OutcomeLine, RoleState
from voxel.training.deployment.backends import backend_of
from voxel.training.deployment.failures import Failures
from voxel.training.deployment.forwarding import Forwarder, Renamer, Reply, text_of
from voxel.training.deployment.model_deployer import ModelDeployer
from voxel.training.deployment.outcomes import Outcomes
from voxel.training.deployment.routing import Routes, Way, conversation_of, share_of

MOST_REQUEST = 16 << 20
"""Bytes of a request."""
REMEMBERED = 1000
"""Answers that can still be kept as failures when their outcome is reported."""
MOST_KEPT = 256 << 10
"""Bytes of an answer that is remembered."""
MOST_WAITING = 64
"""Answers that may wait for the judge; more are not judged."""
_CHAT = "/v1/chat/completions"
_NAME = re.compile(r"chatcmpl-(?P<role>[a-z]+)-(?P<version>\d+)-(?P<conversation>[0-9a-f]{16})-[0-9a-f]{16}")


class Judged(NamedTuple):
    """What running an answer showed."""

    score: float
    """0 to 1."""
    error: str
    """What is wrong with it: the errors, one a line, or the verdict where there is no error to name."""


Judge = Callable[[str, str], Judged | None]
"""Given the role and the answer's text; None when there is no code to judge. Called from one thread at a time."""


class _Asked(NamedTuple):
    """An answer that was given, so far as its outcome may need it."""

    model: Deployment
    conversation: str
    messages: list[Any]
    streamed: bool
    answer: bytes
    keep: bool
    """Whether whoever asked lets it be kept."""


class Gateway:
    """What the requests share."""

    def __init__(
        self,
        deployer: ModelDeployer,
        environment: Mapping[str, str],
        *,
        failures: Failures | None = None,
        judge: Judge | None = None,
        judge_share: float = 1.0,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`environment` holds keys and addresses; without `failures` nothing that is asked is kept; `judge_share` of
        the conversations, 0 to 1, are judged.
        """
        self.routes = Routes(deployer)
        self.outcomes = Outcomes(deployer.data)
        self._deployer = deployer
        self._environment = environment
        self.failures = failures
        self._judge = judge
        self._judge_share = judge_share
        self.say = say
        self.forwarder = Forwarder(environment)
        self._bench = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")
        self._recent: OrderedDict[str, _Asked] = OrderedDict()
        self._waiting: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While this is open, requests can be answered."""
        try:
            yield
        finally:
            for task in self._waiting:
                task.cancel()
            self._bench.shutdown(wait=True, cancel_futures=True)
            self.forwarder.close()

    async def answer(self, way: Way, body: Mapping[str, Any]) -> tuple[Deployment, Reply]:
        """The answer of the first model of the way that gives one. TryLater with the reason of each when none does."""
        reasons = []
        for at, model in enumerate(way.models):
            try:
                return model, await self.forwarder.ask(backend_of(model, self._environment), body)
            except VoxelError as error:
                reasons.append(f"{model.model} (version {model.version}): {error}")
                self.say(f"no answer from {reasons[-1]}")
                if at == 0:
                    await self.note(model.role, model.version, way.conversation, 0.0, "no answer")
        raise TryLater("; ".join(reasons) or "nothing serves this role")

    async def note(
        self, role: str, version: int, conversation: str, score: float, how: Literal["reported", "judged", "no answer"]
    ) -> bool:
        """Keeps an outcome and does what the trial then says; whether it counted."""
        state = self.routes.roles().get(role, RoleState())
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = OutcomeLine(at=at, role=role, version=version, conversation=conversation, score=score, how=how)
        counted = self.outcomes.note(line, state)
        trial = self.outcomes.trial(role, state)
        if trial is not None and trial.test.decision != "go on":
            promote, evidence = trial.test.decision == "promote", trial.test.evidence
            ended = await asyncio.to_thread(
                self._deployer.end_canary, role, trial.challenger, promote=promote, reason=evidence
            )
            if ended:
                done = "promoted" if promote else "rolled back"
                self.say(f"{role}: version {trial.challenger} is {done}; {evidence}")
        return counted

    async def given(self, name: str, asked: _Asked) -> None:
        """An answer has gone out whole."""
        if len(asked.answer) <= MOST_KEPT:
            self._recent[name] = asked
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
        if self._judge is None or len(self._waiting) >= MOST_WAITING:
            return
        if share_of("judge", asked.conversation) < self._judge_share:
            task = asyncio.create_task(self._judged(self._judge, asked))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _judged(self, judge: Judge, asked: _Asked) -> None:
        text = text_of(asked.answer, streamed=asked.streamed)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._bench, judge, asked.model.role, text)
        except VoxelError as error:
            self.say(f"an answer could not be judged: {error}")
            return
        if found is None:
            return
        await self.note(asked.model.role, asked.model.version, asked.conversation, found.score, "judged")
        if found.score < 1:
            await asyncio.to_thread(self._keep, asked, found.error)

    async def reported(self, name: str, score: float, error: str) -> bool | None:
        """An outcome from whoever asked; None when the id is none of ours."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        counted = await self.note(found["role"], int(found["version"]), found["conversation"], score, "reported")
        asked = self._recent.get(name)
        if score < 1 and asked is not None:
            await asyncio.to_thread(self._keep, asked, error or "reported as not right")
        return counted

    def _keep(self, asked: _Asked, error: str) -> None:
        if self.failures is None or not asked.keep:
            return
        text = text_of(asked.answer, streamed=asked.streamed)
        model = asked.model
        self.failures.keep(model.role, model.version, model.model, asked.messages, text, error)


class _Chat:
    """`POST /v1/chat/completions`, as a plain ASGI application: a stream passes through without a detour."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return  # in the middle of the request
        if isinstance(body, Response):
            await body(scope, receive, send)
            return
        async with _while_there(receive):
            await self._answered(request, body, scope, receive, send)

    async def _answered(
        self, request: Request, body: dict[str, Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        role = body.get("model")
        state = self._gateway.routes.roles().get(role) if isinstance(role, str) else None
        if state is None or state.champion is None:
            there = ", ".join(_served(self._gateway)) or "none yet"
            refused = _refusal(404, f"nothing serves {role!r}; there are: {there}", "model_not_found")
            await refused(scope, receive, send)
            return
        number = secrets.token_hex(16)
        conversation = conversation_of(request.headers, body) or number[16:]
        way = self._gateway.routes.way(state, conversation)
        try:
            model, reply = await self._gateway.answer(way, _forwarded(body))
        except TryLater as error:
            await _refusal(502, str(error), "no_answer")(scope, receive, send)
            return
        given_to = way.models[0]
        name = f"chatcmpl-{model.role}-{model.version}-{way.conversation}-{number[:16]}"
        asked = _Asked(
            model, way.conversation, body.get("messages") or [], reply.connection is not None, b"",
            keep=body.get("store") is not False and request.headers.get("x-voxel-keep") != "no",
        )  # fmt: skip
        try:
            answer = await self._relay(reply, name, model, send)
        except TryLater as error:
            self._gateway.say(f"{model.model} (version {model.version}) {error}")
            await self._gateway.note(given_to.role, given_to.version, way.conversation, 0.0, "no answer")
            await _break_off(str(error), send)
        else:
            if reply.status < 400:
                await self._gateway.given(name, asked._replace(answer=answer))
        finally:
            reply.close()

    async def _relay(self, reply: Reply, name: str, model: Deployment, send: Send) -> bytes:
        """Sends the answer on as it comes and returns it."""
        headers = [
            (b"content-type", reply.content_type.encode("latin-1")),
            (b"x-voxel-version", str(model.version).encode()),
            (b"x-voxel-answer", name.encode()),
        ]
        renamer = Renamer(reply.begun, name)
        begun = renamer.lines(reply.begun)
        if reply.connection is None:
            whole = begun + renamer.end()
            headers.append((b"content-length", str(len(whole)).encode()))
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            await send({"type": "http.response.body", "body": whole})
            return whole
        headers.append((b"cache-control", b"no-cache"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": begun, "more_body": True})
        kept, size, more = [begun], len(begun), True
        while more:
            chunk, more = await reply.rest()
            lines = renamer.lines(chunk) if more else renamer.lines(chunk) + renamer.end()
            if lines or not more:
                await send({"type": "http.response.body", "body": lines, "more_body": more})
                size += len(lines)
                if size <= MOST_KEPT:
                    kept.append(lines)
        return b"".join(kept)


@asynccontextmanager
async def _while_there(receive: Receive) -> AsyncIterator[None]:
    """Ends what is done in it, in silence, as soon as whoever asked has gone: no model need work for nobody."""
    task = asyncio.current_task()
    assert task is not None
    gone = asyncio.ensure_future(_hung_up(receive))
    gone.add_done_callback(lambda _: None if gone.cancelled() or over else task.cancel())
    over = False
    try:
        yield
    except asyncio.CancelledError:
        if not gone.done() or task.uncancel() > 0:
            raise
    finally:
        over = True
        gone.cancel()


async def _hung_up(receive: Receive) -> None:
    """Ends when whoever asked has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def _break_off(reason: str, send: Send) -> None:
    """All that is left for a stream that has begun: to say so, without the `[DONE]` of a whole one."""
    told = msgspec.json.encode({"error": {"message": reason, "type": "server_error", "code": "broke_off"}})
    # an empty line first: the last event may have come without the one that ends it
    await send({"type": "http.response.body", "body": b"\ndata: " + told + b"\n\n"})


async def _body(request: Request) -> dict[str, Any] | Response:
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MOST_REQUEST:
        return _refusal(413, f"a request has at most {MOST_REQUEST} bytes")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_REQUEST:
            return _refusal(413, f"a request has at most {MOST_REQUEST} bytes")
        parts.append(part)
    try:
        body = msgspec.json.decode(b"".join(parts))
    except (msgspec.DecodeError, RecursionError) as error:
        return _refusal(400, f"the body is not JSON: {error}")
    return body if isinstance(body, dict) else _refusal(400, "the body must be a JSON object")


def _forwarded(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request without what was meant for the gateway: services refuse metadata that they did not expect."""
    sent = dict(body)
    metadata = sent.get("metadata")
    if isinstance(metadata, dict) and "conversation_id" in metadata:
        rest = {name: value for name, value in metadata.items() if name != "conversation_id"}
        del sent["metadata"]
        if rest:
            sent["metadata"] = rest
    return sent


def _served(gateway: Gateway) -> dict[str, RoleState]:
    return {role: state for role, state in gateway.routes.roles().items() if state.champion is not None}


def _refusal(status: int, message: str, code: str | None = None) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return _json({"error": {"message": message, "type": kind, "param": None, "code": code}}, status)


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def application(gateway: Gateway) -> ASGIApp:
    """The ASGI application. Chats do not go through Starlette's layers, each of which would cost every token a call."""
    chat = _Chat(gateway)
    others = _others(gateway, chat)

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        asked = (scope["type"], scope.get("method"), scope.get("path"))
        await (chat if asked == ("http", "POST", _CHAT) else others)(scope, receive, send)

    return front


def _others(gateway: Gateway, chat: ASGIApp) -> Starlette:
    """What is asked now and then; it also refuses chats that are asked for in a wrong way."""

    async def models(_: Request) -> Response:
        served = _served(gateway)
        data = [{"id": role, "object": "model", "created": 0, "owned_by": "voxel"} for role in served]
        return _json({"object": "list", "data": data})

    async def health(_: Request) -> Response:
        roles = {}
        for role, state in _served(gateway).items():
            assert state.champion is not None
            trial = gateway.outcomes.trial(role, state)
            roles[role] = {
                "champion": state.champion.model,
                "version": state.champion.version,
                "challenger": state.canary.deployment.model if state.canary else None,
                "share": state.canary.share if state.canary else None,
                "evidence": trial.test.evidence if trial else None,
            }
        return _json({"status": "ok", "roles": roles})

    async def outcomes(request: Request) -> Response:
        body = await _body(request)
        if isinstance(body, Response):
            return body
        score = body.get("score", body.get("ok"))
        name = body.get("id")
        if not isinstance(name, str) or not isinstance(score, int | float) or not 0 <= score <= 1:
            return _refusal(400, "an outcome has the id of an answer, and ok (true or false) or a score from 0 to 1")
        counted = await gateway.reported(name, float(score), str(body.get("error") or ""))
        if counted is None:
            return _refusal(404, f"{name!r} is not the id of an answer of this gateway")
        return _json({"id": name, "counted": counted})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with gateway.open():
            yield

    return Starlette(
        routes=[
            Route(_CHAT, chat, methods=["POST"]),
            Route("/v1/models", models),
            Route("/v1/outcomes", outcomes, methods=["POST"]),
            Route("/healthz", health),
        ],
        lifespan=lifespan,
    )
