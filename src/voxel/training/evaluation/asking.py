"""Asking a model for answers, through inspect-ai: its providers, retries, cache and logs.

Every answer is kept in inspect's cache as soon as it is there, so that an interrupted run asks no model twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from voxel.errors import MissingExtra, SetupError, TryLater

PROVIDERS = ("openai", "anthropic", "bedrock", "azureai", "hf", "vllm", "ollama")
"""Prefixes that inspect-ai knows; a model name that holds a slash is passed to it as it is."""

KEYS = {"openai": ("OPENAI_API_KEY",), "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")}
"""One of these variables a provider must find; those that are not here have other ways in."""


class Prompt(NamedTuple):
    """One question."""

    id: str
    system: str
    user: str


class Answer(NamedTuple):
    """What came back: the text, or why there is none."""

    id: str
    text: str
    error: str = ""


def model_name(model_id: str, provider: str) -> str:
    """The name that inspect-ai gives this model: `provider/model`."""
    known = model_id.split("/", 1)[0] in PROVIDERS
    return model_id if known else f"{provider}/{model_id}"


def ask(name: str, prompts: Sequence[Prompt], *, log_dir: Path, max_tokens: int = 4096) -> list[Answer]:
    """One answer for each prompt, in order, at temperature 0.

    `name` is inspect-ai's name of the model. Raises SetupError when the provider's key is not set, MissingExtra without
    inspect-ai, TryLater when the service cannot be used at all; trouble with a single prompt is that answer's `error`.
    """
    provider, _, model = name.partition("/")
    keys = KEYS.get(provider, ())
    # `openai/azure/NAME` and the like go through another service, with its own key
    if keys and "/" not in model and not any(os.environ.get(key, "").strip() for key in keys):
        raise SetupError(f"{keys[0]} is not set; {name} cannot be asked without it")
    try:
        from inspect_ai import Task, eval
        from inspect_ai.dataset import MemoryDataset, Sample
        from inspect_ai.model import CachePolicy, ChatMessageSystem, ChatMessageUser
        from inspect_ai.solver import generate
    except ImportError as error:
        raise MissingExtra("asking a model", "eval") from error
    dataset = MemoryDataset(
        [Sample(input=[ChatMessageSystem(content=p.system), ChatMessageUser(content=p.user)], id=p.id) for p in prompts]
    )
    task = Task(name="voxel", dataset=dataset, solver=generate(cache=CachePolicy(expiry=None)))
    try:
        (log,) = eval(
            task,
            model=name,
            # chat completions are what OpenAI-compatible servers speak; fine-tuned chat models speak them too
            model_args={"responses_api": False} if name.startswith("openai/") else {},
            log_dir=str(log_dir),
            display="none",
            fail_on_error=False,
            temperature=0.0,
            max_tokens=max_tokens,
        )
    except Exception as error:
        raise TryLater(f"{name} cannot be asked: {_first_line(error)}") from error
    if log.status == "error" and log.error is not None:
        raise TryLater(f"{name} cannot be asked: {log.error.message.splitlines()[0]}")
    answers = {
        str(sample.id): Answer(
            str(sample.id),
            sample.output.completion,
            "" if sample.error is None else sample.error.message.splitlines()[0],
        )
        for sample in log.samples or ()
    }
    return [answers.get(p.id, Answer(p.id, "", "no answer")) for p in prompts]


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
