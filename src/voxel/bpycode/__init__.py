"""A Scene as Python that a good Blender scripter would have written, and that rebuilds it."""

from voxel.bpycode.script import Skipped
from voxel.bpycode.write import Written, write, write_all

__all__ = ["Skipped", "Written", "write", "write_all"]
