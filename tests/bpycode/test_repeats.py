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
LEGS = """
import bpy
for name, x in (("Leg.1", 1), ("Leg.2", -1)):
    curve = bpy.data.curves.new(name, type="CURVE")
    curve.dimensions = "3D"
    curve.bevel_depth = 0.02
    spline = curve.splines.new("POLY")
    spline.points.add(2)
    for point, co in zip(spline.points, ((x, 0, 0, 1), (x * 0.8, 0, 0.5, 1), (x * 0.2, 0, 1, 1))):
        point.co = co
    bpy.context.collection.objects.link(bpy.data.objects.new(name, curve))
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


def test_curves_that_differ_in_their_points(bench: Any) -> None:
    source = bench.round_trip(LEGS)
    assert "for name, points in [" in source
    assert "    for point, co in zip(spline.points, points):\n        point.co = co\n" in source


def test_many_are_made_without_operators_and_move_in_one_loop(bench: Any) -> None:
    source = bench.round_trip(DOMINOES)
    assert "bpy.ops" not in source
    assert "    bmesh.ops.create_cube(bm, size=1, calc_uvs=True)\n" in source
    assert source.count("keyframe_insert") == 1
    assert ".data.name" not in source


PETALS = """
import bpy
for number in (1, 2, 3):
    texture = bpy.data.textures.new(f"Petals {number}", type="CLOUDS")
    texture.noise_scale = 0.1
    bpy.ops.mesh.primitive_ico_sphere_add(radius=0.3, location=(number, 0, 0))
    blossom = bpy.context.object
    blossom.name = f"Blossom.{number}"
    blossom.modifiers.new("Petals", "DISPLACE").texture = texture
"""
BEADS = """
import bpy
for number in (1, 2, 3):
    for kind in ("Bead", "Arm"):
        thing = bpy.data.objects.new(f"{kind}.{number}", None)
        bpy.context.collection.objects.link(thing)
        for frame in (number, number + 10):
            thing.location.x = frame
            thing.keyframe_insert("location", index=0, frame=frame)
        action, slot = thing.animation_data.action, thing.animation_data.action_slot
        curve = action.layers[0].strips[0].channelbag(slot).fcurves[0]
        for key in curve.keyframe_points:
            key.interpolation = "SINE" if kind == "Bead" else "BACK"
        if kind == "Arm":
            curve.modifiers.new("CYCLES")
"""


def test_alike_textures_and_what_uses_them(bench: Any) -> None:
    source = bench.round_trip(PETALS)
    assert source.count("textures.new") == source.count("primitive_ico_sphere_add") == 1
    assert "    petals.texture = texture\n" in source


def test_things_that_move_alike_in_other_ways_than_at_first(bench: Any) -> None:
    source = bench.round_trip(BEADS)
    assert source.count("keyframe_insert") == source.count('modifiers.new("CYCLES")') == 1
    assert "key.back" not in source, "new keys have that"
