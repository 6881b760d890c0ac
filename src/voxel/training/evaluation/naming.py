"""What a model's name means: a service's model, weights on this machine, a role's champion, or given answers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxel.errors import SetupError, UsageError
from voxel.providers.local import JobFolder, pull, resolve
from voxel.providers.local.base_models import SHORT_NAMES
from voxel.records import ROLES, Deployments
from voxel.stages import DataDir

REFERENCE = "reference"
"""As a provider: each example is answered with its own completion, which shows that the metrics can be met."""
ANSWERS = "answers"
"""As a provider: the model is a JSONL file of `{id, answer}` lines, written by whatever produced them."""
LOCAL = "local"
"""As a provider: the model is a folder, an adapter, a job of this machine or a short name of a base model."""
PROVIDERS = ("openai", "anthropic", "bedrock", "azureai", "hf", "vllm", "ollama", "mockllm")
"""Prefixes that inspect-ai knows; a model name that begins with one and a slash is passed to it as it is."""
_WEIGHTS = ("*.safetensors", "*.bin", "config.json", "adapter_config.json", "tokenizer.json", "chat_template.jinja")


class Named(NamedTuple):
    """A model that can be asked."""

    model: str
    """The name that its report bears: as given, or the champion's where a role was named."""
    provider: str
    folder: Path | None = None
    """Where the weights lie, of local models that are at hand."""


def named(model: str, data: DataDir, provider: str | None = None) -> Named:
    """What `model` names; `provider` where the caller knows it. Fetches nothing.

    In this order: `reference`; a file of answers (`.jsonl`); `openai/…` and the like; a role, which stands for what
    serves it; a folder with a model or an adapter; a job of this machine; a short name of a base model. UsageError
    when it is none of these, or a job or role that has no model yet.
    """
    if provider is not None:
        if provider == LOCAL:
            return _local(model, data)
        if provider not in (*PROVIDERS, REFERENCE, ANSWERS):
            known = ", ".join((*PROVIDERS, LOCAL, REFERENCE, ANSWERS))
            raise UsageError(f"{provider!r} is not a provider; known are {known}")
        return Named(model, provider)
    if model == REFERENCE:
        return Named(model, REFERENCE)
    if model.endswith(".jsonl"):
        return Named(model, ANSWERS)
    head, slash, _ = model.partition("/")
    if slash and head in PROVIDERS:
        return Named(model, head)
    if model in ROLES:
        return _champion(model, data)
    return _local(model, data)


def _champion(role: str, data: DataDir) -> Named:
    path = data.deployment / "deployed_models.json"
    try:
        deployed = msgspec.json.decode(path.read_bytes(), type=Deployments)
    except FileNotFoundError:
        deployed = Deployments()
    except (OSError, msgspec.DecodeError) as error:
        raise SetupError(f"{path} cannot be read ({error}); mend it or move it away") from error
    champion = deployed.roles[role].champion if role in deployed.roles else None
    if champion is None:
        raise UsageError(f"nothing serves {role} yet; `voxel deploy promote MODEL --role {role}` changes that")
    return named(champion.model, data, champion.provider)


def _local(model: str, data: DataDir) -> Named:
    folder = Path(model).expanduser()
    if (folder / "adapter_config.json").is_file():
        return Named(model, LOCAL, folder)
    job = JobFolder(data.training_jobs / "local" / model)
    if "/" not in model and job.exists:
        status = job.written_status()
        if not status.fine_tuned_model:
            raise UsageError(f"the job {model} is {status.state} and has made no model yet")
        return Named(model, LOCAL, Path(status.fine_tuned_model))
    held = resolve(model, data.models)
    if held is not None:
        return Named(model, LOCAL, Path(held.path))
    if model in SHORT_NAMES or folder.suffix == ".gguf":
        return Named(model, LOCAL)
    raise UsageError(
        f"{model!r} names no model: write PROVIDER/MODEL with one of {', '.join(PROVIDERS)}; a folder with a model or "
        f"an adapter; a job of this machine; a role; one of {', '.join(SHORT_NAMES)}; {REFERENCE}; or a .jsonl file"
    )


def weights(model: Named, data: DataDir) -> Path:
    """The folder of a local model, fetched where it is not at hand. Raises what `pull` raises."""
    return model.folder if model.folder is not None else Path(pull(model.model, data.models).path)


def fingerprint(folder: Path) -> str:
    """16 hex digits of everything that decides what these weights answer; of an adapter, its base included."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _WEIGHTS for path in folder.glob(pattern)}):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        base = Path(msgspec.json.decode(adapter.read_bytes())["base_model_name_or_path"])
        digest.update(fingerprint(base).encode() if base.is_dir() else str(base).encode())
    return digest.hexdigest()[:16]
