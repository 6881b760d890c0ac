"""The parse phase: every held .blend file becomes a `Scene`, as real Blender sees it.

    scraped/files.jsonl, scraped/blobs/…   ->   parsed/<2 hex>/<sha256>.json

The reader looks at a file first: bytes that are no .blend file cost no Blender. Then a warm, boxed Blender loads it
in a fork, with scripts off, and dumps it. What it links to inside its repository (`scraped/links/…`) lies beside it
there, as in the repository. A file that cannot be opened, or crashes or hangs Blender, is dropped with
its reason.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

import voxel
from voxel.errors import BadInput, BlendFileError, SetupError
from voxel.stages import (
    BLOBS,
    SCENES,
    DataDir,
    Done,
    Dropped,
    Failed,
    Outcome,
    PhaseReport,
    Progress,
    Row,
    Unit,
    Work,
    blob_name,
    code_digest,
    data_dir_of,
    read_checkpoint,
    run_phase,
    run_stage,
    scene_name,
    unit_keys,
)

BESIDE = 200
BESIDE_BYTES = 1 << 29
"""How many linked files, and how many bytes of them, are put beside a .blend file; the nearest come first."""


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a line of scraped/files.jsonl that parsing needs."""

    path: str
    repo: str = ""
    state: str
    sha256: str | None = None
    kind: str = ""


def _dump_digest() -> str:
    """Names the code that describes scenes, so that scenes described by another one are made anew."""
    inside = Path(voxel.__file__).parent / "blender" / "inside"
    return code_digest(sorted([inside / "dump.py", *inside.glob("scene_*.py")]))


class ParseStage:
    """One unit per held .blend file, known by the sha256 of its bytes."""

    name = "parse"
    version = 3

    def __init__(self, root: Path, runtime: str | None, timeout: float) -> None:
        from voxel.blender.runtimes import find

        self._data = DataDir(root)
        self._storage = self._data.storage
        self._scenes = self._storage.look(SCENES)
        self._runtime = runtime
        self._timeout = timeout
        self._blender = find(runtime).version
        self._dump = _dump_digest()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The Blender that is asked, and the code that writes its answer."""
        return {"blender": self._blender, "dump": self._dump, "timeout": self._timeout}

    @property
    def options(self) -> Mapping[str, Any]:
        """What `BlendFileParser.from_checkpoint` takes back."""
        return {"runtime": self._runtime, "timeout": self._timeout}

    def units(self) -> Iterator[Unit]:
        """In the order of scraped/files.jsonl."""
        listing = self._data.scraped / "files.jsonl"
        neighbours = _Neighbours(self._data)
        decoder = msgspec.json.Decoder(_Seen)
        key = unit_keys(self)
        try:
            with listing.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        seen = decoder.decode(line)
                    except msgspec.MsgspecError as error:
                        raise SetupError(f"{listing}:{number}: {error}; make it anew with: voxel scrape") from error
                    if seen.state == "held" and seen.kind == "blend" and seen.sha256:
                        beside = neighbours.of(seen)
                        identity = [seen.sha256, seen.path, beside] if beside else seen.sha256
                        payload = {"sha256": seen.sha256, "path": seen.path if beside else None, "beside": beside}
                        yield Unit(key=key(identity), input=seen.path, payload=payload)
        except FileNotFoundError:
            raise SetupError(f"{listing} does not exist yet; collect files first: voxel scrape") from None

    def present(self, unit: Unit, row: Callable[[], Row]) -> bool:
        """Whether its scene is still there: one that other settings have written since has the same name.

        In a folder, time and sha256 tell; in other storages the size alone.
        """
        name = scene_name(unit.payload["sha256"])
        found = self._scenes.at(name)
        if found is None:
            return False
        told = row()
        if found.size != told.counts.get("bytes"):
            return False
        if "scene" not in told.info or found.written is None or found.written <= (told.finished_at or 0.0):
            return True  # what was parsed by a Voxel that told no digest is believed
        digest: str = told.info["scene"]
        return hashlib.sha256(self._storage.read(name)).hexdigest() == digest

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Starts one warm Blender for this worker."""
        from voxel.blender.runtimes import exactly
        from voxel.blendfile import inventory
        from voxel.training.warm import warm

        with warm(exactly(self._blender)) as blender:

            def parse(unit: Unit) -> Outcome:
                with ExitStack() as stack:
                    try:
                        blob = stack.enter_context(self._storage.local(blob_name(unit.payload["sha256"])))
                    except FileNotFoundError:
                        return Failed("its bytes are gone; make them anew with: voxel scrape")
                    beside: dict[str, Path] = {}
                    for path, sha256 in unit.payload["beside"].items():
                        with suppress(FileNotFoundError):
                            beside[path] = stack.enter_context(self._storage.local(blob_name(sha256)))
                    return load(unit, blob, beside)

            def load(unit: Unit, blob: Path, beside: Mapping[str, Path]) -> Outcome:
                sha256 = unit.payload["sha256"]
                try:
                    inventory(blob)
                    place = unit.payload["path"] or "in.blend"
                    scene = blender.load(blob, place=place, beside=beside, timeout=self._timeout)
                except BlendFileError as error:
                    return Dropped(error.reason, {"offset": error.offset})
                except BadInput as error:
                    # without the path, which the ledger has beside it, equal reasons are counted together
                    return Dropped(str(error).removesuffix(f": {blob}"))
                self._storage.write(scene_name(sha256), scene)
                # the build phase learns here what it would else read every scene for
                return Done({"bytes": len(scene)}, {"sha256": sha256, "scene": hashlib.sha256(scene).hexdigest()})

            yield parse


