"""What this machine's processor can do."""

from __future__ import annotations

from pathlib import Path


def multiplies_in_half() -> bool:
    """Whether it multiplies matrices of bfloat16 in hardware (AMX); elsewhere that is slower than float32."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
