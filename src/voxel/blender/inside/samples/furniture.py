"""Furniture: a dining table, a sofa, a bookshelf, a bedside table, a bar stool."""

from __future__ import annotations

import random

from .catalogue import scene
from .nodes import add, blend, bump, mapped, material, out, plain, principled, ramp, rgb
from .shapes import collection, cone, cube, curve, cylinder, empty, lathe, modify, plane, sphere, torus, twin
from .staging import backdrop, camera, cycles, eevee, flat_world, grade, gradient_world, light, vary

CORNERS = {"FL": (-1.0, -1.0), "FR": (1.0, -1.0), "BL": (-1.0, 1.0), "BR": (1.0, 1.0)}


@scene("furniture", "An oak dining table for six with turned legs, a bench and a ceramic fruit bowl.")
def dining_table(rng: random.Random) -> None:
    length, height = vary(rng, 1.7, 2.1, 2), 0.75

    oak, tree = material("Oiled Oak")
    grain = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object", Scale=(1.0, 7.0, 7.0)), "Scale": 1.6, "Distortion": 5.5, "Detail": 3.0},
        wave_type="RINGS",
        rings_direction="X",
    )
    tone = ramp(tree, grain, (0.15, rgb("#6B4423")), (0.55, rgb("#A8794A")), (0.9, rgb("#C49A66")))
    principled(tree, {"Base Color": tone, "Roughness": 0.38, "Normal": bump(tree, grain, 0.08), "Coat Weight": 0.15})

    table = empty("Dining Table", "CUBE", 0.1)
    furniture = collection("Table")
    top = cube("Table Top", (length, 0.95, 0.045), at=(0, 0, height), material=oak, parent=table, into=furniture)
    modify(top, "BEVEL", "Eased Edge", width=0.006, segments=3, harden_normals=True)
    profile = [(0.025, 0.0), (0.032, 0.1), (0.022, 0.16), (0.04, 0.42), (0.028, 0.52), (0.045, 0.58), (0.045, 0.73)]
    first = None
    for corner, (x, y) in CORNERS.items():
        at = (x * (length / 2 - 0.14), y * 0.36, 0.0)
        if first is None:
            first = lathe(f"Leg.{corner}", profile, 24, at=at, material=oak, parent=table, into=furniture, smooth=True)
        else:
            twin(first, f"Leg.{corner}", at=at, parent=table)
    for side, y in (("Front", -0.36), ("Back", 0.36)):
        at = (0, y, 0.675)
        cube(f"Apron.{side}", (length - 0.3, 0.022, 0.09), at=at, material=oak, parent=table, into=furniture)

    seat = cube("Bench Seat", (length - 0.3, 0.34, 0.04), at=(0, -0.78, 0.45), material=oak, into=collection("Bench"))
    modify(seat, "BEVEL", "Soft Edge", width=0.008, segments=2, limit_method="ANGLE")
    for side, x in (("L", -0.55), ("R", 0.55)):
        cube(f"Bench Leg.{side}", (0.05, 0.3, 0.43), at=(x, -0.78, 0.215), material=oak, into=collection("Bench"))

    glaze = plain("Celadon Glaze", rgb("#8FB8A8"), 0.12, coat_weight=0.6, ior=1.52)
    bowl = lathe("Fruit Bowl", [(0.0, 0.0), (0.07, 0.0), (0.13, 0.05), (0.16, 0.1)], at=(0, 0, 0.775), smooth=True)
    bowl.data.materials.append(glaze)
    modify(bowl, "SOLIDIFY", "Wall", thickness=0.007, offset=0.0)
    orange = plain("Orange Peel", rgb("#E8811A"), 0.42, subsurface_weight=0.08)
    for i in range(rng.randint(4, 6)):
        at = (vary(rng, -0.07, 0.07), vary(rng, -0.07, 0.07), 0.85 + 0.012 * i)
        sphere(f"Orange.{i + 1}", vary(rng, 0.034, 0.041), 24, 12, at=at, material=orange, into=collection("Fruit"))

    floor = plain("Limewashed Floor", rgb("#B9AFA0"), 0.6)
    plane("Floor", (8, 8), material=floor)
    light(
        "AREA",
        "Window Light",
        (-2.8, -1.2, 2.6),
        190,
        target=(0, 0, 0.7),
        color="#FFF1DC",
        shape="RECTANGLE",
        size=1.6,
        size_y=2.2,
    )
    light("AREA", "Bounce", (2.6, -2.2, 1.8), 45, target=(0, 0, 0.6), color="#DCE8FF", size=2.0)
    flat_world("Morning Interior", "#C9D3DC", 0.25)
    camera((2.5, -3.4, 1.9), (0.05, -0.15, 0.5), lens=42)
    cycles(128, (1920, 1280), use_adaptive_sampling=True, adaptive_threshold=0.02)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.2)


