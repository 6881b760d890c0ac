"""moto's Bedrock and S3 behind a proxy that runs actions at the points of a request, as `openai_server` does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from moto.backends import get_backend
from tests.moto_proxy import ACCOUNT, SECRET, Headers, MotoProxy

__all__ = ["BUCKET", "ROLE", "SECRET", "AwsServer", "BrokenError", "write_claude"]

REGION = "us-west-2"
BUCKET = "voxel-training"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bedrock"
Action = Callable[[str], None]


class BrokenError(Exception):
    """Break the connection without an answer."""


class AwsServer:
    """Runs in threads of the test until `close`. `calls` holds `POST /model-customization-jobs` and the like."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._actions: dict[tuple[str, str], list[Action]] = {}
        self.answers: dict[str, tuple[int, str, str]] = {}
        self._lock = threading.Lock()
        self._proxy = MotoProxy(self._pass_on)
        get_backend("s3")[ACCOUNT]["aws"].create_bucket(BUCKET, REGION)

    def close(self) -> None:
        self._proxy.close("s3", "bedrock")

    @property
    def jobs(self) -> dict[str, Any]:
        """moto's own, by name."""
        held: dict[str, Any] = get_backend("bedrock")[ACCOUNT][REGION].model_customization_jobs
        return held

    def environment(self) -> dict[str, str]:
        return self._proxy.environment() | {"AWS_REGION": REGION, "BEDROCK_ROLE_ARN": ROLE, "BEDROCK_BUCKET": BUCKET}

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
            status, headers, answer = self.answers_for(name) or self._proxy.ask(handler, body)
            self._act(name, "done")
        except BrokenError:
            handler.close_connection = True
            return
        self._proxy.answer(handler, status, headers, answer)
        self._act(name, "answered")

    def answers_for(self, name: str) -> tuple[int, Headers, bytes] | None:
        if name not in self.answers:
            return None
        status, code, message = self.answers[name]
        headers = [("content-type", "application/json"), ("x-amzn-errortype", code)]
        return status, headers, json.dumps({"message": message}).encode()


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
