"""Animated objects: a bouncing ball, a Newton's cradle, an orrery, falling dominoes, a paper plane on a path."""

from __future__ import annotations

import random
from math import cos, pi, radians, sin

from .catalogue import scene
from .motion import constrain, drive, fcurves, keys, shape_curve
from .nodes import add, mapped, material, out, plain, principled, ramp, rgb
from .shapes import collection, cube, curve, cylinder, empty, modify, plane, sphere
from .staging import backdrop, camera, cycles, eevee, flat_world, grade, gradient_world, light, timing, vary


@scene(
    "motion_studies",
    "The animator's first exercise: a rubber ball that bounces in decaying arcs with squash and stretch.",
    "animation",
)
def bouncing_ball(rng: random.Random) -> None:
    timing(96)
    rubber, tree = material("Striped Rubber")
    stripes = add(
        tree, "ShaderNodeTexGradient", {"Vector": mapped(tree, "Object", Scale=(3, 3, 3))}, gradient_type="RADIAL"
    )
    band = ramp(
        tree,
        stripes,
        (0.0, rgb("#E63B2E")),
        (0.25, rgb("#F7EFE3")),
        (0.5, rgb("#E63B2E")),
        (0.75, rgb("#F7EFE3")),
        interpolation="CONSTANT",
    )
    principled(tree, {"Base Color": band, "Roughness": 0.55, "Sheen Weight": 0.15})
    squash = empty("Squash Control", "CIRCLE", 0.45, at=(-2.4, 0, 0))
    ball = sphere("Ball", 0.3, 32, 16, at=(0, 0, 0.3), material=rubber, parent=squash)
    peak, frame = vary(rng, 1.9, 2.3, 2), 1
    heights, scales = {}, {}
    for bounce, span in enumerate((12, 22, 18, 14, 10, 8)):
        top = round(peak * 0.62**bounce, 3)
        if not bounce:
            heights[frame] = top
        else:
            heights[frame + span // 2] = top
        frame += span
        heights[frame] = 0.0
        force = round(0.28 * 0.7**bounce, 3)
        scales[frame - 2] = (1 - force / 3, 1 - force / 3, 1 + force / 2)
        scales[frame] = (1 + force / 2, 1 + force / 2, 1 - force)
        scales[frame + 2] = (1 - force / 4, 1 - force / 4, 1 + force / 3)
    keys(squash, "location", heights, index=2)
    for point in fcurves(squash, "location", 2)[0].keyframe_points:
        point.handle_left_type = point.handle_right_type = "VECTOR" if point.co.y == 0 else "AUTO_CLAMPED"
    keys(squash, "location", {1: -2.4, 96: 2.4}, index=0, interpolation="LINEAR")
    keys(squash, "scale", scales)
    keys(ball, "rotation_euler", {1: 0.0, 96: radians(540)}, index=1, interpolation="LINEAR")
    stage = plain("Practice Floor", rgb("#7FA6B8"), 0.8)
    backdrop(14, 5, 5, stage)
    light("AREA", "Soft Key", (-2.5, -3.5, 4.5), 420, target=(0, 0, 0.8), size=3.0)
    flat_world("Animation Desk", "#E4EAEE", 0.5)
    camera((0, -8.0, 1.5), (0, 0, 1.05), lens=42)
    eevee(32, (1920, 1080))
    grade("Standard")


@scene(
    "motion_studies", "A Newton's cradle of chromed balls on threads, swinging in counter-time for ever.", "animation"
)
def newtons_cradle(rng: random.Random) -> None:
    timing(48)
    chrome = plain("Mirror Chrome", rgb("#E8E9EB"), 0.04, metallic=1.0)
    frame_wood, tree = material("Rosewood Frame")
    grain = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(2, 14, 14)), "Scale": 4.0, "Detail": 8.0}
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, grain, (0.3, rgb("#2B0F0A")), (0.7, rgb("#6B2C1C"))),
            "Roughness": 0.25,
            "Coat Weight": 0.6,
        },
    )
    cradle = collection("Cradle")
    cube("Base", (0.5, 0.3, 0.03), at=(0, 0, 0.015), material=frame_wood, into=cradle)
    for side, y in (("Front", -0.13), ("Back", 0.13)):
        bar = [(-0.22, y, 0.02), (-0.22, y, 0.36), (-0.19, y, 0.39), (0.19, y, 0.39), (0.22, y, 0.36), (0.22, y, 0.02)]
        curve(f"Rail.{side}", bar, bevel=0.007, material=chrome, into=cradle)
    amplitude, balls = vary(rng, 24, 36, 0), 5
    thread = plain("Nylon Thread", rgb("#DDE3E8"), 0.4)
    for i in range(balls):
        x = round((i - (balls - 1) / 2) * 0.06, 3)
        pivot = empty(f"Pivot.{i + 1}", "SINGLE_ARROW", 0.05, at=(x, 0, 0.39), into=cradle)
        sphere(f"Ball.{i + 1}", 0.03, 48, 24, at=(0, 0, -0.27), material=chrome, parent=pivot, into=cradle)
        for side, y in (("F", -0.13), ("B", 0.13)):
            curve(
                f"Thread.{i + 1}{side}",
                [(0, y, 0), (0, 0, -0.245)],
                kind="POLY",
                bevel=0.0012,
                material=thread,
                parent=pivot,
                into=cradle,
            )
        if i in (0, balls - 1):
            lift = radians(amplitude) * (1 if i == 0 else -1)
            frames = {1: lift, 13: 0.0, 37: 0.0, 49: lift} if i == 0 else {1: 0.0, 13: 0.0, 25: lift, 37: 0.0, 49: 0.0}
            keys(pivot, "rotation_euler", frames, index=1, interpolation="SINE")
            shape_curve(pivot, "rotation_euler", "CYCLES", index=1)
        else:
            keys(pivot, "rotation_euler", {1: 0.0, 13: radians(0.6), 15: 0.0, 37: radians(-0.6), 39: 0.0}, index=1)
            shape_curve(pivot, "rotation_euler", "CYCLES", index=1, mode_before="MIRROR", mode_after="REPEAT")
    desk = plane("Desk", (3, 3), material=plain("Desk Leather", rgb("#23352B"), 0.5))
    modify(desk, "SOLIDIFY", "Desk Edge", thickness=0.04, offset=-1.0)
    light("AREA", "Window", (-0.8, -0.4, 0.9), 16, target=(0, 0, 0.15), shape="RECTANGLE", size=0.4, size_y=0.8)
    light("AREA", "Desk Lamp", (0.7, -0.5, 0.8), 9, target=(0, 0, 0.1), color="#FFCD94", size=0.2)
    gradient_world("Study", (0.3, "#1A1510"), (0.6, "#6B6257"), (1.0, "#D8D2C6"), strength=0.4)
    camera((0.45, -1.15, 0.42), (0, 0, 0.17), lens=55, depth=5.6)
    cycles(256, (1600, 1200), max_bounces=16, glossy_bounces=10)
    grade("AgX", "AgX - High Contrast")


