"""How files get to a disk whole, and what they hold there."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from voxel.errors import SetupError

_BUFFER = 1 << 20


def write_atomic(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Writes `data`, whole or piece by piece, to `path`: all of it or nothing, and durably. Makes a missing folder.

    The bytes go to a file without a name in the same folder, are flushed to disk, and only then get their name, so
    that a kill at any moment leaves neither half a file nor a stray one. SetupError on a full disk or a folder that
    cannot be written.
    """
    make_folder(path.parent)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _write(folder, path, data)
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SetupError(why(path, error)) from error


def _write(folder: int, path: Path, data: bytes | Iterable[bytes]) -> None:
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


def _pour(handle: int, data: bytes | Iterable[bytes]) -> None:
    with os.fdopen(handle, "wb", buffering=_BUFFER, closefd=False) as file:
        file.writelines([data] if isinstance(data, bytes) else data)
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


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """sha256, in hex, of those of the files that are there: for a note of what was written."""
    found = {}
    for name in names:
        with suppress(FileNotFoundError, IsADirectoryError), (folder / name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def make_folder(path: Path) -> None:
    """Makes the folder, and those above it, where it is missing. SetupError when that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(why(path, error)) from error


def why(path: Path, error: OSError) -> str:
    """Why `path` cannot be written, and what mends it."""
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
