"""Where the facts of an inventory lie in the structs of one DNA, and the memory of that across files and processes.

Most files of one Blender version share their DNA to the byte, so what was worked out from it once is kept: in this
process by its content, and, once `keep_layouts` names a folder, in small files there. Those hold numbers as JSON under
a checksum, are read only from a folder and file that nobody else may write to, and every number is checked against the
bounds of its struct: what a damaged or forged file can do is be ignored or give a wrong answer, never a read outside
the block.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from voxel.blendfile.dna import Dna, Field
from voxel.blendfile.file import BlendFile
from voxel.blendfile.paths import PATHS

_VERSION: Final = 1
"""Raised when `WANTED` or `PATHS` change, so that files kept by an older version are not taken."""

WANTED: Final[dict[str, dict[str, str]]] = {
    "FileGlobal": {"subversion": "subversion"},
    "ID": {"name": "name"},
    "Object": {"type": "type", "modifiers": "modifiers.first"},
    "Mesh": {"vertices": "totvert|verts_num"},
    "Material": {"tree": "nodetree"},
    "bNodeTree": {"nodes": "nodes.first"},
    "bNode": {"next": "next", "id": "idname", "type": "type"},
    "ModifierData": {"next": "next", "type": "type"},
    "StripElem": {"name": "name|filename"},
    **PATHS,
}
"""Struct to fact to the field that holds it; `a|b` is whichever the file's Blender had."""

_FORMATS: Final = {"u1": "B", "i1": "b", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "u8": "Q", "i8": "q"}
_SIZES: Final = {letter: int(kind[1]) for kind, letter in _FORMATS.items()}
_TEXT: Final = "s"
_MOST_KEPT_BYTES: Final = 16 << 20
_LARGEST_FILE: Final = 1 << 16
_MOST_FILES: Final = 1000


class Spot(NamedTuple):
    """Where one fact lies in its struct."""

    offset: int
    """Bytes from the start of the struct."""
    size: int
    format: str
    """`struct`'s letter for a number or pointer; "s" for text."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One struct, as far as an inventory wants it."""

    index: int
    size: int
    spots: dict[str, Spot]


class Layout:
    """The shapes of one DNA, by name of the struct, with what an inventory needs at hand."""

    def __init__(self, structs: int, shapes: dict[str, Shape], order: str) -> None:
        self.structs = structs
        """How many structs the DNA has."""
        self.shapes = shapes
        self.bears_path: npt.NDArray[np.bool_] = np.zeros(structs, np.bool_)
        self.names = {shape.index: name for name, shape in shapes.items()}
        for name in PATHS:
            if name in shapes:
                self.bears_path[shapes[name].index] = True
        self._order = order
        self._readers: dict[tuple[str, str], tuple[struct.Struct, int] | None] = {}

    def size(self, name: str) -> int:
        """Bytes of a struct; 0 when the DNA does not have it."""
        shape = self.shapes.get(name)
        return 0 if shape is None else shape.size

    def spot(self, name: str, fact: str) -> Spot | None:
        """Where a fact lies, or None when the DNA does not have it."""
        shape = self.shapes.get(name)
        return None if shape is None else shape.spots.get(fact)

    def reader(self, name: str, fact: str) -> tuple[struct.Struct, int] | None:
        """What unpacks a number or pointer, and its offset; None when the DNA does not have it or it is text."""
        key = (name, fact)
        if key not in self._readers:
            spot = self.spot(name, fact)
            known = spot is not None and spot.format != _TEXT
            self._readers[key] = (struct.Struct(self._order + spot.format), spot.offset) if spot and known else None
        return self._readers[key]


class _Kept(NamedTuple):
    body: bytes
    layout: Layout


