"""The dataset card counts truly and names everyone whom the licences ask to be named."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from voxel.records.example import DroppedCandidate, Example, Exists, Property, Provenance, Split
from voxel.training.dataset_builder.card import card
from voxel.training.dataset_builder.exporting import write_parquet


def example(number: int, repo: str, licence: str, attribution: str, *versions: str) -> Example:
    return Example(
        id=f"{number:016x}",
        role="texture" if number % 2 else "builder",
        category="mesh",
        difficulty="easy",
        instruction="Add a cube.",
        context="",
        completion="import bpy\n",
        checks=(Exists(of=("objects", "Cube")),),
        quality=1.0,
        tokens=20,
        blender=versions,
        provenance=Provenance(source="folder", repo=repo, path="a.blend", license=licence, attribution=attribution),
    )


SETS: dict[Split, list[Example]] = {
    "train": [example(n, "a/one", "MIT", "Copyright Ann | Bob", "4.5", "5.0") for n in range(3)],
    "val": [example(3, "b/two", "CC-BY-4.0", "Cy\nDee", "4.5")],
    "test": [],
}


def test_counts_by_role_and_split_and_version() -> None:
    text = card(SETS)
    assert "4 examples." in text
    assert "| builder | 2 | 0 | 0 |" in text
    assert "| texture | 1 | 1 | 0 |" in text
    assert "| all | 3 | 1 | 0 |" in text
    assert "Proved on Blender 4.5: 4.\nProved on Blender 5.0: 3." in text


def test_every_source_is_named_and_cannot_break_the_table() -> None:
    lines = card(SETS).splitlines()
    assert r"| a/one | 3 | MIT | Copyright Ann \| Bob |" in lines
    assert "| b/two | 1 | CC-BY-4.0 | Cy Dee |" in lines


def test_front_matter_names_licences_and_files() -> None:
    front = msgspec.yaml.decode(card(SETS).split("---\n")[1])
    assert front["license"] == ["cc-by-4.0", "mit"]
    assert front["size_categories"] == ["n<1K"]
    # an empty file cannot be loaded, so it is not named
    assert [one["path"] for one in front["configs"][0]["data_files"]] == ["train.jsonl", "val.jsonl"]
    assert [one["config_name"] for one in front["configs"]] == ["default"]


def test_licences_that_the_hub_does_not_know_are_other() -> None:
    sets: dict[Split, list[Example]] = {
        "train": [example(0, "a", "LicenseRef-Own", "", "4.5"), example(1, "a", "GPL-3.0-or-later", "", "4.5")],
        "val": [],
        "test": [],
    }
    text = card(sets)
    assert msgspec.yaml.decode(text.split("---\n")[1])["license"] == ["gpl-3.0", "other"]
    assert "| LicenseRef-Own | 1 |" in text


def test_drops_are_counted_by_reason() -> None:
    drops = [
        DroppedCandidate(
            id=f"{n:016x}", role="builder", category="mesh", reason=reason, instruction="", completion="",
            provenance=Provenance(source="folder"),
        )
        for n, reason in enumerate(["cap: 8 of this repository", "cap: 40 others", "private: shows a home folder"])
    ]  # fmt: skip
    assert "Candidates that are no examples, by reason: cap 2, private 1." in card(SETS, drops)


def test_the_hubs_library_loads_the_folder_both_ways(tmp_path: Path) -> None:
    """With checks of different forms, which need the column type that the JSON loader finds by itself."""
    datasets = pytest.importorskip("datasets", reason="needs the extra [hub]")
    pytest.importorskip("pyarrow", reason="needs the extra [hub]")
    moved = Property(of=("objects", "Cube"), path="location", value=[1.0, 2.0, 3.0])
    named = Property(of=("objects", "Cube"), path="name", value="Cube")
    sets: dict[Split, list[Example]] = {
        "train": [
            msgspec.structs.replace(example(n, "a/one", "MIT", "", "4.5"), checks=(moved, named)) for n in range(30)
        ],
        "val": [],
        "test": [example(3, "b/two", "MIT", "", "4.5")],
    }
    for split, examples in sets.items():
        (tmp_path / f"{split}.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in examples))
    (tmp_path / "dropped.jsonl").write_text('{"no": "example"}\n')
    assert write_parquet(tmp_path, sets)
    (tmp_path / "README.md").write_text(card(sets, parquet=True))
    loaded = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 30, "test": 1}
    assert loaded["train"][0]["checks"][0]["value"] == [1.0, 2.0, 3.0]
    assert loaded["train"][0]["checks"][1]["value"] == "Cube"
    files = {split: str(tmp_path / "parquet" / f"{split}.parquet") for split in ("train", "test")}
    parquet = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in parquet.items()} == {"train": 30, "test": 1}
    assert json.loads(parquet["train"][0]["checks"]) == json.loads(msgspec.json.encode([moved, named]))
    assert parquet["test"][0]["provenance"]["repo"] == "b/two"
