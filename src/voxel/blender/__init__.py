"""Drives real Blender: runtimes, the fork server, the box, checks of scripts."""

from voxel.blender.runtimes import Runtime
from voxel.blender.server import Blender, Limits, Run

__all__ = ["Blender", "Limits", "Run", "Runtime"]
