"""Drives real Blender: runtimes, the fork server, the box, checks of scripts."""

from voxel.blender.check import check
from voxel.blender.quality import Quality, code_quality
from voxel.blender.runtimes import Runtime
from voxel.blender.schema import Schema, schema
from voxel.blender.server import Blender, Limits, Run

__all__ = ["Blender", "Limits", "Quality", "Run", "Runtime", "Schema", "check", "code_quality", "schema"]
