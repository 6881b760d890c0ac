"""A warm Blender for the tests of the writer, and the way from a script to a Scene and back."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from voxel.blender import Blender
from voxel.bpycode import write_all
from voxel.facts.compare import differences


@pytest.fixture(scope="session")
def blender() -> Iterator[Blender]:
    with Blender() as running:
        yield running


class Bench:
    """Runs sources in an empty Blender."""

    def __init__(self, blender: Blender) -> None:
        self.blender = blender

    def scene(self, *sources: str) -> dict[str, Any]:
        """The Scene that sources leave."""
        run = self.blender.run(*sources)
        assert run.verdict == "passed", (run.errors, sources[-1])
        assert run.scene is not None
        scene: dict[str, Any] = msgspec.json.decode(run.scene)
        return scene

    def round_trip(self, source: str) -> str:
        """Scene of `source` → script; running that must give the same Scene, and nothing may be skipped."""
        scene = self.scene(source)
        given = copy.deepcopy(scene)
        written = write_all(scene)
        assert scene == given
        assert written.skipped == ()
        found = [str(item) for item in differences(scene, self.scene(written.source))]
        assert found == [], written.source
        return written.source


@pytest.fixture(scope="module")
def bench(blender: Blender) -> Bench:
    """With the `blender` of the test, which a module may set for itself."""
    return Bench(blender)
