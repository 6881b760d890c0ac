"""What a worker process keeps from one stage to the next because it is slow to start, such as a warm Blender."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, TypeVar

T = TypeVar("T")

_kept: dict[Hashable, Any] = {}
_ends: ExitStack | None = None


@contextmanager
def lasting() -> Iterator[None]:
    """Until this ends, in this process, what `shared` opens stays open."""
    global _ends
    with ExitStack() as ends:
        _ends = ends
        try:
            yield
        finally:
            _ends = None
            _kept.clear()


def shared(key: Hashable, make: Callable[[], AbstractContextManager[T]]) -> AbstractContextManager[T]:
    """What `make()` opens, for `with`: in a worker that goes on to other stages it is theirs too, under the same key.

    It must mend itself when it breaks, as a `Blender` does. Where nothing lasts it ends with the `with`.
    """
    if _ends is None:
        return make()
    if key not in _kept:
        _kept[key] = _ends.enter_context(make())
    return nullcontext(_kept[key])
