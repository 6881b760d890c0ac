"""Pictures of 8 bits a channel as PNG, after the W3C recommendation (third edition): enough to put two side by side."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}

Image = npt.NDArray[np.uint8]
"""Rows from the top down, columns, RGBA."""


def read_png(data: bytes) -> Image:
    """The image of a PNG with 8-bit RGB or RGBA and no interlacing, as Blender writes it. ValueError for another."""
    if data[:8] != _SIGNATURE:
        raise ValueError("not a PNG")
    place, packed = 8, b""
    width = height = channels = 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            if depth != 8 or color not in _CHANNELS or interlaced:
                raise ValueError(f"a PNG of {depth} bits, colour type {color}, interlacing {interlaced}")
            channels = _CHANNELS[color]
        elif kind == b"IDAT":
            packed += body
        place += 12 + size
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    above = np.zeros((width, channels), np.uint8)
    image = np.full((height, width, 4), 255, np.uint8)
    for row, line in enumerate(lines):
        above = _unfiltered(int(line[0]), line[1:].reshape(width, channels), above)
        image[row, :, :channels] = above
    return image


def write_png(image: Image) -> bytes:
    """An RGBA image as PNG."""
    height, width, _ = image.shape
    lines = np.zeros((height, 1 + width * 4), np.uint8)
    lines[:, 1:] = image.reshape(height, width * 4)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def side_by_side(left: bytes, right: bytes, gap: int = 4) -> bytes:
    """Two PNGs as one, with a clear gap of so many pixels between them."""
    images = [read_png(left), read_png(right)]
    height, width = max(one.shape[0] for one in images), images[0].shape[1]
    whole = np.zeros((height, width + gap + images[1].shape[1], 4), np.uint8)
    whole[: images[0].shape[0], :width] = images[0]
    whole[: images[1].shape[0], width + gap :] = images[1]
    return write_png(whole)


def _unfiltered(kind: int, line: Image, above: Image) -> Image:
    """One row of pixels from its filtered bytes and the row above it (section 9)."""
    if kind == 0:
        return line
    if kind == 1:
        return np.cumsum(line, axis=0, dtype=np.uint8)
    if kind == 2:
        return line + above
    out = np.zeros_like(line)
    columns = zip(*(part.astype(int).tolist() for part in (line, above)), strict=True)
    left, corner = [0] * line.shape[1], [0] * line.shape[1]
    for column, (pixel, upper) in enumerate(columns):
        if kind == 3:
            left = [(value + (a + b) // 2) & 255 for value, a, b in zip(pixel, left, upper, strict=True)]
        else:
            near = [_nearest(a, b, c) for a, b, c in zip(left, upper, corner, strict=True)]
            left = [(value + guess) & 255 for value, guess in zip(pixel, near, strict=True)]
        corner = upper
        out[column] = left
    return out


def _nearest(left: int, upper: int, corner: int) -> int:
    """Paeth's predictor."""
    guess = left + upper - corner
    ways = abs(guess - left), abs(guess - upper), abs(guess - corner)
    if ways[0] <= ways[1] and ways[0] <= ways[2]:
        return left
    return upper if ways[1] <= ways[2] else corner
