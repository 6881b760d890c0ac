"""Procedural geometry nodes: a parametric fence, a twisted tower, a hexagon floor, a string of lamps, a coral."""

from __future__ import annotations

import random

import bpy

from .catalogue import scene
from .nodes import (
    add,
    composite,
    compositor,
    geometry,
    glow,
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
from .shapes import clouds, collection, cube, curve, cylinder, grow, ico, mesh, modify, plane, sphere
from .staging import camera, cycles, eevee, flat_world, grade, gradient_world, light, sky_world, vary

FLOAT, INTEGER, MATERIAL = "NodeSocketFloat", "NodeSocketInt", "NodeSocketMaterial"


@scene("procedural", "A garden fence that builds itself along a curve: posts, rails and pickets from one node group.")
def picket_fence(rng: random.Random) -> None:
    paint, tree = material("Fence Whitewash")
    peel = add(
        tree, "ShaderNodeTexNoise", {"Vector": mapped(tree, "Object", Scale=(6, 6, 2)), "Scale": 3.0, "Detail": 9.0}
    )
    principled(tree, {"Base Color": ramp(tree, peel, (0.36, rgb("#9C8A70")), (0.42, rgb("#EFEBE2"))), "Roughness": 0.8})

    group, given = geometry(
        "Picket Fence",
        Spacing=(FLOAT, 0.16, 0.05, 2.0),
        Height=(FLOAT, vary(rng, 0.85, 1.05, 2), 0.2, 3.0),
        Width=(FLOAT, 0.075, 0.01, 0.5),
        Material=(MATERIAL, None, None, None),
    )
    line = add(
        group,
        "GeometryNodeResampleCurve",
        {"Curve": out(given, "Geometry"), "Length": out(given, "Spacing")},
        mode="LENGTH",
    )
    stations = add(group, "GeometryNodeCurveToPoints", {"Curve": line}, mode="EVALUATED")
    size = add(group, "ShaderNodeCombineXYZ", {"X": out(given, "Width"), "Y": 0.02, "Z": out(given, "Height")})
    board = add(group, "GeometryNodeMeshCube", {"Size": size})
    lift = math(group, "MULTIPLY", out(given, "Height"), 0.5)
    raised = add(
        group,
        "GeometryNodeTransform",
        {"Geometry": board, "Translation": add(group, "ShaderNodeCombineXYZ", {"Z": lift})},
    )
    facing = add(
        group, "FunctionNodeAlignEulerToVector", {"Vector": out(stations, "Tangent")}, axis="X", pivot_axis="Z"
    )
    pickets = add(group, "GeometryNodeInstanceOnPoints", {"Points": stations, "Instance": raised, "Rotation": facing})
    profile = add(group, "GeometryNodeCurvePrimitiveQuadrilateral", {"Width": 0.03, "Height": 0.07})
    rail = add(
        group, "GeometryNodeCurveToMesh", {"Curve": line, "Profile Curve": out(profile, "Curve"), "Fill Caps": True}
    )
    low = add(group, "GeometryNodeSetPosition", {"Geometry": rail, "Offset": (0.0, 0.0, 0.22)})
    level = math(group, "MULTIPLY", out(given, "Height"), 0.78)
    high = add(
        group, "GeometryNodeSetPosition", {"Geometry": rail, "Offset": add(group, "ShaderNodeCombineXYZ", {"Z": level})}
    )
    joined = add(group, "GeometryNodeJoinGeometry", {"Geometry": pickets})
    for part in (low, high):
        group.links.new(part.outputs[0], joined.inputs[0])
    result(group, add(group, "GeometryNodeSetMaterial", {"Geometry": joined, "Material": out(given, "Material")}))
    path = [(-3.2, 0.4, 0), (-1.6, -0.3, 0), (0.2, 0.5, 0), (1.8, 0.0, 0), (3.4, 0.8, 0)]
    fence = curve("Fence Line", path)
    grow(fence, group, Material=paint, Spacing=vary(rng, 0.14, 0.2, 2))

    turf, tree = material("Cottage Lawn")
    mowing = add(tree, "ShaderNodeTexWave", {"Vector": mapped(tree, "Object"), "Scale": 7.0}, wave_profile="TRI")
    principled(tree, {"Base Color": ramp(tree, mowing, (0.4, rgb("#4B7A2A")), (0.6, rgb("#5E9136"))), "Roughness": 0.9})
    plane("Lawn", (24, 24), material=turf)
    for i in range(4):
        bush = ico(
            f"Hydrangea.{i + 1}",
            vary(rng, 0.35, 0.55, 2),
            3,
            at=(-2.8 + 1.9 * i, 1.5, 0.3),
            material=plain(f"Hydrangea {i + 1}", rgb(("#7C8FD6", "#B48AD0", "#D79AB8", "#8FB7E0")[i]), 0.85),
        )
        modify(bush, "DISPLACE", "Flower Heads", strength=0.25, mid_level=0.5, texture=clouds(f"Heads {i + 1}", 0.18))
    light("SUN", "Spring Sun", (-4, -6, 6), 4.0, color="#FFF2D6", angle=0.01)
    sky_world("Spring Sky", (-0.4, -0.6, 0.7), 2.6, 1.0)
    camera((1.2, -5.6, 1.5), (0.1, 0.3, 0.5), lens=40)
    cycles(96, (1920, 1080))
    grade("AgX", "AgX - Medium High Contrast", exposure=-0.3)


@scene("procedural", "A twisted skyscraper whose floors, twist and taper are inputs of a geometry node group.")
def twisted_tower(rng: random.Random) -> None:
    group, given = geometry(
        "Twisted Tower",
        Floors=(INTEGER, rng.randint(34, 44), 2, 200),
        Floor_Height=(FLOAT, 0.16, 0.05, 1.0),
        Twist=(FLOAT, vary(rng, 1.2, 2.2, 2), -10.0, 10.0),
        Taper=(FLOAT, vary(rng, 0.45, 0.65, 2), 0.05, 1.0),
        Slab=(MATERIAL, None, None, None),
        Glazing=(MATERIAL, None, None, None),
    )
    step = add(group, "ShaderNodeCombineXYZ", {"Z": out(given, "Floor Height")})
    line = add(group, "GeometryNodeMeshLine", {"Count": out(given, "Floors"), "Offset": step})
    points = add(group, "GeometryNodeMeshToPoints", {"Mesh": line})
    index = add(group, "GeometryNodeInputIndex")
    share = math(group, "DIVIDE", index, out(given, "Floors"))
    turned = add(group, "ShaderNodeCombineXYZ", {"Z": math(group, "MULTIPLY", share, out(given, "Twist"))})
    width = add(
        group,
        "ShaderNodeMapRange",
        {"Value": share, "To Min": 1.0, "To Max": out(given, "Taper")},
        interpolation_type="SMOOTHSTEP",
    )
    scale = add(group, "ShaderNodeCombineXYZ", {"X": out(width, "Result"), "Y": out(width, "Result"), "Z": 1.0})
    slab = add(group, "GeometryNodeMeshCube", {"Size": (2.0, 2.0, 0.035)})
    slabs = add(group, "GeometryNodeSetMaterial", {"Geometry": slab, "Material": out(given, "Slab")})
    pane = add(group, "GeometryNodeMeshCube", {"Size": (1.82, 1.82, 0.125)})
    lifted = add(group, "GeometryNodeTransform", {"Geometry": pane, "Translation": (0.0, 0.0, 0.08)})
    panes = add(group, "GeometryNodeSetMaterial", {"Geometry": lifted, "Material": out(given, "Glazing")})
    floor = add(group, "GeometryNodeJoinGeometry", {"Geometry": slabs})
    group.links.new(panes.outputs[0], floor.inputs[0])
    result(
        group,
        add(
            group,
            "GeometryNodeInstanceOnPoints",
            {"Points": points, "Instance": floor, "Rotation": turned, "Scale": scale},
        ),
    )
    concrete = plain("Ribbon Concrete", rgb("#C9C5BC"), 0.7)
    glazing, tree = material("Curtain Glazing")
    lit = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object", Scale=(5, 5, 9)),
            "Color1": rgb("#0A1A24"),
            "Color2": rgb("#FFD28A"),
            "Bias": -0.6,
        },
    )
    principled(
        tree,
        {
            "Base Color": rgb("#27485A"),
            "Metallic": 0.4,
            "Roughness": 0.08,
            "Emission Color": lit,
            "Emission Strength": 0.5,
        },
    )
    tower = mesh("Tower", [(0, 0, 0)])
    grow(tower, group, Slab=concrete, Glazing=glazing)
    blocks = collection("City")
    for i in range(14):
        size = (vary(rng, 0.9, 1.8, 1), vary(rng, 0.9, 1.8, 1), vary(rng, 0.8, 2.6, 1))
        x = vary(rng, 2.0, 7.5, 1) * (1 if i % 2 else -1)
        block = cube(
            f"Block.{i + 1:02}", size, at=(x, vary(rng, -2.0, 6.0, 1), size[2] / 2), material=concrete, into=blocks
        )
        modify(block, "BEVEL", "Cornice", width=0.02, segments=1)
    plane("Plaza", (60, 60), material=plain("Asphalt Plaza", rgb("#3A3B3F"), 0.6))
    light("SUN", "Evening Sun", (8, -9, 5), 3.2, color="#FFC48C", angle=0.01)
    gradient_world("City Dusk", (0.48, "#F0B489"), (0.56, "#B49AB4"), (0.8, "#4F6FA8"), (1.0, "#26396B"), strength=0.7)
    camera((5.2, -9.2, 1.3), (0, 0, 3.1), lens=28, shift_y=0.08)
    eevee(64, (1080, 1920), use_raytracing=True)
    grade("AgX", "AgX - Punchy", exposure=0.1)


