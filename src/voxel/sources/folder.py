"""Source `folder`: the .blend files and bpy scripts below local folders.

A symbolic link stands for what it leads to, under the name that it has there; one that leads out of the named folder
is denied, for neither licence nor repository of the folder speak of what lies elsewhere. Each folder is entered once.
A folder that holds a `manifest.jsonl` takes repository, commit, path, bytes and licence from it (`manifest.py`);
elsewhere the repository is the git work tree above a file, or else the given folder, and the licence is the nearest
licence text above it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from voxel.errors import UsageError
from voxel.sources.candidate import LEADS_OUT, MAX_BYTES, Candidate, leads_out, shown, unfit, whole
from voxel.sources.licences import UNKNOWN, LicenceFinder
from voxel.sources.manifest import read_manifest
from voxel.sources.policy import Policy
from voxel.sources.worktree import Worktree, find_worktree

_BPY = re.compile(rb"^[ \t]*(?:import|from)[ \t]+bpy\b", re.MULTILINE)
_SNIFFED = 1 << 16
_KINDS = (".blend", ".py")
_LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules"})


class FolderSource:
    """Lists candidates; the same paths, files and policy give the same candidates in the same order."""

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
        others = [shown(str(path)) for path in self.paths if not path.is_dir() and path.suffix.lower() not in _KINDS]
        if others:
            raise UsageError(f"neither a folder nor a .blend or .py file: {', '.join(others)}")
        self._policy = policy
        self._cap = max_files_per_repo
        self._max_bytes = max_bytes
        self._finders: dict[Path, LicenceFinder] = {}

    def candidates(self) -> Iterator[Candidate]:
        """Every file seen, whether it may be used or not."""
        found = self._found()
        yield from found if self._cap is None else capped(list(found), self._cap)

    def _found(self) -> Iterator[Candidate]:
        seen: set[str] = set()
        for path in self.paths:
            top = path if path.is_dir() else path.parent
            listed = read_manifest(top, self._policy, self._max_bytes) if path.is_dir() else {}
            seen.update(listed)
            yield from (listed[local] for local in sorted(listed))
            entered: set[tuple[int, int]] = set()
            files = walk(top, top, entered) if path.is_dir() else iter([(path, "")])
            for file, trouble in files:
                if str(file) not in seen:
                    seen.add(str(file))
                    candidate = self._seen(file, top, trouble)
                    if candidate is not None:
                        yield candidate

    def _seen(self, file: Path, top: Path, trouble: str) -> Candidate | None:
        tree = find_worktree(file.parent)
        if tree is None:
            tree = Worktree(top, f"local/{shown(top.name) or 'root'}", "", "")
        refusal = ""
        size = 0
        try:
            facts = file.lstat() if trouble == LEADS_OUT else file.stat()
        except OSError as error:
            trouble = trouble or f"cannot be read: {error.strerror}"
        else:
            size = facts.st_size
            if trouble == LEADS_OUT:
                refusal, trouble = LEADS_OUT, ""
            elif not trouble and file.suffix.lower() == ".blend":
                trouble = unfit(facts, self._max_bytes)
            elif not trouble and not _imports_bpy(file, facts):
                return None
        licence = UNKNOWN if refusal else self._finder(tree.root).licence(file.parent)
        path = shown(os.path.relpath(file, tree.root))
        is_folder = bool(trouble or refusal) and file.is_dir()
        return Candidate(
            source=self.name,
            repo=tree.repo,
            commit=tree.commit,
            path=path,
            url=tree.link(path),
            kind="folder" if is_folder else "blend" if file.suffix.lower() == ".blend" else "script",
            license=licence.spdx,
            attribution=licence.attribution,
            size=0 if is_folder else size,
            local=str(file),
            refusal=refusal or ("" if is_folder else self._policy.refusal(licence.spdx)),
            trouble=trouble,
        )

    def _finder(self, top: Path) -> LicenceFinder:
        return self._finders.setdefault(top, LicenceFinder(top))


def walk(folder: Path, top: Path, entered: set[tuple[int, int]]) -> Iterator[tuple[Path, str]]:
    """The .blend and .py files below `folder` in a fixed order, and with its trouble what cannot be entered.

    `top` is the named folder, out of which no link is followed. `entered` holds the folders seen so far, by device and
    inode, which ends loops of symbolic links.
    """
    try:
        facts = folder.stat()
        if (facts.st_dev, facts.st_ino) in entered:
            return
        entered.add((facts.st_dev, facts.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield folder, f"cannot be listed: {error.strerror}"
        return
    for entry in entries:
        path = Path(entry.path)
        is_folder = _is_folder(entry)
        if entry.name in _LEFT_OUT if is_folder else path.suffix.lower() not in _KINDS:
            continue
        if entry.is_symlink():
            if leads_out(path, top):
                yield path, LEADS_OUT
                continue
            path = _home(path, top)
        if is_folder:
            yield from walk(path, top, entered)
        else:
            yield path, ""


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads nowhere or round in a circle


def _home(link: Path, top: Path) -> Path:
    """Where a link within `top` leads, for the licence there holds; the link itself when no walk would come there."""
    try:
        inside = link.resolve(strict=True).relative_to(top.resolve())
    except (OSError, RuntimeError):
        return link
    return link if _LEFT_OUT.intersection(inside.parts) else top / inside


def _imports_bpy(file: Path, facts: os.stat_result) -> bool:
    if not stat.S_ISREG(facts.st_mode):
        return False
    try:
        with file.open("rb") as opened:
            return _BPY.search(opened.read(_SNIFFED)) is not None
    except OSError:
        return False  # whether it is about Blender cannot be told


def capped(candidates: list[Candidate], most: int) -> Iterator[Candidate]:
    """Denies what goes over `most` usable files of one repository; which stay is spread evenly over its folders."""
    chosen: set[int] = set()
    by_repo: dict[str, dict[str, list[int]]] = {}
    for index, each in enumerate(candidates):
        if not each.refusal and not each.trouble:
            by_repo.setdefault(each.repo, {}).setdefault(os.path.dirname(each.path), []).append(index)  # noqa: PTH120
    for folders in by_repo.values():
        left = most
        queues = [list(indices) for indices in folders.values()]
        while left and any(queues):
            for queue in queues:
                if queue and left:
                    chosen.add(queue.pop(0))
                    left -= 1
    reason = f"over the cap of {most} files of one repository"
    for index, each in enumerate(candidates):
        usable = not each.refusal and not each.trouble
        yield msgspec.structs.replace(each, refusal=reason) if usable and index not in chosen else each
