"""What cost does as the number of files grows, on one machine and on a Ray cluster of two local nodes.

    python bench/scale.py files CORPUS [--counts 100 1000 10000] [--phase parse] [--base 50] [--most-bytes 600000]
                                   [--names FILE ...]
    python bench/scale.py cluster CORPUS [--every 6] [--copies 1] [--blender 4.5]
    python bench/scale.py driver [--counts 100 1000 10000 100000] [--engine local]

`files` fills folders with copies of the corpus that differ (`bench/copies.py`), and collects and parses them (with
`--phase build` builds them, too): processor time by kind of process, peak memory, the ledger, and what it takes to find
nothing to do, phase by phase and in a run of all of them. `cluster` collects every n-th file of the corpus, or so many
copies of each that differ, then parses and builds them on one machine, on two Ray nodes, and on two Ray nodes of which
one is killed in the middle; it compares every byte of the results. What it costs until all workers work (a part that
does not grow with the files) is told apart.
`driver` has units that do nothing, so that what it measures is the driver and the engine alone.
All but the runs with nothing to do are measured in processor time, so that other work on the machine matters little.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from copies import base, every_nth, nth_lines, write_copies
from watching import Spent, Watch

from voxel.stages import DataDir, Ledger

WORKERS = 2
LOOK_S = 0.5
"""Seconds between two looks at the processes."""
PHASES = ("scrape", "parse", "build")
ORDER = ("driver", "worker", "Blender", "actor", "Ray")

RUNS = ("one machine", "two nodes", "two nodes, one killed")
HERE = ORDER[:3]
"""The kinds that there are without Ray."""


def voxel(*words: str | Path) -> dict[str, Any]:
    """Runs the command line in a process of its own; its JSON line."""
    code = "import sys; from voxel.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *map(str, words), "--json", "--quiet"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode == 2 or not done.stdout:
        raise SystemExit(f"{words} ended with {done.returncode}")
    line: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return line


def collect(folder: Path, data: Path) -> None:
    """Scrapes a folder, unmeasured."""
    voxel("scrape", "--source", "folder", folder, "--data-dir", data, "--workers", str(WORKERS))


def cells(spent: dict[str, Spent], files: int) -> str:
    """Core-milliseconds per file by kind, and their sum."""
    each = [1000 * spent[kind].seconds / files if kind in spent else 0.0 for kind in HERE]
    return " | ".join(f"{one:.1f}" for one in [*each, sum(each)])


def peaks(spent: dict[str, Spent]) -> str:
    """The largest process of each kind, in MB."""
    return " | ".join(f"{spent[kind].peak / 1e6:.0f}" if kind in spent else "-" for kind in HERE)


def rows(data: Path, stage: str) -> dict[str, Any]:
    """Everything that the ledger knows of a stage and that a second run must not change."""
    with Ledger(DataDir(data).checkpoints / "ledger.sqlite", read_only=True) as ledger:
        return {row.key: [row.input, row.state, row.reason, row.counts] for row in ledger.rows(stage)}


def results(data: Path) -> dict[str, str]:
    """The digest of every file that the phases have written."""
    found: dict[str, str] = {}
    for folder in ("parsed", "datasets"):
        for path in sorted((data / folder).rglob("*")):
            if path.is_file():
                found[str(path.relative_to(data))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def files_table(given: argparse.Namespace, scratch: Path) -> None:
    """Lines for each count: one of each phase, from nothing, then the same again with nothing to do."""
    chosen = base(given.corpus, given.base, given.most_bytes, given.names)
    mean = sum(line["size_uncompressed"] for line in chosen) / len(chosen)
    print(f"{len(chosen)} files of the corpus, {mean / 1000:.0f} kB on average, {WORKERS} workers\n")
    heads = ("files", "phase", *HERE, "together", "beyond the start", "wall s")
    more_heads = ("peak MB: driver", "worker", "Blender", "done", "dropped", "failed")
    again_heads = ("nothing to do: wall s", "driver core-s", "driver MB")
    every = (*heads, *more_heads, *again_heads)
    print(f"| {' | '.join(every)} |\n|{'---|' * len(every)}")
    version = ["--blender", given.blender] if given.blender else []
    started: dict[str, float] = {}
    kept: list[str] = []
    # the first lines are what it costs to start: one file for each worker
    for count in [WORKERS, *given.counts]:
        place = scratch / str(count)
        for _ in write_copies(given.corpus, chosen, place / "files", count):
            pass
        data = place / "data"
        for phase in PHASES[: PHASES.index(given.phase) + 1]:
            source = ["--source", "folder", place / "files"] if phase == "scrape" else version
            asked: list[str | Path] = [phase, *source, "--data-dir", data, "--workers", str(WORKERS)]
            with Watch(LOOK_S) as watch:
                report = voxel(*asked)
            spent = watch.spent()
            whole = sum(one.seconds for one in spent.values())
            # what one more file costs
            beyond = 1000 * (whole - started.setdefault(phase, whole)) / max(1, count - WORKERS)
            with Watch(LOOK_S) as watch:
                began = time.monotonic()
                voxel(*asked)
                wall = time.monotonic() - began
            driver = watch.spent()["driver"]
            outcomes = " | ".join(str(report[word]) for word in ("done", "dropped", "failed"))
            print(
                f"| {count} | {phase} | {cells(spent, count)} | {beyond:.1f} | {report['seconds']:.0f} "
                f"| {peaks(spent)} | {outcomes} | {wall:.1f} | {driver.seconds:.1f} | {driver.peak / 1e6:.0f} |",
                flush=True,
            )
        ledger = (data / "checkpoints" / "ledger.sqlite").stat().st_size
        disk = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
        again = run_again(place, version) if given.phase == PHASES[-1] else "-"
        kept.append(f"| {count} | {ledger / count:.0f} | {disk / count / 1000:.0f} | {again} |")
        shutil.rmtree(place)
    print("\n| files | ledger, bytes a file | disk, kB a file | `voxel run` of what is finished, s of the clock |")
    print("\n".join(["|---|---|---|---|", *kept]))


def run_again(place: Path, version: list[str]) -> str:
    """What the whole pipeline takes with nothing to do, from the start of the process to its end, three times."""
    asked: list[str | Path] = ["run", "--source", "folder", place / "files", *version, "--data-dir", place / "data"]
    voxel(*asked)  # has the training files to write
    took = []
    for _ in range(3):
        began = time.monotonic()
        voxel(*asked)
        took.append(time.monotonic() - began)
    return ", ".join(f"{seconds:.1f}" for seconds in took)


def driver_table(given: argparse.Namespace, scratch: Path) -> None:
    """One line for each count."""
    print(f"engine {given.engine}, {WORKERS} workers, units that do nothing\n")
    print(
        "| units | driver, core-ms a unit | units/s | peak MB | ledger, bytes a unit "
        "| nothing to do: wall s | core-s | peak MB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for count in given.counts:
        command = [sys.executable, "bench/idle_stage.py", str(scratch / str(count)), str(count), given.engine]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found: dict[str, float] = json.loads(done.stdout)
        again = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        later: dict[str, float] = json.loads(again.stdout)
        print(
            f"| {count:,} | {1000 * found['first'] / count:.2f} | {count / found['first_wall']:.0f} "
            f"| {found['first_peak'] / 1e6:.0f} | {found['ledger'] / count:.0f} "
            f"| {later['first_wall']:.1f} | {later['first']:.1f} | {later['first_peak'] / 1e6:.0f} |",
            flush=True,
        )


def patiently(start: Callable[[], Any]) -> Any:
    """Ray gives a node 30 seconds to start, which a busy machine may not have for it."""
    while True:
        before = set(psutil.Process().children(recursive=True))
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            # what it started would go on beside the next one
            for process in set(psutil.Process().children(recursive=True)) - before:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


@contextmanager
def two_nodes() -> Iterator[Any]:
    """A Ray cluster of two local nodes with one processor each; `kill` takes the second one away."""
    from voxel.stages.ray_engine import settle_environment

    settle_environment()
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20}
    cluster: Any = patiently(lambda: Cluster(True, head_node_args={**small, "include_dashboard": False}))
    second = patiently(lambda: cluster.add_node(**small))
    cluster.kill = lambda: cluster.remove_node(second, allow_graceful=False)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def compared(given: argparse.Namespace, scratch: Path) -> None:
    """One machine, two nodes, two nodes of which one dies."""
    some = scratch / "some"
    if given.copies == 1:
        count = len(every_nth(given.corpus, given.every, some))
    else:
        chosen = nth_lines(given.corpus, given.every)
        count = sum(1 for _ in write_copies(given.corpus, chosen, some, given.copies * len(chosen)))
    collect(some, scratch / "collected")
    version = ["--blender", given.blender] if given.blender else []
    print(f"{count} files of the corpus, core-seconds by kind of process\n")
    heads = ("run", "phase", *ORDER, "together", "of that, start", "wall s", "files", "examples")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    costs: dict[str, dict[str, Cost]] = {}
    found: dict[str, Any] = {}
    for name in given.runs:
        data = scratch / "data"  # the same path each time: it is part of nothing, and this shows it
        shutil.copytree(scratch / "collected", data)
        if name == RUNS[0]:
            costs[name] = measured(name, data, [*version, "--workers", str(WORKERS)], count)
        else:
            with two_nodes() as cluster:
                quiet()
                words = [*version, "--engine", "ray", "--ray-address", str(cluster.address)]
                killer = threading.Thread(target=kill_midway, args=(cluster, data, count), daemon=True)
                if name.endswith("killed"):
                    killer.start()
                costs[name] = measured(name, data, words, count)
                if name.endswith("killed"):
                    killer.join(timeout=1)
                    assert not killer.is_alive(), "the node was not killed"
        found[name] = (results(data), rows(data, "parse"), rows(data, "build"))
        shutil.rmtree(data)
    one = found[RUNS[0]]
    for name, other in list(found.items())[1:]:
        differing = sorted(path for path in {*one[0], *other[0]} if one[0].get(path) != other[0].get(path))
        print(
            f"\n{name}: {len(one[0])} files of results, {len(differing)} differ; rows of the ledger "
            f"{'are the same' if one[1:] == other[1:] else 'differ'}"
            + "".join(f"\n  {path}" for path in differing[:20])
        )
        for phase, ours in costs[RUNS[0]].items():
            theirs = costs[name][phase]
            print(
                f"  {phase}: {ours.whole / theirs.whole:.0%} of the throughput per core of one machine with the start, "
                f"{(ours.whole - ours.start) / (theirs.whole - theirs.start):.0%} from then on"
            )


class Cost(NamedTuple):
    """Core-seconds of a phase of one run."""

    whole: float
    start: float
    """Of that, until every worker had its first unit: importing, starting Blender, and Ray's daemons."""


