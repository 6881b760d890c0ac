"""What a fine-tuning service must be able to do for Voxel, and the nouns that pass to and fro.

Who calls it (the training orchestrator) writes its intent down first, so a provider keeps nothing between calls. The
contract by which nothing is ever paid for twice:

- `upload` looks for the same content at the service before it sends any.
- `submit` asks once. It never repeats the request by itself, and says by its error whether the request may have
  arrived: `NotSent` when it certainly did not, `Refused` when the service answered no, `Unanswered` when nobody
  knows.
- `find` returns every job at the service that carries the request's token, however it came there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from voxel.errors import BadInput, TryLater
from voxel.records.job import Hyperparameter, JobCheckpoint, JobEvent, JobState
from voxel.records.roles import Role


class NotSent(TryLater):
    """The request certainly did not reach the service: sending it again is safe."""


class Unanswered(TryLater):
    """The request was sent and no answer came: it may have been carried out."""


class Refused(BadInput):
    """The service answered that it will not do this: there is no job."""


class JobRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a service. Two requests with the same `token` are one."""

    job_id: str
    token: str
    """40 hex digits, drawn from the content of the request and its attempt: how a job is found again."""
    role: Role
    model: str
    training: Path
    training_sha256: str
    validation: Path | None = None
    validation_sha256: str = ""
    hyperparameters: Mapping[str, Hyperparameter] = {}
    suffix: str = ""
    options: Mapping[str, Any] = {}
    """What only this provider understands: Bedrock's `role_arn` and `bucket`."""

    @property
    def seed(self) -> int:
        """31 bits of the token. Services echo a job's seed even where they know no metadata."""
        return int(self.token[:8], 16) & 0x7FFFFFFF


class Uploaded(NamedTuple):
    """The service's names for the files of a request."""

    training: str
    validation: str = ""


class ServiceJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job as its service describes it, in Voxel's words. None: the service does not say."""

    service_id: str
    state: JobState
    service_state: str
    created_at: datetime | None = None
    token: str = ""
    fine_tuned_model: str = ""
    error: str = ""
    progress: float | None = None
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    validation_loss: float | None = None
    finish_at: datetime | None = None
    trained_tokens: int | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the preflight looked at."""

    check: str
    """format, limits, key, model, price, time, machine."""
    level: Literal["ok", "warn", "stop"]
    """stop: the service would refuse, or the job cannot run."""
    message: str
    """One line; where something is wrong, with what to do."""


class Limits(NamedTuple):
    """What a service takes, to be checked before it is asked."""

    format: Literal["openai", "claude", "local"]
    """Which formatter writes for it, and the folder under `fine_tuning/`."""
    min_examples: int
    max_examples: int | None
    max_validation: int | None
    max_file_bytes: int | None
    max_tokens: int | None
    """Per example."""


class Provider(Protocol):
    """One fine-tuning service. Made by `open_provider`; opening it asks nothing of the network."""

    name: str
    endpoint: str
    """Which service this is, without any secret."""
    limits: Limits
    default_model: str
    repeatable: bool
    """Whether the service itself makes one job of a request that it is sent twice."""

    def hyperparameters(self, n_epochs: int | None, given: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
        """The service's own names and values for what the user asked. UsageError lists every one that is unknown or
        out of range.
        """
        ...

    def preflight(self, request: JobRequest) -> list[Finding]:
        """Asks the service, without changing anything there, whether the key works and the model can still be tuned.

        Trouble becomes findings; nothing is raised for it.
        """
        ...

    def upload(self, request: JobRequest) -> Uploaded:
        """Puts the files where the service reads them, unless they are there. SetupError, TryLater, Refused."""
        ...

    def submit(self, request: JobRequest, files: Uploaded) -> ServiceJob:
        """Asks for the job, once. NotSent, Unanswered, Refused, SetupError (bad key, quota: there is no job)."""
        ...

    def find(self, request: JobRequest) -> list[ServiceJob]:
        """Every job at the service that this request made, the oldest first. SetupError, TryLater."""
        ...

    def poll(self, service_ids: Collection[str]) -> dict[str, ServiceJob]:
        """The present state of these jobs in as few calls as the service allows; unknown ones are left out."""
        ...

    def events(self, service_id: str, limit: int = 100) -> list[JobEvent]:
        """The latest events, the oldest first."""
        ...

    def checkpoints(self, service_id: str) -> list[JobCheckpoint]:
        """Kept states of the model, by step."""
        ...

    def cancel(self, service_id: str) -> ServiceJob:
        """Ends the job. Ending one that has ended changes nothing."""
        ...

    def secrets(self) -> list[str]:
        """What must never be shown: keys that this provider uses."""
        ...

    def close(self) -> None:
        """Ends its connections; the provider asks nothing after that. Jobs go on."""
        ...
