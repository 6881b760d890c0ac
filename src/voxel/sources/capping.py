"""The cap on what one repository may give."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator

import msgspec

from voxel.scratch import Scratch
from voxel.sources.candidate import Candidate

MAX_FILES_PER_REPO = 200
"""Of a repository on the network, where nothing else is asked for."""
TABLES = """
CREATE TABLE candidate (place INTEGER PRIMARY KEY, pickled BLOB);
CREATE TABLE usable (place INTEGER PRIMARY KEY, repo TEXT, folder TEXT);
"""
"""What `capped` needs of a scratch."""
_CHOSEN = """
SELECT place FROM (
    SELECT place, row_number() OVER (PARTITION BY repo ORDER BY round, first) AS rank FROM (
        SELECT place, repo, row_number() OVER (PARTITION BY repo, folder ORDER BY place) AS round,
            min(place) OVER (PARTITION BY repo, folder) AS first FROM usable
    )
) WHERE rank <= ?
"""
"""The first file of each folder of a repository, then the second of each, and so on, until it has given enough."""


def capped(candidates: Iterable[Candidate], most: int, scratch: Scratch) -> Iterator[Candidate]:
    """Denies what goes over `most` usable files of one repository; which stay is spread evenly over its folders."""
    for place, each in enumerate(candidates):
        # pickled, since names of files that are no UTF-8 cannot be JSON
        scratch.do("INSERT INTO candidate VALUES (?, ?)", place, pickle.dumps(each))
        if not each.refusal and not each.trouble:
            folder = os.path.dirname(each.path)  # noqa: PTH120
            scratch.do("INSERT INTO usable VALUES (?, ?, ?)", place, each.repo, folder)
    scratch.do(f"DELETE FROM usable WHERE place IN ({_CHOSEN})", most)  # noqa: S608
    reason = f"over the cap of {most} files of one repository"
    for pickled, over in scratch.do(
        "SELECT pickled, usable.place IS NOT NULL FROM candidate LEFT JOIN usable USING (place) ORDER BY place"
    ):
        each = pickle.loads(pickled)  # noqa: S301 - written by this process, in a file that has no name
        yield msgspec.structs.replace(each, refusal=reason) if over else each
