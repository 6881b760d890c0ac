"""Values and names in words: `0.7853982` of a rotation is "45°", `BLENDER_EEVEE_NEXT` is "EEVEE".

Numbers are written with the fewest digits that stay within half of the tolerance that checks allow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from voxel.facts.lookup import reference
from voxel.facts.nouns import NOUNS, TEXTS, TYPES, VALUES

TOLERANCE = 4e-5
"""How far a stated number may be from the real one, relative above 1; checks allow 1e-4."""
_NOTHING = 1e-9
"""What sums and sines leave where they should be 0."""
ROTATION = "ROTATION"
_LENGTHS = frozenset(("LENGTH", "DISTANCE", "TRANSLATION"))
_COLORS = frozenset(("COLOR", "COLOR_GAMMA"))
_SUFFIX = {
    "POWER": " W",
    "PERCENTAGE": " %",
    "CAMERA": " mm",
    "LENGTH_CAMERA": " mm",
    "TIME_ABSOLUTE": " s",
    "TEMPERATURE": " K",
}
_DARK = {"light blue": "dark blue"}
_BROWN = 0.45
"""The brightest part of an orange, linear, below which it is seen as brown."""
_GAMMA = 2.2
_ANGLE_SOCKETS = frozenset(("Rotation", "Angle"))
_FACTOR_ROTATIONS = frozenset(("ShaderNodeBsdfAnisotropic", "ShaderNodeBsdfMetallic"))


class Unsayable(Exception):
    """No person would ask for this value in words."""


class _Names(msgspec.Struct, frozen=True):
    types: dict[str, str]
    props: dict[str, str]
    enums: dict[str, dict[str, str]]


@cache
def _names() -> _Names:
    raw = resources.files("voxel.facts").joinpath("ui_names.json").read_bytes()
    return msgspec.json.decode(raw, type=_Names)


@cache
def _enums_by_property() -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for key, items in _names().enums.items():
        merged.setdefault(key.rpartition(".")[2], {}).update(items)
    return merged


def number(value: float, *, tolerance: float = TOLERANCE) -> str:
    """The shortest decimal within `tolerance` (relative above 1): 0.30000001 is "0.3", 1.0 is "1"."""
    if not math.isfinite(value):
        raise Unsayable(f"the number {value}")
    if abs(value) < _NOTHING:
        return "0"
    allowed = tolerance * max(1.0, abs(value))
    if 0 < abs(value) < allowed * 100:
        return f"{value:.3g}".replace("e-0", "e-")
    for digits in range(7):
        text = f"{value:.{digits}f}"
        if abs(float(text) - value) <= allowed:
            if "." in text:
                text = text.rstrip("0").rstrip(".")
            return "0" if text in ("-0", "0") else text
    return repr(value)


def degrees(value: float) -> str:
    """Radians as degrees."""
    turned = math.degrees(value)
    if abs(turned - round(turned, 1)) <= math.degrees(TOLERANCE):
        return number(round(turned, 1)) + "°"
    return number(turned, tolerance=math.degrees(TOLERANCE) / max(1.0, abs(turned))) + "°"


def length(value: float) -> str:
    """Metres, as cm or mm where that is how people say it."""
    if value and round(abs(value), 4) < 1:
        for factor, unit in ((100, "cm"), (1000, "mm")):
            scaled = value * factor
            if abs(scaled) >= 1 and abs(scaled - round(scaled, 1)) < 1e-3:
                return f"{number(round(scaled, 1))} {unit}"
    return f"{number(value)} m"


def vector(values: Sequence[float]) -> str:
    """`(1, 2.5, 0)`."""
    return "(" + ", ".join(number(v) for v in values) + ")"


def color(values: Sequence[float]) -> str:
    """RGB from 0 to 1 with the color's everyday name in front where it has one; alpha when it is not 1."""
    rgb, alpha = list(values[:3]), values[3] if len(values) > 3 else 1.0
    name = _color_name(rgb)
    shown = f"RGB {vector(rgb)}" + ("" if abs(alpha - 1) <= TOLERANCE else f" with alpha {number(alpha)}")
    return f"{name}, {shown}" if name else shown


