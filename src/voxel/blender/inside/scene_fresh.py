"""Freshly created instances of everything that a scene holds, and all their values: what a dump is the difference from.

Runs in an empty Blender (factory settings, `use_empty`) and leaves what it made; meant for a throw-away process.
"""

from __future__ import annotations

from typing import Any

import bpy
from scene_nodes import fresh_interfaces, fresh_nodes
from scene_plans import Props
from scene_values import Walk

MADE = "fresh"


def fresh_values() -> dict[str, Any]:
    """`{"structs": {key: values}, "nodes": {tree type: {node type: …}}, "interface": …, "plans": …}`, JSON-able."""
    fresh: dict[str, Any] = {"structs": {}, "plans": {}}
    walk = Walk(fresh)
    structs: dict[str, Props] = fresh["structs"]

    def keep(struct: Any, key: str | None = None) -> None:
        structs[key or struct.bl_rna.identifier] = walk.changed(struct, None, "")

    scene = bpy.context.scene
    keep(scene, "Scene")
    keep(scene.view_layers[0], "ViewLayer")
    second = bpy.data.scenes.new(MADE)
    keep(second, "Scene:new")
    keep(second.view_layers[0], "ViewLayer:new")
    keep(bpy.data.collections.new(MADE))
    keep(bpy.data.materials.new(MADE))
    keep(bpy.data.worlds.new(MADE))
    keep(bpy.data.images.new(MADE, 1024, 1024))
    for light in ("POINT", "SUN", "SPOT", "AREA"):
        keep(bpy.data.lights.new(MADE, light))
    for probe in ("SPHERE", "PLANE", "VOLUME"):
        keep(bpy.data.lightprobes.new(MADE, probe))
    for texture in bpy.types.Texture.bl_rna.properties["type"].enum_items:
        keep(bpy.data.textures.new(MADE, texture.identifier))
    keep(bpy.data.particles.new(MADE))
    keep(bpy.data.linestyles.new(MADE))
    keep(bpy.data.speakers.new(MADE))
    keep(bpy.data.actions.new(MADE))
    keep(bpy.data.volumes.new(MADE))
    keep(bpy.data.hair_curves.new(MADE))
    keep(bpy.data.pointclouds.new(MADE))
    strokes = bpy.data.grease_pencils_v3 if hasattr(bpy.data, "grease_pencils_v3") else bpy.data.grease_pencils
    data = {
        "MESH": bpy.data.meshes.new(MADE),
        "CURVE": bpy.data.curves.new(MADE, "CURVE"),
        "SURFACE": bpy.data.curves.new(MADE, "SURFACE"),
        "FONT": bpy.data.curves.new(MADE, "FONT"),
        "META": bpy.data.metaballs.new(MADE),
        "LATTICE": bpy.data.lattices.new(MADE),
        "ARMATURE": bpy.data.armatures.new(MADE),
        "CAMERA": bpy.data.cameras.new(MADE),
        "LIGHT": bpy.data.lights[0],
        "SPEAKER": bpy.data.speakers[0],
        "LIGHT_PROBE": bpy.data.lightprobes[0],
        "VOLUME": bpy.data.volumes[0],
        "CURVES": bpy.data.hair_curves[0],
        "POINTCLOUD": bpy.data.pointclouds[0],
        "GREASEPENCIL": strokes.new(MADE),
        "EMPTY": None,
    }
    objects = {}
    for kind, block in data.items():
        objects[kind] = made = bpy.data.objects.new(MADE, block)
        keep(made, f"Object:{kind}")
        if block is not None:
            keep(block)
    _modifiers(objects, keep)
    _constraints(objects["MESH"], keep)
    _bones(scene, objects["ARMATURE"], keep)
    _shapes(data, objects["MESH"], keep)
    _physics(scene, objects, keep)
    _animation(objects["EMPTY"], keep)
    fresh["nodes"] = fresh_nodes(walk)
    fresh["interface"] = fresh_interfaces(walk)
    return fresh


