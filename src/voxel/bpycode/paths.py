"""Data paths of animations: taken apart and put together again, so that no text of a file becomes code."""

from __future__ import annotations

import ast
import keyword
import re

from voxel.bpycode.layout import quote

_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z_0-9]*)|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]')

ARRAYS = frozenset(
    [
        "location",
        "rotation_euler",
        "rotation_quaternion",
        "rotation_axis_angle",
        "scale",
        "delta_location",
        "delta_rotation_euler",
        "delta_rotation_quaternion",
        "delta_scale",
        "color",
        "diffuse_color",
        "specular_color",
        "horizon_color",
        "use_transform_limit",
        "lock_location",
        "lock_rotation",
        "lock_scale",
        "layers",
        "co",
        "offset_location",
        "constant_offset_displace",
        "relative_offset_displace",
        "strength_xyz",
        "gravity",
        "bbone_scalein",
        "bbone_scaleout",
    ]
)
"""Properties with several channels, as far as their name tells."""


def steps(path: str) -> list[str] | None:
    """Source of each step of a path: `.pose`, `.bones`, `["Arm"]`, `.location`; None when it is no path."""
    found: list[str] = []
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            return None
        word, key, index = match.groups()
        if word is not None:
            if (found and path[place] != ".") or keyword.iskeyword(word):
                return None
            found.append(f".{word}")
        elif key is not None:
            found.append(f"[{quote(_unescape(key))}]")
        else:
            found.append(f"[{int(index)}]")
        place = match.end()
    return found


def _unescape(key: str) -> str:
    try:
        return str(ast.literal_eval(f'"{key}"'))
    except (SyntaxError, ValueError):
        return key


def split(path: str) -> tuple[str, str] | None:
    """A path as what holds the property (source, to be put behind the datablock) and the property's name."""
    taken = steps(path)
    if not taken or not taken[-1].startswith("."):
        return None
    return "".join(taken[:-1]), taken[-1][1:]


def name_in(path: str) -> str | None:
    """The first name in quotes in a path."""
    match = re.search(r'\["((?:[^"\\]|\\.)*)"\]', path)
    return None if match is None else _unescape(match[1])


def node_names(path: str) -> list[str]:
    """Names of nodes that a path speaks of."""
    return [_unescape(match[1]) for match in re.finditer(r'nodes\["((?:[^"\\]|\\.)*)"\]', path)]
