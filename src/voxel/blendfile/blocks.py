"""The table of blocks: where each begins and what its head says.

A file is its header, then blocks one after another, each a head and a body, up to the block `ENDB`. Heads:
format 0 `code[4], int32 length, pointer old address, int32 struct, int32 count` (20 or 24 bytes by pointer size);
format 1 (since 5.0) `code[4], int32 struct, uint64 old address, int64 length, int64 count` (32 bytes).

Files hold a block per few hundred bytes, so the walk along the lengths is the one loop that must be tight: it reads
one number a block and checks nothing. The heads are gathered by numpy afterwards and checked all at once; when they do
not hold, a second, careful walk finds out where the file is wrong.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voxel.blendfile.budget import Meter
from voxel.blendfile.codes import COLLECTIONS
from voxel.blendfile.header import Header
from voxel.errors import BlendFileError

_KNOWN_CODE = re.compile(rb"[A-Z0-9]{2}(\0\0|[A-Z0-9]{2})")
_ENDB = b"ENDB"
_AT_A_TIME = 1 << 16
"""Blocks walked between two looks at the budget."""


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
    owners: npt.NDArray[np.int64]
    """The numbers of the blocks that are not `DATA`: IDs, and what else stands for itself."""

    def code(self, index: int) -> bytes:
        """The code of one block without its padding, such as b"OB" or b"DATA"."""
        return int(self.codes[index]).to_bytes(4, "little").rstrip(b"\0")


def code_number(code: bytes) -> int:
    """The number that stands for a block code in `Blocks.codes`."""
    return int.from_bytes(code.ljust(4, b"\0"), "little")


DATA = code_number(b"DATA")
_ENDB_NUMBER = code_number(_ENDB)
_COMMON = {code_number(code.encode()) for code in (*COLLECTIONS, "DATA", "DNA1", "GLOB", "REND", "TEST", "USER")}


def scan(data: bytes | bytearray, header: Header, meter: Meter) -> Blocks:
    """The table of blocks of a whole decompressed file.

    Raises BlendFileError at the head of the first block that cannot be: one that runs past the end of the file, has a
    negative length or an unknown kind of code, or when the file has no `ENDB` or more blocks than the budget allows.
    """
    head = HEADS[header.format, header.pointer_size]
    if header.endian == sys.byteorder:
        starts = _leap(data, header.size, head, meter)
        if starts is not None:
            blocks = _gather(data, starts, header, head)
            # Past a length that lied the leaps land anywhere; then the careful walk says where it was.
            if blocks is not None:
                return blocks
    starts = _walk(data, header, head, meter)
    blocks = _gather(data, starts, header, head)
    if blocks is None:
        raise BlendFileError("the file holds no blocks", header.size)
    return blocks


def _gather(data: bytes | bytearray, starts: npt.NDArray[np.int64], header: Header, head: Head) -> Blocks | None:
    """The columns of the blocks at `starts`, whose heads all lie in the data; None when one is no block, or none is."""
    # A view of a head at every position of the file, then one gather.
    every: npt.NDArray[np.void] = np.ndarray((len(data) - head.size + 1,), f"V{head.size}", data, strides=(1,))
    heads = every[starts].view(_dtype(header, head))
    codes = heads["code"]
    if header.endian == "big":
        # Two-letter codes are a number of four bytes there: b"\0\0OB".
        codes = np.where(codes & 0xFFFF == 0, codes >> 16, codes)
    owners = (codes != DATA).nonzero()[0]
    kinds = set(codes[owners].tolist())
    if not len(starts) or not all(map(_is_code, kinds - _COMMON)):
        return None
    if _ENDB_NUMBER in kinds:
        whole = int((codes == _ENDB_NUMBER).nonzero()[0][0])
        return _gather(data, starts[:whole], header, head)
    lengths = heads["length"].astype(np.int64)
    bodies = starts + head.size
    if not np.array_equal((bodies + lengths)[:-1], starts[1:]):
        return None
    return Blocks(
        codes=codes,
        structs=heads["struct"].astype(np.int32, copy=False),
        addresses=heads["address"].astype(np.uint64, copy=False),
        bodies=bodies,
        lengths=lengths,
        counts=heads["count"].astype(np.int64, copy=False),
        owners=owners,
    )


@cache
def _dtype(header: Header, head: Head) -> np.dtype[np.void]:
    size = "i8" if head.wide else "i4"
    fields = {
        "code": ("<u4", 0),
        "struct": (header.order + "i4", head.struct),
        "address": (f"{header.order}u{header.pointer_size}", head.address),
        "length": (header.order + size, head.length),
        "count": (header.order + size, head.count),
    }
    names = list(fields)
    formats, offsets = [form for form, _ in fields.values()], [offset for _, offset in fields.values()]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": head.size})


def _is_code(number: int) -> bool:
    return _KNOWN_CODE.fullmatch(number.to_bytes(4, "little")) is not None


def _leap(data: bytes | bytearray, position: int, head: Head, meter: Meter) -> npt.NDArray[np.int64] | None:
    """Where each block begins, following lengths in the machine's own byte order up to the last `ENDB` of the file.

    Nothing but the length is looked at, so the blocks must be checked. None when the leaps do not end at that `ENDB`.
    """
    end = data.rfind(_ENDB)
    # One view of numbers for each way that a block can be aligned: most are as the one before.
    space = len(data) - head.length
    views = [memoryview(data)[head.length + k : head.length + k + (space - k) // 4 * 4].cast("I") for k in range(4)]
    parts: list[npt.NDArray[np.int64]] = []
    found = 0
    while position < end:
        aligned = position & 3
        words = views[aligned]
        # No more than `_AT_A_TIME` blocks fit before `stop`.
        stop = (min(end, position + _AT_A_TIME * head.size) - aligned + 3) >> 2
        starts = np.fromiter(_leaps(words[:stop], position >> 2, head.size // 4), np.int64)
        if not len(starts):
            return None
        last = int(starts[-1])
        position = last * 4 + aligned + head.size + words[last]
        parts.append(starts * 4 + aligned)
        found += len(starts)
        if found > meter.budget.blocks:
            raise _too_many(meter, position)
        meter.clock(position)
    return np.concatenate(parts) if parts and position == end else None


def _leaps(lengths: memoryview, at: int, step: int) -> Iterator[int]:
    """The places of heads in words, up to the first whose successor is aligned in another way or past the end."""
    try:
        while True:
            length = lengths[at]
            yield at
            if length & 3:
                return
            at += step + (length >> 2)
    except IndexError:
        # Running into the end costs nothing for each block; looking out for it would.
        return


def _walk(data: bytes | bytearray, header: Header, head: Head, meter: Meter) -> npt.NDArray[np.int64]:
    """Where each block begins, for any byte order, with every head checked before it is followed."""
    unpack = struct.Struct(header.order + ("q" if head.wide else "i")).unpack_from
    starts = array("q")
    size = len(data)
    before = at = header.size
    # One file of 2.25 closes with 8 bytes of head only, so of ENDB the code alone decides.
    while data[at : at + 4] != _ENDB:
        if at > size:
            raise BlendFileError("a block runs past the end of the file", before)
        if at + head.size > size:
            raise BlendFileError("the file ends without its closing block ENDB", at)
        code = bytes(data[at : at + 4])
        if not _KNOWN_CODE.fullmatch(code[2:] + code[:2] if code[:2] == b"\0\0" else code):
            raise BlendFileError("no block head where one should be: the length before it is wrong", at)
        length = unpack(data, at + head.length)[0]
        if length < 0:
            raise BlendFileError(f"a block with the negative length {length}", at)
        if len(starts) >= meter.budget.blocks:
            raise _too_many(meter, at)
        meter.look(at)
        starts.append(at)
        before = at
        at += head.size + length
    return np.frombuffer(starts, np.int64) if starts else np.empty(0, np.int64)


def _too_many(meter: Meter, at: int) -> BlendFileError:
    return BlendFileError(f"the file has more than {meter.budget.blocks:,} blocks", at)
