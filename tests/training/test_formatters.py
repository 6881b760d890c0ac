"""Training files for OpenAI, Claude and local training."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxel.errors import BadInput, SetupError
from voxel.records.example import Example, Exists, Provenance
from voxel.stages import DataDir, LineProgress
from voxel.training.fine_tuning import claude_formatter, local_formatter, openai_formatter
from voxel.training.fine_tuning.claude_formatter import ClaudeFormatter
from voxel.training.fine_tuning.formatting import Formatter
from voxel.training.fine_tuning.local_formatter import LocalFormatter
from voxel.training.fine_tuning.openai_formatter import OpenAIFormatter

FORMATTERS: list[type[Formatter]] = [OpenAIFormatter, ClaudeFormatter, LocalFormatter]
MODULES = {"openai": openai_formatter, "claude": claude_formatter, "local": local_formatter}


def example(number: int, role: Any = "builder", context: str = "", quality: float = 0.5) -> Example:
    return Example(
        id=f"{number:016x}",
        role=role,
        category="mesh",
        difficulty="easy",
        instruction=f'Add an empty named "Größe {number}".',
        context=context,
        completion=f'import bpy\n\nempty = bpy.data.objects.new("Größe {number}", None)\n',
        checks=(Exists(of=("objects", f"Größe {number}")),),
        quality=quality,
        tokens=40,
        blender=("4.5",),
        provenance=Provenance(source="folder", repo="o/a", path="a.blend", license="MIT"),
    )


def dataset(root: Path, train: list[Example], val: list[Example], test: list[Example]) -> DataDir:
    data = DataDir(root).create()
    for split, examples in (("train", train), ("val", val), ("test", test)):
        (data.datasets / f"{split}.jsonl").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in examples))
    return data


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    train = [example(n, "builder" if n % 2 else "render", "import bpy\n" if n % 3 else "") for n in range(40)]
    return dataset(tmp_path / "data", train, [example(100)], [example(200, "texture")])


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def said(line: Any) -> tuple[str, str]:
    """(what the user asks, what is answered)."""
    messages = line["prompt"] + line["completion"] if "prompt" in line else line["messages"]
    return messages[-2]["content"], messages[-1]["content"]


@pytest.mark.parametrize("kind", FORMATTERS)
def test_files_hold_every_example_once_merged_and_per_role(kind: type[Formatter], data: DataDir) -> None:
    report = kind(data.root).run()
    assert (report.phase, report.done, report.dropped, report.failed) == ("format", 42, 0, 0)
    folder = data.fine_tuning / kind.provider
    names = {str(path.relative_to(folder)): len(lines(path)) for path in folder.rglob("*.jsonl")}
    end = f"_{kind.provider}.jsonl"
    assert names == {
        f"train{end}": 40, f"val{end}": 1, f"test{end}": 1,
        f"builder/train{end}": 20, f"render/train{end}": 20, f"builder/val{end}": 1, f"texture/test{end}": 1,
    }  # fmt: skip


@pytest.mark.parametrize("kind", FORMATTERS)
def test_a_prompt_holds_the_instruction_word_for_word_and_the_context(kind: type[Formatter], data: DataDir) -> None:
    kind(data.root).run()
    found = lines(data.fine_tuning / kind.provider / f"train_{kind.provider}.jsonl")
    for number, line in enumerate(found):
        wanted = example(number, context="import bpy\n" if number % 3 else "")
        asked, answered = said(line)
        assert asked.startswith(wanted.instruction)
        assert ("```python\nimport bpy\n```" in asked) is bool(wanted.context)
        assert answered == wanted.completion


def test_each_provider_has_just_its_own_keys(data: DataDir) -> None:
    keys: dict[type[Formatter], set[str]] = {
        OpenAIFormatter: {"messages"},
        ClaudeFormatter: {"system", "messages"},
        LocalFormatter: {"prompt", "completion"},
    }
    for kind, wanted in keys.items():
        kind(data.root).run()
        for line in lines(data.fine_tuning / kind.provider / f"train_{kind.provider}.jsonl"):
            assert set(line) == wanted
    claude = lines(data.fine_tuning / "claude" / "train_claude.jsonl")[0]
    assert [message["role"] for message in claude["messages"]] == ["user", "assistant"]


@pytest.mark.parametrize("kind", FORMATTERS)
def test_a_second_run_writes_nothing(kind: type[Formatter], data: DataDir) -> None:
    kind(data.root).run()
    before = {p: p.stat().st_mtime_ns for p in (data.fine_tuning).rglob("*.jsonl")}
    report = kind(data.root).run()
    assert report.reused == report.done == 42
    assert {p: p.stat().st_mtime_ns for p in (data.fine_tuning).rglob("*.jsonl")} == before


def test_files_of_a_role_that_is_gone_go_too(data: DataDir) -> None:
    LocalFormatter(data.root).run()
    (data.datasets / "test.jsonl").write_bytes(b"")
    LocalFormatter(data.root).run()
    assert not (data.fine_tuning / "local" / "texture" / "test_local.jsonl").exists()
    assert (data.fine_tuning / "local" / "test_local.jsonl").read_bytes() == b""


def test_claude_gets_the_best_lines_that_it_takes(tmp_path: Path) -> None:
    val = [example(n, quality=(n % 100) / 100) for n in range(1_500)]
    data = dataset(tmp_path / "data", [example(9_999)], val, [])
    report = ClaudeFormatter(data.root).run()
    found = lines(data.fine_tuning / "claude" / "val_claude.jsonl")
    assert len(found) == 1_000
    assert report.dropped == 500
    best = sorted(val, key=lambda one: (-one.quality, one.id))[:1_000]
    assert {said(line)[1] for line in found} == {one.completion for one in best}


def test_without_a_dataset_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="voxel build"):
        OpenAIFormatter(tmp_path).run()


SYSTEM = {"role": "system", "content": "s"}
USER = {"role": "user", "content": "u"}
ANSWER = {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    ("provider", "line", "where"),
    [
        ("openai", [], "$"),
        ("openai", {"messages": []}, "$.messages"),
        ("openai", {"messages": [USER, ANSWER], "id": 1}, "$.id"),
        ("openai", {"messages": [USER]}, "$.messages[0].role"),
        ("openai", {"messages": [{"role": "robot", "content": "x"}, ANSWER]}, "$.messages[0].role"),
        ("openai", {"messages": [USER, {"role": "assistant", "content": ""}]}, "$.messages[1].content"),
        ("openai", {"messages": [USER, {"role": "assistant", "content": 5}]}, "$.messages[1].content"),
        ("openai", {"messages": [{**USER, "weight": 1}, ANSWER]}, "$.messages[0].weight"),
        ("claude", {"messages": [USER, ANSWER], "id": "x"}, "$.id"),
        ("claude", {"messages": [SYSTEM, USER, ANSWER]}, "$.messages[0].role"),
        ("claude", {"messages": [ANSWER, USER]}, "$.messages[0].role"),
        ("claude", {"messages": [USER, USER, ANSWER]}, "$.messages[1].role"),
        ("claude", {"messages": [USER, ANSWER, USER]}, "$.messages[2].role"),
        ("claude", {"system": "", "messages": [USER, ANSWER]}, "$.system"),
        ("claude", {"messages": [{**USER, "name": "x"}, ANSWER]}, "$.messages[0].name"),
        ("claude", {"messages": [USER, {**ANSWER, "content": "x" * 120_000}]}, "$"),
        ("local", {"prompt": [USER]}, "$.completion"),
        ("local", {"prompt": "", "completion": "x"}, "$.prompt"),
        ("local", {"prompt": "x", "completion": [ANSWER]}, "$.completion"),
        ("local", {"prompt": [USER], "completion": []}, "$.completion"),
    ],
)
def test_a_broken_line_is_reported_with_its_place(provider: str, line: Any, where: str, tmp_path: Path) -> None:
    good = {
        "openai": {"messages": [SYSTEM, USER, ANSWER]},
        "claude": {"system": "s", "messages": [USER, ANSWER]},
        "local": {"prompt": [USER], "completion": [ANSWER]},
    }[provider]
    path = tmp_path / "file.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in [*[good] * 40, line]))
    problems = MODULES[provider].validate(path)
    assert problems[0].rpartition(" @ ")[2] == f"{path}:41 {where}"
    assert all(f"{path}:41 " in problem for problem in problems)
    path.write_text("".join(json.dumps(good) + "\n" for _ in range(40)))
    assert MODULES[provider].validate(path) == []


def test_every_problem_is_reported_at_once_even_what_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text('{"messages": \n\n{"messages": [], "x": 1}\n')
    problems = openai_formatter.validate(path)
    assert [problem.rpartition(f"{path}")[2] for problem in problems] == [":1 $", ":2 $", ":3 $.x", ":3 $.messages", ""]
    with pytest.raises(BadInput, match="cannot read"):
        openai_formatter.validate(tmp_path / "none.jsonl")


@pytest.mark.parametrize("kind", FORMATTERS)
def test_progress_names_the_provider(tmp_path: Path, kind: type[Formatter]) -> None:
    datasets = tmp_path / "datasets"
    datasets.mkdir()
    for split in ("train", "val", "test"):
        (datasets / f"{split}.jsonl").write_bytes(msgspec.json.encode(example(1)) + b"\n")
    told = io.StringIO()
    kind(tmp_path).run(progress=LineProgress(told))
    assert told.getvalue() == f"format {kind.provider}: 6 to do\n"
