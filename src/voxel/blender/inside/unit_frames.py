"""Keeps the standard library working where nobody may look at frames; runs in Blender's Python."""

from __future__ import annotations

import collections
import enum
import importlib._bootstrap_external as bootstrap
import logging
import traceback
import types
import typing
from typing import Any


def prepare() -> set[int]:
    """Makes `traceback` and `logging` work without handing out frames; returns the code objects that may use them.

    traceback's walkers yield stand-ins that carry a code object and nothing else; `logging._srcfile = None` is its
    documented switch for not looking at frames. namedtuple, enum and typing look at a frame's globals only.
    """

    logging._srcfile = None
    none: dict[str, object] = {}
    stand_in = types.SimpleNamespace

    def walk_tb(tb: Any) -> Any:
        while tb is not None:
            yield (
                stand_in(f_code=tb.tb_frame.f_code, f_globals=none, f_locals=none, f_lineno=tb.tb_lineno),
                tb.tb_lineno,
            )
            tb = tb.tb_next

    def walk_positions(tb: Any) -> Any:
        while tb is not None:
            code = tb.tb_frame.f_code
            place = (tb.tb_lineno, None, None, None)
            yield stand_in(f_code=code, f_globals=none, f_locals=none, f_lineno=tb.tb_lineno), place
            tb = tb.tb_next

    traceback.walk_tb = walk_tb
    traceback._walk_tb_with_full_positions = walk_positions  # type: ignore[attr-defined]
    functions = [
        walk_tb,
        walk_positions,
        collections.namedtuple,
        typing._caller,  # type: ignore[attr-defined]
        enum.EnumType._create_,  # type: ignore[attr-defined]
        bootstrap._compile_bytecode,  # type: ignore[attr-defined]
    ]
    return {id(function.__code__) for function in functions}
