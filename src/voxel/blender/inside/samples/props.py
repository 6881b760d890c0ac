"""Props: an oak barrel, a treasure chest, a street lamp, a market stall of crates."""

from __future__ import annotations

import random
from math import radians

from .catalogue import scene
from .nodes import add, blend, bump, glow, mapped, material, math, out, plain, principled, ramp, rgb
from .shapes import collection, cone, cube, curve, cylinder, empty, instance, lathe, modify, plane, sphere, torus, twin
from .staging import backdrop, camera, cycles, eevee, flat_world, grade, gradient_world, light, vary


@scene("props", "An old oak wine barrel with riveted iron hoops and a tap, standing on cobbles.")
def wine_barrel(rng: random.Random) -> None:
    height, belly = vary(rng, 0.9, 1.0, 2), vary(rng, 0.33, 0.37, 3)

    oak, tree = material("Barrel Oak")
    staves = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Generated", Scale=(1, 1, 0.05)), "Scale": 6.0, "Distortion": 1.2},
    )
    age = add(tree, "ShaderNodeTexNoise", {"Scale": 5.0, "Detail": 12.0, "Roughness": 0.6})
    tone = ramp(tree, age, (0.25, rgb("#3E2413")), (0.6, rgb("#7D5230")), (0.8, rgb("#A37648")))
    depth = math(tree, "MULTIPLY", staves, out(age, 0))
    principled(tree, {"Base Color": tone, "Roughness": 0.75, "Normal": bump(tree, depth, 0.6, 0.008)})
    iron, tree = material("Rusty Hoop Iron")
    spots = add(tree, "ShaderNodeTexNoise", {"Scale": 11.0, "Detail": 6.0, "Lacunarity": 2.4})
    mask = ramp(tree, spots, (0.45, rgb("#000000")), (0.6, rgb("#FFFFFF")))
    flip = add(tree, "ShaderNodeInvert", {"Color": mask})
    color = blend(tree, out(mask, 0), rgb("#3A3B3D"), rgb("#7A3A1C"))
    principled(tree, {"Base Color": color, "Metallic": flip, "Roughness": 0.6})

    barrel = collection("Barrel")
    profile = [(0.0, 0.03), (0.27, 0.03), (0.27, 0.0), (0.29, 0.0), (belly, height / 2), (0.29, height), (0.27, height)]
    body = lathe("Staves", [*profile, (0.27, height - 0.03), (0.0, height - 0.03)], 28, material=oak, into=barrel)
    modify(body, "BEVEL", "Stave Gaps", width=0.004, segments=2, limit_method="ANGLE", angle_limit=radians(8))
    for i, (level, radius) in enumerate(((0.06, 0.3), (0.24, 0.335), (0.76, 0.335), (0.94, 0.3))):
        hoop = cylinder(
            f"Hoop.{i + 1}",
            radius + 0.004,
            0.045,
            48,
            at=(0, 0, round(level * height, 3)),
            material=iron,
            into=barrel,
            smooth=True,
        )
        modify(hoop, "SOLIDIFY", "Strap", thickness=0.006, use_even_offset=True)
        modify(hoop, "EDGE_SPLIT", "Hard Rim", split_angle=radians(40))
        sphere(
            f"Rivet.{i + 1}", 0.009, 12, 8, at=(0, -radius - 0.01, round(level * height, 3)), material=iron, into=barrel
        )
    brass = plain("Tap Brass", rgb("#B58A3A"), 0.3, metallic=1.0)
    cylinder("Tap Spout", 0.016, 0.14, 20, at=(0.09, -0.37, 0.2), turn=(80, 0, 0), material=brass, into=barrel)
    cube("Tap Handle", (0.07, 0.012, 0.02), at=(0.09, -0.39, 0.235), material=brass, into=barrel)

    cobbles, tree = material("Wet Cobbles")
    cells = add(
        tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 7.0}, feature="DISTANCE_TO_EDGE"
    )
    stones = ramp(tree, cells, (0.03, rgb("#171512")), (0.12, rgb("#5C5850")))
    principled(tree, {"Base Color": stones, "Roughness": 0.32, "Normal": bump(tree, cells, 0.9, 0.06)})
    plane("Yard", (14, 14), material=cobbles)
    plane("Cellar Wall", (14, 6), at=(0, 2.2, 3), turn=(90, 0, 0), material=plain("Cellar Wall", rgb("#6E6253"), 0.95))
    light(
        "AREA",
        "Doorway",
        (2.6, -2.0, 2.4),
        240,
        color="#FFE3BA",
        shape="RECTANGLE",
        size=1.0,
        size_y=2.2,
        target=(0, 0, 0.5),
    )
    light("AREA", "Cool Rim", (-2.2, 1.2, 1.8), 120, color="#A9C4FF", size=1.0, target=(0, 0, 0.6))
    flat_world("Cellar", "#3D3A36", 0.25)
    camera((1.3, -2.5, 1.05), (0, 0, 0.48), lens=55, depth=4.0)
    cycles(128, (1500, 1500))
    grade("AgX", "AgX - Punchy", exposure=0.2)


