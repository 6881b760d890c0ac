"""What the open file does when Blender evaluates it: the shapes that objects take, the places of posed bones, the
course of f-curves. Independent of the dump, which only reads settings.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

Array = np.ndarray[Any, Any]

SHAPED = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})
# Directions that no symmetry of a usual shape prefers, and how many places along each are told.
DIRECTIONS = np.array([[0.5773, 0.7071, 0.4103], [-0.8112, 0.3217, 0.4884], [0.1103, -0.6021, 0.7908]])
PLACES = 17
# A shape of so many vertices is told by its counts alone.
MOST_VERTICES = 2_000_000
SAMPLES = 9


def effects() -> dict[str, Any]:
    """`{"shapes": {object: Shape | None}, "poses": {object: {bone: 16 numbers}}, "courses": {action: [[path, index,
    values]…]}}` of the active scene at its first frame; a Shape is `{vertices, edges, faces, along: [PLACES numbers per
    direction]}`.

    `along` holds the order statistics of the world positions along each direction, so that the order of the vertices
    does not matter and no value moves farther than a vertex did.
    """
    layer = bpy.context.view_layer
    scene = bpy.context.scene
    scene.frame_set(scene.frame_start)  # the frame that is shown is state of the interface
    layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shapes: dict[str, Any] = {}
    poses: dict[str, Any] = {}
    for item in layer.objects:
        if item.library is not None:
            continue
        if item.type in SHAPED:
            shapes[item.name] = _shape(item.evaluated_get(graph))
        elif item.type == "ARMATURE" and item.pose is not None:
            posed = item.evaluated_get(graph).pose.bones
            poses[item.name] = {bone.name: [number for row in bone.matrix for number in row] for bone in posed}
    return {"shapes": shapes, "poses": poses, "courses": {one.name: _courses(one) for one in bpy.data.actions}}


def _shape(item: Any) -> dict[str, Any] | None:
    try:
        mesh = item.to_mesh()
    except RuntimeError:  # an object that yields no mesh, such as a member of a family of metaballs
        return None
    if mesh is None:
        return None
    count = len(mesh.vertices)
    told: dict[str, Any] = {"vertices": count, "edges": len(mesh.edges), "faces": len(mesh.polygons), "along": []}
    if 0 < count <= MOST_VERTICES:
        places = np.empty(count * 3, np.float32)
        mesh.vertices.foreach_get("co", places)
        matrix = np.array(item.matrix_world, float)
        world = places.reshape(-1, 3).astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
        ranks = np.linspace(0, count - 1, PLACES).round().astype(int)
        told["along"] = [np.sort(world @ direction)[ranks].round(6).tolist() for direction in DIRECTIONS]
    item.to_mesh_clear()
    return told


def _courses(action: Any) -> list[list[Any]]:
    found: list[list[Any]] = []
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                for curve in bag.fcurves:
                    low, high = curve.range()
                    frames = np.linspace(low - 3.0, high + 3.0, SAMPLES)
                    values = [round(curve.evaluate(frame), 6) for frame in frames.tolist()]
                    found.append([curve.data_path, curve.array_index, values])
    return sorted(found, key=lambda one: (one[0], one[1], one[2]))
