"""Things that differ in a few numbers are made in loops, and come back whole."""

from __future__ import annotations

from typing import Any

SHARED = """
import bpy
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.1)
first = bpy.context.object
first.name = "Apple.1"
for number in range(2, 6):
    other = bpy.data.objects.new(f"Apple.{number}", first.data)
    other.location = (number, 0, 0)
    bpy.context.collection.objects.link(other)
"""
POSTS = """
import bpy
for name, x, depth in (("Post.L", -1, 2.0), ("Post.R", 1, 1.5)):
    bpy.ops.mesh.primitive_cylinder_add(vertices=12, radius=0.1, depth=depth, location=(x, 0, depth / 2))
    post = bpy.context.object
    post.name = name
    post.modifiers.new("Bevel", "BEVEL").width = 0.02 * depth
"""
DOMINOES = """
import bpy
for number in range(30):
    bpy.ops.mesh.primitive_cube_add(size=1, location=(number, 0, 0))
    domino = bpy.context.object
    domino.name = f"Domino.{number}"
    domino.scale = (0.1, 0.5, 1)
    for frame, turn in ((1 + number, 0), (10 + number, 1.5)):
        domino.rotation_euler.y = turn
        domino.keyframe_insert("rotation_euler", index=1, frame=frame)
"""


def test_objects_that_share_an_operators_mesh(bench: Any) -> None:
    source = bench.round_trip(SHARED)
    assert source.count("primitive_uv_sphere_add") == 1
    assert "apple = bpy.data.objects.new(name, apple_1.data)\n" in source


def test_two_posts_of_other_lengths(bench: Any) -> None:
    source = bench.round_trip(POSTS)
    assert "for name, location, width, depth in [" in source
    assert "depth=depth, location=location" in source
    assert "    bevel.width = width\n" in source


def test_many_are_made_without_operators_and_move_in_one_loop(bench: Any) -> None:
    source = bench.round_trip(DOMINOES)
    assert "bpy.ops" not in source
    assert "    bmesh.ops.create_cube(bm, size=1, calc_uvs=True)\n" in source
    assert source.count("keyframe_insert") == 1
    assert ".data.name" not in source
