"""Node trees: made from nothing, as the startup pair of nodes with some settings, or changed where they differ."""

from __future__ import annotations

import re

from voxel.bpycode.interface import write_interface
from voxel.bpycode.layout import call, quote
from voxel.bpycode.node_names import AUTO_NAMES
from voxel.bpycode.numbers import number
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.values import socket_unit, value
from voxel.bpycode.versions import NEW, NODES, NOW_SOCKETS, OTHER_SOCKETS
from voxel.bpycode.zones import pair_zones, write_items

SHORT = {
    "ShaderNodeBsdfPrincipled": "principled", "ShaderNodeOutputMaterial": "output", "ShaderNodeOutputWorld": "output",
    "ShaderNodeOutputLight": "output", "ShaderNodeValToRGB": "ramp", "ShaderNodeTexNoise": "noise",
    "ShaderNodeTexVoronoi": "voronoi", "ShaderNodeTexWave": "wave", "ShaderNodeTexImage": "image_texture",
    "ShaderNodeTexEnvironment": "environment", "ShaderNodeMixRGB": "mix", "ShaderNodeTexChecker": "checker",
    "ShaderNodeTexBrick": "brick", "ShaderNodeTexGradient": "gradient", "ShaderNodeTexMagic": "magic",
    "ShaderNodeTexSky": "sky", "ShaderNodeTexCoord": "tex_coord", "ShaderNodeNewGeometry": "geometry",
    "ShaderNodeRGB": "color", "NodeGroupInput": "group_input", "NodeGroupOutput": "group_output",
    "NodeReroute": "reroute", "CompositorNodeRLayers": "render_layers", "CompositorNodeComposite": "composite",
    "ShaderNodeEeveeSpecular": "specular", "ShaderNodeAddShader": "add_shader", "ShaderNodeMixShader": "mix_shader",
}  # fmt: skip
"""What people call these nodes; other names follow from the type."""

BY_OPERATION = frozenset(
    {"ShaderNodeMath", "ShaderNodeVectorMath", "FunctionNodeBooleanMath", "FunctionNodeIntegerMath"}
)
"""Nodes best named after what they compute."""

GROUPS = frozenset({"ShaderNodeGroup", "GeometryNodeGroup", "CompositorNodeGroup", "TextureNodeGroup"})

LAYOUT_NODES = frozenset({"NodeFrame"})
"""Nodes that only arrange others."""

NOT_ALWAYS_THERE = frozenset({"Noisy Image", "Denoising Normal", "Denoising Albedo"})

DEFAULT_PAIRS = {
    "materials": ("ShaderNodeBsdfPrincipled", "ShaderNodeOutputMaterial", "Principled BSDF", "Surface"),
    "worlds": ("ShaderNodeBackground", "ShaderNodeOutputWorld", "Background", "Surface"),
    "lights": ("ShaderNodeEmission", "ShaderNodeOutputLight", "Emission", "Surface"),
}
"""By collection: the two nodes that `use_nodes = True` makes, the first one's name, and the socket that it feeds."""

FRESH_WORLD_COLOR = [0.05, 0.05, 0.05, 1.0]
PLAIN_BACKGROUND = [0.8, 0.8, 0.8, 1.0]

_PREFIX = re.compile(
    r"^(ShaderNode|GeometryNode|FunctionNode|CompositorNode|TextureNode|Node)(Bsdf|Tex|Input|InputMesh)?"
)


def node_name(node: Json) -> str:
    """What a script calls a node: its label, its operation, or its type."""
    if node.get("label"):
        return str(node["label"])
    kind = node["type"]
    if kind in GROUPS:
        reference = identity(node.get("tree"))
        return reference[1] if reference else "group"
    if kind in BY_OPERATION:
        default = "AND" if "Boolean" in kind else "ADD"
        return str(node["props"].get("operation", default))
    return SHORT.get(kind) or _PREFIX.sub("", kind)


def socket(node: str, end: Json, side: str) -> str:
    """`node.inputs["Scale"]`, by index where the name is used twice."""
    if "key" in end:
        return f"{node}.{side}[{end['key']}]"
    if end.get("unique") and end["label"]:
        return f"{node}.{side}[{quote(end['label'])}]"
    return f"{node}.{side}[{end['index']}]"


