"""Prompts in CADBench's form: errors, what can be seen, pictures, and a judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.training.evaluation.chat_server import ChatServer, Messages
from tests.training.evaluation.questions import CUBE

from voxel.errors import UsageError
from voxel.training.evaluation.benchmark import Benchmark

CRITERIA = {"Object": {"Shape": ["It is a cube."], "Size": ["It is large."]}, "Space": {"Place": ["It floats."]}}
ASKED = {
    "cube": ("Make a cube.", CUBE),
    "broken": ("Make a cone.", "import bpy\nbpy.ops.mesh.primitive_cone_add(sides=3)\n"),
    "unfinished": ("Make a torus.", "```python\nimport bpy\nbpy.ops.mesh.(\n"),
    "silent": ("Make a star.", "I cannot do that."),
}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    lines = [
        {"id": name, "name": name, "instruction": text, "criteria": CRITERIA, "type": "Wild", "color brightness": "?"}
        for name, (text, _) in ASKED.items()
    ]
    path = tmp_path / "bench.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def reply(messages: Messages) -> str:
    content = messages[-1]["content"]
    if "You judge" in str(messages[0]["content"]):
        return "The statements: [1, 0, 1]" if "Make a cube." in str(content) else "I see nothing."
    return next(code for text, code in ASKED.values() if text == content)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_errors_and_what_can_be_seen_are_counted_and_judged(tmp_path: Path, prompts: Path, model: ChatServer) -> None:
    model.reply = reply
    report = Benchmark(prompts, tmp_path / "data").measure("openai/tuned", judge="openai/judge")
    assert (report.n, report.no_code, report.syntax_errors, report.run_errors, report.visible) == (
        4, 0.25, 0.25, 0.25, 0.25,
    )  # fmt: skip
    by_id = {each.id: each for each in report.answers}
    assert {name: each.verdict for name, each in by_id.items()} == {
        "cube": "passed",
        "broken": "failed",
        "unfinished": "failed",
        "silent": "no_code",
    }
    assert (Path(report.folder) / by_id["cube"].picture).read_bytes().startswith(PNG)
    assert by_id["cube"].criteria == {"Object": 0.5, "Space": 1.0}
    assert by_id["silent"].criteria == {"Object": 0.0, "Space": 0.0}
    assert report.criteria == pytest.approx(0.75 / 4)
    shown = [str(messages[-1]["content"]) for messages in model.asked if "You judge" in str(messages[0]["content"])]
    assert len(shown) == 3  # who answered nothing is not shown to the judge
    assert sum("data:image/png;base64," in text for text in shown) == 1


def test_what_is_no_benchmark_is_named(tmp_path: Path, prompts: Path) -> None:
    with pytest.raises(UsageError, match="a benchmark holds no references"):
        Benchmark(prompts, tmp_path).measure("reference")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "1"}\n')
    with pytest.raises(UsageError, match=r"broken\.jsonl:1 is no prompt with id, name and instruction"):
        Benchmark(broken, tmp_path)
