"""Source `folder`: the .blend files and bpy scripts below local folders.

A link that leads out of the named folder is denied, for neither licence nor repository of the folder speak of what
lies elsewhere (`walk.py`).
A folder that holds a `manifest.jsonl` takes repository, commit, path, bytes and licence from it (`manifest.py`);
elsewhere the repository is the git work tree above a file, or else the given folder, and the licence is the nearest
licence text above it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from voxel.errors import UsageError
from voxel.scratch import Scratch
from voxel.sources import capping, manifest, walk
from voxel.sources.candidate import LEADS_OUT, MAX_BYTES, Candidate, shown, suffix, unfit, whole
from voxel.sources.licences import UNKNOWN, Licence, LicenceFinder
from voxel.sources.policy import Policy
from voxel.sources.worktree import Worktree, find_worktree

_BPY = re.compile(rb"^[ \t]*(?:import|from)[ \t]+bpy\b", re.MULTILINE)
_SNIFFED = 1 << 16
_SEEN = "CREATE TABLE seen (local BLOB PRIMARY KEY) WITHOUT ROWID;"


class FolderSource:
    """Lists candidates; the same paths, files and policy give the same candidates in the same order.

    What a listing must remember of every file it keeps on disk: however many there are, it needs the same memory.
    """

    name = "folder"

    def __init__(
        self,
        paths: Iterable[Path],
        policy: Policy,
        *,
        max_files_per_repo: int | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """UsageError when there is no path, one does not exist, or one is a file of another kind."""
        self.paths = tuple(Path(path) for path in paths)
        if not self.paths:
            raise UsageError("--source folder needs a PATH: the folder that holds your .blend files")
        missing = [shown(str(path)) for path in self.paths if not path.exists()]
        if missing:
            raise UsageError(f"no such file or folder: {', '.join(missing)}")
        # a link that is named itself was meant: its file is taken with the licence that holds where it lies
        self.paths = tuple(
            path.resolve() if path.is_symlink() and not path.is_dir() else whole(path) for path in self.paths
        )
        others = [
            shown(str(path)) for path in self.paths if not path.is_dir() and path.suffix.lower() not in walk.KINDS
        ]
        if others:
            raise UsageError(f"neither a folder nor a .blend or .py file: {', '.join(others)}")
        self._policy = policy
        self._cap = max_files_per_repo
        self._max_bytes = max_bytes

    def candidates(self) -> Iterator[Candidate]:
        """Every file seen, whether it may be used or not."""
        with Scratch(manifest.TABLE + walk.TABLES + capping.TABLES + _SEEN) as scratch:
            found = self._found(scratch)
            yield from found if self._cap is None else capping.capped(found, self._cap, scratch)

    def _found(self, scratch: Scratch) -> Iterator[Candidate]:
        for path in self.paths:
            top = path if path.is_dir() else path.parent
            files: Iterable[tuple[str, str]] = [(str(path), "")]
            if path.is_dir():
                yield from manifest.read_manifest(path, self._policy, self._max_bytes, scratch)
                scratch.do("INSERT OR IGNORE INTO seen SELECT local FROM line")
                files = walk.Walk(top, scratch).files()
            look = _Look(top, self._policy, self._max_bytes)
            for file, trouble in files:
                if scratch.do("INSERT OR IGNORE INTO seen VALUES (?)", os.fsencode(file)).rowcount:
                    candidate = look.at(file, trouble)
                    if candidate is not None:
                        yield candidate


class _Look:
    """What can be told of files below `top` of which no manifest tells."""

    def __init__(self, top: Path, policy: Policy, max_bytes: int) -> None:
        self._top = top
        self._policy = policy
        self._max_bytes = max_bytes
        # files come folder by folder: what holds for a folder is found out once
        self._tree = lru_cache(maxsize=1000)(self._tree_of)
        self._licence = lru_cache(maxsize=1000)(self._licence_of)
        self._finder = lru_cache(maxsize=100)(LicenceFinder)

    def at(self, file: str, trouble: str) -> Candidate | None:
        """None for a script that is not about Blender."""
        folder = os.path.dirname(file)  # noqa: PTH120 - a Path for each costs more than the rest
        tree = self._tree(folder)
        refusal = ""
        size = 0
        try:
            facts = os.stat(file, follow_symlinks=trouble != LEADS_OUT)  # noqa: PTH116
        except OSError as error:
            trouble = trouble or f"cannot be read: {error.strerror}"
        else:
            size = facts.st_size
            if trouble == LEADS_OUT:
                refusal, trouble = LEADS_OUT, ""
            elif not trouble and suffix(file) == ".blend":
                trouble = unfit(facts, self._max_bytes)
            elif not trouble and not _imports_bpy(file, facts):
                return None
        licence = UNKNOWN if refusal else self._licence(folder)
        path = shown(_within(file, tree.root))
        is_folder = bool(trouble or refusal) and Path(file).is_dir()
        return Candidate(
            source=FolderSource.name,
            repo=tree.repo,
            commit=tree.commit,
            path=path,
            url=tree.link(path),
            kind="folder" if is_folder else "blend" if suffix(file) == ".blend" else "script",
            license=licence.spdx,
            attribution=licence.attribution,
            size=0 if is_folder else size,
            local=file,
            refusal=refusal or ("" if is_folder else self._policy.refusal(licence.spdx)),
            trouble=trouble,
        )

    def _tree_of(self, folder: str) -> Worktree:
        local = Worktree(self._top, f"local/{shown(self._top.name) or 'root'}", "", "")
        return find_worktree(Path(folder)) or local

    def _licence_of(self, folder: str) -> Licence:
        return self._finder(self._tree(folder).root).licence(Path(folder))


def _within(file: str, root: Path) -> str:
    """Its path from the root of its repository on."""
    above = f"{root}/"
    return file.removeprefix(above) if file.startswith(above) else os.path.relpath(file, root)


def _imports_bpy(file: str, facts: os.stat_result) -> bool:
    if not stat.S_ISREG(facts.st_mode):
        return False
    try:
        with Path(file).open("rb") as opened:
            return _BPY.search(opened.read(_SNIFFED)) is not None
    except OSError:
        return False  # whether it is about Blender cannot be told
