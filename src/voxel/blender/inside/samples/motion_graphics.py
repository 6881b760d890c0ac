"""Motion graphics: a logo reveal, a bar chart on drivers, a radial loop of cubes, an audio-style wave, a countdown."""

from __future__ import annotations

import random
from math import pi, radians

from .catalogue import scene
from .motion import drive, keys, shape_curve
from .nodes import (
    add,
    geometry,
    mapped,
    material,
    math,
    out,
    plain,
    principled,
    ramp,
    result,
    rgb,
)
from .shapes import collection, cube, curve, empty, grow, modify, plane, sphere, text, torus
from .staging import backdrop, camera, cycles, eevee, flat_world, grade, gradient_world, light, timing, vary


@scene(
    "motion_graphics",
    "A title reveal: bevelled gold letters rise through a slit while a light sweeps over them.",
    "animation",
)
def title_reveal(rng: random.Random) -> None:
    timing(100, fps=25)
    word = rng.choice(["HORIZON", "AURORA", "MERIDIAN"])
    gold, tree = material("Brushed Title Gold")
    streak = add(tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(2, 60, 60)), "Scale": 3.0})
    rough = add(tree, "ShaderNodeMapRange", {"Value": out(streak, 0), "To Min": 0.12, "To Max": 0.34})
    principled(tree, {"Base Color": rgb("#E3B152"), "Metallic": 1.0, "Roughness": rough, "Anisotropic": 0.5})
    titles = collection("Titles")
    for i, letter in enumerate(word):
        x = round((i - (len(word) - 1) / 2) * 0.78, 3)
        glyph = text(
            f"Letter {letter}.{i + 1}",
            letter,
            1.0,
            {"extrude": 0.09, "bevel_depth": 0.018, "bevel_resolution": 3, "resolution_u": 10},
            at=(x, 0, -0.9),
            turn=(90, 0, 0),
            material=gold,
            into=titles,
        )
        start = 8 + 4 * i
        keys(glyph, "location", {start: -0.9, start + 22: 0.62, start + 28: 0.55}, index=2)
        keys(glyph, "rotation_euler", {start: radians(-40), start + 26: 0.0}, index=2)
    under = text(
        "Subtitle",
        "A FILM ABOUT LIGHT",
        0.22,
        {"space_character": 1.6, "extrude": 0.01},
        at=(0, -0.3, 0.13),
        turn=(90, 0, 0),
        material=plain("Subtitle White", rgb("#F2F2F2"), 0.4),
        into=titles,
    )
    keys(under, "scale", {1: (0.0, 0.0, 0.0), 62: (0.0, 0.0, 0.0), 78: (1.0, 1.0, 1.0)})
    stage, tree = material("Black Mirror Stage")
    smudge = add(tree, "ShaderNodeTexNoise", {"Scale": 3.0, "Detail": 6.0})
    principled(
        tree,
        {"Base Color": rgb("#060607"), "Roughness": ramp(tree, smudge, (0.35, rgb("#141414")), (0.7, rgb("#4A4A4A")))},
    )
    plane("Stage", (24, 24), material=stage)
    sweep = light(
        "AREA", "Light Sweep", (-5, -2.5, 2.5), 350, target=(-5, 0, 0.5), shape="RECTANGLE", size=0.4, size_y=3.0
    )
    keys(sweep, "location", {30: -5.0, 75: 5.0}, index=0, interpolation="SINE")
    light(
        "AREA",
        "Top Bar",
        (0, 0.6, 3.0),
        120,
        target=(0, 0, 0.5),
        shape="RECTANGLE",
        size=6.0,
        size_y=0.3,
        color="#FFE9C9",
    )
    light("AREA", "Front Wash", (1.5, -5.0, 2.2), 130, target=(0, 0, 0.5), size=3.0, color="#D9E6FF")
    gradient_world("Title Void", (0.45, "#020204"), (0.6, "#14181F"), (1.0, "#33404F"), strength=0.5)
    shot = camera((0, -9.0, 0.9), (0, 0, 0.5), lens=42)
    keys(shot, "location", {1: -9.4, 100: -8.6}, index=1)
    cycles(128, (2048, 858))
    grade("AgX", "AgX - High Contrast", exposure=0.3)


