"""The API of the Blender that runs this, by introspection; runs in Blender.

`answer()` gives plain data, see `voxel.blender.schema.Schema`.
"""

from __future__ import annotations

import importlib
from typing import Any

import bpy

TREES = ("ShaderNodeTree", "GeometryNodeTree", "CompositorNodeTree", "TextureNodeTree")
MODULES = (
    "bpy", "bpy.app", "bpy.app.handlers", "bpy.app.timers", "bpy.msgbus", "bpy.path", "bpy.props", "bpy.utils",
    "bpy.utils.units", "bpy_extras", "bpy_extras.anim_utils", "bpy_extras.image_utils", "bpy_extras.io_utils",
    "bpy_extras.mesh_utils", "bpy_extras.object_utils", "bpy_extras.view3d_utils", "bmesh", "bmesh.geometry",
    "bmesh.ops",
    "bmesh.types", "bmesh.utils", "mathutils", "mathutils.bvhtree", "mathutils.geometry", "mathutils.interpolate",
    "mathutils.kdtree", "mathutils.noise", "gpu", "gpu.state", "gpu.shader", "idprop.types",
)  # fmt: skip
CLASSES = ("mathutils.Vector", "mathutils.Matrix", "mathutils.Quaternion", "mathutils.Euler", "mathutils.Color",
           "bmesh.types.BMesh", "bmesh.types.BMVert", "bmesh.types.BMEdge", "bmesh.types.BMFace", "bmesh.types.BMLoop",
           "bmesh.types.BMVertSeq", "bmesh.types.BMEdgeSeq", "bmesh.types.BMFaceSeq",
           "bmesh.types.BMLayerCollection", "bmesh.types.BMLayerAccessLoop", "bmesh.types.BMLayerAccessVert",
           "bmesh.types.BMLayerAccessEdge", "bmesh.types.BMLayerAccessFace")  # fmt: skip


def _default(prop: Any) -> Any:
    if prop.type in {"POINTER", "COLLECTION"}:
        return None
    if getattr(prop, "is_array", False):
        return [_plain(item) for item in prop.default_array]
    if prop.type == "ENUM" and prop.is_enum_flag:
        return sorted(prop.default_flag)
    return _plain(prop.default)


def _plain(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _property(prop: Any) -> dict[str, Any]:
    """`t` type, `d` default, `e` enum items, `of` the type pointed to, `ro` read-only, `n` array length."""
    out: dict[str, Any] = {"t": prop.type}
    default = _default(prop)
    if default is not None:
        out["d"] = default
    if prop.type == "ENUM":
        items = [item.identifier for item in prop.enum_items_static]
        if items:
            out["e"] = items
    if prop.type in {"POINTER", "COLLECTION"} and prop.fixed_type is not None:
        out["of"] = prop.fixed_type.identifier
    if prop.type == "COLLECTION" and prop.srna is not None:
        out["as"] = prop.srna.identifier
    if prop.is_readonly:
        out["ro"] = True
    if getattr(prop, "array_length", 0):
        out["n"] = prop.array_length
    return out


def _parameters(function: Any) -> dict[str, dict[str, Any]]:
    return {p.identifier: _property(p) for p in function.parameters if not p.is_output}


def _types() -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in dir(bpy.types):
        rna = getattr(getattr(bpy.types, name), "bl_rna", None)
        if rna is None or "_OT_" in name or "_PT_" in name or "_MT_" in name or "_HT_" in name or "_UL_" in name:
            continue
        base = rna.base
        inherited = set(base.properties.keys()) if base else set()
        inherited_functions = set(base.functions.keys()) if base else set()
        python = [m for m in vars(getattr(bpy.types, name)) if not m.startswith("_") and m != "bl_rna"]
        out[rna.identifier] = {
            "base": base.identifier if base else "",
            "p": {p.identifier: _property(p) for p in rna.properties if p.identifier not in inherited | {"rna_type"}},
            "f": {f.identifier: _parameters(f) for f in rna.functions if f.identifier not in inherited_functions},
            "m": sorted(python),
        }
    return out


def _operators() -> dict[str, Any]:
    out: dict[str, Any] = {}
    for module in dir(bpy.ops):
        for name in dir(getattr(bpy.ops, module)):
            rna = getattr(getattr(bpy.ops, module), name).get_rna_type()
            skip = {"rna_type"}
            out[f"{module}.{name}"] = {p.identifier: _property(p) for p in rna.properties if p.identifier not in skip}
    return out


def _socket(socket: Any) -> list[Any]:
    default: Any = getattr(socket, "default_value", None)
    if hasattr(default, "__len__") and not isinstance(default, str):
        default = [_plain(item) for item in default]
    elif not isinstance(default, int | float | str | bool | None):
        default = None
    return [socket.name, socket.identifier, socket.bl_idname, _plain(default), bool(socket.enabled)]


def _nodes() -> dict[str, Any]:
    out: dict[str, Any] = {}
    trees = [bpy.data.node_groups.new(kind, kind) for kind in TREES]
    names = [name for name in dir(bpy.types) if "Node" in name and hasattr(getattr(bpy.types, name), "bl_rna")]
    base = set(bpy.types.Node.bl_rna.properties.keys())
    for name in names:
        if not issubclass(getattr(bpy.types, name), bpy.types.Node):
            continue
        for kind, tree in zip(TREES, trees, strict=True):
            try:
                node = tree.nodes.new(name)
            except RuntimeError:
                continue
            out.setdefault(
                name,
                {
                    "label": node.bl_label,
                    "trees": [],
                    "in": [_socket(item) for item in node.inputs],
                    "out": [_socket(item) for item in node.outputs],
                    "settings": [p.identifier for p in node.bl_rna.properties if p.identifier not in base],
                },
            )["trees"].append(kind)
    return out


def _modules() -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        out[name] = sorted(item for item in dir(module) if not item.startswith("_"))
    for name in CLASSES:
        module_name, _, member = name.rpartition(".")
        owner = getattr(importlib.import_module(module_name), member, None)
        if owner is not None:
            out[name] = sorted(item for item in dir(owner) if not item.startswith("_"))
    return out


def _items(struct: str) -> dict[str, str]:
    """Type word, such as SUBSURF, to the name a person reads."""
    return {item.identifier: item.name for item in getattr(bpy.types, struct).bl_rna.properties["type"].enum_items}


def answer() -> dict[str, Any]:
    """The whole schema."""
    return {
        "version": ".".join(str(part) for part in bpy.app.version),
        "operators": _operators(),
        "types": _types(),
        "nodes": _nodes(),
        "modules": _modules(),
        "modifiers": _items("Modifier"),
        "constraints": _items("Constraint"),
        "context": sorted(dir(bpy.context)),
    }
