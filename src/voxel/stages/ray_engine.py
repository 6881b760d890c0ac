"""The Ray engine: the workers of a stage on the machines of a Ray cluster, one for each processor.

The driver stays on one machine and alone writes the ledger; what travels is one unit to a worker and one outcome back,
so neither its memory nor Ray's object store grows with the work.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from voxel.errors import MissingExtra, SetupError, UsageError
from voxel.stages.crew import Crew, Message
from voxel.stages.datadir import DataDir
from voxel.stages.engine import Event, Stopping
from voxel.stages.process import END_S, SOURCE
from voxel.stages.ray_actor import Hand, Orders, package_digest
from voxel.stages.stage import Stage, Unit

OBJECT_STORE = 100 << 20
"""Bytes of shared memory that a Ray of our own gets: what travels is small."""
_RAY = {
    # it tells nobody of its use
    "RAY_USAGE_STATS_ENABLED": "0",
    # its daemons give up on one another too soon for a busy machine
    "RAY_raylet_start_wait_time_s": "60",
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "120",
    # workers would stand behind all else on the machine
    "RAY_worker_niceness": "0",
    # processes for tasks, which we have none of
    "RAY_enable_worker_prestart": "0",
    # a warning about processors for graphics
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""What Ray reads from the environment when it is imported and when it starts."""


class RayEngine:
    """Runs stages on a Ray cluster; without an address on a Ray of its own, which ends with this process.

    `workers` defaults to the processors of the cluster when a stage begins. A Ray that the program has started already
    is used as it is. MissingExtra without Ray.
    """

    def __init__(self, workers: int | None, address: str | None, data: DataDir | None) -> None:
        if importlib.util.find_spec("ray") is None:
            raise MissingExtra("running on Ray", "ray")
        if address is not None and "://" in address:
            raise UsageError(f"--ray-address {address}: give HOST:PORT, and run this on a machine of the cluster")
        self._workers = workers
        self._address = address
        self._data = data

    def run(self, stage: Stage, units: Iterator[Unit], count: int, stopping: Stopping) -> Iterator[Event]:
        """As `Engine.run`. SetupError when no cluster answers at the address, or it has no processors."""
        ray = connect(self._address, self._workers)
        wanted = self._workers or int(ray.cluster_resources().get("CPU", 0))
        if not wanted:
            raise SetupError("the Ray cluster has no processor yet; say with --workers how many to wait for")
        sign = None
        if self._data is not None and not self._data.storage.far:
            lock = self._data.checkpoints.absolute() / "lock"
            sign = (str(lock), lock.read_bytes())
        orders = Orders(pickle.dumps(stage), sys.path, str(Path.cwd()), package_digest(), sign)
        crew = _RayCrew(stage, units, stopping, ray, orders)
        try:
            crew.hire(min(wanted, count))
            yield from crew.events()
        finally:
            crew.dismiss()


def settle_environment() -> None:
    """Sets what Ray reads from the environment, before it is imported for the first time."""
    for name, value in _RAY.items():
        os.environ.setdefault(name, value)


