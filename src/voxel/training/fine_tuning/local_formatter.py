"""Training files for open weights: `{"prompt": [system, user], "completion": [assistant]}` a line, as TRL takes it.

With prompt and completion apart TRL puts the loss on the completion alone. https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from voxel.providers.provider import Limits
from voxel.records.example import Example
from voxel.records.prompt import system_prompt, user_prompt
from voxel.training.fine_tuning.formatting import Formatter, program

LIMITS = Limits(
    format="local", min_examples=1, max_examples=None, max_validation=None, max_file_bytes=None, max_tokens=None
)


class LocalFormatter(Formatter):
    """fine_tuning/local/{train,val,test}_local.jsonl, and the same per role."""

    provider = "local"
    limits = LIMITS

    def line(self, example: Example) -> Mapping[str, Any]:
        """Prompt and completion as chat messages."""
        return {
            "prompt": [
                {"role": "system", "content": system_prompt(example.role)},
                {"role": "user", "content": user_prompt(example)},
            ],
            "completion": [{"role": "assistant", "content": example.completion}],
        }

    def pair(self, example: Example, rejected: str) -> Mapping[str, Any]:
        """As TRL's DPO trainer takes it."""
        line = self.line(example)
        wrong = [{"role": "assistant", "content": rejected}]
        return {"prompt": line["prompt"], "chosen": line["completion"], "rejected": wrong}


def validate(path: str | Path, *, validation: bool = False) -> list[str]:
    """What TRL would not take in this file, as `reason @ file:line $.path`. BadInput when it cannot be read."""
    return LocalFormatter().validate(path, validation=validation)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files, or checks one with `--validate FILE`."""
    return program(LocalFormatter, argv)


if __name__ == "__main__":
    sys.exit(main())
