"""The dataset as Parquet, for tools that read no JSON Lines; needs the extra [hub].

One column for each key of an example; `checks`, whose form differs from line to line, as JSON text.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect

from voxel.records.example import Example, Split
from voxel.stages import write_atomic

FOLDER = "parquet"
ROWS = 2_000
"""Examples that are in memory at a time, and in a row group."""


def parquet_possible() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def write_parquet(datasets: Path, by_split: Mapping[Split, Iterable[Example]]) -> bool:
    """Writes datasets/parquet/<split>.parquet; without pyarrow nothing stays there that says something old.

    Returns whether there is Parquet now. An empty split has no file. Each split is read once.
    """
    folder = datasets / FOLDER
    possible = parquet_possible()
    for split, examples in by_split.items():
        path = folder / f"{split}.parquet"
        rows = iter(examples)
        first = list(islice(rows, ROWS)) if possible else []
        if first:
            _write(path, first, rows)
        else:
            path.unlink(missing_ok=True)
    return possible


def _write(path: Path, first: list[Example], rest: Iterator[Example]) -> None:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(field.name, _column(field)) for field in msgspec.structs.fields(Example)])
    with tempfile.TemporaryFile() as made:
        with parquet.ParquetWriter(made, schema, compression="zstd") as writer:
            some = first
            while some:
                writer.write_table(pyarrow.Table.from_pylist([_row(one) for one in some], schema))
                some = list(islice(rest, ROWS))
        made.seek(0)
        write_atomic(path, iter(lambda: made.read(1 << 20), b""))


def _column(field: msgspec.structs.FieldInfo) -> Any:
    """Arrow's type for a key of an example."""
    import pyarrow

    return pyarrow.string() if field.name == "checks" else _arrow(msgspec.inspect.type_info(field.type))


def _arrow(kind: msgspec.inspect.Type) -> Any:
    import pyarrow

    match kind:
        case msgspec.inspect.StructType(fields=fields):
            return pyarrow.struct([(field.name, _arrow(field.type)) for field in fields])
        case msgspec.inspect.VarTupleType(item_type=item):
            return pyarrow.list_(_arrow(item))
        case msgspec.inspect.FloatType():
            return pyarrow.float64()
        case msgspec.inspect.IntType():
            return pyarrow.int64()
    return pyarrow.string()


def _row(example: Example) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(example)
    row["checks"] = msgspec.json.encode(example.checks).decode()
    return row
