"""AWS Bedrock: Claude 3 Haiku and whatever else it tunes.

The usual AWS variables, `AWS_REGION` (default us-west-2), `AWS_ENDPOINT_URL`; `BEDROCK_ROLE_ARN` (a role that Bedrock
may take to read and write the bucket) and `BEDROCK_BUCKET`. A job is known by its name, which holds the request's
token and which AWS takes only once; the token is also the `clientRequestToken`. Files lie in the bucket under their
content's hash. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelCustomizationJob.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from voxel.errors import BadInput, MissingExtra, SetupError, TryLater, UsageError, VoxelError
from voxel.providers.aws_errors import error_code, translated
from voxel.providers.openai_errors import LOCAL_INSTEAD
from voxel.providers.provider import Finding, JobRequest, Limits, Refused, ServiceJob, Unanswered, Uploaded
from voxel.providers.secrets import redact
from voxel.records.job import Hyperparameter, JobCheckpoint, JobEvent, JobState

STATES: dict[str, JobState] = {
    "InProgress": "running",
    "Completed": "succeeded",
    "Failed": "failed",
    "Stopping": "stopping",
    "Stopped": "cancelled",
}
PREFIX = "voxel-"
MODELS = {"claude-3-haiku": "anthropic.claude-3-haiku-20240307-v1:0:200k"}
"""Short names."""

_RANGES = {
    "epochCount": (1.0, 10.0),
    "batchSize": (4.0, 256.0),
    "learningRateMultiplier": (0.1, 2.0),
    "earlyStoppingThreshold": (0.0, 0.1),
    "earlyStoppingPatience": (1.0, 10.0),
}
_SAME = {"n_epochs": "epochCount", "batch_size": "batchSize", "learning_rate_multiplier": "learningRateMultiplier"}


class BedrockService:
    """Implements `Provider`."""

    name = "bedrock"
    repeatable = True
    default_model = MODELS["claude-3-haiku"]
    limits = Limits(
        format="claude",
        min_examples=32,
        max_examples=10_000,
        max_validation=1_000,
        max_file_bytes=None,
        max_tokens=32_000,
    )

    def __init__(
        self, bedrock: Any, s3: Any, secrets: list[str], *, endpoint: str, role_arn: str = "", bucket: str = ""
    ) -> None:
        self._bedrock = bedrock
        self._s3 = s3
        self._secrets = secrets
        self.endpoint = endpoint
        self._role_arn = role_arn
        self._bucket = bucket

    def __repr__(self) -> str:
        return f"BedrockService({self.endpoint!r})"

    def secrets(self) -> list[str]:
        """The secret key and the session token."""
        return list(self._secrets)

    def close(self) -> None:
        """Ends its connections."""
        self._bedrock.close()
        self._s3.close()

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._secrets)

    def _role(self, request: JobRequest) -> str:
        arn = str(request.options.get("role_arn") or self._role_arn)
        if not arn:
            raise SetupError("Bedrock needs a role that may read the bucket: --role-arn or BEDROCK_ROLE_ARN")
        return arn

    def _bucket_of(self, request: JobRequest) -> str:
        bucket = str(request.options.get("bucket") or self._bucket)
        if not bucket:
            raise SetupError("Bedrock reads from S3: name a bucket with --bucket or BEDROCK_BUCKET")
        return bucket

    # -- what the user asked ------------------------------------------------------------------------------------------

    def hyperparameters(self, n_epochs: int | None, given: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
        """Bedrock's own names, or those of OpenAI where they mean the same; values become strings."""
        asked = {_SAME.get(name, name): value for name, value in given.items()}
        if n_epochs is not None:
            asked["epochCount"] = n_epochs
        wrong, taken = [], {}
        for name, value in asked.items():
            if name not in _RANGES:
                wrong.append(f"{name} is unknown; there are {', '.join(_RANGES)}")
                continue
            low, high = _RANGES[name]
            try:
                inside = low <= float(value) <= high
            except ValueError:
                inside = False
            if inside:
                taken[name] = str(value)
            else:
                wrong.append(f"{name} must be between {low:g} and {high:g}, not {value}")
        if wrong:
            raise UsageError("; ".join(wrong))
        return dict(taken)

    def preflight(self, request: JobRequest) -> list[Finding]:
        """Looks at the model's life cycle, the bucket and the role: two requests that read."""
        found = [self._preflight_model(request.model)]
        if found[0].check == "key" and found[0].level == "stop":
            return found
        try:
            self._role(request)
            with self._translated():
                self._s3.head_bucket(Bucket=self._bucket_of(request))
        except VoxelError as error:
            found.append(Finding(check="bucket", level="stop", message=str(error)))
        else:
            found.append(Finding(check="bucket", level="ok", message="the bucket is there"))
        return found

    def _preflight_model(self, model: str) -> Finding:
        base = MODELS.get(model, model)
        if base.count(":") > 1:
            base = base.rpartition(":")[0]  # the context length is part of the name for tuning only
        try:
            with self._translated():
                details = self._bedrock.get_foundation_model(modelIdentifier=base)["modelDetails"]
        except SetupError as error:
            return Finding(check="key", level="stop", message=str(error))
        except Refused as error:
            return Finding(check="model", level="warn", message=str(error))
        except TryLater as error:
            return Finding(check="service", level="warn", message=str(error))
        life = details.get("modelLifecycle", {})
        if "FINE_TUNING" not in details.get("customizationsSupported", []):
            told = f"Bedrock does not list {base} as tunable; choose another with --model, or {LOCAL_INSTEAD}"
            return Finding(check="model", level="warn", message=told)
        if life.get("status") != "ACTIVE" or life.get("endOfLifeTime"):
            end = life.get("endOfLifeTime")
            until = f", ends on {end:%Y-%m-%d}" if end else ""
            told = f"{base} is {life.get('status', 'unknown').lower()}{until}; {LOCAL_INSTEAD}"
            return Finding(check="model", level="warn", message=told)
        return Finding(check="model", level="ok", message=f"Bedrock tunes {base}")

    # -- doing it -----------------------------------------------------------------------------------------------------

    def upload(self, request: JobRequest) -> Uploaded:
        """To `s3://BUCKET/voxel/files/<sha256>.jsonl`; an object of the same name and size is the same."""
        bucket = self._bucket_of(request)
        training = self._upload(bucket, request.training, request.training_sha256)
        if request.validation is None:
            return Uploaded(training)
        return Uploaded(training, self._upload(bucket, request.validation, request.validation_sha256))

    def _upload(self, bucket: str, path: Path, sha256: str) -> str:
        key = f"voxel/files/{sha256}.jsonl"
        try:
            size = path.stat().st_size
        except OSError as error:
            raise BadInput(f"cannot read {path}: {error.strerror}") from error
        if self._size_of(bucket, key) != size:
            with self._translated():
                self._s3.upload_file(str(path), bucket, key)
        return f"s3://{bucket}/{key}"

    def _size_of(self, bucket: str, key: str) -> int | None:
        from botocore.exceptions import ClientError

        with self._translated():
            try:
                return int(self._s3.head_object(Bucket=bucket, Key=key)["ContentLength"])
            except ClientError as error:
                # S3 says 403 for a missing object to who may not list the bucket
                if error_code(error) not in ("404", "NoSuchKey", "403"):
                    raise
        return None

    def submit(self, request: JobRequest, files: Uploaded) -> ServiceJob:
        """Safe to repeat: the name can be taken once, and AWS answers a known token with the job that it has."""
        name = _job_name(request)
        suffix = re.sub(r"[^A-Za-z0-9]+", "-", request.suffix)[:26].strip("-")
        asked: dict[str, Any] = {
            "jobName": name,
            "customModelName": "-".join(part for part in (PREFIX + request.role, suffix, request.token[:20]) if part),
            "roleArn": self._role(request),
            "clientRequestToken": request.token,
            "baseModelIdentifier": MODELS.get(request.model, request.model),
            "customizationType": "FINE_TUNING",
            "jobTags": [{"key": "voxel_job", "value": request.job_id}],
            "trainingDataConfig": {"s3Uri": files.training},
            "outputDataConfig": {"s3Uri": f"s3://{self._bucket_of(request)}/voxel/output/{name}/"},
            "hyperParameters": {key: str(value) for key, value in request.hyperparameters.items()},
        }
        if files.validation:
            asked["validationDataConfig"] = {"validators": [{"s3Uri": files.validation}]}
        from botocore.exceptions import ClientError

        with self._translated():
            try:
                self._bedrock.create_model_customization_job(**asked)
            except ClientError as error:
                if error_code(error) not in ("ConflictException", "ResourceInUseException"):
                    raise
        found = self.find(request)
        if not found:
            raise Unanswered(f"Bedrock took {name} and does not list it yet; run the same command again")
        return found[0]

    def find(self, request: JobRequest) -> list[ServiceJob]:
        """At most one: AWS takes a name once."""
        name = _job_name(request)
        return [self._service_job(job, request.token) for job in self._list(name) if job["jobName"] == name]

    def _list(self, part: str) -> Iterator[dict[str, Any]]:
        following: dict[str, str] = {}
        while True:
            with self._translated():
                page = self._bedrock.list_model_customization_jobs(nameContains=part, maxResults=1000, **following)
            yield from page.get("modelCustomizationJobSummaries", [])
            if not page.get("nextToken"):
                return
            following = {"nextToken": page["nextToken"]}

    # -- looking ------------------------------------------------------------------------------------------------------

    def poll(self, service_ids: Collection[str]) -> dict[str, ServiceJob]:
        """By listing, a thousand a call; one that has ended is asked about once more, for its losses and its error."""
        wanted = set(service_ids)
        found: dict[str, ServiceJob] = {}
        if len(wanted) == 1:
            only = next(iter(wanted))
            details = self._details(only)
            return {only: details} if details else {}
        if wanted:
            for summary in self._list(PREFIX):
                name = summary["jobName"]
                if name in wanted:
                    ended = STATES.get(summary["status"]) in ("succeeded", "failed", "cancelled")
                    found[name] = (self._details(name) if ended else None) or self._service_job(summary)
                    if len(found) == len(wanted):
                        break
        return found

    def _details(self, name: str) -> ServiceJob | None:
        try:
            with self._translated():
                return self._service_job(self._bedrock.get_model_customization_job(jobIdentifier=name))
        except Refused:
            return None

    def _service_job(self, job: Mapping[str, Any], token: str = "") -> ServiceJob:
        state = STATES.get(job["status"], "unknown")
        ended = state in ("succeeded", "failed", "cancelled")
        losses = job.get("validationMetrics") or []
        model = job.get("outputModelArn") or job.get("customModelArn") or ""
        return ServiceJob(
            service_id=job["jobName"],
            state=state,
            service_state=job["status"],
            created_at=_aware(job.get("creationTime")),
            token=job.get("clientRequestToken", token),
            fine_tuned_model=model if state == "succeeded" else "",
            error=redact(job.get("failureMessage", ""), self._secrets) if state == "failed" else "",
            progress=1.0 if state == "succeeded" else None,
            loss=job.get("trainingMetrics", {}).get("trainingLoss") if state == "succeeded" else None,
            validation_loss=losses[-1].get("validationLoss") if losses and state == "succeeded" else None,
            finish_at=_aware(job.get("endTime")) if ended else None,
        )

    def events(self, service_id: str, limit: int = 100) -> list[JobEvent]:
        """Bedrock keeps no events; these are the phases that it tells the times of."""
        with self._translated():
            job = self._bedrock.get_model_customization_job(jobIdentifier=service_id)
        told = [("created", job.get("creationTime"), "Created")]
        for name, phase in (job.get("statusDetails") or {}).items():
            label = name.removesuffix("Details")
            told.append(
                (label, phase.get("lastModifiedTime") or phase.get("creationTime"), f"{label}: {phase.get('status')}")
            )
        if STATES.get(job["status"]) in ("succeeded", "failed", "cancelled"):
            told.append(
                ("ended", job.get("endTime"), redact(job.get("failureMessage") or job["status"], self._secrets))
            )
        events = [
            JobEvent(event_id=f"{service_id}/{name}", at=_aware(at) or datetime.now(UTC), message=message)
            for name, at, message in told
            if at is not None
        ]
        return sorted(events, key=lambda event: event.at)[-limit:]

    def checkpoints(self, service_id: str) -> list[JobCheckpoint]:  # noqa: ARG002  (Bedrock offers none)
        """None: Bedrock hands out the final model only."""
        return []

    def cancel(self, service_id: str) -> ServiceJob:
        """A job that has ended stays as it is."""
        now = self._details(service_id)
        if now is not None and now.state in ("succeeded", "failed", "cancelled"):
            return now
        with self._translated():
            self._bedrock.stop_model_customization_job(jobIdentifier=service_id)
        ended = self._details(service_id)
        if ended is None:
            raise Unanswered(f"Bedrock does not list {service_id} any more; see: voxel jobs list")
        return ended


