"""What the commands of single phases share, and the words after the last one."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from voxel.cli.options import (
    DATA_DIR,
    BlenderOption,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    RayAddressOption,
    Source,
    WorkersOption,
    engine_name,
)
from voxel.errors import UsageError

if TYPE_CHECKING:
    from voxel.stages import DataDir
    from voxel.training.pipeline import Settings


def run_one(name: str, settings: Settings, *, json: bool, quiet: bool) -> int:
    """Runs one phase under the hold of its data directory, prints its report, returns the exit status."""
    from voxel.stages import DataDir, report_line, shown_progress
    from voxel.stages.command import say, status_of
    from voxel.training import pipeline

    with DataDir(settings.data_dir).create().hold():
        report = pipeline.PHASES[name](settings, shown_progress(quiet=quiet))
    typer.echo(report_line(report, as_json=json))
    if name == "scrape" and not report.done:
        say("nothing was collected; what earlier runs collected stays as it is")
    return status_of(report)


def blender_phase(name: str, told: str) -> Callable[..., int]:
    """The command of a phase that needs Blender and nothing else; `told` is its help."""

    def command(
        data_dir: DataDirOption = DATA_DIR,
        blender: BlenderOption = None,
        workers: WorkersOption = None,
        engine: EngineOption = Engine.LOCAL,
        ray_address: RayAddressOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> int:
        from voxel.training.pipeline import Settings

        where = engine_name(engine, ray_address)
        settings = Settings(data_dir=data_dir, blender=blender, workers=workers, engine=where)
        return run_one(name, settings, json=json, quiet=quiet)

    command.__doc__ = told
    return command


def show_estimate(settings: Settings, *, json: bool, quiet: bool) -> int:
    """Prints what scraping would fetch, and fetches nothing."""
    from voxel.stages import shown_progress
    from voxel.stages.command import DONE
    from voxel.training import pipeline
    from voxel.training.data_collection.blender_scraper import estimate_line

    estimate = pipeline.scraper(settings).estimate(shown_progress(quiet=quiet))
    typer.echo(estimate_line(estimate, as_json=json))
    return DONE


def settle_storage(data_dir: Path, url: str | None) -> None:
    """Keeps where bulk bytes shall lie: as asked for, or for a new data directory as VOXEL_STORAGE says.

    UsageError, SetupError and TryLater as `keep_in` raises them.
    """
    from voxel.stages import DataDir, has_place, keep_in

    if url is None and not has_place(data_dir):
        url = os.environ.get("VOXEL_STORAGE", "").strip() or None
    if url is not None:
        keep_in(DataDir(data_dir), url)


def resolve_source(source: Source | None, paths: list[Path] | None) -> str:
    """The source that was meant. UsageError when paths and source do not go together."""
    if source is None:
        source = Source.FOLDER if paths else Source.SAMPLES
    if source is Source.FOLDER and not paths:
        raise UsageError("--source folder needs a PATH: voxel run --source folder ~/my-blends")
    if source in (Source.GITHUB, Source.GIT) and paths:
        raise UsageError(f"--source {source.value} takes no PATH; name repositories with --repo or --repos-file")
    if source is Source.SAMPLES and paths:
        raise UsageError("--source samples takes no PATH; for your own files: voxel run --source folder PATH")
    return source.value


def show_closing(data_dir: Path, policy: Path | None = None) -> None:
    """Says where everything lies and what to do next; `policy` is the file that the run was given."""
    from voxel.stages import DataDir

    data = DataDir(data_dir)
    splits = {split: _lines(data.datasets / f"{split}.jsonl") for split in ("train", "val", "test")}
    if not any(splits.values()):
        typer.echo("\n".join(["", "No examples were made.", *_why(data, "scrape", "parse", "build")]))
        return
    under = "" if policy is None else f" --policy {shlex.quote(str(policy))}"
    dropped = _lines(data.datasets / "dropped.jsonl")
    lines = [
        "",
        f"{sum(splits.values())} examples, each proved by running it in Blender"
        f" ({', '.join(f'{count} {split}' for split, count in splits.items())}; {dropped} candidates dropped)",
        f"  the dataset        {data.datasets}/  (dropped.jsonl holds each reason)",
        f"  for OpenAI         {data.fine_tuning / 'openai'}/",
        f"  for Claude         {data.fine_tuning / 'claude'}/",
        f"  for local training {data.fine_tuning / 'local'}/",
        *([f"  copies of these    {data.storage}"] if data.stores_elsewhere else []),
        "next:",
        *activation(),
        f"  voxel status{data.option}            what is done, and why files were dropped",
        f"  voxel dataset verify{data.option}    prove every example again",
        f"  voxel run{data.option}{under} --source folder PATH    the same with your own .blend files",
    ]
    typer.echo("\n".join(lines))


def show_nothing(data_dir: Path, last: str, *, json: bool) -> None:
    """Says that a run ended after the phase `last`, which left nothing to go on with, and what mends it."""
    from voxel.stages import DataDir
    from voxel.stages.command import say

    data = DataDir(data_dir)
    left_out = "parse, build and format were" if last == "scrape" else "build and format were"
    what = "nothing was collected" if last == "scrape" else "no collected file could be loaded"
    kept = any(_lines(data.datasets / f"{split}.jsonl") for split in ("train", "val", "test"))
    say(f"{what}, so {left_out} not run{'; the dataset of earlier runs stays as it is' if kept else ''}")
    if not json:
        typer.echo("\n".join(["", "No examples were made.", *_why(data, "scrape", "parse")]))


def show_remedy(data_dir: Path) -> None:
    """Says what to do about local files that were left out for want of a licence; nothing when there are none."""
    from voxel.stages import DataDir

    lines = _why(DataDir(data_dir), "scrape.folder")
    if _REMEDY[-1] in lines:
        typer.echo("\n".join(lines))


_REMEDY = (
    "A file is used when its licence is known and permissive. For files that you may use: put the text of the",
    "licence beside them in a file LICENSE, or allow them with --policy FILE, a file that says:",
    '  unknown = "allow"',
)


def _why(data: DataDir, *phases: str) -> list[str]:
    """Why files were not used, and what mends it."""
    from voxel.stages import Ledger

    with Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
        found = [(phase.partition(".")[0], *told) for phase in phases for told in ledger.reasons(phase)[:3]]
    lines = [f"  {phase}: {count} {state}: {reason}" for phase, state, reason, count in found]
    return [*lines, *_REMEDY] if any("licence" in reason for _, _, reason, _ in found) else lines


def activation() -> list[str]:
    """The line that makes `voxel` a command, where it is not one yet."""
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("voxel") or not activate.exists():
        return []
    here = Path.cwd()
    shown = activate.relative_to(here) if activate.is_relative_to(here) else activate
    return [f"  . {shown}    once in each terminal, so that `voxel` is found"]


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)
