"""Keeps the prompts of benchmarks out of the dataset: an example whose instruction repeats one is dropped.

An instruction repeats a prompt when both have a run of `RUN` words in common, or when it holds the whole of a prompt
of at least `LEAST` words. Words are compared without case and punctuation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from voxel.errors import SetupError

RUN = 8
LEAST = 4
_WORD = re.compile(r"[^\W_]+")


class Prompts:
    """The prompts of one or more files, ready to be looked for."""

    def __init__(self, *files: Path) -> None:
        self._runs: dict[tuple[str, ...], str] = {}
        self._lengths: set[int] = set()
        digest = hashlib.sha256()
        for file in files:
            for number, prompt in _read(file):
                digest.update(prompt.encode("utf-8", "replace") + b"\0")
                words = _words(prompt)
                size = min(RUN, len(words))
                if size >= LEAST:
                    self._lengths.add(size)
                    for run in _runs(words, size):
                        self._runs.setdefault(run, f"{file.name}:{number}")
        self.digest = digest.hexdigest()
        """Of all prompts."""

    def repeated(self, instruction: str) -> str:
        """`file:line` of a prompt that the instruction repeats; empty when there is none."""
        words = _words(instruction)
        for size in self._lengths:
            for run in _runs(words, size):
                if run in self._runs:
                    return self._runs[run]
        return ""


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _read(file: Path) -> Iterator[tuple[int, str]]:
    """(line, prompt): every text of a JSON Lines file, or every line of any other. SetupError where there is none."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"cannot read the prompts in {file}: {getattr(error, 'strerror', None) or error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if file.suffix != ".jsonl":
            yield number, line
            continue
        try:
            record = msgspec.json.decode(line)
        except msgspec.MsgspecError as error:
            raise SetupError(f"{file}:{number}: not JSON: {error}") from error
        for text in _texts(record):
            yield number, text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
