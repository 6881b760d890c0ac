"""A Scene as Python that a good Blender scripter would have written, and that rebuilds it."""

from voxel.bpycode.blocking import block_out, scripts
from voxel.bpycode.script import Skipped
from voxel.bpycode.write import Written, write, write_all

__all__ = ["Skipped", "Written", "block_out", "scripts", "write", "write_all"]
