"""Variable names from datablock names: readable, unique, never a keyword or a builtin."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(dir(builtins))
    | {"bpy", "math", "radians", "Matrix"}
)

LOOP_WORDS = frozenset({
    "amplitude", "back", "co", "color", "connected", "corner", "curve", "easing", "edge", "edges", "edit_bone",
    "element", "faces", "fcurve", "fcurves", "frame", "handle_left", "handle_left_type", "handle_right",
    "handle_right_type", "head", "index", "interpolation", "item", "key", "keys", "left_type", "location", "member",
    "mesh_name", "name", "offset", "parent", "period", "point", "position", "radius", "right_type", "roll",
    "rotation", "rotation_euler", "rotation_quaternion", "scale", "size_x", "size_y", "size_z", "slot", "spline",
    "stop", "strip", "tail", "tilt", "type", "uv", "value", "vertex", "vertices", "weight",
})  # fmt: skip
"""Names of loops and of what is used at once: no variable that lasts may have one of them."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST = 40


def identifier(name: str, fallback: str) -> str:
    """A snake_case identifier that reads like `name`; `fallback` where nothing of the name can be used."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "_", _CAMEL.sub("_", ascii_name)).strip("_").lower()[:_LONGEST].strip("_")
    words = re.sub(r"_(\d+)$", lambda found: f"_{int(found[1])}", words)
    if not words:
        words = fallback
    elif words[0].isdigit():
        words = f"{fallback}_{words}"
    return words


class Names:
    """Hands out the names of one script.

    Names given inside a block are free again when the block ends, so that every material may have its `principled`.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set(RESERVED)
        self._kinds: dict[str, str] = {}
        self._blocks: list[set[str]] = []
        self._passing: set[str] = set()

    def take(self, name: str, fallback: str, *, suffix: str = "") -> str:
        """A new variable name for a thing called `name`."""
        wanted = identifier(name, fallback)
        if suffix and suffix[1:] not in wanted:
            wanted += suffix
        other_kind = wanted in self._taken and self._kinds.get(wanted) != fallback
        if wanted in RESERVED or wanted in LOOP_WORDS or (other_kind and fallback not in wanted):
            wanted = f"{wanted}_{'1' if fallback in wanted else fallback}"
        found, count = wanted, 1
        while found in self._taken:
            count += 1
            found = f"{wanted}_{count}"
        self._taken.add(found)
        self._kinds[found] = fallback
        if self._blocks:
            self._blocks[-1].add(found)
        return found

    def passing(self, name: str) -> str:
        """A name for something that is used at once and then forgotten: the same one may be given again."""
        if name in self._passing or name in LOOP_WORDS:
            return name
        found = self.take(name, name)
        if found == name:
            self._passing.add(name)
        return found

    def open_block(self) -> None:
        """From here on, names are local to a block of the script, or to a block inside the one that is open."""
        self._blocks.append(set())

    def close_block(self) -> None:
        """Free the names of the block that was opened last."""
        done = self._blocks.pop()
        self._taken -= done
        self._passing -= done

    def free(self, names: Iterable[str]) -> None:
        """Let names be given again: what they stood for is done with."""
        self._taken -= set(names) - RESERVED

    def keep(self, expression: str) -> None:
        """Hold the variable at the head of `expression` beyond its block: a later statement uses it."""
        for block in self._blocks:
            block.discard(re.split(r"[.\[(]", expression, maxsplit=1)[0])
