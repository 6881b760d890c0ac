"""Benchmarks of others, in CADBench's form: prompts without a reference, criteria for a judge.

A line is `{id, name, instruction, type, criteria: {group: {aspect: [statement, ...]}}}`; keys beyond these are left
alone. Shares of syntax errors and of visible results need no judge. A judge, any model that inspect-ai reaches, is
shown the instruction, the script and the picture, and says for each statement whether it is met, as CADBench's own
does. Source of the form: https://github.com/FreedomIntelligence/BlenderLLM
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from voxel.blender import Blender
from voxel.errors import BadInput, UsageError
from voxel.records import system_prompt
from voxel.records.evaluation import BenchmarkAnswer, BenchmarkReport
from voxel.stages import DataDir, Progress, write_atomic
from voxel.training.evaluation.answers import code_in
from voxel.training.evaluation.asking import MOST_TOKENS, Answer, Prompt, ask
from voxel.training.evaluation.mistakes import kinds
from voxel.training.evaluation.naming import ANSWERS, LOCAL, REFERENCE, named
from voxel.training.evaluation.quality_metrics import LOCAL_MOST_TOKENS, inspect_model

TIMEOUT = 60.0
SIZE = (512, 512)
_NUMBERS = re.compile(r"\[[\s\d,]*\]")
_JUDGE = (
    "You judge what a Blender script made. You see the instruction, the script and, where there is one, a picture of "
    "the result. For each numbered statement decide whether it is met. Answer with one JSON list and nothing else: 1 "
    "for met, 0 for not met, in the order of the statements."
)


class Task(msgspec.Struct, frozen=True):
    """One prompt."""

    id: str
    name: str
    instruction: str
    criteria: dict[str, dict[str, list[str]]] = {}
    type: str = ""

    @property
    def statements(self) -> list[tuple[str, str]]:
        """(group, statement), in order."""
        return [(group, each) for group, aspects in self.criteria.items() for held in aspects.values() for each in held]


def read_tasks(path: Path, most: int) -> list[Task]:
    """The first `most` prompts. UsageError names the line that is none."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    tasks = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            tasks.append(msgspec.json.decode(line, type=Task))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}:{number} is no prompt with id, name and instruction ({error})") from error
    if not tasks:
        raise UsageError(f"{path} holds no prompt")
    return tasks[:most]


