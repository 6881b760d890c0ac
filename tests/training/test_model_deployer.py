"""What serves each role changes only by the gate, whole, and by one deployer at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from voxel.errors import SetupError, UsageError
from voxel.records import METRICS_VERSION, EvalReport, grade
from voxel.training.deployment.dotenv import set_variable
from voxel.training.deployment.model_deployer import ModelDeployer


def report(model: str, overall: float, *, n: int = 40, role: str = "builder", digest: str = "d1") -> EvalReport:
    spread = {f"e{i}": overall + (0.02 if i % 2 else -0.02) for i in range(n)}
    return EvalReport(
        model=model,
        provider="local",
        role=role,
        blender="4.5",
        n=n,
        code_quality=overall,
        blender_api=overall,
        completeness=overall,
        overall=overall,
        grade=grade(overall),
        runs=overall,
        solved=overall,
        ci95=(overall - 0.01, overall + 0.01),
        examples_digest=digest,
        by_example=spread,
    )


@pytest.fixture
def deployer(tmp_path: Path) -> ModelDeployer:
    return ModelDeployer(tmp_path / "data", env_file=tmp_path / ".env")


def test_first_model_serves_and_sets_the_variable(deployer: ModelDeployer) -> None:
    first = deployer.deploy_model("m1", "local", "builder", report("m1", 0.5))
    assert (first.version, first.forced) == (1, False)
    assert deployer.env_file.read_text() == "BUILDER_MODEL=m1\n"
    assert deployer.env_file.stat().st_mode & 0o777 == 0o600


def test_better_by_a_fifth_passes_and_less_does_not(deployer: ModelDeployer) -> None:
    deployer.deploy_model("m1", "local", "builder", report("m1", 0.5))
    with pytest.raises(UsageError, match=r"gain: overall 0\.500 -> 0\.590"):
        deployer.deploy_model("m2", "local", "builder", report("m2", 0.59))
    assert deployer.deployments().roles["builder"].champion == deployer.deployments().roles["builder"].history[0]
    assert deployer.deploy_model("m3", "local", "builder", report("m3", 0.61)).version == 2


def test_report_of_other_data_or_too_few_examples_does_not_pass(deployer: ModelDeployer) -> None:
    with pytest.raises(UsageError, match="29 examples, at least 30"):
        deployer.deploy_model("m1", "local", "builder", report("m1", 0.5, n=29))
    deployer.deploy_model("m1", "local", "builder", report("m1", 0.5))
    with pytest.raises(UsageError, match="other examples"):
        deployer.deploy_model("m2", "local", "builder", report("m2", 0.9, digest="d2"))
    old = msgspec.structs.replace(report("m2", 0.9), metrics_version=METRICS_VERSION + 1)
    with pytest.raises(UsageError, match="metrics version"):
        deployer.deploy_model("m2", "local", "builder", old)
    with pytest.raises(UsageError, match="about m9 as builder, not m2 as builder"):
        deployer.deploy_model("m2", "local", "builder", report("m9", 0.9))


def test_force_is_recorded_and_what_it_let_in_cannot_be_compared_with(deployer: ModelDeployer) -> None:
    forced = deployer.deploy_model("m1", "openai", "texture", {"overall": 0.93}, force=True)
    assert forced.forced
    assert "not a report" in forced.reason
    with pytest.raises(UsageError, match="without a report to compare with"):
        deployer.deploy_model("m2", "local", "texture", report("m2", 0.9, role="texture"))


def test_rollback_walks_back_and_stops_at_the_first(deployer: ModelDeployer) -> None:
    for name, overall in (("m1", 0.3), ("m2", 0.5), ("m3", 0.7)):
        deployer.deploy_model(name, "local", "builder", report(name, overall))
    assert deployer.rollback("builder").model == "m2"
    assert deployer.env_file.read_text() == "BUILDER_MODEL=m2\n"
    assert deployer.rollback("builder").model == "m1"
    with pytest.raises(UsageError, match="no earlier model"):
        deployer.rollback("builder")
    assert len(deployer.deployments().roles["builder"].history) == 3


def test_variable_changes_and_every_other_byte_stays(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes(b"# models\r\nOPENAI_API_KEY=sk-secret # mine\r\nexport BUILDER_MODEL=old\r\nBUILDER_MODEL_2=x")
    env.chmod(0o640)
    set_variable(env, "BUILDER_MODEL", "new model")
    set_variable(env, "RENDER_MODEL", "ft:gpt:voxel::1")
    assert env.read_bytes() == (
        b'# models\r\nOPENAI_API_KEY=sk-secret # mine\r\nexport BUILDER_MODEL="new model"\r\nBUILDER_MODEL_2=x\n'
        b"RENDER_MODEL=ft:gpt:voxel::1\n"
    )
    assert env.stat().st_mode & 0o777 == 0o640


def test_broken_state_is_named_and_not_overwritten(deployer: ModelDeployer) -> None:
    deployer.path.parent.mkdir(parents=True)
    deployer.path.write_text('{"roles": 7}')
    with pytest.raises(SetupError, match=r"deployed_models\.json cannot be read"):
        deployer.deploy_model("m1", "local", "builder", report("m1", 0.5))
    assert deployer.path.read_text() == '{"roles": 7}'


_DEPLOY = """
import sys, msgspec
from pathlib import Path
from voxel.records import EvalReport
from voxel.training.deployment.model_deployer import ModelDeployer
report = msgspec.json.decode(sys.argv[2].encode(), type=EvalReport)
deployer = ModelDeployer(sys.argv[1], env_file=Path(sys.argv[1], "env"))
deployer.deploy_model(report.model, "local", report.role, report, force=True)
"""


def test_deployers_at_once_take_turns(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _DEPLOY, str(tmp_path), msgspec.json.encode(report(f"m{i}", 0.5)).decode()]
        )
        for i in range(6)
    ]
    assert [process.wait(60) for process in running] == [0] * 6
    state = ModelDeployer(tmp_path, env_file=tmp_path / "env").deployments().roles["builder"]
    assert [old.version for old in state.history] == [1, 2, 3, 4, 5, 6]
    assert state.champion == state.history[-1]
    assert (tmp_path / "env").read_text() == f"BUILDER_MODEL={state.history[-1].model}\n"
