"""Architecture: a colonnade, a modern house, a spiral staircase, a brick arch, a footbridge."""

from __future__ import annotations

import random
from math import cos, radians, sin

from .catalogue import scene
from .nodes import add, blend, bump, glow, mapped, material, math, out, plain, principled, ramp, rgb
from .shapes import clouds, collection, cone, cube, curve, cylinder, empty, lathe, mesh, modify, plane, sphere, twin
from .staging import camera, cycles, eevee, flat_world, grade, gradient_world, light, sky_world, vary


@scene("architecture", "A small Greek temple front with fluted columns, stepped base and pediment in warm limestone.")
def greek_temple(rng: random.Random) -> None:
    columns, height = rng.choice([4, 6]), vary(rng, 4.2, 5.0, 1)
    spacing = 1.9
    width = spacing * (columns - 1) + 1.6

    stone, tree = material("Weathered Limestone")
    coordinates = mapped(tree, "Object", Scale=(0.6, 0.6, 0.6))
    stain = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 3.0, "Detail": 10.0, "Roughness": 0.65})
    pits = add(tree, "ShaderNodeTexVoronoi", {"Vector": coordinates, "Scale": 24.0}, feature="SMOOTH_F1")
    tone = ramp(tree, stain, (0.3, rgb("#8E7C62")), (0.62, rgb("#D9C8A6")), (0.85, rgb("#EFE4CC")))
    principled(tree, {"Base Color": tone, "Roughness": 0.88, "Normal": bump(tree, pits, 0.3, 0.02)})

    temple = collection("Temple")
    base = cube("Stylobate", (width + 1.6, 5.0, 0.25), at=(0, 0, 0.125), material=stone, into=temple)
    modify(base, "ARRAY", "Steps", count=3, relative_offset_displace=(0, 0, 1.0))
    for step in (1, 2):
        cube(
            f"Step.{step}",
            (width + 1.6 - step * 0.6, 5.0 - step * 0.6, 0.25),
            at=(0, 0, 0.25 * step + 0.13),
            material=stone,
            into=temple,
        )
    floor = 0.75

    shaft = cone(
        "Column Shaft",
        0.42,
        0.34,
        height,
        20,
        at=(-spacing * (columns - 1) / 2, -1.6, floor + height / 2),
        material=stone,
        into=temple,
    )
    modify(
        shaft, "BEVEL", "Flutes", width=0.03, segments=2, affect="EDGES", limit_method="ANGLE", angle_limit=radians(12)
    )
    modify(
        shaft,
        "ARRAY",
        "Colonnade",
        count=columns,
        use_relative_offset=False,
        use_constant_offset=True,
        constant_offset_displace=(spacing, 0, 0),
    )
    twin(shaft, "Column Shaft Rear", at=(shaft.location.x, 1.6, shaft.location.z))
    capital = cube(
        "Capital", (1.0, 1.0, 0.2), at=(shaft.location.x, -1.6, floor + height + 0.1), material=stone, into=temple
    )
    modify(capital, "BEVEL", "Echinus", width=0.08, segments=3, profile=0.7)
    modify(
        capital,
        "ARRAY",
        "Colonnade",
        count=columns,
        use_relative_offset=False,
        use_constant_offset=True,
        constant_offset_displace=(spacing, 0, 0),
    )
    twin(capital, "Capital Rear", at=(capital.location.x, 1.6, capital.location.z))

    top = floor + height + 0.2
    cube("Architrave", (width, 4.2, 0.5), at=(0, 0, top + 0.25), material=stone, into=temple)
    triglyph = cube(
        "Triglyph", (0.35, 0.1, 0.45), at=(-width / 2 + 0.3, -2.12, top + 0.75), material=stone, into=temple
    )
    modify(
        triglyph,
        "ARRAY",
        "Frieze Rhythm",
        fit_type="FIT_LENGTH",
        fit_length=round(width - 0.6, 2),
        use_relative_offset=True,
        relative_offset_displace=(2.7, 0, 0),
    )
    cube("Frieze", (width, 4.2, 0.5), at=(0, 0, top + 0.75), material=stone, into=temple)
    half, rise = width / 2 + 0.25, 1.5
    gable = [(-half, 0, 0), (half, 0, 0), (0, 0, rise)]
    pediment = mesh("Pediment", gable, faces=[(0, 1, 2)], at=(0, -2.3, top + 1.0), material=stone, into=temple)
    modify(pediment, "SOLIDIFY", "Depth", thickness=4.6, offset=-1.0)

    grass, tree = material("Dry Grass")
    patches = add(tree, "ShaderNodeTexNoise", {"Scale": 1.8, "Detail": 6.0, "Distortion": 0.4})
    principled(
        tree, {"Base Color": ramp(tree, patches, (0.4, rgb("#5F6A33")), (0.65, rgb("#B5A55C"))), "Roughness": 1.0}
    )
    plane("Hilltop", (120, 120), material=grass)
    light("SUN", "Afternoon Sun", (8, -10, 9), 4.2, color="#FFE2B8", angle=0.009)
    sky_world("Aegean Sky", (0.5, -0.6, 0.62), 2.4, 1.1)
    camera((8.5, -15.0, 2.3), (0, 0, 3.6), lens=32, shift_y=0.04)
    cycles(128, (2400, 1350))
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.2)


