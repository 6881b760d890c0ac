"""moto's Bedrock and S3 behind a proxy that runs actions at the points of a request, as `openai_server` does."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from moto.backends import get_backend
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
REGION = "us-west-2"
BUCKET = "voxel-training"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bedrock"
SECRET = "aws-secret-key-that-must-not-be-shown"
Action = Callable[[str], None]


class BrokenError(Exception):
    """Break the connection without an answer."""


class AwsServer:
    """Runs in threads of the test until `close`. `calls` holds `POST /model-customization-jobs` and the like."""

    def __init__(self) -> None:
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        _, self._port = self._moto.get_host_and_port()
        self.calls: list[str] = []
        self._actions: dict[tuple[str, str], list[Action]] = {}
        self.answers: dict[str, tuple[int, str, str]] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def _pass_on(self) -> None:
                outer._pass_on(self)

            do_GET = do_POST = do_PUT = do_HEAD = _pass_on  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that was killed is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        get_backend("s3")[ACCOUNT]["aws"].create_bucket(BUCKET, REGION)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._moto.stop()
        for service in ("s3", "bedrock"):
            get_backend(service).reset()

    @property
    def jobs(self) -> dict[str, Any]:
        """moto's own, by name."""
        held: dict[str, Any] = get_backend("bedrock")[ACCOUNT][REGION].model_customization_jobs
        return held

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BEDROCK_ROLE_ARN": ROLE,
            "BEDROCK_BUCKET": BUCKET,
        }

    def when(self, name: str, point: str, *actions: Action) -> None:
        """Each action serves one request with this name at this point: arrived, done, answered."""
        self._actions.setdefault((name, point), []).extend(actions)

    def refuse(self, name: str, status: int, code: str, message: str) -> None:
        """From now on this request is answered so, in place of moto's answer."""
        self.answers[name] = (status, code, message)

    def _act(self, name: str, point: str) -> None:
        with self._lock:
            waiting = self._actions.get((name, point))
            action = waiting.pop(0) if waiting else None
        if action is not None:
            action(name)

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        body = _read(handler)
        path = handler.path.partition("?")[0]
        name = f"{handler.command} /{'/'.join(path.strip('/').split('/')[:2])}"
        with self._lock:
            self.calls.append(name)
        try:
            self._act(name, "arrived")
            status, headers, answer = self.answers_for(name) or self._ask_moto(handler, body)
            self._act(name, "done")
        except BrokenError:
            handler.close_connection = True
            return
        handler.send_response(status)
        for key, value in headers:
            if key.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                handler.send_header(key, value)
        length = dict(headers).get("Content-Length") if handler.command == "HEAD" else None
        handler.send_header("content-length", length or str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)
        handler.wfile.flush()
        self._act(name, "answered")

    def answers_for(self, name: str) -> tuple[int, list[tuple[str, str]], bytes] | None:
        if name not in self.answers:
            return None
        status, code, message = self.answers[name]
        headers = [("content-type", "application/json"), ("x-amzn-errortype", code)]
        return status, headers, json.dumps({"message": message}).encode()

    def _ask_moto(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {key: value for key, value in handler.headers.items() if key.lower() not in ("expect", "connection")}
        headers.pop("Transfer-Encoding", None)
        headers["Content-Length"] = str(len(body))
        upstream.request(handler.command, handler.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), content


def _read(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("transfer-encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("content-length") or 0))
    parts = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        parts.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(parts)


def write_claude(path: Path, count: int = 32) -> Path:
    """A valid training file."""
    lines = [
        {
            "system": "You write Blender Python.",
            "messages": [
                {"role": "user", "content": f"Add cube number {number}."},
                {"role": "assistant", "content": f"import bpy\nbpy.ops.mesh.primitive_cube_add(size={number})\n"},
            ],
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
