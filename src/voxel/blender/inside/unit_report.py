"""Reads what the runner of a script reported; runs in Blender's Python, outside the script's process."""

from __future__ import annotations

import json
from typing import Any


def read_report(data: bytes, nonce: str) -> dict[str, Any]:
    """What the runner said, line by line. A line without the nonce, or out of order, counts as forged."""
    plan, end, blocked, syntax = None, None, None, None
    done: list[dict[str, Any]] = []
    inner: dict[int, dict[str, Any]] = {}
    forged = False
    prefix = nonce.encode() + b" "
    lines = data.split(b"\n")
    for number, line in enumerate(lines):
        if number == len(lines) - 1:
            forged = forged or (bool(line) and not prefix.startswith(line[: len(prefix)]))
            break
        if not line.startswith(prefix):
            forged = True
            continue
        try:
            message = json.loads(line[len(prefix) :])
        except (ValueError, RecursionError):
            forged = True
            continue
        kind = message.get("t") if isinstance(message, dict) else None
        if kind == "plan" and plan is None:
            plan = message
        elif kind == "did" and plan is not None and end is None and message.get("i") == len(done) and _plain(message):
            done.append(message)
        elif kind == "err" and plan is not None and end is None and _plain(message) and message.get("n") not in inner:
            inner[message["n"]] = message
        elif kind == "blocked":
            blocked = blocked or message
        elif kind == "syntax" and plan is None:
            syntax = message["error"]
        elif kind == "end" and end is None and plan is not None:
            end = message
        else:
            forged = True
    return {
        "plan": plan,
        "done": done,
        "inner": list(inner.values()),
        "end": end,
        "blocked": blocked,
        "syntax": syntax,
        "forged": forged,
    }


def _plain(message: dict[str, Any]) -> bool:
    """Whether a statement's record has the shape that the runner gives it."""
    error = message.get("error")
    shaped = error is None or (
        isinstance(error, dict)
        and isinstance(error.get("kind"), str)
        and isinstance(error.get("message"), str)
        and isinstance(error.get("line"), int)
        and isinstance(error.get("source"), int)
    )
    counted = isinstance(message.get("reached", 0), int) and isinstance(message.get("n", 0), int)
    return shaped and counted and isinstance(message.get("api"), bool)
