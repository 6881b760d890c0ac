"""Stone, tile and timber surfaces: a marble bust, terracotta tiles, an oak floor, a concrete bench, a mosaic."""

from __future__ import annotations

import random
from math import radians

from .catalogue import scene
from .nodes import add, blend, bump, mapped, material, math, out, plain, principled, ramp, rgb
from .shapes import collection, cube, cylinder, empty, grid, lathe, modify, monkey, plane, sphere, torus
from .staging import camera, cycles, eevee, flat_world, grade, gradient_world, light, sky_world, vary


@scene("stonework", "A bust of veined Carrara marble on a turned pedestal in a museum niche.")
def marble_bust(rng: random.Random) -> None:
    marble, tree = material("Carrara Marble")
    coordinates = mapped(tree, "Object", Rotation=(0.4, 0.7, 0.2), Scale=(1.6, 1.6, 1.6))
    warp = add(
        tree,
        "ShaderNodeTexNoise",
        {"Vector": coordinates, "Scale": 2.2, "Detail": 10.0, "Distortion": vary(rng, 0.5, 1.2, 2)},
    )
    bent = blend(tree, 0.35, coordinates, out(warp, "Color"), "LINEAR_LIGHT")
    veins = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": bent, "Scale": 1.1, "Distortion": 6.0, "Detail": 4.0},
        wave_type="BANDS",
        bands_direction="DIAGONAL",
    )
    tone = ramp(tree, veins, (0.0, rgb("#6F7278")), (0.08, rgb("#C3C4C6")), (0.3, rgb("#F2F0EC")))
    principled(tree, {"Base Color": tone, "Roughness": 0.24, "Subsurface Weight": 0.2, "Subsurface Scale": 0.03})

    statue = collection("Bust")
    head = monkey("Marble Head", 0.55, at=(0, 0, 1.47), turn=(0, 0, 16), material=marble, into=statue)
    modify(head, "SUBSURF", "Carving", levels=2, render_levels=3)
    neck = cylinder("Neck", 0.1, 0.22, 40, at=(0, 0.06, 1.22), material=marble, into=statue, smooth=True)
    modify(neck, "SIMPLE_DEFORM", "Shoulders", deform_method="TAPER", factor=-0.9, deform_axis="Z")
    profile = [
        (0.0, 0.0),
        (0.26, 0.0),
        (0.26, 0.06),
        (0.2, 0.1),
        (0.16, 0.16),
        (0.14, 0.85),
        (0.18, 0.95),
        (0.22, 1.0),
        (0.24, 1.08),
        (0.0, 1.08),
    ]
    granite, tree = material("Rose Granite")
    grains = add(tree, "ShaderNodeTexVoronoi", {"Scale": 75.0}, feature="F1")
    mixed = ramp(tree, out(grains, "Color"), (0.3, rgb("#5A4A46")), (0.5, rgb("#B08478")), (0.75, rgb("#D9C3B8")))
    principled(tree, {"Base Color": mixed, "Roughness": 0.18})
    pedestal = lathe("Pedestal", profile, 64, material=granite, into=statue)
    modify(pedestal, "EDGE_SPLIT", "Turned Arrises", split_angle=radians(35))

    hall = collection("Niche")
    niche = cylinder(
        "Niche Wall",
        1.1,
        3.4,
        64,
        at=(0, 0.25, 1.7),
        material=plain("Pompeian Plaster", rgb("#7E3B31"), 0.9),
        into=hall,
        smooth=True,
    )
    mask = cube("Front Cut", (4, 2.2, 4), at=(0, -0.85, 1.7), into=hall)
    mask.hide_render = True
    modify(niche, "BOOLEAN", "Open Front", operation="DIFFERENCE", object=mask, solver="EXACT")
    plane("Gallery Floor", (8, 8), material=plain("Waxed Parquet", rgb("#5B3E26"), 0.25, coat_weight=0.3), into=hall)
    light(
        "SPOT",
        "Accent Spot",
        (-1.6, -2.4, 3.2),
        260,
        target=(0, 0, 1.4),
        color="#FFE9CB",
        spot_size=radians(30),
        spot_blend=0.7,
        shadow_soft_size=0.12,
    )
    light("AREA", "Gallery Fill", (2.4, -2.2, 1.8), 35, target=(0, 0, 1.2), size=1.4, color="#D7E2FF")
    flat_world("Gallery Dusk", "#33343A", 0.5)
    camera((0.55, -3.1, 1.5), (0, 0, 1.05), lens=50)
    cycles(256, (1200, 1800))
    grade("Filmic", "Medium Contrast", exposure=0.5)


