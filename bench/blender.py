"""Scripts through real Blender: boxed forks against fresh processes, and units without end that leak nothing.

    python bench/blender.py                     mixed scripts, one core, three ways, in one run
    python bench/blender.py --soak 10000        units in a row: processes, files, memory of the parent

Every way runs the same scripts and must come to the same verdicts. A fresh process is `python -c "import bpy ..."` with
the script, judged by its exit status; the same within the box is that command in the box's own mount, process and
network namespaces. All are pinned to one core.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import psutil

from voxel.blender import Blender, Runtime, box
from voxel.blender.runtimes import find

SCRIPTS = (
    "import bpy\nbpy.ops.mesh.primitive_cube_add(size=2)\n",
    "import bpy\nbpy.nothing()\n",
    "import bpy\nfor x in range(10):\n    bpy.ops.mesh.primitive_uv_sphere_add(location=(x, 0, 0))\n",
    "import bpy\nmat = bpy.data.materials.new('M')\nmat.use_nodes = True\n"
    "mat.node_tree.nodes['Principled BSDF'].inputs['Roughness'].default_value = 0.2\n",
    "import bpy\nbpy.ops.mesh.primitive_monkey_add()\n"
    "bpy.context.object.modifiers.new('S', 'SUBSURF').levels = 2\nbpy.context.view_layer.update()\n",
    "import bpy\ncurve = bpy.data.curves.new('C', 'CURVE')\ncurve.splines.new('BEZIER').bezier_points.add(8)\n"
    "bpy.context.collection.objects.link(bpy.data.objects.new('C', curve))\n",
    "import bpy\nobj = bpy.data.objects.new('E', None)\nbpy.context.collection.objects.link(obj)\n"
    "for frame in range(1, 50):\n    obj.location.x = frame\n    obj.keyframe_insert('location', frame=frame)\n",
    "import bpy\ntree = bpy.data.node_groups.new('G', 'GeometryNodeTree')\n"
    "for kind in ('GeometryNodeMeshCube', 'GeometryNodeSetPosition', 'GeometryNodeJoinGeometry'):\n"
    "    tree.nodes.new(kind)\n",
)
PASSES = tuple("nothing" not in script for script in SCRIPTS)
FRESH = (
    "import sys; sys.path.insert(0, {site!r})\n"
    "import bpy\nbpy.ops.wm.read_factory_settings(use_empty=True)\n"
    "exec(compile({script!r}, 'script', 'exec'))\n"
)


class Way(NamedTuple):
    """One way to run the scripts."""

    name: str
    seconds: list[float]
    """Per script."""


def timed(name: str, run: Callable[[str], bool], rounds: int) -> Way:
    """Runs every script `rounds` times; stops with an error where a verdict is wrong."""
    seconds = []
    for _ in range(rounds):
        for script, passes in zip(SCRIPTS, PASSES, strict=True):
            started = time.perf_counter()
            if run(script) != passes:
                raise SystemExit(f"{name} judged wrongly:\n{script}")
            seconds.append(time.perf_counter() - started)
    return Way(name, seconds)


def fresh(runtime: Runtime, script: str) -> list[str]:
    return [runtime.python, "-I", "-S", "-c", FRESH.format(site=runtime.site, script=script)]


def boxed_fresh(runtime: Runtime, script: str) -> list[str]:
    """The box's own arguments, with a fresh interpreter in place of the server."""
    whole = box.command(runtime, 0, tmp=1 << 30)
    return [*whole[: whole.index("--", 1) + 1], *fresh(runtime, script)]


def ended_well(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False, timeout=60).returncode == 0


def compare(runtime: Runtime, rounds: int, fork_rounds: int) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with Blender(runtime) as blender:
        blender.run(SCRIPTS[0], result="counts")
        plain = timed("boxed forks", lambda s: blender.run(s, dump=False).verdict == "passed", fork_rounds)
        judged = timed(
            "boxed forks, judged", lambda s: blender.run(s, result="counts").verdict == "passed", fork_rounds
        )
    boxed = timed("box around a fresh process", lambda s: ended_well(boxed_fresh(runtime, s)), rounds)
    alone = timed("fresh process", lambda s: ended_well(fresh(runtime, s)), rounds)
    print(f"Blender {runtime.version}, {len(SCRIPTS)} mixed scripts, one core")
    base = statistics.mean(alone.seconds)
    for way in (alone, boxed, judged, plain):
        mean = statistics.mean(way.seconds)
        print(
            f"  {way.name:<28} {1 / mean:7.1f} scripts/s   mean {mean * 1000:7.1f} ms"
            f"   median {statistics.median(way.seconds) * 1000:7.1f} ms   {base / mean:5.1f} x   n={len(way.seconds)}"
        )


def soak(runtime: Runtime, units: int) -> None:
    """Units in a row on one server; exits 1 where something leaks."""
    with Blender(runtime, units=units + 1000) as blender:
        for number in range(100):
            blender.run(SCRIPTS[number % len(SCRIPTS)], result="counts")
        assert blender.pid is not None
        family = psutil.Process(blender.pid).children(recursive=True)
        server = next(process for process in family if "python" in process.name())
        before = (server.memory_info().rss, server.num_fds(), blender.pid, psutil.Process().num_fds())
        started = time.monotonic()
        wrong = 0
        for number in range(units):
            which = number % len(SCRIPTS)
            wrong += (blender.run(SCRIPTS[which], result="counts").verdict == "passed") != PASSES[which]
        seconds = time.monotonic() - started
        after = (server.memory_info().rss, server.num_fds(), blender.pid, psutil.Process().num_fds())
        left = len(server.children())
    grown = 100 * (after[0] / before[0] - 1)
    print(
        f"{units} units in {seconds:.0f} s, {wrong} wrong;"
        f" parent {before[0] >> 20} -> {after[0] >> 20} MiB ({grown:+.2f} %),"
        f" files {before[1]} -> {after[1]} in the box, {before[3]} -> {after[3]} outside, {left} processes left"
    )
    if wrong or left or grown >= 5 or before[1:] != after[1:]:
        sys.exit(1)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--blender", default=None)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--soak", type=int, default=0)
    chosen = words.parse_args()
    runtime = find(chosen.blender)
    if chosen.soak:
        soak(runtime, chosen.soak)
    else:
        compare(runtime, chosen.rounds, chosen.rounds * 10)


if __name__ == "__main__":
    main()
