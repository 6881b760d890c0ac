"""Voxel's .blend reader, bpy and blender-asset-tracer, reading the same facts of the same files, one core each.

    python bench/reader.py FOLDER [--bat PYTHON] [--rounds 3]

PYTHON is an interpreter that has blender-asset-tracer 1.23 (GPL, so it has an environment of its own); bpy must be
importable by the interpreter that runs this. Each side is a process of its own, bound to one core, that reads every
file of the folder once to warm up (modules, file cache) and then again for two seconds or more, timed. Rounds alternate
between the sides and the best pass of each counts. Seconds are processor time of the whole process, so that other work
on the machine counts little. Memory is the peak of the whole process, interpreter and modules included, and the growth
since the imports.

Sides: `read` reads and decompresses alone; `voxel` takes inventories, with layouts kept from an earlier process; `voxel
cold` works out each DNA again in each process; `bpy` opens each file and walks it; `bat` walks it with
blender-asset-tracer.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

Read = Callable[[Path], object]

_LEAST_SECONDS = 2.0
"""Processor time that the timed passes of a side take together, in each round."""


def read_alone() -> Read:
    """The least that any reader must do: the fastest one-shot way for each compression."""
    import zstandard

    def read(path: Path) -> object:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            return zlib.decompress(data, 31)
        if data[:4] == b"\x28\xb5\x2f\xfd" or data[1:4] == b"\x2a\x4d\x18":
            return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        return data

    return read


def voxel(folder: Path | None) -> Read:
    """Inventories; layouts are kept in `folder`, or forgotten before each pass."""
    from voxel.blendfile import inventory, keep_layouts

    keep_layouts(folder)
    return inventory


def bpy_open() -> Read:
    """Blender itself: open without interface and scripts, and walk what an inventory holds."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "blendfile"))
    import bpy
    from walk_in_blender import facts  # type: ignore[import-not-found]

    # Blender tells of every file on both streams; the result has a stream of its own.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    def read(path: Path) -> object:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
        return facts(), bpy.utils.blend_paths(absolute=False, packed=True)

    return read


def bat_walk() -> Read:
    """blender-asset-tracer: the same facts through its public interface."""
    from blender_asset_tracer import blendfile  # type: ignore[import-not-found]

    def name(block: Any) -> str:
        return bytes(block.id_name)[2:].decode("utf-8", "replace")

    def chain(first: Any) -> list[Any]:
        found: list[Any] = []
        seen = set()
        while first is not None and first.addr_old not in seen:
            seen.add(first.addr_old)
            found.append(first)
            first = first.get_pointer((b"next",)) if first.has_field(b"next") else None
        return found

    def nodes(tree: Any) -> list[Any]:
        if tree is None:
            return []
        found = chain(tree.get_pointer((b"nodes", b"first")))
        return [node.get(b"idname", as_str=True) if node.has_field(b"idname") else node.get(b"type") for node in found]

    def path_of(block: Any) -> str:
        field = next((field for field in (b"filepath", b"name") if block.has_field(field)), None)
        if field is None:
            return ""
        raw = block.get(field)
        if isinstance(raw, int):
            target = block.get_pointer(field)
            raw = b"" if target is None else target.raw_data()
        return bytes(raw).partition(b"\0")[0].decode("utf-8", "replace")

    def stack(block: Any) -> list[int]:
        found: list[int] = []
        one = block.get_pointer((b"modifiers", b"first")) if block.has_field(b"modifiers") else None
        while one is not None and len(found) < 1000:
            found.append(one.get((b"modifier", b"type")))
            one = one.get_pointer((b"modifier", b"next"))
        return found

    def read(path: Path) -> object:
        file = blendfile.BlendFile(path)
        of_kind = file.find_blocks_from_code
        try:
            return (
                file.header.version,
                [block.get(b"subversion") for block in of_kind(b"GLOB")],
                Counter(block.code for block in file.blocks if len(block.code) == 2),
                {name(block): block.get(b"type") for block in of_kind(b"OB")},
                {name(block): stack(block) for block in of_kind(b"OB")},
                {name(block): block.get(b"totvert") for block in of_kind(b"ME")},
                {
                    name(block): nodes(block.get_pointer(b"nodetree") if block.has_field(b"nodetree") else None)
                    for block in of_kind(b"MA")
                },
                {name(block): nodes(block) for block in of_kind(b"NT")},
                [name(block) for code in (b"AC", b"TX") for block in of_kind(code)],
                [
                    path_of(block)
                    for code in (b"LI", b"IM", b"SO", b"VF", b"MC", b"VO", b"CF")
                    for block in of_kind(code)
                ],
            )
        finally:
            file.close()

    return read


