"""An open .blend file: header, blocks, DNA, and the way from a pointer to a block.

Pointers in a file are addresses in the memory of the Blender that wrote it. Blender allocates, frees and allocates
again while it writes, so an address can stand for several blocks. It resolves them as Blender does on reading: the
`DATA` blocks that follow an ID belong to that ID, and a pointer is looked for among them first, then among the IDs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from voxel.blendfile.blocks import Blocks, code_number, scan
from voxel.blendfile.budget import DEFAULT, Budget, Meter
from voxel.blendfile.container import Compression, load
from voxel.blendfile.dna import Dna
from voxel.blendfile.header import Header, read_header
from voxel.blendfile.structs import Struct, Structs
from voxel.errors import BlendFileError

_DNA1 = code_number(b"DNA1")


class BlendFile:
    """A .blend file, decompressed and held in memory; its structs are read when asked for.

    `source` is a path or the bytes of a file, compressed or not. Raises BlendFileError when they are not a readable
    .blend file or cost more than `budget`.
    """

    def __init__(
        self, source: str | os.PathLike[str] | bytes | bytearray | memoryview, *, budget: Budget = DEFAULT
    ) -> None:
        self.budget = budget
        self.meter = Meter(budget)
        content = load(source, self.meter)
        self.compression: Compression = content.compression
        self.data: bytes | bytearray = content.data
        """The decompressed file."""
        self.view = memoryview(content.data).toreadonly()
        self.header: Header = read_header(self.data)
        self.blocks: Blocks = scan(self.data, self.header, self.meter)
        self._owners = self.blocks.owners

    @cached_property
    def dna_block(self) -> tuple[int, int]:
        """Where the DNA lies: its first byte and its length. Raises BlendFileError when there is none."""
        found = (self.blocks.codes == _DNA1).nonzero()[0]
        if not found.size:
            raise BlendFileError("the file has no DNA1 block", len(self.data))
        return int(self.blocks.bodies[found[0]]), int(self.blocks.lengths[found[0]])

    @cached_property
    def dna(self) -> Dna:
        """The file's description of its structs. Raises BlendFileError when it is missing or contradicts itself."""
        start, length = self.dna_block
        body = bytes(self.view[start : start + length])
        return Dna(body, start, self.header.order, self.header.pointer_size)

    def ids(self, code: str) -> Iterator[Struct]:
        """All IDs (data-blocks) of a two-letter kind, such as "OB" for objects or "ME" for meshes, in file order."""
        for block in np.flatnonzero(self.blocks.codes == code_number(code.encode())).tolist():
            yield self.structs_in(block, -1)[0]

    def block_code(self, block: int) -> str:
        """The code of a block, such as "OB" or "DATA"."""
        return self.blocks.code(block).decode()

    def body(self, block: int) -> memoryview:
        """The body of a block, read-only, not a copy."""
        start = int(self.blocks.bodies[block])
        return self.view[start : start + int(self.blocks.lengths[block])]

    def structs_in(self, block: int, declared: int = -1) -> Structs:
        """The structs in a block, one or more.

        `declared` is the struct that the pointer to it names in the DNA: blocks of bare data carry number 0 in their
        head, and then it decides. Raises BlendFileError when the block is too short for one struct.
        """
        number = int(self.blocks.structs[block])
        type_ = self.dna.struct(number if number or declared < 0 else declared)
        start, length = int(self.blocks.bodies[block]), int(self.blocks.lengths[block])
        if not type_.size or length < type_.size:
            raise BlendFileError(f"a block of {length} bytes is too short for {type_.name} of {type_.size}", start)
        # Bare data has one count for any length; elsewhere the head may claim more than there is.
        fits = length // type_.size
        claimed = int(self.blocks.counts[block])
        count = fits if not number else max(1, min(fits, claimed))
        return Structs(self, type_, start, count, block)

    def pointer_at(self, offset: int) -> int:
        """The address stored at a byte of the decompressed file."""
        order = self.header.endian
        return int.from_bytes(self.data[offset : offset + self.header.pointer_size], order)

    def find(self, address: int, near: int) -> int | None:
        """The number of the block that an address in block `near` refers to, or None when the file has none."""
        if not address:
            return None
        found = self.own(self.owner(near)).get(address)
        return self._ids.get(address) if found is None else found

    def own(self, owner: int) -> dict[int, int]:
        """Address to number of block for the DATA blocks that follow an owner."""
        own = self._own.get(owner)
        if own is None:
            own = self._own[owner] = self._addresses_after(owner)
        return own

    def owner(self, block: int) -> int:
        """The ID block (or other block that is not DATA) that a block belongs to: itself, or the last one before it."""
        return int(self._owners[max(int(self._owners.searchsorted(block, "right")) - 1, 0)])

    def after(self, owner: int) -> int:
        """The number of the first block after an owner's DATA."""
        at = int(self._owners.searchsorted(owner, "right"))
        return int(self._owners[at]) if at < len(self._owners) else len(self.blocks.codes)

    @cached_property
    def _own(self) -> dict[int, dict[int, int]]:
        return {}

    @cached_property
    def _ids(self) -> dict[int, int]:
        addresses = self.blocks.addresses[self._owners].tolist()
        return dict(zip(reversed(addresses), reversed(self._owners.tolist()), strict=True))

    def _addresses_after(self, owner: int) -> dict[int, int]:
        first, last = owner + 1, self.after(owner)
        addresses = self.blocks.addresses[first:last].tolist()
        # Of two blocks with one address the first counts, so they are entered from the end.
        return dict(zip(reversed(addresses), range(last - 1, first - 1, -1), strict=True))
