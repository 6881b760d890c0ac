from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from voxel.blender import Blender
from voxel.errors import DataDirBusy, UsageError
from voxel.stages import Ledger, Progress
from voxel.training import pipeline

MIT = (Path(__file__).parents[2] / "LICENSE").read_bytes()
SCENES = {
    "crate": "bpy.ops.mesh.primitive_cube_add(size=2)\n"
    "bpy.context.object.modifiers.new('Bevel', 'BEVEL').width = 0.15\n",
    "view": "bpy.ops.object.camera_add(location=(0, -8, 3), rotation=(1.2, 0, 0))\n"
    "bpy.context.object.data.lens = 85\nbpy.context.scene.camera = bpy.context.object\n",
}


class Made(NamedTuple):
    """A folder of .blend files and what the pipeline made of them."""

    folder: Path
    data: Path
    reports: list[dict[str, Any]]


def run(folder: Path, data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "voxel", "run", str(folder), "--data-dir", str(data), "--blender", "4.5", *options]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    top = tmp_path_factory.mktemp("pipeline")
    folder = top / "blends"
    folder.mkdir()
    (folder / "LICENSE").write_bytes(MIT)
    with Blender() as blender:
        for name, code in SCENES.items():
            (folder / f"{name}.blend").write_bytes(blender.make("import bpy\n" + code))
    done = run(folder, top / "data", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    return Made(folder, top / "data", [json.loads(line) for line in done.stdout.splitlines()])


def keys(data: Path) -> dict[str, dict[str, str]]:
    with Ledger(data / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        return {stage.stage: {row.input: row.key for row in ledger.rows(stage.stage)} for stage in ledger.stages()}


def test_each_phase_reports_once_in_order(made: Made) -> None:
    assert [report["phase"] for report in made.reports] == ["scrape", "parse", "build", "format"]
    assert [report["done"] for report in made.reports[:3]] == [2, 2, 2]
    assert [report["failed"] for report in made.reports] == [0, 0, 0, 0]


def test_the_dataset_is_formatted_for_all_three(made: Made) -> None:
    examples = (made.data / "datasets" / "train.jsonl").read_text().splitlines()
    assert len(examples) >= 3
    assert {"crate.blend", "view.blend"} >= {json.loads(line)["provenance"]["path"] for line in examples}
    for provider in ("openai", "claude", "local"):
        lines = (made.data / "fine_tuning" / provider / f"train_{provider}.jsonl").read_text().splitlines()
        assert len(lines) == len(examples)


def test_a_second_run_finds_nothing_to_do_in_under_five_seconds_and_says_where_everything_is(made: Made) -> None:
    before = {path: path.read_bytes() for path in made.data.rglob("*.jsonl")}
    began = time.monotonic()
    done = run(made.folder, made.data)
    took = time.monotonic() - began
    assert took < 5
    assert done.stdout.startswith("scrape: 2 done, 0 dropped, 0 failed in ")
    assert "parse: 2 done, 0 dropped, 0 failed in 0.0 s (2 from earlier runs)\n" in done.stdout
    assert f"  for Claude         {made.data}/fine_tuning/claude/\n" in done.stdout
    assert f"  voxel dataset verify --data-dir {made.data} " in done.stdout
    assert {path: path.read_bytes() for path in made.data.rglob("*.jsonl")} == before


def test_a_change_does_again_only_what_depends_on_it(made: Made) -> None:
    before = keys(made.data)
    os.utime(made.folder / "crate.blend", (1, 1))  # another time of change, the same bytes
    assert run(made.folder, made.data).returncode == 0
    after = keys(made.data)
    assert {
        name for name in before["scrape.folder"] if after["scrape.folder"][name] != before["scrape.folder"][name]
    } == {f"{made.folder}/crate.blend"}
    assert (after["parse"], after["build"]) == (before["parse"], before["build"])


def test_the_data_directory_is_held_from_the_first_phase_to_the_last(made: Made) -> None:
    settings = pipeline.Settings(data_dir=made.data, source="folder", paths=(made.folder,), blender="4.5")
    phases = pipeline.run(settings, Progress())
    assert next(phases).phase == "scrape"
    done = run(made.folder, made.data)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"is in use by process {os.getpid()} (" in done.stderr
    assert DataDirBusy.__name__ not in done.stderr
    phases.close()  # type: ignore[attr-defined]
    assert run(made.folder, made.data).returncode == 0


def test_an_unknown_source_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown source 'paint'; known: samples, folder"):
        next(pipeline.run(pipeline.Settings(data_dir=tmp_path, source="paint")))


def test_without_any_example_it_says_why_and_what_to_do(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "unlicensed"
    folder.mkdir()
    (folder / "crate.blend").write_bytes((made.folder / "crate.blend").read_bytes())
    done = run(folder, tmp_path / "data", "--quiet")
    assert done.returncode == 1
    assert "No examples were made.\n  scrape: 1 dropped: no licence is known\n" in done.stdout
    assert 'or allow them with --policy FILE, a file that says:\n  unknown = "allow"\n' in done.stdout
    assert done.stderr == "voxel: nothing was collected, so parse, build and format were not run\n"


def test_a_run_that_collects_nothing_leaves_the_dataset_of_an_earlier_one(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    before = {
        path: path.read_bytes() for part in ("datasets", "fine_tuning") for path in (data / part).rglob("*.jsonl")
    }
    folder = tmp_path / "blends"
    folder.mkdir()
    (folder / "LICENSE").write_bytes(MIT)
    kept = "; the dataset of earlier runs stays as it is\n"
    for name, content, why in (
        ("nothing.txt", b"", "nothing was collected, so parse, build and format were not run"),
        ("text.blend", b"I am text", "nothing was collected, so parse, build and format were not run"),
    ):
        (folder / name).write_bytes(content)
        done = run(folder, data, "--quiet", "--json")
        assert (done.returncode, done.stderr) == (1, f"voxel: {why}{kept}")
    (folder / "junk.blend").write_bytes(b"BLENDER-v405junk")
    done = run(folder, tmp_path / "fresh", "--quiet", "--json")
    why = "no collected file could be loaded, so build and format were not run"
    assert (done.returncode, done.stderr) == (1, f"voxel: {why}\n")
    done = run(folder, data, "--quiet", "--json")  # beside what earlier runs brought, one useless file is no failure
    assert (done.returncode, done.stderr) == (0, "")
    named = run(folder / "LICENSE", data)
    assert (named.returncode, named.stderr.count("\n")) == (2, 1)
    assert "neither a folder nor a .blend or .py file: " in named.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_the_closing_words_repeat_the_policy(made: Made, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('unknown = "allow"\n')
    done = run(made.folder, made.data, "--policy", str(policy))
    assert f"  voxel run --data-dir {made.data} --policy {policy} --source folder PATH " in done.stdout


def status(data: Path) -> list[str]:
    words = [sys.executable, "-m", "voxel", "status", "--data-dir", str(data)]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    return [" ".join(line.split()) for line in said.splitlines()]


def test_status_tells_a_format_phase_that_did_not_finish(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    assert status(data)[-2].startswith("format complete: 3 of 3 done, 0 left,")
    assert status(data)[-1] == "nothing is left to do"
    go_on = f"go on with: voxel format --data-dir {data}"
    train = data / "datasets" / "train.jsonl"
    train.write_bytes(b"".join(train.read_bytes().splitlines(keepends=True)[:-1]))
    told = status(data)
    assert (told[-2].partition(" (")[0], told[-1]) == (
        "format not run: 0 of 3 done, 3 left, 0 dropped, 0 failed", go_on,
    )  # fmt: skip
    blocked = data / "fine_tuning" / "claude" / "train_claude.jsonl"
    blocked.unlink()
    (blocked / "in the way").mkdir(parents=True)
    words = [sys.executable, "-m", "voxel", "format", "--data-dir", str(data), "--quiet"]
    assert subprocess.run(words, capture_output=True, check=False, timeout=60).returncode != 0
    told = status(data)
    assert (told[-2].partition(" (")[0], told[-1]) == (
        "format interrupted: 1 of 3 done, 2 left, 0 dropped, 0 failed", go_on,
    )  # fmt: skip
    shutil.rmtree(blocked)
    assert subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0
    assert status(data)[-1] == "nothing is left to do"
