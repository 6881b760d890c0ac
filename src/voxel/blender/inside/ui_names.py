"""Prints the names that Blender's interface shows, as JSON: run once per release to renew `voxel/facts/ui_names.json`.

`python -m voxel.blender.inside.ui_names > src/voxel/facts/ui_names.json`, in a Python that has bpy. Only names that do
not follow from the identifier (`use_nodes` -> `Use Nodes`, `TEX_COORD` -> `Tex Coord`) are kept.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import bpy

BASES = frozenset(
    [
        "Object",
        "Modifier",
        "Constraint",
        "Light",
        "Camera",
        "World",
        "Scene",
        "RenderSettings",
        "SceneEEVEE",
        "ColorManagedViewSettings",
        "Material",
        "Node",
        "ImageFormatSettings",
        "FFmpegSettings",
        "ColorRamp",
        "ColorRampElement",
        "Curve",
        "MetaBall",
        "MetaElement",
        "Lattice",
        "Armature",
        "Bone",
        "CameraDOFSettings",
        "Texture",
        "Collection",
        "ShapeKey",
        "Mesh",
        "CyclesRenderSettings",
        "CyclesLightSettings",
        "CyclesWorldSettings",
        "CyclesMaterialSettings",
        "CyclesObjectSettings",
        "CyclesCameraSettings",
        "WorldLighting",
        "WorldMistSettings",
        "UnitSettings",
        "ColorManagedDisplaySettings",
        "Image",
        "TexMapping",
        "ColorMapping",
        "FModifier",
        "CurveMapping",
        "CurveMapPoint",
        "NodeTreeInterfaceSocket",
        "SceneDisplay",
        "View3DShading",
        "RigidBodyObject",
        "RigidBodyWorld",
        "ParticleSettings",
        "ClothSettings",
        "FieldSettings",
        "CameraBackgroundImage",
        "BakeSettings",
        "MaterialLineArt",
        "SceneHydra",
        "ViewLayer",
        "RaytraceEEVEE",
        "Keyframe",
        "PoseBone",
        "ClothCollisionSettings",
        "CollisionSettings",
        "SoftBodySettings",
        "FreestyleSettings",
    ]
)
SKIPPED = frozenset(("rna_type", "name", "name_full"))


def plain(identifier: str) -> str:
    """What a reader would make of an identifier."""
    return identifier.replace("_", " ").title()


def kinds() -> list[Any]:
    """The RNA of every type that is one of `BASES` or derives from one."""
    found = []
    for name in sorted(dir(bpy.types)):
        rna = getattr(getattr(bpy.types, name), "bl_rna", None)
        above = rna
        while above is not None and above.identifier not in BASES:
            above = above.base
        if above is not None:
            found.append(rna)
    return found


def names() -> dict[str, Any]:
    """{types: {RNA type: name}, props: {"Type.property": name}, enums: {"Type.property": {ITEM: name}}}."""
    types: dict[str, str] = {}
    props: dict[str, str] = {}
    enums: dict[str, dict[str, str]] = {}
    for rna in kinds():
        types[rna.identifier] = rna.name or plain(rna.identifier)
        inherited = {p.identifier for p in rna.base.properties} if rna.base else set()
        for prop in rna.properties:
            if prop.identifier in SKIPPED or prop.identifier in inherited:
                continue
            key = f"{rna.identifier}.{prop.identifier}"
            if prop.name and prop.name != plain(prop.identifier):
                props[key] = prop.name
            if prop.type == "ENUM":
                items = [*prop.enum_items_static]
                shown = {i.identifier: i.name for i in items if i.name and i.name != plain(i.identifier)}
                if shown and len(items) < 80:
                    enums[key] = shown
    return {"types": types, "props": props, "enums": enums}


def main() -> None:
    """Prints the table."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    sys.stdout.write(json.dumps(names(), indent=0, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
