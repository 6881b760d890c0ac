"""Training files, checked against a service's rules before anything is sent.

Every problem is reported as `reason @ file:line $.messages[1].content`. Formats:

- openai: `{"messages": [{"role", "content", "weight"?}], "tools"?, "parallel_tool_calls"?, "functions"?}`, the last
  one from the assistant. https://platform.openai.com/docs/guides/supervised-fine-tuning
- claude: `{"system"?, "messages"}` and no other key, user and assistant in turn, the first from the user, the last
  from the assistant. https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html
- local: `{"prompt": [messages], "completion": [messages]}` as TRL takes it, or openai's form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from voxel.errors import BadInput
from voxel.providers.provider import Limits
from voxel.records.job import TrainingFile

BYTES_PER_TOKEN = 2.7
"""Measured on 1,026 training examples with SmolLM2's tokenizer (2.68), which takes digits one by one; OpenAI's make
fewer tokens of the same text. Good for a price and for staying below a limit, not for a bill."""
TOKENS_PER_MESSAGE = 6
"""What a chat template puts around each message; measured 5.3."""
SHOWN = 20
"""Problems that an error spells out; the rest are counted."""

_OPENAI_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_OPENAI_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})


class Problem(NamedTuple):
    """What is wrong with one place of a file."""

    reason: str
    line: int
    """From 1; 0 for the file as a whole."""
    where: str
    """A JSON path from the line's own `$`."""

    def show(self, path: Path) -> str:
        """One line for people."""
        place = f"{path}:{self.line} {self.where}".rstrip() if self.line else str(path)
        return f"{self.reason} @ {place}"


