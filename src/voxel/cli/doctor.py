"""`voxel doctor`: the machine, the box, the Blender versions, the services."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer

from voxel.cli.options import JsonOption

BlenderOption = Annotated[
    list[str] | None,
    typer.Option("--blender", metavar="VERSION", help="Check the box with this version; default: all."),
]
DISK_BYTES = 5 << 30
MEMORY_BYTES = 4 << 30
EXTRAS = {
    "openai": (("openai",), "fine-tuning at OpenAI and Azure"),
    "bedrock": (("boto3",), "fine-tuning at Bedrock"),
    "local": (("trl", "peft"), "training on this machine"),
    "eval": (("inspect_ai",), "evaluating models of services"),
    "hub": (("datasets",), "Parquet and pushing to the hub"),
    "serve": (("uvicorn", "starlette", "httptools"), "voxel ui and the gateway"),
    "mcp": (("mcp",), "tools for agents"),
}
"""Extra: modules that it brings, and what needs them."""
PROGRAMS = {
    "git": ("--source git", "sudo apt-get install git"),
    "chromium": ("the tests of pages, and nothing else", "sudo apt-get install chromium"),
}
"""Program: what needs it, and what installs it."""
SERVICES = {
    "GITHUB_TOKEN": "scraping GitHub at more than 60 requests an hour",
    "OPENAI_API_KEY": "fine-tuning at OpenAI",
    "ANTHROPIC_API_KEY": "asking Claude",
    "AWS_ACCESS_KEY_ID": "fine-tuning at Bedrock",
}


class Finding(NamedTuple):
    """One check of the machine."""

    check: str
    ok: bool
    detail: str
    needed: bool = True
    """False where it only costs a feature."""
    one_of: str = ""
    """What it is one of many checks of; those that hold are shown to people as one line."""


def command(blender: BlenderOption = None, json: JsonOption = False) -> int:
    """Check the machine, the box (every published attack is tried) and the services. Exit 1 when something
    needed is wrong.
    """
    bad = 0
    for finding in _findings(blender) if json else _summed(_findings(blender)):
        bad += finding.needed and not finding.ok
        if json:
            line = {"check": finding.check, "ok": finding.ok, "detail": finding.detail}
            typer.echo(msgspec.json.encode(line).decode())
        else:
            word = "ok  " if finding.ok else "BAD " if finding.needed else "no  "
            typer.echo(f"{word} {finding.check}: {finding.detail}")
    if not json:
        typer.echo(
            f"{bad} things are wrong: see BAD" if bad > 1 else "one thing is wrong: see BAD" if bad else "all is well"
        )
    return int(bad > 0)


def _summed(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The same, with the checks of one kind that hold as one line behind those that do not."""
    group, held, all_of_it = "", 0, 0
    for finding in findings:
        if finding.one_of != group:
            if group and held == all_of_it:
                yield _sum(group, held)
            group, held, all_of_it = finding.one_of, 0, 0
        held += finding.ok
        all_of_it += 1
        if not finding.ok or not finding.one_of:
            yield finding
    if group and held == all_of_it:
        yield _sum(group, held)


def _sum(group: str, held: int) -> Finding:
    return Finding(group, True, f"all {held} attacks were held off; each one: --json")


def _findings(versions: list[str] | None) -> Iterator[Finding]:
    from voxel.blender.box import bwrap, missing
    from voxel.blender.runtimes import available, find
    from voxel.blender.selfcheck import self_check
    from voxel.errors import VoxelError

    yield from _machine()
    runtimes = [find(version) for version in versions] if versions else available()
    if not runtimes:
        yield Finding("blender", False, "none is installed; mend it with: voxel blender add 4.5")
    for runtime in runtimes:
        yield Finding(f"blender {runtime.series}", True, f"{runtime.version} in {runtime.site or runtime.python}")
    boxed = bwrap() is not None
    yield Finding("box", boxed, str(bwrap()) if boxed else missing())
    for runtime in runtimes if boxed else ():
        try:
            for held in self_check(runtime):
                yield Finding(
                    f"box {runtime.series}: {held.check}", held.ok, held.detail, one_of=f"box {runtime.series}"
                )
        except VoxelError as error:
            yield Finding(f"box {runtime.series}", False, str(error))
    yield from _optional()
    for name, purpose in SERVICES.items():
        there = bool(os.environ.get(name))
        yield Finding(name, there, "set" if there else f"not set; needed for {purpose}", needed=False)


def _optional() -> Iterator[Finding]:
    from importlib.util import find_spec

    for extra, (modules, purpose) in EXTRAS.items():
        there = all(find_spec(module) is not None for module in modules)
        told = "installed" if there else f"needed for {purpose}: pip install 'voxel-training[{extra}]'"
        yield Finding(f"extra {extra}", there, told, needed=False)
    for program, (purpose, mends) in PROGRAMS.items():
        path = shutil.which(program)
        yield Finding(program, bool(path), path or f"needed for {purpose}: {mends}", needed=False)


def _machine() -> Iterator[Finding]:
    disk = shutil.disk_usage(".").free
    told = f"{disk / (1 << 30):.0f} GiB free here; 5 are enough to begin"
    yield Finding("disk", disk >= DISK_BYTES, told if disk >= DISK_BYTES else f"{told}: free some, or work elsewhere")
    free = Path.cwd()
    yield Finding("folder", os.access(free, os.W_OK), f"{free} can be written" if os.access(free, os.W_OK)
                  else f"{free} cannot be written; go to a folder of yours, or take --data-dir")  # fmt: skip
    right = sys.version_info[:2] == (3, 11)
    yield Finding("python", right, sys.version.split()[0] if right else
                  f"{sys.version.split()[0]}; Blender 4.5 as a package needs 3.11: rm -r .venv && "
                  "./quick_start_training.sh", needed=False)  # fmt: skip
    yield Finding("processors", True, f"{os.cpu_count()} cores")
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield Finding("memory", memory >= MEMORY_BYTES, f"{memory / (1 << 30):.0f} GiB; 4 are enough to begin")
