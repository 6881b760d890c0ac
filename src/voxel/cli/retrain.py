"""`voxel retrain`: what is new becomes a version on trial, one round at a time."""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from voxel.cli.options import (
    DATA_DIR,
    BlenderOption,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    PathsArgument,
    PolicyOption,
    QueryOption,
    QuietOption,
    RayAddressOption,
    RepoOption,
    ReposFileOption,
    SetOption,
    SourceOption,
    WorkersOption,
    engine_name,
    settings_of,
)

if TYPE_CHECKING:
    from voxel.records import EvalReport, Example, Job, RoleState
    from voxel.records.deployment import Backend
    from voxel.records.job import Hyperparameter
    from voxel.stages import DataDir, Progress
    from voxel.training.deployment.rounds import RoleRound, Round, Rounds
    from voxel.training.pipeline import Settings

POLL_S = 10.0
"""Between two looks at a training job."""


def command(
    paths: PathsArgument = None,
    source: SourceOption = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="ROLE", help="May be repeated; default: all.")
    ] = None,
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Who trains.")] = "local",
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The base model; default: the provider's.")
    ] = "",
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, metavar="N")] = None,
    setting: SetOption = None,
    num_examples: Annotated[int, typer.Option("--num-examples", min=1, metavar="N", help="Asked of each model.")] = 100,
    share: Annotated[
        float,
        typer.Option("--share", min=0.01, max=0.99, metavar="SHARE", help="Of the conversations, for the trial."),
    ] = 0.2,
    policy: PolicyOption = None,
    repo: RepoOption = None,
    repos_file: ReposFileOption = None,
    query: QueryOption = None,
    blender: BlenderOption = None,
    data_dir: DataDirOption = DATA_DIR,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """New files and mended failures to the next dataset, training, evaluation, the gate and a trial; goes on where it
    stopped, does nothing when nothing is new.
    """
    from voxel.errors import UsageError
    from voxel.records import ROLES
    from voxel.stages import DataDir, shown_progress
    from voxel.stages.command import say
    from voxel.training import pipeline
    from voxel.training.deployment.rounds import Rounds

    unknown = [name for name in role or () if name not in ROLES]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is not a role; the roles are {', '.join(ROLES)}")
    from voxel.cli.phases import resolve_source

    data = DataDir(data_dir).create()
    settings = pipeline.Settings(
        data_dir=data_dir, source=resolve_source(source, paths), paths=tuple(paths or ()), policy=policy,
        repos=tuple(repo or ()), repos_file=repos_file, queries=tuple(query or ()), blender=blender, workers=workers,
        engine=engine_name(engine, ray_address),
    )  # fmt: skip
    progress = shown_progress(quiet=quiet)
    with _alone(data):
        rounds = Rounds(data)
        now = rounds.unended() or rounds.next()
        if now.step == "scrape":
            _collect(now, rounds, data, settings, progress)
            if not (now.new_files or now.new_failures):
                say("nothing is new since the last round; nothing was done")
                return 0
        if now.step == "build":
            _build(now, rounds, data, settings, progress)
        trainer = _Trainer(data, provider, model, epochs, settings_of(setting or []))
        measurer = _Measurer(data, num_examples, settings, progress)
        for name in role or ROLES:
            _carry_on(name, now, rounds, trainer, measurer, share, say)
        now.step = "ended"
        rounds.keep(now)
    typer.echo(msgspec.json.encode(_told(now)).decode() if json else _sentences(now))
    return 0


