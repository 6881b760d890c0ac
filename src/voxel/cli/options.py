"""Options that many commands share, with the same names and words everywhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxel.errors import UsageError

if TYPE_CHECKING:
    from voxel.records.job import Hyperparameter


class Engine(StrEnum):
    """Where stages run."""

    LOCAL = "local"
    RAY = "ray"


class Source(StrEnum):
    """Where .blend files come from."""

    SAMPLES = "samples"
    FOLDER = "folder"
    GITHUB = "github"
    GIT = "git"


def path_of(word: str | Path) -> Path:
    """The parser of every option and argument that is a path: an empty word is an unset variable, not this folder.

    typer.BadParameter for an empty word.
    """
    if not str(word):
        raise typer.BadParameter("an empty path names nothing")
    return Path(word)


DataDirOption = Annotated[Path, typer.Option("--data-dir", metavar="DIR", parser=path_of, help="The data directory.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, metavar="N", help="Processes; default: the processor count.")
]
EngineOption = Annotated[Engine, typer.Option("--engine", help="Where the work runs.")]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address", metavar="HOST:PORT", help="The head of a Ray cluster; default: RAY_ADDRESS, or this machine."
    ),
]
BlenderOption = Annotated[
    str | None, typer.Option("--blender", metavar="VERSION", help="Which installed Blender, such as 4.5.")
]

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH", parser=path_of, help="Folders or .blend files.", show_default=False),
]
SourceOption = Annotated[Source | None, typer.Option("--source", help="Default: folder with a PATH, else samples.")]
PolicyOption = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", parser=path_of, help="TOML with the licences to allow and deny."),
]
MaxFilesPerRepoOption = Annotated[
    int | None, typer.Option("--max-files-per-repo", min=1, metavar="N", help="What one repository may give.")
]
RepoOption = Annotated[
    list[str] | None, typer.Option("--repo", metavar="OWNER/NAME", help="A repository, or its URL; may be repeated.")
]
ReposFileOption = Annotated[
    Path | None,
    typer.Option("--repos-file", metavar="FILE", parser=path_of, help="A file of repositories, one a line."),
]
QueryOption = Annotated[
    list[str] | None, typer.Option("--query", metavar="WORDS", help="A search on GitHub; may be repeated.")
]
MaxReposOption = Annotated[
    int | None, typer.Option("--max-repos", min=1, metavar="N", help="Repositories; default: all that are found.")
]
ConcurrencyOption = Annotated[
    int, typer.Option("--concurrency", min=1, max=100, metavar="N", help="Requests that go out at once.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be fetched, and fetch nothing.")]
ForgetOption = Annotated[
    bool, typer.Option("--forget", help="Take out of the dataset what this source or PATH gave; fetch nothing.")
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="URL",
        help="Where the files of a new data directory lie, such as s3://bucket/folder; default: VOXEL_STORAGE, or the "
        "data directory. It is kept there.",
    ),
]


def engine_name(engine: Engine, ray_address: str | None) -> str:
    """The name that `run_stage` knows the engine by. UsageError for an address without Ray."""
    if engine is not Engine.RAY:
        if ray_address:
            raise UsageError("--ray-address goes with --engine ray")
        return engine.value
    address = ray_address or os.environ.get("RAY_ADDRESS")
    return f"ray:{address}" if address else "ray"


SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter of the provider; may be repeated."),
]

CONCURRENCY = 8
DATA_DIR = Path("training_data")


def settings_of(words: Sequence[str]) -> dict[str, Hyperparameter]:
    """What `--set` was given: numbers where they are numbers. UsageError for a word without `=`."""
    settings: dict[str, Hyperparameter] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise UsageError(f"--set takes NAME=VALUE, not {word!r}")
        value: Hyperparameter = text
        for kind in (int, float):
            try:
                value = kind(text)
                break
            except ValueError:
                continue
        settings[name] = value
    return settings
