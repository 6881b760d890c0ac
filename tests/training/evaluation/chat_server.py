"""An OpenAI-compatible server that answers as a test wants and remembers what it was asked."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable
from typing import Any

Messages = list[dict[str, Any]]


class ChatServer:
    """Listens until closed. `reply` makes the answer from the messages; an int is the HTTP status of a refusal."""

    def __init__(self, reply: Callable[[Messages], str | int]) -> None:
        self.reply = reply
        self.asked: list[Messages] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.asked.append(body["messages"])
                answer = outer.reply(body["messages"])
                if isinstance(answer, int):
                    self._send(answer, {"error": {"message": "refused", "type": "invalid_request_error"}})
                    return
                self._send(
                    200,
                    {
                        "id": "chatcmpl-1",
                        "object": "chat.completion",
                        "created": 1,
                        "model": body["model"],
                        "choices": [
                            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}
                        ],
                        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                    },
                )

            def _send(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
