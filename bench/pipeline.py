"""How fast the pipeline is, per phase and core: files a second, and proved examples a second.

    python bench/pipeline.py [FOLDER] [--every N] [--workers N] [--blender 4.5] [--beside CHECKOUT] [--rounds N]

Runs `voxel run` from nothing in a throw-away data directory, on the samples or on the files below FOLDER, then once
more to see what finding nothing to do costs. For each phase it tells the processor time of the driver, of the workers
and of Blender, which share of that was Blender's, and which share of all that the workers' cores could have given in
that time. `--every` takes every n-th file of a folder with a manifest. `--beside` names a checkout of another version,
which runs on the same files in turn with this one; they are compared by processor time, which other work on the
machine changes little.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from copies import every_nth
from watching import Spent, Watch

from voxel.stages import default_workers

HERE = Path(__file__).parents[1]
EVERY_S = 0.2
"""Seconds between two looks at the processes; what one does between the last look and its end is not seen."""
KINDS = ("driver", "worker", "Blender")


class Phase(NamedTuple):
    """What one phase did and cost."""

    report: dict[str, Any]
    seconds: dict[str, float]
    """Of the processor, by kind of process."""
    examples: int


def run(checkout: Path, words: list[str], data: Path) -> list[Phase]:
    """The pipeline of a checkout as a user runs it, in a process of its own."""
    code = "import sys; from voxel.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "run", *words, "--data-dir", str(data), "--json", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    found: list[Phase] = []
    before = dict.fromkeys(KINDS, 0.0)
    with (
        Watch(EVERY_S) as watch,
        subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            watch.look()
            now = {kind: watch.spent().get(kind, Spent(0.0, 0, 0)).seconds for kind in KINDS}
            spent = {kind: now[kind] - before[kind] for kind in KINDS}
            found.append(Phase(json.loads(line), spent, _examples(data)))
            before = now
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return found


def _examples(data: Path) -> int:
    names = ("train", "val", "test")
    paths = [path for name in names if (path := data / "datasets" / f"{name}.jsonl").exists()]
    return sum(len(path.read_bytes().splitlines()) for path in paths)


def _proved(data: Path) -> int:
    """Candidates that Blender has shown to hold, whether the dataset keeps them or not."""
    units = (data / "datasets" / "units").rglob("*.jsonl")
    return sum(line.startswith(b'{"type":"example"') for path in units for line in path.read_bytes().splitlines())


def shown(phase: Phase, workers: int) -> str:
    """One line of the table."""
    report = phase.report
    units = report["done"] + report["dropped"] + report["failed"]
    rate = units / max(0.001, report["seconds"])
    whole = sum(phase.seconds.values())
    made = f"{phase.examples / report['seconds'] / workers:16.2f}" if report["phase"] == "build" else " " * 16
    costs = "".join(f"{phase.seconds[kind]:9.1f}" for kind in KINDS)
    share = phase.seconds["Blender"] / max(0.01, whole)
    return (
        f"{report['phase']:<8}{units:6}{report['seconds']:9.1f}{rate:9.2f}{rate / workers:13.2f}{made}{costs}"
        f"{share:14.1%}{phase.seconds['Blender'] / max(0.01, report['seconds']) / workers:14.1%}"
    )


HEAD = (
    f"{'phase':<8}{'units':>6}{'seconds':>9}{'units/s':>9}{'units/s/core':>13}{'examples/s/core':>16}"
    f"{'driver':>9}{'worker':>9}{'Blender':>9}{'Blender, used':>14}{'of all cores':>14}"
)


def compared(given: argparse.Namespace, words: list[str], scratch: Path) -> None:
    """Both versions in turn on the same files; what each does in a second of one core."""
    print(
        f"{'version':<9}{'files':>6}{'proved':>8}{'kept':>6}{'core-s':>9}{'files/core-s':>14}{'proved/core-s':>15}"
        f"{'kept/core-s':>13}"
    )
    for number in range(given.rounds):
        for name, checkout in (("beside", given.beside.resolve()), ("this", HERE)):
            data = scratch / f"{name}{number}"
            phases = run(checkout, words, data)
            whole = sum(sum(phase.seconds.values()) for phase in phases)
            files = next(phase.report["done"] + phase.report["dropped"] for phase in phases)
            made = phases[-1].examples
            proved = _proved(data)
            print(
                f"{name:<9}{files:6}{proved:8}{made:6}{whole:9.1f}{files / whole:14.3f}{proved / whole:15.2f}"
                f"{made / whole:13.2f}",
                flush=True,
            )
            for phase in phases:
                print(f"          {shown(phase, given.workers)}", flush=True)


def main() -> None:
    """Prints one line for each phase."""
    parser = argparse.ArgumentParser(description="Measure the pipeline.")
    parser.add_argument("folder", nargs="?", type=Path, help="default: the samples")
    parser.add_argument("--every", type=int, default=1, help="take every n-th file of the folder's manifest")
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--blender", help="load and prove on this version only")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="compare with the version in this checkout")
    parser.add_argument("--rounds", type=int, default=1, help="how often both versions are run")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the data directory here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        scratch = Path(top)
        words = ["--workers", str(given.workers), *(["--blender", given.blender] if given.blender else [])]
        if given.folder:
            folder = given.folder.resolve()
            if given.every > 1:
                every_nth(folder, given.every, scratch / "some")
                folder = scratch / "some"
            words += ["--source", "folder", str(folder)]
        else:
            words += ["--source", "samples"]
        if given.beside:
            compared(given, words, scratch)
            return
        data = given.keep or scratch / "data"
        print(HEAD, flush=True)
        for phase in run(HERE, words, data):
            print(shown(phase, given.workers), flush=True)
        began = time.monotonic()
        run(HERE, words, data)
        print(f"nothing to do: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
