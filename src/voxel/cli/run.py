"""`voxel run`: the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxel.cli.options import (
    DATA_DIR,
    BlenderOption,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    Source,
    WorkersOption,
)


def command(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", help="Folders or .blend files.")] = None,
    source: Annotated[
        Source | None, typer.Option("--source", help="Default: folder with a PATH, else samples.")
    ] = None,
    data_dir: DataDirOption = DATA_DIR,
    blender: BlenderOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Scrape, parse, build and format, going on where the last run stopped."""
    from voxel.cli.phases import show_closing
    from voxel.stages import report_line, shown_progress
    from voxel.stages.command import DONE, SOME_FAILED
    from voxel.training import pipeline

    chosen = resolve_source(source, paths)
    settings = pipeline.Settings(
        data_dir=data_dir,
        source=chosen,
        paths=tuple(paths or ()),
        blender=blender,
        workers=workers,
        engine=engine,
    )
    failed = 0
    for report in pipeline.run(settings, shown_progress(quiet=quiet)):
        typer.echo(report_line(report, as_json=json))
        failed += report.failed
    if not json:
        show_closing(data_dir)
    return SOME_FAILED if failed else DONE


def resolve_source(source: Source | None, paths: list[Path] | None) -> str:
    """The source that was meant. UsageError when paths and source do not go together."""
    from voxel.errors import UsageError

    if source is None:
        source = Source.FOLDER if paths else Source.SAMPLES
    if source is Source.FOLDER and not paths:
        raise UsageError("--source folder needs a PATH: voxel run --source folder ~/my-blends")
    if source is Source.SAMPLES and paths:
        raise UsageError("--source samples takes no PATH; for your own files: voxel run --source folder PATH")
    return source.value
