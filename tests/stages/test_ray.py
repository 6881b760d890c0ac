"""The Ray engine on two nodes of one processor each: real Ray, real deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stages.squaring import Squaring
from tests.stages.test_runner import ROOT, alive, outputs, totals, wait_for_attempts

from voxel.errors import MissingExtra, SetupError, UsageError
from voxel.stages import DataDir, Ledger, Progress, Totals, run_stage
from voxel.stages.ray_engine import settle_environment

MOODS = ["1", "2:drop", "3:bad", "4:later", "5:fail-once", "6:bug", "7:die", "8:die-once", "9:box", "10:box-once"]


def patiently(start: Callable[[], Any]) -> Any:
    """Ray gives a node 30 seconds to start, which a busy machine may not have for it."""
    for left in (2, 1, 0):
        try:
            return start()
        except Exception as error:
            if not left or "timed out during startup" not in str(error):
                raise
    raise AssertionError("unreachable")


class Cluster:
    """Two nodes on this machine; the second one can be killed and replaced."""

    def __init__(self) -> None:
        settle_environment()
        from ray.cluster_utils import Cluster as Nodes

        small: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20}
        self._small = small
        self._nodes: Any = patiently(lambda: Nodes(True, head_node_args={**small, "include_dashboard": False}))
        self.address: str = self._nodes.address
        self.add_second()

    def kill_second(self) -> None:
        """As a machine whose plug is pulled."""
        self._nodes.remove_node(self._second, allow_graceful=False)

    def add_second(self) -> None:
        self._second: Any = patiently(lambda: self._nodes.add_node(**self._small))

    def end(self) -> None:
        import ray

        ray.shutdown()
        self._nodes.shutdown()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("ray")
    made = Cluster()
    try:
        yield made
    finally:
        made.end()


class Ear(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(line)


def ledger(root: Path) -> dict[str, tuple[str, str, dict[str, int]]]:
    with Ledger(root / "checkpoints" / "ledger.sqlite", read_only=True) as opened:
        return {row.input: (row.state, row.reason, row.counts) for row in opened.rows("parse")}


def on_ray(stage: Squaring, cluster: Cluster, progress: Progress | None = None) -> Any:
    return run_stage(stage, DataDir(stage.root), engine=f"ray:{cluster.address}", progress=progress)


def test_outcomes_and_outputs_are_those_of_the_local_engine(tmp_path: Path, cluster: Cluster) -> None:
    inputs = [*MOODS, *map(str, range(20, 60))]
    here, there = tmp_path / "here", tmp_path / "there"
    for root in (here, there):
        root.mkdir()
    local = run_stage(Squaring(here, inputs), DataDir(here), workers=2)
    remote = on_ray(Squaring(there, inputs), cluster)
    assert (remote.done, remote.dropped, remote.failed) == (local.done, local.dropped, local.failed) == (43, 3, 4)
    assert ledger(there) == ledger(here)
    assert outputs(there) == outputs(here)
    # both nodes worked, each opened the stage; the stage's folder of work is the driver's
    assert len(set((there / "opened.log").read_text().split())) >= 2
    assert on_ray(Squaring(there, ["1", "20"]), cluster).reused == 2


def test_a_node_that_is_killed_in_the_middle_costs_nothing_and_blames_nobody(tmp_path: Path, cluster: Cluster) -> None:
    inputs = [str(number) for number in range(60)]
    reference = tmp_path / "reference"
    reference.mkdir()
    run_stage(Squaring(reference, inputs), DataDir(reference), workers=2)

    killed: list[float] = []

    class Killer(Ear):
        """Pulls the plug once both nodes work and some units are done."""

        def advance(self, outcome: str, name: str, reason: str) -> None:
            opened = len(set((root / "opened.log").read_text().split()))
            if not killed and opened == 2 and len(outputs(root)) >= 10:
                killed.append(time.monotonic())
                cluster.kill_second()

    root = tmp_path / "killed"
    root.mkdir()
    ear = Killer()
    try:
        report = on_ray(Squaring(root, inputs, pause=0.2), cluster, ear)
    finally:
        if killed:
            cluster.add_second()
    assert killed
    assert (report.done, report.dropped, report.failed) == (60, 0, 0)
    assert ledger(root) == ledger(reference)
    assert outputs(root) == outputs(reference)
    assert [line for line in ear.lines if line.startswith("a worker was lost (")]


def test_an_actor_that_is_killed_by_its_unit_counts_as_the_units_fault(tmp_path: Path, cluster: Cluster) -> None:
    # the actor is the parent of the process that works; a unit that takes both along, twice, is dropped
    report = on_ray(Squaring(tmp_path, ["1", "2:die-above", "3"]), cluster)
    assert (report.done, report.dropped, report.failed) == (2, 1, 0)
    state, reason, _ = ledger(tmp_path)["2:die-above"]
    assert state == "dropped"
    assert reason.startswith("killed its worker twice (the actor ended")
    assert Squaring(tmp_path, []).attempts().count("2:die-above") == 2


def test_a_set_up_that_workers_do_not_share_stops_the_phase(tmp_path: Path, cluster: Cluster) -> None:
    with pytest.raises(SetupError, match=r"no space left \(on "):
        on_ray(Squaring(tmp_path, ["1", "2:disk"]), cluster)
    assert totals(Squaring(tmp_path, [])).running == 0


def test_names_of_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("spark", "ray:", "local:9"):
        with pytest.raises(UsageError, match=f"unknown engine '{name}'; known: local, ray, ray:HOST:PORT"):
            run_stage(Squaring(Path("nowhere"), []), DataDir("nowhere"), engine=name)
    with pytest.raises(UsageError, match="give HOST:PORT, and run this on a machine of the cluster"):
        run_stage(Squaring(Path("nowhere"), []), DataDir("nowhere"), engine="ray:ray://head:10001")
    with pytest.raises(UsageError, match="--workers must be at least 1, not 0"):
        run_stage(Squaring(Path("nowhere"), []), DataDir("nowhere"), engine="ray", workers=0)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(
        MissingExtra, match=r"running on Ray needs an optional part: pip install 'voxel-training\[ray\]'"
    ):
        run_stage(Squaring(Path("nowhere"), []), DataDir("nowhere"), engine="ray")


_DRIVER = """
import sys
from pathlib import Path
sys.path.append(sys.argv[1])
from tests.stages.squaring import Squaring
from voxel.stages import DataDir, LineProgress, exit_status, run_stage
def main():
    stage = Squaring(Path(sys.argv[2]), [str(n) for n in range(int(sys.argv[3]))], pause=float(sys.argv[4]))
    run_stage(stage, DataDir(stage.root), engine=sys.argv[5], progress=LineProgress(interval=0.05))
    return 0
