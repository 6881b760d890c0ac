"""Meshes: geometry as a recognised primitive or as data, and what hangs on its vertices, edges, faces and corners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scene_numbers import clean, shortest_all
from scene_primitives import UNSTEADY, Found, recognise
from scene_rules import VERTEX_LIMIT
from scene_values import Walk

Array = np.ndarray[Any, Any]

# Attributes that say what other parts of the dump say, or that belong to the interface.
BUILT_IN = frozenset({"position", "material_index", "sharp_face"})
# The property of an attribute's elements that holds its value, and how many numbers that is.
LAYOUT = {
    "FLOAT": ("value", 1, np.float32), "INT": ("value", 1, np.int32), "INT8": ("value", 1, np.int32),
    "BOOLEAN": ("value", 1, bool), "FLOAT_VECTOR": ("vector", 3, np.float32), "FLOAT2": ("vector", 2, np.float32),
    "FLOAT_COLOR": ("color", 4, np.float32), "BYTE_COLOR": ("color", 4, np.float32),
    "QUATERNION": ("value", 4, np.float32), "INT32_2D": ("value", 2, np.int32), "INT16_2D": ("value", 2, np.int32),
}  # fmt: skip


class Shape:
    """The arrays of a mesh: positions (n, 3), edges (e, 2), faces as offsets and vertex indices."""

    def __init__(self, mesh: Any) -> None:
        self.positions = read(mesh.vertices, "co", 3, np.float32).reshape(-1, 3)
        self.edges = read(mesh.edges, "vertices", 2, np.int32).reshape(-1, 2)
        self.starts = read(mesh.polygons, "loop_start", 1, np.int32)
        self.sizes = read(mesh.polygons, "loop_total", 1, np.int32)
        self.corners = read(mesh.loops, "vertex_index", 1, np.int32)

    def faces(self) -> list[list[int]]:
        corners = self.corners.tolist()
        return [corners[start : start + size] for start, size in zip(self.starts, self.sizes, strict=True)]

    def loose_edges(self, faces: list[list[int]]) -> list[list[int]]:
        """Edges that belong to no face."""
        used = {tuple(sorted(pair)) for face in faces for pair in zip(face, face[1:] + face[:1], strict=True)}
        return [edge for edge in self.edges.tolist() if tuple(sorted(edge)) not in used]


def read(elements: Any, name: str, width: int, kind: Any) -> Array:
    values = np.empty(len(elements) * width, kind)
    elements.foreach_get(name, values)
    return values


def mesh_parts(mesh: Any, walk: Walk, path: str, ordered: bool) -> dict[str, Any]:
    """Geometry, materials, UV maps and attributes. `ordered`: other data refers to vertices by their index."""
    shape = Shape(mesh)
    count = len(shape.positions)
    geometry: dict[str, Any] = {"vertices": count, "edges": len(shape.edges), "faces": len(shape.sizes)}
    result: dict[str, Any] = {"geometry": geometry}
    if count:
        low, high = shape.positions.min(axis=0), shape.positions.max(axis=0)
        geometry["bounds"] = [shortest_all(low).tolist(), shortest_all(high).tolist()]
    materials = [None if slot is None else walk.reference(slot, f"{path}.materials") for slot in mesh.materials]
    if materials:
        result["materials"] = materials
    if count > VERTEX_LIMIT:
        walk.lose(path, f"a mesh of {count} vertices, above the limit of {VERTEX_LIMIT}")
        return result
    faces = shape.faces()
    found = recognise(shape, faces, exact_order=ordered) if count else None
    walk.numbers[mesh.name] = found.order.tolist() if found is not None and ordered else None
    layers, by_face = _layers(mesh, shape, Order(shape, faces, found), walk, path)
    if found is not None and by_face and found.recipe.kind in UNSTEADY:
        found = None
        layers, _ = _layers(mesh, shape, Order(shape, faces), walk, path)
    if found is not None:
        geometry["primitive"] = found.described()
    elif count:
        data: dict[str, Any] = {"vertices": shortest_all(shape.positions).tolist(), "faces": faces}
        loose = shape.loose_edges(faces)
        if loose:
            data["edges"] = loose
        geometry["data"] = data
    for name in ("smooth", "material_index"):
        if name in layers:
            geometry[name] = layers.pop(name)
    return result | layers


def _layers(mesh: Any, shape: Shape, order: Order, walk: Walk, path: str) -> tuple[dict[str, Any], bool]:
    """What hangs on faces, corners, edges and vertices; and whether it must be told face by face."""
    layers: dict[str, Any] = {}
    by_face = False
    flat = _flat_faces(mesh)
    if len(flat) and not flat.all():
        layers["smooth"] = True if not flat.any() else np.flatnonzero(~order.faces(flat)).tolist()
        by_face |= bool(flat.any())
    indices = read(mesh.polygons, "material_index", 1, np.int32)
    if indices.any():
        layers["material_index"] = order.faces(indices).tolist()
        by_face = True
    uvs: list[dict[str, Any]] = []
    for name, values in _uvs(mesh, shape):
        told = order.corners(values)
        made = not uvs and order.found is not None and order.found.makes_uv(told)
        by_face |= not made
        uvs.append({"name": name, "data": "primitive" if made else shortest_all(told).tolist()})
    if uvs:
        layers["uv"] = uvs
    attributes = _attributes(mesh, order, walk, path)
    if attributes:
        layers["attributes"] = attributes
        by_face |= any(attribute["domain"] in ("FACE", "CORNER") for attribute in attributes)
    return layers, by_face


class Order:
    """The order in which elements are told: the mesh's own, or that of the operator that makes it."""

    def __init__(self, shape: Shape, faces: list[list[int]], found: Found | None = None) -> None:
        self.shape = shape
        self.found = found
        self._places: dict[str, Array] = {}
        if found is not None:
            face_places, corner_places = found.places(faces)
            self._places = {"POINT": found.order, "FACE": face_places, "CORNER": corner_places}

    def put(self, values: Array, domain: str) -> Array:
        if domain not in self._places:
            return values
        result = np.empty_like(values)
        result[self._places[domain]] = values
        return result

    def faces(self, values: Array) -> Array:
        return self.put(values, "FACE")

    def corners(self, values: Array) -> Array:
        return self.put(values, "CORNER")

    def edges(self) -> list[list[int]]:
        """The vertices of each edge, by the numbers that vertices have in this order."""
        if "POINT" not in self._places:
            return list(self.shape.edges.tolist())
        return list(self._places["POINT"][self.shape.edges].tolist())


