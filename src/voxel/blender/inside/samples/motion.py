"""Keyframes, f-curve modifiers, constraints, drivers and bones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from .shapes import Vector


def keys(owner: Any, path: str, frames: Mapping[int, Any], index: int = -1, interpolation: str = "") -> None:
    """Keys `path` of `owner` (an object, its data, a bone, …) at each frame; `interpolation` then holds for all."""
    custom = path.endswith('"]')
    parent, _, attribute = path.rpartition("[") if custom else path.rpartition(".")
    target = owner.path_resolve(parent) if parent else owner
    for frame, value in frames.items():
        if custom:
            target[attribute.strip('"]')] = value
        elif index < 0:
            setattr(target, attribute, value)
        else:
            getattr(target, attribute)[index] = value
        owner.keyframe_insert(path, index=index, frame=frame)
    if interpolation:
        for curve in fcurves(owner, path, index):
            for key in curve.keyframe_points:
                key.interpolation = interpolation


def fcurves(owner: Any, path: str, index: int = -1) -> list[Any]:
    """The f-curves of `path`, of all its components or of the one at `index`."""
    holder = owner.id_data
    action, slot = holder.animation_data.action, holder.animation_data.action_slot
    full = path if owner == holder else f"{owner.path_from_id()}.{path}"
    bag = action.layers[0].strips[0].channelbag(slot)
    return [curve for curve in bag.fcurves if curve.data_path == full and index in (-1, curve.array_index)]


def shape_curve(owner: Any, path: str, kind: str, index: int = -1, **settings: Any) -> None:
    """Puts an f-curve modifier (CYCLES, NOISE, …) on the f-curves of `path`."""
    for curve in fcurves(owner, path, index):
        modifier = curve.modifiers.new(kind)
        for key, value in settings.items():
            setattr(modifier, key, value)


def constrain(owner: Any, kind: str, name: str = "", **settings: Any) -> Any:
    """Puts a constraint on an object or pose bone."""
    made = owner.constraints.new(kind)
    if name:
        made.name = name
    for key, value in settings.items():
        setattr(made, key, value)
    return made


def drive(owner: Any, path: str, expression: str, index: int = -1, **variables: tuple[Any, str]) -> Any:
    """Drives `path` by `expression` over variables, each `name=(datablock, data path)`."""
    curve = owner.driver_add(path, index) if index >= 0 else owner.driver_add(path)
    driver = curve.driver
    for name, (block, target_path) in variables.items():
        variable = driver.variables.new()
        variable.name = name
        target = variable.targets[0]
        if target.id_type != block.id_type:
            target.id_type = block.id_type
        target.id = block
        target.data_path = target_path
    driver.expression = expression
    return curve


def armature(
    name: str, bones: Mapping[str, tuple[Vector, Vector, str | None]], at: Vector = (0.0, 0.0, 0.0), **settings: Any
) -> bpy.types.Object:
    """An armature of bones `name: (head, tail, parent)`; a bone that starts at its parent's tail is connected.

    `settings` are properties of the armature data. The object ends in object mode.
    """
    data = bpy.data.armatures.new(name)
    obj = bpy.data.objects.new(name, data)
    obj.location = at
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    for bone_name, (head, tail, parent) in bones.items():
        bone = data.edit_bones.new(bone_name)
        bone.head, bone.tail = head, tail
        if parent is not None:
            bone.parent = data.edit_bones[parent]
            bone.use_connect = (bone.head - bone.parent.tail).length < 1e-5
    bpy.ops.object.mode_set(mode="OBJECT")
    for key, value in settings.items():
        setattr(data, key, value)
    return obj


def hang(obj: bpy.types.Object, rig: bpy.types.Object, bone: str) -> None:
    """Parents the object to a bone and leaves it where it is."""
    bpy.context.view_layer.update()
    kept = obj.matrix_world.copy()
    obj.parent = rig
    obj.parent_type = "BONE"
    obj.parent_bone = bone
    bpy.context.view_layer.update()
    obj.matrix_world = kept


def shape_key(obj: bpy.types.Object, name: str, moved: Mapping[int, Vector], value: float = 0.0) -> Any:
    """A shape key that shifts some vertices by the given offsets; the basis is made where there is none."""
    if obj.data.shape_keys is None:
        obj.shape_key_add(name="Basis", from_mix=False)
    key = obj.shape_key_add(name=name, from_mix=False)
    for index, offset in moved.items():
        point = key.data[index]
        point.co = [c + d for c, d in zip(point.co, offset, strict=True)]
    key.value = value
    return key