sys.exit(exit_status(main))
"""


def driver(root: Path, cluster: Cluster, pause: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _DRIVER, ROOT, str(root), "40", str(pause), f"ray:{cluster.address}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def test_a_killed_or_interrupted_driver_goes_on_where_it_stopped(tmp_path: Path, cluster: Cluster) -> None:
    killed = driver(tmp_path, cluster, 0.1)
    wait_for_attempts(tmp_path, 6)
    killed.kill()
    killed.communicate()
    workers = {int(pid) for pid in (tmp_path / "opened.log").read_text().split()}
    deadline = time.monotonic() + 30
    while alive(workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(workers) == set()  # Ray ends the actors of a driver that is gone
    before = len(Squaring(tmp_path, []).attempts())
    assert before < 40

    interrupted = driver(tmp_path, cluster, 0.1)
    wait_for_attempts(tmp_path, before + 6)
    os.killpg(interrupted.pid, signal.SIGINT)
    told, said = interrupted.communicate(timeout=60)
    assert (interrupted.returncode, told) == (130, b"")
    assert b"stopping: finishing what is in flight" in said
    assert b"Traceback" not in said
    now = totals(Squaring(tmp_path, []))
    assert (now.running, now.done) == (0, len(outputs(tmp_path)))

    report = on_ray(Squaring(tmp_path, [str(number) for number in range(40)]), cluster)
    assert (report.done, report.dropped, report.failed) == (40, 0, 0)
    assert report.reused == now.done > 6
    assert totals(Squaring(tmp_path, [])) == Totals(done=40)
