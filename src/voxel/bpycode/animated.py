"""What an animation moves, and the source that reaches it."""

from __future__ import annotations

from typing import Any

from voxel.bpycode.kinds import OPERATORS
from voxel.bpycode.layout import quote
from voxel.bpycode.paths import ARRAYS, name_in, split
from voxel.bpycode.script import Id, Json, Script, identity

SLOT_TARGETS = {"meshes": "MESH", "node_groups": "NODETREE", "metaballs": "META", "lightprobes": "LIGHT_PROBE",
                "particles": "PARTICLE"}  # fmt: skip

EMBEDDED = dict.fromkeys(("materials", "worlds", "lights"), "Shader Nodetree") | {"textures": "Texture Nodetree"}
"""Names of the trees that datablocks hold as parts of their own."""
OWN_NAMES = frozenset({"objects", "materials", "worlds", "textures", "node_groups", "particles"})
"""Datablocks that scripts always name."""


class Animated:
    """A datablock (or its tree, or its shape keys) with an animation: the source that reaches it, and its parts."""

    def __init__(self, needed: Id, suffix: str, animation: Json, old: Json | None) -> None:
        self.needed = needed
        self.suffix = suffix
        self.animation = animation
        self.old = old or {}
        self.path = f'{needed[0]}["{needed[1]}"]{suffix}'

    def target(self) -> str:
        """The kind of datablock that a slot is for."""
        if self.suffix:
            return "NODETREE" if self.suffix == ".node_tree" else "KEY"
        return SLOT_TARGETS.get(self.needed[0], self.needed[0].removesuffix("s").upper())

    def own_name(self, script: Script) -> str | None:
        """What the datablock is called in Blender, where that is sure, and where no action was before.

        A slot of that name and the datablock's kind is the one that Blender takes when an action is assigned.
        """
        if self.old.get("action") is not None:
            return None
        if self.suffix == ".node_tree":
            return EMBEDDED.get(self.needed[0])
        if self.suffix:
            held = [block for blocks in script.after["blocks"].values() for block in blocks.values()]
            first = not any(script.before["blocks"].values()) and sum("shape_keys" in block for block in held) == 1
            return "Key" if first else None
        named = self.needed[0] in OWN_NAMES or script.named_by_hand(self.needed) or self.only_of_its_kind(script)
        return self.needed[1] if named and self.needed[0] != "scenes" else None

    def only_of_its_kind(self, script: Script) -> bool:
        """Whether an operator makes the mesh and calls it by a word that nothing else takes."""
        meshes = {**script.before["blocks"].get("meshes", {}), **script.after["blocks"].get("meshes", {})}
        kinds = [block.get("geometry", {}).get("primitive", {}).get("kind", "") for block in meshes.values()]
        kind = str(meshes.get(self.needed[1], {}).get("geometry", {}).get("primitive", {}).get("kind", ""))
        alone = kinds.count(kind) == 1 and sum(name.startswith(self.needed[1]) for name in meshes) == 1
        return self.needed[0] == "meshes" and bool(kind) and alone and OPERATORS[kind][1] == self.needed[1]


def reach(script: Script, item: Animated) -> str:
    """The source of the animated datablock."""
    known = script.known(item.needed) or f"bpy.data.{item.needed[0]}[{quote(item.needed[1])}]"
    if item.needed[0] == "scenes" and known == "bpy.context.scene":
        known = script.names.take("scene", "scene")
        script.names.keep(known)
        script.assign(known, "bpy.context.scene")
        script.made(item.needed, known)
    if known.startswith("bpy.data."):
        known = script.fetch(item.needed)
        script.names.keep(known)
    return f"{known}{item.suffix}"


def animation_data(script: Script, item: Animated, owner: str) -> str:
    """The source of what holds the datablock's animation, which is made where it is not there yet."""
    made = not script.claim_once(("animation_data", item.path)) or bool(item.old)
    return f"{owner}.animation_data" if made else f"{owner}.animation_data_create()"


