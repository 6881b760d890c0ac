"""`voxel scrape`: one phase of the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxel.cli.options import (
    DATA_DIR,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    Source,
    WorkersOption,
)
from voxel.cli.phases import run_one
from voxel.cli.run import resolve_source


def command(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", help="Folders or .blend files.")] = None,
    source: Annotated[
        Source | None, typer.Option("--source", help="Default: folder with a PATH, else samples.")
    ] = None,
    data_dir: DataDirOption = DATA_DIR,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Collect .blend files."""
    from voxel.training.pipeline import Settings

    chosen = resolve_source(source, paths)
    settings = Settings(data_dir=data_dir, source=chosen, paths=tuple(paths or ()), workers=workers, engine=engine)
    return run_one("scrape", settings, json=json, quiet=quiet)
