"""`voxel inspect`: what .blend files hold, without Blender."""

from __future__ import annotations

import json as jsons
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from voxel.blendfile import BlendFileError, inventory, keep_layouts
from voxel.cli.options import JsonOption, QuietOption, WorkersOption, path_of
from voxel.errors import SetupError, UsageError
from voxel.stages.command import say
from voxel.stages.progress import printable, shown_progress

_WORTH_A_POOL = 64
"""Files from which on starting processes costs less than it saves."""
_CHUNK = 16
_AHEAD = 4096
"""Files that are handed to the pool at a time, so that a million paths do not wait in memory."""

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", parser=path_of, help="Files, and folders to walk for .blend files.")
]


class _Found(NamedTuple):
    path: str
    facts: dict[str, Any]
    """The fields of the JSON line after `path`."""


def command(paths: Paths, json: JsonOption = False, workers: WorkersOption = None, quiet: QuietOption = False) -> int:
    """What .blend files hold, without starting Blender. Exit status 1 when some could not be read."""
    files = list(_files(paths))
    if not files:
        raise UsageError("no .blend files there: name files, or folders that hold some")
    detailed = len(files) == 1 and not json
    rows = []
    failed = 0
    progress = shown_progress(quiet=quiet or len(files) < _WORTH_A_POOL)
    progress.start("inspect", len(files), 0)
    try:
        for found in _inspect(files, workers or os.cpu_count() or 1):
            ok = found.facts["ok"]
            failed += not ok
            progress.advance("done" if ok else "failed", found.path, found.facts["error"] or "")
            if json:
                typer.echo(jsons.dumps({"path": found.path, **found.facts}))
            elif detailed and ok:
                typer.echo("\n".join(_details(found)))
            else:
                rows.append(_row(found))
    finally:
        progress.end()
    if rows:
        _print_table(rows)
    if failed:
        say(f"{failed} of {len(files)} could not be read")
    return int(failed > 0)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Named files as they are; of folders, all files that end in .blend, sorted, each folder once."""
    for path in paths:
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _walk(top: Path) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()

    def unreadable(error: OSError) -> None:
        say(f"{error.filename}: {error.strerror}; left out")

    for folder, inner, names in os.walk(top, followlinks=True, onerror=unreadable):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            inner.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        inner.sort()
        for name in sorted(names):
            if name.lower().endswith(".blend"):
                yield Path(folder, name)


def _inspect(files: list[Path], workers: int) -> Iterator[_Found]:
    """One result for each file, in the order of `files`."""
    cache = _cache_folder()
    if workers == 1 or len(files) < _WORTH_A_POOL:
        keep_layouts(cache)
        yield from map(_look, files)
        return
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    if os.name == "posix":
        context.set_forkserver_preload([__name__])
    left = iter(files)
    with ProcessPoolExecutor(workers, context, _start_worker, (cache,)) as pool:
        try:
            while batch := list(islice(left, _AHEAD)):
                yield from pool.map(_look, batch, chunksize=_CHUNK)
        except BrokenProcessPool as error:
            raise SetupError("a reading process was killed from outside: try fewer --workers") from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker(cache: Path | None) -> None:
    # Ctrl-C reaches every process of the terminal; only the one that the user talks to answers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_layouts(cache)


def _look(path: Path) -> _Found:
    try:
        found = inventory(path)
    except BlendFileError as error:
        return _Found(str(path), {"ok": False, "error": str(error)})
    return _Found(str(path), {"ok": True, "error": None, **found.line()})


def _cache_folder() -> Path | None:
    """Where DNA layouts are kept between runs; None where the user has no folder for such things."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (named if named.is_absolute() else Path.home() / ".cache") / "voxel" / "layouts"
    except RuntimeError:
        return None


def _version(number: int) -> str:
    return f"{number // 100}.{number % 100:02d}" if number < 300 else f"{number // 100}.{number % 100}"


_COLUMNS = ("file", "Blender", "packed", "objects", "meshes", "vertices", "materials", "texts", "remarks")


def _row(found: _Found) -> tuple[str, ...]:
    facts = found.facts
    if not facts["ok"]:
        return (found.path, "", "", "", "", "", "", "", facts["error"])
    counts = facts["counts"]
    remarks = ["as new"] if facts["startup"] else []
    if facts["libraries"]:
        remarks.append(f"{len(facts['libraries'])} libraries")
    return (
        found.path,
        _version(facts["version"]),
        "" if facts["compression"] == "none" else facts["compression"],
        str(counts["objects"]),
        str(counts["meshes"]),
        str(sum(count or 0 for count in facts["meshes"].values())),
        str(counts["materials"]),
        str(len(facts["texts"])),
        ", ".join(remarks),
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("file", "packed", "remarks") else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console()
    # In a pipe nobody's terminal folds the lines, so they are as long as they must be.
    width = console.width if console.is_terminal else 2 * console.measure(table).maximum + 80
    Console(width=width).print(table)


def _details(found: _Found) -> Iterator[str]:
    facts = found.facts
    subversion = "" if facts["subversion"] is None else f" (subversion {facts['subversion']})"
    compression = "not compressed" if facts["compression"] == "none" else f"compressed with {facts['compression']}"
    yield printable(found.path)
    yield f"  Blender {_version(facts['version'])}{subversion}, {compression}"
    yield f"  {8 * facts['pointer_size']}-bit, {facts['endian']} endian{', as a new file' * facts['startup']}"
    yield "  " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in facts["counts"].items() if count)
    for title, entries in (
        ("objects", [f"{name}: {kind}" for name, kind in facts["objects"].items()]),
        ("modifiers", [f"{name}: {_listed(kinds)}" for name, kinds in facts["modifiers"].items()]),
        ("meshes", [f"{name}: {_vertices(count)}" for name, count in facts["meshes"].items()]),
        ("materials", [f"{name}: {_listed(nodes) or 'no nodes'}" for name, nodes in facts["materials"].items()]),
        ("node groups", [f"{name}: {_listed(nodes)}" for name, nodes in facts["node_groups"].items()]),
        ("actions", facts["actions"]),
        ("texts", facts["texts"]),
        ("libraries", facts["libraries"]),
        ("paths", [f"{one['kind']}: {one['path']}{' (packed)' * one['packed']}" for one in facts["external"]]),
    ):
        if entries:
            yield f"  {title}"
            yield from (f"    {printable(entry)}" for entry in entries)


def _listed(values: list[str | int]) -> str:
    return ", ".join(map(str, values))


def _vertices(count: int | None) -> str:
    return "vertices unknown" if count is None else f"{count} vertices"
