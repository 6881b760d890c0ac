"""Scripts written from a Scene of 4.5, run by 5.0: they mean what 5.0 makes of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxel.blender import Blender
from voxel.bpycode import write
from voxel.facts import differences

SOURCES = {
    "no_nodes": """
import bpy
for name, color in (("Red", (0.8, 0.1, 0.1, 1)), ("Green", (0.1, 0.7, 0.2, 1)), ("Blue", (0.1, 0.2, 0.9, 1))):
    material = bpy.data.materials.new(name)
    material.diffuse_color = color
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.data.materials.append(material)
world = bpy.data.worlds.new("Dusk")
world.color = (0.1, 0.2, 0.3)
bpy.context.scene.world = world
""",
    "sky": """
import bpy
world = bpy.data.worlds.new("Sky")
world.use_nodes = True
sky = world.node_tree.nodes.new("ShaderNodeTexSky")
world.node_tree.links.new(sky.outputs["Color"], world.node_tree.nodes["Background"].inputs["Color"])
bpy.context.scene.world = world
""",
    "menus": """
import bpy
tree = bpy.data.node_groups.new("Line", "GeometryNodeTree")
tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
start, end = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
resample = tree.nodes.new("GeometryNodeResampleCurve")
resample.mode = "LENGTH"
tree.links.new(start.outputs[0], resample.inputs["Curve"])
tree.links.new(resample.outputs["Curve"], end.inputs[0])
tree.use_fake_user = True
""",
    "compositor": """
import bpy
scene = bpy.context.scene
scene.use_nodes = True
nodes, links = scene.node_tree.nodes, scene.node_tree.links
nodes.clear()
layers, composite = nodes.new("CompositorNodeRLayers"), nodes.new("CompositorNodeComposite")
glare = nodes.new("CompositorNodeGlare")
glare.glare_type = "FOG_GLOW"
glare.inputs["Threshold"].default_value = 0.25
links.new(layers.outputs["Image"], glare.inputs["Image"])
links.new(glare.outputs["Image"], composite.inputs["Image"])
""",
}
UPGRADES = (".interface",)
"""What only the upgrade of a file makes: 5.0 gives the group of a compositor an input that nothing uses."""


@pytest.fixture(scope="module")
def newer() -> Iterator[Blender]:
    with Blender("5.0") as running:
        yield running


def scene_of(payload: bytes | None) -> dict[str, Any]:
    assert payload is not None
    scene: dict[str, Any] = msgspec.json.decode(payload)
    return scene


@pytest.mark.parametrize("name", SOURCES)
def test_a_script_of_4_5_means_in_5_0_what_that_makes_of_the_file(
    blender: Blender, newer: Blender, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "made.blend"
    file.write_bytes(blender.make(SOURCES[name]))
    source = write(scene_of(blender.load(file)))
    run = newer.run(source)
    assert run.verdict == "passed", (run.errors, source)
    found = [str(item) for item in differences(scene_of(newer.load(file)), scene_of(run.scene))]
    assert [item for item in found if not any(part in item for part in UPGRADES)] == [], source
    again = blender.run(source)
    assert again.verdict == "passed"
    assert differences(scene_of(blender.load(file)), scene_of(again.scene)) == []


def test_alike_materials_without_nodes_are_made_in_a_loop(blender: Blender) -> None:
    run = blender.run(SOURCES["no_nodes"])
    source = write(scene_of(run.scene))
    assert 'for name, diffuse_color in [\n    ("Blue", (0.1, 0.2, 0.9, 1)),' in source
    assert source.count("bpy.data.materials.new(") == 1


def test_a_turned_primitive_is_made_by_its_operator(blender: Blender) -> None:
    made = """
from math import radians
import bpy
from mathutils import Euler, Matrix
bpy.ops.mesh.primitive_monkey_add()
bpy.context.object.data.transform(Matrix.Rotation(radians(-90), 4, "X"))
bpy.ops.mesh.primitive_cylinder_add(vertices=12)
turn = Euler((radians(20), radians(30), radians(40)))
bpy.context.object.data.transform(Matrix.LocRotScale((1, 2, 3), turn, (1, 1, 4)))
"""
    scene = scene_of(blender.run(made).scene)
    shapes = {name: mesh["geometry"]["primitive"] for name, mesh in scene["blocks"]["meshes"].items()}
    assert shapes["Suzanne"]["rotation"] == pytest.approx([-1.570796, 0, 0], abs=1e-5)
    assert shapes["Cylinder"] == {
        "kind": "CYLINDER",
        "args": {"vertices": 12, "depth": 8.0},
        "scale": [1.0, 1.0, 1.0],
        "rotation": pytest.approx([0.349066, 0.523599, 0.698132], abs=1e-5),
        "offset": pytest.approx([1, 2, 3], abs=1e-5),
    }
    source = write(scene)
    assert 'suzanne.data.transform(Matrix.Rotation(radians(-90), 4, "X"))' in source
    assert differences(scene, scene_of(blender.run(source).scene)) == []