@scene(
    "architecture", "A two-storey modern house of white boxes with timber cladding, large windows and a pool at dusk."
)
def modern_house(rng: random.Random) -> None:
    overhang = vary(rng, 1.2, 2.0, 1)

    render = plain("White Render", rgb("#ECEAE4"), 0.82)
    cladding, tree = material("Cedar Cladding")
    boards = add(
        tree,
        "ShaderNodeTexBrick",
        {"Vector": mapped(tree, "Object"), "Scale": 3.0, "Color1": rgb("#8C5A33"), "Color2": rgb("#A9713F")},
        offset=0.0,
    )
    boards.inputs["Mortar"].default_value = rgb("#2A1B10")
    boards.inputs["Mortar Size"].default_value = 0.012
    boards.inputs["Brick Width"].default_value = 0.18
    boards.inputs["Row Height"].default_value = 9.0
    principled(
        tree, {"Base Color": out(boards, "Color"), "Roughness": 0.6, "Normal": bump(tree, out(boards, "Fac"), -0.5)}
    )
    glass = plain("Window Glass", rgb("#DFF0F2"), 0.02, transmission_weight=1.0, ior=1.45)
    frames = plain("Anthracite Frames", rgb("#22262A"), 0.4, metallic=0.8)
    warm = glow("Lit Interior", rgb("#FFB56B"), 3.5)

    house = collection("House")
    lower = cube("Ground Floor", (9.0, 6.0, 3.0), at=(0, 0, 1.5), material=cladding, into=house)
    upper = cube("Upper Floor", (8.0, 6.0 + overhang, 2.8), at=(1.6, -overhang / 2, 4.4), material=render, into=house)
    cutters = collection("Cutters")
    for name, body, at, size in (
        ("Lounge Opening", lower, (1.4, -3.0, 1.45), (5.2, 1.6, 2.4)),
        ("Loft Opening", upper, (1.6, -3.0 - overhang, 4.4), (6.8, 2.4, 2.0)),
    ):
        cutter = cube(name, size, at=at, into=cutters)
        cutter.display_type = "WIRE"
        cutter.hide_render = True
        modify(body, "BOOLEAN", f"Cut {name}", operation="DIFFERENCE", object=cutter, solver="EXACT")
        x, y, z = at
        depth = y + size[1] * 0.28
        plane(f"{name} Glass", (size[0], size[2]), at=(x, depth, z), turn=(90, 0, 0), material=glass, into=house)
        plane(
            f"{name} Glow",
            (size[0] - 0.1, size[2] - 0.1),
            at=(x, depth + 0.3, z),
            turn=(90, 0, 0),
            material=warm,
            into=house,
        )
        mullion = cube(
            f"{name} Mullion",
            (0.06, 0.08, size[2]),
            at=(x - size[0] / 2 + 0.03, depth - 0.03, z),
            material=frames,
            into=house,
        )
        modify(
            mullion,
            "ARRAY",
            "Bays",
            count=5,
            use_relative_offset=False,
            use_constant_offset=True,
            constant_offset_displace=((size[0] - 0.06) / 4 / 0.06, 0, 0),
        )
    roof = cube("Roof Slab", (8.6, 6.8 + overhang, 0.18), at=(1.6, -overhang / 2, 5.9), material=frames, into=house)
    modify(roof, "BEVEL", "Drip Edge", width=0.02, segments=1)
    cube("Chimney", (0.9, 0.9, 1.4), at=(3.6, 1.6, 6.4), material=cladding, into=house)

    garden = collection("Garden")
    water, tree = material("Pool Water")
    ripples = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(1, 2.5, 1)), "Scale": 5.0, "Detail": 2.0}
    )
    principled(
        tree,
        {
            "Base Color": rgb("#1F7F93"),
            "Roughness": 0.04,
            "Normal": bump(tree, ripples, 0.2, 0.05),
            "Emission Color": rgb("#1FA5B8"),
            "Emission Strength": 0.25,
        },
    )
    plane("Pool", (6.4, 2.8), at=(0.8, -6.8, 0.06), material=water, into=garden)
    deck = plain("Grey Decking", rgb("#8B857B"), 0.75)
    for name, plank, spot in (
        ("Deck Front", (9.0, 0.9), (0.8, -8.7)),
        ("Deck Back", (9.0, 1.0), (0.8, -4.9)),
        ("Deck Left", (1.3, 2.8), (-3.05, -6.8)),
        ("Deck Right", (1.3, 2.8), (4.65, -6.8)),
    ):
        cube(name, (*plank, 0.14), at=(*spot, 0.07), material=deck, into=garden)
    hedge = plain("Box Hedge", rgb("#2C4A24"), 0.95)
    shrub = cube("Hedge", (0.9, 8.0, 1.3), at=(-6.4, -3.0, 0.65), material=hedge, into=garden)
    modify(shrub, "SUBSURF", "Dense", subdivision_type="SIMPLE", levels=4, render_levels=5)
    modify(shrub, "DISPLACE", "Leaves", strength=0.09, mid_level=0.5, texture=clouds("Leaf Clumps", 0.25))
    plane("Lawn", (80, 80), material=plain("Lawn", rgb("#4B6B33"), 0.95))

    light("AREA", "Porch Downlight", (1.4, -3.8, 2.9), 120, target=(1.4, -3.8, 0), color="#FFC58A", size=1.5)
    light("POINT", "Pool Lamp", (0.8, -6.8, 0.3), 60, color="#7FE9FF", shadow_soft_size=0.3)
    gradient_world("Dusk", (0.0, "#1A1712"), (0.5, "#E59A6A"), (0.6, "#6A7FB0"), (1.0, "#1C2C5A"), strength=0.45)
    camera((-8.5, -16.5, 2.0), (0.8, -2.0, 2.7), lens=30)
    eevee(128, (1920, 1080), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=0.9)


