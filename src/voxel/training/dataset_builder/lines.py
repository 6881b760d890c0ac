"""What the build keeps of one file: a line for each example, and for each candidate that is none."""

from __future__ import annotations

import hashlib

import msgspec

from voxel.records.example import DroppedCandidate, Example

BYTES_PER_TOKEN = 3.3
"""Measured on bpy code; an estimate."""


class Proved(msgspec.Struct, frozen=True, kw_only=True, tag="example"):
    """A line of a unit's file: an example with what deduplication needs."""

    example: Example
    exact: str
    shape: str


class Unproved(msgspec.Struct, frozen=True, kw_only=True, tag="dropped"):
    """A line of a unit's file: a candidate that is no example."""

    dropped: DroppedCandidate


Line = Proved | Unproved


def identity(*parts: str) -> str:
    """16 hex digits."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def estimate_tokens(*texts: str) -> int:
    """About how many tokens these are."""
    return round(sum(len(text.encode()) for text in texts) / BYTES_PER_TOKEN)
