"""Rounds of retraining, kept so that one that was stopped goes on: `deployment/retraining/<number>.json`.

Beside each lies `<number>.ids`: the examples that its models were trained with, an id a line.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

import msgspec

from voxel.errors import SetupError
from voxel.stages import DataDir, write_atomic


class RoleRound(msgspec.Struct, kw_only=True):
    """What a round did for one role."""

    examples: int = 0
    """Of train, that no model of this role was trained with in an earlier round."""
    from_failures: int = 0
    """Of train, that came from mended failures."""
    new_from_failures: int = 0
    """Of both."""
    job: str = ""
    model: str = ""
    before: float | None = None
    """`overall` of the champion on this round's test examples; None without one, or where it could not be asked."""
    after: float | None = None
    before_api: float | None = None
    after_api: float | None = None
    ended: str = ""
    """What came of it: `on trial`, `deployed`, or why neither."""


class Round(msgspec.Struct, kw_only=True):
    """`deployment/retraining/<number>.json`: one round, as far as it has come."""

    number: int
    began_at: str
    new_files: int = 0
    """Held files that the last round did not have."""
    new_failures: int = 0
    """Mended failures that the last round did not have."""
    inputs: tuple[str, ...] = ()
    """sha256 of every held file, failures included, in order."""
    step: str = "scrape"
    """What comes next: `scrape`, `build`, `train` (of role after role), or `ended`."""
    counts: dict[str, int] = {}
    """Examples by split."""
    failures_in_test: int = 0
    """Always 0: looked up after every build."""
    failures_left_out: dict[str, int] = {}
    """Examples of mended failures that the dataset did not take, by the reason's first words."""
    roles: dict[str, RoleRound] = {}


class Rounds:
    """The rounds of a data directory, as far as they have come."""

    def __init__(self, data: DataDir) -> None:
        self.data = data
        self._folder = data.deployment / "retraining"

    def keep(self, one: Round) -> None:
        """Writes a round, in place of what it was before."""
        write_atomic(self._folder / f"{one.number:04d}.json", msgspec.json.format(msgspec.json.encode(one)) + b"\n")

    def all(self) -> list[Round]:
        """Every round, the oldest first. SetupError for a file that cannot be read."""
        return [_read(path) for path in sorted(self._folder.glob("[0-9]*.json"))]

    def unended(self) -> Round | None:
        """The round that a killed process left behind."""
        return next((one for one in self.all() if one.step != "ended"), None)

    def next(self) -> Round:
        """A round that is not kept before something is found to be new."""
        began = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return Round(number=max((one.number for one in self.all()), default=0) + 1, began_at=began)

    def keep_ids(self, one: Round, ids: Iterable[str]) -> None:
        """Notes which examples a round trains with."""
        write_atomic(self._ids(one.number), "".join(f"{name}\n" for name in sorted(ids)).encode())

    def trained_with(self, role: str, one: Round) -> frozenset[str]:
        """The examples of the last round before this one that made a model for the role; none where none did.

        Not those of the dataset as it was when this round began: somebody may have built it since.
        """
        made = [
            each.number
            for each in self.all()
            if each.number < one.number and role in each.roles and each.roles[role].model
        ]
        if not made:
            return frozenset()
        try:
            return frozenset(self._ids(made[-1]).read_text("ascii").split())
        except FileNotFoundError:
            return frozenset()  # then everything counts as new

    def _ids(self, number: int) -> Path:
        return self._folder / f"{number:04d}.ids"

    def before(self, one: Round) -> frozenset[str]:
        """What the last round had."""
        known = [each for each in self.all() if each.number < one.number]
        return frozenset(known[-1].inputs) if known else frozenset()


def _read(path: Path) -> Round:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Round)
    except (OSError, msgspec.DecodeError) as error:
        raise SetupError(f"{path} cannot be read ({error}); delete it") from error