@scene(
    "motion_studies",
    "A brass orrery: planets on arms around a glowing sun, geared by drivers from one crank.",
    "animation",
)
def orrery(rng: random.Random) -> None:
    timing(240)
    brass, tree = material("Aged Orrery Brass")
    patina = add(tree, "ShaderNodeTexNoise", {"Scale": 5.0, "Detail": 9.0})
    principled(
        tree,
        {
            "Base Color": ramp(tree, patina, (0.3, rgb("#5A4420")), (0.65, rgb("#C79E4B"))),
            "Metallic": 1.0,
            "Roughness": ramp(tree, patina, (0.3, rgb("#8A8A8A")), (0.7, rgb("#303030"))),
        },
    )
    machine = collection("Orrery")
    crank = empty("Master Crank", "CIRCLE", 0.3, into=machine)
    keys(crank, "rotation_euler", {1: 0.0, 241: 2 * pi}, index=2, interpolation="LINEAR")
    shape_curve(crank, "rotation_euler", "CYCLES", index=2, mode_after="REPEAT_OFFSET")
    sun = plain("Sun Glass", rgb("#FFC04A"), 0.2, emission_color=rgb("#FFB13D"), emission_strength=6.0)
    sphere("Sun", 0.2, 48, 24, at=(0, 0, 0.8), material=sun, into=machine)
    cylinder("Column", 0.03, 0.8, 24, at=(0, 0, 0.4), material=brass, into=machine)
    base = cylinder("Pedestal", 0.4, 0.1, 64, at=(0, 0, 0.05), material=brass, into=machine)
    modify(base, "BEVEL", "Turned Edge", width=0.03, segments=4, limit_method="ANGLE")
    for i, (name, radius, size, code) in enumerate(
        (
            ("Mercury", 0.42, 0.04, "#9B8E82"),
            ("Venus", 0.62, 0.065, "#D9B380"),
            ("Earth", 0.86, 0.07, "#3C78B4"),
            ("Mars", 1.08, 0.055, "#B4502E"),
            ("Jupiter", 1.42, 0.13, "#C9A27A"),
        )
    ):
        arm = empty(f"{name} Arm", "PLAIN_AXES", 0.1, at=(0, 0, 0.34 + 0.07 * i), into=machine)
        ratio = round((0.42 / radius) ** 1.5 * 4, 3)
        drive(
            arm,
            "rotation_euler",
            f"turn * {ratio} + {vary(rng, 0, 6.2, 2)}",
            index=2,
            turn=(crank, "rotation_euler[2]"),
        )
        curve(
            f"{name} Rod",
            [(0, 0, 0), (radius * 0.9, 0, 0), (radius, 0, round(0.4 - 0.07 * i, 3))],
            bevel=0.009,
            material=brass,
            parent=arm,
            into=machine,
        )
        enamel = plain(f"{name} Enamel", rgb(code), 0.25, coat_weight=0.8)
        ball = sphere(
            name, size, 32, 16, at=(radius, 0, round(0.46 - 0.07 * i, 3)), material=enamel, parent=arm, into=machine
        )
        drive(ball, "rotation_euler", "frame * 0.1", index=2)
        if name == "Earth":
            moon = sphere("Moon", 0.018, 24, 12, at=(0.14, 0, 0), material=enamel, parent=ball, into=machine)
            constrain(moon, "LIMIT_DISTANCE", "Leash", target=ball, distance=0.14, limit_mode="LIMITDIST_ONSURFACE")
    plane("Map Table", (6, 6), material=plain("Green Baize", rgb("#1E4030"), 0.95, sheen_weight=0.6))
    light("POINT", "Sun Light", (0, 0, 1.05), 32, color="#FFB65C", shadow_soft_size=0.2)
    light("AREA", "Gallery", (-1.8, -2.0, 2.4), 60, target=(0, 0, 0.5), color="#C9D6FF", size=1.2)
    flat_world("Observatory", "#171A24", 0.8)
    camera((1.9, -2.9, 1.75), (0, 0, 0.5), lens=42)
    cycles(192, (1600, 1200))
    grade("Filmic", "High Contrast", exposure=0.5)


