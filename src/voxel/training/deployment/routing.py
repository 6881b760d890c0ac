"""Which model answers a conversation: the state as it is on disk now, and a hash that keeps conversations together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from voxel.errors import SetupError
from voxel.records.deployment import Deployment, Deployments, RoleState
from voxel.training.deployment.model_deployer import ModelDeployer

_WHOLE = 1 << 64


class Way(NamedTuple):
    """Who answers, in the order in which they are asked: the first is the one that the conversation was given to."""

    models: tuple[Deployment, ...]
    conversation: str
    """Its hash, 16 hex digits."""


class Routes:
    """What serves each role; looks at the file with every request, and reads it again when it has changed."""

    def __init__(self, deployer: ModelDeployer) -> None:
        self._deployer = deployer
        self._known = Deployments()
        self._stamp: tuple[int, int, int] | None = None

    def roles(self) -> Mapping[str, RoleState]:
        """The state of each role. A file that cannot be read leaves what was known; SetupError when nothing was."""
        try:
            facts = self._deployer.path.stat()
            stamp = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        except OSError:
            stamp = (0, 0, 0)
        if stamp != self._stamp:
            try:
                self._known = self._deployer.deployments()
            except SetupError:
                if self._stamp is None:
                    raise
            self._stamp = stamp
        return self._known.roles

    def way(self, state: RoleState, conversation: str) -> Way:
        """Who answers this conversation: the challenger its share, then the champion, then the one before it."""
        models = []
        if state.canary is not None:
            challenger = state.canary.deployment
            if share_of(f"canary {challenger.role} {challenger.version}", conversation) < state.canary.share:
                models.append(challenger)
        models += [one for one in (state.champion, state.served(state.previous)) if one is not None]
        return Way(tuple(models), hash_of(conversation))


def conversation_of(headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """The conversation's name: the header `X-Conversation-Id`, else `user`, else `metadata.conversation_id`; empty when
    it has none.
    """
    metadata = body.get("metadata")
    inner = metadata.get("conversation_id") if isinstance(metadata, dict) else None
    return str(headers.get("x-conversation-id") or body.get("user") or inner or "")


def hash_of(conversation: str) -> str:
    """16 hex digits that stand for it."""
    return hashlib.sha256(conversation.encode("utf-8", "replace")).hexdigest()[:16]


def share_of(salt: str, conversation: str) -> float:
    """A number from 0 up to 1, evenly spread and always the same for the same conversation and salt."""
    digest = hashlib.sha256(f"{salt}\0{conversation}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") / _WHOLE
