"""The dataset card counts truly and names everyone whom the licences ask to be named."""

from __future__ import annotations

import msgspec

from voxel.records.example import Example, Exists, Provenance, Split
from voxel.training.dataset_builder.card import card


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
    assert [one["path"] for one in front["configs"][0]["data_files"]] == ["train.jsonl", "val.jsonl", "test.jsonl"]