@scene("architecture", "A spiral staircase of oak treads around a steel pole with a curved handrail.")
def spiral_staircase(rng: random.Random) -> None:
    steps, rise = rng.randint(14, 18), 0.18
    turn = vary(rng, 20, 26, 1)
    height = steps * rise

    treads = plain("Oak Treads", rgb("#B07F4A"), 0.42, coat_weight=0.25)
    steel, tree = material("Blackened Steel")
    scratches = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(1, 1, 30)), "Scale": 6.0, "Detail": 2.0}
    )
    rough = add(tree, "ShaderNodeMapRange", {"Value": out(scratches, 0), "To Min": 0.25, "To Max": 0.5})
    principled(tree, {"Base Color": rgb("#26282B"), "Metallic": 1.0, "Roughness": rough})

    stair = collection("Staircase")
    cylinder("Pole", 0.07, height + 1.1, 40, at=(0, 0, (height + 1.1) / 2), material=steel, into=stair)
    pivot = empty("Step Offset", "SINGLE_ARROW", 0.3, at=(0, 0, rise), turn=(0, 0, turn), into=stair)
    wedge = [(0.06, -0.06, 0), (0.95, -0.2, 0), (0.95, 0.2, 0), (0.06, 0.06, 0)]
    tread = mesh("Tread", wedge, faces=[(0, 1, 2, 3)], at=(0, 0, 0), material=treads, into=stair)
    modify(tread, "SOLIDIFY", "Thickness", thickness=0.045, offset=1.0)
    modify(tread, "BEVEL", "Nosing", width=0.008, segments=3)
    modify(
        tread, "ARRAY", "Spiral", count=steps, use_relative_offset=False, use_object_offset=True, offset_object=pivot
    )
    baluster = cylinder("Baluster", 0.012, 0.9, 12, at=(0.9, 0, 0.48), material=steel, into=stair)
    for i in range(1, steps):
        angle = radians(turn * i)
        at = (round(0.9 * cos(angle), 4), round(0.9 * sin(angle), 4), round(0.48 + rise * i, 3))
        twin(baluster, f"Baluster.{i:03}", at=at)
    rail = [(0.9 * cos(radians(turn * i)), 0.9 * sin(radians(turn * i)), 0.94 + rise * i) for i in range(steps)]
    curve(
        "Handrail",
        rail,
        kind="NURBS",
        bevel=0.024,
        data={"bevel_resolution": 8, "use_fill_caps": True},
        material=treads,
        into=stair,
    )

    room = collection("Room")
    wall = plain("Lime Plaster", rgb("#D7CDBD"), 0.9)
    plane("Floor", (7, 7), material=plain("Travertine", rgb("#B9A88E"), 0.3), into=room)
    plane("Wall Back", (7, 6), at=(0, 2.2, 3), turn=(90, 0, 0), material=wall, into=room)
    plane("Wall Left", (6, 7), at=(-2.4, 0, 3), turn=(0, 90, 0), material=wall, into=room)
    light("AREA", "Skylight", (0.4, 0.2, 5.6), 260, target=(0, 0, 0), color="#EAF2FF", size=1.6)
    light(
        "SPOT",
        "Wall Washer",
        (1.8, -2.6, 3.4),
        190,
        target=(-0.8, 1.6, 1.2),
        color="#FFDFB4",
        spot_size=radians(75),
        spot_blend=0.8,
    )
    flat_world("Stairwell", "#777C85", 0.35)
    camera((3.2, -4.6, 2.6), (0, 0, height * 0.5 + 0.35), lens=28)
    cycles(192, (1080, 1620), max_bounces=10, diffuse_bounces=6)
    grade("AgX", "AgX - Medium Low Contrast", exposure=0.35)


