"""Geometry-node scatters: a pine forest, a flower meadow, a pebble beach, an asteroid belt."""

from __future__ import annotations

import random
from math import radians

import bpy
from mathutils import Matrix

from .catalogue import scene
from .motion import keys, shape_curve
from .nodes import (
    add,
    background,
    bump,
    geometry,
    mapped,
    material,
    math,
    out,
    plain,
    principled,
    ramp,
    result,
    rgb,
    world,
)
from .shapes import (
    clouds,
    collection,
    cone,
    cube,
    curve,
    cylinder,
    disc,
    grid,
    grow,
    ico,
    modify,
    park,
    sphere,
    torus,
)
from .staging import camera, cycles, eevee, grade, gradient_world, light, sky_world, timing, vary


def scatter(
    name: str, source: bpy.types.Collection | bpy.types.Object, density: float, scale: tuple[float, float], seed: int
) -> bpy.types.NodeTree:
    """A node group that strews `source` over a mesh, with inputs Density, Minimum Scale, Maximum Scale and Seed."""
    tree, given = geometry(
        name,
        Density=("NodeSocketFloat", density, 0.0, 1000.0),
        Minimum_Scale=("NodeSocketFloat", scale[0], 0.0, 10.0),
        Maximum_Scale=("NodeSocketFloat", scale[1], 0.0, 10.0),
        Seed=("NodeSocketInt", seed, 0, 10000),
    )
    points = add(
        tree,
        "GeometryNodeDistributePointsOnFaces",
        {"Mesh": out(given, "Geometry"), "Density": out(given, "Density"), "Seed": out(given, "Seed")},
        distribute_method="RANDOM",
    )
    if isinstance(source, bpy.types.Collection):
        shown = add(tree, "GeometryNodeCollectionInfo", {"Collection": source, "Separate Children": True})
    else:
        shown = add(tree, "GeometryNodeObjectInfo", {"Object": source, "As Instance": True})
    spin = add(tree, "FunctionNodeRandomValue", {"Max": (0.0, 0.0, 6.2832)}, data_type="FLOAT_VECTOR")
    sized = add(
        tree,
        "FunctionNodeRandomValue",
        {"Min": out(given, "Minimum Scale"), "Max": out(given, "Maximum Scale"), "Seed": out(given, "Seed")},
        data_type="FLOAT",
    )
    instance = out(shown, "Instances" if isinstance(source, bpy.types.Collection) else "Geometry")
    strewn = add(
        tree,
        "GeometryNodeInstanceOnPoints",
        {
            "Points": out(points, "Points"),
            "Instance": instance,
            "Pick Instance": isinstance(source, bpy.types.Collection),
            "Rotation": out(spin, "Value"),
            "Scale": out(sized, "Value"),
        },
    )
    result(tree, add(tree, "GeometryNodeJoinGeometry", {"Geometry": strewn}))
    tree.links.new(out(given, "Geometry"), tree.nodes["Join Geometry"].inputs[0])
    return tree


