"""What an error was about: its innermost line in the script, the object's type, the names that would have been right.

Runs in the script's process with everything taken hold of before the script ran, see `unit_play`.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Callable
from typing import Any

import bpy

KEYS_LIMIT = 300


def reader(allow: Callable[[Any], None]) -> Callable[..., None]:
    """Returns `read(error, value, trace, filename, tree, scope)`, which fills in the record `error`.

    `allow` registers the functions that may look at frames.
    """
    positions_of, code_place = types.CodeType.co_positions, ast.walk
    get_name = vars(AttributeError)["name"].__get__
    get_owner = vars(AttributeError)["obj"].__get__
    get_missing = vars(NameError)["name"].__get__
    type_name = vars(type)["__name__"].__get__
    collection, struct = bpy.types.bpy_prop_collection, bpy.types.bpy_struct
    keys_of, get = collection.keys, builtins.getattr

    def value_of(node: Any, scope: dict[str, Any], inner: dict[str, Any]) -> Any:
        """A chain of names, attributes and constant items; nothing that calls."""
        kind = type(node)
        if kind is ast.Name:
            return inner[node.id] if node.id in inner else scope[node.id]
        if kind is ast.Attribute:
            return get(value_of(node.value, scope, inner), node.attr)
        if kind is ast.Subscript and type(node.slice) is ast.Constant:
            return value_of(node.value, scope, inner)[node.slice.value]
        raise LookupError

    def read(error: dict[str, Any], value: Any, trace: Any, filename: str, tree: Any, scope: dict[str, Any]) -> None:
        lasti, code, frame = -1, None, None
        while trace is not None:
            here = trace.tb_frame
            if here.f_code.co_filename == filename:
                error["line"], lasti, code, frame = trace.tb_lineno, trace.tb_lasti, here.f_code, here
            trace = trace.tb_next
        inner = frame.f_locals if frame is not None else {}
        if isinstance(value, AttributeError):
            error["name"] = get_name(value)
            owner = get_owner(value)
            if owner is not None:
                error["type"] = owner.bl_rna.identifier if isinstance(owner, struct) else type_name(type(owner))
        elif isinstance(value, NameError):
            error["name"] = get_missing(value)
        if code is None:
            return
        for index, place in enumerate(positions_of(code)):
            if index == lasti // 2:
                error["span"] = list(place)
                break
        span = error.get("span")
        if span is None or span[2] is None:
            return
        for item in code_place(tree):
            if not isinstance(item, ast.Subscript | ast.Attribute):
                continue
            if [item.lineno, item.end_lineno, item.col_offset, item.end_col_offset] != span:
                continue
            try:
                owner = value_of(item.value, scope, inner)
            except Exception:  # noqa: BLE001, S112  the script's objects may raise anything; then nothing is known
                continue
            describe(error, item, owner, scope, inner)

    def describe(error: dict[str, Any], item: Any, owner: Any, scope: dict[str, Any], inner: dict[str, Any]) -> None:
        if isinstance(owner, collection):
            error["keys"] = [str(key) for key in keys_of(owner)[:KEYS_LIMIT]]
            error["type"] = type_name(type(owner))
            if isinstance(item.value, ast.Attribute):
                parent = value_of(item.value.value, scope, inner)
                error["owner"] = parent.bl_rna.identifier if isinstance(parent, struct) else ""
                error["member"] = item.value.attr
        elif isinstance(owner, struct):
            error["type"] = owner.bl_rna.identifier
        if isinstance(item, ast.Attribute):
            error["name"] = item.attr
        elif isinstance(item.slice, ast.Constant):
            error["name"] = item.slice.value

    allow(read)
    return read
