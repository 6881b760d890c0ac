"""`voxel scrape`: one phase of the pipeline."""

from __future__ import annotations

import typer

from voxel.cli.options import (
    CONCURRENCY,
    DATA_DIR,
    ConcurrencyOption,
    DataDirOption,
    DryRunOption,
    Engine,
    EngineOption,
    ForgetOption,
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
from voxel.cli.phases import resolve_source, run_one, settle_storage, show_estimate, show_remedy


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
    forget: ForgetOption = False,
    data_dir: DataDirOption = DATA_DIR,
    storage: StorageOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Collect .blend files."""
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
        workers=workers,
        engine=engine_name(engine, ray_address),
    )
    scraper = pipeline.scraper(settings)  # what cannot be meant is refused before anything is written
    if forget:
        typer.echo(
            f"{settings.source}: {scraper.forget()} taken out; go on with: voxel parse, voxel build, voxel format"
        )
        return 0
    if dry_run:
        return show_estimate(settings, json=json, quiet=quiet)
    settle_storage(data_dir, storage)
    status = run_one("scrape", settings, json=json, quiet=quiet)
    if settings.source == "folder" and not json:
        show_remedy(data_dir)
    return status
