"""Simple sets and still lifes of plain shapes: a podium, a shop window, a theatre, a boxing ring, a breakfast tray."""

from __future__ import annotations

import random
from math import radians

from .catalogue import scene
from .motion import keys
from .nodes import plain, rgb
from .shapes import collection, cone, cube, cylinder, modify, on, plane, sphere, torus
from .staging import camera, cycles, eevee, flat_world, grade, light, timing, vary

SIDES = {"Left": -1, "Right": 1}


@scene("stages", "A winners' podium with gold, silver and bronze trophies as the camera dollies in.", "animation")
def winners_podium(rng: random.Random) -> None:
    timing(120)
    lacquer = plain("Podium White", rgb("#ECEAE4"), 0.35)
    gold = plain("Polished Gold", rgb("#E3B04B"), 0.18, metallic=1.0)
    silver = plain("Polished Silver", rgb("#D5D8DC"), 0.15, metallic=1.0)
    bronze = plain("Cast Bronze", rgb("#A8683A"), 0.3, metallic=1.0)

    podium = collection("Podium")
    for place, high, x in (("First", 0.6, 0.0), ("Second", 0.4, -0.95), ("Third", 0.25, 0.95)):
        size = (1.0 if place == "First" else 0.9, 0.8, high)
        cube(f"{place} Place Step", size, at=(x, 0, on(0, high)), material=lacquer, into=podium)
    trophies = collection("Trophies")
    foot = cylinder("Trophy Foot", 0.1, 0.12, at=(0, 0, on(0.6, 0.12)), material=gold, into=trophies)
    modify(foot, "BEVEL", "Turned Edge", width=0.01, segments=2, limit_method="ANGLE")
    tall = vary(rng, 0.34, 0.4, 2)
    at = (0, 0, on(0.06, tall))
    cone("Gold Cup", 0.16, 0, tall, at=at, turn=(180, 0, 0), material=gold, parent=foot, into=trophies)
    torus("Globe Stand", 0.1, 0.03, at=(-0.95, 0, on(0.4, 0.06)), material=silver, into=trophies)
    sphere("Silver Globe", 0.15, at=(-0.95, 0, 0.58), material=silver, into=trophies)
    cone("Bronze Spire", 0.13, 0, 0.36, at=(0.95, 0, on(0.25, 0.36)), material=bronze, into=trophies)
    hall = collection("Award Hall")
    velvet = plain("Midnight Velvet", rgb(rng.choice(["#1C2B55", "#4A1630", "#1D4038"])), 0.9)
    cube("Velvet Curtain", (8, 0.15, 3.6), at=(0, 1.6, 1.8), material=velvet, into=hall)
    plane("Hall Floor", (10, 10), material=plain("Honed Limestone", rgb("#8E877B"), 0.3), into=hall)

    cone_of = {"spot_size": radians(35), "spot_blend": 0.4, "shadow_soft_size": 0.15}
    light("SPOT", "Champion Spot", (-1.8, -3.5, 4.2), 450, target=(0, 0, 0.9), color="#FFE4BC", **cone_of)
    light("AREA", "Hall Fill", (2.8, -3.0, 2.4), 120, target=(0, 0, 0.6), color="#CFDDFF", size=2.0)
    light("AREA", "Rim Strip", (0, 1.2, 3.4), 90, target=(0, 0, 0.6), size=1.5)
    flat_world("Award Night", "#232838", 0.4)
    eye = camera((1.2, -6.2, 1.4), (0, 0, 0.65), name="Dolly Camera", lens=58)
    keys(eye, "location", {1: -6.2, 110: -4.9}, index=1, interpolation="BEZIER")
    cycles(160, (1920, 1080))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.2)


