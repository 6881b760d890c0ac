"""Render set-ups: a clay model, an isometric room, a blueprint with Freestyle lines, a panorama, composited glow."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

import bpy

from .catalogue import scene
from .nodes import (
    add,
    bump,
    composite,
    compositor,
    glow,
    mapped,
    material,
    math,
    out,
    plain,
    principled,
    ramp,
    rgb,
    surface,
)
from .shapes import (
    collection,
    cone,
    cube,
    curve,
    cylinder,
    disc,
    ico,
    lathe,
    modify,
    plane,
    sphere,
    torus,
)
from .staging import (
    camera,
    cycles,
    eevee,
    flat_world,
    grade,
    gradient_world,
    light,
    sky_world,
    vary,
    workbench,
)


@scene(
    "render_styles",
    "A Workbench clay render of a spaceship model with cavity shading, outlines and a transparent background.",
)
def clay_spaceship(rng: random.Random) -> None:
    hull = plain("Clay Hull", rgb("#B8B4AC"), 0.7)
    accent = plain("Clay Accent", rgb("#C2553A"), 0.6)
    ship = collection("Spaceship")
    body = cylinder("Fuselage", 0.5, 3.4, 16, at=(0, 0, 0), turn=(90, 0, 0), material=hull, into=ship)
    modify(body, "SIMPLE_DEFORM", "Nose Taper", deform_method="TAPER", factor=-vary(rng, 0.8, 1.1, 2), deform_axis="Z")
    modify(body, "BEVEL", "Panel Edge", width=0.03, segments=2, limit_method="ANGLE")
    wing = cube("Wing", (1.6, 0.9, 0.06), at=(1.0, 0.9, -0.05), turn=(0, 6, -18), material=hull, into=ship)
    modify(wing, "BEVEL", "Wing Edge", width=0.03, segments=2)
    modify(wing, "MIRROR", "Port Wing", mirror_object=body, use_axis=(True, False, False))
    fin = cube("Tail Fin", (0.05, 0.7, 0.8), at=(0, 1.3, 0.6), turn=(-24, 0, 0), material=accent, into=ship)
    modify(fin, "SIMPLE_DEFORM", "Swept", deform_method="TAPER", factor=-0.6, deform_axis="Z")
    for i in range(rng.choice([3, 4])):
        angle = 2 * pi * i / 4 + pi / 4
        nozzle = cone(
            f"Thruster.{i + 1}",
            0.24,
            0.14,
            0.4,
            24,
            at=(round(0.34 * cos(angle), 3), 1.85, round(0.34 * sin(angle), 3)),
            turn=(90, 0, 0),
            material=accent,
            into=ship,
        )
        modify(nozzle, "SOLIDIFY", "Nozzle Wall", thickness=0.03)
    canopy = sphere("Canopy", 0.34, 32, 16, at=(0, -0.7, 0.34), material=accent, into=ship)
    canopy.scale = (0.8, 1.6, 0.7)
    panel = cube("Greeble", (0.12, 0.2, 0.05), at=(0.3, -0.2, 0.44), material=hull, into=ship)
    modify(panel, "ARRAY", "Greeble Row", count=5, relative_offset_displace=(0, 1.3, 0))
    modify(panel, "MIRROR", "Greeble Mirror", mirror_object=body, use_axis=(True, False, False))
    light("SUN", "Preview Sun", (2, -3, 5), 2.0)
    flat_world("Preview Grey", "#808080", 1.0)
    camera((3.6, -4.6, 2.4), (0, 0.25, 0.0), lens=55)
    workbench(
        (1600, 1200),
        light="STUDIO",
        color_type="MATERIAL",
        show_cavity=True,
        cavity_type="BOTH",
        show_object_outline=True,
        show_shadows=True,
        shadow_intensity=0.35,
    )
    bpy.context.scene.render.film_transparent = True
    bpy.context.scene.display.render_aa = "16"
    bpy.context.scene.render.image_settings.color_mode = "RGBA"
    grade("Standard")


@scene("render_styles", "An isometric miniature bedroom in pastel colours, orthographic camera, cut-away walls.")
def isometric_room(rng: random.Random) -> None:
    hue = rng.choice(
        [("#F4C7C3", "#9AC1D9", "#F7E2B5"), ("#C9E4CA", "#87BBA2", "#F6D6AD"), ("#D7C6E8", "#8E9AAF", "#FDE2E4")]
    )
    wall, accent, wood = (
        plain("Pastel Wall", rgb(hue[0]), 0.9),
        plain("Pastel Accent", rgb(hue[1]), 0.7),
        plain("Honey Wood", rgb("#C99A5B"), 0.5),
    )
    room = collection("Room")
    for name, size, at in (
        ("Floor", (3.2, 3.2, 0.12), (0, 0, -0.06)),
        ("Wall Left", (0.12, 3.2, 2.2), (-1.66, 0, 0.98)),
        ("Wall Right", (3.32, 0.12, 2.2), (-0.06, 1.66, 0.98)),
    ):
        slab = cube(name, size, at=at, material=wood if name == "Floor" else wall, into=room)
        modify(slab, "BEVEL", "Toy Edge", width=0.02, segments=3)
    bed = collection("Bed", room)
    for name, size, at, paint, soft in (
        ("Bed Frame", (1.1, 1.9, 0.22), (-0.9, 0.55, 0.2), wood, 0.04),
        ("Mattress", (1.0, 1.8, 0.2), (-0.9, 0.55, 0.4), plain("Linen White", rgb("#F7F4EE"), 0.9), 0.12),
        ("Duvet", (1.06, 1.2, 0.14), (-0.9, 0.25, 0.5), accent, 0.16),
        ("Pillow", (0.7, 0.35, 0.14), (-0.9, 1.22, 0.55), plain("Pillow Cream", rgb(hue[2]), 0.9), 0.25),
        ("Headboard", (1.14, 0.08, 0.8), (-0.9, 1.53, 0.5), wood, 0.05),
    ):
        piece = cube(name, size, at=at, material=paint, into=bed)
        modify(piece, "BEVEL", "Soft Edge", width=soft, segments=4)
    desk = collection("Desk", room)
    cube("Desk Top", (1.2, 0.55, 0.05), at=(0.85, 1.3, 0.72), material=wood, into=desk)
    for i, (x, y) in enumerate(((0.3, 1.08), (1.4, 1.08), (0.3, 1.52), (1.4, 1.52))):
        cylinder(f"Desk Leg.{i + 1}", 0.025, 0.7, 12, at=(x, y, 0.35), material=accent, into=desk)
    cube("Laptop Base", (0.36, 0.25, 0.015), at=(0.85, 1.25, 0.755), material=accent, into=desk)
    cube(
        "Laptop Screen",
        (0.36, 0.015, 0.24),
        at=(0.85, 1.38, 0.87),
        turn=(-12, 0, 0),
        material=glow("Screen Glow", rgb("#BFE3FF"), 1.5),
        into=desk,
    )
    lathe(
        "Plant Pot",
        [(0.0, 0.0), (0.09, 0.0), (0.13, 0.2), (0.11, 0.2)],
        24,
        at=(1.3, -1.1, 0.0),
        material=accent,
        into=room,
        smooth=True,
    )
    leaf = plain("Monstera", rgb("#4F8A5B"), 0.55)
    for i in range(7):
        frond = sphere(
            f"Frond.{i + 1}",
            0.16,
            16,
            8,
            at=(round(1.3 + 0.14 * cos(i * 0.9), 3), round(-1.1 + 0.14 * sin(i * 0.9), 3), round(0.42 + 0.05 * i, 3)),
            turn=(40, 0, round(i * 51.5, 1)),
            material=leaf,
            into=room,
        )
        frond.scale = (0.5, 1.2, 0.08)
    rug = cylinder(
        "Round Rug",
        0.7,
        0.02,
        48,
        at=(0.6, -0.3, 0.01),
        material=plain("Woven Rug", rgb(hue[2]), 0.95, sheen_weight=0.5),
        into=room,
    )
    modify(rug, "BEVEL", "Rug Edge", width=0.008, segments=2, limit_method="ANGLE")
    light("SUN", "Toy Sun", (4, -3, 6), 2.6, color="#FFF3E0", angle=0.15)
    light("POINT", "Desk Lamp", (0.4, 1.35, 1.1), 12, color="#FFC98A", shadow_soft_size=0.1)
    flat_world("Card Backdrop", hue[2], 0.7)
    camera((6.0, -6.0, 5.2), (-0.05, 0.05, 0.62), type="ORTHO", ortho_scale=5.0, clip_end=50.0)
    cycles(192, (1600, 1600), use_denoising=True)
    grade("Khronos PBR Neutral", exposure=0.1)


@scene("render_styles", "A blueprint-style technical drawing of a locomotive wheelset drawn with Freestyle lines.")
def blueprint_wheel(rng: random.Random) -> None:
    spokes = rng.choice([10, 12, 14])
    paper, tree = material("Blueprint Flat")
    surface(tree, add(tree, "ShaderNodeEmission", {"Color": rgb("#123C73"), "Strength": 1.0}))
    wheelset = collection("Wheelset")
    for side, x in (("L", -0.75), ("R", 0.75)):
        torus(f"Tyre.{side}", 0.9, 0.07, 96, 12, at=(x, 0, 0.97), turn=(0, 90, 0), material=paper, into=wheelset)
        cylinder(f"Hub.{side}", 0.17, 0.24, 32, at=(x, 0, 0.97), turn=(0, 90, 0), material=paper, into=wheelset)
        for i in range(spokes):
            angle = 360 * i / spokes
            at = (x, round(-0.5 * sin(radians(angle)), 4), round(0.97 + 0.5 * cos(radians(angle)), 4))
            cube(
                f"Spoke.{side}.{i + 1:02}",
                (0.07, 0.07, 0.72),
                at=at,
                turn=(round(angle, 2), 0, 0),
                material=paper,
                into=wheelset,
            )
    cylinder("Axle", 0.09, 2.3, 40, at=(0, 0, 0.97), turn=(0, 90, 0), material=paper, into=wheelset)
    rail = cube("Rail", (0.09, 4.5, 0.14), at=(-0.75, 0, -0.07), material=paper, into=wheelset)
    modify(
        rail,
        "ARRAY",
        "Second Rail",
        count=2,
        use_relative_offset=False,
        use_constant_offset=True,
        constant_offset_displace=(1.5 / 0.09, 0, 0),
    )
    sleeper = cube("Sleeper", (2.3, 0.22, 0.12), at=(0, -1.9, -0.2), material=paper, into=wheelset)
    modify(sleeper, "ARRAY", "Track", count=7, use_relative_offset=True, relative_offset_displace=(0, 2.8, 0))
    light("SUN", "Even Light", (0, -2, 5), 1.0)
    flat_world("Blueprint Paper", "#123C73", 1.0)
    camera((4.4, -4.6, 3.0), (0, 0, 0.72), type="ORTHO", ortho_scale=4.6)
    eevee(32, (2100, 1500))
    view_layer = bpy.context.view_layer
    bpy.context.scene.render.use_freestyle = True
    bpy.context.scene.render.line_thickness_mode = "ABSOLUTE"
    linesets = view_layer.freestyle_settings.linesets
    for given in list(linesets):
        linesets.remove(given)
    lines = linesets.new("Ink")
    lines.select_border = True
    lines.select_crease = True
    if lines.linestyle is None:
        lines.linestyle = bpy.data.linestyles.new("Ink")
    lines.linestyle.color = rgb("#E8F1FF")[:3]
    lines.linestyle.thickness = 1.8
    grade("Raw" if rng.random() < 0.3 else "Standard")


@scene("render_styles", "A 360-degree equirectangular panorama inside a domed glass pavilion on the sea.")
def glass_pavilion(rng: random.Random) -> None:
    ribs = rng.choice([12, 16, 20])
    steel = plain("White Steel", rgb("#EDEFF0"), 0.35, metallic=0.3)
    glazing = plain("Dome Glazing", rgb("#E6F7F7"), 0.0, transmission_weight=1.0, ior=1.1, alpha=0.35)
    dome = collection("Pavilion")
    for i in range(ribs):
        angle = 360.0 * i / ribs
        arc = [(5.0 * cos(t * pi / 12), 0, 5.0 * sin(t * pi / 12)) for t in range(7)]
        curve(f"Rib.{i + 1:02}", arc, bevel=0.06, turn=(0, 0, angle), material=steel, into=dome)
    for i, height in enumerate((1.4, 2.8, 4.0)):
        torus(
            f"Ring.{i + 1}",
            round((25 - height**2) ** 0.5, 3),
            0.05,
            96,
            8,
            at=(0, 0, height),
            material=steel,
            into=dome,
        )
    shell = sphere("Glass Dome", 5.05, 64, 32, material=glazing, into=dome)
    modify(shell, "WELD", "Pole Weld", merge_threshold=0.0005)
    tiles, tree = material("Pavilion Terrazzo")
    flecks = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 9.0})
    principled(
        tree,
        {
            "Base Color": ramp(
                tree, out(flecks, "Color"), (0.3, rgb("#D8CFC2")), (0.6, rgb("#B7A696")), (0.8, rgb("#6E7F86"))
            ),
            "Roughness": 0.15,
        },
    )
    cylinder("Floor", 5.0, 0.1, 96, at=(0, 0, -0.05), material=tiles, into=dome)
    bench = torus(
        "Ring Bench",
        2.2,
        0.22,
        64,
        8,
        at=(0, 0, 0.4),
        scale=(1.0, 1.0, 0.5),
        material=plain("Ring Bench Teak", rgb("#9A6A3C"), 0.5),
        into=dome,
    )
    modify(bench, "BEVEL", "Slat Edges", width=0.02, segments=2)
    palm = plain("Palm", rgb("#3C7040"), 0.7)
    for i in range(6):
        angle = 2 * pi * i / 6 + 0.3
        at = (round(3.6 * cos(angle), 3), round(3.6 * sin(angle), 3), 0.9)
        shrub = ico(f"Palm.{i + 1}", vary(rng, 0.5, 0.8, 2), 2, at=at, material=palm, into=dome)
        modify(shrub, "WIREFRAME", "Fronds", thickness=0.09, use_even_offset=False)
    sea, tree = material("Calm Lagoon")
    wavelets = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(60, 140, 1)), "Scale": 4.0, "Detail": 3.0}
    )
    principled(tree, {"Base Color": rgb("#1E7F8C"), "Roughness": 0.06, "Normal": bump(tree, wavelets, 0.3, 0.05)})
    plane("Lagoon", (200, 200), at=(0, 0, -0.6), material=sea)
    light("SUN", "Lagoon Sun", (6, -3, 5), 4.0, color="#FFF2DA", angle=0.009)
    sky_world("Lagoon Sky", (0.7, -0.4, 0.55), 2.2, 1.0)
    shot = camera((0, 0, 1.6), (0, 10, 1.6), name="Panorama Camera", type="PANO")
    shot.data.panorama_type = "EQUIRECTANGULAR"
    cycles(256, (4096, 2048), max_bounces=16)
    bpy.context.scene.render.image_settings.file_format = "OPEN_EXR"
    bpy.context.scene.render.image_settings.color_depth = "32"
    grade("AgX", "None", exposure=-0.3)


@scene(
    "render_styles",
    "A retro synthwave grid with a striped sun, finished in the compositor with glare and lens distortion.",
)
def synthwave_sunset(rng: random.Random) -> None:
    floor, tree = material("Neon Grid")
    lines = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object"),
            "Scale": 1.0,
            "Color1": rgb("#0A0118"),
            "Color2": rgb("#0A0118"),
            "Mortar": rgb(rng.choice(["#FF2BD6", "#2BF0FF"])),
            "Mortar Size": 0.02,
        },
        offset=0.0,
    )
    lines.inputs["Brick Width"].default_value = 1.0
    lines.inputs["Row Height"].default_value = 1.0
    base = add(tree, "ShaderNodeEmission", {"Color": out(lines, "Color"), "Strength": 3.0})
    gloss = add(tree, "ShaderNodeBsdfGlossy", {"Color": rgb("#5A2A8A"), "Roughness": 0.15})
    surface(tree, add(tree, "ShaderNodeMixShader", {"Fac": 0.35, 1: base, 2: gloss}))
    grid_floor = plane("Grid Floor", (1, 1), at=(-30, -10, 0), material=floor)
    modify(grid_floor, "ARRAY", "Columns", count=60, relative_offset_displace=(1, 0, 0))
    modify(grid_floor, "ARRAY", "Rows", count=60, relative_offset_displace=(0, 1, 0))
    disc_sun, tree = material("Striped Sun")
    split = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Generated")})
    hues = ramp(tree, out(split, "Y"), (0.1, rgb("#FF2E88")), (0.6, rgb("#FF9E3D")), (1.0, rgb("#FFE66B")))
    wave = math(tree, "SINE", math(tree, "MULTIPLY", out(split, "Y"), 58.0))
    cut = math(tree, "GREATER_THAN", math(tree, "ADD", wave, math(tree, "MULTIPLY", out(split, "Y"), 2.6)), 0.6)
    shine = add(tree, "ShaderNodeEmission", {"Color": hues, "Strength": 2.6})
    surface(tree, add(tree, "ShaderNodeMixShader", {"Fac": cut, 1: add(tree, "ShaderNodeBsdfTransparent"), 2: shine}))
    disc("Sun", 9.0, 96, at=(0, 48, 7.5), turn=(90, 0, 0), material=disc_sun)
    dark = plain("Ridge Black", rgb("#07020F"), 0.9)
    wire = glow("Ridge Wire", rgb("#9D4DFF"), 2.0)
    for i in range(8):
        x = (-1) ** i * vary(rng, 9, 22, 1)
        peak = cone(
            f"Ridge.{i + 1}",
            vary(rng, 4, 7, 1),
            0.0,
            vary(rng, 3, 7, 1),
            5,
            at=(x, 36 + i, 1.5),
            turn=(0, 0, vary(rng, 0, 70, 0)),
            material=dark,
        )
        peak.data.materials.append(wire)
        modify(peak, "WIREFRAME", "Neon Edges", thickness=0.12, use_replace=False, material_offset=1)
    light("AREA", "Horizon Wash", (0, 30, 6), 900, target=(0, 0, 0), color="#FF4FB0", size=12.0)
    gradient_world("Synth Sky", (0.48, "#3A0A4A"), (0.52, "#7A1C6B"), (0.62, "#1C0B3D"), (1.0, "#05020F"), strength=0.8)
    camera((0, -8, 1.9), (0, 20, 3.2), lens=30)
    eevee(64, (2048, 858))
    tree, layers = compositor()
    glare = add(tree, "CompositorNodeGlare", {"Image": out(layers, "Image"), "Threshold": 0.8})
    lens = add(tree, "CompositorNodeLensdist", {"Image": glare, "Distortion": 0.02, "Dispersion": 0.015})
    composite(tree, lens)
    grade("Standard", exposure=0.2)
