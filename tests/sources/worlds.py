"""Worlds to collect from: repositories of every kind, a server for them, and what a run must end up with."""

from __future__ import annotations

import hashlib
import json
import random
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tests.sources.github_server import GitHubServer, Repo, Troubles, git_sha, pointer

from voxel.sources.candidate import MAX_BYTES
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


class Outcomes(NamedTuple):
    repositories: dict[str, str]
    """The reason of each that cannot be had, else nothing."""
    files: dict[str, tuple[str, str]]
    """State and reason by repository and path."""


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

    def outcomes(self) -> Outcomes:
        """What the run said of all it met. What has the bytes of a held file, a duplicate, counts as held."""
        told = {
            name: ("held", "") if state == "duplicate" else (state, reason)
            for name, (state, reason) in self.states().items()
        }
        return Outcomes({name: told["reason"] for name, told in self.repositories().items()}, told)

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


OVER_QUOTA = (403, "This repository is over its data quota. Account responsible should purchase more.")
HUGE = 5 * 1024**3
"""Bytes of an LFS object that is over the default limit of a file."""


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
            oid = hashlib.sha256(data).hexdigest()
            each.files["big.blend"] = pointer(data)
            match draw.choice(["held"] * 6 + ["lost", "over quota", "all over quota", "huge"]):
                case "held":
                    each.lfs[oid] = data
                case "over quota":
                    each.lfs_trouble[oid] = OVER_QUOTA
                case "all over quota":
                    each.lfs_trouble["*"] = OVER_QUOTA
                case "huge":
                    each.files["big.blend"] = pointer(data, HUGE)
        if draw.random() < 0.05:
            each.status = draw.choice([409, 451, 403])
        if draw.random() < 0.02:
            each.files["nothing.blend"] = b""
        if draw.random() < 0.02:
            del each.files["LICENSE"]
            each.files["README.md"] = b"# Art\nReleased under CC0, enjoy"
            each.spdx = None
        each.truncated = draw.random() < 0.01
        repos.append(each)
    return repos


def expected(repos: list[Repo]) -> Outcomes:
    """What a run must say in the end of each repository and of each .blend file in it."""
    repositories: dict[str, str] = {}
    files: dict[str, tuple[str, str]] = {}
    for each in repos:
        paths = sorted(path for path in each.files if path.endswith(".blend") and each.status == 200)
        told = [_expected_file(each, each.files[path]) for path in paths]
        files |= {f"{each.name}:{path}": one for path, one in zip(paths, told, strict=True)}
        if each.status != 200:
            repositories[each.name] = REFUSED[each.status]
        elif not told:
            repositories[each.name] = "holds no .blend file and no script that may be used"
        else:  # the best of its files speaks for it: one that is held, then one that its licence keeps out
            repositories[each.name] = min(told, key=lambda one: ("held", "denied", "failed").index(one[0]))[1]
    return Outcomes(repositories, files)


REFUSED = {
    403: "blocked by GitHub (403): Repository access blocked",
    409: "empty: it has no commit",
    451: "taken down for legal reasons (451)",
}


def _expected_file(holder: Repo, data: bytes) -> tuple[str, str]:
    """State and reason: the licence decides before the size, the size before what LFS answers."""
    if "LICENSE" not in holder.files:
        return "denied", "no licence is known; its README mentions CC0"
    if holder.files["LICENSE"] is not MIT:
        return "denied", "the licence GPL-3.0 is not allowed by the policy"
    if not data:
        return "failed", "empty: zero bytes"
    oid = re.search(rb"oid sha256:(\w+)", data)
    if oid is None or oid[1].decode() in holder.lfs:
        return "held", ""
    if str(HUGE).encode() in data:
        return "failed", f"too large: {HUGE:,} bytes, the limit is {MAX_BYTES:,}"
    if holder.lfs_trouble:
        return "failed", "LFS quota: the owner's data quota is used up"
    return "failed", "missing from LFS: the server does not have the object"


PROGRAM = """
import sys
from voxel.sources import clock
clock.hasten(100)
from voxel.training.data_collection.blender_scraper import main
sys.exit(main(sys.argv[1:]))
"""