@scene("motion_studies", "A curling row of dominoes that topple one after another.", "animation")
def domino_run(rng: random.Random) -> None:
    count = rng.randint(26, 32)
    timing(count * 3 + 40, fps=30)
    ivory, tree = material("Domino Ivory")
    pips = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Generated", Scale=(2, 1, 4)), "Scale": 1.0, "Randomness": 0.0},
    )
    dots = ramp(tree, out(pips, "Distance"), (0.2, rgb("#141414")), (0.24, rgb("#F3ECDD")), interpolation="CONSTANT")
    principled(tree, {"Base Color": dots, "Roughness": 0.3, "Coat Weight": 0.3})
    run = collection("Dominoes")
    for i in range(count):
        t = i / (count - 1)
        angle = pi * 1.5 * t
        radius = 0.9 - 0.45 * t
        at = (round(radius * cos(angle), 4), round(radius * sin(angle), 4), 0.0)
        pivot = empty(
            f"Domino Pivot.{i + 1:02}",
            "ARROWS",
            0.03,
            at=at,
            turn=(0, 0, round(360 * angle / (2 * pi) + 180, 2)),
            into=run,
        )
        tile = cube(f"Domino.{i + 1:02}", (0.1, 0.022, 0.2), at=(0, 0, 0.1), material=ivory, parent=pivot, into=run)
        modify(tile, "BEVEL", "Worn Corner", width=0.02, segments=2)
        start = 10 + 3 * i
        keys(
            pivot,
            "rotation_euler",
            {start: 0.0, start + 8: radians(62), start + 11: radians(58), start + 14: radians(60)},
            index=0,
        )
    felt = plain("Games Felt", rgb("#6E1F2B"), 0.95, sheen_weight=0.8, sheen_tint=rgb("#FFB0B0"))
    plane("Table", (5, 5), material=felt)
    light(
        "SPOT",
        "Pool Lamp",
        (0, 0, 2.6),
        190,
        target=(0, 0, 0),
        color="#FFE0B0",
        spot_size=radians(64),
        spot_blend=0.35,
        shadow_soft_size=0.15,
    )
    light("AREA", "Bar Glow", (2.2, 1.8, 1.2), 22, target=(0, 0, 0), color="#7FA8FF", size=1.0)
    flat_world("Back Room", "#15171C", 0.7)
    camera((0.5, -2.5, 1.45), (0, 0.05, 0.02), lens=45)
    eevee(64, (1920, 1080), use_shadows=True)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.4)