@scene("stonework", "A sunlit patio of weathered terracotta tiles with a potted olive and a stone bench.")
def terracotta_patio(rng: random.Random) -> None:
    tile, tree = material("Handmade Terracotta")
    coordinates = mapped(tree, "Object")
    layout = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": coordinates,
            "Scale": 24.0,
            "Color1": rgb("#B4583A"),
            "Color2": rgb("#C97A52"),
            "Mortar": rgb("#B7A78F"),
            "Mortar Size": 0.02,
        },
        offset=0.0,
    )
    layout.inputs["Brick Width"].default_value = 1.0
    layout.inputs["Row Height"].default_value = 1.0
    layout.inputs["Bias"].default_value = -0.2
    bloom = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 9.0, "Detail": 9.0, "Roughness": 0.62})
    lime = ramp(tree, bloom, (0.55, rgb("#000000")), (0.8, rgb("#5A5A5A")))
    dusty = blend(tree, out(lime, "Color"), out(layout, "Color"), rgb("#E0D2BE"))
    relief = math(tree, "SUBTRACT", out(bloom, 0), out(layout, "Fac"))
    principled(tree, {"Base Color": dusty, "Roughness": 0.82, "Normal": bump(tree, relief, 0.45, 0.015)})
    plane("Patio", (7, 7), material=tile)

    bench = collection("Bench")
    stone = plain("Honed Sandstone", rgb("#C9B48C"), 0.85)
    seat = cube("Bench Seat", (1.5, 0.42, 0.1), at=(0.5, 0.9, 0.45), material=stone, into=bench)
    modify(seat, "BEVEL", "Weathered", width=0.03, segments=3, profile=0.4)
    for side, x in (("L", -0.05), ("R", 1.05)):
        block = cube(f"Bench Block.{side}", (0.22, 0.36, 0.4), at=(x, 0.9, 0.2), material=stone, into=bench)
        modify(block, "BEVEL", "Chisel", width=0.06, segments=1, affect="EDGES")
    pot = lathe(
        "Olive Pot",
        [(0.0, 0.0), (0.16, 0.0), (0.26, 0.25), (0.24, 0.42), (0.28, 0.44), (0.28, 0.48)],
        48,
        at=(-0.85, 0.7, 0),
        smooth=True,
    )
    pot.data.materials.append(plain("Glazed Blue Pot", rgb("#2F5C8A"), 0.2, coat_weight=0.7))
    modify(pot, "SOLIDIFY", "Pot Wall", thickness=0.02)
    bark = plain("Olive Bark", rgb("#6E6250"), 0.95)
    trunk = cylinder("Olive Trunk", 0.045, 0.7, 12, at=(-0.85, 0.7, 0.75), material=bark)
    modify(trunk, "SUBSURF", "Knots", subdivision_type="SIMPLE", levels=3, render_levels=3)
    modify(trunk, "SIMPLE_DEFORM", "Gnarled Twist", deform_method="TWIST", angle=radians(140), deform_axis="Z")
    leaf, tree = material("Olive Leaves")
    shade = add(tree, "ShaderNodeObjectInfo")
    principled(
        tree,
        {
            "Base Color": ramp(tree, out(shade, "Random"), (0.0, rgb("#4F5F3A")), (1.0, rgb("#8C9A6B"))),
            "Roughness": 0.6,
            "Subsurface Weight": 0.1,
        },
    )
    for i in range(rng.randint(7, 10)):
        at = (
            round(-0.85 + rng.uniform(-0.28, 0.28), 3),
            round(0.7 + rng.uniform(-0.28, 0.28), 3),
            vary(rng, 1.05, 1.45),
        )
        tuft = sphere(f"Foliage.{i + 1}", vary(rng, 0.14, 0.22, 2), 16, 10, at=at, material=leaf)
        modify(tuft, "DECIMATE", "Clumps", ratio=0.35)
        modify(tuft, "CAST", "Irregular", factor=-0.4, cast_type="SPHERE", use_z=False)
    plane("Garden Wall", (9, 3), at=(0, 1.9, 1.5), turn=(90, 0, 0), material=plain("Chalk Wall", rgb("#EFE7D6"), 0.95))
    light("SUN", "Mediterranean Sun", (-4, -3, 6), 4.4, color="#FFF0D0", angle=0.0092)
    sky_world("Mistral Sky", (-0.5, -0.4, 0.75), 2.0, 0.9)
    camera((1.6, -3.7, 1.7), (0, 0.55, 0.55), lens=38)
    eevee(64, (1920, 1280), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=-0.5)


