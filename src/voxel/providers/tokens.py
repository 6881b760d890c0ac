"""How many tokens a text has: counted by the service's own tokenizer where it is at hand, else estimated.

OpenAI's is tiktoken's `o200k_base` (gpt-4o and all later models). tiktoken fetches its vocabulary once and keeps it;
where that cannot be had the estimate is taken. Anthropic and Bedrock publish no tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

BYTES_PER_TOKEN = 2.7
"""Measured on 1,026 training examples with SmolLM2's tokenizer (2.68), which takes digits one by one; OpenAI's make
fewer tokens of the same text. Good for a price and for staying below a limit, not for a bill."""
ESTIMATE = f"an estimate: a token for every {BYTES_PER_TOKEN} bytes"


class Tokenizer(NamedTuple):
    """A way to count."""

    count: Callable[[str], int]
    name: str
    exact: bool


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has."""
    return -(-len(text.encode("utf-8", "replace")) * 10 // round(BYTES_PER_TOKEN * 10))


@cache
def tokenizer(format_: str) -> Tokenizer:
    """The best way to count for a format (openai, claude, local)."""
    if format_ != "openai":
        return Tokenizer(estimate_tokens, ESTIMATE, exact=False)
    try:
        import tiktoken

        encoding = tiktoken.get_encoding("o200k_base")
    except ImportError:
        return Tokenizer(estimate_tokens, f"{ESTIMATE}; pip install tiktoken to have them counted", exact=False)
    except Exception as error:  # noqa: BLE001 - whatever its download raises, an estimate is at hand
        return Tokenizer(
            estimate_tokens, f"{ESTIMATE}; tiktoken has no vocabulary: {type(error).__name__}", exact=False
        )
    return Tokenizer(lambda text: len(encoding.encode_ordinary(text)), "counted by tiktoken o200k_base", exact=True)
