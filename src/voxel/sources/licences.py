"""Finds the licence of a file: the nearest licence text above it, recognised by its own words."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_NAMES = re.compile(r"(un)?licen[cs]e([-_.].*)?|copying([-_.].*)?", re.IGNORECASE)
_TAG = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9][A-Za-z0-9.+-]*(?:\s+(?:OR|AND)\s+[A-Za-z0-9.+-]+)*)")
_COPYRIGHT = re.compile(r"^[^\w\n]*(?:all \w+ )?copyright\b[^\n]*\w[^\n]*$", re.IGNORECASE | re.MULTILINE)
_NO_TRAINING = re.compile(
    r"\bnon-ai\b|machine learning algorithms?|train\w*[^.]{0,60}(?:machine[- ]learning|artificial intelligence|\bai\b)"
)
"""Words of licences that are permissive but for one thing: they forbid training models."""
_PLACEHOLDER = re.compile(r"[\[<{]|copyright (notice|owner|holder|license|law|statement)|copyrighted", re.IGNORECASE)
_MENTION = re.compile(
    r"\b(?:A?GPL|LGPL|MIT|Apache(?:[- ]2\.0)?|BSD|CC0|CC[- ]BY(?:[- ](?:SA|NC|ND))*(?:[- ]\d\.\d)?|public domain"
    r"|all rights reserved)\b"
)
LONGEST_TEXT = 1 << 20

_VERSIONED = (
    (r"creative commons attribution[- ]noncommercial[- ]sharealike (\d\.\d)", "CC-BY-NC-SA-{}"),
    (r"creative commons attribution[- ]noncommercial[- ]noderiv\w* (\d\.\d)", "CC-BY-NC-ND-{}"),
    (r"attribution[- ]noncommercial (\d\.\d)", "CC-BY-NC-{}"),
    (r"attribution[- ]noderiv\w* (\d\.\d)", "CC-BY-ND-{}"),
    (r"attribution[- ]share ?alike (\d\.\d)", "CC-BY-SA-{}"),
    (r"(?:creative commons )?attribution(?: license)? (?:version )?(\d\.\d)", "CC-BY-{}"),
    (r"cc[- ]by[- ](\d\.\d)", "CC-BY-{}"),
    (r"\bcc[- ]by[- ]sa[- ](\d\.\d)", "CC-BY-SA-{}"),
)
"""Creative Commons titles, the most specific first."""

_TITLES = (
    (r"gnu affero general public license version 3", "AGPL-3.0-only"),
    (r"gnu lesser general public license version 3", "LGPL-3.0-only"),
    (r"gnu lesser general public license version 2\.1", "LGPL-2.1-only"),
    (r"gnu general public license version 3", "GPL-3.0-only"),
    (r"gnu general public license version 2", "GPL-2.0-only"),
    (r"mozilla public license,? version 2\.0", "MPL-2.0"),
    (r"eclipse public license - v 2\.0", "EPL-2.0"),
    (r"boost software license - version 1\.0", "BSL-1.0"),
    (r"sil open font license version 1\.1", "OFL-1.1"),
    (r"academic free license v(?:ersion)? ?3\.0", "AFL-3.0"),
    (r"artistic license 2\.0", "Artistic-2.0"),
    (r"cc0 1\.0 universal|creative commons zero|creativecommons\.org/publicdomain/zero/1\.0", "CC0-1.0"),
)
"""Licences known by their title, looked for at the head of the text: long ones mention others further down."""

_BODIES = (
    (r"apache license version 2\.0|licensed under the apache license, version 2\.0", "", "Apache-2.0"),
    (r"free and unencumbered software released into the public domain", "", "Unlicense"),
    (r"altered source versions must be plainly marked", "", "Zlib"),
    (r"redistribution and use in source and binary forms", r"neither the name", "BSD-3-Clause"),
    (r"redistribution and use in source and binary forms", "", "BSD-2-Clause"),
    (r"permission to use, copy, modify, and(?:/or)? distribute this software", r"provided that the above", "ISC"),
    (r"permission to use, copy, modify, and(?:/or)? distribute this software", "", "0BSD"),
    (r"permission is hereby granted, free of charge, to any person", r"shall be included in all copies", "MIT"),
    (r"permission is hereby granted, free of charge, to any person", "", "MIT-0"),
    (r"do what the fuck you want to public license", "", "WTFPL"),
)
"""Licences known by their words: a phrase, and one that must be there too; the first of a phrase counts."""


class Licence(NamedTuple):
    """What is known about the rights in a file."""

    spdx: str
    """Identifier or expression; empty when unknown."""
    attribution: str
    """Copyright lines joined by `; `; may be empty."""


UNKNOWN = Licence("", "")


def recognise(text: str) -> str:
    """The SPDX identifier of a licence text; several joined by ` AND `; empty when none is recognised.

    `LicenseRef-no-training` for one that speaks against training models, whatever else it says.
    """
    plain = " ".join(re.sub(r"[*#=_`\"“”()]+", " ", text).lower().split())
    if _NO_TRAINING.search(plain):
        return "LicenseRef-no-training"
    tag = _TAG.search(text)
    if tag:
        return tag[1]
    head = plain[:600]
    for pattern, identifier in _TITLES:
        if re.search(pattern, head):
            return identifier
    found = []
    for pattern, template in _VERSIONED:
        match = re.search(pattern, plain)
        if match:
            found.append(template.format(match[1]))
            break
    phrases: set[str] = set()
    for phrase, also, identifier in _BODIES:
        if phrase not in phrases and re.search(phrase, plain) and re.search(also, plain):
            phrases.add(phrase)
            found.append(identifier)
    return " AND ".join(found)


def attribution(text: str) -> str:
    """The copyright lines of a licence text, at most three, joined by `; `."""
    lines = []
    for match in _COPYRIGHT.finditer(text):
        line = " ".join(match[0].strip(" \t*#/\\-").split())
        if not _PLACEHOLDER.search(line) and line not in lines and len(line) <= 200:
            lines.append(line)
    return "; ".join(lines[:3])


def licence_of_text(text: str) -> Licence:
    """Both together."""
    return Licence(recognise(text), attribution(text))


def mentioned(text: str) -> str:
    """The licences that a text speaks of in passing, as a README does; a hint, from which no right follows."""
    found = dict.fromkeys(" ".join(match[0].split()) for match in _MENTION.finditer(text))
    return ", ".join(list(found)[:3])


def licence_names(names: list[str]) -> list[str]:
    """Those of the file names in a folder that hold licence texts, in a fixed order."""
    return sorted(name for name in names if _NAMES.fullmatch(name))


class LicenceFinder:
    """Answers for many files of one tree; a folder is looked at once for those that come one after another."""

    def __init__(self, top: Path) -> None:
        """`top` is the uppermost folder whose licence texts count."""
        self._top = top
        self._known = lru_cache(maxsize=1000)(self._look)

    def licence(self, folder: Path) -> Licence:
        """The licence that holds in `folder`: that of the nearest folder with a licence text that is recognised."""
        return self._known(folder)

    def _look(self, folder: Path) -> Licence:
        own = self._own(folder)
        inner = folder != self._top and folder != folder.parent
        return self._known(folder.parent) if own is UNKNOWN and inner else own

    def _own(self, folder: Path) -> Licence:
        try:
            names = licence_names([path.name for path in folder.iterdir() if path.is_file()])
        except OSError:
            return UNKNOWN  # the walk reports folders that cannot be listed
        found = [licence_of_text(read_text(folder / name)) for name in names]
        known = [each for each in found if each.spdx]
        if not known:
            return UNKNOWN
        spdx = list(dict.fromkeys(each.spdx for each in known))
        lines = dict.fromkeys(each.attribution for each in known if each.attribution)
        # a folder with LICENSE-MIT and LICENSE-APACHE offers a choice
        return Licence(" OR ".join(spdx), "; ".join(lines))


def read_text(path: Path) -> str:
    """The first megabyte of a text file, whatever its encoding; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_TEXT).decode("utf-8", "replace")
    except OSError:
        return ""
