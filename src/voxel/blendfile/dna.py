"""The DNA: a file's own description of every struct in it.

The body of the block `DNA1` is `SDNA`, then four tables, each aligned to 4 bytes from the body's start: `NAME` (count,
NUL-terminated field names such as `*next` or `mat[4][4]`), `TYPE` (count, NUL-terminated type names), `TLEN` (a uint16
size per type), `STRC` (count, then per struct: type, number of fields, and a type and a name per field, all uint16).
Fields lie one after another without gaps; Blender writes padding as fields.

Tables are split at once, the fields of a struct are laid out when first asked for.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from voxel.errors import BlendFileError

# One 2.48 file has a field named `[3]`: the bare name may be empty.
_NAME = re.compile(rb"(\**)(\w*)((?:\[\d+\])*)")
_IN_PARENTHESES = re.compile(rb"\(\*(\w+)\).*", re.DOTALL)
_NUMBERS = {
    b"char": "u1",
    b"uchar": "u1",
    b"int8_t": "i1",
    b"uint8_t": "u1",
    b"short": "i2",
    b"ushort": "u2",
    b"int16_t": "i2",
    b"uint16_t": "u2",
    b"int": "i4",
    b"int32_t": "i4",
    b"uint32_t": "u4",
    b"float": "f4",
    b"double": "f8",
    b"int64_t": "i8",
    b"uint64_t": "u8",
}
_LONGS = {(b"long", 4): "i4", (b"long", 8): "i8", (b"ulong", 4): "u4", (b"ulong", 8): "u8"}
_MOST_ITEMS = 1 << 16
_LARGEST_STRUCT = (1 << 16) - 1

Kind = Literal["number", "text", "pointer", "struct", "unread"]


class Field(NamedTuple):
    """One field of a struct."""

    name: str
    """The bare name, without stars and dimensions."""
    type: str
    """The type's name as the file has it, such as "float" or "ListBase"."""
    kind: Kind
    """"text" is an array of char; "unread" is of a type without known layout."""
    offset: int
    """Bytes from the start of the struct."""
    size: int
    """Bytes in the whole field."""
    dtype: str
    """numpy's notation of one number or pointer in the file's byte order; empty for "struct" and "unread"."""
    shape: tuple[int, ...]
    """Dimensions, outermost first; empty for a single value."""
    struct: int
    """For a struct, and for a pointer to one: its number in the DNA; else -1."""


@dataclass(frozen=True, slots=True)
class StructType:
    """One struct of the DNA, laid out."""

    name: str
    index: int
    """Its number: what block heads refer to."""
    size: int
    """Bytes."""
    fields: dict[str, Field]
    """By bare name, in order."""


class _Name(NamedTuple):
    bare: str
    stars: int
    shape: tuple[int, ...]


