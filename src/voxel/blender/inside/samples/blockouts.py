"""First block-outs of places, all plain shapes: a pier, a chess corner, a train platform, a campsite, a playground."""

from __future__ import annotations

import random
from math import radians

from .catalogue import scene
from .motion import keys
from .nodes import plain, rgb
from .shapes import collection, cone, cube, cylinder, modify, on, plane, sphere, torus
from .staging import camera, cycles, eevee, flat_world, grade, light, timing, vary

SIDES = {"Left": -1, "Right": 1}


@scene("blockouts", "A timber pier at dawn that runs out from a granite quay, with bollards, a crate and a lifebuoy.")
def harbour_pier(rng: random.Random) -> None:
    timing(120)
    oak = plain("Tarred Oak", rgb("#5A4330"), 0.75)
    iron = plain("Mooring Iron", rgb("#23262B"), 0.45, metallic=0.9)

    pier = collection("Pier")
    cube("Pier Deck", (2.4, 8.0, 0.2), at=(0, 2.0, 1.1), material=oak, into=pier)
    for end, y in (("Outer", -1.6), ("Inner", 3.4)):
        for side, x in SIDES.items():
            cylinder(f"{end} Pile {side}", 0.16, 1.6, at=(x, y, 0.2), material=oak, into=pier)
    moorings = collection("Moorings")
    for side, x in SIDES.items():
        post = cylinder(f"Bollard {side}", 0.14, 0.5, at=(0.95 * x, -1.3, on(1.2, 0.5)), material=iron, into=moorings)
        modify(post, "BEVEL", "Cast Edge", width=0.03, segments=3, limit_method="ANGLE")
    hemp = plain("Mooring Hemp", rgb("#C2A36B"), 0.9)
    torus("Mooring Rope", 0.25, 0.06, at=(0.2, -0.5, on(1.2, 0.12)), material=hemp, into=moorings)
    gear = collection("Cargo")
    edge = vary(rng, 0.7, 0.9, 2)
    turned = vary(rng, 8, 20, 0)
    cube("Cargo Crate", (edge,) * 3, at=(0.5, 2.9, on(1.2, edge)), turn=(0, 0, turned), material=oak, into=gear)
    red = plain("Lifebuoy Red", rgb("#D13A22"), 0.4)
    torus("Lifebuoy", 0.3, 0.08, at=(-0.55, 1.3, on(1.2, 0.16)), material=red, into=gear)
    harbour = collection("Harbour")
    plane("Harbour Water", (40, 40), material=plain("Harbour Water", rgb("#1E4A57"), 0.15), into=harbour)
    quay = plain("Quay Granite", rgb("#8C8B86"), 0.8)
    cube("Stone Quay", (14, 1.6, 1.2), at=(0, 6.8, 0.6), material=quay, into=harbour)

    light("SUN", "Dawn Sun", (-8, -3, 4), 5.0, target=(0, 2, 1), color="#FFC68F", angle=radians(2))
    light("AREA", "Cloud Bounce", (6, -4, 6), 350, target=(0, 2, 1), color="#C9DDFF", size=5.0)
    flat_world("Dawn Haze", "#A9BCCB", 0.9)
    camera((6.0, -6.8, 3.7), (0.3, 1.4, 0.8), lens=35)
    eevee(64, (1920, 1080))
    grade("AgX", "AgX - Base Contrast")


