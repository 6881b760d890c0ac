"""The comparison notices every changed number of real scenes, and every statement that a script lacks.

`bench/mutations.py` does the latter with hundreds of statements of the corpus.
"""

from __future__ import annotations

import ast
import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.facts import differences

LAYOUT = frozenset({"dimensions", "size", "width", "label", "bounds", "index", "unique"})
"""Parts that only lay out, name or sum up the rest."""
CHANGES_PER_FILE = 25


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the floats of a Scene's blocks are, but for those of layout."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in LAYOUT and not (key == "location" and "nodes" in path and "props" not in path):
                yield from numbers(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from numbers(item, (*path, place))
    elif isinstance(value, float):
        yield path


@pytest.mark.corpus
def test_every_changed_number_is_noticed(corpus: Path) -> None:
    chance = random.Random(7)
    files = [path for path in sorted(corpus.rglob("*.blend")) if path.stat().st_size < 1_000_000][::4]
    tried, missed = 0, []
    with Blender() as blender:
        for path in files:
            scene = json.loads(blender.load(path))
            assert differences(scene, scene) == []
            places = list(numbers(scene["blocks"]))
            for place in chance.sample(places, min(CHANGES_PER_FILE, len(places))):
                changed = copy.deepcopy(scene)
                holder = changed["blocks"]
                for key in place[:-1]:
                    holder = holder[key]
                holder[place[-1]] += 0.013 * (1 + abs(holder[place[-1]]))
                tried += 1
                if not differences(scene, changed):
                    missed.append((path.name, place))
    assert tried >= 500
    assert missed == []


SCRIPT = """
import bpy
from math import radians

stage = bpy.data.collections.new("Stage")
bpy.context.scene.collection.children.link(stage)
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
nodes, links = paint.node_tree.nodes, paint.node_tree.links
noise = nodes.new("ShaderNodeTexNoise")
noise.inputs["Scale"].default_value = 12.0
ramp = nodes.new("ShaderNodeValToRGB")
ramp.color_ramp.elements[0].color = (0.2, 0.1, 0, 1)
links.new(noise.outputs[0], ramp.inputs[0])
links.new(ramp.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
bpy.ops.mesh.primitive_cube_add(size=1.5, location=(0, 0, 1))
crate = bpy.context.object
crate.name = "Crate"
crate.data.materials.append(paint)
stage.objects.link(crate)
bpy.context.scene.collection.objects.unlink(crate)
bevel = crate.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.04
for frame, angle in ((1, 0), (40, 90)):
    crate.rotation_euler.z = radians(angle)
    crate.keyframe_insert("rotation_euler", index=2, frame=frame)
spin = crate.driver_add("location", 0).driver
spin.expression = "frame * 0.1"
lamp = bpy.data.lights.new("Key", "AREA")
lamp.energy = 300
light = bpy.data.objects.new("Key", lamp)
light.location = (3, -2, 4)
stage.objects.link(light)
light.parent = crate
track = light.constraints.new("TRACK_TO")
track.target = crate
eye = bpy.data.objects.new("Eye", bpy.data.cameras.new("Eye"))
eye.data.lens = 35
eye.location = (6, -6, 3)
stage.objects.link(eye)
bpy.context.scene.camera = eye
bpy.context.scene.render.resolution_x = 1200
"""
ONLY_FOR_4_5 = "paint.use_nodes = True"
"""Since 5.0 materials have nodes from the start."""


def test_every_dropped_statement_is_noticed() -> None:
    with Blender() as blender:
        whole = blender.run(SCRIPT)
        assert whole.verdict == "passed" and whole.scene is not None
        expected = json.loads(whole.scene)
        body = ast.parse(SCRIPT).body
        missed = []
        for place, statement in enumerate(body):
            if isinstance(statement, ast.Import | ast.ImportFrom) or ast.unparse(statement) == ONLY_FOR_4_5:
                continue
            rest = ast.Module([one for other, one in enumerate(body) if other != place], [])
            run = blender.run(ast.unparse(rest))
            if run.verdict == "passed" and not differences(expected, json.loads(run.scene or b"{}")):
                missed.append(ast.unparse(statement))
    assert len(body) == 38
    assert missed == []
