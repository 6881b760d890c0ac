"""Fine-tuning jobs for the five roles: asked for once, never paid twice, found again after any crash.

    from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

    orchestrator = TrainingOrchestrator()
    job = orchestrator.submit_openai_job(
        agent_role="builder",
        training_file="training_data/fine_tuning/openai/builder/train_openai.jsonl",
        validation_file="training_data/fine_tuning/openai/builder/val_openai.jsonl",
        model_base="gpt-3.5-turbo",
        n_epochs=3,
    )
    orchestrator.monitor_all_jobs()

The calls never ask anything. Submitting the same thing again (same files' content, model, settings, service) returns
the job that there is, or goes on with one that a killed process left behind; only after a failure or a cancellation
is it a new attempt. `python3 -m voxel.training.fine_tuning.training_orchestrator` asks the services once and prints
every job.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from msgspec.structs import replace

from voxel.errors import BadInput, TryLater, UsageError, VoxelError
from voxel.providers import Finding, PriceTable, Provider, load_prices, open_provider, provider_limits, provider_name
from voxel.records.job import Hyperparameter, Job, JobCheckpoint, JobEvent
from voxel.records.roles import Role
from voxel.stages import DataDir
from voxel.stages.command import exit_status, say
from voxel.training.fine_tuning.jobs_ledger import JobsLedger
from voxel.training.fine_tuning.jobs_request import Asked, intent, job_id, preflight, request_of
from voxel.training.fine_tuning.jobs_submission import Patience, Submission, merged

ATTEMPTS_SEARCHED = 20
"""How many failed attempts of one request are looked through at a service when the ledger knows none."""

PATIENT = Patience()


class TrainingOrchestrator:
    """Submits, follows and ends fine-tuning jobs; keeps them under `data_dir`. Used by one thread, closed by `close`
    or `with`.

    Making one touches nothing on disk and needs no optional package. Every method raises UsageError for a role,
    provider or setting that cannot be, and SetupError for a missing key or package or a folder that cannot be
    written.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str] = "training_data",
        *,
        patience: Patience = PATIENT,
        connect: Callable[[str], Provider] | None = None,
    ) -> None:
        self.data = DataDir(data_dir)
        self._patience = patience
        self._connect = connect or (lambda name: open_provider(name, data_dir=self.data.root))
        self._providers: dict[str, Provider] = {}
        self._opened: JobsLedger | None = None

    def __enter__(self) -> TrainingOrchestrator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the ledger, and the connections to services. Jobs go on."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        while self._providers:
            self._providers.popitem()[1].close()

    @property
    def _ledger(self) -> JobsLedger:
        if self._opened is None:
            self._opened = JobsLedger(self.data)
        return self._opened

    @property
    def jobs_file(self) -> Path:
        """`training_jobs/training_jobs.json`, for people."""
        return self.data.training_jobs / "training_jobs.json"

    def prices(self) -> PriceTable:
        """The price table in force."""
        return load_prices(self.data.root)

    def provider(self, name: str) -> Provider:
        """The service of this name or alias, opened once."""
        known = provider_name(name)
        if known not in self._providers:
            self._providers[known] = self._connect(known)
        return self._providers[known]

    # -- asking for jobs ----------------------------------------------------------------------------------------------

    def submit_openai_job(
        self,
        agent_role: Role,
        training_file: str | os.PathLike[str],
        validation_file: str | os.PathLike[str] | None = None,
        model_base: str = "gpt-3.5-turbo",
        n_epochs: int | None = 3,
        *,
        suffix: str = "",
        hyperparameters: Mapping[str, Hyperparameter] | None = None,
        provider: str = "openai",
    ) -> Job:
        """At OpenAI, or with `provider="azure"` at Azure. BadInput names every wrong line; TryLater: call it again."""
        return self.submit(
            provider,
            agent_role,
            training_file,
            validation_file,
            model=model_base,
            n_epochs=n_epochs,
            suffix=suffix,
            hyperparameters=hyperparameters,
        )

    def submit_claude_job(
        self,
        agent_role: Role,
        training_file: str | os.PathLike[str],
        validation_file: str | os.PathLike[str] | None = None,
        model_base: str = "anthropic.claude-3-haiku-20240307-v1:0:200k",
        n_epochs: int | None = 3,
        *,
        role_arn: str = "",
        bucket: str = "",
        hyperparameters: Mapping[str, Hyperparameter] | None = None,
    ) -> Job:
        """At AWS Bedrock, the one service that tunes a Claude. `role_arn` and `bucket` default to `BEDROCK_ROLE_ARN`,
        `BEDROCK_BUCKET`.
        """
        options = {name: value for name, value in (("role_arn", role_arn), ("bucket", bucket)) if value}
        return self.submit(
            "bedrock",
            agent_role,
            training_file,
            validation_file,
            model=model_base,
            n_epochs=n_epochs,
            hyperparameters=hyperparameters,
            options=options,
        )

    def submit_local_job(
        self,
        agent_role: Role,
        training_file: str | os.PathLike[str],
        validation_file: str | os.PathLike[str] | None = None,
        model_base: str = "",
        n_epochs: int | None = 3,
        *,
        hyperparameters: Mapping[str, Hyperparameter] | None = None,
    ) -> Job:
        """On this machine, in a process of its own that goes on when this one ends. Default model:
        SmolLM2-135M-Instruct.
        """
        return self.submit(
            "local",
            agent_role,
            training_file,
            validation_file,
            model=model_base,
            n_epochs=n_epochs,
            hyperparameters=hyperparameters,
        )

    def submit(
        self,
        provider: str,
        agent_role: Role,
        training_file: str | os.PathLike[str],
        validation_file: str | os.PathLike[str] | None = None,
        *,
        model: str = "",
        n_epochs: int | None = None,
        suffix: str = "",
        hyperparameters: Mapping[str, Hyperparameter] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Job:
        """At any provider; `model` empty means its default.

        BadInput: a file or the request is refused. TryLater: the service is in trouble; the same call goes on later.
        """
        asked = Asked(
            role=agent_role,
            training_file=training_file,
            validation_file=validation_file,
            model=model,
            n_epochs=n_epochs,
            suffix=suffix,
            hyperparameters=hyperparameters or {},
            options=options or {},
        )
        return self.submit_asked(provider, asked)

    def submit_asked(self, provider: str, asked: Asked) -> Job:
        """As `submit`."""
        job = intent(asked, self.provider(provider), self.prices())
        with self._ledger.alone(job.request):
            return self._carry_out(job, asked.options)

    def preflight(self, provider: str, asked: Asked) -> list[Finding]:
        """What stands in the way of this job, what it will cost and take. Changes nothing, anywhere."""
        service, prices = self.provider(provider), self.prices()
        try:
            job = intent(asked, service, prices)
        except BadInput as error:
            return [Finding(check="format", level="stop", message=str(error))]
        found = preflight(asked, job, service, prices)
        known = self._ledger.latest(job.request) if self.known() else None
        if known is not None and known.state not in ("failed", "cancelled", "rejected"):
            told = f"this was asked for before: {known.job_id} is {known.state}; it costs nothing again"
            found.append(Finding(check="job", level="warn", message=told))
        return found

    def _carry_out(self, asked: Job, options: Mapping[str, Any]) -> Job:
        service = self.provider(asked.provider)
        submission = Submission(self._ledger, service, self.prices(), self._patience)
        job = self._ledger.latest(asked.request)
        for _ in range(ATTEMPTS_SEARCHED):
            if job is not None and job.placed:
                (job,) = self._refreshed([job])
                if job.state not in ("failed", "cancelled", "interrupted"):
                    return job
            if job is None or (job.final and job.state != "succeeded"):
                job = self._intend(asked, attempt=job.attempt + 1 if job else 1)
            done = submission.carry_out(job, request_of(job, asked, options))
            if done is not None:
                return done
            job = self._ledger.latest(asked.request)
        raise TryLater(
            f"{ATTEMPTS_SEARCHED} attempts at this request have failed at {service.endpoint}; change something in it"
        )

    def _intend(self, asked: Job, attempt: int) -> Job:
        now = datetime.now(UTC)
        name = job_id(asked.role, asked.provider, asked.request, attempt)
        job = replace(asked, job_id=name, attempt=attempt, created_at=now, updated_at=now)
        self._ledger.keep(job)
        return job

    # -- following ----------------------------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """All jobs as they were last seen, the oldest first. Asks no service."""
        return self._ledger.jobs()

    def job(self, job_id: str) -> Job:
        """By Voxel's name or the service's. UsageError when there is none."""
        found = self._ledger.get(job_id)
        if found is None:
            raise UsageError(f"there is no job {job_id!r}; see: voxel jobs list")
        return found

    def check_job_status(self, job_id: str | Job) -> Job:
        """Asks the service about one job. SetupError, TryLater."""
        (job,) = self._refreshed([self.job(job_id if isinstance(job_id, str) else job_id.job_id)])
        return job

    def monitor_all_jobs(self) -> list[Job]:
        """Asks every service once about all its jobs that are not final, and returns all jobs.

        A service that cannot be asked leaves its jobs as they were, with the reason in their `error`.
        """
        waiting: dict[str, list[Job]] = {}
        for job in self.jobs():
            if not job.final and job.placed:
                waiting.setdefault(job.provider, []).append(job)
        for jobs in waiting.values():
            try:
                self._refreshed(jobs)
            except VoxelError as error:
                self._ledger.keep(*(replace(job, error=str(error)) for job in jobs))
        return self.jobs()

    def _refreshed(self, jobs: list[Job]) -> list[Job]:
        """The same jobs, all of one provider, as the service has them now; kept when something has changed."""
        asked = [job for job in jobs if job.placed and not job.final]
        if not asked:
            return jobs
        service = self.provider(asked[0].provider)
        here = [job for job in asked if job.endpoint == service.endpoint]
        found = service.poll({job.service_id for job in here})
        prices = self.prices()
        now = {job.job_id: job for job in jobs}
        for job in asked:
            if job.endpoint != service.endpoint:
                now[job.job_id] = replace(
                    job, error=f"this job runs at {job.endpoint}, the settings name {service.endpoint}"
                )
            elif job.service_id in found:
                now[job.job_id] = merged(job, found[job.service_id], prices)
            else:
                now[job.job_id] = replace(
                    job, state="unknown", error=f"{service.endpoint} does not know {job.service_id} any more"
                )
        changed = []
        for job in jobs:
            if replace(now[job.job_id], updated_at=job.updated_at) == job:
                now[job.job_id] = job
            else:
                changed.append(now[job.job_id])
        self._ledger.keep(*changed)
        return list(now.values())

    def follow_metrics(self, job: Job) -> Job:
        """`job` with the step and loss that its latest events tell; one call. For services that list jobs without
        them.
        """
        if not job.placed:
            return job
        told: dict[str, float] = {}
        for event in self.events(job.job_id):
            told |= event.metrics
        step, total = told.get("step"), told.get("total_steps")
        progress = job.progress
        if step is not None and total and not job.final:
            progress = min(1.0, step / total)
        changed = replace(
            job,
            step=int(step) if step is not None else job.step,
            total_steps=int(total) if total else job.total_steps,
            progress=progress,
            loss=told.get("loss", job.loss),
            validation_loss=told.get("validation_loss", job.validation_loss),
        )
        if changed != job:
            self._ledger.keep(changed)
        return changed

    def known(self) -> bool:
        """Whether any job was ever kept here. Touches nothing."""
        return self.jobs_file.exists() or (self.data.checkpoints / "ledger.sqlite").exists()

    def resume_job(self, job_id: str) -> Job:
        """Goes on with a job that was not sent yet or whose local worker died, on the files that it was asked with."""
        job = self.job(job_id)
        with self._ledger.alone(job.request):
            return self._carry_out(job, {}) if not job.final else job

    def events(self, job_id: str, limit: int = 100) -> list[JobEvent]:
        """The latest events of a job, the oldest first."""
        job = self.job(job_id)
        return self.provider(job.provider).events(job.service_id, limit) if job.placed else []

    def checkpoints(self, job_id: str) -> list[JobCheckpoint]:
        """States of the model that were kept."""
        job = self.job(job_id)
        return self.provider(job.provider).checkpoints(job.service_id) if job.placed else []

    def cancel_job(self, job_id: str) -> Job:
        """Ends a job. One that was never sent is only marked; one that may have been sent is looked for first."""
        job = self.job(job_id)
        with self._ledger.alone(job.request):
            job = self.job(job_id)
            if job.final:
                return job
            service = self.provider(job.provider)
            if not job.placed and job.sent_at is not None:
                found = service.find(request_of(job, job, {}))
                if found:
                    job = merged(job, found[0], self.prices())
                    self._ledger.keep(job)
            if job.placed:
                ended = merged(job, service.cancel(job.service_id), self.prices())
            elif job.sent_at is not None:
                raise TryLater(f"{job.job_id} may be on its way to {job.endpoint}; cancel it again in a minute")
            else:
                ended = replace(job, state="cancelled", updated_at=datetime.now(UTC))
            self._ledger.keep(ended)
            return ended

    def training_files(self, provider: str, role: Role) -> tuple[Path, Path | None]:
        """Where the formatter puts this role's files for this provider; the second is None when there is none."""
        kind = provider_limits(provider).format
        folder = self.data.fine_tuning / kind / role
        validation = folder / f"val_{kind}.jsonl"
        return (
            folder / f"train_{kind}.jsonl",
            validation if validation.is_file() and validation.stat().st_size else None,
        )


def _lines(jobs: Iterable[Job]) -> Iterable[str]:
    for job in jobs:
        progress = f" {job.progress:.0%}" if job.progress is not None else ""
        yield f"{job.job_id}  {job.state}{progress}  {job.model}  {job.fine_tuned_model or job.error}".rstrip()


def main(argv: Sequence[str] | None = None) -> int:
    """Asks the services once and prints every job; returns the exit status."""
    parser = argparse.ArgumentParser(description="Ask the services how the jobs go, and list them.")
    parser.add_argument("--data-dir", default="training_data", metavar="DIR", help="default: training_data")
    options = parser.parse_args(argv)

    def show() -> None:
        with TrainingOrchestrator(options.data_dir) as orchestrator:
            jobs = orchestrator.monitor_all_jobs() if orchestrator.known() else []
        for line in _lines(jobs):
            sys.stdout.write(line + "\n")
        if not jobs:
            say("there are no jobs; submit one with: voxel jobs submit --role builder")

    return exit_status(show)


if __name__ == "__main__":
    raise SystemExit(main())
