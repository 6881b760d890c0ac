"""From a path or bytes to the decompressed bytes of a .blend file.

Blender writes .blend files plain, as gzip (before 3.0) or as zstd frames, the first or last of which may be skippable
(since 3.0). Compressed input is read and decompressed in steps, so that memory stays at the decompressed size and a
bomb is stopped at the budget.
"""

from __future__ import annotations

import io
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import zstandard

from voxel.blendfile.budget import Meter
from voxel.errors import BlendFileError

Compression = Literal["none", "gzip", "zstd"]

_STEP = 1 << 20
_INPUT_STEP = 1 << 16
_GZIP = b"\x1f\x8b"
_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_MAX_ZSTD_WINDOW = 1 << 25
_GZIP_WRAPPED = 16 + zlib.MAX_WBITS


class Content(NamedTuple):
    """The decompressed bytes of one file."""

    data: bytes | bytearray
    compression: Compression


def load(source: str | os.PathLike[str] | bytes | bytearray | memoryview, meter: Meter) -> Content:
    """The decompressed content of a path or of bytes in memory.

    Raises BlendFileError when the path cannot be read, is no regular file, is neither a .blend file nor a compressed
    stream, or when the content is damaged or exceeds the budget.
    """
    if isinstance(source, str | os.PathLike):
        return _load_path(Path(source), meter)
    held = bytes(source)
    return _decompress(held[:8], io.BytesIO(held), len(held), meter)


def _load_path(path: Path, meter: Meter) -> Content:
    # Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BlendFileError(f"cannot be opened: {reason}", 0) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise BlendFileError("not a regular file", 0)
        with os.fdopen(handle, "rb", buffering=0) as file:
            head = os.pread(handle, 8, 0)
            return _decompress(head, file, status.st_size, meter)
    except OSError as error:
        raise BlendFileError(f"cannot be read: {error.strerror or error}", 0) from error


def _decompress(head: bytes, file: BinaryIO | io.FileIO, size: int, meter: Meter) -> Content:
    if head.startswith(b"BLENDER"):
        meter.room(size)
        return Content(_read_whole(file, size), "none")
    if head.startswith(_GZIP):
        return Content(_gunzip(file, meter), "gzip")
    if head.startswith(_ZSTD_FRAME) or head[1:4] == _ZSTD_SKIPPABLE:
        return Content(_unzstd(file, meter), "zstd")
    if head.startswith(b"version "):
        raise BlendFileError("a Git LFS pointer stands in the file's place", 0)
    raise BlendFileError("empty file" if not head else "begins like neither a .blend file nor gzip nor zstd", 0)


def _read_whole(file: BinaryIO | io.FileIO, size: int) -> bytes:
    data = file.read(size) or b""
    if len(data) == size:
        return data
    parts = [data]
    while (part := file.read(size - sum(map(len, parts)))) and sum(map(len, parts)) < size:
        parts.append(part)
    return b"".join(parts)


def _gunzip(file: BinaryIO | io.FileIO, meter: Meter) -> bytearray:
    """All members of a gzip stream; what follows the last one is left out, as gzip itself does with padding."""
    out = bytearray()
    pending = file.read(_INPUT_STEP) or b""
    inflate = zlib.decompressobj(_GZIP_WRAPPED)
    try:
        while True:
            piece = inflate.decompress(pending, _STEP)
            out += piece
            meter.room(len(out))
            meter.clock(len(out))
            if inflate.eof:
                pending = inflate.unused_data or file.read(_INPUT_STEP) or b""
                if not pending.startswith(_GZIP):
                    return out
                inflate = zlib.decompressobj(_GZIP_WRAPPED)
                continue
            pending = inflate.unconsumed_tail or file.read(_INPUT_STEP) or b""
            if not pending and len(piece) < _STEP:
                raise BlendFileError("the gzip stream ends too early", len(out))
    except zlib.error as error:
        raise BlendFileError(f"damaged gzip stream: {error}", len(out)) from error


def _unzstd(file: BinaryIO | io.FileIO, meter: Meter) -> bytearray:
    """All frames of a zstd stream. A stream that ends inside a frame yields what came before."""
    out = bytearray()
    buffer = bytearray(_STEP)
    view = memoryview(buffer)
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW).stream_reader(
            file, read_size=_INPUT_STEP, read_across_frames=True
        )
        while count := reader.readinto(buffer):
            out += view[:count]
            meter.room(len(out))
            meter.clock(len(out))
    except zstandard.ZstdError as error:
        raise BlendFileError(f"damaged zstd stream: {error}", len(out)) from error
    return out