class Dna:
    """The structs of one file. Construction and lay-out raise BlendFileError when the tables contradict themselves.

    `base` is where the body of `DNA1` lies in the file; offsets in errors count from the start of the file.
    """

    def __init__(self, body: bytes, base: int, order: Literal["<", ">"], pointer_size: int) -> None:
        self._base = base
        self.order = order
        self.pointer_size = pointer_size
        tables = _Tables(body, base, order)
        self._names = tables.strings(b"NAME")
        self._types = tables.strings(b"TYPE")
        self._sizes = tables.sizes(len(self._types))
        self._words, self._starts = tables.structs()
        self._at = tables.at
        self._parsed: dict[int, _Name] = {}
        self._laid: dict[int, StructType] = {}
        words, types = self._words, self._types
        if any(words[start] >= len(types) for start in self._starts):
            raise self._lie("a struct has a type that is not in the table")
        self._index = {types[words[start]]: index for index, start in enumerate(self._starts)}

    def __len__(self) -> int:
        """How many structs there are."""
        return len(self._starts)

    def names(self) -> list[str]:
        """The names of all structs, by number."""
        return [_text(self._types[self._words[start]]) for start in self._starts]

    def index(self, name: str) -> int | None:
        """The number of a struct, or None when this file's DNA does not have it."""
        return self._index.get(name.encode())

    def struct(self, index: int) -> StructType:
        """The struct of a number, laid out. Raises BlendFileError when there is none, or its fields exceed its size."""
        if (laid := self._laid.get(index)) is not None:
            return laid
        if not 0 <= index < len(self._starts):
            raise self._lie(f"there is no struct number {index}")
        laid = self._laid[index] = self._lay_out(index)
        return laid

    def named(self, name: str) -> StructType | None:
        """The struct of a name, laid out, or None when this file's DNA does not have it."""
        index = self.index(name)
        return None if index is None else self.struct(index)

    def _lie(self, reason: str) -> BlendFileError:
        return BlendFileError(f"the DNA lies: {reason}", self._base)

    def _lay_out(self, index: int) -> StructType:
        start = self._starts[index]
        words, types, names, sizes = self._words, self._types, self._names, self._sizes
        own, count = words[start], words[start + 1]
        fields: dict[str, Field] = {}
        offset = 0
        for at in range(start + 2, start + 2 + 2 * count, 2):
            type_number, name_number = words[at], words[at + 1]
            if type_number >= len(types) or name_number >= len(names):
                raise self._lie(f"a field of {_text(types[own])} refers past the tables")
            name = self._parsed.get(name_number)
            if name is None:
                name = self._parsed[name_number] = self._parse(names[name_number])
            field = self._field(name, types[type_number], sizes[type_number], offset)
            fields[name.bare] = field
            offset += field.size
        if offset > sizes[own]:
            raise self._lie(f"the fields of {_text(types[own])} take {offset} bytes, the struct has {sizes[own]}")
        return StructType(_text(types[own]), index, sizes[own], fields)

    def _field(self, name: _Name, type_name: bytes, size: int, offset: int) -> Field:
        items = 1
        for length in name.shape:
            items *= length
        # What `**mat` points at is a block of pointers, not of structs.
        struct_number = self._index.get(type_name, -1) if name.stars < 2 else -1
        kind: Kind
        number = _NUMBERS.get(type_name) or _LONGS.get((type_name, size), "")
        if name.stars:
            kind, dtype, size = "pointer", f"{self.order}u{self.pointer_size}", self.pointer_size
        elif number and int(number[1]) == size:
            kind, dtype = ("text" if type_name == b"char" and name.shape else "number"), self.order + number
        elif struct_number >= 0 and size:
            kind, dtype = "struct", ""
        else:
            kind, dtype = "unread", ""
        return Field(name.bare, _text(type_name), kind, offset, size * items, dtype, name.shape, struct_number)

    def _parse(self, raw: bytes) -> _Name:
        if match := _NAME.fullmatch(raw):
            stars, bare, dims = match.groups()
            if len(dims) > 64:
                raise self._lie(f"the field {_text(raw[:40])} has too many dimensions")
            shape = tuple(int(length) for length in re.findall(rb"\d+", dims)) if dims else ()
            if any(length > _LARGEST_STRUCT for length in shape):
                raise self._lie(f"the field {_text(raw[:40])} is larger than any struct")
            return _Name(bare.decode(), len(stars), shape)
        if match := _IN_PARENTHESES.match(raw):
            # `(*disps)()` may be a pointer to triples of floats or to a function: the DNA writes both alike.
            return _Name(match[1].decode(), 1, ())
        raise self._lie(f"{_text(raw[:40])!r} is not the name of a field")


class _Tables:
    """The four tables of a DNA body, read one after another."""

    def __init__(self, body: bytes, base: int, order: Literal["<", ">"]) -> None:
        self._body = body
        self._base = base
        self._order = order
        self.at = 4
        if body[:4] != b"SDNA":
            raise BlendFileError("the DNA block does not begin with SDNA", base)

    def _stop(self, reason: str) -> BlendFileError:
        return BlendFileError(f"the DNA lies: {reason}", self._base + self.at)

    def _open(self, tag: bytes) -> None:
        self.at = (self.at + 3) & ~3
        if self._body[self.at : self.at + 4] != tag:
            raise self._stop(f"no table {tag.decode()}")
        self.at += 4

    def _count(self) -> int:
        if self.at + 4 > len(self._body):
            raise self._stop("a table is cut off")
        count: int = struct.unpack_from(self._order + "i", self._body, self.at)[0]
        if not 0 <= count <= _MOST_ITEMS:
            raise self._stop(f"a table of {count} items")
        self.at += 4
        return count

    def strings(self, tag: bytes) -> list[bytes]:
        self._open(tag)
        count = self._count()
        items = self._body[self.at :].split(b"\0", count)
        if len(items) != count + 1:
            raise self._stop("a table is cut off")
        self.at = len(self._body) - len(items.pop())
        return items

    def sizes(self, count: int) -> list[int]:
        self._open(b"TLEN")
        if self.at + 2 * count > len(self._body):
            raise self._stop("a table is cut off")
        sizes: list[int] = np.frombuffer(self._body, self._order + "u2", count, self.at).tolist()
        self.at += 2 * count
        return sizes

    def structs(self) -> tuple[list[int], list[int]]:
        """All numbers of the table, and where in them each struct begins."""
        self._open(b"STRC")
        count = self._count()
        words: list[int] = np.frombuffer(
            self._body, self._order + "u2", (len(self._body) - self.at) // 2, self.at
        ).tolist()
        starts = []
        at = 0
        for _ in range(count):
            starts.append(at)
            if at + 1 >= len(words):
                raise self._stop("a struct is cut off")
            at += 2 + 2 * words[at + 1]
        if at > len(words):
            raise self._stop("a struct is cut off")
        return words, starts


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
