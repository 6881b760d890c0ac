"""How much an example is worth learning from: 0 to 1, in parts that are kept with it.

The whole is the weighted geometric mean of the parts, so that none can be bought back by the others: an example that
only repeats what Blender starts with is worth little however well it is written.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from voxel.blender import code_quality
from voxel.records.example import Example, QualityParts
from voxel.training.dataset_builder.kinds import Shingles, jaccard
from voxel.training.dataset_builder.nearness import shingles

WEIGHTS = {"proved": 0.25, "rarity": 0.3, "code": 0.15, "agreement": 0.2, "length": 0.1}
_FLOOR = 0.01
"""What a part of 0 counts as: the whole is then at most .32 for rarity, .63 for length."""
_STATEMENTS = 4
"""Fewer make an answer trivial."""
_LONG, _TOO_LONG = 1500, 3000
"""Tokens: up to the first an answer loses nothing, at the second it has a quarter left."""
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
_APART = re.compile(r"```[\s\S]*?```|RGB \([^)]*\)|\"[^\"\n]*\"")
"""Code, colours and names, whose numbers are nobody's measures."""
_NOISY = 0.25
_QUOTED = re.compile(r'"([^"\n]+)"')

STARTUP = """
import bpy
material = bpy.data.materials.new("Material")
material.use_nodes = True
principled = material.node_tree.nodes["Principled BSDF"]
principled.inputs["Base Color"].default_value = (0.8, 0.8, 0.8, 1)
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
cube.name = "Cube"
cube.data.materials.append(material)
light_data = bpy.data.lights.new("Light", type="POINT")
light_data.energy = 1000
light_data.shadow_soft_size = 0.1
light = bpy.data.objects.new("Light", light_data)
light.location = (4.08, 1.01, 5.9)
camera_data = bpy.data.cameras.new("Camera")
camera_data.clip_end = 100
camera = bpy.data.objects.new("Camera", camera_data)
camera.location = (7.36, -6.93, 4.96)
world = bpy.data.worlds.new("World")
world.use_nodes = True
background = world.node_tree.nodes["Background"]
background.inputs["Color"].default_value = (0.051, 0.051, 0.051, 1)
bpy.context.scene.world = world
bpy.context.scene.camera = camera
bpy.context.scene.camera = bpy.data.objects["Camera"]
"""
"""What everybody has before anything is done: Blender's factory scene, as Voxel writes scenes."""
_STARTUP = shingles(STARTUP)
_STARTUP_PLACES = (
    "(7.36, -6.93, 4.96)", "(7.48, -6.51, 5.34)", "(4.08, 1.01, 5.9)",
    "(7.359, -6.926, 4.958)", "(7.481, -6.508, 5.344)", "(4.076, 1.005, 5.904)",
    "(0.0509, 0.0509, 0.0509, 1)", "(0.051, 0.051, 0.051, 1)",
)  # fmt: skip
"""Where the cameras of 2.8 and 2.7 and their lamp stand before anything is done; the grey of the world."""
_DEFAULT, _SHORT = 0.05, 9


class Own(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What can be told of an example without the others; each 0 to 1."""

    unlike_startup: float
    code: float
    agreement: float
    length: float


def own_of(example: Example, answer: Shingles) -> Own:
    """`answer` are the shingles of its completion."""
    statements = _statements(example.completion)
    return Own(
        unlike_startup=_unlike_startup(answer) * _own_places(example, statements),
        code=round(_code(example.completion), 3),
        agreement=round(_agreement(example, statements), 3),
        length=round(_length(example.tokens, statements), 3),
    )


def parts_of(own: Own, held: Sequence[str], asked: Sequence[str], crowd: int) -> QualityParts:
    """The parts for an example that holds on the versions `held` and was to be proved on those `asked`.

    `crowd` is how many candidates have nearly its completion, itself too.
    """
    return QualityParts(
        proved=round(len(set(held) & set(asked)) / len(asked) if asked else 1.0, 3),
        rarity=round(own.unlike_startup / (1 + math.log10(max(1, crowd))), 3),
        code=own.code,
        agreement=own.agreement,
        length=own.length,
    )


def quality_of(parts: QualityParts) -> float:
    """The weighted geometric mean of the parts."""
    logs = sum(weight * math.log(max(_FLOOR, getattr(parts, name))) for name, weight in WEIGHTS.items())
    return round(math.exp(logs), 3)


def _unlike_startup(answer: Shingles) -> float:
    """The share of an answer that is not in the startup scene; a few runs in common are the language's, not its own."""
    if not answer or jaccard(answer, _STARTUP) == 1:
        return 0.0
    return min(1.0, 1.5 * len(answer - _STARTUP) / len(answer))


def _own_places(example: Example, statements: int | None) -> float:
    """Little is left of a short answer whose places are those of a startup scene."""
    startup = any(place in example.completion for place in _STARTUP_PLACES)
    return _DEFAULT if startup and (statements or _SHORT) <= _SHORT else 1.0


def _statements(completion: str) -> int | None:
    """Statements that do something; None for an answer that is no Python."""
    try:
        tree = ast.parse(completion)
    except (SyntaxError, ValueError):
        return None
    if tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Dict):
        return None  # the JSON of a scene plan is a dict to Python
    return sum(
        isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)
    )


@lru_cache(1 << 12)
def _code(completion: str) -> float:
    """As `voxel check` grades it; a plan, whose form is checked elsewhere, has no faults of style."""
    return code_quality(completion).score if _statements(completion) is not None else 1.0


def _agreement(example: Example, statements: int | None) -> float:
    """Whether the code has the names that the instruction gives, and does little that is not asked for.

    Little is left of it where the words are full of numbers that nobody would say.
    """
    return _names_and_size(example, statements) * (1.0 if _is_plain(example.instruction) else _DEFAULT)


def _is_plain(instruction: str) -> bool:
    """Whether most numbers of a text have at most three digits that count, or two behind the point."""
    told = _NUMBER.findall(_APART.sub("", instruction))
    noisy = sum(len(number.replace(".", "").strip("-0")) > 3 and len(number.partition(".")[2]) > 2 for number in told)
    return noisy <= _NOISY * len(told)


def _names_and_size(example: Example, statements: int | None) -> float:
    quoted = _QUOTED.findall(example.instruction)
    code = example.context + example.completion
    named = sum(name in code for name in quoted) / len(quoted) if quoted else 1.0
    asked = 1.0 if statements is None else min(1.0, 2 * len(example.checks) / max(1, statements))
    return (named + asked) / 2


def _length(tokens: int, statements: int | None) -> float:
    body = 1.0 if statements is None else min(1.0, statements / _STATEMENTS)
    excess = max(0, tokens - _LONG) / (_TOO_LONG - _LONG)
    return body * max(0.25, 1 - 0.75 * excess)