@scene("stonework", "An oak herringbone floor in an empty sunlit apartment corner with a radiator and skirting.")
def herringbone_floor(rng: random.Random) -> None:
    boards = []
    for i, (dark, pale) in enumerate((("#7A5330", "#A87B4C"), ("#6A4526", "#9A6E42"), ("#87603A", "#BA8C5C"))):
        oak, tree = material(f"Oak Block {'ABC'[i]}")
        rings = add(
            tree,
            "ShaderNodeTexNoise",
            {
                "Vector": mapped(tree, "Object", Location=(i, 2.0 * i, 0), Scale=(30, 1.4, 1)),
                "Scale": 3.0,
                "Detail": 7.0,
                "Distortion": 0.5,
            },
        )
        principled(
            tree,
            {
                "Base Color": ramp(tree, rings, (0.3, rgb(dark)), (0.7, rgb(pale))),
                "Roughness": 0.33 + 0.03 * i,
                "Coat Weight": 0.2,
                "Normal": bump(tree, rings, 0.06, 0.002),
            },
        )
        boards.append(oak)
    floor = collection("Parquet")
    long, wide = 0.6, 0.1
    step = round(wide * 2**0.5, 5)
    reach = round(long / 2**0.5, 5)
    for column in range(5):
        for side, angle in (("A", 45), ("B", -45)):
            x = -1.7 + column * 2 * reach + (0 if side == "A" else reach)
            y = round(-1.8 + (0 if side == "A" else step / 2), 4)
            block = cube(
                f"Block.{column + 1}{side}",
                (wide - 0.002, long, 0.015),
                at=(round(x, 4), y, 0.0),
                turn=(0, 0, -angle),
                material=rng.choice(boards),
                into=floor,
            )
            modify(block, "BEVEL", "Micro Bevel", width=0.02, segments=1)
            carrier = empty(
                f"Row Offset.{column + 1}{side}",
                "ARROWS",
                0.05,
                at=(round(x, 4), round(y + step, 4), 0.0),
                turn=(0, 0, -angle),
                into=floor,
            )
            carrier.scale = block.scale
            modify(
                block,
                "ARRAY",
                "Herringbone Row",
                count=28,
                use_relative_offset=False,
                use_object_offset=True,
                offset_object=carrier,
            )
    plane("Subfloor", (6, 6), at=(0, 0, -0.012), material=plain("Bitumen", rgb("#1B1613"), 0.9))

    room = collection("Room")
    paint = plain("Warm White Paint", rgb("#EDE6DA"), 0.85)
    plane("Wall North", (6, 3), at=(0, 1.9, 1.5), turn=(90, 0, 0), material=paint, into=room)
    plane("Wall West", (3, 6), at=(-1.9, 0, 1.5), turn=(0, 90, 0), material=paint, into=room)
    for name, size, at in (
        ("Skirting North", (6, 0.02, 0.14), (0, 1.885, 0.08)),
        ("Skirting West", (0.02, 6, 0.14), (-1.885, 0, 0.08)),
    ):
        board = cube(name, size, at=at, material=paint, into=room)
        modify(board, "BEVEL", "Ovolo", width=0.01, segments=3, profile=0.65)
    column_mesh = cylinder(
        "Radiator Column",
        0.03,
        0.62,
        16,
        at=(-0.55, 1.79, 0.44),
        material=plain("Radiator Enamel", rgb("#D9D6CE"), 0.3, coat_weight=0.5),
        into=room,
        smooth=True,
    )
    modify(column_mesh, "ARRAY", "Columns", count=rng.randint(9, 12), relative_offset_displace=(1.2, 0, 0))
    modify(column_mesh, "BEVEL", "Rounded Ends", width=0.02, segments=4, limit_method="ANGLE")
    light("SUN", "Window Sun", (5, -4, 5), 5.0, target=(0, 0, 0), color="#FFE6BF", angle=0.006)
    light(
        "AREA",
        "Sky Window",
        (2.6, -1.2, 1.9),
        70,
        target=(-1, 1, 0.6),
        color="#DDEBFF",
        shape="RECTANGLE",
        size=1.4,
        size_y=1.8,
    )
    flat_world("Apartment", "#AEB6C0", 0.4)
    camera((1.35, -1.95, 1.35), (-0.25, 0.75, 0.42), lens=30)
    cycles(160, (1920, 1280), diffuse_bounces=5)
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.3)


