"""Which model serves each role: versions, the gate before a change, and the way back.

python3 -m src.voxel.training.deployment.model_deployer [--data-dir DIR]     lists what serves each role
"""

from __future__ import annotations

import datetime
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from voxel.errors import SetupError, UsageError, VoxelError
from voxel.records import ROLES, Deployment, Deployments, EvalReport, RoleState
from voxel.records.deployment import Backend, Canary, DeploymentEvent
from voxel.stages import DataDir, write_atomic
from voxel.training.deployment.dotenv import set_variable
from voxel.training.deployment.gate import MIN_GAIN, GateDecision, decide


class ModelDeployer:
    """Changes a role's model only when an evaluation report shows that the new one is better.

    State lies in `deployment/deployed_models.json`; the role's variable (`BUILDER_MODEL` and so on) in the `.env` file
    of the working directory is set to what serves. Both are written whole; the JSON file is what counts, and a change
    that died in between is completed by the next call.
    """

    def __init__(self, data_dir: str | os.PathLike[str] = "training_data", *, env_file: Path | None = None) -> None:
        self.data = DataDir(data_dir)
        self.path = self.data.deployment / "deployed_models.json"
        self.env_file = env_file if env_file is not None else Path(".env")

    def deployments(self) -> Deployments:
        """What serves each role now. SetupError when the file cannot be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Deployments)
        except FileNotFoundError:
            return Deployments()
        except NotADirectoryError as error:
            raise SetupError(
                f"cannot read {self.path}: a file stands where a folder should be; take another --data-dir"
            ) from error
        except OSError as error:
            raise SetupError(f"cannot read {self.path}: {error.strerror}; mend it or move it away") from error
        except msgspec.DecodeError as error:
            raise SetupError(f"{self.path} cannot be read ({error}); mend it or move it away") from error

    def latest_report(self, model: str, role: str) -> EvalReport:
        """The newest report of this model in this role below `evaluation/`. UsageError when there is none."""
        _check_role(role)
        found = sorted(
            self.data.evaluation.glob("*/report.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True
        )
        for path in found:
            try:
                report = msgspec.json.decode(path.read_bytes(), type=EvalReport)
            except msgspec.DecodeError as error:
                raise SetupError(f"{path} is not a report ({error}); evaluate that model again") from error
            if (report.model, report.role) == (model, role):
                return report
        raise UsageError(f"{model} was not evaluated as {role}; first: voxel evaluate {model} --role {role}")

    def gate(self, challenger: EvalReport, *, min_gain: float = MIN_GAIN) -> GateDecision:
        """Whether this report lets its model replace what serves its role; changes nothing."""
        _check_role(challenger.role)
        state = self.deployments().roles.get(challenger.role, RoleState())
        return _decide(challenger, state, min_gain)

    def deploy_model(
        self,
        model_id: str,
        provider: str,
        agent_role: str,
        performance_metrics: EvalReport | dict[str, Any],
        *,
        force: bool = False,
        min_gain: float = MIN_GAIN,
        backend: Backend | None = None,
    ) -> Deployment:
        """Makes `model_id` serve `agent_role` if the gate lets it.

        `performance_metrics` is an EvalReport or the same as a plain object (the content of a `report.json`); `backend`
        says where the model answers when that is not where models of its provider usually do. A challenger that is on
        trial is promoted when it is the model named, else its trial ends.
        UsageError says which rule of the gate failed, or that the metrics are no report of this model and role;
        `force=True` deploys all the same and records that it did.
        """
        _check_role(agent_role)
        with self._changing(agent_role) as change:
            state = change.state
            trial = state.canary
            deployment = _let_in(
                state, model_id, provider, agent_role, performance_metrics, force=force, min_gain=min_gain,
                backend=backend,
            )  # fmt: skip
            if trial is not None and trial.deployment.model == model_id and backend in (None, trial.deployment.backend):
                change.state = _promoted(state, trial.deployment, "on command")
                return trial.deployment
            if trial is not None:
                state = _stopped(state, trial.deployment, f"{model_id} was deployed")
            change.state = msgspec.structs.replace(
                state,
                champion=deployment,
                previous=state.champion.version if state.champion is not None else None,
                history=(*state.history, deployment),
                events=(*state.events, _event("deployed", deployment, deployment.reason)),
            )
            return deployment

    def start_canary(
        self,
        model_id: str,
        provider: str,
        agent_role: str,
        performance_metrics: EvalReport | dict[str, Any],
        *,
        share: float = 0.2,
        force: bool = False,
        min_gain: float = MIN_GAIN,
        backend: Backend | None = None,
    ) -> Canary:
        """Lets `model_id` answer a share of the role's conversations, if the gate lets it; see `deploy_model`.

        UsageError for a share outside 0.01 to 0.99, for a role that nothing serves, and while another challenger is on
        trial.
        """
        _check_role(agent_role)
        if not 0.01 <= share <= 0.99:
            raise UsageError(f"the share of a canary lies between 0.01 and 0.99, not {share}")
        with self._changing(agent_role) as change:
            state = change.state
            if state.champion is None:
                raise UsageError(f"nothing serves {agent_role} yet, so nothing can be tried beside it; promote a model")
            if state.canary is not None:
                raise UsageError(
                    f"{state.canary.deployment.model} is on trial as {agent_role} already; promote it or roll it back"
                )
            deployment = _let_in(
                state, model_id, provider, agent_role, performance_metrics, force=force, min_gain=min_gain,
                backend=backend,
            )  # fmt: skip
            canary = Canary(deployment=deployment, share=share, started_at=deployment.deployed_at)
            reason = f"{share:.0%} of the conversations; {deployment.reason}"
            events = (*state.events, _event("canary", deployment, reason))
            change.state = msgspec.structs.replace(state, canary=canary, events=events)
            return canary

    def measured_again(self, agent_role: str, version: int, report: EvalReport) -> bool:
        """Gives the version that serves a newer report to be compared with, such as one on a newer test set.

        False when another version serves by now. UsageError when the report is about another model.
        """
        _check_role(agent_role)
        with self._changing(agent_role) as change:
            champion = change.state.champion
            if champion is None or champion.version != version:
                return False
            _as_report(report, champion.model, agent_role)
            renewed = msgspec.structs.replace(champion, metrics=msgspec.to_builtins(report))
            history = tuple(renewed if old.version == version else old for old in change.state.history)
            change.state = msgspec.structs.replace(change.state, champion=renewed, history=history)
            return True

    def end_canary(self, agent_role: str, version: int, *, promote: bool, reason: str) -> bool:
        """Makes the challenger of this version serve, or ends its trial. False, and nothing changes, when it is not on
        trial any more: whoever else decided was first.
        """
        _check_role(agent_role)
        with self._changing(agent_role) as change:
            trial = change.state.canary
            if trial is None or trial.deployment.version != version:
                return False
            end = _promoted if promote else _stopped
            change.state = end(change.state, trial.deployment, reason)
            return True

    def rollback(self, agent_role: str) -> Deployment:
        """Ends the trial of a challenger; where there is none, returns the role to the version before the present one.

        Returns what serves then. UsageError when there is nothing to return to.
        """
        _check_role(agent_role)
        with self._changing(agent_role) as change:
            state = change.state
            if state.canary is not None and state.champion is not None:
                change.state = _stopped(state, state.canary.deployment, "on command")
                return state.champion
            target = state.served(state.previous)
            if target is None:
                raise UsageError(f"{agent_role} has no earlier model to return to")
            change.state = msgspec.structs.replace(
                state,
                champion=target,
                previous=max((old.version for old in state.history if old.version < target.version), default=None),
                events=(*state.events, _event("rolled back", target, "on command")),
            )
            return target

    @contextmanager
    def _changing(self, role: str) -> Iterator[_Change]:
        """The role's state, read and written again under one lock; untouched when the block raises."""
        with self._lock():
            deployments = self.deployments()
            change = _Change(deployments.roles.get(role, RoleState()))
            before = change.state
            yield change
            if change.state is not before:
                self._save(deployments, role, change.state)

    def _save(self, deployments: Deployments, role: str, state: RoleState) -> None:
        roles = {**deployments.roles, role: state}
        write_atomic(
            self.path, msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(deployments, roles=roles)))
        )
        for name, each in roles.items():
            if each.champion is not None:
                set_variable(self.env_file, f"{name.upper()}_MODEL", each.champion.model)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One deployer at a time; the others wait, so that two cannot both win."""
        self.data.create()
        with (self.data.deployment / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


class _Change:
    """A role's state while it is being changed."""

    def __init__(self, state: RoleState) -> None:
        self.state = state


