"""The first bytes of a .blend file: which Blender wrote it, and how.

Before 5.0 the header has 12 bytes: `BLENDER`, `_` (4-byte pointers) or `-` (8-byte), `v` (little endian) or `V` (big),
three digits of version. Since 5.0 it has 17: `BLENDER17-01v0500`, header size, `-`, format version, `v`, four digits.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from voxel.errors import BlendFileError

_OLD = re.compile(rb"BLENDER([_-])([vV])(\d{3})")
_NEW = re.compile(rb"BLENDER(\d\d)-(\d\d)v(\d{4})")


class Header(NamedTuple):
    """What the header of a .blend file says."""

    version: int
    """Blender's version as one number: 279 is 2.79, 405 is 4.5, 501 is 5.1."""
    pointer_size: Literal[4, 8]
    """Bytes in a stored pointer."""
    endian: Literal["little", "big"]
    size: int
    """Bytes in the header, where the first block begins: 12 or 17."""
    format: Literal[0, 1]
    """Version of the block heads: 0 before Blender 5.0, 1 since."""

    @property
    def order(self) -> Literal["<", ">"]:
        """The byte order in the notation of `struct` and numpy."""
        return "<" if self.endian == "little" else ">"


def read_header(data: bytes | bytearray) -> Header:
    """The header at the start of decompressed data. Raises BlendFileError when there is none that is known."""
    start = bytes(data[:17])
    if old := _OLD.match(start):
        pointer, endian, digits = old.groups()
        return Header(int(digits), 4 if pointer == b"_" else 8, "little" if endian == b"v" else "big", 12, 0)
    if new := _NEW.match(start):
        size, form, version = (int(group) for group in new.groups())
        if size != 17 or form != 1:
            raise BlendFileError(f"header format {form} of {size} bytes is newer than this reader", 7)
        return Header(version, 8, "little", 17, 1)
    raise BlendFileError("the header is not one that Blender writes", 0)