def write_inputs(script: Script, variable: str, node: Json, side: str, path: str, old: Json | None = None) -> None:
    """Values of sockets."""
    known = {item["socket"]: item["value"] for item in (old or {}).get(side, [])}
    for item in node.get(side, []):
        if known.pop(item["socket"], None) == item["value"]:
            continue
        target = f"{socket(variable, item, side)}.default_value"
        write_socket_value(script, variable, target, item, f"{path}.{side}[{item['index']}]")
    linked = (old or {}).get("linked", frozenset())
    for identifier in known:
        if identifier not in linked:
            script.skip(f"{path}.{side}", f"input {identifier} goes back to its default")


def write_socket_value(script: Script, variable: str, target: str, item: Json, path: str) -> None:
    what, unit = item["value"], socket_unit(script, item)
    if isinstance(what, float) and unit not in ("ROTATION", "ANGLE"):
        script.assign(target, number(what, whole=abs(what) >= 1.5))
        return
    script.attempt(variable, path, lambda: script.assign(target, value(script, what, unit)))


def default_pair(owner: str, tree: Json) -> Json | None:
    """The node that is to be set in place when a tree is just the pair that Blender starts with."""
    pair = DEFAULT_PAIRS.get(owner)
    nodes = [node for node in tree["nodes"] if node["type"] not in LAYOUT_NODES]
    if pair is None or sorted(node["type"] for node in nodes) != sorted(pair[:2]) or len(tree["links"]) != 1:
        return None
    first = next(node for node in nodes if node["type"] == pair[0])
    last = next(node for node in nodes if node["type"] == pair[1])
    link = tree["links"][0]
    starts_there = link["from"]["node"] == first["name"] and link["to"]["node"] == last["name"]
    plain = not last["props"] and not last.get("inputs")
    return first if starts_there and link["to"]["label"] == pair[3] and plain else None


def write_tree(script: Script, holder: str, owner: str, tree: Json, path: str, *, root: str = "node_tree") -> None:
    """Make a tree whose nodes are `holder.node_tree.nodes`; for a group, `root` is empty and `holder` the tree."""
    base = f"{holder}.{root}" if root else holder
    if root:
        script.assign(f"{holder}.use_nodes", "True")
    first = default_pair(owner, tree)
    if first is not None:
        write_default_pair(script, base, owner, first, path)
        return
    nodes = script.names.take("nodes", "nodes")
    script.assign(nodes, f"{base}.nodes")
    links = ""
    if tree["links"]:
        links = script.names.take("links", "links")
        script.assign(links, f"{base}.links")
    if root:
        script.do(f"{nodes}.clear()")
    build(script, nodes, links, tree, path)


def write_default_pair(script: Script, base: str, owner: str, first: Json, path: str) -> None:
    """Settings of the first of the two nodes that Blender starts with."""
    inputs = list(first.get("inputs", []))
    if owner == "worlds":
        colors = [item for item in inputs if item["socket"] == "Color"]
        if not colors:
            inputs.insert(
                0, {"socket": "Color", "label": "Color", "index": 0, "unique": True, "value": PLAIN_BACKGROUND}
            )
        elif colors[0]["value"] == FRESH_WORLD_COLOR:
            inputs.remove(colors[0])
    if not inputs and not first["props"]:
        return
    label = DEFAULT_PAIRS[owner][2]
    variable = script.names.take(node_name({**first, "label": ""}), "node")
    script.assign(variable, f"{base}.nodes[{quote(label)}]")
    write_props(script, variable, first, path)
    write_inputs(script, variable, {**first, "inputs": inputs}, "inputs", path)


def build(script: Script, nodes: str, links: str, tree: Json, path: str) -> None:
    """Make all nodes, their settings, and the links between them."""
    made: dict[str, str] = {}
    present = [node for node in tree["nodes"] if node["type"] not in LAYOUT_NODES]
    if not script.modern():
        present = [with_other_defaults(node, tree["links"]) for node in present]
    used = {end["node"] for link in tree["links"] for end in (link["from"], link["to"])}
    used |= {node["paired"] for node in present if node.get("paired")}
    for node in present:
        make_node(script, nodes, node, made, used, path)
    pair_zones(script, present, made)
    for node in present:
        finish_node(script, node, made, path)
    write_links(script, links, tree["links"], made, present, path)


