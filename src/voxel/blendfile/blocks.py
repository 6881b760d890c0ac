"""The table of blocks: where each begins and what its head says.

A file is its header, then blocks one after another, each a head and a body, up to the block `ENDB`. Heads:
format 0 `code[4], int32 length, pointer old address, int32 struct, int32 count` (20 or 24 bytes by pointer size);
format 1 (since 5.0) `code[4], int32 struct, uint64 old address, int64 length, int64 count` (32 bytes).

Files hold a block per few hundred bytes, so the walk along the lengths is the one loop that must be tight: it reads
one number a block. The other columns are gathered by numpy afterwards, and checked there all at once.
"""

from __future__ import annotations

import re
import struct
import sys
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voxel.blendfile.budget import Meter
from voxel.blendfile.header import Header
from voxel.errors import BlendFileError

_KNOWN_CODE = re.compile(rb"[A-Z0-9]{2}(\0\0|[A-Z0-9]{2})")
_ENDB = b"ENDB"
_AT_A_TIME = 1 << 16
"""Blocks walked between two looks at the budget."""
_UNPLAIN = 0x80000003
"""Bits that no plain length has set: the sign, and what makes it other than a multiple of four."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the fields of a block head lie, in bytes from its start."""

    size: int
    struct: int
    address: int
    length: int
    count: int
    wide: bool
    """Whether length and count have 8 bytes."""


HEADS = {
    (0, 4): Head(size=20, length=4, address=8, struct=12, count=16, wide=False),
    (0, 8): Head(size=24, length=4, address=8, struct=16, count=20, wide=False),
    (1, 8): Head(size=32, struct=4, address=8, length=16, count=24, wide=True),
}


class Blocks(NamedTuple):
    """The blocks of a file, in order, without the closing `ENDB`: one array each of equal length."""

    codes: npt.NDArray[np.uint32]
    """The four bytes of the code, read as a little-endian number; see `code`."""
    structs: npt.NDArray[np.int32]
    """Number of the struct in the file's DNA."""
    addresses: npt.NDArray[np.uint64]
    """Where the block lay in Blender's memory: what pointers in the file refer to."""
    bodies: npt.NDArray[np.int64]
    """Where the body begins, in bytes from the start of the decompressed file."""
    lengths: npt.NDArray[np.int64]
    """Bytes in the body, 0 or more."""
    counts: npt.NDArray[np.int64]
    """How many structs the body holds, as the head says; not checked against the length."""

    def code(self, index: int) -> bytes:
        """The code of one block without its padding, such as b"OB" or b"DATA"."""
        return int(self.codes[index]).to_bytes(4, "little").rstrip(b"\0")


def code_number(code: bytes) -> int:
    """The number that stands for a block code in `Blocks.codes`."""
    return int.from_bytes(code.ljust(4, b"\0"), "little")


DATA = code_number(b"DATA")


def scan(data: bytes | bytearray, header: Header, meter: Meter) -> Blocks:
    """The table of blocks of a whole decompressed file.

    Raises BlendFileError at the head of the first block that cannot be: one that runs past the end of the file, has a
    negative length or an unknown kind of code, or when the file has no `ENDB` or more blocks than the budget allows.
    """
    head = HEADS[header.format, header.pointer_size]
    starts, end = _walk(data, header, head, meter)
    if not len(starts):
        raise BlendFileError("the file holds no blocks", header.size)

    def column(offset: int, kind: str) -> npt.NDArray[np.generic]:
        return _gather(data, starts + offset, kind)

    order = header.order
    size = order + ("i8" if head.wide else "i4")
    blocks = Blocks(
        codes=_codes_at(data, starts, header),
        structs=column(head.struct, order + "i4").astype(np.int32, copy=False),
        addresses=column(head.address, f"{order}u{header.pointer_size}").astype(np.uint64, copy=False),
        bodies=starts + head.size,
        lengths=column(head.length, size).astype(np.int64, copy=False),
        counts=column(head.count, size).astype(np.int64, copy=False),
    )
    _check(blocks, starts, end)
    return blocks


def _gather(data: bytes | bytearray, at: npt.NDArray[np.int64], kind: str) -> npt.NDArray[np.generic]:
    """One number of a kind at each position: a view of every position of the file, then one gather."""
    dtype = np.dtype(kind)
    every: npt.NDArray[np.generic] = np.ndarray((len(data) - dtype.itemsize + 1,), dtype, data, strides=(1,))
    gathered: npt.NDArray[np.generic] = every[at]
    return gathered


