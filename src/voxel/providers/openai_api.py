"""OpenAI's fine-tuning API through its own SDK; Azure speaks the same.

A job is found again by `metadata.voxel_request` and, where a service drops metadata, by its seed (31 bits drawn from
the request) and its model. A file is found again by its name, which holds its content's hash, its size and purpose.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxel.errors import BadInput, SetupError, TryLater, UsageError, VoxelError
from voxel.providers.openai_errors import AZURE_INSTEAD, LOCAL_INSTEAD, translated
from voxel.providers.provider import Finding, JobRequest, Limits, NotSent, Refused, ServiceJob, Unanswered, Uploaded
from voxel.providers.secrets import redact
from voxel.records.job import Hyperparameter, JobCheckpoint, JobEvent, JobState

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import FileObject
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

TOKEN_KEY = "voxel_request"  # noqa: S105  (the name of a field, not a secret)
PAGE = 100
UPLOAD_TRIES = 3

STATES: dict[str, JobState] = {
    "validating_files": "queued",
    "pending": "queued",
    "created": "queued",
    "queued": "queued",
    "running": "running",
    "paused": "paused",
    "pausing": "running",
    "resuming": "running",
    "cancelling": "stopping",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""OpenAI's states and those that Azure adds."""

_RANGES: dict[str, tuple[float, float]] = {
    "n_epochs": (1, 50),
    "batch_size": (1, 256),
    "learning_rate_multiplier": (1e-6, 100.0),
}

_METRICS = {"train_loss": "loss", "valid_loss": "validation_loss", "full_valid_loss": "validation_loss"}