def _color_name(rgb: Sequence[float]) -> str:
    if min(rgb) < 0 or max(rgb) > 1:
        return ""
    top, low = max(rgb), min(rgb)
    if top - low <= 0.02 * max(top, 0.05):
        return (
            "black"
            if top < 0.005
            else "dark gray"
            if top < 0.1
            else "gray"
            if top < 0.6
            else "light gray"
            if top < 0.95
            else "white"
        )
    if (top - low) / top < 0.5:
        return ""
    # what is seen: the values are linear, and by them lemon would be an orange
    hue = _hue(*(part ** (1 / _GAMMA) for part in rgb))
    if top < 0.02:
        return ""  # so dark that nobody would see which colour it is
    plain = (
        "red", "orange", "yellow", "green", "green", "green", "cyan", "light blue", "blue", "purple", "magenta", "pink",
    )  # fmt: skip
    name = plain[int(((hue + 15) % 360) // 30) if hue < 345 else 0]
    if name == "orange" and top < _BROWN:
        return "brown"
    return _DARK.get(name, f"dark {name}") if top < 0.15 else name


def _hue(red: float, green: float, blue: float) -> float:
    top = max(red, green, blue)
    spread = top - min(red, green, blue)
    if top == red:
        return (60 * (green - blue) / spread) % 360
    if top == green:
        return 60 * (blue - red) / spread + 120
    return 60 * (red - green) / spread + 240


def article(noun: str) -> str:
    """`an` or `a`, by how the word sounds: an Array, an RGB Curves, a UV sphere."""
    return "an" if noun[:1].upper() in "AEIO" or noun[:2] in ("RG", "HS") else "a"


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def quoted(name: str) -> str:
    """A datablock's name as instructions show it."""
    if '"' in name or "\n" in name or name != name.strip():
        raise Unsayable("a name with quotes, line breaks or spaces around it")
    return f'"{name}"'


def type_name(rna: str) -> str:
    """What Blender's menus call a type: `ShaderNodeTexNoise` is "Noise Texture"."""
    shown = _names().types.get(rna, "")
    for ending in (" Modifier", " Constraint"):
        shown = shown.removesuffix(ending) if rna.endswith(ending.strip()) else shown
    if rna in TYPES:
        return TYPES[rna]
    return shown or spaced(rna)


def spaced(identifier: str) -> str:
    """`use_clamp_overlap` is "use clamp overlap", `GeometryNodeMeshCube` "Geometry Node Mesh Cube"."""
    parts: list[str] = []
    for index, letter in enumerate(identifier.replace("_", " ")):
        if index and letter.isupper() and identifier[index - 1].islower():
            parts.append(" ")
        parts.append(letter)
    return "".join(parts)


def noun(kind: str, prop: str) -> str:
    """What to call a property of a type: (`BevelModifier`, `angle_limit`) is "angle"."""
    known = NOUNS.get(f"{kind}.{prop}") or NOUNS.get(prop)
    if known:
        return known
    names = _names().props
    shown = names.get(f"{kind}.{prop}")
    if shown is None and f"{kind}.{prop}" not in names:
        base = next((names[key] for key in _base_keys(kind, prop) if key in names), None)
        shown = base or spaced(prop)
    text = (shown or spaced(prop)).strip()
    words = [word if _proper(word) else word.lower() for word in text.split()]
    return " ".join(words)


def nouns_of(prop: str) -> set[str]:
    """Everything that properties of this name may be called, whatever has them."""
    found = {said for key, said in NOUNS.items() if key.rpartition(".")[2] == prop}
    found |= {said for key, said in _names().props.items() if key.rpartition(".")[2] == prop}
    return found | {spaced(prop)}


def _base_keys(kind: str, prop: str) -> list[str]:
    for base in ("Modifier", "Constraint", "Light", "Node", "Texture", "Curve"):
        if kind.endswith(base) or (base == "Node" and "Node" in kind):
            return [f"{base}.{prop}"]
    return []


def _proper(word: str) -> bool:
    return any(c.isupper() for c in word[1:]) or word in ("X", "Y", "Z", "U", "V", "W")


def item(kind: str, prop: str, value: str) -> str:
    """An enum item in words."""
    known = VALUES.get(f"{prop}.{value}")
    if known:
        return known
    shown = _names().enums.get(f"{kind}.{prop}", {}).get(value) or _enums_by_property().get(prop, {}).get(value)
    if shown:
        return shown
    return value.replace("_", " ").title() if value.isupper() else value


def unit_of(units: Mapping[str, str], kind: str, prop: str) -> str:
    """The unit that the Scene gives for a property, by its type or by that of a base."""
    found = units.get(f"{kind}.{prop}")
    if found is not None:
        return found
    ending = f".{prop}"
    return next((unit for key, unit in sorted(units.items()) if key.endswith(ending)), "")


def value(units: Mapping[str, str], kind: str, prop: str, given: Any) -> str:
    """A property's value in words. Raises Unsayable for what no person would write out."""
    target = reference(given)
    if target is not None:
        return quoted(target[1])
    unit = unit_of(units, kind, prop)
    if prop == "energy" and kind != "SunLight":
        unit = "POWER"
    if given is None:
        return "nothing"
    if isinstance(given, bool):
        return "on" if given else "off"
    if isinstance(given, (int, float)):
        return scalar(given, unit)
    if isinstance(given, str):
        return _text(kind, prop, given)
    if isinstance(given, dict):
        return _marked(kind, prop, given)
    return _list(given, unit)


def _text(kind: str, prop: str, given: str) -> str:
    if given.isdigit():
        return given
    if prop in TEXTS:
        return quoted(given) if 0 < len(given) <= 120 else _too_long()
    if given.isupper() or f"{kind}.{prop}" in _names().enums or f"{prop}.{given}" in VALUES:
        return item(kind, prop, given)
    return quoted(given) if 0 < len(given) <= 120 else _too_long()


def _too_long() -> str:
    raise Unsayable("an empty or very long text")


def _marked(kind: str, prop: str, given: Mapping[str, Any]) -> str:
    if "$flags" in given:
        return " and ".join(item(kind, prop, flag) for flag in given["$flags"]) or "none"
    for mark in ("$bone", "$node"):
        if mark in given:
            return quoted(given[mark])
    raise Unsayable("a nested value")


def _list(given: Sequence[Any], unit: str) -> str:
    if not given or len(given) > 4:
        raise Unsayable("a long list of values")
    if all(isinstance(v, bool) for v in given):
        return "(" + ", ".join("on" if v else "off" for v in given) + ")"
    if not all(isinstance(v, (int, float)) for v in given):
        raise Unsayable("a list of parts")
    if unit in _COLORS and len(given) in (3, 4):
        return color(given)
    if unit in (ROTATION, "EULER", "ANGLE"):
        return "(" + ", ".join(degrees(v) for v in given) + ")"
    return vector(given) + (" m" if unit in _LENGTHS else "")


def scalar(given: float, unit: str) -> str:
    """One number with its unit."""
    if unit in (ROTATION, "EULER", "ANGLE"):
        return degrees(given)
    if unit in _LENGTHS:
        return length(given)
    return number(given) + _SUFFIX.get(unit, "")


def socket_value(node: str, label: str, given: Any) -> str:
    """A node input's value in words."""
    if label in _ANGLE_SOCKETS and node not in _FACTOR_ROTATIONS and isinstance(given, (int, float, list)):
        if isinstance(given, list) and len(given) > 3:
            raise Unsayable("a quaternion")
        return degrees(given) if not isinstance(given, list) else "(" + ", ".join(degrees(v) for v in given) + ")"
    if isinstance(given, list) and len(given) == 4 and all(isinstance(v, (int, float)) for v in given):
        return color(given)
    if isinstance(given, str):
        return quoted(given) if given else "an empty text"
    return value({}, node, label, given)
