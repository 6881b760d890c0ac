"""A stage for tests: each unit writes a small file; some units misbehave on purpose, by their name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from voxel.errors import BadInput, BoxError, SetupError, TryLater
from voxel.stages import DataDir, Done, Dropped, Failed, Outcome, Unit, Work, shared, unit_key, write_atomic


class Squaring:
    """Squares numbers: `inputs` are strings such as `"12"`, or `"12:die"` to misbehave. Each attempt leaves a line."""

    name = "parse"

    def __init__(self, root: Path, inputs: list[str], *, version: int = 1, factor: int = 1, pause: float = 0.0) -> None:
        self.root = root
        self.inputs = inputs
        self.version = version
        self.factor = factor
        self.pause = pause
        self.close_badly: Exception | None = None
        self.slow_second = ""
        """When not empty, the second worker takes a second to open; "fails" and it cannot."""

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"factor": self.factor}

    def path(self, unit: Unit) -> Path:
        return DataDir(self.root).parsed / unit.key[:2] / f"{unit.key}.txt"

    def units(self) -> Iterator[Unit]:
        for text in self.inputs:
            yield Unit(key=unit_key(self, text), input=text, payload=text)

    def present(self, unit: Unit, _row: object) -> bool:
        return self.path(unit).exists()

    def attempts(self) -> list[str]:
        log = self.root / "attempts.log"
        return log.read_text().split() if log.exists() else []

    @contextmanager
    def open(self) -> Iterator[Work]:
        with (self.root / "opened.log").open("a") as log:
            log.write(f"{os.getpid()}\n")
        if self.slow_second:
            try:
                os.close(os.open(self.root / "first", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                time.sleep(1.0)
                if self.slow_second == "fails":
                    raise SetupError("no second tool") from None

        def work(unit: Unit) -> Outcome:
            with (self.root / "attempts.log").open("a") as log:
                log.write(f"{unit.input}\n")
            return self._work(unit)

        with shared("a tool", self._tool):
            yield work
        if self.close_badly:
            raise self.close_badly

    @contextmanager
    def _tool(self) -> Iterator[None]:
        """Something that is slow to start; it says when it starts and when it ends."""
        with (self.root / "tool.log").open("a") as log:
            log.write(f"{os.getpid()}\n")
        yield
        with (self.root / "tool.log").open("a") as log:
            log.write("ended\n")

    def _work(self, unit: Unit) -> Outcome:
        number, _, mood = unit.payload.partition(":")
        again = self.attempts().count(unit.input) > 1
        time.sleep(self.pause)
        match mood:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "die-above":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(60)
            case "die-once" if not again:
                os.kill(os.getpid(), signal.SIGSEGV)
            case "drop":
                return Dropped("no use")
            case "bad":
                raise BadInput("bad bytes")
            case "later":
                raise TryLater("service away")
            case "fail-once" if not again:
                return Failed("not yet")
            case "box":
                raise BoxError("the box fell over")
            case "box-once" if not again:
                raise BoxError("the box fell over")
            case "disk":
                raise SetupError("no space left")
            case "bug":
                raise ZeroDivisionError("oh")
        square = int(number) ** 2 * self.factor
        write_atomic(self.path(unit), f"{square}\n".encode())
        return Done({"digits": len(str(square))}, {"square": square})
