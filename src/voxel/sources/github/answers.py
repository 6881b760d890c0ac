"""GitHub's answers, as far as they are used here. The fields are those of its OpenAPI description."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from voxel.errors import SetupError, TryLater
from voxel.sources.replies import Reply
from voxel.sources.rows import Found

Answer = TypeVar("Answer")


class Licence(msgspec.Struct):
    spdx_id: str | None = None


class RepositoryAnswer(msgspec.Struct):
    id: int
    full_name: str
    html_url: str = ""
    default_branch: str = ""
    stargazers_count: int | None = None
    license: Licence | None = None
    pushed_at: str | None = None

    def found(self) -> Found:
        """The same in the book's words; NOASSERTION says nothing."""
        spdx = (self.license.spdx_id if self.license else None) or ""
        return Found(
            name=self.full_name,
            number=self.id,
            url=self.html_url,
            branch=self.default_branch,
            stars=self.stargazers_count,
            licence="" if spdx in ("NOASSERTION", "NONE") else spdx,
            pushed=self.pushed_at or "",
        )


class SearchAnswer(msgspec.Struct):
    total_count: int
    incomplete_results: bool
    items: list[RepositoryAnswer]


class TreeEntry(msgspec.Struct):
    path: str
    mode: str
    type: str
    sha: str
    size: int = 0


class TreeAnswer(msgspec.Struct):
    sha: str
    truncated: bool
    tree: list[TreeEntry]


class Refusal(msgspec.Struct):
    message: str = ""


def read(reply: Reply, kind: type[Answer]) -> Answer:
    """The body as `kind`. TryLater when it is not that, as when a proxy answers in GitHub's place."""
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TryLater(f"an answer that is not GitHub's: {str(error)[:100]}") from None


def refusal(reply: Reply) -> str:
    """Why a repository cannot be listed, in lasting words. SetupError when it is the token that is refused."""
    try:
        message = msgspec.json.decode(reply.body, type=Refusal).message
    except (msgspec.MsgspecError, UnicodeDecodeError):
        message = ""
    told = f": {' '.join(message.split())[:200]}" if message else ""
    match reply.status:
        case 401:
            raise SetupError(f"GitHub refuses the token (401{told}); set GITHUB_TOKEN to one that holds, or unset it")
        case 404:
            return "gone or private (404)"
        case 409:
            return "empty: it has no commit"
        case 451:
            return "taken down for legal reasons (451)"
        case 403:
            return f"blocked by GitHub (403){told}"
        case status:
            return f"GitHub refuses it ({status}){told}"
