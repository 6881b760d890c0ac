"""Private things in scenes: found, replaced alike everywhere, and nothing else touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from voxel.blender import Blender
from voxel.stages import DataDir
from voxel.training.data_collection.blend_parser import BlendFileParser
from voxel.training.data_collection.blender_scraper import BlenderFileScraper
from voxel.training.dataset_builder.blender_dataset import BlenderDatasetBuilder
from voxel.training.dataset_builder.scrubbing import private, scrubbed
from voxel.training.dataset_builder.verifying import verify

ROOT = Path(__file__).parents[2]

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("text", "kinds", "instead"),
    [
        ("/home/ann/textures/wood.png", ["a home folder"], "/home/user/textures/wood.png"),
        ("//../../Users/Ann Lee/w.png", ["a home folder"], None),
        ("C:\\Users\\ann\\w.png", ["a home folder"], "C:\\Users\\user\\w.png"),
        ("'C:\\\\Users\\\\ann\\\\w.png'", ["a home folder"], "'C:\\\\Users\\\\user\\\\w.png'"),
        ("/run/media/ann/disk/w.png", ["a home folder"], "/run/media/user/disk/w.png"),
        ("by ann.lee+3d@mail.uni-x.de", ["an e-mail address"], "by name@example.com"),
        (f"token {TOKEN}", ["a key or token"], "token removed"),
        ("AKIAIOSFODNN7EXAMPLE", ["a key or token"], "removed"),
        ("//textures/home/wood.png", [], None),
        ("//home/wood.png", [], None),
        ("/home/user/wood.png", [], None),
        ("logo@2x.png", [], None),
        ("git@github.com", [], None),
        ("Bone.001_at@front", [], None),
    ],
)
def test_each_kind_is_found_and_what_only_looks_like_it_is_not(
    text: str, kinds: list[str], instead: str | None
) -> None:
    assert private(text) == kinds
    assert private(scrubbed(text)) == []
    if not kinds:
        assert scrubbed(text) == text
    elif instead is not None:
        assert scrubbed(text) == instead


@pytest.mark.parametrize(
    "token",
    [
        *(f"gh{kind}_" + "a1B2" * 9 for kind in "pousr"), "AKIA" + "B2" * 8, "github_pat_" + "a_1" * 8,
        "glpat-" + "a-1" * 7, "sk-" + "a-1" * 7, "AIza" + "a-1B_" * 7, *(f"xox{kind}-" + "1a-" * 4 for kind in "abprs"),
        "hf_" + "aB" * 15, "eyJ" + "a1" * 5 + ".eyJ" + "b2" * 5 + ".c-3_d", "-----BEGIN RSA PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_every_form_of_token_is_found_on_its_own(token: str) -> None:
    assert private(f"made with {token} by") == ["a key or token"]
    assert token not in scrubbed(f"made with {token} by")


def test_one_name_gets_one_word_everywhere_and_two_names_get_two() -> None:
    scene = {
        "blocks": {"images": {"/home/ann/a.png": {"filepath": "/home/ann/a.png"}, "/home/bob/a.png": {}}},
        "users": ["/home/ann", 3, None, True, 1.5],
    }
    assert scrubbed(scene) == {
        "blocks": {"images": {"/home/user/a.png": {"filepath": "/home/user/a.png"}, "/home/user2/a.png": {}}},
        "users": ["/home/user", 3, None, True, 1.5],
    }


PERSONAL = """
import bpy
bpy.ops.mesh.primitive_cube_add(size=1.5, location=(0, 0, 0.75))
box = bpy.context.object
box.name = "Box by ann.lee@studio-lee.de"
oak = bpy.data.materials.new("Oak")
oak.use_nodes = True
image = bpy.data.images.new("Grain", 4, 4)
image.filepath = "/home/annlee/textures/grain.png"
image.source = "FILE"
texture = oak.node_tree.nodes.new("ShaderNodeTexImage")
texture.image = image
principled = oak.node_tree.nodes["Principled BSDF"]
principled.inputs["Roughness"].default_value = 0.35
oak.node_tree.links.new(texture.outputs["Color"], principled.inputs["Base Color"])
box.data.materials.append(oak)
bpy.ops.object.light_add(type="SPOT", location=(2, -2, 4))
bpy.context.object.name = "Key"
bpy.context.object.data.energy = 750
"""


def test_a_dataset_of_a_file_with_private_things_shows_none_and_still_holds(tmp_path: Path) -> None:
    """From a real .blend to examples that Blender proved after the words were replaced."""
    folder = tmp_path / "files"
    folder.mkdir()
    with Blender() as blender:
        (folder / "box.blend").write_bytes(blender.make(PERSONAL))
    shutil.copy(ROOT / "LICENSE", folder)
    data = DataDir(tmp_path / "data")
    BlenderFileScraper(data.root, source="folder", paths=[folder]).run(workers=1)
    assert BlendFileParser(data.root).run(workers=1).done == 1
    scene = next(data.parsed.rglob("*.json")).read_text("utf-8")
    assert private(scene) == ["a home folder", "an e-mail address"]
    BlenderDatasetBuilder(data.root, versions=["4.5"], min_quality=0.0).run(workers=1)
    lines = [line for name in ("train", "val", "test") for line in _lines(data.datasets / f"{name}.jsonl")]
    texts = [line for path in sorted(data.datasets.rglob("*.jsonl")) for line in _lines(path)]
    assert not [text for text in texts if "annlee" in text or "ann.lee" in text]
    assert any("Box by name@example.com" in json.loads(line)["instruction"] for line in lines)
    assert verify([data.datasets / f"{name}.jsonl" for name in ("train", "val", "test")], versions=["4.5"]) == []


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()