@scene(
    "blockouts", "A stone chess table between two stools in a park corner, where the white rook advances.", "animation"
)
def chess_corner(rng: random.Random) -> None:
    timing(48)
    concrete = plain("Exposed Aggregate", rgb("#A9A49A"), 0.85)
    white, black = plain("Turned Boxwood", rgb("#E6CF9E"), 0.35), plain("Stained Pear", rgb("#1C1613"), 0.3)

    table = collection("Chess Table")
    cylinder("Table Column", 0.16, 0.7, at=(0, 0, 0.35), material=concrete, into=table)
    top = cylinder("Stone Tabletop", 0.45, 0.08, 64, at=(0, 0, 0.74), material=concrete, into=table)
    modify(top, "BEVEL", "Worn Rim", width=0.015, segments=3, limit_method="ANGLE")
    board = plain("Walnut Inlay", rgb("#5B3A22"), 0.4)
    cube("Chess Board", (0.48, 0.48, 0.02), at=(0, 0, on(0.78, 0.02)), material=board, into=table)
    game = collection("Game Pieces")
    tall = vary(rng, 0.11, 0.13, 2)
    cone("White King", 0.026, 0, tall, at=(0.03, -0.15, on(0.8, tall)), material=white, into=game)
    cone("Black King", 0.026, 0, tall, at=(-0.03, 0.15, on(0.8, tall)), material=black, into=game)
    rook = cylinder("White Rook", 0.022, 0.07, at=(-0.15, -0.15, on(0.8, 0.07)), material=white, into=game)
    sphere("Black Pawn", 0.024, at=(0.15, 0.09, on(0.8, 0.048)), material=black, into=game)
    keys(rook, "location", {1: -0.15, 12: -0.15, 36: 0.09}, index=1, interpolation="BEZIER")
    seats = collection("Stools")
    for name, y in (("Near Stool", -0.85), ("Far Stool", 0.85)):
        seat = cylinder(name, 0.2, 0.45, at=(0.0, y, on(0, 0.45)), material=concrete, into=seats)
        modify(seat, "BEVEL", "Worn Rim", width=0.02, segments=3, limit_method="ANGLE")
    park = collection("Park")
    plane("Paved Court", (8, 8), material=plain("Brick Paving", rgb("#8A5442"), 0.8), into=park)
    hedge = plain("Clipped Yew", rgb("#2C4A26"), 0.9)
    cube("Yew Hedge", (4.5, 0.6, 1.1), at=(0, 2.2, 0.55), material=hedge, into=park)

    light("SUN", "Afternoon Sun", (-4, -2, 5), 3.5, target=(0, 0, 0.8), color="#FFE2B8", angle=radians(1.5))
    light("AREA", "Shade Fill", (2.5, -1.5, 2.5), 40, target=(0, 0, 0.8), color="#D6E4FF", size=1.5)
    flat_world("Park Sky", "#B7CBE0", 0.5)
    camera((2.4, -1.7, 1.7), (0, 0.05, 0.55), lens=45)
    cycles(128, (1600, 1200))
    grade("AgX", "AgX - Medium High Contrast")


@scene(
    "blockouts", "A country train platform with canopy, bench and luggage, as a green railcar rolls in.", "animation"
)
def train_platform(rng: random.Random) -> None:
    timing(120)
    steel = plain("Rail Steel", rgb("#5C5F63"), 0.4, metallic=0.9)
    green = plain("Railcar Green", rgb("#1F5B45"), 0.3)
    teak = plain("Varnished Teak", rgb("#8A5328"), 0.35)

    platform = collection("Platform")
    slab = plain("Platform Concrete", rgb("#A6A39B"), 0.85)
    cube("Platform Slab", (16, 3.0, 0.9), at=(0, -1.5, 0.45), material=slab, into=platform)
    yellow = plain("Edge Yellow", rgb("#F2C21A"), 0.6)
    cube("Safety Line", (16, 0.15, 0.01), at=(0, -0.4, on(0.9, 0.01)), material=yellow, into=platform)
    railway = collection("Railway")
    bed = plain("Ballast Gravel", rgb("#6F675E"), 0.95)
    plane("Ballast Bed", (30, 14), at=(0, 2, 0), material=bed, into=railway)
    for name, y in (("Near Rail", 0.8), ("Far Rail", 2.2)):
        cube(name, (28, 0.08, 0.16), at=(0, y, 0.08), material=steel, into=railway)
    length = vary(rng, 6.5, 7.5, 1)
    car = cube("Railcar", (length, 2.4, 3.0), at=(-7.0, 1.5, on(0.16, 3.0)), material=green, into=railway)
    keys(car, "location", {1: -7.0, 96: 1.5}, index=0, interpolation="BEZIER")
    shelter = collection("Canopy")
    for side, x in SIDES.items():
        cylinder(f"Canopy Post {side}", 0.08, 2.5, at=(2.4 * x, -1.9, on(0.9, 2.5)), material=steel, into=shelter)
    cube("Canopy Roof", (6.0, 2.0, 0.14), at=(0, -1.8, on(3.4, 0.14)), material=green, into=shelter)
    waiting = collection("Waiting Area")
    cube("Waiting Bench", (1.8, 0.45, 0.45), at=(-0.4, -1.9, on(0.9, 0.45)), material=teak, into=waiting)
    cube("Luggage Trunk", (0.7, 0.4, 0.4), at=(1.2, -1.7, on(0.9, 0.4)), turn=(0, 0, 15), material=teak, into=waiting)
    cylinder("Litter Bin", 0.22, 0.75, at=(-3.2, -1.9, on(0.9, 0.75)), material=steel, into=waiting)

    light("SUN", "Morning Sun", (7, -6, 7), 3.0, target=(0, 0, 1), color="#FFE6C4", angle=radians(2))
    light("AREA", "Canopy Bounce", (-4, -6, 3), 250, target=(0, -1, 1.5), color="#DCE7F5", size=3.0)
    flat_world("Country Morning", "#C4D3E0", 0.6)
    camera((6.5, -9.0, 2.9), (0, -0.4, 1.7), lens=34)
    eevee(64, (2048, 1152))
    grade("AgX", "AgX - Base Contrast")


