"""`voxel inspect` as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

SMALL = "assimp__assimp/test__models__BLEND__CubeHierarchy_248.blend"

pytestmark = pytest.mark.corpus


def voxel(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voxel", "inspect", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(cwd / "cache")} | environment,
        timeout=120,
    )


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_json_line_per_file(corpus: Path, tmp_path: Path) -> None:
    done = voxel("--json", corpus / SMALL, cwd=tmp_path)
    (line,) = lines(done)
    assert done.returncode == 0
    assert list(line)[:3] == ["path", "ok", "error"]
    assert (line["path"], line["ok"], line["error"]) == (str(corpus / SMALL), True, None)
    assert (line["version"], line["compression"], line["endian"]) == (248, "none", "little")
    assert line["counts"]["objects"] == len(line["objects"])
    assert line["meshes"]
    assert set(line["objects"].values()) >= {"MESH"}


def test_a_broken_file_is_a_line_and_the_rest_go_on(corpus: Path, tmp_path: Path) -> None:
    good = tmp_path / "b.blend"
    shutil.copy(corpus / SMALL, good)
    broken = tmp_path / "a.blend"
    broken.write_bytes(good.read_bytes()[:5000])
    done = voxel("--json", broken, good, tmp_path / "none.blend", cwd=tmp_path)
    first, second, third = lines(done)
    assert done.returncode == 1
    assert (first["ok"], second["ok"], third["ok"]) == (False, True, False)
    assert "runs past the end of the file (at byte" in first["error"]
    assert third["error"] == "cannot be opened: No such file or directory (at byte 0)"
    assert done.stderr == "voxel: 2 of 3 could not be read\n"


def test_folders_are_walked_once_in_order_and_loops_end(corpus: Path, tmp_path: Path) -> None:
    top = tmp_path / "files"
    (top / "deep" / "er").mkdir(parents=True)
    for name in ("b.blend", "a.BLEND", "deep/c.blend", "deep/er/d.blend", "note.txt", "old.blend1"):
        shutil.copy(corpus / SMALL, top / name)
    (top / "deep" / "back").symlink_to(top)
    done = voxel("--json", top, cwd=tmp_path)
    assert done.returncode == 0
    assert [line["path"] for line in lines(done)] == [
        str(top / name) for name in ("a.BLEND", "b.blend", "deep/c.blend", "deep/er/d.blend")
    ]


def test_many_files_use_processes_and_keep_their_order(corpus: Path, tmp_path: Path) -> None:
    top = tmp_path / "files"
    top.mkdir()
    held = (corpus / SMALL).read_bytes()
    for number in range(300):
        (top / f"{number:03}.blend").write_bytes(held if number % 50 else held[:number])
    done = voxel("--json", "--workers", "2", "--quiet", top, cwd=tmp_path)
    found = lines(done)
    assert done.returncode == 1
    assert [Path(line["path"]).name for line in found] == [f"{number:03}.blend" for number in range(300)]
    assert [number for number, line in enumerate(found) if not line["ok"]] == [0, 50, 100, 150, 200, 250]
    assert done.stderr == "voxel: 6 of 300 could not be read\n"


def test_the_whole_corpus_in_one_call(corpus: Path, tmp_path: Path) -> None:
    manifest: dict[str, dict[str, Any]] = {}
    for said in (corpus / "manifest.jsonl").read_text().splitlines():
        known = json.loads(said)
        manifest[str(corpus / known["file"])] = known
    found = lines(voxel("--json", corpus, cwd=tmp_path))
    assert {line["path"] for line in found} == manifest.keys()
    for line in found:
        entry = manifest[line["path"]]
        assert line["version"] == entry["file_version"]
        assert line["compression"] == entry["compression"]
        assert (line["pointer_size"], line["endian"]) == (entry["ptr"], entry["endian"])
        # The manifest does not know the codes of big-endian files.
        if entry["endian"] == "little":
            assert line["counts"]["objects"] == entry["id_codes"].get("OB", 0)
    assert len(list((tmp_path / "cache" / "voxel" / "layouts").iterdir())) > 40


def test_people_get_a_table_or_the_details_of_one_file(corpus: Path, tmp_path: Path) -> None:
    table = voxel(corpus / SMALL, corpus / SMALL, cwd=tmp_path).stdout.splitlines()
    assert table[0].split() == [
        "file",
        "Blender",
        "packed",
        "objects",
        "meshes",
        "vertices",
        "materials",
        "texts",
        "remarks",
    ]
    assert len(table) == 3
    assert table[1].startswith(f"{corpus / SMALL}")
    assert "2.48" in table[1]
    details = voxel(corpus / SMALL, cwd=tmp_path).stdout
    assert "Blender 2.48" in details
    assert "32-bit, little endian" in details or "64-bit, little endian" in details
    assert "vertices" in details


def test_names_cannot_write_to_the_terminal(corpus: Path, tmp_path: Path) -> None:
    data = (corpus / SMALL).read_bytes().replace(b"OBCube\0", b"OB\x1b[2J\0")
    path = tmp_path / "a.blend"
    path.write_bytes(data)
    done = voxel(path, cwd=tmp_path)
    assert "\\x1b[2J: MESH" in done.stdout
    assert "\x1b" not in done.stdout


def test_nothing_to_inspect_is_bad_usage(tmp_path: Path) -> None:
    done = voxel(tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "voxel: no .blend files there: name files, or folders that hold some\n"


def test_an_interrupt_ends_it_with_130(corpus: Path, tmp_path: Path) -> None:
    top = tmp_path / "files"
    top.mkdir()
    for number in range(3000):
        (top / f"{number:04}.blend").symlink_to(corpus / SMALL)
    process = subprocess.Popen(
        [sys.executable, "-m", "voxel", "inspect", "--json", "--quiet", "--workers", "2", str(top)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert "Traceback" not in errors
