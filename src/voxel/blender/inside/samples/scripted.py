"""Scenes that short scripts make, with the script kept in the file as a text, as artists leave them.

The scripts are the files of the folder `scripts`, named as the scenes. Each makes what it is about in an empty scene;
ground, light and camera are put up around it here where the script has none of its own.
"""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import bpy

from .catalogue import scene
from .nodes import plain, rgb
from .shapes import Vector, plane, sphere
from .staging import camera, cycles, eevee, flat_world, light, vary

THEME = "scripted"
_SCRIPTS = Path(__file__).with_name("scripts")


def run(name: str) -> None:
    """Runs the script of this name and keeps its text in the file."""
    path = _SCRIPTS / f"{name}.py"
    bpy.data.texts.new(path.name).from_string(path.read_text("utf-8"))
    runpy.run_path(str(path))


def stage(rng: random.Random, at: Vector, target: Vector, *, lens: float, power: float, floor: str = "") -> None:
    """A camera at `at` that looks at `target`, an area light of about `power` W above, and a floor in this colour."""
    if floor:
        plane("Floor", (12, 12), material=plain(f"Floor Paint {floor}", rgb(floor), 0.7))
    above = (target[0] - 1.5, target[1] - 1.5, target[2] + 3)
    light("AREA", "Ceiling Panel", above, round(power * vary(rng, 0.85, 1.15)), target=target, size=1.5)
    camera(at, target, lens=lens)


@scene(THEME, "A brass wall clock at nine, built by a script that turns hours into angles.")
def wall_clock(rng: random.Random) -> None:
    run("wall_clock")
    stage(rng, (0.25, -0.2, 0.75), (0, 0, 0), lens=60, power=40)
    flat_world("Hallway Grey", "#8C8A86", 0.6)
    cycles(64, (1080, 1080))


@scene(THEME, "A rubber ball that bounces lower each time, keyed in a loop by a script.", "animation")
def rubber_ball(rng: random.Random) -> None:
    run("rubber_ball")
    rubber = plain("Ball Rubber", rgb(rng.choice(("#C43D2F", "#2F6FC4", "#3DA35D"))), 0.55)
    bpy.data.objects["Rubber Ball"].data.materials.append(rubber)
    stage(rng, (2.2, -2.8, 1.1), (0, 0, 0.5), lens=45, power=150, floor="#B9B4AA")
    flat_world("Gym White", "#D8DCE0", 0.5)
    eevee(32, (1280, 720))


@scene(THEME, "A garden fence of five posts and two rails, laid out by a script with an Array modifier.")
def garden_fence(rng: random.Random) -> None:
    run("garden_fence")
    cedar = plain("Weathered Cedar", rgb(rng.choice(("#8A6B4A", "#77604B", "#9A7B58"))), 0.85)
    for name in ("Fence Post", "Lower Rail", "Upper Rail"):
        bpy.data.objects[name].data.materials.append(cedar)
    stage(rng, (3.4, -4.6, 1.6), (2, 0, 0.5), lens=35, power=600, floor="#5B7A3A")
    flat_world("Garden Morning", "#BFD4E6", 0.9)
    cycles(64, (1600, 900))


@scene(THEME, "A ballroom floor of checkered marble whose nodes a script puts together.")
def checker_floor(rng: random.Random) -> None:
    run("checker_floor")
    sphere("Glass Float", 0.4, at=(0.6, 0.3, 0.4), material=plain("Float Enamel", rgb("#2E6E8E"), 0.2))
    stage(rng, (3.2, -4.2, 1.8), (0, 0, 0.2), lens=35, power=500)
    flat_world("Ballroom Dusk", "#3B3342", 0.8)
    cycles(96, (1600, 900))


@scene(THEME, "A pendulum on a pivot, swung by five keys that a script sets.", "animation")
def pendulum(rng: random.Random) -> None:
    run("pendulum")
    bob = plain("Bob Lead", rgb(rng.choice(("#5A5F66", "#6B5E52"))), 0.4)
    bpy.data.objects["Bob"].data.materials.append(bob)
    stage(rng, (0.6, -3.2, 1.0), (0, 0, 0.9), lens=50, power=180, floor="#A8A29A")
    flat_world("Laboratory", "#C7CCD1", 0.6)
    eevee(32, (1080, 1080))


@scene(THEME, "A portrait corner with three softboxes and a long lens, rigged from a table in a script.")
def studio_lights(rng: random.Random) -> None:
    run("studio_lights")
    sphere("Head Stand-In", 0.16, at=(0, 0, 1), material=plain("Modelling Clay", rgb("#B98F76"), 0.6))
    plane("Seamless Paper", (6, 6), material=plain("Paper White", rgb("#E4E1DB"), 0.9))
    flat_world("Blackout", "#101012", vary(rng, 0.15, 0.3, 2))
    cycles(128, (1080, 1350))


@scene(THEME, "A beeswax candle whose flame flickers with random powers from a script.", "animation")
def candle_flicker(rng: random.Random) -> None:
    run("candle_flicker")
    wax = plain("Beeswax", rgb(rng.choice(("#D9A94A", "#CFA24F"))), 0.5)
    bpy.data.objects["Beeswax Candle"].data.materials.append(wax)
    stage(rng, (0.45, -0.75, 0.35), (0, 0, 0.12), lens=50, power=3, floor="#4A3628")
    flat_world("Late Evening", "#161420", 0.4)
    cycles(96, (1080, 1080))


@scene(THEME, "An oiled oak bookshelf of four boards between two sides, from a function in a script.")
def oak_shelves(rng: random.Random) -> None:
    run("oak_shelves")
    stage(rng, (1.6, -2.8, 1.3), (0, 0, 0.9), lens=40, power=250, floor="#9C8F80")
    flat_world("Reading Room", "#CFC6B8", 0.6)
    cycles(64, (1080, 1350))
