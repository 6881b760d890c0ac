"""A fine-tuning job as Voxel keeps it: what was asked, where it runs, how far it is, what it made and cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from voxel.records.roles import Role

JobState = Literal[
    "intended",
    "submitting",
    "queued",
    "running",
    "paused",
    "stopping",
    "interrupted",
    "unknown",
    "succeeded",
    "failed",
    "cancelled",
    "rejected",
]
"""intended: written down, nothing asked of the service yet. submitting: the request may have reached the service.
queued, running, paused, stopping: the service has it. interrupted: a local job whose process died; submitting the
same job again goes on from its checkpoint. unknown: the service names a state that Voxel does not know. Final:
succeeded, failed, cancelled, and rejected (the service refused the request, so that there is no job)."""

FINAL_STATES: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled", "rejected"})

Hyperparameter = int | float | str


class TrainingFile(msgspec.Struct, frozen=True, kw_only=True):
    """One training or validation file, known by its content."""

    path: str
    """Where it lay when the job was asked for."""
    sha256: str
    """64 hex digits."""
    size: int
    """Bytes."""
    examples: int = 0
    tokens: int = 0
    """Estimated, once through the file."""
    service_id: str = ""
    """What the service calls its copy; empty until it is uploaded."""

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError("sha256 is 64 lower-case hex digits")
        if self.size < 0 or self.examples < 0 or self.tokens < 0:
            raise ValueError("size, examples and tokens cannot be negative")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a fine-tuned model, and what has become of it."""

    job_id: str
    """Voxel's own name for it, the same on every machine for the same request: `builder-openai-1f0c…-1`."""
    provider: str
    """openai, azure, bedrock or local."""
    role: Role
    model: str
    """The base model, as it was asked for."""
    state: JobState
    created_at: datetime
    updated_at: datetime
    request: str
    """64 hex digits over everything that was asked for. Two requests are the same when this is."""
    attempt: int = 1
    """Counts up from 1 when a request is made again after it failed or was cancelled."""
    training_file: TrainingFile
    validation_file: TrainingFile | None = None
    hyperparameters: dict[str, Hyperparameter] = {}
    suffix: str = ""
    endpoint: str = ""
    """Which service, without any secret: a host, a region, a folder."""
    service_id: str = ""
    """The service's name for the job; empty until it has answered."""
    service_state: str = ""
    """The state in the service's own word."""
    sent_at: datetime | None = None
    """When the request was last about to be sent; from then on it may have arrived."""
    fine_tuned_model: str = ""
    """The name by which the result is called; empty until there is one."""
    progress: float | None = None
    """0 to 1, where it is known."""
    step: int | None = None
    total_steps: int | None = None
    loss: float | None = None
    """The latest training loss (mean over completion tokens, in nats)."""
    validation_loss: float | None = None
    finish_at: datetime | None = None
    """When it ended, or when the service expects it to."""
    trained_tokens: int | None = None
    """Tokens that are billed: those of the file times the epochs."""
    estimated_cost: float | None = None
    """US dollars, from the price table before the job was sent; the upper end where sources differ."""
    cost: float | None = None
    """US dollars so far, from the price table and the tokens trained; not an invoice."""
    restarts: int = 0
    """How often a local job was started again after it died."""
    error: str = ""
    """One line; empty when nothing went wrong."""

    def __post_init__(self) -> None:
        if not self.job_id or "/" in self.job_id:
            raise ValueError("job_id is not empty and holds no slash")
        if self.attempt < 1:
            raise ValueError("attempt counts from 1")
        if self.progress is not None and not 0 <= self.progress <= 1:
            raise ValueError("progress is between 0 and 1")
        if self.created_at.tzinfo is None or self.updated_at.tzinfo is None:
            raise ValueError("times carry a zone")

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL_STATES

    @property
    def placed(self) -> bool:
        """Whether the service is known to have it."""
        return bool(self.service_id)

    def seconds_left(self, now: datetime | None = None) -> float | None:
        """Seconds until the service expects it to end; None when it has ended or nobody knows."""
        if self.final or self.finish_at is None:
            return None
        return max(0.0, (self.finish_at - (now or datetime.now(UTC))).total_seconds())


class JobEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a job, as its service tells it."""

    event_id: str
    at: datetime
    level: Literal["info", "warn", "error"] = "info"
    message: str
    metrics: dict[str, float] = {}
    """step, total_steps, loss, validation_loss, tokens … where the event carries numbers."""


class JobCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the model that was kept while the job ran."""

    checkpoint_id: str
    step: int
    model: str
    """The name by which it can be used: a model name, or a folder."""
    at: datetime
    metrics: dict[str, float] = {}
