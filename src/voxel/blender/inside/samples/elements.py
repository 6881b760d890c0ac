"""Natural materials: lava, ice, an ocean at dusk, drifting clouds, a campfire."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

import bpy

from .catalogue import scene
from .motion import drive, keys, shape_curve
from .nodes import add, blend, bump, mapped, material, math, out, plain, principled, ramp, rgb, surface
from .shapes import clouds, collection, cone, cube, curve, cylinder, empty, grid, ico, modify, plane, sphere, torus
from .staging import camera, cycles, eevee, grade, gradient_world, light, sky_world, timing, vary


@scene("elements", "A slow lava flow with a cracked black crust and glowing seams between volcanic rocks.", "animation")
def lava_field(rng: random.Random) -> None:
    lava, tree = material("Cooling Lava")
    mapping = mapped(tree, "Object", Scale=(1.0, 1.0, 1.0))
    swirl = add(tree, "ShaderNodeTexNoise", {"Vector": mapping, "Scale": 0.6, "Detail": 3.0, "Distortion": 0.9})
    cracks = add(
        tree, "ShaderNodeTexVoronoi", {"Vector": out(swirl, "Color"), "Scale": 7.0}, feature="DISTANCE_TO_EDGE"
    )
    heat = ramp(tree, cracks, (0.0, rgb("#FFFFFF")), (0.03, rgb("#606060")), (0.09, rgb("#000000")))
    body = add(tree, "ShaderNodeBlackbody", {"Temperature": 1650.0})
    crust = add(
        tree,
        "ShaderNodeBsdfPrincipled",
        {"Base Color": rgb("#0D0B0B"), "Roughness": 0.85, "Normal": bump(tree, cracks, 1.0, 0.15)},
    )
    strength = math(tree, "MULTIPLY", out(heat, "Color"), vary(rng, 2.5, 4.0, 1))
    molten = add(tree, "ShaderNodeEmission", {"Color": body, "Strength": strength})
    surface(tree, add(tree, "ShaderNodeAddShader", {0: crust, 1: molten}))
    timing(240)
    keys(
        lava.node_tree,
        'nodes["Mapping"].inputs[1].default_value',
        {1: (0, 0, 0), 240: (0.6, 0.15, 0.0)},
        interpolation="LINEAR",
    )

    field = grid("Lava Flow", 9.0, 90, material=lava, smooth=True)
    modify(field, "DISPLACE", "Ropes", strength=0.35, mid_level=0.5, texture=clouds("Lava Ropes", 1.1))
    modify(field, "SUBSURF", "Flow", levels=1, render_levels=2)
    rock, tree = material("Scoria")
    pores = add(tree, "ShaderNodeTexVoronoi", {"Scale": 16.0}, feature="SMOOTH_F1")
    principled(
        tree, {"Base Color": rgb("#1E1715"), "Roughness": 0.97, "Normal": bump(tree, out(pores, "Distance"), 0.9, 0.05)}
    )
    rocks = collection("Rocks")
    for i in range(rng.randint(7, 10)):
        size = vary(rng, 0.25, 0.75, 2)
        at = (vary(rng, -3.4, 3.4, 2), vary(rng, -0.6, 3.6, 2), size * 0.25)
        boulder = ico(f"Scoria Boulder.{i + 1}", size, 3, at=at, material=rock, into=rocks)
        modify(
            boulder,
            "DISPLACE",
            "Jagged",
            strength=size * 0.45,
            mid_level=0.45,
            texture=clouds(f"Scoria {i + 1}", size * 0.7, 5),
        )
    haze = light("AREA", "Furnace Glow", (0, 1.0, 3.0), 160, color="#FF5A1E", size=4.0, target=(0, 0, 0))
    haze.data.use_shadow = False
    gradient_world("Ash Sky", (0.48, "#6B1E0A"), (0.55, "#2B1414"), (1.0, "#09070A"), strength=0.5)
    camera((1.8, -4.8, 1.9), (0, 0.4, 0.1), lens=32)
    cycles(192, (2048, 1152))
    grade("AgX", "AgX - Punchy", exposure=0.2)


@scene("elements", "A cluster of blue ice crystals on snow with trapped bubbles and a cold backlight.")
def ice_crystals(rng: random.Random) -> None:
    ice, tree = material("Glacier Ice")
    fog = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 3.5, "Detail": 8.0, "Roughness": 0.7}
    )
    bubbles = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 22.0})
    milky = ramp(tree, fog, (0.42, rgb("#0B0B0B")), (0.75, rgb("#7A7A7A")))
    color = blend(tree, out(milky, "Color"), rgb("#BFE6F5"), rgb("#F4FBFF"))
    sockets = {"Base Color": color, "Roughness": milky, "Transmission Weight": 0.92, "IOR": 1.31}
    deep = add(tree, "ShaderNodeVolumeAbsorption", {"Color": rgb("#3FA9D6"), "Density": 1.4})
    principled(tree, {**sockets, "Normal": bump(tree, out(bubbles, "Distance"), 0.25, 0.02)}, volume=deep)

    cluster = collection("Crystals")
    for i in range(rng.randint(8, 11)):
        angle, lean = 2 * pi * i / 9 + rng.uniform(-0.2, 0.2), vary(rng, 8, 34, 0)
        height = vary(rng, 0.5, 1.4, 2)
        at = (round(0.32 * cos(angle) * (i > 0), 3), round(0.32 * sin(angle) * (i > 0), 3), round(height * 0.42, 3))
        turn = (round(-lean * sin(angle), 1), round(lean * cos(angle), 1), vary(rng, 0, 60, 0))
        shard = cylinder(
            f"Crystal.{i + 1}",
            vary(rng, 0.08, 0.15, 3),
            height,
            6,
            at=at,
            turn=turn if i else (0, 0, 12),
            material=ice,
            into=cluster,
        )
        modify(shard, "SIMPLE_DEFORM", "Point", deform_method="TAPER", factor=vary(rng, -0.7, -0.3, 2), deform_axis="Z")
        modify(shard, "BEVEL", "Fracture Edge", width=0.012, segments=1, limit_method="ANGLE")
    snow, tree = material("Wind Packed Snow")
    drift = add(tree, "ShaderNodeTexNoise", {"Scale": 60.0, "Detail": 8.0})
    sparkle = add(tree, "ShaderNodeTexVoronoi", {"Scale": 700.0})
    glints = ramp(tree, out(sparkle, "Distance"), (0.03, rgb("#FFFFFF")), (0.06, rgb("#000000")))
    powder = {
        "Base Color": rgb("#EEF4FA"),
        "Roughness": 0.7,
        "Subsurface Weight": 0.4,
        "Subsurface Radius": (0.1, 0.16, 0.25),
    }
    principled(
        tree,
        {
            **powder,
            "Emission Color": out(glints, "Color"),
            "Emission Strength": 0.3,
            "Normal": bump(tree, drift, 0.35, 0.01),
        },
    )
    ground = grid("Snow Field", 10.0, 60, material=snow, smooth=True)
    modify(ground, "DISPLACE", "Drifts", strength=0.5, mid_level=0.62, texture=clouds("Drifts", 1.8))
    modify(ground, "SUBSURF", "Soft Drifts", levels=1, render_levels=2)
    light("SUN", "Polar Sun", (-3, 6, 2.4), 4.0, target=(0, 0, 0.5), color="#FFE3C2", angle=0.02)
    light("AREA", "Cold Rim", (2.2, 1.8, 1.6), 110, target=(0, 0, 0.5), color="#6FC3FF", size=1.0)
    light("AREA", "Sky Fill", (-1.5, -3.0, 2.5), 45, target=(0, 0, 0.4), color="#BFD9FF", size=2.5)
    gradient_world("Polar Evening", (0.48, "#9DB7D6"), (0.53, "#E8C6B0"), (0.8, "#4E7FB8"), strength=0.5)
    camera((0.9, -3.4, 1.15), (0, 0, 0.5), lens=50, depth=2.8)
    cycles(384, (1500, 1500), transmission_bounces=12, volume_bounces=1)
    grade("AgX", "AgX - Base Contrast", exposure=0.1)


@scene("elements", "An animated ocean with foam and a small buoy with a blinking lamp at blue hour.", "animation")
def ocean_buoy(rng: random.Random) -> None:
    timing(120, fps=30)
    sea, tree = material("Open Sea")
    fleck = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 1.5, "Detail": 10.0})
    depth = add(tree, "ShaderNodeLayerWeight", {"Blend": 0.25})
    color = ramp(tree, out(depth, "Fresnel"), (0.0, rgb("#01222E")), (0.6, rgb("#0F5C6B")), (1.0, rgb("#7FB8C2")))
    principled(
        tree,
        {
            "Base Color": color,
            "Roughness": 0.06,
            "IOR": 1.333,
            "Specular IOR Level": 0.7,
            "Normal": bump(tree, fleck, 0.12, 0.05),
        },
    )
    water = plane("Ocean", (1, 1), material=sea)
    ocean = modify(
        water,
        "OCEAN",
        "Swell",
        geometry_mode="GENERATE",
        resolution=9,
        viewport_resolution=7,
        spatial_size=40,
        size=1.0,
    )
    ocean.wave_scale, ocean.choppiness, ocean.wind_velocity, ocean.wave_alignment = (
        vary(rng, 0.7, 1.1, 2),
        1.1,
        9.0,
        0.35,
    )
    ocean.repeat_x = ocean.repeat_y = 2
    water.location = (-20, -14, 0)
    keys(water, 'modifiers["Swell"].time', {1: 1.0, 120: 5.0}, interpolation="LINEAR")

    red = plain("Marine Red", rgb("#B21818"), 0.35, coat_weight=0.4)
    white = plain("Buoy White", rgb("#E9E6DF"), 0.4)
    buoy = collection("Buoy")
    root = empty("Buoy Pivot", "SPHERE", 0.5, at=(0, 0, 0.2), into=buoy)
    for i, (bottom, top, z, paint) in enumerate(
        ((0.7, 0.7, 0.0, red), (0.62, 0.3, 0.7, white), (0.3, 0.22, 1.35, red))
    ):
        tier = cone(f"Tier.{i + 1}", bottom, top, 0.7, 32, at=(0, 0, z), material=paint, parent=root, into=buoy)
        modify(tier, "BEVEL", "Weld", width=0.03, segments=2, limit_method="ANGLE", angle_limit=radians(40))
    torus(
        "Fender",
        0.72,
        0.09,
        at=(0, 0, 0.3),
        material=plain("Fender Rubber", rgb("#151515"), 0.8),
        parent=root,
        into=buoy,
    )
    lamp = sphere("Signal Lamp", 0.13, 24, 16, at=(0, 0, 1.83), parent=root, into=buoy)
    glass, tree = material("Signal Lens")
    principled(tree, {"Base Color": rgb("#FFB000"), "Emission Color": rgb("#FFA726"), "Emission Strength": 0.0})
    lamp.data.materials.append(glass)
    beacon = light("POINT", "Beacon", (0, 0, 2.05), 0.0, color="#FFB347", parent=root, shadow_soft_size=0.1)
    keys(
        beacon.data,
        "energy",
        {1: 0.0, 30: 0.0, 32: 900.0, 44: 900.0, 46: 0.0, 90: 0.0, 92: 900.0, 104: 900.0, 106: 0.0},
        interpolation="CONSTANT",
    )
    drive(
        glass.node_tree,
        'nodes["Principled BSDF"].inputs["Emission Strength"].default_value',
        "watts / 30",
        watts=(beacon.data, "energy"),
    )
    tilt = vary(rng, 7, 12, 0)
    keys(
        root,
        "rotation_euler",
        {f: (radians(tilt * sin(f / 19)), radians(tilt * 0.7 * cos(f / 23)), 0) for f in range(1, 121, 20)},
    )
    keys(root, "location", {1: 0.15, 30: 0.55, 60: 0.1, 90: 0.5, 120: 0.15}, index=2)
    light("SUN", "Afterglow", (-6, 14, 3), 1.4, color="#FF9E73", angle=0.1)
    gradient_world("Blue Hour", (0.49, "#D98E6A"), (0.54, "#7C83AE"), (0.75, "#2A4278"), (1.0, "#101C3E"), strength=0.6)
    camera((2.6, -7.4, 2.0), (0, 0, 0.9), lens=40)
    eevee(64, (1920, 816), use_raytracing=True)
    grade("Filmic", "Medium High Contrast", exposure=0.6)


@scene(
    "elements",
    "Fluffy procedural clouds drifting over a tiny floating island with a tree, all volumetric.",
    "animation",
)
def cloud_island(rng: random.Random) -> None:
    timing(180)
    vapour, tree = material("Cumulus")
    noise = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 2.4, "Detail": 9.0, "Roughness": 0.58}
    )
    ball = add(
        tree, "ShaderNodeTexGradient", {"Vector": mapped(tree, "Object", Scale=(2, 2, 2))}, gradient_type="SPHERICAL"
    )
    shaped = math(tree, "MULTIPLY", noise, out(ball, "Fac"))
    density = ramp(tree, shaped, (0.1, rgb("#000000")), (0.26, rgb("#FFFFFF")))
    thick = math(tree, "MULTIPLY", out(density, "Color"), 5.0)
    volume = add(tree, "ShaderNodeVolumePrincipled", {"Color": rgb("#FFFFFF"), "Density": thick, "Anisotropy": 0.2})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": volume})
    sky = collection("Clouds")
    for i, (x, y, z) in enumerate(((-2.4, 1.4, 0.3), (2.3, 0.8, -0.5), (0.4, 2.6, 1.7))):
        puff = cube(
            f"Cloud.{i + 1}",
            (vary(rng, 2.6, 3.4, 1), 2.0, vary(rng, 1.2, 1.7, 1)),
            at=(x, y, z),
            material=vapour,
            into=sky,
        )
        keys(puff, "location", {1: x, 180: x + 0.8}, index=0, interpolation="LINEAR")
    soil, tree = material("Hanging Rock")
    strata = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 2.2, "Distortion": 4.0},
        bands_direction="Z",
    )
    principled(
        tree, {"Base Color": ramp(tree, strata, (0.2, rgb("#5A4534")), (0.8, rgb("#8A6B4D"))), "Roughness": 0.95}
    )
    island = collection("Island")
    anchor = empty("Island Float", "SPHERE", 0.3, into=island)
    body = cone(
        "Rock Underside",
        1.05,
        0.05,
        1.5,
        24,
        at=(0, 0, -0.75),
        turn=(180, 0, 0),
        material=soil,
        parent=anchor,
        into=island,
    )
    modify(body, "SUBSURF", "Rough Grid", subdivision_type="SIMPLE", levels=3, render_levels=4)
    modify(body, "DISPLACE", "Crags", strength=0.35, mid_level=0.55, texture=clouds("Crags", 0.45, 4))
    turf = sphere(
        "Turf", 1.08, 40, 20, at=(0, 0, -0.02), material=plain("Turf", rgb("#5C8F35"), 0.9), parent=anchor, into=island
    )
    turf.scale = (1.0, 1.0, 0.18)
    bark = plain("Birch", rgb("#C9C2B5"), 0.8)
    curve(
        "Trunk",
        [(0.1, 0, 0.1, 1.3), (0.18, 0, 0.55, 1.0), (0.1, 0.03, 1.0, 0.6)],
        bevel=0.06,
        material=bark,
        parent=anchor,
        into=island,
    )
    blossom = plain("Blossom", rgb("#F2A7B8"), 0.7, subsurface_weight=0.3)
    for i in range(5):
        at = (round(0.1 + 0.28 * cos(i * 2.2), 3), round(0.28 * sin(i * 2.2), 3), round(1.12 + 0.13 * (i % 3), 3))
        crown = ico(
            f"Blossom.{i + 1}", vary(rng, 0.24, 0.36, 2), 3, at=at, material=blossom, parent=anchor, into=island
        )
        modify(crown, "DISPLACE", "Petals", strength=0.12, mid_level=0.4, texture=clouds(f"Petals {i + 1}", 0.12))
    keys(anchor, "location", {1: 0.0, 90: 0.14, 180: 0.0}, index=2)
    light("SUN", "Morning Sun", (5, -5, 6), 4.5, color="#FFF0D8", angle=0.01)
    sky_world("High Altitude", (0.5, -0.5, 0.6), 2.2, 1.0)
    camera((0.6, -7.6, 1.4), (0.1, 0.4, 0.2), lens=45)
    cycles(128, (1600, 1600), volume_step_rate=4.0, volume_max_steps=256, volume_bounces=3)
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.5)


@scene("elements", "A crackling campfire of crossed logs with flames, embers and a ring of stones.", "animation")
def campfire(rng: random.Random) -> None:
    timing(96)
    flame, tree = material("Flame")
    rise = mapped(tree, "Object", Scale=(1.0, 1.0, 0.5))
    lick = add(tree, "ShaderNodeTexNoise", {"Vector": rise, "Scale": 3.0, "Detail": 4.0, "Distortion": 1.0})
    height = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    fade = math(tree, "SUBTRACT", lick, math(tree, "MULTIPLY", out(height, "Z"), 0.42))
    tongue = ramp(tree, fade, (0.05, rgb("#7A0E00")), (0.25, rgb("#FF5A0A")), (0.5, rgb("#FFE08A")))
    fire = add(tree, "ShaderNodeEmission", {"Color": tongue, "Strength": 5.0})
    clear = add(tree, "ShaderNodeBsdfTransparent")
    mask = ramp(tree, fade, (0.12, rgb("#000000")), (0.34, rgb("#FFFFFF")))
    surface(tree, add(tree, "ShaderNodeMixShader", {"Fac": mask, 1: clear, 2: fire}))
    drive(tree, 'nodes["Mapping"].inputs[1].default_value', "-frame / 24", index=2)

    pit = collection("Fire Pit")
    for i in range(3):
        tongue_mesh = cone(
            f"Flame.{i + 1}",
            0.17 - 0.03 * i,
            0.0,
            0.75 - 0.15 * i,
            24,
            at=(round(0.1 * cos(2.1 * i), 3), round(0.1 * sin(2.1 * i), 3), 0.45),
            material=flame,
            into=pit,
            smooth=True,
        )
        tongue_mesh.visible_shadow = False
        modify(tongue_mesh, "SUBSURF", "Smooth Flame", subdivision_type="SIMPLE", levels=3, render_levels=4)
        modify(
            tongue_mesh, "SIMPLE_DEFORM", "Flicker", deform_method="TWIST", angle=radians(60 + 30 * i), deform_axis="Z"
        )
    char, tree = material("Charred Log")
    split = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Object", Scale=(1, 1, 0.4)), "Scale": 14.0},
        feature="DISTANCE_TO_EDGE",
    )
    ember = ramp(tree, split, (0.0, rgb("#FF6A1A")), (0.05, rgb("#000000")))
    principled(
        tree,
        {
            "Base Color": rgb("#15100D"),
            "Roughness": 0.95,
            "Normal": bump(tree, split, 0.8, 0.02),
            "Emission Color": out(ember, "Color"),
            "Emission Strength": 6.0,
        },
    )
    for i in range(rng.choice([4, 5])):
        angle = 360 * i / 5
        log = cylinder(
            f"Log.{i + 1}",
            vary(rng, 0.05, 0.075, 3),
            0.75,
            12,
            at=(round(0.17 * cos(radians(angle)), 3), round(0.17 * sin(radians(angle)), 3), 0.26),
            turn=(0, -38, angle),
            material=char,
            into=pit,
        )
        modify(log, "BEVEL", "Burnt Ends", width=0.015, segments=2, limit_method="ANGLE")
    stone = plain("Fire Stone", rgb("#4E4A46"), 0.9)
    for i in range(11):
        angle = 2 * pi * i / 11
        at = (round(0.62 * cos(angle), 3), round(0.62 * sin(angle), 3), 0.06)
        rock = ico(
            f"Ring Stone.{i + 1:02}",
            vary(rng, 0.11, 0.16, 3),
            2,
            at=at,
            turn=(0, 0, vary(rng, 0, 180, 0)),
            material=stone,
            into=pit,
            smooth=True,
        )
        rock.scale = (1.2, 1.0, 0.75)
    for i in range(9):
        spark = sphere(
            f"Spark.{i + 1}",
            0.008,
            8,
            6,
            at=(vary(rng, -0.3, 0.3), vary(rng, -0.3, 0.3), vary(rng, 0.5, 1.3)),
            material=glow_ember(i),
            into=pit,
        )
        keys(
            spark,
            "location",
            {1: spark.location.z, 96: spark.location.z + vary(rng, 0.4, 0.9, 2)},
            index=2,
            interpolation="LINEAR",
        )
    ground = plane("Forest Floor", (16, 16), material=plain("Pine Needles", rgb("#3A2A1A"), 1.0))
    modify(ground, "SUBSURF", "Ground Grid", subdivision_type="SIMPLE", levels=5, render_levels=5)
    modify(ground, "DISPLACE", "Hummocks", strength=0.12, mid_level=0.5, texture=clouds("Hummocks", 0.05))
    fire_light = light("POINT", "Fire Light", (0, 0, 0.55), 85, color="#FF8A3C", shadow_soft_size=0.25)
    keys(fire_light.data, "energy", {1: 85.0, 24: 110.0, 48: 78.0, 72: 104.0, 96: 85.0})
    shape_curve(fire_light.data, "energy", "NOISE", scale=4.0, strength=26.0, phase=2.5, depth=1)
    light("SUN", "Moon", (-4, 3, 6), 0.12, color="#9DB4FF", angle=0.01)
    gradient_world("Forest Night", (0.45, "#040506"), (0.6, "#0B1120"), (1.0, "#101B33"), strength=0.5)
    camera((1.5, -2.3, 0.95), (0, 0, 0.38), lens=42, depth=2.8)
    cycles(256, (1920, 1080), transparent_max_bounces=24)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.4)


def glow_ember(index: int) -> bpy.types.Material:
    """An ember's own glow; later ones are cooler."""
    made, tree = material(f"Ember {index + 1}")
    heat = add(tree, "ShaderNodeBlackbody", {"Temperature": 2100.0 - 90.0 * index})
    surface(tree, add(tree, "ShaderNodeEmission", {"Color": heat, "Strength": 30.0 - 2.0 * index}))
    return made
