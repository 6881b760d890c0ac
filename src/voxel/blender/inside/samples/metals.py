"""Metal and glass studies: car paint, brushed steel, rusted iron, stained glass, hammered copper."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

from .catalogue import scene
from .nodes import add, blend, bump, glow, mapped, material, math, out, plain, principled, ramp, rgb, surface
from .shapes import (
    clouds,
    collection,
    cone,
    cube,
    curve,
    cylinder,
    disc,
    lathe,
    modify,
    monkey,
    plane,
    sphere,
    torus,
    twin,
)
from .staging import backdrop, camera, cycles, eevee, flat_world, grade, gradient_world, light, vary


@scene("metals", "A material study of metallic car paint with flakes and clear coat on a smooth sculpted form.")
def car_paint(rng: random.Random) -> None:
    name, deep, glint = rng.choice(
        [
            ("Candy Red", "#7A0612", "#E0303A"),
            ("British Green", "#06321F", "#2F8A5A"),
            ("Midnight Blue", "#071A4A", "#3E6FD8"),
        ]
    )

    paint, tree = material(f"{name} Car Paint")
    flakes = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 900.0}, feature="F1")
    tilt = add(tree, "ShaderNodeNormalMap", {"Strength": 0.12, "Color": out(flakes, "Color")})
    facing = add(tree, "ShaderNodeLayerWeight", {"Blend": vary(rng, 0.3, 0.45, 2)})
    color = blend(tree, out(facing, "Facing"), rgb(glint), rgb(deep))
    coat = {"Coat Weight": 1.0, "Coat Roughness": 0.02, "Coat IOR": 1.6}
    principled(tree, {"Base Color": color, "Metallic": 0.85, "Roughness": 0.32, "Normal": tilt, **coat})

    study = collection("Study")
    hero = monkey("Painted Form", 1.0, at=(0, 0, 0.52), turn=(-18, 0, 25), material=paint, into=study)
    modify(hero, "SUBSURF", "Polish", levels=2, render_levels=3, boundary_smooth="PRESERVE_CORNERS")
    modify(hero, "SMOOTH", "Soften Creases", factor=0.4, iterations=4)
    for i, x in enumerate((-0.95, 0.95)):
        sphere(f"Sample Ball.{i + 1}", 0.26, 64, 32, at=(x, 0.1, 0.26), material=paint, into=study)
    floor, tree = material("Glossy Showroom Floor")
    tiles = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object"),
            "Scale": 12.0,
            "Color1": rgb("#2B2B2D"),
            "Color2": rgb("#303033"),
            "Mortar": rgb("#111111"),
        },
        offset=0.0,
        squash=1.0,
    )
    principled(tree, {"Base Color": tiles, "Roughness": 0.09})
    plane("Showroom Floor", (14, 14), material=floor)
    for i, y in enumerate((-1.2, 0.0, 1.2)):
        light(
            "AREA",
            f"Ceiling Tube.{i + 1}",
            (0, y, 2.8),
            150,
            target=(0, y, 0),
            shape="RECTANGLE",
            size=3.2,
            size_y=0.12,
        )
    light("AREA", "Side Panel", (-2.6, -1.6, 1.2), 160, target=(0, 0, 0.5), color="#CFE0FF", size=1.2)
    flat_world("Showroom", "#14161A", 0.6)
    camera((0.3, -3.6, 1.25), (0, 0, 0.45), lens=55)
    cycles(256, (1920, 1080))
    grade("AgX", "AgX - High Contrast", exposure=0.2)


@scene("metals", "Rusted iron cogs and a chain with flaking blue paint on a workshop bench.")
def rusted_gears(rng: random.Random) -> None:
    rust, tree = material("Flaking Paint over Rust")
    coordinates = mapped(tree, "Object", Scale=(1.2, 1.2, 1.2))
    broad = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 5.0, "Detail": 12.0, "Roughness": 0.68})
    fine = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 48.0, "Detail": 4.0})
    corroded = ramp(tree, fine, (0.25, rgb("#2B120A")), (0.55, rgb("#7A3413")), (0.8, rgb("#B8622A")))
    mask = ramp(tree, broad, (0.46, rgb("#000000")), (0.49, rgb("#FFFFFF")))
    paint = add(tree, "ShaderNodeBsdfPrincipled", {"Base Color": rgb("#27506B"), "Roughness": 0.35, "Coat Weight": 0.2})
    scale = bump(tree, fine, 0.8, 0.01)
    iron = add(
        tree, "ShaderNodeBsdfPrincipled", {"Base Color": corroded, "Roughness": 0.95, "Metallic": 0.2, "Normal": scale}
    )
    surface(tree, add(tree, "ShaderNodeMixShader", {"Fac": mask, 1: paint, 2: iron}))

    works = collection("Gear Train")
    for name, teeth, radius, at in (
        ("Drive Wheel", 18, 0.3, (-0.28, 0, 0.04)),
        ("Pinion", rng.choice([9, 10]), 0.15, (0.21, 0.06, 0.04)),
        ("Idler", 13, 0.21, (0.16, -0.36, 0.04)),
    ):
        hub = cylinder(name, radius, 0.07, 64, at=at, material=rust, into=works)
        modify(hub, "BEVEL", "Broken Edge", width=0.006, segments=2, limit_method="ANGLE")
        bore = cylinder(f"{name} Bore", radius * 0.28, 0.2, 24, at=at, into=works)
        bore.hide_render = True
        bore.display_type = "BOUNDS"
        modify(hub, "BOOLEAN", "Shaft Hole", operation="DIFFERENCE", object=bore, solver="EXACT")
        for i in range(teeth):
            angle = 2 * pi * i / teeth
            spot = (
                round(at[0] + (radius + 0.02) * cos(angle), 4),
                round(at[1] + (radius + 0.02) * sin(angle), 4),
                at[2],
            )
            cone(
                f"{name} Tooth.{i + 1:02}",
                0.034,
                0.024,
                0.06,
                4,
                at=spot,
                turn=(0, 90, round(360 * i / teeth, 2)),
                material=rust,
                into=works,
            )
    link = torus("Chain Link", 0.04, 0.011, 32, 10, at=(-0.62, -0.55, 0.02), material=rust, into=works)
    link.scale = (1.5, 1.0, 1.0)
    chain = [(-0.65 + 0.085 * i, -0.55 + 0.05 * sin(i * 0.7), 0.025) for i in range(1, 15)]
    for i, (x, y, z) in enumerate(chain):
        twin(
            link,
            f"Chain Link.{i + 2:02}",
            at=(round(x, 4), round(y, 4), z),
            turn=(90 if i % 2 else 8, 0, vary(rng, -12, 12, 0)),
        )
    oily, tree = material("Oil Stained Bench")
    figure = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object", Scale=(0.6, 6, 1)), "Scale": 1.4, "Distortion": 9.0, "Detail": 4.0},
    )
    stains = add(tree, "ShaderNodeTexNoise", {"Scale": 2.1, "Detail": 2.0})
    wood = ramp(tree, figure, (0.2, rgb("#4A3524")), (0.9, rgb("#7E6142")))
    principled(tree, {"Base Color": blend(tree, out(stains, 0), wood, rgb("#17120E"), "MULTIPLY"), "Roughness": 0.55})
    cube("Bench Top", (3.2, 2.2, 0.08), at=(0, 0, -0.04), material=oily)
    light(
        "SPOT",
        "Work Lamp",
        (-0.9, -0.7, 1.5),
        260,
        target=(0, -0.1, 0),
        color="#FFD9A3",
        spot_size=radians(60),
        spot_blend=0.6,
        shadow_soft_size=0.08,
    )
    light("AREA", "Skylight", (1.2, 1.0, 1.8), 90, color="#C5DAFF", size=1.2)
    flat_world("Workshop", "#3C4046", 0.35)
    camera((0.75, -1.55, 1.05), (-0.04, -0.14, 0.0), lens=50, depth=5.6)
    cycles(192, (1800, 1350))
    grade("AgX", "AgX - Punchy", exposure=0.1)


@scene("metals", "A stained-glass panel with lead cames standing in a window, throwing coloured light.")
def stained_glass(rng: random.Random) -> None:
    petals = rng.choice([6, 8, 10])

    lead = plain("Lead Came", rgb("#3A3C40"), 0.5, metallic=0.9)
    hues = ("#C8142E", "#F0A81C", "#1C6FC4", "#CFE6C4")
    panes = []
    for i, code in enumerate(hues):
        pane, tree = material(f"Cathedral Glass {i + 1}")
        seeds = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 9.0 + 3 * i, "Detail": 3.0})
        ripple = bump(tree, seeds, 0.25, 0.01)
        glass = add(
            tree,
            "ShaderNodeBsdfGlass",
            {"Color": rgb(code), "Roughness": 0.04 + 0.02 * i, "IOR": 1.5, "Normal": ripple},
        )
        clear = add(tree, "ShaderNodeBsdfTransparent", {"Color": rgb(code)})
        path = add(tree, "ShaderNodeLightPath")
        surface(tree, add(tree, "ShaderNodeMixShader", {"Fac": out(path, "Is Shadow Ray"), 1: glass, 2: clear}))
        panes.append(pane)

    rose = collection("Rose Window")
    disc("Centre Light", 0.28, 48, at=(0, 0, 1.5), turn=(90, 0, 0), material=panes[1], into=rose)
    torus("Centre Came", 0.28, 0.02, 64, 10, at=(0, 0, 1.5), turn=(90, 0, 0), material=lead, into=rose)
    for i in range(petals):
        angle = 2 * pi * i / petals
        at = (round(0.62 * cos(angle), 4), 0, round(1.5 + 0.62 * sin(angle), 4))
        tilt = (90, round(-360 * i / petals, 2), 0)
        petal = disc(f"Petal.{i + 1}", 0.3, 40, at=at, turn=tilt, material=panes[(0, 2)[i % 2]], into=rose)
        petal.scale = (1.0, 0.55 if petals > 8 else 0.72, 1.0)
        rim = torus(f"Petal Came.{i + 1}", 0.3, 0.016, 48, 8, at=at, turn=tilt, material=lead, into=rose)
        rim.scale = petal.scale
    ground = disc("Ground Pane", 1.05, 96, at=(0, 0.02, 1.5), turn=(90, 0, 0), material=panes[3], into=rose)
    modify(ground, "SOLIDIFY", "Glass Thickness", thickness=0.006)
    torus(
        "Stone Ring",
        1.12,
        0.1,
        96,
        12,
        at=(0, 0, 1.5),
        turn=(90, 0, 0),
        material=plain("Tracery Stone", rgb("#8C8375"), 0.9),
        into=rose,
    )
    wall = cube(
        "Chapel Wall", (6, 0.35, 5), at=(0, 0.12, 2.0), material=plain("Whitewashed Wall", rgb("#B9B2A4"), 0.95)
    )
    hole = cylinder("Window Cutter", 1.12, 1.2, 64, at=(0, 0.12, 1.5), turn=(90, 0, 0))
    hole.hide_render = True
    modify(wall, "BOOLEAN", "Window Opening", operation="DIFFERENCE", object=hole, solver="EXACT")
    flags, tree = material("Stone Flags")
    slabs = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object"),
            "Scale": 9.0,
            "Color1": rgb("#8A8072"),
            "Color2": rgb("#9C9282"),
            "Mortar": rgb("#4A443B"),
        },
    )
    principled(tree, {"Base Color": slabs, "Roughness": 0.45})
    plane("Chapel Floor", (6, 6), at=(0, -2.8, -0.4), material=flags)
    sky = plane("Bright Sky", (6, 5), at=(0, 3.0, 1.5), turn=(90, 0, 0), material=glow("Sky Card", rgb("#F2F6FF"), 5.0))
    sky.visible_shadow = False
    light("SUN", "Low Winter Sun", (0.8, 5, 3.6), 14.0, target=(0, 0, 1.2), color="#FFF2DA", angle=0.004)
    light("AREA", "Nave Fill", (-2, -4, 3), 40, target=(0, 0, 1.2), color="#AFC1E8", size=2.5)
    flat_world("Outside Haze", "#DCE6F2", 0.5)
    camera((0.9, -5.6, 1.3), (0, 0, 1.1), lens=42)
    cycles(512, (1350, 1800), transparent_max_bounces=16, sample_clamp_direct=12.0)
    grade("Filmic", "Medium High Contrast", exposure=0.3)


@scene("metals", "A hammered copper pan set hanging from a wrought-iron rail with brass rivets.")
def copper_pans(rng: random.Random) -> None:
    copper, tree = material("Hammered Copper")
    dents = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Object"), "Scale": vary(rng, 28.0, 40.0, 1), "Randomness": 0.6},
        feature="SMOOTH_F1",
    )
    tarnish = add(tree, "ShaderNodeTexNoise", {"Scale": 6.0, "Detail": 8.0})
    tone = ramp(tree, tarnish, (0.35, rgb("#7C3B22")), (0.6, rgb("#C9714A")), (0.8, rgb("#E59A72")))
    gloss = add(tree, "ShaderNodeMapRange", {"Value": out(tarnish, 0), "To Min": 0.12, "To Max": 0.38})
    principled(
        tree,
        {
            "Base Color": tone,
            "Metallic": 1.0,
            "Roughness": gloss,
            "Normal": bump(tree, out(dents, "Distance"), 0.5, 0.01),
        },
    )
    iron = plain("Wrought Iron", rgb("#19191B"), 0.6, metallic=0.85)
    brass = plain("Rivet Brass", rgb("#C9A14A"), 0.25, metallic=1.0)

    rack = collection("Pan Rack")
    rail = curve("Rail", [(-0.95, 0, 1.6), (0.95, 0, 1.6)], kind="POLY", bevel=0.014, material=iron, into=rack)
    rail.data.use_fill_caps = True
    for i, radius in enumerate((0.2, 0.165, 0.135, 0.105)):
        x = -0.72 + 0.48 * i
        hook = [(x, 0, 1.62), (x, -0.02, 1.59), (x, 0, 1.55), (x, -0.02, 1.52)]
        curve(f"Hook.{i + 1}", hook, bevel=0.005, material=iron, into=rack)
        length = 0.26
        handle = cube(
            f"Handle.{i + 1}", (0.03, 0.008, length), at=(x, -0.02, 1.52 - length / 2), material=iron, into=rack
        )
        modify(handle, "SIMPLE_DEFORM", "Tapered Tang", deform_method="TAPER", factor=0.5, deform_axis="Z")
        z = round(1.52 - length - radius + 0.015, 3)
        profile = [(0.0, 0.0), (radius * 0.86, 0.0), (radius, 0.02), (radius, 0.11)]
        pan = lathe(
            f"Pan.{i + 1}", profile, 64, at=(x, 0.05, z), turn=(90, 0, 0), material=copper, into=rack, smooth=True
        )
        modify(pan, "SOLIDIFY", "Gauge", thickness=0.004, offset=0.0, use_quality_normals=True)
        for j, dx in enumerate((-0.01, 0.01)):
            sphere(
                f"Rivet.{i + 1}.{j + 1}",
                0.005,
                12,
                8,
                at=(x + dx, -0.026, round(1.52 - length + 0.02, 3)),
                material=brass,
                into=rack,
            )
    tiles, tree = material("Zellige Tiles")
    brick = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object"),
            "Scale": 26.0,
            "Color1": rgb("#D9E3DB"),
            "Color2": rgb("#BFD0C6"),
            "Mortar": rgb("#8E948C"),
        },
        offset=0.0,
    )
    brick.inputs["Brick Width"].default_value = 0.5
    brick.inputs["Row Height"].default_value = 0.5
    wobble = add(tree, "ShaderNodeTexNoise", {"Scale": 7.0})
    relief = math(tree, "SUBTRACT", out(wobble, 0), out(brick, "Fac"))
    principled(tree, {"Base Color": out(brick, "Color"), "Roughness": 0.14, "Normal": bump(tree, relief, 0.35, 0.01)})
    wall = plane("Kitchen Wall", (4, 3), at=(0, 0.2, 1.5), turn=(90, 0, 0), material=tiles)
    modify(wall, "SUBSURF", "Plaster Grid", subdivision_type="SIMPLE", levels=3, render_levels=3)
    modify(wall, "DISPLACE", "Uneven Plaster", strength=0.01, mid_level=0.5, texture=clouds("Plaster", 0.6))
    light(
        "AREA",
        "Kitchen Window",
        (-1.8, -1.4, 2.0),
        85,
        target=(0, 0, 1.2),
        shape="RECTANGLE",
        size=1.0,
        size_y=1.4,
        color="#F4F7FF",
    )
    light("AREA", "Stove Hood", (0.9, -0.9, 2.2), 26, target=(0.3, 0, 1.2), color="#FFCE94", size=0.5)
    gradient_world("Kitchen Reflections", (0.3, "#3B2C20"), (0.6, "#C9B79C"), (1.0, "#F5F1E8"), strength=0.35)
    camera((0.35, -2.35, 1.35), (-0.02, 0, 1.24), lens=45)
    eevee(96, (1920, 1200), use_raytracing=True, use_shadows=True)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.1)


@scene("metals", "Frosted and clear blown-glass vases with a colour gradient on a backlit shelf.")
def glass_vases(rng: random.Random) -> None:
    tint = rng.choice([("#0E7C86", "#D9F2EC"), ("#8A2E6B", "#F3D7E6"), ("#B8651B", "#FBE8C9")])

    fade, tree = material("Gradient Blown Glass")
    split = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    color = ramp(tree, out(split, "Z"), (0.1, rgb(tint[0])), (0.8, rgb(tint[1])), interpolation="B_SPLINE")
    principled(tree, {"Base Color": color, "Roughness": 0.0, "Transmission Weight": 1.0, "IOR": 1.47})
    frost, tree = material("Sandblasted Glass")
    sand = add(tree, "ShaderNodeTexNoise", {"Scale": 280.0, "Detail": 2.0})
    principled(
        tree,
        {
            "Base Color": rgb("#F0F6F5"),
            "Roughness": 0.42,
            "Transmission Weight": 1.0,
            "IOR": 1.45,
            "Normal": bump(tree, sand, 0.1, 0.001),
        },
    )
    film = plain(
        "Iridescent Glass", rgb("#EAF4FF"), 0.03, transmission_weight=0.9, thin_film_thickness=420.0, thin_film_ior=1.35
    )

    shelf = collection("Vases")
    shapes = (
        (
            "Bottle Vase",
            [(0.0, 0.0), (0.06, 0.0), (0.085, 0.06), (0.07, 0.15), (0.022, 0.22), (0.02, 0.33), (0.032, 0.35)],
            -0.26,
            fade,
        ),
        ("Globe Vase", [(0.0, 0.0), (0.05, 0.0), (0.1, 0.07), (0.095, 0.14), (0.05, 0.19), (0.055, 0.22)], 0.0, frost),
        (
            "Trumpet Vase",
            [(0.0, 0.0), (0.055, 0.0), (0.02, 0.02), (0.025, 0.12), (0.05, 0.24), (0.1, 0.34)],
            0.27,
            film,
        ),
    )
    for name, profile, x, glass in shapes:
        vase = lathe(name, profile, 72, at=(x, 0, 0), material=glass, into=shelf, smooth=True)
        modify(vase, "SUBSURF", "Blown", levels=2, render_levels=3)
        modify(vase, "SOLIDIFY", "Glass Wall", thickness=0.004, offset=-1.0)
    stems = plain("Willow Stem", rgb("#5C4A2C"), 0.7)
    buds = plain("Catkin", rgb("#C9C2B4"), 0.95, sheen_weight=0.8)
    for i in range(rng.randint(3, 5)):
        dx, dy = vary(rng, -0.16, 0.16), vary(rng, -0.08, 0.1)
        curve(
            f"Stem.{i + 1}",
            [(0.27, 0, 0.02, 1.0), (0.27 + dx * 0.4, dy * 0.4, 0.3, 0.8), (0.27 + dx, dy, 0.56, 0.3)],
            bevel=0.004,
            material=stems,
            into=shelf,
        )
        bud = sphere(f"Catkin.{i + 1}", 0.011, 12, 8, at=(0.27 + dx, dy, 0.56), material=buds, into=shelf)
        bud.scale = (0.8, 0.8, 1.6)
    ledge = cube("Shelf", (1.3, 0.3, 0.03), at=(0, 0, -0.016), material=plain("Bleached Ash", rgb("#D5C3A5"), 0.5))
    modify(ledge, "BEVEL", "Soft Arris", width=0.05, segments=3)
    backdrop(4, 1.6, 1.6, plain("Gallery White", rgb("#EDEBE6"), 0.9)).location.z = -0.5
    light("AREA", "Back Panel", (0, 0.6, 0.35), 16, target=(0, 0, 0.2), size=0.9, color="#FFF6EA")
    light("AREA", "Top Softbox", (-0.3, -0.4, 1.0), 9, target=(0, 0, 0.15), size=0.6)
    flat_world("Gallery", "#D8DCE2", 0.45)
    camera((0.1, -1.45, 0.42), (0.01, 0, 0.23), lens=58)
    cycles(384, (1800, 1350), transmission_bounces=14, caustics_refractive=False, blur_glossy=0.5)
    grade("AgX", "AgX - Base Contrast", exposure=0.15)
