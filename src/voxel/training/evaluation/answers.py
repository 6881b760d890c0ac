"""Taking the code, or the scene plan, out of a model's answer the way a user would."""

from __future__ import annotations

import ast
import re

_THOUGHT = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON = {"python", "py", "python3", "bpy"}
_STARTS = re.compile(r"^(import |from \w[\w.]* import )", re.MULTILINE)


def code_in(answer: str) -> str | None:
    """The Python in an answer, or None when it holds none.

    Fenced blocks marked as Python count, several in order; without such marks, unmarked blocks that parse;
    without fences, the text itself when it parses, else the part from its first import line that does. A block
    that was cut off before its closing fence is taken as far as it goes, broken as it may be, since that is what
    the user would have to run.
    """
    text = _THOUGHT.sub("", answer).strip()
    blocks = [(match[2].lower(), match[3]) for match in _FENCE.finditer(text)]
    marked = [body for language, body in blocks if language in _PYTHON]
    if marked:
        return _joined(marked)
    unmarked = [body for language, body in blocks if language == "" and _parses(body)]
    if unmarked:
        return _joined(unmarked)
    if blocks:
        return None
    return _bare(text)


def plan_in(answer: str) -> str:
    """The JSON in an answer: the first fenced block that begins with a brace, else from the first brace to the last."""
    text = _THOUGHT.sub("", answer).strip()
    fenced = [match[3].strip() for match in _FENCE.finditer(text) if match[3].lstrip().startswith("{")]
    return fenced[0] if fenced else text[max(0, text.find("{")) : text.rfind("}") + 1]


def _joined(blocks: list[str]) -> str | None:
    code = "".join(block.rstrip() + "\n" for block in blocks)
    return code if code.strip() else None


def _bare(text: str) -> str | None:
    if _parses(text) and _does_something(text):
        return text + "\n"
    start = _STARTS.search(text)
    if start is None:
        return None
    lines = text[start.start() :].splitlines()
    for end in range(len(lines), 0, -1):
        part = "\n".join(lines[:end])
        if _parses(part):
            return part.rstrip() + "\n"
    return "\n".join(lines) + "\n"


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(text.strip())


def _does_something(text: str) -> bool:
    """False for prose that happens to parse, such as a single word."""
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call) for node in ast.parse(text).body)
