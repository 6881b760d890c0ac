"""Many answers of one model at once: batches of like length, greedy, each row leaving as soon as it is through.

On two cores a small model makes several times as many tokens a second in batches as it makes alone. `bench/lift.md`
holds the figures.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from voxel.errors import MissingExtra
from voxel.providers.local.base_models import base_of
from voxel.providers.local.growing import growing_cache
from voxel.providers.local.processor import multiplies_in_half

BATCH = 16
"""Rows of a batch on a processor; a GPU takes four times as many."""


class Chat(NamedTuple):
    """One question."""

    messages: Sequence[dict[str, str]]
    """Each with `role` and `content`."""
    max_tokens: int
    """Of the answer."""


class Said(NamedTuple):
    """One answer."""

    text: str
    asked: int
    """Tokens of the prompt."""
    made: int
    """Tokens of the answer."""
    whole: bool
    """False when `max_tokens` or the model's own limit cut it off."""


class Generator:
    """One model, or a base with its adapter merged in. BadInput for a folder that is neither."""

    def __init__(self, folder: Path, *, batch: int | None = None) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise MissingExtra("asking a model on this machine", "local") from error
        transformers.utils.logging.disable_progress_bar()
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self.batch = batch or (BATCH if self._device == "cpu" else 4 * BATCH)
        self._model = self._loaded(folder)
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        ends = self._model.generation_config.eos_token_id
        stops = {self._tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        self._stops = torch.tensor(sorted(stops), device=self._device)
        # what older transformers call past_key_values
        self._cache = "cache" if "cache" in inspect.signature(self._model.forward).parameters else "past_key_values"
        self._room = int(getattr(self._model.config, "max_position_embeddings", None) or 1 << 20)

    def _loaded(self, folder: Path) -> Any:
        from transformers import AutoModelForCausalLM

        half = self._torch.cuda.is_bf16_supported() if self._device == "cuda" else multiplies_in_half()
        kind = self._torch.bfloat16 if half else self._torch.float32
        base = base_of(folder)
        plain = AutoModelForCausalLM.from_pretrained(base, dtype=kind).to(self._device)
        if base == str(folder):
            return plain.eval()
        from peft import PeftModel

        with warnings.catch_warnings():
            # PEFT asks the model by names that transformers is about to give up
            warnings.simplefilter("ignore", FutureWarning)
            return PeftModel.from_pretrained(plain, str(folder)).merge_and_unload().eval()

    def tokens(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """A prompt as the model's chat template writes it."""
        made = self._tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, return_dict=True)
        return list(made["input_ids"])

    def answer(self, chats: Sequence[Chat]) -> list[Said]:
        """One answer for each, in order; all in one batch, so give it at most `batch` of like length.

        A prompt that leaves no room for an answer gets an empty one that is not whole.
        """
        prompts = [self.tokens(chat.messages) for chat in chats]
        limits = [min(chat.max_tokens, self._room - len(prompt)) for chat, prompt in zip(chats, prompts, strict=True)]
        rows = [index for index, limit in enumerate(limits) if limit > 0]
        made: list[list[int]] = [[] for _ in chats]
        ended = [False] * len(chats)
        if rows:
            with self._torch.inference_mode():
                self._decode(rows, prompts, limits, made, ended)
        return [
            Said(self._tokenizer.decode(tokens, skip_special_tokens=True), len(prompt), len(tokens), whole)
            for tokens, prompt, whole in zip(made, prompts, ended, strict=True)
        ]

    def _decode(
        self, rows: list[int], prompts: list[list[int]], limits: list[int], made: list[list[int]], ended: list[bool]
    ) -> None:
        """Fills `made` and `ended` for `rows`. A row that is through leaves the cache, so that the rest go faster."""
        torch = self._torch
        width = max(len(prompts[row]) for row in rows)
        pad = self._tokenizer.pad_token_id or 0
        tokens = torch.tensor([[pad] * (width - len(prompts[row])) + prompts[row] for row in rows], device=self._device)
        lengths = torch.tensor([len(prompts[row]) for row in rows], device=self._device)
        mask = (torch.arange(width, device=self._device)[None, :] >= width - lengths[:, None]).long()
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)
        cache = growing_cache(self._model)
        while rows:
            out = self._model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=places,
                **{self._cache: cache},
                use_cache=True,
                logits_to_keep=1,
            )
            chosen = out.logits[:, -1].argmax(dim=-1)
            stopped = torch.isin(chosen, self._stops).tolist()
            left = []
            for at, (row, token) in enumerate(zip(rows, chosen.tolist(), strict=True)):
                if stopped[at]:
                    ended[row] = True
                    continue
                made[row].append(token)
                if len(made[row]) < limits[row]:
                    left.append(at)
            if len(left) < len(rows):
                rows = [rows[at] for at in left]
                if not rows:
                    break
                kept = torch.tensor(left, device=self._device)
                cache.batch_select_indices(kept)
                mask, places, chosen = mask[kept], places[kept], chosen[kept]
            tokens = chosen[:, None]
            mask = torch.cat([mask, mask.new_ones((len(rows), 1))], dim=1)
            places = places[:, -1:] + 1