def connect(address: str | None, workers: int | None = None) -> Any:
    """The module `ray`, connected. SetupError when that cannot be."""
    settle_environment()
    import ray
    import ray._private.worker

    if ray.is_initialized():
        return ray
    # Ray prints what its daemons say on standard output, where results go
    ray._private.worker._worker_logs_enabled = False
    own: dict[str, Any] = {
        "address": "local", "num_cpus": workers, "include_dashboard": False, "object_store_memory": OBJECT_STORE,
    }  # fmt: skip
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)} if main else {}
    try:
        ray.init(
            **(own if address is None else {"address": address}),
            logging_level=logging.ERROR,
            log_to_driver=False,
            # where Voxel is not installed, a checkout on a shared file system will do
            runtime_env={"env_vars": {"PYTHONPATH": f"{SOURCE}:${{PYTHONPATH}}"}},
        )
    except Exception as error:  # Ray raises plain Exception, ConnectionError, RuntimeError and others
        first = str(error).strip().partition("\n")[0][:300]
        if address is None:
            raise SetupError(f"Ray does not start on this machine: {first}") from error
        raise SetupError(
            f"no Ray cluster answers at {address}: {first}; start one with: ray start --head --disable-usage-stats"
        ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return ray


class _RayWorker:
    def __init__(self, crew: _RayCrew) -> None:
        self.units: deque[Unit] = deque()
        self.ready = False
        self.calls: deque[Future[list[Message]]] = deque()
        """Asked for and not heard of yet, the oldest first."""
        self._crew = crew
        self._actor = crew.actor.remote(crew.orders)
        self._follow(self._actor.open.remote())

    def _follow(self, answer: Any) -> None:
        call: Future[list[Message]] = answer.future()
        self.calls.append(call)
        call.add_done_callback(lambda _: self._crew.told.put(self))

    def give(self, unit: Unit) -> None:
        self._follow(self._actor.take.remote(pickle.dumps(unit)))

    def kill(self) -> None:
        self._crew.ray.kill(self._actor)

    def close(self) -> Any:
        return self._actor.close.remote()

    def end(self) -> None:
        self.kill()

    def messages(self) -> Iterator[Message]:
        """What its finished calls brought, in the order of the calls."""
        while self.calls and self.calls[0].done():
            call = self.calls.popleft()
            trouble = call.exception()
            if trouble is not None:
                yield self._crew.understood(trouble)
                return  # nothing else will come
            yield from call.result()


class _RayCrew(Crew[_RayWorker]):
    slow_start = "no worker has started yet: the machines of the cluster are busy, or too few; still waiting"

    def __init__(self, stage: Stage, units: Iterator[Unit], stopping: Stopping, ray: Any, orders: Orders) -> None:
        super().__init__(stage, units, stopping)
        self.ray = ray
        self.told: queue.SimpleQueue[_RayWorker] = queue.SimpleQueue()
        self.orders = ray.put(orders)
        self.actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Hand)

    def _hire_one(self) -> _RayWorker:
        return _RayWorker(self)

    def _listen(self, seconds: float) -> Iterator[tuple[_RayWorker, Message]]:
        try:
            worker = self.told.get(timeout=seconds)
        except queue.Empty:
            return
        while True:
            for message in worker.messages():
                yield worker, message
            try:
                worker = self.told.get_nowait()
            except queue.Empty:
                return

    def dismiss(self) -> None:
        """As `Crew.dismiss`; all workers close at the same time."""
        if self._clean and self._workers:
            closing = [worker.close() for worker in self._workers if worker.ready]
            if closing:
                self.ray.wait(closing, num_returns=len(closing), timeout=2 * END_S)
        with suppress(self.ray.exceptions.RayError):
            super().dismiss()

    def understood(self, trouble: BaseException) -> Message:
        """What the failure of a call says: a worker that died by its unit, one that was lost, or a bug."""
        errors = self.ray.exceptions
        words = " ".join(str(trouble).split())
        match trouble:
            case errors.RuntimeEnvSetupError() | errors.ActorUnschedulableError():
                return ("fatal", "SetupError", f"Ray cannot place a worker: {words[-300:]}")
            case errors.OutOfMemoryError():
                return ("died", "ended by Ray: its machine ran out of memory")
            case errors.ActorDiedError() if trouble.actor_init_failed:
                return ("fatal", "SetupError", f"a worker cannot start, is Voxel installed there? {words[-300:]}")
            case errors.ActorDiedError() if "its worker process has died" in words:
                return ("died", "the actor ended, " + words.partition("Worker exit detail: ")[2][:120])
            case errors.RayActorError():
                return ("lost", words.rpartition("The actor is dead because ")[2][:120])
            case _:
                return ("fatal", "bug", words)
