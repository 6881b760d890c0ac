"""The whole pipeline, killed with -9 at many moments of every phase, ends as one that was never killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from voxel.blender import Blender
from voxel.errors import SetupError
from voxel.stages import Ledger

MIT = (Path(__file__).parents[2] / "LICENSE").read_bytes()
SCENES = {
    "crate": "bpy.ops.mesh.primitive_cube_add(size=2)\n"
    "bpy.context.object.modifiers.new('Bevel', 'BEVEL').width = 0.15\n",
    "ball": "bpy.ops.mesh.primitive_uv_sphere_add(radius=0.7, location=(0, 0, 0.7))\n"
    "bpy.context.object.modifiers.new('Subdivision', 'SUBSURF').levels = 2\n",
    "view": "bpy.ops.object.camera_add(location=(0, -8, 3), rotation=(1.2, 0, 0))\n"
    "bpy.context.object.data.lens = 85\nbpy.context.scene.camera = bpy.context.object\n",
    "gold": "bpy.ops.mesh.primitive_torus_add()\nm = bpy.data.materials.new('Gold')\nm.use_nodes = True\n"
    "m.node_tree.nodes['Principled BSDF'].inputs['Metallic'].default_value = 0.9\n"
    "bpy.context.object.data.materials.append(m)\n",
}
MOMENTS = (
    # the phase to wait for, how many of its units to wait for, and the longest pause after that in seconds
    ("scrape.folder", 0, 0.05),
    ("scrape.folder", 1, 0.05),
    ("parse", 0, 1.5),
    ("parse", 1, 0.2),
    ("parse", 3, 0.1),
    ("build", 0, 1.5),
    ("build", 1, 0.5),
    ("build", 2, 0.5),
    ("build", 4, 0.05),
    ("build", 4, 0.2),
    ("build", 4, 0.3),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two repositories of two small files each."""
    top = tmp_path_factory.mktemp("blends")
    with Blender() as blender:
        for number, (name, code) in enumerate(SCENES.items()):
            repo = top / f"repo{number % 2}"
            (repo / ".git").mkdir(parents=True, exist_ok=True)
            (repo / "LICENSE").write_bytes(MIT)
            (repo / f"{name}.blend").write_bytes(blender.make("import bpy\n" + code))
    return top


def pipeline(folder: Path, data: Path, mark: str = "") -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "voxel", "run", str(folder), "--data-dir", str(data), "--blender", "4.5"]
    return subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"VOXEL_TEST_MARK": mark},
    )


def finish(folder: Path, data: Path) -> None:
    """Runs the pipeline to its end."""
    process = pipeline(folder, data)
    said = process.communicate(timeout=300)[1].decode()
    assert process.returncode == 0, said


def outputs(data: Path) -> dict[str, bytes]:
    """Everything but the checkpoints and the times of fetching."""
    paths = (path for path in data.rglob("*") if path.is_file() and path.parent.name != "checkpoints")
    found = {str(path.relative_to(data)): path.read_bytes() for path in paths}
    found["scraped/files.jsonl"] = re.sub(rb'"fetched_at":"[^"]*"', b"", found["scraped/files.jsonl"])
    return found


def states(data: Path) -> dict[str, dict[str, tuple[str, str]]]:
    with Ledger(data / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        return {
            stage.stage: {row.input: (row.state, row.key) for row in ledger.rows(stage.stage)}
            for stage in ledger.stages()
        }


def settled(data: Path, phase: str) -> int | None:
    """How many units of `phase` are settled; None while it has not begun."""
    try:
        with Ledger(data / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
            if all(stage.stage != phase for stage in ledger.stages()):
                return None
            totals = ledger.totals(phase)
    except SetupError:
        return None  # not made yet
    return totals.done + totals.dropped + totals.failed


def marked(mark: str) -> list[int]:
    """The processes, boxes included, that a pipeline started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"VOXEL_TEST_MARK={mark}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except (OSError, ProcessLookupError):
                continue  # it has ended meanwhile
    return found


def test_a_pipeline_that_is_killed_again_and_again_ends_as_one_that_never_was(tmp_path: Path, folder: Path) -> None:
    reference, killed = tmp_path / "reference", tmp_path / "killed"
    finish(folder, reference)
    assert (reference / "datasets" / "train.jsonl").stat().st_size > 0

    chance = random.Random(7)
    for number, (phase, count, pause) in enumerate(MOMENTS):
        mark = uuid.uuid4().hex
        process = pipeline(folder, killed, mark)
        while process.poll() is None and ((so_far := settled(killed, phase)) is None or so_far < count):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, pause))
        before = states(killed)
        if number % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
        deadline = time.monotonic() + 10
        while marked(mark):
            assert time.monotonic() < deadline, "a process has outlived its killed pipeline"
            time.sleep(0.02)
        after = states(killed)
        for stage, rows in before.items():
            lost = {name for name, (state, _) in rows.items() if state == "done" and after[stage][name][0] != "done"}
            assert lost == set()

    finish(folder, killed)
    assert outputs(killed) == outputs(reference)
    assert states(killed) == states(reference)
    assert {state for rows in states(killed).values() for state, _ in rows.values()} == {"done"}
    assert sorted(path.name for path in (killed / "checkpoints").iterdir() if "sqlite-" not in path.name) == [
        "dataset_checkpoint.json",
        "ledger.sqlite",
        "listed.json",
        "lock",
        "parsing_checkpoint.json",
        "scraping_checkpoint.json",
    ]
