from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from voxel.blender import Blender
from voxel.errors import SetupError
from voxel.stages import DataDir, Ledger
from voxel.training.data_collection.blend_parser import BlendFileParser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cube() -> bytes:
    """A .blend file with one cube in it."""
    with Blender() as blender:
        return blender.make("import bpy\nbpy.ops.mesh.primitive_cube_add(size=3)\nbpy.context.object.name = 'Crate'\n")


def collect(data: DataDir, files: dict[str, bytes | Path]) -> dict[str, str]:
    """Lays `files` down as the scrape phase does; returns their sha256 by name. A Path is moved there, not read."""
    lines, digests = [], {}
    for name, content in files.items():
        if isinstance(content, bytes):
            digest = hashlib.sha256(content).hexdigest()
            data.blob(digest).parent.mkdir(parents=True, exist_ok=True)
            data.blob(digest).write_bytes(content)
        else:
            digest = hashlib.sha256(name.encode()).hexdigest()
            data.blob(digest).parent.mkdir(parents=True, exist_ok=True)
            content.rename(data.blob(digest))
        digests[name] = digest
        lines.append(json.dumps({"path": name, "sha256": digest, "kind": "blend", "state": "held"}))
    lines.append(json.dumps({"path": "twin.blend", "sha256": None, "kind": "blend", "state": "duplicate"}))
    lines.append(json.dumps({"path": "script.py", "sha256": "0" * 64, "kind": "script", "state": "held"}))
    data.scraped.mkdir(parents=True, exist_ok=True)
    (data.scraped / "files.jsonl").write_text("\n".join(lines) + "\n")
    return digests


def reasons(data: DataDir) -> dict[str, str]:
    with Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
        return {row.input: f"{row.state}: {row.reason}" for row in ledger.rows("parse") if row.state != "done"}


def test_a_file_becomes_the_scene_that_blender_sees(tmp_path: Path, cube: bytes) -> None:
    data = DataDir(tmp_path)
    digest = collect(data, {"crate.blend": cube})["crate.blend"]
    report = BlendFileParser(tmp_path).run(workers=1)
    assert (report.phase, report.done, report.dropped, report.failed) == ("parse", 1, 0, 0)
    with Blender() as blender:
        assert data.scene(digest).read_bytes() == blender.load(data.blob(digest))
    assert "Crate" in msgspec.json.decode(data.scene(digest).read_bytes())["blocks"]["objects"]
    # again: nothing to do; the scene lost: one to do
    assert BlendFileParser(tmp_path).run().reused == 1
    data.scene(digest).unlink()
    assert BlendFileParser(tmp_path).run(workers=1).reused == 0
    assert data.scene(digest).exists()


def test_files_that_cannot_be_used_cost_only_themselves(tmp_path: Path, cube: bytes) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(2 << 30)
    data = DataDir(tmp_path / "data")
    collect(
        data,
        {
            "crate.blend": cube,
            "empty.blend": b"",
            "notes.blend": b"Buy milk, then model the crate.\n" * 20,
            "cut.blend": cube[: len(cube) // 2],
            "header only.blend": cube[:12],
            "sparse.blend": sparse,
        },
    )
    report = BlendFileParser(data.root).run(workers=2)
    assert (report.done, report.dropped, report.failed) == (1, 5, 0)
    assert reasons(data) == {
        "empty.blend": "dropped: empty file",
        "notes.blend": "dropped: begins like neither a .blend file nor gzip nor zstd",
        "cut.blend": "dropped: a block runs past the end of the file",
        "header only.blend": "dropped: the file ends without its closing block ENDB",
        "sparse.blend": "dropped: begins like neither a .blend file nor gzip nor zstd",
    }


def test_a_blob_that_is_gone_is_tried_again_by_the_next_run(tmp_path: Path, cube: bytes) -> None:
    data = DataDir(tmp_path)
    digest = collect(data, {"crate.blend": cube})["crate.blend"]
    data.blob(digest).unlink()
    assert BlendFileParser(tmp_path).run(workers=1).failed == 1
    assert reasons(data) == {"crate.blend": "failed: its bytes are gone; make them anew with: voxel scrape"}
    collect(data, {"crate.blend": cube})
    assert BlendFileParser(tmp_path).run(workers=1).done == 1


def test_a_scene_that_others_have_written_over_is_made_again(tmp_path: Path, cube: bytes) -> None:
    data = DataDir(tmp_path)
    scene = data.scene(collect(data, {"crate.blend": cube})["crate.blend"])

    def reused() -> int:
        return BlendFileParser(tmp_path).run(workers=1).reused

    assert reused() == 0
    made = scene.read_bytes()
    os.utime(scene, (time.time(), time.time()))  # as in a copy of the folder: what is in it tells
    assert reused() == 1
    # as another Blender, asked in between, writes it; first with another size, then with the same
    for other in (made + b" ", made.replace(b"Crate", b"crate")):
        scene.write_bytes(other)
        os.utime(scene, (time.time(), time.time()))
        assert reused() == 0
        assert scene.read_bytes() == made


def test_nothing_collected_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"files.jsonl does not exist yet; collect files first: voxel scrape"):
        BlendFileParser(tmp_path).run()
    (tmp_path / "scraped").mkdir()
    (tmp_path / "scraped" / "files.jsonl").write_text('{"path": 3}\n')
    with pytest.raises(
        SetupError, match=r"files.jsonl:1: Expected `str`, got `int` .*; make it anew with: voxel scrape"
    ):
        BlendFileParser(tmp_path).run()


def test_from_checkpoint_goes_on_where_the_checkpoint_stopped(tmp_path: Path, cube: bytes) -> None:
    collect(DataDir(tmp_path), {"crate.blend": cube})
    BlendFileParser(tmp_path, timeout=60).run(workers=1)
    parser = BlendFileParser.from_checkpoint(tmp_path / "checkpoints" / "parsing_checkpoint.json")
    assert (parser.data.root, parser.timeout) == (tmp_path, 60)
    assert parser.run().reused == 1


def test_the_documented_module_runs_from_a_checkout(tmp_path: Path, cube: bytes) -> None:
    collect(DataDir(tmp_path), {"crate.blend": cube})
    for module in ("src.voxel.training.data_collection.blend_parser", "voxel.training.data_collection.blend_parser"):
        done = subprocess.run(
            [sys.executable, "-m", module, "--data-dir", str(tmp_path), "--workers", "1", "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
        assert (done.returncode, json.loads(done.stdout)["done"]) == (0, 1), done.stderr


@pytest.mark.corpus
def test_every_file_of_the_corpus_parses(tmp_path: Path, corpus: Path) -> None:
    data = DataDir(tmp_path)
    data.scraped.mkdir(parents=True)
    manifest = [json.loads(line) for line in (corpus / "manifest.jsonl").read_text().splitlines()]
    with (data.scraped / "files.jsonl").open("w") as lines:
        for entry in manifest:
            blob = data.blob(entry["sha256"])
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.symlink_to(corpus / entry["file"])
            line = {"path": entry["path"], "sha256": entry["sha256"], "kind": "blend", "state": "held"}
            lines.write(json.dumps(line) + "\n")
    report = BlendFileParser(tmp_path).run()
    assert reasons(data) == {}
    assert report.done == len({entry["sha256"] for entry in manifest})
