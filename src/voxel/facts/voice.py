"""How people talk: one instruction keeps to one way of saying links, names, places, lengths and angles.

What a sentence says is settled before; here only the spelling changes, never a value. Names in quotes stay as they are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from voxel.facts import words

_LINK = re.compile(r"\{link:([^|}]*)\|([^|}]*)\|([^|}]*)\|([^|}]*)\}")
_LINKS = (
    "connect the {0} output of {1} to {3}'s {2} input",
    "plug {1}'s {0} into the {2} input of {3}",
    "link {1} ({0}) to {3} ({2})",
    "run the {0} of {1} into the {2} of {3}",
    "feed {1}'s {0} output to {2} on {3}",
)
_QUOTED = re.compile(r'("[^"]*")')
_LENGTH = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?) cm\b")
_PLACE = re.compile(r"\bat \((-?[\d.]+), (-?[\d.]+), (-?[\d.]+)\)")
_OPENED = re.compile(r"^(?:Quick one|Hi|Small job)[.!] ")
_NEXT = ("Now ", "Now ", "Then ", "Good. Now ", "Next, ")
_CHANGED = (*_NEXT, "Nice, but ", "One change: ")
_CHANGING = re.compile(r"(?:Please )?(?:[Mm]ove|[Ss]et|[Rr]otate|[Cc]hange|[Tt]urn|[Ss]hade|[Rr]etime|[Aa]djust)\b")
_OF_IT = re.compile(r"\b[Tt]he ((?:[XYZ](?:, [XYZ])*(?: and [XYZ])? )?[\w-]+(?: \w+)?) of it\b")
_FOR_IT = re.compile(r"^()(?:(?:On|For) it[,:]|[Ii]t:) (.*)$", re.DOTALL)
"""The thing was spoken of right before."""
_SORTS = "(?:point|sun|spot|area|curve|text|mesh|metaball|surface) "
_FEW = 10
"""Centimetres; where anything is shorter than this, nothing is given in metres instead."""
_SHORT = 0.3
"""Lengths above this, in metres, are not given in millimetres."""


def linked(order: str, form: str) -> str:
    """An order with its links in words; `form` is one of `link_forms`."""
    # "the Emission of the Emission" would be said by nobody
    return _LINK.sub(lambda found: (_LINKS[0] if found[1] in found[2] else form).format(*found.groups()), order)


def link_form(chance: random.Random) -> str:
    """One way of saying links; mostly the plainest."""
    return chance.choice((_LINKS[0], *_LINKS))


def voiced(text: str, chance: random.Random) -> str:
    """The same instruction as another person would spell it."""
    respell = [_SPELLINGS[name] for name, share in _SHARES.items() if chance.random() < share]
    pieces = _QUOTED.split(text)
    for spell in respell:
        pieces[::2] = [spell(piece) for piece in pieces[::2]]
    return "".join(pieces)


def continued(text: str, before: Mapping[str, Any], seed: str) -> str:
    """An edit as the next thing that somebody says who has just asked for `before`.

    Where the whole talk is about one thing, it needs no name any more: "now move it to …".
    """
    chance = random.Random(f"continued {seed}")
    text = _OPENED.sub("", text)
    objects = list(before["blocks"].get("objects", {}))
    quoted = _QUOTED.findall(text)
    if len(objects) == 1 and set(quoted) <= {f'"{objects[0]}"'}:
        kind = before["blocks"]["objects"][objects[0]]["kind"]
        thing = {"CAMERA": "the camera", "LIGHT": "the light"}.get(kind, "it")
        name = re.escape(quoted[0]) if quoted else "(?!)"
        if re.search(rf"(?:called|named|material) {name}", text):
            name = "(?!)"  # something else is called so, too
        text = re.sub(rf"(modifier|constraint)( of) {name}", r"\1", text)
        text = re.sub(rf"(?:[Tt]he (?:{_SORTS})?(?:object|camera|light|empty) )?{name}", thing, text)
        text = _OF_IT.sub(r"its \1", text)
        text = _FOR_IT.sub(lambda found: found[1] + found[2].replace("the ", "its ", 1), text)
    word = chance.choice(_CHANGED if _CHANGING.match(text) else _NEXT)
    begins = word.endswith(". ") or text.startswith(('"', "I ", "I'"))
    first = text[:1] if begins else text[:1].lower()
    return word + first + text[1:]


def _in_millimetres(text: str) -> str:
    return _LENGTH.sub(lambda found: _length(found, _SHORT, 1000, "mm"), text)


def _in_metres(text: str) -> str:
    if any(abs(float(found[1])) < _FEW for found in _LENGTH.finditer(text)):
        return text
    return _LENGTH.sub(lambda found: _length(found, 1e9, 1, "m"), text)


def _in_degrees(found: re.Match[str]) -> str:
    return f"{found[1]} degree{'' if found[1] == '1' else 's'}"


def _length(found: re.Match[str], most: float, factor: float, unit: str) -> str:
    metres = float(found.group(1)) / 100
    return f"{words.number(round(metres * factor, 6))} {unit}" if abs(metres) <= most else found.group(0)


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "millimetres": _in_millimetres,
    "metres": _in_metres,
    "degrees": lambda text: re.sub(r"(?<![\d.])(-?[\d.]+)°(?![,)])", _in_degrees, text),
    "called": lambda text: re.sub(r"\bnamed $", "called ", text),
    "places": lambda text: _PLACE.sub(r"at x=\1, y=\2, z=\3", text),
}
_SHARES = {"millimetres": 0.12, "metres": 0.12, "degrees": 0.3, "called": 0.4, "places": 0.12}
