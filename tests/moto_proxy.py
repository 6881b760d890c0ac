"""moto's server behind a proxy, for servers that look at requests, or break them, on their way."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from moto.backends import get_backend
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
SECRET = "aws-secret-key-that-must-not-be-shown"
Headers = list[tuple[str, str]]
_OF_A_CONNECTION = ("transfer-encoding", "connection", "content-length", "server", "date")


class MotoProxy:
    """Runs in threads of the test until `close`. `pass_on` serves each request, with `ask` and `answer`."""

    def __init__(self, pass_on: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        _, self._port = self._moto.get_host_and_port()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def _pass_on(self) -> None:
                pass_on(self)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _pass_on  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that was killed is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self, *services: Literal["bedrock", "s3"]) -> None:
        """Ends both servers and forgets what moto holds of these services."""
        self._server.shutdown()
        self._server.server_close()
        self._moto.stop()
        for service in services:
            get_backend(service).reset()

    def environment(self) -> dict[str, str]:
        """What leads a client here, with a secret that must not be shown."""
        return {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Headers, bytes]:
        """moto's own status, headers and content for this request."""
        upstream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        left_out = ("expect", "connection", "transfer-encoding", "content-length")
        headers = {key: value for key, value in handler.headers.items() if key.lower() not in left_out}
        upstream.request(handler.command, handler.path, body, {**headers, "Content-Length": str(len(body))})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), content

    def answer(self, handler: BaseHTTPRequestHandler, status: int, headers: Headers, content: bytes) -> None:
        """Sends that to the client."""
        handler.send_response(status)
        for name, value in headers:
            if name.lower() not in _OF_A_CONNECTION:
                handler.send_header(name, value)
        told = dict(headers).get("Content-Length") if handler.command == "HEAD" else None
        handler.send_header("content-length", told or str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
