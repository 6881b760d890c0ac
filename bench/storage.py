"""What a storage on S3 costs: requests and bytes of each phase, for each file, and what resuming costs.

    python bench/storage.py [FOLDER] [--workers N] [--blender 4.5]

Runs the pipeline, on the samples or on the files below FOLDER, with moto's S3 on this machine as storage, behind a
proxy that counts; then once more with nothing to do. The dataset must be the one that the same pipeline makes without
a storage; the seconds of both are side by side. Needs the extra [dev].
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from tests.stages.s3_server import BUCKET, S3Server

from voxel.stages import DataDir, default_workers, keep_in
from voxel.training import pipeline

KINDS = ("PUT", "GET", "HEAD", "LIST", "others")
FINISHED = ("datasets", "fine_tuning")


def main() -> None:
    """Prints a line for each phase."""
    parser = argparse.ArgumentParser(description="Count what a storage costs.")
    parser.add_argument("folder", nargs="?", type=Path, help="default: the samples")
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--blender", help="load and prove on this version only")
    given = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request would drown the table
    server = S3Server()
    os.environ.update(server.environment())
    with tempfile.TemporaryDirectory() as top:
        here, there = Path(top) / "here", Path(top) / "there"
        seconds = {report.phase: report.seconds for report in pipeline.run(_settings(given, here))}
        keep_in(DataDir(there), f"s3://{BUCKET}/bench")
        head = "".join(f"{kind:>7}" for kind in KINDS)
        print(
            f"{'phase':<13}{'files':>6}{head}{'MB up':>8}{'MB down':>9}{'requests/file':>15}{'s':>7}{'s, a folder':>13}"
        )
        for again in ("", " again"):
            server.requests.clear()
            for report in pipeline.run(_settings(given, there)):
                units = report.done + report.dropped + report.failed
                asked = Counter(one.kind if one.kind in KINDS else "others" for one in server.requests)
                up, down = (sum(getattr(one, way) for one in server.requests) / 1e6 for way in ("sent", "received"))
                counts = "".join(f"{asked[kind]:7}" for kind in KINDS)
                each = f"{asked.total() / units:15.2f}" if report.phase != "format" else " " * 15
                local = f"{seconds[report.phase]:13.1f}" if not again else ""
                print(
                    f"{report.phase + again:<13}{units:6}{counts}{up:8.2f}{down:9.2f}{each}"
                    f"{report.seconds:7.1f}{local}",
                    flush=True,
                )
                server.requests.clear()
        same = _finished(here) == _finished(there)
        print(f"{len(server.objects())} objects; the finished files are {'the same' if same else 'DIFFERENT'}")
    server.close()


def _settings(given: argparse.Namespace, data: Path) -> pipeline.Settings:
    return pipeline.Settings(
        data_dir=data,
        source="folder" if given.folder else "samples",
        paths=(given.folder,) if given.folder else (),
        workers=given.workers,
        blender=given.blender,
    )


def _finished(data: Path) -> Mapping[str, bytes]:
    paths = (path for folder in FINISHED for path in (data / folder).rglob("*"))
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and path.relative_to(data).parts[1] not in ("units", "taught")
    }


if __name__ == "__main__":
    main()
