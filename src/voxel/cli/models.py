"""`voxel models`: base models at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption, QuietOption
from voxel.errors import SetupError, UsageError
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


@app.command("serve")
def serve_models(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=FOLDER...", help="Models or adapters; default: the newest trained adapter of each role."
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Which address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8321,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Answer as OpenAI's chat API does, one model name for each role, until Ctrl-C."""
    folders = dict(_named(word) for word in models or []) or _trained(data_dir)
    if not folders:
        raise SetupError(
            "no role has been trained here yet; train one: voxel jobs submit --provider local --role builder"
        )
    from voxel.providers.local.serving import serve

    server = serve(folders, host=host, port=port)
    address = f"http://{host}:{server.server_port}/v1"
    if json:
        typer.echo(msgspec.json.encode({"url": address, "models": list(folders)}).decode())
    say(f"{', '.join(folders)} at {address} (set OPENAI_BASE_URL to it; any key will do)")
    with server:
        server.serve_forever()
    return 0


def _named(word: str) -> tuple[str, Path]:
    name, equals, folder = word.partition("=")
    if not equals or not name:
        raise UsageError(f"a model is given as NAME=FOLDER, not {word!r}")
    return name, Path(folder)


def _trained(data_dir: Path) -> dict[str, Path]:
    from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

    with TrainingOrchestrator(data_dir) as orchestrator:
        jobs = orchestrator.jobs() if orchestrator.known() else []
    return {
        job.role: Path(job.fine_tuned_model) for job in jobs if job.provider == "local" and job.state == "succeeded"
    }