def measured(name: str, data: Path, words: list[str], files: int) -> dict[str, Cost]:
    """Runs parse and build, and prints a line for each; what they and both together cost."""
    costs: dict[str, Cost] = {}
    for phase in ("parse", "build"):
        ended, found = threading.Event(), list[float]()
        with Watch(LOOK_S) as watch:
            at_work = threading.Thread(target=_started, args=(watch, data, phase, ended, found))
            at_work.start()
            report = voxel(phase, "--data-dir", data, *words)
            ended.set()
            at_work.join()
        spent = watch.spent()
        each = [spent[kind].seconds if kind in spent else 0.0 for kind in ORDER]
        costs[phase] = Cost(sum(each), found[0] if found else sum(each))
        made = sum(len(path.read_bytes().splitlines()) for path in (data / "datasets").glob("t*n.jsonl"))
        shown = " | ".join(f"{one:.1f}" for one in [*each, sum(each), costs[phase].start])
        print(f"| {name} | {phase} | {shown} | {report['seconds']:.0f} | {report['done']} | {made or ''} |", flush=True)
        assert report["done"] + report["dropped"] == files, report
    costs["together"] = Cost(sum(one.whole for one in costs.values()), sum(one.start for one in costs.values()))
    return costs


def _started(watch: Watch, data: Path, phase: str, ended: threading.Event, found: list[float]) -> None:
    """Notes what was spent when every worker has a unit."""
    ledger = DataDir(data).checkpoints / "ledger.sqlite"
    while not ended.wait(0.1):
        if ledger.exists():
            with Ledger(ledger, read_only=True) as opened:
                totals = opened.totals(phase)
            if totals.running >= WORKERS or totals.done + totals.dropped >= WORKERS:
                watch.look()
                found.append(sum(one.seconds for one in watch.spent().values()))
                return


