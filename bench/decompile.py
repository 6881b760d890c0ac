"""How long a large scene takes to become code, and how long that code is.

    python bench/decompile.py [--objects N]

A scene of N objects (default 2,000) is made in boxed Blender: six kinds of things in fields of rows and columns, some
turned or scaled, with modifiers, materials of their own, parents, keyframes, and a lamp for every twentieth. It is
then loaded and dumped in the box, written as code, and that code is run and compared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from voxel.blender import Blender
from voxel.bpycode import write_all
from voxel.facts.compare import differences
from voxel.records.scene import Scene

SOURCE = """
import bmesh, bpy, random
from math import radians
rng = random.Random(7)
def solid(name, make, *arguments, **keywords):
    shape = bmesh.new()
    shape.loops.layers.uv.new("UVMap")
    make(shape, *arguments, calc_uvs=True, **keywords)
    mesh = bpy.data.meshes.new(name)
    shape.to_mesh(mesh)
    shape.free()
    return bpy.data.objects.new(name, mesh)
materials = []
for name in ("Brick", "Concrete", "Glass", "Steel", "Timber"):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    principled = material.node_tree.nodes["Principled BSDF"]
    principled.inputs["Base Color"].default_value = (rng.random(), rng.random(), rng.random(), 1)
    principled.inputs["Roughness"].default_value = round(rng.uniform(0.2, 0.9), 2)
    materials.append(material)
districts = [bpy.data.collections.new(f"District {letter}") for letter in "ABCD"]
for district in districts:
    bpy.context.scene.collection.children.link(district)
anchor = bpy.data.objects.new("Anchor", None)
bpy.context.scene.collection.objects.link(anchor)
shared = bpy.data.meshes.new("Bench Board")
shared.from_pydata([(0, 0, 0), (2, 0, 0), (2, 0.4, 0), (0, 0.4, 0)], [], [(0, 1, 2, 3)])
COUNT = {count}
for number in range(COUNT - 1):
    x, y = number % 50 * 3, number // 50 * 3
    kind = number % 20
    if kind == 0:
        lamp = bpy.data.lights.new("Street Lamp", "POINT")
        lamp.energy = rng.randint(40, 90)
        thing = bpy.data.objects.new(f"Street Lamp {number}", lamp)
        thing.location = (x, y, 4)
    elif kind < 8:
        height = round(rng.uniform(2, 9), 1)
        thing = solid(f"House {number}", bmesh.ops.create_cube, size=1)
        thing.location = (x, y, height / 2)
        thing.rotation_euler = (0, 0, radians(rng.randint(0, 89)))
        thing.scale = (2, 2, height)
        thing.data.materials.append(rng.choice(materials))
        if kind == 7:
            bevel = thing.modifiers.new("Bevel", "BEVEL")
            bevel.width = round(rng.uniform(0.02, 0.1), 2)
    elif kind < 12:
        depth = round(rng.uniform(2, 4), 1)
        thing = solid(f"Trunk {number}", bmesh.ops.create_cone, cap_ends=True, segments=12, radius1=0.2, radius2=0.2,
                      depth=depth)
        thing.location = (x, y, depth / 2)
        thing.data.materials.append(materials[4])
    elif kind < 16:
        radius = round(rng.uniform(0.5, 1.5), 2)
        thing = solid(f"Crown {number}", bmesh.ops.create_icosphere, subdivisions=2, radius=radius)
        thing.location = (x, y, 3)
        thing.data.materials.append(materials[0])
    elif kind < 19:
        thing = bpy.data.objects.new(f"Bench {number}", shared)
        thing.location = (x, y, 0.4)
        thing.rotation_euler = (0, 0, radians(rng.choice((0, 90, 180, 270))))
        thing.parent = anchor
    else:
        thing = bpy.data.objects.new(f"Sign {number}", None)
        thing.empty_display_size = 0.3
        for frame, turn in ((1, 0), (40 + number % 7, 180), (90, 360)):
            thing.rotation_euler = (0, 0, radians(turn))
            thing.keyframe_insert("rotation_euler", frame=frame)
        thing.location = (x, y, 2)
    districts[x // 38 % 4].objects.link(thing)
"""


def processor() -> float:
    """Processor seconds of this process and of the boxes below it, dead ones that were waited for included."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(one.cpu_times()[:4]) for one in family)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="write the script here")
    options = parser.parse_args()
    with Blender() as blender, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "town.blend")
        path.write_bytes(blender.make(SOURCE.replace("{count}", str(options.objects)), timeout=300))
        began, busy = time.monotonic(), processor()
        scene = Scene.from_json(blender.load(path))
        loaded = time.monotonic()
        written = write_all(scene)
        done, busy = time.monotonic(), processor() - busy
        working = processor()
        run = blender.run(written.source, timeout=300)
        back = msgspec.json.decode(run.scene) if run.scene else {"blocks": {}, "active_scene": ""}
        differing = len(differences(scene.plain(), back))
        ran, working = time.monotonic(), processor() - working
    if options.keep:
        options.keep.write_text(written.source)
    lines = written.source.splitlines()
    rows = sum(line.startswith("    (") for line in lines)
    print(f"| objects | {len(scene.blocks['objects'])} |")
    print(f"| load and dump in the box, s | {loaded - began:.1f} |")
    print(f"| write, s | {done - loaded:.1f} |")
    print(f"| together, s | {done - began:.1f} |")
    print(f"| of it processor time, s | {busy:.1f} |")
    print(f"| lines of code | {len(lines)} |")
    print(f"| of these rows of tables | {rows} |")
    print(f"| others | {len(lines) - rows} |")
    print(f"| left out by the writer | {len(written.skipped)} |")
    print(f"| run and compare, s | {ran - done:.1f} |")
    print(f"| of it processor time, s | {working:.1f} |")
    print(f"| verdict, differences | {run.verdict}, {differing} |")


if __name__ == "__main__":
    main()