@scene("props", "A half-open pirate treasure chest with iron bands, spilling gold coins and gems on sand.")
def treasure_chest(rng: random.Random) -> None:
    width, open_angle = 0.9, vary(rng, 38, 60, 0)

    planks, tree = material("Salt Worn Planks")
    lines = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 3.4, "Distortion": 2.0, "Detail": 4.0},
        bands_direction="Z",
    )
    salt = add(tree, "ShaderNodeTexNoise", {"Scale": 8.0, "Detail": 6.0})
    tone = blend(tree, out(salt, 0), rgb("#3A2113"), rgb("#8B6A48"))
    principled(tree, {"Base Color": tone, "Roughness": 0.8, "Normal": bump(tree, lines, 0.3, 0.01)})
    bands = plain("Forged Iron", rgb("#2B2A2A"), 0.5, metallic=0.95)
    gold = plain("Doubloon Gold", rgb("#F0B93A"), 0.22, metallic=1.0)

    chest = collection("Chest")
    hinge = empty("Lid Hinge", "CIRCLE", 0.2, at=(0, 0.27, 0.42), turn=(-open_angle, 0, 0), into=chest)
    box = cube("Box", (width, 0.54, 0.42), at=(0, 0, 0.21), material=planks, into=chest)
    modify(box, "BEVEL", "Chamfer", width=0.012, segments=2)
    lid = cylinder(
        "Lid",
        0.27,
        width,
        40,
        at=(0, -0.27, 0.0),
        turn=(0, 90, 0),
        material=planks,
        parent=hinge,
        into=chest,
        smooth=True,
    )
    modify(lid, "EDGE_SPLIT", "Hard Ends", split_angle=radians(50))
    for side, x in (("L", -0.32), ("M", 0.0), ("R", 0.32)):
        strap = torus(
            f"Lid Band.{side}",
            0.272,
            0.012,
            48,
            8,
            at=(x, -0.27, 0),
            turn=(0, 90, 0),
            material=bands,
            parent=hinge,
            into=chest,
        )
        strap.scale = (1, 1, 2.6)
        cube(f"Box Band.{side}", (0.06, 0.56, 0.43), at=(x, 0, 0.215), material=bands, into=chest)
    lock = cube("Lock Plate", (0.12, 0.02, 0.14), at=(0, -0.28, 0.34), material=gold, into=chest)
    modify(lock, "BEVEL", "Cast Edge", width=0.1, segments=4, affect="EDGES", profile=0.8)

    hoard = collection("Hoard")
    coin = cylinder("Coin", 0.028, 0.005, 24, at=(0.3, -0.4, 0.01), material=gold, into=hoard)
    modify(coin, "BEVEL", "Milled Edge", width=0.001, segments=1)
    for i in range(rng.randint(26, 34)):
        at = (vary(rng, -0.55, 0.6), vary(rng, -0.85, -0.32), vary(rng, 0.005, 0.03))
        twin(coin, f"Coin.{i + 1:03}", at=at, turn=(vary(rng, -25, 25, 0), vary(rng, -25, 25, 0), vary(rng, 0, 90, 0)))
    for name, code, x in (("Ruby", "#B3001E", -0.25), ("Emerald", "#00803C", 0.12), ("Sapphire", "#0B2FA8", 0.42)):
        stone = plain(name, rgb(code), 0.02, transmission_weight=1.0, ior=1.77)
        gem = cone(
            f"{name} Gem",
            0.045,
            0.02,
            0.03,
            8,
            at=(x, vary(rng, -0.62, -0.45, 2), 0.04),
            turn=(vary(rng, 150, 200, 0), 20, 0),
            material=stone,
            into=hoard,
        )
        modify(gem, "BEVEL", "Facets", width=0.008, segments=1, offset_type="OFFSET")

    sand, tree = material("Beach Sand")
    waves = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object", Rotation=(0, 0, 0.6)), "Scale": 40.0, "Distortion": 7.0, "Detail": 3.0},
    )
    speck = add(tree, "ShaderNodeTexWhiteNoise", {"Vector": mapped(tree, "Object", Scale=(400, 400, 400))})
    height = math(tree, "MULTIPLY_ADD", out(speck, "Value"), 0.08, waves)
    principled(tree, {"Base Color": rgb("#D9BC86"), "Roughness": 0.95, "Normal": bump(tree, height, 0.35, 0.04)})
    plane("Beach", (40, 40), material=sand)
    light("SUN", "Tropical Sun", (3, -4, 6), 4.5, color="#FFE9C4", angle=0.01)
    gradient_world("Lagoon Sky", (0.48, "#D8C49A"), (0.5, "#BFE3EE"), (0.8, "#3F8FCB"), strength=0.7)
    camera((1.2, -2.5, 1.25), (0.02, -0.12, 0.34), lens=42)
    cycles(160, (1920, 1280), caustics_refractive=True)
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.4)


