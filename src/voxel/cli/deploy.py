"""`voxel deploy`: which model serves each role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from voxel.records import RoleState
    from voxel.records.deployment import Backend
    from voxel.training.deployment.gateway import Judge

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="As it was given to `voxel evaluate`.")]
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="Which role's model.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overrule the gate; recorded.")]
UrlOption = Annotated[
    str,
    typer.Option("--url", metavar="URL", help="Where it answers in OpenAI's way, such as http://127.0.0.1:8321/v1."),
]
NameOption = Annotated[str, typer.Option("--as", metavar="NAME", help="What it is called there; default: MODEL.")]
KeyOption = Annotated[
    str, typer.Option("--key-variable", metavar="NAME", help="The environment variable that holds the key for there.")
]


@app.command("gate")
def gate(model: ModelArgument, role: RoleOption, data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """Say whether a model would be let in, rule by rule; changes nothing. Exit 1 when not."""
    import msgspec

    from voxel.training.deployment.model_deployer import ModelDeployer

    deployer = ModelDeployer(data_dir)
    decision = deployer.gate(deployer.latest_report(model, role))
    for rule in decision.rules:
        if json:
            typer.echo(msgspec.json.encode({"rule": rule.rule, "ok": rule.ok, "detail": rule.detail}).decode())
        else:
            typer.echo(f"{'ok    ' if rule.ok else 'FAILED'} {rule.rule:<11} {rule.detail}")
    return 0 if decision.passed else 1


@app.command("promote")
def promote(
    model: ModelArgument,
    role: RoleOption,
    force: ForceOption = False,
    url: UrlOption = "",
    name: NameOption = "",
    key_variable: KeyOption = "",
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Make a model serve a role, if the gate lets its evaluation through."""
    from voxel.training.deployment.model_deployer import ModelDeployer

    deployer = ModelDeployer(data_dir)
    report = deployer.latest_report(model, role)
    backend = _backend(model, url, name, key_variable)
    deployer.deploy_model(model, report.provider, role, report, force=force, backend=backend)
    _show(role, deployer.deployments().roles[role], json=json)
    return 0


