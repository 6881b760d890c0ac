"""What people most often want out of a .blend file: coordinates, texts, custom properties, preview images.

Each function takes a struct of an open `BlendFile` and works for files of every version.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import wraps
from typing import Final, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

from voxel.blendfile.blocks import code_number
from voxel.blendfile.file import BlendFile
from voxel.blendfile.structs import Array, Struct, Unread
from voxel.errors import BlendFileError

_STRING, _INT, _FLOAT, _ARRAY, _GROUP, _ID, _DOUBLE, _STRUCTS, _BOOLEAN = 0, 1, 2, 5, 6, 7, 8, 9, 10
_ITEMS: Final = {_INT: "i4", _FLOAT: "f4", _DOUBLE: "f8", _BOOLEAN: "i1"}
_DEEPEST: Final = 32
_SINGLE: Final = 1
"""`Attribute.storage_type` of one value that stands for all elements."""

Properties = dict[str, object]
_R = TypeVar("_R")


def _of_the_file(function: Callable[[Struct], _R]) -> Callable[[Struct], _R]:
    """Here a field is missing or of the wrong kind because of the file, not because of the caller."""

    @wraps(function)
    def reading(owner: Struct) -> _R:
        owner.file.meter.restart()
        try:
            return function(owner)
        except KeyError as error:
            raise BlendFileError(f"the DNA lies: {error.args[0]}", owner.offset) from error

    return reading


class Picture(NamedTuple):
    """A preview image."""

    width: int
    height: int
    pixels: npt.NDArray[np.uint8]
    """Shape (height, width, 4): red, green, blue, alpha from 0 to 255; the first row is the lowest. A view."""


@_of_the_file
def coordinates(mesh: Struct) -> npt.NDArray[np.float32]:
    """The vertex positions of a mesh, in its own space: a read-only view of shape (vertices, 3), float32.

    `mesh` is a struct `Mesh`. They lie in an array of `MVert` before 4.0, in a layer of custom data since, and in the
    attribute storage since 5.0. Raises BlendFileError when the file holds fewer than the mesh has vertices.
    """
    count = int(mesh.number("totvert" if "totvert" in mesh else "verts_num"))
    if count <= 0:
        return np.empty((0, 3), np.float32)
    found = _from_attributes(mesh, count)
    if found is None:
        found = _from_layer(mesh)
    if found is None:
        found = _from_vertices(mesh)
    if found is None or found.ndim != 2 or len(found) < count or found.shape[1] != 3 or found.dtype.kind != "f":
        raise BlendFileError(f"the coordinates of {count} vertices are not in the file", mesh.offset)
    return cast(npt.NDArray[np.float32], found[:count])


@_of_the_file
def text(block: Struct) -> str:
    """The content of a text block: `block` is a struct `Text`, one of `file.ids("TX")`. Lines end with a newline."""
    lines = []
    size = 0
    for line in block.list("lines"):
        lines.append(line.text("line"))
        # Many lines can point at one long text.
        size += len(lines[-1])
        if size > len(block.file.data):
            raise BlendFileError("a text longer than its file", line.offset)
        block.file.meter.look(line.offset)
    return "\n".join(lines)


def thumbnail(file: BlendFile) -> Picture | None:
    """The picture that file managers show for the file, or None when it has none that is whole."""
    for number in np.flatnonzero(file.blocks.codes == code_number(b"TEST")).tolist():
        body = file.body(number)
        if len(body) >= 8:
            width, height = struct.unpack_from(file.header.order + "2i", body)
            return _picture(width, height, body[8:])
    return None


@_of_the_file
def preview(owner: Struct) -> Picture | None:
    """The larger preview image of an ID such as a material or an object, or None when it has none that is whole."""
    image = owner.follow("preview") if "preview" in owner else None
    if image is None or "rect" not in image:
        return None
    widths, heights, addresses = image["w"], image["h"], image["rect"]
    if not all(isinstance(column, np.ndarray) and column.shape == (2,) for column in (widths, heights, addresses)):
        return None
    assert isinstance(widths, np.ndarray)
    assert isinstance(heights, np.ndarray)
    assert isinstance(addresses, np.ndarray)
    block = image.find(int(addresses[1]))
    return None if block is None else _picture(int(widths[1]), int(heights[1]), image.file.body(block))


@_of_the_file
def properties(owner: Struct) -> Properties:
    """The custom properties of an ID, a bone or another struct that has some: name to value.

    Values: `str`, `int`, `float`, `bool`, numpy views for arrays, `Struct` (or None) for a link to an ID, nested
    dicts for groups, lists of dicts for collections, `Unread` for a kind that this reader does not know. Raises
    BlendFileError when groups are nested deeper than 32 or lists run in a circle.
    """
    for field in ("id.properties", "properties", "prop"):
        if field in owner:
            top = owner.follow(field)
            return {} if top is None or top.type.name != "IDProperty" else _group(top, 0)
    return {}


def _picture(width: int, height: int, raw: memoryview) -> Picture | None:
    if width <= 0 or height <= 0 or width * height * 4 > len(raw):
        return None
    return Picture(width, height, np.frombuffer(raw, np.uint8, width * height * 4).reshape(height, width, 4))


def _from_vertices(mesh: Struct) -> Array | None:
    vertices = mesh.follow_all("mvert") if "mvert" in mesh else None
    return vertices.column("co") if vertices is not None and "co" in vertices.type.fields else None


def _from_layer(mesh: Struct) -> Array | None:
    layers = mesh.follow_all("vdata.layers") if "vdata.layers" in mesh else None
    for layer in layers or ():
        if layer.type.name == "CustomDataLayer" and layer.text("name") == "position":
            return _triples(mesh, layer.follow_bytes("data"))
    return None


def _from_attributes(mesh: Struct, count: int) -> Array | None:
    path = "attribute_storage.dna_attributes"
    attributes = mesh.follow_all(path) if path in mesh else None
    for attribute in attributes or ():
        if attribute.type.name != "Attribute" or attribute.text("name") != "position":
            continue
        array = attribute.follow("data")
        triples = None if array is None else _triples(mesh, array.follow_bytes("data"))
        if triples is not None and len(triples) and attribute["storage_type"] == _SINGLE:
            return np.broadcast_to(triples[:1], (count, 3))
        return triples
    return None


def _triples(mesh: Struct, raw: memoryview | None) -> Array | None:
    if raw is None:
        return None
    return np.frombuffer(raw, mesh.file.header.order + "f4", len(raw) // 12 * 3).reshape(-1, 3)


def _group(group: Struct, depth: int) -> Properties:
    if depth > _DEEPEST:
        raise BlendFileError(f"custom properties nested deeper than {_DEEPEST}", group.offset)
    return {one.text("name"): _property(one, depth) for one in group.list("data.group")}


def _property(one: Struct, depth: int) -> object:
    file = one.file
    # Groups can share their members, so that few blocks unfold to very many properties.
    file.meter.look(one.offset)
    kind = int(one.number("type"))
    if kind == _INT:
        return one.number("data.val")
    if kind == _BOOLEAN:
        return bool(one.number("data.val"))
    if kind in (_FLOAT, _DOUBLE):
        # The value lies over the fields `val` and `val2`, which the DNA calls integers.
        letter = "f" if kind == _FLOAT else "d"
        at = one.place("data.val")
        value: float = struct.unpack_from(file.header.order + letter, file.data, at)[0]
        return value
    if kind == _GROUP:
        return _group(one, depth + 1)
    if kind == _STRING:
        raw = one.follow_bytes("data.pointer")
        return "" if raw is None else bytes(raw).partition(b"\0")[0].decode("utf-8", "backslashreplace")
    if kind == _ID:
        return one.follow("data.pointer")
    if kind == _STRUCTS:
        items = one.follow_all("data.pointer")
        return [_group(item, depth + 1) for item in items or () if item.type.name == "IDProperty"]
    items_of = _ITEMS.get(int(one.number("subtype"))) if kind == _ARRAY else None
    if items_of is None:
        return Unread(f"property of kind {kind}", one.type.size)
    raw = one.follow_bytes("data.pointer") or memoryview(b"")
    count = min(int(one.number("len")), len(raw) // int(items_of[1]))
    return np.frombuffer(raw, file.header.order + items_of, max(count, 0))
