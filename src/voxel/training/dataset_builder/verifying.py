"""Proving a dataset again from nothing but its lines: context and completion in an empty Blender, then every check."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxel.blender import Blender
from voxel.bpycode import scripts
from voxel.errors import BadInput, BoxError, UsageError
from voxel.records.example import Example
from voxel.stages import Progress, default_workers
from voxel.training.dataset_builder.proving import judge


class Fault(NamedTuple):
    """An example that does not hold."""

    file: str
    line: int
    id: str
    blender: str
    reason: str


class _Line(NamedTuple):
    file: str
    number: int
    example: Example


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


def verify(
    files: Sequence[Path],
    *,
    versions: Sequence[str] | None = None,
    workers: int | None = None,
    timeout: float = 30.0,
    progress: Progress | None = None,
) -> list[Fault]:
    """Those that do not hold, in the order of the files, on every version that each names (or on `versions` alone).

    SetupError when one of those Blenders is not installed.
    """
    progress = progress or Progress()
    lines = [_Line(str(path), number, example) for path, number, example in read_lines(files)]
    progress.start("verify", len(lines), 0)
    faults: list[Fault] = []
    count = max(1, min(workers or default_workers(), len(lines) or 1))
    own = threading.local()
    with ExitStack() as stack:
        guard = threading.Lock()

        def blender(version: str) -> Blender:
            held: dict[str, Blender] = own.__dict__.setdefault("blenders", {})
            if version not in held:
                warm = Blender(version)
                warm.__enter__()
                with guard:
                    stack.callback(warm.close)
                held[version] = warm
            return held[version]

        def check(line: _Line) -> list[Fault]:
            found = []
            for version in line.example.blender:
                if versions and version not in versions:
                    continue
                example = line.example
                reason = _judged(blender(version), example, timeout)
                if reason:
                    found.append(Fault(line.file, line.number, example.id, version, reason))
            return found

        pool = ThreadPoolExecutor(count)
        try:
            waiting = {pool.submit(check, line): line for line in lines}
            for done in as_completed(waiting):
                found = done.result()
                faults += found
                line = waiting[done]
                progress.advance("failed" if found else "done", line.example.id, found[0].reason if found else "")
        finally:
            pool.shutdown(cancel_futures=True)
    progress.end()
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