class _Neighbours:
    """What the files of a repository link to."""

    def __init__(self, data: DataDir) -> None:
        # not at the top: workers need none of this, and it takes time to read
        from voxel.sources import Graphs

        self._blobs = data.storage.look(BLOBS)
        self._graphs = Graphs(data.scraped)

    def of(self, seen: _Seen) -> dict[str, str]:
        """Path to sha256 of what lies beside this file; no more than the box takes."""
        found: dict[str, str] = {}
        left = BESIDE_BYTES
        for path, sha256 in self._graphs.reached(seen.repo, seen.path).items():
            size = self._blobs.size(blob_name(sha256))
            if size is not None and size <= left and len(found) < BESIDE:
                left -= size
                found[path] = sha256
        return found


class BlendFileParser:
    """Loads every collected .blend file in Blender and keeps its scene.

    `runtime` is a Blender version (`4.5`) or None for the newest 4.5; `timeout` the seconds that one file may take.
    """

    def __init__(
        self,
        data_dir: str | Path = "training_data",
        *,
        runtime: str | None = None,
        timeout: float = 120.0,
    ) -> None:
        self.data = DataDir(data_dir)
        self.runtime = runtime
        self.timeout = timeout

    @classmethod
    def from_checkpoint(cls, path: str | Path = "training_data/checkpoints/parsing_checkpoint.json") -> BlendFileParser:
        """The parser that wrote this checkpoint; its `run` goes on where that one stopped."""
        return cls(data_dir_of(path), **read_checkpoint(path).options)

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        """Parses what is not parsed yet. SetupError when nothing was collected or there is no Blender."""
        stage = ParseStage(self.data.root, self.runtime, self.timeout)
        return run_stage(stage, self.data, workers=workers, engine=engine, progress=progress)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the phase as a program."""

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--blender", metavar="VERSION", help="which installed Blender loads the files")

    return run_phase(
        lambda options: BlendFileParser(options.data_dir, runtime=options.blender), "Parse.", argv, arguments
    )


if __name__ == "__main__":
    # the canonical module, not this copy named __main__: its classes travel to worker processes by name
    from voxel.training.data_collection.blend_parser import main as canonical

    sys.exit(canonical())
