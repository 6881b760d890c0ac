"""What a scene needs to be seen and may lack: a camera that frames it, neutral light, something to look at.

Runs in Blender's Python, in the rendering process.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

SEEN = {"MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES", "POINTCLOUD", "VOLUME", "GREASEPENCIL", "GPENCIL"}
INSTANCES = 20_000
"""So many instances are looked at for the frame."""
MARGIN = 1.08
LENS, SENSOR = 50.0, 36.0
DIRECTION = Vector((0.72, -1.0, 0.62)).normalized()
"""From what is seen to the camera."""
DARK = 0.1
"""A world with less than this does not count as light; a fresh one has 0.05."""
SKY_MAP = 128
"""Pixels across of the map by which light is taken from a world that is looked at. The world's own map may have
thousands, which takes seconds for a picture of moments; what the world looks like does not depend on it.
"""


class Stage(NamedTuple):
    """A scene that is ready to be rendered."""

    scene: Any
    visible: int
    added: list[str]


def set_stage(size: tuple[int, int], material: str, world: str = "") -> Stage:
    """The open file's scene, one with a sphere of `material`, or one with a grey sphere that `world` alone lights.

    Adds what is missing for a picture of this size.
    """
    added: list[str] = []
    if material or world:
        scene = bpy.data.scenes.new("Preview")
        _sphere(scene, bpy.data.materials[material] if material else None)
        scene.world = bpy.data.worlds[world] if world else None
        if world:
            sky = scene.world.cycles
            sky.sampling_method, sky.sample_map_resolution = "MANUAL", SKY_MAP
        bpy.context.window.scene = scene
    else:
        scene = bpy.context.scene
    layer = scene.view_layers[0] if material or world else bpy.context.view_layer
    corners, visible = _visible(layer)
    if not visible:
        _sphere(scene, None)
        added.append("sphere")
        corners, _ = _visible(layer)
    if scene.camera is None and visible:
        scene.camera = next((item for item in scene.objects if item.type == "CAMERA"), None)
    if scene.camera is None or not visible or scene.camera.type != "CAMERA":
        _frame(scene, corners, size)
        added.append("camera")
    if not world and not _lit(scene):
        _light(scene)
        added.append("light")
    return Stage(scene, visible, added)


def _visible(layer: Any) -> tuple[list[Vector], int]:
    """Corners of the bounding boxes of what renders, in the world's axes, and how many things that are."""
    layer.update()
    corners: list[Vector] = []
    count = 0
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        item = instance.object
        owner = (instance.parent if instance.is_instance else item).original
        if item.type not in SEEN or owner.hide_render or item.original.hide_render or not instance.show_self:
            continue
        box = [Vector(corner) for corner in item.bound_box]
        if all(corner == box[0] for corner in box):
            continue
        matrix = instance.matrix_world.copy()
        corners += [matrix @ corner for corner in box]
        count += 1
        if count >= INSTANCES:
            break
    return [corner for corner in corners if all(math.isfinite(value) for value in corner)], count


class _Ball(NamedTuple):
    """The arrays of a sphere: positions (n, 3), the first corner of each face, vertices and UV (c, 2) of corners."""

    positions: np.ndarray[Any, Any]
    starts: np.ndarray[Any, Any]
    corners: np.ndarray[Any, Any]
    uv: np.ndarray[Any, Any]


@cache
def _ball() -> _Ball:
    """A sphere of radius 1; made once, since the operator takes 27 ms for it."""
    mesh = bpy.data.meshes.new("Preview")
    ball = bmesh.new()
    ball.loops.layers.uv.new("UVMap")
    bmesh.ops.create_uvsphere(ball, u_segments=48, v_segments=24, radius=1.0, calc_uvs=True)
    ball.to_mesh(mesh)
    ball.free()
    positions = np.empty((len(mesh.vertices), 3), np.float32)
    starts = np.empty(len(mesh.polygons), np.int32)
    corners = np.empty(len(mesh.loops), np.int32)
    uv = np.empty((len(mesh.loops), 2), np.float32)
    mesh.vertices.foreach_get("co", positions.ravel())
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.uv_layers[0].uv.foreach_get("vector", uv.ravel())
    bpy.data.meshes.remove(mesh)
    return _Ball(positions, starts, corners, uv)


def _sphere(scene: Any, material: Any) -> None:
    ball, mesh = _ball(), bpy.data.meshes.new("Preview")
    mesh.vertices.add(len(ball.positions))
    mesh.loops.add(len(ball.corners))
    mesh.polygons.add(len(ball.starts))
    mesh.vertices.foreach_set("co", ball.positions.ravel())
    mesh.polygons.foreach_set("loop_start", ball.starts)
    mesh.loops.foreach_set("vertex_index", ball.corners)
    mesh.update(calc_edges=True)
    mesh.uv_layers.new(name="UVMap").uv.foreach_set("vector", ball.uv.ravel())
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new("Preview", mesh))


def _frame(scene: Any, corners: Iterable[Vector], size: tuple[int, int]) -> None:
    """A camera from the front, right and above, as near as all corners allow."""
    seen = list(corners) or [Vector((0.0, 0.0, 0.0))]
    low = Vector([min(corner[axis] for corner in seen) for axis in range(3)])
    high = Vector([max(corner[axis] for corner in seen) for axis in range(3)])
    middle = (low + high) / 2
    turn = DIRECTION.to_track_quat("Z", "Y")
    right, up = turn @ Vector((1, 0, 0)), turn @ Vector((0, 1, 0))
    half = SENSOR / 2 / LENS
    across, upwards = half * min(1.0, size[0] / size[1]), half * min(1.0, size[1] / size[0])
    distance = 1e-3
    for corner in seen:
        way = corner - middle
        reach = max(abs(way.dot(right)) / across, abs(way.dot(up)) / upwards)
        distance = max(distance, reach * MARGIN + way.dot(DIRECTION))
    data = bpy.data.cameras.new("Preview")
    data.lens, data.sensor_width = LENS, SENSOR
    data.clip_start, data.clip_end = distance / 1000, distance * 10
    camera = bpy.data.objects.new("Preview", data)
    scene.collection.objects.link(camera)
    camera.matrix_world = Matrix.LocRotScale(middle + DIRECTION * distance, turn, None)
    scene.camera = camera


def _lit(scene: Any) -> bool:
    if any(item.type == "LIGHT" and not item.hide_render for item in scene.objects):
        return True
    world = scene.world
    if world is None:
        return False
    tree = world.node_tree if world.use_nodes else None
    if tree is None:
        return bool(max(world.color) > DARK)
    for node in tree.nodes:
        if node.bl_idname == "ShaderNodeBackground":
            color, strength = node.inputs["Color"], node.inputs["Strength"]
            shade = 1.0 if color.is_linked else max(color.default_value[:3])
            if shade * (1.0 if strength.is_linked else strength.default_value) > DARK:
                return True
    return False


def _light(scene: Any) -> None:
    """A sun over the left shoulder of whoever looks from the front, and a soft grey all around."""
    data = bpy.data.lights.new("Preview", "SUN")
    data.energy, data.angle = 2.5, math.radians(10)
    sun = bpy.data.objects.new("Preview light", data)
    sun.rotation_euler = (math.radians(40), math.radians(-10), math.radians(-25))
    scene.collection.objects.link(sun)
    world = bpy.data.worlds.new("Preview")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.4, 0.4, 0.4, 1.0)
    background.inputs["Strength"].default_value = 0.6
    scene.world = world
