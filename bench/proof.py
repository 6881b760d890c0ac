"""What a proof costs, where the time goes, and what it finds: statements that nothing misses, effects that agree.

    python bench/proof.py FOLDER [--every 10] [--exact 50] [--drops FILE]

Every so many-th .blend below FOLDER becomes candidates as in a build, and they are proved on every Blender that is
installed with a clock around every part. `--exact N` judges so many of the examples, drawn by chance, in a clean
process on each Blender as well and counts where that says another thing; of every tenth of them it leaves out every
statement in a fork of its own, as the proof does only where nothing misses one, and counts where the two ways differ.
`--drops` writes every dropped candidate to a file, a JSON line each, to be judged by reading.
Processor time is that of this process and of all that ran in the boxes, without what `--exact` adds.
"""

from __future__ import annotations

import argparse
import ast
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import psutil

from voxel.blender import Blender
from voxel.bpycode import scripts
from voxel.errors import BadInput
from voxel.records.example import DroppedCandidate, Provenance
from voxel.training.dataset_builder import minimal, proving
from voxel.training.dataset_builder.blender_dataset import default_versions
from voxel.training.dataset_builder.candidate import FOLLOW_UP, Candidate, PlanCandidate
from voxel.training.dataset_builder.lines import Proved
from voxel.training.dataset_builder.naming import plain_names
from voxel.training.dataset_builder.proving import Prover, judge, wrong_with
from voxel.training.dataset_builder.roles import candidates
from voxel.training.dataset_builder.together import together


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


def processor() -> float:
    """Processor seconds of this process and of the boxes below it, dead ones that were waited for included."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(one.cpu_times()[:4]) for one in family)


def kind_of(statement: ast.stmt) -> str:
    """What sort of statement it is, such as `… .use_fake_user = …` or `… .append()`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        return f".{statement.targets[0].attr} ="
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return f"{ast.unparse(statement.value.func).split('.')[-1]}()"
    return type(statement).__name__


def differing(blender: Blender, sources: tuple[str, ...], missed: minimal.Missed) -> tuple[int, int]:
    """(statements, those on which leaving out in a fork of its own says another thing than the proof)."""
    (found,) = together([minimal.tried(blender, sources, missed, timeout=30)])
    quick = {found.spare.way} if found.spare else set()
    count = wrong = 0
    for one in minimal.statements(ast.parse(sources[-1])):
        try:
            scene = blender.trial(*sources[:-1], minimal.blanked(sources[-1], one)).scene
            needed = bool(missed(scene))
        except BadInput:
            needed = True
        count += 1
        wrong += needed == (one.way in quick)
    return count, wrong


