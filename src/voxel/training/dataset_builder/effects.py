"""Proof by an effect: what an example makes does the same as what the file holds, seen by other means than the dump.

Evaluated meshes, values of f-curves and matrices of bones come from the dependency graph, pictures from Cycles; the
other side is the .blend itself, opened in Blender. Only what a file really holds can be compared: an object or material
of the same name, in an example that was not derived from something else.
"""

from __future__ import annotations

import hashlib
import math
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.blender import Blender
from voxel.errors import BadInput
from voxel.records.example import Proof
from voxel.training.dataset_builder.candidate import Candidate

TOLERANCE = 1e-3
"""Of numbers, relative above 1: examples have four digits. Of a picture: the mean difference of its channels."""
_SIDE, _SAMPLES = 32, 8
_KINDS: tuple[tuple[Proof, str], ...] = (("mesh", "mesh"), ("curves", "curves"), ("bones", "bones"))


class Effects:
    """What one .blend does, asked for as far as examples need it."""

    def __init__(self, blender: Blender, blend: Path | None, timeout: float) -> None:
        self._blender, self._blend, self._timeout = blender, blend, timeout
        self._whole: dict[str, Any] | None = None
        self._pictures: dict[str, bytes] = {}
        self._made: dict[bytes, bytes] = {}

    def shown(
        self, candidate: Candidate, before: Any, after: Any, sources: Sequence[str], effects: dict[str, Any]
    ) -> list[Proof]:
        """Which effects of an example agree with the file's. `sources` make `after`, which does `effects`."""
        if candidate.derived:
            return []
        if comparable(candidate):
            return self.agreeing(effects, list(after["blocks"].get("objects", {})))
        if candidate.role != "texture":
            return []
        old, new = (scene["blocks"].get("materials", {}) for scene in (before, after))
        looks = [self.same_picture(sources, after, name) for name in new if new[name] != old.get(name)]
        return ["picture"] if looks and all(looks) else []

    def agreeing(self, shown: dict[str, Any], names: Sequence[str]) -> list[Proof]:
        """Which effects of these objects agree, each for all objects that have it on both sides."""
        if self._blend is None or not shown:
            return []
        if self._whole is None:
            try:
                self._whole = msgspec.json.decode(self._blender.load(self._blend, result="effects"))
            except BadInput:
                self._whole = {}
        found: list[Proof] = []
        for proof, kind in _KINDS:
            there = self._whole.get(kind, {})
            pairs = [(shown[kind][name], there[name]) for name in names if name in shown[kind] and name in there]
            if pairs and all(alike(one, other) for one, other in pairs):
                found.append(proof)
        return found

    def same_picture(self, sources: Sequence[str], after: Any, name: str) -> bool | None:
        """Whether a material looks as in the file, on a sphere; None where either side cannot be rendered.

        Asked once for each material and for each content of it.
        """
        if self._blend is None:
            return None
        blocks = {kind: after["blocks"].get(kind) for kind in ("node_groups", "images")}
        key = hashlib.sha256(msgspec.json.encode([after["blocks"]["materials"][name], blocks])).digest()
        if name not in self._pictures:
            self._pictures[name] = self._picture((self._blend,), name)
        if self._pictures[name] and key not in self._made:
            self._made[key] = self._picture(sources, name)
        if not self._pictures[name] or not self._made[key]:
            return None
        return difference(self._pictures[name], self._made[key]) < TOLERANCE

    def _picture(self, sources: Sequence[str | Path], name: str) -> bytes:
        try:
            return self._blender.render(
                *sources, size=(_SIDE, _SIDE), samples=_SAMPLES, material=name, pixels=True, timeout=self._timeout
            ).pixels
        except BadInput:
            return b""


def comparable(candidate: Candidate) -> bool:
    """Whether what an example does, meshes, motions and poses, may also be done by the file that it comes from."""
    return not candidate.derived and candidate.role in ("builder", "animation")


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
