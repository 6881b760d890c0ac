"""Training on this machine, in a process of its own that outlives the one that asks for it. Needs no key and no
network.

A job is a folder, `training_jobs/local/<job id>/`; submitting it again starts a worker if none lives, which goes on
from the last checkpoint. Workers of one data directory train one after another.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import voxel
from voxel.errors import BadInput, MissingExtra, SetupError, TryLater
from voxel.providers.local import JobFolder, LocalRequest, held_models, resolve
from voxel.providers.local.base_models import DEFAULT, SHORT_NAMES
from voxel.providers.local.job_folder import copy_whole, step_of
from voxel.providers.local.settings import checked
from voxel.providers.provider import Finding, JobRequest, Limits, ServiceJob, Uploaded
from voxel.records.job import Hyperparameter, JobCheckpoint, JobEvent

PARTS = ("torch", "transformers", "trl", "peft")
LOCK_HANDLE = 9
"""The number under which a worker inherits its lock; it never looks at it."""
PATIENCE_S = 5.0
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")


class LocalService:
    """Implements `Provider`."""

    name = "local"
    default_model = DEFAULT
    repeatable = True
    limits = Limits(
        format="local",
        min_examples=1,
        max_examples=None,
        max_validation=None,
        max_file_bytes=None,
        max_tokens=None,
    )

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir.absolute() / "training_jobs" / "local"
        self._models = data_dir.absolute() / "models"
        self.endpoint = "this machine"
        self._children: list[int] = []

    def __repr__(self) -> str:
        return f"LocalService({str(self._root)!r})"

    def secrets(self) -> list[str]:
        """There are none."""
        return []

    def close(self) -> None:
        """It has no connections."""

    def hyperparameters(self, n_epochs: int | None, given: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
        """Those of `voxel.providers.local.settings.SETTINGS`."""
        return checked(n_epochs, given)

    def preflight(self, request: JobRequest) -> list[Finding]:
        """Looks at the libraries, the model and the memory. Asks nothing of the network."""
        missing = [part for part in PARTS if importlib.util.find_spec(part) is None]
        if missing:
            told = f"{', '.join(missing)} not installed: pip install 'voxel-training[local]'"
            return [Finding(check="machine", level="stop", message=told)]
        found = [Finding(check="machine", level="ok", message=f"{os.cpu_count()} processors, {', '.join(PARTS)}")]
        held = resolve(request.model, self._models)
        if held is not None:
            found.append(Finding(check="model", level="ok", message=f"{held.name} is at hand"))
        elif request.model in SHORT_NAMES or request.model.count("/") == 1 or request.model.endswith(".gguf"):
            found.append(Finding(check="model", level="ok", message=f"{request.model} will be fetched first"))
        else:
            names = ", ".join([*(model.name for model in held_models(self._models)), *SHORT_NAMES])
            told = f"{request.model!r} is no model here; take a folder, a .gguf file, a hub id, or one of {names}"
            found.append(Finding(check="model", level="stop", message=told))
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
        if free < 6:
            told = f"{free:.1f} GB of memory are free; the default model takes about 5 GB; set max_length lower"
            found.append(Finding(check="memory", level="warn", message=told))
        return found

    # -- doing it -----------------------------------------------------------------------------------------------------

    def upload(self, request: JobRequest) -> Uploaded:
        """Keeps a copy by content, so that a job is trained on what was asked for even if the file changes."""
        training = self._copy(request.training, request.training_sha256)
        if request.validation is None:
            return Uploaded(training)
        return Uploaded(training, self._copy(request.validation, request.validation_sha256))

    def _copy(self, path: Path, sha256: str) -> str:
        target = self._root / "files" / f"{sha256}.jsonl"
        if not target.exists():
            copy_whole(path, target)
        return str(target)

    def submit(self, request: JobRequest, files: Uploaded) -> ServiceJob:
        """Writes the request down and starts a worker unless one lives. MissingExtra without the libraries."""
        if any(importlib.util.find_spec(part) is None for part in PARTS):
            raise MissingExtra("training on this machine", "local")
        folder = self._folder(request.job_id)
        folder.create(
            LocalRequest(
                job_id=request.job_id,
                token=request.token,
                role=request.role,
                model=str(Path(request.model).absolute()) if Path(request.model).exists() else request.model,
                training=files.training,
                validation=files.validation,
                models_dir=str(self._models),
                hyperparameters=dict(request.hyperparameters),
                seed=request.seed,
                created_at=datetime.now(UTC),
            )
        )
        if folder.written_status().state not in ("succeeded", "failed", "cancelled") and not folder.stopped:
            self._start(folder)
        return self._service_job(folder)

    def _start(self, folder: JobFolder) -> None:
        lock = folder.take()
        if lock is None:
            return
        with lock, folder.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            actions = [
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                (os.POSIX_SPAWN_DUP2, lock.fileno(), LOCK_HANDLE),
            ]
            words = [sys.executable, "-m", "voxel.providers.local.worker", str(folder.path)]
            try:
                # a session of its own: Ctrl-C at the terminal ends the one who watches, not the job
                pid = os.posix_spawn(sys.executable, words, _environment(), file_actions=actions, setsid=True)
            except OSError as error:
                raise SetupError(f"cannot start a process for training: {error.strerror}") from error
        self._children.append(pid)

    def find(self, request: JobRequest) -> list[ServiceJob]:
        """The folder of this request, if it is there."""
        folder = self._folder(request.job_id)
        return [self._service_job(folder)] if folder.exists and folder.request().token == request.token else []

    # -- looking ------------------------------------------------------------------------------------------------------

    def _folder(self, service_id: str) -> JobFolder:
        return JobFolder(self._root / service_id)

    def _service_job(self, folder: JobFolder) -> ServiceJob:
        self._bury()
        request, status = folder.request(), folder.status()
        return ServiceJob(
            service_id=folder.path.name,
            state=status.state,
            service_state=status.phase or status.state,
            created_at=request.created_at,
            token=request.token,
            fine_tuned_model=status.fine_tuned_model,
            error=status.error,
            progress=status.progress,
            step=status.step,
            total_steps=status.total_steps,
            loss=status.loss,
            validation_loss=status.validation_loss,
            finish_at=status.finish_at,
            trained_tokens=status.trained_tokens,
        )

    def _bury(self) -> None:
        """Takes note of workers that have ended, as the system wants their parent to."""
        self._children = [pid for pid in self._children if os.waitpid(pid, os.WNOHANG) == (0, 0)]

    def poll(self, service_ids: Collection[str]) -> dict[str, ServiceJob]:
        """Reads a small file for each."""
        folders = [self._folder(name) for name in service_ids]
        return {folder.path.name: self._service_job(folder) for folder in folders if folder.exists}

    def events(self, service_id: str, limit: int = 100) -> list[JobEvent]:
        """The latest ones."""
        return self._folder(service_id).events()[-limit:]

    def checkpoints(self, service_id: str) -> list[JobCheckpoint]:
        """Whole ones only: the two latest are kept."""
        return [
            JobCheckpoint(
                checkpoint_id=held.name,
                step=step_of(held),
                model=str(held),
                at=datetime.fromtimestamp(held.stat().st_mtime, UTC),
            )
            for held in self._folder(service_id).whole_checkpoints()
        ]

    def cancel(self, service_id: str) -> ServiceJob:
        """Ends the worker at once; its checkpoints stay. TryLater when it does not end."""
        folder = self._folder(service_id)
        if not folder.exists:
            raise BadInput(f"there is no folder {folder.path}")
        if folder.written_status().state in ("succeeded", "failed", "cancelled"):
            return self._service_job(folder)
        folder.stop()
        deadline = time.monotonic() + PATIENCE_S
        while folder.worked_on:
            # the lock is held, so the process that wrote this number lives and is ours
            pid = folder.written_status().pid
            if pid:
                os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            if time.monotonic() > deadline + PATIENCE_S:
                raise TryLater(f"process {pid} does not end; cancel the job again in a while")
            time.sleep(0.05)
            self._bury()
        return self._service_job(folder)


def _environment() -> dict[str, str]:
    """What a worker sees: everything but keys, except the hub's own, and where this very package lies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("HF_") or not any(word in name.upper() for word in _SECRET)
    }
    source = str(Path(voxel.__file__).parents[1])
    kept["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [kept.get("PYTHONPATH")])])
    kept["TOKENIZERS_PARALLELISM"] = "false"
    return kept


SERVICE = LocalService


def connect(data_dir: Path) -> LocalService:
    """Touches nothing."""
    return LocalService(data_dir)
