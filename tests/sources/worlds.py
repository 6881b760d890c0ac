"""Worlds to collect from: repositories of every kind, a server for them, and what a run must end up with."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.sources.github_server import GitHubServer, Repo, Troubles, git_sha, pointer

from voxel.training.data_collection.blender_scraper import BlenderFileScraper

TOKEN = "ghp_0123456789abcdefSECRET"
MIT = (
    b"MIT License\n\nCopyright (c) 2020 Ann Author\n\nPermission is hereby granted, free of charge, to any person "
    b"obtaining a copy. The above copyright notice shall be included in all copies."
)
GPL = b"GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"


def blend(name: str) -> bytes:
    return b"BLENDER-v300 " + name.encode() * 20


def repo(number: int, files: dict[str, bytes] | None = None, **more: Any) -> Repo:
    files = {"LICENSE": MIT, f"scene{number}.blend": blend(f"own {number}")} if files is None else files
    return Repo(f"owner/r{number}", 1000 + number, 1_400_000_000 + number * 3_600, files, spdx="MIT", **more)


class World:
    """A server, and scrapers that are pointed at it."""

    def __init__(self, server: GitHubServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def scraper(self, **options: Any) -> BlenderFileScraper:
        if "repos" not in options and "repos_file" not in options:
            options.setdefault("queries", ["everything"])
        return BlenderFileScraper(self.folder, source="github", **options)

    @property
    def command(self) -> list[str]:
        """A process of its own that collects everything, with the same hastened waits."""
        words = ["--source", "github", "--query", "everything", "--data-dir", str(self.folder)]
        return [sys.executable, "-c", PROGRAM, *words]

    def files(self) -> dict[str, dict[str, Any]]:
        lines = (self.folder / "scraped" / "files.jsonl").read_text().splitlines()
        return {f"{told['repo']}:{told['path']}": told for told in map(json.loads, lines)}

    def states(self) -> dict[str, tuple[str, str]]:
        return {name: (told["state"], told["reason"]) for name, told in self.files().items()}

    def repositories(self) -> dict[str, dict[str, Any]]:
        lines = (self.folder / "scraped" / "repositories.jsonl").read_text().splitlines()
        return {told["repo"]: told for told in map(json.loads, lines)}

    def arrived(self) -> list[str]:
        """The raw addresses of all bytes that the client's book says have come."""
        with closing(sqlite3.connect(self.folder / "checkpoints" / "collecting.sqlite")) as book:
            names = {name for (name,) in book.execute("SELECT name FROM blob")}
        return [
            f"/raw/{repo.name}/{repo.commit}/{path}"
            for repo in self.server.repos.values()
            for path, data in repo.files.items()
            if git_sha(data) in names and f"/raw/{repo.name}/{repo.commit}/{path}" in self.server.completed
        ]

    def blob(self, sha256: str) -> bytes:
        return (self.folder / "scraped" / "blobs" / sha256[:2] / sha256).read_bytes()


Make = Callable[..., World]


ALL = Troubles(
    retry_after=0.005, primary=0.003, secondary=0.002, error=0.02, dropped=0.02, cut=0.02, wrong=0.01, incomplete=0.1
)


def crowd(count: int) -> list[Repo]:
    """Repositories of every kind, the same for the same count."""
    draw = random.Random(5)
    repos = []
    for n in range(count):
        files = {"LICENSE": MIT if draw.random() < 0.9 else GPL}
        for index in range(draw.randrange(3)):
            files[f"f{index}/s.blend"] = blend(f"{draw.randrange(count)} {index}")
        each = repo(n, files)
        each.spdx = "MIT" if files["LICENSE"] is MIT else "GPL-3.0"
        if draw.random() < 0.1:
            data = blend(f"object {n}")
            each.files["big.blend"] = pointer(data)
            each.lfs[hashlib.sha256(data).hexdigest()] = data
        if draw.random() < 0.05:
            each.status = draw.choice([409, 451, 403])
        repos.append(each)
    return repos


def expected(repos: list[Repo]) -> set[str]:
    """Which .blend files a run must end up with."""
    return {
        f"{each.name}:{path}"
        for each in repos
        if each.status == 200 and each.files["LICENSE"] is MIT
        for path in each.files
        if path.endswith(".blend")
    }


PROGRAM = """
import sys
from voxel.sources import clock
clock.hasten(100)
from voxel.training.data_collection.blender_scraper import main
sys.exit(main(sys.argv[1:]))
"""
