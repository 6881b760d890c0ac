"""Last touches: variables that are used once give way to what they stand for, a single heading says nothing."""

from __future__ import annotations

import re

from voxel.bpycode.layout import WIDTH

_KEY = r'\["(?:[^"\\]|\\.)*"\]'
_REACHED = re.compile(
    rf"(\s*)([a-z_]\w*) = (bpy\.data\.\w+{_KEY}(?:\.data)?|bpy\.context\.scene|\w+\.data"
    rf"|\w+\.(?:modifiers|constraints){_KEY})"
)
_DATA = re.compile(rf"(\s*)([a-z_]\w*) = (bpy\.data\.objects{_KEY})\.data")
_UNUSED = re.compile(r"\s*([a-z_]\w*) = bpy\.context\.object")
_MOVE = re.compile(r"(\s*)move_to\((\w+), (.+)\)")
_ALONE = re.compile(r"(\s*)([a-z_]\w*) = (bpy\.data\.(?:materials|worlds|node_groups|images|textures)\.new\(.*\)"
                    r"|\w+\.(?:slots|strips|tracks|vertex_groups)\.new\(.*\))")  # fmt: skip
_LABELS = {
    "diffuse_color": ("Base Color", "Color"), "roughness": ("Roughness",), "metallic": ("Metallic",),
    "specular_intensity": ("Specular IOR Level",),
}  # fmt: skip
"""What a material shows in the viewport, and the sockets that say the same."""
_NUMBERS = r"(\([-\d., e]+\)|-?[\d.e-]+)"
_SHOWN = re.compile(rf"\s*([a-z_]\w*)\.({'|'.join(_LABELS)}) = {_NUMBERS}")
_SOCKET = re.compile(rf'(\s*[a-z_]\w*\.inputs\["([A-Za-z ]+)"\]\.default_value) = {_NUMBERS}')
_WORD = re.compile(r"(?<![.\w])[A-Za-z_]\w*")


def tidied(paragraphs: list[list[str]], headings: list[str]) -> list[list[str]]:
    """The paragraphs of a script without what a reader does not need; `headings` are its lines that are headings."""
    uses: dict[str, int] = {}
    for line in (line for paragraph in paragraphs for line in paragraph):
        for word in _WORD.findall(line):
            uses[word] = uses.get(word, 0) + 1
    whole = sum(map(len, paragraphs))
    result = [_inlined(paragraph, uses, whole) for paragraph in paragraphs]
    if len(headings) == 1:
        result = [paragraph[1:] if paragraph[:1] == headings else paragraph for paragraph in result]
    return result


def without_single_move(paragraphs: list[list[str]]) -> list[list[str]]:
    """The paragraphs with what `move_to` does in place of its only call; themselves where there is none or more."""
    calls = [(p, n) for p, lines in enumerate(paragraphs) for n, line in enumerate(lines) if "move_to(" in line]
    found = _MOVE.fullmatch(paragraphs[calls[0][0]][calls[0][1]]) if len(calls) == 1 else None
    if found is None:
        return paragraphs
    indent, thing, collection = found.groups()
    at, line = calls[0]
    moved = [f"{indent}bpy.context.collection.objects.unlink({thing})", f"{indent}{collection}.objects.link({thing})"]
    return [
        [*lines[:line], *moved, *lines[line + 1 :]] if place == at else lines for place, lines in enumerate(paragraphs)
    ]


def _inlined(paragraph: list[str], uses: dict[str, int], whole: int) -> list[str]:
    lines = _shown_colors(_reached_once(paragraph, uses))
    for place in range(len(lines) - 1, -1, -1):
        unused = _UNUSED.fullmatch(lines[place])
        if unused is not None and uses[unused[1]] == 1:
            del lines[place]
            continue
        alone = _ALONE.fullmatch(lines[place])
        if alone is not None and uses[alone[2]] == 1 and whole > 1:
            lines[place] = alone[1] + alone[3]
        found = _REACHED.fullmatch(lines[place])
        if found is None or uses[found[2]] != 2 or place + 1 == len(lines):
            continue
        indent, name, source = found.groups()
        following = lines[place + 1]
        joined = indent + source + following[len(indent) + len(name) :]
        if re.match(rf"{indent}{name}[.\[]", following) and len(joined) <= WIDTH and following[-1] not in "([{":
            lines[place : place + 2] = [joined]
    return lines


def _shown_colors(lines: list[str]) -> list[str]:
    """The lines of a material with what its nodes share with the viewport told by what it shows there."""
    shown: dict[tuple[str, str], str] = {}
    result = []
    for line in lines:
        setting = _SHOWN.fullmatch(line)
        if setting is not None:
            for label in _LABELS[setting[2]]:
                shown[label, setting[3]] = f"{setting[1]}.{setting[2]}"
        socket = _SOCKET.fullmatch(line)
        if socket is not None and (socket[2], socket[3]) in shown:
            line = f"{socket[1]} = {shown.pop((socket[2], socket[3]))}"
        result.append(line)
    return result


def _reached_once(paragraph: list[str], uses: dict[str, int]) -> list[str]:
    """The lines with an object looked up once where first its data is changed and then the object itself."""
    lines = list(paragraph)
    for place in range(len(lines)):
        data = _DATA.fullmatch(lines[place])
        if data is None:
            continue
        indent, name, source = data.groups()
        again = re.compile(rf"{indent}([a-z_]\w*) = {re.escape(source)}")
        found = next(
            ((later, one[1]) for later in range(place + 1, len(lines)) if (one := again.fullmatch(lines[later]))), None
        )
        if found is not None:
            later, thing = found
            moved = lines.pop(later)
            lines[place : place + 1] = [moved, f"{indent}{name} = {thing}.data"]
            uses[thing] += 1
    return lines
