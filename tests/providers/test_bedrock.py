"""Bedrock through boto3, against moto's server: exactly one job, states, losses, errors in one line."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.providers.aws_server import BUCKET, ROLE, SECRET, AwsServer, BrokenError, write_claude
from tests.providers.submitting import Warm

from voxel.errors import SetupError, TryLater, UsageError
from voxel.providers import Refused
from voxel.training.fine_tuning.jobs_request import Asked
from voxel.training.fine_tuning.jobs_submission import Patience
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

CREATE = "POST /model-customization-jobs"
LIST = "GET /model-customization-jobs"
PUT = f"PUT /{BUCKET}/voxel"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = AwsServer()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    held = Warm()
    yield held
    held.close()


@pytest.fixture
def training(tmp_path: Path) -> Path:
    return write_claude(tmp_path / "train_claude.jsonl")


@pytest.fixture
def orchestrator(aws: AwsServer, tmp_path: Path) -> Iterator[TrainingOrchestrator]:
    with TrainingOrchestrator(tmp_path / "data", patience=Patience(settle=0.5, pause=0.05)) as held:
        yield held


@pytest.mark.parametrize(
    ("name", "point", "lost"),
    [(PUT, "done", False), (CREATE, "arrived", True), (CREATE, "done", False), (CREATE, "answered", False)],
    ids=["uploaded", "request lost", "job made, unanswered", "answered"],
)
def test_a_process_killed_between_intent_and_answer_leaves_one_job(
    warm: Warm, aws: AwsServer, tmp_path: Path, training: Path, name: str, point: str, lost: bool
) -> None:
    words = (aws.environment(), tmp_path / "out", "bedrock", str(tmp_path / "data"), str(training), 30.0)

    def kill(_name: str) -> None:
        warm.kill()
        if lost:
            raise BrokenError

    aws.when(name, point, kill)
    warm.start(*words)
    assert warm.wait() == -signal.SIGKILL
    warm.start(*words)
    job_id, service_id, state = warm.told()
    assert list(aws.jobs) == [service_id]
    assert (job_id[:16], state) == ("builder-bedrock-", "running")


def test_the_request_says_what_was_asked(
    orchestrator: TrainingOrchestrator, aws: AwsServer, training: Path, tmp_path: Path
) -> None:
    validation = tmp_path / "val_claude.jsonl"
    validation.write_bytes(b"".join(training.read_bytes().splitlines(keepends=True)[:2]))
    job = orchestrator.submit_claude_job("builder", training, validation, n_epochs=3, hyperparameters={"batch_size": 8})
    made = aws.jobs[job.service_id]
    assert made.hyper_parameters == {"batchSize": "8", "epochCount": "3"}
    assert (made.role_arn, made.base_model_identifier) == (ROLE, HAIKU)
    assert made.training_data_config == {"s3Uri": f"s3://{BUCKET}/voxel/files/{job.training_file.sha256}.jsonl"}
    assert made.validation_data_config["validators"][0]["s3Uri"].startswith(f"s3://{BUCKET}/voxel/files/")
    assert len(made.client_request_token) == 40
    assert orchestrator.submit_claude_job("builder", training, validation, hyperparameters={"batchSize": "8"}) == (
        orchestrator.job(job.job_id)
    )
    assert len(aws.jobs) == 1
    assert aws.calls.count(CREATE) == 1


def test_states_losses_and_the_model(orchestrator: TrainingOrchestrator, aws: AwsServer, training: Path) -> None:
    first = orchestrator.submit_claude_job("builder", training)
    second = orchestrator.submit_claude_job("texture", training)
    aws.jobs[first.service_id].status = "Completed"
    aws.jobs[first.service_id].training_metrics = {"trainingLoss": 0.25}
    aws.jobs[second.service_id].status = "Failed"
    done, failed = orchestrator.monitor_all_jobs()
    assert (done.state, done.loss, done.progress) == ("succeeded", 0.25, 1.0)
    assert done.fine_tuned_model.startswith("arn:aws:bedrock:us-west-2:")
    assert (failed.state, failed.error, failed.fine_tuned_model) == ("failed", "Failure Message", "")
    assert [event.message for event in orchestrator.events(second.job_id)] == ["Created", "Failure Message"]


def test_cancelling(orchestrator: TrainingOrchestrator, aws: AwsServer, training: Path) -> None:
    job = orchestrator.submit_claude_job("builder", training)
    assert orchestrator.cancel_job(job.job_id).state == "cancelled"
    assert aws.jobs[job.service_id].status == "Stopped"
    assert orchestrator.submit_claude_job("builder", training).attempt == 2


ANSWERS: list[tuple[int, str, str, type[Exception], str]] = [
    (400, "ValidationException", "The provided model identifier is at its end of life", Refused, "choose another with"),
    (403, "AccessDeniedException", "not authorized", SetupError, "the role of BEDROCK_ROLE_ARN"),
    (403, "UnrecognizedClientException", f"bad token {SECRET}", SetupError, "set AWS_ACCESS_KEY_ID"),
    (403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2", SetupError, "clock is off"),
    (429, "ThrottlingException", "slow down", TryLater, "asks for a pause"),
    (400, "ServiceQuotaExceededException", "too many jobs", SetupError, "Service Quotas"),
]


@pytest.mark.parametrize(("status", "code", "message", "kind", "told"), ANSWERS, ids=[case[1] for case in ANSWERS])
def test_every_refusal_is_one_line_that_says_what_to_do(
    orchestrator: TrainingOrchestrator,
    aws: AwsServer,
    training: Path,
    tmp_path: Path,
    status: int,
    code: str,
    message: str,
    kind: type[Exception],
    told: str,
) -> None:
    aws.refuse(CREATE, status, code, message)
    with pytest.raises(kind, match=told) as caught:
        orchestrator.submit_claude_job("builder", training)
    assert "\n" not in str(caught.value)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert SECRET not in str(caught.value) + repr(caught.value) + kept.decode("latin-1")
    assert aws.jobs == {}


def test_what_is_missing_is_named(
    orchestrator: TrainingOrchestrator, aws: AwsServer, training: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SetupError, match=r"no such bucket .*--bucket or BEDROCK_BUCKET"):
        orchestrator.submit_claude_job("builder", training, bucket="elsewhere")
    monkeypatch.delenv("BEDROCK_ROLE_ARN")
    with pytest.raises(UsageError, match="epochCount must be between 1 and 10, not 11"):
        orchestrator.submit_claude_job("builder", training, n_epochs=11)
    with TrainingOrchestrator(orchestrator.data.root) as fresh, pytest.raises(SetupError, match="BEDROCK_ROLE_ARN"):
        fresh.submit_claude_job("texture", training)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with TrainingOrchestrator(orchestrator.data.root) as fresh, pytest.raises(SetupError, match="no AWS credentials"):
        fresh.submit_claude_job("texture", training)


def test_the_preflight_asks_and_changes_nothing(
    orchestrator: TrainingOrchestrator, aws: AwsServer, training: Path
) -> None:
    aws.refuse(f"GET /foundation-models/{HAIKU[:-5].replace(':', '%3A')}", 400, "ValidationException", "end of life")
    found = orchestrator.preflight("claude", Asked(role="builder", training_file=training, n_epochs=3))
    told = [(finding.check, finding.level, finding.message) for finding in found]
    assert ("bucket", "ok", "the bucket is there") in told
    assert any(check == "model" and level == "warn" and "end of life" in said for check, level, said in told)
    assert any("end of life on this day" in said for _, _, said in told)
    assert {call.split()[0] for call in aws.calls} == {"GET", "HEAD"}


def test_nothing_listens(training: Path, tmp_path: Path, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with TrainingOrchestrator(tmp_path / "data") as orchestrator, pytest.raises(TryLater, match="cannot reach AWS"):
        orchestrator.submit_claude_job("builder", training)
