"""Rigs: a robot arm with inverse kinematics, a tentacle, a face with shape keys, an engine piston on drivers."""

from __future__ import annotations

import random
from math import pi, radians

from .catalogue import scene
from .motion import armature, constrain, drive, hang, keys, shape_curve, shape_key
from .nodes import add, bump, mapped, material, out, plain, principled, ramp, rgb
from .shapes import collection, cone, cube, curve, cylinder, empty, modify, plane, sphere, torus
from .staging import backdrop, camera, cycles, eevee, flat_world, grade, gradient_world, light, timing, vary


@scene(
    "rigs", "A yellow industrial robot arm with an inverse-kinematics chain that follows a moving target.", "animation"
)
def robot_arm(rng: random.Random) -> None:
    timing(120)
    yellow, tree = material("Safety Yellow")
    chips = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object"), "Scale": 9.0, "Detail": 12.0, "Roughness": 0.75}
    )
    principled(
        tree,
        {
            "Base Color": ramp(tree, chips, (0.3, rgb("#4A4A48")), (0.34, rgb("#F2B10F"))),
            "Roughness": 0.4,
            "Coat Weight": 0.3,
        },
    )
    dark = plain("Joint Grey", rgb("#2C2E32"), 0.5, metallic=0.6)
    bones = {
        "Base": ((0, 0, 0.0), (0, 0, 0.45), None),
        "Upper Arm": ((0, 0, 0.45), (0, -0.25, 1.25), "Base"),
        "Forearm": ((0, -0.25, 1.25), (0, -0.95, 1.1), "Upper Arm"),
        "Hand": ((0, -0.95, 1.1), (0, -1.15, 1.0), "Forearm"),
    }
    rig = armature("Robot Rig", bones, display_type="OCTAHEDRAL", show_names=True)
    rig.show_in_front = True
    parts = collection("Robot")
    for name, shape, bone in (
        ("Turret", cylinder("Turret", 0.28, 0.42, 48, at=(0, 0, 0.22), material=yellow, into=parts), "Base"),
        (
            "Upper Link",
            cube("Upper Link", (0.2, 0.22, 0.82), at=(0, -0.125, 0.85), turn=(17.4, 0, 0), material=yellow, into=parts),
            "Upper Arm",
        ),
        (
            "Fore Link",
            cube("Fore Link", (0.15, 0.72, 0.16), at=(0, -0.6, 1.175), turn=(12.1, 0, 0), material=yellow, into=parts),
            "Forearm",
        ),
        (
            "Gripper",
            cone("Gripper", 0.1, 0.03, 0.24, 24, at=(0, -1.05, 1.05), turn=(63, 0, 0), material=dark, into=parts),
            "Hand",
        ),
    ):
        modify(shape, "BEVEL", f"{name} Casting", width=0.03, segments=4, limit_method="ANGLE")
        hang(shape, rig, bone)
    for name, at, bone in (
        ("Shoulder", (0, 0, 0.45), "Upper Arm"),
        ("Elbow", (0, -0.25, 1.25), "Forearm"),
        ("Wrist", (0, -0.95, 1.1), "Hand"),
    ):
        joint = cylinder(
            f"{name} Joint",
            0.15 if name != "Wrist" else 0.09,
            0.3,
            32,
            at=at,
            turn=(0, 90, 0),
            material=dark,
            into=parts,
        )
        hang(joint, rig, bone)
    target = empty("Gripper Target", "SPHERE", 0.08, at=(0.1, -1.1, 0.9))
    pole = empty("Elbow Pole", "CONE", 0.1, at=(0, -0.6, 2.3))
    constrain(
        rig.pose.bones["Forearm"],
        "IK",
        "Reach",
        target=target,
        pole_target=pole,
        chain_count=2,
        pole_angle=radians(-90),
        iterations=200,
    )
    constrain(
        rig.pose.bones["Base"],
        "LOCKED_TRACK",
        "Turn to Target",
        target=target,
        track_axis="TRACK_Z",
        lock_axis="LOCK_Y",
        influence=0.8,
    )
    constrain(
        rig.pose.bones["Hand"],
        "LIMIT_ROTATION",
        "Wrist Stops",
        use_limit_x=True,
        min_x=radians(-60),
        max_x=radians(60),
        owner_space="LOCAL",
    )
    reach = vary(rng, 0.3, 0.5, 2)
    keys(
        target,
        "location",
        {1: (0.1, -1.1, 0.9), 40: (reach, -0.95, 0.45), 80: (-reach, -0.95, 1.2), 120: (0.1, -1.1, 0.9)},
    )
    cube(
        "Work Table",
        (1.6, 0.6, 0.3),
        at=(0, -1.2, 0.15),
        material=plain("Bench Steel", rgb("#7A7F86"), 0.35, metallic=0.9),
    )
    plane("Factory Floor", (12, 12), material=plain("Epoxy Floor", rgb("#5C656B"), 0.22))
    light("AREA", "High Bay.1", (-1.5, -1.5, 3.8), 210, target=(0, -0.4, 0.8), size=1.2)
    light("AREA", "High Bay.2", (2.2, 0.8, 3.8), 140, target=(0, -0.4, 0.8), size=1.2, color="#D5E5FF")
    flat_world("Factory", "#3E444B", 0.6)
    camera((3.0, -3.6, 1.5), (0, -0.45, 0.75), lens=45)
    eevee(64, (1920, 1080), use_raytracing=True)
    grade("AgX", "AgX - Punchy")