class OpenAIService:
    """OpenAI, or whatever speaks its API at `endpoint`. Implements `Provider`."""

    name = "openai"
    service = "OpenAI"
    key_name = "OPENAI_API_KEY"
    default_model = "gpt-4.1-mini-2025-04-14"
    limits = Limits(
        format="openai",
        min_examples=10,
        max_examples=None,
        max_validation=None,
        max_file_bytes=512_000_000,
        max_tokens=65_536,
    )
    repeatable = False
    filters_by_metadata = True

    def __init__(self, client: OpenAI, secrets: list[str]) -> None:
        self._client = client
        self._secrets = secrets
        self.endpoint = client.base_url.netloc.decode("ascii")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.endpoint!r})"

    def secrets(self) -> list[str]:
        """The key."""
        return list(self._secrets)

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.service, self.key_name, self._secrets)

    # -- what the user asked ------------------------------------------------------------------------------------------

    def hyperparameters(self, n_epochs: int | None, given: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
        """`n_epochs` (1 to 50), `batch_size`, `learning_rate_multiplier`; each a number or "auto"."""
        asked: dict[str, Hyperparameter] = dict(given)
        if n_epochs is not None:
            asked["n_epochs"] = n_epochs
        wrong = []
        for name, value in asked.items():
            if name not in _RANGES:
                wrong.append(f"{name} is unknown; there are {', '.join(_RANGES)}")
            elif value != "auto":
                low, high = _RANGES[name]
                if isinstance(value, str) or not low <= value <= high:
                    wrong.append(f"{name} must be auto or between {low:g} and {high:g}, not {value}")
        if wrong:
            raise UsageError("; ".join(wrong))
        return asked

    def preflight(self, request: JobRequest) -> list[Finding]:
        """Looks at the key, the model and the right to fine-tune: two requests that read."""
        try:
            with self._translated():
                model = self._client.models.retrieve(request.model)
        except Refused as error:
            return [
                Finding(check="key", level="ok", message=f"{self.service} takes the key"),
                self._stop("model", error),
            ]
        except SetupError as error:
            return [self._stop("key", error)]
        except TryLater as error:
            return [self._stop("service", error)]
        found = [Finding(check="key", level="ok", message=f"{self.service} takes the key")]
        shutdown = getattr(model, "shutdown_date", None)
        if shutdown:
            instead = AZURE_INSTEAD if self.name == "openai" else LOCAL_INSTEAD
            found.append(Finding(check="model", level="warn", message=f"{request.model} ends on {shutdown}; {instead}"))
        else:
            found.append(Finding(check="model", level="ok", message=f"{self.service} has {request.model}"))
        try:
            with self._translated():
                self._client.fine_tuning.jobs.list(limit=1)
        except VoxelError as error:
            found.append(self._stop("fine-tuning", error))
        else:
            found.append(Finding(check="fine-tuning", level="ok", message="the account may list fine-tuning jobs"))
        return found

    def _stop(self, check: str, error: VoxelError) -> Finding:
        return Finding(check=check, level="stop", message=str(error))

    # -- doing it -----------------------------------------------------------------------------------------------------

    def upload(self, request: JobRequest) -> Uploaded:
        """Each file once per content, whoever asks for it."""
        training = self._upload(request.training, request.training_sha256, request)
        if request.validation is None:
            return Uploaded(training)
        return Uploaded(training, self._upload(request.validation, request.validation_sha256, request))

    def _upload(self, path: Path, sha256: str, request: JobRequest) -> str:
        name = f"voxel-{request.role}-{sha256[:16]}.jsonl"
        for left in reversed(range(UPLOAD_TRIES)):
            try:
                held = self._find_file(name, path)
                if held is None:
                    with path.open("rb") as file, self._translated():
                        client = self._client.with_options(max_retries=0)
                        held = client.files.create(file=(name, file, "application/jsonl"), purpose="fine-tune")
                return self._usable(held)
            except Unanswered:
                if not left:
                    raise
            except OSError as error:
                raise BadInput(f"cannot read {path}: {error.strerror}") from error
        raise AssertionError

    def _find_file(self, name: str, path: Path) -> FileObject | None:
        size = path.stat().st_size
        with self._translated():
            for held in self._client.files.list(purpose="fine-tune", order="desc", limit=10_000):
                if held.filename == name and held.bytes == size and held.status not in ("error", "deleted"):
                    return held
        return None

    def _usable(self, held: FileObject) -> str:
        """The file's id, once the service can train on it. OpenAI looks at files after the job is made."""
        if not isinstance(getattr(held, "id", None), str):
            raise Unanswered(f"{self.service} did not say under which name it keeps the file")
        return held.id

    def submit(self, request: JobRequest, files: Uploaded) -> ServiceJob:
        """One POST, never repeated here."""
        asked: dict[str, Any] = {
            "model": request.model,
            "training_file": files.training,
            "seed": request.seed,
            "method": {"type": "supervised", "supervised": {"hyperparameters": dict(request.hyperparameters)}},
            "metadata": {TOKEN_KEY: request.token, "voxel_job": request.job_id, "voxel_role": request.role},
        }
        if files.validation:
            asked["validation_file"] = files.validation
        if request.suffix:
            asked["suffix"] = request.suffix
        with self._translated():
            made = self._client.with_options(max_retries=0).fine_tuning.jobs.create(**asked)
        if not isinstance(getattr(made, "id", None), str):
            raise Unanswered(f"{self.service} answered something that is no job; run the same command again")
        return self._service_job(made)

    def find(self, request: JobRequest) -> list[ServiceJob]:
        """All pages are read: a job may be old when a lost ledger is rebuilt."""
        found = []
        with self._translated():
            for job in self._pages(request.token if self.filters_by_metadata else ""):
                token = (job.metadata or {}).get(TOKEN_KEY)
                bare = not token and job.seed == request.seed and job.model.startswith(request.model)
                if token == request.token or bare:
                    found.append(self._service_job(job))
        return sorted(found, key=lambda job: job.created_at or datetime.max.replace(tzinfo=UTC))

    def _pages(self, token: str = "") -> Iterator[FineTuningJob]:
        jobs = self._client.fine_tuning.jobs
        yield from jobs.list(limit=PAGE, metadata={TOKEN_KEY: token}) if token else jobs.list(limit=PAGE)

    # -- looking ------------------------------------------------------------------------------------------------------

    def poll(self, service_ids: Collection[str]) -> dict[str, ServiceJob]:
        """One job by its name; more by listing, a hundred a call, until all are seen."""
        wanted = set(service_ids)
        if len(wanted) == 1:
            try:
                with self._translated():
                    job = self._client.fine_tuning.jobs.retrieve(next(iter(wanted)))
            except Refused:
                return {}
            return {job.id: self._service_job(job)}
        found: dict[str, ServiceJob] = {}
        if not wanted:
            return found
        with self._translated():
            for job in self._pages():
                if job.id in wanted:
                    found[job.id] = self._service_job(job)
                    if len(found) == len(wanted):
                        break
        return found

    def _service_job(self, job: FineTuningJob) -> ServiceJob:
        error = ""
        if job.error is not None and (job.error.message or job.error.code):
            error = redact(f"{job.error.message or job.error.code}", self._secrets)
        state = STATES.get(job.status, "unknown")
        finish = job.finished_at or job.estimated_finish
        return ServiceJob(
            service_id=job.id,
            state=state,
            service_state=job.status,
            created_at=_time(job.created_at),
            token=(job.metadata or {}).get(TOKEN_KEY, ""),
            fine_tuned_model=job.fine_tuned_model or "",
            error=error,
            progress=1.0 if state == "succeeded" else None,
            finish_at=_time(finish) if finish else None,
            trained_tokens=job.trained_tokens,
        )

    def events(self, service_id: str, limit: int = 100) -> list[JobEvent]:
        """The service tells the newest first; one page."""
        with self._translated():
            page = self._client.fine_tuning.jobs.list_events(service_id, limit=min(limit, PAGE))
            return [self._event(event) for event in reversed(page.data)]

    def _event(self, event: FineTuningJobEvent) -> JobEvent:
        metrics: dict[str, float] = {}
        for name, value in event.data.items() if isinstance(event.data, dict) else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                metrics[_METRICS.get(str(name), str(name))] = float(value)
        return JobEvent(
            event_id=event.id,
            at=_time(event.created_at),
            level=event.level if event.level in ("info", "warn", "error") else "info",
            message=redact(event.message, self._secrets),
            metrics=metrics,
        )

    def checkpoints(self, service_id: str) -> list[JobCheckpoint]:
        """The service keeps those of the last epochs."""
        with self._translated():
            listed = list(self._client.fine_tuning.jobs.checkpoints.list(service_id, limit=PAGE))
        made = [
            JobCheckpoint(
                checkpoint_id=held.id,
                step=held.step_number,
                model=held.fine_tuned_model_checkpoint,
                at=_time(held.created_at),
                metrics={
                    name: value for name, value in held.metrics.to_dict().items() if isinstance(value, float | int)
                },
            )
            for held in listed
        ]
        return sorted(made, key=lambda held: held.step)

    def cancel(self, service_id: str) -> ServiceJob:
        """A job that has ended stays as it is."""
        try:
            with self._translated():
                return self._service_job(self._client.fine_tuning.jobs.cancel(service_id))
        except Refused:
            ended = self.poll([service_id]).get(service_id)
            if ended is None:
                raise
            return ended


def wait_until_processed(
    client: OpenAI, held: FileObject, *, service: str, patience: float, pause: float
) -> FileObject:
    """Azure takes no job for a file that it has not read yet. Seconds; NotSent when patience ends, Refused when it is
    bad.
    """
    deadline = time.monotonic() + patience
    while str(held.status) not in ("processed", "uploaded", "error", "failed"):
        if time.monotonic() > deadline:
            raise NotSent(
                f"{service} still reads the file after {patience:.0f} s; run the same command again in a while"
            )
        time.sleep(pause)
        held = client.files.retrieve(held.id)
    if str(held.status) in ("error", "failed"):
        raise Refused(f"{service} refused the file ({held.status_details or 'no reason given'})")
    return held


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
