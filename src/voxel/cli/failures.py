"""`voxel failures`: what went wrong in use, and mending it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from voxel.cli.options import DATA_DIR, BlenderOption, DataDirOption, JsonOption, path_of

if TYPE_CHECKING:
    from voxel.blender import Blender
    from voxel.records.deployment import Failure

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

TIMEOUT = 60.0
"""Seconds that a script may take."""
_SHOWN = 100

Mend = Callable[["Failure", str, "Blender"], str | None]
"""A script that may do better, or None."""


@app.command("list")
def list_failures(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that mending was not tried on yet.")] = False,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """The answers that did not do, the oldest first."""
    from voxel.stages import DataDir
    from voxel.stages.command import say
    from voxel.training.deployment.failures import Failures

    found = [one for one in Failures(DataDir(data_dir)).all() if not open_only or one.state == "open"]
    for one in found:
        typer.echo(msgspec.json.encode(one).decode() if json else _line(one))
    if not found and not json:
        say("no failures are kept here; `voxel deploy serve` keeps answers that are reported or judged as wrong")
    return 0


@app.command("fix")
def fix(
    name: Annotated[str, typer.Argument(metavar="ID", help="The failure, or the beginning of its id.")],
    script: Annotated[Path, typer.Argument(metavar="FILE", parser=path_of, help="The script that is right.")],
    blender: BlenderOption = None,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Take a person's script for a failure, if it runs in boxed Blender; the next build learns from it. Exit 1: it
    does not run.
    """
    from voxel.blender import Blender, check
    from voxel.blender.check import read_script
    from voxel.cli.mended import take_in
    from voxel.stages import DataDir
    from voxel.stages.command import say
    from voxel.training.dataset_builder.scrubbing import scrubbed
    from voxel.training.deployment.failures import Failures

    data = DataDir(data_dir)
    failures = Failures(data, scrub=scrubbed)
    failure = failures.get(name)
    code = failures.clean(read_script(script))
    with Blender(blender) as running:
        verdict = check(code, blender=running, timeout=TIMEOUT)
    if verdict.verdict != "passed":
        first = verdict.errors[0] if verdict.errors else None
        told = f": line {first.line}: {first.kind}: {first.message}" if first else ""
        say(f"{script} does not run in Blender {verdict.blender} ({verdict.verdict}{told}); nothing was changed")
        return 1
    done = msgspec.structs.replace(failure, state="mended", how="person", code=code)
    failures.put(done)
    take_in(data)
    typer.echo(msgspec.json.encode(done).decode() if json else _line(done))
    return 0


@app.command("mend")
def mend(
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher", metavar="MODEL", help="Ask this model, as inspect-ai names it, what the schema cannot mend."
        ),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Ask what serves the role once more, with the error.")] = False,
    gateway: Annotated[
        str, typer.Option("--gateway", metavar="URL", help="Where --retry asks.")
    ] = "http://127.0.0.1:8400/v1",
    again: Annotated[bool, typer.Option("--again", help="Also those that could not be mended before.")] = False,
    blender: BlenderOption = None,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Mend open failures by Blender's schema, and by models where asked for; each is proved in boxed Blender."""
    from voxel.blender import Blender
    from voxel.cli.mended import take_in
    from voxel.stages import DataDir
    from voxel.stages.command import say
    from voxel.training.dataset_builder.scrubbing import scrubbed
    from voxel.training.deployment.failures import Failures

    data = DataDir(data_dir)
    failures = Failures(data, scrub=scrubbed)
    wanted = [one for one in failures.all() if one.state == "open" or (again and one.state == "left")]
    ways: list[tuple[str, Mend]] = [("schema", _by_schema)]
    if retry:
        ways.append(("retry", lambda failure, code, _: _by_retry(failure, code, gateway)))
    if teacher is not None:
        ways.append((f"teacher {teacher}", lambda failure, code, _: _by_teacher(failure, code, teacher)))
    mended = 0
    if wanted:
        with Blender(blender) as running:
            for failure in wanted:
                done = _mended(failure, ways, running, failures.clean)
                failures.put(done)
                mended += done.state == "mended"
                typer.echo(msgspec.json.encode(done).decode() if json else _line(done))
        take_in(data)
    say(f"{mended} of {len(wanted)} failures mended" + ("; `voxel build` learns from them" if mended else ""))
    return 0


def _mended(failure: Failure, ways: list[tuple[str, Mend]], blender: Blender, clean: Callable[[str], str]) -> Failure:
    """The failure with the first script that runs; `left` where none does."""
    from voxel.blender import check
    from voxel.errors import VoxelError
    from voxel.training.evaluation.answers import code_in

    if failure.role == "concept":
        return msgspec.structs.replace(failure, state="left", how="a scene plan; mend it with: voxel failures fix")
    broken = code_in(failure.answer)
    if broken is None:
        return msgspec.structs.replace(failure, state="left", how="the answer holds no code")
    reasons = []
    for how, way in ways:
        try:
            code = way(failure, broken, blender)
        except VoxelError as error:
            reasons.append(f"{how}: {error}")
            continue
        if code is None or code.strip() == broken.strip():
            # what runs and was reported all the same is not mended by running it again
            reasons.append(f"{how}: nothing better")
            continue
        code = clean(code)
        verdict = check(code, blender=blender, timeout=TIMEOUT)
        if verdict.verdict == "passed" and verdict.scores["blender_api"] == 1.0 and "bpy" in code:
            return msgspec.structs.replace(failure, state="mended", how=how, code=code)
        reasons.append(f"{how}: {verdict.verdict}")
    return msgspec.structs.replace(failure, state="left", how="; ".join(reasons)[:300])


def _by_schema(failure: Failure, code: str, blender: Blender) -> str | None:  # noqa: ARG001  (the signature of Mend)
    from voxel.training.dataset_builder.mending import mend_by_errors
    from voxel.training.dataset_builder.repairs import mended

    return mend_by_errors(mended(code).code, blender, TIMEOUT)[0]


def _by_retry(failure: Failure, code: str, gateway: str) -> str | None:  # noqa: ARG001  (the signature of Mend)
    from voxel.models import for_role
    from voxel.training.evaluation.answers import code_in

    with for_role(failure.role, gateway=gateway) as client:
        answer = client.chat.completions.create(messages=_conversation(failure))
    return code_in(str(answer.choices[0].message.content))


def _by_teacher(failure: Failure, code: str, teacher: str) -> str | None:  # noqa: ARG001  (the signature of Mend)
    import tempfile

    from voxel.training.evaluation.answers import code_in
    from voxel.training.evaluation.asking import Prompt, ask, service_model

    provider = teacher.partition("/")[0]
    messages = tuple((message["role"], message["content"]) for message in _conversation(failure))
    with tempfile.TemporaryDirectory() as folder:
        (answer,) = ask(service_model(provider, teacher), [Prompt(failure.id, messages)], log_dir=Path(folder))
    return code_in(answer.text)


def _conversation(failure: Failure) -> list[dict[str, str]]:
    """What was asked and answered, and what Blender said."""
    turn = f"That gave:\n{failure.error}\n\nAnswer again with the whole script, mended."
    return [*failure.messages, {"role": "assistant", "content": failure.answer}, {"role": "user", "content": turn}]


def _line(failure: Failure) -> str:
    error = " ".join(failure.error.split())
    told = f" by {failure.how}" if failure.state == "mended" else f" ({failure.how})" if failure.how else ""
    short = error if len(error) <= _SHOWN else error[: _SHOWN - 4] + " ..."
    return f"{failure.id}  {failure.role:9} {failure.state}{told}  {short}"
