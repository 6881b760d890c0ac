"""What an inventory says of small files whose content is known to the byte."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

from voxel.blendfile import BlendFileError, inventory

LAYOUTS = [
    {"pointer_size": 4, "endian": "little", "version": 248},
    {"pointer_size": 4, "endian": "big", "version": 225},
    {"pointer_size": 8, "endian": "big", "version": 260},
    {"pointer_size": 8, "endian": "little", "version": 279},
    {"pointer_size": 8, "endian": "little", "version": 501},
]


def example(forge: Any, **layout: Any) -> Any:
    made = forge(**layout)
    made.block("GLOB", made.number(6, 2) + bytes(6), struct="FileGlobal")
    made.object("Würfel", 1, first_modifier=0x100, address=0x10)
    made.modifier(0x100, 0x200, 5)
    made.modifier(0x200, 0, 1)
    made.object("Lamp", 10).object("Odd", 99)
    made.mesh("Cube", [(0, 0, 1), (2, 0, 0), (0.5, -3, 0)])
    made.block("TX", made.id("TXrun.py") + made.pointer(0) * 2, struct="Text")
    return made


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout['version']}-{layout['endian']}")
def test_says_the_same_of_every_layout(forge: Any, layout: dict[str, Any]) -> None:
    found = inventory(example(forge, **layout).file())
    assert (found.version, found.pointer_size, found.endian) == (
        layout["version"],
        layout["pointer_size"],
        layout["endian"],
    )
    assert found.subversion == 6
    assert found.objects == {"Würfel": "MESH", "Lamp": "LIGHT", "Odd": 99}
    assert found.modifiers == {"Würfel": ["MIRROR", "SUBSURF"]}
    assert found.meshes == {"Cube": 3}
    assert found.texts == ["run.py"]
    assert {kind: count for kind, count in found.counts.items() if count} == {"objects": 3, "meshes": 1, "texts": 1}
    assert found.compression == "none"
    assert not found.startup


def test_reads_every_compression_to_the_same(forge: Any) -> None:
    plain = example(forge).file()
    whole = inventory(plain).line()
    squeeze = zstandard.ZstdCompressor().compress
    skippable = b"\x5e\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"index"
    packed = {
        "gzip": [gzip.compress(plain), gzip.compress(plain[:50]) + gzip.compress(plain[50:]) + bytes(512)],
        "zstd": [
            squeeze(plain),
            squeeze(plain[:700]) + skippable + squeeze(plain[700:]) + skippable,
            skippable + squeeze(plain),
        ],
    }
    for compression, variants in packed.items():
        for variant in variants:
            assert inventory(variant).line() == whole | {"compression": compression}


def test_a_path_and_its_bytes_give_the_same(forge: Any, tmp_path: Path) -> None:
    data = gzip.compress(example(forge).file())
    path = tmp_path / "a.blend"
    path.write_bytes(data)
    assert inventory(path) == inventory(str(path)) == inventory(data) == inventory(memoryview(bytearray(data)))


def test_the_line_is_plain_json(forge: Any) -> None:
    line = inventory(example(forge).file()).line()
    assert json.loads(json.dumps(line)) == line
    required = {"version", "subversion", "compression", "pointer_size", "endian", "counts", "objects", "meshes"}
    assert required | {"materials", "modifiers", "texts", "libraries"} <= line.keys()


def test_of_a_short_closing_block_the_code_is_enough(forge: Any) -> None:
    data = example(forge, pointer_size=4, version=225).file(end=b"ENDB\0\0\0\0")
    assert inventory(data).meshes == {"Cube": 3}


def test_blocks_need_not_be_multiples_of_four(forge: Any) -> None:
    made = forge()
    made.block("DATA", b"odd").object("After", 0).block("DATA", b"x")
    assert inventory(made.file()).objects == {"After": "EMPTY"}


def test_a_file_without_anything_is_as_new(forge: Any) -> None:
    assert inventory(forge().block("GLOB", bytes(8), struct="FileGlobal").file()).startup


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"", "empty file", 0),
        (b"PK\x03\x04", "begins like neither", 0),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer", 0),
        (b"BLENDER", "header is not one", 0),
        (b"BLENDER-v2xx", "header is not one", 0),
        (b"BLENDER19-02v0700" + bytes(40), "newer than this reader", 7),
        (b"BLENDER-v280", "without its closing block", 12),
        (b"BLENDER-v280ENDB" + bytes(20), "holds no blocks", 12),
    ],
)
def test_says_what_is_wrong_where(data: bytes, reason: str, offset: int) -> None:
    with pytest.raises(BlendFileError, match=reason) as caught:
        inventory(data)
    assert caught.value.offset == offset


def test_every_truncation_is_an_error_inside_the_file(forge: Any) -> None:
    data = example(forge).file()
    last = len(data) - len(forge().block_head())
    for length in range(last):
        with pytest.raises(BlendFileError) as caught:
            inventory(data[:length])
        assert 0 <= caught.value.offset <= length
    assert inventory(data[: last + 4]).meshes == {"Cube": 3}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_memory_stays_at_the_decompressed_size_and_60_mb(forge: Any, tmp_path: Path, compression: str) -> None:
    made = forge().object("A", 1)
    piece = bytes(made.block("DATA", bytes(range(256)) * 2).out)[len(made.out) - 512 - 24 :]
    made.out += piece * (80_000_000 // len(piece))
    data = made.file()
    path = tmp_path / "big.blend"
    packed = {"none": data, "gzip": gzip.compress(data, 1), "zstd": zstandard.ZstdCompressor().compress(data)}
    path.write_bytes(packed[compression])
    # VmHWM begins anew with the program; ru_maxrss would carry over what this process has used.
    source = (
        "import sys\nfrom voxel.blendfile import inventory\nprint(inventory(sys.argv[1]).objects)\n"
        "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", source, str(path)], capture_output=True, text=True, check=True)
    objects, peak = done.stdout.splitlines()
    assert objects == "{'A': 'MESH'}"
    assert int(peak) * 1024 < len(data) + (60 << 20)
