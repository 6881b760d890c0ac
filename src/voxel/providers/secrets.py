"""Keeps keys out of everything that is shown, kept or logged."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "[hidden]"

_SHAPES = re.compile(
    r"sk-[A-Za-z0-9_\-*]{6,}"  # OpenAI, also as its own messages mask them
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"  # AWS access keys
    r"|\bBearer\s+[A-Za-z0-9._~+/\-]{8,}=*"
    r"|\bhf_[A-Za-z0-9]{20,}"
)


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` in one line, without the `secrets` (known ones of 6 characters and more, and anything shaped like a
    key).
    """
    line = " ".join(text.split())
    for secret in sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True):
        line = line.replace(secret, HIDDEN)
    return _SHAPES.sub(HIDDEN, line)
