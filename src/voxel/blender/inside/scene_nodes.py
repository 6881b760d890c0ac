"""Node trees: nodes, the values of their sockets, links, and the interface of groups."""

from __future__ import annotations

from typing import Any

import bpy
from scene_numbers import clean, nested
from scene_plans import Props
from scene_rules import words
from scene_values import Struct, Walk

# Since 5.0 trees of all kinds share many nodes: functions, menus, zones.
SHARED = ("GeometryNode", "FunctionNode", "ShaderNode") if bpy.app.version >= (5, 0, 0) else ()
# Each kind of tree, and how the names of the nodes that it may hold begin.
TREE_TYPES = {
    "ShaderNodeTree": ("ShaderNode", "Node", *SHARED),
    "GeometryNodeTree": ("GeometryNode", "FunctionNode", "ShaderNode", "Node"),
    "CompositorNodeTree": ("CompositorNode", "Node", *SHARED),
    "TextureNodeTree": ("TextureNode", "Node"),
}
# Classes that other nodes derive from; making one is an error or a crash.
ABSTRACT = words(
    """
    Node NodeInternal NodeCustomGroup NodeGroup ShaderNode GeometryNode FunctionNode CompositorNode TextureNode
    ShaderNodeCustomGroup GeometryNodeCustomGroup CompositorNodeCustomGroup
    """
)
# Nodes whose output's value is what the node is there for.
VALUE_NODES = words(
    """
    ShaderNodeValue ShaderNodeRGB ShaderNodeNormal CompositorNodeValue CompositorNodeRGB CompositorNodeNormal
    """
)
# Collections of a node that are not made by code one item at a time.
NO_ITEMS = frozenset({"inputs", "outputs", "internal_links", "panels"})
ZONE_PAIRS = "paired_output"


def socket_value(socket: Any, walk: Walk, path: str) -> Any:
    """The value of a socket as JSON; None when it has none."""
    value = getattr(socket, "default_value", None)
    if value is None:
        return None
    if isinstance(value, bpy.types.ID):
        return walk.reference(value, path)
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return clean(value)
    if hasattr(value, "__len__"):
        return clean(nested(value))
    walk.lose(path, f"the value of a {socket.bl_rna.identifier} is not described by the dump")
    return None


def item_collections(node: Any) -> list[str]:
    """The names of the collections of a node that define its sockets (zone, capture, enum, file slot … items)."""
    return [
        prop.identifier
        for prop in node.bl_rna.properties
        if prop.type == "COLLECTION" and prop.identifier not in NO_ITEMS and not prop.identifier.startswith("bl_")
    ]


def items_of(node: Any, walk: Walk, path: str) -> dict[str, list[Struct]]:
    return {
        name: [walk.whole(item, f"{path}.{name}", 1) for item in getattr(node, name)]
        for name in _item_names(node, walk)
    }


def _item_names(node: Any, walk: Walk) -> list[str]:
    known: dict[str, list[str]] = walk.fresh.setdefault("item_collections", {})
    kind = node.bl_idname
    if kind not in known:
        known[kind] = item_collections(node)
    return known[kind]


def fresh_nodes(walk: Walk) -> dict[str, dict[str, Any]]:
    """`{tree type: {bl_idname: {props, inputs: {identifier: value}, outputs, items, width}}}` of all nodes."""
    result: dict[str, dict[str, Any]] = {}
    classes = [getattr(bpy.types, name) for name in dir(bpy.types)]
    idnames = [kind.bl_rna.identifier for kind in classes if _is_node(kind)]
    for tree_type, beginnings in TREE_TYPES.items():
        tree = _fresh_tree(tree_type)
        made: dict[str, Any] = {}
        for idname in idnames:
            if idname in ABSTRACT or not idname.startswith(beginnings):
                continue
            try:
                node = tree.nodes.new(idname)
            except RuntimeError:  # a node that this kind of tree does not hold
                continue
            made[idname] = {
                "props": walk.changed(node, None, ""),
                "inputs": {socket.identifier: socket_value(socket, walk, "") for socket in node.inputs},
                "outputs": {socket.identifier: socket_value(socket, walk, "") for socket in node.outputs},
                "items": items_of(node, walk, ""),
                "width": node.width,
            }
        result[tree_type] = made
    return result


