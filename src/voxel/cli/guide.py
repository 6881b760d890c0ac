"""`python -m voxel.cli.guide` prints docs/cli.md: every command and option, from the code itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from voxel.cli.commands import COMMANDS
from voxel.cli.main import program

HEAD = """\
# The command line

Written by `python -m voxel.cli.guide` from the code; a test holds this page against it.

Results go to standard output, everything else to standard error; colours and bars only to a terminal, and never where
`NO_COLOR` is set. `--json` prints one JSON object per line. Exit status: 0 done, 1 some units failed or nothing could
be used, 2 bad usage or set-up, 130 interrupted.
What goes wrong is one line that says what mends it.

Completion in your shell: `voxel --install-completion` (bash, zsh, fish, PowerShell), then open a new terminal;
`voxel --show-completion` prints the script instead.
"""
BAR = "\\|"
"""A bar within a cell of a table."""


def guide() -> str:
    """The whole page."""
    top: Any = typer.main.get_command(program(*(command.name for command in COMMANDS)))
    context = top.make_context("voxel", [], resilient_parsing=True)
    rows = [f"| [`voxel {one.name}`](#voxel-{one.name}) | {one.help} |" for one in COMMANDS]
    parts = [HEAD, "\n".join(["| command | does |", "|---|---|", *rows]), ""]
    for one in COMMANDS:
        parts += _sections(top.commands[one.name], f"voxel {one.name}", context, "##")
    return "\n".join(parts).rstrip("\n") + "\n"


def _sections(command: Any, name: str, parent: Any, marks: str) -> Iterator[str]:
    context = type(parent)(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield f"{marks} {name}\n"
    yield f"{_joined(command.help or '')}\n"
    if hasattr(command, "commands"):
        for inner in command.commands.values():
            yield from _sections(inner, f"{name} {inner.name}", context, "###")
        return
    words = " ".join(command.collect_usage_pieces(context))
    yield f"```\n{name} {words}\n```\n"
    rows = []
    for param in command.params:
        if record := param.get_help_record(context):
            left = record[0].partition(" <")[0] if param.param_type_name == "argument" else record[0]
            rows.append(f"| `{_joined(left).replace('|', BAR)}` | {_cell(record[1])} |")
    yield "\n".join(["| option | means |", "|---|---|", *rows, ""])


def _joined(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split())


def _cell(text: str) -> str:
    return _joined(text).replace("|", BAR).replace("<", "&lt;")


if __name__ == "__main__":
    typer.echo(guide(), nl=False)
