"""A Scene as Python that a good Blender scripter would have written, and that rebuilds it."""

from voxel.bpycode.blocking import block_out, scripts
from voxel.bpycode.roles import ROLE_ORDER, stages_of, write_roles
from voxel.bpycode.script import Skipped
from voxel.bpycode.write import Written, write, write_all

__all__ = ["ROLE_ORDER", "Skipped", "Written", "block_out", "scripts", "stages_of", "write", "write_all", "write_roles"]
