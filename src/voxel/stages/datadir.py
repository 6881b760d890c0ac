"""The data directory: where each thing lies, and who works in it."""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from voxel.errors import DataDirBusy, SetupError
from voxel.stages.placing import storage_of
from voxel.stages.storage import LocalStorage, Storage, blob_name, scene_name
from voxel.stages.writing import make_folder, why

_FOLDERS = (
    "checkpoints",
    "scraped",
    "parsed",
    "datasets",
    "fine_tuning",
    "training_jobs",
    "evaluation",
    "deployment",
    "models",
    "reports",
)

_held: dict[tuple[int, int], int] = {}
"""Lock files that this process holds, by device and inode, with how often."""


class DataDir:
    """The folders of one data directory (usually `training_data`). Making an instance touches nothing on disk."""

    def __init__(self, root: str | os.PathLike[str] = "training_data") -> None:
        self.root = Path(root)
        self.checkpoints = self.root / "checkpoints"
        self.scraped = self.root / "scraped"
        self.blobs = self.scraped / "blobs"
        self.parsed = self.root / "parsed"
        self.datasets = self.root / "datasets"
        self.fine_tuning = self.root / "fine_tuning"
        self.training_jobs = self.root / "training_jobs"
        self.evaluation = self.root / "evaluation"
        self.deployment = self.root / "deployment"
        self.models = self.root / "models"
        self.reports = self.root / "reports"

    def __repr__(self) -> str:
        return f"DataDir({str(self.root)!r})"

    @property
    def option(self) -> str:
        """What names it in a command, with a space before: ` --data-dir DIR`, quoted; empty for the usual one."""
        return "" if self.root == Path("training_data") else f" --data-dir {shlex.quote(str(self.root))}"

    def create(self) -> DataDir:
        """Makes every folder that is missing. SetupError when that cannot be."""
        for name in _FOLDERS:
            make_folder(self.root / name)
        return self

    @cached_property
    def storage(self) -> Storage:
        """Where its bulk bytes lie: here, or where `keep_in` was told. SetupError when `storage.json` is broken."""
        return storage_of(self.root)

    @property
    def stores_elsewhere(self) -> bool:
        """Whether the storage is another place than this folder."""
        return not (isinstance(self.storage, LocalStorage) and self.storage.root == self.root)

    def blob(self, sha256: str) -> Path:
        """Where the bytes with this sha256 (64 hex digits) lie when the storage is this folder."""
        return self.root / blob_name(sha256)

    def scene(self, sha256: str) -> Path:
        """Where the parsed scene of the .blend file with this sha256 lies when the storage is this folder."""
        return self.root / scene_name(sha256)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keeps other processes from working in this data directory; may be nested within one process.

        DataDirBusy names the process that holds it. The system frees the lock when its holder dies, however it dies.
        """
        make_folder(self.checkpoints)
        path = self.checkpoints / "lock"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise SetupError(why(path, error)) from error
        try:
            status = os.fstat(handle)
            identity = (status.st_dev, status.st_ino)
            if identity not in _held:
                _lock(handle, self.root)
            _held[identity] = _held.get(identity, 0) + 1
            try:
                yield
            finally:
                _held[identity] -= 1
                if not _held[identity]:
                    del _held[identity]
        finally:
            os.close(handle)


def holder(data: DataDir) -> str | None:
    """The process that works in `data` now, as `process PID (command)`; None when there is none."""
    try:
        handle = os.open(data.checkpoints / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(handle)
    else:
        return None
    finally:
        os.close(handle)


def _named(handle: int) -> str:
    return os.pread(handle, 1000, 0).decode("utf-8", "replace").strip() or "another process"


def _lock(handle: int, root: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataDirBusy(f"{root} is in use by {_named(handle)}; wait for it, or take another --data-dir") from None
    command = shlex.join(sys.orig_argv).encode("utf-8", "backslashreplace").decode()
    with suppress(OSError):  # on a full disk the lock holds all the same, only nameless
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} ({command[:300]})\n".encode(), 0)