def with_other_defaults(node: Json, links: list[Json]) -> Json:
    """A node of 4.5 with the value of a socket that is another one in a new node of 5.0."""
    label, kind, what = OTHER_SOCKETS.get(node["type"], ("", "", 0.0))
    told = {item["label"] for item in node.get("inputs", [])}
    told |= {link["to"]["label"] for link in links if link["to"]["node"] == node["name"]}
    if not label or label in told:
        return node
    item = {"socket": label, "label": label, "index": 0, "unique": True, "socket_type": kind, "value": what}
    return {**node, "inputs": [item, *node.get("inputs", [])]}


def make_node(script: Script, nodes: str, node: Json, made: dict[str, str], used: set[str], path: str) -> None:
    """`noise = nodes.new("ShaderNodeTexNoise")` and its group."""
    creation = call(f"{nodes}.new", node_type(script, node["type"]))
    named = node["name"] in script.named_nodes() and node["name"] != AUTO_NAMES.get(node["type"])
    settled = (
        not named
        and not node["props"]
        and not any(node.get(part) for part in ("inputs", "outputs", "tree", "items", "paired"))
    )
    if node["name"] not in used and settled:
        script.do(creation)
        return
    variable = script.names.take(node_name(node), "node")
    made[node["name"]] = variable
    script.assign(variable, creation)
    if named:
        script.assign(f"{variable}.name", quote(node["name"]))
    reference = identity(node.get("tree"))
    if reference is not None:
        where = f'{path}.nodes["{node["name"]}"].node_tree'
        script.attempt(variable, where, lambda: script.assign(f"{variable}.node_tree", script.refer(reference)))
    if not node.get("paired") and not node.get("items"):
        write_settings(script, node, variable, path)


def node_type(script: Script, kind: str) -> str:
    """The source of a node's type, in both versions where 5.0 has another one."""
    if script.modern() or kind not in NODES:
        return quote(kind)
    return f"{quote(NODES[kind])} if {NEW} else {quote(kind)}"


def finish_node(script: Script, node: Json, made: dict[str, str], path: str) -> None:
    """Settings of nodes whose sockets depend on the pairing of zones or on their items."""
    if node["name"] in made and (node.get("paired") or node.get("items")):
        write_items(script, made[node["name"]], node, path)
        write_settings(script, node, made[node["name"]], path)


def write_settings(script: Script, node: Json, variable: str, path: str) -> None:
    where = f'{path}.nodes["{node["name"]}"]'
    write_props(script, variable, node, where, leave=said_by_sockets(node))
    if node["type"] in GROUPS and not node.get("tree"):
        if node.get("inputs"):
            script.skip(where, "inputs of a group that the scene does not hold")
        return
    write_inputs(script, variable, node, "inputs", where)
    write_inputs(script, variable, node, "outputs", where)


def said_by_sockets(node: Json) -> frozenset[str]:
    """Properties of a compositor node of 4.5 that only repeat the value of a socket."""
    labels = {item["label"].lower() for item in node.get("inputs", [])}
    return frozenset(
        name
        for name in node["props"]
        if f"{node['type']}.{name}" in NOW_SOCKETS and name.removeprefix("use_").replace("_", " ") in labels
    )


def write_links(
    script: Script, links: str, items: list[Json], made: dict[str, str], nodes: list[Json], path: str
) -> None:
    lost = [link for link in items if link["from"]["label"] in NOT_ALWAYS_THERE]
    for link in lost:
        script.skip(
            f"{path}.links", f"the output {link['from']['label']!r} of render layers is there only after a render"
        )
    items = [link for link in items if link not in lost]
    hollow = {node["name"] for node in nodes if node["type"] in GROUPS and not node.get("tree")}
    for link in items:
        start, end = made.get(link["from"]["node"]), made.get(link["to"]["node"])
        if start is None or end is None or {link["from"]["node"], link["to"]["node"]} & hollow:
            continue
        creation = call(f"{links}.new", socket(start, link["from"], "outputs"), socket(end, link["to"], "inputs"))
        if link.get("muted"):
            script.assign(f"{creation}.is_muted", "True")
        else:
            script.do(creation)