def quiet(most: float = 0.1, seconds: float = 5.0, patience: float = 120.0) -> None:
    """Waits until the daemons of a cluster that has just been started have read their code."""
    before, until = -1.0, time.monotonic() + patience
    with Watch(LOOK_S) as watch:
        while time.monotonic() < until:
            now = sum(one.seconds for one in watch.spent().values())
            if before >= 0 and now - before < most * seconds:
                return
            before = now
            time.sleep(seconds)


def kill_midway(cluster: Any, data: Path, files: int) -> None:
    """Takes the second node away when half of the build is done."""
    ledger = DataDir(data).checkpoints / "ledger.sqlite"
    while True:
        time.sleep(0.2)
        if not ledger.exists():
            continue
        with Ledger(ledger, read_only=True) as opened:
            totals = opened.totals("build")
        if totals.done + totals.dropped >= files // 2 and totals.running:
            print(f"| (killed the second node: {totals.done} of {files} built, {totals.running} in hand) |", flush=True)
            cluster.kill()
            return


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description="Measure how cost grows.")
    parser.add_argument("what", choices=["files", "cluster", "driver"])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--phase", choices=PHASES, default="parse", help="the last one to measure")
    parser.add_argument("--base", type=int, default=50)
    parser.add_argument("--most-bytes", type=int, default=600_000)
    parser.add_argument("--names", nargs="+", default=(), help="copy the files whose paths end so, whatever their size")
    parser.add_argument("--every", type=int, default=6)
    parser.add_argument("--copies", type=int, default=1, help="of each file, none like another")
    parser.add_argument("--blender")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=RUNS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        {"files": files_table, "cluster": compared, "driver": driver_table}[given.what](given, Path(scratch))


if __name__ == "__main__":
    main()
