"""Camera moves: a turntable, a dolly zoom, a fly-through on a path, a focus pull, hand-held noise."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

from .catalogue import scene
from .motion import constrain, drive, keys, shape_curve
from .nodes import add, blend, bump, glow, mapped, material, out, plain, principled, ramp, rgb
from .shapes import (
    clouds,
    collection,
    cone,
    cube,
    curve,
    cylinder,
    empty,
    grid,
    ico,
    lathe,
    modify,
    plane,
    sphere,
    torus,
)
from .staging import camera, cycles, eevee, flat_world, grade, gradient_world, light, sky_world, timing, vary


@scene(
    "camera_moves",
    "A turntable of a ceramic teapot: the camera orbits on a parented empty in a seamless loop.",
    "animation",
)
def turntable_teapot(rng: random.Random) -> None:
    timing(150, fps=30)
    glaze, tree = material("Reactive Glaze")
    run = add(
        tree,
        "ShaderNodeTexNoise",
        {"Vector": mapped(tree, "Object", Scale=(1, 1, 0.35)), "Scale": 9.0, "Detail": 6.0, "Distortion": 1.0},
    )
    pool = ramp(tree, run, (0.3, rgb("#12323B")), (0.5, rgb("#2F7D7A")), (0.72, rgb("#D9A441")))
    principled(tree, {"Base Color": pool, "Roughness": 0.08, "Coat Weight": 0.5, "Normal": bump(tree, run, 0.04)})
    pot = collection("Teapot")
    body = lathe(
        "Pot Body",
        [(0.0, 0.0), (0.07, 0.0), (0.12, 0.05), (0.115, 0.11), (0.07, 0.15), (0.066, 0.155)],
        64,
        material=glaze,
        into=pot,
        smooth=True,
    )
    modify(body, "SUBSURF", "Throwing", levels=1, render_levels=2)
    lid = lathe(
        "Lid",
        [(0.072, 0.152), (0.05, 0.17), (0.012, 0.178), (0.018, 0.195), (0.0, 0.2)],
        48,
        material=glaze,
        into=pot,
        smooth=True,
    )
    modify(lid, "SUBSURF", "Lid Curve", levels=2, render_levels=2)
    spout = [(0.1, 0, 0.05, 1.0), (0.16, 0, 0.08, 0.7), (0.19, 0, 0.15, 0.45)]
    curve("Spout", spout, bevel=0.026, data={"bevel_resolution": 6}, material=glaze, into=pot)
    curve(
        "Handle",
        [(-0.105, 0, 0.12), (-0.18, 0, 0.13), (-0.19, 0, 0.06), (-0.115, 0, 0.04)],
        bevel=0.011,
        material=plain("Bamboo Handle", rgb("#B08A4E"), 0.6),
        into=pot,
    )
    orbit = empty("Camera Orbit", "CIRCLE", 0.5, at=(0, 0, 0.09))
    keys(orbit, "rotation_euler", {1: 0.0, 151: radians(360)}, index=2, interpolation="LINEAR")
    shot = camera((0, -0.85, 0.26), (0, 0, 0.0), name="Turntable Camera", lens=70)
    shot.parent = orbit
    constrain(shot, "TRACK_TO", "Aim at Pot", target=orbit, track_axis="TRACK_NEGATIVE_Z", up_axis="UP_Y")
    cylinder("Turntable", 0.26, 0.02, 96, at=(0, 0, -0.01), material=plain("Turntable Ash", rgb("#CBB58F"), 0.5))
    sphere("Studio Dome", 3.0, 48, 24, material=plain("Dome Grey", rgb("#B7B5B0"), 0.95))
    for i in range(3):
        angle = 2 * pi * i / 3
        light(
            "AREA",
            f"Ring Light.{i + 1}",
            (round(0.9 * cos(angle), 3), round(0.9 * sin(angle), 3), 0.9),
            vary(rng, 7, 11, 1),
            target=(0, 0, 0.08),
            size=0.4,
        )
    flat_world("Dome Fill", "#FFFFFF", 0.1)
    cycles(128, (1080, 1080), use_animated_seed=True)
    grade("AgX", "AgX - Base Contrast", exposure=0.2)


@scene(
    "camera_moves",
    "A vertigo shot down a corridor: the camera dollies in while a driver widens the lens to hold the subject.",
    "animation",
)
def dolly_zoom(rng: random.Random) -> None:
    timing(72)
    paper, tree = material("Damask Wallpaper")
    motif = add(
        tree,
        "ShaderNodeTexMagic",
        {"Vector": mapped(tree, "Object", Scale=(6, 14, 6)), "Scale": 2.0, "Distortion": 1.4},
        turbulence_depth=3,
    )
    principled(tree, {"Base Color": blend(tree, out(motif, "Fac"), rgb("#5A1F22"), rgb("#8E3A34")), "Roughness": 0.85})
    carpet, tree = material("Hotel Carpet")
    cells = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Object", Scale=(3, 16, 1)), "Scale": 2.0, "Randomness": 0.0},
        distance="MANHATTAN",
    )
    principled(
        tree,
        {
            "Base Color": ramp(
                tree, out(cells, "Distance"), (0.25, rgb("#C4702A")), (0.45, rgb("#3A1A14")), interpolation="CONSTANT"
            ),
            "Roughness": 0.98,
        },
    )
    hall = collection("Corridor")
    plane("Carpet", (2.4, 18), at=(0, 5, 0), material=carpet, into=hall)
    plane(
        "Ceiling",
        (2.4, 18),
        at=(0, 5, 2.6),
        turn=(180, 0, 0),
        material=plain("Ceiling", rgb("#D9D0BE"), 0.9),
        into=hall,
    )
    for side, x in (("L", -1.2), ("R", 1.2)):
        plane(f"Wall.{side}", (2.6, 18), at=(x, 5, 1.3), turn=(0, 90 if x < 0 else -90, 0), material=paper, into=hall)
        door = cube(
            f"Door.{side}",
            (0.06, 0.9, 2.05),
            at=(x, -2.0, 1.02),
            material=plain(f"Door Mahogany {side}", rgb("#3B1710"), 0.3, coat_weight=0.5),
            into=hall,
        )
        modify(
            door,
            "ARRAY",
            "Doors",
            count=6,
            use_relative_offset=False,
            use_constant_offset=True,
            constant_offset_displace=(0, 2.9, 0),
        )
    glow_shade = glow("Sconce Glow", rgb("#FFC27A"), 7.0)
    for i in range(5):
        for side, x in (("L", -1.12), ("R", 1.12)):
            cone(
                f"Sconce.{i + 1}{side}",
                0.05,
                0.11,
                0.16,
                16,
                at=(x, round(-0.6 + 2.9 * i, 2), 1.75),
                material=glow_shade,
                into=hall,
            )
        light(
            "POINT",
            f"Corridor Lamp.{i + 1}",
            (0, round(-0.6 + 2.9 * i, 2), 2.3),
            24,
            color="#FFBE7A",
            shadow_soft_size=0.2,
        )
    cube("End Wall", (2.4, 0.1, 2.6), at=(0, 13.9, 1.3), material=paper, into=hall)
    red = plain("Red Ball Vinyl", rgb("#D3151B"), 0.12, coat_weight=1.0)
    subject = sphere("Beach Ball", 0.32, 48, 24, at=(0, 3.0, 0.32), material=red)
    shot = camera((0, -3.8, 1.0), (0, 3.0, 0.55), name="Vertigo Camera", lens=80)
    near = vary(rng, 0.4, 0.8, 1)
    keys(shot, "location", {1: -3.8, 72: near}, index=1, interpolation="SINE")
    drive(
        shot.data,
        "lens",
        f"{round(80 / 6.8, 4)} * (far - near)",
        far=(subject, "location[1]"),
        near=(shot, "location[1]"),
    )
    flat_world("Corridor Dark", "#0A0806", 0.4)
    eevee(64, (1920, 1080), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=0.3)


@scene(
    "camera_moves", "A drone flight through a canyon of rock arches on a Follow Path curve with banking.", "animation"
)
def canyon_flythrough(rng: random.Random) -> None:
    timing(200, fps=25)
    sandstone, tree = material("Navajo Sandstone")
    layers = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 0.9, "Distortion": 3.5, "Detail": 4.0},
        bands_direction="Z",
    )
    tone = ramp(
        tree, layers, (0.0, rgb("#8C3F22")), (0.4, rgb("#C8693A")), (0.7, rgb("#E39A63")), (1.0, rgb("#A8512C"))
    )
    principled(tree, {"Base Color": tone, "Roughness": 0.92, "Normal": bump(tree, layers, 0.35, 0.1)})
    canyon = collection("Canyon")
    for i in range(6):
        y = 6.0 * i
        arch = torus(
            f"Rock Arch.{i + 1}",
            vary(rng, 2.6, 3.3, 1),
            vary(rng, 0.55, 0.9, 2),
            64,
            24,
            at=(round(1.2 * sin(i * 1.3), 2), y, 0.6),
            turn=(90, 0, vary(rng, -18, 18, 0)),
            material=sandstone,
            into=canyon,
        )
        modify(arch, "DISPLACE", "Erosion", strength=0.5, mid_level=0.5, texture=clouds(f"Erosion {i + 1}", 0.8, 4))
        modify(arch, "DECIMATE", "Blocky Facets", ratio=0.6)
    floor = grid("Canyon Floor", 50.0, 80, at=(0, 15, -1.2), material=sandstone, smooth=True)
    modify(floor, "DISPLACE", "Dunes", strength=1.6, mid_level=0.55, texture=clouds("Dunes", 4.0, 3))
    path = curve(
        "Flight Path", [(0, -7, 1.6), (0.9, 1, 1.3), (-0.6, 9, 1.8), (1.0, 17, 1.2), (-0.4, 26, 1.7), (0, 34, 2.0)]
    )
    path.data.use_path = True
    path.data.path_duration = 200
    carrier = empty("Drone", "ARROWS", 0.4)
    follow = constrain(
        carrier,
        "FOLLOW_PATH",
        "Fly",
        target=path,
        use_curve_follow=True,
        forward_axis="FORWARD_Y",
        up_axis="UP_Z",
        use_fixed_location=True,
    )
    keys(follow, "offset_factor", {1: 0.0, 200: 0.9}, interpolation="BEZIER")
    shot = camera((0, 0, 0), (0, 1, -0.06), name="Drone Camera", lens=22)
    shot.parent = carrier
    keys(shot, "rotation_euler", {1: 0.0, 50: radians(7), 100: radians(-8), 150: radians(6), 200: 0.0}, index=1)
    light("SUN", "Golden Hour", (-9, -4, 6), 4.8, color="#FFD19A", angle=0.01)
    sky_world("Desert Sky", (-0.75, -0.3, 0.45), 3.0, 1.0)
    cycles(96, (1920, 818))
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.2)


@scene(
    "camera_moves",
    "A rack focus between two chess kings, keyed on the camera's focus distance with polygonal bokeh.",
    "animation",
)
def focus_pull(rng: random.Random) -> None:
    timing(60)
    boxwood, tree = material("Boxwood")
    rings = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 12.0, "Distortion": 3.0},
        wave_type="RINGS",
        rings_direction="Z",
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, rings, (0.2, rgb("#C9974F")), (0.8, rgb("#E6C282"))),
            "Roughness": 0.28,
            "Coat Weight": 0.5,
        },
    )
    ebony = plain("Ebonised Pear", rgb("#120E0C"), 0.22, coat_weight=0.7)
    king = [
        (0.0, 0.0),
        (0.019, 0.0),
        (0.019, 0.006),
        (0.012, 0.014),
        (0.008, 0.04),
        (0.012, 0.055),
        (0.008, 0.058),
        (0.014, 0.082),
        (0.0, 0.086),
    ]
    pieces = collection("Pieces")
    for name, wood, at in (("White King", boxwood, (-0.03, -0.06, 0.0)), ("Black King", ebony, (0.05, 0.16, 0.0))):
        body = lathe(name, king, 48, at=at, material=wood, into=pieces, smooth=True)
        modify(body, "SUBSURF", "Turning", levels=2, render_levels=2)
        for part, size in (("Cross Up", (0.003, 0.003, 0.014)), ("Cross Bar", (0.01, 0.003, 0.003))):
            cube(f"{name} {part}", size, at=(at[0], at[1], 0.092), material=wood, into=pieces)
    pawn = [(0.0, 0.0), (0.015, 0.0), (0.015, 0.005), (0.009, 0.012), (0.005, 0.028), (0.009, 0.03), (0.0, 0.03)]
    for i in range(rng.randint(3, 5)):
        at = (vary(rng, -0.15, 0.15), vary(rng, 0.1, 0.3), 0.0)
        wood = (boxwood, ebony)[i % 2]
        lathe(f"Pawn.{i + 1}", pawn, 32, at=at, material=wood, into=pieces, smooth=True)
        sphere(f"Pawn Head.{i + 1}", 0.0085, 24, 12, at=(at[0], at[1], 0.036), material=wood, into=pieces)
    board, tree = material("Chess Board")
    squares = add(
        tree,
        "ShaderNodeTexChecker",
        {"Vector": mapped(tree, "Generated"), "Color1": rgb("#2E1A10"), "Color2": rgb("#C8A06A"), "Scale": 8.0},
    )
    principled(tree, {"Base Color": squares, "Roughness": 0.16, "Coat Weight": 0.4})
    slab = cube("Board", (0.44, 0.44, 0.02), at=(0, 0.1, -0.01), material=board)
    modify(slab, "BEVEL", "Board Edge", width=0.01, segments=2)
    for i in range(14):
        hue = ("#FFB35C", "#7FB2FF", "#FF6F91", "#FFE9B8")[i % 4]
        sphere(
            f"Bokeh.{i + 1:02}",
            0.014,
            12,
            8,
            at=(vary(rng, -0.9, 0.9), vary(rng, 1.6, 2.2), vary(rng, 0.05, 0.6)),
            material=glow(f"Bokeh {i + 1}", rgb(hue), 18.0),
            into=collection("Bokeh Lights"),
        )
    shot = camera((0.06, -0.34, 0.09), (0.012, 0.05, 0.045), name="Focus Camera", lens=70, depth=2.0)
    shot.data.dof.aperture_blades = 6
    shot.data.dof.aperture_ratio = 1.3
    keys(shot.data, "dof.focus_distance", {1: 0.29, 18: 0.29, 42: 0.5, 60: 0.5}, interpolation="SINE")
    light("AREA", "Reading Lamp", (-0.3, -0.1, 0.4), 2.6, target=(0, 0.05, 0), color="#FFD9A8", size=0.15)
    light("AREA", "Cool Edge", (0.35, 0.35, 0.25), 1.6, target=(0, 0.1, 0.04), color="#9DC0FF", size=0.12)
    flat_world("Club Night", "#0B0C10", 0.6)
    plane("Table", (6, 6), at=(0, 0, -0.0205), material=plain("Club Table", rgb("#1C120C"), 0.3))
    cycles(384, (1920, 1080), use_denoising=True, denoising_prefilter="ACCURATE")
    grade("AgX", "AgX - High Contrast", exposure=0.4)


@scene(
    "camera_moves",
    "A hand-held shot of an empty playground swing moving in the wind, camera shake from noise modifiers.",
    "animation",
)
def handheld_swing(rng: random.Random) -> None:
    timing(144)
    steel, tree = material("Galvanised Tube")
    spangle = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 26.0})
    principled(
        tree,
        {
            "Base Color": rgb("#9DA3A8"),
            "Metallic": 1.0,
            "Roughness": ramp(tree, out(spangle, "Color"), (0.2, rgb("#4D4D4D")), (0.8, rgb("#8C8C8C"))),
        },
    )
    frame = collection("Swing Frame")
    cylinder("Top Bar", 0.04, 2.6, 24, at=(0, 0, 2.2), turn=(0, 90, 0), material=steel, into=frame)
    for side, x in (("L", -1.2), ("R", 1.2)):
        for leg, y in (("Front", -0.8), ("Back", 0.8)):
            curve(
                f"Leg.{side}.{leg}",
                [(x * 1.1, y, 0), (x, 0, 2.2)],
                kind="POLY",
                bevel=0.035,
                material=steel,
                into=frame,
            )
    for i, x in enumerate((-0.5, 0.55)):
        pivot = empty(f"Swing Pivot.{i + 1}", "ARROWS", 0.2, at=(x, 0, 2.2), into=frame)
        for rope in (-0.22, 0.22):
            curve(
                f"Chain.{i + 1}.{'L' if rope < 0 else 'R'}",
                [(rope, 0, 0), (rope, 0, -1.7)],
                kind="POLY",
                bevel=0.008,
                material=steel,
                parent=pivot,
                into=frame,
            )
        seat = cube(
            f"Seat.{i + 1}",
            (0.5, 0.2, 0.03),
            at=(0, 0, -1.71),
            material=plain(f"Seat Plastic {i + 1}", rgb(("#C8342B", "#2C62A8")[i]), 0.45),
            parent=pivot,
            into=frame,
        )
        modify(seat, "SUBSURF", "Seat Grid", subdivision_type="SIMPLE", levels=3, render_levels=3)
        modify(seat, "SIMPLE_DEFORM", "Sagging Seat", deform_method="BEND", angle=radians(-50), deform_axis="Y")
        swing = radians(vary(rng, 9, 22, 0))
        keys(pivot, "rotation_euler", {1: swing, 25 + 3 * i: -swing, 49 + 6 * i: swing}, index=0, interpolation="SINE")
        shape_curve(pivot, "rotation_euler", "CYCLES", index=0)
    bark, tree = material("Bark Mulch")
    chips = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 160.0})
    principled(
        tree,
        {
            "Base Color": ramp(tree, out(chips, "Color"), (0.2, rgb("#4A2E1A")), (0.8, rgb("#8F6238"))),
            "Roughness": 0.95,
            "Normal": bump(tree, out(chips, "Distance"), 0.8, 0.02),
        },
    )
    plane("Mulch", (30, 30), material=bark)
    for i in range(6):
        tree_crown = ico(
            f"Tree Crown.{i + 1}",
            vary(rng, 1.2, 1.9, 1),
            3,
            at=(-7.5 + 3 * i, vary(rng, 6.0, 9.0, 1), 2.6),
            material=plain(
                f"Autumn Leaves {i + 1}",
                rgb(("#B5651D", "#D98E2B", "#8C3B1A", "#C9A227", "#9C4A1F", "#6B7A2A")[i]),
                0.9,
            ),
        )
        modify(
            tree_crown,
            "DISPLACE",
            "Leaf Masses",
            strength=0.7,
            mid_level=0.5,
            texture=clouds(f"Leaf Masses {i + 1}", 0.5, 4),
        )
        cylinder(
            f"Tree Trunk.{i + 1}",
            0.14,
            2.4,
            12,
            at=(tree_crown.location.x, tree_crown.location.y, 1.2),
            material=plain(f"Trunk {i + 1}", rgb("#3B2A1E"), 0.95),
        )
    shot = camera((1.4, -5.2, 1.5), (0.05, 0, 1.15), name="Handheld Camera", lens=35, depth=4.0)
    keys(shot, "rotation_euler", {1: shot.rotation_euler.x, 144: shot.rotation_euler.x + 0.02}, index=0)
    keys(shot, "rotation_euler", {1: shot.rotation_euler.z, 144: shot.rotation_euler.z - 0.03}, index=2)
    for axis, phase in ((0, 1.0), (2, 7.5)):
        shape_curve(shot, "rotation_euler", "NOISE", index=axis, scale=18.0, strength=0.02, phase=phase, depth=2)
    light("SUN", "Low Autumn Sun", (-6, 5, 3.5), 3.6, color="#FFC68A", angle=0.02)
    gradient_world("Autumn Haze", (0.48, "#D9B48C"), (0.55, "#E8D6C0"), (1.0, "#8FAFD1"), strength=0.7)
    eevee(64, (1920, 1080), use_raytracing=True)
    grade("Filmic", "Medium Contrast", exposure=0.3)