@scene(
    "rigs",
    "An octopus tentacle: a tapered skin on a long bone chain with spline control and waving motion.",
    "animation",
)
def tentacle(rng: random.Random) -> None:
    timing(90, fps=30)
    count, length = 8, 0.3
    bones: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], str | None]] = {}
    for i in range(count):
        name = f"Tentacle.{i + 1:03}"
        bones[name] = (
            (0, 0, round(i * length, 3)),
            (0, 0, round((i + 1) * length, 3)),
            f"Tentacle.{i:03}" if i else None,
        )
    rig = armature("Tentacle Rig", bones, display_type="BBONE")
    for i, bone in enumerate(rig.pose.bones):
        bone.rotation_mode = "XYZ"
        if i:
            swing = constrain(
                bone,
                "COPY_ROTATION",
                "Follow Previous",
                target=rig,
                subtarget=f"Tentacle.{i:03}",
                owner_space="LOCAL",
                target_space="LOCAL",
                mix_mode="ADD",
            )
            swing.influence = 0.85
    root = rig.pose.bones["Tentacle.001"]
    bend = vary(rng, 12, 18, 0)
    keys(
        root,
        "rotation_euler",
        {
            1: (0, 0, 0),
            23: (radians(bend), 0, radians(10)),
            45: (0, 0, 0),
            68: (radians(-bend), 0, radians(-10)),
            90: (0, 0, 0),
        },
    )
    shape_curve(root, "rotation_euler", "CYCLES", index=0, mode_before="REPEAT", mode_after="REPEAT")

    skin, tree = material("Octopus Skin")
    spots = add(tree, "ShaderNodeTexVoronoi", {"Vector": mapped(tree, "Object"), "Scale": 11.0}, feature="SMOOTH_F1")
    tone = ramp(tree, out(spots, "Distance"), (0.1, rgb("#5A1830")), (0.45, rgb("#C25A4A")), (0.8, rgb("#E9A27E")))
    principled(
        tree,
        {
            "Base Color": tone,
            "Roughness": 0.22,
            "Subsurface Weight": 0.35,
            "Subsurface Radius": (0.4, 0.12, 0.08),
            "Coat Weight": 0.6,
            "Normal": bump(tree, out(spots, "Distance"), 0.4, 0.02),
        },
    )
    body = cone(
        "Tentacle Skin", 0.24, 0.02, count * length, 24, at=(0, 0, count * length / 2), material=skin, smooth=True
    )
    body.parent = rig
    modify(body, "SUBSURF", "Loops", subdivision_type="SIMPLE", levels=4, render_levels=5)
    modify(body, "ARMATURE", "Deform", object=rig, use_deform_preserve_volume=True)
    body.modifiers["Deform"].use_vertex_groups = False
    body.modifiers["Deform"].use_bone_envelopes = True
    for bone in rig.data.bones:
        bone.envelope_distance = 0.35
        bone.head_radius = bone.tail_radius = 0.12
    cup_skin = plain("Sucker", rgb("#F0C3A8"), 0.3, subsurface_weight=0.4)
    for i in range(count):
        cup = torus(
            f"Sucker.{i + 1}",
            0.06 * (1 - i / (count + 2)),
            0.02 * (1 - i / (count + 2)),
            24,
            10,
            at=(0, round(-0.225 * (1 - i / count) - 0.01, 3), round(i * length + 0.14, 3)),
            turn=(90, 0, 0),
            material=cup_skin,
        )
        hang(cup, rig, f"Tentacle.{i + 1:03}")
    sea = plane("Sea Bed", (14, 14), at=(0, 0, -0.02), material=plain("Silt", rgb("#3F4A45"), 0.95))
    modify(sea, "SUBSURF", "Bed Grid", subdivision_type="SIMPLE", levels=3, render_levels=4)
    light(
        "SPOT",
        "Surface Shaft",
        (1.0, -1.2, 5.0),
        900,
        target=(0, 0, 0.8),
        color="#9FE8E0",
        spot_size=radians(34),
        spot_blend=0.8,
    )
    light("AREA", "Abyss Rim", (-2.4, 1.6, 1.6), 140, target=(0, 0, 1.2), color="#3C7BD6", size=1.5)
    gradient_world("Deep Water", (0.4, "#02090F"), (0.6, "#06303F"), (1.0, "#1C7A86"), strength=0.5)
    camera((2.2, -4.6, 1.4), (0, 0, 1.15), lens=48)
    cycles(192, (1080, 1350))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.3)


