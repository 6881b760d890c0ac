"""What several blocks have in common: one block in which `Column`s stand for the values that differ."""

from __future__ import annotations

import json
from typing import Any

from voxel.bpycode.curves import is_patch, point_columns, point_rows
from voxel.bpycode.layout import Bracket, Doc, listing, parts, quote
from voxel.bpycode.names import identifier
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.values import Column, socket_unit, value

MOST_COLUMNS = 4
"""Beyond name and transform: a table with more of them is hard to read."""
LISTED = frozenset({"textures"})
"""Datablocks that a column may hold."""
MOST_POINTS = 8
"""Of a spline in a row of a table."""
EXACT = frozenset({"uv", "elements", "curves", "points", "splines", "text_boxes", "inverse"})
"""Parts that are written as tables of their own."""


def shape(what: Any, key: str = "") -> Any:
    """A value with a mark in place of each number and vector that may differ between things of one kind."""
    if key == "splines":
        return [spline_shape(spline) for spline in what]
    if key in EXACT:
        return what
    if isinstance(what, float):
        return "#"
    if isinstance(what, int) and not isinstance(what, bool) and key == "value":
        return "#"
    if isinstance(what, list):
        if what and all(isinstance(part, float) for part in what):
            return f"#{len(what)}"
        return [part if isinstance(part, list) else shape(part) for part in what]
    if isinstance(what, dict) and "$id" in what and what["$id"][0] in LISTED:
        return {"$id": what["$id"][0]}
    if isinstance(what, dict):
        return {name: shape(part, name) for name, part in what.items()}
    return what


def spline_shape(spline: Json) -> Any:
    """A spline with a mark in place of its points, where these are few and may differ from one to the next."""
    if len(spline["points"]) > MOST_POINTS or is_patch(spline):
        return spline
    columns, fixed = point_columns(spline)
    return {**spline, "points": [len(spline["points"]), [name for name, _ in columns], repr(fixed)]}


def shape_key(*blocks: Any) -> str:
    """Equal for blocks that differ in numbers and vectors alone."""
    return json.dumps([shape(block) for block in blocks], sort_keys=True)


class Columns:
    """The columns of a table: source of the values of each, in the order in which they were found."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.docs: dict[str, list[Doc]] = {}
        self.taken: set[str] = set()

    def add(self, word: str, docs: list[Doc], inside: str = "") -> Column:
        """A column with a name like `word`; one whose name is taken is called after what it is inside of, too.

        Colours that are those of a column which is there need no second one.
        """
        same = next((known for known, held in self.docs.items() if held == docs), None)
        if same is not None and all(isinstance(doc, Bracket) and len(doc.items) == 4 for doc in docs):
            return Column(same)
        name = identifier(word, "value")
        if name in self.taken and inside:
            name = identifier(f"{inside} {word}", "value")
        base, count = name, 1
        while name in self.taken:
            count += 1
            name = f"{base}_{count}"
        self.taken.add(name)
        final = self.script.names.passing(name)
        self.docs[final] = docs
        return Column(final)

    def loop(self) -> None:
        """The head of a loop over the table; the caller indents what follows."""
        words, columns = list(self.docs), list(self.docs.values())
        if len(words) == 1:
            self.script.loop(words[0], listing(columns[0]))
            return
        rows = [parts(column[place] for column in columns) for place in range(len(columns[0]))]
        self.script.loop(", ".join(words), listing(rows))

    def merge(self, blocks: list[Any], word: str = "", unit: str = "", inside: str = "") -> Any:
        """The common block of blocks of one shape."""
        first = blocks[0]
        if all(part == first for part in blocks):
            return first
        if identity(first) is not None:
            ids = [identity(part) or ("", "") for part in blocks]
            return self.add(word, [self.script.known(one) or f"bpy.data.{one[0]}[{quote(one[1])}]" for one in ids])
        if isinstance(first, dict):
            return self._merge_block(blocks, inside)
        if isinstance(first, list) and any(not isinstance(part, float) for part in first):
            return [self.merge(list(items), word, unit, inside) for items in zip(*blocks, strict=True)]
        return self.add(word, [value(self.script, part, unit) for part in blocks], inside)

    def _merge_block(self, blocks: list[Json], inside: str) -> Json:
        first = blocks[0]
        inside = str(first.get("name") or inside)
        result: Json = {}
        for key in first:
            column, unit = key, ""
            if key == "value" and "socket_type" in first:
                column, unit = str(first["label"]), socket_unit(self.script, first)
            elif key == "value" and "identifier" in first and isinstance(first[key], float):
                result[key] = self._exact([part[key] for part in blocks], str(first["name"]), inside)
                continue
            elif key == "value" and "name" in first:
                column = str(first["name"])
            elif key == "splines":
                result[key] = [self._merge_spline(list(some)) for some in zip(*[b[key] for b in blocks], strict=True)]
                continue
            elif key == "props":
                result[key] = self._merge_props([part[key] for part in blocks], str(first.get("type", "")), inside)
                continue
            result[key] = self.merge([part[key] for part in blocks], column, unit, inside)
        return result

    def _merge_spline(self, splines: list[Json]) -> Json:
        """The first of some splines; where their points differ, with the name of the column that holds its points."""
        if all(spline == splines[0] for spline in splines):
            return splines[0]
        rows = [point_rows(point_columns(spline)[0]) for spline in splines]
        return {**splines[0], "table": self.add("points", rows).word}

    def _exact(self, blocks: list[float], word: str, inside: str) -> Any:
        """A number whose type matters: with a point even where it is whole."""
        if all(part == blocks[0] for part in blocks):
            return blocks[0]
        return self.add(word, [value(self.script, part, exact_float=True) for part in blocks], inside)

    def _merge_props(self, blocks: list[Json], kind: str, inside: str) -> Json:
        units = self.script.after.get("units", {})
        return {
            key: self.merge([part[key] for part in blocks], key, units.get(f"{kind}.{key}", ""), inside)
            for key in blocks[0]
        }
