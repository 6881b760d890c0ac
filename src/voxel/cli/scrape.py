"""`voxel scrape`: one phase of the pipeline."""

from __future__ import annotations

from voxel.cli.options import (
    DATA_DIR,
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
from voxel.cli.phases import resolve_source, run_one


def command(
    paths: PathsArgument = None,
    source: SourceOption = None,
    policy: PolicyOption = None,
    max_files_per_repo: MaxFilesPerRepoOption = None,
    data_dir: DataDirOption = DATA_DIR,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Collect .blend files."""
    from voxel.training.pipeline import Settings

    settings = Settings(
        data_dir=data_dir,
        source=resolve_source(source, paths),
        paths=tuple(paths or ()),
        policy=policy,
        max_files_per_repo=max_files_per_repo,
        workers=workers,
        engine=engine,
    )
    return run_one("scrape", settings, json=json, quiet=quiet)
