"""From proved lines to the dataset's files: duplicates, caps, splits that stay."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from voxel.errors import SetupError
from voxel.records.example import SPLITS, DroppedCandidate, Example, Exists, Provenance
from voxel.stages import DataDir
from voxel.training.dataset_builder.finishing import (
    PER_SHAPE_AND_CLUSTER,
    Finished,
    cluster_of,
    finish,
    split_of,
)
from voxel.training.dataset_builder.likeness import likeness
from voxel.training.dataset_builder.proving import Proved


def proved(number: int, repo: str, *, exact: str = "", shape: str = "") -> Proved:
    example = Example(
        id=f"{number:016x}",
        role="builder",
        category="mesh",
        difficulty="easy",
        instruction=f'Add an empty named "E{number}".',
        context="",
        completion="import bpy\n",
        checks=(Exists(of=("objects", f"E{number}")),),
        quality=0.5,
        tokens=20,
        blender=("4.5",),
        provenance=Provenance(source="folder", repo=repo, path=f"{number}.blend", license="MIT"),
    )
    return Proved(example=example, exact=exact or f"exact{number}", shape=shape or f"shape{number}")


def unit(folder: Path, name: str, lines: list[Proved]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def kept(data: DataDir) -> dict[str, list[str]]:
    return {
        split: [
            msgspec.json.decode(line, type=Example).id
            for line in (data.datasets / f"{split}.jsonl").read_bytes().splitlines()
        ]
        for split in SPLITS
    }


def written(data: DataDir) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(data.datasets.glob("*.json*"))}


def test_the_order_of_units_changes_nothing(tmp_path: Path) -> None:
    lines = [proved(n, f"o/{n % 7}", shape=f"s{n % 3}") for n in range(60)]
    first, second = DataDir(tmp_path / "a").create(), DataDir(tmp_path / "b").create()
    files = [unit(tmp_path, f"u{n}", lines[n::6]) for n in range(6)]
    done = finish(first, files, [])
    assert finish(second, reversed(files), []) == done
    assert written(first) == written(second)
    assert sum(done.kept.values()) + done.dropped == 60


def test_a_duplicate_in_another_repository_is_dropped_with_its_reason(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [proved(1, "o/a", exact="same"), proved(2, "o/b", exact="same"), proved(3, "o/c")]
    assert finish(data, [unit(tmp_path, "u", lines)], []).dropped == 1
    dropped = msgspec.json.decode((data.datasets / "dropped.jsonl").read_bytes(), type=DroppedCandidate)
    assert dropped.reason.startswith("duplicate: the same as ")
    assert sorted([*(one for ids in kept(data).values() for one in ids), dropped.id]) == [
        f"{n:016x}" for n in (1, 2, 3)
    ]


def test_one_shape_does_not_fill_a_repository(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [proved(n, "o/a", shape="same") for n in range(30)]
    assert finish(data, [unit(tmp_path, "u", lines)], []) == Finished(
        {"train": PER_SHAPE_AND_CLUSTER, "val": 0, "test": 0}, 30 - PER_SHAPE_AND_CLUSTER
    )


def test_every_split_has_something_from_three_repositories_on(tmp_path: Path) -> None:
    for count in (3, 4, 9):
        data = DataDir(tmp_path / str(count)).create()
        finish(data, [unit(tmp_path, f"u{count}", [proved(n, f"o/{n % count}") for n in range(90)])], [])
        assert all(kept(data).values()), count


def test_no_repository_is_in_two_splits_and_most_is_for_training(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [proved(n, f"o/{int(n**0.5)}") for n in range(400)]
    done = finish(data, [unit(tmp_path, "u", lines)], [])
    repos: dict[str, set[str]] = {}
    for split in SPLITS:
        for line in (data.datasets / f"{split}.jsonl").read_bytes().splitlines():
            repos.setdefault(msgspec.json.decode(line, type=Example).provenance.repo, set()).add(split)
    assert all(len(splits) == 1 for splits in repos.values())
    assert 0.75 <= done.kept["train"] / 400 <= 0.85


def test_more_files_move_no_example(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [proved(n, f"o/{n % 8}") for n in range(80)]
    finish(data, [unit(tmp_path, "u", lines)], [])
    before = {one: split for split, ids in kept(data).items() for one in ids}
    more = [proved(n, f"o/{n % 30}") for n in range(100, 400)]
    finish(data, [unit(tmp_path, "u", lines), unit(tmp_path, "v", more)], [])
    after = {one: split for split, ids in kept(data).items() for one in ids}
    assert {one: after[one] for one in before} == before


def test_repositories_that_share_a_file_are_one_cluster() -> None:
    clusters = cluster_of(["o/a", "o/b", "o/c", "o/d"], [("o/a", "o/b"), ("o/b", "o/c")])
    assert clusters["o/a"] == clusters["o/b"] == clusters["o/c"] != clusters["o/d"]


def test_where_clusters_join_test_stays_test() -> None:
    members = {"o/a": "o/a", "o/b": "o/a", "o/c": "o/c"}
    assert split_of({"o/a": 9, "o/c": 1}, members, {"o/a": "train", "o/b": "test"})["o/a"] == "test"


def test_a_unit_that_is_gone_or_broken_is_named(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    with pytest.raises(SetupError, match=r"gone\.jsonl.*voxel build"):
        finish(data, [tmp_path / "gone.jsonl"], [])
    (tmp_path / "broken.jsonl").write_text('{"type":"example"}\n')
    with pytest.raises(SetupError, match=r"broken\.jsonl:1"):
        finish(data, [tmp_path / "broken.jsonl"], [])


def test_code_that_differs_in_names_is_the_same_and_in_numbers_of_one_shape() -> None:
    one = likeness("", 'import bpy\ncube = bpy.data.objects["Cube"]\ncube.location = (1, 2, 3)\n', ["Cube"])
    named = likeness("", 'import bpy\n\n# moved\nbox = bpy.data.objects["Box"]\nbox.location = (1, 2, 3)\n', ["Box"])
    moved = likeness("", 'import bpy\ncube = bpy.data.objects["Cube"]\ncube.location = (1, 2, 4)\n', ["Cube"])
    other = likeness("", 'import bpy\ncube = bpy.data.objects["Cube"]\ncube.scale = (1, 2, 3)\n', ["Cube"])
    assert one == named
    assert one.exact != moved.exact
    assert one.shape == moved.shape
    assert other.shape != one.shape
