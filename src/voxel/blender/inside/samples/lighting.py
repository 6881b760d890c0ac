"""Lighting set-ups: a three-point portrait, a sunset through blinds, a neon alley, candles on a mantel."""

from __future__ import annotations

import random
from math import cos, radians, sin

from .catalogue import scene
from .motion import keys, shape_curve
from .nodes import add, bump, glow, mapped, material, math, out, plain, principled, ramp, rgb, surface
from .shapes import collection, cone, cube, curve, cylinder, lathe, modify, monkey, plane, sphere, text, torus
from .staging import backdrop, camera, cycles, flat_world, grade, gradient_world, light, timing, vary


@scene(
    "lighting", "The classic three-point set-up on a clay bust: warm key, cool fill at a third, hard rim, grey sweep."
)
def three_point(rng: random.Random) -> None:
    clay, tree = material("Sculptor's Clay")
    tooling = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 26.0, "Detail": 4.0, "Distortion": 0.7}
    )
    principled(
        tree,
        {
            "Base Color": rgb("#A0806A"),
            "Roughness": 0.65,
            "Subsurface Weight": 0.12,
            "Normal": bump(tree, tooling, 0.15, 0.01),
        },
    )
    bust = collection("Subject")
    head = monkey("Clay Bust", 0.5, at=(0, 0, 0.62), turn=(-6, 0, vary(rng, -20, 20, 0)), material=clay, into=bust)
    modify(head, "SUBSURF", "Sculpt", levels=2, render_levels=3)
    modify(head, "SMOOTH", "Thumb Strokes", factor=0.3, iterations=2)
    stand = cylinder("Stand", 0.11, 0.4, 40, at=(0, 0.02, 0.2), material=plain("Walnut Stand", rgb("#3C2415"), 0.35))
    modify(stand, "BEVEL", "Turned", width=0.015, segments=3, limit_method="ANGLE")
    rigging = collection("Light Rig")
    key_energy = vary(rng, 60, 80, 0)
    aim = (0.0, 0.0, 0.62)
    light(
        "AREA",
        "Key",
        (-1.25, -1.3, 1.5),
        key_energy,
        target=aim,
        color="#FFE3C4",
        into=rigging,
        shape="RECTANGLE",
        size=0.7,
        size_y=0.9,
    )
    light(
        "AREA", "Fill", (1.5, -1.1, 0.9), round(key_energy / 3, 1), target=aim, color="#D4E4FF", into=rigging, size=1.2
    )
    light(
        "SPOT",
        "Rim",
        (0.7, 1.3, 1.6),
        key_energy * 2,
        target=aim,
        into=rigging,
        spot_size=radians(40),
        spot_blend=0.3,
        shadow_soft_size=0.06,
    )
    backdrop(5, 2.4, 2.4, plain("Studio Grey", rgb("#5B5B5D"), 0.85))
    flat_world("Black Studio", "#101012", 0.5)
    camera((0.2, -2.3, 0.78), (0, 0, 0.58), lens=75)
    cycles(256, (1200, 1500))
    grade("AgX", "AgX - Medium High Contrast")