@scene("procedural", "A wall of hexagon columns whose heights follow a noise field, lit like a science-fiction set.")
def hexagon_field(rng: random.Random) -> None:
    group, given = geometry(
        "Hexagon Field",
        Cell=(FLOAT, 0.2, 0.02, 2.0),
        Relief=(FLOAT, vary(rng, 0.5, 0.9, 2), 0.0, 5.0),
        Frequency=(FLOAT, vary(rng, 0.6, 1.1, 2), 0.0, 10.0),
    )
    lattice = add(group, "GeometryNodeMeshGrid", {"Size X": 6.0, "Size Y": 6.0, "Vertices X": 36, "Vertices Y": 36})
    triangles = add(group, "GeometryNodeTriangulate", {"Mesh": lattice})
    cells = add(group, "GeometryNodeDualMesh", {"Mesh": triangles})
    place = add(group, "GeometryNodeInputPosition")
    noise = add(group, "ShaderNodeTexNoise", {"Vector": place, "Scale": out(given, "Frequency"), "Detail": 3.0})
    offset = math(group, "MULTIPLY", noise, out(given, "Relief"))
    raised = add(
        group, "GeometryNodeExtrudeMesh", {"Mesh": cells, "Offset Scale": offset, "Individual": True}, mode="FACES"
    )
    inset = add(
        group,
        "GeometryNodeScaleElements",
        {"Geometry": out(raised, "Mesh"), "Selection": out(raised, "Top"), "Scale": 0.86},
    )
    flat = add(group, "GeometryNodeSetShadeSmooth", {0: inset, "Shade Smooth": False})
    panel, tree = material("Graphite Panel")
    split = add(tree, "ShaderNodeSeparateXYZ", {"Vector": out(add(tree, "ShaderNodeTexCoord"), "Object")})
    level = add(tree, "ShaderNodeMapRange", {"Value": out(split, "Z"), "From Min": 0.15, "From Max": 0.6})
    principled(
        tree,
        {
            "Base Color": ramp(tree, level, (0.0, rgb("#101216")), (1.0, rgb("#8E97A5"))),
            "Metallic": 0.8,
            "Roughness": 0.35,
            "Emission Color": rgb(rng.choice(["#00C8FF", "#FF4FA0", "#7CFF6B"])),
            "Emission Strength": ramp(tree, level, (0.0, rgb("#FFFFFF")), (0.12, rgb("#000000"))),
        },
    )
    result(group, add(group, "GeometryNodeSetMaterial", {"Geometry": flat, "Material": panel}))
    field = mesh("Hexagon Field", [(0, 0, 0)])
    grow(field, group)
    modify(field, "BEVEL", "Machined Edge", width=0.008, segments=2, limit_method="ANGLE")
    sphere(
        "Chrome Orb", 0.42, 64, 32, at=(0.2, -0.4, 1.25), material=plain("Chrome", rgb("#F0F0F2"), 0.03, metallic=1.0)
    )
    light(
        "AREA",
        "Magenta Strip",
        (-3.0, 0.5, 2.0),
        170,
        target=(0, 0, 0.3),
        color="#FF4FD0",
        shape="RECTANGLE",
        size=0.3,
        size_y=3.0,
    )
    light(
        "AREA",
        "Cyan Strip",
        (3.0, 0.5, 2.0),
        170,
        target=(0, 0, 0.3),
        color="#3FD0FF",
        shape="RECTANGLE",
        size=0.3,
        size_y=3.0,
    )
    light("AREA", "Top Softbox", (0, -0.5, 4.5), 90, target=(0, 0, 0), size=2.0)
    flat_world("Void", "#05060A", 1.0)
    camera((0.4, -4.6, 2.9), (0.05, -0.1, 0.45), lens=40)
    cycles(192, (1920, 1080))
    grade("AgX", "AgX - High Contrast")


