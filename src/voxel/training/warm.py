"""Warm Blenders that the stages of one worker share."""

from __future__ import annotations

from contextlib import AbstractContextManager

from voxel.blender import Blender
from voxel.blender.runtimes import exactly
from voxel.stages import kept


def warm(version: str) -> AbstractContextManager[Blender]:
    """A warm, boxed Blender of just this version, such as `4.5.15`; a worker has one for all of its stages.

    Raises SetupError where it is not installed.
    """
    return kept(("Blender", version), lambda: Blender(exactly(version)))
