"""What the commands of single phases share, and the words after the last one."""

from __future__ import annotations

from pathlib import Path

import typer


def run_one(name: str, settings: object, *, json: bool, quiet: bool) -> int:
    """Runs one phase under the hold of its data directory, prints its report, returns the exit status."""
    from voxel.stages import DataDir, report_line, shown_progress
    from voxel.stages.command import DONE, SOME_FAILED
    from voxel.training import pipeline

    assert isinstance(settings, pipeline.Settings)
    with DataDir(settings.data_dir).create().hold():
        report = pipeline.PHASES[name](settings, shown_progress(quiet=quiet))
    typer.echo(report_line(report, as_json=json))
    return SOME_FAILED if report.failed else DONE


def show_closing(data_dir: Path) -> None:
    """Says where everything lies and what to do next."""
    from voxel.stages import DataDir

    data = DataDir(data_dir)
    where = "" if data_dir == Path("training_data") else f" --data-dir {data_dir}"
    splits = {split: _lines(data.datasets / f"{split}.jsonl") for split in ("train", "val", "test")}
    dropped = _lines(data.datasets / "dropped.jsonl")
    lines = [
        "",
        f"{sum(splits.values())} examples, each proved by running it in Blender"
        f" ({', '.join(f'{count} {split}' for split, count in splits.items())}; {dropped} candidates dropped)",
        f"  the dataset        {data.datasets}/  (dropped.jsonl holds each reason)",
        f"  for OpenAI         {data.fine_tuning / 'openai'}/",
        f"  for Claude         {data.fine_tuning / 'claude'}/",
        f"  for local training {data.fine_tuning / 'local'}/",
        "next:",
        f"  voxel status{where}            what is done, and why files were dropped",
        f"  voxel dataset verify{where}    prove every example again",
        f"  voxel run{where} --source folder PATH    add your own .blend files",
    ]
    typer.echo("\n".join(lines))


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)
