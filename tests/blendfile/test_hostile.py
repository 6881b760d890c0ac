"""Files that are made to hurt: each gives a BlendFileError that says what is wrong where, soon and in little memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import zstandard

from voxel.blendfile import BlendFile, BlendFileError, Budget, coordinates, inventory, properties, text
from voxel.errors import UsageError


def refused(data: bytes, reason: str, **limits: Any) -> BlendFileError:
    before = time.thread_time()
    with pytest.raises(BlendFileError, match=reason) as caught:
        inventory(data, budget=Budget(**limits)) if limits else inventory(data)
    assert time.thread_time() - before < 2
    return caught.value


def gzip_bomb(size: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    chunk = bytes(1 << 20)
    parts = [squeeze.compress(b"BLENDER-v280")]
    parts += [squeeze.compress(chunk) for _ in range(size >> 20)]
    return b"".join([*parts, squeeze.flush()])


def zstd_bomb(size: int) -> bytes:
    squeeze = zstandard.ZstdCompressor(level=3).compressobj()
    chunk = bytes(1 << 20)
    parts = [squeeze.compress(b"BLENDER-v280")]
    parts += [squeeze.compress(chunk) for _ in range(size >> 20)]
    return b"".join([*parts, squeeze.flush()])


@pytest.mark.parametrize("bomb", [gzip_bomb, zstd_bomb], ids=["gzip", "zstd"])
def test_a_bomb_stops_at_the_budget(bomb: Any, tmp_path: Path) -> None:
    path = tmp_path / "bomb.blend"
    path.write_bytes(bomb(600 << 20))
    assert path.stat().st_size < 1 << 20
    # In a process of its own, so that the peak is the reader's.
    source = (
        "import resource, sys, time\n"
        "from voxel.blendfile import BlendFileError, inventory\n"
        "try:\n    inventory(sys.argv[1])\nexcept BlendFileError as error:\n    print(error.reason)\n"
        "print(time.thread_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", source, str(path)], capture_output=True, text=True, check=True)
    reason, figures = done.stdout.splitlines()
    seconds, kilobytes = (float(figure) for figure in figures.split())
    assert reason == "the file is larger than 268,435,456 bytes once decompressed"
    assert seconds < 2.5
    assert kilobytes < 512 << 10


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    frame = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(3, window_log=30, enable_ldm=True)
    ).compressobj()
    refused(frame.compress(b"BLENDER-v280" + bytes(64)) + frame.flush(), "damaged zstd stream")


def test_a_cut_or_damaged_stream_is_named() -> None:
    packed = gzip.compress(b"BLENDER-v280" + os.urandom(4000))
    refused(packed[:2000], "gzip stream ends too early")
    refused(packed[:1000] + b"\xff" * 20 + packed[1020:], "damaged gzip stream")
    squeezed = zstandard.ZstdCompressor().compress(b"BLENDER-v280" + os.urandom(4000))
    refused(squeezed[:2000], "the file ends|runs past|no block head")
    refused(squeezed[:5] + b"\xff" * 20 + squeezed[25:], "zstd")


def test_a_negative_length(forge: Any) -> None:
    made = forge().object("Before", 0)
    error = refused(made.block("DATA", bytes(64), length=-16).file(), "negative length -16")
    assert error.offset == 12 + len(made.out) - 64 - 24


@pytest.mark.parametrize("version", [280, 501])
@pytest.mark.parametrize("length", [0x7FFFFFF0, 1 << 20, 0x7FFFFFFF])
def test_a_length_past_the_end(forge: Any, version: int, length: int) -> None:
    made = forge(version=version)
    error = refused(made.block("DATA", bytes(64), length=length).file(), "runs past the end")
    assert error.offset == len(made.header)


def test_a_length_beyond_four_gigabytes(forge: Any) -> None:
    made = forge(version=501).block("DATA", bytes(64), length=(1 << 32) + 64)
    assert refused(made.file(), "runs past the end").offset == 17


def test_a_length_that_swallows_the_next_heads(forge: Any) -> None:
    swallowing = forge().block("DATA", bytes(16), length=40).object("Lost", 0)
    error = refused(swallowing.file(), "no block head where one should be")
    assert error.offset == 12 + 24 + 40


def test_overlapping_blocks_resolve_to_the_first_of_their_owner(forge: Any) -> None:
    made = forge().object("A", 1, first_modifier=0x100)
    made.modifier(0x100, 0, 5).modifier(0x100, 0, 1)
    made.object("B", 1, first_modifier=0x100).modifier(0x100, 0, 8)
    assert inventory(made.file()).modifiers == {"A": ["MIRROR"], "B": ["ARMATURE"]}


def test_a_list_that_runs_in_a_circle(forge: Any) -> None:
    made = forge().object("Loop", 1, first_modifier=0x100)
    made.modifier(0x100, 0x200, 5).modifier(0x200, 0x100, 1)
    data = made.file()
    refused(data, "runs in a circle")
    owner = next(BlendFile(data).ids("OB"))
    with pytest.raises(BlendFileError, match="runs in a circle"):
        list(owner.list("modifiers"))


def test_a_list_longer_than_the_budget(forge: Any) -> None:
    made = forge().object("Long", 1, first_modifier=0x1000)
    for at in range(50):
        made.modifier(0x1000 + at, 0x1001 + at, 5)
    assert len(inventory(made.file()).modifiers["Long"]) == 50
    refused(made.file(), "linked list of more than 20 elements", list_length=20)


def test_more_blocks_than_the_budget(forge: Any) -> None:
    made = forge()
    for _ in range(300):
        made.block("DATA", bytes(4))
    refused(made.file(), "more than 200 blocks", blocks=200)


def test_a_million_small_blocks_stay_within_the_bounds(forge: Any) -> None:
    made = forge()
    one = bytes(made.block("DATA", bytes(4)).out)
    made.out = bytearray(one * 1_100_000)
    refused(made.file(), "more than 1,000,000 blocks")


def test_time_is_a_budget(forge: Any) -> None:
    made = forge()
    made.out = bytearray(bytes(made.block("DATA", bytes(4)).out) * 500_000)
    refused(made.file(), "longer than 0.001 s", seconds=0.001)


def test_a_budget_of_nothing_is_a_mistake() -> None:
    with pytest.raises(UsageError, match=r"Budget\.blocks must be more than zero"):
        Budget(blocks=0)


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [({"Object": 8}, "the fields of Object take"), ({"ID": 60_000}, "the fields of Object take")],
)
def test_a_dna_that_lies_about_sizes(forge: Any, sizes: dict[str, int], reason: str) -> None:
    made = forge(sizes=sizes).object("A", 1)
    error = refused(made.file(), f"the DNA lies: {reason}")
    assert error.offset == 12 + len(made.out) + 24


def test_a_dna_that_lies_about_dimensions(forge: Any) -> None:
    made = forge().object("A", 1)
    for name in (b"name[99]", b"nam[999]", b"n[99999]"):
        refused(made.file(dna=made.dna().replace(b"name[24]", name)), "the DNA lies")


def test_a_dna_that_lies_about_its_tables(forge: Any) -> None:
    made = forge().object("A", 1)
    dna = made.dna()
    for tag in (b"NAME", b"TYPE", b"STRC"):
        for lie in (-1, 0x7FFFFFFF, 40_000):
            at = dna.index(tag) + 4
            refused(made.file(dna=dna[:at] + made.number(lie) + dna[at + 4 :]), "the DNA lies")
        refused(made.file(dna=dna.replace(tag, b"NONE")), f"no table {tag.decode()}")
    refused(made.file(dna=dna[:-40]), "the DNA lies: a struct is cut off")
    refused(made.file(dna=b"XXXX" + dna[4:]), "does not begin with SDNA")


def test_a_file_without_dna(forge: Any) -> None:
    data = forge().object("A", 1).file()
    refused(data.replace(b"DNA1", b"DNA2"), "no DNA1 block")


def test_a_struct_that_the_dna_does_not_have(forge: Any) -> None:
    for index in (-1, 500):
        refused(forge().block("DATA", bytes(8), index=index).file(), f"struct {index}, the DNA has 13")


def test_an_object_block_that_holds_something_else(forge: Any) -> None:
    refused(forge().block("OB", bytes(200), struct="Mesh").file(), "a block OB does not hold the struct Object")
    refused(forge().block("OB", bytes(60), struct="Object").file(), "too short for Object")


def test_custom_properties_that_contain_themselves(forge: Any) -> None:
    made = forge()
    group = bytes([6, 0]) + bytes(6)
    body = made.pointer(0) * 2 + group + b"me".ljust(16, b"\0") + made.pointer(0) + made.pointer(0x700) * 2 + bytes(8)
    made.block("OB", made.id("OBdeep", 0x700) + bytes(40), struct="Object", address=1)
    made.block("DATA", body, struct="IDProperty", address=0x700)
    with pytest.raises(BlendFileError, match="nested deeper than 32"):
        properties(next(BlendFile(made.file()).ids("OB")))


def test_a_text_that_unfolds_beyond_its_file(forge: Any) -> None:
    made = forge().block("TX", b"", struct="Text")
    made = forge().block("TX", made.id("TXlong") + made.pointer(0x1000) * 2, struct="Text")
    for at in range(200):
        following = 0x1001 + at if at < 199 else 0
        line = made.pointer(following) + made.pointer(0) + made.pointer(0x500) + bytes(8)
        made.block("DATA", line, struct="TextLine", address=0x1000 + at)
    made.block("DATA", b"x" * 20_000, address=0x500)
    with pytest.raises(BlendFileError, match="longer than its file"):
        text(next(BlendFile(made.file()).ids("TX")))


def test_more_vertices_than_coordinates(forge: Any) -> None:
    made = forge()
    made.block("ME", made.id("MEbig") + made.number(1000) + made.number(0) + made.pointer(9), struct="Mesh")
    made.block("DATA", bytes(60), struct="MVert", address=9, count=1000)
    with pytest.raises(BlendFileError, match="coordinates of 1000 vertices are not in the file"):
        coordinates(next(BlendFile(made.file()).ids("ME")))


def test_a_negative_number_of_vertices(forge: Any) -> None:
    made = forge()
    made.block("ME", made.id("MEx") + made.number(-5) + made.number(0) + made.pointer(9), struct="Mesh")
    refused(made.file(), "a mesh of -5 vertices")


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.blend"
    os.mkfifo(pipe)
    for path, reason in ((pipe, "not a regular file"), (tmp_path, "not a regular file"), (tmp_path / "no", "No such")):
        with pytest.raises(BlendFileError, match=reason):
            inventory(path)
    with pytest.raises(BlendFileError, match="cannot be opened: embedded null byte"):
        inventory("a\0b")
