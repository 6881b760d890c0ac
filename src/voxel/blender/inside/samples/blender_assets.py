"""Blender's own node groups, as it ships them in its asset library under CC0, with a study that uses one."""

from __future__ import annotations

import random
from pathlib import Path

import bpy

from .catalogue import scene
from .nodes import add, bump, mapped, material, plain, principled, ramp, rgb
from .shapes import collection, cube, lathe
from .staging import backdrop, camera, cycles, flat_world, grade, light, vary

HAIR = "procedural_hair_node_assets.blend"
SMOOTH = "Smooth by Angle"


def essentials() -> list[bpy.types.NodeTree]:
    """The hair node groups and Smooth by Angle, appended; they lie in other folders from 5.0 on."""
    base = Path(bpy.utils.system_resource("DATAFILES", path="assets"))
    for library in sorted(base.rglob("*.blend")):
        with bpy.data.libraries.load(str(library)) as (there, wanted):
            names = set() if "nodes" not in str(library.relative_to(base)) else set(there.node_groups)
            wanted.node_groups = sorted(names if library.name == HAIR else names & {SMOOTH})
    groups = sorted(bpy.data.node_groups, key=lambda group: group.name)
    for group in groups:
        group.asset_clear()
        group.use_fake_user = True
    return groups


@scene("blender_assets", "A faceted celadon vase smoothed by angle, with Blender's own hair node groups at hand.")
def smoothed_vase(rng: random.Random) -> None:
    essentials()
    celadon, tree = material("Celadon Glaze")
    mottled = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 5.0, "Detail": 6.0})
    tint = ramp(tree, mottled, (0.35, rgb("#6E9C86")), (0.7, rgb("#A9C9B4")))
    dents = bump(tree, mottled, vary(rng, 0.04, 0.1, 2))
    principled(tree, {"Base Color": tint, "Roughness": 0.22, "Coat Weight": 0.5, "Normal": dents})
    pottery = collection("Pottery")
    profile = [(0.0, 0.0), (0.22, 0.0), (0.38, 0.3), (0.4, 0.62), (0.2, 0.95), (0.16, 1.1), (0.24, 1.22)]
    vase = lathe("Celadon Vase", profile, rng.choice((16, 20, 24)), material=celadon, into=pottery)
    smooth = vase.modifiers.new(SMOOTH, "NODES")
    smooth.node_group = bpy.data.node_groups[SMOOTH]
    lime = plain("Limewashed Plinth", rgb("#D8D2C4"), 0.8)
    cube("Plinth", (0.9, 0.9, 0.3), at=(0, 0, -0.15), material=lime, into=pottery)
    sweep = backdrop(8.0, 6.0, 4.0, plain("Sage Paper", rgb("#9AA892"), 0.9))
    sweep.location.z = -0.3
    camera((2.2, -2.6, 1.4), (0, 0, 0.5), lens=70)
    light("AREA", "Window", (-2.5, -1.5, 3.0), 220, target=(0, 0, 0.6), size=1.5)
    light("AREA", "Rim", (2.0, 2.0, 2.2), 90, target=(0, 0, 0.8), size=0.6)
    flat_world("Grey Room", "#4A4D48", 0.4)
    cycles(128, (1080, 1350))
    grade("AgX", "AgX - Base Contrast")
