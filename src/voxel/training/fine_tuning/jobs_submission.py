"""One request, one job: how a request is carried out so that a process killed at any moment never makes a second one.

The order is: write the intent down; look for a job of this request at the service; upload the files; write down that
the request is about to be sent; send it; write the answer down. A process that finds an intent marked as sent does
not know whether the request arrived, nor whether it is still on its way. It looks for the job until the request could
no longer be under way (`Patience.settle` seconds after it was sent), and sends again only then. Should two jobs come
of one request all the same, the older one is kept and the others are cancelled.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from voxel.errors import SetupError, TryLater, VoxelError
from voxel.providers import JobRequest, NotSent, PriceTable, Provider, Refused, ServiceJob, Unanswered, Uploaded
from voxel.records.job import Job
from voxel.training.fine_tuning.jobs_ledger import JobsLedger

SENDS = 3


class Patience(NamedTuple):
    """Seconds."""

    settle: float = 90.0
    """How long after it was sent a request may still turn into a job. Longer than the clients' time-out of 60 s."""
    pause: float = 5.0
    """Between two looks."""


class Submission:
    """Carries out requests at one provider."""

    def __init__(self, ledger: JobsLedger, provider: Provider, prices: PriceTable, patience: Patience) -> None:
        self._ledger = ledger
        self._provider = provider
        self._prices = prices
        self._patience = patience

    def carry_out(self, job: Job, request: JobRequest) -> Job | None:
        """Brings `job`, written down as an intent before, to the service, or finds it there. The job as it then is.

        None when the service has this attempt from before and it failed or was cancelled there: it is time for
        another attempt. Refused, SetupError, TryLater: the job in the ledger says how far it came, and the next call
        goes on from there.
        """
        sent_before = job.sent_at is not None
        try:
            found = self._look(job, request)
            if found is not None and found.state != "interrupted":
                job = self._keep(job, found)
                return job if sent_before or found.state not in ("failed", "cancelled") else None
            if found is not None:
                job = replace(job, restarts=job.restarts + 1)
            job = self._upload(job, request)
            return self._send(job, request)
        except Refused as error:
            self._note(job, error, state="rejected")
            raise
        except VoxelError as error:
            self._note(job, error)
            raise

    def _note(self, job: Job, error: VoxelError, state: str = "") -> None:
        now = self._ledger.get(job.job_id) or job
        changed = replace(now, error=str(error), updated_at=datetime.now(UTC))
        self._ledger.keep(replace(changed, state=state) if state else changed)

    def _keep(self, job: Job, found: ServiceJob) -> Job:
        job = merged(job, found, self._prices)
        self._ledger.keep(job)
        return job

    def _look(self, job: Job, request: JobRequest) -> ServiceJob | None:
        """Looks once for a request that was never sent, and until nothing can arrive any more for one that was."""
        left = 0.0
        if job.sent_at is not None and not self._provider.repeatable:
            # a clock that was set back makes nobody wait longer than a request can be under way
            age = max(0.0, (datetime.now(UTC) - job.sent_at).total_seconds())
            left = max(0.0, self._patience.settle - age)
        deadline = time.monotonic() + left
        while not (found := self._provider.find(request)):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(self._patience.pause, left))
        return self._one_of(found)

    def _one_of(self, found: list[ServiceJob]) -> ServiceJob:
        living = [job for job in found if job.state not in ("failed", "cancelled")]
        kept = (living or found)[0]
        for extra in living[1:]:
            if extra.state != "succeeded":
                self._provider.cancel(extra.service_id)
        return kept

    def _upload(self, job: Job, request: JobRequest) -> Job:
        files = self._provider.upload(request)
        validation = job.validation_file
        job = replace(
            job,
            training_file=replace(job.training_file, service_id=files.training),
            validation_file=replace(validation, service_id=files.validation) if validation else None,
            updated_at=datetime.now(UTC),
        )
        self._ledger.keep(job)
        return job

    def _send(self, job: Job, request: JobRequest) -> Job:
        files = _uploaded(job)
        for left in reversed(range(SENDS)):
            now = datetime.now(UTC)
            job = replace(job, state="submitting", sent_at=now, updated_at=now, error="")
            self._ledger.keep(job)
            try:
                made = self._provider.submit(request, files)
            except Unanswered:
                found = self._look(job, request)
                if found is not None:
                    return self._keep(job, found)
                if not left:
                    raise
            except (NotSent, SetupError, Refused):
                # nothing arrived: the next try need not wait
                self._ledger.keep(replace(job, state="intended", sent_at=None))
                raise
            else:
                job = self._keep(job, made)
                if left < SENDS - 1:
                    # an earlier sending got no answer: should it have arrived late, it ends here
                    self._one_of(
                        [made, *(late for late in self._provider.find(request) if late.service_id != made.service_id)]
                    )
                return job
        raise TryLater(f"{self._provider.endpoint} did not answer {SENDS} times; run the same command again")


def _uploaded(job: Job) -> Uploaded:
    return Uploaded(job.training_file.service_id, job.validation_file.service_id if job.validation_file else "")


def merged(job: Job, found: ServiceJob, prices: PriceTable) -> Job:
    """`job` with what its service says now; what the service leaves open stays as it was."""
    job = replace(
        job,
        state=found.state,
        service_id=found.service_id,
        service_state=found.service_state,
        fine_tuned_model=found.fine_tuned_model or job.fine_tuned_model,
        error=found.error,
        progress=job.progress if found.progress is None else found.progress,
        step=job.step if found.step is None else found.step,
        total_steps=job.total_steps if found.total_steps is None else found.total_steps,
        loss=job.loss if found.loss is None else found.loss,
        validation_loss=job.validation_loss if found.validation_loss is None else found.validation_loss,
        finish_at=found.finish_at or job.finish_at,
        trained_tokens=job.trained_tokens if found.trained_tokens is None else found.trained_tokens,
        updated_at=datetime.now(UTC),
    )
    return replace(job, cost=_cost(job, prices))


def _cost(job: Job, prices: PriceTable) -> float | None:
    row = prices.find(job.provider, job.model)
    if row is not None and job.trained_tokens is not None:
        return round(row.usd[1] * job.trained_tokens / row.tokens, 4)
    if job.estimated_cost is not None and job.progress is not None:
        return round(job.estimated_cost * job.progress, 4)
    return None
