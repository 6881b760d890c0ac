"""Does a model write Blender code that works? Asked on held-out examples, judged in real Blender.

python3 -m src.voxel.training.evaluation.quality_metrics MODEL [--role builder]
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from voxel.blender import Blender
from voxel.errors import BoxError, MissingExtra, UsageError
from voxel.records import METRICS_VERSION, ROLES, AnswerScore, EvalReport, Example, system_prompt, user_prompt
from voxel.records.evaluation import ComparedRuns, KeptAnswer, Way
from voxel.stages import (
    DataDir,
    Done,
    Ledger,
    Outcome,
    Progress,
    Unit,
    exit_status,
    run_stage,
    shown_progress,
    unit_key,
    write_atomic,
)
from voxel.training.evaluation.answers import code_in, plan_in
from voxel.training.evaluation.asking import MOST_TOKENS, Answer, Model, Prompt, ask, service_model
from voxel.training.evaluation.naming import ANSWERS, LOCAL, REFERENCE, Named, fingerprint, named, weights
from voxel.training.evaluation.retrieval import Shelf
from voxel.training.evaluation.scoring import score
from voxel.training.evaluation.summing import About, Measured, compared, report

BYTES_A_TOKEN = 2.7
"""Of Blender Python with a small model's tokenizer (`bench/training.md`)."""
LOCAL_MOST_TOKENS = 2048
ERRORS_SHOWN = 8
"""At most so many are shown to a model that may try again."""


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
        provider: str | None = None,
        num_examples: int = 100,
        *,
        role: str | None = None,
        blender: str = "4.5",
        way: Way = "plain",
        workers: int | None = None,
        engine: str = "local",
        progress: Progress | None = None,
    ) -> EvalReport:
        """Asks the model for code on up to `num_examples` held-out examples, runs every answer, scores.

        `provider` is one that inspect-ai knows (`openai`, `anthropic`, `bedrock`, `hf`, `vllm`, …), `local` (a folder,
        an adapter, a job of this machine, a short name), `reference` (the model is then ignored), or `answers` (the
        model is a JSONL file of `{id, answer}`); None reads it off the model's name. Which examples are asked depends
        only on the examples. Run again, it asks and scores only what is missing. UsageError when there is nothing to
        ask; TryLater when the service cannot be used.
        """
        return self.measure(
            named(model_id, self.data, provider),
            self.examples(role, num_examples),
            role=role,
            blender=blender,
            way=way,
            workers=workers,
            engine=engine,
            progress=progress,
        ).report

    def measure(
        self,
        model: Named,
        examples: Sequence[Example],
        *,
        role: str | None = None,
        blender: str = "4.5",
        way: Way = "plain",
        workers: int | None = None,
        engine: str = "local",
        progress: Progress | None = None,
    ) -> Measured:
        """One model on these examples, asked in one way. Raises what `evaluate_model` does."""
        digest = hashlib.sha256(msgspec.json.encode(list(examples))).hexdigest()
        asked = None if model.provider in (REFERENCE, ANSWERS) else inspect_model(model, self.data)
        identity = "\0".join((model.provider, model.model, asked.identity if asked else "", str(role), blender, way))
        run = hashlib.sha256(f"{identity}\0{digest}\0{METRICS_VERSION}".encode()).hexdigest()[:12]
        folder = self.data.evaluation / run
        if asked is None:
            answers = self._given(model, examples)
        else:
            prompts = self._prompts(examples, way, short=model.provider == LOCAL)
            answers = ask(asked, prompts, log_dir=folder / "logs", progress=progress)
        scores = self._scores(examples, answers, blender, workers, engine, progress)
        if asked is not None and way.endswith("retry"):
            again = [(at, _retry(prompts[at], answers[at], scores[at], blender)) for at in _failed(scores)]
            told = (
                ask(asked, [prompt for _, prompt in again], log_dir=folder / "logs", progress=progress) if again else []
            )
            for (at, _), second in zip(again, told, strict=True):
                answers[at] = second
            scores = self._scores(examples, answers, blender, workers, engine, progress)
        shown = model.model if way == "plain" else f"{model.model} +{way}"
        about = About(shown, model.provider, role or "all", blender, digest, way)
        made = report(about, scores, cut_off=sum(answer.cut for answer in answers))
        write_atomic(folder / "examples.jsonl", _lines(examples))
        write_atomic(folder / "answers.jsonl", _lines([_kept(e, a) for e, a in zip(examples, answers, strict=True)]))
        write_atomic(folder / "scores.jsonl", _lines(scores))
        write_atomic(folder / "report.json", msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        return Measured(run, made, scores)

    def compare(self, runs: Sequence[Measured]) -> ComparedRuns:
        """Compares at least one run, all on the same examples, and keeps that as what a report shows next."""
        made = compared(runs, datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
        name = hashlib.sha256("\0".join(made.runs).encode()).hexdigest()[:12]
        path = self.data.evaluation / f"compared-{name}" / "comparison.json"
        write_atomic(path, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        return made

    def examples(self, role: str | None, wanted: int) -> list[Example]:
        """Up to `wanted` held-out examples, of one role or of all, in an order that depends only on their ids."""
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

    def _prompts(self, examples: Sequence[Example], way: Way, *, short: bool) -> list[Prompt]:
        """`short` bounds each answer by twice the length of its reference: a small model that lost its way does not
        stop.
        """
        plain = [
            Prompt(
                each.id,
                (("system", system_prompt(each.role)), ("user", user_prompt(each))),
                min(LOCAL_MOST_TOKENS, 128 + round(2 * len(each.completion.encode()) / BYTES_A_TOKEN))
                if short
                else MOST_TOKENS,
            )
            for each in examples
        ]
        if not way.startswith("retrieval"):
            return plain
        shelf = Shelf.of(self.data.datasets / "train.jsonl")
        return [shelf.prompt(each, prompt) for each, prompt in zip(examples, plain, strict=True)]

    def _given(self, model: Named, examples: Sequence[Example]) -> list[Answer]:
        if model.provider == REFERENCE:
            return [Answer(each.id, each.completion) for each in examples]
        given = _read_answers(Path(model.model))
        if not any(each.id in given for each in examples):
            held = f"its first id is {next(iter(given))!r}" if given else "it is empty"
            raise UsageError(
                f"{model.model} answers none of the {len(examples)} examples that are asked, such as "
                f"{examples[0].id!r}; {held}"
            )
        return [Answer(each.id, given.get(each.id, ""), "" if each.id in given else "no answer") for each in examples]

    def _scores(
        self,
        examples: Sequence[Example],
        answers: Sequence[Answer],
        blender: str,
        workers: int | None,
        engine: str,
        progress: Progress | None,
    ) -> list[AnswerScore]:
        """In the order of the examples."""
        stage = _Scoring(blender, [(e, a.text) for e, a in zip(examples, answers, strict=True)])
        with self.data.hold():
            run_stage(stage, self.data, workers=workers, engine=engine, progress=progress)
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


def inspect_model(model: Named, data: DataDir) -> Model:
    """How inspect-ai is told of a model that can be asked; local weights that are not at hand are fetched."""
    if model.provider != LOCAL:
        return service_model(model.provider, model.model)
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("asking a model on this machine", "local")
    try:
        from voxel.training.evaluation.local_model import CONNECTIONS, arguments
    except ImportError as error:
        raise MissingExtra("asking a model", "eval") from error
    folder = weights(model, data)
    # inspect-ai keeps no answers of a model whose name is a path
    name = re.sub(r"[^\w.-]+", "-", model.model).strip("-.")[-80:]
    return Model(f"voxel/{name}", arguments(folder), fingerprint(folder), CONNECTIONS)


def _failed(scores: Sequence[AnswerScore]) -> list[int]:
    """Those that a user would send back: they held no code, or did not run through."""
    return [at for at, each in enumerate(scores) if each.verdict != "passed"]


def _retry(prompt: Prompt, answer: Answer, scored: AnswerScore, blender: str) -> Prompt:
    """The conversation so far, and what Blender said; nothing of the checks, which a user would not have."""
    said = "\n".join(scored.errors[:ERRORS_SHOWN])
    turn = f"Run in Blender {blender}, that gave:\n{said}\n\nAnswer again with the whole script, mended."
    return prompt._replace(messages=(*prompt.messages, ("assistant", answer.text), ("user", turn)))


def _kept(example: Example, answer: Answer) -> KeptAnswer:
    found = plan_in(answer.text) if example.role == "concept" else code_in(answer.text)
    return KeptAnswer(id=answer.id, text=answer.text, taken=found or "", error=answer.error, cut=answer.cut)


def _lines(items: Sequence[Any]) -> bytes:
    return b"".join(msgspec.json.encode(item) + b"\n" for item in items)


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


def main(arguments: list[str] | None = None) -> int:
    """Evaluates one model and prints its report as JSON."""
    parser = argparse.ArgumentParser(prog="quality_metrics", description="Measure a model on held-out examples.")
    parser.add_argument("model", nargs="?", default=REFERENCE)
    parser.add_argument("--provider", help="an inspect-ai provider, 'local', 'reference' or 'answers'")
    parser.add_argument("--role", choices=ROLES)
    parser.add_argument("--num-examples", type=int, default=100)
    parser.add_argument("--data-dir", default="training_data")
    given = parser.parse_args(arguments)

    def run() -> None:
        made = QualityMetrics(given.data_dir).evaluate_model(
            given.model, given.provider, given.num_examples, role=given.role, progress=shown_progress()
        )
        print(msgspec.json.encode(made).decode())  # noqa: T201 - its result

    return exit_status(run)


if __name__ == "__main__":
    # the canonical module, not this copy named __main__: its classes travel to worker processes by name
    from voxel.training.evaluation.quality_metrics import main as canonical

    raise SystemExit(canonical())
