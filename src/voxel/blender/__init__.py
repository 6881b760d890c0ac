"""Drives real Blender: runtimes, the fork server, the box, checks of scripts."""

from voxel.blender.check import check
from voxel.blender.grading import Run
from voxel.blender.quality import Quality, code_quality
from voxel.blender.renderer import Picture
from voxel.blender.runtimes import Runtime
from voxel.blender.schema import Schema, schema
from voxel.blender.server import Attempt, AttemptResult, Blender, Limits, Trial

__all__ = [
    "Attempt",
    "AttemptResult",
    "Blender",
    "Limits",
    "Picture",
    "Quality",
    "Run",
    "Runtime",
    "Schema",
    "Trial",
    "check",
    "code_quality",
    "schema",
]
