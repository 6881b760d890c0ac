"""A challenger on trial: what changes the role's state, and that nothing else does, whatever dies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from voxel.errors import UsageError
from voxel.records import EvalReport, RoleState, grade
from voxel.training.deployment.model_deployer import ModelDeployer


def report(model: str, overall: float) -> EvalReport:
    return EvalReport(
        model=model, provider="local", role="builder", blender="4.5", n=40, code_quality=overall, blender_api=overall,
        completeness=overall, overall=overall, grade=grade(overall), runs=overall, solved=overall,
        ci95=(overall - 0.01, overall + 0.01), examples_digest="d1",
        by_example={f"e{at}": overall + (0.02 if at % 2 else -0.02) for at in range(40)},
    )  # fmt: skip


@pytest.fixture
def deployer(tmp_path: Path) -> ModelDeployer:
    made = ModelDeployer(tmp_path, env_file=tmp_path / "env")
    made.deploy_model("m1", "local", "builder", report("m1", 0.5))
    return made


def state_of(deployer: ModelDeployer) -> RoleState:
    return deployer.deployments().roles["builder"]


def test_only_a_model_that_passes_the_gate_is_tried_and_one_at_a_time(deployer: ModelDeployer) -> None:
    with pytest.raises(UsageError, match="gain"):
        deployer.start_canary("m2", "local", "builder", report("m2", 0.55))
    with pytest.raises(UsageError, match=r"between 0\.01 and 0\.99"):
        deployer.start_canary("m2", "local", "builder", report("m2", 0.7), share=1.0)
    canary = deployer.start_canary("m2", "local", "builder", report("m2", 0.7), share=0.2)
    assert (canary.deployment.version, canary.share) == (2, 0.2)
    assert state_of(deployer).champion == state_of(deployer).history[0]
    assert deployer.env_file.read_text() == "BUILDER_MODEL=m1\n"
    with pytest.raises(UsageError, match="m2 is on trial"):
        deployer.start_canary("m3", "local", "builder", report("m3", 0.7))


def test_promoting_the_challenger_keeps_its_version_and_rollback_returns(deployer: ModelDeployer) -> None:
    deployer.start_canary("m2", "local", "builder", report("m2", 0.7))
    assert deployer.end_canary("builder", 2, promote=True, reason="enough") is True
    assert deployer.end_canary("builder", 2, promote=False, reason="too late") is False
    state = state_of(deployer)
    assert state.champion is not None
    assert (state.champion.version, state.previous, state.canary) == (2, 1, None)
    assert deployer.env_file.read_text() == "BUILDER_MODEL=m2\n"
    assert deployer.rollback("builder").model == "m1"


def test_rollback_ends_a_trial_first_and_its_number_is_not_given_again(deployer: ModelDeployer) -> None:
    deployer.start_canary("m2", "local", "builder", report("m2", 0.7))
    assert deployer.rollback("builder").model == "m1"
    assert (state_of(deployer).canary, [event.what for event in state_of(deployer).events]) == (
        None,
        ["deployed", "canary", "stopped"],
    )
    assert deployer.start_canary("m3", "local", "builder", report("m3", 0.7)).deployment.version == 3


def test_promote_on_command_takes_the_challenger_and_another_model_ends_its_trial(deployer: ModelDeployer) -> None:
    deployer.start_canary("m2", "local", "builder", report("m2", 0.7))
    assert deployer.deploy_model("m2", "local", "builder", report("m2", 0.7)).version == 2
    deployer.start_canary("m3", "local", "builder", report("m3", 0.9))
    assert deployer.deploy_model("m4", "local", "builder", report("m4", 0.95)).version == 4
    assert [event.what for event in state_of(deployer).events][-2:] == ["stopped", "deployed"]


_DEPLOY = """
import sys, msgspec
from pathlib import Path
from voxel.errors import UsageError
from voxel.records import EvalReport
from voxel.training.deployment.model_deployer import ModelDeployer
deployer = ModelDeployer(sys.argv[1], env_file=Path(sys.argv[1], "env"))
report = msgspec.json.decode(sys.argv[2].encode(), type=EvalReport)
print("ready", flush=True)
sys.stdin.readline()
try:
    deployer.deploy_model(report.model, "local", "builder", report)
except UsageError as error:
    sys.exit(3 if "gain" in str(error) else 4)
"""
_FLIP = """
import sys
from pathlib import Path
from voxel.training.deployment.model_deployer import ModelDeployer
deployer = ModelDeployer(sys.argv[1], env_file=Path(sys.argv[1], "env"))
print("ready", flush=True)
while True:
    deployer.deploy_model("big" * 20000, "local", "builder", {}, force=True)
    deployer.rollback("builder")
"""


def started(code: str, *words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_of_two_deployers_at_once_one_wins(deployer: ModelDeployer) -> None:
    folder = str(deployer.data.root)
    both = [started(_DEPLOY, folder, msgspec.json.encode(report(name, 0.7)).decode()) for name in ("m2", "m3")]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert sorted(process.wait(60) for process in both) == [0, 3]
    for process in both:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
    assert [old.version for old in state_of(deployer).history] == [1, 2]


def test_a_kill_leaves_the_old_state_or_the_new_one(deployer: ModelDeployer) -> None:
    chance = random.Random(7)
    for _ in range(4):
        process = started(_FLIP, str(deployer.data.root))
        time.sleep(chance.uniform(0.05, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        state = state_of(deployer)
        assert state.champion in state.history
        assert [old.version for old in state.history] == list(range(1, len(state.history) + 1))
        last = state.events[-1]
        assert (last.version, last.model) == (state.champion.version, state.champion.model) if state.champion else False
    deployer.deploy_model("m9", "local", "builder", {}, force=True)
    assert deployer.env_file.read_text() == "BUILDER_MODEL=m9\n"
