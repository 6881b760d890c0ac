"""A warm Blender for tests that need one, shared by a file's tests, and the runtimes that are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxel.blender import Blender, Runtime
from voxel.blender.runtimes import available

# what runs inside Blender are plain modules there, and so they are for the tests that look at one without Blender
INSIDE = str(Path(__file__).parents[2] / "src" / "voxel" / "blender" / "inside")
if INSIDE not in sys.path:
    sys.path.append(INSIDE)


@pytest.fixture(scope="session")
def blender() -> Iterator[Blender]:
    """The default runtime, boxed and warm."""
    with Blender() as one:
        yield one


@pytest.fixture(scope="session", params=["4.5", "5.0"])
def series(request: pytest.FixtureRequest) -> Runtime:
    """Each of the two versions; the ones that are not installed are not tested."""
    found = [runtime for runtime in available() if runtime.series == request.param]
    if not found:
        pytest.skip(f"Blender {request.param} is not installed")
    return found[0]
