"""Node trees in a few lines: `add` makes a node, sets its properties and sockets, and links what is given as a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

Color = tuple[float, float, float, float]
Stop = tuple[float, Color]
Inputs = Mapping[Any, Any]


def rgb(code: str, alpha: float = 1.0) -> Color:
    """`"#C8A27B"` as scene-linear RGBA, rounded to four digits."""
    channels = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (round(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4, 4) for c in channels)
    return (red, green, blue, alpha)


def socket(sockets: Any, name: str | int) -> Any:
    """The enabled socket of that name, or the one at that index among the enabled ones.

    `Fac` and `Factor` are one name here: Blender 5.0 renamed many of them.
    """
    enabled = [each for each in sockets if each.enabled]
    if isinstance(name, int):
        return enabled[name]
    names = {"Fac", "Factor"} if name in ("Fac", "Factor") else {name}
    for each in enabled:
        if each.name in names:
            return each
    raise KeyError(f"{name} is none of {[each.name for each in enabled]}")


def out(node: bpy.types.Node, name: str | int) -> Any:
    """An output socket, to be given to `add` where the node's first output is not the one that is meant."""
    return socket(node.outputs, name)


def add(tree: bpy.types.NodeTree, kind: str, inputs: Inputs | None = None, /, **properties: Any) -> bpy.types.Node:
    """A new node of type `kind` in `tree`.

    `properties` are set first, since they decide which sockets there are; a mode that Blender 5.0 keeps in a menu
    socket is set there. An input that is a node or an output socket is linked, anything else is the socket's value.
    """
    node = tree.nodes.new(kind)
    for name, value in properties.items():
        if name in node.bl_rna.properties:
            setattr(node, name, value)
        else:
            socket(node.inputs, name.title()).default_value = value.title()
    for key, value in (inputs or {}).items():
        target = socket(node.inputs, key)
        if isinstance(value, bpy.types.Node):
            tree.links.new(out(value, 0), target)
        elif isinstance(value, bpy.types.NodeSocket):
            tree.links.new(value, target)
        else:
            target.default_value = value
    return node


def ramp(tree: bpy.types.NodeTree, fac: Any, *stops: Stop, interpolation: str = "LINEAR") -> bpy.types.Node:
    """A Color Ramp over `fac` with two or more stops, in rising order of position."""
    node = add(tree, "ShaderNodeValToRGB", {"Fac": fac})
    bands = node.color_ramp
    bands.interpolation = interpolation
    while len(bands.elements) < len(stops):
        bands.elements.new(0.5)
    for element, (position, color) in zip(bands.elements, stops, strict=True):
        element.position = position
        element.color = color
    return node


def _cleared(owner: Any) -> bpy.types.NodeTree:
    if bpy.app.version < (5, 0):
        owner.use_nodes = True
    owner.node_tree.nodes.clear()
    return owner.node_tree


def material(name: str, **settings: Any) -> tuple[bpy.types.Material, bpy.types.NodeTree]:
    """A material with an empty node tree; `settings` are properties of the material itself."""
    made = bpy.data.materials.new(name)
    for key, value in settings.items():
        setattr(made, key, value)
    return made, _cleared(made)


def surface(tree: bpy.types.NodeTree, shader: bpy.types.Node, **others: Any) -> None:
    """Ends a material: `shader` goes to the surface; `others` may name `displacement` and `volume`."""
    sockets = {"Surface": shader, **{key.title(): value for key, value in others.items()}}
    arrange(tree, add(tree, "ShaderNodeOutputMaterial", sockets))


def principled(tree: bpy.types.NodeTree, inputs: Inputs, **others: Any) -> bpy.types.Node:
    """Ends a material with a Principled BSDF."""
    shader = add(tree, "ShaderNodeBsdfPrincipled", inputs)
    surface(tree, shader, **others)
    return shader


def plain(name: str, color: Color, roughness: float = 0.5, **sockets: Any) -> bpy.types.Material:
    """A material of one Principled BSDF; further sockets by name in lower case, as in `coat_weight=0.5`."""
    made, tree = material(name, diffuse_color=color)
    named = {key.replace("_", " ").title().replace("Ior", "IOR"): value for key, value in sockets.items()}
    principled(tree, {"Base Color": color, "Roughness": roughness, **named})
    return made


def glow(name: str, color: Color, strength: float) -> bpy.types.Material:
    """A material that only emits; `strength` in W/m²."""
    made, tree = material(name)
    surface(tree, add(tree, "ShaderNodeEmission", {"Color": color, "Strength": strength}))
    return made


