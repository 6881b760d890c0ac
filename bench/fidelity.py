"""How much of real files comes back when they are written as code and that code is run.

    python bench/fidelity.py [FOLDER...] [--python PYTHON] [--limit N] [--out FILE] [--scripts DIR] [--use DIR]

Every .blend file of the folders is loaded in a forked Blender and dumped; the Scene is written as code; the code is run
in an empty forked Blender, which is saved, loaded and dumped again; `voxel.facts` compares the two Scenes, and what
Blender makes of both when it evaluates them is compared too. `--python` is an interpreter with bpy (else this one);
files that a user makes with `bench/made_scenes.py` and Blender's own asset files are given as folders like others.
`--scripts` keeps the scripts; `--use` runs scripts kept by another Blender instead of writing them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE)]

from fidelity_items import CLASSES, Item, items, left_out, own  # noqa: E402

from voxel.bpycode import write_all  # noqa: E402
from voxel.facts.compare import block_differences  # noqa: E402
from voxel.facts.compare_effects import lost_below, same_effect  # noqa: E402
from voxel.facts.compare_names import with_names_of  # noqa: E402
from voxel.facts.compare_slots import slot_differences  # noqa: E402

Json = dict[str, Any]

NUMBERS = re.compile(r'\[\d+\]|\["[^"]*"\]|\["[^"]*", \d+\]')


class Worker:
    """A Blender that answers requests, see `fidelity_worker.py`."""

    def __init__(self, python: str) -> None:
        command = [python, str(HERE / "fidelity_worker.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            sys.exit("the Blender of the measurement ended")
        return line

    def ask(self, **request: str) -> Json:
        assert self.process.stdin is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer: Json = json.loads(Path(self._line()).read_text())
        return answer


class Tally:
    """Counts of one table."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.in_part: Counter[str] = Counter()
        self.opaque: Counter[str] = Counter()
        self.unique: dict[str, dict[str, bool]] = defaultdict(dict)
        self.reasons: dict[str, Counter[str]] = defaultdict(Counter)
        self.parts: dict[str, Counter[str]] = defaultdict(Counter)
        self.examples: dict[tuple[str, str], str] = {}
        self.failures: Counter[str] = Counter()

    def count(self, item: Item, reason: str | None, file: str) -> None:
        self.total[item.kind] += 1
        self.good[item.kind] += reason is None
        key = item.unique()
        self.unique[item.kind][key] = self.unique[item.kind].get(key, True) and reason is None
        if reason is not None:
            reason = NUMBERS.sub("[]", reason)[:150]
            self.reasons[item.kind][reason] += 1
            self.examples.setdefault((item.kind, reason), file)

    def lines(self) -> list[str]:
        """The table and the reasons, as Markdown."""
        kinds = [*CLASSES, *sorted(set(self.total) - set(CLASSES))]
        result = [
            "| class | items | proved | unique | proved | bar | proved but for a part | opaque |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for kind in kinds:
            if not self.total[kind] and not self.opaque[kind]:
                continue
            unique = self.unique[kind]
            share = sum(unique.values()) / max(1, len(unique))
            bar = CLASSES.get(kind)
            said = "" if bar is None else f"{bar:.0%}" + ("" if share >= bar else " **missed**")
            result.append(
                f"| {kind} | {self.total[kind]} | {self.good[kind] / max(1, self.total[kind]):.1%} | {len(unique)} | "
                f"{share:.1%} | {said} | {self.in_part[kind] or ''} | {self.opaque[kind] or ''} |"
            )
        whole, good = sum(self.total.values()), sum(self.good.values())
        result += [f"| all | {whole} | {good / max(1, whole):.2%} | | | | {sum(self.in_part.values())} | "
                   f"{sum(self.opaque.values())} |", "", "What did not come back:", ""]  # fmt: skip
        result += [f"- {count} files: {reason}" for reason, count in self.failures.most_common(25)]
        for title, table in (("", self.reasons), ("in part, ", self.parts)):
            for kind in kinds:
                result += [
                    f"- {title}{kind}, {count}: {reason} ({self.examples[(kind, reason)]})"
                    for reason, count in table[kind].most_common(12)
                ]
        return result


def judge(
    tally: Tally, wanted: Json, back: Json, lost: dict[str, str], failure: str, file: str, *, bundled: bool
) -> None:
    """Counts the items of one file."""
    scene, effects = wanted["scene"], wanted["effects"]
    again: Json = dict(with_names_of(scene, back["scene"])) if "scene" in back else {"blocks": {}, "active_scene": ""}
    evaluated = back.get("effects", {"shapes": {}, "poses": {}, "courses": {}})
    of_block: dict[str, list[Item]] = defaultdict(list)
    for item in items(scene, bundled):
        of_block[item.block].append(item)
    for name, shape in effects["shapes"].items():
        item = Item("evaluated geometry", "objects", name, ("(evaluated)",), shape)
        if same_effect(shape, evaluated["shapes"].get(name)):
            tally.count(item, None, file)
        elif lost_below(scene, (item.collection, item.name), lost):
            tally.opaque[item.kind] += 1
        else:
            tally.count(
                item, failure or f"expected {_brief(shape)}, found {_brief(evaluated['shapes'].get(name))}", file
            )
    current = str(again["active_scene"])
    for mine in of_block.values():
        first = mine[0]
        active = (first.collection, first.name) == ("scenes", scene["active_scene"])
        other = again["blocks"].get(first.collection, {}).get(current if active else first.name)
        block = scene["blocks"][first.collection][first.name]
        found = [] if other is None else block_differences(block, other, "")
        found += [] if other is None else slot_differences(scene, again, block, other, "")
        for item in mine:
            why = left_out(item, mine, lost)
            if item.kind == "meshes" and why and "above the limit" in why:
                tally.opaque[item.kind] += 1
                continue
            differing = own(item, mine, found)
            reason = None
            if other is None:
                reason = failure or (f"named: {why}" if why else "is not there")
            elif differing:
                reason = f"named: {why}" if why else str(differing[0])
            elif not same_effect(*_effect(item, effects, evaluated)) and not lost_below(
                scene, (item.collection, item.name), lost
            ):
                reason = "evaluates to something else"
            elif why:
                tally.in_part[item.kind] += 1
                tally.parts[item.kind][NUMBERS.sub("[]", why)[:60]] += 1
                tally.examples.setdefault((item.kind, NUMBERS.sub("[]", why)[:60]), file)
            tally.count(item, reason, file)


def _effect(item: Item, effects: Json, evaluated: Json) -> tuple[Any, Any]:
    """What evaluation shows of an item, before and after."""
    table = {"modifier stacks": "shapes", "constraints": "poses", "actions": "courses"}.get(item.kind)
    if table is None:
        return None, None
    return effects[table].get(item.name), evaluated[table].get(item.name)


def _brief(shape: Any) -> Any:
    return shape and [shape["vertices"], shape["edges"], shape["faces"], [row[:1] for row in shape["along"]]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", default=[str(HERE.parents[1] / "shared/corpus")])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--out")
    parser.add_argument("--scripts")
    parser.add_argument("--use")
    options = parser.parse_args()
    worker = Worker(options.python)
    files = [(path, Path(folder)) for folder in options.folders for path in sorted(Path(folder).rglob("*.blend"))]
    files = [(path, folder) for path, folder in files if options.only in str(path)]
    files = files[:: max(1, len(files) // options.limit)] if options.limit else files
    tally, began, writing, lines = Tally(), time.monotonic(), 0.0, 0
    for path, folder in files:
        file = str(path.relative_to(folder))
        kept = file.replace("/", "__") + ".py"
        wanted = worker.ask(load=str(path))
        if "error" in wanted:
            tally.failures[f"load: {wanted['error'].replace(str(folder), '')[:120]} ({file})"] += 1
            continue
        start = time.monotonic()
        try:
            written = write_all(wanted["scene"])
        except Exception as error:  # noqa: BLE001 - counted as a failure of the writer
            frame = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
            tally.failures[f"write: {why[:140]} ({file})"] += 1
            continue
        writing += time.monotonic() - start
        source = written.source
        if options.scripts:
            Path(options.scripts).mkdir(parents=True, exist_ok=True)
            Path(options.scripts, kept).write_text(source)
        if options.use:
            if not Path(options.use, kept).exists():
                tally.failures[f"no script of {file}"] += 1
                continue
            source = Path(options.use, kept).read_text()
        lines += source.count("\n")
        back = worker.ask(run=source)
        failure = f"the script failed: {back['error'][:110]}" if "error" in back else ""
        if failure:
            tally.failures[f"run: {back['error'][:140]} ({file})"] += 1
        lost = {item.path: item.reason for item in written.skipped}
        lost |= {item["path"]: item["reason"] for item in wanted["scene"]["opaque"]}
        judge(tally, wanted, back, lost, failure, file, bundled="datafiles/assets" in str(path))
    head = (
        f"Blender {worker.version}, {len(files)} files, {time.monotonic() - began:.0f} s ({writing:.1f} s of it "
        f"writing), {lines} lines of code."
    )
    text = "\n".join([head, "", *tally.lines()]) + "\n"
    if options.out:
        Path(options.out).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
