"""`voxel ui`: a local web page over a data directory."""

from __future__ import annotations

from typing import Annotated

import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption

PORT = 8717
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, metavar="N", help="Of 127.0.0.1; 0 takes any that is free.")
]


def command(data_dir: DataDirOption = DATA_DIR, port: PortOption = PORT, json: JsonOption = False) -> int:
    """A local web page: how the phases go, and what they made. Read-only without the token printed at start."""
    import msgspec

    from voxel.errors import MissingExtra
    from voxel.stages import DataDir

    try:
        from voxel.ui import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise MissingExtra("the page", "serve") from error

    def told(address: str, unlocking: str) -> None:
        if json:
            typer.echo(msgspec.json.encode({"url": address, "url_with_token": unlocking}).decode())
        else:
            typer.echo(f"to look:                   {address}\nto start phases from it:   {unlocking}\nCtrl-C ends it.")

    try:
        serve(DataDir(data_dir), port=port, told=told)
    except KeyboardInterrupt:
        return 0  # the way in which it is ended
    return 0
