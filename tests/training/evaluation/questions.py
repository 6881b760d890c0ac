"""Two held-out examples, and training examples beside them."""

from __future__ import annotations

from msgspec.structs import replace

from voxel.records import Example, Provenance
from voxel.records.example import Exists, Geometry, Property

CUBE = """import bpy

bpy.ops.mesh.primitive_cube_add(size=3, location=(1, 2, 3))
box = bpy.context.object
box.name = "Box"
"""
LIGHT = """import bpy

lamp = bpy.data.objects["Lamp"]
lamp.data.energy = 250
"""
LAMP = """import bpy

lamp_data = bpy.data.lights.new("Lamp", type="POINT")
bpy.context.collection.objects.link(bpy.data.objects.new("Lamp", lamp_data))
"""
BOX = ("objects", "Box")


def examples() -> list[Example]:
    """A cube, three facts; a light made stronger, one fact that its context does not hold."""
    source = Provenance(source="samples", repo="voxel-samples/tests", license="MIT")
    return [
        Example(
            id="0000000000000001",
            role="builder",
            category="mesh",
            instruction='Add a cube "Box" with sides of 3 m at (1, 2, 3).',
            context="",
            completion=CUBE,
            checks=(
                Exists(of=BOX, type="MESH"),
                Geometry(of=BOX, size=(3.0, 3.0, 3.0), vertices=8, faces=6),
                Property(of=BOX, path="location", value=[1.0, 2.0, 3.0]),
            ),
            provenance=source,
            difficulty="easy",
            quality=1.0,
            tokens=60,
            blender=("4.5",),
        ),
        Example(
            id="0000000000000002",
            role="render",
            category="light-edit",
            instruction='Set the power of "Lamp" to 250 W.',
            context=LAMP,
            completion=LIGHT,
            checks=(Property(of=("objects", "Lamp"), path="data.energy", value=250.0),),
            provenance=source,
            difficulty="hard",
            quality=1.0,
            tokens=60,
            blender=("4.5",),
        ),
    ]


def like(number: int, instruction: str) -> Example:
    """A builder's training example with this instruction; its completion says the number."""
    return replace(
        examples()[0], id=f"{number:016x}", instruction=instruction, completion=f"import bpy\nN = {number}\n"
    )
