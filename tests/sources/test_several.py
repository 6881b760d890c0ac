"""Several sources in one data directory: each stays when another is scraped, and goes when it is forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.sources.github_server import GitHubServer, Repo

from voxel.stages import Ledger
from voxel.training.data_collection.blender_scraper import BlenderFileScraper

MIT = (Path(__file__).parents[2] / "LICENSE").read_bytes()


class Place:
    """A data directory, and folders beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"

    def folder(self, name: str, **files: bytes) -> Path:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        (folder / "LICENSE").write_bytes(MIT)
        for file, data in files.items():
            (folder / f"{file}.blend").write_bytes(data)
        return folder

    def scraper(self, *paths: Path, **options: Any) -> BlenderFileScraper:
        return BlenderFileScraper(self.data, **({"source": "folder", "paths": paths} if paths else options))

    def states(self) -> dict[str, str]:
        lines = map(json.loads, (self.data / "scraped" / "files.jsonl").read_text().splitlines())
        return {f"{told['source']} {told['repo']}:{told['path']}": told["reason"] or told["state"] for told in lines}

    def repositories(self) -> dict[str, str]:
        lines = map(json.loads, (self.data / "scraped" / "repositories.jsonl").read_text().splitlines())
        return {told["repo"]: told["state"] for told in lines}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def test_each_folder_stays_and_is_brought_up_to_date_by_itself(place: Place) -> None:
    a, b = place.folder("a", x=b"BLENDER-1", y=b"BLENDER-2"), place.folder("b", x=b"BLENDER-1", z=b"BLENDER-3")
    place.scraper(a).run(workers=1)
    report = place.scraper(b).run(workers=1)
    assert (report.phase, report.done, report.reused) == ("scrape", 2, 0)
    both = {
        "folder local/a:x.blend": "held",
        "folder local/a:y.blend": "held",
        "folder local/b:x.blend": "the same bytes as local/a:x.blend",
        "folder local/b:z.blend": "held",
    }
    assert place.states() == both
    assert place.repositories() == {"local/a": "held", "local/b": "held"}
    (a / "y.blend").unlink()
    (b / "z.blend").unlink()
    place.scraper(a / ".." / "a").run(workers=1)
    del both["folder local/a:y.blend"]
    assert place.states() == both  # b was not looked at again
    report = BlenderFileScraper.from_checkpoint(place.data / "checkpoints" / "scraping_checkpoint.json").run(workers=1)
    assert (report.done, report.reused) == (1, 1)
    words = [sys.executable, "-m", "voxel", "scrape", "--forget", "b", "--data-dir", "data"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "folder: 2 taken out; go on with: voxel parse, voxel build, voxel format\n"
    assert place.states() == {"folder local/a:x.blend": "held"}
    assert place.repositories() == {"local/a": "held"}
    place.scraper(b / "x.blend").run(workers=1)
    assert place.states() == {
        "folder local/a:x.blend": "held",
        "folder local/b:x.blend": "the same bytes as local/a:x.blend",
    }


def test_github_git_and_folders_are_one_collection(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def repo(number: int, **files: bytes) -> Repo:
        given = {"LICENSE": MIT, **{f"{name}.blend": data for name, data in files.items()}}
        return Repo(f"owner/r{number}", number, 1_500_000_000, given, spdx="MIT")

    repos = [repo(1, one=b"BLENDER-1"), repo(2, two=b"BLENDER-2"), repo(3, three=b"BLENDER-1")]
    with GitHubServer(repos) as server:
        for name, value in server.environment("token").items():
            monkeypatch.setenv(name, value)
        place.scraper(source="github", repos=["owner/r1"]).run()
        place.scraper(place.folder("mine", x=b"BLENDER-9")).run(workers=1)
        place.scraper(source="github", repos=["owner/r2", "owner/r3"]).run()
        everything = {
            "github owner/r1:one.blend": "held",
            "github owner/r2:two.blend": "held",
            "github owner/r3:three.blend": "the same bytes as owner/r1:one.blend",
            "folder local/mine:x.blend": "held",
        }
        assert place.states() == everything
        assert place.repositories() == dict.fromkeys(["local/mine", "owner/r1", "owner/r2", "owner/r3"], "held")
        with Ledger(place.data / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
            assert [stage.stage for stage in ledger.stages()] == ["scrape.github", "scrape.folder"]
            assert (ledger.totals("scrape").done, ledger.totals("scrape.github").done) == (4, 3)
        seen = len(server.seen)
        report = place.scraper(source="github", repos=["owner/r1"]).run()
        assert (report.done, report.reused) == (1, 1)
        assert {(one.kind, one.status) for one in server.seen[seen:]} == {("repository", 304), ("tree", 304)}
        assert place.states() == everything
        assert place.scraper(source="github").forget() == 3
        assert place.states() == {"folder local/mine:x.blend": "held"}
        seen = len(server.seen)
        place.scraper(source="github", repos=["owner/r1"]).run()
        assert {one.kind for one in server.seen[seen:]} == {"repository", "tree"}  # nothing is downloaded again
        assert place.states() == {"folder local/mine:x.blend": "held", "github owner/r1:one.blend": "held"}
