"""What running a script in real Blender showed."""

from __future__ import annotations

from typing import Literal

import msgspec

Word = Literal["passed", "failed", "timeout", "crashed", "blocked"]


class ApiError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that went wrong, at the innermost line of the script that was being run."""

    line: int
    """1-based; 0 where no line can be named."""
    kind: str
    """The exception's class name; `blocked`, `exit`, `timeout` or `crash` where there was none."""
    message: str
    suggestions: list[str] = []
    """Nearest valid names, or what the call became in this version; best first."""
    source: int = 0
    """Which of the sources that ran one after another, counted from 0."""
    consequence_of: int | None = None
    """Line of the earlier failure that this one merely follows from: a name that was never bound."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A script's grade on one version of Blender; the shape of a line of `voxel check --json`."""

    path: str
    blender: str
    verdict: Word
    errors: list[ApiError]
    scores: dict[str, float]
    """`code_quality` and `blender_api`, each 0 to 1."""
    scene: dict[str, int]
    """Counts per kind of datablock; empty where there is no scene to count."""
