"""Works that ask for attempts run side by side, so that what they ask for goes to Blender in one request."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple, TypeVar

from voxel.blender import Attempt, AttemptResult, Blender

T = TypeVar("T")
LASTING = (
    ".handlers", ".timers", "msgbus", "register_class", "context.preferences", "driver_namespace", "import random",
    "numpy", "bpy.utils", "bpy.types.", "ops.wm", "ops.screen", "ops.workspace", "context.window", ".libraries",
    "import os", "import sys",
)  # fmt: skip
"""Signs of what could outlive the scene, so that the next attempt in the same fork would meet it."""
FOREIGN = (".expression", "driver_add")
"""Signs of text from files that Blender itself would run; such code is only run where its report is not believed."""


class Asked(NamedTuple):
    """Attempts that a work wants of one Blender; it is sent what they show, as `Blender.trials` tells it."""

    blender: Blender
    attempts: Sequence[Attempt]


Asking = Generator[Asked, list[AttemptResult], T]
"""A work: it yields what it asks for and returns what it found."""


def shareable(sources: Iterable[str]) -> bool:
    """Whether code of our own writer leaves nothing behind once its scene is gone."""
    return not any(sign in source for source in sources for sign in (*LASTING, *FOREIGN))


def together(works: Iterable[Asking[T]], *, timeout: float = 30.0) -> list[T]:
    """What the works found, in their order.

    They begin in that order, and wait until all that still run have asked; what several ask for is tried once. Raises
    as `Blender.trials` and as the works do.
    """
    results: dict[int, T] = {}
    waiting: dict[int, tuple[Asking[T], Asked]] = {}

    def go_on(number: int, work: Asking[T], answer: list[AttemptResult] | None) -> None:
        try:
            waiting[number] = work, next(work) if answer is None else work.send(answer)
        except StopIteration as end:
            results[number] = end.value

    for number, work in enumerate(works):
        go_on(number, work, None)
    while waiting:
        asking, shown = dict(waiting), {}
        waiting.clear()
        for blender in dict.fromkeys(asked.blender for _, asked in asking.values()):
            every = [one for _, asked in asking.values() if asked.blender is blender for one in asked.attempts]
            attempts = list(dict.fromkeys(every))
            shown[blender] = dict(zip(attempts, blender.trials(attempts, timeout=timeout), strict=True))
        for number, (work, asked) in asking.items():
            go_on(number, work, [shown[asked.blender][one] for one in asked.attempts])
    return [results[number] for number in sorted(results)]
