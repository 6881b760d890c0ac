"""What serves each role, what is tried beside it, what served it before, and what went wrong in use."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model answers: an endpoint that speaks OpenAI's chat API."""

    base_url: str
    """Such as `https://api.openai.com/v1`, without a slash at the end."""
    model: str
    """The name that is asked for there."""
    key_variable: str = ""
    """The variable of the environment that holds the key; empty where none is needed. Keys themselves are never
    kept."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one role."""

    version: int
    """1 for the first model of the role, counting up."""
    model: str
    provider: str
    role: str
    deployed_at: str
    """UTC, ISO 8601."""
    metrics: dict[str, Any]
    """The evaluation report that it was deployed with, as a plain object."""
    forced: bool = False
    """True when the gate was overruled."""
    reason: str = ""
    """What the gate said, in one line."""
    backend: Backend | None = None
    """Where it answers; None for where models of its provider usually do."""


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger that answers a share of a role's conversations."""

    deployment: Deployment
    share: float
    """Of the conversations, above 0 and below 1."""
    started_at: str
    """UTC, ISO 8601."""


class DeploymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a role."""

    at: str
    """UTC, ISO 8601."""
    what: Literal["deployed", "canary", "promoted", "stopped", "rolled back"]
    """`promoted` and `stopped` end a canary; `rolled back` returns to an earlier version."""
    version: int
    """The version that it is about: what came, or the challenger that went."""
    model: str
    reason: str = ""


class RoleState(msgspec.Struct, frozen=True, kw_only=True):
    """A role's present model and its history."""

    champion: Deployment | None = None
    previous: int | None = None
    """The version that a rollback returns to."""
    history: tuple[Deployment, ...] = ()
    """Every version that has served, the oldest first."""
    canary: Canary | None = None
    events: tuple[DeploymentEvent, ...] = ()

    def served(self, version: int | None) -> Deployment | None:
        """The version of the history with this number."""
        return next((old for old in self.history if old.version == version), None)

    @property
    def next_version(self) -> int:
        """A number that neither a champion nor a challenger has had."""
        told = [old.version for old in self.history] + [event.version for event in self.events]
        return max(told, default=0) + 1


class Deployments(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `deployment/deployed_models.json`."""

    format: int = 1
    roles: dict[str, RoleState] = {}


class OutcomeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `deployment/outcomes/<role>.jsonl`: how one answer did."""

    at: str
    """UTC, ISO 8601."""
    role: str
    version: int
    """Which version gave the answer."""
    conversation: str
    """A hash of the conversation's name; nothing can be read from it."""
    score: float
    """0 for useless to 1 for right."""
    how: Literal["reported", "judged", "no answer"]


FailureState = Literal["open", "mended", "left"]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One file of `deployment/failures/`: an answer that did not do."""

    id: str
    """16 hex digits, from role, messages and answer: the same failure is kept once."""
    at: str
    """UTC, ISO 8601."""
    role: str
    version: int
    model: str
    messages: tuple[dict[str, str], ...]
    """The conversation as it was asked, scrubbed; each with `role` and `content`."""
    answer: str
    """Scrubbed."""
    error: str
    """What went wrong, in words of Blender or of whoever reported it."""
    state: FailureState = "open"
    """`left` when mending was tried and nothing came of it."""
    how: str = ""
    """What mended it: `schema`, `retry`, `teacher NAME` or `person`; or why nothing did."""
    code: str = ""
    """The script that mends it, proved in Blender."""
