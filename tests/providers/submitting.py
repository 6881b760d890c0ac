"""Processes that submit one job each: what the tests kill.

Starting Python and importing an SDK takes most of a second, so one warm process does that once and forks a new
process for every submission. Each is a process of its own all the same, with its own environment, and is killed with
-9.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path


def submit(provider: str, data_dir: str, training: str, settle: float) -> str:
    """Submits, and says what came of it: `<job id> <service id> <state>`."""
    from voxel.training.fine_tuning.jobs_submission import Patience
    from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

    patience = Patience(settle=settle, pause=0.1)
    model = "" if provider == "bedrock" else "gpt-3.5-turbo"
    with TrainingOrchestrator(data_dir, patience=patience) as orchestrator:
        job = orchestrator.submit(provider, "builder", training, model=model, n_epochs=3)
    return f"{job.job_id} {job.service_id} {job.state}"


def serve() -> None:
    """Reads a JSON object a line; forks, prints the child's number, and its exit status when it has ended."""
    import boto3  # noqa: F401
    import openai  # noqa: F401

    import voxel.training.fine_tuning.training_orchestrator  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.clear()
            os.environ.update(asked["environment"])
            status = 1
            try:
                Path(asked["out"]).write_text(submit(*asked["words"]))
                status = 0
            finally:
                os._exit(status)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


class Warm:
    """The warm process. `start`, then `wait`; one submission at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.pid = 0
        self._out = Path()

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def start(self, environment: Mapping[str, str], out: Path, *words: str | float) -> None:
        """Begins a submission; `out` is written when it succeeds."""
        assert self._process.stdin and self._process.stdout
        self._out = out
        self.pid = 0
        asked = {"environment": dict(environment), "out": str(out), "words": words}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self.pid = int(self._process.stdout.readline())

    def kill(self, *_: object) -> None:
        """With -9; returns when the process is dead. Called in a server's thread."""
        while not self.pid:
            time.sleep(0.001)
        os.kill(self.pid, signal.SIGKILL)
        stat = Path(f"/proc/{self.pid}/stat")
        while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX":
            time.sleep(0.001)

    def wait(self) -> int:
        """The exit status; negative is the signal that killed it."""
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def told(self) -> list[str]:
        """What a submission that succeeded said."""
        assert self.wait() == 0
        return self._out.read_text().split()


if __name__ == "__main__":
    serve()
