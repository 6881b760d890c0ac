"""The command line, one file per noun.

A file here holds `command`, a function with typer annotations (the options that all share are in `options.py`), or
`app`, a `typer.Typer` with sub-commands; `commands.py` lists it. A command returns its exit status or None for 0,
prints results on standard output and everything else on standard error, and lets errors of `voxel.errors` rise:
`main` turns them into one line.
"""

from __future__ import annotations


def main() -> int:
    """The program `voxel`. Imported late: `installation.py` must be importable where no dependency is."""
    from voxel.cli.main import main as run

    return run()


__all__ = ["main"]
