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
from typing import Any

import msgspec

from voxel.errors import SetupError, UsageError, VoxelError
from voxel.records import ROLES, Deployment, Deployments, EvalReport, RoleState
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
    ) -> Deployment:
        """Makes `model_id` serve `agent_role` if the gate lets it.

        `performance_metrics` is an EvalReport or the same as a plain object (the content of a `report.json`).
        UsageError says which rule of the gate failed, or that the metrics are no report of this model and role;
        `force=True` deploys all the same and records that it did.
        """
        _check_role(agent_role)
        with self._lock():
            deployments = self.deployments()
            state = deployments.roles.get(agent_role, RoleState())
            try:
                report = _as_report(performance_metrics, model_id, agent_role)
                decision = _decide(report, state, min_gain)
                passed, reason = decision.passed, decision.reason
            except UsageError as error:
                passed, reason = False, str(error)
            if not passed and not force:
                raise UsageError(f"the gate keeps the present model: {reason}; `--force` overrules it and is recorded")
            metrics = performance_metrics
            deployment = Deployment(
                version=max((old.version for old in state.history), default=0) + 1,
                model=model_id,
                provider=provider,
                role=agent_role,
                deployed_at=_now(),
                metrics=msgspec.to_builtins(metrics) if isinstance(metrics, EvalReport) else dict(metrics),
                forced=not passed,
                reason=reason,
            )
            previous = state.champion.version if state.champion is not None else None
            self._save(
                deployments,
                agent_role,
                RoleState(champion=deployment, previous=previous, history=(*state.history, deployment)),
            )
            return deployment

    def rollback(self, agent_role: str) -> Deployment:
        """Returns the role to the version before the present one. UsageError when there is none."""
        _check_role(agent_role)
        with self._lock():
            deployments = self.deployments()
            state = deployments.roles.get(agent_role, RoleState())
            target = next((old for old in state.history if old.version == state.previous), None)
            if target is None:
                raise UsageError(f"{agent_role} has no earlier model to return to")
            earlier = [old.version for old in state.history if old.version < target.version]
            previous = max(earlier, default=None)
            self._save(deployments, agent_role, RoleState(champion=target, previous=previous, history=state.history))
            return target

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
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


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
