"""A fine-tuning service that speaks OpenAI's API over real HTTP: files, jobs, events, checkpoints, models, every state.

Every object that it sends is first read by the SDK's own pydantic types, strictly, so that it cannot drift from the
API. `when(point, action)` runs an action when a request reaches a point: "arrived" (nothing done yet), "done"
(carried out, not answered), "answered". An action may kill the client, delay, or raise `DropError` to break the
connection.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from openai.types import FileObject, Model
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

KEY = "sk-test-0123456789abcdefSECRET"
Action = Callable[["Call"], None]


class DropError(Exception):
    """Break the connection without an answer."""


class AnswerError(Exception):
    """Answer with this in place of the usual."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers or {}


def api_error(status: int, message: str, code: str | None = None, kind: str = "invalid_request_error") -> AnswerError:
    """As the API words it."""
    return AnswerError(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})


class Call:
    """One request, as actions see it."""

    def __init__(self, method: str, path: str, body: dict[str, Any]) -> None:
        self.method, self.path, self.body = method, path, body

    @property
    def name(self) -> str:
        """`POST /fine_tuning/jobs`, without identifiers."""
        return f"{self.method} {re.sub(r'(ftjob|file)-[^/]+', '*', self.path)}"


class OpenAIServer:
    """Runs in threads of the test until `close`."""

    def __init__(self, *, keeps_metadata: bool = True, prefix: str = "/v1", page: int = 100) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.checkpoints: dict[str, list[dict[str, Any]]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.prefix, self.keeps_metadata, self.page = prefix, keeps_metadata, page
        self.file_status = "processed"
        self.organization = "org-test"
        self._ids = itertools.count(1)
        self._actions: dict[tuple[str, str], list[Action]] = {}
        self.lock = threading.RLock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def _serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_DELETE = _serve  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that was killed is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{prefix}"
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.add_model("gpt-3.5-turbo")
        self.add_model("gpt-4.1-mini-2025-04-14")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- what tests say ---------------------------------------------------------------------------------------------

    def when(self, name: str, point: str, *actions: Action) -> None:
        """Each action serves one request with this name at this point."""
        self._actions.setdefault((name, point), []).extend(actions)

    def count(self, name: str) -> int:
        return self.calls.count(name)

    def add_model(self, name: str, shutdown_date: str | None = None) -> None:
        model = {"id": name, "object": "model", "created": 1, "owned_by": "openai", "shutdown_date": shutdown_date}
        self.models[name] = checked(Model, model)

    def set_state(self, job_id: str, status: str, **changes: Any) -> None:
        with self.lock:
            job = {**self.jobs[job_id], "status": status, **changes}
            self.jobs[job_id] = job if status not in _STATES else checked(FineTuningJob, job)

    def add_event(self, job_id: str, message: str, data: dict[str, Any] | None = None) -> None:
        event = {
            "id": f"ftevent-{next(self._ids)}",
            "object": "fine_tuning.job.event",
            "created_at": int(time.time()),
            "level": "info",
            "message": message,
            "type": "metrics" if data else "message",
            "data": data or {},
        }
        self.events[job_id].append(checked(FineTuningJobEvent, event))

    def add_checkpoint(self, job_id: str, step: int, **metrics: float) -> None:
        held = {
            "id": f"ftckpt_{next(self._ids)}",
            "object": "fine_tuning.job.checkpoint",
            "created_at": int(time.time()),
            "fine_tuned_model_checkpoint": f"ft:model:org::x:ckpt-step-{step}",
            "fine_tuning_job_id": job_id,
            "step_number": step,
            "metrics": {"step": float(step), **metrics},
        }
        self.checkpoints[job_id].append(checked(FineTuningJobCheckpoint, held))

    # -- serving ----------------------------------------------------------------------------------------------------

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length", 0))
        raw = handler.rfile.read(length)
        parts = urlsplit(handler.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path.removeprefix(self.prefix))
        call = Call(handler.command, path, _body(raw, handler.headers.get("content-type", "")))
        with self.lock:
            self.calls.append(call.name)
        try:
            self._act(call, "arrived")
            if handler.headers.get("authorization") != f"Bearer {KEY}" and handler.headers.get("api-key") != KEY:
                sent = handler.headers.get("authorization", "")
                raise api_error(401, f"Incorrect API key provided: {sent}.", "invalid_api_key")
            with self.lock:
                body = self._carry_out(call, query)
            self._act(call, "done")
            status, headers = 200, {}
        except AnswerError as answer:
            status, body, headers = answer.status, answer.body, answer.headers
        except DropError:
            handler.close_connection = True
            return
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(encoded)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(encoded)
        handler.wfile.flush()
        self._act(call, "answered")

    def _act(self, call: Call, point: str) -> None:
        with self.lock:
            waiting = self._actions.get((call.name, point))
            action = waiting.pop(0) if waiting else None
        if action is not None:
            action(call)

    def _carry_out(self, call: Call, query: dict[str, str]) -> Any:
        words = call.path.strip("/").split("/")
        match call.method, words:
            case "GET", ["models", name]:
                if name not in self.models:
                    raise api_error(404, f"The model '{name}' does not exist", "model_not_found")
                return self.models[name]
            case "POST", ["files"]:
                return self._add_file(call.body)
            case "GET", ["files"]:
                held = [
                    file for file in self.files.values() if file["purpose"] == query.get("purpose", file["purpose"])
                ]
                return _listed(held[::-1], query, 10_000)
            case "GET", ["files", name]:
                return self.files[name]
            case "POST", ["fine_tuning", "jobs"]:
                return self.make_job(call.body)
            case "GET", ["fine_tuning", "jobs"]:
                jobs = [job for job in reversed(self.jobs.values()) if _fits(job, query)]
                return _listed(jobs, query, self.page)
            case _, ["fine_tuning", "jobs", name, *rest]:
                if name not in self.jobs:
                    raise api_error(404, f"Could not find fine tune: {name}", "fine_tune_not_found")
                return self._of_job(call.method, name, rest, query)
        raise api_error(404, f"Invalid URL ({call.method} {call.path})")

    def _of_job(self, method: str, name: str, rest: list[str], query: dict[str, str]) -> Any:
        match method, rest:
            case "GET", []:
                return self.jobs[name]
            case "GET", ["events"]:
                return _listed(self.events[name][::-1], query, 100)
            case "GET", ["checkpoints"]:
                return _listed(self.checkpoints[name], query, 100)
            case "POST", ["cancel"]:
                if self.jobs[name]["status"] in ("succeeded", "failed", "cancelled"):
                    raise api_error(400, f"Job has already completed: {name}")
                self.set_state(name, "cancelled", finished_at=int(time.time()))
                return self.jobs[name]
        raise api_error(404, "Invalid URL")

    def _add_file(self, body: dict[str, Any]) -> dict[str, Any]:
        name, content = body["file"]
        file = {
            "id": f"file-{next(self._ids)}",
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": name,
            "purpose": body["purpose"],
            "status": self.file_status,
        }
        if self.file_status in ("uploaded", "processed", "error"):
            file = checked(FileObject, file)
        self.files[file["id"]] = file
        self.contents[file["id"]] = content
        return file

    def make_job(self, body: dict[str, Any]) -> dict[str, Any]:
        for key in ("training_file", "validation_file"):
            if body.get(key) is not None and body[key] not in self.files:
                raise api_error(400, f"invalid {key}: {body[key]}", "invalid_file")
        job = {
            "id": f"ftjob-{next(self._ids)}",
            "object": "fine_tuning.job",
            "created_at": int(time.time()),
            "model": body["model"],
            "organization_id": self.organization,
            "result_files": [],
            "status": "validating_files",
            "seed": body.get("seed", 7),
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "hyperparameters": body["method"]["supervised"]["hyperparameters"],
            "method": body["method"],
            "metadata": body.get("metadata") if self.keeps_metadata else None,
        }
        job = checked(FineTuningJob, job)
        self.jobs[job["id"]] = job
        self.events[job["id"]] = []
        self.checkpoints[job["id"]] = []
        self.add_event(job["id"], f"Created fine-tuning job: {job['id']}")
        return job


_STATES = ("validating_files", "queued", "running", "succeeded", "failed", "cancelled")


def checked(kind: Any, value: dict[str, Any]) -> dict[str, Any]:
    """`value`, which the SDK's type accepts in strict mode and knows every key of."""
    kind.model_validate(value, strict=True)
    unknown = set(value) - set(kind.model_fields)
    assert not unknown, f"{kind.__name__} has no {unknown}"
    return value


def _fits(job: dict[str, Any], query: dict[str, str]) -> bool:
    wanted = {key[9:-1]: value for key, value in query.items() if key.startswith("metadata[")}
    return all((job["metadata"] or {}).get(key) == value for key, value in wanted.items())


def _listed(objects: list[dict[str, Any]], query: dict[str, str], most: int) -> dict[str, Any]:
    after = query.get("after")
    names = [held["id"] for held in objects]
    start = names.index(after) + 1 if after in names else 0
    size = min(int(query.get("limit", 20)), most)
    page = objects[start : start + size]
    return {
        "object": "list",
        "data": page,
        "has_more": start + size < len(objects),
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def _body(raw: bytes, kind: str) -> dict[str, Any]:
    if not raw:
        return {}
    if kind.startswith("application/json"):
        held: dict[str, Any] = json.loads(raw)
        return held
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + raw)
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        fields[name] = (part.get_filename(), content) if part.get_filename() else content.decode()
    return fields


def write_openai(path: Path, count: int = 12, word: str = "cube") -> Path:
    """A valid training file."""
    lines = [
        {
            "messages": [
                {"role": "system", "content": "You write Blender Python."},
                {"role": "user", "content": f"Add {word} number {number}."},
                {"role": "assistant", "content": f"import bpy\nbpy.ops.mesh.primitive_{word}_add(size={number})\n"},
            ]
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
