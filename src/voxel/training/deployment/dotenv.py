"""Changing one variable in a `.env` file and nothing else in it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from voxel.errors import SetupError, UsageError

_PLAIN = re.compile(r"[\w./:@+-]*")


def set_variable(path: Path, name: str, value: str) -> None:
    """Sets `name` to `value` in the file, in its place when it is there, at the end when not.

    Every other line stays byte for byte as it is, comments and line ends included. The file is written whole or not at
    all, and keeps its permissions; a new one is readable by its owner only, since such files hold secrets.
    UsageError when the value holds a line break, SetupError when the file cannot be written.
    """
    if "\n" in value or "\r" in value:
        raise UsageError(f"{name} cannot hold a line break")
    try:
        old = path.read_bytes()
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        old, mode = b"", 0o600
    line = f"{name}={_quoted(value)}".encode()
    pattern = re.compile(rb"^([ \t]*(?:export[ \t]+)?)" + name.encode() + rb"[ \t]*=[^\r\n]*", re.MULTILINE)
    if pattern.search(old):
        new = pattern.sub(lambda match: match[1] + line, old)
    else:
        separator = b"" if not old or old.endswith(b"\n") else b"\n"
        new = old + separator + line + b"\n"
    if new != old:
        try:
            _replace(path, new, mode)
        except OSError as error:
            raise SetupError(f"cannot write {path}: {error.strerror}; make its folder writable") from error


def _replace(path: Path, data: bytes, mode: int) -> None:
    """The new file has its permissions before it holds a byte: it may hold secrets."""
    handle, temporary = tempfile.mkstemp(dir=path.resolve().parent, prefix=".env.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path.resolve())
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
