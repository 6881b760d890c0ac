"""Large node groups taught in steps: first what goes in and out, then a few nodes at a time.

A step gives the interface and the nodes that the new ones read from, and asks for the new ones with their links. So a
graph of a hundred nodes, which nobody would ask for in one sentence, becomes a dozen small tasks.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voxel.facts.lookup import Json
from voxel.records.example import Ref
from voxel.training.dataset_builder.candidate import Candidate, Candidates
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.pruning import groups_in, straight

LARGE = 12
"""Nodes from which on a group is taught in steps."""
AT_ONCE = 5
STEPS = 8
LOOSE = 2
"""Nodes of a step that only a later step reads."""
_MAGIC = 1e4
"""Numbers from here on mark "none given" in the groups that Blender brings along."""


def steps(cut: Cut, name: str) -> Candidates:
    """The interface of a large geometry node group, then its parts."""
    of: Ref = ("node_groups", name)
    whole = cut.take(more=[of])
    tree = asked_interface(_one_input(straight(whole["blocks"]["node_groups"][name]["tree"])))
    magic = {node["name"] for node in tree["nodes"] if any(_is_magic(i.get("value")) for i in node.get("inputs", []))}
    derived = f'a part of the node group "{name}"'
    yield Candidate("builder", "geometry-nodes-interface", cut.take(), _with(whole, name, tree, set()), derived)
    order = _in_order(tree)
    plain = [node for node in order if not _by_itself(tree, node)]
    for new in _parts(tree, plain):
        given = {link["from"]["node"] for link in tree["links"] if link["to"]["node"] in new} - new
        inner = _groups(cut.scene, tree, new | given)
        if any(_by_itself(tree, node) for node in given) or inner is None:
            continue
        read = {link["from"]["node"] for link in tree["links"] if link["to"]["node"] in new}
        if len(new - read) > LOOSE or magic & new:
            continue  # most of it would make sense with later steps only
        base = cut.take(more=[*inner, of])
        before, after = (_bare(_with(base, name, tree, names), name) for names in (given, given | new))
        yield Candidate("builder", "geometry-nodes-step", before, after, derived)


def _is_magic(value: Any) -> bool:
    """Whether a number or a vector is one that nobody would choose: it tells "not given"."""
    if isinstance(value, list):
        return any(isinstance(part, float) and abs(part) > 1 and round(part, 2) != part for part in value)
    return isinstance(value, int | float) and abs(value) >= _MAGIC


def asked_interface(tree: Json) -> Json:
    """The tree without defaults of its inputs, and domains of its outputs, that nobody would ask for."""
    items = []
    for item in tree.get("interface", []):
        props = {name: value for name, value in item.get("props", {}).items() if not _is_magic(value)}
        props.pop("attribute_domain", None)
        items.append({**item, "props": props} if "props" in item else item)
    return {**tree, "interface": items} if "interface" in tree else tree


def _one_input(tree: Json) -> Json:
    """The tree with one Group Input node: its copies, there for short links, mean the same."""
    copies = [node["name"] for node in tree["nodes"] if node["type"] == "NodeGroupInput"]
    links = [
        {**link, "from": {**link["from"], "node": copies[0]}} if link["from"]["node"] in copies else link
        for link in tree["links"]
    ]
    return {**tree, "nodes": [node for node in tree["nodes"] if node["name"] not in copies[1:]], "links": links}


def _parts(tree: Json, plain: Sequence[str]) -> Iterator[set[str]]:
    """Up to STEPS sets of up to AT_ONCE nodes; what nothing reads yet waits for what reads it."""
    left = list(plain)
    for _ in range(STEPS):
        part = left[:AT_ONCE]
        reading = {link["to"]["node"] for link in tree["links"]}
        feeding = {link["from"]["node"] for link in tree["links"] if link["to"]["node"] in part}
        early = [name for name in part if name not in reading and name not in feeding]
        new = [name for name in part if name not in early]
        left = early + left[AT_ONCE:]
        if not new:
            return
        yield set(new)


def _bare(whole: Json, name: str) -> Json:
    """The group's context in few lines: without descriptions and limits of its sockets."""
    group = whole["blocks"]["node_groups"][name]
    group["props"] = {}
    for item in group["tree"]["interface"]:
        item["props"] = {key: value for key, value in item.get("props", {}).items() if key == "default_value"}
    return whole


def _by_itself(tree: Json, name: str) -> bool:
    """Zones belong together over any distance, and a group's output gathers everything: neither fits a step."""
    node = next(one for one in tree["nodes"] if one["name"] == name)
    partners = {one.get("paired") for one in tree["nodes"]}
    return bool(node.get("paired")) or name in partners or node["type"] == "NodeGroupOutput"


def _in_order(tree: Json) -> list[str]:
    """Nodes after those that they read from."""
    sources: dict[str, list[str]] = {node["name"]: [] for node in tree["nodes"]}
    for link in tree["links"]:
        sources[link["to"]["node"]].append(link["from"]["node"])
    order: list[str] = []
    read = {link["from"]["node"] for link in tree["links"]}
    todo = sorted(sources.keys() & read, reverse=True) + sorted(sources.keys() - read, reverse=True)
    waiting: set[str] = set()
    while todo:
        name = todo[-1]
        missing = [one for one in sources[name] if one not in order and one not in waiting]
        if name in order or not missing:
            todo.pop()
            if name not in order:
                order.append(name)
            continue
        waiting.add(name)
        todo += missing
    kinds = {node["name"]: node["type"] for node in tree["nodes"]}
    return [name for name in order if kinds[name] != "NodeGroupInput"]


def _groups(scene: Mapping[str, Any], tree: Json, names: set[str]) -> list[Ref] | None:
    """Groups inside these nodes, or None where they would fill the context."""
    chosen = {"nodes": [node for node in tree["nodes"] if node["name"] in names]}
    found = groups_in(scene, chosen)
    sizes = [len(scene["blocks"][kind][name]["tree"]["nodes"]) for kind, name in found]
    return None if sum(sizes) > AT_ONCE else found


def _with(whole: Json, name: str, tree: Json, names: set[str]) -> Json:
    """The group with only these nodes and the links between them."""
    result = copy.deepcopy(whole)
    kept = {
        **copy.deepcopy({part: value for part, value in tree.items() if part not in ("nodes", "links")}),
        "nodes": [copy.deepcopy(node) for node in tree["nodes"] if node["name"] in names],
        "links": [
            copy.deepcopy(link) for link in tree["links"]
            if link["from"]["node"] in names and link["to"]["node"] in names
        ],
    }  # fmt: skip
    result["blocks"]["node_groups"][name]["tree"] = kept
    return result
