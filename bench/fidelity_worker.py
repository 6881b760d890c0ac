"""The Blender side of `bench/fidelity.py`: opens files and runs scripts, each in a fork, and dumps what is there.

Started as `PYTHON bench/fidelity_worker.py` with an interpreter that has bpy. Reads one JSON request a line from
standard input, `{"load": path}` or `{"run": source}`, and answers with the name of a JSON file that holds
`{"scene", "effects"}` or `{"error"}`, a line each. Scripts inside files are never run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src/voxel/blender/inside")]

Json = dict[str, Any]

LIMIT = 300.0


def in_child(work: Any, out: Path, limit: float = LIMIT) -> None:
    """Writes what `work()` returns, or what went wrong, to `out`; in a fork of this process."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            try:
                result: Any = work()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
                frame = traceback.extract_tb(error.__traceback__)[-1]
                where = frame.lineno if frame.filename == "<script>" else f"{Path(frame.filename).name}:{frame.lineno}"
                result = {"error": f"{type(error).__name__}: {error} (line {where})"}
            out.write_text(json.dumps(result))
            code = 0
        finally:
            os._exit(code)
    until = time.monotonic() + limit
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            out.write_text('{"error": "timeout"}')
            return
        time.sleep(0.002)
    if status:
        out.write_text(json.dumps({"error": f"crashed with status {status}"}))


def load(path: str, fresh: Json) -> Json:
    import bpy
    from dump import dump
    from fidelity_effects import effects

    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    scene = dump(fresh)
    return {"scene": scene, "effects": effects()}


def run(source: str, fresh: Json) -> Json:
    import bpy

    exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})  # the writer's own script
    for kind in bpy.data.bl_rna.properties.keys():  # noqa: SIM118
        blocks = getattr(bpy.data, kind)
        for block in blocks if isinstance(blocks, bpy.types.bpy_prop_collection) else ():
            if not block.users and kind != "scenes":  # what nothing uses would not be saved
                block.use_fake_user = True
    with tempfile.TemporaryDirectory() as folder:
        saved = str(Path(folder, "made.blend"))
        bpy.ops.wm.save_as_mainfile(filepath=saved, relative_remap=False)
        return load(saved, fresh)


def main() -> None:
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import bpy
    from dump import fresh as make_fresh

    bpy.ops.wm.read_factory_settings(use_empty=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "answer.json")
        in_child(make_fresh, out)
        fresh = json.loads(out.read_text())
        print(bpy.app.version_string, file=answers, flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            work = partial(load, request["load"]) if "load" in request else partial(run, request["run"])
            in_child(partial(work, fresh), out)
            print(out, file=answers, flush=True)


if __name__ == "__main__":
    main()
