"""What the web answers, and what a download leaves; apart from `web`, whose client not every run needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Reply(NamedTuple):
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """After redirects."""
    token: str
    """The fingerprint of the token that was sent."""


class Arrival(NamedTuple):
    """What a download left on disk."""

    sha256: str
    size: int
    git: str
    """Git's name for the bytes, if they are as many as was expected."""


class Etag(NamedTuple):
    """An ETag, and the fingerprint of the token that it was given to: it means nothing to another."""

    value: str
    token: str
