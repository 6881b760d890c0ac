"""The table of sample scenes: what each is called, what it shows, and how it is built.

A scene is a function `build(rng)` that fills an empty factory scene. Its randomness comes from `rng` alone, so the same
name and seed give the same content.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import bpy

VERSION = 1
"""Raised whenever any scene builds something else for the same seed."""

ROLES = ("concept", "builder", "texture", "render", "animation")

Build = Callable[[random.Random], None]


class Sample(NamedTuple):
    """One scene of the catalogue."""

    name: str
    """Unique, as in `dining_table`."""
    theme: str
    """The group it belongs to, as in `furniture`; one theme is one repository of samples."""
    description: str
    """One sentence, as a person would brief it."""
    roles: tuple[str, ...]
    """Which of `ROLES` it has content for, in that order."""
    build: Build


SAMPLES: dict[str, Sample] = {}


def scene(theme: str, description: str, *roles: str) -> Callable[[Build], Build]:
    """Enters the decorated function into `SAMPLES` under its own name.

    Every scene has a brief, objects, materials and a set-up for rendering, so `roles` names only what comes on top:
    `animation`, where something moves or is rigged.
    """

    def enter(build: Build) -> Build:
        name = build.__name__
        if name in SAMPLES:
            raise ValueError(f"two samples are called {name}")
        held = {"concept", "builder", "texture", "render", *roles}
        SAMPLES[name] = Sample(name, theme, description, tuple(role for role in ROLES if role in held), build)
        return build

    return enter


def build(name: str, seed: int = 1) -> None:
    """Empties Blender and builds the scene `name` for `seed`; KeyError for a name that is not in `SAMPLES`."""
    sample = SAMPLES[name]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.name = name.replace("_", " ").title()
    sample.build(random.Random(f"{name}:{seed}"))
    bpy.context.view_layer.update()
