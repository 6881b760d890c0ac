"""TRL's trainer for a processor: scores the tokens of completions and no others.

Without Triton TRL projects every token on the whole vocabulary, those of the prompt too, and does it again for the
gradient. With a small model that is a third of the work; `bench/training.md` has the figures.
"""

from __future__ import annotations

import inspect
from typing import Any


def can_spare(model: Any) -> bool:
    """Whether a model can be asked for the logits of some tokens only."""
    return "logits_to_keep" in inspect.signature(model.forward).parameters


def sparing_trainer() -> Any:
    """The class, made late, for TRL takes seconds to import."""
    import torch
    from trl import SFTTrainer

    class SparingTrainer(SFTTrainer):  # type: ignore[misc]  # its library carries no types
        """The loss is TRL's: the sum over the tokens of completions by how many a step has (`num_items_in_batch`)."""

        trained = 0
        """Tokens so far, prompts included."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            labels = inputs["labels"][:, 1:]
            asked = labels != -100
            places = asked.any(dim=0).nonzero()[:, 0]
            given = {name: value for name, value in inputs.items() if name != "labels"}
            outputs = model(**given, logits_to_keep=places, use_cache=False)
            targets = labels[:, places].flatten()
            total = torch.nn.functional.cross_entropy(outputs.logits.float().flatten(0, 1), targets, reduction="sum")
            if model.training:
                self.trained += int(inputs["attention_mask"].sum())
            loss = total / (asked.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch)
            return (loss, outputs) if return_outputs else loss

        def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
            super().log({**logs, "num_tokens": self.trained} if "loss" in logs else logs, start_time)

    return SparingTrainer
