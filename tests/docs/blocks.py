"""The blocks of code in a guide, and the command lines in one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Block(NamedTuple):
    """What stands between two fences."""

    guide: str
    line: int
    language: str
    """`sh` for command lines, `python`, `json`, `toml`, `yaml`; `text` for what nobody runs."""
    text: str


def blocks(guide: str) -> Iterator[Block]:
    """The blocks of a guide, from its beginning."""
    text = (ROOT / guide).read_text("utf-8")
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(guide, text[: found.start()].count("\n") + 1, found[1], found[2])


def commands(block: Block) -> Iterator[str]:
    """The command lines of a block, without the remarks behind them."""
    for line in re.sub(r"\\\n\s*", "", block.text).splitlines():
        if command := re.split(r"(?:^|\s)\s*#\s", line)[0].strip():
            yield command