@scene(
    "rigs",
    "A cartoon character head with shape keys for smile, blink and surprise, keyed to a short performance.",
    "animation",
)
def cartoon_face(rng: random.Random) -> None:
    timing(72)
    hue = rng.choice(["#F2A65A", "#7FB069", "#6C9BD2"])
    skin, tree = material("Clay Skin")
    prints = add(tree, "ShaderNodeTexNoise", {"Scale": 40.0, "Detail": 3.0, "Distortion": 2.0})
    principled(
        tree,
        {"Base Color": rgb(hue), "Roughness": 0.6, "Subsurface Weight": 0.25, "Normal": bump(tree, prints, 0.12, 0.01)},
    )
    figure = collection("Character")
    controls = empty("Face Controls", "CIRCLE", 0.9, into=figure)
    head = sphere("Head", 0.6, 32, 16, at=(0, 0, 0.8), material=skin, parent=controls, into=figure)
    points = head.data.vertices
    chin = {v.index: (0.0, -0.05, -0.12) for v in points if v.co.z < -0.3}
    wide = {v.index: (round(v.co.x * 0.14, 4), 0.0, 0.0) for v in points if -0.35 < v.co.z < 0.05}
    tall = {v.index: (0.0, 0.0, round(v.co.z * 0.18, 4)) for v in points}
    for name, moved in (("Jaw Open", chin), ("Cheeks Wide", wide), ("Stretch", tall)):
        shape_key(head, name, moved)
    modify(head, "SUBSURF", "Clay Smooth", levels=1, render_levels=2)
    blocks = head.data.shape_keys.key_blocks
    keys(blocks["Jaw Open"], "value", {1: 0.0, 20: 1.0, 36: 0.2, 54: 0.9, 72: 0.0})
    keys(blocks["Stretch"], "value", {1: 0.0, 14: 0.0, 20: 0.8, 30: 0.0})
    controls["smile"] = 0.0
    controls.id_properties_ui("smile").update(min=0.0, max=1.0, description="Wide cheeks and lifted mouth")
    keys(controls, '["smile"]', {1: 0.0, 36: 1.0, 60: 1.0, 72: 0.0})
    drive(blocks["Cheeks Wide"], "value", "smile * 0.9", smile=(controls, '["smile"]'))
    white, black = (
        plain("Eye White", rgb("#F7F5F0"), 0.1, coat_weight=1.0),
        plain("Pupil", rgb("#0B0B0D"), 0.05, coat_weight=1.0),
    )
    gaze = empty("Gaze Target", "SPHERE", 0.06, at=(0, -2.2, 0.95), into=figure)
    keys(gaze, "location", {1: 0.0, 24: 0.6, 48: -0.6, 72: 0.0}, index=0)
    for side, x in (("L", -0.21), ("R", 0.21)):
        eye = sphere(f"Eye.{side}", 0.14, 32, 16, at=(x, -0.47, 0.95), material=white, parent=controls, into=figure)
        constrain(eye, "TRACK_TO", "Look", target=gaze, track_axis="TRACK_NEGATIVE_Y", up_axis="UP_Z")
        sphere(f"Pupil.{side}", 0.065, 24, 12, at=(0, -0.09, 0), material=black, parent=eye, into=figure)
        lid = sphere(f"Eyelid.{side}", 0.15, 32, 16, at=(x, -0.46, 0.95), material=skin, parent=controls, into=figure)
        keys(lid, "scale", {1: 0.05, 40: 0.05, 42: 1.02, 44: 0.05}, index=2)
        keys(lid, "location", {1: 1.08, 40: 1.08, 42: 0.95, 44: 1.08}, index=2)
        brow = curve(
            f"Brow.{side}",
            [(x - 0.12, -0.55, 1.13), (x, -0.58, 1.17), (x + 0.12, -0.55, 1.13)],
            bevel=0.028,
            material=black,
            parent=controls,
            into=figure,
        )
        keys(brow, "location", {1: 0.0, 20: 0.09, 36: 0.0}, index=2)
    mouth = curve(
        "Mouth",
        [(-0.18, -0.555, 0.6), (0, -0.6, 0.545), (0.18, -0.555, 0.6)],
        bevel=0.024,
        material=plain("Mouth", rgb("#4A1018"), 0.4),
        parent=controls,
        into=figure,
    )
    drive(mouth, "scale", "0.85 + 0.3 * smile", index=0, smile=(controls, '["smile"]'))
    sphere("Nose", 0.085, 24, 12, at=(0, -0.62, 0.78), material=skin, parent=controls, into=figure)
    backdrop(8, 4, 4, plain("Pastel Wall", rgb("#F3E6D8"), 0.9))
    light("AREA", "Big Key", (-1.8, -2.6, 2.6), 150, target=(0, 0, 0.8), size=1.6, color="#FFF4E6")
    light("AREA", "Rim", (2.0, 1.2, 2.0), 90, target=(0, 0, 0.8), size=0.8, color="#CFE0FF")
    flat_world("Toy Set", "#DCE6F0", 0.5)
    camera((0.35, -3.6, 1.0), (0, 0, 0.8), lens=60)
    eevee(64, (1440, 1440))
    grade("Khronos PBR Neutral", exposure=-0.1)