@scene("furniture", "A three-seat sofa in woven wool with loose cushions and a floor lamp beside it.")
def sofa(rng: random.Random) -> None:
    width = vary(rng, 2.0, 2.3, 2)
    hue = rng.choice(["#4E6B66", "#7A4B3A", "#5A6382"])

    wool, tree = material("Woven Wool")
    coordinates = mapped(tree, "Generated", Scale=(90, 90, 90))
    weave = add(tree, "ShaderNodeTexChecker", {"Vector": coordinates, "Color1": rgb(hue), "Scale": 2.0})
    weave.inputs["Color2"].default_value = (*(round(c * 0.72, 4) for c in rgb(hue)[:3]), 1.0)
    fuzz = add(tree, "ShaderNodeTexNoise", {"Vector": coordinates, "Scale": 3.0, "Detail": 4.0})
    sockets = {"Base Color": weave, "Roughness": 0.92, "Normal": bump(tree, fuzz, 0.35, 0.004)}
    principled(tree, {**sockets, "Sheen Weight": 0.55, "Sheen Roughness": 0.4})

    into = collection("Sofa")
    base = cube("Seat Base", (width, 0.85, 0.22), at=(0, 0, 0.27), material=wool, into=into)
    modify(base, "BEVEL", "Padding", width=0.04, segments=4)
    back = cube("Backrest", (width, 0.2, 0.55), at=(0, 0.36, 0.6), turn=(-8, 0, 0), material=wool, into=into)
    modify(back, "BEVEL", "Padding", width=0.07, segments=5, profile=0.6)
    for side, x in (("L", -1.0), ("R", 1.0)):
        arm = cube(f"Armrest.{side}", (0.18, 0.88, 0.5), at=(x * (width / 2 + 0.07), 0, 0.4), material=wool, into=into)
        modify(arm, "BEVEL", "Rounded", width=0.12, segments=6, limit_method="NONE")
    for i in range(3):
        at = ((i - 1) * width / 3, -0.06, 0.45)
        cushion = cube(
            f"Seat Cushion.{i + 1}", (width / 3 - 0.02, 0.68, 0.16), at=at, material=wool, into=into, smooth=True
        )
        modify(cushion, "BEVEL", "Seams", width=0.12, segments=2)
        modify(cushion, "SUBSURF", "Fill", levels=2, render_levels=3)
    mustard = plain("Mustard Velvet", rgb("#C18A1E"), 0.7, sheen_weight=1.0, sheen_tint=rgb("#FFE2A0"))
    pillow = cube(
        "Throw Pillow", (0.42, 0.42, 0.14), at=(-0.72, 0.16, 0.68), turn=(72, 8, 20), material=mustard, smooth=True
    )
    modify(pillow, "SUBSURF", "Fill", levels=3, render_levels=4)
    modify(pillow, "CAST", "Pinch", factor=-0.25, cast_type="CUBOID")
    walnut = plain("Walnut Feet", rgb("#3B2416"), 0.35)
    for corner, (x, y) in CORNERS.items():
        cone(
            f"Foot.{corner}", 0.018, 0.032, 0.16, 16, at=(x * width * 0.46, y * 0.34, 0.08), material=walnut, into=into
        )

    brass = plain("Satin Brass", rgb("#C8A24A"), 0.28, metallic=1.0)
    lamp = collection("Floor Lamp")
    reach = width / 2 + 0.45
    cylinder("Lamp Foot", 0.14, 0.02, 48, at=(reach, 0.3, 0.01), material=brass, into=lamp)
    curve(
        "Lamp Stem",
        [(reach, 0.3, 0.02), (reach, 0.3, 1.2), (reach - 0.2, 0.2, 1.55)],
        bevel=0.012,
        material=brass,
        into=lamp,
    )
    shade = plain(
        "Linen Shade",
        rgb("#EADFC8"),
        0.8,
        transmission_weight=0.3,
        emission_color=rgb("#FFD9A0"),
        emission_strength=0.6,
    )
    hood = cone("Shade", 0.17, 0.1, 0.2, 48, at=(reach - 0.2, 0.2, 1.5), material=shade, into=lamp, smooth=True)
    modify(hood, "SOLIDIFY", "Fabric", thickness=0.003)
    light("POINT", "Lamp Bulb", (reach - 0.2, 0.2, 1.34), 18, color="#FFC98A", shadow_soft_size=0.05)

    backdrop(9, 4, 3.5, plain("Plaster", rgb("#D8D2C8"), 0.85))
    light("AREA", "Daylight", (-2.4, -3.0, 2.8), 220, target=(0, 0, 0.4), size=2.4, color="#F3F6FF")
    flat_world("Soft Room", "#BFC4CC", 0.35)
    camera((-1.6, -5.0, 1.45), (0.2, 0, 0.72), lens=45)
    cycles(96, (2048, 1152), use_denoising=True)
    grade("AgX", "AgX - Base Contrast")


