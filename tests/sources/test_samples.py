"""The sample scenes, built by real Blender: the catalogue is true, the scenes are whole, and a seed repeats."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxel.blender import Blender, Runtime
from voxel.blender.runtimes import available
from voxel.records.roles import ROLES
from voxel.sources import catalogue, recipes

SURVEY = """
import json

import bpy
from bpy_extras.object_utils import world_to_camera_view

import samples

def survey(name):
    samples.build(name, 1)
    scene = bpy.context.scene
    layer = bpy.context.view_layer
    layer.update()
    shown = [o for o in layer.objects if o.type in {"MESH", "CURVE", "FONT"} and not o.hide_render]
    framed = 0
    if scene.camera:
        for o in shown:
            spot = world_to_camera_view(scene, scene.camera, o.matrix_world.translation)
            framed += scene.camera.data.type == "PANO" or (0 <= spot.x <= 1 and 0 <= spot.y <= 1 and spot.z > 0)
    kinds = (bpy.data.objects, bpy.data.lights, bpy.data.cameras, bpy.data.shape_keys)
    ids = [block.animation_data for kind in kinds for block in kind]
    ids += [m.node_tree.animation_data for m in bpy.data.materials]
    return {
        "objects": len(layer.objects),
        "framed": framed,
        "camera": scene.camera is not None,
        "lights": sum(o.type == "LIGHT" for o in layer.objects),
        "world": scene.world is not None,
        "materials": [m.name for m in bpy.data.materials],
        "nodes": max(len(m.node_tree.nodes) for m in bpy.data.materials),
        "animated": any(a and (a.action or a.drivers) for a in ids),
        "constraints": sum(len(o.constraints) for o in bpy.data.objects),
        "numbered": [o.name for o in bpy.data.objects if o.name[:-4] in {"Cube", "Plane", "Sphere", "Cylinder"}],
        "invalid": [n.bl_idname for g in bpy.data.node_groups for n in g.nodes if n.bl_idname == "NodeUndefined"],
    }

def answer():
    return {
        "version": samples.VERSION,
        "samples": [
            {"name": s.name, "theme": s.theme, "description": s.description, "roles": list(s.roles)}
            for s in samples.SAMPLES.values()
        ],
        "survey": {name: survey(name) for name in samples.SAMPLES},
    }
"""


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def told(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """What a Blender of each version finds in every scene."""
    found: list[Runtime] = [runtime for runtime in available() if runtime.series == request.param]
    if not found:
        pytest.skip(f"Blender {request.param} is not installed")
    with Blender(found[0]) as blender:
        yield blender.answer(SURVEY, timeout=600)


def test_the_catalogue_is_what_the_generator_offers(told: dict[str, Any]) -> None:
    offered = catalogue()
    assert told["version"] == offered.version
    assert told["samples"] == [
        {"name": s.name, "theme": s.theme, "description": s.description, "roles": list(s.roles)}
        for s in offered.samples
    ]


def test_every_scene_is_framed_lit_and_named(told: dict[str, Any]) -> None:
    for name, facts in told["survey"].items():
        assert facts["camera"], name
        assert facts["framed"] >= 1, name
        assert facts["lights"] >= 1, name
        assert facts["world"], name
        assert facts["materials"], name
        assert not facts["numbered"], name
        assert not facts["invalid"], name


def test_what_is_said_to_be_animated_is(told: dict[str, Any]) -> None:
    roles = {sample.name: sample.roles for sample in catalogue().samples}
    for name, facts in told["survey"].items():
        assert ("animation" in roles[name]) == facts["animated"], name


def test_materials_are_of_many_kinds_and_hardly_repeat(told: dict[str, Any]) -> None:
    names = Counter(material for facts in told["survey"].values() for material in facts["materials"])
    assert len(names) > 350
    assert max(names.values()) <= 3
    assert sum(facts["nodes"] >= 5 for facts in told["survey"].values()) >= 60


def test_there_is_enough_of_everything() -> None:
    samples = catalogue().samples
    assert len(samples) >= 64
    assert len({sample.theme for sample in samples}) >= 12
    for role in ROLES:
        assert sum(role in sample.roles for sample in samples) >= 15, role
    assert len({sample.description for sample in samples}) == len(samples)


def test_the_same_seed_gives_the_same_scene_and_another_one_does_not(tmp_path: Path) -> None:
    chosen = {"dining_table", "pine_forest", "orrery", "neon_alley"}

    def scenes(seed: int) -> dict[str, Any]:
        found = {}
        with Blender() as blender:
            for recipe in recipes(seed):
                name = recipe.candidate.path.removesuffix(".blend")
                if name in chosen:
                    path = tmp_path / f"{name}{seed}.blend"
                    path.write_bytes(blender.make(recipe.script))
                    found[name] = json.loads(blender.load(path))
        return found

    first, again, other = scenes(1), scenes(1), scenes(2)
    assert set(first) == chosen
    assert first == again
    assert all(first[name] != other[name] for name in chosen)
