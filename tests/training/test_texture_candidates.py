"""Which materials of a file teach anything, from scenes that Blender made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.training.dataset_builder.render_candidates import render_candidates
from voxel.training.dataset_builder.texture_candidates import texture_candidates
from voxel.training.dataset_builder.variations import variations

STAGE = """import bpy
bpy.ops.mesh.primitive_cube_add()
box = bpy.context.object
box.name = "Box"
for name in ["Velvet", "Ash"]:
    look = bpy.data.materials.new(name)
    look.use_nodes = True
    box.data.materials.append(look)
bpy.data.materials["Velvet"].node_tree.nodes["Principled BSDF"].inputs["Sheen Weight"].default_value = 0.7
ash = bpy.data.materials["Ash"].node_tree
ash.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.9
{more}
world = bpy.data.worlds.new("Evening")
world.use_nodes = True
world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.3
bpy.context.scene.world = world
"""


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as running:
        yield running


def scene(blender: Blender, more: str = "", after: str = "") -> Any:
    return blender.trial(STAGE.format(more=more) + after).scene


def taught(scene: Any) -> set[str]:
    """The materials that an answer makes, or gives to an object."""
    found = [*texture_candidates(scene), *variations(scene)]
    return {
        name
        for one in found
        if one.role == "texture"
        for name in one.after["blocks"].get("materials", {})
        if name not in one.before["blocks"].get("materials", {})
    }


def test_materials_with_a_shader_are_taught(blender: Blender) -> None:
    assert taught(scene(blender)) == {"Ash", "Velvet"}


def test_a_material_whose_output_has_no_input_is_not_taught(blender: Blender) -> None:
    assert taught(scene(blender, "ash.links.clear()")) == {"Velvet"}


def test_a_world_whose_output_has_no_input_is_not_taught(blender: Blender) -> None:
    def worlds(after: str) -> list[str]:
        told = render_candidates(scene(blender, after=after))
        return [one.category for one in told if one.category.startswith("world")]

    assert "world" in worlds("")
    assert worlds("world.node_tree.links.clear()\n") == []
