"""Trains the default model here on a dataset's builder and texture examples, with a kill -9 in the middle.

    python bench/train_local.py --data-dir training_data --minutes 24 [--kill-after 300] [--model NAME] [--together]

Prints, for each role (with --together for one adapter that learns them all), the loss on the completions of held-out
repositories before and after, tokens trained a second, the peak memory of the worker, and the whole time including the
download of the model. `bench/training.md` holds what was measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import msgspec

from voxel.providers.local import JobFolder
from voxel.records.job import Job
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One role's training."""

    role: str
    model: str
    state: str
    examples: int
    steps: int
    tokens_per_second: float
    """Trained tokens, prompts included, over the time in optimizer steps."""
    loss_before: float
    loss_after: float
    fall: float
    """Share of the loss that is gone: 1 is all of it."""
    restarts: int
    peak_gigabytes: float
    """Of the worker's resident memory."""
    minutes: float
    """From submitting to the end, waiting and loading included."""


def peak(pid: int) -> float:
    """The most memory that a process has had at once so far, in GB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def follow(orchestrator: TrainingOrchestrator, job: Job, kill_after: float) -> Measured:
    """Waits for the end of `job`, killing its worker once."""
    folder = JobFolder(orchestrator.data.training_jobs.absolute() / "local" / job.job_id)
    began = time.monotonic()
    training_since: float | None = None
    most = 0.0
    while not (job := orchestrator.check_job_status(job)).final:
        pid = folder.written_status().pid
        most = max(most, peak(pid) if pid else 0.0)
        if training_since is None and job.step:
            training_since = time.monotonic()
        if (
            kill_after
            and training_since
            and time.monotonic() - training_since > kill_after
            and folder.whole_checkpoints()
        ):
            os.kill(pid, signal.SIGKILL)
            kill_after = 0
            sys.stderr.write(f"killed {pid} at step {job.step}\n")
        if job.state == "interrupted":
            job = orchestrator.resume_job(job.job_id)
        time.sleep(1)
    events = folder.events()
    losses = [event.metrics["validation_loss"] for event in events if "validation_loss" in event.metrics]
    steps = [event for event in events if "tokens" in event.metrics]
    rate = _rate([(event.at.timestamp(), event.metrics["tokens"]) for event in steps])
    if len(losses) < 2:
        sys.exit(f"{job.job_id} {job.state}: {job.error or 'it has no validation file'}")
    return Measured(
        role=job.role,
        model=job.model,
        state=job.state,
        examples=job.training_file.examples,
        steps=job.step or 0,
        tokens_per_second=round(rate, 1),
        loss_before=round(losses[0], 4),
        loss_after=round(losses[-1], 4),
        fall=round(1 - losses[-1] / losses[0], 4),
        restarts=job.restarts,
        peak_gigabytes=round(most, 2),
        minutes=round((time.monotonic() - began) / 60, 2),
    )


def _rate(points: list[tuple[float, float]]) -> float:
    """Tokens a second between neighbouring steps; gaps in which nothing was trained do not count."""
    pairs = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    grown = [(seconds, tokens) for seconds, tokens in pairs if tokens > 0]
    return sum(tokens for _, tokens in grown) / max(1e-9, sum(seconds for seconds, _ in grown))


def joined(data_dir: Path, roles: list[str], split: str, folder: Path) -> Path:
    """The lines of all these roles in one file."""
    target = folder / f"{'-'.join(roles)}-{split}.jsonl"
    held = [data_dir / "fine_tuning" / "local" / role / f"{split}_local.jsonl" for role in roles]
    target.write_bytes(b"".join(path.read_bytes() for path in held))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("training_data"), help="where fine_tuning/local/ lies")
    parser.add_argument("--roles", nargs="+", default=["builder", "texture"])
    parser.add_argument("--together", action="store_true", help="one adapter for all roles instead of one each")
    parser.add_argument("--keep", type=Path, help="a folder for the jobs, so that the result can be evaluated")
    parser.add_argument("--minutes", type=float, default=24.0, help="of training, for all roles together")
    parser.add_argument("--kill-after", type=float, default=300.0, help="seconds into the first role; 0 kills nothing")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the training")
    parser.add_argument("--models-dir", type=Path, help="models at hand; default: none, so that the download counts")
    words = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voxel-bench-") as made, ExitStack() as stack:
        home = words.keep or Path(made)
        orchestrator = stack.enter_context(TrainingOrchestrator(home))
        if words.models_dir:
            (home / "models").symlink_to(words.models_dir.absolute())
        lots = [words.roles] if words.together else [[role] for role in words.roles]
        settings = {"max_minutes": words.minutes / len(lots), "checkpoint_seconds": 60.0}
        settings |= {name: float(value) for name, _, value in (word.partition("=") for word in words.set)}
        for index, roles in enumerate(lots):
            role = roles[0]
            training, validation = (joined(words.data_dir, roles, split, Path(made)) for split in ("train", "val"))
            job = orchestrator.submit_local_job(
                role, training, validation, words.model, n_epochs=50, hyperparameters=settings
            )
            measured = follow(orchestrator, job, words.kill_after if index == 0 else 0)
            print(msgspec.json.encode(measured).decode(), flush=True)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes in all, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
