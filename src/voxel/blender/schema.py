"""The API of a runtime: taken from Blender itself once, kept as one compact file in the user's cache folder."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from voxel.blender.box import INSIDE
from voxel.blender.runtimes import Runtime, runtimes_folder
from voxel.blender.server import Blender

Property = dict[str, Any]
"""`t` type, `d` default, `e` enum items, `of` type pointed to, `as` type of the collection, `ro` read-only, `n`
length.
"""


class RnaType(msgspec.Struct, frozen=True, kw_only=True):
    """One RNA type, without what it inherits."""

    base: str
    properties: dict[str, Property] = msgspec.field(name="p")
    functions: dict[str, dict[str, Property]] = msgspec.field(name="f")
    members: list[str] = msgspec.field(name="m")
    """Names that Python adds to the type."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One node type. A socket is `[name, identifier, type, default, enabled]`."""

    label: str
    trees: list[str]
    inputs: list[list[Any]] = msgspec.field(name="in")
    outputs: list[list[Any]] = msgspec.field(name="out")
    settings: list[str]


class Schema(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one version of Blender's Python API holds."""

    version: str
    operators: dict[str, dict[str, Property]]
    types: dict[str, RnaType]
    nodes: dict[str, Node]
    modules: dict[str, list[str]]
    """Names in modules such as `bpy.utils`, and in classes such as `mathutils.Vector`."""
    modifiers: dict[str, str]
    constraints: dict[str, str]
    context: list[str]

    def lineage(self, name: str) -> list[str]:
        """The type and its bases, nearest first."""
        out: list[str] = []
        while name in self.types and name not in out:
            out.append(name)
            name = self.types[name].base
        return out

    def property(self, owner: str, name: str) -> Property | None:
        """A property of a type or of its bases."""
        for kind in self.lineage(owner):
            found = self.types[kind].properties.get(name)
            if found is not None:
                return found
        return None

    def names(self, owner: str) -> list[str]:
        """Everything that can be written after the dot of an instance of the type."""
        out: set[str] = set()
        for kind in self.lineage(owner):
            item = self.types[kind]
            out |= set(item.properties) | set(item.functions) | set(item.members)
        return sorted(out)

    @cached_property
    def paths(self) -> dict[str, list[str]]:
        """For each property name, the types that have it."""
        out: dict[str, list[str]] = {}
        for kind, item in self.types.items():
            for name in item.properties:
                out.setdefault(name, []).append(kind)
        return out


def _cache(runtime: Runtime) -> Path:
    source = (INSIDE / "schema.py").read_bytes()
    mark = hashlib.sha256(source + f"{runtime.version}\0{runtime.site}".encode()).hexdigest()[:12]
    return runtimes_folder().parent / "schema" / f"{runtime.version}-{mark}.json.zst"


def schema(runtime: Runtime, blender: Blender | None = None) -> Schema:
    """The schema of a runtime, from the cache or taken now (about two seconds) and kept.

    `blender` is a running one to ask; otherwise one is started. Raises SetupError where Blender cannot be started.
    """
    path = _cache(runtime)
    try:
        return msgspec.json.decode(zstandard.decompress(path.read_bytes()), type=Schema)
    except (OSError, zstandard.ZstdError, msgspec.MsgspecError):
        pass  # not there, or half-written by another version: taken anew
    source = (INSIDE / "schema.py").read_text("utf-8")
    if blender is not None:
        data = blender.answer(source)
    else:
        with Blender(runtime) as own:
            data = own.answer(source)
    out = msgspec.convert(data, Schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{id(out)}")
    part.write_bytes(zstandard.compress(msgspec.json.encode(data), 12))
    part.rename(path)
    return out


def differences(old: Schema, new: Schema) -> dict[str, list[str]]:
    """What is gone (`-name`), new (`+name`) or changed (`~name: how`) from one version to another, by kind."""
    out: dict[str, list[str]] = {}
    for kind in ("operators", "types", "nodes", "modifiers", "constraints", "modules"):
        lines: list[str] = []
        before, after = getattr(old, kind), getattr(new, kind)
        lines += [f"-{name}" for name in sorted(before.keys() - after.keys())]
        lines += [f"+{name}" for name in sorted(after.keys() - before.keys())]
        for name in sorted(before.keys() & after.keys()):
            lines += [f"~{name}: {change}" for change in _changes(kind, before[name], after[name])]
        out[kind] = lines
    return out


def _changes(kind: str, before: Any, after: Any) -> list[str]:
    if kind == "operators":
        return _property_changes(before, after)
    if kind == "types":
        functions = _names(before.functions, after.functions)
        return _property_changes(before.properties, after.properties) + [f"{item}()" for item in functions]
    if kind == "nodes":
        sides = (("inputs", before.inputs, after.inputs), ("outputs", before.outputs, after.outputs))
        out = [f"{side} {item}" for side, a, b in sides for item in _names({s[0]: s for s in a}, {s[0]: s for s in b})]
        return out + [
            f"setting {item}" for item in _names(dict.fromkeys(before.settings), dict.fromkeys(after.settings))
        ]
    if kind == "modules":
        return _names(dict.fromkeys(before), dict.fromkeys(after))
    return []


def _names(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"-{n}" for n in before if n not in after] + [f"+{n}" for n in after if n not in before]


def _property_changes(before: dict[str, Property], after: dict[str, Property]) -> list[str]:
    out = _names(before, after)
    for name in before.keys() & after.keys():
        a, b = before[name], after[name]
        if a["t"] != b["t"]:
            out.append(f"{name} {a['t']} -> {b['t']}")
        if a.get("e") != b.get("e"):
            items = _names(dict.fromkeys(a.get("e", ())), dict.fromkeys(b.get("e", ())))
            out += [f"{name} item {item}" for item in items]
        elif a.get("d") != b.get("d"):
            out.append(f"{name} default {a.get('d')} -> {b.get('d')}")
    return sorted(out)