@scene("stages", "A boutique window behind glass with a handbag, a hat box and a gift on plinths of limed oak.")
def shop_window(rng: random.Random) -> None:
    timing(90)
    blush = plain("Boutique Blush", rgb(rng.choice(["#E2B3A6", "#B9CBB4", "#B5C2D6"])), 0.85)
    oak = plain("Limed Oak", rgb("#CDB894"), 0.55)
    leather = plain("Burgundy Leather", rgb("#6B1A2A"), 0.35)
    card = plain("Ivory Card", rgb("#F1E8D6"), 0.7)

    front = collection("Shop Front")
    plane("Street Paving", (8, 8), material=plain("Slate Paving", rgb("#55585C"), 0.6), into=front)
    cube("Back Panel", (3.2, 0.06, 2.4), at=(0, 0.73, 1.2), material=blush, into=front)
    for side, x in SIDES.items():
        cube(f"Window Jamb {side}", (0.12, 1.48, 2.4), at=(1.66 * x, 0.02, 1.2), material=blush, into=front)
    glass = plain("Shop Glass", rgb("#F2F8F7"), 0.0, transmission_weight=1.0)
    cube("Shop Window Glass", (3.2, 0.02, 2.4), at=(0, -0.71, 1.2), material=glass, into=front)
    display = collection("Plinths")
    cube("Display Floor", (3.2, 1.4, 0.3), at=(0, 0, 0.15), material=oak, into=display)
    high = vary(rng, 0.7, 0.85, 2)
    cylinder("Tall Plinth", 0.24, high, 48, at=(-0.75, 0.1, on(0.3, high)), material=oak, into=display)
    cube("Low Plinth", (0.55, 0.5, 0.4), at=(0.3, -0.1, on(0.3, 0.4)), material=oak, into=display)
    goods = collection("Goods")
    at = (-0.75, 0.1, on(round(0.3 + high, 2), 0.2))
    cylinder("Hat Box", 0.2, 0.2, 48, at=at, material=card, into=goods)
    bag = cube("Handbag", (0.36, 0.15, 0.26), at=(0.3, -0.1, on(0.7, 0.26)), material=leather, into=goods)
    modify(bag, "BEVEL", "Soft Leather", width=0.08, segments=3)
    torus("Bag Handle", 0.08, 0.012, at=(0.3, -0.1, 1.05), turn=(90, 0, 0), material=leather, into=goods)
    cube("Gift Box", (0.3, 0.3, 0.3), at=(1.05, 0.15, on(0.3, 0.3)), turn=(0, 0, 25), material=card, into=goods)

    light("AREA", "Window Wash", (0, -0.3, 2.6), 70, target=(0, 0.2, 0.6), color="#FFE8CC", size=1.2)
    spot = {"spot_size": radians(30), "spot_blend": 0.5, "shadow_soft_size": 0.05}
    light("SPOT", "Handbag Spot", (1.1, -0.55, 2.3), 80, target=(0.3, -0.1, 0.85), color="#FFF1DE", **spot)
    light("AREA", "Street Evening", (-3.5, -4.0, 3.0), 160, target=(0, 0, 0.8), color="#9DB4E6", size=2.5)
    flat_world("Blue Hour Street", "#33415F", 0.4)
    camera((0.7, -5.0, 1.5), (0, 0, 1.05), lens=45)
    cycles(256, (1800, 1350), transmission_bounces=12)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.3)


