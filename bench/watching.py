"""What programs cost: processor time and peak memory of every process that this one and its children start, by kind.

Read from /proc now and then. What a process spends between the last look and its end is not seen; what looking itself
costs is this process's and not counted.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

TICK = os.sysconf("SC_CLK_TCK")
EVERY_S = 1.0
KINDS = (
    ("inside/", "Blender"),
    ("voxel.stages.worker", "worker"),
    ("ray::Hand", "actor"),
    ("ray::", "Ray"),
    ("/ray/", "Ray"),
    ("voxel", "driver"),
)
"""What a command line holds, and the kind that it means; the first that fits."""


class Spent(NamedTuple):
    """What the processes of one kind cost."""

    seconds: float
    """Of processor time, of all of them together."""
    peak: int
    """Bytes of resident memory, of the largest one at its peak."""
    most: int
    """How many there were at once."""


class _Seen(NamedTuple):
    parent: int
    begun: str
    own: float
    with_children: float


class Watch:
    """A context manager that looks every so many seconds; `spent` is what was seen until now, by kind.

    `others` is what processes of no kind count as; where it is empty they do not count.
    """

    def __init__(self, every: float = EVERY_S, *, others: str = "") -> None:
        self._every = every
        self._others = others
        self._looking = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._seconds: dict[tuple[int, str], float] = {}
        self._before: dict[tuple[int, str], float] = {}
        self._called: dict[tuple[int, str], str] = {}
        """The kind that a process had when it was seen last: what it spent under another name is of that kind, too."""
        self._peaks: dict[str, int] = defaultdict(int)
        self._most: dict[str, int] = defaultdict(int)
        self._kinds: dict[tuple[int, str], str] = {}
        """Those that are settled. All by process id and the time when it began."""
        self._met: set[tuple[int, str]] = set()

    def __enter__(self) -> Self:
        self.look()
        self._before = dict(self._seconds)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Looks now, before the next look is due."""
        with self._looking:
            self._look()

    def spent(self) -> dict[str, Spent]:
        """By kind; processes that ran before count from then on."""
        seconds: dict[str, float] = defaultdict(float)
        with self._looking:
            seen = [(self._called[key], until - self._before.get(key, 0.0)) for key, until in self._seconds.items()]
        for kind, one in seen:
            seconds[kind] += one
        return {kind: Spent(seconds[kind], self._peaks[kind], self._most[kind]) for kind in seconds}

    def _look_on(self) -> None:
        while not self._end.wait(self._every):
            self.look()

    def _look(self) -> None:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        seen = {pid: one for pid in pids if (one := _read(pid))}
        below = [pid for pid in seen if _under(pid, seen, os.getpid())]
        kinds = {pid: self._kind(pid, seen[pid].begun) for pid in below}
        count: dict[str, int] = defaultdict(int)
        for pid, kind in kinds.items():
            if not kind:
                continue
            one = seen[pid]
            self._peaks[kind] = max(self._peaks[kind], _peak(pid))
            if kind == "Blender" and kinds.get(one.parent) == "Blender":
                continue  # a server waits for its forks, so their time becomes its own
            self._seconds[pid, one.begun] = one.with_children if kind == "Blender" else one.own
            self._called[pid, one.begun] = kind
            count[kind] += 1
        for kind, number in count.items():
            self._most[kind] = max(self._most[kind], number)

    def _kind(self, pid: int, begun: str) -> str:
        known = self._kinds.get((pid, begun))
        if known is not None:
            return known
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""  # it has ended since the list was made
        kind = next((kind for part, kind in KINDS if part in words), self._others)
        if words.partition(" ")[0].endswith("bwrap"):
            kind = ""  # the box around a Blender does next to nothing, and its command names everything
        # at its first moment a process still has the words of its parent, and a worker of Ray gets its name later
        if (pid, begun) in self._met and kind not in ("", "Ray"):
            self._kinds[pid, begun] = kind
        self._met.add((pid, begun))
        return kind


def _read(pid: int) -> _Seen | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None  # it has ended since the list was made
    own = (int(fields[11]) + int(fields[12])) / TICK
    return _Seen(int(fields[1]), fields[19], own, own + (int(fields[13]) + int(fields[14])) / TICK)


def _peak(pid: int) -> int:
    """Bytes of resident memory at most so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _under(pid: int, seen: dict[int, _Seen], top: int) -> bool:
    """Whether a process was started by this one, itself not counted."""
    one = seen.get(pid)
    while one is not None:
        if one.parent == top:
            return True
        one = seen.get(one.parent)
    return False
