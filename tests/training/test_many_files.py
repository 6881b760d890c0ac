"""Collecting a folder of many files: memory does not grow with them, and a second run opens none."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxel.errors import UsageError
from voxel.sources import Policy
from voxel.stages import Ledger, Totals
from voxel.training.data_collection.blender_scraper import BlenderFileScraper

GROWN_MB = 8
ANY = Policy(unknown="allow")
_RUN = """
import resource, sys
from voxel.training.data_collection.blender_scraper import BlenderFileScraper
report = BlenderFileScraper(sys.argv[1], source="folder", paths=[sys.argv[2]]).run(workers=1)
print(report.dropped, report.reused, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def told_of(folder: Path, count: int) -> None:
    """A manifest of so many files under a licence that is not allowed, so that none need be there."""
    folder.mkdir()
    with (folder / "manifest.jsonl").open("w") as manifest:
        for number in range(count):
            line = {
                "repo": f"ada/engine-{number // 13:05}", "commit": "c" * 40, "license": "GPL-3.0-only",
                "path": f"art/models/furniture/chair_{number:06}.blend", "file": f"{number // 13:05}/{number:06}.blend",
                "sha256": hashlib.sha256(b"%d" % number).hexdigest(),
            }  # fmt: skip
            manifest.write(json.dumps(line) + "\n")


def scrape(folder: Path, data: Path) -> tuple[int, int, int]:
    """Dropped, reused, and the most memory in MB that the driver had, in a process of its own."""
    command = [sys.executable, "-c", _RUN, str(data), str(folder)]
    dropped, reused, peak = subprocess.run(command, check=True, capture_output=True).stdout.split()
    return int(dropped), int(reused), int(peak)


def test_the_drivers_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    peaks: dict[int, list[int]] = {}
    for count in (500, 8000):
        folder, data = tmp_path / f"files{count}", tmp_path / f"data{count}"
        told_of(folder, count)
        first, again = scrape(folder, data), scrape(folder, data)
        assert (first[:2], again[:2]) == ((count, 0), (count, count))
        peaks[count] = [first[2], again[2]]
    # 7,500 more: with all of them in memory it was 21 and 16 MB more; the caches of databases may be fuller
    assert peaks[8000][0] - peaks[500][0] < GROWN_MB, peaks
    assert peaks[8000][1] - peaks[500][1] < GROWN_MB, peaks


def test_a_second_run_opens_neither_files_nor_blobs(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for name in ("a/x.blend", "a/y.blend", "z.blend"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"BLENDER-" + name.encode())
    data = tmp_path / "data"
    assert BlenderFileScraper(data, source="folder", paths=[folder], policy=ANY).run(workers=1).done == 3
    program = """
import sys
from pathlib import Path
from voxel.sources import Policy
from voxel.training.data_collection.blender_scraper import BlenderFileScraper
opened = []
sys.addaudithook(lambda event, told: event == "open" and opened.append(str(told[0])))
sys.addaudithook(lambda event, told: event == "subprocess.Popen" and opened.append("a process"))
data, folder = sys.argv[1:]
scraper = BlenderFileScraper(data, source="folder", paths=[folder], policy=Policy(unknown="allow"))
assert scraper.run(workers=1).reused == 3
print([name for name in opened if name.endswith(".blend") or "/blobs/" in name or name == "a process"])
print(any(name.endswith(("files.jsonl.tmp", "repositories.jsonl.tmp")) for name in opened))
Path(folder, "z.blend").open("rb").close()
print([name for name in opened if name.endswith(".blend")])
"""
    command = [sys.executable, "-c", program, str(data), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    # no list is written either; what the hook hears, it hears: the file that is opened afterwards
    assert done.stdout.splitlines() == ["[]", "False", str([str(folder / "z.blend")])]


def test_other_bytes_with_another_time_are_seen(tmp_path: Path) -> None:
    folder, data = tmp_path / "mine", tmp_path / "data"
    folder.mkdir()
    (folder / "x.blend").write_bytes(b"BLENDER-1")
    run = BlenderFileScraper(data, source="folder", paths=[folder], policy=ANY).run
    run(workers=1)
    (folder / "x.blend").write_bytes(b"BLENDER-2")
    os.utime(folder / "x.blend", ns=(1, 1))
    assert run(workers=1).reused == 0
    assert hashlib.sha256(b"BLENDER-2").hexdigest() in (data / "scraped" / "files.jsonl").read_text()


def test_a_broken_manifest_leaves_what_was_planned_as_it_is(tmp_path: Path) -> None:
    folder, data = tmp_path / "mine", tmp_path / "data"
    told_of(folder, 30)
    scraper = BlenderFileScraper(data, source="folder", paths=[folder])
    assert scraper.run(workers=1).dropped == 30
    listed = (data / "scraped" / "files.jsonl").read_bytes()
    manifest = folder / "manifest.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(b'{"repo": "ada/first"}\n' + whole + b"{\n")
    with pytest.raises(UsageError) as caught:
        scraper.run(workers=1)
    assert str(caught.value).split("; ") == [
        f"Object missing required field `path` @ {manifest}:1",
        f"Input data was truncated @ {manifest}:32",
    ]
    with Ledger(data / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.totals("scrape") == Totals(dropped=30)
    assert (data / "scraped" / "files.jsonl").read_bytes() == listed
    manifest.write_bytes(whole)
    assert scraper.run(workers=1).reused == 30