@scene("stages", "A theatre stage with a painted moon and tree, whose crimson curtains part further.", "animation")
def theatre_stage(rng: random.Random) -> None:
    timing(96)
    boards = plain("Stage Timber", rgb("#5B3E28"), 0.6)
    plush = plain("Crimson Plush", rgb("#8E1420"), 0.9)
    gilt = plain("Gilded Plaster", rgb("#C9A24B"), 0.35, metallic=0.7)

    portal = collection("Proscenium")
    for side, x in SIDES.items():
        cube(f"Pillar {side}", (0.5, 0.4, 4.2), at=(3.7 * x, 0.3, on(1.0, 4.2)), material=gilt, into=portal)
    cube("Proscenium Beam", (8.0, 0.5, 0.6), at=(0, 0.3, on(5.2, 0.6)), material=gilt, into=portal)
    drapes = collection("Curtains")
    opening = vary(rng, 2.7, 2.9, 1)
    for side, x in SIDES.items():
        at = (2.2 * x, 0.65, on(1.0, 4.2))
        drape = cube(f"Curtain {side}", (2.2, 0.15, 4.2), at=at, material=plush, into=drapes)
        keys(drape, "location", {1: 2.2 * x, 72: opening * x}, index=0, interpolation="BEZIER")
    scenery = collection("Scenery")
    night = plain("Painted Night", rgb("#2C4F86"), 0.8)
    cube("Painted Sky", (7.4, 0.1, 4.2), at=(0, 4.4, on(1.0, 4.2)), material=night, into=scenery)
    cream = plain("Moon Cream", rgb("#F3E7BE"), 0.6, emission_color=rgb("#F3E7BE"), emission_strength=0.6)
    cylinder("Cardboard Moon", 0.6, 0.1, 64, at=(-0.7, 4.3, 3.9), turn=(90, 0, 0), material=cream, into=scenery)
    trunk = cylinder("Stage Tree Trunk", 0.14, 1.2, at=(0.6, 3.0, on(1.0, 1.2)), material=boards, into=scenery)
    leaf = plain("Painted Leaf", rgb("#3E7A3A"), 0.8)
    cone("Tree Crown", 0.7, 0, 1.6, at=(0, 0, 1.4), material=leaf, parent=trunk, into=scenery)
    cube("Garden Bench", (1.1, 0.4, 0.45), at=(-0.5, 2.2, on(1.0, 0.45)), material=boards, into=scenery)
    house = collection("House")
    cube("Stage Platform", (8.0, 5.0, 1.0), at=(0, 2.5, 0.5), material=boards, into=house)
    plane("Auditorium Floor", (14, 16), at=(0, -3, 0), material=plush, into=house)

    beam = {"spot_size": radians(30), "spot_blend": 0.3, "shadow_soft_size": 0.2}
    light("SPOT", "Follow Spot", (2.5, -8.0, 6.5), 2200, target=(-0.3, 2.2, 1.4), color="#FFE6BE", **beam)
    light("AREA", "Border Light", (0, 2.0, 5.0), 220, target=(0, 4.0, 2.4), color="#8FB0FF", size=2.5)
    light("AREA", "Auditorium Fill", (-5, -6, 5), 500, target=(0, 0, 3), color="#FFD2A0", size=3.0)
    flat_world("Dark House", "#14141C", 0.5)
    camera((0.0, -9.5, 2.9), (0, 1.5, 2.9), lens=35)
    cycles(192, (1920, 1280))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.3)


@scene("stages", "An empty boxing ring under a square light, with a red and a blue corner and a stool waiting.")
def boxing_ring(rng: random.Random) -> None:
    timing(120)
    white = plain("Rope White", rgb("#E9E6DF"), 0.6)
    red, blue = plain("Corner Red", rgb("#C4211D"), 0.4), plain("Corner Blue", rgb("#1F4FA8"), 0.4)

    floor = collection("Ring Floor")
    apron = plain("Apron Navy", rgb("#1B2238"), 0.8)
    cube("Ring Apron", (6.0, 6.0, 0.9), at=(0, 0, 0.45), material=apron, into=floor)
    canvas = plain("Ring Canvas", rgb("#B9C4CC"), 0.85)
    cube("Canvas Mat", (5.8, 5.8, 0.05), at=(0, 0, on(0.9, 0.05)), material=canvas, into=floor)
    gym = plain("Gym Concrete", rgb("#4A4B50"), 0.5)
    plane("Gym Floor", (18, 18), material=gym, into=floor)
    posts = collection("Corner Posts")
    for name, x, y, skin in (
        ("Red Corner Post", -2.6, -2.6, red),
        ("Blue Corner Post", 2.6, 2.6, blue),
        ("Near Neutral Post", 2.6, -2.6, white),
        ("Far Neutral Post", -2.6, 2.6, white),
    ):
        cylinder(name, 0.09, 1.3, at=(x, y, on(0.95, 1.3)), material=skin, into=posts)
    cylinder("Corner Stool", 0.18, 0.45, at=(-2.1, -2.1, on(0.95, 0.45)), material=red, into=posts)
    ropes = collection("Top Ropes")
    height = vary(rng, 2.0, 2.1, 2)
    for name, x, y, turn in (
        ("Front Rope", 0.0, -2.6, (0, 90, 0)),
        ("Back Rope", 0.0, 2.6, (0, 90, 0)),
        ("Left Rope", -2.6, 0.0, (90, 0, 0)),
        ("Right Rope", 2.6, 0.0, (90, 0, 0)),
    ):
        cylinder(name, 0.035, 5.02, at=(x, y, height), turn=turn, material=white, into=ropes)

    light("AREA", "Ring Light", (0, 0, 6.0), 900, target=(0, 0, 0), color="#FFF6E6", size=3.5)
    spot = {"spot_size": radians(40), "spot_blend": 0.5, "shadow_soft_size": 0.2}
    light("SPOT", "Red Corner Spot", (-6, -5, 5), 500, target=(-2.4, -2.4, 1.2), color="#FF8A70", **spot)
    light("SPOT", "Blue Corner Spot", (6, 5, 5), 500, target=(2.4, 2.4, 1.2), color="#7FA4FF", **spot)
    flat_world("Dim Arena", "#1A1C24", 0.5)
    camera((3.2, -9.2, 4.2), (0, 0, 1.05), lens=36)
    eevee(96, (1920, 1200), use_raytracing=True)
    grade("AgX", "AgX - Medium High Contrast", exposure=0.3)


