"""Writes sample scenes: `build(name, seed)` makes one in the Blender that runs this.

This package runs inside Blender. It is imported there as `samples`, since the folder above it is on Blender's path.
"""

# ruff: noqa: F401 - importing a theme enters its scenes into the catalogue
from . import (
    architecture,
    blender_assets,
    blockouts,
    camera_moves,
    elements,
    furniture,
    landscapes,
    lighting,
    metals,
    motion_graphics,
    motion_studies,
    procedural,
    products,
    props,
    render_styles,
    rigs,
    scatter,
    scripted,
    stages,
    stonework,
)
from .catalogue import ROLES, SAMPLES, VERSION, Sample, build

__all__ = ["ROLES", "SAMPLES", "VERSION", "Sample", "build"]
