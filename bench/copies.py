"""A corpus of any size: the files of a folder over and over, each copy with other names inside: no two are alike.

The names of all objects get a suffix, in place, in the decompressed bytes: Blender keeps room for 63 characters, so no
length and no pointer changes. Scenes differ, therefore instructions and code do, and nothing is a duplicate.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from voxel.blendfile import BlendFile
from voxel.blendfile.blocks import code_number
from voxel.blendfile.structs import Struct

ROOM = 63


def renamed(source: bytes, suffix: str) -> bytes:
    """The same file, decompressed, with `suffix` at the end of every object's name that has room for it."""
    file = BlendFile(source)
    out = bytearray(file.data)
    type_ = file.dna.named("Object")
    assert type_ is not None
    for block in (file.blocks.codes == code_number(b"OB")).nonzero()[0].tolist():
        place = Struct(file, type_, int(file.blocks.bodies[block]), block).place("id.name")
        end = out.index(b"\0", place)
        if end - place - 2 + len(suffix) <= ROOM:
            out[end : end + len(suffix)] = suffix.encode()
    return bytes(out)


def base(corpus: Path, count: int, most_bytes: int, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The manifest's lines of `count` files that are no larger than `most_bytes`, spread evenly over its order.

    With `names`, those of the files whose paths end with them instead.
    """
    lines = [json.loads(line) for line in (corpus / "manifest.jsonl").read_bytes().splitlines()]
    if names:
        return [line for line in lines if line["file"].endswith(tuple(names))]
    fit = [line for line in lines if line["license_permissive"] and line["size_uncompressed"] <= most_bytes]
    assert len(fit) >= count, f"{corpus} holds {len(fit)} files of at most {most_bytes} bytes"
    return [fit[index * len(fit) // count] for index in range(count)]


def write_copies(corpus: Path, files: list[dict[str, Any]], folder: Path, count: int) -> Iterator[Path]:
    """Fills `folder` with `count` files and their manifest; the first copies are the same whatever `count` is."""
    folder.mkdir(parents=True)
    with (folder / "manifest.jsonl").open("w") as manifest:
        for number in range(count):
            line = files[number % len(files)]
            copy = number // len(files)
            data = renamed((corpus / line["file"]).read_bytes(), f".{copy:05d}")
            name = f"{copy:05d}/{number % len(files):03d}.blend"
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)
            own = {
                **{key: line[key] for key in ("commit", "license", "license_permissive")},
                "repo": f"{line['repo']}-{copy:05d}", "path": line["path"], "file": name, "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(), "blob": "",
            }  # fmt: skip
            manifest.write(json.dumps(own) + "\n")
            yield folder / name


def nth_lines(corpus: Path, step: int) -> list[dict[str, Any]]:
    """The manifest's lines of every n-th file of a corpus."""
    return [json.loads(line) for line in (corpus / "manifest.jsonl").read_text().splitlines()[::step]]


def every_nth(corpus: Path, step: int, folder: Path) -> list[dict[str, Any]]:
    """Fills `folder` with every n-th file of a corpus and its line of the manifest; those lines."""
    chosen = nth_lines(corpus, step)
    for line in chosen:
        (folder / line["file"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(corpus / line["file"], folder / line["file"])
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in chosen))
    return chosen