class Benchmark:
    """The prompts of one file, and what models make of them. Each run lies in `evaluation/benchmark-<run>/`."""

    def __init__(self, path: Path, data_dir: str | os.PathLike[str] = "training_data", *, most: int = 1000) -> None:
        self.path = path
        self.data = DataDir(data_dir)
        self.tasks = read_tasks(path, most)

    def measure(
        self, model: str, *, blender: str = "4.5", judge: str | None = None, progress: Progress | None = None
    ) -> BenchmarkReport:
        """Asks, runs, renders and, with a judge, judges. Run again it asks only what is missing."""
        known = named(model, self.data)
        if known.provider in (REFERENCE, ANSWERS):
            raise UsageError(f"a benchmark holds no references: {model} cannot answer it")
        asked = inspect_model(known, self.data)
        digest = hashlib.sha256(msgspec.json.encode([known.model, asked.identity, blender, judge or "", self.tasks]))
        folder = self.data.evaluation / f"benchmark-{digest.hexdigest()[:12]}"
        most = LOCAL_MOST_TOKENS if known.provider == LOCAL else MOST_TOKENS
        prompts = [
            Prompt(each.id, (("system", system_prompt("builder")), ("user", each.instruction)), most)
            for each in self.tasks
        ]
        answers = ask(asked, prompts, log_dir=folder / "logs", progress=progress)
        with Blender(blender) as runner:
            found = [self._run(runner, task, answer, folder) for task, answer in zip(self.tasks, answers, strict=True)]
        if judge is not None:
            found = self._judged(judge, answers, found, folder, progress)
        report = _report(known.model, self.path.name, blender, judge or "", found, folder)
        lines = b"".join(msgspec.json.encode(each._asdict()) + b"\n" for each in answers)
        write_atomic(folder / "answers.jsonl", lines)
        write_atomic(folder / "benchmark.json", msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        return report

    def _run(self, blender: Blender, task: Task, answer: Answer, folder: Path) -> BenchmarkAnswer:
        code = code_in(answer.text)
        if code is None:
            return BenchmarkAnswer(id=task.id, name=task.name, type=task.type, verdict="no_code", kinds=("no_code",))
        run = blender.run(code, timeout=TIMEOUT, dump=False)
        visible, picture = 0, ""
        if run.verdict in ("passed", "failed"):
            try:
                seen = blender.render(code, size=SIZE, timeout=TIMEOUT)
            except BadInput:
                seen = None  # what cannot be rendered cannot be seen
            if seen is not None and seen.visible:
                visible, picture = seen.visible, f"{hashlib.sha256(task.id.encode()).hexdigest()[:16]}.png"
                write_atomic(folder / picture, seen.png)
        return BenchmarkAnswer(
            id=task.id,
            name=task.name,
            type=task.type,
            verdict=run.verdict,
            kinds=kinds(run, None, code, source=0),
            errors=tuple(f"{error.kind}: line {error.line}: {error.message}" for error in run.errors),
            visible=visible,
            picture=picture,
        )

    def _judged(
        self,
        judge: str,
        answers: Sequence[Answer],
        found: Sequence[BenchmarkAnswer],
        folder: Path,
        progress: Progress | None,
    ) -> list[BenchmarkAnswer]:
        """Answers without code are not shown to the judge: none of their criteria is met."""
        shown = {
            task.id: _question(task, answer, each, folder)
            for task, answer, each in zip(self.tasks, answers, found, strict=True)
            if task.statements and each.verdict != "no_code"
        }
        said = {}
        if shown:
            asked = inspect_model(named(judge, self.data), self.data)
            told = ask(asked, list(shown.values()), log_dir=folder / "logs", progress=progress)
            said = {answer.id: answer.text for answer in told}
        return [
            msgspec.structs.replace(each, criteria=_shares(task, said.get(task.id, "")))
            for task, each in zip(self.tasks, found, strict=True)
        ]


def _question(task: Task, answer: Answer, found: BenchmarkAnswer, folder: Path) -> Prompt:
    numbered = "\n".join(f"{number}. {text}" for number, (_, text) in enumerate(task.statements, start=1))
    text = (
        f"Instruction: {task.instruction}\n\nScript:\n```python\n{code_in(answer.text)}```\n\nStatements:\n{numbered}"
    )
    pictures: tuple[str, ...] = ()
    if found.picture:
        pictures = ("data:image/png;base64," + base64.b64encode((folder / found.picture).read_bytes()).decode(),)
    return Prompt(task.id, (("system", _JUDGE), ("user", text)), 1024, pictures)


def _shares(task: Task, said: str) -> dict[str, float]:
    """By group. A judge's answer that is not one number for each statement meets none."""
    lists = _NUMBERS.findall(said)
    met = msgspec.json.decode(lists[-1]) if lists else []
    statements = task.statements
    if len(met) != len(statements) or not set(met) <= {0, 1}:
        met = [0] * len(statements)
    groups: dict[str, list[int]] = {}
    for (group, _), each in zip(statements, met, strict=True):
        groups.setdefault(group, []).append(each)
    return {group: sum(held) / len(held) for group, held in groups.items()}


_SHARES: dict[str, Callable[[BenchmarkAnswer], bool]] = {
    "no_code": lambda each: each.verdict == "no_code",
    "syntax_errors": lambda each: "syntax" in each.kinds,
    "run_errors": lambda each: each.verdict not in ("passed", "no_code") and "syntax" not in each.kinds,
    "visible": lambda each: each.visible > 0,
}


def _report(
    model: str, name: str, blender: str, judge: str, found: Sequence[BenchmarkAnswer], folder: Path
) -> BenchmarkReport:
    types = sorted({each.type for each in found})
    judged = [_mean(each.criteria.values()) for each in found if each.criteria]
    return BenchmarkReport(
        model=model,
        benchmark=name,
        blender=blender,
        n=len(found),
        **{share: _mean(map(holds, found)) for share, holds in _SHARES.items()},
        by_type={
            kind: {share: _mean(holds(each) for each in found if each.type == kind) for share, holds in _SHARES.items()}
            for kind in types
        },
        judge=judge,
        criteria=_mean(judged) if judged else None,
        answers=tuple(found),
        folder=str(folder),
    )


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held)
