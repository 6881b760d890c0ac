"""The dataset as Parquet, for tools that read no JSON Lines; needs the extra [hub].

One column for each key of an example; `checks`, whose form differs from line to line, as JSON text.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.records.example import Example, Split
from voxel.stages import write_atomic

FOLDER = "parquet"


def parquet_possible() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def write_parquet(datasets: Path, by_split: Mapping[Split, Sequence[Example]]) -> bool:
    """Writes datasets/parquet/<split>.parquet; without pyarrow nothing stays there that says something old.

    Returns whether there is Parquet now. An empty split has no file.
    """
    folder = datasets / FOLDER
    possible = parquet_possible()
    for split, examples in by_split.items():
        path = folder / f"{split}.parquet"
        if possible and examples:
            folder.mkdir(exist_ok=True)
            content = _parquet(examples)
            if not path.exists() or path.read_bytes() != content:
                write_atomic(path, content)
        else:
            path.unlink(missing_ok=True)
    return possible


def _parquet(examples: Sequence[Example]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([_row(one) for one in examples]), buffer, compression="zstd")
    return buffer.getvalue()


def _row(example: Example) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(example)
    row["checks"] = msgspec.json.encode(example.checks).decode()
    return row