def _job_name(request: JobRequest) -> str:
    """At most 63 characters of letters, digits and hyphens."""
    return f"{PREFIX}{request.role}-{request.token}"


def _aware(at: Any) -> datetime | None:
    if not isinstance(at, datetime):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


SERVICE = BedrockService


def connect(data_dir: Path) -> BedrockService:  # noqa: ARG001  (all providers are opened alike)
    """SetupError without credentials."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise MissingExtra("fine-tuning at Bedrock", "bedrock") from error
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-west-2"
    with translated([]):
        session = boto3.Session(region_name=region)
        credentials = session.get_credentials()
    if credentials is None:
        raise SetupError(
            "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
            "without any: voxel jobs submit --provider local"
        )
    frozen = credentials.get_frozen_credentials()
    settings = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
    other = os.environ.get("AWS_ENDPOINT_URL_BEDROCK") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return BedrockService(
        session.client("bedrock", config=settings),
        session.client("s3", config=settings),
        [secret for secret in (frozen.access_key, frozen.secret_key, frozen.token) if secret],
        endpoint=urlsplit(other).netloc or f"bedrock.{region}.amazonaws.com",
        role_arn=os.environ.get("BEDROCK_ROLE_ARN", ""),
        bucket=os.environ.get("BEDROCK_BUCKET", ""),
    )