@scene("lighting", "Sunset streaming through Venetian blinds onto an armchair and a record player in a dusty room.")
def sunset_blinds(rng: random.Random) -> None:
    room = collection("Room")
    plaster = plain("Ochre Plaster", rgb("#C79B62"), 0.92)
    plane("Back Wall", (5, 3), at=(0, 1.6, 1.5), turn=(90, 0, 0), material=plaster, into=room)
    plane("Floorboards", (5, 5), material=plain("Chestnut Floor", rgb("#5A3722"), 0.35, coat_weight=0.2), into=room)
    plane("Ceiling", (5, 5), at=(0, 0, 3), turn=(180, 0, 0), material=plaster, into=room)
    window_wall = cube("Window Wall", (0.12, 5, 3), at=(-2.1, 0, 1.5), material=plaster, into=room)
    opening = cube("Window Cutter", (0.6, 1.7, 1.5), at=(-2.1, -0.3, 1.6), into=room)
    opening.hide_render = True
    opening.display_type = "WIRE"
    modify(window_wall, "BOOLEAN", "Window", operation="DIFFERENCE", object=opening, solver="EXACT")
    tilt = vary(rng, 22, 38, 0)
    slat = cube(
        "Slat",
        (0.06, 1.68, 0.004),
        at=(-2.0, -0.3, 0.9),
        turn=(0, tilt, 0),
        material=plain("Slat Cream", rgb("#E8DCC0"), 0.5),
        into=room,
    )
    modify(
        slat,
        "ARRAY",
        "Blind",
        count=24,
        use_relative_offset=False,
        use_constant_offset=True,
        constant_offset_displace=(round(-sin(radians(tilt)), 4), 0, round(15 * cos(radians(tilt)), 4)),
    )
    leather = plain("Oxblood Leather", rgb("#5E1A17"), 0.35, coat_weight=0.2)
    chair = collection("Armchair")
    for name, size, at, turn in (
        ("Seat", (0.62, 0.6, 0.2), (0.3, 0.5, 0.36), (0, 0, -25)),
        ("Back", (0.62, 0.16, 0.62), (0.42, 0.77, 0.72), (-12, 0, -25)),
        ("Arm.L", (0.14, 0.62, 0.3), (-0.03, 0.66, 0.5), (0, 0, -25)),
        ("Arm.R", (0.14, 0.62, 0.3), (0.62, 0.36, 0.5), (0, 0, -25)),
    ):
        pad = cube(name, size, at=at, turn=turn, material=leather, into=chair, smooth=True)
        modify(pad, "BEVEL", "Stuffing", width=0.07, segments=4, limit_method="NONE")
        modify(pad, "SUBSURF", "Plump", levels=1, render_levels=2)
    cube("Side Table", (0.5, 0.42, 0.5), at=(1.25, 0.9, 0.25), material=plain("Teak", rgb("#7E4A26"), 0.4), into=room)
    vinyl, tree = material("Vinyl Record")
    grooves = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 60.0},
        wave_type="RINGS",
        rings_direction="Z",
    )
    principled(
        tree,
        {
            "Base Color": rgb("#0B0B0C"),
            "Roughness": 0.25,
            "Anisotropic": 0.8,
            "Normal": bump(tree, grooves, 0.2, 0.001),
        },
    )
    cylinder("Record", 0.15, 0.006, 64, at=(1.25, 0.9, 0.545), material=vinyl, into=room)
    cylinder(
        "Record Label",
        0.05,
        0.007,
        40,
        at=(1.25, 0.9, 0.546),
        material=plain("Record Label", rgb("#D9772B"), 0.6),
        into=room,
    )
    curve(
        "Tone Arm",
        [(1.42, 1.03, 0.57), (1.43, 0.95, 0.585), (1.33, 0.86, 0.555)],
        bevel=0.005,
        material=plain("Tone Arm Steel", rgb("#C9CBCF"), 0.2, metallic=1.0),
        into=room,
    )
    dust, tree = material("Dusty Air")
    motes = add(tree, "ShaderNodeVolumeScatter", {"Color": rgb("#FFE7C9"), "Density": 0.045, "Anisotropy": 0.6})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": motes})
    cube("Air", (4.1, 3.4, 2.8), at=(0, 0, 1.4), material=dust)
    light("SUN", "Setting Sun", (-6, -1.2, 2.9), 22.0, target=(0, 0.2, 0.6), color="#FF9A4D", angle=0.012)
    light("AREA", "Room Bounce", (1.8, -1.8, 2.2), 18, target=(0.4, 0.6, 0.6), color="#8FA5D9", size=1.6)
    gradient_world("Sunset Outside", (0.48, "#E0793A"), (0.6, "#F2B27A"), (1.0, "#6E88B8"), strength=0.5)
    camera((1.7, -3.4, 1.25), (0.2, 0.5, 0.72), lens=35)
    cycles(512, (1920, 1200), volume_bounces=1, volume_step_rate=1.5)
    grade("Filmic", "High Contrast", exposure=0.2)


