"""How fast the pipeline is, per phase and core: files a second, and proved examples a second.

    python bench/pipeline.py [FOLDER] [--workers N] [--blender 4.5]

Runs the whole pipeline from nothing in a throw-away data directory, on the samples or on the files below FOLDER,
then once more to see what finding nothing to do costs. For each phase it tells which share of the processor time was
spent inside Blender, and which share of all that the workers' cores could have given in that time.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

import psutil

from voxel.stages import DataDir, default_workers
from voxel.training import pipeline

SERVER = "inside/serve.py"
EVERY = 0.1
"""Seconds between two looks at the processes; what one does between the last look and its end is not seen."""


class ProcessorTime:
    """Seconds of processor time, so far, of this process and all below it, apart for Blender and for the rest."""

    def __init__(self) -> None:
        self._blender: dict[int, float] = {}
        self._others: dict[int, float] = {}
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        me = psutil.Process()
        while True:
            for process in [me, *me.children(recursive=True)]:
                try:
                    spent = process.cpu_times()
                    if SERVER in " ".join(process.cmdline()):
                        # a server waits for its forks, so their time is its own; the box around it does next to nothing
                        if process.name() != "bwrap":
                            self._blender[process.pid] = sum(spent[:4])
                    else:
                        self._others[process.pid] = spent.user + spent.system
                except psutil.Error:
                    continue  # it has ended since the list was made
            time.sleep(EVERY)

    def so_far(self) -> tuple[float, float]:
        """(in Blender, in everything else)."""
        return sum(list(self._blender.values())), sum(list(self._others.values()))


def main() -> None:
    """Prints one line for each phase."""
    parser = argparse.ArgumentParser(description="Measure the pipeline.")
    parser.add_argument("folder", nargs="?", type=Path, help="default: the samples")
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--blender", help="load and prove on this version only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        settings = pipeline.Settings(
            data_dir=data,
            source="folder" if given.folder else "samples",
            paths=(given.folder,) if given.folder else (),
            workers=given.workers,
            blender=given.blender,
        )
        print(
            f"{'phase':<8} {'units':>6} {'seconds':>8} {'units/s':>8} {'units/s/core':>13} {'examples/s/core':>16}"
            f" {'Blender, of time used':>22} {'of all cores':>13}"
        )
        spent = ProcessorTime()
        before = spent.so_far()
        for report in pipeline.run(settings):
            units = report.done + report.dropped + report.failed
            rate = units / report.seconds
            examples = " " * 16
            now = spent.so_far()
            blender, others = now[0] - before[0], now[1] - before[1]
            before = now
            if report.phase == "build":
                made = sum(len(path.read_bytes().splitlines()) for path in DataDir(data).datasets.glob("t*.jsonl"))
                made += len((DataDir(data).datasets / "val.jsonl").read_bytes().splitlines())
                examples = f"{made / report.seconds / given.workers:16.2f}"
            line = (
                f"{report.phase:<8} {units:6} {report.seconds:8.1f} {rate:8.2f} {rate / given.workers:13.2f} {examples}"
                f" {blender / max(0.01, blender + others):22.1%} {blender / report.seconds / given.workers:13.1%}"
            )
            print(line, flush=True)
        began = time.monotonic()
        for _ in pipeline.run(settings):
            pass
        print(f"nothing to do: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