def _flat_faces(mesh: Any) -> Array:
    """Per face: True when it is shaded flat."""
    layer = mesh.attributes.get("sharp_face")
    if layer is None or layer.domain != "FACE":
        return np.zeros(len(mesh.polygons), bool)
    return read(layer.data, "value", 1, bool)


def _uvs(mesh: Any, shape: Shape) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (layer.name, read(layer.uv, "vector", 2, np.float32).reshape(-1, 2))
        for layer in mesh.uv_layers
        if len(layer.uv) == len(shape.corners)
    ]
    active = mesh.uv_layers.active
    if active is not None:
        found.sort(key=lambda item: item[0] != active.name)
    return found


def _attributes(mesh: Any, order: Order, walk: Walk, path: str) -> list[dict[str, Any]]:
    """Attributes that are no other part: colours, creases, sharp edges, those of geometry nodes.

    Data of points, faces and corners lie in order; of edges only those that are not zero: `[[vertex, vertex, value]…]`.
    """
    result = []
    uv_names = {layer.name for layer in mesh.uv_layers}
    for attribute in mesh.attributes:
        name = attribute.name
        if name in BUILT_IN or name.startswith(".") or attribute.is_internal or name in uv_names:
            continue
        layout = LAYOUT.get(attribute.data_type)
        where = f'{path}.attributes["{name}"]'
        if layout is None:
            walk.lose(where, f"an attribute of type {attribute.data_type}")
            continue
        member, width, kind = layout
        values = read(attribute.data, member, width, kind)
        if attribute.domain == "EDGE" and not values.any():
            continue
        tidy = shortest_all(values) if kind is np.float32 else values
        items = order.put(tidy.reshape(-1, width) if width > 1 else tidy, attribute.domain).tolist()
        if attribute.domain == "EDGE":
            items = [[*edge, item] for edge, item in zip(order.edges(), items, strict=True) if np.any(item)]
        result.append({"name": name, "type": attribute.data_type, "domain": attribute.domain, "data": items})
    return result


