"""A process that submits one local job and dies at a named point. Arguments: data directory, training file, model,
class, method, moment.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from voxel.providers.local import JobFolder
from voxel.providers.services.local import LocalService
from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

CLASSES = {"LocalService": LocalService, "JobFolder": JobFolder}


def dying(method: Callable[..., Any], moment: str) -> Callable[..., Any]:
    """`method`, killed before or after it does its work."""

    def die(*words: Any, **named: Any) -> None:
        if moment == "after":
            method(*words, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return die


def main() -> None:
    data_dir, training, model, owner, name, moment = sys.argv[1:]
    kind = CLASSES[owner]
    setattr(kind, name, dying(getattr(kind, name), moment))
    with TrainingOrchestrator(data_dir) as orchestrator:
        orchestrator.submit_local_job("builder", training, None, model, 1000)


if __name__ == "__main__":
    main()
