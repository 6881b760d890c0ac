"""Models are asked once, their answers run in real Blender, and scored by what they leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.training.evaluation.chat_server import ChatServer
from tests.training.evaluation.questions import CUBE, LIGHT, examples, like

from voxel.errors import SetupError, TryLater, UsageError
from voxel.training.evaluation.naming import named
from voxel.training.evaluation.quality_metrics import QualityMetrics
from voxel.training.evaluation.retrieval import Shelf

INSPECT = (
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
)
"""inspect-ai leaves streams open, and calls what its own libraries have deprecated."""


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


def asking(test: Any) -> Any:
    for mark in INSPECT:
        test = mark(test)
    return test


@asking
def test_a_model_is_asked_word_for_word_and_only_once(data_dir: Path, model: ChatServer) -> None:
    metrics = QualityMetrics(data_dir)
    report = metrics.evaluate_model("openai/tuned", workers=1)
    assert len(model.asked) == 2
    prompts = [messages[-1]["content"] for messages in model.asked]
    for example in examples():
        (prompt,) = [text for text in prompts if example.instruction in text]
        assert example.context.rstrip() in prompt
    assert (report.runs, report.solved, report.kinds) == (0.5, 0.5, {"no_code": 0.5})
    assert [(name, part.n, part.solved) for name, part in report.by_role.items()] == [
        ("builder", 1, 1.0),
        ("render", 1, 0.0),
    ]
    assert [(name, part.overall > 0.99) for name, part in report.by_difficulty.items()] == [
        ("easy", True),
        ("hard", False),
    ]
    assert metrics.evaluate_model("openai/tuned", "openai", workers=1) == report
    assert len(model.asked) == 2


@asking
def test_a_retry_shows_the_error_to_those_that_failed(data_dir: Path, model: ChatServer) -> None:
    def reply(messages: list[dict[str, str]]) -> str:
        if "Box" in messages[1]["content"]:
            return CUBE
        return LIGHT if len(messages) == 4 else LIGHT.replace("energy", "power")

    model.reply = reply
    metrics = QualityMetrics(data_dir)
    plain = metrics.evaluate_model("openai/tuned", workers=1)
    assert (plain.runs, plain.kinds, len(model.asked)) == (0.5, {"invented_api": 0.5}, 2)
    retry = metrics.evaluate_model("openai/tuned", way="retry", workers=1)
    assert (retry.model, retry.runs, retry.solved, len(model.asked)) == ("openai/tuned +retry", 1.0, 1.0, 3)
    assert [message["role"] for message in model.asked[2]] == ["developer", "user", "assistant", "user"]
    assert model.asked[2][2]["content"] == LIGHT.replace("energy", "power")
    assert "AttributeError: line 4: 'PointLight' object has no attribute 'power'" in model.asked[2][3]["content"]
    assert "energy" not in model.asked[2][3]["content"]


@asking
def test_retrieval_shows_training_examples_and_no_others(data_dir: Path, model: ChatServer) -> None:
    train = [
        like(16 + index, text) for index, text in enumerate(("Add a lamp.", "Add a cube of 3 m.", "Cubes at (1, 2)"))
    ]
    same = like(32, examples()[0].instruction)
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in (*train, same))
    (data_dir / "datasets" / "train.jsonl").write_bytes(lines)
    shelf = Shelf.of(data_dir / "datasets" / "train.jsonl")
    assert [each.instruction for each in shelf.like(examples()[0], 2)] == ["Add a cube of 3 m.", "Cubes at (1, 2)"]
    assert shelf.like(examples()[1]) == []
    QualityMetrics(data_dir).evaluate_model("openai/tuned", role="builder", way="retrieval", workers=1)
    (messages,) = model.asked
    assert [message["content"] for message in messages[1:]] == [
        *("Add a lamp.", train[0].completion),
        *("Cubes at (1, 2)", train[2].completion),
        *("Add a cube of 3 m.", train[1].completion),
        examples()[0].instruction,
    ]


@asking
def test_what_a_service_did_not_answer_is_not_held_against_the_model(data_dir: Path, model: ChatServer) -> None:
    model.reply = lambda messages: CUBE if "Box" in messages[-1]["content"] else 401
    metrics = QualityMetrics(data_dir)
    with pytest.raises(TryLater, match="openai/tuned left 1 of 2 prompts unanswered"):
        metrics.evaluate_model("openai/tuned", workers=1)
    assert not list(data_dir.glob("evaluation/*/report.json"))
    before = len(model.asked)
    model.reply = lambda messages: 400
    report = metrics.evaluate_model("openai/tuned", workers=1)
    assert len(model.asked) == before + 1  # the cube's answer was kept
    assert (report.solved, report.kinds) == (0.5, {"no_code": 0.5})


def test_the_same_scores_are_no_difference_and_worse_ones_lose(data_dir: Path) -> None:
    metrics = QualityMetrics(data_dir)
    examples_ = metrics.examples(None, 100)
    nothing = data_dir / "nothing.jsonl"
    nothing.write_text("".join(json.dumps({"id": each.id, "answer": ""}) + "\n" for each in examples_))
    same = data_dir / "same.jsonl"
    same.write_text("".join(json.dumps({"id": each.id, "answer": each.completion}) + "\n" for each in examples_))
    runs = [
        metrics.measure(named(str(model), metrics.data), examples_, workers=1) for model in (nothing, same, "reference")
    ]
    compared = metrics.compare(runs)
    first = {each.after: each for each in compared.comparisons if each.before == runs[0].run}
    assert {first[run.run].scores["overall"].outcome for run in runs[1:]} == {"better"}
    assert first[runs[1].run].scores["solved"].ci95 == (1.0, 1.0)
    assert compared.winner == ""  # the two that are right are equally right
    assert metrics.compare(runs[:2]).winner == runs[1].run
    assert metrics.compare(runs[1:]).comparisons[0].scores["overall"].outcome == "no difference shown"


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