def bump(tree: bpy.types.NodeTree, height: Any, strength: float, distance: float = 0.01) -> bpy.types.Node:
    """A Bump node; `distance` in metres."""
    return add(tree, "ShaderNodeBump", {"Height": height, "Strength": strength, "Distance": distance})


def mapped(tree: bpy.types.NodeTree, coordinate: str, **inputs: Any) -> bpy.types.Node:
    """Texture coordinates of that kind through a Mapping node, as in `mapped(tree, "Object", Scale=(1, 1, 4))`."""
    coordinates = add(tree, "ShaderNodeTexCoord")
    return add(tree, "ShaderNodeMapping", {"Vector": out(coordinates, coordinate), **inputs})


def blend(tree: bpy.types.NodeTree, factor: Any, a: Any, b: Any, mode: str = "MIX") -> Any:
    """The colour result of a Mix node."""
    node = add(tree, "ShaderNodeMix", {"Factor": factor, "A": a, "B": b}, data_type="RGBA", blend_type=mode)
    return out(node, "Result")


def math(tree: bpy.types.NodeTree, operation: str, *values: Any, clamp: bool = False) -> bpy.types.Node:
    """A Math node; values in the order of its sockets."""
    return add(tree, "ShaderNodeMath", dict(enumerate(values)), operation=operation, use_clamp=clamp)


def world(name: str) -> tuple[bpy.types.World, bpy.types.NodeTree]:
    """A world with an empty node tree, made the world of the scene."""
    made = bpy.data.worlds.new(name)
    bpy.context.scene.world = made
    return made, _cleared(made)


def background(tree: bpy.types.NodeTree, color: Any, strength: float = 1.0) -> bpy.types.Node:
    """Ends a world with one Background shader."""
    shader = add(tree, "ShaderNodeBackground", {"Color": color, "Strength": strength})
    arrange(tree, add(tree, "ShaderNodeOutputWorld", {"Surface": shader}))
    return shader


def compositor() -> tuple[bpy.types.NodeTree, bpy.types.Node]:
    """The scene's compositor, emptied, and its Render Layers node; end it with `composite`."""
    scene = bpy.context.scene
    if bpy.app.version < (5, 0):
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
    else:
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        scene.compositing_node_group = tree
    return tree, add(tree, "CompositorNodeRLayers")


def composite(tree: bpy.types.NodeTree, image: Any) -> None:
    """Ends the compositor with `image`."""
    if bpy.app.version < (5, 0):
        end = add(tree, "CompositorNodeComposite", {"Image": image})
    else:
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        end = add(tree, "NodeGroupOutput", {"Image": image})
    arrange(tree, end)


def geometry(name: str, **sockets: Any) -> tuple[bpy.types.NodeTree, bpy.types.Node]:
    """A geometry node group with a Geometry input and output, and its Group Input node; end it with `result`.

    Further inputs are `Name=("NodeSocketFloat", default, least, most)`; `None` for a bound that does not apply. An
    underscore in a name stands for a space.
    """
    tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
    tree.is_modifier = True
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    for key, (kind, default, least, most) in sockets.items():
        item = tree.interface.new_socket(key.replace("_", " "), in_out="INPUT", socket_type=kind)
        if least is not None:
            item.min_value = least
        if most is not None:
            item.max_value = most
        if default is not None:
            item.default_value = default
    return tree, add(tree, "NodeGroupInput")


def result(tree: bpy.types.NodeTree, made: Any) -> None:
    """Ends a geometry node group with the geometry `made`."""
    arrange(tree, add(tree, "NodeGroupOutput", {"Geometry": made}))


def arrange(tree: bpy.types.NodeTree, end: bpy.types.Node) -> None:
    """Lays the nodes out in columns by their distance from `end`, 240 units apart."""
    depth = {end: 0}
    front = [end]
    while front:
        following = []
        for node in front:
            for link in (link for each in node.inputs for link in each.links):
                if depth.get(link.from_node, -1) < depth[node] + 1:
                    depth[link.from_node] = depth[node] + 1
                    following.append(link.from_node)
        front = following
    rows: dict[int, int] = {}
    for node in tree.nodes:
        column = depth.get(node, 0)
        node.location = (-240 * column, -260 * rows.get(column, 0))
        rows[column] = rows.get(column, 0) + 1
