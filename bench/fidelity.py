"""How much of real files comes back when they are written as code and that code is run.

    python bench/fidelity.py [FOLDER] [--limit N] [--out FILE] [--scripts DIR]

Every .blend file of the folder is loaded in a forked Blender and dumped; the Scene is written as code; the code is run
in an empty forked Blender, which is saved, loaded and dumped again; `voxel.facts` compares the two Scenes datablock by
datablock. "Named as lost" are items that did not come back whole and that the dump or the writer says so of. Run it
with an interpreter that has bpy; scripts inside the files are never run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "src/voxel/blender/inside")]

Json = dict[str, Any]

NUMBERS = re.compile(r'\[\d+\]|\["[^"]*"\]')


def in_child(work: Any, limit: float) -> Any:
    """The result of `work()` in a fork of this process; a string that says what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "result.json")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                quiet = os.open(os.devnull, os.O_WRONLY)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                try:
                    result: Any = {"ok": work()}
                except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
                    frame = traceback.extract_tb(error.__traceback__)[-1]
                    where = (
                        frame.lineno if frame.filename == "<script>" else f"{Path(frame.filename).name}:{frame.lineno}"
                    )
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
                return {"error": "timeout"}
            time.sleep(0.002)
        if status or not out.exists():
            return {"error": f"crashed with status {status}"}
        return json.loads(out.read_text())


def load_and_dump(path: Path, fresh: Json) -> Json:
    import bpy
    from dump import dump

    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    scene: Json = dump(fresh)
    return scene


def run_and_dump(source: str, fresh: Json) -> Json:
    import bpy
    from dump import dump

    exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})
    with tempfile.TemporaryDirectory() as folder:
        saved = str(Path(folder, "made.blend"))
        bpy.ops.wm.save_as_mainfile(filepath=saved, relative_remap=False)
        bpy.ops.wm.open_mainfile(filepath=saved, load_ui=False, use_scripts=False)
        again: Json = dump(fresh)
        return again


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=str(HERE.parents[1] / "shared/corpus"))
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--out")
    parser.add_argument("--scripts")
    parser.add_argument("--scenes", help="folder that keeps the Scenes of the files, to save loading them again")
    options = parser.parse_args()

    import warnings

    warnings.simplefilter("ignore")
    import bpy
    from dump import fresh as make_fresh

    from voxel.bpycode import write_all
    from voxel.facts.compare import block_differences

    bpy.ops.wm.read_factory_settings(use_empty=True)
    made = in_child(make_fresh, 120)
    if "ok" not in made:
        sys.exit(made["error"])
    fresh = made["ok"]
    files = sorted(Path(options.folder).rglob("*.blend"))
    files = [path for path in files if options.only in str(path)]
    files = files[options.start :: max(1, len(files) // options.limit)] if options.limit else files
    total: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    named: Counter[str] = Counter()
    unique: dict[str, set[str]] = defaultdict(set)
    unique_exact: dict[str, set[str]] = defaultdict(set)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    examples: dict[tuple[str, str], str] = {}
    failures: Counter[str] = Counter()
    began = time.monotonic()
    written_in = 0.0
    lines = []
    for number, path in enumerate(files):
        kept = (
            Path(options.scenes, f"{path.relative_to(options.folder)}".replace("/", "__") + ".json")
            if options.scenes
            else None
        )
        if kept is not None and kept.exists():
            loaded = json.loads(kept.read_text())
        else:
            loaded = in_child(partial(load_and_dump, path, fresh), 60)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(loaded))
        if "ok" not in loaded:
            failures[f"load: {loaded['error'].replace(options.folder, '')[:120]}"] += 1
            continue
        scene = loaded["ok"]
        start = time.monotonic()
        try:
            written = write_all(scene)
        except Exception as error:  # noqa: BLE001 - counted as a failure of the writer
            frame = traceback.extract_tb(error.__traceback__)[-1]
            failures[f"write: {type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"[:140]] += 1
            print("write failed", path, error)
            continue
        written_in += time.monotonic() - start
        lines.append(written.source.count("\n"))
        if options.scripts:
            name = f"{path.relative_to(options.folder)}".replace("/", "__")
            Path(options.scripts).mkdir(parents=True, exist_ok=True)
            Path(options.scripts, f"{name}.py").write_text(written.source)
        again = in_child(partial(run_and_dump, written.source, fresh), 60)
        back: Json = again.get("ok", {"blocks": {}})
        if "ok" not in again:
            failures[f"run: {again['error'][:120]}"] += 1
            examples[("run", again["error"][:120])] = str(path.relative_to(options.folder))
        lost = {item["path"]: item["reason"] for item in scene["opaque"]}
        lost |= {item.path: item.reason for item in written.skipped}
        for collection, blocks in scene["blocks"].items():
            for name, block in blocks.items():
                if block["props"].get("source") == "VIEWER" or (collection == "linestyles" and not block["props"]):
                    continue
                key = json.dumps({part: what for part, what in block.items() if part != "dimensions"}, sort_keys=True)
                other_name = (
                    back.get("active_scene") if (collection, name) == ("scenes", scene["active_scene"]) else name
                )
                other = back["blocks"].get(collection, {}).get(other_name)
                found = [] if other is None else block_differences(block, other, "")
                same = other is not None and not found
                where = f'{collection}["{name}"]'
                named_lost = not same and "ok" in again and any(path.startswith(where) for path in lost)
                named[collection] += named_lost
                total[collection] += 1
                exact[collection] += same
                unique[collection].add(key)
                if same:
                    unique_exact[collection].add(key)
                    continue
                reason = "the script failed" if "ok" not in again else "is not there"
                if named_lost:
                    reason = f"named: {next(why for path, why in lost.items() if path.startswith(where))}"
                elif other is not None:
                    reason = NUMBERS.sub("[]", str(found[0]))
                reason = reason[:150]
                reasons[collection][reason] += 1
                examples.setdefault((collection, reason), str(path.relative_to(options.folder)))
        if number % 100 == 99:
            print(f"{number + 1} of {len(files)}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    report = [
        "# Fidelity",
        "",
        f"Blender {bpy.app.version_string}, {len(files)} files, {time.monotonic() - began:.0f} s "
        f"({written_in:.1f} s of it writing), {sum(lines)} lines of code.",
        "",
        "| class | items | came back | named as lost | unique | came back |",
        "|---|---|---|---|---|---|",
    ]
    for collection, count in total.most_common():
        share = len(unique_exact[collection]) / len(unique[collection])
        shares = f"{exact[collection] / count:.1%} | {named[collection] / count:.1%}"
        report.append(f"| {collection} | {count} | {shares} | {len(unique[collection])} | {share:.1%} |")
    whole, good = sum(total.values()), sum(exact.values())
    report += [
        f"| all | {whole} | {good / max(1, whole):.2%} | {sum(named.values()) / max(1, whole):.2%} | | |",
        "",
        "## What did not come back",
        "",
    ]
    for reason, count in failures.most_common(25):
        file = examples.get(("run", reason.removeprefix("run: ")))
        report.append(f"- {count} files: {reason.splitlines()[0]}" + (f", {file}" if file else ""))
    for collection, counter in reasons.items():
        report += ["", f"### {collection}", ""]
        report += [
            f"- {count}: {reason} — {examples[(collection, reason)]}" for reason, count in counter.most_common(14)
        ]
    text = "\n".join(report) + "\n"
    if options.out:
        Path(options.out).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