def _fresh_tree(tree_type: str) -> Any:
    scene = bpy.context.scene
    if tree_type == "CompositorNodeTree" and hasattr(scene, "node_tree"):  # until 4.5 some nodes live in scenes only
        scene.use_nodes = True
        return scene.node_tree
    return bpy.data.node_groups.new("fresh", tree_type)


def _is_node(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, bpy.types.Node)


def fresh_interfaces(walk: Walk) -> dict[str, dict[str, Any]]:
    """`{tree type: {socket type: values}}` of fresh interface sockets, "PANEL" among them."""
    result: dict[str, dict[str, Any]] = {}
    kinds = [getattr(bpy.types, name).bl_rna.identifier for name in dir(bpy.types) if name.startswith("NodeSocket")]
    for tree_type in TREE_TYPES:
        tree = bpy.data.node_groups.new("fresh", tree_type)
        made: dict[str, Any] = {"PANEL": walk.changed(tree.interface.new_panel("fresh"), None, "")}
        for kind in kinds:
            for direction in ("INPUT", "OUTPUT"):
                try:
                    socket = tree.interface.new_socket("fresh", in_out=direction, socket_type=kind)
                except (TypeError, RuntimeError):
                    continue
                made[f"{kind}:{direction}"] = walk.changed(socket, None, "")
        result[tree_type] = made
    return result


def tree_of(tree: Any, walk: Walk, path: str) -> dict[str, Any]:
    """A Tree: `{type, interface?, nodes, links, props?}`."""
    result: dict[str, Any] = {"type": tree.bl_idname}
    if not tree.is_embedded_data:
        interface = interface_of(tree, walk, path)
        if interface:
            result["interface"] = interface
    fresh = walk.fresh["nodes"][tree.bl_idname]
    linked = {link.to_socket.as_pointer() for link in tree.links}
    nodes = []
    ends: dict[int, dict[str, Any]] = {}
    for node in tree.nodes:
        where = f'{path}.nodes["{node.name}"]'
        if node.bl_idname not in fresh:
            walk.lose(where, f"a {node.bl_idname} node, which this Blender does not know" if _undefined(node) else
                      f"a {node.bl_idname} node of an add-on")  # fmt: skip
            continue
        group = getattr(node, "node_tree", None)
        if group is not None and group.library is not None:
            walk.lose(where, "a group from a library")
            continue
        for side in (node.inputs, node.outputs):
            names = [socket.name for socket in side if socket.enabled]
            for index, socket in enumerate(side):
                ends[socket.as_pointer()] = {
                    "node": node.name, "socket": socket.identifier, "label": socket.name, "index": index,
                    "unique": socket.enabled and names.count(socket.name) == 1,
                }  # fmt: skip
        nodes.append(node_of(node, walk, where, fresh[node.bl_idname], linked, ends))
    result["nodes"] = nodes
    result["links"] = links_of(tree, ends)
    return result


def _undefined(node: Any) -> bool:
    return node.bl_idname in ("NodeUndefined", "") or node.bl_rna.identifier == "NodeUndefined"