def _modifiers(objects: dict[str, Any], keep: Any) -> None:
    for item in bpy.types.Modifier.bl_rna.properties["type"].enum_items:
        for kind in ("MESH", "CURVE", "LATTICE", "GREASEPENCIL"):
            try:
                modifier = objects[kind].modifiers.new(MADE, item.identifier)
            except (TypeError, RuntimeError, ReferenceError):
                continue
            if modifier is not None:
                keep(modifier)
                break
    if objects["MESH"].particle_systems:
        keep(objects["MESH"].particle_systems[0])


def _constraints(owner: Any, keep: Any) -> None:
    for item in bpy.types.Constraint.bl_rna.properties["type"].enum_items:
        try:
            keep(owner.constraints.new(item.identifier))
        except (TypeError, RuntimeError):
            continue


def _bones(scene: Any, rig: Any, keep: Any) -> None:
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("Bone")
    bone.tail = (0.0, 0.0, 1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    keep(rig.data.bones[0])
    keep(rig.pose.bones[0])
    for item in bpy.types.Constraint.bl_rna.properties["type"].enum_items:
        key = f"Bone{item.identifier}"
        try:
            constraint = rig.pose.bones[0].constraints.new(item.identifier)
        except (TypeError, RuntimeError):
            continue
        keep(constraint, f"{constraint.bl_rna.identifier}:{key[:4]}")


def _physics(scene: Any, objects: dict[str, Any], keep: Any) -> None:
    item = objects["MESH"]
    cloth = next(modifier for modifier in item.modifiers if modifier.type == "CLOTH")
    keep(cloth.settings.effector_weights)
    bpy.ops.rigidbody.world_add()
    keep(scene.rigidbody_world)
    plain = bpy.data.objects.new(MADE, bpy.data.meshes.new(MADE))
    empty = objects["EMPTY"]
    for made in (plain, empty):
        scene.collection.objects.link(made)
    bpy.context.view_layer.objects.active = plain
    bpy.ops.rigidbody.object_add()
    keep(plain.rigid_body)
    bpy.context.view_layer.objects.active = empty
    bpy.ops.rigidbody.constraint_add()
    bpy.ops.object.forcefield_toggle()
    keep(empty.rigid_body_constraint)
    if empty.field is not None:
        keep(empty.field)


def _shapes(data: dict[str, Any], mesh_object: Any, keep: Any) -> None:
    for kind in ("POLY", "BEZIER", "NURBS"):
        spline = data["CURVE"].splines.new(kind)
        keep(spline, f"Spline:{kind}")
        points = spline.bezier_points if kind == "BEZIER" else spline.points
        keep(points[0])
    data["FONT"].body = "a"
    keep(data["FONT"].text_boxes[0])
    keep(data["FONT"].body_format[0])
    surface = data["SURFACE"].splines.new("NURBS")
    keep(surface, "Spline:SURFACE")
    for item in bpy.types.MetaElement.bl_rna.properties["type"].enum_items:
        keep(data["META"].elements.new(type=item.identifier), f"MetaElement:{item.identifier}")
    mesh_object.shape_key_add(name="Basis")
    keep(mesh_object.shape_key_add(name="Key"))
    keep(mesh_object.data.shape_keys)


def _animation(owner: Any, keep: Any) -> None:
    owner.keyframe_insert("location", index=0, frame=1)
    animation = owner.animation_data
    keep(animation, "AnimData")
    curve = animation.action.layers[0].strips[0].channelbags[0].fcurves[0]
    keep(curve)
    keep(owner.animation_data.action)
    for item in bpy.types.FModifier.bl_rna.properties["type"].enum_items:
        if item.identifier != "NULL":
            modifier = curve.modifiers.new(item.identifier)
            keep(modifier)
            curve.modifiers.remove(modifier)  # a 'Cycles' modifier must be the first of its stack
    driver = owner.driver_add("scale", 0).driver
    keep(driver)
    variable = driver.variables.new()
    keep(variable)
    keep(variable.targets[0])
    track = animation.nla_tracks.new()
    keep(track)
    keep(track.strips.new(MADE, 1, animation.action))
