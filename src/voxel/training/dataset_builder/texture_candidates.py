"""Candidates for texture: materials, their nodes, their use on objects, and edits of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json, blocks, data_of
from voxel.records.example import Ref
from voxel.training.dataset_builder.builder_candidates import tree_edits
from voxel.training.dataset_builder.candidate import Candidate, Candidates
from voxel.training.dataset_builder.cutting import Cut, has_faces, is_hidden, is_of_a_shape, is_small, with_cube
from voxel.training.dataset_builder.naming import NAMED_AFTER_A_SHAPE, NAMELESS, UNNAMED_MATERIAL
from voxel.training.dataset_builder.pruning import groups_in, is_complete, is_fresh_tree, is_look, prune

MAX_MATERIALS = 40
_PLUMBING = ("ShaderNodeOutputMaterial",)


def texture_candidates(scene: Mapping[str, Any]) -> Candidates:
    """Everything in this Scene that teaches texturing."""
    cut = Cut(scene)
    for name, material in sorted(blocks(scene, "materials").items())[:MAX_MATERIALS]:
        if not is_look(scene, material) or NAMED_AFTER_A_SHAPE.match(name):
            continue  # without nodes it is the look of a viewport, or of a renderer that is gone
        more = _with_groups(scene, ("materials", name), material)
        whole = cut.take(more=more)
        nodes = whole["blocks"]["materials"][name].get("tree", {}).get("nodes", [])
        shaders = [node["type"] for node in nodes if node["type"] not in _PLUMBING]
        plain = shaders == ["ShaderNodeBsdfPrincipled"] or not shaders
        if is_fresh_tree(whole["blocks"]["materials"][name].get("tree", {})):
            continue
        yield Candidate("texture", "principled" if plain else "nodes", cut.take(more=more[:-1]), whole)
        yield from tree_edits(cut, whole, ("materials", name), "texture", "edit", limit=1 if plain else 3)
        yield from _extensions(whole, ("materials", name))
    yield from _assignments(cut, scene)
    for name, group in sorted(blocks(scene, "node_groups").items())[:MAX_MATERIALS]:
        if (
            group["type"] == "ShaderNodeTree"
            and group.get("tree", {}).get("links")
            and is_complete(scene, group.get("tree", {}))
        ):
            inner = groups_in(scene, group.get("tree", {}))
            yield Candidate("texture", "group", cut.take(more=inner), cut.take(more=[*inner, ("node_groups", name)]))


def _with_groups(scene: Mapping[str, Any], of: Ref, block: Json) -> list[Ref]:
    return [*groups_in(scene, prune(block.get("tree", {}))), of]


def _extensions(whole: Json, of: Ref) -> Candidates:
    """A branch of the tree is still missing before: a texture or mapping node that feeds just one input."""
    tree = whole["blocks"][of[0]][of[1]].get("tree", {})
    nodes = tree.get("nodes", [])
    if len(nodes) < 3:
        return
    leaves = [
        node["name"] for node in nodes
        if sum(link["from"]["node"] == node["name"] for link in tree["links"]) == 1 and not node.get("paired")
        and node["type"] not in ("NodeReroute", "ShaderNodeBsdfPrincipled", "NodeGroupInput")
        and sum(other["type"] == node["type"] for other in nodes) == 1
    ]  # fmt: skip
    for leaf in leaves[:3]:
        gone = _feeding(tree, leaf)
        if len(gone) > len(nodes) - 2:
            continue
        before = copy.deepcopy(whole)
        smaller = before["blocks"][of[0]][of[1]]["tree"]
        smaller["nodes"] = [node for node in smaller["nodes"] if node["name"] not in gone]
        smaller["links"] = [
            link for link in smaller["links"] if link["from"]["node"] not in gone and link["to"]["node"] not in gone
        ]
        yield Candidate("texture", "extend", before, whole)


def _feeding(tree: Json, leaf: str) -> set[str]:
    """The node and everything that feeds only it."""
    gone = {leaf}
    grown = True
    while grown:
        grown = False
        for node in tree["nodes"]:
            targets = {link["to"]["node"] for link in tree["links"] if link["from"]["node"] == node["name"]}
            if node["name"] not in gone and targets and targets <= gone:
                gone.add(node["name"])
                grown = True
    return gone


def _assignments(cut: Cut, scene: Mapping[str, Any]) -> Candidates:
    seen: set[tuple[str | None, ...]] = set()
    for name, thing in sorted(blocks(scene, "objects").items()):
        used = tuple(materials_of(scene, thing))
        # of several, only the first would show: which faces wear the others is not told
        if thing["kind"] != "MESH" or len(used) != 1 or None in used or used in seen or len(seen) >= 12:
            continue
        if is_hidden(thing) or (used[0] != name and NAMED_AFTER_A_SHAPE.match(used[0] or "")):
            continue
        if NAMELESS.match(name) and all(UNNAMED_MATERIAL.match(m) for m in used if m):
            continue
        worn = [blocks(scene, "materials").get(m or "", {}) for m in used]
        if not all(is_look(scene, one) for one in worn):
            continue
        seen.add(used)
        more = [
            one
            for m in used
            if m
            for one in _with_groups(scene, ("materials", m), blocks(scene, "materials").get(m, {}))
        ]
        dressed = cut.take([name], parts=["materials"], more=more)
        naked = cut.take([name], more=more)
        derived = ""
        data = data_of(scene, thing)
        if not is_small(data) or not has_faces(data):
            if is_of_a_shape(name):
                continue
            dressed, naked, derived = with_cube(dressed, name), with_cube(naked, name), "its mesh is a plain cube here"
        yield Candidate("texture", "assign", naked, dressed, derived)
        if is_fresh_tree(dressed["blocks"]["materials"][used[0] or ""]["tree"]):
            continue
        groups = [one for one in more if one[0] != "materials"]
        bare = cut.take([name], more=groups)
        yield Candidate("texture", "new-on-object", with_cube(bare, name) if derived else bare, dressed, derived)
