"""Where the services are and which tokens open them: the only place of the network sources that reads the environment.

`GITHUB_TOKEN` holds one token or several with commas between them; `GITHUB_API_URL`, `GITHUB_SERVER_URL` (git and
LFS) and `GITHUB_RAW_URL` let a proxy or a test server stand in. A `.env` in the working directory fills in what the
environment lacks.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dotenv import dotenv_values

MASK = "[token]"
CONCURRENCY = 8
"""Requests at once, where nothing else is asked for."""


class Services:
    """Addresses without a slash at the end, and tokens that no text may hold."""

    def __init__(self, api: str, server: str, raw: str, tokens: tuple[str, ...] = ()) -> None:
        self.api = api.rstrip("/")
        self.server = server.rstrip("/")
        self.raw = raw.rstrip("/")
        self.tokens = tokens

    def __repr__(self) -> str:
        return f"Services({self.api}, {self.server}, {self.raw}, {len(self.tokens)} tokens)"

    def hide(self, text: str) -> str:
        """`text` without any of the tokens."""
        for token in self.tokens:
            text = text.replace(token, MASK)
        return text

    def hide_bytes(self, data: bytes) -> bytes:
        """The same for bytes."""
        for token in self.tokens:
            data = data.replace(token.encode(), MASK.encode())
        return data


def services_of_environment() -> Services:
    """From the environment, and from `.env` in the working directory."""
    known = {**dotenv_values(Path.cwd() / ".env"), **os.environ}

    def read(name: str, default: str) -> str:
        return known.get(name) or default

    tokens = tuple(dict.fromkeys(part.strip() for part in read("GITHUB_TOKEN", "").split(",") if part.strip()))
    server = read("GITHUB_SERVER_URL", "https://github.com")
    return Services(
        read("GITHUB_API_URL", "https://api.github.com"),
        server,
        read("GITHUB_RAW_URL", "https://raw.githubusercontent.com"),
        tokens,
    )


def public(url: str) -> str:
    """The URL without a name, a password or a token in it."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return url


def fingerprint(token: str | None) -> str:
    """Tells tokens apart without saying them: 12 hex digits of a sha256; empty for none."""
    return hashlib.sha256(b"voxel:" + token.encode()).hexdigest()[:12] if token else ""
