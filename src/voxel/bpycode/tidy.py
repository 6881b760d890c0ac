"""Last touches: variables that are used once give way to what they stand for, a single heading says nothing."""

from __future__ import annotations

import re

from voxel.bpycode.layout import WIDTH

_KEY = r'\["(?:[^"\\]|\\.)*"\]'
_REACHED = re.compile(
    rf"(\s*)([a-z_]\w*) = (bpy\.data\.\w+{_KEY}(?:\.data)?|bpy\.context\.scene|\w+\.(?:modifiers|constraints){_KEY})"
)
_UNUSED = re.compile(r"\s*([a-z_]\w*) = bpy\.context\.object")
_WORD = re.compile(r"(?<![.\w])[A-Za-z_]\w*")


def tidied(paragraphs: list[list[str]], headings: list[str]) -> list[list[str]]:
    """The paragraphs of a script without what a reader does not need; `headings` are its lines that are headings."""
    uses: dict[str, int] = {}
    for line in (line for paragraph in paragraphs for line in paragraph):
        for word in _WORD.findall(line):
            uses[word] = uses.get(word, 0) + 1
    result = [_inlined(paragraph, uses) for paragraph in paragraphs]
    if len(headings) == 1:
        result = [paragraph[1:] if paragraph[:1] == headings else paragraph for paragraph in result]
    return result


def _inlined(paragraph: list[str], uses: dict[str, int]) -> list[str]:
    lines = list(paragraph)
    for place in range(len(lines) - 1, -1, -1):
        unused = _UNUSED.fullmatch(lines[place])
        if unused is not None and uses[unused[1]] == 1:
            del lines[place]
            continue
        found = _REACHED.fullmatch(lines[place])
        if found is None or uses[found[2]] != 2 or place + 1 == len(lines):
            continue
        indent, name, source = found.groups()
        following = lines[place + 1]
        whole = indent + source + following[len(indent) + len(name) :]
        if re.match(rf"{indent}{name}[.\[]", following) and len(whole) <= WIDTH and following[-1] not in "([{":
            lines[place : place + 2] = [whole]
    return lines
