"""The held-out examples as tasks of inspect-ai: `inspect eval voxel/builder --model openai/gpt-4o`.

There is a task for each role, and `voxel/all`. Each takes `-T data_dir=DIR`, `-T num_examples=N` and
`-T blender=VERSION`. Answers run in the same box and get the same scores as with `voxel evaluate`; models on this
machine are `--model voxel/NAME`. Importing this module registers tasks and provider; inspect-ai does so through the
entry point of its name.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import anyio.to_thread
import msgspec
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from voxel.blender import Blender
from voxel.records import AnswerScore, Example, Role, system_prompt, user_prompt
from voxel.training.evaluation import local_model
from voxel.training.evaluation.quality_metrics import QualityMetrics
from voxel.training.evaluation.scoring import score
from voxel.training.evaluation.summing import SCORES

PROVIDER = local_model.LocalModel
"""Registered by being imported."""
# inspect-ai puts the package before a name only where the package is installed as a copy
_INSTALLED = {"site-packages", "dist-packages"} & set(Path(__file__).parts)
_PREFIX = "" if _INSTALLED else "voxel/"


class _Judge:
    """One warm Blender, asked by one thread at a time."""

    def __init__(self, version: str) -> None:
        self._blender = Blender(version)
        self._lock = threading.Lock()
        atexit.register(self._blender.close)

    def score(self, example: Example, answer: str) -> AnswerScore:
        with self._lock:
            return score(self._blender, example, answer)


@cache
def _judge(version: str) -> _Judge:
    return _Judge(version)


@scorer(metrics={"*": [mean(), stderr()]}, name=f"{_PREFIX}blender")
def in_blender(version: str = "4.5") -> Scorer:
    """The scores of `voxel evaluate`, each 0 to 1."""

    async def judged(state: TaskState, target: Target) -> Score:  # noqa: ARG001  (the scorer's form)
        example = msgspec.convert(state.metadata["example"], Example)
        answer = state.output.completion
        found = await anyio.to_thread.run_sync(_judge(version).score, example, answer)
        return Score(
            value={name: take(found) for name, take in SCORES.items()},
            answer=answer,
            explanation="\n".join((found.verdict, *found.errors)),
        )

    return judged


def _task(role: Role | None, data_dir: str, num_examples: int, blender: str) -> Task:
    examples = QualityMetrics(data_dir).examples(role, num_examples)
    samples = [
        Sample(
            id=each.id,
            input=[ChatMessageSystem(content=system_prompt(each.role)), ChatMessageUser(content=user_prompt(each))],
            target=each.completion,
            metadata={
                "role": each.role,
                "category": each.category,
                "difficulty": each.difficulty,
                "example": msgspec.to_builtins(each),
            },
        )
        for each in examples
    ]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=in_blender(blender))


def _of(role: Role | None, name: str) -> Callable[..., Task]:
    def made(data_dir: str = "training_data", num_examples: int = 100, blender: str = "4.5") -> Task:
        return _task(role, data_dir, num_examples, blender)

    made.__name__ = made.__qualname__ = name
    registered: Callable[..., Task] = task(name=_PREFIX + name)(made)
    return registered


concept = _of("concept", "concept")
builder = _of("builder", "builder")
texture = _of("texture", "texture")
render = _of("render", "render")
animation = _of("animation", "animation")
all_roles = _of(None, "all")
