"""Models are asked once, their answers run in real Blender, and scored by what they leave."""

from __future__ import annotations

import gc
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from voxel.errors import SetupError, UsageError
from voxel.records import Example, Provenance
from voxel.records.example import Exists, Geometry, Property
from voxel.training.evaluation.quality_metrics import QualityMetrics

CUBE = """import bpy

bpy.ops.mesh.primitive_cube_add(size=3, location=(1, 2, 3))
box = bpy.context.object
box.name = "Box"
"""
LIGHT = """import bpy

lamp = bpy.data.objects["Lamp"]
lamp.data.energy = 250
"""
LAMP = """import bpy

lamp_data = bpy.data.lights.new("Lamp", type="POINT")
bpy.context.collection.objects.link(bpy.data.objects.new("Lamp", lamp_data))
"""


def examples() -> list[Example]:
    """A cube, three facts; a light made stronger, one fact that its context does not hold."""
    box = ("objects", "Box")
    source = Provenance(source="samples", repo="voxel-samples/tests", license="MIT")
    return [
        Example(
            id="0000000000000001",
            role="builder",
            category="mesh",
            instruction='Add a cube "Box" with sides of 3 m at (1, 2, 3).',
            context="",
            completion=CUBE,
            checks=(
                Exists(of=box, type="MESH"),
                Geometry(of=box, size=(3.0, 3.0, 3.0), vertices=8, faces=6),
                Property(of=box, path="location", value=[1.0, 2.0, 3.0]),
            ),
            provenance=source,
            difficulty="easy",
            quality=1.0,
            tokens=60,
            blender=("4.5",),
        ),
        Example(
            id="0000000000000002",
            role="render",
            category="light-edit",
            instruction='Set the power of "Lamp" to 250 W.',
            context=LAMP,
            completion=LIGHT,
            checks=(Property(of=("objects", "Lamp"), path="data.energy", value=250.0),),
            provenance=source,
            difficulty="easy",
            quality=1.0,
            tokens=60,
            blender=("4.5",),
        ),
    ]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    datasets = tmp_path / "data" / "datasets"
    datasets.mkdir(parents=True)
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in examples())
    (datasets / "test.jsonl").write_bytes(lines)
    return tmp_path / "data"


def scores(data_dir: Path, answers: dict[str, str]) -> dict[str, dict[str, object]]:
    path = data_dir / "answers.jsonl"
    path.write_text("".join(json.dumps({"id": name, "answer": text}) + "\n" for name, text in answers.items()))
    QualityMetrics(data_dir).evaluate_model(str(path), "answers", workers=1)
    (written,) = (data_dir / "evaluation").glob("*/scores.jsonl")
    return {line["example"]: line for line in map(json.loads, written.read_text().splitlines())}


def test_references_score_one_and_a_second_run_runs_nothing(data_dir: Path) -> None:
    metrics = QualityMetrics(data_dir)
    report = metrics.evaluate_model("reference", "reference", workers=1)
    assert (report.n, report.blender_api, report.completeness, report.solved, report.grade) == (2, 1.0, 1.0, 1.0, "A")
    assert report.code_quality >= 0.99
    ledger = data_dir / "checkpoints" / "ledger.sqlite"
    before = ledger.read_bytes()
    again = metrics.evaluate_model("reference", "reference", workers=1)
    assert again == report
    assert len(ledger.read_bytes()) == len(before)


def test_no_answer_scores_nothing(data_dir: Path) -> None:
    for score in scores(data_dir, {"0000000000000001": ""}).values():
        assert score["verdict"] == "no_code"
        assert (score["code_quality"], score["blender_api"], score["completeness"]) == (0.0, 0.0, 0.0)


def test_what_the_context_did_is_not_the_answers(data_dir: Path) -> None:
    found = scores(data_dir, {each.id: "```python\nimport bpy\n```" for each in examples()})
    for score in found.values():
        assert (score["verdict"], score["blender_api"], score["completeness"]) == ("passed", 0.0, 0.0)