@scene("scatter", "A misty pine forest scattered over rolling hills with geometry nodes, three kinds of tree.")
def pine_forest(rng: random.Random) -> None:
    bark = plain("Pine Bark", rgb("#4A3423"), 0.95)
    trees = collection("Tree Kinds")
    for i, (height, tiers, code) in enumerate(((2.6, 4, "#1F3D26"), (1.9, 3, "#2C5230"), (3.3, 5, "#18331F"))):
        needles, tree = material(f"Needles {'ABC'[i]}")
        chance = add(tree, "ShaderNodeObjectInfo")
        shade = ramp(tree, out(chance, "Random"), (0.0, rgb(code)), (1.0, rgb("#4F7A3C")))
        principled(tree, {"Base Color": shade, "Roughness": 0.85, "Subsurface Weight": 0.05})
        kind = collection(f"Pine {'ABC'[i]}", trees)
        trunk = cylinder(f"Trunk {'ABC'[i]}", 0.07, height * 0.5, 8, material=bark, into=kind)
        trunk.data.transform(Matrix.Translation((0, 0, height * 0.25)))
        for tier in range(tiers):
            bough = cone(
                f"Bough {'ABC'[i]}{tier + 1}",
                0.62 * (1 - tier / (tiers + 1)),
                0.02,
                height * 0.38,
                10,
                at=(0, 0, round(height * (0.38 + 0.56 * tier / tiers), 3)),
                material=needles,
                parent=trunk,
                into=kind,
            )
            modify(bough, "SIMPLE_DEFORM", "Windswept", deform_method="BEND", angle=radians(6 + 3 * i), deform_axis="X")
    park(trees)
    moss, tree = material("Forest Moss")
    damp = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 0.35, "Detail": 8.0})
    principled(
        tree, {"Base Color": ramp(tree, damp, (0.35, rgb("#2E3B1A")), (0.65, rgb("#6B7340"))), "Roughness": 0.95}
    )
    hills = grid("Hills", 40.0, 80, material=moss, smooth=True)
    modify(hills, "DISPLACE", "Rolling Hills", strength=4.0, mid_level=0.5, texture=clouds("Hill Shapes", 7.0, 2))
    grow(hills, scatter("Scatter Pines", trees, vary(rng, 0.2, 0.28, 2), (0.7, 1.5), rng.randint(1, 99)))
    fog, tree = material("Valley Mist")
    volume = add(tree, "ShaderNodeVolumeScatter", {"Color": rgb("#DCE6EE"), "Density": 0.012, "Anisotropy": 0.4})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": volume})
    cube("Mist", (60, 60, 7), at=(0, 0, 2.5), material=fog)
    light("SUN", "Hazy Sun", (-8, 12, 6), 5.0, color="#FFE0B5", angle=0.05)
    gradient_world("Misty Morning", (0.48, "#C9CFD2"), (0.56, "#E6DCCB"), (1.0, "#8FA9C4"), strength=0.8)
    camera((0, -19, 6.6), (0, 4, 1.6), lens=38)
    cycles(96, (2048, 1152), volume_step_rate=2.0)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.1)


@scene("scatter", "A summer meadow of poppies, daisies and grass blades scattered by geometry nodes.")
def flower_meadow(rng: random.Random) -> None:
    kinds = collection("Flower Kinds")
    stem = plain("Stem Green", rgb("#4E7A2B"), 0.7)
    for name, code, petals, size in (
        ("Poppy", "#D3221C", 4, 0.05),
        ("Daisy", "#F4F2EA", 9, 0.035),
        ("Cornflower", "#3A57C9", 7, 0.03),
    ):
        petal_skin = plain(f"{name} Petal", rgb(code), 0.6, subsurface_weight=0.25, sheen_weight=0.2)
        heart = plain(f"{name} Heart", rgb("#1E1A12" if name == "Poppy" else "#E8B21C"), 0.8)
        flower = collection(name, kinds)
        stalk = curve(
            f"{name} Stalk",
            [(0, 0, 0, 1.0), (0.012, 0, 0.12, 0.8), (0.0, 0.008, vary(rng, 0.22, 0.3), 0.6)],
            bevel=0.004,
            material=stem,
            into=flower,
        )
        z = stalk.data.splines[0].bezier_points[-1].co.z
        sphere(f"{name} Heart", size * 0.35, 12, 8, at=(0, 0, z), material=heart, parent=stalk, into=flower)
        for i in range(petals):
            leaf = disc(
                f"{name} Petal.{i + 1}",
                size,
                10,
                at=(0, 0, z),
                turn=(0, 28 if name == "Poppy" else 8, round(360 * i / petals, 1)),
                material=petal_skin,
                parent=stalk,
                into=flower,
            )
            leaf.data.transform(Matrix.Translation((size * 1.05, 0, 0)))
            leaf.scale = (1.0, 0.5, 1.0)
    blade_skin, tree = material("Grass Blade")
    tip = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    principled(
        tree,
        {
            "Base Color": ramp(tree, out(tip, "Z"), (0.0, rgb("#2F4F1B")), (1.0, rgb("#8DB04B"))),
            "Roughness": 0.55,
            "Subsurface Weight": 0.15,
        },
    )
    blades = collection("Grass Kinds")
    for i in range(3):
        curve(
            f"Blade.{i + 1}",
            [(0, 0, 0, 1.0), (0.01 * i, 0.02, 0.1, 0.7), (0.03 + 0.02 * i, 0.05, 0.17 + 0.02 * i, 0.1)],
            bevel=0.0035,
            material=blade_skin,
            into=blades,
        )
    park(kinds)
    park(blades)
    soil = plain("Meadow Soil", rgb("#4A3B22"), 1.0)
    meadow = grid("Meadow", 5.0, 40, material=soil)
    modify(meadow, "DISPLACE", "Uneven Ground", strength=0.25, mid_level=0.5, texture=clouds("Ground Shapes", 1.2))
    grow(meadow, scatter("Scatter Grass", blades, 420.0, (0.7, 1.5), 3))
    grow(meadow, scatter("Scatter Flowers", kinds, vary(rng, 12, 18, 0), (0.8, 1.3), rng.randint(1, 99)))
    light("SUN", "June Sun", (-4, -5, 7), 4.6, color="#FFF4DC", angle=0.012)
    sky_world("Summer Sky", (-0.4, -0.5, 0.75), 2.0, 1.0)
    camera((0.25, -2.5, 0.62), (0, 0, 0.12), lens=50, depth=2.0)
    cycles(128, (1920, 1080), use_light_tree=True)
    grade("AgX", "AgX - Punchy", exposure=-0.4)