@scene("stages", "A drawing class still life of plaster solids on a slate plinth, with a beech ring and a clay ball.")
def plaster_solids(rng: random.Random) -> None:
    timing(60)
    plaster = plain("Casting Plaster", rgb("#E8E3D8"), 0.85)

    solids = collection("Plaster Solids")
    turned = vary(rng, 20, 40, 0)
    cube(
        "Plaster Block", (0.26,) * 3, at=(-0.4, 0.08, on(0.8, 0.26)), turn=(0, 0, turned), material=plaster, into=solids
    )
    cube("Plaster Slab", (0.34, 0.34, 0.08), at=(0.02, 0.16, on(0.8, 0.08)), material=plaster, into=solids)
    ball = round(vary(rng, 0.24, 0.3, 2) / 2, 3)
    sphere("Plaster Sphere", ball, 48, 24, at=(0.02, 0.16, on(0.88, 2 * ball)), material=plaster, into=solids)
    cone("Plaster Cone", 0.13, 0, 0.4, 48, at=(0.42, 0.12, on(0.8, 0.4)), material=plaster, into=solids)
    cylinder("Plaster Drum", 0.09, 0.2, 48, at=(0.22, -0.16, on(0.8, 0.2)), material=plaster, into=solids)
    accents = collection("Accents")
    beech = plain("Waxed Beech Ring", rgb("#BF8A52"), 0.35)
    torus("Beech Ring", 0.12, 0.03, 64, 16, at=(-0.14, -0.2, on(0.8, 0.06)), material=beech, into=accents)
    clay = plain("Fired Clay", rgb("#B4532F"), 0.6)
    sphere("Clay Ball", 0.05, at=(-0.44, -0.22, on(0.8, 0.1)), material=clay, into=accents)
    studio = collection("Drawing Studio")
    slate = plain("Honed Slate", rgb("#3F454B"), 0.5)
    cube("Slate Plinth", (1.4, 0.9, 0.8), at=(0, 0, 0.4), material=slate, into=studio)
    linen = plain("Stretched Linen", rgb("#9C8F7C"), 0.95)
    cube("Linen Screen", (3.2, 0.06, 2.2), at=(0, 0.8, 1.1), material=linen, into=studio)
    boards = plain("Scrubbed Boards", rgb("#7C6248"), 0.6)
    plane("Studio Floor", (5, 5), material=boards, into=studio)

    light("AREA", "North Window", (-1.6, -1.0, 2.2), 75, target=(0, 0, 0.9), color="#E4EDFF", size=0.8)
    light("AREA", "Paper Bounce", (1.5, -1.2, 1.2), 8, target=(0, 0, 0.9), color="#FFE6C8", size=1.0)
    flat_world("Studio Shade", "#575A60", 0.25)
    camera((0.35, -2.3, 1.5), (0, 0, 0.9), lens=60)
    cycles(256, (1600, 1200))
    grade("AgX", "AgX - Medium High Contrast")