@scene("furniture", "A tall bookshelf filled with rows of books in varied colours, and a trailing plant pot.")
def bookshelf(rng: random.Random) -> None:
    shelves, width = rng.randint(4, 5), 0.9
    height = 0.36 * shelves + 0.06

    pine, tree = material("White Stained Pine")
    streaks = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(18, 18, 1.2)), "Scale": 2.2, "Detail": 8.0}
    )
    stain = ramp(tree, streaks, (0.35, rgb("#CBBFA9")), (0.7, rgb("#EFE9DE")))
    principled(tree, {"Base Color": stain, "Roughness": 0.55, "Normal": bump(tree, streaks, 0.05)})

    case = collection("Case")
    for side, x in (("L", -1.0), ("R", 1.0)):
        cube(f"Side.{side}", (0.025, 0.3, height), at=(x * width / 2, 0, height / 2), material=pine, into=case)
    cube("Back Panel", (width, 0.008, height), at=(0, 0.146, height / 2), material=pine, into=case)
    board = cube("Shelf", (width, 0.29, 0.025), at=(0, 0, 0.06), material=pine, into=case)
    modify(
        board,
        "ARRAY",
        "Shelves",
        count=shelves + 1,
        use_relative_offset=False,
        use_constant_offset=True,
        constant_offset_displace=(0, 0, 0.36 / 0.025),
    )

    linens = [
        plain(f"Cloth {name}", rgb(code), vary(rng, 0.6, 0.85, 2), sheen_weight=0.2)
        for name, code in (("Oxblood", "#6E1F24"), ("Navy", "#1F2F55"), ("Moss", "#4D5B31"), ("Sand", "#C7AE7F"))
    ]
    gilt = plain("Gilt Spine", rgb("#D9B453"), 0.3, metallic=1.0)
    for shelf in range(shelves):
        books = collection(f"Books Shelf {shelf + 1}", collection("Books"))
        x = -width / 2 + 0.05
        while x < width / 2 - (0.14 if shelf % 2 else 0.28):
            thick, tall = vary(rng, 0.018, 0.045), vary(rng, 0.2, 0.3)
            lean = rng.choice([0, 0, 0, 0, 4])
            at = (round(x + thick / 2, 3), -0.02, round(0.0725 + 0.36 * shelf + tall / 2, 3))
            cloth = gilt if rng.random() < 0.08 else rng.choice(linens)
            book = cube(
                "Book", (thick, vary(rng, 0.16, 0.21), tall), at=at, turn=(0, lean, 0), material=cloth, into=books
            )
            modify(book, "BEVEL", "Spine", width=0.05, segments=2, affect="EDGES")
            x += thick + (0.02 if lean else 0.003)

    terracotta = plain("Terracotta", rgb("#B5573A"), 0.75)
    pot = lathe(
        "Pot",
        [(0.0, 0.0), (0.05, 0.0), (0.068, 0.11), (0.075, 0.11), (0.075, 0.13)],
        32,
        at=(0.32, -0.02, 0.0725),
        smooth=True,
    )
    pot.data.materials.append(terracotta)
    modify(pot, "SOLIDIFY", "Clay", thickness=0.006)
    ivy = plain("Ivy", rgb("#2F5B2A"), 0.5, subsurface_weight=0.1)
    for i in range(7):
        x, y = vary(rng, -0.09, 0.09), vary(rng, -0.14, -0.04)
        stem = [
            (0.32, -0.02, 0.19),
            (0.32 + x * 0.6, -0.05 + y * 0.3, 0.26),
            (0.32 + x, -0.06 + y, vary(rng, 0.12, 0.22)),
        ]
        curve(
            f"Tendril.{i + 1}",
            [(*point, 1.0 - 0.3 * j) for j, point in enumerate(stem)],
            bevel=0.004,
            material=ivy,
            into=collection("Plant"),
        )

    plane("Floor", (6, 6), material=plain("Herringbone Brown", rgb("#7B5A3C"), 0.4, coat_weight=0.2))
    plane("Wall", (6, 4), at=(0, 0.17, 2), turn=(90, 0, 0), material=plain("Sage Wall", rgb("#9DA88F"), 0.9))
    light("AREA", "Reading Light", (-1.3, -2.2, 2.6), 110, target=(0, 0, 0.9), color="#FFE7C7", shape="DISK", size=1.2)
    light("AREA", "Fill", (2.0, -2.5, 1.0), 30, target=(0, 0, 0.8), size=1.5)
    flat_world("Library Ambient", "#8A8F99", 0.3)
    camera((0.75, -3.7, 1.3), (0, 0, height / 2), lens=50)
    eevee(64, (1200, 1600), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=0.3)


