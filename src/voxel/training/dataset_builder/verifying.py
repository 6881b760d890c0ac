"""Proving a dataset again from nothing but its lines: context and completion in an empty Blender, then every check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from voxel.blender import Blender
from voxel.bpycode import scripts
from voxel.errors import BadInput, BoxError, UsageError
from voxel.records.example import Example
from voxel.stages import Done, Outcome, Progress, Unit, Work, run_unkept, unit_key
from voxel.training.dataset_builder.proving import judge


class Fault(NamedTuple):
    """An example that does not hold."""

    file: str
    line: int
    id: str
    blender: str
    reason: str


def read_lines(files: Sequence[Path]) -> Iterator[tuple[Path, int, Example]]:
    """Every example with its place. UsageError when a file is missing, BadInput when a line is no example."""
    decoder = msgspec.json.Decoder(Example)
    for path in files:
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        yield path, number, decoder.decode(line)
                    except msgspec.MsgspecError as error:
                        raise BadInput(f"{path}:{number}: not an example: {error}") from error
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}; make it with: voxel build") from error


class VerifyStage:
    """One unit per example, which travels with it: workers need no data directory."""

    name = "verify"
    version = 1

    def __init__(self, files: Sequence[Path], versions: Sequence[str] | None, timeout: float) -> None:
        self._files, self._versions, self._timeout = files, versions, timeout

    @property
    def settings(self) -> Mapping[str, Any]:
        """The Blenders that were asked for."""
        return {"versions": list(self._versions or ()), "timeout": self._timeout}

    def units(self) -> Iterator[Unit]:
        """In the order of the files."""
        for path, number, example in read_lines(self._files):
            place = f"{path}:{number}"
            payload = (str(path), number, msgspec.json.encode(example))
            yield Unit(key=unit_key(self, [place, example.id]), input=example.id, payload=payload)

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Starts a warm Blender of each version when an example first asks for it."""
        decoder = msgspec.json.Decoder(Example)
        with ExitStack() as stack:
            blenders: dict[str, Blender] = {}

            def verify(unit: Unit) -> Outcome:
                file, line, encoded = unit.payload
                example = decoder.decode(encoded)
                faults = []
                for version in example.blender:
                    if self._versions and version not in self._versions:
                        continue
                    if version not in blenders:
                        blenders[version] = stack.enter_context(Blender(version))
                    reason = _judged(blenders[version], example, self._timeout)
                    if reason:
                        faults.append(Fault(file, line, example.id, version, reason))
                return Done(info={"faults": faults})

            yield verify


def verify(
    files: Sequence[Path],
    *,
    versions: Sequence[str] | None = None,
    workers: int | None = None,
    engine: str = "local",
    timeout: float = 30.0,
    progress: Progress | None = None,
) -> list[Fault]:
    """Those that do not hold, in the order of the files, on every version that each names (or on `versions` alone).

    SetupError when one of those Blenders is not installed; BoxError when an example could not be judged.
    """
    progress = progress or Progress()
    count = sum(1 for _ in read_lines(files))  # what cannot be read is said before anything runs
    faults: list[Fault] = []
    stage = VerifyStage(files, versions, timeout)
    for unit, outcome in run_unkept(stage, count, workers=workers, engine=engine, progress=progress):
        if not isinstance(outcome, Done):
            raise BoxError(f"example {unit.input} could not be judged: {outcome.reason}; run the same command again")
        found: list[Fault] = outcome.info["faults"]
        faults += found
        progress.advance("failed" if found else "done", unit.input, found[0].reason if found else "")
    return sorted(faults)


def _judged(blender: Blender, example: Example, timeout: float) -> str:
    try:
        sources = scripts(example.role, example.context, example.completion)
    except BadInput as error:
        return str(error)
    try:
        return judge(blender, sources, example.checks, None, timeout)
    except BoxError:
        # a box that broke says nothing about the code: once more, in the fresh one that follows
        return judge(blender, sources, example.checks, None, timeout)
