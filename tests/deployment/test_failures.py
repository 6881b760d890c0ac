"""Failures are kept without secrets, mended, proved, and taken into the training data, never into the test set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voxel import models
from voxel.cli.main import main
from voxel.errors import TryLater, UsageError
from voxel.records.deployment import Failure
from voxel.stages import DataDir
from voxel.training.deployment.failures import MOST_LETTERS, Failures

CUBE = "import bpy\nbpy.ops.mesh.primitive_{name}_add({size}={length}, location=({at}, 0, 1))\n"
ASKED = [{"role": "user", "content": "Add a cube of two metres."}]


def answer(name: str, size: str) -> str:
    return f"Here it is:\n```python\n{CUBE.format(name=name, size=size, length=2, at=1.5)}```"


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data").create()


def run(data: DataDir, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]]]:
    status = main(["failures", *words, "--data-dir", str(data.root), "--json"])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_same_failure_is_kept_once_and_the_folder_has_a_limit(data: DataDir) -> None:
    failures = Failures(data, secrets=["topsecret"], most=3)
    assert failures.keep("builder", 1, "m", ASKED, "the topsecret answer", "NameError: x") is not None
    assert failures.keep("builder", 1, "m", ASKED, "the topsecret answer", "NameError: y") is None
    assert failures.keep("builder", 1, "m", ASKED, "x" * (MOST_LETTERS + 1), "too long") is None
    assert failures.all()[0].answer == "the removed answer"
    for number in range(5):
        failures.keep("builder", 1, "m", ASKED, f"answer {number}", "NameError: x")
    assert len(failures.all()) == 3


def test_mended_by_the_schema_or_a_person_and_proved(
    data: DataDir, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    failures = Failures(data)
    for name, size in (("cube", "siez"), ("what_is_this", "size")):
        failures.keep("builder", 2, "m2", ASKED, answer(name, size), "AttributeError: could not be found")
    status, lines = run(data, capsys, "mend")
    assert status == 0
    assert {(line["state"], line["how"].split(":")[0]) for line in lines} == {("mended", "schema"), ("left", "schema")}
    (mended,) = [line for line in lines if line["state"] == "mended"]
    assert mended["code"] == CUBE.format(name="cube", size="size", length=2, at=1.5)
    (left,) = [line for line in lines if line["state"] == "left"]
    wrong, right = tmp_path / "wrong.py", tmp_path / "right.py"
    wrong.write_text("import bpy\nbpy.ops.mesh.primitive_qube_add()\n")
    right.write_text(CUBE.format(name="uv_sphere", size="radius", length=1, at=2))
    assert run(data, capsys, "fix", left["id"], str(wrong)) == (1, [])
    assert failures.get(left["id"]).state == "left"
    assert run(data, capsys, "fix", left["id"][:6], str(right))[1][0]["how"] == "person"
    listed = run(data, capsys, "list")[1]
    assert [line["state"] for line in listed] == ["mended", "mended"]
    held = [json.loads(line) for line in (data.scraped / "files.jsonl").read_text().splitlines()]
    assert {(each["source"], each["repo"], each["kind"], each["state"]) for each in held} == {
        ("failures", "failures/builder", "script", "held")
    }
    assert json.loads((data.datasets / "splits.json").read_text()) == {"failures/builder": "train"}
    assert main(["build", "--data-dir", str(data.root), "--workers", "1", "--blender", "4.5", "--quiet"]) == 0
    train = [json.loads(line) for line in (data.datasets / "train.jsonl").read_text().splitlines()]
    assert train
    assert {example["provenance"]["source"] for example in train} == {"failures"}
    assert (data.datasets / "test.jsonl").read_text() == ""


OLD = """import bpy
glass = bpy.data.materials.new("Glass")
glass.use_nodes = True
glass.node_tree.nodes["Principled BSDF"].inputs["{coat}"].default_value = 0.4
"""


def test_what_the_api_changed_is_mended_and_what_runs_is_not_called_mended(
    data: DataDir, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Failures(data).keep("texture", 1, "m", ASKED, f"```python\n{OLD.format(coat='Clearcoat')}```", "KeyError")
    runs = Failures(data).keep("builder", 1, "m", ASKED, answer("cube", "size"), "reported as not right")
    assert old is not None
    assert runs is not None
    lines = {line["id"]: line for line in run(data, capsys, "mend")[1]}
    assert (lines[old.id]["state"], lines[old.id]["code"]) == ("mended", OLD.format(coat="Coat Weight"))
    assert (lines[runs.id]["state"], lines[runs.id]["how"]) == ("left", "schema: nothing better")


def test_ids_that_name_none_are_refused(data: DataDir, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["failures", "fix", "abc", str(tmp_path / "x.py"), "--data-dir", str(data.root)]) == 2
    assert "'abc' is no id; see: voxel failures list" in capsys.readouterr().err


def test_a_role_answers_through_its_client(served: Any) -> None:
    served.deploy("echo")
    with models.for_role("builder", gateway=f"{served.url}/v1") as builder:
        made = builder.chat.completions.create(messages=[{"role": "user", "content": "two words"}], user="one")
        assert made.choices[0].message.content == "two words"
        stream = builder.chat.completions.create(messages=[{"role": "user", "content": "streamed"}], stream=True)
        assert "".join(getattr(chunk.choices[0].delta, "content", "") for chunk in stream) == "streamed"
        assert builder.ask("Model a mug.") == "Model a mug."
        assert builder.report(made.id, ok=False, error="NameError: x") is False
    (kept,) = Failures(served.deployer.data).all()
    assert isinstance(kept, Failure)
    assert (kept.answer, kept.error) == ("two words", "NameError: x")
    with models.for_role("render", gateway=f"{served.url}/v1") as render, pytest.raises(UsageError, match="builder"):
        render.ask("light it")
    with models.for_role("render", gateway="http://127.0.0.1:9/v1") as nobody, pytest.raises(TryLater, match="serve"):
        nobody.ask("light it")
    with pytest.raises(UsageError, match="not a role"):
        models.for_role("poet")
