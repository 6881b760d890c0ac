"""Which services there are. A file in `voxel/providers/services/` is one; nothing else has to know of it."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from voxel.errors import UsageError
from voxel.providers import services
from voxel.providers.provider import Limits, Provider

ALIASES = {"claude": "bedrock", "anthropic": "bedrock", "foundry": "azure"}
"""Names that people use for a service that is reached under another."""


def provider_names() -> list[str]:
    """The names that `open_provider` takes, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(services.__path__))


def provider_name(name: str) -> str:
    """The service's own name for `name` or its alias. UsageError for any other."""
    known = ALIASES.get(name, name)
    if known not in provider_names():
        raise UsageError(f"there is no provider {name!r}; take one of: {', '.join(provider_names())}")
    return known


def provider_limits(name: str) -> Limits:
    """What this provider takes; needs no key and no package."""
    limits: Limits = importlib.import_module(f"{services.__name__}.{provider_name(name)}").SERVICE.limits
    return limits


def open_provider(name: str, *, data_dir: Path) -> Provider:
    """The service of this name, set up from the environment; `data_dir` is where a local one keeps jobs and models.

    UsageError for an unknown name, SetupError for a missing key or setting, MissingExtra for a missing package.
    """
    module = importlib.import_module(f"{services.__name__}.{provider_name(name)}")
    provider: Provider = module.connect(data_dir)
    return provider
