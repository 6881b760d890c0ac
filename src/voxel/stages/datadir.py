"""The data directory: where each thing lies, who works in it, and how files get there whole."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voxel.errors import DataDirBusy, SetupError

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
            _make_folder(self.root / name)
        return self

    def blob(self, sha256: str) -> Path:
        """Where the bytes with this sha256 (64 hex digits) lie."""
        return self.blobs / sha256[:2] / sha256

    def scene(self, sha256: str) -> Path:
        """Where the parsed scene of the .blend file with this sha256 lies."""
        return self.parsed / sha256[:2] / f"{sha256}.json"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keeps other processes from working in this data directory; may be nested within one process.

        DataDirBusy names the process that holds it. The system frees the lock when its holder dies, however it dies.
        """
        _make_folder(self.checkpoints)
        path = self.checkpoints / "lock"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise SetupError(_why(path, error)) from error
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


def write_atomic(path: Path, data: bytes) -> None:
    """Writes `data` to `path`, whole or not at all, and durably; makes the folder if it is missing.

    The bytes go to a file without a name in the same folder, are flushed to disk, and only then get their name, so
    that a kill at any moment leaves neither half a file nor a stray one. SetupError on a full disk or a folder that
    cannot be written.
    """
    _make_folder(path.parent)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _write(folder, path, data)
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SetupError(_why(path, error)) from error


def _write(folder: int, path: Path, data: bytes) -> None:
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is not None:
        try:
            handle = os.open(path.parent, nameless | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                raise
        else:
            with os.fdopen(handle, "wb") as file:
                _pour(file.fileno(), data)
                _name(file.fileno(), folder, path)
            return
    # a file system without nameless files (NFS): a kill between these lines leaves a .tmp file behind
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            _pour(file.fileno(), data)
            os.fchmod(file.fileno(), 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _pour(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)


def _name(handle: int, folder: int, path: Path) -> None:
    """Gives the nameless file its name, replacing what had it before."""
    source = f"/proc/self/fd/{handle}"
    try:
        # without dst_dir_fd, CPython calls link(2), which does not follow the /proc symlink
        os.link(source, path.name, dst_dir_fd=folder, follow_symlinks=True)
        return
    except FileExistsError:
        pass
    # Replacing takes a second name for a moment. It is the same for every writer of this path, so that one which a kill
    # left behind just here is taken over by the next writing; the lock on the folder keeps living writers apart.
    second = f".{path.name[:200]}.tmp"
    fcntl.flock(folder, fcntl.LOCK_EX)
    with suppress(FileNotFoundError):
        os.unlink(second, dir_fd=folder)
    os.link(source, second, dst_dir_fd=folder, follow_symlinks=True)
    os.replace(second, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(_why(path, error)) from error


def _why(path: Path, error: OSError) -> str:
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return (
                f"no space left on the disk of {shown}; free some and run the same command again: it goes on from here"
            )
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"cannot write {shown}: {error.strerror}; make it writable or take another --data-dir"
        case errno.ENOTDIR | errno.EEXIST:
            return f"cannot write {shown}: a file stands where a folder should be; move it or take another --data-dir"
        case _:
            return f"cannot write {shown}: {error.strerror or error}"
