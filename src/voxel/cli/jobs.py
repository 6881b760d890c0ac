"""`voxel jobs`: fine-tuning jobs, from what they would cost to how they ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption, QuietOption, SetOption, path_of, settings_of
from voxel.errors import SetupError, UsageError, VoxelError
from voxel.records.job import Job
from voxel.records.roles import ROLES, Role
from voxel.stages.command import say

if TYPE_CHECKING:
    from rich.table import Table

    from voxel.providers import Finding
    from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

app = typer.Typer(help="Fine-tuning jobs.", no_args_is_help=True, rich_markup_mode=None)

RESTARTS = 3
"""How often `monitor` starts a local job again that has died."""
PLANNED = 10_000
"""Examples of a role in a plan that names no number."""
METRICS_FOR = 8
"""Up to so many running jobs are also asked for their losses, one call each."""
_MARKS = {"ok": "ok  ", "warn": "warn", "stop": "STOP"}


class RoleName(StrEnum):
    """The five roles."""

    CONCEPT = "concept"
    BUILDER = "builder"
    TEXTURE = "texture"
    RENDER = "render"
    ANIMATION = "animation"


ProviderOption = Annotated[
    str, typer.Option("--provider", metavar="NAME", help="openai, azure, bedrock (or claude), local.")
]
RoleOption = Annotated[RoleName | None, typer.Option("--role", help="Which role is trained.")]
TrainOption = Annotated[
    Path | None,
    typer.Option("--train", metavar="FILE", parser=path_of, help="Default: the role's file under fine_tuning/."),
]
ValOption = Annotated[
    Path | None, typer.Option("--val", metavar="FILE", parser=path_of, help="Default: the role's file, if any.")
]
ModelOption = Annotated[str, typer.Option("--model", metavar="NAME", help="The base model.")]
EpochsOption = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Times through the file.")]


def _orchestrator(data_dir: Path) -> TrainingOrchestrator:
    from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

    return TrainingOrchestrator(data_dir)


# -- estimate ---------------------------------------------------------------------------------------------------------


class EstimateLine(msgspec.Struct, frozen=True, kw_only=True):
    """What training would cost with one model."""

    provider: str
    model: str
    roles: int
    trained_tokens: int
    """Of the role with the most."""
    cost_low: float | None
    """US dollars for the role with the most."""
    cost_high: float | None
    total_low: float | None
    """For all roles: the sum."""
    total_high: float | None
    seconds: float | None
    """For all roles, on this machine; None for services."""
    prices_of: str
    source: str
    """Where the price comes from."""
    alike: bool
    """Whether all roles have as many tokens."""
    planned: bool
    """Whether the tokens are those of a plan, not of files."""


@app.command("estimate")
def estimate_jobs(
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Only this provider.")] = "",
    role: RoleOption = None,
    train: TrainOption = None,
    model: ModelOption = "",
    epochs: Annotated[int, typer.Option("--epochs", min=1, metavar="N", help="Times through the file.")] = 3,
    examples: Annotated[
        int | None, typer.Option("--examples", min=1, metavar="N", help="A plan in place of files; default: 10000.")
    ] = None,
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, metavar="N", help="An example of the plan has so many.")
    ] = 200,
    roles: Annotated[int, typer.Option("--roles", min=1, metavar="N", help="Roles in the plan.")] = 5,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """What training costs, by the price table; from files where there are some, else from --examples, --tokens,
    --roles.
    """
    from voxel.providers import estimate, load_prices, provider_name

    table = load_prices(data_dir)
    only = provider_name(provider) if provider else ""
    rows = [(row.provider, row.model) for row in table.price if only in ("", row.provider)]
    if model:
        rows = [(only or next((name for name, known in rows if model.startswith(known)), "openai"), model)]
    assumed = False
    for name, known in rows:
        counts = [] if examples else _token_counts(name, role, train, data_dir)
        planned = not counts
        counts = counts or [(examples or PLANNED) * tokens] * (1 if role else roles)
        costs = [estimate(table, name, known, tokens=count, epochs=epochs) for count in counts]
        lows, highs = [cost.low for cost in costs], [cost.high for cost in costs]
        seconds = [cost.seconds for cost in costs if cost.seconds is not None]
        line = EstimateLine(
            provider=name,
            model=known,
            roles=len(counts),
            trained_tokens=max(cost.trained_tokens for cost in costs),
            cost_low=max((low for low in lows if low is not None), default=None),
            cost_high=max((high for high in highs if high is not None), default=None),
            total_low=_sum(lows),
            total_high=_sum(highs),
            seconds=sum(seconds) if seconds else None,
            prices_of=str(table.date),
            source=costs[0].source,
            alike=len(set(counts)) == 1,
            planned=planned,
        )
        typer.echo(msgspec.json.encode(line).decode() if json else _estimate_line(line))
        assumed |= planned and not examples
    if not json:
        if assumed:
            typer.echo(
                f"where there are no files under {data_dir / 'fine_tuning'}, this assumes {PLANNED:,} examples a role "
                f"of {tokens} tokens; --examples and --tokens say otherwise"
            )
        typer.echo(f"to change prices, edit a copy: {data_dir / 'prices.toml'}")
    return 0


def _token_counts(provider: str, role: RoleName | None, train: Path | None, data_dir: Path) -> list[int]:
    """Of the files that are there, one for each role."""
    from voxel.providers import check_file, provider_limits
    from voxel.stages import DataDir

    limits = provider_limits(provider)
    kind = limits.format
    if train is not None:
        return [check_file(train, limits).file.tokens]
    folder = DataDir(data_dir).fine_tuning / kind
    files = [folder / name / f"train_{kind}.jsonl" for name in ([role.value] if role else ROLES)]
    counts = [check_file(file, limits).file.tokens for file in files if file.is_file()]
    return [count for count in counts if count]


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return round(sum(known), 4) if known else None


def _estimate_line(line: EstimateLine) -> str:
    time_ = f", {line.seconds / 3600:.1f} h on this machine" if line.seconds else ""
    most = "" if line.alike else "at most "
    roles = "1 role" if line.roles == 1 else f"{line.roles} roles"
    return (
        f"{line.provider:<8} {line.model or 'any model':<26} {_money(line.total_low, line.total_high):>18} for {roles},"
        f" {most}{_money(line.cost_low, line.cost_high)} a role"
        f" ({most}{line.trained_tokens:,} trained tokens a role{time_}; prices: {line.source}, {line.prices_of})"
    )


def _money(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "no price known"
    return f"${low:,.2f}" if low == high else f"${low:,.2f} to ${high:,.2f}"


# -- submit -----------------------------------------------------------------------------------------------------------


@app.command("submit")
def submit_jobs(
    provider: ProviderOption = "local",
    role: RoleOption = None,
    train: TrainOption = None,
    val: ValOption = None,
    model: ModelOption = "",
    epochs: EpochsOption = 3,
    suffix: Annotated[str, typer.Option("--suffix", metavar="TEXT", help="Part of the tuned model's name.")] = "",
    setting: SetOption = None,
    role_arn: Annotated[str, typer.Option("--role-arn", metavar="ARN", help="Bedrock: or BEDROCK_ROLE_ARN.")] = "",
    bucket: Annotated[str, typer.Option("--bucket", metavar="NAME", help="Bedrock: or BEDROCK_BUCKET.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Check everything, say what it costs, ask, and submit; without --role, all roles that have a file."""
    from voxel.training.fine_tuning.jobs_request import Asked

    if train is not None and role is None:
        raise UsageError("--train needs --role, which says whose file it is")
    options: dict[str, Any] = {name: value for name, value in (("role_arn", role_arn), ("bucket", bucket)) if value}
    with _orchestrator(data_dir) as orchestrator:
        asked = []
        for name in [_role(role)] if role else ROLES:
            training, validation = (train, val) if train else orchestrator.training_files(provider, name)
            if role or training.is_file():
                asked.append(
                    Asked(
                        role=name,
                        training_file=training,
                        validation_file=val or validation,
                        model=model,
                        n_epochs=epochs,
                        suffix=suffix,
                        hyperparameters=settings_of(setting or []),
                        options=options,
                    )
                )
        if not asked:
            raise SetupError(f"there are no training files for {provider} in {data_dir}; write them with: voxel format")
        stopped = False
        for each in asked:
            found = orchestrator.preflight(provider, each)
            stopped = stopped or any(finding.level == "stop" for finding in found)
            if not quiet or stopped:
                _tell(each.role, found)
        if stopped:
            raise SetupError("nothing was sent; mend what is marked STOP above")
        if not yes and not typer.confirm(f"submit {len(asked)} job{'s' if len(asked) > 1 else ''}?", err=True):
            raise typer.Abort
        failed = False
        for each in asked:
            try:
                _print([orchestrator.submit_asked(provider, each)], json=json)
            except VoxelError as error:
                if len(asked) == 1:
                    raise
                failed = True
                say(f"{each.role}: {error}")
    return 1 if failed else 0


