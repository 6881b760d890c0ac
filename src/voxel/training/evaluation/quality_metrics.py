"""Does a model write Blender code that works? Asked on held-out examples, judged in real Blender.

python3 -m src.voxel.training.evaluation.quality_metrics MODEL --provider openai [--role builder]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from voxel.blender import Blender
from voxel.errors import BoxError, UsageError, VoxelError
from voxel.records import (
    METRICS_VERSION,
    ROLES,
    AnswerScore,
    EvalReport,
    Example,
    grade,
    interval,
    system_prompt,
    user_prompt,
)
from voxel.stages import DataDir, Done, Ledger, Outcome, Progress, Unit, run_stage, unit_key, write_atomic
from voxel.training.evaluation.asking import PROVIDERS, Answer, Prompt, ask, model_name
from voxel.training.evaluation.scoring import score

REFERENCE = "reference"
"""As a provider: each example is answered with its own completion, which shows that the metrics can be met."""
ANSWERS = "answers"
"""As a provider: the model is a JSONL file of `{id, answer}` lines, written by whatever produced them."""


def provider_of(model: str) -> str:
    """The provider that a model's name implies: `openai/gpt-4o` -> `openai`, a `.jsonl` file -> `answers`.

    UsageError when the name implies none.
    """
    if model == REFERENCE:
        return REFERENCE
    if model.endswith(".jsonl"):
        return ANSWERS
    provider = model.split("/", 1)[0]
    if provider not in PROVIDERS:
        raise UsageError(f"{model!r} names no provider; write it as PROVIDER/MODEL, with one of {', '.join(PROVIDERS)}")
    return provider


class _Given(msgspec.Struct, frozen=True):
    id: str
    answer: str


class _Scoring:
    """The stage that scores answers; one unit an answer, the score is kept in the ledger."""

    name = "evaluate"
    version = METRICS_VERSION

    def __init__(self, blender: str, pairs: Sequence[tuple[Example, str]]) -> None:
        self.blender = blender
        self._pairs = pairs

    def __getstate__(self) -> dict[str, Any]:
        return {"blender": self.blender, "_pairs": ()}  # workers get each pair with its unit

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"blender": self.blender}

    def units(self) -> Iterator[Unit]:
        for example, answer in self._pairs:
            yield Unit(key=self.key(example, answer), input=example.id, payload=(msgspec.json.encode(example), answer))

    def key(self, example: Example, answer: str) -> str:
        return unit_key(self, [hashlib.sha256(msgspec.json.encode(example)).hexdigest(), answer])

    @contextmanager
    def open(self) -> Iterator[Callable[[Unit], Outcome]]:
        with Blender(self.blender) as blender:

            def work(unit: Unit) -> Outcome:
                example, answer = unit.payload
                scored = score(blender, msgspec.json.decode(example, type=Example), answer)
                return Done(info=msgspec.to_builtins(scored))

            yield work


class QualityMetrics:
    """Measures models on `datasets/test.jsonl`; each run lies in `evaluation/<run>/`."""

    def __init__(self, data_dir: str | os.PathLike[str] = "training_data") -> None:
        self.data = DataDir(data_dir)

    def evaluate_model(
        self,
        model_id: str,
        provider: str,
        num_examples: int = 100,
        *,
        role: str | None = None,
        blender: str = "4.5",
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> EvalReport:
        """Asks the model for code on up to `num_examples` held-out examples, runs every answer, scores.

        `provider` is one that inspect-ai knows (`openai`, `anthropic`, `bedrock`, `hf`, `vllm`, …), `reference`
        (the model is then ignored), or `answers` (the model is a JSONL file of `{id, answer}`). Which examples are
        asked depends only on the examples. Run again, it asks and scores only what is missing.
        UsageError when there is nothing to ask; TryLater when the service cannot be used.
        """
        examples = self._examples(role, num_examples)
        digest = hashlib.sha256(msgspec.json.encode(examples)).hexdigest()
        run = hashlib.sha256(f"{provider}\0{model_id}\0{role}\0{blender}\0{digest}".encode()).hexdigest()[:12]
        folder = self.data.evaluation / run
        answers = self._answers(model_id, provider, examples, folder)
        write_atomic(folder / "answers.jsonl", b"".join(msgspec.json.encode(a._asdict()) + b"\n" for a in answers))
        scores = self._scores(examples, answers, blender, workers, progress)
        write_atomic(folder / "scores.jsonl", b"".join(msgspec.json.encode(each) + b"\n" for each in scores))
        report = _report(model_id, provider, role or "all", blender, digest, scores)
        write_atomic(folder / "report.json", msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        return report

    def _examples(self, role: str | None, wanted: int) -> list[Example]:
        if role is not None and role not in ROLES:
            raise UsageError(f"{role!r} is not a role; the roles are {', '.join(ROLES)}")
        if wanted < 1:
            raise UsageError("the number of examples must be at least 1")
        path = self.data.datasets / "test.jsonl"
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            raise UsageError(f"{path} is not there; `voxel run` makes it") from None
        examples = [msgspec.json.decode(line, type=Example) for line in lines]
        chosen = [each for each in examples if role in (None, each.role)]
        if not chosen:
            raise UsageError(f"{path} holds no example for {role or 'any role'}")
        chosen.sort(key=lambda each: hashlib.sha256(each.id.encode()).digest())
        return chosen[:wanted]

    def _answers(self, model: str, provider: str, examples: list[Example], folder: Path) -> list[Answer]:
        if provider == REFERENCE:
            return [Answer(each.id, each.completion) for each in examples]
        if provider == ANSWERS:
            given = _read_answers(Path(model))
            if not any(each.id in given for each in examples):
                held = f"its first id is {next(iter(given))!r}" if given else "it is empty"
                raise UsageError(
                    f"{model} answers none of the {len(examples)} examples that are asked, such as "
                    f"{examples[0].id!r}; {held}"
                )
            return [
                Answer(each.id, given.get(each.id, ""), "" if each.id in given else "no answer") for each in examples
            ]
        if provider not in PROVIDERS:
            known = ", ".join((*PROVIDERS, REFERENCE, ANSWERS))
            raise UsageError(f"{provider!r} is not a provider; known are {known}")
        prompts = [Prompt(each.id, system_prompt(each.role), user_prompt(each)) for each in examples]
        return ask(model_name(model, provider), prompts, log_dir=folder / "logs")

    def _scores(
        self,
        examples: list[Example],
        answers: list[Answer],
        blender: str,
        workers: int | None,
        progress: Progress | None,
    ) -> list[AnswerScore]:
        """In the order of the examples."""
        stage = _Scoring(blender, [(e, a.text) for e, a in zip(examples, answers, strict=True)])
        with self.data.hold():
            run_stage(stage, self.data, workers=workers, progress=progress)
            with Ledger(self.data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
                rows = {row.key: row for row in ledger.rows(stage.name)}
        scores: list[AnswerScore] = []
        for example, answer in zip(examples, answers, strict=True):
            row = rows[stage.key(example, answer.text)]
            if row.state != "done":
                raise BoxError(
                    f"the answer for {example.id} could not be scored: {row.reason}; run the same command again"
                )
            scores.append(msgspec.convert(row.info, AnswerScore))
        return scores


def _read_answers(path: Path) -> dict[str, str]:
    """{example id: answer}. UsageError names the first line that is not `{id, answer}` or answers an id again."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    given: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = msgspec.json.decode(line, type=_Given)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}:{number} is not an object with id and answer ({error})") from error
        if entry.id in given:
            raise UsageError(f"{path}:{number} answers {entry.id!r} a second time")
        given[entry.id] = entry.answer
    return given