@scene("stages", "A bowling lane at the moment when a violet ball rolls between the gutters to six pins.", "animation")
def bowling_lane(rng: random.Random) -> None:
    timing(72)
    enamel = plain("Pin White", rgb("#F3F0E8"), 0.25)
    gutter = plain("Gutter Grey", rgb("#4B4E54"), 0.5)

    alley = collection("Lane")
    maple = plain("Oiled Maple", rgb("#D3A25F"), 0.15)
    cube("Bowling Lane", (1.05, 7.0, 0.1), at=(0, 2.0, 0.05), material=maple, into=alley)
    for side, x in SIDES.items():
        cube(f"Gutter {side}", (0.25, 7.0, 0.04), at=(0.65 * x, 2.0, 0.02), material=gutter, into=alley)
    cube("Pit Cushion", (1.6, 0.2, 1.0), at=(0, 5.6, 0.5), material=gutter, into=alley)
    carpet = plain("Alley Carpet", rgb("#3B1F4D"), 0.95)
    plane("Alley Carpet", (8, 14), at=(0, 2, 0), material=carpet, into=alley)
    pins = collection("Pins")
    for name, across, along in (
        ("Head Pin", 0.0, 3.6),
        ("Second Row Pin Left", -0.15, 3.86),
        ("Second Row Pin Right", 0.15, 3.86),
        ("Back Row Pin Left", -0.3, 4.12),
        ("Back Row Pin Middle", 0.0, 4.12),
        ("Back Row Pin Right", 0.3, 4.12),
    ):
        cone(name, 0.06, 0, 0.38, at=(across, along, on(0.1, 0.38)), material=enamel, into=pins)
    resin = plain("Ball Resin", rgb(rng.choice(["#5A2E91", "#17627A", "#A3212F"])), 0.08)
    ball = sphere("Bowling Ball", 0.11, 48, 24, at=(vary(rng, -0.1, 0.1, 2), -0.9, 0.21), material=resin, into=alley)
    keys(ball, "location", {1: -0.9, 60: 3.247}, index=1, interpolation="LINEAR")
    keys(ball, "rotation_euler", {1: 0.0, 60: radians(-2160)}, index=0, interpolation="LINEAR")

    light("AREA", "Pin Deck Light", (0, 3.2, 2.2), 90, target=(0, 4.0, 0.2), color="#FFF4E0", size=1.0)
    light("AREA", "Lane Neon", (-2.0, 0.5, 1.6), 110, target=(0, 1.0, 0.1), color="#B06CFF", size=1.5)
    light("AREA", "Approach Light", (1.6, -2.6, 2.4), 70, target=(0, -0.6, 0.2), color="#FFD9B0", size=1.0)
    flat_world("Alley Night", "#20182E", 0.4)
    camera((0.55, -3.2, 1.05), (0, 1.2, 0.15), lens=42)
    cycles(160, (1920, 1080))
    grade("AgX", "AgX - Punchy", exposure=0.3)


@scene("stages", "A breakfast tray on linen: a bagel on a plate, coffee on a saucer, a boiled egg and orange juice.")
def breakfast_tray(rng: random.Random) -> None:
    timing(48)
    oak = plain("Tray Oak", rgb("#A8773F"), 0.5)
    stone = plain("Glazed Stoneware", rgb("#DCE3E0"), 0.2)

    tray = collection("Tray")
    cube("Breakfast Tray", (0.52, 0.36, 0.02), at=(0, 0, 0.01), material=oak, into=tray)
    for side, x in SIDES.items():
        cube(f"Tray Rim {side}", (0.02, 0.36, 0.06), at=(0.27 * x, 0, 0.03), material=oak, into=tray)
    linen = plain("Washed Linen", rgb("#C9D3DE"), 0.95)
    plane("Linen Cloth", (2.4, 2.4), material=linen, into=tray)
    coffee = collection("Coffee")
    cylinder("Saucer", 0.07, 0.01, 48, at=(0.14, 0.07, on(0.02, 0.01)), material=stone, into=coffee)
    cup = cylinder("Coffee Cup", 0.04, 0.08, 48, at=(0.14, 0.07, on(0.03, 0.08)), material=stone, into=coffee)
    at = (0.062, 0, 0.005)
    torus("Cup Handle", 0.022, 0.005, at=at, turn=(90, 0, 0), material=stone, parent=cup, into=coffee)
    food = collection("Food")
    cylinder("Bagel Plate", 0.11, 0.016, 64, at=(-0.11, -0.04, on(0.02, 0.016)), material=stone, into=food)
    crust = plain("Toasted Crust", rgb("#B06A2C"), 0.6)
    ring = vary(rng, 0.042, 0.048)
    torus("Bagel", ring, 0.022, 48, 16, at=(-0.11, -0.05, on(0.036, 0.044)), material=crust, into=food)
    cylinder("Egg Cup", 0.022, 0.04, at=(0.08, -0.1, on(0.02, 0.04)), material=stone, into=food)
    shell = plain("Brown Eggshell", rgb("#D9A679"), 0.45)
    sphere("Boiled Egg", 0.022, at=(0.08, -0.1, on(0.06, 0.044)), material=shell, into=food)
    juice = plain("Orange Juice", rgb("#F79A1E"), 0.1, transmission_weight=0.3)
    cylinder("Juice Glass", 0.03, 0.11, at=(0.2, -0.08, on(0.02, 0.11)), material=juice, into=food)

    light("AREA", "Bedroom Window", (-0.9, 0.6, 0.8), 16, target=(0, 0, 0.03), color="#FFEBCB", size=0.6)
    light("AREA", "Duvet Bounce", (0.8, -0.7, 0.6), 4, target=(0, 0, 0.03), color="#DDE8FF", size=0.8)
    flat_world("Slow Morning", "#D8DCE2", 0.3)
    camera((0.25, -0.85, 0.6), (0, -0.01, 0.03), lens=55)
    cycles(256, (1600, 1600))
    grade("AgX", "AgX - Base Contrast")


