"""What the last step of a build costs as the examples grow: `bench/selecting.py DATA_DIR [--times 1 4 16]`.

DATA_DIR holds a dataset that was built. Its units are taken several times over, each time with other repositories,
other ids and other code: what is near to what stays as it is within each copy, and nothing is near across copies.
Prints, for each number of copies, processor time and peak memory of a process that does nothing else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from array import array
from pathlib import Path

import msgspec

from voxel.stages import DataDir, Ledger, run_stage
from voxel.training.dataset_builder.blender_dataset import MIN_QUALITY, BuildStage, default_versions
from voxel.training.dataset_builder.finishing import finish
from voxel.training.dataset_builder.lines import Line, Proved
from voxel.training.dataset_builder.selecting import Wanted
from voxel.training.dataset_builder.sketching import Sketches, SketchStage, digest

_DECODER = msgspec.json.Decoder(Line)
_SKETCHES = msgspec.msgpack.Decoder(Sketches)


def units_of(root: Path) -> dict[str, str]:
    """The units of a build with their sketches, which are made where they are missing."""
    data = DataDir(root)
    stage = BuildStage(data.root, default_versions(), 30.0, {})
    with Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
        names = [stage.file(key) for key in ledger.keys(stage.name, "done")]
    sketches = SketchStage(data.storage, names)
    with data.hold():
        run_stage(sketches, data)
    return {unit.payload: sketches.file(unit.key) for unit in sketches.units()}


def copied(root: Path, units: dict[str, str], folder: Path, number: int) -> tuple[dict[str, str], int]:
    """One copy of all units in `folder`; their names, and how many lines they hold."""
    found, count = {}, 0
    mask = (number * 2_654_435_761) & 0xFFFFFFFF
    for at, (name, beside) in enumerate(sorted(units.items())):
        lines = [_copy(line, number) for line in (root / name).read_bytes().splitlines()]
        count += len(lines)
        unit = f"{number}/{at:05d}.jsonl"
        (folder / unit).parent.mkdir(exist_ok=True)
        content = b"".join(lines)
        (folder / unit).write_bytes(content)
        sketches = [
            msgspec.structs.replace(one, answer=_masked(one.answer, mask), code=_masked(one.code, mask))
            for one in _SKETCHES.decode((root / beside).read_bytes()).sketches
        ]
        (folder / f"{number}/{at:05d}.msgpack").write_bytes(
            msgspec.msgpack.encode(Sketches(of=digest(content), sketches=sketches))
        )
        found[unit] = f"{number}/{at:05d}.msgpack"
    return found, count


def _copy(raw: bytes, number: int) -> bytes:
    line = _DECODER.decode(raw)
    if not isinstance(line, Proved):
        return raw + b"\n"
    source = msgspec.structs.replace(
        line.example.provenance, repo=f"{line.example.provenance.repo}-{number}", path=f"{number}"
    )
    example = msgspec.structs.replace(
        line.example, id=f"{int(line.example.id, 16) ^ number * 0x9E3779B97F4A7C15 & (1 << 64) - 1:016x}",
        provenance=source, checks=(),
    )  # fmt: skip
    copy = Proved(example=example, exact=f"{line.exact}.{number}", shape=f"{line.shape}.{number}")
    return msgspec.json.encode(copy) + b"\n"


def _masked(packed: bytes, mask: int) -> bytes:
    return array("I", sorted(feature ^ mask for feature in array("I", packed))).tobytes()


def measured(root: Path, units: dict[str, str], queue: multiprocessing.SimpleQueue[tuple[float, int, int]]) -> None:
    """Finishes a dataset; tells processor seconds, peak bytes, and how many examples are kept."""
    before = time.process_time()
    done = finish(DataDir(root).create(), units, [], Wanted(default_versions(), MIN_QUALITY))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    queue.put((time.process_time() - before, peak, sum(done.kept.values())))


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    given = parser.parse_args()
    units = units_of(given.data_dir)
    context = multiprocessing.get_context("spawn")
    print("| files | lines | kept | core-s | core-ms a line | peak MB | bytes a line beyond the first row |")
    print("|---|---|---|---|---|---|---|")
    first: tuple[int, int] | None = None
    for times in given.times:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            copies = [copied(given.data_dir, units, folder, number) for number in range(1, times + 1)]
            all_units = {name: beside for one, _ in copies for name, beside in one.items()}
            lines = sum(count for _, count in copies)
            queue: multiprocessing.SimpleQueue[tuple[float, int, int]] = context.SimpleQueue()
            process = context.Process(target=measured, args=(folder, all_units, queue))
            process.start()
            seconds, peak, kept = queue.get()
            process.join()
        first = first or (lines, peak)
        more = f"{(peak - first[1]) / (lines - first[0]):.0f}" if lines > first[0] else "-"
        each = 1000 * seconds / lines
        print(f"| {len(all_units)} | {lines} | {kept} | {seconds:.1f} | {each:.2f} | {peak / 1e6:.0f} | {more} |")


if __name__ == "__main__":
    main()
