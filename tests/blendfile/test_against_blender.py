"""On every file of the corpus the inventory says what Blender 4.5 says, or differs for a reason that is written here.

A reason is a rule with the exact change that Blender's own upgrade makes on opening, and the exact number of places in
the corpus where it is met: one more, one less or another change fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voxel.blendfile import inventory

pytestmark = pytest.mark.corpus

Facts = dict[str, Any]
Walk = Callable[[list[Path]], list[Facts]]

RENAMED = {
    "ShaderNodeMixRGB": "ShaderNodeMix",
    "ShaderNodeBsdfGlossy": "ShaderNodeBsdfAnisotropic",
    "ShaderNodeCombineRGB": "ShaderNodeCombineColor",
    "ShaderNodeSeparateRGB": "ShaderNodeSeparateColor",
}
"""Nodes before 4.0 that 4.5 replaces by their successor."""
INSERTED = {"ShaderNodeMix", "GeometryNodeStoreNamedAttribute"}
"""Nodes that 4.5 puts into trees before 4.0 so that they look as they did: a mix for the emission of the old Principled
BSDF, and the storing of a UV map that mesh primitives made by themselves."""
FROM_ADDONS = ("Arm", "LN", "Appleseed", "Thea", "LuxCore", "luxcore", "Luxrender", "luxrender")
"""Nodes of add-ons that are not installed: Blender says NodeUndefined, the file says what they are."""
AUTO_SMOOTH = "Auto Smooth"
"""Mesh smoothing before 4.1, which 4.5 turns into a modifier NODES with a node group of this name."""


@pytest.fixture(scope="module")
def pairs(corpus: Path, what_blender_finds: Walk) -> list[tuple[str, Facts, Facts]]:
    """Of each file: its name, what the inventory says, what Blender says."""
    paths = sorted(corpus.rglob("*.blend"))
    said = what_blender_finds(paths)
    return [(path.name, inventory(path).line(), facts) for path, facts in zip(paths, said, strict=True)]


def test_the_corpus_is_all_there(pairs: list[tuple[str, Facts, Facts]]) -> None:
    assert len(pairs) == 123
    assert not [name for name, _, blender in pairs if "error" in blender]
    kinds = Counter((ours["compression"], ours["pointer_size"], ours["endian"]) for _, ours, _ in pairs)
    assert kinds == {
        ("none", 8, "little"): 72,
        ("gzip", 8, "little"): 21,
        ("zstd", 8, "little"): 20,
        ("none", 4, "little"): 9,
        ("none", 4, "big"): 1,
    }


@pytest.mark.parametrize("fact", ["version", "subversion", "objects", "meshes"])
def test_equal_without_exception(pairs: list[tuple[str, Facts, Facts]], fact: str) -> None:
    assert [(name, ours[fact], blender[fact]) for name, ours, blender in pairs if ours[fact] != blender[fact]] == []
    assert any(ours[fact] for _, ours, _ in pairs)


@pytest.mark.parametrize("fact", ["actions", "texts"])
def test_equal_in_any_order(pairs: list[tuple[str, Facts, Facts]], fact: str) -> None:
    assert [name for name, ours, blender in pairs if sorted(ours[fact]) != blender[fact]] == []
    assert any(ours[fact] for _, ours, _ in pairs)


def test_libraries_differ_in_slashes_only(pairs: list[tuple[str, Facts, Facts]]) -> None:
    differing = 0
    for name, ours, blender in pairs:
        differing += sorted(ours["libraries"]) != blender["libraries"]
        assert sorted(path.replace("\\", "/") for path in ours["libraries"]) == blender["libraries"], name
    assert differing == 5


def test_modifiers_differ_by_auto_smooth_only(pairs: list[tuple[str, Facts, Facts]]) -> None:
    smoothed = 0
    for name, ours, blender in pairs:
        for owner in blender["modifiers"].keys() | ours["modifiers"].keys():
            held, found = ours["modifiers"].get(owner, []), blender["modifiers"].get(owner, [])
            if held != found:
                assert ours["version"] < 401, name
                assert found == [*held, "NODES"], name
                assert AUTO_SMOOTH in blender["node_groups"], name
                smoothed += 1
    assert smoothed == 5


def test_material_nodes_of_4_x_and_later_are_equal(pairs: list[tuple[str, Facts, Facts]]) -> None:
    late = [(name, ours, blender) for name, ours, blender in pairs if ours["version"] >= 400]
    assert len(late) == 23
    assert [name for name, ours, blender in late if ours["materials"] != blender["materials"]] == []
    assert sum(len(nodes) for _, ours, _ in late for nodes in ours["materials"].values()) > 50


@pytest.mark.parametrize("fact", ["materials", "node_groups"])
def test_nodes_differ_for_known_reasons_only(pairs: list[tuple[str, Facts, Facts]], fact: str) -> None:
    reasons: Counter[str] = Counter()
    unexplained = []
    for name, ours, blender in pairs:
        found = dict(blender[fact])
        if fact == "node_groups" and found.keys() - ours[fact].keys() == {AUTO_SMOOTH}:
            assert ours["version"] < 401
            reasons["auto smooth"] += 1
            del found[AUTO_SMOOTH]
        if found.keys() != ours[fact].keys():
            unexplained.append((name, "names"))
            continue
        for owner, nodes in ours[fact].items():
            why = _reasons(nodes, found[owner], ours["version"])
            if why is None:
                unexplained.append((name, owner))
            else:
                reasons.update(why)
    assert unexplained == []
    assert reasons == EXPECTED[fact]


EXPECTED = {
    "materials": {"renamed": 6, "add-on": 3},
    "node_groups": {"renamed": 20, "inserted": 17, "add-on": 16, "auto smooth": 4},
}
"""Trees in the corpus that each reason explains; one tree can have several."""


def _reasons(ours: list[str], blender: list[str], version: int) -> set[str] | None:
    """Why two lists of nodes differ (nothing when they are equal), or None when no rule explains it."""
    why = set()
    left = iter(ours)
    node = next(left, None)
    for found in blender:
        if node is not None and found == node:
            pass
        elif node is not None and found == "NodeUndefined" and node.startswith(FROM_ADDONS):
            why.add("add-on")
        elif node is not None and found == RENAMED.get(node) and version < 400:
            why.add("renamed")
        elif found in INSERTED and version < 400:
            why.add("inserted")
            continue
        else:
            return None
        node = next(left, None)
    return why if node is None else None
