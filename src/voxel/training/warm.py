"""Warm Blenders that the stages of one worker share."""

from __future__ import annotations

from contextlib import AbstractContextManager

from voxel.blender import Blender
from voxel.blender.runtimes import Runtime
from voxel.stages import shared


def warm(runtime: Runtime) -> AbstractContextManager[Blender]:
    """A warm, boxed Blender; a worker has one of each for all of its stages. SetupError where it cannot be started."""
    return shared(("Blender", runtime), lambda: Blender(runtime))