@scene("props", "A Victorian cast-iron street lamp glowing in a rainy night with a wet pavement.")
def street_lamp(rng: random.Random) -> None:
    height = vary(rng, 2.9, 3.3, 1)

    iron = plain("Bottle Green Cast Iron", rgb("#12261D"), 0.35, metallic=0.4, coat_weight=0.5)
    post = collection("Lamp Post")
    profile = [
        (0.0, 0.0),
        (0.2, 0.0),
        (0.2, 0.12),
        (0.13, 0.2),
        (0.15, 0.42),
        (0.08, 0.55),
        (0.055, 0.7),
        (0.045, height - 0.1),
        (0.08, height),
    ]
    column = lathe("Column", profile, 16, material=iron, into=post)
    modify(column, "SUBSURF", "Casting", levels=1, render_levels=2, use_limit_surface=False)
    for i in range(2):
        torus(f"Collar.{i + 1}", 0.065, 0.018, at=(0, 0, 0.72 + i * 1.4), material=iron, into=post)
    bar = [(-0.32, 0, height - 0.35), (0, 0, height - 0.28), (0.32, 0, height - 0.35)]
    curve("Ladder Bar", bar, bevel=0.016, material=iron, into=post)
    head = collection("Lantern Head")
    cage = cone("Cage", 0.12, 0.2, 0.42, 6, at=(0, 0, height + 0.21), material=iron, into=head)
    modify(cage, "WIREFRAME", "Glazing Bars", thickness=0.02, use_even_offset=True)
    glass = plain("Rippled Glass", rgb("#FFF6DE"), 0.15, transmission_weight=0.9, ior=1.5)
    panes = cone("Panes", 0.112, 0.19, 0.4, 6, at=(0, 0, height + 0.21), material=glass, into=head)
    panes.visible_shadow = cage.visible_shadow = False
    cone("Roof", 0.24, 0.05, 0.16, 6, at=(0, 0, height + 0.5), material=iron, into=head)
    sphere("Finial", 0.04, 16, 12, at=(0, 0, height + 0.62), material=iron, into=head)
    cylinder(
        "Gas Mantle",
        0.03,
        0.12,
        16,
        at=(0, 0, height + 0.16),
        material=glow("Gas Flame", rgb("#FFB04A"), 60.0),
        into=head,
    )
    light("POINT", "Lamp Light", (0, 0, height + 0.2), 1400, color="#FFB767", shadow_soft_size=0.08)

    wet, tree = material("Wet Asphalt")
    puddle = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 0.7, "Detail": 3.0})
    gloss = ramp(tree, puddle, (0.42, rgb("#0D0D0D")), (0.58, rgb("#8F8F8F")))
    gravel = add(tree, "ShaderNodeTexVoronoi", {"Scale": 140.0})
    principled(
        tree,
        {"Base Color": rgb("#15161A"), "Roughness": gloss, "Normal": bump(tree, out(gravel, "Distance"), 0.25, 0.004)},
    )
    plane("Street", (40, 40), material=wet)
    kerb = cube("Kerb", (2.0, 0.3, 0.16), at=(-8, -0.7, 0.08), material=plain("Granite Kerb", rgb("#5B5D62"), 0.5))
    modify(kerb, "BEVEL", "Worn Corner", width=0.03, segments=3)
    modify(kerb, "ARRAY", "Run", count=9, relative_offset_displace=(1.01, 0, 0))
    facade = plain("Sooty Facade", rgb("#2B2522"), 0.9)
    cube("Facade", (16, 1, 7), at=(0, 4.5, 3.5), material=facade)
    lit = glow("Curtained Window", rgb("#FFA857"), 0.4)
    for i in range(3):
        plane(f"Window.{i + 1}", (0.9, 1.5), at=(-3.4 + 3.1 * i, 3.99, 3.2), turn=(90, 0, 0), material=lit)
    gradient_world("Rain Clouds", (0.4, "#05070C"), (0.55, "#161C2B"), (1.0, "#0A0E18"), strength=0.5)
    camera((2.6, -6.4, 1.5), (0, 0.4, 1.95), lens=38)
    eevee(128, (1080, 1620), use_raytracing=True)
    grade("Filmic", "Very High Contrast", exposure=0.8)


