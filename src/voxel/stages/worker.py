"""A worker process: opens the stage once, then takes units one by one from the driver; other stages may follow.

Messages, as (kind, …) tuples. To the worker: first where else it may import from, then a stage, then its units; None
ends the stage; another one, or the end of the pipe, ends the worker. To the driver: `ready` when the stage is open;
`settled, outcome, seconds` for the oldest unit that it holds; `broke, reason` when that unit met a BoxError; `fatal,
kind, message` when the stage cannot go on; `closed` when it has ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from voxel.errors import BadInput, BoxError, SetupError, TryLater, UsageError
from voxel.stages.lasting import lasting
from voxel.stages.stage import Done, Dropped, Failed, Outcome, Stage, Unit, Work

PR_SET_PDEATHSIG = 1


def main(handle: int, driver: int) -> None:
    """Serves the driver process `driver` over the connection on file descriptor `handle` until either side ends."""
    _die_with(driver)
    # the driver alone hears Ctrl-C and decides; what a worker starts inherits this
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection: Connection[object, object] = Connection(handle)
    try:
        driver_path: list[str] = connection.recv()  # type: ignore[assignment]
        sys.path += [place for place in driver_path if place not in sys.path]
        with lasting():
            while (stage := _next_stage(connection)) is not None and _serve(connection, stage):
                continue
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the driver is gone


def _next_stage(connection: Connection[object, object]) -> Stage | None:
    """None when the driver wants nothing more of this worker."""
    try:
        return connection.recv()  # type: ignore[return-value]
    except (EOFError, ConnectionResetError):
        return None


def _die_with(driver: int) -> None:
    """Ends this process when the driver ends in any way. Elsewhere than on Linux the closed pipe must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != driver:
            sys.exit(1)  # it ended before the line above


def _serve(connection: Connection[object, object], stage: Stage) -> bool:
    """Whether the stage has ended in peace, so that another one may follow."""
    while True:
        opened, again = False, True
        try:
            with stage.open() as work:
                opened = True
                connection.send(("ready",))
                again = _work(connection, work)
            if not again:
                with suppress(BrokenPipeError, ConnectionResetError):  # nobody need wait for it
                    connection.send(("closed",))
                return True
        except (SetupError, UsageError) as error:
            connection.send(("fatal", type(error).__name__, str(error)))
            return False
        except BoxError as error:
            if not opened:
                connection.send(("fatal", "SetupError", str(error)))
                return False
            if not again:
                return False
            # closing what was already broken: the unit that met it has been reported
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception:  # noqa: BLE001 - the driver raises it again, with this traceback
            connection.send(("fatal", "bug", traceback.format_exc()))
            return False


def _work(connection: Connection[object, object], work: Work) -> bool:
    """Works until the driver says so (False) or the stage must be opened afresh (True)."""
    while True:
        unit = connection.recv()
        if unit is None:
            return False
        assert isinstance(unit, Unit)
        began = time.perf_counter()
        try:
            outcome = _settle(work, unit)
        except BoxError as error:
            connection.send(("broke", str(error)))
            return True
        connection.send(("settled", outcome, time.perf_counter() - began))


def _settle(work: Work, unit: Unit) -> Outcome:
    try:
        outcome = work(unit)
        if not isinstance(outcome, Done | Dropped | Failed):
            raise TypeError(f"a stage returned {type(outcome).__name__}, not Done, Dropped or Failed")
    except (SetupError, UsageError, BoxError):
        raise
    except BadInput as error:
        return Dropped(str(error))
    except TryLater as error:
        return Failed(str(error))
    except Exception as error:  # noqa: BLE001 - a bug costs one unit, not the run; it is kept and shown
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Failed(f"bug: {type(error).__name__}: {error} at {where}", {"traceback": traceback.format_exc()})
    return outcome