@scene("scatter", "A beach of wet, varied pebbles scattered with Poisson-disk spacing and a starfish.")
def pebble_beach(rng: random.Random) -> None:
    stone, tree = material("Wet Pebble")
    chance = add(tree, "ShaderNodeObjectInfo")
    base = ramp(
        tree,
        out(chance, "Random"),
        (0.0, rgb("#3B3F45")),
        (0.35, rgb("#7C7468")),
        (0.6, rgb("#A9907A")),
        (0.85, rgb("#8A5A4A")),
        (1.0, rgb("#D8D2C8")),
    )
    speck = add(tree, "ShaderNodeTexNoise", {"Scale": 18.0, "Detail": 6.0})
    mixed = add(
        tree,
        "ShaderNodeMix",
        {"Factor": 0.45, "A": out(base, "Color"), "B": out(speck, "Color")},
        data_type="RGBA",
        blend_type="OVERLAY",
    )
    principled(
        tree,
        {
            "Base Color": out(mixed, "Result"),
            "Roughness": 0.16,
            "Coat Weight": 0.5,
            "Normal": bump(tree, speck, 0.08, 0.005),
        },
    )
    kinds = collection("Pebble Kinds")
    for i in range(3):
        pebble = ico(f"Pebble.{i + 1}", 0.05, 3, material=stone, into=kinds, smooth=True)
        pebble.scale = ((1.3, 1.0, 0.6), (1.0, 0.85, 0.7), (1.6, 1.1, 0.45))[i]
        modify(pebble, "DISPLACE", "Tumbled", strength=0.015, mid_level=0.5, texture=clouds(f"Tumble {i + 1}", 0.09))
        modify(pebble, "SMOOTH", "Sea Polish", factor=0.8, iterations=6)
    park(kinds)
    tree_group, given = geometry(
        "Pebble Bed",
        Spacing=("NodeSocketFloat", vary(rng, 0.055, 0.07), 0.001, 1.0),
        Density=("NodeSocketFloat", 420.0, 0.0, 5000.0),
    )
    points = add(
        tree_group,
        "GeometryNodeDistributePointsOnFaces",
        {
            "Mesh": out(given, "Geometry"),
            "Distance Min": out(given, "Spacing"),
            "Density Max": out(given, "Density"),
            "Seed": rng.randint(0, 50),
        },
        distribute_method="POISSON",
    )
    shown = add(
        tree_group,
        "GeometryNodeCollectionInfo",
        {"Collection": kinds, "Separate Children": True, "Reset Children": True},
    )
    spin = add(
        tree_group,
        "FunctionNodeRandomValue",
        {"Min": (-0.35, -0.35, 0.0), "Max": (0.35, 0.35, 6.283)},
        data_type="FLOAT_VECTOR",
    )
    size = add(tree_group, "FunctionNodeRandomValue", {"Min": 0.45, "Max": 1.25}, data_type="FLOAT")
    laid = add(
        tree_group,
        "GeometryNodeInstanceOnPoints",
        {
            "Points": out(points, "Points"),
            "Instance": shown,
            "Pick Instance": True,
            "Rotation": out(spin, "Value"),
            "Scale": out(size, "Value"),
        },
    )
    both = add(tree_group, "GeometryNodeJoinGeometry", {"Geometry": laid})
    tree_group.links.new(out(given, "Geometry"), both.inputs[0])
    result(tree_group, both)
    shore = grid("Shore", 2.6, 30, turn=(4, 0, 0), material=plain("Dark Wet Sand", rgb("#4B4032"), 0.35))
    grow(shore, tree_group)
    star_skin, tree = material("Starfish")
    warts = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 90.0})
    principled(
        tree,
        {
            "Base Color": rgb("#D9692B"),
            "Roughness": 0.5,
            "Subsurface Weight": 0.2,
            "Normal": bump(tree, out(warts, "Distance"), 0.7, 0.004),
        },
    )
    for i in range(5):
        arm = cone(
            f"Starfish Arm.{i + 1}",
            0.035,
            0.006,
            0.13,
            12,
            at=(0, 0, 0),
            turn=(90, 0, 72 * i),
            material=star_skin,
            into=collection("Starfish"),
            smooth=True,
        )
        arm.data.transform(Matrix.Translation((0, 0, 0.06)))
        arm.location = (0.18, -0.25, 0.055)
        modify(arm, "SUBSURF", "Soft Arm", levels=2, render_levels=2)
    light("SUN", "Overcast Sun", (3, 4, 6), 2.6, color="#F2F5FF", angle=0.3)
    gradient_world("Sea Light", (0.45, "#5C6A70"), (0.55, "#DDE5EA"), (1.0, "#93A9BF"), strength=0.9)
    camera((0.12, -1.25, 0.78), (0.05, -0.12, 0.02), lens=45, depth=4.0)
    cycles(160, (1600, 1200))
    grade("AgX", "AgX - Base Contrast", exposure=0.1, gamma=0.95)


