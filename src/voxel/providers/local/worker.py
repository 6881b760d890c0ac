"""The process that carries out one local job: `python -m voxel.providers.local.worker FOLDER`.

Whoever starts it has taken the folder's lock and hands it over as an open file, so that there is no moment in which
the job looks dead. It waits for its turn on the machine, trains from the last whole checkpoint, writes the result and
says so last. Killed at any moment, the next worker goes on from that checkpoint.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from voxel.errors import VoxelError
from voxel.providers.local.job_folder import JobFolder, LocalStatus


class Report:
    """What a worker says about itself, in status and events."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        before = folder.written_status()
        self.status = replace(before, state="queued", phase="waiting", pid=os.getpid(), error="", finish_at=None)

    def phase(self, phase: str, message: str) -> None:
        """A new part of the work begins."""
        state = "queued" if phase == "waiting" else "running"
        self.write(replace(self.status, state=state, phase=phase))
        self.folder.add_event(message)

    def step(
        self, step: int, total: int, *, loss: float | None, tokens: int | None, seconds_left: float | None
    ) -> None:
        """Training has come this far; `tokens` were trained so far, `seconds_left` until it ends."""
        finish = datetime.now(UTC) + timedelta(seconds=seconds_left) if seconds_left is not None else None
        self.write(
            replace(
                self.status,
                step=step,
                total_steps=total,
                progress=min(1.0, step / total) if total else None,
                loss=self.status.loss if loss is None else loss,
                trained_tokens=self.status.trained_tokens if tokens is None else tokens,
                finish_at=finish,
            )
        )
        if loss is not None:
            metrics = {"step": float(step), "total_steps": float(total), "loss": loss}
            if tokens is not None:
                metrics["tokens"] = float(tokens)
            self.folder.add_event(f"step {step} of {total}: loss {loss:.4f}", metrics=metrics)

    def validation(self, loss: float, examples: int, when: str, step: int) -> None:
        """The loss on held-out completions."""
        self.write(replace(self.status, validation_loss=loss))
        self.folder.add_event(
            f"validation {when}: loss {loss:.4f} on {examples} examples",
            metrics={"step": float(step), "validation_loss": loss},
        )

    def end(self, **changes: object) -> None:
        """Nothing more comes after this."""
        self.write(replace(self.status, phase="", finish_at=datetime.now(UTC), **changes))

    def write(self, status: LocalStatus) -> None:
        """Keeps it."""
        self.status = status
        self.folder.write_status(status)


def work(folder: JobFolder) -> int:
    """Carries out the job in `folder`; its lock is held by this process already. 0 also when the job was stopped."""
    report = Report(folder)
    if report.status.fine_tuned_model and folder.written_status().state == "succeeded":
        return 0
    try:
        request = folder.request()
        with (folder.path.parent / "machine.lock").open("w") as machine:
            report.phase("waiting", "waiting for other training on this machine to end")
            fcntl.flock(machine, fcntl.LOCK_EX)
            if folder.stopped:
                report.end(state="cancelled")
                return 0
            from voxel.providers.local.training import train

            started = time.monotonic()
            result = train(folder, request, report)
        if result is None:
            report.folder.add_event("stopped")
            report.end(state="cancelled")
            return 0
        report.folder.add_event(f"done after {time.monotonic() - started:.0f} s: {result}")
        report.end(state="succeeded", progress=1.0, fine_tuned_model=str(result))
    except VoxelError as error:
        _fail(report, str(error))
        return 1
    except Exception as error:  # noqa: BLE001  (whatever the libraries raise is told in the job, with the whole of it in its log)
        traceback.print_exc()
        said = " ".join(str(error).split())[:300]
        _fail(report, f"{type(error).__name__}: {said}; more in {folder.log}")
        return 1
    return 0


def _fail(report: Report, message: str) -> None:
    report.folder.add_event(message, level="error")
    report.end(state="failed", error=message)


if __name__ == "__main__":
    sys.exit(work(JobFolder(Path(sys.argv[1]))))
