"""Draws the scripts of a code review, as `design/code-review.md` says.

    python bench/review.py FOLDER OUT --seed N [--scenes DIR]

50 scripts of the real files below FOLDER and of the samples: 14 whole objects with all that they need, 12 materials, 8
files of at most 600 lines, 16 edits that the dataset builder asks for. A file is drawn first, then something in it;
nothing is drawn twice. OUT gets a script each, `NN_kind.py`, and `drawn.md`, a table of what they are. Dumps of the
files are kept in the folder `--scenes` for another round.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

from voxel.blender import Blender  # noqa: E402
from voxel.bpycode import write  # noqa: E402
from voxel.errors import VoxelError  # noqa: E402
from voxel.records.scene import Scene  # noqa: E402
from voxel.sources.samples import recipes  # noqa: E402
from voxel.training.dataset_builder.candidate import Candidate  # noqa: E402
from voxel.training.dataset_builder.roles import candidates  # noqa: E402

WANTED = {"object": 14, "material": 12, "file": 8, "edit": 16}
LONGEST_FILE = 600
LONGEST_OTHER = 400

Json = dict[str, Any]
Drawn = tuple[str, str]


def dumped(blender: Blender, folder: Path, keep: Path) -> list[Path]:
    """A Scene of every file and sample, as JSON in a folder; files that Blender does not open are left out."""
    keep.mkdir(parents=True, exist_ok=True)
    blends = [(str(path.relative_to(folder)), path) for path in sorted(folder.rglob("*.blend"))]
    samples = {recipe.candidate.path: recipe.script for recipe in recipes()}
    for name, path in [*blends, *((name, None) for name in samples)]:
        out = keep / (name.replace("/", "__") + ".json")
        if out.exists():
            continue
        try:
            if path is None:
                made = keep / "sample.blend"
                made.write_bytes(blender.make(samples[name], timeout=120))
                path = made
            out.write_bytes(blender.load(path))
        except VoxelError as error:
            print(f"{name}: {error}")
    return sorted(keep.glob("*.json"))


def one_of(kind: str, scene: Json, chance: random.Random) -> Drawn | None:
    """(name, script) of something of that kind in the Scene."""
    if kind == "file":
        return "", write(scene)
    if kind == "edit":
        pairs = [one for one in candidates(scene) if isinstance(one, Candidate)]
        if not pairs:
            return None
        pair = chance.choice(pairs)
        return f"{pair.role}, {pair.category}", write(pair.after, pair.before)
    names = sorted(scene["blocks"].get(f"{kind}s", {}))
    if not names:
        return None
    name = chance.choice(names)
    part = Scene.from_json(json.dumps(scene)).subset([(f"{kind}s", name)])
    return name, write(part)


def drawn(paths: list[Path], chance: random.Random) -> Iterator[tuple[str, str, Drawn]]:
    """(kind, file, (name, script)) of a whole round."""
    seen: set[str] = set()
    for kind, count in WANTED.items():
        found = 0
        while found < count:
            path = chance.choice(paths)
            one = one_of(kind, json.loads(path.read_bytes()), chance)
            if one is None or one[1] in seen:
                continue
            if one[1].count("\n") > (LONGEST_FILE if kind == "file" else LONGEST_OTHER):
                continue
            seen.add(one[1])
            found += 1
            yield kind, path.name.removesuffix(".json"), one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--scenes", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with Blender() as blender:
        paths = dumped(blender, options.folder, options.scenes or options.out / "scenes")
    rows = ["| number | kind | file | name | lines |", "|---|---|---|---|---|"]
    for number, (kind, file, (name, script)) in enumerate(drawn(paths, random.Random(options.seed)), 1):
        Path(options.out, f"{number:02d}_{kind}.py").write_text(script)
        rows.append(f"| {number} | {kind} | {re.sub(r'^.*__', '', file)} | {name} | {script.count(chr(10))} |")
    Path(options.out, "drawn.md").write_text("\n".join(rows) + "\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
