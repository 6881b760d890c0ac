"""What the formatters share: reading the dataset, writing a provider's files, checking every line.

    datasets/{train,val,test}.jsonl   ->   fine_tuning/<provider>/{train,val,test}_<provider>.jsonl
                                           and the same per role in fine_tuning/<provider>/<role>/
                                                {train,val,test}_<provider>_dpo.jsonl where there are repairs

A repair gives a preference pair: asked for what the script is for, the mended script is preferred to the broken one.
Files are written whole, in the order of the dataset; the same dataset gives the same bytes.
"""

from __future__ import annotations

import argparse
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from voxel.errors import SetupError
from voxel.providers.lines import Problem, check_file
from voxel.providers.provider import Limits
from voxel.providers.tokens import tokenizer
from voxel.records.example import REPAIR, SPLITS, Example, Split
from voxel.records.roles import ROLES
from voxel.stages import DataDir, PhaseReport, Progress, publish, run_phase, write_atomic
from voxel.training.fine_tuning.noting import Written, dataset_digest, noted, written

_SCRIPT = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ROOM = 64
"""Tokens that chat templates put around the messages of one example; generous."""


class Formatter(ABC):
    """Writes one provider's training files from the dataset. Subclasses say what a line looks like."""

    provider: ClassVar[str]
    limits: ClassVar[Limits]

    def __init__(self, data_dir: str | Path = "training_data") -> None:
        self.data = DataDir(data_dir)
        self.problems: list[str] = []
        """What `run` found wrong in its own files, as `reason @ file:line $.path`."""

    @abstractmethod
    def line(self, example: Example) -> Mapping[str, Any]:
        """One example as this provider takes it."""

    def pair(self, example: Example, rejected: str) -> Mapping[str, Any] | None:
        """One preference pair: the example's completion before `rejected`. None where the service takes no pairs."""
        del example, rejected
        return None

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        """Writes every file and checks it. SetupError when there is no dataset.

        In the report `done` counts examples, `dropped` those beyond what the service takes, `failed` broken lines.
        """
        del workers, engine
        began = time.monotonic()
        progress = progress or Progress()
        with self.data.create().hold():
            digest = dataset_digest(self.data)
            if known := written(self.data, self.provider, digest):
                publish(self.data, f"fine_tuning/{self.provider}")
                self.problems = []
                return self._report(known, 0, time.monotonic() - began, changed=False)
            made, changed = self._format(digest, progress)
        return self._report(made, len(self.problems), time.monotonic() - began, changed=changed)

    def _format(self, digest: str, progress: Progress) -> tuple[Written, bool]:
        """What was made, and whether it differs from what was there."""
        with noted(self.data, self.provider, digest) as made:
            dataset = {split: list(read_examples(self.data, split)) for split in SPLITS}
            kept, left_out = self._within_limits(dataset)
            changed = False
            self.problems = []
            progress.start(f"format {self.provider}", 1 + len(ROLES), 0)
            for role in ("", *ROLES):
                for split in SPLITS:
                    chosen = [one for one in kept[split] if role in ("", one.role)]
                    changed |= self._write(self.path(split, role), map(self.line, chosen), keep_empty=not role)
                    pairs = [self.pair(*one) for one in _pairs(chosen)]
                    path = self.path(split, role, pairs=True)
                    changed |= self._write(path, [pair for pair in pairs if pair is not None], keep_empty=False)
                progress.advance("done", f"{self.provider} {role or 'all roles'}", "")
            publish(self.data, f"fine_tuning/{self.provider}")
            for problem in self.problems:
                progress.note(problem)
            progress.end()
            made.examples, made.left_out = sum(map(len, kept.values())), left_out
        return made, changed

    @staticmethod
    def _report(made: Written, failed: int, seconds: float, *, changed: bool) -> PhaseReport:
        return PhaseReport(
            phase="format", done=made.examples, dropped=made.left_out, failed=failed, seconds=seconds,
            reused=0 if changed else made.examples,
        )  # fmt: skip

    def path(self, split: Split, role: str = "", *, pairs: bool = False) -> Path:
        """Where the file of a split lies, for one role or for all: the examples, or the preference pairs."""
        kind = "_dpo" if pairs else ""
        return self.data.fine_tuning / self.provider / role / f"{split}_{self.provider}{kind}.jsonl"

    def validate(self, path: str | Path, *, validation: bool = False) -> list[str]:
        """All that this provider would not take, as `reason @ file:line $.path`. BadInput when it cannot be read."""
        where = Path(path)
        return [problem.show(where) for problem in check_file(where, self.limits, validation=validation).problems]

    def _within_limits(self, dataset: Mapping[Split, list[Example]]) -> tuple[dict[Split, list[Example]], int]:
        """The best examples that one file may hold, in the order of the dataset, and how many had to stay out."""
        most_val = self.limits.max_validation
        val = _best(dataset["val"], most_val, self._fits)
        room = self.limits.max_examples
        if room is not None and most_val is not None:
            room -= len(val)
        kept: dict[Split, list[Example]] = {
            "train": _best(dataset["train"], room, self._fits),
            "val": val,
            "test": [one for one in dataset["test"] if self._fits(one)],
        }
        return kept, sum(len(dataset[split]) - len(kept[split]) for split in SPLITS)

    def _fits(self, example: Example) -> bool:
        most = self.limits.max_tokens
        count = tokenizer(self.limits.format).count
        return most is None or count(example.instruction + example.context + example.completion) + _ROOM * 4 <= most

    def _write(self, path: Path, lines: Iterable[Mapping[str, Any]], *, keep_empty: bool) -> bool:
        """Whether the file is another one than before."""
        encoder = msgspec.json.Encoder()
        content = b"".join(encoder.encode(line) + b"\n" for line in lines)
        if not content and not keep_empty:
            existed = path.exists()
            path.unlink(missing_ok=True)
            return existed
        if path.exists() and path.read_bytes() == content:
            return False
        write_atomic(path, content)
        # too few lines for a job is the user's to know before a job, not a fault of the file
        self.problems += [problem.show(path) for problem in self._broken(path)]
        return True

    def _broken(self, path: Path) -> list[Problem]:
        return [problem for problem in check_file(path, self.limits).problems if problem.line]


