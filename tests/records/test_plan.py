"""Scene plans: what is one, and the schema that is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from voxel.errors import BadInput
from voxel.records import plan as records
from voxel.records.plan import ScenePlan, plan_schema, read_plan, write_plan
from voxel.records.prompt import system_prompt

SCHEMA = Path(__file__).parents[2] / "docs" / "scene_plan.schema.json"
DESK: dict[str, Any] = {
    "title": "Desk",
    "mood": "warm",
    "objects": [
        {"name": "Top", "kind": "box", "size": [1.6, 0.8, 0.04], "location": [0, 0, 0.73], "material": "Oak"},
        {
            "name": "Lamp Foot",
            "kind": "cylinder",
            "size": [0.2, 0.2, 0.02],
            "location": [0.5, 0, 0.76],
            "parent": "Top",
        },
    ],
    "materials": [{"name": "Oak", "base_color": [0.3, 0.18, 0.08], "roughness": 0.4}],
    "lights": [{"name": "Bulb", "type": "point", "energy": 40, "location": [0.5, 0, 1.2]}],
    "camera": {"name": "Camera", "lens": 35, "location": [0, -3, 1.5], "target": [0, 0, 0.7]},
}


def broken(path: str, value: Any) -> str:
    """The desk with one value otherwise, as text; None takes it out."""
    plan = json.loads(json.dumps(DESK))
    here: Any = plan
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        here = here[step]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return json.dumps(plan)


def test_the_published_schema_is_that_of_the_records() -> None:
    assert SCHEMA.read_bytes() == msgspec.json.format(msgspec.json.encode(plan_schema()), indent=2) + b"\n"


def test_the_schema_and_the_records_agree_on_a_plan() -> None:
    jsonschema.validate(DESK, plan_schema(), jsonschema.Draft202012Validator)
    plan = read_plan(json.dumps(DESK))
    assert [one.name for one in plan.objects] == ["Top", "Lamp Foot"]
    assert plan.things() == ["Top", "Lamp Foot", "Bulb", "Camera"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", None), ("colour", "red"), ("objects.0.kind", "table"), ("objects.0.size", [1, 2]),
        ("objects.0.size", [-1, 1, 1]), ("materials.0.roughness", 1.5), ("lights.0.type", "lamp"), ("camera.lens", 0),
        ("movements", [{"object": "Top", "property": "location", "axis": "z", "keys": [[1, 0]]}]),
    ],
)  # fmt: skip
def test_what_the_schema_forbids_is_no_plan(path: str, value: Any) -> None:
    text = broken(path, value)
    assert not jsonschema.Draft202012Validator(plan_schema()).is_valid(json.loads(text))
    with pytest.raises(BadInput, match="not a scene plan"):
        read_plan(text)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("objects.1.name", "Top", "two of one thing's name 'Top'"),
        ("objects.1.parent", "Table", r"no object 'Table' @ \$.objects\[1\].parent"),
        ("objects.0.parent", "Lamp Foot", "hangs below itself"),
        ("objects.0.material", "Pine", r"no material 'Pine' @ \$.objects\[0\].material"),
        ("objects.0.size", [1, 0, 1], r"no extent @ \$.objects\[0\].size"),
        ("camera.rotation", [90, 0, 0], r"rotation and target @ \$.camera"),
        ("camera.target", [0, -3, 1.5], r"aimed at where it stands @ \$.camera"),
        (
            "movements",
            [{"object": "Cup", "property": "location", "axis": "z", "keys": [[1, 0], [9, 1]]}],
            r"no thing 'Cup' @ \$.movements\[0\]",
        ),
    ],
)
def test_names_have_to_fit_together(path: str, value: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_plan(broken(path, value))


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '{"title": "A"', '{"title": "A"} and more'])
def test_other_texts_are_no_plans(text: str) -> None:
    with pytest.raises(BadInput, match="not a scene plan"):
        read_plan(text)


def test_a_plan_is_written_with_a_line_for_each_thing_and_without_defaults() -> None:
    text = write_plan(read_plan(json.dumps(DESK)))
    assert read_plan(text) == read_plan(json.dumps(DESK))
    assert text.splitlines()[:4] == [
        "{",
        '  "title": "Desk",',
        '  "mood": "warm",',
        '  "objects": [',
    ]
    assert (
        '    {"name": "Top", "kind": "box", "size": [1.6, 0.8, 0.04], "location": [0, 0, 0.73], "material": "Oak"},'
        in (text.splitlines())
    )
    assert "resolution" not in text
    assert "rotation" not in text


def test_the_prompt_names_every_field() -> None:
    prompt = system_prompt("concept")
    for name in dir(records):
        kind = getattr(records, name)
        if (
            isinstance(kind, type)
            and issubclass(kind, msgspec.Struct)
            and (name.startswith("Planned") or kind is ScenePlan)
        ):
            for field in msgspec.structs.fields(kind):
                assert f'"{field.name}"' in prompt, (name, field.name)
