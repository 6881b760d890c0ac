"""What an animation moves, and the source that reaches it."""

from __future__ import annotations

from voxel.bpycode.layout import quote
from voxel.bpycode.paths import ARRAYS
from voxel.bpycode.script import Id, Json, Script

SLOT_TARGETS = {"meshes": "MESH", "node_groups": "NODETREE", "metaballs": "META", "lightprobes": "LIGHT_PROBE",
                "particles": "PARTICLE"}  # fmt: skip


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


def is_array(curve: Json, curves: list[Json]) -> bool:
    return curve["path"].rsplit(".", 1)[-1] in ARRAYS or any(
        other["index"] and other["path"] == curve["path"] for other in curves
    )