@scene(
    "stonework",
    "A board-marked concrete wall and floating steps with a slot of light, in the manner of Japanese modernism.",
)
def concrete_stair(rng: random.Random) -> None:
    steps = rng.randint(7, 9)

    concrete, tree = material("Board Marked Concrete")
    coordinates = mapped(tree, "Object")
    boards = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": coordinates,
            "Scale": 1.0,
            "Color1": rgb("#8D8C88"),
            "Color2": rgb("#9A9994"),
            "Mortar": rgb("#6E6D69"),
            "Mortar Size": 0.006,
        },
    )
    boards.inputs["Brick Width"].default_value = 2.4
    boards.inputs["Row Height"].default_value = 0.22
    pores = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 22.0, "Detail": 11.0, "Roughness": 0.7})
    stain = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 0.9, "Detail": 3.0})
    shade = add(tree, "ShaderNodeHueSaturation", {"Value": out(stain, 0), "Color": out(boards, "Color")})
    lift = add(tree, "ShaderNodeGamma", {"Color": shade, "Gamma": 0.75})
    principled(tree, {"Base Color": lift, "Roughness": 0.78, "Normal": bump(tree, pores, 0.3, 0.008)})
    smooth = plain("Power Floated Concrete", rgb("#7C7B78"), 0.35)

    stair = collection("Stair")
    tread = cube("Tread", (1.3, 0.3, 0.08), at=(-0.35, -1.2, 0.18), material=smooth, into=stair)
    modify(tread, "BEVEL", "Arris", width=0.01, segments=1)
    modify(
        tread,
        "ARRAY",
        "Flight",
        count=steps,
        use_relative_offset=False,
        use_constant_offset=True,
        constant_offset_displace=(0, 1.0, 2.25),
    )
    walls = collection("Walls")
    cube("Wall Left", (0.3, 6.0, 4.2), at=(-1.15, 0.2, 2.1), material=concrete, into=walls)
    cube("Wall End", (4.0, 0.3, 4.2), at=(0.9, 2.6, 2.1), material=concrete, into=walls)
    slab = cube("Roof", (2.4, 6.0, 0.3), at=(0.3, 0.2, 4.35), material=concrete, into=walls)
    slot = cube("Light Slot", (0.35, 5.0, 1.0), at=(-0.55, 0.3, 4.35), into=walls)
    slot.hide_render = True
    slot.display_type = "WIRE"
    modify(slab, "BOOLEAN", "Cut Slot", operation="DIFFERENCE", object=slot, solver="EXACT")
    plane("Floor", (9, 9), material=smooth)
    ball = sphere("Basalt Sphere", 0.38, 48, 24, at=(1.15, 0.2, 0.38), material=plain("Basalt", rgb("#202124"), 0.55))
    modify(ball, "SUBSURF", "Ground Smooth", levels=1, render_levels=2)
    light("SUN", "Raking Sun", (-2.1, -2.4, 9), 6.5, target=(0, 0, 0), color="#FFF3DF", angle=0.005)
    light("AREA", "Courtyard", (3.6, -3.2, 2.4), 130, target=(0, 0.6, 1.2), color="#DCE8FF", size=2.2)
    flat_world("Overcast", "#B7C0CC", 0.3)
    camera((2.3, -4.6, 1.6), (-0.1, 0.6, 1.45), lens=32, shift_y=0.03)
    cycles(224, (1280, 1920))
    grade("AgX", "AgX - Greyscale" if rng.random() < 0.3 else "AgX - Base Contrast", exposure=0.1)


