"""A fork that lives on from one request to the next, for code of our own writer alone; runs in the warm parent.

A fork that does nothing costs 20 ms, and making sure of its empty scene another ten. One that stands pays that once. It
never meets code of other people: the parent ends it before it begins any other unit.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator

from unit_fork import ALIVE, Fork, Forks, Limits, Outcome, write_all

DONE = b"done\n"
"""What a report ends with where the fork lives on."""
LIFE_S = 3600.0
"""Processor seconds for each core that a standing fork may use in all."""
_SIZE = struct.Struct("!Q")


class Standing:
    """At most one fork, which starts when it is first asked."""

    def __init__(self, forks: Forks) -> None:
        self._forks = forks
        self._fork: Fork | None = None
        self._tasks = -1

    @property
    def alive(self) -> bool:
        """Whether there is one."""
        return self._fork is not None

    def ask(self, task: bytes, work: Callable[[Iterator[bytes], int], None], limits: Limits) -> Outcome:
        """What the fork reports of a task. `work(tasks, report fd)` is what it does, for each task until DONE.

        Its status is ALIVE while it lives on; the report is then without DONE.
        """
        while True:
            old = self._fork is not None
            fork = self._fork or self._begin(work, limits)
            try:
                write_all(self._tasks, _SIZE.pack(len(task)) + task)
            except BrokenPipeError:
                # one that stood may have ended since; of one that has just begun `watch` tells how it ended
                if old:
                    self.end()
                    continue
            outcome = self._forks.watch(fork, limits, DONE)
            if outcome.status != ALIVE:
                self._forget()
                if old and not outcome.report and not outcome.timed_out:
                    continue  # what an old fork ends of, a new one may not
            return outcome

    def end(self) -> bool:
        """Ends the fork; says whether there was one."""
        if self._fork is None:
            return False
        self._forks.end(self._fork.pid)
        self._forget()
        return True

    def _begin(self, work: Callable[[Iterator[bytes], int], None], limits: Limits) -> Fork:
        tasks, self._tasks = os.pipe()
        long = limits._replace(wall=LIFE_S)
        self._fork = self._forks.begin(lambda report: work(_read(tasks), report), long, keep=(tasks,))
        os.close(tasks)
        return self._fork

    def _forget(self) -> None:
        if self._fork is not None:
            self._forks.forget(self._fork)
            os.close(self._tasks)
        self._fork, self._tasks = None, -1


def _read(tasks: int) -> Iterator[bytes]:
    """One task after another, until the parent has no more."""
    while head := _exactly(tasks, _SIZE.size):
        yield _exactly(tasks, *_SIZE.unpack(head))


def _exactly(fd: int, size: int) -> bytes:
    """So many bytes; fewer where the other end is closed."""
    out = bytearray()
    while len(out) < size and (part := os.read(fd, size - len(out))):
        out += part
    return bytes(out)