@scene("blockouts", "A campsite at dusk: a canvas tipi, a pine and a fire in a ring of stone beside a sitting log.")
def campsite(rng: random.Random) -> None:
    timing(100)
    bark = plain("Birch Bark", rgb("#6E5744"), 0.85)
    green = plain("Forest Green", rgb("#2E4A2C"), 0.9)
    enamel = plain("Camp Enamel", rgb("#3D6FA3"), 0.25)

    shelter = collection("Shelter")
    high = vary(rng, 2.2, 2.6, 1)
    canvas = plain("Ochre Canvas", rgb("#C9974A"), 0.8)
    cone("Canvas Tipi", 1.4, 0, high, 48, at=(-1.3, 1.4, on(0, high)), material=canvas, into=shelter)
    cube("Cool Box", (0.6, 0.4, 0.4), at=(-1.35, -0.45, 0.2), turn=(0, 0, -15), material=enamel, into=shelter)
    cylinder("Coffee Pot", 0.09, 0.22, at=(-1.4, -0.45, on(0.4, 0.22)), material=enamel, into=shelter)
    fire = collection("Campfire")
    stone = plain("River Stone", rgb("#77756F"), 0.7)
    torus("Fire Ring", 0.5, 0.1, at=(0.6, -0.5, 0.1), material=stone, into=fire)
    cylinder("Lower Log", 0.07, 0.7, at=(0.6, -0.56, 0.07), turn=(0, 90, 0), material=bark, into=fire)
    cylinder("Upper Log", 0.07, 0.6, at=(0.62, -0.5, 0.21), turn=(90, 0, 0), material=bark, into=fire)
    flame = plain("Fire Orange", rgb("#FF8A2A"), 0.5, emission_color=rgb("#FF7A1E"), emission_strength=8.0)
    cone("Fire Flame", 0.16, 0, 0.45, at=(0.6, -0.52, on(0.28, 0.45)), material=flame, into=fire)
    clearing = collection("Clearing")
    plane("Forest Floor", (14, 14), material=green, into=clearing)
    cylinder("Sitting Log", 0.2, 1.6, at=(1.7, 0.3, 0.2), turn=(90, 0, -35), material=bark, into=clearing)
    trunk = cylinder("Pine Trunk", 0.16, 0.9, at=(2.2, 2.4, 0.45), material=bark, into=clearing)
    cone("Pine Crown", 1.1, 0, 3.0, at=(0, 0, 1.95), material=green, parent=trunk, into=clearing)

    light("POINT", "Fire Glow", (0.6, -0.9, 0.8), 90, color="#FF9A45", shadow_soft_size=0.2)
    light("SUN", "Last Daylight", (-5, -4, 6), 0.9, target=(0, 0, 0), color="#A9BEF0", angle=radians(6))
    flat_world("Dusk Blue", "#33466E", 0.6)
    camera((1.6, -6.2, 2.1), (0.2, 0.6, 0.95), lens=35)
    cycles(192, (1920, 1200))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.4)


