"""Reads .blend files without Blender: every version, any bytes. See docs/blendfile.md."""

from voxel.blendfile.budget import Budget
from voxel.blendfile.contents import Picture, coordinates, preview, properties, text, thumbnail
from voxel.blendfile.file import BlendFile
from voxel.blendfile.inventory import Inventory, inventory
from voxel.blendfile.layouts import keep_layouts
from voxel.blendfile.paths import BlendPath, ExternalPath
from voxel.blendfile.structs import Pointer, Struct, Structs, Unread
from voxel.errors import BlendFileError

__all__ = [
    "BlendFile",
    "BlendFileError",
    "BlendPath",
    "Budget",
    "ExternalPath",
    "Inventory",
    "Picture",
    "Pointer",
    "Struct",
    "Structs",
    "Unread",
    "coordinates",
    "inventory",
    "keep_layouts",
    "preview",
    "properties",
    "text",
    "thumbnail",
]
