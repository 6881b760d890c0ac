"""The program `voxel`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import load_dotenv

from voxel import __version__
from voxel.cli.commands import COMMANDS, Command
from voxel.stages.command import BAD_SETUP, DONE, INTERRUPTED, exit_status, say

# typer hides click, and newer ones carry their own copy; the base of its errors is the same by this road
_ClickError: Any = typer.BadParameter.__mro__[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `voxel` with `argv` (default: the process's own) and returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    # a file name that is not UTF-8 must not keep its line from being printed
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    load_dotenv(Path(".env"), override=False)
    return exit_status(lambda: _run(words))


def _run(words: list[str]) -> int:
    wanted = next((word for word in _completing() or words if not word.startswith("-")), None)
    try:
        status = program(wanted)(words, prog_name="voxel", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _ClickError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its message is the whole help
            typer.echo(error.ctx.get_help(), err=True)
            return BAD_SETUP
        noun = next((f"{command.name} " for command in COMMANDS if command.name == wanted), "")
        say(f"{error.format_message().rstrip('. ')}. See: voxel {noun}--help")
        return BAD_SETUP
    if status == INTERRUPTED:
        raise KeyboardInterrupt  # typer has made a number of it
    return status if isinstance(status, int) else DONE


def _completing() -> list[str]:
    """The words typed so far after `voxel`, when a shell asks how they may go on; else none."""
    if "_VOXEL_COMPLETE" not in os.environ:
        return []
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]


def program(*wanted: str | None) -> typer.Typer:
    """The program with the named commands whole; of the others only the lines of the help are there."""
    app = typer.Typer(
        help="Turns real Blender work into proved training data.",
        no_args_is_help=False,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback(invoke_without_command=True)(_root)
    for command in COMMANDS:
        if command.name in wanted:
            _register(app, command)
        else:
            app.command(command.name, help=command.help)(_elsewhere)
    return app


def _register(app: typer.Typer, command: Command) -> None:
    module = importlib.import_module(command.module)
    if hasattr(module, "app"):
        app.add_typer(module.app, name=command.name, help=command.help)
    else:
        function: Callable[..., Any] = module.command
        app.command(command.name, help=function.__doc__ or command.help)(function)


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"voxel {__version__}")
        raise typer.Exit(DONE)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _elsewhere() -> None:
    """Stands for a command that was not called, so that the help can list it."""
    raise AssertionError("only the command that was called is loaded")
