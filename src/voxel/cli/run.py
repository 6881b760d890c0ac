"""`voxel run`: the whole pipeline."""

from __future__ import annotations

import typer

from voxel.cli.options import (
    CONCURRENCY,
    DATA_DIR,
    BlenderOption,
    ConcurrencyOption,
    DataDirOption,
    DryRunOption,
    Engine,
    EngineOption,
    JsonOption,
    MaxFilesPerRepoOption,
    MaxReposOption,
    PathsArgument,
    PolicyOption,
    QueryOption,
    QuietOption,
    RayAddressOption,
    RepoOption,
    ReposFileOption,
    SourceOption,
    StorageOption,
    WorkersOption,
    engine_name,
)
from voxel.cli.phases import resolve_source, settle_storage, show_closing, show_estimate, show_nothing


def command(
    paths: PathsArgument = None,
    source: SourceOption = None,
    policy: PolicyOption = None,
    max_files_per_repo: MaxFilesPerRepoOption = None,
    repo: RepoOption = None,
    repos_file: ReposFileOption = None,
    query: QueryOption = None,
    max_repos: MaxReposOption = None,
    concurrency: ConcurrencyOption = CONCURRENCY,
    dry_run: DryRunOption = False,
    data_dir: DataDirOption = DATA_DIR,
    storage: StorageOption = None,
    blender: BlenderOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
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
        repos=tuple(repo or ()),
        repos_file=repos_file,
        queries=tuple(query or ()),
        max_repos=max_repos,
        concurrency=concurrency,
        blender=blender,
        workers=workers,
        engine=engine_name(engine, ray_address),
    )
    pipeline.scraper(settings)  # what cannot be meant is refused before anything is written
    if dry_run:
        return show_estimate(settings, json=json, quiet=quiet)
    settle_storage(data_dir, storage)
    failed = 0
    progress = shown_progress(quiet=quiet)
    last, useless = "", False
    for report in pipeline.run(settings, progress):
        last = report.phase
        typer.echo(report_line(report, as_json=json))
        failed += report.failed
        useless |= report.phase == "build" and not report.done
        if report.phase == "scrape" and (rough := pipeline.expected(settings)):
            progress.note(", ".join(f"{phase} takes about {span(seconds)}" for phase, seconds in rough.items()))
    if last != "format":
        show_nothing(data_dir, last, json=json)
        return SOME_FAILED
    if not json:
        show_closing(data_dir, policy)
    return SOME_FAILED if failed or useless else DONE
