"""A local web page over a data directory: what is there, how it goes, and starting and resuming phases."""

from voxel.ui.app import application
from voxel.ui.serving import serve

__all__ = ["application", "serve"]
