"""Training files, checked against a service's rules before anything is sent.

Every problem is reported as `reason @ file:line $.messages[1].content`. Formats:

- openai: `{"messages": [{"role", "content", "name"?, "weight"?}], "tools"?, "parallel_tool_calls"?, "functions"?}`, the
  last one from the assistant. https://platform.openai.com/docs/guides/supervised-fine-tuning
  Preference pairs: `{"input": {"messages", "tools"?, "parallel_tool_calls"?}, "preferred_output": [one answer],
  "non_preferred_output": [one answer]}`. https://platform.openai.com/docs/guides/direct-preference-optimization
- claude: `{"system"?, "messages"}` and no other key, user and assistant in turn, the first from the user, the last
  from the assistant. https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html
- local: `{"prompt": [messages], "completion": [messages]}` as TRL takes it, or openai's form; preference pairs are
  `{"prompt", "chosen", "rejected"}`. https://huggingface.co/docs/trl/dataset_formats

Tokens are counted by the model's own tokenizer where tiktoken is installed and knows the model, else estimated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from voxel.errors import BadInput
from voxel.providers.provider import Limits
from voxel.providers.tokens import Tokenizer, tokenizer
from voxel.records.job import TrainingFile

TOKENS_PER_MESSAGE = 6
"""What a chat template puts around each message; measured 5.3."""
SHOWN = 20
"""Problems that an error spells out; the rest are counted."""

_OPENAI_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_OPENAI_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_OPENAI_MESSAGE_KEYS = frozenset(
    {"role", "content", "name", "weight", "tool_calls", "function_call", "tool_call_id", "refusal"}
)
_OUTPUTS = ("preferred_output", "non_preferred_output")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
    counted: str
    """How its tokens were counted."""


def check_file(path: Path, limits: Limits, *, validation: bool = False) -> Checked:
    """Reads the file once, streaming. BadInput when it cannot be read at all."""
    check = _CHECKS[limits.format]
    counter = tokenizer(limits.format)
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
                if number == 1 and raw.startswith(b"\xef\xbb\xbf"):
                    problems.append(Problem("begins with a byte order mark", number, "$"))
                    raw = raw[3:]
                try:
                    line = msgspec.json.decode(raw)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    problems.append(Problem(f"not JSON: {error}", number, "$"))
                    continue
                problems.extend(Problem(reason, number, where) for where, reason in check(line))
                count = _tokens(line, counter)
                tokens += count
                if limits.max_tokens and count > limits.max_tokens:
                    about = "" if counter.exact else "about "
                    reason = f"{about}{count:,} tokens; the service takes {limits.max_tokens:,} an example"
                    problems.append(Problem(reason, number, "$"))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    problems.extend(_as_a_whole(examples, size, limits, validation=validation))
    held = TrainingFile(path=str(path), sha256=digest.hexdigest(), size=size, examples=examples, tokens=tokens)
    return Checked(held, problems, counter.name)


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


def _tokens(value: Any, counter: Tokenizer) -> int:
    """Of every text that is trained on or read, whatever its place; of a pair with both its answers."""
    if not isinstance(value, dict):
        return 0
    total = counter.count(value["system"]) if isinstance(value.get("system"), str) else 0
    for key in _TEXTS:
        held = value.get(key)
        if isinstance(held, str):
            total += counter.count(held)
        for message in held if isinstance(held, list) else ():
            if isinstance(message, dict) and isinstance(message.get("content"), str):
                total += counter.count(message["content"]) + TOKENS_PER_MESSAGE
    return total + _tokens(value.get("input"), counter)


_TEXTS = ("messages", "prompt", "completion", "chosen", "rejected", "preferred_output", "non_preferred_output")
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


def _objects(messages: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    held = enumerate(messages) if isinstance(messages, list) else ()
    return ((index, message) for index, message in held if isinstance(message, dict))


def _keys(value: dict[str, Any], allowed: frozenset[str], where: str, what: str) -> Trouble:
    for key in sorted(set(value) - allowed):
        yield f"{where}.{key}", what


def _check_openai(line: Any) -> Trouble:
    if not isinstance(line, dict):
        yield "$", "must be an object"
        return
    if "input" in line or "preferred_output" in line:
        yield from _check_openai_pair(line)
        return
    yield from _keys(line, _OPENAI_KEYS, "$", "is not a key of a training line")
    yield from _check_openai_chat(line, "$")
    messages = line.get("messages")
    if isinstance(messages, list) and messages and _last_role(messages) != "assistant":
        yield f"$.messages[{len(messages) - 1}].role", "the last message must come from the assistant"


def _check_openai_chat(line: dict[str, Any], where: str) -> Trouble:
    messages = line.get("messages")
    yield from _check_messages(messages, f"{where}.messages", _OPENAI_ROLES)
    for index, message in _objects(messages):
        place = f"{where}.messages[{index}]"
        yield from _keys(message, _OPENAI_MESSAGE_KEYS, place, "is not a key of a message")
        name = message.get("name", "none")
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            yield f"{place}.name", "must be 1 to 64 letters, digits, _ or -"
        if message.get("role") == "tool" and not isinstance(message.get("tool_call_id"), str):
            yield f"{place}.tool_call_id", "a tool's message must say which call it answers"
    if not isinstance(line.get("parallel_tool_calls", True), bool):
        yield f"{where}.parallel_tool_calls", "must be true or false"
    tools = line.get("tools", [])
    if not isinstance(tools, list):
        yield f"{where}.tools", "must be a list of tools"
        return
    for index, tool in enumerate(tools):
        if not (isinstance(tool, dict) and tool.get("type") == "function" and isinstance(tool.get("function"), dict)):
            yield f"{where}.tools[{index}]", 'must be {"type": "function", "function": {...}}'


def _check_openai_pair(line: dict[str, Any]) -> Trouble:
    yield from _keys(line, frozenset({"input", *_OUTPUTS}), "$", "is not a key of a preference pair")
    given = line.get("input")
    if isinstance(given, dict):
        yield from _keys(given, _OPENAI_KEYS - {"functions"}, "$.input", "is not a key of an input")
        yield from _check_openai_chat(given, "$.input")
        messages = given.get("messages")
        if isinstance(messages, list) and messages and _last_role(messages) not in ("user", "tool"):
            yield f"$.input.messages[{len(messages) - 1}].role", "the last message must come from the user"
    else:
        yield "$.input", "must be an object with messages"
    for key in _OUTPUTS:
        output = line.get(key)
        yield from _check_messages(output, f"$.{key}", frozenset({"assistant"}))
        if isinstance(output, list) and len(output) > 1:
            yield f"$.{key}", "must be one answer"
    if line.get(_OUTPUTS[0]) == line.get(_OUTPUTS[1]):
        yield f"$.{_OUTPUTS[1]}", "is the preferred output"


def _check_claude(line: Any) -> Trouble:
    if not isinstance(line, dict):
        yield "$", "must be an object"
        return
    yield from _keys(line, frozenset({"system", "messages"}), "$", "no key but system and messages is allowed")
    if "system" in line and not (isinstance(line["system"], str) and line["system"].strip()):
        yield "$.system", "must be a string that is not empty, or be left out"
    messages = line.get("messages")
    yield from _check_messages(messages, "$.messages", frozenset({"user", "assistant"}))
    for index, message in _objects(messages):
        wanted = "assistant" if index % 2 else "user"
        if message.get("role") in ("user", "assistant") and message["role"] != wanted:
            yield f"$.messages[{index}].role", f"must be {wanted}: user and assistant take turns"
        allowed = frozenset({"role", "content"})
        yield from _keys(message, allowed, f"$.messages[{index}]", "no key but role and content is allowed")
    if messages and _last_role(messages) == "user":
        yield f"$.messages[{len(messages) - 1}].role", "the last message must come from the assistant"


def _check_local(line: Any) -> Trouble:
    if not isinstance(line, dict):
        yield "$", "must be an object"
        return
    if "messages" in line:
        yield from _check_openai(line)
        return
    answers = ("chosen", "rejected") if "chosen" in line or "rejected" in line else ("completion",)
    for key in ("prompt", *answers):
        held = line.get(key)
        if isinstance(held, str):
            if not held.strip():
                yield f"$.{key}", "is empty"
            continue
        roles = _OPENAI_ROLES if key == "prompt" else frozenset({"assistant"})
        yield from _check_messages(held, f"$.{key}", roles)
        if key == "prompt" and isinstance(held, list) and _last_role(held) == "assistant":
            yield f"$.prompt[{len(held) - 1}].role", "the last message must come from the user"
    for key in answers:
        if isinstance(line.get("prompt"), str) != isinstance(line.get(key), str):
            yield f"$.{key}", f"prompt and {key} must both be text or both be messages"
    if len(answers) == 2 and line.get("chosen") == line.get("rejected"):
        yield "$.rejected", "is the chosen answer"


_CHECKS: dict[str, Callable[[Any], Trouble]] = {"openai": _check_openai, "claude": _check_claude, "local": _check_local}