@scene(
    "blockouts", "A small playground with slide, sandbox and balance beam, where a red ball rolls past.", "animation"
)
def playground(rng: random.Random) -> None:
    timing(72)
    red = plain("Slide Red", rgb("#D8402F"), 0.3)
    sand = plain("Play Sand", rgb("#E2C68F"), 0.95)
    timber = plain("Robinia Timber", rgb("#A57B4C"), 0.7)

    slide = collection("Slide")
    yellow = plain("Sunflower Paint", rgb("#F4B81E"), 0.4)
    block = cube("Climbing Block", (1.2, 1.2, 1.2), at=(-1.8, 0.6, 0.6), material=yellow, into=slide)
    modify(block, "BEVEL", "Safe Edge", width=0.05, segments=3)
    cube("Slide Chute", (0.7, 2.16, 0.06), at=(-1.8, -0.917, 0.625), turn=(33.7, 0, 0), material=red, into=slide)
    box = collection("Sandbox")
    cylinder("Sand Bed", 1.0, 0.1, 48, at=(1.5, -0.3, 0.05), material=sand, into=box)
    rim = plain("Harbour Blue Paint", rgb("#2F6FB5"), 0.4)
    torus("Sandbox Rim", 1.0, 0.13, 64, at=(1.5, -0.3, 0.13), material=rim, into=box)
    tall = vary(rng, 0.35, 0.5, 2)
    cone("Sand Castle", 0.28, 0, tall, at=(1.7, -0.2, on(0.1, tall)), material=sand, into=box)
    course = collection("Balance Course")
    for side, x in SIDES.items():
        cylinder(f"Stump {side}", 0.16, 0.3, at=(1.2 + x, 1.9, 0.15), material=timber, into=course)
    cube("Balance Beam", (2.6, 0.2, 0.16), at=(1.2, 1.9, on(0.3, 0.16)), material=timber, into=course)
    area = collection("Play Area")
    ground = plain("Rubber Crumb", rgb("#4E8C86"), 0.9)
    plane("Playground Floor", (12, 12), material=ground, into=area)
    ball = sphere("Play Ball", 0.2, at=(-0.9, -2.4, 0.2), material=red, into=area)
    keys(ball, "location", {1: -0.9, 60: 0.357}, index=0, interpolation="LINEAR")
    keys(ball, "rotation_euler", {1: 0.0, 60: radians(360)}, index=1, interpolation="LINEAR")

    light("SUN", "Noon Sun", (-4, -5, 9), 3.6, target=(0, 0, 0), color="#FFF3DC", angle=radians(1))
    light("AREA", "Sky Fill", (5, -4, 5), 300, target=(0, 0, 0.5), color="#CFE2FF", size=4.0)
    flat_world("Summer Sky", "#9CC4EA", 0.5)
    camera((4.4, -6.8, 4.4), (0.1, -0.1, 0.4), lens=38)
    eevee(64, (1920, 1080))
    grade("AgX", "AgX - Punchy")


