"""From proved lines to the dataset's files: duplicates, caps, splits that stay."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxel.errors import SetupError
from voxel.records.example import SPLITS, DroppedCandidate, Example, Exists, Property, Provenance, Split
from voxel.stages import DataDir, write_atomic
from voxel.training.dataset_builder import finishing
from voxel.training.dataset_builder.decontaminating import Prompts
from voxel.training.dataset_builder.finishing import Finished, finished
from voxel.training.dataset_builder.kinds import NEAR, Kinds, Shingles, jaccard, packed
from voxel.training.dataset_builder.likeness import likeness
from voxel.training.dataset_builder.lines import Proved
from voxel.training.dataset_builder.nearness import joined, shingles, words
from voxel.training.dataset_builder.quality import own_of, parts_of, quality_of
from voxel.training.dataset_builder.selecting import PER_ANSWER, PER_SHAPE_AND_CLUSTER, Wanted
from voxel.training.dataset_builder.sketching import Sketches, digest, sketched, sketches_of
from voxel.training.dataset_builder.splitting import cluster_of, split_of


def code(number: int) -> str:
    """A script that no other number's is near to."""
    lines = [f"thing.part{number}_{place} = {number * 7 + place}" for place in range(8)]
    return "import bpy\n\nthing = bpy.context.object\n" + "\n".join(lines) + "\n"


def proved(
    number: int, repo: str, *, exact: str = "", shape: str = "", completion: str = "", derived: str = "", path: str = ""
) -> Proved:
    example = Example(
        id=f"{number:016x}",
        role="builder",
        category="mesh",
        difficulty="easy",
        instruction=f'Add an empty named "E{number}".',
        context="",
        completion=completion or code(number),
        checks=(Exists(of=("objects", f"E{number}")),),
        quality=0.0,
        tokens=200,
        blender=("4.5",),
        provenance=Provenance(
            source="folder", repo=repo, path=path or f"{number}.blend", license="MIT", derived_from=derived
        ),
    )
    return Proved(example=example, exact=exact or f"exact{number}", shape=shape or f"shape{number}")


def unit(folder: Path, name: str, lines: list[Proved]) -> str:
    """Every data directory here lies in `folder`; units of all lie beside them, each with its sketches."""
    content = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    (folder / f"{name}.jsonl").write_bytes(content)
    sketches = Sketches(of=digest(content), sketches=[sketched(line.example) for line in lines])
    (folder / f"{name}.msgpack").write_bytes(msgspec.msgpack.encode(sketches))
    return f"../{name}.jsonl"


def finish(data: DataDir, units: Iterable[str], *given: Any, **more: Any) -> Finished:
    return finishing.finish(data, {name: name.replace(".jsonl", ".msgpack") for name in units}, *given, **more)


def kept(data: DataDir) -> dict[str, list[str]]:
    return {
        split: [
            msgspec.json.decode(line, type=Example).id
            for line in (data.datasets / f"{split}.jsonl").read_bytes().splitlines()
        ]
        for split in SPLITS
    }


def written(data: DataDir) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted(data.datasets.rglob("*"))
        if path.name != "finished.json" and path.is_file()
    }


def reasons(data: DataDir) -> dict[str, str]:
    lines = (data.datasets / "dropped.jsonl").read_bytes().splitlines()
    return {one.id: one.reason for one in (msgspec.json.decode(line, type=DroppedCandidate) for line in lines)}


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


def test_a_joined_cluster_belongs_where_more_of_its_examples_are() -> None:
    members = {"o/a": "o/a", "o/b": "o/a", "o/c": "o/c"}
    known: dict[str, Split] = {"o/a": "train", "o/b": "test"}
    assert split_of({"o/a": 9, "o/b": 2, "o/c": 1}, members, known)["o/a"] == "train"
    assert split_of({"o/a": 2, "o/b": 9, "o/c": 1}, members, known)["o/a"] == "test"


