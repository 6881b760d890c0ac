"""The models that are deployed now, for programs that use them.

    from voxel import models

    builder = models.for_role("builder")
    answer = builder.chat.completions.create(messages=[{"role": "user", "content": "Model a mug."}])
    print(answer.choices[0].message.content)
    builder.report(answer.id, ok=False, error="AttributeError: ...")

The calls are those of OpenAI's client, so far as they are needed for chat. They go to the gateway (`voxel deploy
serve`), which asks whatever serves the role at that moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace, TracebackType
from typing import Any, Literal, Self, overload

import httpx

from voxel.errors import TryLater, UsageError
from voxel.records.prompt import system_prompt
from voxel.records.roles import ROLES, Role

GATEWAY = "http://127.0.0.1:8400/v1"
"""Where `voxel deploy serve` answers unless it was told otherwise."""

Message = Mapping[str, Any]


class Client:
    """One role behind a gateway. Used by one thread at a time; closed by `close` or `with`."""

    def __init__(self, gateway: str, role: Role, *, timeout: float = 120.0) -> None:
        """`timeout` is in seconds, for each piece of an answer."""
        self.role = role
        self._http = httpx.Client(base_url=gateway.rstrip("/"), timeout=timeout)
        self.chat = SimpleNamespace(completions=Completions(self._http, role))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def ask(self, instruction: str, *, conversation: str = "") -> str:
        """The answer to one instruction, asked in the words that the role's model was trained with."""
        messages = [{"role": "system", "content": system_prompt(self.role)}, {"role": "user", "content": instruction}]
        more = {"user": conversation} if conversation else {}
        return str(self.chat.completions.create(messages=messages, **more).choices[0].message.content)

    def report(self, answer_id: str, *, ok: bool, error: str = "") -> bool:
        """Tells the gateway how an answer did; whether it counts for a challenger on trial. UsageError, TryLater."""
        with _reached():
            response = self._http.post("/outcomes", json={"id": answer_id, "ok": ok, "error": error})
        return bool(_checked(response)["counted"])


class Completions:
    """`client.chat.completions`."""

    def __init__(self, http: httpx.Client, role: str) -> None:
        self._http = http
        self._role = role

    @overload
    def create(self, *, messages: Sequence[Message], stream: Literal[False] = False, **more: Any) -> Any: ...

    @overload
    def create(self, *, messages: Sequence[Message], stream: Literal[True], **more: Any) -> Iterator[Any]: ...

    def create(self, *, messages: Sequence[Message], stream: bool = False, **more: Any) -> Any:
        """An answer, or with `stream` its chunks, with the attributes that OpenAI's client gives them.

        `more` are further fields of the request, such as `temperature` or `user`. UsageError where the request is
        refused, TryLater where no gateway or no model answers.
        """
        body = {**more, "model": self._role, "messages": list(messages), "stream": stream}
        if stream:
            return self._chunks(body)
        with _reached():
            response = self._http.post("/chat/completions", json=body)
        return _object(_checked(response))

    def _chunks(self, body: Mapping[str, Any]) -> Iterator[Any]:
        with _reached(), self._http.stream("POST", "/chat/completions", json=body) as response:
            if response.status_code >= 400:
                response.read()
                _checked(response)
            for line in response.iter_lines():
                if not line.startswith("data:") or line.endswith("[DONE]"):
                    continue
                chunk = json.loads(line[5:])
                if "error" in chunk:
                    raise TryLater(str(chunk["error"].get("message", chunk["error"])))
                yield _object(chunk)


def for_role(role: str, *, gateway: str = GATEWAY, timeout: float = 120.0) -> Client:
    """A client for what serves `role` now, and for whatever serves it later. UsageError for what is no role."""
    known = next((each for each in ROLES if each == role), None)
    if known is None:
        raise UsageError(f"{role!r} is not a role; the roles are {', '.join(ROLES)}")
    return Client(gateway, known, timeout=timeout)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise TryLater(f"the gateway does not answer ({error}); start it with: voxel deploy serve") from error


def _checked(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = {"error": {"message": response.text[:300]}}
    if response.status_code < 400 and isinstance(body, dict):
        return body
    told = body.get("error", {}) if isinstance(body, dict) else {}
    message = str(told.get("message", body)) if isinstance(told, dict) else str(told)
    if response.status_code >= 500 or response.status_code == 429:
        raise TryLater(message)
    raise UsageError(message)


def _object(value: Any) -> Any:
    """The same with attributes in place of keys."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: _object(each) for name, each in value.items()})
    return [_object(each) for each in value] if isinstance(value, list) else value


__all__ = ["GATEWAY", "Client", "for_role"]
