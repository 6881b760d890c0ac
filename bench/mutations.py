"""Whether the comparator notices what is wrong with a script: statements that are missing, numbers that are others.

    python bench/mutations.py [FOLDER...] [--python PYTHON] [--other PYTHON] [--count N] [--seed N] [--out FILE]

Scenes of real files are written as code. In each mutant of such a script one statement is missing, or one number is
another; Blender runs it. A mutant is noticed when it fails or when `voxel.facts.differences` finds a difference from
what the whole script makes. What is said for the sake of 5.0 alone shows in 5.0: a mutant that one Blender does not
notice is run by the `--other` and compared with what the whole script makes there. Mutants that only change what LAYOUT
lists may go unnoticed; any other is a hole.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE)]

from fidelity import Worker  # noqa: E402

from voxel.bpycode import write_all  # noqa: E402
from voxel.facts import differences  # noqa: E402

LONGEST = 250
PER_FILE = 24

LAYOUT = {
    r"\.use_nodes = True$": "on in new materials of 5.0, and said for 4.5",
    r"nodes\.clear\(\)$": "the nodes of the start are made again beside it",
    r"view_layer\.objects\.active = ": "which object is active is state of the interface",
    r"\.update\(\)$": "Blender updates on saving",
    r"\.name = ": "names of slots, layers, strips and tracks are labels",
    r"links\.new\(": "links between the same sockets twice",
    r"remove_doubles\(.*dist=": "how near vertices are one, far below the distances that there are",
}
"""What statements may be missing without a difference, as patterns of their source, and why."""

CUSTOM = re.compile(r'\w+(\["[^"]+"\]) = [-\d.]+$')
MOVED = "a custom property that an f-curve moves has the value of the frame; the number only makes it a number"


def excuse(said: str, source: str) -> str | None:
    """Why a mutant of a script may go unnoticed; None when it is a hole."""
    custom = CUSTOM.search(said)
    if custom is not None and f"'{custom[1]}'" in source:
        return MOVED
    return next((reason for pattern, reason in LAYOUT.items() if re.search(pattern, said)), None)


def spots(tree: ast.Module) -> Iterator[tuple[list[ast.stmt], int]]:
    """Every statement but imports and definitions, as its list and place."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.For, ast.If)) and isinstance(body, list):
            for place, statement in enumerate(body):
                if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Expr, ast.For, ast.If)):
                    yield body, place


def without(source: str, number: int) -> tuple[str, str]:
    """The script without its statement of that number, and that statement's first line."""
    tree = ast.parse(source)
    body, place = list(spots(tree))[number]
    said = ast.unparse(body[place]).split("\n")[0]
    body[place] = ast.Pass()
    return ast.unparse(ast.fix_missing_locations(tree)), said


def numbers(tree: ast.Module) -> list[ast.Constant]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is float]


def other_number(source: str, number: int) -> tuple[str, str]:
    """The script with another number in that place, and what was changed."""
    tree = ast.parse(source)
    node = numbers(tree)[number]
    was = node.value
    assert isinstance(was, float)
    node.value = round(was * 0.7 - 0.013 if was > 0.5 else was + 0.037, 6)
    return ast.unparse(tree), f"{was} -> {node.value} in line {node.lineno}: {source.splitlines()[node.lineno - 1]}"


def sample(chance: random.Random, places: range) -> list[int]:
    return chance.sample(places, min(PER_FILE // 2, len(places)))


def differs(worker: Worker, source: str, mutant: str) -> bool:
    """Whether a mutant of a script, which this Blender runs, fails or makes something else than the script."""
    whole = worker.ask(run=source)
    if "error" in whole:
        return False
    made = worker.ask(run=mutant)
    return "error" in made or bool(differences(whole["scene"], made["scene"]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", default=[str(HERE.parents[1] / "shared/corpus")])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--other", help="an interpreter with another Blender's bpy")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out")
    options = parser.parse_args()
    worker, chance = Worker(options.python), random.Random(options.seed)
    other = Worker(options.other) if options.other else None
    by_other: Counter[str] = Counter()
    files = [path for folder in options.folders for path in Path(folder).rglob("*.blend")]
    chance.shuffle(files)
    tried: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    layout: Counter[str] = Counter()
    holes: list[str] = []
    for path in sorted(files, key=lambda path: path.stat().st_size > 2_000_000):
        if sum(tried.values()) >= options.count:
            break
        loaded = worker.ask(load=str(path))
        if "error" in loaded:
            continue
        source = write_all(loaded["scene"]).source
        if source.count("\n") > LONGEST:
            continue
        whole = worker.ask(run=source)
        if "error" in whole:
            continue
        statements, constants = range(len(list(spots(ast.parse(source))))), range(len(numbers(ast.parse(source))))
        mutants = [("statement dropped", without, one) for one in sample(chance, statements)]
        mutants += [("number changed", other_number, one) for one in sample(chance, constants)]
        for kind, mutate, place in mutants:
            mutant, said = mutate(source, place)
            made = worker.ask(run=mutant)
            tried[kind] += 1
            if "error" in made or differences(whole["scene"], made["scene"]):
                noticed[kind] += 1
                continue
            if other is not None and differs(other, source, mutant):
                by_other[kind] += 1
                continue
            why = excuse(said, source)
            if why is None:
                holes.append(f"{kind}: {said[:140]} ({path.name})")
            else:
                layout[why] += 1
    second = other.version if other is not None else "no other"
    lines = [f"Blender {worker.version} and {second}", ""]
    lines += ["| mutants | tried | noticed | by the other Blender |", "|---|---|---|---|"]
    lines += [f"| {kind} | {count} | {noticed[kind]} | {by_other[kind]} |" for kind, count in tried.items()]
    lines += ["", f"Only layout: {sum(layout.values())}", *(f"- {count}: {why}" for why, count in layout.items())]
    lines += ["", f"Not noticed: {len(holes)}", *(f"- {hole}" for hole in holes)]
    text = "\n".join(lines) + "\n"
    if options.out:
        Path(options.out).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