def _role(role: RoleName) -> Role:
    return next(name for name in ROLES if name == role.value)


def _tell(role: str, found: list[Finding]) -> None:
    for finding in found:
        typer.echo(f"{role:<9} {_MARKS[finding.level]} {finding.check:<11} {finding.message}", err=True)


# -- looking ----------------------------------------------------------------------------------------------------------


@app.command("list")
def list_jobs(data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """All jobs as they were last seen; asks no service."""
    with _orchestrator(data_dir) as orchestrator:
        jobs = orchestrator.jobs() if orchestrator.known() else []
    _print(jobs, json=json)
    if not jobs and not json:
        say("there are no jobs; submit one with: voxel jobs submit --role builder")
    return 0


@app.command("show")
def show_job(
    job_id: Annotated[str, typer.Argument(metavar="JOB")], data_dir: DataDirOption = DATA_DIR, json: JsonOption = False
) -> int:
    """One job as its service has it now, with its events and checkpoints."""
    with _orchestrator(data_dir) as orchestrator:
        job = orchestrator.follow_metrics(orchestrator.check_job_status(job_id))
        _print([job], json=json)
        if json:
            return 0
        for event in orchestrator.events(job.job_id, 20):
            typer.echo(f"  {event.at.astimezone():%Y-%m-%d %H:%M:%S}  {event.message}")
        for held in orchestrator.checkpoints(job.job_id):
            typer.echo(f"  checkpoint at step {held.step}: {held.model}")
    return 0


@app.command("monitor")
def monitor_jobs(
    interval: Annotated[float, typer.Option("--interval", min=0.2, metavar="SECONDS")] = 20.0,
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Follow all jobs until they have ended; Ctrl-C leaves them running. 1 when a job failed."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, quiet=quiet)
    with _orchestrator(data_dir) as orchestrator:
        if not orchestrator.known():
            say("there are no jobs; submit one with: voxel jobs submit --role builder")
            return 0
        with Live(console=console, auto_refresh=False, transient=False) as live:
            while True:
                jobs = _look(orchestrator)
                live.update(_table(jobs), refresh=True)
                if once or all(job.final or not job.placed for job in jobs):
                    break
                time.sleep(interval)
    _print(jobs, json=json)
    for job in jobs:
        if not job.final and not job.placed:
            say(f"{job.job_id} was not sent yet; submit it again")
    return 1 if any(job.state in ("failed", "rejected") for job in jobs) else 0


def _look(orchestrator: TrainingOrchestrator) -> list[Job]:
    jobs = orchestrator.monitor_all_jobs()
    dead = [job for job in jobs if job.state == "interrupted" and job.restarts < RESTARTS]
    running = [job for job in jobs if job.state == "running" and job.provider != "local"]
    try:
        for job in dead:
            say(f"{job.job_id} has died; it goes on from its last checkpoint")
            orchestrator.resume_job(job.job_id)
        for job in running if len(running) <= METRICS_FOR else ():
            orchestrator.follow_metrics(job)
    except VoxelError as error:
        say(str(error))
    return orchestrator.jobs()


@app.command("cancel")
def cancel_jobs(
    job_ids: Annotated[list[str], typer.Argument(metavar="JOB...")],
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """End jobs."""
    with _orchestrator(data_dir) as orchestrator:
        for job_id in job_ids:
            _print([orchestrator.cancel_job(job_id)], json=json)
    return 0


def _print(jobs: Iterable[Job], *, json: bool) -> None:
    for job in jobs:
        typer.echo(msgspec.json.encode(job).decode() if json else _job_line(job))


def _job_line(job: Job) -> str:
    parts = [f"{job.job_id:<32} {job.state:<11} {job.model}"]
    if job.progress is not None and not job.final:
        parts.append(f"{job.progress:.0%}")
    if job.loss is not None:
        parts.append(f"loss {job.loss:.3f}")
    if job.cost is not None:
        parts.append(f"${job.cost:,.2f}")
    parts += [
        part
        for part in (job.service_id if job.service_id != job.job_id else "", job.fine_tuned_model, job.error)
        if part
    ]
    return "  ".join(parts)


def _table(jobs: Sequence[Job]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("job", "state", "progress", "step", "loss", "validation", "cost", "left", ""):
        table.add_column(name, justify="left" if name in ("job", "state", "") else "right")
    for job in jobs:
        left = job.seconds_left()
        table.add_row(
            job.job_id,
            job.state,
            "" if job.progress is None else f"{job.progress:.0%}",
            "" if job.step is None else f"{job.step}/{job.total_steps or '?'}",
            "" if job.loss is None else f"{job.loss:.3f}",
            "" if job.validation_loss is None else f"{job.validation_loss:.3f}",
            "" if job.cost is None else f"${job.cost:,.2f}",
            "" if left is None else f"{left / 60:.0f} min",
            job.fine_tuned_model or job.error,
        )
    return table
