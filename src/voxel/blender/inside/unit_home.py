# os.path is quicker to start than pathlib
# ruff: noqa: PTH100, PTH123
"""An empty scene as a file that Blender reads in a fifth of the usual time; runs in a fork.

Half of what reading a small file takes is comparing the file's DNA, which describes all thousand structs of Blender,
with Blender's own; a third is screens that nobody looks at. So the scene is written without the window, and the DNA of
the file is cut down to the structs that the file holds. `voxel.blendfile` reads the same, but nothing of Voxel's is
within reach of the box, and it writes none. The format is that of https://docs.blender.org, "Blend file
format": blocks of (code, struct, address, size, how many) and DNA1 with its parts NAME, TYPE, TLEN and STRC.
"""

from __future__ import annotations

import os
import struct
from typing import NamedTuple

import _bpy  # type: ignore[import-not-found]
import bpy

LOOKED_UP = (b"ListBase", b"Sequence", b"Strip")
"""Structs that Blender looks up by name in any file."""
BASIC = 16
"""So many types keep their numbers: every DNA begins with the numbers and characters, which Blender knows by number."""
_LAYOUTS = {"legacy": "<4siQii", "large": "<4siQqq"}


class Block(NamedTuple):
    """A block of a file; its content lies at `start`."""

    code: bytes
    struct: int
    address: int
    size: int
    many: int
    start: int


class Dna(NamedTuple):
    """Member names, type names, bytes of each type, and structs as (type, members as (type, name))."""

    names: list[bytes]
    types: list[bytes]
    sizes: tuple[int, ...]
    structs: list[tuple[int, list[tuple[int, int]]]]


def small_home() -> bytes:
    """The open file's scene, in a file that `wm.read_homefile` takes."""
    path = os.path.abspath("scene.blend")
    bpy.data.libraries.write(path, {bpy.context.scene})
    with open(path, "rb") as file:
        return slimmed(file.read())


def plain_home() -> bytes:
    """The same as Blender itself saves it."""
    path = os.path.abspath("scene.blend")
    _bpy.ops.call(
        "WM_OT_save_as_mainfile", {"filepath": path, "copy": True, "compress": False, "check_existing": False}
    )
    with open(path, "rb") as file:
        return file.read()


def slimmed(data: bytes) -> bytes:
    """The same file with the DNA of the structs that it holds. Raises ValueError for what is no plain .blend file."""
    if data[:7] != b"BLENDER":
        raise ValueError("not a plain .blend file")
    large = data[7:8].isdigit()  # BLENDER17-01v0500, from 5.0 on; BLENDER-v405 before
    head = int(data[7:9]) if large else 12
    blocks = _blocks(data, head, large)
    described = next(block for block in blocks if block.code == b"DNA1")
    dna = _dna(data[described.start : described.start + described.size])
    held = [block.struct for block in blocks if block.code not in (b"DNA1", b"ENDB")]
    kept = _needed(dna, held)
    places = {number: place for place, number in enumerate(kept)}
    out = [data[:head]]
    for block in blocks:
        content = data[block.start : block.start + block.size]
        if block.code == b"DNA1":
            content = _written(dna, kept)
        number = places.get(block.struct, 0) if block.code not in (b"DNA1", b"ENDB") else 0
        out += [_header(block._replace(struct=number, size=len(content)), large), content]
    return b"".join(out)


def _blocks(data: bytes, head: int, large: bool) -> list[Block]:
    layout = struct.Struct(_LAYOUTS["large" if large else "legacy"])
    found, place = list[Block](), head
    while not found or found[-1].code != b"ENDB":
        code, *rest = layout.unpack_from(data, place)
        if large:
            number, address, size, count = rest
        else:
            size, address, number, count = rest
        found.append(Block(code, number, address, size, count, place + layout.size))
        place += layout.size + size
    return found


def _header(block: Block, large: bool) -> bytes:
    if large:
        return struct.pack(_LAYOUTS["large"], block.code, block.struct, block.address, block.size, block.many)
    return struct.pack(_LAYOUTS["legacy"], block.code, block.size, block.address, block.struct, block.many)


def _dna(raw: bytes) -> Dna:
    def words(place: int, mark: bytes) -> tuple[list[bytes], int]:
        place += -place % 4
        if raw[place : place + 4] != mark:
            raise ValueError(f"the DNA has no {mark.decode()} where it should be")
        (count,) = struct.unpack_from("<i", raw, place + 4)
        found, place = list[bytes](), place + 8
        for _ in range(count):
            end = raw.index(b"\0", place)
            found.append(raw[place:end])
            place = end + 1
        return found, place

    names, place = words(4, b"NAME")
    types, place = words(place, b"TYPE")
    place += -place % 4 + 4
    sizes = struct.unpack_from(f"<{len(types)}h", raw, place)
    place += 2 * len(types)
    place += -place % 4 + 4
    (count,) = struct.unpack_from("<i", raw, place)
    place += 4
    structs = []
    for _ in range(count):
        kind, members = struct.unpack_from("<hh", raw, place)
        numbers = struct.unpack_from(f"<{2 * members}h", raw, place + 4)
        structs.append((kind, list(zip(numbers[::2], numbers[1::2], strict=True))))
        place += 4 + 4 * members
    return Dna(names, types, sizes, structs)


def _needed(dna: Dna, held: list[int]) -> list[int]:
    """Numbers of the structs that the blocks hold, of those within them, and of those that Blender looks up."""
    by_type = {kind: number for number, (kind, _) in enumerate(dna.structs)}
    left = [0, *held, *[by_type[kind] for kind, name in enumerate(dna.types) if name in LOOKED_UP and kind in by_type]]
    found: set[int] = set()
    while left:
        number = left.pop()
        if number in found:
            continue
        found.add(number)
        members = dna.structs[number][1]
        left += [by_type[kind] for kind, name in members if kind in by_type and dna.names[name][:1] not in (b"*", b"(")]
    return sorted(found)


def _written(dna: Dna, kept: list[int]) -> bytes:
    names: dict[int, int] = {}
    types = {number: number for number in range(BASIC)}
    body = b""
    for number in kept:
        kind, members = dna.structs[number]
        body += struct.pack("<hh", types.setdefault(kind, len(types)), len(members))
        for part, name in members:
            numbers = types.setdefault(part, len(types)), names.setdefault(name, len(names))
            body += struct.pack("<hh", *numbers)
    out = b"SDNA"
    for mark, words in ((b"NAME", [dna.names[name] for name in names]), (b"TYPE", [dna.types[kind] for kind in types])):
        out += mark + struct.pack("<i", len(words)) + b"".join(word + b"\0" for word in words)
        out += bytes(-len(out) % 4)
    out += b"TLEN" + struct.pack(f"<{len(types)}h", *(dna.sizes[kind] for kind in types))
    out += bytes(-len(out) % 4)
    return out + b"STRC" + struct.pack("<i", len(kept)) + body