@scene(
    "lighting",
    "A rain-slick neon alley at night with glowing signs, pipes and a noodle bar's red lanterns.",
    "animation",
)
def neon_alley(rng: random.Random) -> None:
    timing(96)
    alley = collection("Alley")
    brick, tree = material("Grimy Brick")
    courses = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object", Scale=(8, 5, 5)),
            "Scale": 3.0,
            "Color1": rgb("#3A2620"),
            "Color2": rgb("#4D332B"),
            "Mortar": rgb("#15110F"),
        },
    )
    principled(
        tree,
        {"Base Color": out(courses, "Color"), "Roughness": 0.6, "Normal": bump(tree, out(courses, "Fac"), -0.6, 0.02)},
    )
    for side, x in (("L", -1.7), ("R", 1.7)):
        cube(f"Wall.{side}", (0.3, 12, 6), at=(x, 3, 3), material=brick, into=alley)
    street, tree = material("Rain Puddles")
    pool = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 6.0, "Detail": 4.0})
    principled(
        tree,
        {
            "Base Color": rgb("#0C0D10"),
            "Roughness": ramp(tree, pool, (0.42, rgb("#050505")), (0.6, rgb("#7A7A7A"))),
            "Specular IOR Level": 0.8,
        },
    )
    plane("Alley Floor", (3.4, 14), at=(0, 3, 0), material=street, into=alley)
    for i, (word, hue, x, y, z, turn) in enumerate(
        (
            ("RAMEN", "#FF2E63", -1.5, 0.6, 2.4, 90),
            ("24H", "#08F7FE", 1.5, 1.8, 2.9, -90),
            ("BAR", "#FFD319", -1.5, 3.2, 3.2, 90),
            ("HOTEL", "#B967FF", 1.5, 4.8, 3.6, -90),
        )
    ):
        tube = glow(f"Neon {word}", rgb(hue), 14.0)
        sign = text(
            f"Sign {word}",
            word,
            0.5,
            {"bevel_depth": 0.018, "fill_mode": "NONE", "space_character": 1.1},
            at=(x, y, z),
            turn=(90, 0, turn),
            material=tube,
            into=alley,
        )
        lamp = light("AREA", f"Spill {word}", (x * 0.8, y, z), 130, target=(0, y, 0.6), color=hue, into=alley, size=0.8)
        if word in ("24H", rng.choice(["BAR", "HOTEL"])):
            keys(
                lamp.data,
                "energy",
                {1: 130.0, 40: 130.0, 42: 6.0, 44: 130.0, 47: 30.0, 50: 130.0},
                interpolation="CONSTANT",
            )
            shape_curve(lamp.data, "energy", "NOISE", scale=2.0, strength=8.0, phase=float(i))
        sign.data.resolution_u = 6
    paper = plain("Red Lantern Paper", rgb("#D41F1F"), 0.7, emission_color=rgb("#FF3B1F"), emission_strength=3.0)
    for i in range(4):
        lantern = sphere(
            f"Lantern.{i + 1}", 0.16, 24, 12, at=(-1.15, round(0.1 + 0.55 * i, 2), 1.95), material=paper, into=alley
        )
        lantern.scale = (1.0, 1.0, 1.25)
        modify(lantern, "WIREFRAME", "Paper Ribs", thickness=0.006, use_replace=False)
    pipe = plain("Oxidised Pipe", rgb("#3F5A52"), 0.5, metallic=0.8)
    for i in range(3):
        curve(
            f"Pipe.{i + 1}",
            [
                (1.5, 0.2 + i, 0),
                (1.5, 0.2 + i, 2.4 + 0.4 * i),
                (1.42, 0.4 + i, 2.6 + 0.4 * i),
                (1.42, 6.0, 2.6 + 0.4 * i),
            ],
            kind="POLY",
            bevel=0.045 - 0.008 * i,
            material=pipe,
            into=alley,
        )
    cube(
        "Noodle Counter",
        (0.7, 2.2, 1.0),
        at=(-1.3, 1.0, 0.5),
        material=plain("Counter Formica", rgb("#22313A"), 0.3),
        into=alley,
    )
    vapour, tree = material("Kitchen Steam")
    puff = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 2.2, "Detail": 5.0})
    haze = add(tree, "ShaderNodeVolumeScatter", {"Density": math(tree, "MULTIPLY", puff, 0.02), "Anisotropy": 0.5})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": haze})
    cube("Steam Volume", (3.3, 11, 5), at=(0, 3.2, 2.5), material=vapour, into=alley)
    gradient_world("City Glow", (0.45, "#0A0710"), (0.6, "#1B1230"), (1.0, "#05060D"), strength=0.6)
    camera((0.3, -4.6, 1.3), (-0.05, 2.0, 1.8), lens=26)
    cycles(256, (1080, 1620), volume_bounces=1)
    grade("AgX", "AgX - Punchy", exposure=1.0)