@scene("architecture", "A ruined brick archway overgrown with moss at a foggy sunrise.")
def brick_archway(rng: random.Random) -> None:
    bricks, radius = rng.randint(15, 19), 1.5

    masonry, tree = material("Old Brick")
    pattern = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object"),
            "Scale": 1.0,
            "Color1": rgb("#8A3F2B"),
            "Color2": rgb("#A8573B"),
            "Mortar": rgb("#A79E8E"),
        },
    )
    pattern.inputs["Brick Width"].default_value = 0.5
    pattern.inputs["Row Height"].default_value = 0.16
    noise = add(tree, "ShaderNodeTexNoise", {"Scale": 3.5, "Detail": 8.0})
    moss = ramp(tree, noise, (0.52, rgb("#000000")), (0.66, rgb("#FFFFFF")))
    tint = blend(tree, out(moss, "Color"), out(pattern, "Color"), rgb("#55662B"))
    height = math(tree, "ADD", out(pattern, "Fac"), out(noise, 0))
    principled(tree, {"Base Color": tint, "Roughness": 0.95, "Normal": bump(tree, height, -0.4, 0.02)})
    voussoirs = plain("Arch Brick", rgb("#95492F"), 0.9)

    arch = collection("Archway")
    for side, x in (("L", -1), ("R", 1)):
        pier = cube(f"Pier.{side}", (0.9, 0.8, 2.2), at=(x * 1.95, 0, 1.1), material=masonry, into=arch)
        modify(pier, "BEVEL", "Erosion", width=0.03, segments=2)
        cube(f"Impost.{side}", (1.05, 0.95, 0.14), at=(x * 1.95, 0, 2.27), material=masonry, into=arch)
    for i in range(bricks):
        angle = 180.0 * (i + 0.5) / bricks
        at = (round(radius * 1.15 * cos(radians(angle)), 4), 0.0, round(2.34 + radius * 1.15 * sin(radians(angle)), 4))
        jitter = vary(rng, -2.5, 2.5, 1)
        stone = cube(
            f"Voussoir.{i + 1:02}",
            (0.46, 0.82, 3.1 * radius / bricks),
            at=at,
            turn=(0, -angle + jitter, 0),
            material=voussoirs,
            into=arch,
        )
        modify(stone, "BEVEL", "Worn", width=0.04, segments=1)
    for i in range(rng.randint(5, 8)):
        size = (vary(rng, 0.18, 0.4), vary(rng, 0.15, 0.25), vary(rng, 0.1, 0.2))
        at = (vary(rng, -2.8, 2.8), vary(rng, -2.4, -0.8), size[2] / 2)
        fallen = cube(
            f"Rubble.{i + 1}",
            size,
            at=at,
            turn=(0, 0, vary(rng, 0, 180, 0)),
            material=voussoirs,
            into=collection("Rubble"),
        )
        modify(fallen, "REMESH", "Chipped", mode="SMOOTH", octree_depth=4, scale=0.8)

    path = plane("Path", (3.0, 40), at=(0, 8, 0.01), material=plain("Packed Earth", rgb("#6B573F"), 1.0))
    modify(path, "SOLIDIFY", "Kerb", thickness=0.02)
    plane("Meadow", (90, 90), material=plain("Wet Meadow", rgb("#3E5228"), 0.8))
    fog, tree = material("Morning Fog")
    volume = add(tree, "ShaderNodeVolumePrincipled", {"Color": rgb("#F3E3D0"), "Density": 0.018, "Anisotropy": 0.55})
    add(tree, "ShaderNodeOutputMaterial", {"Volume": volume})
    cube("Fog Volume", (60, 50, 9), at=(0, 8, 4.5), material=fog)
    light("SUN", "Low Sun", (-3, 14, 4.2), 5.5, color="#FFC27A", angle=0.02)
    gradient_world("Sunrise", (0.45, "#8A6A55"), (0.52, "#F2B98A"), (0.75, "#8FA6C4"), strength=0.55)
    camera((0.5, -8.6, 1.65), (0, 0, 2.1), lens=35)
    cycles(256, (1920, 1080), volume_bounces=2, volume_step_rate=2.0)
    grade("Filmic", "High Contrast", exposure=0.1)


