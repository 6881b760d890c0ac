"""What .blend files link to inside their repository, as a graph; each path is one within the repository.

    scraped/links/<owner>__<name>.json      {"art/house.blend": {"textures/a.png": "<sha256>"}}

The parse phase places beside a .blend file what it reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

FOLDER = "links"
Graph = Mapping[str, Mapping[str, str]]
"""Path of a .blend file to the paths of what it links to and their sha256."""


def graph_path(scraped: Path, repository: str) -> Path:
    """Where the graph of a repository lies."""
    return scraped / FOLDER / f"{repository.replace('/', '__')}.json"


class Graphs:
    """The graphs of many repositories, best asked for one repository after another."""

    def __init__(self, scraped: Path) -> None:
        self._scraped = scraped
        self._any = (scraped / FOLDER).is_dir()
        self._repository = ""
        self._graph: Graph = {}

    def reached(self, repository: str, path: str) -> dict[str, str]:
        """Everything that a .blend file links to, directly or through libraries: path to sha256, the nearest first."""
        if not self._any or not inside(path):
            return {}
        if repository != self._repository:
            self._repository, self._graph = repository, self._read(repository)
        found: dict[str, str] = {}
        waiting = [path]
        for each in waiting:
            for target, sha256 in self._graph.get(each, {}).items():
                if target not in found and target != path and inside(target):
                    found[target] = sha256
                    waiting.append(target)
        return found

    def _read(self, repository: str) -> Graph:
        try:
            told = graph_path(self._scraped, repository).read_bytes()
        except FileNotFoundError:
            return {}
        return msgspec.json.decode(told, type=dict[str, dict[str, str]])


def inside(path: str) -> bool:
    """Whether it is a path within a folder."""
    return bool(path) and not path.startswith("/") and "\0" not in path and ".." not in path.split("/")
