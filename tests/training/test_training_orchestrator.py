"""One request, one job, whatever happens: real processes, a real server, kill -9."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.providers.openai_server import KEY, Call, DropError, OpenAIServer, api_error, write_openai  # noqa: E402
from tests.providers.submitting import Warm  # noqa: E402

from voxel.errors import BadInput, SetupError, TryLater, UsageError  # noqa: E402
from voxel.providers import Refused  # noqa: E402
from voxel.records.job import Job  # noqa: E402
from voxel.training.fine_tuning.jobs_request import Asked  # noqa: E402
from voxel.training.fine_tuning.jobs_submission import Patience  # noqa: E402
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator  # noqa: E402

SETTLE = 1.5
CREATE = "POST /fine_tuning/jobs"
FIND = "GET /fine_tuning/jobs"
QUICK = Patience(settle=0.6, pause=0.05)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    held = OpenAIServer()
    yield held
    held.close()


@pytest.fixture
def training(tmp_path: Path) -> Path:
    return write_openai(tmp_path / "train_openai.jsonl")


@pytest.fixture
def orchestrator(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TrainingOrchestrator]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    with TrainingOrchestrator(tmp_path / "data", patience=QUICK) as held:
        yield held


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    held = Warm()
    yield held
    held.close()


def environment(server: OpenAIServer) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": server.url,
        "AZURE_OPENAI_API_KEY": KEY,
        "AZURE_OPENAI_ENDPOINT": server.root,
    }


def then(*actions: Callable[[Call], None]) -> Callable[[Call], None]:
    def act(call: Call) -> None:
        for action in actions:
            action(call)

    return act


def drop(_call: Call) -> None:
    raise DropError


def slow(seconds: float) -> Callable[[Call], None]:
    return lambda _call: time.sleep(seconds)


POINTS = [
    ("looks for its job", FIND, "arrived", "lost"),
    ("has been told of no job", FIND, "answered", ""),
    ("looks for its file", "GET /files", "arrived", "lost"),
    ("uploads, and the file is lost", "POST /files", "arrived", "lost"),
    ("uploads, and the file arrives", "POST /files", "arrived", ""),
    ("has uploaded, unanswered", "POST /files", "done", ""),
    ("has been told that the file is there", "POST /files", "answered", ""),
    ("submits, and the request is lost", CREATE, "arrived", "lost"),
    ("submits, and the request is carried out at once", CREATE, "arrived", ""),
    ("submits, and the request is carried out late", CREATE, "arrived", "late"),
    ("has a job, unanswered", CREATE, "done", ""),
    ("has been told of its job", CREATE, "answered", ""),
]


CASES = [("openai", *point) for point in POINTS] + [("azure", *point) for point in POINTS if point[1] == CREATE]


@pytest.mark.parametrize(
    ("provider", "name", "point", "fate"),
    [(case[0], *case[2:]) for case in CASES],
    ids=[f"{case[0]} {case[1]}" for case in CASES],
)
def test_a_process_killed_between_intent_and_answer_leaves_one_job(
    warm: Warm, tmp_path: Path, training: Path, provider: str, name: str, point: str, fate: str
) -> None:
    server = OpenAIServer(keeps_metadata=provider == "openai", prefix="/v1" if provider == "openai" else "/openai/v1")
    words = (environment(server), tmp_path / "out", provider, str(tmp_path / "data"), str(training), SETTLE)
    try:
        after: dict[str, list[Callable[[Call], None]]] = {"lost": [drop], "late": [slow(SETTLE / 2)], "": []}
        server.when(name, point, then(warm.kill, *after[fate]))
        warm.start(*words)
        assert warm.wait() == -signal.SIGKILL
        warm.start(*words)
        job_id, service_id, state = warm.told()
        assert list(server.jobs) == [service_id]
        assert state == "queued"
        (kept,) = json.loads((tmp_path / "data/training_jobs/training_jobs.json").read_bytes())["jobs"]
        assert (kept["job_id"], kept["service_id"], kept["attempt"]) == (job_id, service_id, 1)
        assert len({file["bytes"] for file in server.files.values()}) == 1
    finally:
        server.close()


def test_a_process_killed_twice_leaves_one_job(
    warm: Warm, tmp_path: Path, server: OpenAIServer, training: Path
) -> None:
    words = (environment(server), tmp_path / "out", "openai", str(tmp_path / "data"), str(training), SETTLE)
    server.when(CREATE, "done", warm.kill)
    server.when(FIND, "answered", lambda _call: None, warm.kill)
    for _ in range(2):
        warm.start(*words)
        assert warm.wait() == -signal.SIGKILL
    warm.start(*words)
    assert [warm.told()[1]] == list(server.jobs)


def test_two_processes_that_ask_at_once_get_one_job(
    warm: Warm, tmp_path: Path, server: OpenAIServer, training: Path
) -> None:
    second = Warm()
    server.when(CREATE, "arrived", slow(0.5))
    for number, process in enumerate((warm, second)):
        out = tmp_path / f"out{number}"
        process.start(environment(server), out, "openai", str(tmp_path / "data"), str(training), SETTLE)
    told = {process.told()[1] for process in (warm, second)}
    second.close()
    assert told == set(server.jobs)
    assert len(server.jobs) == 1


def test_asking_again_costs_nothing(orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path) -> None:
    first = orchestrator.submit_openai_job("builder", training)
    again = orchestrator.submit_openai_job(
        agent_role="builder", training_file=str(training), model_base="gpt-3.5-turbo"
    )
    assert again.service_id == first.service_id
    assert (server.count(CREATE), server.count("POST /files")) == (1, 1)
    orchestrator.submit_openai_job("texture", training)
    orchestrator.submit_openai_job("builder", training, n_epochs=2)
    assert server.count(CREATE) == 3


def test_the_request_says_what_was_asked(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path, tmp_path: Path
) -> None:
    validation = write_openai(tmp_path / "val.jsonl", 3, "cone")
    job = orchestrator.submit_openai_job("builder", training, validation, "gpt-3.5-turbo", 3, suffix="blender")
    made = server.jobs[job.service_id]
    assert made["method"] == {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    assert made["metadata"]["voxel_job"] == job.job_id
    assert server.contents[made["training_file"]] == training.read_bytes()
    assert server.contents[made["validation_file"]] == validation.read_bytes()
    assert job.state == "queued"
    assert job.training_file.examples == 12
    assert job.estimated_cost == round(10 * job.training_file.tokens * 3 / 6e6, 4)


def test_a_failed_job_may_be_tried_again(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    first = orchestrator.submit_openai_job("builder", training)
    server.set_state(first.service_id, "failed", error={"code": "x", "message": "bad luck", "param": None})
    second = orchestrator.submit_openai_job("builder", training)
    assert second.attempt == 2
    assert second.service_id != first.service_id
    assert orchestrator.job(first.job_id).error == "bad luck"


def test_a_lost_data_directory_finds_its_job_at_the_service(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path, tmp_path: Path
) -> None:
    first = orchestrator.submit_openai_job("builder", training)
    server.set_state(first.service_id, "failed")
    second = orchestrator.submit_openai_job("builder", training)
    with TrainingOrchestrator(tmp_path / "other", patience=QUICK) as elsewhere:
        found = elsewhere.submit_openai_job("builder", training)
        assert (found.job_id, found.service_id) == (second.job_id, second.service_id)
        assert [job.state for job in elsewhere.jobs()] == ["failed", "queued"]
    assert len(server.jobs) == 2


@pytest.mark.parametrize("lost", ["arrived", "done"])
def test_a_connection_that_breaks_is_looked_after_in_the_same_process(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path, lost: str
) -> None:
    server.when(CREATE, lost, drop)
    job = orchestrator.submit_openai_job("builder", training)
    assert list(server.jobs) == [job.service_id]
    assert server.count(CREATE) == (2 if lost == "arrived" else 1)


def test_an_answer_that_is_no_job_is_not_believed(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    def garble(call: Call) -> None:
        raise api_error(200, "what?")

    server.when(CREATE, "done", garble)
    job = orchestrator.submit_openai_job("builder", training)
    assert list(server.jobs) == [job.service_id]


def test_a_request_that_arrives_after_all_is_cancelled(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    late: list[dict[str, object]] = []

    def hold(call: Call) -> None:
        late.append(call.body)
        raise DropError

    def arrive(_call: Call) -> None:
        server.make_job(late[0])

    server.when(CREATE, "arrived", hold)
    server.when(CREATE, "done", arrive)
    job = orchestrator.submit_openai_job("builder", training)
    states = {name: made["status"] for name, made in server.jobs.items()}
    assert states.pop(job.service_id) == "validating_files"
    assert list(states.values()) == ["cancelled"]


def test_a_refusal_is_no_job_and_the_next_try_is_another_attempt(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    def refuse(_call: Call) -> None:
        raise api_error(400, "Model gpt-3.5-turbo is not available for fine-tuning", "model_not_available")

    server.when(CREATE, "arrived", refuse)
    with pytest.raises(Refused, match="choose another with --model, or train open weights on this machine"):
        orchestrator.submit_openai_job("builder", training)
    assert [job.state for job in orchestrator.jobs()] == ["rejected"]
    assert orchestrator.submit_openai_job("builder", training).attempt == 2


def test_trouble_leaves_the_intent_and_the_same_call_goes_on(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    def busy(_call: Call) -> None:
        raise api_error(429, "Rate limit reached", "rate_limit_exceeded")

    server.when(CREATE, "arrived", busy)
    with pytest.raises(TryLater, match="asks for a pause"):
        orchestrator.submit_openai_job("builder", training)
    (job,) = orchestrator.jobs()
    assert (job.state, job.sent_at, job.error.startswith("OpenAI asks for a pause")) == ("intended", None, True)
    steps = json.loads(orchestrator.jobs_file.read_bytes())["next_steps"]
    assert steps[0].startswith(f"voxel jobs submit --provider openai --role builder --train {training}")
    assert orchestrator.submit_openai_job("builder", training).job_id == job.job_id


def test_five_hundred_jobs_are_polled_by_listing(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    template = orchestrator.submit_openai_job("builder", training)
    jobs = [template]
    body = {
        "model": "m",
        "training_file": template.training_file.service_id,
        "method": server.jobs[template.service_id]["method"],
    }
    for number in range(499):
        made = server.make_job(body)
        jobs.append(_twin(template, number, made["id"]))
    orchestrator._ledger.keep(*jobs)
    for job in jobs[::2]:
        server.set_state(job.service_id, "running")
    server.set_state(jobs[1].service_id, "succeeded", fine_tuned_model="ft:m:org::1", trained_tokens=600_000)
    server.calls.clear()
    told = {job.service_id: job for job in orchestrator.monitor_all_jobs()}
    assert server.calls == [FIND] * 5
    assert sum(job.state == "running" for job in told.values()) == 250
    done = told[jobs[1].service_id]
    assert (done.state, done.fine_tuned_model, done.cost, done.progress) == ("succeeded", "ft:m:org::1", 1.0, 1.0)


def _twin(job: Job, number: int, service_id: str) -> Job:
    from msgspec.structs import replace

    return replace(job, job_id=f"builder-openai-{number}", request=f"{number:064x}", service_id=service_id)


def test_each_of_ledger_and_readable_file_restores_the_other(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path, tmp_path: Path
) -> None:
    job = orchestrator.submit_openai_job("builder", training)
    orchestrator.close()
    orchestrator.jobs_file.unlink()
    with TrainingOrchestrator(tmp_path / "data") as restored:
        assert restored.monitor_all_jobs() == [job]
        assert json.loads(orchestrator.jobs_file.read_bytes())["jobs"][0]["service_id"] == job.service_id
    for file in (tmp_path / "data/checkpoints").iterdir():
        file.unlink()
    with TrainingOrchestrator(tmp_path / "data") as restored:
        assert restored.jobs() == [job]


def test_a_state_that_nobody_knows_is_not_final(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    job = orchestrator.submit_openai_job("builder", training)
    server.set_state(job.service_id, "contemplating")
    now = orchestrator.check_job_status(job.job_id)
    assert (now.state, now.service_state, now.final) == ("unknown", "contemplating", False)
    server.set_state(job.service_id, "succeeded", fine_tuned_model="ft:x")
    assert orchestrator.check_job_status(job.service_id).fine_tuned_model == "ft:x"


def test_a_service_in_trouble_leaves_the_jobs_as_they_were(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orchestrator.submit_openai_job("builder", training)
    server.when("GET /fine_tuning/jobs/*", "arrived", lambda _call: (_ for _ in ()).throw(api_error(401, "no", "x")))
    (now,) = orchestrator.monitor_all_jobs()
    assert (now.state, now.error) == ("queued", "OpenAI refused the key: set OPENAI_API_KEY to one that is valid (no)")
    (now,) = orchestrator.monitor_all_jobs()
    assert now.error == ""


def test_metrics_events_and_checkpoints(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    job = orchestrator.submit_openai_job("builder", training)
    server.set_state(job.service_id, "running")
    server.add_event(
        job.service_id, "Step 30/120", {"step": 30, "total_steps": 120, "train_loss": 0.5, "valid_loss": 0.75}
    )
    server.add_checkpoint(job.service_id, 30, train_loss=0.5)
    now = orchestrator.follow_metrics(orchestrator.check_job_status(job))
    assert (now.state, now.progress, now.step, now.loss, now.validation_loss) == ("running", 0.25, 30, 0.5, 0.75)
    assert [event.message for event in orchestrator.events(job.job_id)][-1] == "Step 30/120"
    (held,) = orchestrator.checkpoints(job.job_id)
    assert (held.step, held.model, held.metrics["train_loss"]) == (30, "ft:model:org::x:ckpt-step-30", 0.5)


def test_cancelling(orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path) -> None:
    job = orchestrator.submit_openai_job("builder", training)
    assert orchestrator.cancel_job(job.job_id).state == "cancelled"
    assert server.jobs[job.service_id]["status"] == "cancelled"
    assert orchestrator.cancel_job(job.job_id).state == "cancelled"
    other = orchestrator.submit_openai_job("texture", training)
    server.set_state(other.service_id, "succeeded", fine_tuned_model="ft:y")
    assert orchestrator.cancel_job(other.job_id).state == "succeeded"


def test_what_is_wrong_with_a_call_is_said_before_anything_is_sent(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="there is no role 'painter'; take one of: concept, builder"):
        orchestrator.submit_openai_job("painter", training)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"warmth is unknown; .*; n_epochs must be auto or between 1 and 50, not 0"):
        orchestrator.submit_openai_job("builder", training, n_epochs=0, hyperparameters={"warmth": 1})
    with pytest.raises(UsageError, match="there is no provider 'acme'; take one of: azure, "):
        orchestrator.submit("acme", "builder", training)
    short = write_openai(tmp_path / "short.jsonl", 9)
    with pytest.raises(BadInput, match=r"9 examples; the service wants at least 10 @ .*short.jsonl"):
        orchestrator.submit_openai_job("builder", short)
    assert server.calls == []


def test_a_missing_key_is_said_without_touching_anything(
    tmp_path: Path, training: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    orchestrator = TrainingOrchestrator(tmp_path / "data")
    with pytest.raises(SetupError, match="OPENAI_API_KEY is not set; set it, or train without a key"):
        orchestrator.submit_openai_job("builder", training)
    assert not (tmp_path / "data").exists()


def test_the_preflight_says_everything_and_changes_nothing(
    orchestrator: TrainingOrchestrator, server: OpenAIServer, training: Path
) -> None:
    server.add_model("gpt-3.5-turbo", shutdown_date="2026-12-01")
    found = {
        (finding.check, finding.level): finding.message
        for finding in orchestrator.preflight(
            "openai", Asked(role="builder", training_file=training, model="gpt-3.5-turbo", n_epochs=3)
        )
    }
    assert found["key", "ok"] == "OpenAI takes the key"
    assert "OpenAI lists gpt-3.5-turbo as an old model" in found["model", "warn"]
    assert found["price", "ok"].startswith("$0.00 for ")
    assert {call.split()[0] for call in server.calls} == {"GET"}
    assert not orchestrator.jobs_file.exists()


def test_the_key_is_nowhere(
    orchestrator: TrainingOrchestrator,
    server: OpenAIServer,
    training: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-that-the-server-echoes-back")
    with TrainingOrchestrator(tmp_path / "data", patience=QUICK) as other:
        with pytest.raises(SetupError) as caught:
            other.submit_openai_job("builder", training)
        shown = f"{caught.value!r} {caught.value} {other!r} {other.provider('openai')!r}"
    assert "Incorrect API key provided" in shown
    assert caught.value.__cause__ is None
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"echoes-back" not in kept + shown.encode()
    assert b"Incorrect API key" in kept


def test_the_module_prints_the_jobs(
    orchestrator: TrainingOrchestrator,
    server: OpenAIServer,
    training: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from voxel.training.fine_tuning.training_orchestrator import main

    assert main(["--data-dir", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().err == "voxel: there are no jobs; submit one with: voxel jobs submit --role builder\n"
    assert not (tmp_path / "none").exists()
    job = orchestrator.submit_openai_job("builder", training)
    server.set_state(job.service_id, "succeeded", fine_tuned_model="ft:done")
    assert main(["--data-dir", str(tmp_path / "data")]) == 0
    assert capsys.readouterr().out == f"{job.job_id}  succeeded 100%  gpt-3.5-turbo  ft:done\n"
