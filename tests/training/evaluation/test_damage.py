"""The metrics measured: each kind of damage lowers its own score by the amount that can be worked out, and no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.training.evaluation.questions import BOX, examples

from voxel.blender import Blender
from voxel.records import AnswerScore
from voxel.records.evaluation import Kind
from voxel.records.example import Exists, Property
from voxel.training.evaluation.scoring import score

SCRIPT = """import bpy

bpy.ops.mesh.primitive_cube_add(size=3, location=(1, 2, 3))
box = bpy.context.object
box.name = "Box"
box.scale = (2, 1, 1)
box.rotation_euler = (0.5, 0, 0)
box.hide_render = True
box.display_type = "WIRE"
box.pass_index = 3
"""
"""Eight statements that touch Blender, each with one of the checks below but the second."""
EXAMPLE = replace(
    examples()[0],
    completion=SCRIPT,
    checks=(
        Exists(of=BOX, type="MESH"),
        Property(of=BOX, path="location", value=[1.0, 2.0, 3.0]),
        Property(of=BOX, path="scale", value=[2.0, 1.0, 1.0]),
        Property(of=BOX, path="rotation_euler", value=[0.5, 0.0, 0.0]),
        Property(of=BOX, path="hide_render", value=True),
        Property(of=BOX, path="display_type", value="WIRE"),
        Property(of=BOX, path="pass_index", value=3),
    ),
)
FACTS = len(EXAMPLE.checks)
STATEMENTS = 8


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender("4.5") as held:
        yield held


def scored(blender: Blender, script: str) -> AnswerScore:
    return score(blender, EXAMPLE, f"```python\n{script}```")


def test_the_script_itself_scores_one(blender: Blender) -> None:
    found = scored(blender, SCRIPT)
    assert (found.code_quality, found.blender_api, found.completeness, found.overall) == (1.0, 1.0, 1.0, 1.0)
    assert (found.runs, found.solved, found.kinds) == (True, True, ())


@pytest.mark.parametrize("wrong", range(1, 5))
def test_each_wrong_value_costs_its_fact_and_nothing_else(blender: Blender, wrong: int) -> None:
    slips = [
        ("(2, 1, 1)", "(2, 1, 4)"),
        ("(0.5, 0, 0)", "(0.7, 0, 0)"),
        ('"WIRE"', '"BOUNDS"'),
        ("index = 3", "index = 4"),
    ]
    script = SCRIPT
    for old, new in slips[:wrong]:
        script = script.replace(old, new)
    found = scored(blender, script)
    assert found.completeness == pytest.approx((FACTS - wrong) / FACTS)
    assert (found.code_quality, found.blender_api, found.runs, found.solved) == (1.0, 1.0, True, False)


@pytest.mark.parametrize(
    ("added", "kind"),
    [
        ("box.no_such_thing = box.neither\n", "invented_api"),
        ("bpy.ops.mesh.primitive_dodecahedron_add()\n", "invented_api"),
        ('box.display_type = "SHINY"\n', "invented_api"),
        ("box.data.use_auto_smooth = True\n", "version_drift"),
        ("bpy.ops.mesh.subdivide()\n", "wrong_context"),
        ('bpy.data.objects["Ball"].location.x = 1\n', "missing_data"),
        ("bpy.context.object.location.x = 1 / 0\n", "python"),
    ],
)
def test_a_call_that_fails_costs_one_statement_and_is_named(blender: Blender, added: str, kind: Kind) -> None:
    found = scored(blender, SCRIPT + added)
    assert found.kinds == (kind,)
    assert found.blender_api == pytest.approx(STATEMENTS / (STATEMENTS + 1))
    assert (found.code_quality, found.completeness) == (1.0, 1.0)
    assert (found.verdict, found.runs, found.solved) == ("failed", False, False)


@pytest.mark.parametrize(
    ("added", "findings"),
    [("import math\n", 1), ("import math\nimport random\n", 2)],
)
def test_bad_style_costs_quality_alone(blender: Blender, added: str, findings: int) -> None:
    statements = 9 + findings
    found = scored(blender, added + SCRIPT)
    # names are one of four equal parts; one finding in every five statements brings the part to nothing
    assert found.code_quality == pytest.approx(1 - min(1, 5 * findings / max(10, statements)) / 4, abs=1e-4)
    assert (found.blender_api, found.completeness, found.solved) == (1.0, 1.0, True)


def test_what_never_runs_scores_nothing_but_for_its_text(blender: Blender) -> None:
    broken = scored(blender, SCRIPT.replace("size=3,", "size=3,,"))
    assert (broken.code_quality, broken.blender_api, broken.completeness) == (0.0, 0.0, 0.0)
    assert broken.kinds == ("syntax",)
    idle = scored(blender, "import bpy\n")
    assert (idle.blender_api, idle.completeness, idle.verdict, idle.runs) == (0.0, 0.0, "passed", False)
    assert score(blender, EXAMPLE, "").overall == 0.0


def test_endless_work_and_attacks_are_told_apart(blender: Blender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxel.training.evaluation.scoring.TIMEOUT", 3.0)
    assert scored(blender, SCRIPT + "while True:\n    pass\n").kinds == ("timeout",)
    attack = scored(blender, SCRIPT + "import os\nos.system('id')\n")
    assert (attack.overall, attack.verdict, attack.kinds) == (0.0, "blocked", ("blocked",))