def exact(blenders: Sequence[Blender], made: Sequence[tuple[Candidate | PlanCandidate, Proved]]) -> None:
    """Judges examples anew in clean processes, and prints how many are judged otherwise."""
    judged: Counter[str] = Counter()
    otherwise: Counter[str] = Counter()
    count = wrong = 0
    for number, (candidate, line) in enumerate(made):
        example = line.example
        sources = scripts(example.role, example.context, example.completion)
        after = None
        if isinstance(candidate, Candidate):
            after = plain_names(candidate.before, candidate.after)[1]
        for place, blender in enumerate(blenders):
            series = blender.runtime.series
            reason = judge(blender, sources, example.checks, None if place else after)
            told = series in example.blender
            judged[series] += 1
            # a second turn also needs the first one to hold, so that it may be said of fewer versions
            if told == bool(reason) and (told or example.category != FOLLOW_UP):
                otherwise[series] += 1
                print(f"judged otherwise: {example.id} on {series}: {reason or 'it holds'}")
        if number % 10 == 0 and after is not None:
            held = differing(blenders[0], sources, lambda scene: wrong_with(scene, example.checks, after))  # noqa: B023
            count, wrong = count + held[0], wrong + held[1]
    for series, many in judged.items():
        print(f"judged in clean processes of {series}: {many} examples, {otherwise[series]} judged otherwise")
    print(f"left out in forks of their own: {count} statements, {wrong} judged otherwise")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--exact", type=int, default=0)
    parser.add_argument("--drops", type=Path)
    given = parser.parse_args()
    clock, spare, proofs, lines = Clock(), Counter[str](), Counter[str](), Counter[str]()
    made: list[tuple[Candidate | PlanCandidate, Proved]] = []
    dropped: list[DroppedCandidate] = []
    statements = 0
    inner_tried, inner_lined = minimal.tried, proving.lined

    def watched(blender: Blender, sources: Any, missed: Any, **named: Any) -> Any:
        nonlocal statements
        found = yield from inner_tried(blender, sources, missed, **named)
        statements += len(list(minimal.statements(ast.parse(sources[-1])))) if not found.trouble else 0
        spare.update([kind_of(found.spare.node)] if found.spare else [])
        return found

    def lined(candidate: Candidate | PlanCandidate, *values: Any, **named: Any) -> Proved:
        line = inner_lined(candidate, *values, **named)
        made.append((candidate, line))
        return line

    with ExitStack() as stack:
        blenders = [stack.enter_context(Blender(version)) for version in default_versions()]
        scenes = []
        for path in sorted(path for path in given.folder.rglob("*.blend"))[:: given.every]:
            try:
                scenes.append((path, msgspec.json.decode(blenders[0].load(path))))
            except BadInput as error:
                lines[f"not read: {type(error).__name__}"] += 1
        for blender in blenders:
            series = blender.runtime.series
            clock.around(blender, "trials", lambda *_, series=series, **__: f"{series} in shared forks")
            clock.around(blender, "trial", lambda *_, series=series, **__: f"{series} in a fork of its own")
            clock.around(blender, "run", lambda *_, series=series, **__: f"{series} run, save, load, dump (clean)")
        clock.around(
            blenders[0], "render", lambda *s, **_: "picture, file" if isinstance(s[0], Path) else "picture, example"
        )
        clock.around(blenders[0], "load", lambda *_, **__: "effects of the file")
        clock.around(proving, "differences", lambda *_, **__: "comparison")
        minimal.tried, proving.lined = watched, lined
        prover = Prover(blenders)
        busy, began = processor(), time.perf_counter()
        for path, scene in scenes:
            prover.next_file(path, scene)
            for line in prover.prove_all(candidates(scene), Provenance(source="folder", path=path.name)):
                if isinstance(line, Proved):
                    lines["proved"] += 1
                    proofs.update(f"{line.example.role}: {proof}" for proof in line.example.proved)
                else:
                    lines[f"dropped: {line.dropped.reason.split(':')[0]}"] += 1
                    dropped.append(line.dropped)
        seconds, busy = time.perf_counter() - began, processor() - busy
        minimal.tried, proving.lined = inner_tried, inner_lined
        parts = sorted(clock.seconds.items(), key=lambda one: -one[1])
        calls = dict(clock.calls)
        proved = max(1, lines["proved"])
        print(f"{len(scenes)} files, {dict(lines)}")
        print(f"{seconds / proved:.3f} s and {busy / proved:.3f} core-seconds per example")
        for part, spent in parts:
            print(f"  {part:<36} {spent / proved * 1000:7.1f} ms per example   {calls[part]:6} calls")
        rest = seconds - sum(spent for _, spent in parts)
        print(f"  {'everything else':<36} {rest / proved * 1000:7.1f} ms per example")
        total = sum(spare.values())
        print(f"{total} of {statements} statements are not missed, {1000 * total / max(1, statements):.1f} in 1,000")
        for kind, count in spare.most_common(12):
            print(f"  {count:5}  {kind}")
        for proof, count in sorted(proofs.items()):
            print(f"  {count:5}  {proof}")
        if given.drops:
            given.drops.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in dropped))
        if given.exact:
            exact(blenders, random.Random(1).sample(made, min(given.exact, len(made))))


if __name__ == "__main__":
    main()
