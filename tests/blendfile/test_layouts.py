"""Layouts are kept across files and processes, and a kept file that is damaged or forged does no harm."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxel.blendfile import inventory, keep_layouts
from voxel.blendfile.dna import Dna
from voxel.blendfile.layouts import forget_layouts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    kept = tmp_path / "cache" / "layouts"
    forget_layouts()
    keep_layouts(kept)
    yield kept
    keep_layouts(None)
    forget_layouts()


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every DNA that is taken apart."""
    seen: list[int] = []
    original = Dna.__init__

    def counted(self: Dna, *arguments: Any) -> None:
        seen.append(1)
        original(self, *arguments)

    monkeypatch.setattr(Dna, "__init__", counted)
    return seen


def sample(forge: Any) -> bytes:
    made: bytes = forge().object("Cube", 1).mesh("Cube", [(0, 0, 0)]).file()
    return made


def test_one_dna_is_taken_apart_once(forge: Any, folder: Path, parses: list[int]) -> None:
    first = inventory(sample(forge))
    for _ in range(5):
        assert inventory(sample(forge)) == first
    assert len(parses) == 1
    assert len(list(folder.iterdir())) == 1


def test_another_process_takes_none_apart(forge: Any, folder: Path, tmp_path: Path) -> None:
    expected = inventory(sample(forge)).line()
    path = tmp_path / "a.blend"
    path.write_bytes(sample(forge))
    source = (
        "import json, sys\nfrom pathlib import Path\nfrom voxel.blendfile import inventory, keep_layouts\n"
        "import voxel.blendfile.file as file\n"
        "def broken(*_): raise AssertionError('the DNA was taken apart')\nfile.Dna = broken\n"
        "keep_layouts(Path(sys.argv[1]))\nprint(json.dumps(inventory(sys.argv[2]).line()))\n"
    )
    done = subprocess.run([sys.executable, "-c", source, str(folder), str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


def test_only_the_user_can_read_and_write_the_folder(forge: Any, folder: Path) -> None:
    inventory(sample(forge))
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def forged(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).hexdigest().encode() + b"\n" + payload


def damages(raw: bytes) -> dict[str, bytes]:
    said = json.loads(raw.partition(b"\n")[2])

    def shape(name: str, index: int, size: int, **spots: Any) -> bytes:
        return forged(json.dumps({**said, "shapes": {**said["shapes"], name: [index, size, spots]}}).encode())

    return {
        "empty": b"",
        "cut": raw[:-10],
        "flipped": raw[:60] + bytes([raw[60] ^ 1]) + raw[61:],
        "a pickle": b"\x80\x04K\x01.",
        "not JSON": forged(b"{"),
        "nested": forged(b"[" * 60_000),
        "a list": forged(b"[1, 2]"),
        "no shapes": forged(b'{"structs": 13}'),
        "negative offset": shape("Object", 4, 90, type=[-2, 2, "h"]),
        "past the struct": shape("Object", 4, 90, type=[89, 2, "h"]),
        "wrong size": shape("Object", 4, 90, type=[8, 4, "h"]),
        "unknown format": shape("Object", 4, 90, type=[8, 2, "P"]),
        "long format": shape("Object", 4, 90, type=[8, 2, "9999999s"]),
        "past the structs": shape("Object", 4000, 90),
        "unknown struct": shape("Evil", 4, 90),
        "unknown fact": shape("Object", 4, 90, evil=[8, 2, "h"]),
        "not a number": shape("Object", 4, 90, type=[True, 2, "h"]),
        "huge": forged(b" " * (1 << 17)),
    }


def test_a_damaged_or_forged_file_is_ignored(forge: Any, folder: Path, parses: list[int]) -> None:
    expected = inventory(sample(forge))
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    for name, damage in damages(whole).items():
        kept.write_bytes(damage)
        forget_layouts()
        parses.clear()
        assert inventory(sample(forge)) == expected, name
        assert len(parses) == 1, name
        assert kept.read_bytes() == whole, f"{name} was not replaced"


def test_files_that_others_can_write_are_ignored(forge: Any, folder: Path, parses: list[int]) -> None:
    inventory(sample(forge))
    (kept,) = folder.iterdir()
    kept.chmod(0o666)
    forget_layouts()
    inventory(sample(forge))
    assert len(parses) == 2
    folder.chmod(0o777)
    keep_layouts(folder)
    before = kept.stat().st_mtime_ns
    forget_layouts()
    inventory(sample(forge))
    assert len(parses) == 3
    assert kept.stat().st_mtime_ns == before


def test_a_link_or_pipe_in_the_place_of_a_file_is_not_followed(forge: Any, folder: Path, parses: list[int]) -> None:
    inventory(sample(forge))
    (kept,) = folder.iterdir()
    moved = folder.parent / "moved"
    kept.rename(moved)
    kept.symlink_to(moved)
    forget_layouts()
    inventory(sample(forge))
    assert len(parses) == 2
    kept.unlink()
    os.mkfifo(kept)
    forget_layouts()
    inventory(sample(forge))
    assert len(parses) == 3


def test_a_folder_that_cannot_be_made_stops_nothing(forge: Any, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    forget_layouts()
    keep_layouts(blocked / "layouts")
    try:
        assert inventory(sample(forge)).meshes == {"Cube": 1}
    finally:
        keep_layouts(None)


def test_two_dnas_of_one_length_are_told_apart(forge: Any) -> None:
    structs = dict(forge().structs)
    swapped = {**structs, "Mesh": [structs["Mesh"][0], structs["Mesh"][2], structs["Mesh"][1], structs["Mesh"][3]]}
    plain, other = forge().mesh("M", [(0, 0, 0)]), forge(structs=swapped)
    other.block("ME", other.id("MEM") + other.number(0) + other.number(5) + other.pointer(1), struct="Mesh")
    assert len(plain.dna()) == len(other.dna())
    for _ in range(2):
        assert inventory(plain.file()).meshes == {"M": 1}
        assert inventory(other.file()).meshes == {"M": 5}
