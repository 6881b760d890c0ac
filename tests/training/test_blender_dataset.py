"""The build phase with real Blender: from .blend files to proved examples."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import msgspec
import psutil
import pytest
from typer.testing import CliRunner

from voxel.blender import Blender
from voxel.cli.dataset import app
from voxel.errors import SetupError
from voxel.facts.stated import unstated
from voxel.records.example import SPLITS, DroppedCandidate, Example
from voxel.stages import DataDir, Ledger, keeping_workers, run_stage
from voxel.training.data_collection.blend_parser import BlendFileParser
from voxel.training.data_collection.blender_scraper import BlenderFileScraper
from voxel.training.dataset_builder import blender_dataset
from voxel.training.dataset_builder.blender_dataset import BlenderDatasetBuilder
from voxel.training.dataset_builder.verifying import verify

ROOT = Path(__file__).parents[2]
KEYS = [
    "id",
    "role",
    "category",
    "difficulty",
    "instruction",
    "context",
    "completion",
    "earlier",
    "checks",
    "quality",
    "quality_parts",
    "tokens",
    "blender",
    "provenance",
    "proved",
]
ROOM = """
import bpy
from math import radians
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
table = bpy.context.object
table.name = "Table"
table.scale = (2, 1, 0.1)
bevel = table.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.02
bevel.segments = 3
oak = bpy.data.materials.new("Oak")
oak.use_nodes = True
noise = oak.node_tree.nodes.new("ShaderNodeTexNoise")
noise.inputs["Scale"].default_value = 7.5
principled = oak.node_tree.nodes["Principled BSDF"]
principled.inputs["Roughness"].default_value = 0.35
oak.node_tree.links.new(noise.outputs["Color"], principled.inputs["Base Color"])
table.data.materials.append(oak)
bpy.ops.object.light_add(type="SPOT", location=(2, -2, 4))
lamp = bpy.context.object
lamp.name = "Key"
lamp.data.energy = 750
lamp.data.spot_size = radians(50)
bpy.ops.object.camera_add(location=(4, -4, 3), rotation=(radians(60), 0, radians(45)))
bpy.context.scene.camera = bpy.context.object
bpy.context.object.data.lens = 85
bpy.context.scene.render.resolution_x = 1280
bpy.context.scene.render.fps = 30
"""
MOVING = """
import bpy
bpy.ops.object.empty_add(location=(1, 2, 3))
empty = bpy.context.object
empty.name = "Target"
bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=8, radius=0.5)
ball = bpy.context.object
ball.name = "Ball"
ball.location.z = 0
ball.keyframe_insert("location", index=2, frame=1)
ball.location.z = 2
ball.keyframe_insert("location", index=2, frame=24)
track = ball.constraints.new("TRACK_TO")
track.target = empty
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with two parsed files."""
    folder = tmp_path_factory.mktemp("files")
    with Blender() as blender:
        for name, source in (("room", ROOM), ("moving", MOVING)):
            (folder / f"{name}.blend").write_bytes(blender.make(source))
    shutil.copy(ROOT / "LICENSE", folder)
    root = tmp_path_factory.mktemp("parsed") / "data"
    BlenderFileScraper(root, source="folder", paths=[folder]).run(workers=1)
    assert BlendFileParser(root).run(workers=1).done == 2
    return root


@pytest.fixture(scope="module")
def built(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    root = tmp_path_factory.mktemp("built") / "data"
    shutil.copytree(parsed, root)
    report = BlenderDatasetBuilder(root, versions=["4.5"]).run(workers=2)
    assert (report.phase, report.done, report.failed) == ("build", 2, 0)
    return DataDir(root)


def examples(data: DataDir) -> list[Example]:
    return [
        msgspec.json.decode(line, type=Example)
        for split in SPLITS
        for line in (data.datasets / f"{split}.jsonl").read_bytes().splitlines()
    ]


def test_every_role_that_the_files_offer_is_taught(built: DataDir) -> None:
    found = {(one.role, one.category) for one in examples(built)}
    wanted = {
        ("builder", "mesh"), ("builder", "modifier"), ("texture", "nodes"), ("texture", "assign"), ("render", "light"),
        ("render", "camera"), ("render", "settings"), ("animation", "keyframes"), ("animation", "constraint"),
    }  # fmt: skip
    assert wanted <= found


def test_a_line_has_just_the_documented_keys_and_where_it_comes_from(built: DataDir) -> None:
    for split in SPLITS:
        for line in (built.datasets / f"{split}.jsonl").read_bytes().splitlines():
            record = json.loads(line)
            assert list(record) == KEYS
            assert record["provenance"]["path"] in ("room.blend", "moving.blend")
            assert len(record["provenance"]["sha256"]) == 64
            assert record["blender"] == ["4.5"]


def test_every_checked_value_is_said(built: DataDir) -> None:
    for one in examples(built):
        assert one.checks
        assert unstated(one.checks, one.instruction, one.context) == []


def test_no_two_examples_are_the_same_and_drops_keep_their_reasons(built: DataDir) -> None:
    found = examples(built)
    assert len({one.id for one in found}) == len(found)
    # a repair has the answer that its example has, and the older script in its instruction
    for some in ([one for one in found if (one.category == "repair") is repair] for repair in (True, False)):
        assert len({(one.context, one.completion) for one in some}) == len(some) > 0
    for line in (built.datasets / "dropped.jsonl").read_bytes().splitlines():
        assert ": " in msgspec.json.decode(line, type=DroppedCandidate).reason


def test_the_same_files_give_the_same_bytes_whatever_the_workers_and_interruptions(
    built: DataDir, parsed: Path, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    shutil.copytree(parsed, root)
    again = DataDir(root)
    builder = BlenderDatasetBuilder(root, versions=["4.5"])
    builder.run(workers=1)
    # as if the machine had died between two units
    next(again.datasets.glob("units/*/*.jsonl")).unlink()
    for name in ("train", "val", "test", "dropped"):
        (again.datasets / f"{name}.jsonl").unlink()
    report = BlenderDatasetBuilder.from_checkpoint(root / "checkpoints" / "dataset_checkpoint.json").run(workers=1)
    assert (report.done, report.reused) == (2, 1)
    for name in ("train", "val", "test", "dropped"):
        assert (again.datasets / f"{name}.jsonl").read_bytes() == (built.datasets / f"{name}.jsonl").read_bytes()


def test_a_second_run_finds_nothing_to_do(built: DataDir) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.datasets.rglob("*.jsonl")}
    report = BlenderDatasetBuilder(built.root, versions=["4.5"]).run(workers=1)
    assert report.reused == report.done == 2
    assert {path: path.stat().st_mtime_ns for path in built.datasets.rglob("*.jsonl")} == before


def test_every_example_holds_again_from_its_line_alone(built: DataDir) -> None:
    files = [built.datasets / f"{split}.jsonl" for split in SPLITS]
    assert verify(files) == []


def test_verify_names_the_lines_that_do_not_hold(built: DataDir, tmp_path: Path) -> None:
    good = [one for one in examples(built) if one.role != "concept"][:4]
    broken = msgspec.structs.replace(good[0], completion="import bpy\nbpy.ops.mesh.no_such_operator()\n")
    missing = msgspec.structs.replace(good[1], completion="import bpy\n")
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in (broken, missing, good[2], good[3])))
    result = CliRunner().invoke(app, ["verify", str(path), "--quiet"], standalone_mode=False)
    assert result.return_value == 1
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[:2]] == [broken.id, missing.id]
    assert f"@ {path}:1" in lines[0]
    assert "no_such_operator" in lines[0]
    assert f"@ {path}:2" in lines[1]
    assert lines[2] == "2 of 4 examples hold"


def test_no_example_is_made_of_a_scene_that_was_not_parsed(parsed: Path, tmp_path: Path) -> None:
    data = DataDir(shutil.copytree(parsed, tmp_path / "data"))
    (scene,) = [path for path in data.parsed.rglob("*.json") if b'"Table"' in path.read_bytes()]
    times = (scene.stat().st_atime_ns, scene.stat().st_mtime_ns)
    scene.write_bytes(scene.read_bytes().replace(b'"Table"', b'"Tabel"'))
    os.utime(scene, ns=times)  # as what a disk has spoiled: nothing tells but the bytes
    report = BlenderDatasetBuilder(data.root, versions=["4.5"]).run(workers=2)
    assert (report.done, report.failed) == (1, 1)
    with Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
        (row,) = ledger.rows("build", "failed")
    place = scene.relative_to(data.root)
    assert row.reason == f"{place} is not what was parsed; delete it and run: voxel parse"
    scene.unlink()
    assert BlendFileParser(data.root).run(workers=1).reused == 1
    assert BlenderDatasetBuilder(data.root, versions=["4.5"]).run(workers=2).failed == 0


def test_parsing_and_building_share_their_blender(parsed: Path, tmp_path: Path) -> None:
    def boxes() -> set[int]:
        below = psutil.Process().children(recursive=True)
        return {one.pid for one in below if any(word.endswith("serve.py") for word in one.cmdline())}

    data = DataDir(shutil.copytree(parsed, tmp_path / "data"))
    for scene in data.parsed.rglob("*.json"):
        scene.unlink()
    before = boxes()
    with keeping_workers():
        assert BlendFileParser(data.root).run(workers=1).reused == 0
        parsing = boxes() - before
        stage = blender_dataset.BuildStage(data.root, ("4.5",), 30.0, {})
        assert run_stage(stage, data, workers=1).done == 2
        assert parsing
        assert parsing <= boxes()  # and forks of it
    assert boxes() == before


def test_without_collected_files_the_command_that_collects_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="voxel scrape"):
        BlenderDatasetBuilder(tmp_path / "data", versions=["4.5"]).run(workers=1)


def test_code_of_another_room_is_never_taken_for_code_that_only_selects() -> None:
    """Files of the same name lie in several rooms."""
    making, selecting = (list(blender_dataset._code(afterwards=afterwards)) for afterwards in (False, True))
    assert {path.name for path in selecting} == blender_dataset._AFTERWARDS
    assert {path.parent.name for path in selecting} == {"dataset_builder"}
    folder = Path(blender_dataset.__file__).parents[2]
    for room in ("facts", "bpycode"):
        assert {path for path in making if path.parent.name == room} >= set((folder / room).glob("*.py"))
