"""What a proof costs, where the time goes, and what it finds: statements that nothing misses, effects that agree.

    python bench/proof.py FOLDER [--every 10] [--exact 50]

Every so many-th .blend below FOLDER becomes candidates as in a build, on the default Blender, and each is proved with
a clock around every part. `--exact N` also leaves out every statement of so many answers in a fork of its own, as the
proof does only with those that cannot be taken back, and counts where the two ways differ. Processor time is that of
this process and of all that ran in the boxes.
"""

from __future__ import annotations

import argparse
import ast
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil

from voxel.blender import Blender
from voxel.errors import BadInput
from voxel.records.example import Provenance
from voxel.training.dataset_builder import minimal, proving
from voxel.training.dataset_builder.proving import Proved, Prover, Unproved
from voxel.training.dataset_builder.roles import candidates


class Clock:
    """Wall seconds and calls, by what was done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: Counter[str] = Counter()

    def around(self, owner: Any, name: str, word: Callable[..., str]) -> None:
        """Puts a clock around a function; `word` names the part from its arguments."""
        inner = getattr(owner, name)

        def outer(*values: Any, **named: Any) -> Any:
            part = word(*values, **named)
            began = time.perf_counter()
            try:
                return inner(*values, **named)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - began
                self.calls[part] += 1

        setattr(owner, name, outer)


def processor(blender: Blender) -> float:
    """Processor seconds of this process and of the boxes below it, dead ones that were waited for included."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(one.cpu_times()[:4]) for one in family if blender.pid)


def kind_of(statement: ast.stmt) -> str:
    """What sort of statement it is, such as `… .use_fake_user = …` or `… .append()`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        return f".{statement.targets[0].attr} ="
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return f"{ast.unparse(statement.value.func).split('.')[-1]}()"
    return type(statement).__name__


def differing(blender: Blender, sources: tuple[str, ...], missed: minimal.Missed, timeout: float) -> tuple[int, int]:
    """(statements, those on which leaving out says another thing than the quick way)."""
    quick = {one.way for one in minimal.tried(blender, sources, missed, timeout=timeout).spare}
    tree = ast.parse(sources[-1])
    count = wrong = 0
    for one in minimal.statements(tree):
        without = (*sources[:-1], ast.unparse(minimal.left_out(tree, one)))
        try:
            needed = bool(missed(blender.trial(*without, timeout=timeout).scene))
        except BadInput:
            needed = True
        count += 1
        wrong += needed == (one.way in quick)
    return count, wrong


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--exact", type=int, default=0)
    given = parser.parse_args()
    clock, spare, proofs, lines = Clock(), Counter[str](), Counter[str](), Counter[str]()
    statements = exact = wrong = 0
    left = given.exact
    inner_tried = minimal.tried

    def watched(blender: Blender, sources: Any, missed: Any, **named: Any) -> minimal.Tried:
        nonlocal statements, exact, wrong, left
        found = inner_tried(blender, sources, missed, **named)
        statements += len(list(minimal.statements(ast.parse(sources[-1])))) if not found.trouble else 0
        spare.update(kind_of(one.node) for one in found.spare[-1:])
        if left > 0 and not found.trouble and not found.spare:
            left -= 1
            minimal.tried = inner_tried
            count, other = differing(blender, sources, missed, named["timeout"])
            minimal.tried = watched
            exact, wrong = exact + count, wrong + other
        return found

    with Blender() as blender:
        files = sorted(given.folder.rglob("*.blend"))[:: given.every]
        scenes = []
        for path in files:
            try:
                scenes.append((path, msgspec.json.decode(blender.load(path))))
            except BadInput as error:
                lines[f"not read: {type(error).__name__}"] += 1
        clock.around(blender, "trial", lambda *_, places=(), **__: "with single statements" if places else "left out")
        clock.around(blender, "run", lambda *_, **__: "run, save, load, dump (clean)")
        clock.around(
            blender, "render", lambda *s, **_: "picture, file" if isinstance(s[0], Path) else "picture, example"
        )
        clock.around(blender, "load", lambda *_, **__: "effects of the file")
        clock.around(proving, "differences", lambda *_, **__: "comparison")
        minimal.tried = watched
        prover = Prover([blender])
        busy, began = processor(blender), time.perf_counter()
        for path, scene in scenes:
            prover.next_file(path)
            for candidate in candidates(scene):
                line = prover.prove(candidate, Provenance(source="folder", path=path.name))
                if isinstance(line, Proved):
                    lines["proved"] += 1
                    proofs.update(f"{line.example.role}: {proof}" for proof in line.example.proved)
                elif isinstance(line, Unproved):
                    lines[f"dropped: {line.dropped.reason.split(':')[0]}"] += 1
        seconds, busy = time.perf_counter() - began, processor(blender) - busy
    proved = max(1, lines["proved"])
    print(
        f"{len(scenes)} files, {dict(lines)}; {seconds / proved:.3f} s and {busy / proved:.3f} core-seconds per example"
    )
    for part, spent in sorted(clock.seconds.items(), key=lambda one: -one[1]):
        print(f"  {part:<32} {spent / proved * 1000:7.1f} ms per example   {clock.calls[part]:6} calls")
    rest = seconds - sum(clock.seconds.values())
    print(f"  {'everything else':<32} {rest / proved * 1000:7.1f} ms per example")
    total = sum(spare.values())
    print(f"{total} of {statements} statements are not missed, {1000 * total / max(1, statements):.1f} in 1,000")
    for kind, count in spare.most_common(12):
        print(f"  {count:5}  {kind}")
    for proof, count in sorted(proofs.items()):
        print(f"  {count:5}  {proof}")
    if given.exact:
        print(f"left out in forks: {exact} statements, {wrong} judged otherwise")


if __name__ == "__main__":
    main()