@scene("blockouts", "A bus shelter on a wet evening street, lit from its roof, with a bench, a bin and a stop pole.")
def bus_stop(rng: random.Random) -> None:
    timing(100)
    steel = plain("Anthracite Steel", rgb("#34383D"), 0.4, metallic=0.8)
    sign = plain("Route Yellow", rgb("#F5C518"), 0.4, emission_color=rgb("#F5C518"), emission_strength=0.4)

    shelter = collection("Bus Shelter")
    width = vary(rng, 3.2, 3.6, 1)
    for side, x in SIDES.items():
        at = (round(x * (width / 2 - 0.2), 3), 1.0, on(0.15, 2.3))
        cylinder(f"Shelter Post {side}", 0.05, 2.3, at=at, material=steel, into=shelter)
    glass = plain("Tinted Glass", rgb("#BFD8D6"), 0.05, transmission_weight=0.9)
    cube("Glass Back Wall", (3.0, 0.04, 2.3), at=(0, 2.0, on(0.15, 2.3)), material=glass, into=shelter)
    cube("Shelter Roof", (width, 1.5, 0.1), at=(0, 1.5, on(2.45, 0.1)), material=steel, into=shelter)
    oak = plain("Slatted Oak", rgb("#9A6C3C"), 0.55)
    cube("Shelter Bench", (1.6, 0.4, 0.45), at=(-0.4, 1.7, on(0.15, 0.45)), material=oak, into=shelter)
    stop = collection("Bus Stop")
    pole = cylinder("Bus Stop Pole", 0.04, 2.6, at=(2.4, 0.5, on(0.15, 2.6)), material=steel, into=stop)
    cylinder("Route Disc", 0.28, 0.04, at=(0, -0.06, 1.0), turn=(90, 0, 0), material=sign, parent=pole, into=stop)
    cube("Timetable Case", (0.3, 0.04, 0.45), at=(0, -0.06, 0.2), material=sign, parent=pole, into=stop)
    street = collection("Street")
    plane("Street Asphalt", (16, 14), material=plain("Rainy Asphalt", rgb("#25282C"), 0.2), into=street)
    paving = plain("Paving Stone", rgb("#8F8C86"), 0.7)
    cube("Raised Pavement", (12, 3.0, 0.15), at=(0, 1.5, 0.075), material=paving, into=street)
    cylinder("Waste Bin", 0.22, 0.8, at=(-2.5, 0.8, on(0.15, 0.8)), material=steel, into=street)

    light("AREA", "Roof Panel Light", (0, 1.4, 2.4), 60, target=(0, 1.4, 0), color="#FFF0D0", shape="DISK", size=0.8)
    lamp = {"spot_size": radians(70), "spot_blend": 0.4, "shadow_soft_size": 0.2}
    light("SPOT", "Street Lamp", (4.5, -2.0, 5.0), 500, target=(2.0, 0.8, 0), color="#FFC27A", **lamp)
    light("SUN", "Evening Sky", (-4, -5, 6), 0.5, target=(0, 0, 0), color="#9FB6E8", angle=radians(10))
    flat_world("Rainy Evening", "#2B3A55", 0.5)
    camera((2.6, -6.0, 1.7), (0.2, 1.0, 1.3), lens=35)
    cycles(192, (1920, 1080))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.3)


@scene("blockouts", "A child's lemonade stand on a lawn under a yellow awning, with a jug, glasses and a lemon.")
def lemonade_stand(rng: random.Random) -> None:
    timing(60)
    pine = plain("Whitewashed Pine", rgb("#E9E2D3"), 0.7)
    glass = plain("Lemonade Glass", rgb("#F6E27A"), 0.05, transmission_weight=0.85)
    yellow = plain("Awning Yellow", rgb("#F6C92B"), 0.75)

    stand = collection("Lemonade Stand")
    cube("Stand Counter", (1.5, 0.6, 0.9), at=(0, 0, 0.45), material=pine, into=stand)
    cube("Stand Countertop", (1.8, 0.75, 0.05), at=(0, 0, on(0.9, 0.05)), material=pine, into=stand)
    high = vary(rng, 1.0, 1.2, 1)
    for side, x in SIDES.items():
        at = (0.8 * x, 0.2, on(0.95, high))
        cylinder(f"Awning Post {side}", 0.03, high, at=at, material=pine, into=stand)
    cube("Awning", (2.1, 1.1, 0.08), at=(0, 0.1, on(round(0.95 + high, 2), 0.08)), material=yellow, into=stand)
    slate = plain("Chalkboard Slate", rgb("#26332E"), 0.85)
    cube("Price Board", (1.1, 0.04, 0.4), at=(0, -0.32, 0.6), material=slate, into=stand)
    drinks = collection("Drinks")
    cylinder("Lemonade Jug", 0.1, 0.28, at=(-0.3, -0.05, on(0.95, 0.28)), material=glass, into=drinks)
    for side, x in SIDES.items():
        at = (round(0.1 + 0.07 * x, 2), -0.15, on(0.95, 0.12))
        cylinder(f"Tumbler {side}", 0.04, 0.12, at=at, material=glass, into=drinks)
    lemon = plain("Lemon Peel", rgb("#F2D21B"), 0.45)
    sphere("Lemon", 0.05, at=(0.42, -0.12, on(0.95, 0.1)), material=lemon, into=drinks)
    garden = collection("Garden")
    plane("Front Lawn", (10, 10), material=plain("Mown Lawn", rgb("#5E9440"), 0.9), into=garden)
    cube("Fruit Crate", (0.5, 0.4, 0.35), at=(1.2, -0.35, 0.175), turn=(0, 0, 20), material=pine, into=garden)

    light("SUN", "Summer Sun", (-4, -5, 6), 3.4, target=(0, 0, 1), color="#FFEBC8", angle=radians(1.5))
    light("AREA", "Lawn Bounce", (2.5, -3, 1.0), 60, target=(0, 0, 1), color="#E6F5D0", size=2.0)
    flat_world("Garden Sky", "#A9D0EE", 0.5)
    camera((1.5, -4.2, 1.75), (0.1, 0, 1.05), lens=45)
    eevee(64, (1500, 1500))
    grade("AgX", "AgX - Punchy")


