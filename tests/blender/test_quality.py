"""Code quality without running, and the nearest names."""

from __future__ import annotations

import pytest

from voxel.blender import code_quality
from voxel.blender.nearest import nearest

GOOD = '''"""Makes a cube."""

import bpy


def make(name: str, size: float = 2.0) -> None:
    bpy.ops.mesh.primitive_cube_add(size=size)
    bpy.context.object.name = name


make("Cube")
'''


def test_clean_code_is_worth_one() -> None:
    assert (code_quality(GOOD).score, code_quality(GOOD).findings) == (1.0, [])


def test_what_does_not_parse_is_worth_nothing() -> None:
    found = code_quality("def (:\n")
    assert (found.score, found.parses) == (0.0, False)
    assert found.findings[0].startswith("1: does not parse")


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("import os\nimport bpy\nbpy.data\n", "1: import os is never used"),
        ("from bpy import *\n", "1: import *"),
        ("try:\n    x = 1\nexcept:\n    pass\n", "3: bare except"),
        ("def f():\n    left = 1\n    return 2\nf()\n", "2: left is assigned and never used"),
        ("list = [1]\nprint(list)\n", "1: list shadows a builtin"),
        ("import bpy\nbpy = 1\nprint(bpy)\n", "2: bpy shadows an import"),
        ("x = 1\nif x == None:\n    pass\n", "2: compared with None by =="),
        ("def f(a=[]):\n    return a\nf()\n", "1: mutable default in f"),
        ("def f():\n    return 1\n    print(2)\nf()\n", "3: never reached"),
    ],
)
def test_each_finding_is_named_and_costs(source: str, finding: str) -> None:
    found = code_quality(source)
    assert finding in found.findings
    assert found.score < 1.0


def test_a_tangle_costs_what_it_is() -> None:
    branches = "".join(f"    if a == {number}:\n        a += 1\n" for number in range(29))
    tangled = code_quality(f"def f(a):\n{branches}    return a\nf(1)\n")
    assert tangled.score == pytest.approx((3 + 0.5) / 4, abs=0.01)


def test_nesting_without_end_is_survived() -> None:
    assert code_quality("(" * 5000 + ")" * 5000).score in {0.0, 0.25}
    assert 0 <= code_quality("-" * 50000 + "1").score <= 0.25


@pytest.mark.parametrize(
    ("wrong", "names", "right"),
    [
        ("primitive_cub_add", ["primitive_cube_add", "primitive_cone_add", "subdivide"], "primitive_cube_add"),
        ("ShaderNodeBSDFPrincipled", ["ShaderNodeBsdfPrincipled", "ShaderNodeBsdfGlass"], "ShaderNodeBsdfPrincipled"),
        ("rotationEuler", ["rotation_euler", "rotation_mode", "location"], "rotation_euler"),
        ("left_handle_type", ["handle_left_type", "handle_right_type", "co"], "handle_left_type"),
    ],
)
def test_the_nearest_name_comes_first(wrong: str, names: list[str], right: str) -> None:
    assert nearest(wrong, names)[0] == right


def test_nothing_near_is_said_plainly() -> None:
    assert nearest("quaternion", ["size", "depth"]) == []
