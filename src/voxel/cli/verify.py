"""`voxel verify`: the 18 checks of a complete installation."""

from __future__ import annotations

import msgspec
import typer

from voxel.cli.installation import findings, lines
from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption


def command(data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """The 18 checks of a complete installation: components, guides, folders. Creates nothing."""
    if json:
        found = list(findings(data_dir))
        for finding in found:
            typer.echo(msgspec.json.encode(finding._asdict()).decode())
        return int(not all(finding.ok for finding in found))
    wrong = False
    for line, bad in lines(data_dir):
        typer.echo(line)
        wrong = wrong or bad
    return int(wrong)
