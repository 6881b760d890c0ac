"""`voxel models`: base models at hand."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption, QuietOption
from voxel.providers.local import BaseModel, held_models, pull
from voxel.stages import DataDir
from voxel.stages.command import say

app = typer.Typer(help="Base models for training on this machine.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def show_models(data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """The models that are at hand."""
    models = held_models(DataDir(data_dir).models)
    for model in models:
        typer.echo(msgspec.json.encode(model).decode() if json else _line(model))
    if not models and not json:
        say("no model is at hand; fetch one with: voxel models pull SmolLM2-135M-Instruct")
    return 0


@app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help="A short name, a hub id (owner/name), a folder or a .gguf file.")],
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Fetch a model, unless it is at hand."""
    model = pull(name, DataDir(data_dir).models, (lambda _line: None) if quiet else say)
    typer.echo(msgspec.json.encode(model).decode() if json else _line(model))
    return 0


def _line(model: BaseModel) -> str:
    size = f"{model.parameters / 1e6:,.0f}M" if model.parameters else "?"
    return f"{model.name}  {size} parameters  {model.license or 'licence not known'}  {model.path}"