@contextmanager
def _alone(data: DataDir) -> Iterator[None]:
    """One retraining at a time. DataDirBusy when another one runs; the system frees the lock when its holder dies."""
    from voxel.errors import DataDirBusy

    with (data.deployment / "retraining.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataDirBusy(f"another voxel retrain works in {data.root}; it goes on, and this one ends") from None
        yield


def _collect(now: Round, rounds: Rounds, data: DataDir, settings: Settings, progress: Progress) -> None:
    """Scrapes, takes mended failures in, and finds out what is new."""
    from voxel.cli.mended import take_in
    from voxel.records import FileRecord
    from voxel.records.files import FAILURES
    from voxel.training import pipeline

    with data.hold():
        pipeline.scrape(settings, progress)
        take_in(data, progress)
    decoder = msgspec.json.Decoder(FileRecord)
    held = [decoder.decode(line) for line in (data.scraped / "files.jsonl").read_bytes().splitlines()]
    known = rounds.before(now)
    fresh = [each for each in held if each.state == "held" and each.sha256 not in known]
    now.inputs = tuple(sorted(each.sha256 for each in held if each.state == "held"))
    now.new_failures = sum(each.source == FAILURES for each in fresh)
    now.new_files = len(fresh) - now.new_failures
    if fresh:
        now.step = "build"
        rounds.keep(now)


def _build(now: Round, rounds: Rounds, data: DataDir, settings: Settings, progress: Progress) -> None:
    """The next version of the dataset, and what the failures gave to it."""
    from voxel.errors import SetupError
    from voxel.records import ROLES, SPLITS
    from voxel.records.files import FAILURES
    from voxel.training import pipeline

    with data.hold():
        pipeline.parse(settings, progress)
        pipeline.build(settings, progress)
        pipeline.format_all(settings, progress)
    found = {split: _examples(data, split) for split in SPLITS}
    now.counts = {split: len(examples) for split, examples in found.items()}
    now.failures_in_test = sum(each.provenance.source == FAILURES for each in (*found["test"], *found["val"]))
    if now.failures_in_test:
        raise SetupError(
            f"{now.failures_in_test} examples of mended failures stand in val or test; set their repositories to train "
            f"in {data.datasets / 'splits.json'} and run the same command again"
        )
    now.roles = {
        name: _counted([one for one in found["train"] if one.role == name], rounds.trained_with(name, now))
        for name in ROLES
        if any(one.role == name for one in found["train"])
    }
    now.failures_left_out = _left_out(data)
    rounds.keep_ids(now, (one.id for one in found["train"]))
    now.step = "train"
    rounds.keep(now)


def _counted(train: list[Example], known: frozenset[str]) -> RoleRound:
    from voxel.records.files import FAILURES
    from voxel.training.deployment.rounds import RoleRound

    ours = [one for one in train if one.provenance.source == FAILURES]
    return RoleRound(
        examples=sum(one.id not in known for one in train),
        from_failures=len(ours),
        new_from_failures=sum(one.id not in known for one in ours),
    )


def _left_out(data: DataDir) -> dict[str, int]:
    """Why mended failures gave no example: the part of each reason before its details, and how often."""
    from collections import Counter

    from voxel.records import DroppedCandidate
    from voxel.records.files import FAILURES

    decoder = msgspec.json.Decoder(DroppedCandidate)
    with (data.datasets / "dropped.jsonl").open("rb") as file:
        dropped = [decoder.decode(line) for line in file]
    reasons = Counter(one.reason.partition(":")[0] for one in dropped if one.provenance.source == FAILURES)
    return dict(sorted(reasons.items()))


def _examples(data: DataDir, split: str) -> list[Example]:
    from voxel.records import Example

    path = data.datasets / f"{split}.jsonl"
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Example) for line in path.read_bytes().splitlines()]


class _Trainer:
    """Asks for the job of a role and waits for its end; asked again, it is the same job."""

    def __init__(
        self, data: DataDir, provider: str, model: str, epochs: int | None, settings: dict[str, Hyperparameter]
    ) -> None:
        self._data, self.provider, self._model, self._epochs = data, provider, model, epochs
        self._settings = settings

    def train(self, role: str) -> Job:
        from voxel.records import ROLES
        from voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

        known = next(one for one in ROLES if one == role)
        with TrainingOrchestrator(self._data.root) as orchestrator:
            train, val = orchestrator.training_files(self.provider, known)
            job = orchestrator.submit(
                self.provider, known, train, val, model=self._model, n_epochs=self._epochs,
                hyperparameters=self._settings,
            )  # fmt: skip
            while not job.final:
                time.sleep(POLL_S)
                job = orchestrator.check_job_status(job)
                if job.state == "interrupted":
                    job = orchestrator.resume_job(job.job_id)
        return job


