"""Examples to show on a page, with pictures of the scenes that their code makes.

Pictures are rendered in boxed Blender and kept under reports/pictures/, named by the example: a page made again is
made in a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from voxel.blender import Blender
from voxel.bpycode import scripts
from voxel.errors import BadInput, BoxError, SetupError
from voxel.records.example import Example
from voxel.records.roles import ROLES
from voxel.stages import Progress, write_atomic

SIZE = (480, 360)
SAMPLES = 24
_LONGEST = 70
"""Lines of code that a card can show without hiding everything else."""

_MANY = 12
"""Checks: examples with more show no more."""


class Shown(NamedTuple):
    """One card of the gallery."""

    example: Example
    picture: bytes
    """PNG; empty where there is none."""
    reason: str
    """Why there is no picture."""


def chosen(examples: Sequence[Example], count: int) -> list[Example]:
    """At most `count` examples: every role in turn, of each role every category in turn, what shows most first."""
    by_role: dict[str, dict[str, list[Example]]] = {role: {} for role in ROLES}
    for one in sorted(examples, key=lambda one: (one.completion.count("\n") > _LONGEST, -_worth(one), one.id)):
        by_role[one.role].setdefault(one.category, []).append(one)
    turns = [_in_turn([held[name] for name in sorted(held)]) for held in by_role.values()]
    return _in_turn(turns)[:count]


def _worth(example: Example) -> float:
    return example.quality * min(_MANY, len(example.checks))


def _in_turn(rows: Sequence[Sequence[Example]]) -> list[Example]:
    longest = max(map(len, rows), default=0)
    return [row[place] for place in range(longest) for row in rows if place < len(row)]


def pictured(examples: Sequence[Example], folder: Path, progress: Progress) -> list[Shown]:
    """The examples with their pictures, made where `folder` has none yet. Nothing is raised for a scene that cannot be
    rendered, nor where there is no Blender: the card says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = sum(not (folder / f"{one.id}.png").exists() for one in examples)
    progress.start("render", len(examples), len(examples) - missing)
    shown: list[Shown] = []
    with ExitStack() as stack:
        blender: Blender | None = None
        trouble = ""
        for one in examples:
            path = folder / f"{one.id}.png"
            if path.exists():
                shown.append(Shown(one, path.read_bytes(), ""))
                continue
            reason = trouble
            if not trouble:
                try:
                    blender = blender or stack.enter_context(Blender(_runtime(one)))
                    sources = scripts(one.role, one.context, one.completion)
                    picture = blender.render(*sources, size=SIZE, samples=SAMPLES, material=_material(one))
                    write_atomic(path, picture.png)
                    shown.append(Shown(one, picture.png, ""))
                except BadInput as error:
                    reason = str(error)
                except (SetupError, BoxError) as error:
                    reason = trouble = str(error)
            if reason:
                shown.append(Shown(one, b"", reason))
            progress.advance("failed" if reason else "done", one.id, reason)
    progress.end()
    return shown


def _runtime(example: Example) -> str | None:
    return example.blender[0] if example.blender else None


def _material(example: Example) -> str:
    """The material to show on a sphere: that which an example of the texture role is about, when it is about one."""
    of = {check.of for check in example.checks}
    about = {name for collection, name in of if collection == "materials"}
    on_object = any(collection == "objects" for collection, _ in of)
    return min(about) if example.role == "texture" and len(about) == 1 and not on_object else ""
