"""Voxel: real Blender work turned into proved training data, and models that write better Blender code."""

__version__ = "0.1.0"