def links_of(tree: Any, ends: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """Links between nodes that are in the dump; those into one multi-input socket in their order there."""
    found: list[tuple[Any, dict[str, Any]]] = []
    shared: dict[int, list[int]] = {}
    for link in tree.links:
        start, end = ends.get(link.from_socket.as_pointer()), ends.get(link.to_socket.as_pointer())
        if start is None or end is None or not _there(link.from_socket):
            continue
        if link.to_socket.is_multi_input:
            shared.setdefault(link.to_socket.as_pointer(), []).append(len(found))
        item = {"from": start, "to": end}
        found.append((link, {**item, "muted": True} if link.is_muted else item))
    ordered = [item for _, item in found]
    for places in shared.values():
        sources = sorted(places, key=lambda place: found[place][0].multi_input_sort_id)
        for place, source in zip(places, sources, strict=True):
            ordered[place] = found[source][1]
    return ordered


def _there(socket: Any) -> bool:
    """False for a pass of render layers that is not rendered: its output is there until the file is saved anew."""
    return bool(socket.enabled or socket.node.bl_idname != "CompositorNodeRLayers")


def node_of(
    node: Any, walk: Walk, path: str, fresh: dict[str, Any], linked: set[int], ends: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    result: dict[str, Any] = {"type": node.bl_idname, "name": node.name}
    result["props"] = walk.changed(node, fresh["props"], path)
    result["props"].pop(ZONE_PAIRS, None)
    if node.label:
        result["label"] = node.label
    result["location"] = clean(nested(node.location))
    if abs(node.width - fresh["width"]) > 1e-3:
        result["width"] = clean(node.width)
    if node.parent is not None:
        result["parent"] = node.parent.name
    tree = getattr(node, "node_tree", None)
    inputs, outputs = fresh["inputs"], fresh["outputs"]
    if tree is not None:
        target = walk.reference(tree, f"{path}.node_tree")
        if target is not None:
            result["tree"] = target
        inputs, outputs = group_defaults(tree, walk), {}
    paired = getattr(node, ZONE_PAIRS, None)
    if paired is not None:
        result["paired"] = paired.name
    items = items_of(node, walk, path)
    different = {name: value for name, value in items.items() if value != fresh["items"].get(name, [])}
    if different:
        result["items"] = different
        for name in different:
            result["props"].pop(name, None)
    values = inputs_of(node.inputs, inputs, walk, path, linked, ends)
    if node.bl_idname == "ShaderNodeBsdfPrincipled":
        values = without_dark_emission(values)
    if values:
        result["inputs"] = values
    if node.bl_idname in VALUE_NODES:
        values = inputs_of(node.outputs, outputs, walk, path, set(), ends)
        if values:
            result["outputs"] = values
    return result


def without_dark_emission(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sockets of a Principled BSDF; black light of any strength, which old files hold, is none and not told."""
    dark = any(item["label"] == "Emission Color" and item["value"][:3] == [0.0, 0.0, 0.0] for item in values)
    return [item for item in values if not (dark and item["label"] in ("Emission Color", "Emission Strength"))]


def inputs_of(
    sockets: Any, fresh: Props, walk: Walk, path: str, linked: set[int], ends: dict[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The values of unlinked, usable sockets that differ from those of a fresh node (or of the group's interface)."""
    values = []
    for socket in sockets:
        pointer = socket.as_pointer()
        if not socket.enabled or pointer in linked or getattr(socket, "default_value", None) is None:
            continue
        end = ends[pointer]
        value = socket_value(socket, walk, f"{path}.inputs[{end['index']}]")
        before = fresh.get(socket.identifier)
        if value is None or value == (_nothing(value) if before is None else before):
            continue
        values.append(
            {"socket": end["socket"], "label": end["label"], "index": end["index"], "unique": end["unique"],
             "socket_type": socket.bl_idname, "value": value}
        )  # fmt: skip
    return values


def _nothing(value: Any) -> Any:
    """What a socket of an item that was added by hand holds: zeros."""
    if isinstance(value, list):
        return [0.0] * len(value)
    return type(value)() if isinstance(value, (bool, int, float, str)) else None


def group_defaults(tree: Any, walk: Walk) -> Props:
    """What the inputs of a fresh group node hold: the defaults of the group's interface, by identifier."""
    defaults: Props = {}
    for item in tree.interface.items_tree:
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and getattr(item, "default_value", None) is not None:
            value = item.default_value
            if isinstance(value, bpy.types.ID):
                defaults[item.identifier] = walk.reference(value, "interface")
            else:
                defaults[item.identifier] = clean(nested(value)) if _is_array(value) else clean(value)
    return defaults


def _is_array(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def interface_of(tree: Any, walk: Walk, path: str) -> list[dict[str, Any]]:
    fresh = walk.fresh["interface"].get(tree.bl_idname, {})
    result = []
    for item in tree.interface.items_tree:
        where = f'{path}.interface.items_tree["{item.name}"]'
        entry: dict[str, Any] = {"item": item.item_type, "name": item.name}
        if item.item_type == "SOCKET":
            entry["in_out"] = item.in_out
            entry["socket_type"] = item.socket_type  # without what its subtype and dimensions say
            entry["identifier"] = item.identifier
            base = fresh.get(f"{item.socket_type}:{item.in_out}")
        else:
            base = fresh.get("PANEL")
        if item.parent is not None and item.parent.index >= 0:
            entry["parent"] = item.parent.name
        entry["type"] = item.bl_rna.identifier
        entry["props"] = walk.changed(item, walk.defaults(item) if base is None else base, where)
        result.append(entry)
    return result