@scene("furniture", "A bedside table with two drawers, round knobs, an alarm clock and a glowing table lamp.")
def bedside_table(rng: random.Random) -> None:
    width, drawers = vary(rng, 0.45, 0.55, 2), 2

    paint, tree = material("Chalk Paint Blue")
    wear = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 14.0, "Detail": 9.0, "Roughness": 0.7}
    )
    mask = ramp(tree, wear, (0.58, rgb("#000000")), (0.64, rgb("#FFFFFF")))
    worn = blend(tree, out(mask, "Color"), rgb("#6C8CA6"), rgb("#B08A5E"))
    principled(tree, {"Base Color": worn, "Roughness": 0.8, "Normal": bump(tree, wear, 0.15, 0.002)})

    into = collection("Bedside Table")
    root = empty("Bedside Table", "ARROWS", 0.15, into=into)
    body = cube("Carcass", (width, 0.4, 0.5), at=(0, 0, 0.4), material=paint, parent=root, into=into)
    modify(body, "BEVEL", "Worn Edge", width=0.01, segments=2, limit_method="ANGLE", angle_limit=0.7854)
    top = cube("Top", (width + 0.05, 0.44, 0.03), at=(0, 0, 0.665), material=paint, parent=root, into=into)
    modify(top, "BEVEL", "Ogee", width=0.02, segments=4, profile=0.25)
    knob_metal = plain("Aged Brass", rgb("#9C7A3C"), 0.42, metallic=1.0)
    for i in range(drawers):
        z = 0.28 + 0.23 * i
        front = cube(
            f"Drawer Front.{i + 1}",
            (width - 0.06, 0.02, 0.2),
            at=(0, -0.205, z),
            material=paint,
            parent=root,
            into=into,
        )
        modify(front, "BEVEL", "Chamfer", width=0.03, segments=1, offset_type="OFFSET")
        sphere(f"Knob.{i + 1}", 0.018, 24, 12, at=(0, -0.235, z), material=knob_metal, parent=root, into=into)
    for corner, (x, y) in CORNERS.items():
        at = (x * (width / 2 - 0.04), y * 0.16, 0.075)
        cone(f"Leg.{corner}", 0.014, 0.026, 0.15, 4, at=at, turn=(0, 0, 45), material=paint, parent=root, into=into)

    porcelain = plain("Crackled Porcelain", rgb("#F2EEE6"), 0.15, coat_weight=0.8)
    lamp = collection("Table Lamp")
    base = lathe(
        "Lamp Base",
        [(0.0, 0.0), (0.05, 0.0), (0.075, 0.06), (0.06, 0.13), (0.02, 0.18), (0.015, 0.22)],
        at=(-0.1, 0.06, 0.68),
        into=lamp,
        smooth=True,
    )
    base.data.materials.append(porcelain)
    modify(base, "SUBSURF", "Smooth", levels=1, render_levels=2)
    shade = plain("Paper Shade", rgb("#F6E7C9"), 0.9, emission_color=rgb("#FFC77A"), emission_strength=2.2)
    hood = cone("Lamp Shade", 0.14, 0.09, 0.17, 40, at=(-0.1, 0.06, 0.98), material=shade, into=lamp)
    modify(hood, "WIREFRAME", "Ribs", thickness=0.004, use_replace=False, material_offset=0)
    light("POINT", "Bulb", (-0.1, 0.06, 1.1), 9, color="#FFB765", shadow_soft_size=0.04)

    red = plain("Enamel Red", rgb("#B3241C"), 0.2, coat_weight=1.0, coat_roughness=0.05)
    clock = collection("Alarm Clock")
    cylinder("Clock Body", 0.06, 0.05, 48, at=(0.13, -0.06, 0.745), turn=(90, 0, 0), material=red, into=clock)
    torus("Clock Rim", 0.06, 0.006, at=(0.13, -0.086, 0.745), turn=(90, 0, 0), material=knob_metal, into=clock)
    cylinder("Clock Face", 0.055, 0.004, 48, at=(0.13, -0.086, 0.745), turn=(90, 0, 0), material=porcelain, into=clock)
    ink = plain("Clock Ink", rgb("#161616"), 0.6)
    for name, length, angle in (("Hour Hand", 0.03, 60), ("Minute Hand", 0.045, 180 + rng.randint(0, 12) * 6)):
        cube(name, (0.004, 0.002, length), at=(0.13, -0.09, 0.745), turn=(0, angle, 0), material=ink, into=clock)
    for side, x in (("L", -0.03), ("R", 0.03)):
        sphere(f"Bell.{side}", 0.02, 24, 12, at=(0.13 + x, -0.06, 0.815), material=knob_metal, into=clock)

    plane("Floor", (5, 5), material=plain("Dark Boards", rgb("#3A2A20"), 0.45))
    plane("Wall", (5, 3), at=(0, 0.3, 1.5), turn=(90, 0, 0), material=plain("Night Wall", rgb("#3D4660"), 0.9))
    light("AREA", "Moonlight", (2.2, -1.6, 2.2), 28, target=(0, 0, 0.5), color="#9FB8FF", size=0.8)
    gradient_world("Late Evening", (0.0, "#0A0C14"), (0.5, "#1C2338"), (1.0, "#2C3A5C"), strength=0.4)
    camera((0.9, -2.2, 1.15), (0, 0, 0.6), lens=55, depth=2.8)
    cycles(160, (1400, 1750), max_bounces=8, sample_clamp_indirect=6.0)
    grade("Filmic", "Medium High Contrast", exposure=0.6)