@scene(
    "lighting",
    "Three candles of different heights on a mantel with flickering flames and a brass snuffer.",
    "animation",
)
def candle_mantel(rng: random.Random) -> None:
    timing(72)
    wax, tree = material("Beeswax")
    warm = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    glowing = ramp(tree, out(warm, "Z"), (0.55, rgb("#000000")), (1.0, rgb("#FF9A3C")))
    principled(
        tree,
        {
            "Base Color": rgb("#E9C98A"),
            "Roughness": 0.45,
            "Subsurface Weight": 0.8,
            "Subsurface Radius": (0.05, 0.025, 0.01),
            "Emission Color": out(glowing, "Color"),
            "Emission Strength": 0.6,
        },
    )
    wick = plain("Burnt Wick", rgb("#0D0A08"), 0.9)
    flame, tree = material("Candle Flame")
    split = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    heat = ramp(tree, out(split, "Z"), (0.0, rgb("#2A4BFF")), (0.18, rgb("#FF8A1F")), (0.6, rgb("#FFE0A0")))
    surface(tree, add(tree, "ShaderNodeEmission", {"Color": heat, "Strength": 22.0}))
    candles = collection("Candles")
    for i, x in enumerate((-0.16, 0.0, 0.15)):
        height = (0.2, 0.13, 0.17)[i] + vary(rng, -0.01, 0.02)
        body = lathe(
            f"Candle.{i + 1}",
            [
                (0.0, 0.0),
                (0.034, 0.0),
                (0.034, height - 0.004),
                (0.03, height),
                (0.02, height - 0.006),
                (0.0, height - 0.008),
            ],
            40,
            at=(x, 0.02 * (i - 1), 0),
            material=wax,
            into=candles,
            smooth=True,
        )
        modify(body, "SUBSURF", "Softened Rim", levels=1, render_levels=2)
        curve(
            f"Wick.{i + 1}",
            [(x, 0.02 * (i - 1), height - 0.008), (x + 0.002, 0.02 * (i - 1), height + 0.012)],
            bevel=0.0012,
            material=wick,
            into=candles,
        )
        tongue = sphere(
            f"Flame.{i + 1}",
            0.009,
            24,
            16,
            at=(x, 0.02 * (i - 1), round(height + 0.028, 4)),
            material=flame,
            into=candles,
        )
        modify(tongue, "SIMPLE_DEFORM", "Teardrop", deform_method="TAPER", factor=-1.3, deform_axis="Z")
        keys(tongue, "scale", {1: 2.3, 36: 2.7, 72: 2.3}, index=2)
        shape_curve(tongue, "scale", "NOISE", index=2, scale=5.0, strength=0.5, phase=3.0 * i)
        lamp = light(
            "POINT",
            f"Flame Light.{i + 1}",
            (x, 0.02 * (i - 1), round(height + 0.035, 4)),
            1.6,
            color="#FF9A47",
            into=candles,
            shadow_soft_size=0.012,
        )
        keys(lamp.data, "energy", {1: 1.6, 24: 2.0, 48: 1.4, 72: 1.6})
        shape_curve(lamp.data, "energy", "NOISE", scale=3.0, strength=0.7, phase=5.0 * i)
        tongue.visible_shadow = False
    brass = plain("Snuffer Brass", rgb("#B98B3A"), 0.3, metallic=1.0)
    cone("Snuffer Bell", 0.018, 0.004, 0.03, 32, at=(0.3, -0.06, 0.015), turn=(0, 0, 0), material=brass, into=candles)
    curve(
        "Snuffer Handle",
        [(0.3, -0.06, 0.03), (0.34, -0.07, 0.05), (0.44, -0.09, 0.02)],
        bevel=0.0025,
        material=brass,
        into=candles,
    )
    mantel = cube(
        "Mantel", (1.4, 0.26, 0.05), at=(0.05, 0, -0.025), material=plain("Painted Mantel", rgb("#2B3A3A"), 0.5)
    )
    modify(mantel, "BEVEL", "Ogee Edge", width=0.05, segments=4, profile=0.3)
    plane(
        "Chimney Breast",
        (3, 2),
        at=(0, 0.14, 0.6),
        turn=(90, 0, 0),
        material=plain("Smoke Stained Plaster", rgb("#6B5848"), 0.95),
    )
    torus("Mirror Frame", 0.28, 0.022, 64, 16, at=(0.02, 0.13, 0.42), turn=(90, 0, 0), material=brass)
    cylinder(
        "Mirror",
        0.275,
        0.01,
        64,
        at=(0.02, 0.135, 0.42),
        turn=(90, 0, 0),
        material=plain("Foxed Mirror", rgb("#D9D4C8"), 0.06, metallic=1.0),
    )
    flat_world("Night Interior", "#0C1018", 0.5)
    camera((0.32, -1.15, 0.28), (0.05, 0, 0.18), lens=60, depth=3.2)
    cycles(512, (1800, 1350), sample_clamp_indirect=4.0)
    grade("Filmic", "Medium High Contrast", exposure=0.7)
