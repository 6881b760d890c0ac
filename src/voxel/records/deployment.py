"""What serves each role, and what served it before."""

from __future__ import annotations

from typing import Any

import msgspec


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


class RoleState(msgspec.Struct, frozen=True, kw_only=True):
    """A role's present model and its history."""

    champion: Deployment | None = None
    previous: int | None = None
    """The version that a rollback returns to."""
    history: tuple[Deployment, ...] = ()


class Deployments(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `deployment/deployed_models.json`."""

    format: int = 1
    roles: dict[str, RoleState] = {}