@scene("architecture", "A timber footbridge with rope rails sagging between two cliffs over a stream.")
def rope_bridge(rng: random.Random) -> None:
    span, sag = vary(rng, 7.0, 9.0, 1), vary(rng, 0.8, 1.2, 2)
    planks = int(span / 0.24)

    timber, tree = material("Silvered Timber")
    fibres = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(2, 40, 40)), "Scale": 1.5, "Detail": 6.0}
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, fibres, (0.3, rgb("#4B443B")), (0.7, rgb("#9C9384"))),
            "Roughness": 0.9,
            "Normal": bump(tree, fibres, 0.5, 0.005),
        },
    )
    hemp, tree = material("Hemp Rope")
    strands = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "UV", Scale=(90, 1, 1)), "Scale": 1.0, "Distortion": 0.6},
        bands_direction="DIAGONAL",
    )
    principled(tree, {"Base Color": rgb("#A98F62"), "Roughness": 0.95, "Normal": bump(tree, strands, 0.8, 0.01)})

    bridge = collection("Bridge")

    def line(y: float, lift: float) -> list[tuple[float, float, float]]:
        stations = [i / 8 for i in range(9)]
        return [(round((t - 0.5) * span, 3), y, round(4.0 + lift - sag * (1 - (2 * t - 1) ** 2), 3)) for t in stations]

    deck_line = curve("Deck Line", line(0.0, 0.0), into=bridge)
    plank = cube("Plank", (0.2, 1.2, 0.04), at=(0.12, 0, 0), material=timber, into=bridge)
    modify(plank, "ARRAY", "Planks", count=planks, relative_offset_displace=(1.2, 0, 0))
    modify(plank, "CURVE", "Sag", object=deck_line, deform_axis="POS_X")
    for side, y in (("L", -0.62), ("R", 0.62)):
        curve(f"Foot Rope.{side}", line(y, 0.03), bevel=0.03, material=hemp, into=bridge)
        curve(f"Hand Rope.{side}", line(y, 0.95), bevel=0.025, material=hemp, into=bridge)
        for i in range(1, 8):
            low, high = line(y, 0.03)[i], line(y, 0.95)[i]
            curve(f"Tie.{side}.{i}", [low, high], kind="POLY", bevel=0.012, material=hemp, into=bridge)
    for name, x, y in (("NW", -1, -0.62), ("NE", 1, -0.62), ("SW", -1, 0.62), ("SE", 1, 0.62)):
        post = cylinder(f"Post.{name}", 0.09, 1.5, 12, at=(x * span / 2, y, 4.55), material=timber, into=bridge)
        modify(post, "SIMPLE_DEFORM", "Lean", deform_method="BEND", angle=radians(4 * x), deform_axis="Y")

    rock, tree = material("Basalt Cliff")
    cracks = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Object", Scale=(1, 1, 0.3)), "Scale": 2.2},
        feature="DISTANCE_TO_EDGE",
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, cracks, (0.02, rgb("#1F1D1B")), (0.2, rgb("#5B5750"))),
            "Roughness": 0.92,
            "Normal": bump(tree, cracks, 0.7, 0.1),
        },
    )
    cliffs = collection("Cliffs")
    for side, x in (("West", -1), ("East", 1)):
        cliff = cube(f"Cliff {side}", (6, 8, 4), at=(x * (span / 2 + 2.9), 0, 1.95), material=rock, into=cliffs)
        modify(cliff, "SUBSURF", "Facets", subdivision_type="SIMPLE", levels=4, render_levels=4)
        modify(cliff, "DISPLACE", "Strata", strength=0.12, mid_level=0.5, texture=clouds(f"Strata {side}", 0.7))
    stream = plain("Stream", rgb("#2E6E78"), 0.06, transmission_weight=0.4, ior=1.333)
    plane("Stream", (span + 2, 40), at=(0, 0, 0.2), material=stream)
    lantern = lathe(
        "Lantern", [(0.0, 0.0), (0.08, 0.0), (0.1, 0.1), (0.06, 0.2), (0.0, 0.24)], 16, at=(-span / 2, -0.62, 5.35)
    )
    lantern.data.materials.append(glow("Lantern Flame", rgb("#FF9A3C"), 8.0))
    sphere(
        "Mossy Boulder",
        0.7,
        24,
        12,
        at=(1.2, -3.2, 0.3),
        material=plain("Moss", rgb("#4F6B2C"), 1.0),
        scale=(1.3, 1.0, 0.7),
    )

    light("SUN", "Late Sun", (-6, -8, 7), 3.6, target=(0, 0, 3), color="#FFDDAA", angle=0.03)
    sky_world("Mountain Sky", (-0.5, -0.6, 0.6), 3.5, 1.2, ground_albedo=0.2)
    camera((3.0, -11.5, 6.0), (0, 0, 3.7), lens=34)
    cycles(144, (2048, 1024), use_fast_gi=False)
    grade("AgX", "AgX - Base Contrast", exposure=0.4, gamma=1.05)
