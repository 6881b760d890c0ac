"""PNG: what Blender writes is read as Blender reads it, and Blender reads what is written."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from voxel.blender import Blender
from voxel.blender.png import read_png, side_by_side, write_png

READ = """
import base64, bpy
def answer():
    with open("image.png", "wb") as file:
        file.write(base64.b64decode({png!r}))
    image = bpy.data.images.load("/tmp/unit/image.png")
    return [list(image.size), [round(value * 255) for value in image.pixels]]
"""


def as_blender_reads(blender: Blender, png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    (width, height), values = blender.answer(READ.format(png=base64.b64encode(png).decode()))
    return np.array(values, np.uint8).reshape(height, width, 4)[::-1]


def test_both_ways_agree_with_blender(blender: Blender) -> None:
    png = blender.render("import bpy\nbpy.ops.mesh.primitive_monkey_add()\n", size=(40, 30), samples=2).png
    image = read_png(png)
    assert image.shape == (30, 40, 4)
    assert len(np.unique(image[:, :, :3])) > 20
    assert np.array_equal(image, as_blender_reads(blender, png))
    assert np.array_equal(image, as_blender_reads(blender, write_png(image)))


def test_side_by_side() -> None:
    left, right = np.full((2, 3, 4), 10, np.uint8), np.full((4, 5, 4), 20, np.uint8)
    whole = read_png(side_by_side(write_png(left), write_png(right), gap=1))
    assert whole.shape == (4, 9, 4)
    assert whole[:, :, 0].tolist() == [[10] * 3 + [0] + [20] * 5] * 2 + [[0] * 4 + [20] * 5] * 2


def test_another_kind_of_png_is_refused() -> None:
    png = bytearray(write_png(np.zeros((1, 1, 4), np.uint8)))
    png[24] = 16
    with pytest.raises(ValueError, match="16 bits"):
        read_png(bytes(png))
    with pytest.raises(ValueError, match="not a PNG"):
        read_png(b"GIF89a")
