"""`voxel decompile` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from voxel.blender import Blender

SOURCE = """
import bpy
paint = bpy.data.materials.new("Red Paint")
paint.use_nodes = True
paint.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.8, 0.05, 0.05, 1)
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.5, location=(0, 0, 2))
ball = bpy.context.object
ball.name = "Ball"
ball.data.materials.append(paint)
bpy.ops.mesh.primitive_plane_add(size=8)
bpy.context.object.name = "Floor"
"""


@pytest.fixture(scope="module")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blend") / "ball.blend"
    with Blender() as blender:
        path.write_bytes(blender.make(SOURCE))
    return path


def decompile(*words: str | Path) -> subprocess.CompletedProcess[str]:
    call = "import sys, typer; from voxel.cli.decompile import command; from voxel.stages.command import exit_status; "
    call += "app = typer.Typer(); app.command()(command); "
    call += "sys.exit(exit_status(lambda: app(sys.argv[1:], standalone_mode=False)))"
    return subprocess.run(
        [sys.executable, "-c", call, *map(str, words)], capture_output=True, text=True, check=False, timeout=300
    )


def test_a_script_on_standard_output(blend: Path) -> None:
    done = decompile(blend)
    assert done.returncode == 0, done.stderr
    assert "bpy.ops.mesh.primitive_uv_sphere_add(radius=0.5, location=(0, 0, 2))\n" in done.stdout
    assert 'principled.inputs["Base Color"].default_value = (0.8, 0.05, 0.05, 1)\n' in done.stdout
    compile(done.stdout, "script", "exec")


def test_verified_into_a_folder(blend: Path, tmp_path: Path) -> None:
    done = decompile(blend, "-o", tmp_path, "--verify", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = map(json.loads, done.stdout.splitlines())
    assert line["path"] == str(blend)
    assert line["script"] == str(tmp_path / "ball.py")
    assert line["verified"] is True
    assert line["fidelity"]["objects"] == {"total": 2, "exact": 2, "skipped": {}}
    assert line["fidelity"]["materials"] == {"total": 1, "exact": 1, "skipped": {}}
    assert line["tokens"] > 50
    assert (tmp_path / "ball.py").read_text().startswith("import bpy\n")


def test_the_verdict_beside_a_script_on_standard_output(blend: Path) -> None:
    done = decompile(blend, "--verify")
    assert done.returncode == 0
    assert done.stdout == decompile(blend).stdout
    first, *rest = done.stderr.splitlines()
    assert first.startswith(f"{blend}  ") and first.endswith(" tokens")
    assert rest[0] == "  verified"
    assert "  objects: 2 of 2" in rest and "  materials: 1 of 1" in rest


def test_an_error_names_its_file_once(tmp_path: Path) -> None:
    for name, content in (("broken", b"BLENDER-v300" + bytes(100)), ("empty", b""), ("text", b"hello\n")):
        (tmp_path / f"{name}.blend").write_bytes(content)
    done = decompile(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"voxel: {tmp_path}/broken.blend: Missing DNA block (Blender 4.5)\n"
        f"voxel: {tmp_path}/empty.blend: empty file\n"
        f"voxel: {tmp_path}/text.blend: File format is not supported (Blender 4.5)\n"
    )


def test_one_object_or_one_material(blend: Path) -> None:
    ball = decompile(blend, "--object", "Ball")
    assert "Ball" in ball.stdout and "Red Paint" in ball.stdout and "Floor" not in ball.stdout
    paint = decompile(blend, "--material", "Red Paint")
    assert "Red Paint" in paint.stdout and "bpy.ops.mesh" not in paint.stdout


def test_what_is_not_there(blend: Path, tmp_path: Path) -> None:
    wrong = decompile(blend, "--object", "Bull")
    assert wrong.returncode == 2
    assert "has no object 'Bull'; it has: Ball, Floor" in wrong.stderr
    assert decompile(tmp_path / "none.blend").returncode == 2
    broken = tmp_path / "broken.blend"
    broken.write_bytes(b"BLENDER-v300" + bytes(100))
    done = decompile(broken, blend, "--json")
    assert done.returncode == 1
    assert str(broken) in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_both_pictures_side_by_side(blend: Path, tmp_path: Path) -> None:
    done = decompile(blend, "-o", tmp_path, "--render", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = map(json.loads, done.stdout.splitlines())
    assert line["picture"] == str(tmp_path / "ball.png")
    image = np.asarray(Image.open(tmp_path / "ball.png")).astype(int)
    assert image.shape == (360, 964, 4)
    assert abs(image[:, :480] - image[:, 484:]).mean() < 1
    redder = image[:, :480, 0] - image[:, :480, 1] > 60
    assert 500 < redder.sum() < 50_000, "the red ball is in the picture"
