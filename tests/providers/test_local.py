"""Training here, for real: a tiny model is trained, killed with -9, gone on with, cancelled and merged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.providers.tiny_model import make_tiny_model, write_local

from voxel.providers.local import JobFolder
from voxel.providers.local.training import of_rate
from voxel.records.job import Hyperparameter, Job
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

pytestmark = pytest.mark.local

QUICK: dict[str, Hyperparameter] = {"learning_rate": 0.01, "batch_size": 4, "checkpoint_seconds": 0.2, "threads": 1}
PATIENCE_S = 600.0


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def orchestrator(tmp_path: Path) -> Iterator[TrainingOrchestrator]:
    with TrainingOrchestrator(tmp_path / "data") as held:
        yield held
        for job in held.jobs():
            held.cancel_job(job.job_id)


@pytest.fixture
def training(tmp_path: Path) -> Path:
    return write_local(tmp_path / "train_local.jsonl")


def wait(orchestrator: TrainingOrchestrator, job: Job, until: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + PATIENCE_S
    while not until(job := orchestrator.check_job_status(job)):
        log = folder_of(orchestrator, job).log.read_text()
        assert not job.final, f"{job.state}: {job.error}\n{log}"
        assert time.monotonic() < deadline, log
        time.sleep(0.1)
    return job


def folder_of(orchestrator: TrainingOrchestrator, job: Job) -> JobFolder:
    return JobFolder(orchestrator.data.training_jobs / "local" / job.job_id)


def validation_losses(orchestrator: TrainingOrchestrator, job: Job) -> list[float]:
    events = orchestrator.events(job.job_id, 10_000)
    return [event.metrics["validation_loss"] for event in events if "validation_loss" in event.metrics]


def answer(folder: str, model: Any) -> str:
    """What the model says to a question from the training lines."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = [
        {"role": "system", "content": "You write Blender Python."},
        {"role": "user", "content": "Add a torus of size 6."},
    ]
    tokens = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    told = model.generate(**tokens, max_new_tokens=40, do_sample=False)
    return str(tokenizer.decode(told[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True))


def test_all_weights_are_trained_to_the_end(
    orchestrator: TrainingOrchestrator, base: Path, training: Path, tmp_path: Path
) -> None:
    validation = write_local(tmp_path / "val_local.jsonl", 12)
    settings = {**QUICK, "lora_r": 0}
    job = orchestrator.submit_local_job("builder", training, validation, str(base), 15, hyperparameters=settings)
    assert job.state == "queued"
    job = wait(orchestrator, job, lambda job: job.final)
    assert (job.state, job.step, job.total_steps, job.progress) == ("succeeded", 120, 120, 1.0)
    before, after = validation_losses(orchestrator, job)
    assert after < 0.3 * before
    assert job.validation_loss == after
    assert job.cost == 0.0
    assert job.trained_tokens is not None and job.trained_tokens > 10_000

    from transformers import AutoModelForCausalLM

    text = answer(job.fine_tuned_model, AutoModelForCausalLM.from_pretrained(job.fine_tuned_model))
    assert text.startswith("import bpy\nbpy.ops.mesh.primitive_")


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # PEFT reads what transformers renamed
def test_an_adapter_is_trained_and_merged(
    orchestrator: TrainingOrchestrator, base: Path, training: Path, tmp_path: Path
) -> None:
    validation = write_local(tmp_path / "val_local.jsonl", 12)
    settings = {**QUICK, "merge": 1}
    job = orchestrator.submit_local_job("builder", training, validation, str(base), 5, hyperparameters=settings)
    job = wait(orchestrator, job, lambda job: job.final)
    folder = folder_of(orchestrator, job)
    assert (job.state, Path(job.fine_tuned_model)) == ("succeeded", folder.adapter.absolute())
    before, after = validation_losses(orchestrator, job)
    assert after < before - 0.3

    import torch
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM

    tokens = torch.arange(3, 40).reshape(1, -1)
    adapted = AutoPeftModelForCausalLM.from_pretrained(job.fine_tuned_model)(tokens).logits
    merged = AutoModelForCausalLM.from_pretrained(folder.merged)(tokens).logits
    plain = AutoModelForCausalLM.from_pretrained(base)(tokens).logits
    assert torch.allclose(adapted, merged, atol=1e-4)
    assert not torch.allclose(adapted, plain, atol=1e-1)


def test_a_killed_job_goes_on_from_its_checkpoint(
    orchestrator: TrainingOrchestrator, base: Path, training: Path, tmp_path: Path
) -> None:
    def submit() -> Job:
        return orchestrator.submit_local_job("builder", training, None, str(base), 25, hyperparameters=QUICK)

    job = submit()
    folder = folder_of(orchestrator, job)
    job = wait(orchestrator, job, lambda job: (job.step or 0) >= 20 and bool(folder.whole_checkpoints()))
    os.kill(folder.written_status().pid, signal.SIGKILL)
    job = wait(orchestrator, job, lambda job: job.state == "interrupted")
    assert not job.final
    (folder.checkpoints / "checkpoint-999999").mkdir()
    reached = int(orchestrator.checkpoints(job.job_id)[-1].step)
    with (folder.path / "events.jsonl").open("ab") as file:
        file.write(b'{"event_id": "cut o')
    training.write_text("the file has changed, the job has not")
    training_again = write_local(training)
    assert training_again == training
    again = submit()
    assert (again.job_id, again.attempt, again.restarts) == (job.job_id, 1, 1)
    done = wait(orchestrator, again, lambda job: job.final)
    assert (done.state, done.step, done.total_steps) == ("succeeded", 200, 200)
    messages = [event.message for event in orchestrator.events(job.job_id, 10_000)]
    assert f"going on from checkpoint-{reached}" in messages
    steps = [event.metrics["step"] for event in orchestrator.events(job.job_id, 10_000) if "loss" in event.metrics]
    later = steps[steps.index(max(step for step in steps if step <= reached)) + 1 :]
    assert min(later) > reached - 5
    assert not (folder.checkpoints / "checkpoint-999999").exists()
    tokens = [event.metrics["tokens"] for event in orchestrator.events(job.job_id, 10_000) if "loss" in event.metrics]
    assert done.trained_tokens == tokens[-1] == max(tokens)
    per_step = tokens[0] / steps[0]
    assert tokens[-1] == pytest.approx(200 * per_step, rel=0.1)


def _command(held: Path) -> list[bytes]:
    try:
        return held.read_bytes().split(b"\0")
    except OSError:  # the process has ended meanwhile
        return []


POINTS = [
    ("LocalService", "upload", "before"),
    ("LocalService", "upload", "after"),
    ("JobFolder", "create", "before"),
    ("JobFolder", "create", "after"),
    ("LocalService", "_start", "after"),
]


@pytest.mark.parametrize("point", POINTS, ids=[" ".join(point) for point in POINTS])
def test_a_process_killed_while_it_submits_leaves_one_job_and_one_worker(
    orchestrator: TrainingOrchestrator, base: Path, training: Path, point: tuple[str, str, str]
) -> None:
    root = orchestrator.data.root
    words = [sys.executable, str(Path(__file__).parent / "submitting_locally.py"), str(root), str(training), str(base)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    killed = subprocess.run([*words, *point], env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    job = orchestrator.submit_local_job("builder", training, None, str(base), 1000)
    assert (job.state, job.attempt) == ("queued", 1)
    folders = [held for held in (root / "training_jobs/local").iterdir() if (held / "request.json").exists()]
    assert [held.name for held in folders] == [job.job_id]
    name = str(folders[0].absolute()).encode()
    workers = [held for held in Path("/proc").glob("[0-9]*/cmdline") if name in _command(held)]
    assert len(workers) == 1


def test_a_job_is_cancelled_and_its_worker_is_gone(
    orchestrator: TrainingOrchestrator, base: Path, training: Path
) -> None:
    job = orchestrator.submit_local_job("builder", training, None, str(base), 1000, hyperparameters=QUICK)
    other = orchestrator.submit_local_job("texture", training, None, str(base), 1000, hyperparameters=QUICK)
    job = wait(orchestrator, job, lambda job: (job.step or 0) >= 1)
    other = orchestrator.check_job_status(other)
    assert (other.state, other.service_state) == ("queued", "waiting")
    for running in (other, job):
        pid = folder_of(orchestrator, running).written_status().pid
        ended = orchestrator.cancel_job(running.job_id)
        assert ended.state == "cancelled"
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_time_limit_ends_training_with_a_result(
    orchestrator: TrainingOrchestrator, base: Path, training: Path
) -> None:
    settings = {**QUICK, "max_minutes": 0.03}
    job = orchestrator.submit_local_job("builder", training, None, str(base), 1000, hyperparameters=settings)
    job = wait(orchestrator, job, lambda job: job.final)
    assert job.state == "succeeded"
    assert job.step is not None and job.total_steps == 8000 and job.step < 8000
    assert any(
        "the time limit of 0.03 minutes ends training" in event.message for event in orchestrator.events(job.job_id)
    )


def test_under_a_time_limit_the_learning_rate_falls_in_the_last_quarter() -> None:
    assert [of_rate(spent) for spent in (0.0, 0.5, 0.75, 0.875, 1.0, 1.2)] == [1.0, 1.0, 1.0, 0.5, 0.02, 0.02]


def test_what_cannot_be_trained_says_so_in_one_line(
    orchestrator: TrainingOrchestrator, base: Path, training: Path
) -> None:
    job = orchestrator.submit_local_job("builder", training, None, str(base), hyperparameters={"max_length": 16})
    while not (job := orchestrator.check_job_status(job)).final:
        time.sleep(0.1)
    assert (job.state, job.error) == (
        "failed",
        "no line of the training file has at most 16 tokens; raise max_length",
    )
