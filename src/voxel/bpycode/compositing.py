"""The compositor: a tree of the scene until 4.5, a node group that ends in a group output since 5.0."""

from __future__ import annotations

from voxel.bpycode.layout import INDENT, call, quote
from voxel.bpycode.script import Json, Script
from voxel.bpycode.trees import build, edit_tree
from voxel.bpycode.versions import NEW, PASSES, SOCKETS

GROUP = "Compositing Node Tree"
"""What 5.0 calls the group that it makes of the tree of an older file."""


def write_compositor(script: Script, scene: str, tree: Json, old: Json | None, path: str) -> None:
    """Make the tree of a scene that 4.5 dumped, or change it."""
    name = script.names.take("tree", "tree")
    tree = in_both(tree)
    if old is not None:
        script.assign(name, f"{scene}.compositing_node_group if {NEW} else {scene}.node_tree")
        edit_tree(script, name, tree, in_both(old), path)
        return
    script.add([f"if {NEW}:"])
    script.indent += INDENT
    script.assign(name, call("bpy.data.node_groups.new", quote(GROUP), quote(tree["type"])))
    interface = {"in_out": quote("OUTPUT"), "socket_type": quote("NodeSocketColor")}
    script.do(call(f"{name}.interface.new_socket", quote("Image"), **interface))
    script.assign(f"{scene}.compositing_node_group", name)
    script.indent -= INDENT
    script.add(["else:"])
    script.indent += INDENT
    script.assign(f"{scene}.use_nodes", "True")
    script.assign(name, f"{scene}.node_tree")
    script.do(f"{name}.nodes.clear()")
    script.indent -= INDENT
    nodes = script.names.take("nodes", "nodes")
    script.assign(nodes, f"{name}.nodes")
    links = ""
    if tree["links"]:
        links = script.names.take("links", "links")
        script.assign(links, f"{name}.links")
    build(script, nodes, links, tree, path)


def in_both(tree: Json) -> Json:
    """The tree with the source of the keys of sockets that 5.0 has elsewhere."""
    types = {node["name"]: node["type"] for node in tree["nodes"]}

    def end(what: Json, side: str, kind: str) -> Json:
        old = quote(what["label"]) if what.get("unique") and what["label"] else str(what["index"])
        new = SOCKETS.get((kind, side, what["index"]))
        if kind == "CompositorNodeRLayers" and side == "outputs":
            new = PASSES.get(what["label"])
        if new is None:
            return what
        return {**what, "key": f"{quote(new) if isinstance(new, str) else new} if {NEW} else {old}"}

    nodes = [
        {
            **node,
            **{side: [end(item, side, node["type"]) for item in node[side]]
               for side in ("inputs", "outputs") if side in node},
        }
        for node in tree["nodes"]
    ]  # fmt: skip
    links = [
        {
            **link,
            "from": end(link["from"], "outputs", types.get(link["from"]["node"], "")),
            "to": end(link["to"], "inputs", types.get(link["to"]["node"], "")),
        }
        for link in tree["links"]
    ]
    return {**tree, "nodes": nodes, "links": links}
