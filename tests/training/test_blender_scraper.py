"""The scrape phase on real folders and with real Blender: states, duplicates, resuming, changed policies."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voxel.errors import UsageError
from voxel.sources import Policy
from voxel.stages import DataDir
from voxel.training.data_collection.blender_scraper import BlenderFileScraper

ANY = Policy(unknown="allow")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def states(data: DataDir) -> dict[str, tuple[str, str]]:
    return {f"{r['repo']}:{r['path']}": (r["state"], r["reason"]) for r in lines(data.scraped / "files.jsonl")}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Two files of equal bytes, another, an empty one, one under GPL."""
    root = tmp_path / "library"
    for name, data in (("a/x.blend", b"BLENDER-1"), ("b/same.blend", b"BLENDER-1"), ("b/y.blend", b"BLENDER-2")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "empty.blend").touch()
    (root / "gpl").mkdir()
    (root / "gpl" / "z.blend").write_bytes(b"BLENDER-3")
    (root / "gpl" / "COPYING").write_text("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007")
    return root


def test_every_file_gets_a_line_with_its_state(library: Path, tmp_path: Path) -> None:
    scraper = BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=ANY)
    report = scraper.run(workers=1)
    assert (report.done, report.dropped, report.failed) == (3, 2, 0)
    assert states(scraper.data) == {
        "local/library:a/x.blend": ("held", ""),
        "local/library:b/same.blend": ("duplicate", "the same bytes as local/library:a/x.blend"),
        "local/library:b/y.blend": ("held", ""),
        "local/library:empty.blend": ("failed", "empty: zero bytes"),
        "local/library:gpl/z.blend": ("denied", "the licence GPL-3.0-only is not allowed by the policy"),
    }
    digest = hashlib.sha256(b"BLENDER-2").hexdigest()
    assert scraper.data.blob(digest).read_bytes() == b"BLENDER-2"
    assert sum(path.is_file() for path in scraper.data.blobs.rglob("*")) == 2
    (repository,) = lines(scraper.data.scraped / "repositories.jsonl")
    assert (repository["repo"], repository["state"], repository["license"]) == ("local/library", "held", "GPL-3.0-only")


def test_a_second_run_reads_nothing_and_a_changed_file_is_read_again(library: Path, tmp_path: Path) -> None:
    def run() -> tuple[int, int]:
        report = BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=ANY).run(workers=1)
        return report.done, report.reused

    assert run() == (3, 0)
    before = (tmp_path / "data" / "scraped" / "files.jsonl").read_bytes()
    assert run() == (3, 5)
    assert (tmp_path / "data" / "scraped" / "files.jsonl").read_bytes() == before
    (library / "b" / "y.blend").write_bytes(b"BLENDER-22")
    assert run() == (3, 4)
    held = {line["sha256"] for line in lines(tmp_path / "data" / "scraped" / "files.jsonl")}
    assert hashlib.sha256(b"BLENDER-22").hexdigest() in held


def test_a_lost_blob_is_fetched_again(library: Path, tmp_path: Path) -> None:
    scraper = BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=ANY)
    scraper.run(workers=1)
    blob = scraper.data.blob(hashlib.sha256(b"BLENDER-2").hexdigest())
    blob.unlink()
    scraper.run(workers=1)
    assert blob.read_bytes() == b"BLENDER-2"


def test_lists_are_written_again_when_they_are_not_what_was_listed(library: Path, tmp_path: Path) -> None:
    scraper = BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=ANY)
    scraper.run(workers=1)
    listing, homes = (scraper.data.scraped / name for name in ("files.jsonl", "repositories.jsonl"))
    before = (listing.read_bytes(), homes.read_bytes())
    written = listing.stat().st_ino
    scraper.run(workers=1)
    assert listing.stat().st_ino == written
    listing.write_bytes(before[0][:-5])
    homes.unlink()
    scraper.run(workers=1)
    assert (listing.read_bytes(), homes.read_bytes()) == before
    scraper.forget()
    assert (listing.read_bytes(), homes.read_bytes()) == (b"", b"")
    scraper.run(workers=1)
    assert (listing.read_bytes(), homes.read_bytes()) == before


def test_a_new_policy_decides_only_what_it_touches(library: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('allow = ["*"]\nunknown = "allow"\n')
    BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=ANY).run(workers=1)
    scraper = BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=policy)
    report = scraper.run(workers=1)
    assert (report.done, report.reused) == (4, 4)
    assert states(scraper.data)["local/library:gpl/z.blend"] == ("held", "")


def test_the_checkpoint_builds_the_same_scraper(library: Path, tmp_path: Path) -> None:
    scraper = BlenderFileScraper(tmp_path / "data", source="folder", paths=[library], policy=ANY, max_files_per_repo=2)
    scraper.run(workers=1)
    again = BlenderFileScraper.from_checkpoint(tmp_path / "data" / "checkpoints" / "scraping_checkpoint.json")
    assert (again.paths, again.policy, again.max_files_per_repo) == (scraper.paths, ANY, 2)
    assert again.run(workers=1).reused == 5


def test_unknown_sources_and_caps_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown source 'ftp'; known: samples, folder"):
        BlenderFileScraper(tmp_path, source="ftp")
    with pytest.raises(UsageError, match="at least 1"):
        BlenderFileScraper(tmp_path, max_files_per_repo=0)


@pytest.mark.corpus
def test_the_whole_corpus_is_held_with_its_licences(corpus: Path, tmp_path: Path) -> None:
    scraper = BlenderFileScraper(tmp_path / "data", source="folder", paths=[corpus])
    report = scraper.run(workers=2)
    assert (report.done, report.dropped, report.failed) == (123, 0, 0)
    told = {entry["sha256"]: entry for entry in lines(corpus / "manifest.jsonl")}
    records = lines(scraper.data.scraped / "files.jsonl")
    assert {record["state"] for record in records} == {"held"}
    for record in records:
        entry = told[record["sha256"]]
        assert (record["repo"], record["commit"], record["path"], record["blob_sha"], record["license"]) == (
            entry["repo"],
            entry["commit"],
            entry["path"],
            entry["blob"],
            entry["license"],
        )
        assert record["attribution"]


def test_samples_are_made_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "voxel.training.data_collection.blender_scraper", "--data-dir", "data", "--json"]
    first = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout)
    assert first["done"] >= 64
    assert (first["dropped"], first["failed"], first["reused"]) == (0, 0, 0)
    files = (tmp_path / "data" / "scraped" / "files.jsonl").read_bytes()
    again = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout)
    assert (again["done"], again["reused"]) == (first["done"], first["done"])
    assert (tmp_path / "data" / "scraped" / "files.jsonl").read_bytes() == files
    records = [json.loads(line) for line in files.splitlines()]
    assets = "Blender Foundation (node groups of Blender's asset library); The Voxel authors"
    assert {(r["repo"] == "voxel-samples/blender_assets", r["license"], r["attribution"]) for r in records} == {
        (False, "MIT", "The Voxel authors"), (True, "CC0-1.0", assets),
    }  # fmt: skip
    assert {r["state"] for r in records} == {"held"}
    assert "voxel-samples/furniture" in {r["repo"] for r in records}
