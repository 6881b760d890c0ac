"""Training files for OpenAI, Claude and local training."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxel.errors import BadInput, SetupError
from voxel.providers.tokens import tokenizer
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


def test_what_is_formatted_already_is_not_read_again(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    first = LocalFormatter(data.root).run()
    with monkeypatch.context() as patched:
        patched.setattr("voxel.training.fine_tuning.formatting.read_examples", None)
        again = LocalFormatter(data.root).run()
    assert (again.done, again.dropped, again.reused) == (first.done, first.dropped, first.done)
    path = LocalFormatter(data.root).path("train")
    content = path.read_bytes()
    for spoil in (
        lambda: path.write_bytes(content[:-9]),
        path.unlink,
        lambda: path.with_name("x.jsonl").write_text(""),
    ):
        spoil()
        LocalFormatter(data.root).run()
        assert path.read_bytes() == content
    (data.datasets / "train.jsonl").write_bytes((data.datasets / "train.jsonl").read_bytes().splitlines(True)[0])
    assert LocalFormatter(data.root).run().reused == 0
    assert len(path.read_bytes().splitlines()) == 1


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


def pair(**changes: Any) -> dict[str, Any]:
    return {
        "input": {"messages": [SYSTEM, USER]}, "preferred_output": [ANSWER],
        "non_preferred_output": [{"role": "assistant", "content": "b"}], **changes,
    }  # fmt: skip


BROKEN: list[tuple[str, Any, str, str]] = [
    ("openai", [], "$", "must be an object"),
    ("openai", {"messages": []}, "$.messages", "must be a list of messages"),
    ("openai", {"messages": [USER, ANSWER], "id": 1}, "$.id", "is not a key of a training line"),
    ("openai", {"messages": [USER]}, "$.messages[0].role", "the last message must come from the assistant"),
    ("openai", {"messages": ["hello", ANSWER]}, "$.messages[0]", "must be an object"),
    ("openai", {"messages": [{"role": "robot", "content": "x"}, ANSWER]}, "$.messages[0].role", "must be one of"),
    ("openai", {"messages": [USER, {"role": "assistant", "content": ""}]}, "$.messages[1].content", "is empty"),
    ("openai", {"messages": [USER, {"role": "assistant", "content": 5}]}, "$.messages[1].content", "must be a string"),
    ("openai", {"messages": [{**USER, "weight": 1}, ANSWER]}, "$.messages[0].weight", "must be 0 or 1"),
    ("openai", {"messages": [USER, {**ANSWER, "weight": 0.5}]}, "$.messages[1].weight", "must be 0 or 1"),
    ("openai", {"messages": [{**USER, "id": 4}, ANSWER]}, "$.messages[0].id", "is not a key of a message"),
    ("openai", {"messages": [{**USER, "name": "Ann B"}, ANSWER]}, "$.messages[0].name", "must be 1 to 64 letters"),
    (
        "openai",
        {"messages": [USER, {"role": "tool", "content": "3"}, ANSWER]},
        "$.messages[1].tool_call_id",
        "a tool's",
    ),
    ("openai", {"messages": [USER, ANSWER], "tools": {}}, "$.tools", "must be a list of tools"),
    ("openai", {"messages": [USER, ANSWER], "tools": [{"type": "web"}]}, "$.tools[0]", "must be {"),
    ("openai", {"messages": [USER, ANSWER], "parallel_tool_calls": "no"}, "$.parallel_tool_calls", "must be true"),
    ("openai", {"messages": [USER, {**ANSWER, "content": "x" * 200_000}]}, "$", "about 74,"),
    ("openai", pair(input=[USER]), "$.input", "must be an object with messages"),
    ("openai", pair(input={"messages": [USER, ANSWER]}), "$.input.messages[1].role", "the last message must come from"),
    ("openai", pair(preferred_output=[ANSWER, ANSWER]), "$.preferred_output", "must be one answer"),
    ("openai", pair(non_preferred_output=[ANSWER]), "$.non_preferred_output", "is the preferred output"),
    ("openai", pair(non_preferred_output=[USER]), "$.non_preferred_output[0].role", "must be one of assistant"),
    ("openai", pair(score=1), "$.score", "is not a key of a preference pair"),
    ("claude", {"messages": [USER, ANSWER], "id": "x"}, "$.id", "no key but system and messages is allowed"),
    ("claude", {"messages": [SYSTEM, USER, ANSWER]}, "$.messages[0].role", "must be one of assistant, user"),
    ("claude", {"messages": [ANSWER, USER]}, "$.messages[0].role", "must be user: user and assistant take turns"),
    ("claude", {"messages": [USER, USER, ANSWER]}, "$.messages[1].role", "must be assistant: user and assistant"),
    (
        "claude",
        {"messages": [USER, ANSWER, USER]},
        "$.messages[2].role",
        "the last message must come from the assistant",
    ),
    ("claude", {"system": "", "messages": [USER, ANSWER]}, "$.system", "must be a string that is not empty"),
    ("claude", {"messages": [{**USER, "name": "x"}, ANSWER]}, "$.messages[0].name", "no key but role and content"),
    ("claude", {"messages": [USER, {**ANSWER, "content": "x" * 120_000}]}, "$", "about 44,"),
    ("local", {"prompt": [USER]}, "$.completion", "must be a list of messages"),
    ("local", {"prompt": "", "completion": "x"}, "$.prompt", "is empty"),
    ("local", {"prompt": "x", "completion": [ANSWER]}, "$.completion", "prompt and completion must both be text"),
    ("local", {"prompt": [USER], "completion": []}, "$.completion", "must be a list of messages"),
    ("local", {"prompt": [USER], "completion": [USER]}, "$.completion[0].role", "must be one of assistant"),
    (
        "local",
        {"prompt": [USER, ANSWER], "completion": [ANSWER]},
        "$.prompt[1].role",
        "the last message must come from",
    ),
    ("local", {"prompt": [USER], "chosen": [ANSWER]}, "$.rejected", "must be a list of messages"),
    ("local", {"prompt": [USER], "chosen": [ANSWER], "rejected": [ANSWER]}, "$.rejected", "is the chosen answer"),
]


@pytest.mark.parametrize(("provider", "line", "where", "reason"), BROKEN)
def test_a_broken_line_is_reported_with_reason_and_place(
    provider: str, line: Any, where: str, reason: str, tmp_path: Path
) -> None:
    good = {
        "openai": {"messages": [SYSTEM, USER, ANSWER]},
        "claude": {"system": "s", "messages": [USER, ANSWER]},
        "local": {"prompt": [USER], "completion": [ANSWER]},
    }[provider]
    path = tmp_path / "file.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in [*[good] * 40, line]))
    problems = MODULES[provider].validate(path)
    assert [one for one in problems if one.startswith(reason) and one.endswith(f" @ {path}:41 {where}")], problems
    assert all(f"{path}:41 " in problem for problem in problems)
    path.write_text("".join(json.dumps(good) + "\n" for _ in range(40)))
    assert MODULES[provider].validate(path) == []


def test_lines_that_are_no_json_are_reported_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    good = json.dumps({"messages": [USER, ANSWER]}).encode()
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join([good] * 10 + [b"", b"{", b'{"messages": "\xff"}', b"NaN"]) + b"\n")
    found = openai_formatter.validate(path)
    assert [(one.partition(":")[0].partition(" @")[0], one.rpartition(f"{path}:")[2]) for one in found] == [
        ("begins with a byte order mark", "1 $"), ("empty line", "11 $"), ("not JSON", "12 $"), ("not JSON", "13 $"),
        ("not JSON", "14 $"),
    ]  # fmt: skip


def test_files_as_a_whole_have_limits_too(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    line = json.dumps({"messages": [USER, ANSWER]}) + "\n"
    path.write_text(line * 9)
    assert openai_formatter.validate(path) == [f"9 examples; the service wants at least 10 @ {path}"]
    path.write_text(line * 10_001)
    assert claude_formatter.validate(path) == [f"10,001 examples; the service takes 10,000 @ {path}"]
    assert claude_formatter.validate(path, validation=True) == [f"10,001 examples; the service takes 1,000 @ {path}"]


def mending(number: int, purpose: str) -> Example:
    """A repair as the builder writes it."""
    whole = example(number)
    broken = "import bpy\n\nempty = bpy.data.objects.new_empty()\n"
    return msgspec.structs.replace(
        whole,
        id=f"{number + 5000:016x}",
        category="repair",
        instruction=f"Fix this:\n\n```python\n{broken}```\n\nThe error:\n\n```\nAttributeError\n```\n\n{purpose}",
    )


def test_repairs_become_preference_pairs(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", [example(1), mending(1, "p"), mending(2, "q")], [example(3)], [])
    OpenAIFormatter(data.root).run()
    LocalFormatter(data.root).run()
    ClaudeFormatter(data.root).run()
    found = lines(data.fine_tuning / "openai" / "builder" / "train_openai_dpo.jsonl")
    assert lines(data.fine_tuning / "openai" / "train_openai_dpo.jsonl") == found
    broken = "import bpy\n\nempty = bpy.data.objects.new_empty()\n"
    assert [one["non_preferred_output"] for one in found] == [[{"role": "assistant", "content": broken}]] * 2
    assert [one["preferred_output"][0]["content"] for one in found] == [example(n).completion for n in (1, 2)]
    # the first is asked as the example it was made of, the second, whose example is not there, as the repair
    assert found[0]["input"]["messages"][1]["content"] == example(1).instruction
    assert "```python" in found[1]["input"]["messages"][1]["content"]
    local = lines(data.fine_tuning / "local" / "train_local_dpo.jsonl")
    assert [set(one) for one in local] == [{"prompt", "chosen", "rejected"}] * 2
    assert not list((data.fine_tuning / "claude").rglob("*dpo*"))
    assert not list(data.fine_tuning.rglob("val*dpo*"))


def test_validating_says_how_tokens_were_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text((json.dumps({"messages": [USER, {**ANSWER, "content": "abcdé"}]}) + "\n") * 10)
    assert claude_formatter.main(["--validate", str(path), "--data-dir", str(tmp_path)]) == 1
    assert "tokens (an estimate: a token for every 2.7 bytes)" in capsys.readouterr().err


def test_openais_tokens_are_counted_where_its_tokenizer_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a vocabulary of single bytes, for the real one comes from the network."""
    tiktoken = pytest.importorskip("tiktoken")
    bytewise = tiktoken.Encoding(
        "o200k_base", pat_str=r"\S+|\s+", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={}
    )
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: {"o200k_base": bytewise}[name])
    tokenizer.cache_clear()
    path = tmp_path / "file.jsonl"
    path.write_text((json.dumps({"messages": [USER, {**ANSWER, "content": "abcdé"}]}) + "\n") * 10)
    try:
        assert openai_formatter.main(["--validate", str(path), "--data-dir", str(tmp_path)]) == 0
    finally:
        tokenizer.cache_clear()
    assert f"{10 * (1 + 6 + 6 + 6)} tokens (counted by tiktoken o200k_base)" in capsys.readouterr().err


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