@scene("props", "A fruit market stall: wooden crates of apples and lemons under a striped awning.")
def market_stall(rng: random.Random) -> None:
    slat = plain("Raw Spruce", rgb("#C79B62"), 0.8)
    crate = collection("Crate Parts")
    for side, y in (("Front", -0.18), ("Back", 0.18)):
        board = cube(f"Slat {side}", (0.54, 0.012, 0.06), at=(0, y, 0.04), material=slat, into=crate)
        modify(board, "ARRAY", "Courses", count=3, relative_offset_displace=(0, 0, 1.35))
    for side, x in (("L", -0.265), ("R", 0.265)):
        board = cube(f"End {side}", (0.012, 0.36, 0.2), at=(x, 0, 0.12), material=slat, into=crate)
        modify(board, "BEVEL", "Sanded", width=0.02, segments=1, limit_method="NONE")
    cube("Crate Base", (0.54, 0.36, 0.012), at=(0, 0, 0.01), material=slat, into=crate)

    skin, tree = material("Apple Skin")
    fade = add(
        tree,
        "ShaderNodeTexGradient",
        {"Vector": mapped(tree, "Generated", Location=(-0.5, -0.5, 0), Scale=(1, 1, 1))},
        gradient_type="SPHERICAL",
    )
    streak = add(tree, "ShaderNodeTexNoise", {"Scale": 14.0, "Distortion": 1.5})
    mix = math(tree, "ADD", fade, out(streak, 0))
    principled(
        tree,
        {
            "Base Color": ramp(tree, mix, (0.35, rgb("#8E0F16")), (0.75, rgb("#D8A83A"))),
            "Roughness": 0.22,
            "Coat Weight": 0.4,
        },
    )
    zest, tree = material("Lemon Zest")
    pores = add(tree, "ShaderNodeTexVoronoi", {"Scale": 38.0}, feature="SMOOTH_F1")
    principled(
        tree,
        {
            "Base Color": rgb("#F2CB1D"),
            "Roughness": 0.4,
            "Subsurface Weight": 0.15,
            "Normal": bump(tree, out(pores, "Distance"), 0.3, 0.003),
        },
    )
    fruit = collection("Fruit")
    apple = sphere("Apple", 0.042, 20, 12, at=(0, 0, 0), material=skin, into=fruit)
    modify(apple, "CAST", "Dimple", factor=-0.18, cast_type="CYLINDER")
    lemon = sphere("Lemon", 0.034, 20, 12, at=(0, 0, 0), material=zest, into=fruit)
    lemon.scale = (1, 1, 1.35)

    stall = collection("Stall")
    cube("Counter", (2.3, 0.95, 0.05), at=(0, 0, 0.72), material=slat, into=stall)
    for i, kind in enumerate((apple, lemon, apple, lemon) if rng.random() < 0.5 else (lemon, apple, apple, lemon)):
        x = -0.84 + 0.56 * i
        instance(crate, f"Crate.{i + 1}", at=(round(x, 3), -0.12, 0.78), turn=(14, 0, 0), into=stall)
        for j in range(24):
            at = (
                round(x - 0.2 + 0.08 * (j % 6) + rng.uniform(-0.01, 0.01), 4),
                round(-0.26 + 0.085 * (j // 6), 4),
                round(0.93 + 0.021 * (j // 6), 4),
            )
            twin(kind, f"{kind.name} {i + 1}.{j + 1:02}", at=at, turn=(vary(rng, 0, 180, 0), vary(rng, 0, 90, 0), 0))
    for parked in (apple, lemon):
        parked.location = (0.95 if parked is apple else 1.05, -0.42, 0.785)
    stripes, tree = material("Striped Canvas")
    bands = add(tree, "ShaderNodeTexWave", {"Vector": mapped(tree, "UV"), "Scale": 3.0}, wave_profile="SIN")
    stripe = ramp(tree, bands, (0.0, rgb("#B5202B")), (0.5, rgb("#F3EBDD")), interpolation="CONSTANT")
    principled(tree, {"Base Color": stripe, "Roughness": 0.85, "Transmission Weight": 0.1})
    awning = plane("Awning", (2.7, 1.5), at=(0, -0.25, 2.0), turn=(18, 0, 0), material=stripes, into=stall)
    modify(awning, "SUBSURF", "Cloth Grid", subdivision_type="SIMPLE", levels=4, render_levels=5)
    modify(awning, "WAVE", "Scallops", height=0.035, width=0.22, narrowness=3.0, use_y=False)
    for name, x, y in (("FL", -1.2, -0.75), ("FR", 1.2, -0.75), ("BL", -1.2, 0.4), ("BR", 1.2, 0.4)):
        cylinder(
            f"Post.{name}",
            0.025,
            1.75 if y < 0 else 2.2,
            12,
            at=(x, y, 0.87 if y < 0 else 1.1),
            material=slat,
            into=stall,
        )
    cube(
        "Skirt",
        (2.28, 0.02, 0.7),
        at=(0, -0.46, 0.36),
        material=plain("Chalkboard Paint", rgb("#20302A"), 0.9),
        into=stall,
    )
    backdrop(12, 5, 5, plain("Market Square", rgb("#B3A691"), 0.85))
    light("SUN", "Noon Sun", (-3, -4, 7), 3.8, color="#FFF0D6", angle=0.015)
    light("AREA", "Street Bounce", (2.5, -3.0, 1.0), 60, size=2.0, target=(0, 0, 1))
    flat_world("Blue Sky Fill", "#A8C6EA", 0.9)
    camera((1.3, -4.3, 1.65), (0, -0.1, 1.1), lens=40)
    cycles(96, (1920, 1280))
    grade("AgX", "AgX - Punchy", exposure=0.8)
