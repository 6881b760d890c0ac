"""What must not travel into training data: home folders, e-mail addresses, keys and tokens.

A Scene is scrubbed before candidates are made of it, so that instruction, code and checks say the same and the proof is
one of the scrubbed words. What still shows something private at the end is dropped. Attributions stay as their authors
wrote them: licences ask for that. The kinds of tokens are those whose form their makers publish; measures of entropy
were left out, for in scenes they find names of bones and hashes of images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_SEP = r"[/\\]{1,2}"
_FOLDERS = rf"(?:home|Users|Documents and Settings|(?:run{_SEP})?media)"
_NAME = r"(?P<name>[^/\\\s\"'<>|:*?]+)"
_PICTURES = "png|jpe?g|tga|exr|hdr|tiff?|bmp|webp|gif|psd|svg|blend|obj|fbx|py|txt|abc|usd[acz]?"


class _Kind(NamedTuple):
    said: str
    pattern: re.Pattern[str]
    instead: str
    signs: tuple[str, ...] = ()
    """No text without one of these matches: looking for them takes a hundredth of the time."""


_KINDS = (
    _Kind(
        "a home folder",
        re.compile(rf"(?:\b[A-Za-z]:{_SEP}|(?<![\w/\\])/|(?:\.\.{_SEP})+){_FOLDERS}{_SEP}{_NAME}", re.IGNORECASE),
        "user",
    ),
    _Kind(
        "an e-mail address",
        re.compile(rf"(?P<name>\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.(?!(?:{_PICTURES})\b)[A-Za-z]{{2,}}\b)"),
        "name@example.com",
        ("@",),
    ),
    _Kind(
        "a key or token",
        re.compile(
            r"(?P<name>\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}"
            r"|\bsk-[\w-]{20,}|\bAIza[\w-]{35}|\bxox[abprs]-[\w-]{10,}|\bhf_[A-Za-z]{30,}"
            r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,}|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
        ),
        "removed",
        ("AKIA", *(f"gh{one}_" for one in "pousr"), "github_pat_", "glpat-", "sk-", "AIza", "xox", "hf_", "eyJ", "---"),
    ),
)
_HARMLESS = re.compile(r"user\d*|removed\d*|(?:name\d*|git|noreply)@.*|.*@example\.(?:com|org|net)|shared|public", re.I)


def private(text: str) -> list[str]:
    """The kinds of private things that stand in a text, such as `a home folder`; never the things themselves."""
    return [kind.said for kind in _KINDS if any(_found(kind, text))]


def _found(kind: _Kind, text: str) -> Iterator[re.Match[str]]:
    if kind.signs and not any(sign in text for sign in kind.signs):
        return iter(())
    return (match for match in kind.pattern.finditer(text) if not _HARMLESS.fullmatch(match["name"]))


def scrubbed(scene: Any) -> Any:
    """The same JSON-able value with neutral words in place of private ones; one and the same for equal ones."""
    return _Scrubber().value(scene)


class _Scrubber:
    def __init__(self) -> None:
        self._instead: dict[tuple[str, str], str] = {}

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {self._text(key): self.value(one) for key, one in value.items()}
        return value

    def _text(self, text: str) -> str:
        for kind in _KINDS:
            for match in reversed(list(_found(kind, text))):
                start, end = match.span("name")
                text = text[:start] + self._word(kind, match["name"]) + text[end:]
        return text

    def _word(self, kind: _Kind, name: str) -> str:
        """Another word for another name, so that two datablocks never become one."""
        key = (kind.instead, name)
        if key not in self._instead:
            number = 1 + sum(instead == kind.instead for instead, _ in self._instead)
            head, at, tail = kind.instead.partition("@")
            self._instead[key] = f"{head}{number if number > 1 else ''}{at}{tail}"
        return self._instead[key]