@scene(
    "blockouts", "A beech workbench against a workshop wall with a vice, a toolbox, a paint tin and a red task lamp."
)
def workbench(rng: random.Random) -> None:
    timing(60)
    beech = plain("Oiled Beech", rgb("#C49A66"), 0.5)
    steel = plain("Brushed Tin", rgb("#B4B7BA"), 0.3, metallic=1.0)
    red = plain("Toolbox Red", rgb("#B3261E"), 0.3)

    bench = collection("Workbench")
    width = vary(rng, 1.8, 2.2, 1)
    cube("Workbench Top", (width, 0.7, 0.08), at=(0, 0, on(0.82, 0.08)), material=beech, into=bench)
    for side, x in SIDES.items():
        at = (round(x * (width / 2 - 0.15), 3), 0.0, 0.41)
        cube(f"Workbench Leg {side}", (0.12, 0.6, 0.82), at=at, material=beech, into=bench)
    tools = collection("Tools")
    iron = plain("Vice Iron", rgb("#2E4C63"), 0.5, metallic=0.6)
    vice = cube("Bench Vice", (0.2, 0.26, 0.18), at=(-0.65, -0.2, on(0.9, 0.18)), material=iron, into=tools)
    modify(vice, "BEVEL", "Cast Edge", width=0.06, segments=2)
    at = (0.05, 0.12, on(0.9, 0.22))
    cube("Toolbox", (0.46, 0.22, 0.22), at=at, turn=(0, 0, 8), material=red, into=tools)
    cylinder("Paint Tin", 0.09, 0.2, at=(-0.38, 0.15, on(0.9, 0.2)), material=steel, into=tools)
    torus("Wire Coil", 0.08, 0.02, at=(0.12, -0.2, on(0.9, 0.04)), material=steel, into=tools)
    lamp = collection("Task Lamp")
    foot = cylinder("Lamp Foot", 0.09, 0.04, at=(0.6, 0.12, on(0.9, 0.04)), material=steel, into=lamp)
    cylinder("Lamp Stem", 0.012, 0.42, at=(0, 0, 0.23), material=steel, parent=foot, into=lamp)
    cone("Lamp Shade", 0.13, 0, 0.16, at=(0, 0, 0.52), material=red, parent=foot, into=lamp)
    shop = collection("Workshop")
    floor = plain("Sealed Concrete", rgb("#75757A"), 0.6)
    plane("Workshop Floor", (6, 5), material=floor, into=shop)
    wall = plain("Workshop Plaster", rgb("#CFC8B8"), 0.9)
    cube("Workshop Wall", (6, 0.1, 2.6), at=(0, 0.6, 1.3), material=wall, into=shop)

    bulb = {"spot_size": radians(100), "spot_blend": 0.5, "shadow_soft_size": 0.05}
    light("SPOT", "Lamp Bulb", (0.6, 0.1, 1.33), 25, target=(0.55, 0.0, 0.9), color="#FFC98A", **bulb)
    light("AREA", "Window Key", (-2.4, -1.6, 2.4), 110, target=(0, 0, 0.9), color="#EAF1FF", size=1.4)
    light("AREA", "Doorway Fill", (2.4, -2.4, 1.4), 35, target=(0, 0, 0.8), color="#FFE9D0", size=1.2)
    flat_world("Workshop Ambient", "#6E7480", 0.3)
    camera((0.9, -3.1, 1.65), (0, 0, 0.78), lens=40)
    cycles(160, (1800, 1350))
    grade("AgX", "AgX - Medium High Contrast", exposure=0.2)