def told_numbers(mesh: Any, walk: Walk) -> Sequence[int]:
    """The number by which each vertex of a mesh is told: that of the operator which makes it, or its own.

    For meshes whose vertices other data knows by number.
    """
    if mesh.name not in walk.numbers:
        shape = Shape(mesh)
        small = 0 < len(shape.positions) <= VERTEX_LIMIT
        found = recognise(shape, shape.faces(), exact_order=True) if small else None
        walk.numbers[mesh.name] = None if found is None else found.order.tolist()
    return walk.numbers[mesh.name] or range(len(mesh.vertices))


def keys_move_vertices(mesh: Any) -> bool:
    """Whether a shape key moves any vertex, so that the order of vertices matters."""
    if mesh.shape_keys is None or not mesh.shape_keys.key_blocks:
        return False
    positions = [read(key.data, "co", 3, np.float32) for key in mesh.shape_keys.key_blocks]
    return any(len(one) != len(positions[0]) or np.abs(one - positions[0]).max() > 1e-6 for one in positions)


def shape_keys(block: Any, walk: Walk, path: str) -> dict[str, Any] | None:
    """`{reference, blocks: [{name, props, offsets}]}` of a mesh: offsets from the reference, whatever a key is
    relative to.
    """
    keys = block.shape_keys
    if keys is None or not keys.key_blocks:
        return None
    reference = keys.reference_key
    base = read(reference.data, "co", 3, np.float32).reshape(-1, 3)
    blocks = []
    for key in keys.key_blocks:
        if key == reference:
            continue
        relative = key.relative_key
        offsets = read(key.data, "co", 3, np.float32).reshape(-1, 3) - base
        which = np.flatnonzero(np.abs(offsets).max(axis=1) > 1e-6)
        numbers = told_numbers(block, walk)
        props = walk.changed(key, walk.base("ShapeKey", key), f'{path}.shape_keys.key_blocks["{key.name}"]')
        entry: dict[str, Any] = {"name": key.name, "props": props}
        if relative is not None and relative != reference:
            entry["relative_to"] = relative.name
        short = shortest_all(np.round(offsets[which], 6).astype(np.float32)).tolist()
        entry["offsets"] = sorted([numbers[vertex], *offset] for vertex, offset in zip(which, short, strict=True))
        blocks.append(entry)
    result: dict[str, Any] = {"reference": reference.name, "blocks": blocks}
    if not keys.use_relative:
        result["use_relative"] = False
        result["eval_time"] = clean(keys.eval_time)
    return result


def vertex_groups(owner: Any, walk: Walk, path: str) -> list[dict[str, Any]]:
    """`[{name, weights: [[vertex, weight]…]}]`, in the object's order; names alone above the size limit."""
    groups: list[dict[str, Any]] = [{"name": group.name, "weights": []} for group in owner.vertex_groups]
    if not groups or owner.type != "MESH":
        return groups
    if len(owner.data.vertices) > VERTEX_LIMIT:
        walk.lose(f"{path}.vertex_groups", "weights of a mesh above the limit of vertices")
        return groups
    numbers = told_numbers(owner.data, walk)
    for vertex in owner.data.vertices:
        for element in vertex.groups:
            if element.group < len(groups):
                groups[element.group]["weights"].append([numbers[vertex.index], clean(element.weight, 0.0, 1.0)])
    for group in groups:
        group["weights"].sort()
    return groups
