"""A fact: one check and the words that state it."""

from __future__ import annotations

from typing import NamedTuple

from voxel.records.example import Check


class Fact(NamedTuple):
    """One thing that is so afterwards and was not before.

    The words are pieces that a sentence is made of. Either `noun` and `value` ("width", "2 cm"), or `make` for
    something new ("a Bevel modifier"), or `attribute` with `order` ("at (0, 0, 1)", "move it to (0, 0, 1)").
    """

    check: Check
    group: tuple[str, ...]
    """What it is about; facts of one group are said together."""
    anchor: str
    """The group in words, when it is already there: `the object "Cube"`, `the Bevel modifier of "Cube"`."""
    noun: str = ""
    value: str = ""
    make: str = ""
    attribute: str = ""
    order: str = ""
