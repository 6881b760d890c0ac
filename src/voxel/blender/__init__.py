"""Drives real Blender: runtimes, the fork server, the box, checks of scripts."""

from voxel.blender.check import check
from voxel.blender.grading import Run
from voxel.blender.quality import Quality, code_quality
from voxel.blender.renderer import Picture
from voxel.blender.runtimes import Runtime
from voxel.blender.schema import Schema, schema
from voxel.blender.server import Attempt, Blender, Limits, Trial, Tried

__all__ = [
    "Attempt",
    "Blender",
    "Limits",
    "Picture",
    "Quality",
    "Run",
    "Runtime",
    "Schema",
    "Trial",
    "Tried",
    "check",
    "code_quality",
    "schema",
]
