"""The build phase: every parsed Scene becomes candidates; those that Blender proves become the dataset.

    parsed/<2 hex>/<sha256>.json  ->  datasets/units/<2 hex>/<key>.jsonl  ->  datasets/{train,val,test,dropped}.jsonl

One unit is one parsed file, or a script of its own. Its lines, kept and dropped, are written whole; then duplicates,
caps and splits are worked out over everything, which takes a moment and is done anew whenever something has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

import voxel
from voxel.errors import SetupError
from voxel.records.example import Provenance
from voxel.records.files import FileRecord
from voxel.stages import (
    DataDir,
    Done,
    Dropped,
    Failed,
    Ledger,
    Outcome,
    PhaseReport,
    Progress,
    Unit,
    Work,
    blob_name,
    code_digest,
    data_dir_of,
    dismiss_workers,
    keeping_workers,
    publish,
    read_checkpoint,
    run_phase,
    run_stage,
    scene_name,
    unit_keys,
)
from voxel.training.dataset_builder.contents import contents
from voxel.training.dataset_builder.decontaminating import Prompts
from voxel.training.dataset_builder.exporting import parquet_possible
from voxel.training.dataset_builder.finishing import Finished, finish, finished
from voxel.training.dataset_builder.selecting import Wanted
from voxel.training.dataset_builder.sketching import SketchStage

UNITS = "datasets/units"
_HERE = Path(__file__).parent
MIN_QUALITY = 0.5
_AFTERWARDS = frozenset({
    "card.py", "decontaminating.py", "exporting.py", "finishing.py", "kinds.py", "nearness.py", "pool.py", "quality.py",
    "selecting.py", "sketching.py", "splitting.py",
})  # fmt: skip
"""Code that works on what the units found: a change of it costs moments, not proofs."""
_NO_PART = frozenset({"blender_dataset.py", "contents.py", "teaching.py", "verifying.py"})


def _code_digest(*, afterwards: bool = False) -> str:
    """Names the code that makes examples, or that selects among them, so that what another one made is made anew."""
    return code_digest(_code(afterwards=afterwards))


def _code(*, afterwards: bool) -> Iterator[Path]:
    package = Path(voxel.__file__).parent
    for room in (package / "facts", package / "bpycode", _HERE):
        for path in sorted(room.iterdir()):
            if path.suffix not in (".py", ".json", ".toml") or (room == _HERE and path.name in _NO_PART):
                continue
            if (room == _HERE and path.name in _AFTERWARDS) == afterwards:
                yield path


class BuildStage:
    """One unit per parsed file or script, known by the sha256 of its Scene or text and by where the file comes from."""

    name = "build"
    version = 3

    def __init__(self, root: Path, versions: tuple[str, ...], timeout: float, wishes: Mapping[str, Any]) -> None:
        from voxel.blender.runtimes import find

        self._data = DataDir(root)
        self._storage = self._data.storage
        self._built = self._storage.look(UNITS)
        self._versions = versions
        self._wishes = wishes
        self._timeout = timeout
        self._blenders = [find(version).version for version in versions]
        self._code = _code_digest()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The Blenders that prove, and the code that writes."""
        return {"blender": self._blenders, "code": self._code, "timeout": self._timeout}

    @property
    def options(self) -> Mapping[str, Any]:
        """What `BlenderDatasetBuilder.from_checkpoint` takes back."""
        return {"versions": list(self._versions), "timeout": self._timeout, **self._wishes}

    def units(self) -> Iterator[Unit]:
        """Parsed files and scripts in the order of scraped/files.jsonl."""
        key = unit_keys(self)
        with contents(self._data) as digest:
            for record in _records(self._data):
                held = digest(record) if record.state == "held" else None
                if held is None:
                    continue
                told = msgspec.to_builtins(msgspec.convert(record, Provenance, from_attributes=True))
                script = record.kind == "script"
                payload = {"sha256": record.sha256, "holds": held, "source": told, "script": script}
                yield Unit(key=key([held, told]), input=record.path, payload=payload)

    def file(self, key: str) -> str:
        """The name of a unit's lines in the storage."""
        return f"{UNITS}/{key[:2]}/{key}.jsonl"

    def present(self, unit: Unit, _row: object) -> bool:
        """Whether the unit's lines are still there."""
        return self.file(unit.key) in self._built

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Starts one warm Blender of each version for this worker."""
        from voxel.blender.runtimes import exactly
        from voxel.training.dataset_builder.human_scripts import embedded, from_script, is_script
        from voxel.training.dataset_builder.lines import Line, Proved
        from voxel.training.dataset_builder.proving import Prover
        from voxel.training.dataset_builder.repairs import repairs
        from voxel.training.dataset_builder.roles import candidates
        from voxel.training.dataset_builder.scrubbing import private, scrubbed
        from voxel.training.warm import warm

        storage = self._storage
        encoder = msgspec.json.Encoder()
        with ExitStack() as stack:
            blenders = [stack.enter_context(warm(exactly(version))) for version in self._blenders]
            prover = Prover(blenders, timeout=self._timeout)

            def build(unit: Unit) -> Outcome:
                try:
                    raw = storage.read(scene_name(unit.payload["sha256"]))
                except OSError:
                    return Failed("its scene is gone; make it anew with: voxel parse")
                if hashlib.sha256(raw).hexdigest() != unit.payload["holds"]:
                    # its lines would lie under the key of another scene
                    name = scene_name(unit.payload["sha256"])
                    return Failed(f"{name} is not what was parsed; delete it and run: voxel parse")
                scene = msgspec.json.decode(raw)
                if private(raw.decode("utf-8", "replace")):
                    scene = scrubbed(scene)
                source = msgspec.convert(unit.payload["source"], Provenance)
                with ExitStack() as near:
                    try:
                        blend = near.enter_context(storage.local(blob_name(unit.payload["sha256"])))
                    except OSError:
                        return Failed("its bytes are gone; make them anew with: voxel scrape")
                    prover.next_file(blend, scene)
                    lines = prover.prove_all(candidates(scene), source)
                    for script in embedded(blend):
                        lines += from_script(script, source, blenders, self._timeout)
                lines += repairs(tuple(lines), blenders, self._timeout)
                return keep(unit, lines)

            def run(unit: Unit) -> Outcome:
                """A script of its own."""
                try:
                    code = storage.read(blob_name(unit.payload["sha256"])).decode("utf-8", "replace")
                except OSError:
                    return Failed("its file is gone; collect it anew with: voxel scrape")
                if not is_script(code):
                    return Dropped("no Python of this version, or too long")
                source = msgspec.convert(unit.payload["source"], Provenance)
                return keep(unit, [*from_script(code, source, blenders, self._timeout)])

            def keep(unit: Unit, lines: list[Line]) -> Outcome:
                storage.write(self.file(unit.key), b"".join(encoder.encode(line) + b"\n" for line in lines))
                counts = Counter("examples" if isinstance(line, Proved) else "candidates dropped" for line in lines)
                return Done(dict(counts))

            yield lambda unit: run(unit) if unit.payload.get("script") else build(unit)


def _records(data: DataDir) -> Iterator[FileRecord]:
    listing = data.scraped / "files.jsonl"
    decoder = msgspec.json.Decoder(FileRecord)
    try:
        with listing.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield decoder.decode(line)
                except msgspec.MsgspecError as error:
                    raise SetupError(f"{listing}:{number}: {error}; make it anew with: voxel scrape") from error
    except FileNotFoundError:
        raise SetupError(f"{listing} does not exist yet; collect files first: voxel scrape") from None
    except OSError as error:
        raise SetupError(f"{listing}: {error.strerror}") from error


class BlenderDatasetBuilder:
    """Writes examples from every parsed file and script, proves each in Blender, and splits them.

    `versions` are the Blenders to prove on; the first must be the one that parsed the files, and an example must hold
    there. None means the default one and, where it is installed, 5.0. `timeout` is the seconds a script may take.
    Examples below `min_quality` (0 to 1) are dropped, and so are those that repeat a prompt of the files
    `decontaminate`. `teacher` is a model, as inspect-ai names it (`openai/…`), that rewords instructions; where its
    words lose or change a fact, Voxel's own stay.
    """

    def __init__(
        self,
        data_dir: str | Path = "training_data",
        *,
        versions: Sequence[str] | None = None,
        timeout: float = 30.0,
        min_quality: float = MIN_QUALITY,
        decontaminate: Sequence[str | Path] = (),
        teacher: str | None = None,
    ) -> None:
        self.data = DataDir(data_dir)
        self.min_quality = min_quality
        self.teacher = teacher
        self.decontaminate = tuple(map(Path, decontaminate))
        self.versions = tuple(versions) if versions is not None else None
        self.timeout = timeout
        self.finished: Finished | None = None
        """What the dataset holds, once `run` has ended."""

    @classmethod
    def from_checkpoint(
        cls, path: str | Path = "training_data/checkpoints/dataset_checkpoint.json"
    ) -> BlenderDatasetBuilder:
        """The builder that wrote this checkpoint; its `run` goes on where that one stopped."""
        return cls(data_dir_of(path), **read_checkpoint(path).options)

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        """Builds what is not built yet, then the dataset's files. SetupError where nothing was collected.

        In the report `failed` counts files that the teacher could not be asked about, too; their instructions are left
        as they are until the next run.
        """
        versions = self.versions or default_versions()
        wishes = {
            "min_quality": self.min_quality, "decontaminate": [str(path) for path in self.decontaminate],
            "teacher": self.teacher,
        }  # fmt: skip
        wanted = Wanted(versions, self.min_quality, Prompts(*self.decontaminate))
        stage = BuildStage(self.data.root, versions, self.timeout, wishes)
        with self.data.create().hold(), keeping_workers():
            report = run_stage(stage, self.data, workers=workers, engine=engine, progress=progress)
            # what was planned just now, and lies there
            with Ledger(self.data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
                present = [stage.file(key) for key in ledger.keys(stage.name, "done")]
            if self.teacher is not None:
                from voxel.training.dataset_builder.teaching import TAUGHT, TeachStage

                lessons = TeachStage(self.data.storage, self.teacher, present)
                # here, whatever the engine: the service's key lies here, and waiting takes no processor
                taught = run_stage(lessons, self.data, workers=workers, progress=progress)
                report = msgspec.structs.replace(
                    report, failed=report.failed + taught.failed, seconds=report.seconds + taught.seconds
                )
                done = self.data.storage.look(TAUGHT)
                present = [
                    name if (name := lessons.file(unit.key)) in done else unit.payload for unit in lessons.units()
                ]
            sketches = SketchStage(self.data.storage, present)
            beside = {unit.payload: sketches.file(unit.key) for unit in sketches.units()}
            asked = [
                versions,
                self.min_quality,
                wanted.prompts.digest,
                _code_digest(afterwards=True),
                parquet_possible(),
            ]
            shared = _shared(self.data)
            self.finished = finished(self.data, beside, shared, asked=asked)
            if self.finished is None:
                sketched = run_stage(sketches, self.data, workers=workers, engine=engine, progress=progress)
                report = msgspec.structs.replace(
                    report, failed=report.failed + sketched.failed, seconds=report.seconds + sketched.seconds
                )
                dismiss_workers()  # their Blenders take memory, and all that is left is done here
                self.finished = finish(self.data, beside, shared, wanted, asked=asked)
            publish(self.data, "datasets")
        return report


def default_versions() -> tuple[str, ...]:
    """The default Blender, and every other supported series that is installed."""
    from voxel.blender.runtimes import available, default

    first = default().series
    others = {runtime.series for runtime in available()} - {first}
    return (first, *sorted(others))


def _shared(data: DataDir) -> list[tuple[str, str]]:
    """Pairs of repositories that hold the same bytes."""
    owners: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for record in _records(data):
        if record.sha256 and record.kind == "blend":
            first = owners.setdefault(record.sha256, record.repo)
            if first != record.repo:
                pairs.append((first, record.repo))
    return pairs


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the phase as a program."""

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--blender", metavar="VERSION", action="append", help="which installed Blender proves; may be given again"
        )

    return run_phase(
        lambda options: BlenderDatasetBuilder(options.data_dir, versions=options.blender), "Build.", argv, arguments
    )


if __name__ == "__main__":
    # the canonical module, not this copy named __main__: its classes travel to worker processes by name
    from voxel.training.dataset_builder.blender_dataset import main as canonical

    sys.exit(canonical())