class Checked(NamedTuple):
    """A file that was read once through."""

    file: TrainingFile
    problems: list[Problem]


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has."""
    return -(-len(text.encode("utf-8", "replace")) * 10 // round(BYTES_PER_TOKEN * 10))


def check_file(path: Path, limits: Limits, *, validation: bool = False) -> Checked:
    """Reads the file once, streaming. BadInput when it cannot be read at all."""
    check = _CHECKS[limits.format]
    digest = hashlib.sha256()
    problems: list[Problem] = []
    size = examples = tokens = 0
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                digest.update(raw)
                size += len(raw)
                if not raw.strip():
                    problems.append(Problem("empty line", number, "$"))
                    continue
                examples += 1
                try:
                    line = msgspec.json.decode(raw)
                except msgspec.MsgspecError as error:
                    problems.append(Problem(f"not JSON: {error}", number, "$"))
                    continue
                problems.extend(Problem(reason, number, where) for where, reason in check(line))
                count = _tokens(line)
                tokens += count
                if limits.max_tokens and count > limits.max_tokens:
                    reason = f"about {count:,} tokens; the service takes {limits.max_tokens:,} an example"
                    problems.append(Problem(reason, number, "$"))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    problems.extend(_as_a_whole(examples, size, limits, validation=validation))
    held = TrainingFile(path=str(path), sha256=digest.hexdigest(), size=size, examples=examples, tokens=tokens)
    return Checked(held, problems)


def check_pair(training: Path, validation: Path | None, limits: Limits) -> tuple[TrainingFile, TrainingFile | None]:
    """Both files, or one BadInput that names every problem of both."""
    first = check_file(training, limits)
    second = check_file(validation, limits, validation=True) if validation else None
    shown = [problem.show(training) for problem in first.problems]
    if second and validation:
        shown += [problem.show(validation) for problem in second.problems]
        total = first.file.examples + second.file.examples
        if limits.format == "claude" and limits.max_examples and total > limits.max_examples:
            shown.append(f"{total:,} lines in both files; the service takes {limits.max_examples:,} @ {training}")
        if second.file.sha256 == first.file.sha256:
            shown.append(f"the validation file is the training file @ {validation}")
    if shown:
        rest = f"; and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
        raise BadInput("; ".join(shown[:SHOWN]) + rest)
    return first.file, second.file if second else None


def _as_a_whole(examples: int, size: int, limits: Limits, *, validation: bool) -> Iterator[Problem]:
    most = limits.max_validation if validation else limits.max_examples
    least = 1 if validation else limits.min_examples
    if examples < least:
        yield Problem(f"{examples} examples; the service wants at least {least}", 0, "")
    if most is not None and examples > most:
        yield Problem(f"{examples:,} examples; the service takes {most:,}", 0, "")
    if limits.max_file_bytes is not None and size > limits.max_file_bytes:
        yield Problem(f"{size / 1e6:.0f} MB; the service takes {limits.max_file_bytes / 1e6:.0f} MB", 0, "")


def _tokens(value: Any) -> int:
    """Of every string in messages and system, whatever their place."""
    if not isinstance(value, dict):
        return 0
    total = estimate_tokens(value["system"]) if isinstance(value.get("system"), str) else 0
    for key in ("messages", "prompt", "completion"):
        held = value.get(key)
        if isinstance(held, str):
            total += estimate_tokens(held)
        for message in held if isinstance(held, list) else ():
            if isinstance(message, dict) and isinstance(message.get("content"), str):
                total += estimate_tokens(message["content"]) + TOKENS_PER_MESSAGE
    return total


Trouble = Iterator[tuple[str, str]]


def _check_messages(messages: Any, where: str, roles: frozenset[str]) -> Trouble:
    if not isinstance(messages, list) or not messages:
        yield where, "must be a list of messages"
        return
    for index, message in enumerate(messages):
        place = f"{where}[{index}]"
        if not isinstance(message, dict):
            yield place, "must be an object"
            continue
        role = message.get("role")
        if role not in roles:
            yield f"{place}.role", f"must be one of {', '.join(sorted(roles))}"
        content = message.get("content")
        if isinstance(content, str):
            if not content.strip():
                yield f"{place}.content", "is empty"
        elif not (role == "assistant" and ("tool_calls" in message or "function_call" in message)):
            yield f"{place}.content", "must be a string"
        if "weight" in message and (role != "assistant" or message["weight"] not in (0, 1)):
            yield f"{place}.weight", "must be 0 or 1, and only the assistant has one"


def _last_role(messages: Any) -> Any:
    return (
        messages[-1].get("role") if isinstance(messages, list) and messages and isinstance(messages[-1], dict) else ""
    )


def _check_openai(line: Any) -> Trouble:
    if not isinstance(line, dict):
        yield "$", "must be an object"
        return
    for key in sorted(set(line) - _OPENAI_KEYS):
        yield f"$.{key}", "is not a key of a training line"
    messages = line.get("messages")
    yield from _check_messages(messages, "$.messages", _OPENAI_ROLES)
    if isinstance(messages, list) and messages and _last_role(messages) != "assistant":
        yield f"$.messages[{len(messages) - 1}].role", "the last message must come from the assistant"


def _check_claude(line: Any) -> Trouble:
    if not isinstance(line, dict):
        yield "$", "must be an object"
        return
    for key in sorted(set(line) - {"system", "messages"}):
        yield f"$.{key}", "no key but system and messages is allowed"
    if "system" in line and not (isinstance(line["system"], str) and line["system"].strip()):
        yield "$.system", "must be a string that is not empty, or be left out"
    messages = line.get("messages")
    yield from _check_messages(messages, "$.messages", frozenset({"user", "assistant"}))
    if not isinstance(messages, list):
        return
    for index, message in enumerate(messages):
        wanted = "assistant" if index % 2 else "user"
        if isinstance(message, dict) and message.get("role") in ("user", "assistant") and message["role"] != wanted:
            yield f"$.messages[{index}].role", f"must be {wanted}: user and assistant take turns"
        if isinstance(message, dict):
            for key in sorted(set(message) - {"role", "content"}):
                yield f"$.messages[{index}].{key}", "no key but role and content is allowed"
    if messages and _last_role(messages) == "user":
        yield f"$.messages[{len(messages) - 1}].role", "the last message must come from the assistant"


def _check_local(line: Any) -> Trouble:
    if not isinstance(line, dict):
        yield "$", "must be an object"
        return
    if "prompt" not in line and "completion" not in line:
        yield from _check_openai(line)
        return
    for key in ("prompt", "completion"):
        if isinstance(line.get(key), str):
            if not line[key].strip():
                yield f"$.{key}", "is empty"
        else:
            yield from _check_messages(line.get(key), f"$.{key}", _OPENAI_ROLES)
    if isinstance(line.get("prompt"), str) != isinstance(line.get("completion"), str):
        yield "$.completion", "prompt and completion must both be text or both be messages"


_CHECKS: dict[str, Callable[[Any], Trouble]] = {"openai": _check_openai, "claude": _check_claude, "local": _check_local}
