"""Examples: what a model learns from, the checks that prove them, and the lines that hold them on disk.

A check is data: `voxel.facts.holds(check, scene)` decides it on a dumped Scene without Blender. `of` names the
datablock it is about as `(bpy.data collection, name)`; objects stand for their data too (path `data.energy`), so that
the names of meshes, lights and cameras stay free. `("scenes", "Scene")` is the active scene whatever its name.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from voxel.records.roles import Role

Ref = tuple[str, str]
"""(`bpy.data` collection, name)."""
End = tuple[str, str]
"""(RNA type of a node, the socket: its shown name, or its identifier where the name occurs twice on that side)."""
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
REPAIR = "repair"
"""The category of examples whose instruction holds a broken script."""
SCRIPT = "script"
"""The category of examples that are scripts which people wrote."""
Proof = Literal["runs", "checks", "means", "minimal", "mesh", "picture", "curves", "bones"]
"""It runs; every check holds; the scene means just what was wanted; no statement can be left out; and which effect
agrees with what the file holds: the evaluated mesh, a small picture, values of f-curves, matrices of bones."""
Difficulty = Literal["easy", "medium", "hard"]


class _Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    of: Ref


class Exists(_Check, frozen=True, kw_only=True, tag="exists"):
    """The datablock is there."""

    type: str = ""
    """An object's kind (`MESH`, `LIGHT` …), another block's RNA type (`GeometryNodeTree`); empty when any will do."""


class Property(_Check, frozen=True, kw_only=True, tag="property"):
    """A property has this value; numbers within 1e-4, relative above 1."""

    path: str
    """As in Python from the block on, list items by type: `data.energy`, `modifiers[BevelModifier].width`,
    `modifiers[ArrayModifier#1].count` (the second one), `render.resolution_x`."""
    value: Any


class Stack(_Check, frozen=True, kw_only=True, tag="stack"):
    """Just these types, in this order."""

    path: str
    """`modifiers`, `constraints`, those of a bone (`pose[Arm].constraints`), or the modifiers of an f-curve
    (`animation.fcurves[location 2].modifiers`)."""
    types: tuple[str, ...]


class Geometry(_Check, frozen=True, kw_only=True, tag="geometry"):
    """What an object's mesh is; only what is given is compared. Lengths in metres."""

    primitive: str = ""
    """`CUBE`, `UV_SPHERE` …: the mesh is that operator's result, moved or scaled."""
    args: dict[str, Any] = msgspec.field(default_factory=dict)
    """Arguments of the operator that decide its topology, such as `segments`."""
    size: tuple[float, float, float] | None = None
    """Extent of the mesh along its own axes, before the object's scale."""
    middle: tuple[float, float, float] | None = None
    """Middle of the mesh's bounds in its own axes."""
    vertices: int | None = None
    edges: int | None = None
    faces: int | None = None
    positions: tuple[tuple[float, ...], ...] = ()
    """Every vertex, in any order."""
    smooth: bool | None = None


class Node(_Check, frozen=True, kw_only=True, tag="node"):
    """The block's node tree holds exactly `count` nodes of this type with at least these values."""

    type: str
    count: int = 1
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
    """Socket values by shown name, or by identifier where the name occurs twice."""
    props: dict[str, Any] = msgspec.field(default_factory=dict)
    """Properties by path: `noise_dimensions`, `color_ramp.elements[0].position`."""


class Link(_Check, frozen=True, kw_only=True, tag="link"):
    """The block's node tree holds exactly `count` links from one kind of socket to another."""

    source: End = msgspec.field(name="from")
    target: End = msgspec.field(name="to")
    count: int = 1


class Socket(_Check, frozen=True, kw_only=True, tag="socket"):
    """A node group's interface has this socket."""

    name: str
    in_out: Literal["INPUT", "OUTPUT"]
    type: str
    props: dict[str, Any] = msgspec.field(default_factory=dict)


class Parent(_Check, frozen=True, kw_only=True, tag="parent"):
    """The object hangs below another one."""

    parent: str
    bone: str = ""


class Members(_Check, frozen=True, kw_only=True, tag="members"):
    """A collection holds at least these objects and child collections."""

    objects: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


class Materials(_Check, frozen=True, kw_only=True, tag="materials"):
    """The object's material slots, in order."""

    materials: tuple[str | None, ...]