@scene("furniture", "Three bar stools with leather seats on tubular steel frames, standing at a counter.")
def bar_stools(rng: random.Random) -> None:
    seat_height, legs = vary(rng, 0.68, 0.76, 2), 4

    leather, tree = material("Cognac Leather")
    cells = add(
        tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 160.0}, feature="DISTANCE_TO_EDGE"
    )
    creases = add(tree, "ShaderNodeTexNoise", {"Scale": 9.0, "Detail": 5.0})
    tint = ramp(tree, creases, (0.3, rgb("#5E2F16")), (0.75, rgb("#98552A")))
    principled(
        tree,
        {"Base Color": tint, "Roughness": 0.46, "Normal": bump(tree, cells, 0.4, 0.0015), "Specular IOR Level": 0.35},
    )
    steel = plain("Powder Coated Steel", rgb("#1B1C1E"), 0.55, metallic=0.7)

    stool = collection("Stool")
    seat = cylinder("Seat", 0.18, 0.06, 48, at=(0, 0, seat_height), material=leather, into=stool, smooth=True)
    modify(seat, "BEVEL", "Roll", width=0.025, segments=5, limit_method="ANGLE")
    modify(seat, "SUBSURF", "Upholstery", subdivision_type="SIMPLE", levels=1, render_levels=2)
    for i in range(legs):
        x, y = ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))[i]
        points = [
            (x * 0.19, y * 0.19, 0.0),
            (x * 0.15, y * 0.15, seat_height * 0.55),
            (x * 0.09, y * 0.09, seat_height - 0.03),
        ]
        curve(
            f"Leg.{i + 1}",
            points,
            bevel=0.011,
            data={"bevel_resolution": 6, "use_fill_caps": True},
            material=steel,
            into=stool,
        )
    torus("Foot Ring", 0.225, 0.009, 64, 12, at=(0, 0, 0.28), material=steel, into=stool)

    scenery = collection("Bar")
    for side, x in (("L", -0.62), ("R", 0.62)):
        for part in list(stool.objects):
            twin(
                part,
                f"{part.name} {side}",
                at=(part.location.x + x, part.location.y, part.location.z),
                into=collection(f"Stool {side}"),
            )
    terrazzo, tree = material("Terrazzo Counter")
    chips = add(
        tree,
        "ShaderNodeTexVoronoi",
        {"Vector": mapped(tree, "Object", Scale=(1, 1, 1)), "Scale": 42.0, "Randomness": 1.0},
    )
    chosen = ramp(
        tree, out(chips, "Distance"), (0.32, rgb("#B7492F")), (0.36, rgb("#EDE7DD")), interpolation="CONSTANT"
    )
    principled(tree, {"Base Color": chosen, "Roughness": 0.2, "Coat Weight": 0.4})
    cube("Counter", (2.4, 0.5, 0.05), at=(0, 0.55, 1.05), material=terrazzo, into=scenery)
    panel = cube(
        "Counter Front",
        (2.3, 0.04, 1.03),
        at=(0, 0.7, 0.515),
        material=plain("Fluted Green", rgb("#2E4A3E"), 0.6),
        into=scenery,
    )
    modify(panel, "BEVEL", "Shadow Gap", width=0.006, segments=1)
    rail = [(-1.1, 0.42, 0.16), (1.1, 0.42, 0.16)]
    curve(
        "Foot Rail",
        rail,
        kind="POLY",
        bevel=0.018,
        material=plain("Polished Brass", rgb("#D4A94E"), 0.12, metallic=1.0),
        into=scenery,
    )

    plane("Floor", (8, 8), material=plain("Polished Concrete", rgb("#77756F"), 0.32))
    for i in range(3):
        at = ((i - 1) * 0.7, 0.35, 2.1)
        light(
            "SPOT",
            f"Pendant.{i + 1}",
            at,
            160,
            target=(at[0], 0.2, 0.9),
            color="#FFD8A6",
            spot_size=1.2,
            spot_blend=0.5,
        )
    light("AREA", "Street Window", (-3, -2.5, 2.2), 320, target=(0, 0, 0.6), color="#DDE7FF", size=2.5)
    flat_world("Bar Ambient", "#4A4640", 0.5)
    camera((1.9, -2.9, 1.2), (0, 0.15, 0.6), lens=45, depth=4.0)
    cycles(128, (1920, 1200), caustics_reflective=False)
    grade("AgX", "AgX - High Contrast")
