"""`voxel build`: one phase of the pipeline."""

from __future__ import annotations

from voxel.cli.options import (
    DATA_DIR,
    BlenderOption,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    WorkersOption,
)
from voxel.cli.phases import run_one


def command(
    data_dir: DataDirOption = DATA_DIR,
    blender: BlenderOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Write examples and prove each one in Blender."""
    from voxel.training.pipeline import Settings

    return run_one(
        "build", Settings(data_dir=data_dir, blender=blender, workers=workers, engine=engine), json=json, quiet=quiet
    )
