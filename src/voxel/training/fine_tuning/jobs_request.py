"""What a request for a job is, by which two requests are the same, and what stands in its way."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec

from voxel.errors import UsageError
from voxel.providers import (
    Estimate,
    Finding,
    JobRequest,
    PriceTable,
    Provider,
    check_pair,
    estimate,
)
from voxel.records.job import Hyperparameter, Job
from voxel.records.roles import Role

Pathlike = str | os.PathLike[str]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asks for, in the user's words; `submit` of the orchestrator says what each means."""

    role: str
    training_file: Pathlike
    validation_file: Pathlike | None = None
    model: str = ""
    n_epochs: int | None = None
    suffix: str = ""
    hyperparameters: Mapping[str, Hyperparameter] = {}
    options: Mapping[str, Any] = {}


def intent(asked: Asked, service: Provider, prices: PriceTable) -> Job:
    """The job as an intent that is written nowhere yet, its files checked.

    UsageError for a role or setting that cannot be; BadInput names everything that is wrong with the files.
    """
    if asked.role not in get_args(Role):
        raise UsageError(f"there is no role {asked.role!r}; take one of: {', '.join(get_args(Role))}")
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", asked.suffix):
        raise UsageError(f"a suffix has at most 64 letters, digits, hyphens, dots; not {asked.suffix!r}")
    settings = service.hyperparameters(asked.n_epochs, asked.hyperparameters)
    validation_path = Path(asked.validation_file) if asked.validation_file else None
    training, validation = check_pair(Path(asked.training_file), validation_path, service.limits)
    model = asked.model or service.default_model
    identity = [
        service.name,
        service.endpoint,
        asked.role,
        model,
        training.sha256,
        validation.sha256 if validation else "",
        dict(sorted(settings.items())),
        asked.suffix,
    ]
    request = hashlib.sha256(msgspec.json.encode(identity)).hexdigest()
    now = datetime.now(UTC)
    cost = estimate(prices, service.name, model, tokens=training.tokens, epochs=epochs(settings))
    return Job(
        job_id=job_id(asked.role, service.name, request, 1),
        provider=service.name,
        role=asked.role,  # type: ignore[arg-type]  # checked above
        model=model,
        state="intended",
        created_at=now,
        updated_at=now,
        request=request,
        training_file=training,
        validation_file=validation,
        hyperparameters=settings,
        suffix=asked.suffix,
        endpoint=service.endpoint,
        estimated_cost=cost.high,
    )


def job_id(role: str, provider: str, request: str, attempt: int) -> str:
    """The same on every machine: `builder-openai-1f0c2a9b77de-1`."""
    return f"{role}-{provider}-{request[:12]}-{attempt}"


def request_of(job: Job, asked: Job, options: Mapping[str, Any]) -> JobRequest:
    """What the provider sees of `job`; paths come from `asked`, whose files lie where they were given now."""
    return JobRequest(
        job_id=job.job_id,
        token=hashlib.sha256(f"{job.request}/{job.attempt}".encode()).hexdigest()[:40],
        role=job.role,
        model=job.model,
        training=Path(asked.training_file.path),
        training_sha256=asked.training_file.sha256,
        validation=Path(asked.validation_file.path) if asked.validation_file else None,
        validation_sha256=asked.validation_file.sha256 if asked.validation_file else "",
        hyperparameters=job.hyperparameters,
        suffix=job.suffix,
        options=options,
    )


def epochs(settings: Mapping[str, Hyperparameter]) -> float:
    """How often the file is read; about three where the service decides."""
    told = settings.get("n_epochs", settings.get("epochCount", 3))
    return float(told) if told != "auto" else 3.0


def preflight(asked: Asked, job: Job, service: Provider, prices: PriceTable) -> list[Finding]:
    """What the service says about `job`, what is known of its future, what it will cost and take."""
    held = job.training_file
    told = f"{held.examples:,} examples, about {held.tokens:,} tokens, {held.size / 1e6:.1f} MB in {held.path}"
    found = [Finding(check="format", level="ok", message=told)]
    found += service.preflight(request_of(job, job, asked.options))
    for closing in prices.warnings(service.name, job.model, datetime.now(UTC).date()):
        told = f"{closing.message} ({closing.date}); {closing.instead}"
        found.append(Finding(check="model", level="warn", message=told))
    cost = estimate(prices, service.name, job.model, tokens=held.tokens, epochs=epochs(job.hyperparameters))
    found.append(_price(cost))
    if cost.seconds is not None:
        told = f"about {cost.seconds / 60:.0f} minutes on this machine's processor"
        found.append(Finding(check="time", level="ok", message=told))
    return found


def _price(cost: Estimate) -> Finding:
    if cost.low is None or cost.high is None:
        told = "no price is known for this model; add a row to prices.toml"
        return Finding(check="price", level="warn", message=told)
    money = f"${cost.low:,.2f}" if cost.low == cost.high else f"${cost.low:,.2f} to ${cost.high:,.2f}"
    told = f"{money} for {cost.trained_tokens:,} trained tokens (prices of {cost.table_date}, {cost.source})"
    return Finding(check="price", level="ok", message=told)
