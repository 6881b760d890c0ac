"""Proof by an effect: what an example makes does the same as what the file holds, seen by other means than the dump.

Evaluated meshes, values of f-curves and matrices of bones come from the dependency graph, pictures from Cycles; the
other side is the .blend itself, opened in Blender. Only what a file really holds can be compared: an object, material
or world of the same name. Where they agree the example says so. Where they do not although all that decides it is the
same in both (`unchanged.py`), one of the two ways to the effect is wrong, and nobody may learn from that.
"""

from __future__ import annotations

import hashlib
import math
import sys
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from voxel.blender import Blender
from voxel.bpycode.script import Id
from voxel.errors import BadInput
from voxel.records.example import Proof
from voxel.training.dataset_builder.candidate import Candidate
from voxel.training.dataset_builder.unchanged import look_unchanged, motion_unchanged, shape_unchanged

TOLERANCE = 1e-3
"""Of numbers, relative above 1: examples have four digits. Of a picture: the mean difference of its channels."""
_SIDE, _SAMPLES = 32, 8
_KINDS: tuple[tuple[Proof, Callable[[Any, Any, str], bool]], ...] = (
    ("mesh", shape_unchanged), ("curves", motion_unchanged), ("bones", shape_unchanged),
)  # fmt: skip
"""Effects by name, and when an object must have the one that it has in its file."""
_LOOKS: dict[str, str] = {"texture": "materials", "render": "worlds"}
"""What a role gives its look to."""


class Shown(NamedTuple):
    """What came of comparing an example with its file."""

    agreeing: list[Proof]
    """Effects that are the same wherever both have them."""
    wrong: str
    """An effect that would have to be the same and is not; empty when there is none."""


class Effects:
    """What one .blend does, asked for as far as examples need it."""

    def __init__(self, blender: Blender, blend: Path | None, timeout: float, scene: Any = None) -> None:
        """`scene` is the dump of `blend`; without it nothing has to be as it is there."""
        self._blender, self._blend, self._timeout, self._scene = blender, blend, timeout, scene
        self._whole: dict[str, Any] | None = None
        self._pictures: dict[Id, bytes] = {}
        self._made: dict[bytes, bytes] = {}

    def shown(
        self, candidate: Candidate, before: Any, after: Any, sources: Sequence[str], effects: dict[str, Any]
    ) -> Shown:
        """Which effects of an example agree with the file's. `sources` make `after`, which does `effects`."""
        if comparable(candidate):
            return self.compared(effects, after, praise=not candidate.derived)
        kind = _LOOKS.get(candidate.role, "")
        old, new = (scene["blocks"].get(kind, {}) for scene in (before, after))
        looks = {name: self.same_picture(sources, after, (kind, name)) for name in new if new[name] != old.get(name)}
        for name, same in looks.items():
            if same is False and self._scene is not None and look_unchanged(self._scene, after, (kind, name)):
                return Shown([], f"the look of {kind}[{name!r}]")
        praised = looks and all(looks.values()) and not candidate.derived
        return Shown(["picture"] if praised else [], "")

    def compared(self, shown: dict[str, Any], after: Any, *, praise: bool) -> Shown:
        """Which effects of the objects agree, each for all objects that have it on both sides.

        `praise`: agreement is worth a word, since the example holds what the file holds.
        """
        there = self._of_file() if shown else {}
        found: list[Proof] = []
        for kind, unchanged in _KINDS:
            ours, theirs = shown.get(kind, {}), there.get(kind, {})
            names = [name for name in after["blocks"].get("objects", {}) if name in ours and name in theirs]
            differing = [name for name in names if not alike(ours[name], theirs[name])]
            for name in differing:
                if self._scene is not None and unchanged(self._scene, after, name):
                    return Shown([], f"{kind} of objects[{name!r}]")
            if praise and names and not differing:
                found.append(kind)
        return Shown(found, "")

    def _of_file(self) -> dict[str, Any]:
        if self._whole is None:
            self._whole = {}
            if self._blend is not None:
                with suppress(BadInput):
                    self._whole = msgspec.json.decode(self._blender.load(self._blend, result="effects"))
        return self._whole

    def same_picture(self, sources: Sequence[str], after: Any, of: Id) -> bool | None:
        """Whether a material on a sphere, or a sphere in the light of a world, looks as in the file.

        None where either side cannot be rendered. Asked once for each material or world and for each content of it.
        """
        if self._blend is None:
            return None
        blocks = {kind: after["blocks"].get(kind) for kind in ("node_groups", "images")}
        key = hashlib.sha256(msgspec.json.encode([of[0], after["blocks"][of[0]][of[1]], blocks])).digest()
        if of not in self._pictures:
            self._pictures[of] = self._picture((self._blend,), of)
        if self._pictures[of] and key not in self._made:
            self._made[key] = self._picture(sources, of)
        if not self._pictures[of] or not self._made[key]:
            return None
        return difference(self._pictures[of], self._made[key]) < TOLERANCE

    def _picture(self, sources: Sequence[str | Path], of: Id) -> bytes:
        named = {of[0].removesuffix("s"): of[1]}
        try:
            return self._blender.render(
                *sources, size=(_SIDE, _SIDE), samples=_SAMPLES, pixels=True, timeout=self._timeout, **named
            ).pixels
        except BadInput:
            return b""


def comparable(candidate: Candidate) -> bool:
    """Whether what an example does, meshes, motions and poses, may also be done by the file that it comes from."""
    return candidate.role in ("builder", "animation")


def difference(one: bytes, other: bytes) -> float:
    """The mean difference of two pictures' 32-bit floats, each relative above 1."""
    first, second = array("f", one), array("f", other)
    total = sum(abs(a - b) / max(1.0, abs(a), abs(b)) for a, b in zip(first, second, strict=True))
    return total / len(first) if math.isfinite(total) else sys.float_info.max


def alike(one: Any, other: Any) -> bool:
    """Whether numbers, and lists and tables of them, are the same within TOLERANCE."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(abs(one - other) <= TOLERANCE * max(1.0, abs(one), abs(other)))