@scene("stonework", "A Roman mosaic medallion of small tesserae set in a bath floor with shallow water.")
def mosaic_floor(rng: random.Random) -> None:
    count = rng.choice([5, 6, 7])

    mosaic, tree = material("Tesserae")
    coordinates = mapped(tree, "Object", Scale=(14, 14, 14))
    tesserae = add(
        tree, "ShaderNodeTexVoronoi", {"Vector": coordinates, "Scale": 2.0, "Randomness": 0.35}, distance="CHEBYCHEV"
    )
    edges = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": coordinates, "Scale": 2.0, "Randomness": 0.35},
        feature="DISTANCE_TO_EDGE",
    )
    distance = add(
        tree, "ShaderNodeVectorMath", {0: out(add(tree, "ShaderNodeTexCoord"), "Object")}, operation="LENGTH"
    )
    ring = math(tree, "PINGPONG", math(tree, "MULTIPLY", out(distance, "Value"), float(count)), 1.0)
    jitter = math(tree, "MULTIPLY_ADD", out(tesserae, "Color"), 0.4, ring)
    color = ramp(
        tree,
        jitter,
        (0.15, rgb("#1D3C5A")),
        (0.45, rgb("#C2A15E")),
        (0.75, rgb("#8F2F23")),
        (0.95, rgb("#EDE3CC")),
        interpolation="CONSTANT",
    )
    grout = ramp(tree, edges, (0.03, rgb("#000000")), (0.06, rgb("#FFFFFF")))
    laid = blend(tree, out(grout, "Color"), rgb("#7D7567"), out(color, "Color"))
    principled(tree, {"Base Color": laid, "Roughness": 0.3, "Normal": bump(tree, out(grout, "Color"), 0.5, 0.01)})

    bath = collection("Bath")
    floor = grid("Medallion Floor", 4.0, 24, material=mosaic, into=bath)
    modify(floor, "CAST", "Sunken Basin", factor=0.03, cast_type="SPHERE", radius=3.0, size=2.0)
    water, tree = material("Shallow Water")
    ripples = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 1.2, "Distortion": 3.0},
        wave_type="RINGS",
        rings_direction="SPHERICAL",
    )
    principled(
        tree,
        {
            "Base Color": rgb("#CFE9EA"),
            "Roughness": 0.0,
            "Transmission Weight": 1.0,
            "IOR": 1.333,
            "Normal": bump(tree, ripples, 0.12, 0.03),
        },
    )
    disc_edge = torus(
        "Basin Kerb",
        1.75,
        0.12,
        96,
        16,
        at=(0, 0, 0.03),
        material=plain("Travertine Kerb", rgb("#D3C3A4"), 0.5),
        into=bath,
    )
    disc_edge.scale = (1, 1, 0.8)
    pool = cylinder("Water", 1.72, 0.05, 96, at=(0, 0, 0.035), material=water, into=bath)
    pool.visible_shadow = False
    plane("Terrace", (14, 14), at=(0, 0, -0.03), material=plain("Opus Signinum", rgb("#B08468"), 0.8), into=bath)
    for i, (x, y) in enumerate(((-2.4, 2.4), (0.0, 3.0), (2.4, 2.4))):
        post = cylinder(
            f"Column.{i + 1}",
            0.24,
            3.2,
            24,
            at=(x, y, 1.6),
            material=plain(f"Stucco {i + 1}", rgb(("#E6DAC6", "#DDD0BA", "#E9DFCE")[i]), 0.9),
            into=bath,
            smooth=True,
        )
        modify(post, "SIMPLE_DEFORM", "Entasis", deform_method="TAPER", factor=-0.18, deform_axis="Z")
    light("SUN", "Oculus Sun", (2, -1, 7), 4.0, color="#FFF2D8", angle=0.02)
    gradient_world("Open Roof", (0.5, "#E5D8C2"), (0.7, "#9FC3E6"), (1.0, "#5C93CC"), strength=0.5)
    camera((0.0, -3.9, 3.1), (0, 0.15, 0.05), lens=38)
    cycles(256, (1600, 1600), max_bounces=12, caustics_refractive=True)
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.1)
    plane("Rear Wall", (14, 5), at=(0, 4.2, 2.5), turn=(90, 0, 0), material=plain("Fresco Ochre", rgb("#B9783C"), 0.95))