def read_examples(data: DataDir, split: Split) -> Iterator[Example]:
    """The examples of one split, streamed. SetupError when there is no dataset or a line of it is broken."""
    path = data.datasets / f"{split}.jsonl"
    decoder = msgspec.json.Decoder(Example)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield decoder.decode(line)
                except msgspec.MsgspecError as error:
                    raise SetupError(f"{path}:{number}: {error}; make it anew with: voxel build") from error
    except FileNotFoundError:
        raise SetupError(f"{path} does not exist yet; make it with: voxel build") from None


def _pairs(examples: Sequence[Example]) -> Iterator[tuple[Example, str]]:
    """(what is asked and the good answer, the bad one) of every repair that shows its broken script.

    The question is that of the example which the repair was made of; where that is not in the set, the repair's own.
    """
    plain = {(one.context, one.completion): one for one in examples if one.category != REPAIR}
    for example in examples:
        script = _SCRIPT.search(example.instruction) if example.category == REPAIR else None
        if script and script[1].strip() != example.completion.strip():
            yield plain.get((example.context, example.completion), example), script[1]


def _best(examples: list[Example], most: int | None, fits: Any) -> list[Example]:
    fitting = [one for one in examples if fits(one)]
    if most is None or len(fitting) <= most:
        return fitting
    best = {one.id for one in sorted(fitting, key=lambda one: (-one.quality, one.id))[: max(0, most)]}
    return [one for one in fitting if one.id in best]


def program(kind: type[Formatter], argv: Sequence[str] | None) -> int:
    """Runs a formatter as a program; with `--validate FILE` it only checks that file (exit 1 when it is wrong)."""

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--validate", metavar="FILE", type=Path, help="check this file instead of writing any")

    def make(options: argparse.Namespace) -> Any:
        return _Validation(kind(options.data_dir), options.validate) if options.validate else kind(options.data_dir)

    return run_phase(make, f"Write the training files for {kind.provider}.", argv, arguments)


class _Validation:
    """A phase that checks one file."""

    def __init__(self, formatter: Formatter, path: Path) -> None:
        self._formatter = formatter
        self._path = path

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        del workers, engine
        began = time.monotonic()
        checked = check_file(self._path, self._formatter.limits)
        for problem in checked.problems:
            (progress or Progress()).note(problem.show(self._path))
        (progress or Progress()).note(f"{checked.file.tokens:,} tokens ({checked.counted})")
        return PhaseReport(
            phase="validate",
            done=max(0, checked.file.examples - len(checked.problems)),
            dropped=0,
            failed=len(checked.problems),
            seconds=time.monotonic() - began,
            reused=0,
        )
