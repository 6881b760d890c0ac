"""Training files for Claude on Amazon Bedrock: `{"system", "messages": [user, assistant]}` a line and no other key.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html
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
    format="claude", min_examples=32, max_examples=10_000, max_validation=1_000, max_file_bytes=None, max_tokens=32_000
)


class ClaudeFormatter(Formatter):
    """fine_tuning/claude/{train,val,test}_claude.jsonl, and the same per role."""

    provider = "claude"
    limits = LIMITS

    def line(self, example: Example) -> Mapping[str, Any]:
        """The role's task as system text, then one turn each."""
        return {
            "system": system_prompt(example.role),
            "messages": [
                {"role": "user", "content": user_prompt(example)},
                {"role": "assistant", "content": example.completion},
            ],
        }


def validate(path: str | Path, *, validation: bool = False) -> list[str]:
    """What Bedrock would not take in this file, as `reason @ file:line $.path`. BadInput when it cannot be read."""
    return ClaudeFormatter().validate(path, validation=validation)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files, or checks one with `--validate FILE`."""
    return program(ClaudeFormatter, argv)


if __name__ == "__main__":
    sys.exit(main())