def _let_in(
    state: RoleState,
    model: str,
    provider: str,
    role: str,
    metrics: EvalReport | dict[str, Any],
    *,
    force: bool,
    min_gain: float,
    backend: Backend | None,
) -> Deployment:
    """The next version of the role. UsageError when the gate keeps it out."""
    try:
        decision = _decide(_as_report(metrics, model, role), state, min_gain)
        passed, reason = decision.passed, decision.reason
    except UsageError as error:
        passed, reason = False, str(error)
    if not passed and not force:
        raise UsageError(f"the gate keeps the present model: {reason}; `--force` overrules it and is recorded")
    return Deployment(
        version=state.next_version,
        model=model,
        provider=provider,
        role=role,
        deployed_at=_now(),
        metrics=msgspec.to_builtins(metrics) if isinstance(metrics, EvalReport) else dict(metrics),
        forced=not passed,
        reason=reason,
        backend=backend,
    )


def _promoted(state: RoleState, challenger: Deployment, reason: str) -> RoleState:
    return msgspec.structs.replace(
        state,
        champion=challenger,
        previous=state.champion.version if state.champion is not None else None,
        history=(*state.history, challenger),
        canary=None,
        events=(*state.events, _event("promoted", challenger, reason)),
    )


def _stopped(state: RoleState, challenger: Deployment, reason: str) -> RoleState:
    return msgspec.structs.replace(state, canary=None, events=(*state.events, _event("stopped", challenger, reason)))