def test_files_that_join_two_old_clusters_move_nothing_and_drop_the_lesser(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    sizes = {"o/a": 90, "o/b": 12, "o/c": 10}
    lines = [proved(n, repo) for at, (repo, size) in enumerate(sizes.items()) for n in range(at * 100, at * 100 + size)]
    finish(data, [unit(tmp_path, "u", lines)], [])
    before = {one: split for split, ids in kept(data).items() for one in ids}
    split = {repo: before[f"{at * 100:016x}"] for at, repo in enumerate(sizes)}
    assert sorted(split.values()) == ["test", "train", "val"]
    lesser = next(repo for repo in ("o/b", "o/c") if split[repo] == "test")
    new = [proved(1000 + n, "o/new") for n in range(20)]
    finish(data, [unit(tmp_path, "u", lines), unit(tmp_path, "v", new)], [("o/a", "o/new"), ("o/new", lesser)])
    after = {one: split for split, ids in kept(data).items() for one in ids}
    assert all(after[one] == before[one] for one in before if one in after)
    gone = sorted(set(before) - set(after))
    assert gone == [line.example.id for line in lines if line.example.provenance.repo == lesser]
    said = reasons(data)
    assert {said[one] for one in gone} == {f"split: {lesser} was in test and now belongs with repositories in train"}
    assert {after[line.example.id] for line in new} == {"train"}


def test_a_mended_failure_draws_nothing_after_it_and_stays_in_train(tmp_path: Path) -> None:
    """Also where it makes the very scene that a test repository holds, and gives more examples than that."""
    data = DataDir(tmp_path / "d").create()

    def with_scene(line: Proved, repo: str, source: str) -> Proved:
        scene = tuple(Property(of=("objects", "E"), path=f"{repo}{n}", value=n) for n in range(40))
        provenance = msgspec.structs.replace(line.example.provenance, source=source)
        example = msgspec.structs.replace(line.example, checks=scene, provenance=provenance)
        return msgspec.structs.replace(line, example=example)

    sizes = {"o/a": 90, "o/b": 12, "o/c": 10}
    lines = [
        with_scene(proved(at * 100 + n, repo), repo, "folder")
        for at, (repo, size) in enumerate(sizes.items())
        for n in range(size)
    ]
    finish(data, [unit(tmp_path, "u", lines)], [])
    before = kept(data)
    assert before["test"]
    splits = data.datasets / "splits.json"
    splits.write_bytes(msgspec.json.encode({**msgspec.json.decode(splits.read_bytes()), "failures/builder": "train"}))
    failures = [
        with_scene(proved(1000 + n, "failures/builder"), ("o/a", "o/b", "o/c")[n % 3], "failures") for n in range(60)
    ]
    finish(data, [unit(tmp_path, "u", lines), unit(tmp_path, "v", failures)], [])
    after = kept(data)
    assert (after["val"], after["test"]) == (before["val"], before["test"])
    assert sorted(set(after["train"]) - set(before["train"])) == [one.example.id for one in failures]


def test_an_example_that_was_in_test_does_not_come_back_in_train(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [*(proved(n, "o/a") for n in range(40)), *(proved(n, "o/b") for n in range(40, 45)),
             *(proved(n, "o/c") for n in range(45, 50))]  # fmt: skip
    finish(data, [unit(tmp_path, "u", lines)], [])
    held_out = kept(data)["test"][0]
    number = int(held_out, 16)
    remaining = [line for line in lines if line.example.id != held_out]
    finish(data, [unit(tmp_path, "u", [*remaining, proved(number, "o/a")])], [])
    assert held_out not in {one for ids in kept(data).values() for one in ids}
    assert reasons(data)[held_out] == "split: it was in test before"


def test_scenes_that_are_nearly_the_same_join_their_repositories_and_startup_scenes_do_not() -> None:
    scene = frozenset(range(40))
    scenes: list[tuple[str, Shingles]] = [
        ("o/a", scene), ("o/b", scene - {38, 39} | {50}), ("o/c", frozenset(range(5))), ("o/d", frozenset(range(5))),
        ("o/e", frozenset(range(100, 140))), ("o/f", frozenset(range(100, 140))), ("o/a", scene),
    ]  # fmt: skip
    assert list(joined(scenes, 25)) == [("o/a", "o/b"), ("o/e", "o/f")]


def test_what_is_nearly_the_same_is_not_in_two_splits_nor_twice_in_one(tmp_path: Path) -> None:
    """Decided again here on every pair, without the proposals of LSH."""
    data = DataDir(tmp_path / "d").create()
    lines = []
    for n in range(300):
        same = n // 3 if n < 120 else n  # the first 120 are thrice nearly the same
        other = code(same).replace(f"= {same * 7}\n", f"= {n}\n")
        lines.append(proved(n, f"o/{n % 9}", completion=other))
    done = finish(data, [unit(tmp_path, "u", lines)], [])
    assert done.kept["test"] and done.kept["val"]
    held = {}
    for split in SPLITS:
        for line in (data.datasets / f"{split}.jsonl").read_bytes().splitlines():
            example = msgspec.json.decode(line, type=Example)
            held[example.id] = shingles(example.completion)
    assert 215 <= len(held) <= 220
    assert max(jaccard(a, b) for one, a in held.items() for other, b in held.items() if one < other) < NEAR


def test_lsh_proposes_every_pair_that_is_near() -> None:
    """Against all pairs, on sets whose likeness goes through the threshold."""
    sets = [frozenset(n // 5 * 100 + m for m in range(n % 5 * 3, 40 + n % 5)) for n in range(200)]
    with Kinds() as kinds:
        numbers = [kinds.kind(packed(one)) for one in sets]
        wanted = {(numbers[a], numbers[b]) for b in range(200) for a in range(b) if jaccard(sets[a], sets[b]) >= NEAR}
        assert set(kinds.near_pairs()) == wanted
        assert [kinds.kind(packed(one)) for one in sets] == numbers
    assert 100 < len(wanted) < 400


def test_the_normal_form_has_no_names_and_no_layout_but_every_number() -> None:
    one = (
        'import bpy\n# a lamp\nlamp = bpy.data.objects["My Lamp"]\nlamp.location = (1,\n  2.5, 3)\nlamp.name = "New"\n'
    )
    two = 'import bpy\nx=bpy.data.objects["L"]\nx.location = (1, 2.5, 3)\nx.name = "Other"\n'
    assert words(one) == words(two)
    assert "2.5" in words(one)
    assert words(one) != words(two.replace("2.5", "2.6"))
    assert words('{"objects": [1]}') == words('{"objects":   [1]}')


def test_one_answer_does_not_fill_the_set_however_many_repositories_give_it(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = []
    for n in range(80):
        line = proved(n, f"o/{n % 10}", completion=code(5))
        context = code(100 + n)
        lines.append(msgspec.structs.replace(line, example=msgspec.structs.replace(line.example, context=context)))
    done = finish(data, [unit(tmp_path, "u", lines)], [])
    assert done.kept == {"train": PER_ANSWER, "val": 0, "test": 0}


def test_a_repair_may_end_where_its_example_begins_but_comes_once(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    plain = proved(1, "o/a")
    mending = [proved(n, "o/a", completion=code(1)) for n in (2, 3)]
    lines = [
        plain,
        *(msgspec.structs.replace(m, example=msgspec.structs.replace(m.example, category="repair")) for m in mending),
    ]
    finish(data, [unit(tmp_path, "u", lines)], [])
    assert len(kept(data)["train"]) == 2
    assert plain.example.id in kept(data)["train"]
    assert [reason[:14] for reason in reasons(data).values()] == ["near-duplicate"]


def test_at_most_half_of_a_role_is_derived(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [proved(n, "o/a", derived="" if n < 10 else "radius moved") for n in range(50)]
    assert finish(data, [unit(tmp_path, "u", lines)], []).kept["train"] == 20
    assert sorted(kept(data)["train"])[:10] == [f"{n:016x}" for n in range(10)]
    assert set(reasons(data).values()) == {"cap: half of its role is derived already"}


def test_startup_content_is_worth_little_and_every_part_is_kept(tmp_path: Path) -> None:
    startup = 'import bpy\n\nbpy.ops.mesh.primitive_cube_add()\ncube = bpy.context.object\ncube.name = "Cube"\n'
    bad = proved(1, "o/a", completion=startup).example
    good = proved(2, "o/a").example
    asked = ("4.5", "5.0")
    of = {one.id: parts_of(own_of(one, shingles(one.completion)), one.blender, asked, 1) for one in (bad, good)}
    assert of[bad.id].rarity <= 0.15
    assert of[good.id].rarity == 1.0
    assert of[good.id].proved == 0.5
    assert quality_of(of[bad.id]) < 0.45
    assert 0.5 < quality_of(of[good.id]) < 0.6
    data = DataDir(tmp_path / "d").create()
    lines = [proved(1, "o/a", completion=startup), proved(2, "o/a")]
    finish(data, [unit(tmp_path, "u", lines)], [], Wanted(("4.5", "5.0"), 0.5))
    assert kept(data)["train"] == [good.id]
    assert reasons(data)[bad.id].startswith("quality: 0.")
    line = msgspec.json.decode((data.datasets / "train.jsonl").read_bytes(), type=Example)
    assert line.quality_parts == of[good.id]
    assert line.quality == quality_of(of[good.id])


def test_prompts_of_a_benchmark_are_kept_out(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    prompts = tmp_path / "bench.jsonl"
    prompts.write_text('{"id": 1, "prompt": "add an EMPTY named e7, please"}\n["Add an empty named E9"]\n')
    done = finish(
        data, [unit(tmp_path, "u", [proved(n, "o/a") for n in range(10)])], [], Wanted(prompts=Prompts(prompts))
    )
    assert done.kept["train"] == 9
    assert reasons(data) == {f"{9:016x}": "benchmark: repeats bench.jsonl:2"}
    with pytest.raises(SetupError, match=r"cannot read the prompts in .*none\.txt"):
        Prompts(tmp_path / "none.txt")


def test_what_is_private_does_not_get_in(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    lines = [
        proved(1, "o/a", completion='import bpy\n\nbpy.data.images.load("/home/ann/wood.png")\n'),
        proved(2, "o/a"),
    ]
    finish(data, [unit(tmp_path, "u", lines)], [])
    assert reasons(data) == {f"{1:016x}": "private: shows a home folder"}


def test_nothing_is_worked_out_twice_and_a_changed_file_is_noticed(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    files = [unit(tmp_path, "u", [proved(n, f"o/{n % 4}") for n in range(40)])]
    done = finish(data, files, [], asked="this")
    before = written(data)
    (data.root / files[0]).write_text("broken")  # units are named by their content: an unchanged name is not read again
    beside = {name: name.replace(".jsonl", ".msgpack") for name in files}
    assert finished(data, beside, [], asked="this") == done
    assert finished(data, beside, [], asked="that") is None
    assert finished(data, {**beside, "more": "more"}, [], asked="this") is None
    (data.datasets / "test.jsonl").write_text("")
    assert finished(data, beside, [], asked="this") is None
    with pytest.raises(SetupError, match=r"u\.jsonl:1"):
        finish(data, files, [], asked="this")
    unit(tmp_path, "u", [proved(n, f"o/{n % 4}") for n in range(40)])
    assert finish(data, files, [], asked="this") == done
    assert written(data) == before


def test_what_is_kept_stays_kept_when_the_same_is_worked_out_once_more(tmp_path: Path) -> None:
    """An answer that is near to more others than may be near to it, and that came first."""
    data = DataDir(tmp_path / "d").create()
    hub = code(5)
    others = [hub.replace(f"= {35 + at % 8}\n", f"= {1000 + at}\n") for at in range(60)]
    contexts = [code(100 + n) for n in range(61)]
    lines = []
    for n, (context, completion) in enumerate(zip(contexts, [hub, *others], strict=True)):
        line = proved(n, "o/a", completion=completion)
        lines.append(msgspec.structs.replace(line, example=msgspec.structs.replace(line.example, context=context)))
    first, rest = [unit(tmp_path, "u", lines[:1])], [unit(tmp_path, "v", lines[1:])]
    finish(data, first, [])
    finish(data, first + rest, [])
    was = kept(data)
    assert PER_ANSWER < len(was["train"]) < 61
    finish(data, first + rest, [])
    assert kept(data) == was


def test_parquet_that_is_gone_is_written_anew(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra [hub]")
    data = DataDir(tmp_path / "d").create()
    files = [unit(tmp_path, "u", [proved(n, f"o/{n % 4}") for n in range(40)])]
    finish(data, files, [], asked="this")
    path = data.datasets / "parquet" / "train.parquet"
    content = path.read_bytes()
    path.unlink()
    assert finished(data, {name: name.replace(".jsonl", ".msgpack") for name in files}, [], asked="this") is None
    finish(data, files, [], asked="this")
    assert path.read_bytes() == content


def test_a_unit_that_is_gone_or_broken_is_named(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "d").create()
    with pytest.raises(SetupError, match=r"gone\.jsonl.*voxel build"):
        finish(data, ["gone.jsonl"], [])
    (data.root / "broken.jsonl").write_text('{"type":"example"}\n')
    (data.root / "broken.msgpack").write_bytes(msgspec.msgpack.encode(Sketches(of=b"", sketches=[])))
    with pytest.raises(SetupError, match=r"broken\.jsonl:1"):
        finish(data, ["broken.jsonl"], [])
    name = unit(data.root, "short", [proved(1, "o/a")]).removeprefix("../")
    (data.root / "short.msgpack").write_bytes(b"broken")
    with pytest.raises(SetupError, match=r"short\.msgpack: .*voxel build"):
        finish(data, [name], [])


@pytest.mark.parametrize("wrong", ["of more lines", "of fewer lines", "of another unit"])
def test_a_unit_that_was_made_anew_gets_sketches_of_what_it_says_now(tmp_path: Path, wrong: str) -> None:
    first, second = DataDir(tmp_path / "a").create(), DataDir(tmp_path / "b").create()
    lines = [proved(n, "o/a", completion=code(n % 3)) for n in range(9)]
    name = unit(tmp_path, "u", lines)
    right = (tmp_path / "u.msgpack").read_bytes()
    finish(first, [name], [])
    others = {"of more lines": [proved(99, "o/b"), *lines], "of fewer lines": lines[1:]}
    unit(tmp_path, "u", others.get(wrong, lines[::-1]))
    (tmp_path / "u.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    finish(second, [name], [])
    assert written(second) == written(first)
    assert (tmp_path / "u.msgpack").read_bytes() == right
    assert msgspec.msgpack.encode(sketches_of((tmp_path / "u.jsonl").read_bytes())) == right


@pytest.mark.parametrize("last", ["train.jsonl", "README.md", "finished.json", "splits.json", "placed.json"])
def test_a_build_that_is_killed_at_its_end_ends_as_one_that_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """Every reason why something is dropped is the same, too, though it depends on what was kept before."""
    lines = [proved(n, "o/a", shape="same") for n in range(PER_SHAPE_AND_CLUSTER)]
    # one beyond the limit, which is near to another that comes after it
    lines += [proved(90, "o/a", shape="same", completion=code(90)), proved(91, "o/a", completion=code(90))]
    files = [unit(tmp_path, "u", lines)]
    whole, killed = DataDir(tmp_path / "a").create(), DataDir(tmp_path / "b").create()
    finish(whole, files, [], asked="this")

    def write(path: Path, *given: Any) -> None:
        write_atomic(path, *given)
        if path.name == last:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "write_atomic", write)
        with pytest.raises(KeyboardInterrupt):
            finish(killed, files, [], asked="this")
    beside = {name: name.replace(".jsonl", ".msgpack") for name in files}
    if finished(killed, beside, [], asked="this") is None:
        finish(killed, files, [], asked="this")
    assert written(killed) == written(whole)


def test_code_that_differs_in_names_is_the_same_and_in_numbers_of_one_shape() -> None:
    one = likeness("", 'import bpy\ncube = bpy.data.objects["Cube"]\ncube.location = (1, 2, 3)\n', ["Cube"])
    named = likeness("", 'import bpy\n\n# moved\nbox = bpy.data.objects["Box"]\nbox.location = (1, 2, 3)\n', ["Box"])
    moved = likeness("", 'import bpy\ncube = bpy.data.objects["Cube"]\ncube.location = (1, 2, 4)\n', ["Cube"])
    other = likeness("", 'import bpy\ncube = bpy.data.objects["Cube"]\ncube.scale = (1, 2, 3)\n', ["Cube"])
    assert one == named
    assert one.exact != moved.exact
    assert one.shape == moved.shape
    assert other.shape != one.shape
