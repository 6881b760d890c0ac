"""Asking a model for answers, through inspect-ai: its providers, retries, cache and logs.

Every answer is kept in inspect's cache as soon as it is there, so that an interrupted run asks no model twice. Models
on this machine are asked through inspect-ai too; `local_model` answers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from voxel.errors import MissingExtra, SetupError, TryLater
from voxel.stages import Progress

KEYS = {"openai": ("OPENAI_API_KEY",), "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")}
"""One of these variables a provider must find; those that are not here have other ways in."""
MOST_TOKENS = 4096
RETRIES = 6
"""Of a prompt whose service is in trouble, with growing pauses: about three minutes in all."""
_LASTING = re.compile(r"\b400\b|bad.?request|invalid.?request|context.{0,12}(length|window)|too (long|large)", re.I)
"""What a service says of a prompt that it will never answer."""


class Prompt(NamedTuple):
    """One question."""

    id: str
    messages: tuple[tuple[str, str], ...]
    """(`system`, `user` or `assistant`, text), in order; the last one is the user's."""
    max_tokens: int = MOST_TOKENS
    """Of the answer."""
    pictures: tuple[str, ...] = ()
    """Data addresses of images that are shown with the last message."""


class Answer(NamedTuple):
    """What came back: the text, or why there is none."""

    id: str
    text: str
    error: str = ""
    cut: bool = False
    """Whether a limit of tokens ended it."""


class Model(NamedTuple):
    """A model as inspect-ai is told of it."""

    name: str
    """`provider/model`."""
    arguments: dict[str, Any]
    identity: str = ""
    """Of weights on this machine: what was cached of other weights of the same name does not count."""
    connections: int | None = None
    """Prompts under way at once; None leaves it to inspect-ai."""


def service_model(provider: str, model: str) -> Model:
    """A model of a service or of a server. SetupError when the provider's key is not set."""
    name = model if model.startswith(f"{provider}/") else f"{provider}/{model}"
    keys = KEYS.get(provider, ())
    # `openai/azure/NAME` and the like go through another service, with its own key
    plain = name.count("/") == 1
    if keys and plain and not any(os.environ.get(key, "").strip() for key in keys):
        raise SetupError(f"{keys[0]} is not set; {name} cannot be asked without it")
    if provider == "openai":
        # chat completions are what OpenAI-compatible servers speak; fine-tuned chat models speak them too
        return Model(name, {"responses_api": False})
    return Model(name, {"do_sample": False} if provider == "hf" else {})


def ask(model: Model, prompts: Sequence[Prompt], *, log_dir: Path, progress: Progress | None = None) -> list[Answer]:
    """One answer for each prompt, in order, at temperature 0.

    MissingExtra without inspect-ai; TryLater when the service cannot be used, or left prompts unanswered that it might
    answer later: what was answered is kept. A prompt that it refuses for good is that answer's `error`.
    KeyboardInterrupt when a person stopped it.
    """
    try:
        from inspect_ai import Task, eval
        from inspect_ai.dataset import MemoryDataset, Sample
        from inspect_ai.model import (
            CachePolicy,
            ChatMessage,
            ChatMessageAssistant,
            ChatMessageSystem,
            ChatMessageUser,
            ContentImage,
            ContentText,
            get_model,
        )
        from inspect_ai.solver import Generate, Solver, TaskState, solver
    except ImportError as error:
        raise MissingExtra("asking a model", "eval") from error
    shown = progress or Progress()
    kept = CachePolicy(expiry=None, scopes={"weights": model.identity} if model.identity else {})

    def sample(prompt: Prompt) -> Sample:
        kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
        messages: list[ChatMessage] = [kinds[role](content=text) for role, text in prompt.messages]
        if prompt.pictures:
            images = [ContentImage(image=picture) for picture in prompt.pictures]
            messages[-1] = ChatMessageUser(content=[ContentText(text=prompt.messages[-1][1]), *images])
        return Sample(input=messages, id=prompt.id, metadata={"max_tokens": prompt.max_tokens})

    @solver
    def answer() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            state = await generate(state, cache=kept, max_tokens=state.metadata["max_tokens"])
            shown.advance("done", str(state.sample_id), "")
            return state

        return solve

    shown.start("ask", len(prompts), 0)
    try:
        (log,) = eval(
            Task(name="voxel", dataset=MemoryDataset([sample(prompt) for prompt in prompts]), solver=answer()),
            # a client of its own: one that was kept would still ask the address of an earlier call
            model=get_model(model.name, memoize=False, **model.arguments),
            log_dir=str(log_dir),
            display="none",
            fail_on_error=False,
            temperature=0.0,
            max_retries=RETRIES,
            max_connections=model.connections,
        )
    except Exception as error:
        raise TryLater(f"{model.name} cannot be asked: {_first_line(str(error)) or type(error).__name__}") from error
    finally:
        shown.end()
    if log.status == "cancelled":
        raise KeyboardInterrupt
    if log.status == "error" and log.error is not None:
        raise TryLater(f"{model.name} cannot be asked: {_first_line(log.error.message)}")
    answers = {
        str(given.id): Answer(
            str(given.id),
            given.output.completion,
            "" if given.error is None else _first_line(given.error.message),
            bool(given.output.choices) and given.output.stop_reason in ("max_tokens", "model_length"),
        )
        for given in log.samples or ()
    }
    return _settled(model, [answers.get(prompt.id, Answer(prompt.id, "", "no answer")) for prompt in prompts])


def _settled(model: Model, answers: list[Answer]) -> list[Answer]:
    """The answers, when each one is there or will never be. TryLater otherwise."""
    passing = [answer for answer in answers if answer.error and not _LASTING.search(answer.error)]
    if passing:
        raise TryLater(
            f"{model.name} left {len(passing)} of {len(answers)} prompts unanswered ({passing[0].error}); run the same "
            "command again: what was answered is kept"
        )
    return answers


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
