"""`voxel run`: the whole pipeline."""

from __future__ import annotations

import typer

from voxel.cli.options import (
    DATA_DIR,
    BlenderOption,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    MaxFilesPerRepoOption,
    PathsArgument,
    PolicyOption,
    QuietOption,
    SourceOption,
    WorkersOption,
)
from voxel.cli.phases import resolve_source, show_closing


def command(
    paths: PathsArgument = None,
    source: SourceOption = None,
    policy: PolicyOption = None,
    max_files_per_repo: MaxFilesPerRepoOption = None,
    data_dir: DataDirOption = DATA_DIR,
    blender: BlenderOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Scrape, parse, build and format, going on where the last run stopped."""
    from voxel.stages import report_line, shown_progress, span
    from voxel.stages.command import DONE, SOME_FAILED
    from voxel.training import pipeline

    settings = pipeline.Settings(
        data_dir=data_dir,
        source=resolve_source(source, paths),
        paths=tuple(paths or ()),
        policy=policy,
        max_files_per_repo=max_files_per_repo,
        blender=blender,
        workers=workers,
        engine=engine,
    )
    failed = 0
    progress = shown_progress(quiet=quiet)
    for report in pipeline.run(settings, progress):
        typer.echo(report_line(report, as_json=json))
        failed += report.failed
        if report.phase == "scrape" and (rough := pipeline.expected(settings)):
            progress.note(", ".join(f"{phase} takes about {span(seconds)}" for phase, seconds in rough.items()))
    if not json:
        show_closing(data_dir)
    return SOME_FAILED if failed else DONE
