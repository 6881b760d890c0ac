from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time

from voxel.stages import LineProgress, PhaseReport, summary
from voxel.stages.progress import TELL_AT_MOST, printable


def report(**fields: object) -> PhaseReport:
    values = {"phase": "parse", "done": 3, "dropped": 1, "failed": 0, "seconds": 4.06, "reused": 0, **fields}
    return PhaseReport(**values)  # type: ignore[arg-type]


def test_summary_is_one_sentence() -> None:
    assert summary(report()) == "parse: 3 done, 1 dropped, 0 failed in 4.1 s"
    assert (
        summary(report(seconds=61, reused=2)) == "parse: 3 done, 1 dropped, 0 failed in 1 min 1 s (2 from earlier runs)"
    )
    assert summary(report(seconds=7260)) == "parse: 3 done, 1 dropped, 0 failed in 2 h 1 min"


def test_lines_tell_how_far_it_is_and_how_long_it_takes() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, interval=0.05)
    progress.start("parse", 10, 4)
    progress.advance("done", "a.blend", "")
    time.sleep(0.1)
    progress.advance("dropped", "b.blend", "empty file")
    first, drop, told = stream.getvalue().splitlines()
    assert first == "parse: 10 to do, 4 of them settled before"
    assert drop == "dropped: b.blend: empty file"
    assert told.startswith("parse: 6 of 10, ")
    assert told.endswith(" left")


def test_nothing_to_do_says_nothing() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.start("parse", 10, 10)
    progress.end()
    assert stream.getvalue() == ""


def test_many_drops_do_not_flood_the_log() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.start("parse", 1000, 0)
    for number in range(1000):
        progress.advance("dropped", f"{number}.blend", "empty file")
    lines = stream.getvalue().splitlines()
    assert len(lines) == TELL_AT_MOST + 2
    assert lines[-1] == "further ones are counted by reason: voxel status"


def test_names_cannot_break_a_terminal() -> None:
    assert printable("caf\udce9 \x1b[2Jé\n") == "caf\\udce9 \\x1b[2Jé\\x0a"


_BAR = """
import time
from voxel.stages import shown_progress
progress = shown_progress()
progress.start("parse", 50, 10)
for number in range(40):
    time.sleep(0.02)
    progress.advance("failed" if number == 5 else "done", "a.blend", "away" if number == 5 else "")
progress.end()
"""


def test_on_a_terminal_a_bar_shows_rate_and_time_left() -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen([sys.executable, "-c", _BAR], stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 10_000)
        except OSError:
            break  # the other end is closed
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "failed: a.blend: away" in text
    assert "/50" in text
    assert "/s" in text
    assert "1 failed" in text
    assert "0:0" in text
