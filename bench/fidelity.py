"""How much of real files comes back when they are written as code and that code is run.

    python bench/fidelity.py [FOLDER] [--limit N] [--out bench/fidelity.md] [--scripts DIR] [--jobs 1]

Every .blend file of the folder is loaded in a forked Blender and dumped; the Scene is written as code; the code is run
in an empty forked Blender, which is dumped again; the two Scenes are compared datablock by datablock, with numbers
equal within 1e-4 * max(1, |a|, |b|) and nodes known by their place instead of their name. Run it with an interpreter
that has bpy; scripts inside the files are never run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent / "src/voxel/blender/inside")]

Json = dict[str, Any]

LAYOUT = frozenset({"location", "width", "label", "parent"})
UNMEANT = frozenset({"dimensions"})


def close(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a == b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-4 * max(1.0, abs(a), abs(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    return bool(a == b)


def first_difference(a: Any, b: Any, path: str = "") -> str:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            if key not in a or key not in b:
                return f"{path}.{key}: {'extra' if key not in a else 'missing'}"
            if not close(a[key], b[key]):
                return first_difference(a[key], b[key], f"{path}.{key}")
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{path}: {len(a)} items, {len(b)} came back"
        for one, other in zip(a, b, strict=True):
            if not close(one, other):
                return first_difference(one, other, f"{path}[]")
    return f"{path}: {str(a)[:40]} -> {str(b)[:40]}"


def normal_tree(tree: Json) -> Json:
    nodes = sorted((node for node in tree["nodes"] if node["type"] != "NodeFrame"), key=lambda node: str(node["type"]))
    place = {node["name"]: index for index, node in enumerate(nodes)}
    tidy = []
    for node in nodes:
        entry = {key: part for key, part in node.items() if key not in LAYOUT and key != "name"}
        if "paired" in entry:
            entry["paired"] = place.get(entry["paired"])
        for side in ("inputs", "outputs"):
            entry[side] = [[item["index"], item["value"]] for item in entry.get(side, [])]
        tidy.append(entry)
    links = sorted(
        [place[link["from"]["node"]], link["from"]["index"], place[link["to"]["node"]], link["to"]["index"]]
        for link in tree["links"]
        if link["from"]["node"] in place and link["to"]["node"] in place
    )
    interface = [{k: v for k, v in item.items() if k != "identifier"} for item in tree.get("interface", [])]
    return {"nodes": tidy, "links": links, "interface": interface, "animation": tree.get("animation")}


def normal(block: Json) -> Json:
    entry = {key: part for key, part in block.items() if key not in UNMEANT}
    if entry.get("tree"):
        entry["tree"] = normal_tree(entry["tree"])
    for modifier in entry.get("modifiers", []):
        modifier["inputs"] = [[item["name"], item.get("value")] for item in modifier.get("inputs", [])]
    for curve in entry.get("fcurves", []):
        curve.pop("group", None)
        curve.pop("slot", None)
    if "slots" in entry and entry["slots"] and "target" in entry["slots"][0]:
        entry["slots"] = [slot["target"] for slot in entry["slots"]]
    if isinstance(entry.get("animation"), dict):
        entry["animation"] = {key: part for key, part in entry["animation"].items() if key != "slot"}
    geometry = entry.get("geometry")
    if geometry:
        entry["geometry"] = normal_geometry(geometry)
    return entry


def normal_geometry(geometry: Json) -> Json:
    entry = dict(geometry)
    data = entry.get("data")
    if data:
        entry["data"] = {**data, "edges": sorted(sorted(edge) for edge in data.get("edges", []))}
    return entry


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
                except BaseException as error:
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
                return {"error": "timeout"}
            time.sleep(0.002)
        if status or not out.exists():
            return {"error": f"crashed with status {status}"}
        return json.loads(out.read_text())


def load_and_dump(path: Path, fresh: Json) -> Json:
    import bpy
    from dump import dump

    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    return dump(fresh)


def run_and_dump(source: str, fresh: Json) -> Json:
    import bpy
    from dump import dump

    exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})
    with tempfile.TemporaryDirectory() as folder:
        saved = str(Path(folder, "made.blend"))
        bpy.ops.wm.save_as_mainfile(filepath=saved)
        bpy.ops.wm.open_mainfile(filepath=saved, load_ui=False, use_scripts=False)
        return dump(fresh)


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
    unique: dict[str, set[str]] = defaultdict(set)
    unique_exact: dict[str, set[str]] = defaultdict(set)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    examples: dict[tuple[str, str], str] = {}
    failures: Counter[str] = Counter()
    began = time.monotonic()
    written_in = 0.0
    lines = []
    for number, path in enumerate(files):
        kept = Path(options.scenes, f"{path.relative_to(options.folder)}".replace("/", "__") + ".json") if options.scenes else None
        if kept is not None and kept.exists():
            loaded = json.loads(kept.read_text())
        else:
            loaded = in_child(lambda path=path: load_and_dump(path, fresh), 60)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(loaded))
        if "ok" not in loaded:
            failures[f"load: {loaded['error'][:100]}"] += 1
            continue
        scene = loaded["ok"]
        start = time.monotonic()
        try:
            written = write_all(scene)
        except Exception as error:
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
        again = in_child(lambda source=written.source: run_and_dump(source, fresh), 60)
        back: Json = again.get("ok", {"blocks": {}})
        if "ok" not in again:
            failures[f"run: {again['error'][:120]}"] += 1
            examples[("run", again["error"][:120])] = str(path)
        for collection, blocks in scene["blocks"].items():
            for name, block in blocks.items():
                if block["props"].get("source") == "VIEWER" or (collection == "linestyles" and not block["props"]):
                    continue
                want = normal(block)
                key = json.dumps(want, sort_keys=True)
                other = back["blocks"].get(collection, {}).get(name)
                same = other is not None and close(want, normal(other))
                total[collection] += 1
                exact[collection] += same
                unique[collection].add(key)
                if same:
                    unique_exact[collection].add(key)
                    continue
                reason = "the script failed" if "ok" not in again else "is not there"
                if other is not None:
                    reason = first_difference(want, normal(other))
                reason = reason[:110]
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
        "| class | items | came back | unique | came back |",
        "|---|---|---|---|---|",
    ]
    for collection, count in total.most_common():
        share = len(unique_exact[collection]) / len(unique[collection])
        report.append(
            f"| {collection} | {count} | {exact[collection] / count:.1%} | {len(unique[collection])} | {share:.1%} |"
        )
    whole, good = sum(total.values()), sum(exact.values())
    report += [f"| all | {whole} | {good / max(1, whole):.2%} | | |", "", "## What did not come back", ""]
    for reason, count in failures.most_common(25):
        report.append(f"- {count} files: {reason}" + (f" — {examples[('run', reason[5:])]}" if reason.startswith("run: ") and ("run", reason[5:]) in examples else ""))
    for collection, counter in reasons.items():
        report += ["", f"### {collection}", ""]
        report += [f"- {count}: {reason} — {examples[(collection, reason)]}" for reason, count in counter.most_common(14)]
    text = "\n".join(report) + "\n"
    if options.out:
        Path(options.out).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