def _event(
    what: Literal["deployed", "canary", "promoted", "stopped", "rolled back"], about: Deployment, reason: str
) -> DeploymentEvent:
    return DeploymentEvent(at=_now(), what=what, version=about.version, model=about.model, reason=reason)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"{role!r} is not a role; the roles are {', '.join(ROLES)}")


def _as_report(metrics: EvalReport | dict[str, Any], model: str, role: str) -> EvalReport:
    if isinstance(metrics, EvalReport):
        report = metrics
    else:
        try:
            report = msgspec.convert(metrics, EvalReport)
        except msgspec.ValidationError as error:
            raise UsageError(f"performance_metrics is not a report of `voxel evaluate` ({error})") from error
    if (report.model, report.role) != (model, role):
        raise UsageError(f"the report is about {report.model} as {report.role}, not {model} as {role}")
    return report


def _decide(challenger: EvalReport, state: RoleState, min_gain: float) -> GateDecision:
    if state.champion is None:
        return decide(challenger, None, min_gain=min_gain)
    try:
        champion = msgspec.convert(state.champion.metrics, EvalReport)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{state.champion.model} serves {challenger.role} without a report to compare with; evaluate it first"
        ) from error
    return decide(challenger, champion, min_gain=min_gain)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def main(arguments: list[str] | None = None) -> int:
    """Lists what serves each role, one line a role."""
    import argparse

    parser = argparse.ArgumentParser(prog="model_deployer", description="List what serves each role.")
    parser.add_argument("--data-dir", default="training_data")
    deployer = ModelDeployer(parser.parse_args(arguments).data_dir)
    try:
        roles = deployer.deployments().roles
    except VoxelError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    for role in ROLES:
        champion = roles.get(role, RoleState()).champion
        shown = "nothing" if champion is None else f"{champion.model} (version {champion.version}, {champion.provider})"
        sys.stdout.write(f"{role:10} {shown}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
