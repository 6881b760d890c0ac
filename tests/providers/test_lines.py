"""Training files against the rules of each service: every problem, each with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voxel.errors import BadInput
from voxel.providers import check_file, check_pair, provider_limits
from voxel.providers.provider import Limits

OPENAI, CLAUDE, LOCAL = (provider_limits(name) for name in ("openai", "bedrock", "local"))
USER = {"role": "user", "content": "Add a cube."}
ANSWER = {"role": "assistant", "content": "bpy.ops.mesh.primitive_cube_add()"}


def written(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def problems(path: Path, limits: Limits) -> list[str]:
    return [problem.show(Path("f")) for problem in check_file(path, limits).problems if problem.line]


CASES: list[tuple[str, Limits, Any, list[str]]] = [
    ("good", OPENAI, {"messages": [USER, ANSWER]}, []),
    ("weighted", OPENAI, {"messages": [USER, {**ANSWER, "weight": 0}]}, []),
    ("calls a tool", OPENAI, {"messages": [USER, {"role": "assistant", "tool_calls": []}], "tools": []}, []),
    ("not JSON", OPENAI, "{", ["not JSON: Input data was truncated @ f:1 $"]),
    ("empty", OPENAI, "", ["empty line @ f:1 $"]),
    ("a list", OPENAI, [1], ["must be an object @ f:1 $"]),
    ("a key too many", OPENAI, {"messages": [USER, ANSWER], "id": 1}, ["is not a key of a training line @ f:1 $.id"]),
    ("no messages", OPENAI, {}, ["must be a list of messages @ f:1 $.messages"]),
    (
        "everything wrong",
        OPENAI,
        {"messages": [{"role": "boss", "content": 5}, {"role": "user", "content": " ", "weight": 2}]},
        [
            "must be one of assistant, developer, function, system, tool, user @ f:1 $.messages[0].role",
            "must be a string @ f:1 $.messages[0].content",
            "is empty @ f:1 $.messages[1].content",
            "must be 0 or 1, and only the assistant has one @ f:1 $.messages[1].weight",
            "the last message must come from the assistant @ f:1 $.messages[1].role",
        ],
    ),
    ("good for Claude", CLAUDE, {"system": "Be brief.", "messages": [USER, ANSWER, USER, ANSWER]}, []),
    (
        "a key too many for Claude",
        CLAUDE,
        {"messages": [USER, {**ANSWER, "weight": 1}], "id": 1},
        [
            "no key but system and messages is allowed @ f:1 $.id",
            "no key but role and content is allowed @ f:1 $.messages[1].weight",
        ],
    ),
    (
        "out of turn",
        CLAUDE,
        {"system": "", "messages": [ANSWER, USER]},
        [
            "must be a string that is not empty, or be left out @ f:1 $.system",
            "must be user: user and assistant take turns @ f:1 $.messages[0].role",
            "must be assistant: user and assistant take turns @ f:1 $.messages[1].role",
            "the last message must come from the assistant @ f:1 $.messages[1].role",
        ],
    ),
    ("good here", LOCAL, {"prompt": [USER], "completion": [ANSWER]}, []),
    ("text here", LOCAL, {"prompt": "a", "completion": "b"}, []),
    ("chat here", LOCAL, {"messages": [USER, ANSWER]}, []),
    (
        "half here",
        LOCAL,
        {"prompt": "a", "completion": [ANSWER]},
        ["prompt and completion must both be text or both be messages @ f:1 $.completion"],
    ),
    ("too long", CLAUDE, {"messages": [USER, {**ANSWER, "content": "x" * 90_000}]}, ["33,351 tokens"]),
]


@pytest.mark.parametrize(("limits", "line", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_line(tmp_path: Path, limits: Limits, line: Any, expected: list[str]) -> None:
    found = problems(written(tmp_path / "f.jsonl", line), limits)
    if expected and "tokens" in expected[0]:
        assert len(found) == 1 and expected[0] in found[0]
    else:
        assert found == expected


def test_a_file_as_a_whole(tmp_path: Path) -> None:
    line = {"messages": [USER, ANSWER]}
    checked = check_file(written(tmp_path / "f.jsonl", *[line] * 9), OPENAI)
    assert [problem.reason for problem in checked.problems] == ["9 examples; the service wants at least 10"]
    assert (checked.file.examples, checked.file.size) == (9, 9 * len(json.dumps(line)) + 9)
    small = OPENAI._replace(max_examples=11, max_file_bytes=1000)
    checked = check_file(written(tmp_path / "f.jsonl", *[line] * 12), small)
    assert [problem.reason for problem in checked.problems] == [
        "12 examples; the service takes 11",
        "0 MB; the service takes 0 MB",
    ]


def test_both_files_are_told_of_at_once(tmp_path: Path) -> None:
    good = written(tmp_path / "t.jsonl", *[{"messages": [USER, ANSWER]}] * 10)
    with pytest.raises(BadInput, match=r"the validation file is the training file @ .*v\.jsonl"):
        check_pair(good, written(tmp_path / "v.jsonl", *[{"messages": [USER, ANSWER]}] * 10), OPENAI)
    bad = written(tmp_path / "b.jsonl", *["{"] * 30)
    with pytest.raises(BadInput) as caught:
        check_pair(bad, written(tmp_path / "v.jsonl", "["), OPENAI)
    assert str(caught.value).count("not JSON") == 20
    assert str(caught.value).endswith("; and 11 more")
    with pytest.raises(BadInput, match=r"cannot read .*none: No such file"):
        check_pair(tmp_path / "none", None, OPENAI)
    claude = {"messages": [USER, ANSWER]}
    many = written(tmp_path / "m.jsonl", *[claude] * 9_900)
    more = written(tmp_path / "n.jsonl", *[{"system": "s", **claude}] * 101)
    with pytest.raises(BadInput, match=r"^10,001 lines in both files; the service takes 10,000 @ .*m\.jsonl$"):
        check_pair(many, more, CLAUDE)
