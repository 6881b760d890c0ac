"""What a repository's list of files offers: which are wanted, which are chosen, which licence lies above each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from voxel.records.files import FileKind
from voxel.sources.licences import licence_names

LARGEST_SCRIPT = 1 << 20
_LINKABLE = re.compile(
    r"\.(?:blend|png|jpe?g|tga|tiff?|bmp|exr|hdr|webp|dds|jp2|psd|gif|svg|wav|ogg|mp3|flac|mp4|mov|avi|mkv|webm"
    r"|ttf|otf|pfb|abc|usd[acz]?|vdb|pc2|mdd|ies|osl|py|txt)",
    re.IGNORECASE,
)
IMPORTS_BPY = re.compile(rb"^[ \t]*(?:import|from)[ \t]+bpy\b", re.MULTILINE)


class Entry(NamedTuple):
    """One file of a tree."""

    path: str
    blob: str
    """Git's name for its bytes."""
    size: int
    """Bytes; -1 where the listing does not tell."""


def wanted(path: str) -> FileKind | None:
    """What a file with this path would be collected as; backups such as `x.blend1` are not wanted."""
    suffix = PurePosixPath(path).suffix.lower()
    return "blend" if suffix == ".blend" else "script" if suffix == ".py" else None


def linkable(path: str) -> bool:
    """Whether a .blend file may link to such a file."""
    return _LINKABLE.fullmatch(PurePosixPath(path).suffix) is not None


def chosen(entries: Sequence[Entry], most: int | None) -> set[str]:
    """The paths of at most `most` of the entries, as varied as can be.

    Files of one folder whose names differ only in digits count as one group, as machine-made runs do; every group
    gives one file before any gives two, the smallest groups first. The order of the entries does not matter.
    """
    if most is None or len(entries) <= most:
        return {entry.path for entry in entries}
    groups: dict[str, list[str]] = {}
    for entry in sorted(entries):
        groups.setdefault(re.sub(r"\d+", "#", entry.path), []).append(entry.path)
    queues = sorted(groups.values(), key=lambda group: (len(group), group))
    picked: set[str] = set()
    turn = 0
    while len(picked) < most:
        for queue in queues:
            if turn < len(queue) and len(picked) < most:
                picked.add(queue[turn])
        turn += 1
    return picked


class LicenceTexts:
    """Where licence texts lie in a tree."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_folder: dict[str, list[Entry]] = {}
        for entry in entries:
            folder, _, name = entry.path.rpartition("/")
            if licence_names([name]) and 0 != entry.size <= LARGEST_SCRIPT and not name.lower().endswith(".py"):
                by_folder.setdefault(folder, []).append(entry)
        self._by_folder = {folder: sorted(found) for folder, found in by_folder.items()}

    def all(self) -> set[Entry]:
        """All of them."""
        return {entry for found in self._by_folder.values() for entry in found}

    def above(self, path: str) -> list[list[Entry]]:
        """For each folder from the file's own upwards that holds any: its licence texts."""
        folder = path.rpartition("/")[0]
        found = []
        while True:
            if folder in self._by_folder:
                found.append(self._by_folder[folder])
            if not folder:
                return found
            folder = folder.rpartition("/")[0]


def readme(entries: Iterable[Entry]) -> Entry | None:
    """The README at the top, if there is one."""
    found = [e for e in entries if "/" not in e.path and e.path.lower().partition(".")[0] == "readme"]
    return min(found, default=None)