class _Measurer:
    """Measures models on the role's test examples of this round."""

    def __init__(self, data: DataDir, number: int, settings: Settings, progress: Progress) -> None:
        self._data, self._number, self._settings, self._progress = data, number, settings, progress

    def measure(self, model: str, provider: str, role: str) -> EvalReport:
        from voxel.training.evaluation.quality_metrics import QualityMetrics

        metrics = QualityMetrics(self._data.root)
        return metrics.evaluate_model(
            model, provider, self._number, role=role, blender=self._settings.blender or "4.5",
            workers=self._settings.workers, engine=self._settings.engine, progress=self._progress,
        )  # fmt: skip


def _carry_on(
    name: str, now: Round, rounds: Rounds, trainer: _Trainer, measurer: _Measurer, share: float, say: Any
) -> None:
    """Train, evaluate, gate and trial of one role; what is done already is not done again."""
    from voxel.errors import BadInput, UsageError

    role = now.roles.get(name)
    if role is None or role.ended:
        return
    if not role.examples:
        role.ended = "no new examples"
    else:
        try:
            _one_role(name, role, rounds, now, trainer, measurer, share)
        except (BadInput, UsageError) as error:
            # one role's trouble, such as a gate that keeps it out, is no reason to leave the others; a service that is
            # down or a package that is not installed stops the round, and the same command goes on from here
            role.ended = str(error)
    say(f"{name}: {role.ended}")
    rounds.keep(now)


def _one_role(
    name: str, role: RoleRound, rounds: Rounds, now: Round, trainer: _Trainer, measurer: _Measurer, share: float
) -> None:
    from voxel.errors import BadInput
    from voxel.records import RoleState
    from voxel.training.deployment.model_deployer import ModelDeployer

    if not role.model:
        job = trainer.train(name)
        role.job, role.model = job.job_id, str(job.fine_tuned_model or "")
        rounds.keep(now)
        if job.state != "succeeded" or not role.model:
            raise BadInput(f"its training {job.state}: {job.error}")
    provider = trainer.provider
    report = measurer.measure(role.model, provider, name)
    role.after, role.after_api = report.overall, report.blender_api
    deployer = ModelDeployer(rounds.data.root)
    state = deployer.deployments().roles.get(name, RoleState())
    if state.champion is None:
        deployer.deploy_model(role.model, provider, name, report)
        role.ended = "deployed: nothing served it before"
        return
    before = measurer.measure(state.champion.model, state.champion.provider, name)
    role.before, role.before_api = before.overall, before.blender_api
    deployer.measured_again(name, state.champion.version, before)
    backend = _own_backend(state, role.model, provider, name)
    deployer.start_canary(role.model, provider, name, report, share=share, backend=backend)
    role.ended = f"on trial with {share:.0%} of the conversations"
    if backend is not None:
        role.ended += f"; it has to answer: voxel models serve {backend.model}={role.model}"


def _own_backend(state: RoleState, model: str, provider: str, role: str) -> Backend | None:
    """A name of its own for a challenger that would else be asked for by the name of the champion."""
    import os

    from voxel.training.deployment.backends import backend_of, usual_backend

    if state.champion is None or provider != "local":
        return None
    there = usual_backend(model, provider, role, os.environ)
    if there != backend_of(state.champion, os.environ):
        return None
    return msgspec.structs.replace(there, model=f"{role}-v{state.next_version}")


def _told(now: Round) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(now)
    told["dataset"] = hashlib.sha256("".join(now.inputs).encode()).hexdigest()[:12]
    del told["inputs"]
    return told


def _sentences(now: Round) -> str:
    lines = [
        f"round {now.number}: {now.new_files} new files, {now.new_failures} mended failures; "
        + ", ".join(f"{count} {split}" for split, count in now.counts.items())
        + f"; {now.failures_in_test} examples of failures outside train"
    ]
    if now.failures_left_out:
        told = ", ".join(f"{count} {reason}" for reason, count in now.failures_left_out.items())
        lines.append(f"  mended failures that gave no example: {told}")
    for name, role in now.roles.items():
        scores = ""
        if role.after is not None and role.before is not None:
            scores = (
                f"; overall {role.before:.3f} -> {role.after:.3f}, api {role.before_api:.3f} -> {role.after_api:.3f}"
            )
        elif role.after is not None:
            scores = f"; overall {role.after:.3f}"
        lines.append(
            f"  {name:9} {role.examples} new examples, {role.new_from_failures} of failures{scores}; "
            f"{role.ended or 'not asked for'}"
        )
    return "\n".join(lines)
