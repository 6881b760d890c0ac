"""Trained roles behind an OpenAI-compatible endpoint on this machine: `/v1/models`, `/v1/chat/completions`.

One base model is held once, whatever the number of adapters on it; each role is a model name. Requests are answered
one at a time: a small model on a processor gains nothing from more. On a GPU with vLLM installed its own server does
this better: `vllm serve BASE --enable-lora --lora-modules builder=ADAPTER`. Meant for this machine and a trusted
network: there are no keys.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from voxel.errors import BadInput, MissingExtra, SetupError, UsageError
from voxel.providers.local.base_models import base_of

MOST_BYTES = 4_000_000
MOST_TOKENS = 1024
"""Of an answer, where the request names no number."""


class Question(NamedTuple):
    """A request that was understood."""

    model: str
    messages: list[dict[str, str]]
    max_tokens: int
    temperature: float
    top_p: float
    stream: bool
    seed: int | None


class Models:
    """The models behind the names; an adapter, or a whole model, for each. BadInput for a folder that is neither."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        try:
            import peft  # noqa: F401
            import torch
            import transformers
        except ImportError as error:
            raise MissingExtra("serving a model on this machine", "local") from error
        transformers.utils.logging.disable_progress_bar()
        self.folders = dict(folders)
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}
        self._tokenizers: dict[str, Any] = {}
        self._base_of = {name: base_of(folder) for name, folder in self.folders.items()}
        for name in self.folders:
            self._load(name)

    def _load(self, name: str) -> None:
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder, base = self.folders[name], self._base_of[name]
        self._tokenizers[name] = AutoTokenizer.from_pretrained(folder)
        held = self._loaded.get(base)
        if base == str(folder):
            if held is None:
                self._loaded[base] = self._plain(AutoModelForCausalLM, base)
        elif isinstance(held, PeftModel):
            held.load_adapter(str(folder), adapter_name=name)
        else:
            held = self._plain(AutoModelForCausalLM, base) if held is None else held
            self._loaded[base] = PeftModel.from_pretrained(held, str(folder), adapter_name=name).eval()

    def _plain(self, kind: Any, base: str) -> Any:
        half = self._torch.bfloat16 if self._device == "cuda" else self._torch.float32
        return kind.from_pretrained(base, dtype=half).to(self._device).eval()

    def answer(self, question: Question) -> Iterator[tuple[str, int, int]]:
        """Pieces of text, each with the tokens of the prompt and those made so far. One caller at a time; others
        wait.
        """
        from transformers import TextIteratorStreamer

        tokenizer = self._tokenizers[question.model]
        base = self._base_of[question.model]
        model = self._loaded[base]
        with self._lock:
            if base != str(self.folders[question.model]):
                model.set_adapter(question.model)
            tokens = tokenizer.apply_chat_template(
                question.messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(self._device)
            asked = int(tokens["input_ids"].shape[1])
            made: list[int] = []
            streamer = _Counting(TextIteratorStreamer, tokenizer, made)
            warm = question.temperature > 0
            if question.seed is not None:
                self._torch.manual_seed(question.seed)
            settings = {"temperature": question.temperature, "top_p": question.top_p} if warm else {}
            failures: list[Exception] = []

            def make() -> None:
                try:
                    model.generate(
                        **tokens,
                        **settings,
                        do_sample=warm,
                        max_new_tokens=question.max_tokens,
                        streamer=streamer,
                        pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
                    )
                except Exception as error:  # noqa: BLE001  (told to whoever asked, below)
                    failures.append(error)
                finally:
                    streamer.end()  # else the loop below would wait for ever

            worker = threading.Thread(target=make)
            worker.start()
            for piece in streamer:
                yield piece, asked, len(made)
            worker.join()
            if failures:
                said = " ".join(str(failures[0]).split())[:200]
                raise BadInput(f"the model broke on this request ({type(failures[0]).__name__}: {said})")


def _Counting(kind: Any, tokenizer: Any, made: list[int]) -> Any:  # noqa: N802  (makes an instance of a class that is known only here)
    """A streamer that leaves out the prompt and notes every token in `made`."""

    class Counting(kind):  # type: ignore[misc]  # its library carries no types
        def put(self, value: Any) -> None:
            if not self.next_tokens_are_prompt:
                made.extend(int(token) for token in value.reshape(-1))
            super().put(value)

    return Counting(tokenizer, skip_prompt=True, skip_special_tokens=True)


def serve(folders: Mapping[str, Path], *, host: str = "127.0.0.1", port: int = 8321) -> ThreadingHTTPServer:
    """Loads the models and returns a server that listens; call its `serve_forever`. SetupError when the port is
    taken.
    """
    models = Models(folders)

    class Handler(_Handler):
        held = models

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}; take another --port") from error
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    held: Models
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Questions are nobody's business."""

    def do_GET(self) -> None:
        """The names."""
        if self.path.rstrip("/") != "/v1/models":
            self._refuse(404, f"there is no {self.path}")
            return
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "voxel"} for name in self.held.folders]
        self._send(200, {"object": "list", "data": data})

    def do_POST(self) -> None:
        """An answer."""
        length = int(self.headers.get("content-length") or 0)
        if length > MOST_BYTES:
            self.close_connection = True
            self._refuse(413, f"a request has at most {MOST_BYTES} bytes")
            return
        raw = self.rfile.read(length)
        if self.path.rstrip("/") != "/v1/chat/completions":
            self._refuse(404, f"there is no {self.path}")
            return
        try:
            question = understood(raw, self.held.folders)
        except KeyError as error:
            self._refuse(
                404, f"the model {error} does not exist; there are {', '.join(self.held.folders)}", "model_not_found"
            )
            return
        except UsageError as error:
            self._refuse(400, str(error))
            return
        name, created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
        try:
            if question.stream:
                self._stream(question, name, created)
            else:
                self._whole(question, name, created)
        except BadInput as error:
            if question.stream:
                self.close_connection = True  # the answer has begun: all that is left is to break it off
            else:
                self._refuse(500, str(error))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has gone; the answer was made to its end

    def _whole(self, question: Question, name: str, created: int) -> None:
        pieces = list(self.held.answer(question))
        asked, made = pieces[-1][1:] if pieces else (0, 0)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "".join(piece[0] for piece in pieces)},
            "finish_reason": "length" if made >= question.max_tokens else "stop",
        }
        usage = {"prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made}
        body = {"id": name, "object": "chat.completion", "created": created, "model": question.model}
        self._send(200, {**body, "choices": [choice], "usage": usage})

    def _stream(self, question: Question, name: str, created: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        body = {"id": name, "object": "chat.completion.chunk", "created": created, "model": question.model}

        def send(delta: dict[str, str], reason: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            self.wfile.write(b"data: " + json.dumps({**body, "choices": [choice]}).encode() + b"\n\n")

        made = 0
        send({"role": "assistant", "content": ""})
        answer = self.held.answer(question)
        try:
            for piece, _, count in answer:
                made = count
                if piece:
                    send({"content": piece})
        finally:
            for _ in answer:  # a client that hung up must not leave the model at work unseen
                continue
        send({}, "length" if made >= question.max_tokens else "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _refuse(self, status: int, message: str, code: str | None = None) -> None:
        self._send(
            status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
        )

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def understood(raw: bytes, names: Mapping[str, Path]) -> Question:
    """The request. KeyError for a model that is not there, UsageError for anything else."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise UsageError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        raise UsageError("messages must be a list that is not empty")
    messages = []
    for index, message in enumerate(body["messages"]):
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        if not isinstance(content, str) or message.get("role") not in ("system", "developer", "user", "assistant"):
            raise UsageError(f"messages[{index}] must have a role (system, user, assistant) and text as content")
        role = "system" if message["role"] == "developer" else message["role"]
        messages.append({"role": role, "content": content})
    if body.get("model") not in names:
        raise KeyError(body.get("model"))
    most = body.get("max_completion_tokens") or body.get("max_tokens") or MOST_TOKENS
    warmth, share, seed = body.get("temperature"), body.get("top_p"), body.get("seed")
    warmth = 0.0 if warmth is None else warmth
    share = 1.0 if share is None else share
    if not isinstance(most, int) or not 1 <= most <= 32_768:
        raise UsageError("max_tokens must be between 1 and 32768")
    if not isinstance(warmth, int | float) or not 0 <= warmth <= 2:
        raise UsageError("temperature must be between 0 and 2")
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise UsageError("top_p must be above 0 and at most 1")
    if seed is not None and not (isinstance(seed, int) and 0 <= seed < 2**63):
        raise UsageError("seed must be a whole number from 0 to 2**63 - 1")
    if body.get("n") not in (None, 1):
        raise UsageError("n can only be 1")
    return Question(
        model=body["model"],
        messages=messages,
        max_tokens=most,
        temperature=float(warmth),
        top_p=float(share),
        stream=bool(body.get("stream")),
        seed=seed,
    )