def status(key: str) -> float:
    """A line of /proc/self/status that is in kB, in MB. Unlike ru_maxrss it starts anew with the program."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


def run_side(side: str, files: list[Path], layouts: Path) -> dict[str, Any]:
    """Read every file again and again on this process's one core; the figures of the best pass after the first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    makers: dict[str, Callable[[], Read]] = {
        "read": read_alone,
        "voxel": lambda: voxel(layouts),
        "voxel cold": lambda: voxel(None),
        "bpy": bpy_open,
        "bat": bat_walk,
    }
    read = makers[side]()
    before = status("VmRSS")
    best = wall = float("inf")
    spent, failed, passes = 0.0, 0, 0
    while passes < 2 or spent < _LEAST_SECONDS:
        if side.startswith("voxel"):
            from voxel.blendfile.layouts import forget_layouts

            # Within this process nothing is remembered; `voxel` finds what the first pass left in the folder.
            forget_layouts()
        failed = 0
        began, before_pass = time.perf_counter(), time.process_time()
        for path in files:
            try:
                read(path)
            except Exception:  # noqa: BLE001 - the other readers raise anything; what they cannot read is counted
                failed += 1
        passes += 1
        if passes > 1:
            used = time.process_time() - before_pass
            spent += used
            best, wall = min(best, used), min(wall, time.perf_counter() - began)
    peak = status("VmHWM")
    return {"seconds": best, "wall": wall, "failed": failed, "peak": peak, "growth": peak - before}


def measure(python: str, side: str, folder: Path, layouts: Path) -> dict[str, Any] | None:
    """One round of one side in a process of its own, or None when its interpreter lacks what it needs."""
    reading, writing = os.pipe()
    words = [python, __file__, str(folder), "--side", side, "--layouts", str(layouts), "--answer", str(writing)]
    done = subprocess.run(words, pass_fds=(writing,), capture_output=True, text=True, check=False)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    if not said:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        print(f"{side}: left out: {last}", file=sys.stderr)
        return None
    result: dict[str, Any] = json.loads(said)
    return result


def main() -> int:
    """Print a line for each side, and the ratios that the reader is held to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="real .blend files")
    parser.add_argument("--bat", metavar="PYTHON", help="an interpreter with blender-asset-tracer 1.23")
    parser.add_argument("--rounds", type=int, default=3)
    for hidden in ("--side", "--layouts", "--answer"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    files = sorted(wanted.folder.rglob("*.blend"))
    if wanted.side:
        figures = run_side(wanted.side, files, Path(wanted.layouts))
        os.write(int(wanted.answer), json.dumps(figures).encode())
        return 0
    pythons = {"read": sys.executable, "voxel": sys.executable, "voxel cold": sys.executable, "bpy": sys.executable}
    if wanted.bat:
        pythons["bat"] = wanted.bat
    else:
        print("bat: left out: name an interpreter that has it with --bat", file=sys.stderr)
    from voxel.blendfile import BlendFile

    sizes = [len(BlendFile(path).data) for path in files]
    with tempfile.TemporaryDirectory() as layouts:
        best: dict[str, dict[str, Any]] = {}
        for _ in range(wanted.rounds):
            for side, python in list(pythons.items()):
                measured = measure(python, side, wanted.folder, Path(layouts, "kept"))
                if measured is None:
                    del pythons[side]
                elif side not in best or measured["seconds"] < best[side]["seconds"]:
                    best[side] = measured
    total = sum(sizes) / 1e6
    print(f"{len(files)} files, {total:.1f} MB decompressed, largest {max(sizes) / 1e6:.1f} MB")
    print(f"{'side':<11}{'seconds':>9}{'files/s':>9}{'MB/s':>8}{'peak MB':>9}{'growth MB':>11}{'failed':>8}")
    for side, one in best.items():
        rate, volume = len(files) / one["seconds"], total / one["seconds"]
        figures_of = f"{one['seconds']:9.3f}{rate:9.0f}{volume:8.0f}{one['peak']:9.0f}{one['growth']:11.1f}"
        print(f"{side:<11}{figures_of}{one['failed']:8}")
    own = best["voxel"]["seconds"]
    with contextlib.suppress(KeyError):
        print(f"voxel / read + decompress: {own / best['read']['seconds']:.2f} times its time (at most 2.5)")
        print(f"voxel / bpy: {best['bpy']['seconds'] / own:.1f} times as fast (at least 3)")
        print(f"voxel / bat: {best['bat']['seconds'] / own:.1f} times as fast (at least 15)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