def _codes_at(data: bytes | bytearray, starts: npt.NDArray[np.int64], header: Header) -> npt.NDArray[np.uint32]:
    codes = _gather(data, starts, "<u4").astype(np.uint32, copy=False)
    if header.endian == "little":
        return codes
    # Two-letter codes are a number of four bytes there: b"\0\0OB".
    return np.where(codes & 0xFFFF == 0, codes >> 16, codes)


def _check(blocks: Blocks, starts: npt.NDArray[np.int64], end: int) -> None:
    nexts = np.append(starts[1:], end)
    if (wrong := np.flatnonzero(blocks.bodies + blocks.lengths != nexts)).size:
        first = int(wrong[0])
        raise BlendFileError(f"a block of {int(blocks.lengths[first]):,} bytes runs past the end", int(starts[first]))
    _check_codes(blocks.codes, starts)


def _check_codes(codes: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64]) -> None:
    unknown = [code for code in set(codes.tolist()) if not _KNOWN_CODE.fullmatch(code.to_bytes(4, "little"))]
    if unknown:
        raise _no_head(int(starts[np.flatnonzero(np.isin(codes, unknown))[0]]))


def _no_head(at: int) -> BlendFileError:
    return BlendFileError("no block head where one should be: the length before it is wrong", at)


def _walk(data: bytes | bytearray, header: Header, head: Head, meter: Meter) -> tuple[npt.NDArray[np.int64], int]:
    """Where each block head begins, in bytes from the start of the file, without `ENDB`; and where `ENDB` begins."""
    parts: list[npt.NDArray[np.int64]] = []
    found = 0
    at = header.size
    ended = False
    by_words = header.endian == sys.byteorder
    while not ended:
        if by_words:
            starts, at, by_words, ended = _walk_words(data, at, head)
        else:
            before = int(parts[-1][-1]) if parts and len(parts[-1]) else at
            try:
                starts, at, ended = _walk_bytes(data, at, before, header, head)
            except BlendFileError:
                # A length that lied some blocks ago is the better answer.
                walked = np.concatenate([np.empty(0, np.int64), *parts])
                _check_codes(_codes_at(data, walked, header), walked)
                raise
        parts.append(starts)
        found += len(starts)
        if found > meter.budget.blocks:
            raise BlendFileError(f"the file has more than {meter.budget.blocks:,} blocks", at)
        meter.clock(at)
    return np.concatenate(parts), at


def _walk_words(data: bytes | bytearray, base: int, head: Head) -> tuple[npt.NDArray[np.int64], int, bool, bool]:
    """Follow lengths that are multiples of four, one number read a block, and stop before anything else.

    Returns the starts, where the walk stopped, whether it can go on in this way, and whether it met `ENDB`.
    """
    words = memoryview(data)[base : base + (len(data) - base) // 4 * 4].cast("i")
    step = head.size // 4
    length_word = head.length // 4
    endb = int.from_bytes(_ENDB, sys.byteorder)
    starts: list[int] = []
    append = starts.append
    at = 0
    plain = ended = False
    try:
        for _ in range(_AT_A_TIME):
            if words[at] == endb:
                ended = True
                break
            length = words[at + length_word]
            if length & _UNPLAIN:
                break
            append(at)
            at += step + (length >> 2)
        else:
            plain = True
    except IndexError:
        plain = False
    return np.array(starts, np.int64) * 4 + base, base + at * 4, plain, ended


def _walk_bytes(
    data: bytes | bytearray, at: int, before: int, header: Header, head: Head
) -> tuple[npt.NDArray[np.int64], int, bool]:
    """Follow any lengths in any byte order. `before` is the head that led to `at`.

    Returns the starts, where the walk stopped, and whether it met `ENDB`.
    """
    unpack = struct.Struct(header.order + ("q" if head.wide else "i")).unpack_from
    starts: list[int] = []
    size = len(data)
    for _ in range(_AT_A_TIME):
        # One file of 2.25 closes with 8 bytes of head only, so the code alone decides.
        if data[at : at + 4] == _ENDB:
            return np.array(starts, np.int64), at, True
        if at > size:
            raise BlendFileError("a block runs past the end of the file", before)
        if at + head.size > size:
            raise BlendFileError("the file ends without its closing block ENDB", at)
        code = bytes(data[at : at + 4])
        if not _KNOWN_CODE.fullmatch(code[2:] + code[:2] if code[:2] == b"\0\0" else code):
            raise _no_head(at)
        length = unpack(data, at + head.length)[0]
        if length < 0:
            raise BlendFileError(f"a block with the negative length {length}", at)
        starts.append(at)
        before = at
        at += head.size + length
    return np.array(starts, np.int64), at, False
