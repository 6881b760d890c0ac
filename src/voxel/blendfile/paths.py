"""The paths in a .blend file that lead out of it.

A path is kept as the bytes that Blender wrote: the file system's own, not always UTF-8, with `//` for the folder of
the .blend file and either slash. It is a type of its own, so that it is never opened as a local path by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PATHS: Final[dict[str, dict[str, str]]] = {
    "Image": {"path": "name|filepath", "packed": "packedfile", "packed_list": "packedfiles.first"},
    "Library": {"path": "name|filepath", "packed": "packedfile"},
    "bSound": {"path": "name|filepath", "packed": "packedfile"},
    "VFont": {"path": "name|filepath", "packed": "packedfile"},
    "MovieClip": {"path": "name|filepath"},
    "Volume": {"path": "filepath", "packed": "packedfile"},
    "CacheFile": {"path": "filepath"},
    "CacheFileLayer": {"path": "filepath"},
    "Text": {"path": "name|filepath"},
    "Camera": {"path": "custom_filepath"},
    "Strip": {"path": "dir", "first": "stripdata"},
    "MeshCacheModifierData": {"path": "filepath"},
    "OceanModifierData": {"path": "cachepath"},
    "FluidDomainSettings": {"path": "cache_directory"},
    "FluidsimSettings": {"path": "surfdataPath"},
    "NodesModifierData": {"path": "bake_directory|simulation_bake_directory"},
    "NodesModifierBake": {"path": "directory"},
    "PointCache": {"path": "path"},
    "CustomDataExternal": {"path": "filename"},
    "DynamicPaintSurface": {"path": "image_output_path"},
    "NodeShaderTexIES": {"path": "filepath"},
    "NodeShaderScript": {"path": "filepath"},
    "NodeImageMultiFile": {"path": "base_path"},
    "VoxelData": {"path": "source_path"},
    "PluginTex": {"path": "name"},
    "PluginSeq": {"path": "name"},
    "LibraryWeakReference": {"path": "library_filepath"},
    "Scene": {"path": "r.pic"},
}
"""Struct to where its path lies: text in the struct, or a pointer to text. A packed file has its content inside."""

KINDS: Final = {
    "Image": "image",
    "Library": "library",
    "bSound": "sound",
    "VFont": "font",
    "MovieClip": "movie",
    "Volume": "volume",
    "CacheFile": "cache",
    "CacheFileLayer": "cache",
    "Text": "text",
    "Camera": "script",
    "Strip": "strip",
    "MeshCacheModifierData": "cache",
    "OceanModifierData": "cache",
    "FluidDomainSettings": "cache",
    "FluidsimSettings": "cache",
    "NodesModifierData": "cache",
    "NodesModifierBake": "cache",
    "PointCache": "cache",
    "CustomDataExternal": "mesh data",
    "DynamicPaintSurface": "output",
    "NodeShaderTexIES": "light profile",
    "NodeShaderScript": "script",
    "NodeImageMultiFile": "output",
    "VoxelData": "volume",
    "PluginTex": "plugin",
    "PluginSeq": "plugin",
    "LibraryWeakReference": "library",
    "Scene": "output",
}
"""Struct to what its path leads to. "output" is where Blender would write."""


@dataclass(frozen=True, slots=True)
class BlendPath:
    """A path as a .blend file holds it. Not a local path: see `resolve`."""

    raw: bytes
    """As Blender wrote it, without the closing NUL."""

    @property
    def text(self) -> str:
        """For people and JSON; bytes that are not UTF-8 stand as `\\xNN`."""
        return self.raw.decode("utf-8", "backslashreplace")

    @property
    def relative(self) -> bool:
        """Whether it counts from the folder of the .blend file."""
        return self.raw.startswith(b"//")

    def resolve(self, folder: Path) -> Path:
        """The local path for a .blend file in `folder`. It may lead anywhere: the file's author chose it."""
        text = self.raw.decode("utf-8", "surrogateescape").replace("\\", "/")
        return folder / text[2:] if self.relative else Path(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalPath:
    """One path that leads out of a .blend file."""

    kind: str
    """What it leads to: a value of `KINDS`."""
    owner: str
    """The ID that holds it, with its two-letter code: `IMwood.png`."""
    path: BlendPath
    packed: bool
    """Whether the content is inside the .blend file as well, so that the path need not be there."""
