"""moto's S3 behind a proxy that counts what goes through it and runs actions at the points of a request.

Like a real store, and unlike a plain proxy, it takes no object of which only a part has come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from moto.backends import get_backend
from tests.moto_proxy import ACCOUNT, SECRET, MotoProxy

__all__ = ["BUCKET", "SECRET", "S3Server"]

BUCKET = "voxel-storage"
Action = Callable[[], None]


class Request(NamedTuple):
    """One request that was answered."""

    kind: str
    """PUT, GET, HEAD, DELETE, LIST, PART, or another one's name in the query."""
    key: str
    sent: int
    received: int


class S3Server:
    """Runs in threads of the test until `close`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._waiting: list[tuple[str, str, str, Action]] = []
        self._lock = threading.Lock()
        self._proxy = MotoProxy(self._pass_on)
        self.empty()

    def close(self) -> None:
        self._proxy.close("s3")

    def empty(self) -> None:
        """A new, empty bucket."""
        get_backend("s3").reset()
        get_backend("s3")[ACCOUNT]["aws"].create_bucket(BUCKET, "us-east-1")
        self.requests.clear()

    @property
    def _bucket(self) -> Any:
        return get_backend("s3")[ACCOUNT]["aws"].buckets[BUCKET]

    def objects(self, folder: str = "") -> dict[str, bytes]:
        """What is there below a folder, by its name in it."""
        held = dict(self._bucket.keys.items())
        return {key.removeprefix(folder): held[key].value for key in held if key.startswith(folder)}

    def uploads(self) -> list[str]:
        """The keys of uploads in parts that have not ended."""
        return [each.key_name for each in self._bucket.multiparts.values()]

    def remove(self, key: str) -> None:
        get_backend("s3")[ACCOUNT]["aws"].delete_object(BUCKET, key)

    def environment(self) -> dict[str, str]:
        return self._proxy.environment()

    def when(self, kind: str, within: str, point: str, action: Action) -> None:
        """`action` serves one request of this kind whose key holds `within`, at this point of it.

        arriving: half of its body is here; arrived: all of it, and the store knows nothing; done: the store has
        settled it, and the client knows nothing.
        """
        with self._lock:
            self._waiting.append((kind, within, point, action))

    @property
    def waiting(self) -> int:
        """Actions that have not been needed yet."""
        return len(self._waiting)

    def _act(self, kind: str, key: str, point: str) -> None:
        with self._lock:
            found = next((one for one in self._waiting if (one[0], one[2]) == (kind, point) and one[1] in key), None)
            if found is not None:
                self._waiting.remove(found)
        if found is not None:
            found[3]()

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        kind, key = _named(handler)
        length = int(handler.headers.get("content-length") or 0)
        body = handler.rfile.read(length // 2)
        if length:
            self._act(kind, key, "arriving")
        body += handler.rfile.read(length - len(body))
        if len(body) < length:
            handler.close_connection = True
            return
        self._act(kind, key, "arrived")
        status, headers, answer = self._proxy.ask(handler, body)
        self._act(kind, key, "done")
        with self._lock:
            self.requests.append(Request(kind, key, len(body), len(answer)))
        self._proxy.answer(handler, status, headers, answer)


def _named(handler: BaseHTTPRequestHandler) -> tuple[str, str]:
    parts = urlsplit(handler.path)
    query = parse_qs(parts.query, keep_blank_values=True)
    _, _, key = unquote(parts.path).strip("/").partition("/")
    if "list-type" in query:
        return "LIST", query.get("prefix", [""])[0]
    if "uploads" in query:
        return f"{handler.command} uploads", key
    if "uploadId" in query:
        return "PART" if handler.command == "PUT" else f"{handler.command} upload", key
    return handler.command, key
