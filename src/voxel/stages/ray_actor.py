"""The far end of the Ray engine: an actor that holds one worker process, as the local engine would.

The process between the actor and Blender is what makes both engines alike: a unit that kills its worker kills that
process, and the actor lives to say how. When the actor itself is gone, it was the machine, or Ray.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import voxel
from voxel.stages.crew import Message
from voxel.stages.process import WorkerProcess


class Orders(NamedTuple):
    """What an actor is told when it is made."""

    stage: bytes
    """Pickled."""
    path: Sequence[str]
    """Where the driver imports from."""
    folder: str
    """Where the driver works: relative paths begin there."""
    code: str
    """`package_digest()` of the driver."""
    sign: tuple[str, bytes] | None
    """A file that every worker must see with this content, if the data directory lies on a file system."""


@cache
def package_digest() -> str:
    """Names the code of this package: other code would give other results under the same key."""
    root = Path(voxel.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Hand:
    """Answers each call with the messages of its worker process, see `crew.Message`."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._process: WorkerProcess | None = None

    def open(self) -> list[Message]:
        """Starts the worker process; answers when the stage is open."""
        trouble = self._unfit()
        if trouble:
            return [("fatal", "SetupError", f"{trouble} (on {platform.node()})")]
        orders = self._orders
        folder = orders.folder if Path(orders.folder).is_dir() else None
        self._process = WorkerProcess(orders.stage, orders.path, folder)
        told = self._hear()
        if told[0] == "died":
            told = ("died", f"{told[1]}, on {platform.node()}")
        return [told]

    def take(self, unit: bytes) -> list[Message]:
        """Works on one pickled unit."""
        assert self._process is not None
        self._process.send_pickled(unit)
        told = [self._hear()]
        if told[0][0] == "broke":
            told.append(self._hear())  # the stage is opened afresh
        return told

    def close(self) -> None:
        """Lets the stage close."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _hear(self) -> Message:
        assert self._process is not None
        message = self._process.receive()
        match message:
            case ("fatal", kind, reason):
                return ("fatal", kind, f"{reason} (on {platform.node()})")
        return message

    def _unfit(self) -> str:
        """What keeps this machine from giving the driver's results; empty when nothing does."""
        if package_digest() != self._orders.code:
            return "this machine has another Voxel than the one that runs the phase: install the same one everywhere"
        if self._orders.sign is not None:
            path, content = self._orders.sign
            try:
                seen = Path(path).read_bytes()
            except OSError:
                seen = b""
            if seen != content:
                return (
                    f"{Path(path).parents[1]} is not the same folder on all machines: put the data directory on a file "
                    "system that they share, or its files into an object store with --storage"
                )
        return ""
