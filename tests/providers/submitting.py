"""A process that submits one job and prints it: what the tests kill. Arguments: provider, data directory, training
file, settle.
"""

from __future__ import annotations

import os
import sys

from voxel.training.fine_tuning.jobs_submission import Patience
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator


def main() -> int:
    provider, data_dir, training, settle = sys.argv[1:5]
    sys.stderr.write(f"{os.getpid()}\n")
    sys.stderr.flush()
    patience = Patience(settle=float(settle), pause=0.1)
    with TrainingOrchestrator(data_dir, patience=patience) as orchestrator:
        model = "" if provider == "bedrock" else "gpt-3.5-turbo"
        job = orchestrator.submit(provider, "builder", training, model=model, n_epochs=3)
    sys.stdout.write(f"{job.job_id} {job.service_id} {job.state}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
