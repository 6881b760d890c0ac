"""Source text in the layout of Black at 100 columns.

A `Doc` is a piece of an expression: plain text, or a bracket with items that may be spread over lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

WIDTH = 100
INDENT = 4


@dataclass(frozen=True, slots=True)
class Bracket:
    """`head` + `opening` + items + `closing` + `tail`.

    `literal` tells a list, tuple or dict, whose items stand one to a line as soon as they do not fit on one.
    """

    head: str
    opening: str
    items: tuple[Doc, ...]
    closing: str
    tail: str = ""
    literal: bool = False

    def __str__(self) -> str:
        return flat(self)


Doc = str | Bracket


def call(function: str, *arguments: Doc, **keywords: Doc) -> Bracket:
    """`function(arguments, key=value)`."""
    named = tuple(before(f"{key}=", value) for key, value in keywords.items())
    return Bracket(function, "(", tuple(arguments) + named, ")")


def listing(items: Iterable[Doc]) -> Bracket:
    """`[items]`."""
    return Bracket("", "[", tuple(items), "]", literal=True)


def parts(items: Iterable[Doc]) -> Bracket:
    """`(items)`, a tuple."""
    return Bracket("", "(", tuple(items), ")", literal=True)


def before(text: str, doc: Doc) -> Doc:
    """`doc` with text in front of it."""
    return text + doc if isinstance(doc, str) else replace(doc, head=text + doc.head)


def flat(doc: Doc) -> str:
    """The piece on one line."""
    if isinstance(doc, str):
        return doc
    inside = ", ".join(flat(item) for item in doc.items)
    if doc.literal and doc.opening == "(" and len(doc.items) == 1:
        inside += ","
    return f"{doc.head}{doc.opening}{inside}{doc.closing}{doc.tail}"


def lines(doc: Doc, indent: int, behind: int = 0) -> list[str]:
    """The piece as lines, indented by `indent` columns; `behind` columns are needed after it on its last line."""
    margin = " " * indent
    text = flat(doc)
    if isinstance(doc, str) or not doc.items or indent + len(text) + behind <= WIDTH:
        return [margin + text]
    inner = indent + INDENT
    if not doc.literal:
        together = ", ".join(flat(item) for item in doc.items)
        if inner + len(together) <= WIDTH:
            return [margin + doc.head + doc.opening, " " * inner + together, margin + doc.closing + doc.tail]
    out = [margin + doc.head + doc.opening]
    sole = len(doc.items) == 1 and not doc.literal
    for item in doc.items:
        spread = lines(item, inner, 0 if sole else 1)
        if not sole:
            spread[-1] += ","
        out += spread
    return [*out, margin + doc.closing + doc.tail]


def assignment(target: str, value: Doc, indent: int = 0) -> list[str]:
    """`target = value`; a plain value that is too long goes into parentheses when that helps."""
    whole = before(f"{target} = ", value)
    if isinstance(value, str) and indent + len(target) + 3 + len(value) > WIDTH >= indent + INDENT + len(value):
        margin = " " * indent
        return [f"{margin}{target} = (", f"{margin}{' ' * INDENT}{value}", f"{margin})"]
    return lines(whole, indent)


def quote(text: str) -> str:
    """A string literal for any text whatever, in double quotes unless that needs more escapes."""
    body = repr(text)
    single = body[0] == "'"
    body = body[1:-1]
    if single:
        body = body.replace("\\'", "'")
    doubles, singles = body.count('"'), body.count("'")
    if doubles > singles:
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def join(sections: Sequence[Sequence[str]]) -> str:
    """Sections as one source, an empty line between them."""
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"
