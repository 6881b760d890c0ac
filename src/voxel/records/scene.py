"""The Scene: a .blend file as the difference from freshly created datablocks, as `voxel.blender` dumps it.

Fields that are absent from the JSON stay absent when it is written again, so that encoding a decoded Scene gives the
same values. Lengths are metres, angles radians, times frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from voxel.errors import BadInput

Ref = tuple[str, str]
"""(`bpy.data` collection, name)."""
Props = dict[str, Any]
"""Property identifier → Value: null, bool, number, string, list, `{"$id": [collection, name]}`, `{"$flags": [...]}`,
`{"$bone": name}`, `{"$node": name}`, or a Struct. Only what differs from a fresh instance."""
Reference = dict[str, Any]
"""`{"$id": [collection, name]}`."""
Vector = tuple[float, float, float]


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    pass


class Struct(_Part, frozen=True, kw_only=True):
    """Any RNA struct that is no datablock."""

    type: str
    """RNA identifier, such as `BevelModifier`."""
    props: Props
    name: str | UnsetType = UNSET


class Opaque(_Part, frozen=True, kw_only=True):
    """Something that is in the file and not in the dump."""

    path: str
    """As in bpy: `meshes["Rock"]`."""
    reason: str


class End(_Part, frozen=True, kw_only=True):
    """One end of a link."""

    node: str
    socket: str
    """Identifier; those of group sockets (`Socket_3`) depend on the file."""
    label: str
    """The name that is shown."""
    index: int
    unique: bool
    """The name occurs once among the enabled sockets on that side of the node, which Blender looks names up in."""


class Link(_Part, frozen=True, kw_only=True):
    start: End = msgspec.field(name="from")
    to: End
    muted: bool | UnsetType = UNSET


class Input(_Part, frozen=True, kw_only=True):
    """An unlinked socket whose value differs from that of a fresh node (of a group node: from the group's default)."""

    socket: str
    label: str
    index: int
    unique: bool
    socket_type: str
    """Such as `NodeSocketFloatFactor`; its unit is in `Scene.units` as `NodeSocketFloatFactor.default_value`."""
    value: Any


class TreeNode(_Part, frozen=True, kw_only=True):
    type: str
    name: str
    props: Props
    location: tuple[float, float]
    label: str | UnsetType = UNSET
    width: float | UnsetType = UNSET
    parent: str | UnsetType = UNSET
    """Name of the frame around it."""
    inputs: list[Input] | UnsetType = UNSET
    outputs: list[Input] | UnsetType = UNSET
    """For nodes that are there for their output's value."""
    tree: Reference | UnsetType = UNSET
    """The group of a group node."""
    paired: str | UnsetType = UNSET
    """Name of the node that ends the zone which this one starts."""
    items: dict[str, list[Struct]] | UnsetType = UNSET
    """Collections that define sockets: zone, capture, enum, file slot … items; complete when present."""


class InterfaceItem(_Part, frozen=True, kw_only=True):
    item: Literal["SOCKET", "PANEL"]
    name: str
    type: str
    props: Props
    in_out: Literal["INPUT", "OUTPUT"] | UnsetType = UNSET
    socket_type: str | UnsetType = UNSET
    identifier: str | UnsetType = UNSET
    parent: str | UnsetType = UNSET
    """Name of the panel that holds it."""


class Tree(_Part, frozen=True, kw_only=True):
    type: str
    nodes: list[TreeNode]
    links: list[Link]
    interface: list[InterfaceItem] | UnsetType = UNSET
    animation: dict[str, Any] | UnsetType = UNSET


class Primitive(_Part, frozen=True, kw_only=True):
    """The operator's result times `scale`, turned, plus `offset` is the mesh, with the same faces."""

    kind: Literal["CUBE", "PLANE", "GRID", "CIRCLE", "UV_SPHERE", "ICO_SPHERE", "CYLINDER", "CONE", "TORUS", "MONKEY"]
    args: dict[str, int | float | str]
    """Arguments of `bpy.ops.mesh.primitive_*_add` that differ from its defaults."""
    scale: Vector
    rotation: Vector | UnsetType = UNSET
    """Euler angles XYZ in radians."""
    offset: Vector


class MeshData(_Part, frozen=True, kw_only=True):
    vertices: list[Vector]
    faces: list[list[int]]
    edges: list[tuple[int, int]] | UnsetType = UNSET
    """Those that belong to no face."""


class Geometry(_Part, frozen=True, kw_only=True):
    """`primitive`, `data`, or neither (an empty mesh, or one above the size limit, which `opaque` names)."""

    vertices: int
    edges: int
    faces: int
    bounds: tuple[Vector, Vector] | UnsetType = UNSET
    primitive: Primitive | UnsetType = UNSET
    data: MeshData | UnsetType = UNSET
    smooth: bool | list[int] | UnsetType = UNSET
    """All faces, or the indices of the smooth ones."""
    material_index: list[int] | UnsetType = UNSET


class Block(_Part, frozen=True, kw_only=True):
    """A datablock: its differing properties and the parts of its kind, which `design/scene.md` describes."""

    type: str
    props: Props
    name: str | UnsetType = UNSET
    animation: dict[str, Any] | UnsetType = UNSET
    custom: dict[str, Any] | UnsetType = UNSET
    """Custom properties that something in the file reads, or that were given limits or a description."""
    tree: Tree | UnsetType = UNSET
    materials: list[Reference | None] | UnsetType = UNSET
    # objects
    kind: str | UnsetType = UNSET
    data: Reference | UnsetType | None = UNSET
    parent: dict[str, Any] | UnsetType = UNSET
    modifiers: list[dict[str, Any]] | UnsetType = UNSET
    constraints: list[Struct] | UnsetType = UNSET
    slots: list[dict[str, Any]] | UnsetType = UNSET
    vertex_groups: list[dict[str, Any]] | UnsetType = UNSET
    pose: dict[str, dict[str, Any]] | UnsetType = UNSET
    particle_systems: list[dict[str, Any]] | UnsetType = UNSET
    dimensions: Vector | UnsetType = UNSET
    # meshes
    geometry: Geometry | UnsetType = UNSET
    uv: list[dict[str, Any]] | UnsetType = UNSET
    attributes: list[dict[str, Any]] | UnsetType = UNSET
    shape_keys: dict[str, Any] | UnsetType = UNSET
    # curves, texts, metaballs, lattices, armatures
    splines: list[dict[str, Any]] | UnsetType = UNSET
    text_boxes: list[Struct] | UnsetType = UNSET
    formats: list[dict[str, Any]] | UnsetType = UNSET
    """Of runs of letters: `{type, first, last, props}`."""
    elements: list[dict[str, Any]] | UnsetType = UNSET
    points: list[list[float]] | UnsetType = UNSET
    bones: list[dict[str, Any]] | UnsetType = UNSET
    bone_collections: list[dict[str, Any]] | UnsetType = UNSET
    # collections and scenes
    objects: list[str] | UnsetType = UNSET
    children: list[str] | UnsetType = UNSET
    root: dict[str, list[str]] | UnsetType = UNSET
    view_layers: list[dict[str, Any]] | UnsetType = UNSET
    # actions (their slots are in `slots`)
    fcurves: list[dict[str, Any]] | UnsetType = UNSET
    # images and fonts
    size: list[int] | UnsetType = UNSET
    file: str | UnsetType = UNSET


class Scene(_Part, frozen=True, kw_only=True):
    """Everything that one .blend file holds and the dump describes."""

    format: Literal[1]
    blender: str
    """Version of the Blender that made the dump."""
    file_version: str
    """Version of the Blender that wrote the file."""
    active_scene: str
    blocks: dict[str, dict[str, Block]]
    """`bpy.data` collection → name → Block."""
    units: dict[str, str]
    """RNA's unit or telling subtype by `Type.property`."""
    opaque: list[Opaque]

    @classmethod
    def from_json(cls, data: bytes | str) -> Scene:
        """Decodes a dump. Raises BadInput, saying where, when it is not a Scene of this format."""
        try:
            return _DECODER.decode(data)
        except msgspec.DecodeError as error:
            raise BadInput(f"not a Scene: {error}") from error

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    def plain(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values

    def subset(self, roots: Iterable[Ref]) -> Scene:
        """The datablocks of `roots` and all that they refer to, as a Scene that stands alone.

        Unless a scene is among the roots, there is one as Blender starts with, whose root collection holds the
        objects that no collection of the subset holds. Raises KeyError when a root is not in this Scene.
        """
        plain = {collection: {name: msgspec.to_builtins(block) for name, block in found.items()}
                 for collection, found in self.blocks.items()}  # fmt: skip
        kept: set[Ref] = set()
        todo = list(roots)
        for collection, name in todo:
            plain[collection][name]
        while todo:
            ref = todo.pop()
            if ref in kept or ref[1] not in plain.get(ref[0], {}):
                continue
            kept.add(ref)
            todo += references(plain[ref[0]][ref[1]])
        blocks = {
            collection: {name: block for name, block in found.items() if (collection, name) in kept}
            for collection, found in self.blocks.items()
        }
        if not blocks.get("scenes"):
            held = {name for block in blocks.get("collections", {}).values() for name in block.objects or ()}
            nested = {name for block in blocks.get("collections", {}).values() for name in block.children or ()}
            root = {
                "objects": sorted(set(blocks.get("objects", {})) - held),
                "children": sorted(set(blocks.get("collections", {})) - nested),
            }
            blocks["scenes"] = {STARTUP_SCENE: Block(type="Scene", props={}, root=root)}
        marks = tuple(f'{collection}["{name}"]' for collection, name in kept)
        return msgspec.structs.replace(
            self,
            active_scene=self.active_scene if self.active_scene in blocks["scenes"] else STARTUP_SCENE,
            blocks={collection: found for collection, found in blocks.items() if found},
            opaque=[item for item in self.opaque if item.path.startswith(marks)],
        )


STARTUP_SCENE = "Scene"
"""What Blender calls the scene that it starts with."""
_DECODER = msgspec.json.Decoder(Scene)


def references(value: Any) -> Iterator[Ref]:
    """The datablocks that a block (as plain values) refers to, by `$id` or as parent, member or child."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, (dict, list)):
                yield from references(item)
        return
    if "$id" in value:
        collection, name = value["$id"]
        yield collection, name
        return
    for key, item in value.items():
        if key == "parent" and isinstance(item, dict) and "object" in item:
            yield "objects", item["object"]
        elif key in MEMBERS and isinstance(item, list) and all(isinstance(name, str) for name in item):
            yield from ((MEMBERS[key], name) for name in item)
        elif isinstance(item, (dict, list)):
            yield from references(item)


MEMBERS = {"objects": "objects", "children": "collections"}
"""Lists of bare names in collections and in a scene's root, and the collection of `bpy.data` that they mean."""


def schema() -> dict[str, Any]:
    """The JSON schema of a Scene."""
    return msgspec.json.schema(Scene)