# Trees that exist already


def edit_tree(script: Script, base: str, tree: Json, old: Json, path: str) -> None:
    """Change the tree at `base` from `old` to `tree`: nodes are the same when their name and type are."""
    late = write_interface(script, base, tree, old, path)
    there = {node["name"]: node for node in old["nodes"]}
    wanted = {node["name"]: node for node in tree["nodes"] if node["type"] not in LAYOUT_NODES}
    kept = {name for name, node in wanted.items() if name in there and there[name]["type"] == node["type"]}
    new_links = [link for link in tree["links"] if link not in old["links"]]
    gone_links = [
        link
        for link in old["links"]
        if link not in tree["links"] and link["from"]["node"] in kept and link["to"]["node"] in kept
    ]
    gone_links = [link for link in gone_links if all(ends(link)[1] != ends(new)[1] for new in new_links)]
    changed = {name for name in kept if bare(there[name]) != bare(wanted[name])}
    used = {end["node"] for link in new_links for end in (link["from"], link["to"])}
    touched = changed | (
        {end["node"] for link in [*new_links, *gone_links] for end in (link["from"], link["to"])} & kept
    )
    gone = [node for name, node in there.items() if name not in kept and node["type"] not in LAYOUT_NODES]
    made: dict[str, str] = {}
    fresh = [node for name, node in wanted.items() if name not in kept]
    if not (touched or gone or fresh):
        for write in late:
            write()
        return
    nodes = f"{base}.nodes"
    if len(touched) + len(gone) + len(fresh) > 1:
        nodes = script.names.take("nodes", "nodes")
        script.assign(nodes, f"{base}.nodes")
    links = f"{base}.links"
    if len(new_links) + len(gone_links) > 1:
        links = script.names.take("links", "links")
        script.assign(links, f"{base}.links")
    for name in (name for name in there if name in touched):
        made[name] = script.names.take(node_name(there[name]), "node")
        script.assign(made[name], find(nodes, there[name], old))
    for node in gone:
        script.do(call(f"{nodes}.remove", find(nodes, node, old)))
    for node in fresh:
        make_node(script, nodes, node, made, used, path)
    pair_zones(script, fresh, made)
    for node in fresh:
        finish_node(script, node, made, path)
    linked = {(link["to"]["node"], link["to"]["socket"]) for link in tree["links"]}
    for name in (name for name in there if name in changed):
        where = f'{path}.nodes["{name}"]'
        write_props(script, made[name], wanted[name], where, there[name])
        before = {**there[name], "linked": {socket for owner_name, socket in linked if owner_name == name}}
        write_inputs(script, made[name], wanted[name], "inputs", where, before)
        write_inputs(script, made[name], wanted[name], "outputs", where, before)
    for link in gone_links:
        spot = f"{socket(made[link['to']['node']], link['to'], 'inputs')}.links[0]"
        script.do(call(f"{links}.remove", spot))
    write_links(script, links, new_links, made, tree["nodes"], path)
    for write in late:
        write()


def ends(link: Json) -> tuple[tuple[str, str], tuple[str, str]]:
    return (link["from"]["node"], link["from"]["socket"]), (link["to"]["node"], link["to"]["socket"])


def bare(node: Json) -> Json:
    """A node without its place."""
    return {key: part for key, part in node.items() if key not in ("location", "width", "parent", "label")}


def find(nodes: str, node: Json, tree: Json) -> str:
    """An expression for a node of a tree that a script made: names of nodes are Blender's, not the file's."""
    kind = node["type"]
    alike = [other["name"] for other in tree["nodes"] if other["type"] == kind]
    place = alike.index(node["name"])
    if kind in AUTO_NAMES and (place == 0 or all(other["type"] in AUTO_NAMES for other in tree["nodes"])):
        return f"{nodes}[{quote(AUTO_NAMES[kind] + (f'.{place:03}' if place else ''))}]"
    alike_source = f"node for node in {nodes} if node.bl_idname == {quote(kind)}"
    if len(alike) == 1:
        return f"next({alike_source})"
    return f"[{alike_source}][{place}]"
