"""Generic access to the structs of a file, through its own DNA.

What a field yields, by the kind it has in the DNA:

| kind | value |
|---|---|
| one number | `int` or `float` |
| array of numbers, of `char`, of pointers | read-only numpy view of the file's bytes, not a copy |
| pointer | `Pointer`, an address in the Blender that wrote the file; `Struct.follow` finds what it points at |
| struct | `Struct` |
| array of structs | `Structs` |
| anything else | `Unread`, which says what it is |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from voxel.blendfile.dna import Field, StructType
from voxel.errors import BlendFileError

if TYPE_CHECKING:
    from voxel.blendfile.file import BlendFile

Array = npt.NDArray[np.generic]


class Pointer(int):
    """An address in the memory of the Blender that wrote the file; 0 points at nothing."""

    def __repr__(self) -> str:
        return f"Pointer({int(self):#x})"


class Unread(NamedTuple):
    """A field whose kind this reader does not read: stands where the value would."""

    type: str
    """The type's name in the DNA."""
    size: int
    """Bytes."""


class Struct:
    """One struct in a file. Fields by name, `struct["id.name"]` reaches into nested structs."""

    __slots__ = ("block", "file", "offset", "type")

    def __init__(self, file: BlendFile, type_: StructType, offset: int, block: int) -> None:
        self.file = file
        self.type = type_
        self.offset = offset
        """Bytes from the start of the decompressed file."""
        self.block = block
        """Number of the block that it lies in."""

    def __repr__(self) -> str:
        return f"<{self.type.name} at byte {self.offset}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Struct):
            return NotImplemented
        return (self.file, self.type, self.offset) == (other.file, other.type, other.offset)

    def __hash__(self) -> int:
        return hash((self.type.index, self.offset))

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._find(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.type.fields)

    @overload
    def get(self, path: str) -> int | float | Pointer | Struct | Structs | Unread | Array | None: ...
    @overload
    def get(self, path: str, default: int) -> int | float | Pointer | Struct | Structs | Unread | Array: ...
    def get(
        self, path: str, default: int | None = None
    ) -> int | float | Pointer | Struct | Structs | Unread | Array | None:
        """The value of a field, or `default` when this file's struct has none of that name."""
        found = self._find(path)
        return default if found is None else self._value(*found)

    def __getitem__(self, path: str) -> int | float | Pointer | Struct | Structs | Unread | Array:
        """The value of a field; the module's docstring has the kinds. Raises KeyError when there is no such field."""
        return self._value(*self._field(path))

    def number(self, path: str) -> int | float:
        """The value of a field that holds one number. Raises KeyError, also when it is of another kind."""
        value = self[path]
        if isinstance(value, int | float) and not isinstance(value, Pointer):
            return value
        raise KeyError(f"{self.type.name}.{path} is no number")

    def text(self, path: str) -> str:
        """An array of char up to its first NUL, or what a pointer to char points at; "" for a null pointer.

        Bytes that are not UTF-8 stand as `\\xNN`. Raises KeyError when there is no such field or it holds no text.
        """
        field, offset = self._field(path)
        data = self.file.data
        if field.kind == "text":
            return _until_nul(data[offset : offset + field.size])
        if field.kind == "pointer" and field.type == "char" and not field.shape:
            raw = self.follow_bytes(path)
            return "" if raw is None else _until_nul(bytes(raw))
        raise KeyError(f"{self.type.name}.{path} holds no text")

    def follow(self, path: str) -> Struct | None:
        """The first struct that a pointer points at; None for a null pointer or one that leads out of the file.

        Raises KeyError when there is no such pointer, BlendFileError when the block it leads to is too short.
        """
        found = self.follow_all(path)
        return found[0] if found else None

    def follow_all(self, path: str) -> Structs | None:
        """All structs in the block that a pointer points at; None and errors as with `follow`."""
        field, offset = self._field(path)
        if field.kind != "pointer":
            raise KeyError(f"{self.type.name}.{path} is no pointer")
        block = self.find(self.file.pointer_at(offset))
        return None if block is None else self.file.structs_in(block, field.struct)

    def follow_bytes(self, path: str) -> memoryview | None:
        """The whole body of the block that a pointer points at, read-only; None and errors as with `follow`."""
        field, offset = self._field(path)
        if field.kind != "pointer":
            raise KeyError(f"{self.type.name}.{path} is no pointer")
        block = self.find(self.file.pointer_at(offset))
        return None if block is None else self.file.body(block)

    def pointers(self, path: str) -> list[Struct | None]:
        """What each address in a block of pointers (such as `Mesh.mat`) points at. Errors as with `follow`."""
        raw = self.follow_bytes(path)
        if raw is None:
            return []
        file = self.file
        size = file.header.pointer_size
        count = len(raw) // size
        if count > file.budget.list_length:
            raise BlendFileError(f"a list of more than {file.budget.list_length:,} pointers", self.offset)
        addresses = np.frombuffer(raw, f"{file.header.order}u{size}", count).tolist()
        found: list[Struct | None] = []
        for address in addresses:
            block = self.find(address)
            found.append(None if block is None else file.structs_in(block, -1)[0])
        return found

    def list(self, path: str) -> Iterator[Struct]:
        """The elements of a linked list (`ListBase`), in order.

        Raises KeyError when the field is no list; BlendFileError when the list runs in a circle or is longer than the
        budget allows. A list that leads out of the file ends there.
        """
        field, offset = self._field(path)
        if field.type not in ("ListBase", "ListBaseT"):
            raise KeyError(f"{self.type.name}.{path} is no list")
        file = self.file
        seen: set[int] = set()
        address = file.pointer_at(offset)
        while (block := self.find(address)) is not None:
            if address in seen:
                raise BlendFileError("a linked list runs in a circle", int(file.blocks.bodies[block]))
            seen.add(address)
            if len(seen) > file.budget.list_length:
                raise BlendFileError(f"a linked list of more than {file.budget.list_length:,} elements", self.offset)
            element = file.structs_in(block, -1)[0]
            yield element
            # Every element of a list begins with its pointer to the next one, whatever the struct calls it.
            address = file.pointer_at(element.offset) if element.type.size >= file.header.pointer_size else 0

    def find(self, address: int) -> int | None:
        """The number of the block that an address means in this struct, or None when the file has none."""
        return self.file.find(address, self.block)

    def place(self, path: str) -> int:
        """Where a field lies, in bytes from the start of the decompressed file. Raises KeyError when there is none."""
        return self._field(path)[1]

    def _field(self, path: str) -> tuple[Field, int]:
        found = self._find(path)
        if found is None:
            raise KeyError(f"{self.type.name} has no field {path}")
        return found

    def _find(self, path: str) -> tuple[Field, int] | None:
        """The field of a dotted path and where it lies in the file."""
        type_ = self.type
        offset = self.offset
        *outer, last = path.split(".")
        for name in outer:
            field = type_.fields.get(name)
            if field is None or field.kind != "struct":
                return None
            offset += field.offset
            type_ = self.file.dna.struct(field.struct)
        field = type_.fields.get(last)
        return None if field is None else (field, offset + field.offset)

    def _value(self, field: Field, offset: int) -> int | float | Pointer | Struct | Structs | Unread | Array:
        if field.kind == "unread":
            return Unread(field.type, field.size)
        if field.kind == "struct":
            type_ = self.file.dna.struct(field.struct)
            if not field.shape:
                return Struct(self.file, type_, offset, self.block)
            return Structs(self.file, type_, offset, field.size // max(type_.size, 1), self.block)
        values: Array = np.ndarray(field.shape, field.dtype, self.file.view, offset)
        if field.shape:
            return values
        number: int | float = values.item()
        return Pointer(number) if field.kind == "pointer" else number


class Structs:
    """Several structs of one type, one after another: a block's body, or a field that is an array."""

    __slots__ = ("_count", "_file", "block", "offset", "type")

    def __init__(self, file: BlendFile, type_: StructType, offset: int, count: int, block: int) -> None:
        self._file = file
        self.type = type_
        self.offset = offset
        """Bytes from the start of the decompressed file."""
        self._count = count
        self.block = block
        """Number of the block that they lie in."""

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Struct:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return Struct(self._file, self.type, self.offset + index * self.type.size, self.block)

    def __iter__(self) -> Iterator[Struct]:
        return (self[index] for index in range(self._count))

    def column(self, name: str) -> Array:
        """One field of all structs: a read-only numpy view of shape (len, *field shape), strided over the structs.

        Raises KeyError when there is no such field, or it is neither numbers nor text nor pointers.
        """
        field = self.type.fields.get(name)
        if field is None or not field.dtype:
            raise KeyError(f"{self.type.name} has no column {name}")
        items = np.dtype(field.dtype).itemsize
        strides = [items]
        for length in field.shape[:0:-1]:
            strides.insert(0, strides[0] * length)
        inner = tuple(strides) if field.shape else ()
        shape = (self._count, *field.shape)
        return np.ndarray(shape, field.dtype, self._file.view, self.offset + field.offset, (self.type.size, *inner))


def _until_nul(raw: bytes | bytearray) -> str:
    return bytes(raw.partition(b"\0")[0]).decode("utf-8", "backslashreplace")
