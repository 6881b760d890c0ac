"""`voxel parse`: one phase of the pipeline."""

from __future__ import annotations

from voxel.cli.phases import blender_phase

command = blender_phase("parse", "Load every collected file in Blender and keep its scene.")
