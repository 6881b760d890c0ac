"""Changes of an action that is there, run by real Blender: what comes out means what was asked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.bpycode import write
from voxel.facts import differences

MADE = """import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
for frame, place in [(1, (0, 0, 0)), (20, (1, 2, 3)), (40, (0, 0, 0))]:
    cube.location = place
    cube.keyframe_insert("location", frame=frame)
"""
Curve = dict[str, Any]


def later(curve: Curve) -> None:
    for key in curve["keys"]:
        key["frame"] += 12


def eased(curve: Curve) -> None:
    for key in curve["keys"]:
        key |= {"interpolation": "SINE", "easing": "EASE_IN"}


def looped(curve: Curve) -> None:
    curve["modifiers"] = [{"type": "FModifierCycles", "name": "Cycles", "props": {"mode_after": "MIRROR"}}]


def endless(curve: Curve) -> None:
    curve["extrapolation"] = "LINEAR"


def silent(curve: Curve) -> None:
    curve["mute"] = True


def rough(curve: Curve) -> None:
    curve["smoothing"] = "NONE"


def more(curve: Curve) -> None:
    curve["keys"].insert(1, {"frame": 10.0, "value": -1.5})


def fewer(curve: Curve) -> None:
    del curve["keys"][1]


def higher(curve: Curve) -> None:
    curve["keys"][1]["value"] = 4.25


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def blender(request: pytest.FixtureRequest) -> Iterator[Blender]:
    with Blender(request.param) as warm:
        yield warm


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("change", [later, eased, looped, endless, silent, rough, more, fewer, higher])
def test_a_changed_action_is_written(change: Callable[[Curve], None], every: bool, bench: Any) -> None:
    before = bench.scene(MADE)
    after = copy.deepcopy(before)
    curves = after["blocks"]["actions"]["CubeAction"]["fcurves"]
    for curve in curves if every else curves[2:]:
        change(curve)
    code = write(after, before)
    assert differences(after, bench.scene(MADE, code)) == [], code
    assert code.count("for curve in") <= 1
    assert ".animation_data.action\n" in code and "bpy.data.actions" not in code  # whatever its name is


def test_the_same_change_of_every_curve_is_one_loop(bench: Any) -> None:
    before = bench.scene(MADE)
    after = copy.deepcopy(before)
    for curve in after["blocks"]["actions"]["CubeAction"]["fcurves"]:
        eased(curve)
    code = write(after, before)
    assert "for curve in curves:" in code
    assert code.count('key.interpolation = "SINE"') == 1


def test_curves_come_and_go(bench: Any) -> None:
    before = bench.scene(MADE)
    after = copy.deepcopy(before)
    action = after["blocks"]["actions"]["CubeAction"]
    action["fcurves"] = [{**copy.deepcopy(action["fcurves"][0]), "path": "scale"}]
    code = write(after, before)
    removed = [line.strip() for line in code.splitlines() if "curves.remove" in line]
    assert removed == [
        'curves.remove(curves.find("location"))',
        'curves.remove(curves.find("location", index=1))',
        'curves.remove(curves.find("location", index=2))',
    ]
    assert differences(after, bench.scene(MADE, code)) == [], code
