"""Node trees without what has no effect: nodes that reach no output, frames."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from voxel.facts.lookup import Json

_ENDS = (
    "OutputMaterial",
    "OutputWorld",
    "OutputLight",
    "OutputAOV",
    "OutputLineStyle",
    "NodeGroupOutput",
    "Composite",
    "OutputFile",
)
_PICTURES = ("NodeTexImage", "NodeTexEnvironment")
_PAIRED = "paired"


def prune(tree: Mapping[str, Any]) -> Json:
    """A copy with only the nodes that reach an output (and the zone partners of those), no frames, no labels."""
    nodes = {node["name"]: node for node in tree.get("nodes", [])}
    into: dict[str, list[str]] = {}
    for link in tree.get("links", []):
        into.setdefault(link["to"]["node"], []).append(link["from"]["node"])
    wanted: set[str] = set()
    todo = [name for name, node in nodes.items() if node["type"].endswith(_ENDS)] or list(nodes)
    while todo:
        name = todo.pop()
        if name in wanted or name not in nodes:
            continue
        wanted.add(name)
        todo += into.get(name, [])
        todo += [other for other, node in nodes.items() if node.get(_PAIRED) == name]
        if nodes[name].get(_PAIRED):
            todo.append(nodes[name][_PAIRED])
    kept = {key: copy.deepcopy(value) for key, value in tree.items() if key not in ("nodes", "links", "animation")}
    kept["nodes"] = []
    for name, node in nodes.items():
        if name in wanted and node["type"] != "NodeFrame":
            bare = copy.deepcopy({k: v for k, v in node.items() if k not in ("parent", "label")})
            kept["nodes"].append(bare)
    names = {node["name"] for node in kept["nodes"]}
    kept["links"] = [
        copy.deepcopy(link)
        for link in tree.get("links", [])
        if link["from"]["node"] in names and link["to"]["node"] in names
    ]
    return kept


def straight(tree: Mapping[str, Any]) -> Json:
    """The tree without reroutes: their links go straight from where they come to where they lead."""
    reroutes = {node["name"] for node in tree["nodes"] if node["type"] == "NodeReroute"}
    into = {link["to"]["node"]: link["from"] for link in tree["links"] if link["to"]["node"] in reroutes}
    links: list[Json] = []
    for link in tree["links"]:
        source = link["from"]
        for _ in reroutes:  # not until there is none left: broken files hold circles of them
            source = into.get(source["node"], source)
        if link["to"]["node"] not in reroutes and source["node"] not in reroutes:
            links.append({**link, "from": source})
    kept = [node for node in tree["nodes"] if node["name"] not in reroutes]
    return {**tree, "nodes": kept, "links": links}


def is_fresh_tree(tree: Mapping[str, Any]) -> bool:
    """Whether a tree is no more than a shader with its fresh values, or nothing."""
    shaders = [node for node in tree.get("nodes", []) if not node["type"].endswith(_ENDS)]
    return len(shaders) <= 1 and not any(node.get("inputs") or node.get("props") for node in tree.get("nodes", []))


def groups_in(scene: Mapping[str, Any], tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The node groups that a tree uses, directly or through other groups, deepest first."""
    found: list[tuple[str, str]] = []
    for node in tree.get("nodes", []):
        target = node.get("tree")
        if not isinstance(target, dict) or "$id" not in target:
            continue
        kind, name = target["$id"]
        inner = scene.get("blocks", {}).get(kind, {}).get(name)
        if inner is not None:
            for one in [*groups_in(scene, inner.get("tree", {})), (kind, name)]:
                if one not in found:
                    found.append(one)
    return found


def is_look(scene: Mapping[str, Any], block: Mapping[str, Any]) -> bool:
    """Whether a material or a world has nodes that make it look like something, and all that they use is there."""
    tree = block.get("tree")
    if tree is None or not is_complete(scene, tree):
        return False
    ends = {node["name"] for node in tree.get("nodes", []) if node["type"].endswith(_ENDS)}
    return any(link["to"]["node"] in ends for link in tree.get("links", []))


def is_helper(thing: Mapping[str, Any]) -> bool:
    """Whether an object is shown as its bounds or wires, as cutters and cages are, and not as a body."""
    return thing["props"].get("display_type", "TEXTURED") not in ("TEXTURED", "SOLID")


def is_volume(block: Mapping[str, Any]) -> bool:
    """Whether a material is only air, smoke or fog: it has a volume and no surface."""
    into = {link["to"]["label"] for link in block.get("tree", {}).get("links", [])
            if link["to"]["label"] in ("Surface", "Volume")}  # fmt: skip
    return into == {"Volume"}


def is_complete(scene: Mapping[str, Any], tree: Mapping[str, Any]) -> bool:
    """Whether all that the tree uses, directly or through groups, is there: groups may lie in library files.

    Image files never come along, and a picture node without its picture shows nothing.
    """
    for node in tree.get("nodes", []):
        if node["type"].endswith(_PICTURES):
            return False
        if not node["type"].endswith("NodeGroup"):
            continue
        target = node.get("tree")
        kind, name = target["$id"] if isinstance(target, dict) and "$id" in target else ("", "")
        inner = scene.get("blocks", {}).get(kind, {}).get(name)
        if inner is None or not is_complete(scene, inner.get("tree", {})):
            return False
    return True
