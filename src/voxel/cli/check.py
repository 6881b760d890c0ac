"""`voxel check`: run scripts in boxed Blender and grade them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from voxel.cli.options import JsonOption, path_of

if TYPE_CHECKING:
    from voxel.records.verdict import Verdict

ScriptsArgument = Annotated[
    list[Path], typer.Argument(metavar="SCRIPT...", parser=path_of, help="Python files; - reads one from stdin.")
]
VersionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--blender", metavar="VERSION", help="Which installed Blender, such as 4.5; give it again for several."
    ),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.1, max=86_400, metavar="SECONDS", help="Wall time per script.")
]
UnboxedOption = Annotated[
    bool,
    typer.Option("--allow-unboxed", help="Run also where there is no box. The script can then do what you can do."),
]


def command(
    scripts: ScriptsArgument,
    blender: VersionsOption = None,
    timeout: TimeoutOption = 60.0,
    allow_unboxed: UnboxedOption = False,
    json: JsonOption = False,
) -> int:
    """Run scripts in boxed Blender and grade them. Exit 0: all passed; 1: some did not; 2: nothing could be run."""
    from voxel.blender import Blender, check
    from voxel.blender.box import bwrap
    from voxel.blender.check import read_script
    from voxel.errors import BadInput, BoxError, UsageError
    from voxel.stages.command import say

    sources: dict[Path, str] = {}
    bad = False
    for path in scripts:
        try:
            sources[path] = sys.stdin.read() if str(path) == "-" else read_script(path)
        except BadInput as error:
            if len(scripts) == 1:
                raise UsageError(str(error)) from error
            say(str(error))
            bad = True
    if not sources:
        raise UsageError("no script could be read")
    versions: list[str | None] = list(dict.fromkeys(blender)) if blender else [None]
    boxed = bwrap() is not None or not allow_unboxed
    with ExitStack() as stack:
        running = [stack.enter_context(Blender(version, boxed=boxed)) for version in versions]
        for path, source in sources.items():
            for one in running:
                try:
                    graded = check(source, blender=one, timeout=timeout)
                except BoxError as error:
                    say(f"{path}: {error}")
                    bad = True
                    continue
                graded = msgspec.structs.replace(graded, path=str(path))
                bad = bad or graded.verdict != "passed"
                typer.echo(msgspec.json.encode(graded).decode() if json else _sentences(graded))
    return int(bad)


def _sentences(graded: Verdict) -> str:
    scores = "  ".join(f"{name} {value:.2f}" for name, value in graded.scores.items())
    lines = [f"{graded.path}  Blender {graded.blender}  {graded.verdict}  {scores}"]
    for error in graded.errors:
        where = f"line {error.line}: " if error.line else ""
        lines.append(f"  {where}{error.kind}: {error.message}")
        lines += [f"      try: {suggestion}" for suggestion in error.suggestions]
    if graded.scene:
        lines.append("  scene: " + ", ".join(f"{count} {kind}" for kind, count in graded.scene.items()))
    return "\n".join(lines)
