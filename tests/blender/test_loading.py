"""Loading and making .blend files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from voxel.blender import Blender, Runtime
from voxel.errors import BadInput, UsageError

CUBE = "import bpy\nbpy.ops.mesh.primitive_cube_add()\n"


def counts(blender: Blender, path: Path) -> dict[str, int]:
    return msgspec.json.decode(blender.load(path, result="counts"), type=dict[str, int])


def test_a_file_that_was_made_loads_with_what_it_holds(series: Runtime, tmp_path: Path) -> None:
    with Blender(series) as blender:
        path = tmp_path / "cube.blend"
        path.write_bytes(blender.make(CUBE))
        found = counts(blender, path)
    assert (found["objects"], found["vertices"], found["polygons"]) == (1, 8, 6)


def test_a_source_that_fails_makes_no_file(blender: Blender) -> None:
    with pytest.raises(BadInput, match=r"AttributeError.*at line 2"):
        blender.make("import bpy\nbpy.nothing\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty file"), (b"text", "format"), (b"BLENDER-v405" + b"\0" * 400, "file"), (b"BLENDER17-01v0500", "file")],
    ids=["empty", "text", "zeros", "head only"],
)
def test_a_file_that_is_none_costs_only_itself(blender: Blender, tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.blend"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        blender.load(path)
    assert blender.run(CUBE, result="counts").verdict == "passed"


def test_a_truncated_file_costs_only_itself(blender: Blender, tmp_path: Path) -> None:
    whole = blender.make(CUBE)
    path = tmp_path / "cut.blend"
    for size in (100, 5000, len(whole) // 2, len(whole) - 1000):
        path.write_bytes(whole[:size])
        try:
            counts(blender, path)
        except BadInput as error:
            assert str(path) in str(error)
    assert blender.run(CUBE, result="counts").verdict == "passed"


def test_what_is_no_file_is_bad_input(blender: Blender, tmp_path: Path) -> None:
    fifo = tmp_path / "pipe.blend"
    os.mkfifo(fifo)
    loop = tmp_path / "loop.blend"
    loop.symlink_to(loop)
    for path in (tmp_path, fifo, loop, tmp_path / "missing.blend"):
        with pytest.raises(BadInput):
            blender.load(path)


def test_a_sparse_giant_is_refused_unread(blender: Blender, tmp_path: Path) -> None:
    path = tmp_path / "giant.blend"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(BadInput, match="too large"):
        blender.load(path)


def test_scripts_and_drivers_in_a_file_do_not_run(blender: Blender, tmp_path: Path) -> None:
    made = blender.make(
        "import bpy\nbpy.ops.mesh.primitive_cube_add()\ntext = bpy.data.texts.new('evil.py')\ntext.use_module = True\n"
        "text.write('import bpy\\nfor i in range(7):\\n    bpy.data.objects.new(\"EVIL\", None)\\n')\n"
        "curve = bpy.context.object.driver_add('location', 0)\n"
        'curve.driver.expression = \'__import__("bpy").data.meshes.new("EVIL") and 1\'\n'
    )
    path = tmp_path / "evil.blend"
    path.write_bytes(made)
    found = counts(blender, path)
    assert (found["objects"], found["meshes"], found["texts"]) == (1, 1, 1)


@pytest.mark.corpus
def test_real_files_load_in_both_versions(series: Runtime, corpus: Path) -> None:
    files = sorted(corpus.rglob("*.blend"))[::12]
    assert len(files) >= 8
    with Blender(series) as blender:
        for path in files:
            assert counts(blender, path)["scenes"] >= 1


def test_a_file_finds_what_lies_beside_it_in_the_box_and_nothing_above(series: Runtime, tmp_path: Path) -> None:
    """A mesh of a library, an image of 48 by 20 pixels, and a path that climbs out of the folder."""
    project = tmp_path / "project"
    for folder in ("art", "parts", "textures"):
        (project / folder).mkdir(parents=True)
    with Blender(series) as blender:
        (project / "parts" / "ape.blend").write_bytes(blender.make("import bpy\nbpy.ops.mesh.primitive_monkey_add()\n"))
    made = f"""
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
image = bpy.data.images.new("paint", 48, 20)
for path in ({str(project / "textures" / "paint.png")!r}, {str(tmp_path / "secret.png")!r}):
    image.filepath_raw, image.file_format = path, "PNG"
    image.save()
bpy.data.images.remove(image)
bpy.ops.wm.save_as_mainfile(filepath={str(project / "art" / "house.blend")!r})
with bpy.data.libraries.load({str(project / "parts" / "ape.blend")!r}, link=True, relative=True) as (there, here):
    here.objects = there.objects
bpy.context.scene.collection.objects.link(bpy.data.objects["Suzanne"])
for path in ("//../textures/paint.png", "//../../secret.png", {str(tmp_path / "secret.png")!r}):
    image = bpy.data.images.new(path, 1, 1)
    image.source, image.filepath, image.use_fake_user = "FILE", path, True
bpy.ops.wm.save_mainfile()
"""
    home = os.environ | {"PYTHONPATH": series.site}
    subprocess.run([series.python, "-c", made], check=True, capture_output=True, env=home)
    house = project / "art" / "house.blend"
    beside = {name: project / name for name in ("parts/ape.blend", "textures/paint.png", "textures/absent.png")}
    lost = 'objects["Suzanne"]'
    with Blender(series) as blender:
        alone, placed = (
            counts(blender, house),
            msgspec.json.decode(blender.load(house, place="art/house.blend", beside=beside, result="counts")),
        )
        assert (alone["vertices"], alone["pixels"]) == (0, 0)
        assert (placed["vertices"], placed["pixels"]) == (507, 48 * 20)
        for told, reason in (
            (blender.load(house), "library data that is not there"),
            (blender.load(house, place="art/house.blend", beside=beside), "library data"),
        ):
            assert {"path": lost, "reason": reason} in msgspec.json.decode(told)["opaque"]
        for place in ("../house.blend", "/house.blend", ""):
            with pytest.raises(UsageError, match="not a path within a folder"):
                blender.load(house, place=place)
        with pytest.raises(UsageError, match=r"not a path within a folder: '\.\./\.\./secret\.png'"):
            blender.load(house, beside={"../../secret.png": tmp_path / "secret.png"})
