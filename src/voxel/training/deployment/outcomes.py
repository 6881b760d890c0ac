"""How answers did, and what that says of the challenger on trial.

Every outcome is a line of `deployment/outcomes/<role>.jsonl`. The test of a challenger takes the first outcome of each
conversation: later ones of the same conversation depend on it. A conversation counts for the version that it was given
to, also when that version failed and another one answered.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voxel.records.deployment import Canary, OutcomeLine, RoleState
from voxel.stages import DataDir
from voxel.training.deployment.sequential import Sequential


class Trial:
    """The test of one challenger against the champion beside it."""

    def __init__(self, canary: Canary, champion: int) -> None:
        self.challenger = canary.deployment.version
        self._canary = canary
        self._champion = champion
        self._seen: set[str] = set()
        self.test = Sequential(canary.share)

    def fits(self, state: RoleState) -> bool:
        """Whether it is about what is on trial now."""
        return state.canary == self._canary and state.champion is not None and state.champion.version == self._champion

    def take(self, line: OutcomeLine) -> bool:
        """Whether the outcome counts."""
        if line.version not in (self.challenger, self._champion) or line.at < self._canary.started_at:
            return False
        if line.conversation in self._seen:
            return False
        self._seen.add(line.conversation)
        self.test.add(line.score, challenger=line.version == self.challenger)
        return True


class Outcomes:
    """The outcomes of all roles, and the trials that they decide."""

    def __init__(self, data: DataDir) -> None:
        self._folder = data.deployment / "outcomes"
        self._trials: dict[str, Trial] = {}

    def path(self, role: str) -> Path:
        """Where the outcomes of a role lie."""
        return self._folder / f"{role}.jsonl"

    def trial(self, role: str, state: RoleState) -> Trial | None:
        """The trial that runs in a role, with all that was noted of it before; None where none runs."""
        if state.canary is None or state.champion is None:
            self._trials.pop(role, None)
            return None
        known = self._trials.get(role)
        if known is None or not known.fits(state):
            known = self._trials[role] = Trial(state.canary, state.champion.version)
            for line in self.lines(role):
                known.take(line)
        return known

    def note(self, line: OutcomeLine, state: RoleState) -> bool:
        """Keeps an outcome; whether it counts for the trial that runs."""
        trial = self.trial(line.role, state)
        counted = trial is not None and trial.take(line)
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path(line.role), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            # in one piece, so that the lines of several gateways do not mix
            os.write(handle, msgspec.json.encode(line) + b"\n")
        finally:
            os.close(handle)
        return counted

    def lines(self, role: str) -> Iterator[OutcomeLine]:
        """Every outcome of a role, the oldest first."""
        try:
            file = self.path(role).open("rb")
        except FileNotFoundError:
            return
        with file:
            for raw in file:
                try:
                    yield msgspec.json.decode(raw, type=OutcomeLine)
                except msgspec.DecodeError:
                    continue  # a line that a full disk cut off