@scene(
    "rigs",
    "A cutaway four-stroke piston: the crank angle drives connecting rod, piston and valves by expressions.",
    "animation",
)
def engine_piston(rng: random.Random) -> None:
    timing(120, fps=30)
    throw, rod = vary(rng, 0.2, 0.26, 2), 0.75
    machined, tree = material("Machined Aluminium")
    lathe_marks = add(
        tree,
        "ShaderNodeTexWave",
        {"Vector": mapped(tree, "Object"), "Scale": 26.0, "Distortion": 0.4},
        wave_type="RINGS",
        rings_direction="Z",
    )
    principled(
        tree,
        {
            "Base Color": rgb("#B9BCC0"),
            "Metallic": 1.0,
            "Roughness": 0.28,
            "Normal": bump(tree, lathe_marks, 0.08, 0.002),
        },
    )
    forged = plain("Forged Steel", rgb("#6A6C70"), 0.38, metallic=1.0)
    engine = collection("Engine")
    crank = empty("Crank", "CIRCLE", 0.4, turn=(0, 0, 0), into=engine)
    keys(crank, "rotation_euler", {1: 0.0, 61: 2 * pi, 121: 4 * pi}, index=0, interpolation="LINEAR")
    web = cylinder(
        "Crank Web", 0.36, 0.08, 64, at=(0.14, 0, 0), turn=(0, 90, 0), material=forged, parent=crank, into=engine
    )
    modify(web, "BEVEL", "Machined Edge", width=0.012, segments=3, limit_method="ANGLE")
    cylinder(
        "Crank Pin", 0.075, 0.34, 40, at=(0, 0, throw), turn=(0, 90, 0), material=machined, parent=crank, into=engine
    )
    cylinder(
        "Main Journal", 0.11, 0.9, 48, at=(0.4, 0, 0), turn=(0, 90, 0), material=machined, parent=crank, into=engine
    )
    piston = cylinder("Piston", 0.3, 0.34, 64, at=(0, 0, throw + rod), material=machined, into=engine)
    modify(piston, "BEVEL", "Crown Radius", width=0.02, segments=4, limit_method="ANGLE")
    angle = (crank, "rotation_euler[0]")
    drive(piston, "location", f"{throw} * cos(a) + sqrt({rod}**2 - ({throw} * sin(a))**2)", index=2, a=angle)
    for i in range(3):
        torus(
            f"Piston Ring.{i + 1}",
            0.3,
            0.009,
            64,
            8,
            at=(0, 0, round(0.12 - 0.05 * i, 3)),
            material=forged,
            parent=piston,
            into=engine,
        )
    link = empty("Rod Pivot", "SINGLE_ARROW", 0.3, into=engine)
    drive(link, "location", f"-{throw} * sin(a)", index=1, a=angle)
    drive(link, "location", f"{throw} * cos(a)", index=2, a=angle)
    drive(link, "rotation_euler", f"-asin({throw} * sin(a) / {rod})", index=0, a=angle)
    beam = cube("Connecting Rod", (0.09, 0.13, rod), at=(0, 0, rod / 2), material=forged, parent=link, into=engine)
    modify(beam, "BEVEL", "I Beam", width=0.02, segments=2)
    for name, z, radius in (("Big End", 0.0, 0.15), ("Small End", rod, 0.1)):
        cylinder(name, radius, 0.14, 48, at=(0, 0, z), turn=(0, 90, 0), material=forged, parent=link, into=engine)
    for name, y, phase in (("Intake Valve", -0.14, 0.0), ("Exhaust Valve", 0.14, 3.14)):
        stem = cylinder(name, 0.022, 0.5, 20, at=(0, y, 1.72), material=forged, into=engine)
        cone(f"{name} Head", 0.1, 0.03, 0.06, 40, at=(0, 0, -0.25), material=machined, parent=stem, into=engine)
        drive(stem, "location", f"1.72 - 0.11 * max(0, sin(a / 2 + {phase}))", index=2, a=angle)
    sleeve, tree = material("Cutaway Glass")
    principled(tree, {"Base Color": rgb("#9FC6E8"), "Roughness": 0.1, "Transmission Weight": 0.9, "Alpha": 0.3})
    cylinder("Cylinder Sleeve", 0.33, 1.05, 64, at=(0, 0, 1.0), material=sleeve, into=engine)
    backdrop(8, 4, 4, plain("Tech Grey", rgb("#40464E"), 0.75)).location.z = -0.6
    light("AREA", "Key", (-2.0, -2.4, 2.8), 170, target=(0, 0, 0.8), size=1.4)
    light("AREA", "Rim", (2.4, 1.0, 2.2), 130, target=(0, 0, 0.8), size=0.8, color="#FFC796")
    flat_world("Laboratory", "#6A7380", 0.5)
    camera((2.6, -3.6, 1.35), (0, 0, 0.72), lens=50)
    cycles(128, (1350, 1800))
    grade("AgX", "AgX - High Contrast", exposure=0.1)
