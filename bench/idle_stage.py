"""A stage that does nothing: what is left is what the driver and its engine cost for each unit."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from voxel.stages import DataDir, Done, Outcome, Unit, Work, run_stage, unit_key


class Idle:
    """As many units as are asked for; each is done at once."""

    name = "idle"
    version = 1
    settings: Mapping[str, Any] = {}

    def __init__(self, count: int) -> None:
        self._count = count

    def units(self) -> Iterator[Unit]:
        """Inputs as long as paths in repositories are."""
        for number in range(self._count):
            path = f"assets/models/furniture/chair_{number:07d}.blend"
            yield Unit(key=unit_key(self, number), input=path, payload={"sha256": f"{number:064x}", "beside": {}})

    @contextmanager
    def open(self) -> Iterator[Work]:
        """A worker that answers at once, as the parse phase does."""

        def work(unit: Unit) -> Outcome:
            return Done({"bytes": len(unit.input)})

        yield work


def main() -> None:
    """Runs it in a data directory, then again with nothing to do; one JSON object."""
    root, count, engine = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    found: dict[str, float] = {}
    for name in ("first", "again"):
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        # by its own module and not as __main__: workers find it by that
        from idle_stage import Idle as Found

        report = run_stage(Found(count), DataDir(root).create(), workers=2, engine=engine)
        assert report.done == count
        after = resource.getrusage(resource.RUSAGE_SELF)
        found[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found[f"{name}_wall"] = time.monotonic() - began
        found[f"{name}_peak"] = after.ru_maxrss * 1024
    print(json.dumps(found | {"ledger": (root / "checkpoints" / "ledger.sqlite").stat().st_size}))


if __name__ == "__main__":
    main()
