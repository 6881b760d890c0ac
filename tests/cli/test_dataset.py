"""`voxel dataset show` and `stats`; `verify` is tested beside the builder, with Blender."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from voxel.cli.dataset import app
from voxel.errors import BadInput, UsageError
from voxel.records.example import DroppedCandidate, Example, Exists, Provenance
from voxel.stages import DataDir


def example(number: int, role: str = "builder", category: str = "mesh") -> Example:
    record = {
        "id": f"{number:016x}",
        "role": role,
        "category": category,
        "difficulty": "easy",
        "instruction": f'Add an empty named "E{number}".',
        "context": "",
        "completion": "import bpy\n",
        "checks": [msgspec.to_builtins(Exists(of=("objects", f"E{number}")))],
        "quality": 0.5,
        "tokens": 30,
        "blender": ["4.5", "5.0"],
        "provenance": {"source": "folder", "repo": "o/a", "path": "a.blend", "license": "MIT"},
    }
    return msgspec.convert(record, Example)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = DataDir(tmp_path).create().datasets
    encode = msgspec.json.encode
    (folder / "train.jsonl").write_bytes(b"".join(encode(example(n)) + b"\n" for n in range(8)))
    (folder / "val.jsonl").write_bytes(encode(example(50, "render", "light")) + b"\n")
    (folder / "test.jsonl").write_bytes(encode(example(60, "texture", "nodes")) + b"\n")
    drop = DroppedCandidate(
        id="d" * 16, role="builder", category="mesh", reason="duplicate: the same as 0 but for names", instruction="x",
        completion="", provenance=Provenance(source="folder"),
    )  # fmt: skip
    (folder / "dropped.jsonl").write_bytes(encode(drop) + b"\n")
    return tmp_path


def voxel(*words: object) -> str:
    return CliRunner().invoke(app, [str(word) for word in words], standalone_mode=False, catch_exceptions=False).stdout


def test_stats_count_everything_once(data: Path) -> None:
    found = json.loads(voxel("stats", "--data-dir", data, "--json"))
    assert found["examples"] == 10
    assert found["tokens"] == 300
    assert found["split"] == {"train": 8, "val": 1, "test": 1}
    assert found["category"] == {"builder/mesh": 8, "render/light": 1, "texture/nodes": 1}
    assert found["blender"] == {"4.5": 10, "5.0": 10}
    assert found["dropped"] == {"duplicate": 1}
    # these made-up examples all have the same code
    assert found["near_duplicates_across_splits"] == 8 + 8 + 1
    assert found["repositories_in_two_splits"] == 1
    assert "across splits: 17 pairs with nearly the same code (of 17 compared), 1 repositories in two" in voxel(
        "stats", "--data-dir", data
    )
    assert "10 examples, about 300 tokens, mean quality 0.50" in voxel("stats", "--data-dir", data)


def test_show_prints_the_example_with_its_source_and_checks(data: Path) -> None:
    shown = voxel("show", f"{60:016x}", "--data-dir", data)
    assert 'Add an empty named "E60".' in shown
    assert "from o/a/a.blend (MIT)" in shown
    assert '{"kind":"exists","of":["objects","E60"]}' in shown


def test_show_chooses_by_split_role_and_number(data: Path) -> None:
    def ids(*words: object) -> list[str]:
        return [json.loads(line)["id"] for line in voxel("show", "--data-dir", data, "--json", *words).splitlines()]

    assert ids("--role", "render") == [f"{50:016x}"]
    assert ids("--split", "test") == [f"{60:016x}"]
    assert len(ids("-n", 5)) == 5
    assert ids("-n", 5, "--seed", 1) == ids("-n", 5, "--seed", 1) != ids("-n", 5, "--seed", 2)


def test_what_is_not_there_is_said_with_the_command_that_helps(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="voxel dataset stats"):
        voxel("show", "ffff", "--data-dir", data)
    with pytest.raises(UsageError, match="voxel build"):
        voxel("stats", "--data-dir", tmp_path / "none")
    (data / "datasets" / "val.jsonl").write_text('{"id": 5}\n')
    with pytest.raises(BadInput, match=r"val\.jsonl:1: not an example"):
        voxel("stats", "--data-dir", data)
