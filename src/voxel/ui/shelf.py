"""What lies in a data directory, in the form in which pages show it. Reads only.

Files of lines are read once as short heads with their places; a whole record is read when its own page is asked for.
A file that has changed on disk is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from voxel.errors import BadInput
from voxel.records import SPLITS, Deployments, EvalReport, Example, FileRecord, Scene
from voxel.stages import DataDir, Ledger, scene_name
from voxel.training.fine_tuning.jobs_ledger import JobsView
from voxel.training.standing import Standing, standing

_Record = TypeVar("_Record")
_HEX = frozenset("0123456789abcdef")
LEDGER_PHASES = ("parse", "build")
"""Whose dropped and failed units are files."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an example comes from, as far as lists show it."""

    repo: str = ""
    path: str = ""
    sha256: str = ""


class ExampleHead(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of an example."""

    id: str
    role: str
    category: str
    difficulty: str
    instruction: str
    quality: float
    blender: tuple[str, ...]
    provenance: Origin


class DropHead(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate that is no example."""

    id: str
    role: str
    category: str
    reason: str
    instruction: str
    completion: str
    provenance: Origin


class FileDrop(NamedTuple):
    """A file that is not used, or that gave nothing."""

    phase: str
    state: str
    name: str
    reason: str


class Placed(NamedTuple, Generic[_Record]):
    """A record of a file of lines, and the byte at which its line begins."""

    at: int
    record: _Record
    file: str
    """The file's name without its ending."""


class Shelf:
    """One data directory. BadInput from any method when a file is damaged; it says which, and what mends it."""

    def __init__(self, data: DataDir) -> None:
        self.data = data
        self._kept: dict[tuple[Path, type], tuple[tuple[int, int], list[Any]]] = {}
        self._stood: tuple[object, Standing] | None = None

    def standing(self) -> Standing:
        """As `voxel.training.standing`; read again only when something has changed on disk."""
        ledger = self.data.checkpoints / "ledger.sqlite"
        watched = [ledger, ledger.with_name("ledger.sqlite-wal"), self.data.checkpoints / "lock"]
        marks = [_mark(path) for path in [*watched, *(self.data.datasets / f"{split}.jsonl" for split in SPLITS)]]
        if self._stood is None or self._stood[0] != marks or self._stood[1].busy:
            self._stood = (marks, standing(self.data))
        return self._stood[1]

    def examples(self) -> list[Placed[ExampleHead]]:
        """Every example of the dataset, train before val before test."""
        return [one for split in SPLITS for one in self._lines(self.data.datasets / f"{split}.jsonl", ExampleHead)]

    def example(self, identity: str) -> tuple[Example, str] | None:
        """The whole example with its split; None when there is none of that id."""
        for placed in self.examples():
            if placed.record.id == identity:
                with (self.data.datasets / f"{placed.file}.jsonl").open("rb") as file:
                    file.seek(placed.at)
                    return _decode(file.readline(), Example, Path(file.name), placed.at), placed.file
        return None

    def dropped(self) -> list[DropHead]:
        """Candidates that are no examples."""
        return [one.record for one in self._lines(self.data.datasets / "dropped.jsonl", DropHead)]

    def files(self) -> list[FileRecord]:
        """Every file that was seen while collecting."""
        return [one.record for one in self._lines(self.data.scraped / "files.jsonl", FileRecord)]

    def file_drops(self) -> Iterator[FileDrop]:
        """Files that are not held, then those that a later phase could not use."""
        for one in self.files():
            if one.state != "held":
                yield FileDrop("scrape", one.state, f"{one.repo}/{one.path}", one.reason)
        names = {one.sha256: f"{one.repo}/{one.path}" for one in self.files() if one.state == "held"}
        ledger = self.data.checkpoints / "ledger.sqlite"
        if not ledger.exists():
            return
        with Ledger(ledger, read_only=True) as opened:
            for phase in LEDGER_PHASES:
                for state in ("dropped", "failed"):
                    for row in opened.rows(phase, state):
                        yield FileDrop(phase, state, names.get(row.input, row.input), row.reason)

    def scene(self, sha256: str) -> Scene | None:
        """The parsed scene of the file with this sha256; None when there is none."""
        if not _is_hex(sha256, 64):
            return None
        try:
            return Scene.from_json(self.data.storage.read(scene_name(sha256)))
        except FileNotFoundError:
            return None

    def has_scene(self, sha256: str) -> bool:
        """Whether `scene` gives one."""
        return _is_hex(sha256, 64) and self.data.storage.size(scene_name(sha256)) is not None

    def picture(self, identity: str) -> bytes | None:
        """The PNG that was rendered of an example; None when there is none."""
        if not _is_hex(identity, 16):
            return None
        path = self.data.reports / "pictures" / f"{identity}.png"
        return path.read_bytes() if path.is_file() else None

    def jobs(self) -> JobsView | None:
        """The fine-tuning jobs; None before the first one."""
        return self._whole(self.data.training_jobs / "training_jobs.json", JobsView, "voxel jobs list")

    def evaluations(self) -> list[tuple[str, EvalReport]]:
        """Every measured model with the name of its folder, the best first."""
        paths = self.data.evaluation.glob("*/report.json")
        read = ((path.parent.name, self._whole(path, EvalReport, "voxel evaluate MODEL")) for path in paths)
        return sorted(((name, one) for name, one in read if one), key=lambda each: (-each[1].overall, each[0]))

    def deployments(self) -> Deployments:
        """What serves each role."""
        path = self.data.deployment / "deployed_models.json"
        return self._whole(path, Deployments, "voxel deploy list") or Deployments()

    def _whole(self, path: Path, kind: type[_Record], mends: str) -> _Record | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise BadInput(f"{path} cannot be read ({error}); look at it with: {mends}") from error

    def _lines(self, path: Path, kind: type[_Record]) -> list[Placed[_Record]]:
        mark = _mark(path)
        if mark is None:
            return []
        kept = self._kept.get((path, kind))
        if kept is None or kept[0] != mark:
            kept = self._kept[(path, kind)] = (mark, list(_read(path, kind)))
        return kept[1]


def _read(path: Path, kind: type[_Record]) -> Iterator[Placed[_Record]]:
    at = 0
    with path.open("rb") as lines:
        for line in lines:
            yield Placed(at, _decode(line, kind, path, at), path.stem)
            at += len(line)


def _decode(line: bytes, kind: type[_Record], path: Path, at: int) -> _Record:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.MsgspecError as error:
        phase = "voxel scrape" if path.name == "files.jsonl" else "voxel build"
        raise BadInput(f"{path}, at byte {at}: {error}; make it anew with: {phase}") from error


def _mark(path: Path) -> tuple[int, int] | None:
    """Changes when the file does; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _is_hex(word: str, digits: int) -> bool:
    return len(word) == digits and not set(word) - _HEX
