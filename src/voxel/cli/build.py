"""`voxel build`: one phase of the pipeline."""

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
    RayAddressOption,
    WorkersOption,
    engine_name,
    path_of,
)
from voxel.cli.phases import run_one


def command(
    data_dir: DataDirOption = DATA_DIR,
    blender: BlenderOption = None,
    min_quality: Annotated[
        float | None, typer.Option("--min-quality", min=0, max=1, metavar="Q", help="Drop what is worth less. [0.5]")
    ] = None,
    decontaminate: Annotated[
        list[Path] | None,
        typer.Option(
            "--decontaminate",
            metavar="FILE",
            parser=path_of,
            help="Drop examples that repeat a prompt of this file (.jsonl, or one a line); may be repeated.",
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher", metavar="MODEL", help="A model that rewords instructions, as inspect-ai names it: openai/NAME."
        ),
    ] = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Write examples and prove each one in Blender."""
    from voxel.training.pipeline import Settings

    settings = Settings(
        data_dir=data_dir,
        blender=blender,
        min_quality=min_quality,
        decontaminate=tuple(decontaminate or ()),
        teacher=teacher,
        workers=workers,
        engine=engine_name(engine, ray_address),
    )
    return run_one("build", settings, json=json, quiet=quiet)
