"""Product shots: a perfume bottle, a wristwatch, headphones, a mug of coffee."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

from .catalogue import scene
from .nodes import add, blend, bump, mapped, material, out, plain, principled, ramp, rgb, surface
from .shapes import collection, cube, curve, cylinder, disc, empty, lathe, modify, plane, sphere, text, torus
from .staging import backdrop, camera, cycles, flat_world, grade, gradient_world, light, vary


@scene("products", "A square perfume bottle of thick glass with amber liquid, a gold collar and a black marble plinth.")
def perfume_bottle(rng: random.Random) -> None:
    juice = rng.choice(["#D98A3A", "#D9778C", "#7FA66B"])

    glass, tree = material("Flint Glass")
    shader = add(tree, "ShaderNodeBsdfGlass", {"Color": rgb("#F7FBFA"), "Roughness": 0.0, "IOR": 1.52})
    surface(tree, shader)
    liquid, tree = material("Perfume")
    body = add(tree, "ShaderNodeBsdfRefraction", {"Color": rgb(juice), "Roughness": 0.0, "IOR": 1.36})
    absorb = add(tree, "ShaderNodeVolumeAbsorption", {"Color": rgb(juice), "Density": 6.0})
    surface(tree, body, volume=absorb)
    gold = plain("Collar Gold", rgb("#E2B45C"), 0.16, metallic=1.0, anisotropic=0.4)
    lacquer = plain("Black Lacquer", rgb("#050506"), 0.08, coat_weight=1.0)

    bottle = collection("Bottle")
    root = empty("Bottle Root", "CUBE", 0.03, turn=(0, 0, 18), into=bottle)
    shell = cube("Glass Shell", (0.07, 0.045, 0.09), at=(0, 0, 0.047), material=glass, parent=root, into=bottle)
    modify(shell, "BEVEL", "Polished Edge", width=0.06, segments=6)
    modify(shell, "WEIGHTED_NORMAL", "Even Shading", keep_sharp=True)
    fill = cube("Liquid", (0.058, 0.033, 0.066), at=(0, 0, 0.042), material=liquid, parent=root, into=bottle)
    modify(fill, "BEVEL", "Meniscus", width=0.05, segments=4)
    cylinder("Collar", 0.013, 0.012, 48, at=(0, 0, 0.098), material=gold, parent=root, into=bottle, smooth=False)
    cap = cube("Cap", (0.032, 0.032, 0.034), at=(0, 0, 0.121), material=lacquer, parent=root, into=bottle)
    modify(cap, "BEVEL", "Piano Edge", width=0.06, segments=5, profile=0.7)
    label = text(
        "Label",
        "VOILE",
        0.011,
        {"extrude": 0.0002, "space_character": 1.4},
        at=(0, -0.0227, 0.05),
        turn=(90, 0, 0),
        parent=root,
        into=bottle,
    )
    label.data.materials.append(gold)

    marble, tree = material("Nero Marquina")
    warp = add(
        tree,
        "ShaderNodeTexNoise",
        {"Vector": mapped(tree, "Object", Scale=(8, 8, 8)), "Detail": 9.0, "Distortion": 0.8},
    )
    veins = add(tree, "ShaderNodeTexVoronoi", {"Vector": out(warp, "Color"), "Scale": 5.0}, feature="DISTANCE_TO_EDGE")
    principled(
        tree, {"Base Color": ramp(tree, veins, (0.0, rgb("#D9D5CF")), (0.03, rgb("#0B0B0D"))), "Roughness": 0.12}
    )
    plinth = cylinder("Plinth", 0.09, 0.03, 96, at=(0, 0, -0.0152), material=marble, smooth=False)
    modify(plinth, "BEVEL", "Arris", width=0.0015, segments=3, limit_method="ANGLE")
    sweep = backdrop(1.6, 0.7, 0.7, plain("Champagne Paper", rgb("#C9B29A"), 0.7))
    sweep.location.z = -0.03
    light("AREA", "Strip Left", (-0.32, -0.1, 0.22), 4.5, target=(0, 0, 0.05), shape="RECTANGLE", size=0.08, size_y=0.5)
    light(
        "AREA",
        "Strip Right",
        (0.34, 0.05, 0.2),
        3.0,
        target=(0, 0, 0.05),
        shape="RECTANGLE",
        size=0.06,
        size_y=0.5,
        color="#FFE9CF",
    )
    light("AREA", "Back Glow", (0.0, 0.26, 0.12), 2.4, target=(0, 0, 0.05), size=0.18, color="#FFD7A0")
    flat_world("Dim Studio", "#5D5650", 0.3)
    camera((0.12, -0.52, 0.13), (0, 0, 0.055), lens=85, depth=8.0)
    cycles(512, (1600, 2000), transmission_bounces=16, max_bounces=20)
    grade("AgX", "AgX - Medium High Contrast")


@scene(
    "products", "A steel dive watch lying on slate, with hands set to ten past ten, hour markers and a rubber strap."
)
def wristwatch(rng: random.Random) -> None:
    accent = rng.choice(["#0C2A52", "#0E3B2A", "#141416"])

    steel, tree = material("Brushed 316L")
    brush = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(900, 12, 12)), "Scale": 1.0, "Detail": 2.0}
    )
    rough = add(
        tree,
        "ShaderNodeMapRange",
        {"Value": out(brush, 0), "From Min": 0.3, "From Max": 0.7, "To Min": 0.18, "To Max": 0.36},
    )
    principled(tree, {"Base Color": rgb("#C6C9CC"), "Metallic": 1.0, "Roughness": rough, "Anisotropic": 0.6})
    dial, tree = material("Sunburst Dial")
    burst = add(tree, "ShaderNodeTexGradient", {"Vector": mapped(tree, "Object")}, gradient_type="RADIAL")
    rays = add(tree, "ShaderNodeTexWave", {"Vector": burst, "Scale": 60.0, "Distortion": 2.0})
    principled(
        tree,
        {
            "Base Color": rgb(accent),
            "Metallic": 0.9,
            "Roughness": ramp(tree, rays, (0.0, rgb("#404040")), (1.0, rgb("#808080"))),
        },
    )
    lume = plain("Lume", rgb("#E9F2DC"), 0.5, emission_color=rgb("#B9F5C8"), emission_strength=0.4)
    rubber = plain("Strap Rubber", rgb("#121212"), 0.72)

    watch = collection("Watch")
    root = empty("Watch", "CIRCLE", 0.03, turn=(0, 0, 24), into=watch)
    case = lathe(
        "Case",
        [(0.0, 0.0), (0.017, 0.0), (0.0205, 0.003), (0.0205, 0.008), (0.019, 0.01)],
        96,
        material=steel,
        parent=root,
        into=watch,
        smooth=True,
    )
    modify(case, "EDGE_SPLIT", "Machined", split_angle=radians(25))
    bezel = cylinder("Bezel", 0.0202, 0.0022, 60, at=(0, 0, 0.0105), material=steel, parent=root, into=watch)
    modify(bezel, "BEVEL", "Coin Edge", width=0.0004, segments=1, limit_method="ANGLE", angle_limit=radians(5))
    disc("Dial", 0.0172, 96, at=(0, 0, 0.0118), material=dial, parent=root, into=watch)
    for hour in range(12):
        angle = hour * pi / 6
        at = (round(0.0145 * sin(angle), 5), round(0.0145 * cos(angle), 5), 0.0121)
        size = (0.0018, 0.0042 if hour % 3 == 0 else 0.0026, 0.0006)
        cube(f"Marker.{hour or 12:02}", size, at=at, turn=(0, 0, -30 * hour), material=lume, parent=root, into=watch)
    for name, reach, wide, angle in (
        ("Hour Hand", 0.0088, 0.0016, -304.0),
        ("Minute Hand", 0.0135, 0.0012, -58.0),
        ("Second Hand", 0.0155, 0.0004, -205.0),
    ):
        pivot = empty(
            f"{name} Pivot", "SINGLE_ARROW", 0.01, at=(0, 0, 0.0126), turn=(0, 0, angle), parent=root, into=watch
        )
        cube(name, (wide, reach, 0.0003), at=(0, reach / 2, 0), material=lume, parent=pivot, into=watch)
    cylinder(
        "Crown", 0.0032, 0.005, 24, at=(0.0228, 0, 0.006), turn=(0, 90, 0), material=steel, parent=root, into=watch
    )
    crystal = plain("Sapphire Crystal", rgb("#FFFFFF"), 0.0, transmission_weight=1.0, ior=1.77, alpha=0.25)
    cylinder("Crystal", 0.018, 0.0008, 64, at=(0, 0, 0.0142), material=crystal, parent=root, into=watch)
    for side, y in (("Upper", 1), ("Lower", -1)):
        strap = cube(
            f"Strap {side}", (0.02, 0.06, 0.0035), at=(0, y * 0.048, 0.0035), material=rubber, parent=root, into=watch
        )
        modify(strap, "SUBSURF", "Segments", subdivision_type="SIMPLE", levels=4, render_levels=4)
        modify(strap, "SIMPLE_DEFORM", "Curl", deform_method="TAPER", factor=-0.12 * y, deform_axis="Y")

    slate, tree = material("Split Slate")
    layers = add(
        tree,
        "ShaderNodeTexNoise",
        {"Vector": mapped(tree, "Object", Scale=(20, 20, 20)), "Detail": 14.0, "Roughness": 0.72},
    )
    principled(tree, {"Base Color": rgb("#26292D"), "Roughness": 0.68, "Normal": bump(tree, layers, 0.6, 0.004)})
    plane("Slate", (0.6, 0.6), material=slate)
    light("AREA", "Overhead Softbox", (0.02, 0.08, 0.3), 2.4, target=(0, 0, 0), size=0.24)
    light("AREA", "Edge Kicker", (-0.22, -0.06, 0.07), 0.9, target=(0, 0, 0.01), size=0.06, color="#BFD7FF")
    gradient_world("Watch Cove", (0.4, "#0C0E10"), (0.7, "#3A4048"), (1.0, "#9AA3AD"), strength=0.4)
    camera((0.04, -0.135, 0.105), (0, 0, 0.006), lens=80, depth=11.0)
    cycles(384, (2000, 2000), denoising_input_passes="RGB_ALBEDO_NORMAL")
    grade("AgX", "AgX - High Contrast", exposure=0.3)


@scene("products", "Over-ear headphones with soft cushions standing on a coloured studio sweep.")
def headphones(rng: random.Random) -> None:
    hue = rng.choice([("#E4572E", "#F2A07E"), ("#2E86AB", "#9CCDE0"), ("#F2B705", "#F8DE8B")])

    shell, tree = material("Soft Touch Shell")
    grit = add(tree, "ShaderNodeTexNoise", {"Scale": 900.0, "Detail": 1.0})
    principled(
        tree,
        {
            "Base Color": rgb("#17181B"),
            "Roughness": 0.48,
            "Normal": bump(tree, grit, 0.08, 0.0003),
            "Coat Weight": 0.08,
        },
    )
    trim = plain("Anodised Trim", rgb(hue[0]), 0.25, metallic=1.0)
    foam = plain("Protein Leather", rgb("#222226"), 0.62, sheen_weight=0.25)
    mesh_cloth, tree = material("Speaker Mesh")
    holes = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 420.0, "Randomness": 0.0})
    principled(
        tree,
        {
            "Base Color": ramp(tree, out(holes, "Distance"), (0.35, rgb("#050505")), (0.45, rgb("#5A5A5E"))),
            "Roughness": 0.6,
        },
    )

    phones = collection("Headphones")
    root = empty("Headphones", "PLAIN_AXES", 0.05, at=(0, 0, 0.11), turn=(0, 0, 32), into=phones)
    arc = [(-0.08, 0, 0.0), (-0.075, 0, 0.06), (0, 0, 0.105), (0.075, 0, 0.06), (0.08, 0, 0.0)]
    band = curve(
        "Headband",
        arc,
        data={"extrude": 0.014, "bevel_depth": 0.004, "bevel_resolution": 4},
        material=shell,
        parent=root,
        into=phones,
    )
    band.data.twist_mode = "Z_UP"
    pad = curve(
        "Head Cushion",
        [(-0.045, 0, 0.078), (0, 0, 0.094), (0.045, 0, 0.078)],
        bevel=0.011,
        material=foam,
        parent=root,
        into=phones,
    )
    pad.data.bevel_resolution = 8
    for side, x in (("L", -1), ("R", 1)):
        cup = cylinder(
            f"Cup.{side}",
            0.043,
            0.026,
            64,
            at=(x * 0.083, 0, -0.045),
            turn=(0, 90, 0),
            material=shell,
            parent=root,
            into=phones,
            smooth=True,
        )
        modify(cup, "BEVEL", "Pebble", width=0.011, segments=6, limit_method="ANGLE")
        torus(
            f"Ring.{side}",
            0.041,
            0.0022,
            96,
            12,
            at=(x * 0.0955, 0, -0.045),
            turn=(0, 90, 0),
            material=trim,
            parent=root,
            into=phones,
        )
        disc(
            f"Grille.{side}",
            0.03,
            64,
            at=(x * 0.0962, 0, -0.045),
            turn=(0, 90 * x, 0),
            material=mesh_cloth,
            parent=root,
            into=phones,
        )
        cushion = torus(
            f"Ear Cushion.{side}",
            0.031,
            0.0135,
            64,
            24,
            at=(x * 0.064, 0, -0.045),
            turn=(0, 90, 0),
            material=foam,
            parent=root,
            into=phones,
        )
        modify(cushion, "DISPLACE", "Stitch Puckers", strength=0.0015, mid_level=0.5, direction="NORMAL")
        curve(
            f"Yoke.{side}",
            [(x * 0.079, 0, 0.012), (x * 0.094, 0.03, -0.02), (x * 0.094, 0.043, -0.045)],
            bevel=0.0028,
            material=trim,
            parent=root,
            into=phones,
        )
        curve(
            f"Yoke Rear.{side}",
            [(x * 0.079, 0, 0.012), (x * 0.094, -0.03, -0.02), (x * 0.094, -0.043, -0.045)],
            bevel=0.0028,
            material=trim,
            parent=root,
            into=phones,
        )
    root.location.z = 0.0885
    backdrop(2.4, 1.0, 1.0, plain("Colour Sweep", rgb(hue[1]), 0.8))
    light("AREA", "Key Octabox", (-0.5, -0.55, 0.6), 13, target=(0, 0, 0.1), shape="DISK", size=0.45)
    light("AREA", "Rim Strip", (0.5, 0.25, 0.4), 8, target=(0, 0, 0.1), shape="RECTANGLE", size=0.1, size_y=0.6)
    light("AREA", "Floor Fill", (0.35, -0.7, 0.15), 2.5, target=(0, 0, 0.1), size=0.4, color="#FFF3E3")
    flat_world("White Cove", "#E8E8E8", 0.4)
    camera((0.02, -0.72, 0.2), (0, 0, 0.095), lens=70)
    cycles(256, (1600, 1600))
    grade("Khronos PBR Neutral")


@scene("products", "A speckled stoneware mug of black coffee with rising steam on a linen napkin and a biscuit.")
def coffee_mug(rng: random.Random) -> None:
    radius, height = vary(rng, 0.038, 0.043), vary(rng, 0.088, 0.1)

    stoneware, tree = material("Speckled Stoneware")
    dots = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 320.0})
    freckles = ramp(tree, out(dots, "Distance"), (0.12, rgb("#4B3626")), (0.2, rgb("#E6DBC8")), interpolation="EASE")
    split = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    dip = ramp(tree, out(split, "Z"), (0.3, rgb("#FFFFFF")), (0.33, rgb("#000000")))
    color = blend(tree, out(dip, "Color"), out(freckles, "Color"), rgb("#9C6B46"))
    principled(tree, {"Base Color": color, "Roughness": 0.3, "Coat Weight": 0.35})

    mug = collection("Mug")
    wall = [(0.0, 0.0), (radius * 0.9, 0.0), (radius, 0.008), (radius, height)]
    body = lathe("Mug Body", wall, 64, material=stoneware, into=mug, smooth=True)
    modify(body, "SOLIDIFY", "Wall", thickness=0.0042, offset=-1.0, use_rim=True)
    modify(body, "BEVEL", "Lip", width=0.0018, segments=4, limit_method="ANGLE", angle_limit=radians(50))
    handle = [
        (radius - 0.002, 0, height * 0.82),
        (radius + 0.026, 0, height * 0.74),
        (radius + 0.024, 0, height * 0.32),
        (radius - 0.002, 0, height * 0.22),
    ]
    curve("Mug Handle", handle, bevel=0.0052, data={"bevel_resolution": 6}, material=stoneware, into=mug)
    coffee, tree = material("Black Coffee")
    foam = add(
        tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 55.0}, feature="DISTANCE_TO_EDGE"
    )
    crema = ramp(tree, foam, (0.0, rgb("#8A5A2F")), (0.1, rgb("#170A04")))
    principled(tree, {"Base Color": crema, "Roughness": 0.06, "Specular IOR Level": 0.6})
    disc("Coffee", radius - 0.004, 64, at=(0, 0, round(height * 0.86, 4)), material=coffee, into=mug)
    steam, tree = material("Steam")
    wisps = add(
        tree,
        "ShaderNodeTexNoise",
        {"Vector": mapped(tree, "Object", Scale=(14, 14, 5)), "Detail": 5.0, "Distortion": 2.2},
    )
    density = ramp(tree, wisps, (0.52, rgb("#000000")), (0.8, rgb("#FFFFFF")))
    vapour = add(tree, "ShaderNodeVolumeScatter", {"Color": rgb("#FFFFFF"), "Density": density, "Anisotropy": 0.3})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": vapour})
    cylinder("Steam", 0.028, 0.12, 24, at=(0, 0, height + 0.05), material=steam, into=mug)

    biscuit, tree = material("Golden Biscuit")
    crumb = add(tree, "ShaderNodeTexNoise", {"Scale": 95.0, "Detail": 6.0})
    principled(
        tree,
        {
            "Base Color": ramp(tree, crumb, (0.3, rgb("#8C541F")), (0.6, rgb("#D49A52"))),
            "Roughness": 0.9,
            "Normal": bump(tree, crumb, 0.6, 0.002),
        },
    )
    cookie = cylinder("Biscuit", 0.027, 0.009, 48, at=(-0.085, -0.035, 0.0065), material=biscuit, smooth=True)
    modify(cookie, "BEVEL", "Baked Edge", width=0.004, segments=4, limit_method="ANGLE")
    for i in range(rng.randint(6, 9)):
        angle = i * 2.4
        at = (
            round(-0.085 + 0.0075 * (i**0.5) * cos(angle), 4),
            round(-0.035 + 0.0075 * (i**0.5) * sin(angle), 4),
            0.0105,
        )
        sphere(f"Chocolate Chip.{i + 1}", 0.0032, 12, 8, at=at, material=coffee, into=collection("Biscuit"))
    linen, tree = material("Linen Napkin")
    warp = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 130.0, "Distortion": 0.8},
        bands_direction="X",
    )
    weft = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 130.0, "Distortion": 0.8},
        bands_direction="Y",
    )
    threads = add(tree, "ShaderNodeMath", {0: warp, 1: weft}, operation="MAXIMUM")
    principled(
        tree,
        {
            "Base Color": rgb("#B9C2B4"),
            "Roughness": 0.95,
            "Normal": bump(tree, threads, 0.5, 0.0008),
            "Sheen Weight": 0.2,
        },
    )
    napkin = plane("Napkin", (0.24, 0.2), at=(-0.03, -0.01, 0.0012), turn=(0, 0, 12), material=linen)
    modify(napkin, "SOLIDIFY", "Hem", thickness=0.0008)
    backdrop(2.0, 0.9, 0.8, plain("Breakfast Table", rgb("#A87C54"), 0.5))
    light("AREA", "Morning Window", (-0.4, 0.25, 0.35), 5.5, target=(0, 0, 0.04), color="#FFE9CC", size=0.3)
    light("AREA", "White Card", (0.35, -0.3, 0.2), 1.2, target=(0, 0, 0.05), size=0.3)
    flat_world("Kitchen", "#C2CBD6", 0.3)
    camera((0.14, -0.36, 0.2), (-0.02, 0, 0.05), lens=60, depth=3.5)
    cycles(256, (1800, 1200), volume_bounces=1)
    grade("AgX", "AgX - Base Contrast", exposure=0.5)
