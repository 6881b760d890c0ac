"""The one error tree. The class says whose fault it is and what to do about it.

    VoxelError
    ├── UsageError          the caller asked for something that cannot be: mend the call (exit 2)
    ├── SetupError          the machine or the settings lack something: the message says what mends it (exit 2)
    │   ├── MissingExtra    an optional dependency is not installed
    │   └── DataDirBusy     another process holds the data directory
    ├── BadInput            this one item cannot be used: skip it, keep the reason
    │   └── BlendFileError  the bytes are not a readable .blend; `offset` says where
    ├── TryLater            an outside service is in trouble that may pass: retry, then skip
    └── BoxError            the box or the Blender in it broke; says nothing about the code that ran in it: run it again

Every message is one line that says what is wrong and, where something can be done, what mends it.
"""

from __future__ import annotations


class VoxelError(Exception):
    """Base of every error that this package raises on purpose."""


class UsageError(VoxelError):
    """The caller asked for something that cannot be."""


class SetupError(VoxelError):
    """The machine or the settings lack something; the message ends with what mends it."""


class MissingExtra(SetupError):
    """An optional dependency is not installed.

    `feature` is what the user wanted to do, `extra` the name in `pip install 'voxel-training[extra]'`.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional part: pip install 'voxel-training[{extra}]'")
        self.feature = feature
        self.extra = extra


class DataDirBusy(SetupError):
    """Another process holds the data directory."""


class BadInput(VoxelError):
    """One item cannot be used; the rest go on."""


class BlendFileError(BadInput):
    """The bytes are not a readable .blend file.

    `offset` is the byte, counted in the decompressed file, at which reading had to stop.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} (at byte {offset})")
        self.reason = reason
        self.offset = offset

    def __reduce__(self) -> tuple[type[BlendFileError], tuple[str, int]]:
        return type(self), (self.reason, self.offset)


class TryLater(VoxelError):
    """An outside service is in trouble that may pass."""


class BoxError(VoxelError):
    """The box, or the Blender in it, broke; the code that was to run is not judged by it."""
