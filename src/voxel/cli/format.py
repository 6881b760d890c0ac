"""`voxel format`: one phase of the pipeline."""

from __future__ import annotations

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption, QuietOption
from voxel.cli.phases import run_one


def command(
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Write the training files of every provider and role."""
    from voxel.training.pipeline import Settings

    return run_one("format", Settings(data_dir=data_dir), json=json, quiet=quiet)
