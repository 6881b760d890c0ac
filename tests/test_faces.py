"""What the rooms promise to other rooms is there."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import voxel

HOME = Path(voxel.__file__).parent
ROOMS = sorted(
    ".".join(("voxel", *path.parent.relative_to(HOME).parts))
    for path in HOME.rglob("__init__.py")
    if "__all__" in path.read_text()
)


def test_there_are_rooms() -> None:
    assert {"voxel.sources", "voxel.stages", "voxel.blender"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_every_name_that_it_offers(room: str) -> None:
    module = importlib.import_module(room)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
