"""Large node groups in steps, on Blender's own asset library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voxel.blender import Blender
from voxel.records.example import Provenance
from voxel.sources import recipes
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.graph_steps import AT_ONCE, STEPS, _parts, steps
from voxel.training.dataset_builder.lines import Proved
from voxel.training.dataset_builder.proving import Prover
from voxel.training.dataset_builder.pruning import straight


def test_what_nothing_reads_yet_waits() -> None:
    names = "abcdefg"
    tree = {"nodes": [], "links": [{"from": {"node": a}, "to": {"node": b}} for a, b in ("ab", "bc", "cd", "ef", "fg")]}
    assert list(_parts(tree, names)) == [{"a", "b", "c", "d"}, {"e", "f", "g"}]


def test_a_link_through_reroutes_goes_straight() -> None:
    def end(node: str) -> dict[str, str]:
        return {"node": node}

    tree = {
        "nodes": [{"name": name, "type": kind} for name, kind in
                  (("A", "ShaderNodeMath"), ("R", "NodeReroute"), ("S", "NodeReroute"), ("B", "ShaderNodeMath"))],
        "links": [{"from": end(a), "to": end(b)} for a, b in (("A", "R"), ("R", "S"), ("S", "B"), ("R", "B"))],
    }  # fmt: skip
    found = straight(tree)
    assert [node["name"] for node in found["nodes"]] == ["A", "B"]
    assert found["links"] == [{"from": end("A"), "to": end("B")}] * 2


def test_links_out_of_reroutes_in_a_circle_lead_from_nowhere() -> None:
    tree = {
        "nodes": [{"name": name, "type": kind} for name, kind in
                  (("R", "NodeReroute"), ("S", "NodeReroute"), ("B", "ShaderNodeMath"))],
        "links": [{"from": {"node": a}, "to": {"node": b}} for a, b in ("RS", "SR", "SB")],
    }  # fmt: skip
    assert straight(tree)["links"] == []


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    path = Path(tmp_path_factory.mktemp("assets")) / "assets.blend"
    (recipe,) = [one for one in recipes() if one.candidate.repo == "voxel-samples/blender_assets"]
    assert (recipe.candidate.license, "Blender Foundation" in recipe.candidate.attribution) == ("CC0-1.0", True)
    with Blender("4.5") as blender:
        path.write_bytes(blender.make(recipe.script))
        found: dict[str, object] = json.loads(blender.load(path))
    return found


def test_a_group_of_a_hundred_nodes_becomes_small_tasks(assets: dict[str, object]) -> None:
    candidates = list(steps(Cut(assets), "Clump Hair Curves"))
    assert [one.category for one in candidates[:2]] == ["geometry-nodes-interface", "geometry-nodes-step"]
    assert 3 < len(candidates) <= 1 + STEPS
    assert all(one.derived == 'a part of the node group "Clump Hair Curves"' for one in candidates)
    for one in candidates[1:]:
        before, after = (
            scene["blocks"]["node_groups"]["Clump Hair Curves"]["tree"]["nodes"] for scene in (one.before, one.after)
        )
        assert 0 < len(after) - len(before) <= AT_ONCE


def test_the_steps_hold_in_blender(assets: dict[str, object]) -> None:
    with Blender("4.5") as blender:
        prover = Prover([blender])
        lines = [prover.prove(one, Provenance(source="samples")) for one in steps(Cut(assets), "Clump Hair Curves")]
    held = [line for line in lines if isinstance(line, Proved)]
    assert len(held) >= 0.7 * len(lines)