def _report(
    model: str, provider: str, role: str, blender: str, digest: str, scores: Sequence[AnswerScore]
) -> EvalReport:
    n = len(scores)
    overall = [each.overall for each in scores]
    mean = sum(overall) / n
    return EvalReport(
        model=model,
        provider=provider,
        role=role,
        blender=blender,
        n=n,
        code_quality=sum(each.code_quality for each in scores) / n,
        blender_api=sum(each.blender_api for each in scores) / n,
        completeness=sum(each.completeness for each in scores) / n,
        overall=mean,
        grade=grade(mean),
        runs=sum(each.verdict == "passed" for each in scores) / n,
        solved=sum(each.solved for each in scores) / n,
        ci95=interval(overall),
        examples_digest=digest,
        by_example={each.example: each.overall for each in scores},
    )


def main(arguments: list[str] | None = None) -> int:
    """Evaluates one model and prints its report as JSON."""
    parser = argparse.ArgumentParser(prog="quality_metrics", description="Measure a model on held-out examples.")
    parser.add_argument("model", nargs="?", default=REFERENCE)
    parser.add_argument("--provider", default=REFERENCE, help="an inspect-ai provider, 'reference' or 'answers'")
    parser.add_argument("--role", choices=ROLES)
    parser.add_argument("--num-examples", type=int, default=100)
    parser.add_argument("--data-dir", default="training_data")
    given = parser.parse_args(arguments)
    try:
        report = QualityMetrics(given.data_dir).evaluate_model(
            given.model, given.provider, given.num_examples, role=given.role
        )
    except VoxelError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    return 0


if __name__ == "__main__":
    # the canonical module, not this copy named __main__: its classes travel to worker processes by name
    from voxel.training.evaluation.quality_metrics import main as canonical

    raise SystemExit(canonical())
