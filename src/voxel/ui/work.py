"""Phases that the page starts: one `voxel` process at a time, which outlives the page."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from voxel.errors import DataDirBusy, UsageError
from voxel.stages import DataDir, holder

PHASES = ("run", "scrape", "parse", "build", "format")
TAIL = 6000
"""Bytes of the output that are shown."""


class Work:
    """What was started last on `data`."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._command = ""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object

    @property
    def running(self) -> bool:
        """Whether what was started here is still at work."""
        return self._process is not None and self._process.poll() is None

    def start(self, words: Sequence[str]) -> None:
        """Starts `voxel WORDS`. DataDirBusy when something works in the data directory already."""
        with self._lock:
            busy = holder(self._data)
            if self.running or busy:
                raise DataDirBusy(f"{self._data.root} is in use by {busy or self._command}; wait for it, or stop it")
            self._log.seek(0)
            self._log.truncate()
            self._command = shlex.join(["voxel", *words])
            # a session of its own: Ctrl-C ends the page and leaves the work alone
            self._process = subprocess.Popen(
                [*_program(), *words],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Interrupts it as Ctrl-C does: what is in flight is finished. UsageError when nothing was started here."""
        with self._lock:
            if self._process is None or not self.running:
                raise UsageError("nothing that was started here is at work")
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Ends looking on; what is at work goes on."""
        self._log.close()

    def told(self) -> tuple[str, str, str]:
        """(command, how it stands, the end of its output); all empty when nothing was started."""
        if self._process is None:
            return "", "", ""
        status = self._process.poll()
        # the process writes at the position that it shares with this one, so nothing here may seek
        handle = self._log.fileno()
        text = os.pread(handle, TAIL, max(0, os.fstat(handle).st_size - TAIL)).decode("utf-8", "replace")
        return self._command, "at work" if status is None else f"ended with exit status {status}", text


def words_to_start(data: DataDir, phase: str, source: str = "samples", folder: str = "") -> list[str]:
    """The words after `voxel` that start a phase. UsageError when they cannot be meant."""
    if phase not in PHASES:
        raise UsageError(f"there is no phase {phase!r}; there are {', '.join(PHASES)}")
    words = [phase, "--data-dir", str(data.root)]
    if phase not in ("run", "scrape"):
        return words
    if source == "folder":
        if not folder or not Path(folder).expanduser().is_dir():
            raise UsageError(f"{folder or 'an empty path'} is no folder on this machine")
        return [*words, "--source", "folder", "--", str(Path(folder).expanduser())]
    if source != "samples":
        raise UsageError("a source is samples or folder; for GitHub and git use the terminal")
    return [*words, "--source", "samples"]


def words_to_resume(data: DataDir, command: str) -> list[str]:
    """The words after `voxel` of a command that the ledger kept, for this data directory.

    The ledger may come from anywhere, so nothing but a phase of `voxel` is taken from it: UsageError otherwise.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[:1] != ["voxel"] and words[1:3] == ["-m", "voxel"]:
        words = words[2:]
    if words[:1] != ["voxel"] or words[1:2] == [] or words[1] not in PHASES:
        raise UsageError(f"this is not a phase that the page can resume; in a terminal: {command}")
    return [words[1], "--data-dir", str(data.root), *_without_data_dir(words[2:])]


def _without_data_dir(words: Sequence[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for place, word in enumerate(words):
        if word == "--":
            return [*kept, *words[place:]]
        if skip or word == "--data-dir":
            skip = not skip
        elif word != "--json" and not word.startswith("--data-dir="):
            kept.append(word)
    return kept


def _program() -> list[str]:
    """`voxel`, by its own script where there is one, so that the ledger keeps a command that a person would type."""
    script = Path(sys.executable).with_name("voxel")
    return [sys.executable, str(script)] if script.exists() else [sys.executable, "-m", "voxel"]
