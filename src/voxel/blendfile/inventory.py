"""What is in a .blend file, at a glance: the facts by which files are triaged before one of them costs a Blender load.

Reads the block table and, of the structs, the few fields that it wants, at offsets worked out once for each DNA.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from voxel.blendfile.blocks import code_number
from voxel.blendfile.budget import DEFAULT, Budget
from voxel.blendfile.codes import COLLECTIONS, MODIFIER_TYPES, OBJECT_TYPES
from voxel.blendfile.container import Compression
from voxel.blendfile.file import BlendFile
from voxel.blendfile.layouts import Layout, layout_of
from voxel.blendfile.paths import KINDS, BlendPath, ExternalPath
from voxel.errors import BlendFileError

_ALWAYS_COUNTED: Final = ("objects", "meshes", "materials", "lights", "cameras", "images", "textures", "node_groups")
_STARTUP_OBJECTS: Final[tuple[list[str], ...]] = (["CAMERA", "LIGHT", "MESH"], ["CAMERA", "MESH"], ["MESH"], [])
_CUBE_VERTICES: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """What one file holds. Names lack Blender's two-letter code; of two IDs with one name the last one counts."""

    version: int
    """Blender that wrote it, as one number: 279 is 2.79, 405 is 4.5, 501 is 5.1."""
    subversion: int | None
    """None in files that do not say."""
    compression: Compression
    pointer_size: Literal[4, 8]
    """Bytes."""
    endian: Literal["little", "big"]
    counts: dict[str, int]
    """IDs by the name of their collection in `bpy.data`; "linked" counts placeholders for IDs of libraries."""
    objects: dict[str, str | int]
    """Object name to type, as `bpy` names it; a number is a type that this reader does not know."""
    meshes: dict[str, int | None]
    """Mesh name to number of vertices; None where the struct of this file does not say."""
    materials: dict[str, list[str | int]]
    """Material name to the `bl_idname` of its nodes, in file order; Blender before 2.67 wrote numbers instead."""
    modifiers: dict[str, list[str | int]]
    """Name of each object that has modifiers to their types, in stack order; a number is an unknown type."""
    node_groups: dict[str, list[str | int]]
    """Name of each node tree that is an ID of its own to its nodes, as for materials."""
    actions: list[str]
    texts: list[str]
    libraries: list[BlendPath]
    external: list[ExternalPath]
    """Every path that leads out of the file, outputs included, in file order."""
    startup: bool
    """Whether it holds nothing but what a new file holds: at most the cube, a camera, a light and plain materials."""

    def line(self) -> dict[str, Any]:
        """The fields of `voxel inspect --json`, from `version` on, as plain JSON values."""
        return {
            "version": self.version,
            "subversion": self.subversion,
            "compression": self.compression,
            "pointer_size": self.pointer_size,
            "endian": self.endian,
            "counts": self.counts,
            "objects": self.objects,
            "meshes": self.meshes,
            "materials": self.materials,
            "modifiers": self.modifiers,
            "node_groups": self.node_groups,
            "actions": self.actions,
            "texts": self.texts,
            "libraries": [path.text for path in self.libraries],
            "external": [
                {"kind": one.kind, "owner": one.owner, "path": one.path.text, "packed": one.packed}
                for one in self.external
            ],
            "startup": self.startup,
        }


def inventory(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, *, budget: Budget = DEFAULT
) -> Inventory:
    """What a file holds, from its path or its bytes, compressed or not.

    Raises BlendFileError for anything that is not a readable .blend file or costs more than `budget`.
    """
    return take(BlendFile(source, budget=budget))


def take(file: BlendFile) -> Inventory:
    """The inventory of a file that is open already. Raises BlendFileError where its structs contradict themselves."""
    stock = _Stock(file)
    stock.walk()
    header = file.header
    return Inventory(
        version=header.version,
        subversion=stock.subversion,
        compression=file.compression,
        pointer_size=header.pointer_size,
        endian=header.endian,
        counts={**dict.fromkeys(_ALWAYS_COUNTED, 0), **stock.counts},
        objects=stock.objects,
        meshes=stock.meshes,
        materials=stock.materials,
        modifiers=stock.modifiers,
        node_groups=stock.node_groups,
        actions=stock.actions,
        texts=stock.texts,
        libraries=[one.path for one in stock.external if one.kind == "library" and one.owner.startswith("LI")],
        external=stock.external,
        startup=stock.is_startup(),
    )


