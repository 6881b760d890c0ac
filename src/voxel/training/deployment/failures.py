"""Answers that did not do, kept so that they can be mended: `deployment/failures/<id>.json`.

Nothing private is meant to stay: `scrub` takes home folders, addresses and tokens out, values of known keys and what
stands beside words such as `password` go as well. The folder has a limit; the oldest failures that
are not mended make room.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.errors import SetupError, UsageError
from voxel.records.deployment import Failure
from voxel.stages import DataDir, write_atomic

MOST_FAILURES = 2000
MOST_LETTERS = 40_000
"""Of one answer, and of all messages of one conversation together; longer ones are not kept."""
SHORTEST_SECRET = 6
_BESIDE = re.compile(
    r"(?i)(\b(?:[\w-]*api[_-]?key|[\w-]*token|[\w-]*secret|password|passwd|authorization)\b[\"']?\s*[=:]\s*)"
    r"(\"[^\"\n]{6,}\"|'[^'\n]{6,}'|(?:bearer\s+)?[^\s\"',;)]{6,})"
)
_BEARER = re.compile(r"(?i)\bbearer\s+[\w.~+/-]{8,}=*")


class Failures:
    """The folder of failures."""

    def __init__(
        self,
        data: DataDir,
        *,
        scrub: Callable[[str], str] = str,
        secrets: Iterable[str] = (),
        most: int = MOST_FAILURES,
    ) -> None:
        self.folder = data.deployment / "failures"
        self._scrub = scrub
        self._secrets = sorted({one for one in secrets if len(one) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._most = most

    def keep(
        self, role: str, version: int, model: str, messages: Sequence[Any], answer: str, error: str
    ) -> Failure | None:
        """Keeps one, scrubbed; None when it is too long, or there already."""
        said = tuple(
            {"role": str(one.get("role", "")), "content": self.clean(_words(one.get("content")))}
            for one in messages
            if isinstance(one, dict)
        )
        if max(sum(len(one["content"]) for one in said), len(answer)) > MOST_LETTERS:
            return None
        answer = self.clean(answer)
        digest = hashlib.sha256(msgspec.json.encode([role, said, answer])).hexdigest()[:16]
        if self.path(digest).exists():
            return None
        made = Failure(
            id=digest,
            at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            role=role,
            version=version,
            model=model,
            messages=said,
            answer=answer,
            error=self.clean(error)[:2000],
        )
        self._make_room()
        self.put(made)
        return made

    def clean(self, text: str) -> str:
        """The text without anything private."""
        for secret in self._secrets:
            text = text.replace(secret, "removed")
        text = _BEARER.sub("Bearer removed", _BESIDE.sub(r'\1"removed"', text))
        return self._scrub(text)

    def put(self, failure: Failure) -> None:
        """Writes one, in place of what it was before."""
        write_atomic(self.path(failure.id), msgspec.json.format(msgspec.json.encode(failure)) + b"\n")

    def path(self, name: str) -> Path:
        """The file of a failure."""
        return self.folder / f"{name}.json"

    def all(self) -> list[Failure]:
        """Every failure, the oldest first. SetupError for a file that cannot be read."""
        return sorted((self._read(path) for path in self.folder.glob("*.json")), key=lambda one: (one.at, one.id))

    def get(self, name: str) -> Failure:
        """The failure whose id begins so. UsageError when it is none, or several."""
        found = sorted(self.folder.glob(f"{name}*.json")) if re.fullmatch(r"[0-9a-f]{1,16}", name) else []
        if len(found) != 1:
            several = "is the beginning of several" if found else "is no id"
            raise UsageError(f"{name!r} {several}; see: voxel failures list")
        return self._read(found[0])

    def _read(self, path: Path) -> Failure:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Failure)
        except (OSError, msgspec.DecodeError) as error:
            raise SetupError(f"{path} cannot be read ({error}); delete it") from error

    def _make_room(self) -> None:
        held = list(self.folder.glob("*.json"))
        if len(held) < self._most:
            return
        spare = [one for one in self.all() if one.state != "mended"]
        for one in spare[: len(held) - self._most + 1]:
            self.path(one.id).unlink(missing_ok=True)


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
