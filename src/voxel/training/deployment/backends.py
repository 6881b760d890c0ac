"""Where a deployed model answers, by its name and provider, unless its deployment says so itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from voxel.errors import UsageError
from voxel.records.deployment import Backend, Deployment


class _Service(NamedTuple):
    variable: str
    """Which variable may name another address."""
    url: str
    key_variable: str
    suffix: str = ""
    """What the address lacks of one that speaks OpenAI's API."""


_SERVICES = {
    "openai": _Service("OPENAI_BASE_URL", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": _Service("ANTHROPIC_BASE_URL", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "/v1"),
    "ollama": _Service("OLLAMA_BASE_URL", "http://127.0.0.1:11434/v1", ""),
    "vllm": _Service("VLLM_BASE_URL", "http://127.0.0.1:8000/v1", ""),
    "local": _Service("VOXEL_LOCAL_URL", "http://127.0.0.1:8321/v1", ""),
}
"""`local` is `voxel models serve`, which calls a model by its role."""
_AZURE = ("azure", "azureai")


def backend_of(deployment: Deployment, environment: Mapping[str, str]) -> Backend:
    """Where this deployment answers. UsageError where that cannot be told: it has to be deployed with an address."""
    if deployment.backend is not None:
        return deployment.backend
    return usual_backend(deployment.model, deployment.provider, deployment.role, environment)


def usual_backend(model: str, provider: str, role: str, environment: Mapping[str, str]) -> Backend:
    """Where a provider's model answers when it is deployed without an address. UsageError where that is not known."""
    head, slash, rest = model.partition("/")
    name = rest if slash and head == provider else model
    if provider in _AZURE and environment.get("AZURE_OPENAI_ENDPOINT"):
        url = environment["AZURE_OPENAI_ENDPOINT"].rstrip("/") + "/openai/v1"
        return Backend(base_url=url, model=name, key_variable="AZURE_OPENAI_API_KEY")
    service = _SERVICES.get(provider)
    if service is None:
        raise UsageError(f"where {model} answers is not known for {provider}; deploy it with --url")
    url = environment.get(service.variable) or service.url
    asked = role if provider == "local" else name
    return Backend(base_url=url.rstrip("/") + service.suffix, model=asked, key_variable=service.key_variable)
