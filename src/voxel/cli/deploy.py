"""`voxel deploy`: which model serves each role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption

if TYPE_CHECKING:
    from voxel.records import Deployment

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="As it was given to `voxel evaluate`.")]
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="Which role's model.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overrule the gate; recorded.")]


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
    data_dir: DataDirOption = DATA_DIR,
    json: JsonOption = False,
) -> int:
    """Make a model serve a role, if the gate lets its evaluation through."""
    from voxel.training.deployment.model_deployer import ModelDeployer

    deployer = ModelDeployer(data_dir)
    report = deployer.latest_report(model, role)
    _show(deployer.deploy_model(model, report.provider, role, report, force=force), json=json)
    return 0


@app.command("rollback")
def rollback(role: RoleOption, data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """Return a role to the model before the present one."""
    from voxel.training.deployment.model_deployer import ModelDeployer

    _show(ModelDeployer(data_dir).rollback(role), json=json)
    return 0


@app.command("list")
def list_roles(data_dir: DataDirOption = DATA_DIR, json: JsonOption = False) -> int:
    """What serves each of the five roles."""
    import msgspec

    from voxel.records import ROLES, RoleState
    from voxel.training.deployment.model_deployer import ModelDeployer

    roles = ModelDeployer(data_dir).deployments().roles
    for role in ROLES:
        state = roles.get(role, RoleState())
        if state.champion is not None:
            _show(state.champion, json=json, previous=state.previous)
        elif json:
            line = {"role": role, "champion": None, "version": None, "previous": state.previous}
            typer.echo(msgspec.json.encode(line).decode())
        else:
            typer.echo(f"{role:10} nothing")
    return 0


def _show(deployed: Deployment, *, json: bool, previous: int | None = None) -> None:
    import msgspec

    if json:
        line = {"role": deployed.role, "champion": deployed.model, "version": deployed.version, "previous": previous}
        typer.echo(msgspec.json.encode(line).decode())
    else:
        forced = ", forced" if deployed.forced else ""
        typer.echo(f"{deployed.role:10} {deployed.model} (version {deployed.version}, {deployed.provider}{forced})")