@dataclass(slots=True)
class _Stock:
    """One walk over the blocks of a file."""

    file: BlendFile
    layout: Layout = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    subversion: int | None = None
    objects: dict[str, str | int] = field(default_factory=dict)
    meshes: dict[str, int | None] = field(default_factory=dict)
    materials: dict[str, list[str | int]] = field(default_factory=dict)
    modifiers: dict[str, list[str | int]] = field(default_factory=dict)
    node_groups: dict[str, list[str | int]] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    external: list[ExternalPath] = field(default_factory=list)

    def walk(self) -> None:
        file = self.file
        blocks = file.blocks
        self.layout = layout = layout_of(file)
        if int(blocks.structs.min()) < 0 or int(blocks.structs.max()) >= layout.structs:
            wrong = np.flatnonzero((blocks.structs < 0) | (blocks.structs >= layout.structs))
            at = int(wrong[0])
            reason = f"a block of struct {int(blocks.structs[at])}, the DNA has {layout.structs}"
            raise BlendFileError(reason, int(blocks.bodies[at]))
        heads = blocks.owners
        for start in range(0, len(heads), _AT_A_TIME):
            self._ids(heads[start : start + _AT_A_TIME])
        self._paths()

    def _ids(self, heads: npt.NDArray[np.int64]) -> None:
        blocks = self.file.blocks
        name = self.layout.spot("ID", "name")
        if name is None or name.format != "s" or name.size < 3:
            raise BlendFileError("the DNA has no struct ID with a name", self.file.dna_block[0])
        name_offset, name_end = name.offset + 2, name.offset + name.size
        look = self.file.meter.look
        data, counts = self.file.data, self.counts
        columns = (heads, blocks.codes[heads], blocks.bodies[heads], blocks.lengths[heads])
        for block, code, body, length in zip(*(column.tolist() for column in columns), strict=True):
            collection = _COLLECTIONS.get(code)
            if collection is None:
                if code == _GLOB:
                    self._glob(block, body)
                continue
            counts[collection] += 1
            if (note := _NOTES.get(code)) is None:
                continue
            look(body)
            if length < name_end:
                raise BlendFileError(f"an ID of {length} bytes is too short for its name", body)
            end = data.find(b"\0", body + name_offset, body + name_end)
            raw = data[body + name_offset : end if end >= 0 else body + name_end]
            note(self, raw.decode("utf-8", "backslashreplace"), block, body)

    def is_startup(self) -> bool:
        counts = self.counts
        return (
            sorted(map(str, self.objects.values())) in _STARTUP_OBJECTS
            and all(count == _CUBE_VERTICES for count in self.meshes.values())
            and len(self.meshes) <= 1
            and len(self.materials) <= 1
            and not any(counts[kind] for kind in ("texts", "node_groups", "actions", "libraries", "linked", "sounds"))
            and not self.modifiers
            and not any(one.kind != "output" for one in self.external)
        )

    def _glob(self, block: int, body: int) -> None:
        self._expect("FileGlobal", block, body)
        self.subversion = self._number("FileGlobal", "subversion", body)

    def _object(self, name: str, block: int, body: int) -> None:
        self._expect("Object", block, body)
        number = self._number("Object", "type", body)
        self.objects[name] = -1 if number is None else OBJECT_TYPES.get(number, number)
        first = self._number("Object", "modifiers", body)
        if not first:
            return
        types = []
        for at in self._list(first, block, "ModifierData"):
            kind = self._number("ModifierData", "type", at) or 0
            types.append(MODIFIER_TYPES.get(kind, kind))
        if types:
            self.modifiers[name] = types

    def _mesh(self, name: str, block: int, body: int) -> None:
        self._expect("Mesh", block, body)
        vertices = self._number("Mesh", "vertices", body)
        if vertices is not None and vertices < 0:
            raise BlendFileError(f"a mesh of {vertices} vertices", body)
        self.meshes[name] = vertices

    def _material(self, name: str, block: int, body: int) -> None:
        self._expect("Material", block, body)
        nodes: list[str | int] = []
        tree = self._number("Material", "tree", body)
        if tree and (at := self.file.own(block).get(tree)) is not None:
            self._expect("bNodeTree", at, int(self.file.blocks.bodies[at]))
            nodes = self._nodes(block, int(self.file.blocks.bodies[at]))
        self.materials[name] = nodes

    def _node_group(self, name: str, block: int, body: int) -> None:
        self._expect("bNodeTree", block, body)
        self.node_groups[name] = self._nodes(block, body)

    def _action(self, name: str, _block: int, _body: int) -> None:
        self.actions.append(name)

    def _text(self, name: str, _block: int, _body: int) -> None:
        self.texts.append(name)

    def _nodes(self, owner: int, tree: int) -> list[str | int]:
        """The nodes of the tree whose body begins at `tree`, in the order of its list."""
        first = self._number("bNodeTree", "nodes", tree)
        spot = self.layout.spot("bNode", "id")
        nodes: list[str | int] = []
        if not first:
            return nodes
        data = self.file.data
        for at in self._list(first, owner, "bNode"):
            raw = b"" if spot is None else data[at + spot.offset : at + spot.offset + spot.size].partition(b"\0")[0]
            if raw:
                nodes.append(raw.decode("utf-8", "backslashreplace"))
            else:
                number = self._number("bNode", "type", at)
                nodes.append(-1 if number is None else number)
        return nodes

    def _list(self, address: int, owner: int, name: str) -> list[int]:
        """Where the elements of a linked list begin, each at least as long as the struct `name`."""
        file = self.file
        own = file.own(owner)
        blocks = file.blocks
        size = self.layout.size(name)
        found: list[int] = []
        seen: set[int] = set()
        while (block := own.get(address)) is not None:
            body = int(blocks.bodies[block])
            if address in seen:
                raise BlendFileError("a linked list runs in a circle", body)
            if int(blocks.lengths[block]) < size or not size:
                raise BlendFileError(f"a list element is too short for {name} of {size} bytes", body)
            seen.add(address)
            found.append(body)
            file.meter.look(body)
            if len(found) > file.budget.list_length:
                raise BlendFileError(f"a linked list of more than {file.budget.list_length:,} elements", body)
            address = self._number(name, "next", body) or 0
        return found

    def _expect(self, name: str, block: int, body: int) -> None:
        """Raise BlendFileError unless a block holds the struct that its place asks for."""
        shape = self.layout.shapes.get(name)
        blocks = self.file.blocks
        if shape is None or int(blocks.structs[block]) != shape.index:
            raise BlendFileError(f"a block {blocks.code(block).decode()} does not hold the struct {name}", body)
        if int(blocks.lengths[block]) < shape.size:
            length = int(blocks.lengths[block])
            raise BlendFileError(f"a block of {length} bytes is too short for {name} of {shape.size}", body)

    def _number(self, name: str, fact: str, body: int) -> int | None:
        reader = self.layout.reader(name, fact)
        if reader is None:
            return None
        number: int = reader[0].unpack_from(self.file.data, body + reader[1])[0]
        return number

    def _paths(self) -> None:
        file = self.file
        blocks = file.blocks
        held = 0
        for block in self.layout.bears_path[blocks.structs].nonzero()[0].tolist():
            name = self.layout.names[int(blocks.structs[block])]
            body = int(blocks.bodies[block])
            if int(blocks.lengths[block]) < self.layout.size(name):
                raise BlendFileError(f"a block is too short for {name}", body)
            file.meter.look(body)
            raw = self._path(name, "path", block, body)
            if name == "Strip" and raw:
                raw += self._first_element(block, body)
            if not raw or raw == _BUILT_IN:
                continue
            # Many structs can point at one long path.
            held += len(raw)
            if held > len(file.data) or len(self.external) >= file.budget.list_length:
                raise BlendFileError("more paths than a file of this size can hold", body)
            owner, packed = self._owner(block), self._packed(name, body)
            self.external.append(ExternalPath(kind=KINDS[name], owner=owner, path=BlendPath(raw), packed=packed))

    def _packed(self, name: str, body: int) -> bool:
        return bool(self._number(name, "packed", body) or self._number(name, "packed_list", body))

    def _path(self, name: str, fact: str, block: int, body: int) -> bytes:
        """A path held in the struct, or where a pointer in it leads."""
        spot = self.layout.spot(name, fact)
        if spot is None:
            return b""
        data = self.file.data
        if spot.format == "s":
            start = body + spot.offset
            return bytes(data[start : start + spot.size].partition(b"\0")[0])
        target = self.file.find(self._number(name, fact, body) or 0, block)
        return b"" if target is None else bytes(self.file.body(target)[:_LONGEST_PATH]).partition(b"\0")[0]

    def _first_element(self, block: int, body: int) -> bytes:
        """The file name of a strip's first image or only movie."""
        target = self.file.find(self._number("Strip", "first", body) or 0, block)
        size = self.layout.size("StripElem")
        if target is None or not size or int(self.file.blocks.lengths[target]) < size:
            return b""
        return self._path("StripElem", "name", target, int(self.file.blocks.bodies[target]))

    def _owner(self, block: int) -> str:
        owner = self.file.owner(block)
        spot = self.layout.shapes["ID"].spots["name"]
        raw = bytes(self.file.body(owner)[spot.offset : spot.offset + spot.size]).partition(b"\0")[0]
        return raw.decode("utf-8", "backslashreplace")


_AT_A_TIME: Final = 1 << 16
"""IDs whose columns are turned into Python numbers at a time."""
_BUILT_IN: Final = b"<builtin>"
_LONGEST_PATH: Final = 4096
_GLOB: Final = code_number(b"GLOB")
_COLLECTIONS: Final = {code_number(code.encode()): name for code, name in COLLECTIONS.items()}
_NOTES: Final[dict[int, Callable[[_Stock, str, int, int], None]]] = {
    code_number(b"OB"): _Stock._object,
    code_number(b"ME"): _Stock._mesh,
    code_number(b"MA"): _Stock._material,
    code_number(b"NT"): _Stock._node_group,
    code_number(b"AC"): _Stock._action,
    code_number(b"TX"): _Stock._text,
}