@scene(
    "motion_graphics",
    "An animated bar chart whose columns and labels are driven by custom properties on one controller.",
    "animation",
)
def bar_chart(rng: random.Random) -> None:
    timing(90, fps=30)
    chart = collection("Chart")
    control = empty("Chart Data", "CUBE", 0.2, at=(-2.4, 0, 0), into=chart)
    keys(control, "location", {1: (-2.4, 0, 0), 50: (-2.4, 0, 1)}, interpolation="EXPO")
    for label in ("jan", "feb", "mar", "apr", "may", "jun"):
        control[label] = vary(rng, 0.6, 2.4, 2)
    control.update_tag()
    palette = ("#F94144", "#F8961E", "#F9C74F", "#90BE6D", "#43AA8B", "#577590")
    for i, (label, code) in enumerate(zip(("JAN", "FEB", "MAR", "APR", "MAY", "JUN"), palette, strict=True)):
        value = control[label.lower()]
        shine = plain(f"Bar {label}", rgb(code), 0.25, coat_weight=0.6)
        x = round((i - 2.5) * 0.62, 2)
        bar = cube(f"Bar {label}", (0.42, 0.42, 0.02), at=(x, 0, 0), material=shine, into=chart)
        modify(bar, "BEVEL", "Pill Edge", width=0.04, segments=3)
        data = {"value": (control, f'["{label.lower()}"]'), "grow": (control, "location[2]")}
        drive(bar, "scale", "max(0.02, value * grow)", index=2, **data)
        drive(bar, "location", "max(0.02, value * grow) / 2", index=2, **data)
        text(
            f"Label {label}",
            label,
            0.16,
            {"extrude": 0.006},
            at=(x, -0.34, 0.005),
            material=plain(f"Label Ink {label}", rgb("#2B2D42"), 0.8),
            into=chart,
        )
        figure = text(
            f"Value {label}",
            f"{value:.1f}",
            0.18,
            {"extrude": 0.008},
            at=(x, 0, 0.2),
            turn=(90, 0, 0),
            material=shine,
            into=chart,
        )
        drive(figure, "location", "value * grow + 0.16", index=2, **data)
    line = plain("Grid Line", rgb("#C9CED6"), 0.9)
    for i in range(5):
        curve(
            f"Grid Line.{i + 1}",
            [(-2.0, 0.35, 0.6 * i), (2.0, 0.35, 0.6 * i)],
            kind="POLY",
            bevel=0.006,
            material=line,
            into=chart,
        )
    backdrop(14, 5, 5, plain("Keynote White", rgb("#F1F3F6"), 0.8))
    light("AREA", "Overhead", (-1.5, -2.5, 4.0), 150, target=(0, 0, 0.8), size=2.5)
    light("AREA", "Side Fill", (3.0, -2.0, 2.0), 70, target=(0, 0, 0.8), size=2.0, color="#DCE8FF")
    flat_world("Slide", "#E9EEF5", 0.35)
    camera((1.2, -6.4, 2.2), (0, 0, 0.95), lens=48)
    eevee(64, (1920, 1080), use_raytracing=True)
    grade("Standard", exposure=-0.4)


@scene(
    "motion_graphics",
    "A looping ring of cubes that swell in a travelling wave, driven by frame and index in geometry nodes.",
    "animation",
)
def cube_wave(rng: random.Random) -> None:
    timing(120, fps=30)
    hue = rng.choice([("#12C2E9", "#F64F59"), ("#00F260", "#0575E6"), ("#FDC830", "#F37335")])
    skin, tree = material("Wave Gradient")
    place = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeNewGeometry"), "Position")})
    lift = add(tree, "ShaderNodeMapRange", {"Value": out(place, "Z"), "From Min": -0.1, "From Max": 0.9})
    principled(
        tree,
        {"Base Color": ramp(tree, lift, (0.0, rgb(hue[0])), (1.0, rgb(hue[1]))), "Roughness": 0.3, "Coat Weight": 0.4},
    )
    group, given = geometry(
        "Cube Wave",
        Count=("NodeSocketInt", rng.choice([15, 17, 19]), 2, 100),
        Spacing=("NodeSocketFloat", 0.3, 0.01, 5.0),
        Amplitude=("NodeSocketFloat", vary(rng, 0.35, 0.55, 2), 0.0, 5.0),
        Phase=("NodeSocketFloat", 0.0, None, None),
    )
    span = math(group, "MULTIPLY", out(given, "Count"), out(given, "Spacing"))
    lattice = add(
        group,
        "GeometryNodeMeshGrid",
        {"Size X": span, "Size Y": span, "Vertices X": out(given, "Count"), "Vertices Y": out(given, "Count")},
    )
    spot = add(group, "GeometryNodeInputPosition")
    distance = add(group, "ShaderNodeVectorMath", {0: spot}, operation="LENGTH")
    angle = math(group, "SUBTRACT", math(group, "MULTIPLY", out(distance, "Value"), 3.2), out(given, "Phase"))
    wave = math(group, "MULTIPLY", math(group, "SINE", angle), out(given, "Amplitude"))
    moved = add(
        group,
        "GeometryNodeSetPosition",
        {"Geometry": out(lattice, "Mesh"), "Offset": add(group, "ShaderNodeCombineXYZ", {"Z": wave})},
    )
    size = add(
        group, "ShaderNodeMapRange", {"Value": wave, "From Min": -0.5, "From Max": 0.5, "To Min": 0.45, "To Max": 1.0}
    )
    brick = add(group, "GeometryNodeMeshCube", {"Size": (0.24, 0.24, 0.24)})
    cubes = add(
        group,
        "GeometryNodeInstanceOnPoints",
        {"Points": moved, "Instance": out(brick, "Mesh"), "Scale": out(size, "Result")},
    )
    result(group, add(group, "GeometryNodeSetMaterial", {"Geometry": cubes, "Material": skin}))
    field = plane("Cube Field", (1, 1), at=(0, 0, 0.4))
    made = grow(field, group)
    identifier = next(item.identifier for item in group.interface.items_tree if item.name == "Phase")
    keys(field, f'modifiers["{made.name}"]["{identifier}"]', {1: 0.0, 121: 4 * pi}, interpolation="LINEAR")
    shape_curve(field, f'modifiers["{made.name}"]["{identifier}"]', "CYCLES", mode_after="REPEAT_OFFSET")
    plane("Stage Floor", (20, 20), at=(0, 0, -0.5), material=plain("Loop Floor", rgb("#1B1E2B"), 0.4))
    light("AREA", "Key Panel", (-4, -3, 5), 520, target=(0, 0, 0), size=2.5)
    light("AREA", "Back Kick", (4, 4, 3), 260, target=(0, 0, 0), size=1.5, color=hue[1])
    flat_world("Loop Ambient", "#EAF4FF", 0.35)
    camera((5.2, -5.2, 5.0), (0, 0, 0.2), type="ORTHO", ortho_scale=7.4)
    eevee(64, (1080, 1080), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=0.2)


