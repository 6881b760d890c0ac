"""Writes sample scenes: `build(name, seed)` makes one in the Blender that runs this.

This package runs inside Blender. It is imported there as `samples`, since the folder above it is on Blender's path.
"""

from . import (
    architecture,
    camera_moves,
    elements,
    furniture,
    lighting,
    metals,
    motion_studies,
    procedural,
    products,
    props,
    render_styles,
    rigs,
    scatter,
    stonework,
)  # noqa: F401  (each fills the catalogue)
from .catalogue import ROLES, SAMPLES, VERSION, Sample, build

__all__ = ["ROLES", "SAMPLES", "VERSION", "Sample", "build"]
