"""Stub models behind OpenAI's chat API, on a port of their own: `bench/gateway_stub.py [--tokens N] [--pause SECONDS]`.

What a model does is in its name: `fails` answers 500, `refuses` 400, `silent` ends before its first token, `breaks`
breaks off after two tokens, `echo` gives the last message back; every other one says its own name and then numbers.
Prints its port, then serves until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
from functools import lru_cache

import uvicorn
from starlette.types import Receive, Scope, Send


class Stub:
    """The ASGI application."""

    def __init__(self, tokens: int, pause: float) -> None:
        self._tokens, self._pause = tokens, pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        raw, more = b"", True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        body = json.loads(raw)
        model = str(body["model"])
        if model in ("fails", "refuses"):
            status = 500 if model == "fails" else 400
            await _whole(send, status, {"error": {"message": f"{model} on purpose", "type": "stub"}})
            return
        words = [f"{model} ", *(f"{number} " for number in range(1, self._tokens))]
        if model == "echo":
            words = [body["messages"][-1]["content"]]
        if body.get("stream"):
            await self._stream(send, model, words)
            return
        if model in ("silent", "breaks"):
            raise ConnectionResetError
        await asyncio.sleep(self._pause * len(words))
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        await _whole(send, 200, {"id": "chatcmpl-stub", "object": "chat.completion", "model": model, "created": 1,
                                 "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1,
                                                                "total_tokens": 2}})  # fmt: skip

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    async def _stream(self, send: Send, model: str, words: list[str]) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def give(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await give(_chunk(model, role="assistant", content=""))
        if model == "silent":
            raise ConnectionResetError
        for at, word in enumerate(words):
            await asyncio.sleep(self._pause)
            await give(_chunk(model, content=word))
            if model == "breaks" and at == 1:
                raise ConnectionResetError
        await send({"type": "http.response.body", "body": _chunk(model, "stop") + b"data: [DONE]\n\n"})


@lru_cache(1024)
def _chunk(model: str, reason: str | None = None, **delta: str) -> bytes:
    """One event of a stream. Kept, for what is measured are not the models."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {"id": "chatcmpl-stub", "object": "chat.completion.chunk", "model": model, "created": 1}
    return b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"


async def _whole(send: Send, status: int, content: object) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=5)
    parser.add_argument("--pause", type=float, default=0.0)
    given = parser.parse_args()
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(Stub(given.tokens, given.pause), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