def joins(script: Script, item: Animated) -> bool:
    """Whether a first keyframe would go into an action that is there: that of the object whose data it is, say.

    Blender keeps what belongs together in one action: objects with their data and shape keys, materials and worlds with
    their nodes.
    """
    blocks, (collection, name) = script.after["blocks"], item.needed
    block = blocks[collection][name]
    near: list[tuple[str, Json]] = [("", block), (".node_tree", block.get("tree") or {})]
    near.append((".shape_keys", block.get("shape_keys") or {}))
    kin = [holder for suffix, holder in near if suffix != item.suffix]
    if collection == "objects":
        data = script.block(identity(block.get("data")) or ("", "")) or {}
        kin += [data, data.get("shape_keys") or {}]
    elif item.suffix != ".node_tree":
        kin += [blocks["objects"][holder] for holder in script.holders(item.needed)]
    actions = [identity((holder.get("animation") or {}).get("action")) for holder in kin]
    return any(action is not None and script.ready(action) for action in actions)


def is_array(curve: Json, curves: list[Json]) -> bool:
    return curve["path"].rsplit(".", 1)[-1] in ARRAYS or any(
        other["index"] and other["path"] == curve["path"] for other in curves
    )


def heard(curve: Json) -> bool:
    """Whether a curve sets anything."""
    return not curve.get("mute") and bool(curve["keys"] or curve.get("modifiers"))


def moved_channels(script: Script, animation: Json) -> set[tuple[str, int]]:
    """Path and index of all that the action, the strips and the drivers of an animation set."""
    drivers = [driver for driver in animation.get("drivers", []) if not driver.get("mute")]
    used = [(animation.get("action"), animation.get("slot"))] if animation.get("slot") is not None else []
    tracks = [track for track in animation.get("nla", []) if not track["props"].get("mute")]
    alone = [track for track in animation.get("nla", []) if track["props"].get("is_solo")]
    for track in alone or tracks:
        heard_strips = [strip for strip in track.get("strips", []) if not strip["props"].get("mute")]
        used += [(strip.get("action"), strip.get("slot")) for strip in heard_strips]
    curves: list[Json] = []
    for action, slot in used:
        block = script.block(identity(action) or ("", "")) or {}
        only = slot or (block.get("slots") or [{}])[0].get("name")
        curves += [curve for curve in block.get("fcurves", []) if curve.get("slot") == only and heard(curve)]
    return {(curve["path"], curve["index"]) for curve in [*drivers, *curves]}


def left_alone(script: Script, block: Json, props: Json, old: Json, before: str = "") -> frozenset[str]:
    """Which of the properties that were told of (`old`) and are not any more the animation of a block sets.

    No value need be given back to these. `before` is what data paths have in front of the properties' names.
    """
    gone = {name: what for name, what in old.items() if name not in props}
    moved = moved_channels(script, block.get("animation") or {}) if gone else set()
    return frozenset(
        name
        for name, what in gone.items()
        if all((f"{before}{name}", index) in moved for index in range(len(what) if isinstance(what, list) else 1))
    )


REST: dict[str, list[float]] = {
    "location": [0.0] * 3, "rotation_euler": [0.0] * 3, "scale": [1.0] * 3, "delta_location": [0.0] * 3,
    "delta_rotation_euler": [0.0] * 3, "delta_scale": [1.0] * 3, "rotation_quaternion": [1.0, 0.0, 0.0, 0.0],
    "rotation_axis_angle": [0.0, 0.0, 1.0, 0.0],
}  # fmt: skip
"""Transforms of new objects and bones."""


def stands(script: Script, item: Animated, curves: list[Json]) -> bool:
    """Whether channels of one property keep it, at every key, at what it is without them."""
    taken = split(curves[0]["path"])
    if item.needed[0] != "objects" or item.suffix or item.old or taken is None or taken[1] not in REST:
        return False
    after, was = script.after["blocks"]["objects"].get(item.needed[1], {}), script.old(item.needed) or {}
    bone = name_in(curves[0]["path"]) or ""
    if taken[0] and (not taken[0].startswith(".pose.bones[") or taken[0].count("[") != 1):
        return False
    now, then = (_posed(one, bone) if taken[0] else one.get("props", {}) for one in (after, was))
    kept = left_alone(script, after, now, then, curves[0]["path"].removesuffix(taken[1]))
    untouched = taken[1] in kept or (bool(bone) and bone not in after.get("pose", {}))
    known = now.get(taken[1]) or (then.get(taken[1]) if untouched else None) or REST[taken[1]]
    return all(key["value"] == known[curve["index"]] for curve in curves for key in curve["keys"])


def _posed(block: Json, bone: str) -> dict[str, Any]:
    props: dict[str, Any] = block.get("pose", {}).get(bone, {}).get("props", {})
    return props
