"""Objects: transforms, parents, modifiers, constraints, poses; and the collections that hold them."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from scene_custom import custom_of
from scene_meshes import told_numbers, vertex_groups
from scene_numbers import clean, nested, shortest
from scene_plans import Props
from scene_values import Struct, Walk

# The transform channels that a rotation mode leaves without effect.
IDLE = {
    "QUATERNION": ("rotation_euler", "rotation_axis_angle", "delta_rotation_euler"),
    "AXIS_ANGLE": ("rotation_euler", "rotation_quaternion"),
}
IDLE_IN_EULER = ("rotation_quaternion", "rotation_axis_angle", "delta_rotation_quaternion")
UPGRADED_SMOOTHING = "Auto Smooth"


def object_block(item: Any, walk: Walk, path: str) -> dict[str, Any]:
    # What is left of an object whose data lies in a library is an empty; `reference` names it.
    kind = item.type if item.data is None or item.data.library is None else "EMPTY"
    result: dict[str, Any] = {"type": "Object", "kind": kind}
    props = walk.changed(item, walk.base(f"Object:{kind}", item), path)
    for name in IDLE.get(item.rotation_mode, IDLE_IN_EULER):
        props.pop(name, None)
    for name in [name for name in props if _without_effect(name, kind, item)]:
        del props[name]
    result["props"] = props
    result["data"] = None if item.data is None else walk.reference(item.data, f"{path}.data")
    parent = parent_of(item, walk, path)
    if parent is not None:
        result["parent"] = parent
    modifiers = [entry for entry in (modifier_of(one, walk, path) for one in item.modifiers) if entry is not None]
    if modifiers:
        result["modifiers"] = modifiers
    constraints = constraints_of(item, walk, path)
    if constraints:
        result["constraints"] = constraints
    slots = slots_of(item, walk, path)
    if slots:
        result["slots"] = slots
    groups = vertex_groups(item, walk, path) if kind in ("MESH", "LATTICE") else []
    if groups:
        result["vertex_groups"] = groups
    pose = pose_of(item, walk, path)
    if pose:
        result["pose"] = pose
    systems = [
        {**walk.struct(system, f'{path}.particle_systems["{system.name}"]'),
         "settings": None if system.settings is None else walk.reference(system.settings, path)}
        for system in item.particle_systems
    ]  # fmt: skip
    if systems:
        result["particle_systems"] = systems
    if len(item.shader_effects):
        walk.lose(f"{path}.shader_effects", "shader effects of grease pencil are not described by the dump")
    if kind not in ("EMPTY", "LIGHT", "CAMERA", "ARMATURE", "SPEAKER", "LIGHT_PROBE", "VOLUME"):
        result["dimensions"] = dimensions(item)
    return result


def _without_effect(name: str, kind: str, item: Any) -> bool:
    """Settings that old files hold for every object though they say nothing about one of this kind."""
    if name == "field":
        return item.field is None or item.field.type == "NONE"
    if name == "collision":
        return item.collision is None or not item.collision.use
    return (name.startswith("empty_") and kind != "EMPTY") or name in ("lock_rotations_4d", "parent_type")


def dimensions(item: Any) -> list[float]:
    """World size before modifiers: the size of the data's box times the world scale."""
    scale = world_matrix(item).to_scale()
    if item.type == "MESH" and len(item.data.vertices):
        positions = np.empty(len(item.data.vertices) * 3, np.float32)
        item.data.vertices.foreach_get("co", positions)
        size = np.ptp(positions.reshape(-1, 3), axis=0).tolist()
    else:
        corners = [corner[:] for corner in item.bound_box]
        size = [max(axis) - min(axis) for axis in zip(*corners, strict=True)]
    return [shortest(round(abs(extent * factor), 6)) for extent, factor in zip(size, scale, strict=True)]


def world_matrix(item: Any) -> Any:
    """The world matrix by the transforms alone: `matrix_world` is stale until Blender evaluates the scene."""
    matrix = item.matrix_basis.copy()
    for _ in range(64):  # deeper parents, or a circle of them, do not matter for a size
        if item.parent is None:
            break
        matrix = item.parent.matrix_basis @ item.matrix_parent_inverse @ matrix
        item = item.parent
    return matrix


def parent_of(item: Any, walk: Walk, path: str) -> dict[str, Any] | None:
    if item.parent is None:
        return None
    if walk.reference(item.parent, f"{path}.parent") is None:
        return None
    result: dict[str, Any] = {"object": item.parent.name, "type": item.parent_type}
    if item.parent_type == "BONE":
        result["bone"] = item.parent_bone
    elif item.parent_type in ("VERTEX", "VERTEX_3"):
        three = list(item.parent_vertices)[: 3 if item.parent_type == "VERTEX_3" else 1]
        result["vertices"] = _told(item.parent, three, walk)
    inverse = nested(item.matrix_parent_inverse)
    if any(abs(inverse[row][column] - (row == column)) > 1e-6 for row in range(4) for column in range(4)):
        result["inverse"] = clean(inverse)
    return result


def slots_of(item: Any, walk: Walk, path: str) -> list[dict[str, Any]]:
    """The material slots, when one of them belongs to the object and not to its data."""
    slots = list(item.material_slots)
    if not any(slot.link == "OBJECT" for slot in slots):
        return []
    return [
        {"link": slot.link,
         "material": None if slot.material is None else walk.reference(slot.material, f"{path}.material_slots")}
        for slot in slots
    ]  # fmt: skip


