"""Walks through a named folder, in a fixed order and within its bounds.

A symbolic link stands for what it leads to, under the name that it has there; one that leads out of the named folder
is shown and not followed. Each folder is entered once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from voxel.scratch import Scratch
from voxel.sources.candidate import LEADS_OUT, Bounds, own_facts, suffix

KINDS = (".blend", ".py")
TABLES = """
CREATE TABLE entered (folder TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE entry (folder INTEGER, name BLOB, is_folder INTEGER, is_link INTEGER, PRIMARY KEY (folder, name))
    WITHOUT ROWID;
"""
"""What a walk needs of a scratch."""
MANY = 1000
"""A folder with so many entries of use is put in order on disk."""
_Entry = tuple[bytes, bool, bool]
"""Its name, whether it is a folder, whether it is a link."""
_LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules"})


class Walk:
    """One walk through `top`, out of which no link is followed."""

    def __init__(self, top: Path, scratch: Scratch) -> None:
        self._top = top
        self._bounds = Bounds(top)
        self._scratch = scratch
        self._large = 0
        scratch.do("DELETE FROM entered")
        scratch.do("DELETE FROM entry")

    def files(self) -> Iterator[tuple[str, str]]:
        """The .blend and .py files, and with its trouble what cannot be entered or leads out."""
        return self._below(str(self._top))

    def _below(self, folder: str) -> Iterator[tuple[str, str]]:
        try:
            if not self._enter(folder):
                return
            entries = self._in_order(folder)
        except OSError as error:
            yield folder, f"cannot be listed: {error.strerror}"
            return
        for name, is_folder, is_link in entries:
            path = os.path.join(folder, os.fsdecode(name))  # noqa: PTH118 - a Path for each costs more than the rest
            if is_link:
                if self._bounds.leads_out(path, own_facts(path)):
                    yield path, LEADS_OUT
                    continue
                path = _home(path, self._top)
            if is_folder:
                yield from self._below(path)
            else:
                yield path, ""

    def _enter(self, folder: str) -> bool:
        """Whether it is entered for the first time, which ends loops of links."""
        facts = os.stat(folder)  # noqa: PTH116
        identity = f"{facts.st_dev} {facts.st_ino}"
        return self._scratch.do("INSERT OR IGNORE INTO entered VALUES (?)", identity).rowcount > 0

    def _in_order(self, folder: str) -> Iterator[_Entry]:
        """What is of use in it, by name; those of a large folder are put in order on disk."""
        with os.scandir(folder) as listed:
            useful = _useful(listed)
            few = sorted(islice(useful, MANY))
            if len(few) < MANY:
                return iter(few)
            self._large += 1
            number = self._large
            self._scratch.do_all(
                "INSERT INTO entry VALUES (?, ?, ?, ?)", ((number, *entry) for entry in chain(few, useful))
            )
        return self._on_disk(number)

    def _on_disk(self, number: int) -> Iterator[_Entry]:
        yield from self._scratch.rows(
            "SELECT name, is_folder, is_link FROM entry WHERE folder = ? ORDER BY name", number
        )
        self._scratch.do("DELETE FROM entry WHERE folder = ?", number)


def _useful(listed: Iterable[os.DirEntry[str]]) -> Iterator[_Entry]:
    for entry in listed:
        is_folder = _is_folder(entry)
        if entry.name not in _LEFT_OUT if is_folder else suffix(entry.name) in KINDS:
            yield os.fsencode(entry.name), is_folder, entry.is_symlink()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads nowhere or round in a circle


def _home(link: str, top: Path) -> str:
    """Where a link within `top` leads, for the licence there holds; the link itself when no walk would come there."""
    try:
        inside = Path(link).resolve(strict=True).relative_to(top.resolve())
    except (OSError, RuntimeError):
        return link
    return link if _LEFT_OUT.intersection(inside.parts) else str(top / inside)