@scene("stages", "Camp lanterns at night: an iron lantern on a stump, a candle jar, a paper globe and a tin mug.")
def camp_lanterns(rng: random.Random) -> None:
    timing(72)
    bark = plain("Split Cedar", rgb("#6B4A33"), 0.85)
    iron = plain("Lantern Iron", rgb("#2A2C2E"), 0.5, metallic=0.8)
    warmth = vary(rng, 4.0, 6.0, 1)
    glowing = plain("Glowing Glass", rgb("#FFE2A8"), 0.2, emission_color=rgb("#FFB75A"), emission_strength=warmth)

    lantern = collection("Iron Lantern")
    foot = cylinder("Lantern Foot", 0.09, 0.04, at=(0, 0, on(0.4, 0.04)), material=iron, into=lantern)
    cylinder("Lantern Glass", 0.065, 0.18, at=(0, 0, 0.11), material=glowing, parent=foot, into=lantern)
    cone("Lantern Cap", 0.1, 0, 0.08, at=(0, 0, 0.24), material=iron, parent=foot, into=lantern)
    torus("Lantern Ring", 0.03, 0.005, at=(0, 0, 0.31), turn=(90, 0, 0), material=iron, parent=foot, into=lantern)
    jar = collection("Candle Jar")
    cylinder("Jar Glass", 0.06, 0.13, at=(0.42, -0.3, 0.065), material=glowing, into=jar)
    cylinder("Jar Lid", 0.064, 0.02, at=(0.42, -0.3, on(0.13, 0.02)), material=iron, into=jar)
    camp = collection("Camp Corner")
    cylinder("Tree Stump", 0.34, 0.4, 48, at=(0, 0.05, 0.2), material=bark, into=camp)
    cylinder("Fallen Log", 0.17, 1.7, at=(0.1, 0.8, 0.17), turn=(0, 90, 8), material=bark, into=camp)
    rice = plain("Rice Paper", rgb("#F7EFDC"), 0.8, emission_color=rgb("#FFD9A0"), emission_strength=1.5)
    sphere("Paper Lantern", 0.15, 48, 24, at=(-0.55, -0.15, 0.15), material=rice, into=camp)
    tin = plain("Blue Enamelware", rgb("#24508A"), 0.2)
    cylinder("Tin Mug", 0.045, 0.09, at=(0.2, -0.04, on(0.4, 0.09)), material=tin, into=camp)
    moss = plain("Night Moss", rgb("#2C3A24"), 0.95)
    plane("Mossy Ground", (6, 6), material=moss, into=camp)

    light("POINT", "Lantern Glow", (-0.05, -0.25, 0.62), 7, color="#FFB765", shadow_soft_size=0.06)
    light("POINT", "Jar Glow", (0.4, -0.45, 0.12), 2, color="#FFA850", shadow_soft_size=0.04)
    light("SUN", "Moonlight", (3, 4, 6), 0.25, target=(0, 0, 0), color="#9DB8F5", angle=radians(1))
    flat_world("Forest Night", "#121A2C", 0.5)
    camera((0.5, -2.0, 0.75), (0, 0, 0.33), lens=50)
    cycles(256, (1600, 1200))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.5)
