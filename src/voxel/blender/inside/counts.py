"""Counts of what a .blend holds; runs in Blender."""

from __future__ import annotations

import bpy

KINDS = (
    "objects", "meshes", "materials", "curves", "lights", "cameras", "armatures", "actions", "collections", "images",
    "node_groups", "textures", "worlds", "scenes", "texts", "metaballs", "lattices", "shape_keys", "particles",
)  # fmt: skip


def counts() -> dict[str, int]:
    """Datablocks per kind, plus `vertices`, `polygons`, `modifiers`, `constraints` and `pixels` of files in all."""
    data = bpy.data
    out = {kind: len(getattr(data, kind)) for kind in KINDS}
    out["vertices"] = sum(len(mesh.vertices) for mesh in data.meshes)
    out["polygons"] = sum(len(mesh.polygons) for mesh in data.meshes)
    out["modifiers"] = sum(len(item.modifiers) for item in data.objects)
    out["constraints"] = sum(len(item.constraints) for item in data.objects)
    out["pixels"] = sum(image.size[0] * image.size[1] for image in data.images if image.source == "FILE")
    return out
