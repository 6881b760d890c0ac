"""Scenes made by hand for the tests of facts."""

from __future__ import annotations

from typing import Any

CUBE = {
    "vertices": 8,
    "edges": 12,
    "faces": 6,
    "bounds": [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]],
    "primitive": {"kind": "CUBE", "args": {}, "scale": [1.0, 1.0, 1.0], "offset": [0.0, 0.0, 0.0]},
}
UNITS = {"BevelModifier.width": "LENGTH", "BevelModifier.angle_limit": "ROTATION", "Object.rotation_euler": "ROTATION"}


def scene(**blocks: dict[str, Any]) -> dict[str, Any]:
    """A Scene of these blocks and an active scene that holds its objects."""
    root = {"type": "Scene", "props": {}, "root": {"objects": sorted(blocks.get("objects", {})), "children": []}}
    return {
        "format": 1,
        "blender": "4.5.15",
        "file_version": "4.5.15",
        "active_scene": "Scene",
        "units": UNITS,
        "opaque": [],
        "blocks": {"objects": {}, "scenes": {"Scene": root}, **blocks},
    }


def cube(**parts: Any) -> dict[str, Any]:
    """A Scene with a cube called "Box"; `parts` go into the object."""
    thing = {
        "type": "Object",
        "kind": "MESH",
        "data": {"$id": ["meshes", "Box"]},
        "props": {},
        "dimensions": [2.0, 2.0, 2.0],
    }
    mesh = {"type": "Mesh", "props": {}, "geometry": CUBE, "uv": [{"name": "UVMap", "data": "primitive"}]}
    return scene(objects={"Box": {**thing, **parts}}, meshes={"Box": mesh})


def bevel(**props: Any) -> dict[str, Any]:
    """A Bevel modifier."""
    return {"type": "BevelModifier", "name": "Bevel", "props": props}


def wood(*, scale: float | None = 5.0, linked: bool = True) -> dict[str, Any]:
    """A Scene with a material "Wood": noise into the base colour of a Principled BSDF."""
    noise: dict[str, Any] = {
        "name": "Noise Texture",
        "type": "ShaderNodeTexNoise",
        "props": {},
        "location": [0, 0],
        "inputs": [],
    }
    if scale is not None:
        noise["inputs"] = [{"socket": "Scale", "label": "Scale", "index": 2, "unique": True, "value": scale}]
    nodes = [
        {"name": "Material Output", "type": "ShaderNodeOutputMaterial", "props": {}, "location": [0, 0]},
        {"name": "Principled BSDF", "type": "ShaderNodeBsdfPrincipled", "props": {}, "location": [0, 0]},
        noise,
    ]
    links = [_link("Principled BSDF", "BSDF", "Material Output", "Surface")]
    if linked:
        links.append(_link("Noise Texture", "Color", "Principled BSDF", "Base Color"))
    tree = {"type": "ShaderNodeTree", "nodes": nodes, "links": links}
    return scene(materials={"Wood": {"type": "Material", "props": {"use_nodes": True}, "tree": tree}})


def _link(source: str, output: str, target: str, given: str) -> dict[str, Any]:
    return {
        "from": {"node": source, "socket": output, "label": output, "index": 0, "unique": True},
        "to": {"node": target, "socket": given, "label": given, "index": 0, "unique": True},
    }
