"""A scene as the work of several roles: their scripts in order make it, and each keeps to its own part."""

from __future__ import annotations

from typing import Any

import pytest

from voxel.bpycode import ROLE_ORDER, stages_of, write_roles
from voxel.facts.compare import differences

SOURCE = """
import bpy
red = bpy.data.materials.new("Red")
red.use_nodes = True
red.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.3
bpy.ops.mesh.primitive_cube_add(location=(0, 0, 1))
box = bpy.context.object
box.name = "Box"
box.data.materials.append(red)
box.modifiers.new("Bevel", "BEVEL").width = 0.05
bpy.ops.object.camera_add(location=(7, -7, 5))
camera = bpy.context.object
bpy.context.scene.camera = camera
track = camera.constraints.new("TRACK_TO")
track.target = box
bpy.ops.object.light_add(type="SUN", location=(0, 0, 5))
bpy.context.scene.world = bpy.data.worlds.new("Sky")
bpy.context.scene.cycles.samples = 64
for frame, height in ((1, 1), (20, 3)):
    box.location.z = height
    box.keyframe_insert("location", index=2, frame=frame)
"""


def test_the_scripts_of_all_roles_make_the_scene(bench: Any) -> None:
    scene = bench.scene(SOURCE)
    written = write_roles(scene, "animation")
    assert [one.skipped for one in written] == [()] * 4
    for number, role in enumerate(ROLE_ORDER):
        made = bench.scene(*[one.source for one in written[: number + 1]])
        assert [str(item) for item in differences(stages_of(scene, role)[-1], made)] == [], role
    builder, texture, render, animation = [one.source for one in written]
    assert 'modifiers.new("Bevel", "BEVEL")' in builder
    assert "materials" not in builder
    assert "bpy.data.objects" not in builder
    assert 'bpy.data.materials.new("Red")' in texture
    assert texture.endswith('\n\n# Objects\nbpy.data.objects["Box"].data.materials.append(red)\n')
    assert 'bpy.data.cameras.new("Camera")' in render
    assert "samples = 64" in render
    assert 'constraints.new("TRACK_TO")' in animation
    assert 'keyframe_insert("location", index=2, frame=frame)' in animation


def test_a_role_that_is_not_there_is_refused(bench: Any) -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        write_roles(bench.scene("import bpy\n"), "concept")
