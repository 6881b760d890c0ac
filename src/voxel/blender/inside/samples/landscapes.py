"""Landscapes: a snowy peak over a lake, a desert with cacti, a lighthouse on a cliff, terraced rice fields."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

from .catalogue import scene
from .motion import keys
from .nodes import add, blend, bump, glow, mapped, material, math, out, plain, principled, ramp, rgb
from .shapes import (
    clouds,
    collection,
    cone,
    cube,
    curve,
    cylinder,
    disc,
    grid,
    modify,
    plane,
    sphere,
    torus,
    twin,
)
from .staging import camera, cycles, eevee, grade, gradient_world, light, sky_world, timing, vary


@scene("landscapes", "A snow-capped mountain mirrored in an alpine lake with pines on the shore at first light.")
def alpine_lake(rng: random.Random) -> None:
    slopes, tree = material("Alpine Slopes")
    lie = add(tree, "ShaderNodeNewGeometry")
    parts = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(lie, "Normal")})
    place = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(lie, "Position")})
    cover = math(
        tree,
        "MULTIPLY",
        out(parts, "Z"),
        add(tree, "ShaderNodeMapRange", {"Value": out(place, "Z"), "From Min": 3.0, "From Max": 6.0}),
    )
    snow = ramp(tree, cover, (0.28, rgb("#000000")), (0.4, rgb("#FFFFFF")))
    grit = add(tree, "ShaderNodeTexNoise", {"Scale": 2.4, "Detail": 12.0})
    rock = ramp(tree, grit, (0.3, rgb("#3B3A3C")), (0.7, rgb("#77736E")))
    principled(
        tree,
        {
            "Base Color": blend(tree, out(snow, "Color"), out(rock, "Color"), rgb("#F2F6FB")),
            "Roughness": 0.85,
            "Normal": bump(tree, grit, 0.5, 0.2),
        },
    )
    for i, (x, y, wide, high) in enumerate(((0, 22, 11, 9.5), (-13, 26, 10, 7.0), (13, 28, 11, 6.2))):
        massif = cone(f"Massif.{i + 1}", wide, 0.3, high, 48, at=(x, y, high / 2 - 0.5), material=slopes)
        modify(massif, "SUBSURF", "Rock Grid", subdivision_type="SIMPLE", levels=4, render_levels=5)
        modify(
            massif,
            "DISPLACE",
            "Ridges",
            strength=vary(rng, 3.0, 4.2, 1),
            mid_level=0.5,
            texture=clouds(f"Ridges {i + 1}", 2.6, 6),
        )
    lake, tree = material("Still Lake")
    breath = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(20, 60, 1)), "Scale": 6.0})
    principled(
        tree,
        {
            "Base Color": rgb("#0E2F3D"),
            "Roughness": 0.03,
            "Specular IOR Level": 0.9,
            "Normal": bump(tree, breath, 0.05, 0.02),
        },
    )
    plane("Lake", (60, 40), at=(0, 8, 0), material=lake)
    pine = plain("Dark Pine", rgb("#1B3524"), 0.9)
    stand = collection("Shore Pines")
    model = cone("Pine", 0.55, 0.02, 2.4, 9, at=(-6.5, 6.0, 1.15), material=pine, into=stand)
    for i in range(26):
        at = (round((-1 if i % 2 else 1) * rng.uniform(4.2, 10.5), 2), round(rng.uniform(3.5, 14), 2), 1.1)
        size = vary(rng, 0.7, 1.35, 2)
        twin(model, f"Pine.{i + 1:02}", at=at, scale=(size, size, round(size * 1.1, 2)))
    for bank, middle in (("West", -9.5), ("East", 9.5)):
        shore = grid(
            f"Shore {bank}",
            14,
            24,
            at=(middle, 8.0, -0.25),
            material=plain(f"Shore {bank}", rgb("#55543C"), 0.95),
            smooth=True,
        )
        modify(shore, "DISPLACE", "Bank", strength=1.4, mid_level=0.45, texture=clouds(f"Bank {bank}", 2.2))
    jetty = cube("Jetty", (0.9, 4.5, 0.07), at=(1.6, -2.2, 0.22), material=plain("Grey Larch", rgb("#7D766A"), 0.8))
    modify(jetty, "BEVEL", "Plank Edge", width=0.02, segments=1)
    light("SUN", "First Light", (-10, -3, 4.5), 4.2, target=(0, 12, 2), color="#FFB98A", angle=0.02)
    gradient_world(
        "Alpenglow", (0.49, "#E9B7A2"), (0.56, "#C9B7D0"), (0.75, "#7C9CCB"), (1.0, "#42679F"), strength=0.75
    )
    camera((0.4, -7.2, 1.6), (0, 12, 2.7), lens=30)
    cycles(128, (2400, 1200))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.2)


@scene("landscapes", "A Sonoran desert with ribbed saguaro cacti, mesas and a winding road under a big sky.")
def desert_road(rng: random.Random) -> None:
    sand, tree = material("Desert Sand")
    ripple = add(
        tree, "ShaderNodeTexWave", {"Vector": mapped(tree, "Object"), "Scale": 1.4, "Distortion": 6.0, "Detail": 3.0}
    )
    patch = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 0.2, "Detail": 6.0})
    principled(
        tree,
        {
            "Base Color": ramp(tree, patch, (0.35, rgb("#B5793F")), (0.65, rgb("#DDAE73"))),
            "Roughness": 0.97,
            "Normal": bump(tree, ripple, 0.25, 0.05),
        },
    )
    ground = grid("Desert Floor", 90.0, 90, at=(0, 25, 0), material=sand, smooth=True)
    modify(ground, "DISPLACE", "Low Dunes", strength=0.8, mid_level=0.52, texture=clouds("Low Dunes", 8.0, 2))
    mesa_rock, tree = material("Banded Mesa")
    bands = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 2.6, "Distortion": 1.4},
        bands_direction="Z",
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, bands, (0.1, rgb("#7A3420")), (0.5, rgb("#B3603A")), (0.9, rgb("#D08B5E"))),
            "Roughness": 0.95,
        },
    )
    for i, (x, y, wide, high) in enumerate(((-20.0, 46.0, 9, 7), (6.0, 58.0, 14, 9), (28.0, 50.0, 8, 6))):
        mesa = cone(f"Mesa.{i + 1}", wide, wide * 0.75, high, 40, at=(x, y, high / 2), material=mesa_rock)
        modify(mesa, "SUBSURF", "Cliff Grid", subdivision_type="SIMPLE", levels=3, render_levels=4)
        modify(
            mesa,
            "DISPLACE",
            "Buttresses",
            strength=2.0,
            mid_level=0.5,
            direction="X",
            texture=clouds(f"Buttresses {i + 1}", 2.5, 4),
        )
    green = plain("Saguaro Skin", rgb("#4E6B3A"), 0.75)
    cacti = collection("Saguaros")
    for i in range(rng.randint(6, 8)):
        x, y = vary(rng, 2.2, 9.0, 1) * (1 if i % 2 else -1), vary(rng, 1.0, 22.0, 1)
        tall = vary(rng, 2.2, 3.6, 1)
        trunk = cylinder(f"Saguaro.{i + 1}", 0.24, tall, 16, at=(x, y, tall / 2), material=green, into=cacti)
        modify(trunk, "BEVEL", "Ribs", width=0.03, segments=1, limit_method="ANGLE", angle_limit=radians(15))
        crown = sphere(f"Saguaro Crown.{i + 1}", 0.24, 16, 8, at=(x, y, tall), material=green, into=cacti)
        crown.scale = (1.0, 1.0, 0.8)
        for side in (-1, 1):
            base = vary(rng, tall * 0.35, tall * 0.55, 2)
            limb = [
                (x, y, base),
                (x + side * 0.5, y, base + 0.05),
                (x + side * 0.62, y, base + 0.35),
                (x + side * 0.62, y, base + vary(rng, 0.7, 1.1, 2)),
            ]
            curve(
                f"Saguaro Arm.{i + 1}.{'L' if side < 0 else 'R'}",
                limb,
                bevel=0.13,
                data={"bevel_resolution": 5, "use_fill_caps": True},
                material=green,
                into=cacti,
            )
    route = curve("Road Line", [(0.2, -14, 0.0), (0.6, 0, 0.0), (-2.5, 14, 0.0), (2.0, 30, 0.0), (0.5, 52, 0.0)])
    asphalt, tree = material("Sun Bleached Asphalt")
    marks = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object", Scale=(1, 1, 1)),
            "Scale": 0.4,
            "Color1": rgb("#4A4A4C"),
            "Color2": rgb("#525255"),
            "Mortar": rgb("#4E4E50"),
        },
    )
    principled(tree, {"Base Color": marks, "Roughness": 0.85})
    strip = cube("Road", (1.0, 2.6, 0.05), at=(0.5, 0, 0.42), material=asphalt)
    modify(strip, "ARRAY", "Length", fit_type="FIT_CURVE", curve=route, relative_offset_displace=(1, 0, 0))
    modify(strip, "CURVE", "Follow Road", object=route, deform_axis="POS_X")
    dash = cube("Centre Line", (0.8, 0.1, 0.06), at=(0.4, 0, 0.425), material=plain("Road Paint", rgb("#E8C13A"), 0.6))
    modify(dash, "ARRAY", "Dashes", fit_type="FIT_CURVE", curve=route, relative_offset_displace=(2.4, 0, 0))
    modify(dash, "CURVE", "Follow Road", object=route, deform_axis="POS_X")
    light("SUN", "High Sun", (6, -6, 9), 4.6, color="#FFF1D6", angle=0.009)
    sky_world("Big Sky", (0.5, -0.5, 0.75), 2.0, 1.0, ground_albedo=0.4)
    camera((0.5, -8.5, 2.2), (0.2, 14, 1.4), lens=32)
    eevee(64, (2048, 1152), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=-0.6)


@scene(
    "landscapes", "A red-and-white lighthouse on a sea cliff with a sweeping beam through evening haze.", "animation"
)
def lighthouse(rng: random.Random) -> None:
    timing(144)
    tower_paint, tree = material("Lighthouse Bands")
    split = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    steps = math(tree, "PINGPONG", math(tree, "MULTIPLY", out(split, "Z"), float(rng.choice([5, 7]))), 1.0)
    bands = ramp(tree, steps, (0.0, rgb("#B4161B")), (0.5, rgb("#F1EDE4")), interpolation="CONSTANT")
    principled(tree, {"Base Color": bands, "Roughness": 0.5})
    station = collection("Lighthouse")
    tower = cone("Tower", 0.9, 0.55, 5.2, 48, at=(0, 0, 4.1), material=tower_paint, into=station, smooth=True)
    modify(tower, "EDGE_SPLIT", "Crisp Ends", split_angle=radians(45))
    iron = plain("Gallery Iron", rgb("#1B1D20"), 0.45, metallic=0.8)
    torus("Gallery", 0.72, 0.09, 48, 10, at=(0, 0, 6.72), material=iron, into=station)
    post = cylinder("Rail Post", 0.018, 0.4, 8, at=(0.76, 0, 6.95), material=iron, into=station)
    for i in range(1, 14):
        angle = 2 * pi * i / 14
        twin(post, f"Rail Post.{i:02}", at=(round(0.76 * cos(angle), 4), round(0.76 * sin(angle), 4), 6.95))
    torus("Handrail", 0.76, 0.022, 64, 8, at=(0, 0, 7.14), material=iron, into=station)
    lantern = cylinder("Lantern Room", 0.42, 0.7, 12, at=(0, 0, 7.15), material=iron, into=station)
    modify(lantern, "WIREFRAME", "Astragals", thickness=0.035)
    cone(
        "Cupola",
        0.5,
        0.04,
        0.4,
        24,
        at=(0, 0, 7.7),
        material=plain("Cupola Copper", rgb("#4F8F7B"), 0.6, metallic=0.5),
        into=station,
    )
    lens = sphere(
        "Fresnel Lens", 0.22, 24, 12, at=(0, 0, 7.15), material=glow("Lens Glow", rgb("#FFF0C2"), 25.0), into=station
    )
    lens.visible_shadow = False
    lantern.visible_shadow = False
    beam = light(
        "SPOT",
        "Beam",
        (0, 0, 7.15),
        9000,
        target=(10, -4, 6.8),
        color="#FFE9B8",
        into=station,
        spot_size=radians(12),
        spot_blend=0.4,
        shadow_soft_size=0.1,
    )
    turn = beam.rotation_euler.z
    keys(beam, "rotation_euler", {1: turn, 145: turn + 2 * pi}, index=2, interpolation="LINEAR")
    cliff_rock, tree = material("Chalk Cliff")
    seams = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Object", Scale=(1, 1, 2.4)), "Scale": 1.6},
        feature="DISTANCE_TO_EDGE",
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, seams, (0.0, rgb("#5E5A50")), (0.25, rgb("#C9C3B2"))),
            "Roughness": 0.95,
            "Normal": bump(tree, seams, 0.6, 0.15),
        },
    )
    cliff = cube("Headland", (8, 7, 3.2), at=(1.8, 1.6, -0.1), material=cliff_rock)
    modify(cliff, "SUBSURF", "Rock Grid", subdivision_type="SIMPLE", levels=5, render_levels=6)
    modify(cliff, "DISPLACE", "Weathering", strength=0.16, mid_level=0.6, texture=clouds("Weathering", 0.4, 5))
    cottage = collection("Keeper's Cottage")
    cube(
        "Cottage Walls",
        (1.8, 1.3, 1.0),
        at=(2.6, 1.0, 2.0),
        material=plain("Whitewash", rgb("#EDE8DC"), 0.9),
        into=cottage,
    )
    roof = cylinder(
        "Cottage Roof",
        1.0,
        2.0,
        3,
        at=(2.6, 1.0, 2.72),
        turn=(0, 90, 0),
        material=plain("Slate Roof", rgb("#39424C"), 0.7),
        into=cottage,
    )
    roof.scale = (0.7, 0.95, 1.0)
    for i, x in enumerate((2.15, 3.0)):
        plane(
            f"Cottage Window.{i + 1}",
            (0.3, 0.36),
            at=(x, 0.345, 2.05),
            turn=(90, 0, 0),
            material=glow(f"Lamp Lit Window {i + 1}", rgb("#FFB55A"), 3.0),
            into=cottage,
        )
    sea, tree = material("Evening Sea")
    chop = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(80, 80, 1)), "Scale": 2.0, "Detail": 6.0}
    )
    principled(tree, {"Base Color": rgb("#0F2C3B"), "Roughness": 0.12, "Normal": bump(tree, chop, 0.5, 0.2)})
    plane("Sea", (160, 160), at=(0, 0, -1.4), material=sea)
    haze, tree = material("Sea Haze")
    volume = add(tree, "ShaderNodeVolumeScatter", {"Color": rgb("#D6E0EE"), "Density": 0.008, "Anisotropy": 0.5})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": volume})
    cube("Haze", (50, 50, 16), at=(0, 0, 6.7), material=haze)
    light("SUN", "Dusk Sun", (-12, 6, 2.2), 1.8, color="#FF9466", angle=0.04)
    gradient_world("Dusk", (0.49, "#E38E68"), (0.55, "#9B7C9E"), (0.75, "#38497F"), (1.0, "#141D40"), strength=0.5)
    camera((-3.5, -13.5, 1.4), (0.9, 0.4, 3.7), lens=35)
    cycles(192, (1350, 1800), volume_bounces=1, volume_step_rate=2.0)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.4)


@scene("landscapes", "Rice terraces stepping up a hillside with water mirrors, banana leaves and a bamboo hut.")
def rice_terraces(rng: random.Random) -> None:
    levels = rng.randint(7, 9)
    mud = plain("Paddy Bank", rgb("#5B4A2C"), 0.95)
    water, tree = material("Paddy Water")
    film = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 3.0})
    principled(
        tree,
        {"Base Color": rgb("#5F7F74"), "Roughness": 0.02, "Specular IOR Level": 0.9, "Normal": bump(tree, film, 0.04)},
    )
    shoots, tree = material("Young Rice")
    rows = add(tree, "ShaderNodeTexWave", {"Vector": mapped(tree, "Object"), "Scale": 4.0, "Distortion": 0.6})
    principled(tree, {"Base Color": ramp(tree, rows, (0.3, rgb("#4E7A24")), (0.8, rgb("#A8C94B"))), "Roughness": 0.8})
    hill = collection("Terraces")
    for i in range(levels):
        radius = 9.0 - 0.85 * i
        y = round(3.0 + 0.55 * i, 2)
        step = cylinder(
            f"Terrace.{i + 1}",
            radius,
            0.6,
            64,
            at=(round(0.5 * sin(i * 1.1), 2), y, round(0.45 * i, 2)),
            material=mud,
            into=hill,
        )
        step.scale = (1.0, 0.78, 1.0)
        modify(step, "SUBSURF", "Bank Grid", subdivision_type="SIMPLE", levels=2, render_levels=3)
        modify(
            step,
            "DISPLACE",
            "Hand Built",
            strength=0.35,
            mid_level=0.5,
            direction="X",
            texture=clouds(f"Banks {i + 1}", 1.6),
        )
        cover = disc(
            f"Paddy.{i + 1}",
            radius - 0.12,
            64,
            at=(step.location.x, y, round(0.45 * i + 0.31, 3)),
            material=(water, shoots)[i % 2],
            into=hill,
        )
        cover.scale = (0.97, 0.75, 1.0)
        wall = torus(
            f"Dyke.{i + 1}",
            radius - 0.1,
            0.09,
            96,
            8,
            at=(step.location.x, y, round(0.45 * i + 0.32, 3)),
            material=mud,
            into=hill,
        )
        wall.scale = (0.98, 0.765, 1.0)
    hut = collection("Hut")
    top = 0.45 * levels + 0.1
    thatch, tree = material("Thatch")
    straw = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(30, 30, 2)), "Scale": 3.0, "Detail": 5.0}
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, straw, (0.3, rgb("#6B5227")), (0.7, rgb("#C2A05A"))),
            "Roughness": 0.95,
            "Normal": bump(tree, straw, 0.6, 0.03),
        },
    )
    y = 3.0 + 0.55 * levels
    roof = cone(
        "Thatch Roof", 0.95, 0.05, 0.7, 4, at=(0, y, round(top + 1.05, 2)), turn=(0, 0, 45), material=thatch, into=hut
    )
    modify(roof, "SUBSURF", "Thatch Layers", subdivision_type="SIMPLE", levels=3, render_levels=4)
    modify(roof, "DISPLACE", "Shaggy", strength=0.1, mid_level=0.5, texture=clouds("Shag", 0.08))
    bamboo = plain("Bamboo Pole", rgb("#B59A54"), 0.5)
    for name, dx, dy in (("FL", -0.5, -0.5), ("FR", 0.5, -0.5), ("BL", -0.5, 0.5), ("BR", 0.5, 0.5)):
        cylinder(
            f"Hut Post.{name}", 0.04, 1.1, 10, at=(dx, round(y + dy, 2), round(top + 0.3, 2)), material=bamboo, into=hut
        )
    banana = plain("Banana Leaf", rgb("#4F8F2F"), 0.45, transmission_weight=0.1)
    for i in range(rng.randint(6, 9)):
        x, base = vary(rng, 3.2, 6.0, 1) * (1 if i % 2 else -1), vary(rng, -3.6, -1.0, 1)
        for j in range(5):
            leaf = plane(
                f"Banana Leaf.{i + 1}.{j + 1}",
                (0.34, 1.3),
                at=(x, base, 0.75),
                turn=(38 + 4 * j, 0, 72 * j + 10 * i),
                material=banana,
                into=collection("Banana Plants"),
            )
            modify(leaf, "SUBSURF", "Leaf Grid", subdivision_type="SIMPLE", levels=3, render_levels=3)
            modify(leaf, "SIMPLE_DEFORM", "Drooping Leaf", deform_method="BEND", angle=radians(65), deform_axis="X")
    plane("Valley Floor", (60, 60), at=(0, 0, -0.3), material=plain("Valley Green", rgb("#4B6B2E"), 0.95))
    light("SUN", "Monsoon Break", (-5, -2, 7), 3.8, target=(0, 4, 1), color="#FFEBC8", angle=0.03)
    gradient_world(
        "Monsoon Sky", (0.48, "#D9DCD6"), (0.56, "#EFE6D2"), (0.8, "#8FB3D9"), (1.0, "#5C8AC2"), strength=0.8
    )
    camera((1.2, -12.0, 4.6), (0, 3.2, 1.5), lens=34)
    cycles(128, (1920, 1280))
    grade("AgX", "AgX - Punchy", exposure=-0.4)