class Keys(_Check, frozen=True, kw_only=True, tag="keys"):
    """The animation of one channel of this block: its action has this f-curve."""

    path: str
    index: int
    keys: tuple[tuple[float, float], ...]
    """(frame, value) of every key."""
    part: str = ""
    """What of the block is animated, when not the block itself: `data`, `tree`, `data.shape_keys`."""
    interpolation: str | tuple[str, ...] = ""
    """Of every key, or of each in turn; empty where it shows nothing."""
    easing: str | tuple[str, ...] = ""
    """Of every key, or of each in turn, where it is not AUTO."""


class Bone(_Check, frozen=True, kw_only=True, tag="bone"):
    """An armature object has this bone; positions in the armature's own axes."""

    name: str
    head: tuple[float, float, float]
    tail: tuple[float, float, float]
    parent: str = ""
    connected: bool = False


class ShapeKey(_Check, frozen=True, kw_only=True, tag="shape_key"):
    """The object's mesh has this shape key."""

    name: str
    value: float | None = None
    moved: int | None = None
    """How many vertices it moves."""


class Splines(_Check, frozen=True, kw_only=True, tag="splines"):
    """A curve object's splines, in order, each with its kind and its points (x, y, z)."""

    kinds: tuple[str, ...]
    points: tuple[tuple[tuple[float, ...], ...], ...]
    radii: tuple[tuple[float, ...], ...] = ()
    """Of every point; empty when all are 1."""
    closed: tuple[bool, ...] = ()
    """Which of the splines are closed; empty when none is."""


class Gone(_Check, frozen=True, kw_only=True, tag="gone"):
    """Something that was there is not there any more."""

    path: str = ""
    """As in Property; empty for the datablock itself."""


class Aim(_Check, frozen=True, kw_only=True, tag="aim"):
    """The object looks along its -Z axis, as cameras and lights do, at this point of the world, to half a degree."""

    at: tuple[float, float, float]


Check = (
    Exists
    | Property
    | Stack
    | Geometry
    | Node
    | Link
    | Socket
    | Parent
    | Members
    | Materials
    | Keys
    | Bone
    | ShapeKey
    | Splines
    | Gone
    | Aim
)


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where an example comes from; licence and attribution travel with it."""

    source: str
    """`samples`, `folder`, `git`, `github`, or `failures` for what was mended."""
    repo: str = ""
    commit: str = ""
    path: str = ""
    url: str = ""
    blob_sha: str = ""
    sha256: str = ""
    license: str = ""
    attribution: str = ""
    derived_from: str = ""
    """What was changed against the file's own content; empty when nothing was."""
    rewritten_by: str = ""
    """The model that worded the instruction; empty for Voxel's own words."""


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class QualityParts(msgspec.Struct, frozen=True, kw_only=True):
    """What an example's quality is made of; each 0 to 1."""

    proved: Share = 0.0
    """The share of the Blender versions asked for on which it holds."""
    rarity: Share = 0.0
    """How little of it is what Blender starts with, and how few others have nearly its completion."""
    code: Share = 0.0
    """How well the completion is written, as `voxel check` grades it."""
    agreement: Share = 0.0
    """Whether the code has the names that the instruction gives, and does little that is not asked for."""
    length: Share = 0.0
    """Neither trivial nor too long."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `datasets/*.jsonl`."""

    id: str
    """16 hex digits, from role, instruction, context and completion."""
    role: Role
    category: str
    difficulty: Difficulty
    instruction: str
    context: str
    """Code that sets up what the instruction takes as given; often empty."""
    completion: str
    earlier: str = ""
    """Of a follow-up: the instruction whose answer the context is; else empty."""
    checks: tuple[Check, ...]
    quality: Share
    """The weighted geometric mean of `quality_parts`; both are worked out once the whole dataset is known."""
    quality_parts: QualityParts = QualityParts()
    tokens: int
    """Of instruction, context and completion; an estimate (bytes / 3.3)."""
    blender: tuple[str, ...]
    """Versions it was proved on, such as `4.5`."""
    provenance: Provenance
    proved: tuple[Proof, ...] = ()
    """What was shown of it, on the first of `blender`; on the others `runs` and `checks` alone. Empty in datasets made
    before this was written down."""


class DroppedCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `datasets/dropped.jsonl`: what did not become an example, and why."""

    id: str
    role: Role
    category: str
    reason: str
    """Begins with a short class and a colon, such as `duplicate: …` or `does not mean the same: …`."""
    instruction: str
    completion: str
    provenance: Provenance
