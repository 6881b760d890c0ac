"""What a running phase tells a person. The base class is silent; the shown ones write to standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from voxel.stages.stage import PhaseReport

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

TELL_AT_MOST = 20
"""How many dropped or failed units of a phase get a line of their own."""


class Progress:
    """Listens to a phase and says nothing; subclasses show what they hear."""

    def start(self, phase: str, total: int, settled: int) -> None:
        """A phase begins: `total` units are asked for, `settled` of them were settled by earlier runs."""

    def advance(self, outcome: str, name: str, reason: str) -> None:
        """One more unit was settled. `outcome` is done, dropped or failed; `reason` is empty when done."""

    def note(self, line: str) -> None:
        """Something that a person should know now."""

    def end(self) -> None:
        """The phase has ended or was stopped; its report goes to standard output, from whoever ran it."""

    _told_of = 0

    def _tell(self, outcome: str, name: str, reason: str) -> None:
        """One line for each unit that was not done, as long as they are few."""
        if outcome == "done":
            return
        self._told_of += 1
        if self._told_of <= TELL_AT_MOST:
            self.note(f"{outcome}: {name}: {reason}")
        elif self._told_of == TELL_AT_MOST + 1:
            self.note("further ones are counted by reason: voxel status")


class LineProgress(Progress):
    """A line now and then, for logs: at the start, every `interval` seconds, and at the end."""

    def __init__(self, stream: TextIO | None = None, interval: float = 15.0) -> None:
        self._stream = stream or sys.stderr
        self._interval = interval

    def start(self, phase: str, total: int, settled: int) -> None:
        self._phase, self._total, self._count, self._settled = phase, total, settled, settled
        self._told_of = 0
        self._began = self._told = time.monotonic()
        if total > settled:
            again = f", {settled} of them settled before" if settled else ""
            self.note(f"{phase}: {total} to do{again}")

    def advance(self, outcome: str, name: str, reason: str) -> None:
        self._tell(outcome, name, reason)
        self._count += 1
        now = time.monotonic()
        if now - self._told >= self._interval:
            self._told = now
            rate = (self._count - self._settled) / (now - self._began)
            left = (self._total - self._count) / rate
            self.note(f"{self._phase}: {self._count} of {self._total}, {rate:.1f}/s, about {span(left)} left")

    def note(self, line: str) -> None:
        self._stream.write(printable(line) + "\n")
        self._stream.flush()


class BarProgress(Progress):
    """A bar with rate and time left, on a terminal."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._dropped = self._failed = 0

    def start(self, phase: str, total: int, settled: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self.end()
        self._dropped = self._failed = self._told_of = 0
        self._began, self._settled, self._count = time.monotonic(), settled, settled
        if total <= settled:
            return
        self._bars = Bars(
            TextColumn("{task.description:>8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[aside]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._bars.start()
        self._task = self._bars.add_task(phase, total=total, completed=settled, rate="", aside="")

    def advance(self, outcome: str, name: str, reason: str) -> None:
        self._tell(outcome, name, reason)
        self._dropped += outcome == "dropped"
        self._failed += outcome == "failed"
        self._count += 1
        if self._bars is None or self._task is None:
            return
        rate = (self._count - self._settled) / max(time.monotonic() - self._began, 1e-3)
        aside = ", ".join(
            f"{count} {word}" for count, word in ((self._dropped, "dropped"), (self._failed, "failed")) if count
        )
        self._bars.update(self._task, completed=self._count, rate=f"{rate:.1f}/s", aside=aside)

    def note(self, line: str) -> None:
        if self._bars is not None:
            self._bars.console.print(printable(line), markup=False, highlight=False)
        else:
            sys.stderr.write(printable(line) + "\n")

    def end(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


def shown_progress(*, quiet: bool = False) -> Progress:
    """A bar on a terminal, lines elsewhere, nothing when `quiet`."""
    if quiet:
        return Progress()
    return BarProgress() if sys.stderr.isatty() else LineProgress()


def summary(report: PhaseReport) -> str:
    """One line: `parse: 120 done, 3 dropped, 0 failed in 4.1 s (100 from earlier runs)`."""
    again = f" ({report.reused} from earlier runs)" if report.reused else ""
    return (
        f"{report.phase}: {report.done} done, {report.dropped} dropped, {report.failed} failed "
        f"in {span(report.seconds)}{again}"
    )


def span(seconds: float) -> str:
    """A time as people say it: `4.1 s`, `2 min 5 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def printable(line: str) -> str:
    """File names may hold bytes that are not UTF-8, or control characters: neither may break a terminal or a log."""
    text = line.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
