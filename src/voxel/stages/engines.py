"""Which engine a name means."""

from __future__ import annotations

import os

from voxel.errors import UsageError
from voxel.stages.datadir import DataDir
from voxel.stages.engine import Engine
from voxel.stages.local import LocalEngine


def engine_of(name: str, workers: int | None, data: DataDir | None = None) -> Engine:
    """The engine called `local`; `ray`, a Ray of its own on this machine; or `ray:HOST:PORT`, a cluster of machines.

    `workers` is how many units are worked on at once; None for the processor count of the machine, or of the cluster.
    `data` is the data directory that workers write to, if they do. UsageError for other names, MissingExtra without
    Ray.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers must be at least 1, not {workers}")
    kind, colon, address = name.partition(":")
    if name == "local":
        return LocalEngine(default_workers() if workers is None else workers)
    if kind == "ray" and bool(colon) == bool(address):
        from voxel.stages.ray_engine import RayEngine

        return RayEngine(workers, address or None, data)
    raise UsageError(f"unknown engine {name!r}; known: local, ray, ray:HOST:PORT")


def default_workers() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