class _Memory:
    """Layouts by content of the DNA. Emptied when the DNAs in it outgrow their bound."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.room = _MOST_FILES
        self._kept: dict[tuple[int, str, int], list[_Kept]] = {}
        self._size = 0

    def layout(self, file: BlendFile) -> Layout:
        start, length = file.dna_block
        header = file.header
        key = (length, header.order, header.pointer_size)
        for kept in self._kept.get(key, ()):
            if file.data.startswith(kept.body, start):
                return kept.layout
        body = bytes(file.view[start : start + length])
        layout = self._from_folder(file, body)
        self._size += length
        if self._size > _MOST_KEPT_BYTES:
            self.clear()
            self._size = length
        self._kept.setdefault(key, []).append(_Kept(body, layout))
        return layout

    def clear(self) -> None:
        self._kept.clear()
        self._size = 0

    def _from_folder(self, file: BlendFile, body: bytes) -> Layout:
        order = file.header.order
        if self.folder is None:
            return Layout(len(file.dna), _work_out(file.dna), order)
        salt = f"{_VERSION} {order} {file.header.pointer_size} ".encode()
        path = self.folder / f"{hashlib.sha256(salt + body).hexdigest()}.json"
        held = _read(path)
        if held is None:
            held = len(file.dna), _work_out(file.dna)
            if self.room > 0:
                self.room -= 1
                _write(path, *held)
        return Layout(*held, order)


_MEMORY = _Memory()


def keep_layouts(folder: Path | None) -> None:
    """Keep what is worked out from each DNA in a folder, for other processes and later runs; None: in memory only.

    The folder is made, readable by this user alone, when something is first kept. It is ignored when others may write
    to it or it cannot be written, and takes at most 1,000 files of about 4 KB.
    """
    _MEMORY.folder = None
    if folder is None or not _is_private(folder):
        return
    _MEMORY.folder = folder
    _MEMORY.room = _MOST_FILES
    if folder.is_dir():
        _MEMORY.room -= sum(1 for _ in folder.iterdir())


def layout_of(file: BlendFile) -> Layout:
    """The layout of a file's DNA. Raises BlendFileError when the file has no DNA or it contradicts itself."""
    return _MEMORY.layout(file)


def forget_layouts() -> None:
    """Drop what this process keeps in memory; files in a folder stay."""
    _MEMORY.clear()


def _work_out(dna: Dna) -> dict[str, Shape]:
    shapes = {}
    for name, facts in WANTED.items():
        type_ = dna.named(name)
        if type_ is None or not type_.size:
            continue
        spots = {}
        for fact, choices in facts.items():
            for choice in choices.split("|"):
                if (spot := _spot(dna, type_.fields, choice)) is not None:
                    spots[fact] = spot
                    break
        shapes[name] = Shape(type_.index, type_.size, spots)
    return shapes


def _spot(dna: Dna, fields: dict[str, Field], path: str) -> Spot | None:
    offset = 0
    *outer, last = path.split(".")
    for name in outer:
        field = fields.get(name)
        if field is None or field.kind != "struct":
            return None
        offset += field.offset
        fields = dna.struct(field.struct).fields
    field = fields.get(last)
    if field is None:
        return None
    if field.kind == "text":
        return Spot(offset + field.offset, field.size, _TEXT)
    if not field.dtype or field.shape or field.dtype[1:] not in _FORMATS:
        return None
    return Spot(offset + field.offset, field.size, _FORMATS[field.dtype[1:]])


def _is_private(folder: Path) -> bool:
    """Whether only this user can put files into a folder; true as well for one that is not there yet."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and _is_ours(status)


def _is_ours(status: os.stat_result) -> bool:
    own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return own and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read(path: Path) -> tuple[int, dict[str, Shape]] | None:
    """What a kept file says, or None when there is none or it cannot be trusted."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or not _is_ours(status) or status.st_size > _LARGEST_FILE:
                return None
            raw = file.read(_LARGEST_FILE)
    except OSError:
        return None
    checksum, _, payload = raw.partition(b"\n")
    if checksum != _checksum(payload):
        return None
    try:
        return _understand(json.loads(payload))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _understand(said: dict[str, Any]) -> tuple[int, dict[str, Shape]]:
    """Raises ValueError, TypeError, KeyError or AttributeError when anything is not as `_write` leaves it."""
    structs = _number(said["structs"], 1, 1 << 16)
    shapes = {}
    for name, (index, size, spots) in said["shapes"].items():
        facts = WANTED[name]
        size = _number(size, 1, 1 << 16)
        held = {}
        for fact, (offset, length, form) in spots.items():
            if fact not in facts or (form != _TEXT and _SIZES[form] != length):
                raise ValueError(fact)
            if type(offset) is not int or type(length) is not int or not 0 <= offset < offset + length <= size:
                raise ValueError(fact)
            held[fact] = Spot(offset, length, form)
        shapes[name] = Shape(_number(index, 0, structs - 1), size, held)
    return structs, shapes


def _number(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(value)
    return value


def _write(path: Path, structs: int, shapes: dict[str, Shape]) -> None:
    payload = json.dumps(
        {"structs": structs, "shapes": {name: [one.index, one.size, one.spots] for name, one in shapes.items()}}
    ).encode()
    # A layout that cannot be kept is worked out again next time: a full disk or read-only home stops nobody's reading.
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_checksum(payload) + b"\n" + payload)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).hexdigest().encode()
