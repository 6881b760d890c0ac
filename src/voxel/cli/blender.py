"""`voxel blender`: installed Blender versions and their API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from voxel.cli.options import JsonOption

if TYPE_CHECKING:
    from voxel.blender import Schema

VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Such as 4.5, or 4.5.15.")]
NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="An operator, a type, a node, or a part of such a name.")
]
VersionOption = Annotated[str | None, typer.Option("--blender", metavar="VERSION", help="Which installed Blender.")]
DiffOption = Annotated[
    tuple[str, str] | None,
    typer.Option("--diff", metavar="OLD NEW", help="What changed between two installed versions."),
]
SHOWN = 40

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_runtimes(json: JsonOption = False) -> int:
    """The Blender versions that are installed, default first."""
    from voxel.blender.runtimes import available

    found = available()
    for number, runtime in enumerate(found):
        if json:
            typer.echo(msgspec.json.encode(runtime).decode())
        else:
            typer.echo(f"{runtime.version:<8} {runtime.site or runtime.python}{'  (default)' if number == 0 else ''}")
    if not found:
        from voxel.errors import SetupError

        raise SetupError("no Blender found; install one with: voxel blender add 4.5")
    return 0


@app.command("add")
def add_runtime(
    version: VersionArgument,
    executable: Annotated[
        str | None, typer.Option("--executable", metavar="PATH", help="Use this blender program; nothing is installed.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Install a Blender version into your cache folder, or mend one that broke."""
    from voxel.blender.runtimes import add, add_executable
    from voxel.stages.command import say

    if executable is None and version.replace(".", "").isdigit():
        say(f"installing Blender {version}; about 350 MB to download")
    runtime = add(version) if executable is None else add_executable(version, executable)
    where = str(runtime.site or runtime.python)
    told = {"version": runtime.version, "path": where}
    typer.echo(msgspec.json.encode(told).decode() if json else f"{runtime.version} {where}")
    return 0


@app.command("remove")
def remove_runtime(version: VersionArgument, json: JsonOption = False) -> int:
    """Delete an added Blender version."""
    from voxel.blender.runtimes import remove

    remove(version)
    told = {"version": version, "removed": True}
    typer.echo(msgspec.json.encode(told).decode() if json else f"{version} removed")
    return 0


@app.command("schema")
def show_schema(
    name: NameArgument = None, blender: VersionOption = None, diff: DiffOption = None, json: JsonOption = False
) -> int:
    """The API of a Blender version: operators, types, nodes with their parameters, defaults and enum items."""
    from voxel.blender.runtimes import find
    from voxel.blender.schema import differences, schema

    if diff:
        old, new = (schema(find(version)) for version in diff)
        for kind, lines in differences(old, new).items():
            for change in lines:
                if name is None or name.lower() in change.lower():
                    typer.echo(
                        msgspec.json.encode({"kind": kind, "change": change}).decode() if json else f"{kind} {change}"
                    )
        return 0
    known = schema(find(blender))
    if name is None:
        typer.echo(msgspec.json.encode(known).decode() if json else _totals(known))
        return 0
    found = found_in(known, name)
    for kind, key, facts in found[:SHOWN] if not json else found:
        line: dict[str, object] = {"kind": kind, "name": key, **facts}
        typer.echo(msgspec.json.encode(line).decode() if json else f"{kind} {key}\n" + _facts(facts))
    if len(found) > SHOWN and not json:
        typer.echo(f"and {len(found) - SHOWN} more; all of them: --json")
    if not found:
        from voxel.blender.nearest import nearest
        from voxel.stages.command import say

        near = nearest(name, [*known.operators, *known.types, *known.nodes])
        say(f"Blender {known.version} has no {name}{'; near: ' + ', '.join(near) if near else ''}")
        return 1
    return 0


def _totals(known: Schema) -> str:
    kinds = ("operators", "types", "nodes", "modifiers", "constraints", "modules")
    return f"Blender {known.version}: " + ", ".join(f"{len(getattr(known, kind))} {kind}" for kind in kinds)


def found_in(known: Schema, name: str) -> list[tuple[str, str, dict[str, object]]]:
    """Entries of that very name, else those that contain it."""
    plain = name.removeprefix("bpy.ops.").removeprefix("bpy.types.")
    tables: dict[str, dict[str, Any]] = {"operator": known.operators, "type": known.types, "node": known.nodes}
    every = [(kind, key, msgspec.to_builtins(facts)) for kind, table in tables.items() for key, facts in table.items()]
    exact = [item for item in every if item[1] == plain]
    return exact or [item for item in every if plain.lower() in item[1].lower()]


def _facts(facts: dict[str, object]) -> str:
    return "\n".join(f"    {key}: {msgspec.json.encode(value).decode()}" for key, value in facts.items() if value)
