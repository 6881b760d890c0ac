"""The dump of whole files: real ones, and ones that hold what it must leave out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.errors import BadInput
from voxel.records import Scene


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender() as warm:
        yield warm


def load(blender: Blender, tmp_path: Path, source: str) -> dict[str, Any]:
    """The Scene of the file that a source leaves."""
    path = tmp_path / "made.blend"
    path.write_bytes(blender.make("import bpy\n" + source))
    scene: dict[str, Any] = json.loads(blender.load(path))
    return scene


@pytest.mark.corpus
def test_every_real_file_is_dumped_and_names_what_it_leaves_out(blender: Blender, corpus: Path) -> None:
    files = sorted(corpus.rglob("*.blend"))
    unread = []
    for path in files:
        scene = Scene.from_json(blender.load(path))
        assert scene.blocks["scenes"][scene.active_scene].type == "Scene"
        unread += [(path.name, item) for item in scene.opaque if item.reason.startswith("could not be read")]
        for name, mesh in scene.blocks.get("meshes", {}).items():
            geometry = mesh.geometry
            assert geometry
            named = any(item.path == f'meshes["{name}"]' for item in scene.opaque)
            assert geometry.primitive or geometry.data or geometry.vertices == 0 or named
    assert len(files) >= 100
    assert unread == []


def test_an_empty_file_is_an_empty_scene(blender: Blender, tmp_path: Path) -> None:
    scene = load(blender, tmp_path, "")
    assert scene["format"] == 1
    assert scene["file_version"].startswith("4.5.")
    assert scene["blocks"] == {
        "scenes": {"Scene": {"type": "Scene", "props": {}, "root": {"objects": [], "children": []}}}
    }
    assert scene["opaque"] == []


def test_units_are_told_for_what_occurs(blender: Blender, tmp_path: Path) -> None:
    source = (
        "l = bpy.data.lights.new('Key', 'SPOT')\nl.spot_size = 1\nl.color = (1, 0, 0)\n"
        "bpy.context.collection.objects.link(bpy.data.objects.new('Key', l))\n"
    )
    units = load(blender, tmp_path, source)["units"]
    assert units["SpotLight.spot_size"] == "ROTATION"
    assert units["SpotLight.color"] == "COLOR"


def test_what_is_not_described_is_named(blender: Blender, tmp_path: Path) -> None:
    source = (
        "o = bpy.data.objects.new('Marked', None)\nbpy.context.collection.objects.link(o)\no['owner'] = 'me'\n"
        "bpy.data.texts.new('notes').use_fake_user = True\n"
        "bpy.ops.mesh.primitive_grid_add(x_subdivisions=80, y_subdivisions=80)\n"
        "m = bpy.context.object.data\nm.vertices[0].co.z = 1\nm.name = 'Large'\n"
    )
    scene = load(blender, tmp_path, source)
    reasons = {item["path"]: item["reason"] for item in scene["opaque"]}
    assert reasons['objects["Marked"]'] == "custom properties or those of add-ons: owner"
    assert reasons['texts["notes"]'] == "a text block"
    assert reasons['meshes["Large"]'] == "a mesh of 6561 vertices, above the limit of 4096"
    assert scene["blocks"]["meshes"]["Large"]["geometry"]["vertices"] == 6561


def test_drivers_are_text_and_never_run(blender: Blender, tmp_path: Path) -> None:
    source = (
        "o = bpy.data.objects.new('O', None)\nbpy.context.collection.objects.link(o)\n"
        "o.driver_add('location', 0).driver.expression = '__import__(\"os\").getpid()'\n"
    )
    block = load(blender, tmp_path, source)["blocks"]["objects"]["O"]
    assert block["animation"]["drivers"][0]["expression"] == '__import__("os").getpid()'
    assert "location" not in block["props"]


def test_a_file_that_is_none_is_bad_input(blender: Blender, tmp_path: Path) -> None:
    path = tmp_path / "text.blend"
    path.write_text("not a blend file")
    with pytest.raises(BadInput):
        blender.load(path)