def test_attacks_are_contained_counted_and_score_nothing(data_dir: Path) -> None:
    attack = f"```python\nimport os\nos.system('id')\n{CUBE}```"
    score = scores(data_dir, {"0000000000000001": attack})["0000000000000001"]
    assert score["verdict"] == "blocked"
    assert (score["code_quality"], score["blender_api"], score["completeness"]) == (0.0, 0.0, 0.0)
    assert score["errors"] == ["blocked: line 2: os.system is not allowed in the box"]


def test_each_damage_lowers_its_own_score(data_dir: Path) -> None:
    wrong_place = CUBE.replace("(1, 2, 3)", "(1, 2, 4)")
    wrong_call = CUBE + 'box.use_nothing_at_all = bpy.data.objects["Box"].no_such_thing\n'
    first = scores(data_dir, {"0000000000000001": wrong_place})["0000000000000001"]
    assert (first["blender_api"], first["completeness"]) == (1.0, pytest.approx(2 / 3))
    second = scores(data_dir, {"0000000000000001": wrong_call})["0000000000000001"]
    assert second["verdict"] == "failed"
    assert (second["blender_api"], second["completeness"]) == (0.75, 1.0)


class _Model(http.server.BaseHTTPRequestHandler):
    """An OpenAI-compatible server that answers every prompt about a cube rightly and every other one not at all."""

    asked: list[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = body["messages"][-1]["content"]
        self.asked.append(prompt)
        text = f"Here you are:\n```python\n{CUBE}```" if "Box" in prompt else "I cannot do that."
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    prompts: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Model", (_Model,), {"asked": prompts}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("INSPECT_EVAL")]:
        monkeypatch.delenv(name)
    yield prompts
    server.shutdown()
    server.server_close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_is_asked_word_for_word_and_only_once(data_dir: Path, asked: list[str]) -> None:
    metrics = QualityMetrics(data_dir)
    report = metrics.evaluate_model("openai/tuned", workers=1)
    assert len(asked) == 2
    for example in examples():
        (prompt,) = [text for text in asked if example.instruction in text]
        assert example.context.rstrip() in prompt
    assert (report.runs, report.solved) == (0.5, 0.5)
    assert metrics.evaluate_model("openai/tuned", "openai", workers=1) == report
    assert len(asked) == 2
    gc.collect()  # streams that inspect-ai left open are closed here, where their warnings are expected


def test_what_cannot_be_asked_is_said(data_dir: Path) -> None:
    metrics = QualityMetrics(data_dir)
    with pytest.raises(UsageError, match="holds no example for texture"):
        metrics.evaluate_model("reference", "reference", role="texture")
    with pytest.raises(UsageError, match="'painter' is not a role"):
        metrics.evaluate_model("reference", "reference", role="painter")
    with pytest.raises(UsageError, match="'gpt-4o' names no model"):
        metrics.evaluate_model("gpt-4o")
    (data_dir / "answers.jsonl").write_text('{"id": "1"}\n')
    with pytest.raises(UsageError, match=r"answers\.jsonl:1 is not an object with id and answer"):
        metrics.evaluate_model(str(data_dir / "answers.jsonl"), "answers")


def test_answers_to_other_questions_or_to_one_twice_are_refused(data_dir: Path) -> None:
    path = data_dir / "answers.jsonl"

    def refusal(*ids: str) -> str:
        path.write_text("".join(json.dumps({"id": name, "answer": CUBE}) + "\n" for name in ids))
        with pytest.raises(UsageError) as caught:
            QualityMetrics(data_dir).evaluate_model(str(path), "answers", role="builder")
        return str(caught.value)

    asked = f"{path} answers none of the 1 examples that are asked, such as '0000000000000001'; "
    assert refusal("x", "y") == asked + "its first id is 'x'"
    assert refusal() == asked + "it is empty"
    assert refusal("0000000000000001", "x", "0000000000000001") == f"{path}:3 answers '0000000000000001' a second time"
    assert not (data_dir / "evaluation").exists()


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-x"])
def test_a_key_that_is_not_set_is_named(data_dir: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    variable = f"{model.split('/')[0].upper()}_API_KEY"
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    with pytest.raises(SetupError) as caught:
        QualityMetrics(data_dir).evaluate_model(model)
    assert str(caught.value) == f"{variable} is not set; {model} cannot be asked without it"
