from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.stages.squaring import Squaring

from voxel.errors import BoxError, SetupError, UsageError
from voxel.stages import DataDir, Ledger, PhaseReport, Progress, Totals, keeping_workers, read_checkpoint, run_stage

ROOT = str(Path(__file__).parents[2])


def run(stage: Squaring, **options: int) -> PhaseReport:
    return run_stage(stage, DataDir(stage.root), **options)  # type: ignore[arg-type]


def totals(stage: Squaring) -> Totals:
    with Ledger(stage.root / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        return ledger.totals(stage.name)


def outputs(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in (root / "parsed").rglob("*") if path.is_file()}


def test_every_unit_is_done_once_and_a_second_run_finds_nothing_to_do(tmp_path: Path) -> None:
    stage = Squaring(tmp_path, [str(number) for number in range(50)])
    first = run(stage)
    assert (first.phase, first.done, first.dropped, first.failed, first.reused) == ("parse", 50, 0, 0, 0)
    assert sorted(outputs(tmp_path).values()) == sorted(f"{number**2}\n".encode() for number in range(50))
    second = run(stage)
    assert (second.done, second.reused) == (50, 50)
    assert len(stage.attempts()) == 50
    # no worker was started for nothing
    assert len((tmp_path / "opened.log").read_text().split()) <= (os.cpu_count() or 1)


def test_a_changed_setting_or_version_does_its_units_again_and_changing_back_finds_the_old_ones(tmp_path: Path) -> None:
    run(Squaring(tmp_path, ["1", "2"]))
    assert run(Squaring(tmp_path, ["1", "2"], factor=3)).reused == 0
    assert run(Squaring(tmp_path, ["1", "2"], version=2)).reused == 0
    assert run(Squaring(tmp_path, ["2", "1"])).reused == 2
    # one more input costs one unit
    stage = Squaring(tmp_path, ["0", "1", "2"])
    report = run(stage)
    assert (report.done, report.reused) == (3, 2)
    assert stage.attempts().count("1") == 3


def told_by_tools(root: Path) -> list[str]:
    return (root / "tool.log").read_text().split()


def test_workers_are_kept_for_the_next_stage_with_their_tools(tmp_path: Path) -> None:
    with keeping_workers():
        for factor in (1, 2, 3):
            run(Squaring(tmp_path, ["1", "2:box-once"], factor=factor), workers=1)
        assert len(told_by_tools(tmp_path)) == 1
        # the first run opened the stage anew after the box broke, each other one once
        opened = (tmp_path / "opened.log").read_text().split()
        assert (len(opened), len(set(opened))) == (4, 1)
        run(Squaring(tmp_path, [str(number) for number in range(10, 40)], pause=0.1), workers=2)
        assert len(told_by_tools(tmp_path)) == 2
    assert sorted(told_by_tools(tmp_path))[2:] == ["ended", "ended"]
    run(Squaring(tmp_path, ["6"]), workers=1)
    assert told_by_tools(tmp_path)[4:] == [told_by_tools(tmp_path)[4], "ended"]


def test_a_worker_that_dies_between_two_stages_is_replaced(tmp_path: Path) -> None:
    with keeping_workers():
        run(Squaring(tmp_path, ["1", "2", *(f"{number}" for number in range(10, 40))], pause=0.1), workers=2)
        first = told_by_tools(tmp_path)
        assert len(first) == 2
        for process in first:
            os.kill(int(process), signal.SIGKILL)
        while any((Path("/proc") / process / "cmdline").read_bytes() for process in first):
            time.sleep(0.01)
        assert run(Squaring(tmp_path, ["3", "4"], pause=0.1), workers=2).done == 2
        assert not set(told_by_tools(tmp_path)[2:]) & set(first)
    assert run(Squaring(tmp_path, ["1", "2", "3", "4"])).reused == 4


@pytest.mark.parametrize("trouble", ["closing", "box", "slow", "fails"])
def test_what_a_worker_says_of_one_stage_is_not_heard_by_the_next(tmp_path: Path, trouble: str) -> None:
    first = Squaring(tmp_path, ["1", "2"])
    first.close_badly = {"closing": ZeroDivisionError("oh"), "box": BoxError("the box fell over")}.get(trouble)
    first.slow_second = trouble if trouble in ("slow", "fails") else ""
    with keeping_workers():
        assert run(first, workers=2).done == 2
        assert run(Squaring(tmp_path, ["3", "4:die-once", "5"], pause=0.1), workers=2).done == 3
        assert run(Squaring(tmp_path, ["6", "7"], pause=0.1), workers=2).done == 2


def test_a_stage_that_cannot_go_on_leaves_no_worker_behind(tmp_path: Path) -> None:
    with keeping_workers():
        with pytest.raises(SetupError, match="no space left"):
            run(Squaring(tmp_path, ["1", "2:disk"]), workers=2)
        assert run(Squaring(tmp_path, ["3", "4:die"]), workers=2).done == 1
        assert run(Squaring(tmp_path, ["5"]), workers=2).done == 1
    for process in told_by_tools(tmp_path):
        assert process == "ended" or not (Path("/proc") / process).exists()


def test_each_way_to_fail_costs_one_unit_and_keeps_its_reason(tmp_path: Path) -> None:
    stage = Squaring(
        tmp_path,
        ["1", "2:drop", "3:bad", "4:later", "5:fail-once", "6:bug", "7:die", "8:die-once", "9:box", "10:box-once"],
    )
    report = run(stage, workers=2)
    assert (report.done, report.dropped, report.failed) == (3, 3, 4)
    with Ledger(tmp_path / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        found = {row.input: (row.state, row.reason) for row in ledger.rows("parse") if row.state != "done"}
        bug = next(row for row in ledger.rows("parse") if row.input == "6:bug")
    assert found.pop("6:bug")[1].startswith("bug: ZeroDivisionError: oh at squaring.py:")
    assert "Traceback" in bug.info["traceback"]
    assert found == {
        "2:drop": ("dropped", "no use"),
        "3:bad": ("dropped", "bad bytes"),
        "4:later": ("failed", "service away"),
        "5:fail-once": ("failed", "not yet"),
        "7:die": ("dropped", "killed its worker twice (signal 9, SIGKILL)"),
        "9:box": ("failed", "the box broke twice: the box fell over"),
    }
    # dropped is for good, failed is tried again
    again = run(stage)
    assert (again.done, again.dropped, again.failed, again.reused) == (4, 3, 3, 6)
    attempts = stage.attempts()
    assert (attempts.count("2:drop"), attempts.count("7:die"), attempts.count("4:later")) == (1, 2, 2)


def test_outputs_that_vanished_are_made_again(tmp_path: Path) -> None:
    stage = Squaring(tmp_path, ["1", "2", "3"])
    run(stage)
    stage.path(list(stage.units())[1]).unlink()
    report = run(stage)
    assert (report.done, report.reused) == (3, 2)
    assert sorted(outputs(tmp_path).values()) == [b"1\n", b"4\n", b"9\n"]


def test_a_setup_error_in_a_worker_stops_the_phase_and_keeps_what_is_done(tmp_path: Path) -> None:
    stage = Squaring(tmp_path, ["1", "2", "3:disk", *map(str, range(10, 500))])
    with pytest.raises(SetupError, match="no space left"):
        run(stage, workers=1)
    assert 2 <= totals(stage).done < 400
    assert totals(stage).running == 0
    checkpoint = read_checkpoint(tmp_path / "checkpoints" / "parsing_checkpoint.json")
    assert checkpoint.status == "interrupted"


def test_boxes_that_only_break_stop_the_phase(tmp_path: Path) -> None:
    stage = Squaring(tmp_path, [f"{number}:box" for number in range(100)])
    with pytest.raises(SetupError, match="the box broke 20 times in a row: the box fell over; look with: voxel doctor"):
        run(stage)


def test_bad_options_are_usage_errors(tmp_path: Path) -> None:
    stage = Squaring(tmp_path, ["1"])
    with pytest.raises(UsageError, match="--workers must be at least 1, not 0"):
        run(stage, workers=0)


def test_progress_hears_of_every_unit(tmp_path: Path) -> None:
    heard: list[object] = []

    class Ear(Progress):
        def start(self, phase: str, total: int, settled: int) -> None:
            heard.append((phase, total, settled))

        def advance(self, outcome: str, name: str, reason: str) -> None:
            heard.append((outcome, name, reason))

        def end(self) -> None:
            heard.append("end")

    stage = Squaring(tmp_path, ["1", "2:drop"])
    run_stage(stage, DataDir(tmp_path), workers=1, progress=Ear())
    assert heard == [("parse", 2, 0), ("done", "1", ""), ("dropped", "2:drop", "no use"), "end"]


def test_the_readable_checkpoint_says_how_it_stands(tmp_path: Path) -> None:
    run(Squaring(tmp_path, ["1", "2:drop"]))
    path = tmp_path / "checkpoints" / "parsing_checkpoint.json"
    checkpoint = read_checkpoint(path)
    assert checkpoint.status == "completed"
    assert checkpoint.progress == {
        "parse": {"planned": 2, "pending": 0, "running": 0, "done": 1, "dropped": 1, "failed": 0}
    }
    assert checkpoint.next_steps == [f"voxel build --data-dir {tmp_path}", f"voxel status --data-dir {tmp_path}"]
    assert list(json.loads(path.read_bytes())) == [
        "task",
        "status",
        "started_at",
        "last_updated",
        "progress",
        "next_steps",
        "options",
    ]
    with pytest.raises(UsageError, match="cannot read the checkpoint"):
        read_checkpoint(tmp_path / "none.json")
    path.write_text('{"task": 3}')
    with pytest.raises(UsageError, match="is not a checkpoint: "):
        read_checkpoint(path)


_DRIVER = """
import sys
from pathlib import Path
sys.path.append(sys.argv[1])
from tests.stages.squaring import Squaring
from voxel.stages import DataDir, LineProgress, exit_status, run_stage
def main():
    stage = Squaring(Path(sys.argv[2]), [str(n) for n in range(int(sys.argv[3]))], pause=float(sys.argv[4]))
    print("ready", flush=True)
    run_stage(stage, DataDir(stage.root), workers=2, progress=LineProgress(interval=0.05))
    return 0
sys.exit(exit_status(main))
"""


def driver(root: Path, count: int, pause: float) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", _DRIVER, ROOT, str(root), str(count), str(pause)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def wait_for_attempts(root: Path, count: int) -> None:
    stage = Squaring(root, [])
    deadline = time.monotonic() + 30
    while len(stage.attempts()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize("whole_group", [True, False], ids=["whole group", "driver alone"])
def test_kill_9_at_many_moments_loses_nothing_and_repeats_nothing_in_the_output(
    tmp_path: Path, whole_group: bool
) -> None:
    count, pause = 120, 0.004
    reference = tmp_path / "reference"
    reference.mkdir()
    run(Squaring(reference, [str(number) for number in range(count)], pause=pause))
    root = tmp_path / "killed"
    root.mkdir()
    workers: set[int] = set()
    for kill in range(1, 9):
        # a kill may catch a unit that is done again at its second name, which the next writing takes over
        done_before = {name for name in outputs(root) if not name.endswith(".tmp")}
        process = driver(root, count, pause)
        wait_for_attempts(root, len(Squaring(root, []).attempts()) + (kill * 3) % 11 + 1)
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
        workers |= {int(pid) for pid in (root / "opened.log").read_text().split()}
        deadline = time.monotonic() + 5
        while alive(workers) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert alive(workers) == set()
        assert done_before <= outputs(root).keys()
    assert len(outputs(root)) < count
    report = run(Squaring(root, [str(number) for number in range(count)], pause=pause))
    assert (report.done, report.dropped, report.failed) == (count, 0, 0)
    assert outputs(root) == outputs(reference)
    with Ledger(root / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        assert [row.input for row in ledger.rows("parse", "done")] == [str(number) for number in range(count)]
    # at most what was in flight or not yet committed is done again: a fraction of a second's work at each kill
    assert len(Squaring(root, []).attempts()) < 3 * count


def test_one_interrupt_finishes_what_is_in_flight_and_names_the_command_that_goes_on(tmp_path: Path) -> None:
    process = driver(tmp_path, 1000, 0.3)
    wait_for_attempts(tmp_path, 2)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - began < 3
    text = said.decode()
    assert "stopping: finishing what is in flight; Ctrl-C again stops at once" in text
    assert "voxel: interrupted; what was done is kept. Go on with: " in text
    assert "Traceback" not in text
    stage = Squaring(tmp_path, [str(number) for number in range(1000)])
    assert totals(stage).done == len(stage.attempts()) == len(outputs(tmp_path))
    assert read_checkpoint(tmp_path / "checkpoints" / "parsing_checkpoint.json").status == "interrupted"


def test_two_interrupts_stop_at_once_and_lose_nothing(tmp_path: Path) -> None:
    process = driver(tmp_path, 10, 30.0)
    wait_for_attempts(tmp_path, 2)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - began < 3
    assert "Traceback" not in said.decode()
    assert totals(Squaring(tmp_path, [])) == Totals(pending=10)
    assert alive({int(pid) for pid in (tmp_path / "opened.log").read_text().split()}) == set()


def test_no_temporary_file_is_left_anywhere(tmp_path: Path) -> None:
    run(Squaring(tmp_path, ["1", "2:die", "3"]))
    assert sorted(
        path.name for path in (tmp_path / "checkpoints").iterdir() if not path.name.endswith(("-wal", "-shm"))
    ) == [
        "ledger.sqlite",
        "lock",
        "parsing_checkpoint.json",
    ]
    assert all(path.suffix == ".txt" for path in (tmp_path / "parsed").rglob("*") if path.is_file())
