"""`write(after, before)`: what is there is fetched and changed, nothing else is said, and the result is `after`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.bpycode import write, write_all
from voxel.facts.compare import differences
from voxel.records import Scene

Json = dict[str, Any]

SOURCE = """
import bpy
wood = bpy.data.materials.new("Wood")
wood.use_nodes = True
nodes, links = wood.node_tree.nodes, wood.node_tree.links
noise = nodes.new("ShaderNodeTexNoise")
noise.inputs["Scale"].default_value = 12
links.new(noise.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
bpy.ops.mesh.primitive_cube_add(location=(1, 2, 3))
box = bpy.context.object
box.name = "Box"
box.data.materials.append(wood)
bevel = box.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.05
box.modifiers.new("Smooth", "SUBSURF").levels = 2
light = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "AREA"))
light.data.energy = 250
light.parent = box
bpy.context.collection.objects.link(light)
world = bpy.data.worlds.new("World")
bpy.context.scene.world = world
for frame, x in ((1, 0), (20, 4)):
    light.location.x = x
    light.keyframe_insert("location", index=0, frame=frame)
"""


def no_modifiers(scene: Json) -> None:
    del scene["blocks"]["objects"]["Box"]["modifiers"]


def one_modifier(scene: Json) -> None:
    scene["blocks"]["objects"]["Box"]["modifiers"].pop(0)


def no_material(scene: Json) -> None:
    del scene["blocks"]["materials"]
    del scene["blocks"]["meshes"]["Cube"]["materials"]


def no_noise(scene: Json) -> None:
    tree = scene["blocks"]["materials"]["Wood"]["tree"]
    tree["nodes"] = [node for node in tree["nodes"] if node["type"] != "ShaderNodeTexNoise"]
    tree["links"] = [link for link in tree["links"] if "Noise" not in link["from"]["node"]]


def elsewhere(scene: Json) -> None:
    scene["blocks"]["objects"]["Box"]["props"]["location"] = [0.0, 0.0, 9.0]
    scene["blocks"]["lights"]["Lamp"]["props"]["energy"] = 20.0


def no_parent(scene: Json) -> None:
    del scene["blocks"]["objects"]["Lamp"]["parent"]


def no_animation(scene: Json) -> None:
    del scene["blocks"]["actions"]
    del scene["blocks"]["objects"]["Lamp"]["animation"]


def no_world(scene: Json) -> None:
    del scene["blocks"]["worlds"]
    del scene["blocks"]["scenes"]["Scene"]["props"]["world"]


CASES: dict[Callable[[Json], None], str] = {
    no_modifiers: 'bevel = box.modifiers.new("Bevel", "BEVEL")\nbevel.width = 0.05\n',
    one_modifier: "box.modifiers.move(1, 0)\n",
    no_material: "box.data.materials.append(wood)\n",
    no_noise: 'principled = nodes["Principled BSDF"]\n',
    elsewhere: 'import bpy\n\n# Objects\nbpy.data.objects["Box"].location = (1, 2, 3)\n',
    no_parent: 'import bpy\n\nbpy.data.objects["Lamp"].parent = bpy.data.objects["Box"]\n',
    no_animation: 'lamp.keyframe_insert("location", index=0, frame=frame)\n',
    no_world: "bpy.context.scene.world = world\n",
}


@pytest.fixture(scope="module")
def after(bench: Any) -> Json:
    scene: Json = bench.scene(SOURCE)
    return scene


@pytest.mark.parametrize("take_away", CASES, ids=lambda case: case.__name__)
def test_the_edit_makes_after_of_before(bench: Any, after: Json, take_away: Callable[[Json], None]) -> None:
    before = copy.deepcopy(after)
    take_away(before)
    written = write_all(after, before)
    assert written.skipped == ()
    assert "primitive_cube_add" not in written.source
    assert [str(item) for item in differences(after, bench.scene(write(before), written.source))] == []
    if take_away is not no_material:
        assert CASES[take_away] in written.source
    again = write_all(before, after)
    # What an animation last showed stays when it is taken away.
    if not again.skipped and take_away is not no_animation:
        assert [str(item) for item in differences(before, bench.scene(write(after), again.source))] == []


def test_nothing_to_do_is_an_empty_script(after: Json) -> None:
    assert write(after, after) == "import bpy\n"


def test_data_is_reached_through_its_object(blender: Blender) -> None:
    stage = """import bpy
bpy.ops.mesh.primitive_uv_sphere_add()
bpy.context.object.name = "Studio Dome"
bpy.data.materials.new("Dome Grey").use_fake_user = True
"""
    change = "import bpy\nbpy.data.objects['Studio Dome'].data.materials.append(bpy.data.materials['Dome Grey'])\n"
    before, after = blender.run(stage).scene, blender.run(stage, change).scene
    assert before is not None
    assert after is not None
    source = write(Scene.from_json(after), Scene.from_json(before))
    assert 'bpy.data.objects["Studio Dome"].data' in source
    assert "bpy.data.meshes" not in source
    # another sphere comes first and takes the name that the mesh would have had
    decoy = stage.replace("import bpy\n", "import bpy\nbpy.ops.mesh.primitive_uv_sphere_add()\n")
    look = "import bpy\nassert bpy.data.objects['Studio Dome'].material_slots[0].material.name == 'Dome Grey'\n"
    assert blender.run(decoy, source, look, dump=False).verdict == "passed"


KEYS = """import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
cube.shape_key_add(name="Basis")
cube.shape_key_add(name="Tall", from_mix=False).data[1].co.z += 2
"""
MORE_KEYS = """
import bpy
cube = bpy.data.objects["Cube"]
for name, far in (("Wide", 3), ("Wider", 5)):
    key = cube.shape_key_add(name=name, from_mix=False)
    key.data[3].co.x += far
    key.value = 0.5
key.relative_key = cube.data.shape_keys.key_blocks["Tall"]
"""


def test_shape_keys_are_added_after_those_that_are_there(bench: Any) -> None:
    before, after = bench.scene(KEYS), bench.scene(KEYS, MORE_KEYS)
    written = write_all(after, before)
    assert written.skipped == ()
    assert [str(item) for item in differences(after, bench.scene(KEYS, written.source))] == []
    assert "Basis" not in written.source
    after["blocks"]["meshes"]["Cube"]["shape_keys"]["blocks"].reverse()
    assert write_all(after, before).skipped != (), "they cannot be put between others"
