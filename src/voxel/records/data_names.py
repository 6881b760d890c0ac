"""Names of meshes, curves, lights and the like: which of them somebody chose, and which are Blender's own."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COPY = re.compile(r"\.\d{3,}$")
_GIVEN = frozenset({
    "cube", "plane", "grid", "circle", "sphere", "icosphere", "cylinder", "cone", "torus", "suzanne", "mesh",
    "compositing nodetree", "compositing node tree",
})  # fmt: skip
"""What Blender calls the meshes that its operators make, and the compositor of a scene."""


def was_chosen(name: str, owners: Iterable[str]) -> bool:
    """Whether somebody named data `name`: it is no operator's word (`Cube.003`), nor the name of an object that has it.

    `owners` are the names of the objects that hold the data.
    """
    base = _COPY.sub("", name).lower()
    return base not in _GIVEN and base not in {_COPY.sub("", owner).lower() for owner in owners}
