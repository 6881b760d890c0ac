"""What users hand to the pipeline by mistake: each thing gets one clear line and a kept reason, the rest goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxel.blender import Blender
from voxel.stages import DataDir, Ledger

MIT = (Path(__file__).parents[2] / "LICENSE").read_bytes()


@pytest.fixture(scope="module")
def cube() -> bytes:
    with Blender() as blender:
        return blender.make("import bpy\nbpy.ops.mesh.primitive_cube_add()\n")


@pytest.fixture
def folder(tmp_path: Path, cube: bytes) -> Path:
    """A folder with a licence and one good file."""
    folder = tmp_path / "blends"
    folder.mkdir()
    (folder / "LICENSE").write_bytes(MIT)
    (folder / "good.blend").write_bytes(cube)
    return folder


def voxel(*words: object, cwd: Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*before, sys.executable, "-m", "voxel", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=120,
    )


def files(data: Path) -> dict[str, tuple[str, str]]:
    lines = (data / "scraped" / "files.jsonl").read_bytes().splitlines()
    return {entry["path"]: (entry["state"], entry["reason"]) for entry in map(json.loads, lines)}


def dropped(data: Path, stage: str) -> dict[str, str]:
    with Ledger(data / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        return {row.input: row.reason for row in ledger.rows(stage, "dropped")}


def test_a_folder_with_junk(tmp_path: Path, folder: Path, cube: bytes) -> None:
    (folder / "readme.txt").write_text("not a scene")
    (folder / "photo.jpg").write_bytes(os.urandom(1000))
    (folder / "empty.blend").touch()
    (folder / "text.blend").write_text("I am text")
    (folder / "folder.blend").mkdir()
    (folder / "folder.blend" / "inner.blend").write_bytes(cube + b"\0")
    (folder / "dangling.blend").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    (folder / "circle.blend").symlink_to("circle.blend")
    os.mkfifo(folder / "pipe.blend")
    (folder / os.fsdecode(b"caf\xe9.blend")).write_bytes(cube + b"\0\0")
    with (folder / "sparse.blend").open("wb") as file:
        file.truncate(2 << 30)
    began = time.monotonic()
    scraped = voxel("scrape", folder, cwd=tmp_path)
    parsed = voxel("parse", cwd=tmp_path)
    assert time.monotonic() - began < 30
    assert b"Traceback" not in scraped.stderr + parsed.stderr
    seen = files(tmp_path / "training_data")
    held = {path for path, (state, _) in seen.items() if state == "held"}
    assert {"good.blend", "folder.blend/inner.blend"} <= held
    assert any(path.startswith("caf") for path in held)
    refused = {path: reason for path, (state, reason) in seen.items() if state == "failed"}
    assert refused["text.blend"] == "begins like neither a .blend file nor gzip nor zstd"
    assert {"empty.blend", "dangling.blend", "circle.blend", "pipe.blend", "sparse.blend"} <= set(refused)
    assert all(refused.values())
    # each has a line of its own for the person who watches
    for path, reason in refused.items():
        assert f"{folder.name}/{path}: {reason}".encode() in scraped.stderr
    assert dropped(tmp_path / "training_data", "parse") == {}
    data = DataDir(tmp_path / "training_data")
    assert len([path for path in data.parsed.rglob("*") if path.is_file()]) == 3
    assert parsed.stdout.startswith(b"parse: 3 done, 0 dropped, 0 failed")


@pytest.mark.root
def test_what_may_not_be_read_is_tried_again_when_it_may(tmp_path: Path, folder: Path, cube: bytes) -> None:
    (folder / "secret.blend").write_bytes(cube + b"\0")
    (folder / "secret.blend").chmod(0)
    (folder / "private").mkdir(0)
    # root without the right to pass over permissions
    plain = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
    first = voxel("scrape", folder, cwd=tmp_path, before=plain)
    assert first.returncode == 1
    assert first.stdout.startswith(b"scrape: 1 done, 0 dropped, 2 failed")
    assert b"secret.blend: cannot be read: Permission denied\n" in first.stderr
    assert b"private: cannot be listed: Permission denied\n" in first.stderr
    (folder / "secret.blend").chmod(0o644)
    (folder / "private").chmod(0o755)
    again = voxel("scrape", folder, cwd=tmp_path, before=plain)
    assert again.returncode == 0
    assert again.stdout.startswith(b"scrape: 2 done, 0 dropped, 0 failed")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.root
def test_a_full_disk_stops_with_one_line_and_more_space_goes_on(
    tmp_path: Path, folder: Path, cube: bytes, small_disk: Path
) -> None:
    for number in range(12):
        (folder / f"more{number}.blend").write_bytes(cube + bytes(number + 1))
    first = voxel("scrape", folder, "--data-dir", small_disk, "--quiet", cwd=tmp_path)
    assert first.returncode == 2
    assert first.stderr.count(b"\n") <= 2
    assert b"no space left on the disk of " in first.stderr
    assert b"free some and run the same command again" in first.stderr
    held_before = {path.name for path in (small_disk / "scraped" / "blobs").rglob("*") if path.is_file()}
    assert held_before
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    again = voxel("scrape", folder, "--data-dir", small_disk, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(b"scrape: 13 done, 0 dropped, 0 failed")


@pytest.mark.root
def test_a_read_only_data_directory_stops_with_one_line_and_can_still_be_looked_at(
    tmp_path: Path, folder: Path, small_disk: Path
) -> None:
    data = small_disk / "training_data"
    assert voxel("scrape", folder, "--data-dir", data, cwd=tmp_path).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = voxel("parse", "--data-dir", data, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"Read-only file system; make it writable or take another --data-dir" in done.stderr
    status = voxel("status", "--data-dir", data, cwd=tmp_path)
    assert (status.returncode, status.stderr) == (0, b"")
    assert status.stdout.startswith(b"scrape.folder complete: 1 of 1 done")


def slow_parse(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    """A pipeline that is at work on many files, in a process group of its own."""
    for number in range(60):
        (folder / f"file{number}.blend").write_bytes((folder / "good.blend").read_bytes() + bytes(number + 1))
    assert voxel("scrape", folder, "--data-dir", data, cwd=folder).returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "voxel", "parse", "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list((data / "parsed").rglob("*.json"))) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_a_second_pipeline_on_one_data_directory_says_who_holds_it(tmp_path: Path, folder: Path) -> None:
    data = tmp_path / "data"
    process = slow_parse(folder, data)
    os.killpg(process.pid, signal.SIGSTOP)  # so that it is not through before the others have looked
    second = voxel("scrape", folder, "--data-dir", data, cwd=tmp_path)
    status = voxel("status", "--data-dir", data, cwd=tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert second.returncode == 2
    assert second.stderr.count(b"\n") == 1
    assert f"{data} is in use by process {process.pid} (".encode() in second.stderr
    assert b"-m voxel parse" in second.stderr
    assert f"at work: process {process.pid} (".encode() in status.stdout
    third = voxel("parse", "--data-dir", data, cwd=tmp_path)
    assert third.returncode == 0, third.stderr
    assert third.stdout.startswith(b"parse: 61 done, 0 dropped, 0 failed")


def test_interrupted_twice_and_gone_on(tmp_path: Path, folder: Path) -> None:
    data = tmp_path / "data"
    process = slow_parse(folder, data)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        b"voxel: interrupted; what was done is kept. Go on with: "
        + f"{sys.executable} -m voxel parse --data-dir {data}".encode()
    )
    assert b"Traceback" not in said
    kept = len(list((data / "parsed").rglob("*.json")))
    again = voxel("parse", "--data-dir", data, "--json", cwd=tmp_path)
    report = json.loads(again.stdout)
    assert (report["done"], report["dropped"], report["failed"]) == (61, 0, 0)
    assert kept - 4 <= report["reused"] <= kept