@scene("scatter", "An asteroid belt around a ringed planet, thousands of instanced rocks on a torus.", "animation")
def asteroid_belt(rng: random.Random) -> None:
    timing(250)
    rock, tree = material("Asteroid Regolith")
    craters = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 5.0}, feature="SMOOTH_F1")
    dust = add(tree, "ShaderNodeTexNoise", {"Scale": 8.0, "Detail": 12.0})
    principled(
        tree,
        {
            "Base Color": ramp(tree, dust, (0.3, rgb("#2E2A26")), (0.7, rgb("#7A6D5E"))),
            "Roughness": 0.95,
            "Normal": bump(tree, out(craters, "Distance"), 1.0, 0.1),
        },
    )
    boulder = ico("Asteroid", 0.12, 3, at=(0, 0, -30), material=rock)
    boulder.scale = (1.3, 1.0, 0.8)
    modify(boulder, "DISPLACE", "Lumps", strength=0.08, mid_level=0.5, texture=clouds("Lumps", 0.12, 4))

    gas, tree = material("Gas Giant")
    bands = mapped(tree, "Object", Scale=(0.15, 0.15, 2.4))
    flow = add(tree, "ShaderNodeTexNoise", {"Vector": bands, "Scale": 2.0, "Detail": 8.0, "Distortion": 1.8})
    hues = rng.choice([("#8A5A3A", "#E8C79A", "#B5764A"), ("#2E4A6B", "#A9C7DE", "#5C86B3")])
    stripes = ramp(tree, flow, (0.25, rgb(hues[0])), (0.5, rgb(hues[1])), (0.7, rgb(hues[2])))
    rim = add(tree, "ShaderNodeFresnel", {"IOR": 1.2})
    principled(
        tree,
        {
            "Base Color": stripes,
            "Roughness": 0.8,
            "Emission Color": rgb(hues[1]),
            "Emission Strength": math(tree, "MULTIPLY", rim, 0.25),
        },
    )
    planet = sphere("Planet", 2.2, 96, 48, turn=(0, 18, 0), material=gas)
    keys(planet, "rotation_euler", {1: 0.0, 250: 0.9}, index=2, interpolation="LINEAR")
    shape_curve(planet, "rotation_euler", "CYCLES", index=2, mode_before="REPEAT_OFFSET", mode_after="REPEAT_OFFSET")

    belt = torus("Belt", 4.4, 0.55, 96, 16, turn=(8, 0, 0), scale=(1.0, 1.0, 0.15))
    group, given = geometry(
        "Asteroid Belt",
        Density=("NodeSocketFloat", vary(rng, 22.0, 32.0, 1), 0.0, 200.0),
        Tumble=("NodeSocketFloat", 0.0, None, None),
    )
    points = add(
        group,
        "GeometryNodeDistributePointsOnFaces",
        {"Mesh": out(given, "Geometry"), "Density": out(given, "Density"), "Seed": rng.randint(0, 99)},
    )
    jitter = add(
        group, "FunctionNodeRandomValue", {"Min": (-0.4, -0.4, -0.3), "Max": (0.4, 0.4, 0.3)}, data_type="FLOAT_VECTOR"
    )
    moved = add(group, "GeometryNodeSetPosition", {"Geometry": out(points, "Points"), "Offset": out(jitter, "Value")})
    shown = add(group, "GeometryNodeObjectInfo", {"Object": boulder, "As Instance": True})
    axis = add(group, "FunctionNodeRandomValue", {"Max": (6.28, 6.28, 6.28), "Seed": 7}, data_type="FLOAT_VECTOR")
    turning = add(group, "ShaderNodeVectorMath", {0: out(axis, "Value"), 1: out(given, "Tumble")}, operation="ADD")
    power = add(group, "FunctionNodeRandomValue", {"Min": 0.08, "Max": 1.0, "Seed": 3}, data_type="FLOAT")
    cubed = add(group, "ShaderNodeMath", {0: out(power, "Value"), 1: 3.0}, operation="POWER")
    rocks = add(
        group,
        "GeometryNodeInstanceOnPoints",
        {"Points": moved, "Instance": out(shown, "Geometry"), "Rotation": turning, "Scale": cubed},
    )
    result(group, rocks)
    made = grow(belt, group)
    identifier = next(item.identifier for item in group.interface.items_tree if item.name == "Tumble")
    keys(belt, f'modifiers["{made.name}"]["{identifier}"]', {1: 0.0, 250: 3.0}, interpolation="LINEAR")
    keys(belt, "rotation_euler", {1: 0.0, 250: radians(40)}, index=2, interpolation="LINEAR")
    light("SUN", "Star", (-9, -6, 3), 5.0, color="#FFF3DF", angle=0.003)
    world_stars()
    camera((1.5, -10.5, 2.6), (0, 0, 0), lens=40)
    eevee(64, (2048, 1080))
    grade("Filmic", "High Contrast")


def world_stars() -> None:
    """A black sky with stars: the sparse peaks of a fine noise."""
    _, tree = world("Deep Space")
    noise = add(
        tree, "ShaderNodeTexVoronoi", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated"), "Scale": 180.0}
    )
    stars = ramp(tree, out(noise, "Distance"), (0.0, rgb("#FFFFFF")), (0.07, rgb("#000000")), interpolation="EASE")
    background(tree, stars, 1.2)
