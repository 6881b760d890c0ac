"""`Renderer`: pictures of .blend files, from a boxed process of its own. Cycles hangs in forks, so it cannot be one."""

from __future__ import annotations

from typing import Any

import msgspec

from voxel.blender.process import Boxed, GoneError
from voxel.blender.runtimes import Runtime
from voxel.errors import BadInput, UsageError
from voxel.records.verdict import Word

GRACE = 5.0
PICTURES_BEFORE_RECYCLING = 500
MAX_SIDE = 4096
MAX_SAMPLES = 4096


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What a scene looks like."""

    png: bytes
    """8 bits a channel, RGBA, seen through the scene's own view transform."""
    size: tuple[int, int]
    """Width and height in pixels."""
    pixels: bytes = b""
    """Scene-linear RGBA as 32-bit floats in the machine's order, from the lowest row up; empty unless asked for."""
    visible: int
    """Objects and instances that can be seen; 0 where the picture shows the neutral sphere instead."""
    added: tuple[str, ...] = ()
    """What the scene lacked and got for the picture: `camera`, `light`, `sphere`."""
    verdict: Word = "passed"
    """Of the scripts that made the scene: they are rendered as far as they came."""


class Renderer:
    """Renders with Cycles on the processor. Starts its box at the first picture; used by one thread at a time."""

    def __init__(self, runtime: Runtime, *, boxed: bool, tmp: int, lift: frozenset[str]) -> None:
        self._program = Boxed(runtime, "render.py", boxed=boxed, tmp=tmp, lift=lift)
        self._pictures = 0

    def picture(
        self,
        blend: bytes | int,
        *,
        limits: dict[str, Any],
        size: tuple[int, int],
        samples: int,
        material: str,
        world: str = "",
        pixels: bool,
        timeout: float,
        verdict: Word = "passed",
    ) -> Picture:
        """The picture of a .blend, given as its bytes or as an open file.

        Raises BadInput where it cannot be opened, crashes Blender twice or takes longer than `timeout` seconds;
        UsageError for a size or a number of samples out of range.
        """
        if not (1 <= min(size) <= max(size) <= MAX_SIDE and 1 <= samples <= MAX_SAMPLES and timeout > 0):
            raise UsageError(
                f"a picture has sides of 1 to {MAX_SIDE} pixels, 1 to {MAX_SAMPLES} samples and a time above 0,"
                f" not {size[0]}x{size[1]}, {samples}, {timeout:g}"
            )
        ask = {"limits": limits, "size": size, "samples": samples, "pixels": pixels}
        ask |= {"material": material, "world": world}
        payload, fds = (b"", [blend]) if isinstance(blend, int) else (blend, [])
        for _ in range(2):
            if self._program.ended or self._pictures >= PICTURES_BEFORE_RECYCLING:
                self.close()
            self._program.start()
            try:
                reply, result = self._program.ask(ask, payload, timeout + GRACE, fds)
            except GoneError:
                ended, reason = self._program.wait(), self._program.last_words()
                self.close()
                if not ended:
                    raise BadInput(f"takes longer than {timeout:g} s to render") from None
                continue
            self._pictures += 1
            if reply["bad"]:
                raise BadInput(f"cannot be rendered: {reply['bad']}")
            split = reply["png"]
            return Picture(
                png=result[:split],
                pixels=result[split:],
                size=size,
                visible=reply["visible"],
                added=tuple(reply["added"]),
                verdict=verdict,
            )
        raise BadInput(f"rendering it ended Blender twice: {reason}")

    def close(self) -> None:
        """Ends the box."""
        self._program.close()
        self._pictures = 0
