"""How much one file may cost, and the meter that holds a reading to it.

Every loop over data that a file controls asks the meter before it goes on, so that no length, count or pointer in a
hostile file can make reading slow or large.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from voxel.errors import BlendFileError, UsageError

_LOOKS_PER_CLOCK = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """The most that reading one file may cost. Each limit is positive; the defaults keep any file under 2 s, 512 MB."""

    decompressed_bytes: int = 256 << 20
    """Size of the file once decompressed, in bytes. A file kept uncompressed is held to it too."""
    blocks: int = 1_000_000
    """Blocks in the file."""
    list_length: int = 100_000
    """Elements of any one linked list, ID property group or array of pointers."""
    seconds: float = 1.8
    """Processor time of the reading thread, in seconds: a busy machine does not change the answer."""

    def __post_init__(self) -> None:
        for name in ("decompressed_bytes", "blocks", "list_length", "seconds"):
            if not getattr(self, name) > 0:
                raise UsageError(f"Budget.{name} must be more than zero")


DEFAULT = Budget()


class Meter:
    """Counts what a reading has cost so far. Not shared between threads.

    The time budget runs from construction, and again from each `restart`: a `BlendFile` that a program keeps open
    restarts it with every question, since the time in between is the program's own.
    """

    __slots__ = ("_deadline", "_looks", "budget")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.restart()

    def restart(self) -> None:
        self._looks = 0
        self._deadline = time.thread_time() + self.budget.seconds

    def look(self, offset: int) -> None:
        """Raise BlendFileError when the time is spent. Cheap: asks the clock once in 256 calls."""
        self._looks += 1
        if self._looks % _LOOKS_PER_CLOCK == 0:
            self.clock(offset)

    def clock(self, offset: int) -> None:
        """Raise BlendFileError when the time is spent; asks the clock at once."""
        if time.thread_time() > self._deadline:
            raise BlendFileError(f"reading takes longer than {self.budget.seconds:g} s of processor time", offset)

    def room(self, size: int) -> None:
        """Raise BlendFileError when `size` decompressed bytes are too many."""
        if size > self.budget.decompressed_bytes:
            limit = self.budget.decompressed_bytes
            raise BlendFileError(f"the file is larger than {limit:,} bytes once decompressed", limit)