def modifier_of(modifier: Any, walk: Walk, path: str) -> Struct | None:
    where = f'{path}.modifiers["{modifier.name}"]'
    if modifier.type == "NODES":
        group = modifier.node_group
        if group is not None and group.name.split(".")[0] == UPGRADED_SMOOTHING:
            walk.lose(where, "auto smooth of an older Blender, which the version upgrade turned into nodes")
            return None
    result = walk.struct(modifier, where)
    if modifier.type == "NODES" and modifier.node_group is not None:
        inputs = nodes_inputs(modifier, walk, where)
        if inputs:
            result["inputs"] = inputs
    if modifier.type == "PARTICLE_SYSTEM" and modifier.particle_system is not None:
        result["particle_system"] = modifier.particle_system.name
    if modifier.type in ("SURFACE_DEFORM", "MESH_DEFORM", "LAPLACIANDEFORM", "CORRECTIVE_SMOOTH") and modifier.is_bound:
        walk.lose(where, "bound data of a deformer")
    if modifier.type == "MULTIRES" and modifier.total_levels:
        walk.lose(where, "sculpted levels of a multiresolution modifier")
    if modifier.type == "HOOK" and modifier.vertex_indices:
        result["vertex_indices"] = sorted(_told(modifier.id_data, list(modifier.vertex_indices), walk))
    return result


def _told(item: Any, vertices: list[int], walk: Walk) -> list[int]:
    """The numbers by which vertices of an object's mesh are told; of what is no mesh, their own."""
    if item.type != "MESH" or item.data.library is not None:
        return vertices
    numbers = told_numbers(item.data, walk)
    return [numbers[vertex] for vertex in vertices if vertex < len(numbers)]


def nodes_inputs(modifier: Any, walk: Walk, path: str) -> list[dict[str, Any]]:
    """Inputs of a nodes modifier that differ from the defaults of the group's interface."""
    result = []
    for item in modifier.node_group.interface.items_tree:
        if item.item_type != "SOCKET" or item.in_out != "INPUT":
            continue
        entry: dict[str, Any] = {"identifier": item.identifier, "name": item.name}
        value = _own(modifier, item.identifier)
        if value is None:
            continue
        plain = clean(nested(value)) if hasattr(value, "__len__") and not isinstance(value, str) else value
        if isinstance(value, bpy.types.ID):
            plain = walk.reference(value, f"{path}.{item.identifier}")
        elif isinstance(plain, float):
            plain = shortest(plain)
        if _own(modifier, f"{item.identifier}_use_attribute"):
            entry["attribute"] = _own(modifier, f"{item.identifier}_attribute_name") or ""
        default = getattr(item, "default_value", None)
        if hasattr(default, "__len__") and not isinstance(default, str):
            default = clean(nested(default))
        elif isinstance(default, bpy.types.ID):
            default = walk.reference(default, path)
        elif isinstance(default, float):
            default = shortest(default)
        if item.bl_socket_idname == "NodeSocketMenu" and isinstance(plain, int):
            plain = _menu_name(item, plain)
        if plain == default and "attribute" not in entry:
            continue
        entry["value"] = plain
        result.append(entry)
    return result


def _own(modifier: Any, name: str) -> Any:
    return modifier[name] if name in modifier else None  # noqa: SIM401 - id properties have no usable `get` default on 5.0


def _menu_name(item: Any, number: int) -> Any:
    """Menu inputs are stored as numbers; the interface knows the names only through its own property."""
    names = [entry.identifier for entry in item.bl_rna.properties["default_value"].enum_items]
    return names[number] if 0 <= number < len(names) else number


def constraints_of(owner: Any, walk: Walk, path: str) -> list[Struct]:
    return [walk.struct(one, f'{path}.constraints["{one.name}"]') for one in owner.constraints]


def pose_of(item: Any, walk: Walk, path: str) -> dict[str, Any]:
    """`{bone: {props, constraints?}}` of the bones that are not at rest or that are constrained."""
    if item.pose is None:
        return {}
    result: dict[str, Any] = {}
    for bone in item.pose.bones:
        where = f'{path}.pose.bones["{bone.name}"]'
        props: Props = walk.changed(bone, walk.base("PoseBone", bone), where)
        for name in IDLE.get(bone.rotation_mode, IDLE_IN_EULER):
            props.pop(name, None)
        constraints = constraints_of(bone, walk, where)
        custom = custom_of(bone, walk, where)
        if not props and not constraints and not custom:
            continue
        entry: dict[str, Any] = {"props": props}
        if custom:
            entry["custom"] = custom
        if constraints:
            entry["constraints"] = constraints
        result[bone.name] = entry
    return result


def members(collection: Any) -> dict[str, list[str]]:
    """Names of the objects and child collections that a collection holds, from no library, sorted."""
    return {
        "objects": sorted(item.name for item in collection.objects if item.library is None),
        "children": sorted(item.name for item in collection.children if item.library is None),
    }


def collection_block(collection: Any, walk: Walk, path: str) -> dict[str, Any]:
    return {**walk.struct(collection, path), **members(collection)}
