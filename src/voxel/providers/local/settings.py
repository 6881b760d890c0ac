"""What can be set for training here, with ranges, defaults and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from voxel.errors import UsageError
from voxel.records.job import Hyperparameter


class Setting(NamedTuple):
    """One number."""

    default: float
    low: float
    high: float
    whole: bool = False


SETTINGS: dict[str, Setting] = {
    "n_epochs": Setting(3, 0.01, 1000),
    # LoRA takes ten times the rate of full training
    "learning_rate": Setting(5e-4, 1e-7, 1.0),
    # examples to an optimizer step; split into pieces that fit the memory
    "batch_size": Setting(8, 1, 4096, whole=True),
    # examples to a forward pass; 0 chooses 1 on a processor, where two take 9 GB and are hardly faster, and 8 on a GPU
    "micro_batch": Setting(0, 0, 1024, whole=True),
    # rank of the adapter on every linear layer; 0 trains all weights
    "lora_r": Setting(16, 0, 512, whole=True),
    "lora_alpha": Setting(32, 1, 1024, whole=True),
    "lora_dropout": Setting(0.0, 0.0, 0.9),
    # tokens; longer examples are left out and counted, for half a script teaches to stop halfway
    "max_length": Setting(1024, 16, 131_072, whole=True),
    # of wall time for training, over all restarts; 0 is no limit
    "max_minutes": Setting(0, 0, 100_000),
    "warmup_steps": Setting(10, 0, 100_000, whole=True),
    "weight_decay": Setting(0.0, 0.0, 1.0),
    # of the validation file, taken evenly from it
    "validation_examples": Setting(64, 1, 100_000, whole=True),
    "checkpoint_seconds": Setting(120, 0.1, 100_000),
    # several short examples in one row; only with FlashAttention, which keeps them apart
    "packing": Setting(1, 0, 1, whole=True),
    # 1 also writes base and adapter as one model
    "merge": Setting(0, 0, 1, whole=True),
    # 0 takes the processors that this process may use
    "threads": Setting(0, 0, 1024, whole=True),
}


def checked(n_epochs: float | None, given: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
    """Only what was given; UsageError names everything that is wrong."""
    asked: dict[str, Hyperparameter] = dict(given)
    if n_epochs is not None:
        asked["n_epochs"] = n_epochs
    wrong = []
    for name, value in asked.items():
        setting = SETTINGS.get(name)
        if setting is None:
            wrong.append(f"{name} is unknown; there are {', '.join(SETTINGS)}")
        elif isinstance(value, str) or not setting.low <= value <= setting.high:
            wrong.append(f"{name} must be between {setting.low:g} and {setting.high:g}, not {value}")
        elif setting.whole and value != int(value):
            wrong.append(f"{name} must be a whole number, not {value}")
    if wrong:
        raise UsageError("; ".join(wrong))
    return asked


class Values:
    """The settings in force."""

    def __init__(self, given: Mapping[str, Hyperparameter]) -> None:
        self._given = given

    def number(self, name: str) -> float:
        """Given or default."""
        return float(self._given.get(name, SETTINGS[name].default))

    def whole(self, name: str) -> int:
        """The same as an int."""
        return int(self.number(name))
