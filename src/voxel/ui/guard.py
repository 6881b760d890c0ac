"""Who may ask what: this machine under its own names, and whoever has the token may change things.

A page elsewhere can make a browser send requests here, and, by DNS rebinding, even read the answers, unless the Host
header is looked at. Changing anything takes a cookie that only the token gives, from a page of this very address.
"""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Wraps an application that is reached at `port` of the loopback interface."""

    def __init__(self, app: ASGIApp, *, port: int, token: str) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}
        self._token = token
        self.cookie = f"voxel_{port}"

    def knows(self, token: str) -> bool:
        """Whether this is the token, in a time that tells nothing about it."""
        return secrets.compare_digest(token.encode(), self._token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["voxel.guard"] = self
        scope["voxel.unlocked"] = unlocked = self.knows(self._cookie(headers))
        refused = self._refusal(headers, scope["method"], scope["path"], unlocked=unlocked)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await (refused or self._app)(scope, receive, sent)

    def _refusal(self, headers: Headers, method: str, path: str, *, unlocked: bool) -> ASGIApp | None:
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return PlainTextResponse("This page answers to 127.0.0.1 and localhost only.\n", 421)
        if method in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc not in self._hosts:
            return PlainTextResponse("This request comes from another page.\n", 403)
        if not unlocked and path != "/token":
            return PlainTextResponse("Changing things needs the token that `voxel ui` printed at start.\n", 403)
        return None

    def _cookie(self, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""
