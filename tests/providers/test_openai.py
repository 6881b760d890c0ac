"""Every documented error of OpenAI and Azure: one line that says what to do, and no key in it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.providers.openai_server import KEY, AnswerError, Call, DropError, OpenAIServer, api_error

from voxel.errors import BadInput, SetupError, TryLater, VoxelError
from voxel.providers import NotSent, Refused, Unanswered, open_provider
from voxel.records.job import Job
from voxel.training.fine_tuning.jobs_submission import Patience
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

CREATE = "POST /fine_tuning/jobs"


@pytest.fixture
def orchestrator(openai_env: OpenAIServer, tmp_path: Path) -> Iterator[TrainingOrchestrator]:
    with TrainingOrchestrator(tmp_path / "data", patience=Patience(settle=0.1, pause=0.02)) as held:
        yield held


ERRORS: list[tuple[str, AnswerError, type[VoxelError], str]] = [
    (
        "bad key",
        api_error(401, f"Incorrect API key provided: {KEY}.", "invalid_api_key"),
        SetupError,
        "OpenAI refused the key: set OPENAI_API_KEY to one that is valid",
    ),
    (
        "quota",
        api_error(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"),
        SetupError,
        "the account has no credit left",
    ),
    ("rate limit", api_error(429, "Rate limit reached", "rate_limit_exceeded"), NotSent, "asks for a pause"),
    (
        "invalid file",
        api_error(400, "Invalid file format. Line 3: missing messages", "invalid_file_format"),
        Refused,
        "refused a file .*voxel jobs estimate --train FILE",
    ),
    (
        "closed model",
        api_error(400, "Model gpt-3.5-turbo-0613 is not available for fine-tuning or does not exist."),
        Refused,
        "does not tune this model .* choose another with --model, or train open weights on this machine",
    ),
    (
        "moderation",
        api_error(400, "The training file was flagged by our moderation system", "training_data_moderation"),
        Refused,
        "against its policy .* remove those examples",
    ),
    (
        "closed to this organisation",
        api_error(403, "Your organization is not allowed to create fine-tuning jobs", "training_not_available"),
        SetupError,
        "does not let this account fine-tune .* --provider azure, or train open weights",
    ),
    ("clock", api_error(403, "Request time is too far from the server clock"), SetupError, "clock is off"),
    ("trouble", api_error(500, "The server had an error", None, "server_error"), Unanswered, "is in trouble"),
    ("too many jobs", api_error(400, "You have too many active jobs"), Refused, "OpenAI refused the request"),
]


@pytest.mark.parametrize(("answer", "kind", "told"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
def test_every_error_is_one_line_that_says_what_to_do(
    orchestrator: TrainingOrchestrator,
    server: OpenAIServer,
    training: Path,
    answer: AnswerError,
    kind: type[VoxelError],
    told: str,
) -> None:
    def refuse(_call: Call) -> None:
        raise answer

    server.when(CREATE, "arrived", refuse, refuse, refuse)
    with pytest.raises(kind, match=told) as caught:
        orchestrator.submit_openai_job("builder", training)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert server.count(CREATE) == (3 if kind is Unanswered else 1)
    assert server.jobs == {}


def test_a_job_that_failed_at_the_service_tells_why(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    job = orchestrator.submit_openai_job("builder", training)
    why = f"The job failed due to an invalid training file, said\n{KEY}"
    server.set_state(
        job.service_id, "failed", error={"code": "invalid_training_file", "message": why, "param": "training_file"}
    )
    assert orchestrator.check_job_status(job).error == ("The job failed due to an invalid training file, said [hidden]")


def test_no_network(orchestrator: TrainingOrchestrator, training: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    with pytest.raises(NotSent, match=r"cannot reach OpenAI .* check the network, then run the same command again"):
        orchestrator.submit_openai_job("builder", training)
    (job,) = orchestrator.jobs()
    assert (job.state, job.sent_at) == ("intended", None)


def expired_certificate(folder: Path) -> tuple[Path, Path]:
    """For 127.0.0.1, of 2020, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, secret.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 2, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encodings = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(secret.private_bytes(*encodings))
    return certificate, key


def test_a_certificate_that_does_not_fit_the_clock(
    orchestrator: TrainingOrchestrator, training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = expired_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Quiet(HTTPServer):
        def handle_error(self, *_: object) -> None:
            """The handshake fails, as it should."""

    server = Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("OPENAI_BASE_URL", f"https://127.0.0.1:{server.server_port}/v1")
    try:
        with pytest.raises(SetupError, match=r"certificate does not fit the date .* set the clock here"):
            orchestrator.submit_openai_job("builder", training)
    finally:
        server.shutdown()
        server.server_close()


def test_an_upload_whose_answer_is_lost_is_not_repeated(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    def drop(_call: Call) -> None:
        raise DropError

    server.when("POST /files", "done", drop)
    job = orchestrator.submit_openai_job("builder", training)
    assert list(server.files) == [job.training_file.service_id]


def test_a_file_that_is_gone_is_said(orchestrator: TrainingOrchestrator, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot read .*gone.jsonl: No such file or directory"):
        orchestrator.submit_openai_job("builder", tmp_path / "gone.jsonl")


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    server = OpenAIServer(keeps_metadata=False, prefix="/openai")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.root + "/")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2025-04-01-preview")
    yield server
    server.close()


def test_azure_waits_until_it_has_read_the_file_and_knows_its_job_by_the_seed(
    azure: OpenAIServer, training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voxel.providers.services.azure import AzureService

    monkeypatch.setattr(AzureService, "file_pause", 0.05)
    azure.file_status = "pending"

    def processed(_call: Call) -> None:
        for file in azure.files.values():
            file["status"] = "processed"

    azure.when("GET /files/*", "arrived", lambda _call: None, processed)
    with TrainingOrchestrator(tmp_path / "data") as orchestrator:
        job = orchestrator.submit_openai_job("builder", training, provider="azure")
    assert azure.count("GET /files/*") == 2
    assert azure.jobs[job.service_id]["metadata"] is None
    with TrainingOrchestrator(tmp_path / "other") as elsewhere:
        found: Job = elsewhere.submit_openai_job("builder", training, provider="foundry")
    assert found.service_id == job.service_id
    assert len(azure.jobs) == 1


def test_azure_names_every_variable_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SetupError, match="set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY to fine-tune at Azure"):
        open_provider("azure", data_dir=tmp_path)


def test_trouble_while_looking_is_told_and_nothing_is_sent(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    def refuse(_call: Call) -> None:
        raise api_error(429, "slow down")

    server.when("GET /fine_tuning/jobs", "arrived", *[refuse] * 3)
    with pytest.raises(TryLater, match="asks for a pause"):
        orchestrator.submit_openai_job("builder", training)
    assert server.count(CREATE) == 0
