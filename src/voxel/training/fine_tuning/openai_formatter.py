"""Training files for OpenAI and Azure: `{"messages": [system, user, assistant]}` a line.

https://platform.openai.com/docs/guides/supervised-fine-tuning
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
    format="openai",
    min_examples=10,
    max_examples=None,
    max_validation=None,
    max_file_bytes=512 << 20,
    max_tokens=65_536,
)


class OpenAIFormatter(Formatter):
    """fine_tuning/openai/{train,val,test}_openai.jsonl, and the same per role."""

    provider = "openai"
    limits = LIMITS

    def line(self, example: Example) -> Mapping[str, Any]:
        """Chat messages: the role's task, the instruction with its context, the code."""
        return {
            "messages": [
                {"role": "system", "content": system_prompt(example.role)},
                {"role": "user", "content": user_prompt(example)},
                {"role": "assistant", "content": example.completion},
            ]
        }

    def pair(self, example: Example, rejected: str) -> Mapping[str, Any]:
        """As the direct-preference guide has it."""
        *asked, answer = self.line(example)["messages"]
        return {
            "input": {"messages": asked},
            "preferred_output": [answer],
            "non_preferred_output": [{"role": "assistant", "content": rejected}],
        }


def validate(path: str | Path, *, validation: bool = False) -> list[str]:
    """What OpenAI would not take in this file, as `reason @ file:line $.path`. BadInput when it cannot be read."""
    return OpenAIFormatter().validate(path, validation=validation)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files, or checks one with `--validate FILE`."""
    return program(OpenAIFormatter, argv)


if __name__ == "__main__":
    sys.exit(main())
