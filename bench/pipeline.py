"""How fast the pipeline is, per phase and core: files a second, and proved examples a second.

    python bench/pipeline.py [FOLDER] [--workers N] [--blender 4.5]

Runs the whole pipeline from nothing in a throw-away data directory, on the samples or on the files below FOLDER,
then once more to see what finding nothing to do costs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from voxel.stages import DataDir, default_workers
from voxel.training import pipeline


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
        print(f"{'phase':<8} {'units':>6} {'seconds':>8} {'units/s':>8} {'units/s/core':>13} {'examples/s/core':>16}")
        for report in pipeline.run(settings):
            units = report.done + report.dropped + report.failed
            rate = units / report.seconds
            examples = ""
            if report.phase == "build":
                made = sum(len(path.read_bytes().splitlines()) for path in DataDir(data).datasets.glob("t*.jsonl"))
                made += len((DataDir(data).datasets / "val.jsonl").read_bytes().splitlines())
                examples = f"{made / report.seconds / given.workers:16.2f}"
            line = (
                f"{report.phase:<8} {units:6} {report.seconds:8.1f} {rate:8.2f} {rate / given.workers:13.2f} {examples}"
            )
            print(line, flush=True)
        began = time.monotonic()
        for _ in pipeline.run(settings):
            pass
        print(f"nothing to do: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