@scene("procedural", "A festoon of bulbs hanging in catenaries between poles, spaced along curves by geometry nodes.")
def festoon_lights(rng: random.Random) -> None:
    bulb_glow = glow("Warm Filament", rgb("#FFC070"), 12.0)
    cable = plain("Black Cable", rgb("#0C0C0C"), 0.6)
    group, given = geometry(
        "Festoon",
        Spacing=(FLOAT, vary(rng, 0.32, 0.42, 2), 0.05, 5.0),
        Bulb_Radius=(FLOAT, 0.045, 0.005, 0.5),
        Cable=(MATERIAL, None, None, None),
        Bulb=(MATERIAL, None, None, None),
    )
    section = add(group, "GeometryNodeCurvePrimitiveCircle", {"Resolution": 8, "Radius": 0.008})
    wire = add(
        group, "GeometryNodeCurveToMesh", {"Curve": out(given, "Geometry"), "Profile Curve": out(section, "Curve")}
    )
    wired = add(group, "GeometryNodeSetMaterial", {"Geometry": wire, "Material": out(given, "Cable")})
    spots = add(
        group,
        "GeometryNodeCurveToPoints",
        {"Curve": out(given, "Geometry"), "Length": out(given, "Spacing")},
        mode="LENGTH",
    )
    globe = add(group, "GeometryNodeMeshIcoSphere", {"Radius": out(given, "Bulb Radius"), "Subdivisions": 3})
    hung = add(
        group,
        "GeometryNodeTransform",
        {"Geometry": out(globe, "Mesh"), "Translation": (0.0, 0.0, -0.08), "Scale": (1.0, 1.0, 1.25)},
    )
    shaded = add(group, "GeometryNodeSetShadeSmooth", {0: hung, "Shade Smooth": True})
    lit = add(group, "GeometryNodeSetMaterial", {"Geometry": shaded, "Material": out(given, "Bulb")})
    bulbs = add(group, "GeometryNodeInstanceOnPoints", {"Points": spots, "Instance": lit})
    joined = add(group, "GeometryNodeJoinGeometry", {"Geometry": wired})
    group.links.new(bulbs.outputs[0], joined.inputs[0])
    result(group, joined)
    timber = plain("Larch Pole", rgb("#8A623C"), 0.8)
    yard = collection("Courtyard")
    poles = ((-3.0, 0.0), (0.0, 1.4), (3.0, 0.2), (0.4, -1.6))
    for i, (x, y) in enumerate(poles):
        pole = cylinder(f"Pole.{i + 1}", 0.06, 3.0, 16, at=(x, y, 1.5), material=timber, into=yard)
        modify(pole, "SIMPLE_DEFORM", "Tapered", deform_method="TAPER", factor=-0.3, deform_axis="Z")
    for i in range(4):
        (ax, ay), (bx, by) = poles[i], poles[(i + 1) % 4]
        sag = vary(rng, 0.35, 0.6, 2)
        spans = [
            (ax + (bx - ax) * t, ay + (by - ay) * t, 2.95 - sag * 4 * t * (1 - t)) for t in (0, 0.25, 0.5, 0.75, 1)
        ]
        strand = curve(f"Strand.{i + 1}", spans, into=yard)
        grow(strand, group, Cable=cable, Bulb=bulb_glow)
    deck, tree = material("Deck Boards")
    gaps = add(
        tree,
        "ShaderNodeTexBrick",
        {
            "Vector": mapped(tree, "Object", Scale=(14, 14, 1)),
            "Color1": rgb("#6B4B30"),
            "Color2": rgb("#7F5A3A"),
            "Mortar": rgb("#120C08"),
            "Scale": 2.0,
        },
    )
    principled(tree, {"Base Color": gaps, "Roughness": 0.55})
    plane("Deck", (16, 16), material=deck)
    for i in range(3):
        cylinder(
            f"Bistro Table.{i + 1}",
            0.38,
            0.03,
            40,
            at=(-1.4 + 1.5 * i, 0.1 - 0.3 * (i % 2), 0.72),
            material=plain(f"Table Lacquer {i + 1}", rgb(("#2E4A3E", "#7E2B26", "#2A3A5C")[i]), 0.3),
            into=yard,
        )
        cylinder(
            f"Table Stem.{i + 1}",
            0.035,
            0.7,
            16,
            at=(-1.4 + 1.5 * i, 0.1 - 0.3 * (i % 2), 0.36),
            material=cable,
            into=yard,
        )
    light("AREA", "Bulb Bounce", (0, 0, 3.2), 90, target=(0, 0, 0), color="#FFC58A", size=4.0)
    gradient_world(
        "Nautical Twilight", (0.47, "#C98A6B"), (0.53, "#6E6C99"), (0.75, "#23345F"), (1.0, "#0D1533"), strength=0.45
    )
    camera((-2.2, -6.6, 1.6), (0.1, 0, 1.55), lens=35, depth=2.8)
    eevee(96, (1920, 1080), use_raytracing=True)
    bloom()
    grade("Filmic", "Medium High Contrast", exposure=0.5)


def bloom() -> None:
    """A soft glow around bright lights, in the compositor."""
    tree, layers = compositor()
    glare = add(tree, "CompositorNodeGlare", {"Image": out(layers, "Image"), "Threshold": 1.5})
    if bpy.app.version < (5, 0):
        glare.glare_type = "BLOOM"
    else:
        glare.inputs["Type"].default_value = "Bloom"
    glare.inputs["Size"].default_value = 0.6
    composite(tree, glare)