@app.command("canary")
def canary(
    model: ModelArgument,
    role: RoleOption,
    share: Annotated[float, typer.Option("--share", metavar="SHARE", help="Of the conversations, 0.01 to 0.99.")] = 0.2,
    force: ForceOption = False,
    url: UrlOption = "",
    name: NameOption = "",
    key_variable: KeyOption = "",
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Let a model answer a share of a role's conversations, if the gate lets it; `voxel deploy serve` then decides."""
    import os

    from voxel.errors import UsageError
    from voxel.records import RoleState
    from voxel.training.deployment.backends import backend_of, usual_backend
    from voxel.training.deployment.model_deployer import ModelDeployer

    deployer = ModelDeployer(data_dir)
    report = deployer.latest_report(model, role)
    backend = _backend(model, url, name, key_variable)
    champion = deployer.deployments().roles.get(role, RoleState()).champion
    if champion is not None:
        there = backend or usual_backend(model, report.provider, role, os.environ)
        if there == backend_of(champion, os.environ):
            raise UsageError(
                f"champion and challenger would both be {there.model} at {there.base_url}; say where the challenger "
                "answers with --url or --as"
            )
    deployer.start_canary(model, report.provider, role, report, share=share, force=force, backend=backend)
    _show(role, deployer.deployments().roles[role], json=json)
    return 0


@app.command("rollback")
def rollback(role: RoleOption, data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """End the trial of a challenger; where there is none, return a role to the model before the present one."""
    from voxel.training.deployment.model_deployer import ModelDeployer

    deployer = ModelDeployer(data_dir)
    deployer.rollback(role)
    _show(role, deployer.deployments().roles[role], json=json)
    return 0


@app.command("list")
def list_roles(data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """What serves each of the five roles."""
    from voxel.records import ROLES, RoleState
    from voxel.training.deployment.model_deployer import ModelDeployer

    roles = ModelDeployer(data_dir).deployments().roles
    for role in ROLES:
        _show(role, roles.get(role, RoleState()), json=json)
    return 0


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option("--host", help="Which address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8400,
    judge: Annotated[
        float,
        typer.Option("--judge", min=0, max=1, metavar="SHARE", help="Run this share of the answers' code in the box."),
    ] = 0.0,
    blender: Annotated[str | None, typer.Option("--blender", metavar="VERSION", help="Which Blender judges.")] = None,
    keep_failures: Annotated[
        bool,
        typer.Option("--keep-failures/--no-failures", help="Keep answers that did not do, scrubbed, to learn from."),
    ] = True,
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Answer as OpenAI's chat API does, with a role as the model's name, until Ctrl-C."""
    import os
    from contextlib import ExitStack

    import msgspec

    from voxel.errors import MissingExtra
    from voxel.stages.command import say
    from voxel.training.dataset_builder.scrubbing import scrubbed
    from voxel.training.deployment.failures import Failures
    from voxel.training.deployment.model_deployer import ModelDeployer

    try:
        from voxel.training.deployment.gateway import Gateway
        from voxel.training.deployment.listening import listen
    except ImportError as error:
        raise MissingExtra("the gateway", "serve") from error
    deployer = ModelDeployer(data_dir)
    with ExitStack() as stack:
        gateway = Gateway(
            deployer,
            os.environ,
            failures=Failures(deployer.data, scrub=scrubbed, secrets=_secrets(os.environ)) if keep_failures else None,
            judge=_judge(blender, stack) if judge else None,
            judge_share=judge,
            say=say,
        )
        if not any(state.champion for state in gateway.routes.roles().values()):
            say(f"nothing serves any role in {data_dir} yet; `voxel deploy promote` changes that while this runs")

        def told(address: str) -> None:
            if json:
                typer.echo(msgspec.json.encode({"url": address}).decode())
            say(f"the gateway is at {address} (set OPENAI_BASE_URL to it; any key will do)")

        listen(gateway, host, port, told)
    return 0


def _judge(blender: str | None, stack: ExitStack) -> Judge:
    """Runs the code of answers in one warm, boxed Blender. SetupError where there is none."""
    from voxel.blender import Blender, check
    from voxel.training.deployment.gateway import Judged
    from voxel.training.evaluation.answers import code_in

    running = stack.enter_context(Blender(blender))

    def judge(role: str, answer: str) -> Judged | None:
        code = code_in(answer) if role != "concept" else None
        if code is None or "bpy" not in code:
            return None
        verdict = check(code, blender=running, timeout=30)
        said = "\n".join(f"line {each.line}: {each.kind}: {each.message}" for each in verdict.errors[:8])
        return Judged(1.0 if verdict.verdict == "passed" else 0.0, said or verdict.verdict)

    return judge


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """The values of variables that are named like secrets."""
    import re

    return [value for name, value in environment.items() if re.search(r"KEY|TOKEN|SECRET|PASSWORD", name)]


def _backend(model: str, url: str, name: str, key_variable: str) -> Backend | None:
    from voxel.errors import UsageError
    from voxel.records.deployment import Backend

    if not url:
        if name or key_variable:
            raise UsageError("--as and --key-variable go with --url, which says where that is")
        return None
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--url is an address such as http://127.0.0.1:8321/v1, not {url!r}")
    return Backend(base_url=url.rstrip("/"), model=name or model, key_variable=key_variable)


def _show(role: str, state: RoleState, *, json: bool) -> None:
    import msgspec

    champion, trial = state.champion, state.canary
    if json:
        told = {
            "role": role,
            "champion": champion.model if champion else None,
            "version": champion.version if champion else None,
            "challenger": trial.deployment.model if trial else None,
            "share": trial.share if trial else None,
            "previous": state.previous,
        }
        typer.echo(msgspec.json.encode(told).decode())
        return
    if champion is None:
        typer.echo(f"{role:10} nothing")
        return
    forced = ", forced" if champion.forced else ""
    line = f"{role:10} {champion.model} (version {champion.version}, {champion.provider}{forced})"
    if trial is not None:
        line += f"; {trial.share:.0%} to {trial.deployment.model} (version {trial.deployment.version})"
    typer.echo(line)
