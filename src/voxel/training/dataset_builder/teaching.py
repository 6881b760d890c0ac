"""A model that says the built-in instructions as people do, and the reader that believes none of it.

    datasets/units/<2 hex>/<key>.jsonl  ->  datasets/taught/<2 hex>/<key>.jsonl

One unit is what one file gave. A rewrite that loses or changes a fact is not taken: the built-in sentence stays. What
a model has said is kept with its unit, and in inspect-ai's cache, so that nothing is asked twice.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from voxel.errors import MissingExtra, SetupError, TryLater, UsageError
from voxel.facts.lookup import same
from voxel.facts.stated import readings, unstated
from voxel.records.example import Example
from voxel.stages import Done, Failed, Outcome, Storage, Unit, Work, unit_keys
from voxel.training.dataset_builder.lines import Line, Proved, estimate_tokens, identity

TAUGHT = "datasets/taught"
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_SYSTEM = (
    "You rewrite requests to a Blender artist so that they sound like {voice}. Keep every name in double quotes, every "
    "number with its unit, every setting and which thing it belongs to. Add nothing. Answer with the rewritten request "
    "alone."
)
_VOICES = (
    "a director in a hurry", "a patient teacher", "a student who knows the tools but not the terms", "a colleague",
    "a careful technical specification", "a client who is polite", "a game artist", "an architect", "a short ticket",
)  # fmt: skip
_QUOTED = re.compile(r'"([^"\n]+)"')
_NOT = re.compile(r"\b(?:off|not|no|without|disabled?|hide|hidden|never)\b|n't\b", re.IGNORECASE)
_FENCE = "```"
_LONGEST = 3
"""A rewrite is at most so many times as long."""
_LASTING = re.compile(r"\b400\b|bad.?request|content.?(filter|policy)|too (long|large)", re.IGNORECASE)
"""What a service says of a prompt that it will never answer."""
_RETRIES = 3
MAX_TOKENS = 1500


def loses(example: Example, text: str) -> str:
    """What a rewrite of the instruction loses, changes or adds; empty when it says the same."""
    if not text or len(text) > max(200, _LONGEST * len(example.instruction)) or _FENCE in text:
        return "it is no instruction of that length"
    missing = unstated(example.checks, text, example.context)
    if missing:
        return f"not said: {missing[0]}"
    old, new = set(_QUOTED.findall(example.instruction)), set(_QUOTED.findall(text))
    if old != new:
        return f"names differ: {sorted(old ^ new)[0]}"
    theirs, mine = readings(text), readings(example.instruction)
    for one, others, what in [*((one, mine, "new") for one in theirs), *((one, theirs, "lost") for one in mine)]:
        if not any(same(value, other) for value in one for reading in others for other in reading):
            return f"{what} number: {one[0]:g}"
    if bool(_NOT.search(text)) != bool(_NOT.search(example.instruction)):
        return "it turns on what was off, or the other way round"
    return ""


class Teacher:
    """A model by its inspect-ai name, such as `openai/gpt-4o-mini`; OPENAI_BASE_URL leads to any server that is alike.

    UsageError for a name without a provider, SetupError when the provider's key is not set, MissingExtra without
    inspect-ai.
    """

    def __init__(self, name: str) -> None:
        provider, slash, model = name.partition("/")
        if not (provider and slash and model):
            raise UsageError(f"--teacher {name}: name the provider too, as in openai/gpt-4o-mini")
        key = _KEYS.get(provider, "")
        if key and "/" not in model and not os.environ.get(key, "").strip():
            raise SetupError(f"{key} is not set; {name} cannot teach without it")
        try:
            import inspect_ai.model  # noqa: F401
        except ImportError as error:
            raise MissingExtra("teaching instructions", "eval") from error
        self.name = name

    def rewrites(self, examples: Sequence[Example]) -> list[str]:
        """What the model says for each instruction, in order; empty where it refuses for good.

        TryLater when the service does not answer.
        """
        return asyncio.run(self._rewrites(examples)) if examples else []

    async def _rewrites(self, examples: Sequence[Example]) -> list[str]:
        from inspect_ai.model import (
            CachePolicy,
            ChatMessage,
            ChatMessageSystem,
            ChatMessageUser,
            GenerateConfig,
            get_model,
        )

        # chat completions are what OpenAI-compatible servers speak
        arguments: dict[str, Any] = {"responses_api": False} if self.name.startswith("openai/") else {}
        config = GenerateConfig(temperature=0.7, max_retries=_RETRIES, max_tokens=MAX_TOKENS)
        model = get_model(self.name, config=config, memoize=False, **arguments)

        async def one(example: Example) -> str:
            voice = _VOICES[int(example.id, 16) % len(_VOICES)]
            asked: list[ChatMessage] = [
                ChatMessageSystem(content=_SYSTEM.format(voice=voice)),
                ChatMessageUser(content=example.instruction),
            ]
            output = await model.generate(asked, cache=CachePolicy(expiry=None))
            return output.completion.strip()

        said = await asyncio.gather(*(one(example) for example in examples), return_exceptions=True)
        for answer in said:
            if isinstance(answer, Exception) and not _LASTING.search(str(answer)):
                words = str(answer).strip().splitlines()
                raise TryLater(
                    f"{self.name} cannot be asked: {words[0] if words else type(answer).__name__}"
                ) from answer
            if isinstance(answer, BaseException) and not isinstance(answer, Exception):
                raise answer
        return [answer if isinstance(answer, str) else "" for answer in said]


class TeachStage:
    """One unit per built unit; what Blender proved is not proved again, for only words change."""

    name = "teach"
    version = 1

    def __init__(self, storage: Storage, teacher: str, built: Sequence[str]) -> None:
        Teacher(teacher)  # says at once what is missing
        self._storage, self._teacher, self._built = storage, teacher, built
        self._taught = storage.look(TAUGHT)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_built": ()}  # a worker is told what to do one by one

    @property
    def settings(self) -> Mapping[str, Any]:
        """The model, and how it is asked."""
        return {"teacher": self._teacher, "system": _SYSTEM, "voices": _VOICES}

    def units(self) -> Iterator[Unit]:
        """The built units, in the same order."""
        key = unit_keys(self)
        for name in self._built:
            unit = name.rpartition("/")[2].removesuffix(".jsonl")
            yield Unit(key=key(unit), input=unit, payload=name)

    def file(self, key: str) -> str:
        """The name of a unit's lines in the storage."""
        return f"{TAUGHT}/{key[:2]}/{key}.jsonl"

    def present(self, unit: Unit, _row: object) -> bool:
        """Whether the unit's lines are still there."""
        return self.file(unit.key) in self._taught

    @contextmanager
    def open(self) -> Iterator[Work]:
        """A teacher for this worker."""
        teacher = Teacher(self._teacher)
        decoder, encoder = msgspec.json.Decoder(Line), msgspec.json.Encoder()

        def teach(unit: Unit) -> Outcome:
            lines: list[Line] = [decoder.decode(line) for line in self._storage.read(unit.payload).splitlines()]
            # an instruction with a script in it is about that script, word for word
            proved = [line for line in lines if isinstance(line, Proved) and _FENCE not in line.example.instruction]
            try:
                said = teacher.rewrites([line.example for line in proved])
            except TryLater as error:
                return Failed(str(error))
            taught = {id(line): retold(line, text, teacher.name) for line, text in zip(proved, said, strict=True)}
            self._storage.write(
                self.file(unit.key), b"".join(encoder.encode(taught.get(id(one), one)) + b"\n" for one in lines)
            )
            count = sum(taught[id(line)] is not line for line in proved)
            return Done({"instructions rewritten": count, "rewrites not taken": len(proved) - count})

        yield teach


def retold(line: Proved, text: str, teacher: str) -> Proved:
    """The line with the teacher's words, or itself where they do not say the same."""
    old = line.example
    if text == old.instruction or loses(old, text):
        return line
    example = msgspec.structs.replace(
        old, id=identity(old.role, text, old.context, old.completion), instruction=text,
        tokens=estimate_tokens(old.earlier, text, old.context, old.completion),
        provenance=msgspec.structs.replace(old.provenance, rewritten_by=teacher),
    )  # fmt: skip
    return msgspec.structs.replace(line, example=example)
