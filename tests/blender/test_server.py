"""The fork server: it dies and comes back, loses no unit, leaks nothing."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec
import psutil
import pytest

from voxel.blender import Blender
from voxel.errors import BoxError, SetupError, UsageError

UNIT = "import bpy\nfor number in range({count}):\n    bpy.data.objects.new('O', None)\nprint('unit', {count})\n"


def server_of(blender: Blender) -> psutil.Process:
    """The warm parent inside the box."""
    assert blender.pid is not None
    family = psutil.Process(blender.pid).children(recursive=True)
    return next(process for process in family if "python" in process.name())


def in_order(blender: Blender, count: int) -> None:
    """One unit, which must tell of itself and of nothing else."""
    result = blender.run(UNIT.format(count=count), timeout=20, result="counts")
    assert result.verdict == "passed"
    assert f"unit {count}\n" in result.output
    assert result.output.count("unit") == 1
    assert msgspec.json.decode(result.scene or b"{}")["objects"] == count


@pytest.mark.parametrize("victim", ["box", "server", "unit"])
def test_killing_at_random_moments_loses_and_duplicates_no_unit(victim: str) -> None:
    chance = random.Random(victim)
    with Blender() as blender:
        in_order(blender, 1)
        stop, kills, settled = threading.Event(), [0], [0]

        def kill() -> None:
            while not stop.wait(chance.uniform(0.3, 0.8)):
                with suppress(psutil.Error, StopIteration, AssertionError, ProcessLookupError, IndexError):
                    server = server_of(blender)
                    if victim == "box":
                        os.kill(blender.pid or server.pid, signal.SIGKILL)
                    elif victim == "server":
                        server.kill()
                    else:
                        server.children()[0].kill()
                    kills[0] += 1
                    # a unit is asked again once: the next kill waits for the units that were asked before this one
                    enough = settled[0] + 2
                    while victim != "unit" and settled[0] < enough and not stop.wait(0.02):
                        pass

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            deadline, done, crashed = time.monotonic() + 14, 0, 0
            # on a busy machine a new server takes seconds to start
            while (now := time.monotonic()) < deadline or (kills[0] < 2 and now < deadline + 60):
                done += 1
                result = blender.run(UNIT.format(count=done % 7), timeout=20, result="counts")
                settled[0] += 1
                if result.verdict != "passed":
                    assert victim == "unit"
                    assert result.errors[-1].kind in {"crash", "scene"}
                    crashed += 1
                    continue
                assert f"unit {done % 7}\n" in result.output
                assert result.output.count("unit") == 1
                assert msgspec.json.decode(result.scene or b"{}")["objects"] == done % 7
        finally:
            stop.set()
            thread.join()
        in_order(blender, 3)
        assert kills[0] >= 2
        assert blender.restarts >= 1 or victim == "unit"


def test_a_stopped_server_is_replaced_and_its_unit_asked_again() -> None:
    with Blender(grace=1.0) as blender:
        in_order(blender, 1)
        server_of(blender).suspend()
        result = blender.run(UNIT.format(count=2), timeout=1, result="counts")
        assert (result.verdict, blender.restarts) == ("passed", 1)


def test_a_server_that_keeps_dying_is_an_error_of_the_box_not_of_the_unit() -> None:
    with Blender() as blender:
        stop = threading.Event()

        def kill() -> None:
            while not stop.wait(0.02):
                with suppress(psutil.Error, StopIteration, AssertionError):
                    server_of(blender).kill()

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            with pytest.raises(BoxError):
                blender.run("import time\ntime.sleep(5)\n", timeout=20, dump=False)
        finally:
            stop.set()
            thread.join()
        in_order(blender, 1)


def test_a_closed_blender_leaves_no_process() -> None:
    blender = Blender()
    in_order(blender, 1)
    family = [psutil.Process(blender.pid), *psutil.Process(blender.pid).children(recursive=True)]
    blender.close()
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert len(gone) >= 2


def test_the_box_ends_with_the_process_that_started_it() -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        blender = Blender()
        blender.run("import bpy\n", dump=False)
        os.write(write, f"{server_of(blender).pid}\n".encode())
        time.sleep(60)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        server = psutil.Process(int(lines.readline()))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    server.wait(timeout=5)


def test_many_units_leak_no_process_file_or_memory() -> None:
    with Blender() as blender:
        for count in range(20):
            in_order(blender, count % 5)
        server = server_of(blender)
        files, resident, pid = server.num_fds(), server.memory_info().rss, blender.pid
        ours = psutil.Process().num_fds()
        for count in range(100):
            in_order(blender, count % 5)
        assert blender.pid == pid
        assert server.num_fds() == files
        assert psutil.Process().num_fds() == ours
        assert server.children() == []
        assert server.memory_info().rss < resident * 1.05


def test_a_unit_that_leaves_thousands_of_files_gets_the_next_one_a_new_box() -> None:
    with Blender() as blender:
        pid = blender.pid
        blender.run("for number in range(5000):\n    open(f'/tmp/unit/{number}', 'w').close()\n", dump=False)
        in_order(blender, 2)
        assert blender.pid != pid
        assert blender.restarts == 0


def test_a_broken_runtime_says_so() -> None:
    with Blender() as good:
        bad = msgspec.structs.replace(good.runtime, site="/nowhere")
    with pytest.raises((BoxError, SetupError), match="does not start"), Blender(bad):
        pass


def test_a_timeout_is_a_time(blender: Blender) -> None:
    with pytest.raises(UsageError):
        blender.run("import bpy\n", timeout=0)


@contextmanager
def interrupted(after: float) -> Iterator[None]:
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def test_after_an_interrupt_the_next_unit_gets_its_own_answer() -> None:
    with Blender() as blender:
        in_order(blender, 1)
        with pytest.raises(KeyboardInterrupt), interrupted(0.5):
            blender.run("import time\ntime.sleep(3)\nprint('unit 99')\n", dump=False)
        in_order(blender, 4)
