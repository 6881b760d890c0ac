"""A cache of keys and values that grows in blocks.

The one that transformers brings copies all that it holds at every token.
"""

from __future__ import annotations

from typing import Any

BLOCK = 256
"""Tokens by which room is added."""


def growing_cache(model: Any) -> Any:
    """An empty cache for `model`; layers of other kinds than the plain one stay as transformers makes them."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # its library carries no types
        is_initialized: bool
        keys: Any
        values: Any
        room: tuple[Any, Any] | None = None
        """Rows, heads, tokens, width, of keys and of values; `keys` and `values` are the tokens that are filled."""

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            first = not self.is_initialized
            if first:
                self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True
            held = 0 if first else self.keys.shape[-2]
            needed = held + key_states.shape[-2]
            if self.room is None or self.room[0].shape[-2] < needed:
                self.room = (_roomy(key_states, needed), _roomy(value_states, needed))
                if held:
                    self.room[0][:, :, :held] = self.keys
                    self.room[1][:, :, :held] = self.values
            keys, values = self.room
            keys[:, :, held:needed] = key_states
            values[:, :, held:needed] = value_states
            self.keys, self.values = keys[:, :, :needed], values[:, :, :needed]
            return self.keys, self.values

        def batch_select_indices(self, indices: Any) -> None:
            """Keeps these rows; the room of the others is given up."""
            super().batch_select_indices(indices)
            self.room = None

    cache = DynamicCache(config=model.config)
    cache.layers = [GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def _roomy(states: Any, needed: int) -> Any:
    rows, heads, _, width = states.shape
    return states.new_empty((rows, heads, needed + BLOCK, width))
