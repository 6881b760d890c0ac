"""`voxel dataset`: look at a dataset, count it, prove it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from voxel.cli.options import (
    DATA_DIR,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    RayAddressOption,
    WorkersOption,
    engine_name,
    path_of,
)
from voxel.records.example import SPLITS

if TYPE_CHECKING:
    from voxel.records.example import Example

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


class SplitName(StrEnum):
    """Which file of the dataset."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


SplitOption = Annotated[SplitName | None, typer.Option("--split", help="Only this one; default: all three.")]
RoleOption = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only this role.")]
CategoryOption = Annotated[str | None, typer.Option("--category", metavar="CATEGORY", help="Only this category.")]


def _files(data_dir: Path, split: SplitName | None) -> list[Path]:
    from voxel.stages import DataDir

    names = SPLITS if split is None else (split.value,)
    return [DataDir(data_dir).datasets / f"{name}.jsonl" for name in names]


def _examples(
    data_dir: Path, split: SplitName | None, role: str | None, category: str | None
) -> Iterator[tuple[Path, int, Example]]:
    from voxel.training.dataset_builder.verifying import read_lines

    for path, number, example in read_lines(_files(data_dir, split)):
        if role in (None, example.role) and category in (None, example.category):
            yield path, number, example


@app.command("show")
def show(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Beginnings of ids; default: any.")] = None,
    data_dir: DataDirOption = DATA_DIR,
    split: SplitOption = None,
    role: RoleOption = None,
    category: CategoryOption = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, metavar="N", help="At most so many.")] = 3,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Draws others.")] = 0,
    json: JsonOption = False,
) -> int:
    """Some examples, drawn at random, or those with these ids."""
    import random

    from voxel.errors import UsageError

    found = [one for _, _, one in _examples(data_dir, split, role, category) if _named(one.id, ids)]
    if not found:
        raise UsageError("no such example; see what there is with: voxel dataset stats")
    if not ids and len(found) > count:
        found = random.Random(seed).sample(found, count)
    for example in found:
        typer.echo(msgspec.json.encode(example).decode() if json else _page(example))
    return 0


def _named(identity: str, wanted: Iterable[str] | None) -> bool:
    return not wanted or any(identity.startswith(one) for one in wanted)


def _page(example: Example) -> str:
    source = example.provenance
    head = (
        f"== {example.id}  {example.role} / {example.category}  {example.difficulty}  quality {example.quality:.2f}"
        f"  Blender {', '.join(example.blender)}  about {example.tokens} tokens"
    )
    parts = [head, f"from {source.repo}/{source.path} ({source.license or 'licence unknown'})", "", example.instruction]
    if example.context:
        parts += ["", "-- given", example.context.rstrip()]
    parts += ["", "-- answer", example.completion.rstrip(), "", f"-- {len(example.checks)} checks"]
    parts += [msgspec.json.encode(check).decode() for check in example.checks]
    return "\n".join([*parts, ""])


@app.command("stats")
def stats(data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """How many examples there are of what, and why candidates were dropped."""
    from voxel.records.example import DroppedCandidate
    from voxel.stages import DataDir
    from voxel.training.dataset_builder.nearness import crossing

    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("split", "role", "category", "difficulty", "blender", "license", "repo")
    }
    total = tokens = 0
    quality = 0.0
    by_split: dict[str, list[Example]] = {split: [] for split in SPLITS}
    for path, _, example in _examples(data_dir, None, None, None):
        total += 1
        by_split[path.stem].append(example)
        tokens += example.tokens
        quality += example.quality
        counts["split"][path.stem] += 1
        counts["role"][example.role] += 1
        counts["category"][f"{example.role}/{example.category}"] += 1
        counts["difficulty"][example.difficulty] += 1
        counts["blender"].update(example.blender)
        counts["license"][example.provenance.license or "unknown"] += 1
        counts["repo"][example.provenance.repo] += 1
    reasons: Counter[str] = Counter()
    dropped = DataDir(data_dir).datasets / "dropped.jsonl"
    if dropped.exists():
        decoder = msgspec.json.Decoder(DroppedCandidate)
        with dropped.open("rb") as lines:
            reasons.update(decoder.decode(line).reason.partition(":")[0] for line in lines)
    leaks = crossing(by_split)
    if json:
        table = {name: dict(found.most_common()) for name, found in counts.items()}
        record = {
            "examples": total,
            "tokens": tokens,
            "quality": round(quality / total, 4) if total else 0.0,
            "near_duplicates_across_splits": leaks.near,
            "repositories_in_two_splits": leaks.repositories,
            **table,
            "dropped": dict(reasons.most_common()),
        }
        typer.echo(msgspec.json.encode(record).decode())
        return 0
    mean = quality / total if total else 0.0
    typer.echo(f"{total:,} examples, about {tokens:,} tokens, mean quality {mean:.2f}")
    typer.echo(
        f"across splits: {leaks.near:,} pairs with nearly the same code (of {leaks.candidates:,} compared), "
        f"{leaks.repositories:,} repositories in two"
    )
    for name, found in [*counts.items(), ("dropped", reasons)]:
        typer.echo(f"\n{name}")
        for value, number in found.most_common():
            typer.echo(f"  {number:>7,}  {value}")
    return 0


@app.command("push")
def push(
    repo: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The dataset on the hub; made where it is not.")],
    data_dir: DataDirOption = DATA_DIR,
    private: Annotated[bool, typer.Option("--private", help="A new one is for you alone.")] = False,
    json: JsonOption = False,
) -> int:
    """Put the dataset on the Hugging Face hub: its card, JSON Lines and Parquet. Needs the extra [hub] and HF_TOKEN."""
    from voxel.errors import UsageError
    from voxel.providers.hub import push_dataset
    from voxel.stages import DataDir

    folder = DataDir(data_dir).datasets
    if not (folder / "README.md").is_file():
        raise UsageError(f"there is no dataset in {folder}; make it with: voxel build")
    url = push_dataset(folder, repo, private=private)
    typer.echo(msgspec.json.encode({"repo": repo, "url": url}).decode() if json else url)
    return 0


@app.command("verify")
def verify_dataset(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", parser=path_of, help="Default: the dataset of the data directory."),
    ] = None,
    data_dir: DataDirOption = DATA_DIR,
    split: SplitOption = None,
    blender: Annotated[
        list[str] | None, typer.Option("--blender", metavar="VERSION", help="Only on this version; may be repeated.")
    ] = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Run every example again in fresh, empty Blenders; exit 1 names any that does not hold."""
    from voxel.stages import shown_progress
    from voxel.stages.command import DONE, SOME_FAILED
    from voxel.training.dataset_builder.verifying import read_lines, verify

    chosen = list(files) if files else _files(data_dir, split)
    where = engine_name(engine, ray_address)
    faults = verify(chosen, versions=blender, workers=workers, engine=where, progress=shown_progress(quiet=quiet))
    for fault in faults:
        if json:
            typer.echo(msgspec.json.encode(fault._asdict()).decode())
        else:
            typer.echo(f"{fault.id} does not hold on {fault.blender}: {fault.reason} @ {fault.file}:{fault.line}")
    total = sum(1 for _ in read_lines(chosen))
    broken = len({(fault.file, fault.line) for fault in faults})
    if not json:
        typer.echo(f"{total - broken:,} of {total:,} examples hold")
    return SOME_FAILED if faults else DONE
