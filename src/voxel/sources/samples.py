"""Source `samples`: scenes that Blender itself builds from this package's generator.

The generator runs inside Blender (`voxel.blender.inside.samples`); this side knows its catalogue from
`samples.json`, which `catalogue_lines` of a running Blender must equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from voxel.records.roles import Role
from voxel.sources.candidate import Candidate

ATTRIBUTION = "The Voxel authors"
LICENSE = "MIT"
_OTHERS = {
    "blender_assets": ("CC0-1.0", "Blender Foundation (node groups of Blender's asset library); The Voxel authors")
}
"""Licence and attribution of themes that hold the work of others."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One scene of the catalogue."""

    name: str
    theme: str
    description: str
    roles: tuple[Role, ...]


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All scenes that this version of the generator builds."""

    version: int
    """A sample is the same as long as name, seed and this number are."""
    samples: tuple[Sample, ...]


class Recipe(NamedTuple):
    """How one sample is made."""

    candidate: Candidate
    script: str
    """Python that builds the scene, for `Blender.make`: it needs this package's `inside` folder at its own path."""


@cache
def catalogue() -> Catalogue:
    """What the generator offers, in its own order."""
    return msgspec.json.decode(files("voxel.sources").joinpath("samples.json").read_bytes(), type=Catalogue)


def recipes(seed: int = 1) -> Iterator[Recipe]:
    """Every sample for this seed. One theme is one repository, so that a split by repository separates themes."""
    version = catalogue().version
    inside = str(files("voxel") / "blender" / "inside")
    for sample in catalogue().samples:
        licence, attribution = _OTHERS.get(sample.theme, (LICENSE, ATTRIBUTION))
        candidate = Candidate(
            source="samples",
            repo=f"voxel-samples/{sample.theme}",
            commit=f"v{version}-seed{seed}",
            path=f"{sample.name}.blend",
            license=licence,
            attribution=attribution,
        )
        build = f"import samples\nsamples.build({sample.name!r}, {seed})\n"
        yield Recipe(candidate, f"import sys\nsys.path.insert(0, {inside!r})\n{build}")
