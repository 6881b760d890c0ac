"""Damages real .blend files in every way that it knows, and reads the result.

Invariant: any bytes give an `Inventory` or a `BlendFileError`; never another exception, never over 2 s of processor
time or 512 MB. What an inventory does not touch (texts, coordinates, custom properties, previews) is read as well.

    python fuzz/blendfile_mutants.py --folder FOLDER --count 20000 [--first SEED]

Each mutant is known by its seed: a failing seed is printed and fails alone with `--first SEED --count 1`.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import zstandard

from voxel.blendfile import (
    BlendFile,
    BlendFileError,
    Inventory,
    coordinates,
    inventory,
    preview,
    properties,
    text,
    thumbnail,
)
from voxel.blendfile.blocks import HEADS, code_number

MOST_SECONDS: Final = 2.0
MOST_BYTES: Final = 512 << 20
_NASTY: Final = (-1, 0, 1, 2, 3, 4, 7, -4, -24, 0x7FFFFFFF, -0x80000000, 1 << 16, 1 << 24, 255, 0x3FFFFFFC)
_IDS_READ: Final = 40
"""IDs of each kind whose content is read as well."""


class Seed(NamedTuple):
    """One real file to damage."""

    name: str
    data: bytes
    """Decompressed."""
    starts: list[int]
    """Where block heads begin."""
    bodies: list[int]
    addresses: list[int]
    dna: tuple[int, int]
    order: str
    pointer_size: int
    format: int


class Outcome(NamedTuple):
    """What became of one mutant."""

    seed: int
    kind: str
    result: str
    """"inventory", "error", or a description of the failure."""
    failed: bool
    seconds: float


def load_seeds(folder: Path, most_bytes: int = 2_000_000) -> list[Seed]:
    """Every .blend file under a folder that is not larger than `most_bytes` once decompressed, in a fixed order."""
    seeds = []
    for path in sorted(folder.rglob("*.blend")):
        file = BlendFile(path)
        if len(file.data) > most_bytes:
            continue
        header = file.header
        head = HEADS[header.format, header.pointer_size]
        bodies = file.blocks.bodies.tolist()
        seeds.append(
            Seed(
                str(path.relative_to(folder)),
                bytes(file.data),
                [body - head.size for body in bodies],
                bodies,
                file.blocks.addresses.tolist(),
                file.dna_block,
                header.order,
                header.pointer_size,
                header.format,
            )
        )
    return seeds


def mutant(number: int, seeds: list[Seed]) -> tuple[str, bytes]:
    """The mutant of a number: what was done to it, and its bytes. The same number gives the same mutant."""
    chance = random.Random(number)
    seed = chance.choice(seeds)
    data = bytearray(seed.data)
    kinds = [chance.choice(list(_MUTATIONS))]
    while chance.random() < 0.3:
        kinds.append(chance.choice(list(_MUTATIONS)))
    for kind in kinds:
        _MUTATIONS[kind](data, seed, chance, seeds)
    packed = bytes(data)
    if chance.random() < 0.25:
        how = chance.choice(list(_PACKINGS))
        kinds.append(how)
        packed = _PACKINGS[how](packed, chance)
        if chance.random() < 0.5:
            kinds.append("damaged stream")
            stream = bytearray(packed)
            chance.choice((_truncate, _flip))(stream, seed, chance, seeds)
            packed = bytes(stream)
    return f"{seed.name}: {', '.join(kinds)}", packed


def read(data: bytes) -> Inventory | BlendFileError:
    """The inventory of some bytes, or the error that they give; reads what an inventory does not touch, too."""
    try:
        found = inventory(data)
    except BlendFileError as error:
        return error
    try:
        _read_contents(data)
    except BlendFileError as error:
        return error
    return found


def outcome(number: int, seeds: list[Seed]) -> Outcome:
    """Make and read one mutant, and judge it."""
    kind, data = mutant(number, seeds)
    before = time.thread_time()
    try:
        found = inventory(data)
        result = "inventory"
        ok = isinstance(found, Inventory)
    except BlendFileError as error:
        result = "error"
        ok = bool(error.reason) and isinstance(error.offset, int) and error.offset >= 0
    except Exception:  # noqa: BLE001 - the point is to find any of them
        return Outcome(number, kind, traceback.format_exc(), True, time.thread_time() - before)
    seconds = time.thread_time() - before
    if not ok or seconds > MOST_SECONDS:
        return Outcome(number, kind, f"{result} after {seconds:.2f} s", True, seconds)
    try:
        _read_contents(data)
    except BlendFileError:
        pass
    except Exception:  # noqa: BLE001 - as above
        return Outcome(number, kind, traceback.format_exc(), True, time.thread_time() - before)
    return Outcome(number, kind, result, False, seconds)


def _read_contents(data: bytes) -> None:
    file = BlendFile(data)
    thumbnail(file)
    for code, reads in _READS.items():
        for block in np.flatnonzero(file.blocks.codes == code_number(code.encode()))[:_IDS_READ].tolist():
            for one in reads:
                # One ID that cannot be read leaves the others.
                try:
                    one(file.structs_in(block)[0])
                except BlendFileError:
                    continue


_READS: Final[dict[str, tuple[Callable[..., object], ...]]] = {
    "ME": (coordinates, properties),
    "OB": (properties, preview),
    "MA": (properties, preview),
    "SC": (properties,),
    "TX": (text,),
}


def _truncate(data: bytearray, _seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _flip(data: bytearray, _seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    for _ in range(chance.choice((1, 4, 40, 400))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _splice(data: bytearray, _seed: Seed, chance: random.Random, seeds: list[Seed]) -> None:
    other = chance.choice(seeds).data
    begin = chance.randrange(len(other))
    piece = other[begin : begin + chance.choice((1, 8, 24, 300, 20_000))]
    at = chance.randrange(len(data) + 1)
    data[at : at + chance.choice((0, len(piece)))] = piece


def _lie_in_head(data: bytearray, seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    head = HEADS[seed.format, seed.pointer_size]
    for _ in range(chance.choice((1, 1, 3))):
        offset = chance.choice((head.length, head.count, head.struct, head.address))
        at = chance.choice(seed.starts) + offset
        _put(data, at, chance.choice(_NASTY), 4, seed)


def _lie_in_dna(data: bytearray, seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    begin, length = seed.dna
    for _ in range(chance.choice((1, 3, 30))):
        at = begin + chance.randrange(max(length - 4, 1))
        if chance.random() < 0.5:
            _put(data, at & ~1, chance.choice((0, 1, 0xFFFF, chance.randrange(900))), 2, seed)
        elif at < len(data):
            data[at] = chance.choice(b"\0*[]9(ax\xff")


def _lie_with_pointers(data: bytearray, seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    """Point one struct at the data of another, or at itself: lists run in circles and into strangers."""
    for _ in range(chance.choice((1, 5, 50))):
        block = chance.randrange(len(seed.bodies))
        size = seed.pointer_size
        begin = seed.bodies[block]
        end = seed.starts[block + 1] if block + 1 < len(seed.starts) else begin
        if end - begin < size:
            continue
        at = begin + chance.randrange((end - begin) // size) * size
        near = min(max(block + chance.randrange(-4, 5), 0), len(seed.addresses) - 1)
        target = chance.choice((seed.addresses[block], seed.addresses[near], chance.choice(seed.addresses)))
        _put(data, at, target, size, seed)


def _lie_in_data(data: bytearray, seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    for _ in range(chance.choice((1, 5, 50))):
        _put(data, chance.randrange(len(data) + 1) & ~3, chance.choice(_NASTY), 4, seed)


def _swap_blocks(data: bytearray, seed: Seed, chance: random.Random, _seeds: list[Seed]) -> None:
    """Give one block the head of another, address and struct included."""
    head = HEADS[seed.format, seed.pointer_size].size
    here, there = chance.choice(seed.starts), chance.choice(seed.starts)
    data[here : here + head] = data[there : there + head]


def _put(data: bytearray, at: int, value: int, size: int, seed: Seed) -> None:
    if at >= 0 and at + size <= len(data):
        raw = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little" if seed.order == "<" else "big")
        data[at : at + size] = raw


_MUTATIONS: Final[dict[str, Callable[[bytearray, Seed, random.Random, list[Seed]], None]]] = {
    "truncated": _truncate,
    "flipped": _flip,
    "spliced": _splice,
    "head lies": _lie_in_head,
    "DNA lies": _lie_in_dna,
    "pointers lie": _lie_with_pointers,
    "numbers lie": _lie_in_data,
    "heads swapped": _swap_blocks,
}


def _pack_gzip(data: bytes, chance: random.Random) -> bytes:
    cut = chance.randrange(len(data) + 1)
    parts = (data[:cut], data[cut:]) if chance.random() < 0.3 else (data,)
    return b"".join(gzip.compress(part, 1) for part in parts)


def _pack_zstd(data: bytes, chance: random.Random) -> bytes:
    frame = chance.choice((1 << 14, 1 << 17, 1 << 20))
    out = []
    for at in range(0, len(data), frame):
        out.append(zstandard.ZstdCompressor(level=1).compress(data[at : at + frame]))
        if chance.random() < 0.2:
            size = chance.randrange(64)
            out.append(b"\x50\x2a\x4d\x18" + size.to_bytes(4, "little") + bytes(size))
    return b"".join(out)


_PACKINGS: Final[dict[str, Callable[[bytes, random.Random], bytes]]] = {"as gzip": _pack_gzip, "as zstd": _pack_zstd}

_seeds: list[Seed] = []


def _start(folder: Path) -> None:
    _seeds.extend(load_seeds(folder))
    # Address space is more than memory in use, so what passes under this limit is within the bound.
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, used + MOST_BYTES))


def _one(number: int) -> Outcome:
    return outcome(number, _seeds)


def main() -> int:
    """Try the mutants that the arguments ask for; 1 when one breaks the invariant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="real .blend files")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    wanted = parser.parse_args()
    results: Counter[str] = Counter()
    slowest = 0.0
    context = multiprocessing.get_context("spawn")
    with context.Pool(wanted.processes, _start, (wanted.folder,)) as pool:
        numbers = range(wanted.first, wanted.first + wanted.count)
        for done in pool.imap_unordered(_one, numbers, chunksize=50):
            slowest = max(slowest, done.seconds)
            results["failed" if done.failed else done.result] += 1
            if done.failed:
                print(f"seed {done.seed} ({done.kind}): {done.result}", flush=True)
    total = sum(results.values())
    counted = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
    print(f"{total} mutants: {counted}; slowest {slowest:.3f} s")
    return int(results["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