@scene(
    "motion_graphics",
    "A loading spinner of glossy beads on a circle that chase one another with eased, offset keys.",
    "animation",
)
def bead_spinner(rng: random.Random) -> None:
    timing(60, fps=30)
    beads = rng.choice([8, 10, 12])
    ring = collection("Spinner")
    hub = empty("Spinner Hub", "CIRCLE", 1.2, into=ring)
    for i in range(beads):
        share = i / beads
        candy, tree = material(f"Candy {i + 1}")
        color = add(
            tree, "ShaderNodeCombineColor", {0: round((0.55 + share * 0.4) % 1.0, 3), 1: 0.75, 2: 0.95}, mode="HSV"
        )
        principled(tree, {"Base Color": color, "Roughness": 0.08, "Coat Weight": 1.0, "Subsurface Weight": 0.2})
        arm = empty(f"Arm.{i + 1:02}", "SINGLE_ARROW", 0.2, parent=hub, into=ring)
        delay = round(share * 18)
        turn = 2 * pi * share
        keys(
            arm,
            "rotation_euler",
            {1 + delay: turn, 42 + delay: turn + 2 * pi},
            index=2,
            interpolation="BACK" if i % 2 else "CIRC",
        )
        shape_curve(arm, "rotation_euler", "CYCLES", index=2, mode_before="REPEAT_OFFSET", mode_after="REPEAT_OFFSET")
        bead = sphere(
            f"Bead.{i + 1:02}",
            round(0.1 + 0.11 * share, 3),
            40,
            20,
            at=(1.0, 0, 0),
            material=candy,
            parent=arm,
            into=ring,
        )
        keys(
            bead,
            "scale",
            {1 + delay: (1, 1, 1), 21 + delay: (0.7, 0.7, 0.7), 42 + delay: (1, 1, 1)},
            interpolation="SINE",
        )
    groove = torus(
        "Track",
        1.0,
        0.03,
        128,
        12,
        at=(0, 0, -0.2),
        material=plain("Track Acrylic", rgb("#FFFFFF"), 0.1, transmission_weight=0.8),
        into=ring,
    )
    modify(groove, "SIMPLE_DEFORM", "Wobble", deform_method="TWIST", angle=radians(vary(rng, 4, 9, 0)), deform_axis="X")
    plane("Loop Card", (30, 30), at=(0, 0, -0.42), material=plain("Loop Card", rgb("#20213A"), 0.6))
    light("AREA", "Big Softbox", (-2.0, -1.5, 3.5), 170, target=(0, 0, 0), size=2.0)
    light("AREA", "Magenta Kick", (2.6, 1.6, 1.6), 70, target=(0, 0, 0), size=1.0, color="#FF6AD5")
    flat_world("Loop Night", "#2A2C4A", 0.5)
    camera((0, -2.6, 4.6), (0, 0, -0.1), lens=50)
    cycles(96, (1080, 1080), use_adaptive_sampling=False)
    grade("AgX", "AgX - Base Contrast", exposure=0.4)
