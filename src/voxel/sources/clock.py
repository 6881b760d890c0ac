"""The clock by which the network sources wait: real, or hastened for tests."""

from __future__ import annotations

import asyncio
import time

_speed = 1.0


def hasten(factor: float) -> None:
    """Makes every wait of the network sources `factor` times shorter in this process; 1 is real time.

    For tests and trials against servers that count time in the same way.
    """
    global _speed
    if factor <= 0:
        raise ValueError("the factor must be above zero")
    _speed = factor


def now() -> float:
    """Seconds since some moment in the past, hastened."""
    return time.monotonic() * _speed


def moment(seconds: float) -> float:
    """When `seconds` from now will have passed, in seconds since the epoch: what another process can wait for."""
    return time.time() + seconds / _speed


def until(moment: float) -> float:
    """How many seconds are left until then."""
    return (moment - time.time()) * _speed


async def pause(seconds: float) -> None:
    """Waits until `now()` has moved by `seconds`."""
    await asyncio.sleep(max(0.0, seconds) / _speed)
