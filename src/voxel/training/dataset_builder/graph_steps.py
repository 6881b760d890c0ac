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
from voxel.training.dataset_builder.pruning import groups_in

LARGE = 12
"""Nodes from which on a group is taught in steps."""
AT_ONCE = 5
STEPS = 8


def steps(cut: Cut, name: str) -> Candidates:
    """The interface of a large geometry node group, then its parts."""
    of: Ref = ("node_groups", name)
    whole = cut.take(more=[of])
    tree = _one_input(straight(whole["blocks"]["node_groups"][name]["tree"]))
    derived = f'a part of the node group "{name}"'
    yield Candidate("builder", "geometry-nodes-interface", cut.take(), _with(whole, name, tree, set()), derived)
    order = _in_order(tree)
    plain = [node for node in order if not _by_itself(tree, node)]
    for new in _parts(tree, plain):
        given = {link["from"]["node"] for link in tree["links"] if link["to"]["node"] in new} - new
        inner = _groups(cut.scene, tree, new | given)
        if any(_by_itself(tree, node) for node in given) or inner is None:
            continue
        base = cut.take(more=[*inner, of])
        before, after = (_bare(_with(base, name, tree, names), name) for names in (given, given | new))
        yield Candidate("builder", "geometry-nodes-step", before, after, derived)


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
