"""Scenes that Blender made become scripts that make them again, in the words that a scripter would use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TABLE = """
import bpy
from math import radians
wood = bpy.data.materials.new("Wood")
wood.use_nodes = True
wood.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.3
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.75), rotation=(0, 0, radians(45)))
top = bpy.context.object
top.name = "Table Top"
top.scale = (1.6, 0.9, 0.05)
top.data.materials.append(wood)
bevel = top.modifiers.new("Bevel", "BEVEL")
bevel.width = 0.01
bevel.segments = 3
for name, x, y in [("Leg.FL", 1, 1), ("Leg.FR", 1, -1), ("Leg.BL", -1, 1), ("Leg.BR", -1, -1)]:
    bpy.ops.mesh.primitive_cylinder_add(radius=0.03, depth=0.7, location=(x, y, 0.35))
    leg = bpy.context.object
    leg.name = name
    leg.data.name = name
    leg.data.materials.append(wood)
    leg.parent = top
"""


def test_a_table_reads_as_a_person_writes_it(bench: Any) -> None:
    source = bench.round_trip(TABLE)
    assert source.startswith("from math import radians\n\nimport bpy\n\n# Materials\n")
    assert 'principled = wood.node_tree.nodes["Principled BSDF"]\n' in source
    assert 'principled.inputs["Roughness"].default_value = 0.3\n' in source
    assert "bpy.ops.mesh.primitive_cube_add(" in source
    assert "rotation=(0, 0, radians(45))" in source
    assert "table_top = bpy.context.object\n" in source
    assert "table_top.scale = (1.6, 0.9, 0.05)\n" in source
    assert 'bevel = table_top.modifiers.new("Bevel", "BEVEL")\nbevel.width = 0.01\nbevel.segments = 3\n' in source
    assert 'for name, location in [\n    ("Leg.BL", (-1, 1, 0.35)),\n' in source
    assert "    leg.parent = table_top\n" in source
    assert source.count("primitive_cylinder_add") == 1


SOURCES = {
    "empty": "import bpy\n",
    "stretched_shapes": """
import bpy
from mathutils import Matrix
shapes = "cube plane grid circle uv_sphere ico_sphere cylinder cone torus monkey"
for place, shape in enumerate(shapes.split()):
    getattr(bpy.ops.mesh, f"primitive_{shape}_add")(location=(3 * place, 0, 0), rotation=(0.2, 0.5, 0.1))
    data = bpy.context.object.data
    data.transform(Matrix.LocRotScale((0, 0.25, 0.5), None, (2, 1.5, 0.5)))
""",
    "mesh_from_data": """
import bpy
mesh = bpy.data.meshes.new("Roof")
mesh.from_pydata([(0, 0, 0), (2, 0, 0), (2, 1, 0), (0, 1, 0), (1, 0.5, 1), (5, 5, 5)], [(4, 5)],
                 [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)])
uv = mesh.uv_layers.new(name="Map")
for index, corner in enumerate(uv.uv):
    corner.vector = (index / 12, 0.5)
color = mesh.color_attributes.new("Paint", "FLOAT_COLOR", "POINT")
for index, item in enumerate(color.data):
    item.color = (index / 10, 0, 1, 1)
mesh.polygons[1].use_smooth = True
mesh.materials.append(bpy.data.materials.new("Tile"))
mesh.materials.append(bpy.data.materials.new("Edge"))
mesh.polygons[2].material_index = 1
roof = bpy.data.objects.new("Roof", mesh)
bpy.context.collection.objects.link(roof)
group = roof.vertex_groups.new(name="Top")
group.add([4], 0.5, "REPLACE")
roof.shape_key_add(name="Basis")
key = roof.shape_key_add(name="Tall")
key.data[4].co.z = 3
key.value = 0.25
""",
    "node_group": """
import bpy
group = bpy.data.node_groups.new("Grime", "ShaderNodeTree")
amount = group.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
amount.default_value = 0.4
amount.max_value = 2
group.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
inside = group.nodes.new("NodeGroupInput")
outside = group.nodes.new("NodeGroupOutput")
noise = group.nodes.new("ShaderNodeTexNoise")
ramp = group.nodes.new("ShaderNodeValToRGB")
ramp.color_ramp.interpolation = "EASE"
stop = ramp.color_ramp.elements.new(0.4)
stop.color = (1, 0.5, 0, 1)
group.links.new(inside.outputs["Amount"], noise.inputs["Scale"])
group.links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
group.links.new(ramp.outputs["Color"], outside.inputs["Color"])
rust = bpy.data.materials.new("Rust")
rust.use_nodes = True
nodes = rust.node_tree.nodes
node = nodes.new("ShaderNodeGroup")
node.node_tree = group
node.inputs["Amount"].default_value = 1.5
mix = nodes.new("ShaderNodeMix")
mix.data_type = "RGBA"
mix.blend_type = "MULTIPLY"
mix.inputs[0].default_value = 0.9
rust.node_tree.links.new(node.outputs["Color"], mix.inputs[6])
rust.node_tree.links.new(mix.outputs[2], nodes["Principled BSDF"].inputs["Base Color"])
bpy.ops.mesh.primitive_monkey_add()
bpy.context.object.data.materials.append(rust)
""",
    "geometry_nodes": """
import bpy
tree = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
tree.interface.new_socket("Density", in_out="INPUT", socket_type="NodeSocketFloat")
tree.interface.new_socket("What", in_out="INPUT", socket_type="NodeSocketObject")
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
inside, outside = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
points = tree.nodes.new("GeometryNodeDistributePointsOnFaces")
first, last = tree.nodes.new("GeometryNodeRepeatInput"), tree.nodes.new("GeometryNodeRepeatOutput")
first.pair_with_output(last)
last.repeat_items.new("FLOAT", "Factor")
first.inputs["Iterations"].default_value = 3
tree.links.new(inside.outputs["Geometry"], points.inputs["Mesh"])
tree.links.new(inside.outputs["Density"], points.inputs["Density"])
tree.links.new(points.outputs["Points"], first.inputs["Geometry"])
tree.links.new(first.outputs["Geometry"], last.inputs["Geometry"])
tree.links.new(last.outputs["Geometry"], outside.inputs["Geometry"])
bpy.ops.mesh.primitive_ico_sphere_add(radius=0.1)
pebble = bpy.context.object
pebble.name = "Pebble"
bpy.ops.mesh.primitive_plane_add(size=10)
ground = bpy.context.object
scatter = ground.modifiers.new("Scatter", "NODES")
scatter.node_group = tree
scatter["Socket_1"] = 12.0
scatter["Socket_2"] = pebble
""",
    "curves_and_text": """
import bpy
curve = bpy.data.curves.new("Path", "CURVE")
curve.dimensions = "3D"
curve.bevel_depth = 0.05
spline = curve.splines.new("BEZIER")
spline.bezier_points.add(2)
for place, point in enumerate(spline.bezier_points):
    point.co = (place, place % 2, 0)
    point.handle_left_type = point.handle_right_type = "AUTO"
nurbs = curve.splines.new("NURBS")
nurbs.points.add(4)
for place, point in enumerate(nurbs.points):
    point.co = (place, 0, place * 0.5, 1)
nurbs.order_u = 3
nurbs.use_endpoint_u = True
bpy.context.collection.objects.link(bpy.data.objects.new("Path", curve))
text = bpy.data.curves.new("Sign", "FONT")
text.body = 'Open "24"\\nhours'
text.extrude = 0.1
text.align_x = "CENTER"
bpy.context.collection.objects.link(bpy.data.objects.new("Sign", text))
lattice = bpy.data.lattices.new("Cage")
lattice.points_u = 3
lattice.points[0].co_deform.x -= 0.5
bpy.context.collection.objects.link(bpy.data.objects.new("Cage", lattice))
ball = bpy.data.metaballs.new("Blob")
for x in (0, 1, 2):
    element = ball.elements.new()
    element.co = (x, 0, 0)
bpy.context.collection.objects.link(bpy.data.objects.new("Blob", ball))
""",
    "rig": """
import bpy
data = bpy.data.armatures.new("Rig")
rig = bpy.data.objects.new("Rig", data)
bpy.context.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
parent = None
for place in range(4):
    bone = data.edit_bones.new(f"Tail.{place}")
    bone.head = (0, 0, place)
    bone.tail = (0, 0.1, place + 1)
    bone.parent = parent
    bone.roll = 0.25
    parent = bone
bpy.ops.object.mode_set(mode="OBJECT")
target = bpy.data.objects.new("Target", None)
bpy.context.collection.objects.link(target)
ik = rig.pose.bones["Tail.3"].constraints.new("IK")
ik.target = target
ik.chain_count = 3
rig.pose.bones["Tail.0"].rotation_mode = "XYZ"
rig.pose.bones["Tail.0"].rotation_euler.x = 0.5
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
cube.parent = rig
cube.parent_type = "BONE"
cube.parent_bone = "Tail.2"
""",
    "animation": """
import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
for frame, z in ((1, 0), (10, 2), (20, 0)):
    cube.location = (0, 0, z)
    cube.keyframe_insert("location", frame=frame)
cube.rotation_euler.z = 1
cube.keyframe_insert("rotation_euler", index=2, frame=1)
curves = cube.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
for curve in curves:
    for key in curve.keyframe_points:
        key.interpolation = "LINEAR"
lamp = bpy.data.lights.new("Lamp", "POINT")
light = bpy.data.objects.new("Lamp", lamp)
bpy.context.collection.objects.link(light)
lamp.keyframe_insert("energy", frame=1)
curve = lamp.animation_data.action.layers[0].strips[0].channelbags[0].fcurves[0]
noise = curve.modifiers.new("NOISE")
noise.strength = 5
driver = light.driver_add("location", 0).driver
variable = driver.variables.new()
variable.name = "height"
variable.targets[0].id = cube
variable.targets[0].data_path = "location.z"
driver.expression = "height * 2 + 1"
material = bpy.data.materials.new("Glow")
material.use_nodes = True
node = material.node_tree.nodes.new("ShaderNodeValue")
node.name = "My Value"
for frame, value in ((1, 0.0), (30, 4.0)):
    node.outputs[0].default_value = value
    node.outputs[0].keyframe_insert("default_value", frame=frame)
cube.data.materials.append(material)
""",
    "light_camera_world_render": """
import bpy
from math import radians
sun = bpy.data.lights.new("Sun", "SUN")
sun.energy = 3
sun.angle = radians(2)
key = bpy.data.objects.new("Sun", sun)
key.rotation_euler = (radians(50), 0, radians(30))
bpy.context.collection.objects.link(key)
camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
camera.data.lens = 85
camera.data.dof.use_dof = True
camera.data.dof.focus_object = key
camera.data.dof.aperture_fstop = 2
camera.location = (7, -7, 5)
track = camera.constraints.new("TRACK_TO")
track.target = key
bpy.context.collection.objects.link(camera)
scene = bpy.context.scene
scene.camera = camera
world = bpy.data.worlds.new("Sky")
world.use_nodes = True
world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.5
scene.world = world
scene.render.engine = "CYCLES"
scene.cycles.samples = 256
scene.render.resolution_x = 1280
scene.render.film_transparent = True
scene.render.image_settings.file_format = "OPEN_EXR"
scene.frame_end = 48
scene.timeline_markers.new("Jump", frame=12)
""",
    "collections": """
import bpy
outer = bpy.data.collections.new("Outer")
inner = bpy.data.collections.new("Inner")
bpy.context.scene.collection.children.link(outer)
outer.children.link(inner)
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
bpy.context.collection.objects.unlink(cube)
inner.objects.link(cube)
stamp = bpy.data.objects.new("Stamp", None)
stamp.instance_type = "COLLECTION"
stamp.instance_collection = inner
outer.objects.link(stamp)
bpy.context.scene.collection.objects.link(stamp)
""",
    "compositor": """
import bpy
scene = bpy.context.scene
scene.use_nodes = True
tree = scene.node_tree
tree.nodes.clear()
layers = tree.nodes.new("CompositorNodeRLayers")
blur = tree.nodes.new("CompositorNodeBlur")
blur.filter_type = "GAUSS"
out = tree.nodes.new("CompositorNodeComposite")
tree.links.new(layers.outputs["Image"], blur.inputs["Image"])
tree.links.new(blur.outputs["Image"], out.inputs["Image"])
""",
    "physics": """
import bpy
bpy.ops.mesh.primitive_uv_sphere_add(location=(0, 0, 4))
ball = bpy.context.object
bpy.ops.rigidbody.object_add()
ball.rigid_body.mass = 3
bpy.ops.mesh.primitive_plane_add(size=20)
floor = bpy.context.object
bpy.ops.rigidbody.object_add(type="PASSIVE")
bpy.ops.object.empty_add()
bpy.ops.object.forcefield_toggle()
bpy.context.object.field.type = "WIND"
bpy.context.object.field.strength = 12
""",
}


@pytest.mark.parametrize("name", SOURCES)
def test_comes_back(bench: Any, name: str, tmp_path: Path) -> None:
    source = bench.round_trip(SOURCES[name])
    script = tmp_path / f"{name}.py"
    script.write_text(source)
    if name == "empty":
        return  # its import is unused
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "100"]
    assert subprocess.run([*ruff, "format", "--diff", *options, str(script)], check=False).returncode == 0
    assert subprocess.run([*ruff, "check", *options, str(script)], check=False).returncode == 0


def test_what_cannot_be_written_is_named(bench: Any) -> None:
    from voxel.bpycode import write_all

    scene = bench.scene(SOURCES["empty"])
    scene["blocks"]["sounds"] = {"Drum": {"type": "Sound", "props": {"filepath": "//drum.wav"}}}
    written = write_all(scene)
    assert [(item.path, item.reason) for item in written.skipped] == [('sounds["Drum"]', "sounds come from files")]
    assert "drum" not in written.source


OLD_CUBE = """
import bpy
from mathutils import Vector
corners = [(1, 1, -1), (1, -1, -1), (-1, -1, -1), (-1, 1, -1), (1, 1, 1), (1, -1, 1), (-1, -1, 1), (-1, 1, 1)]
sides = [(0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (4, 0, 3, 7)]
mesh = bpy.data.meshes.new("Crate")
mesh.from_pydata(corners, [], sides)
crate = bpy.data.objects.new("Crate", mesh)
bpy.context.collection.objects.link(crate)
crate.vertex_groups.new(name="Lid").add([4, 5, 6, 7], 0.5, "REPLACE")
crate.shape_key_add(name="Basis")
crate.shape_key_add(name="Open", from_mix=False).data[4].co += Vector((0, 0, 1))
crate.data.shape_keys.key_blocks["Open"].driver_add("value").driver.expression = "0.5"
"""


def test_a_cube_of_another_order_is_a_cube_with_its_weights_and_keys(bench: Any) -> None:
    source = bench.round_trip(OLD_CUBE)
    assert "primitive_cube_add" in source
    assert "from_pydata" not in source
    assert "_key.value" not in source, "a driver moves it"


SLOTS = """
import bpy
action = bpy.data.actions.new("Both")
strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
for name, turn in (("Left", 1), ("Right", -1)):
    thing = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(thing)
    slot = action.slots.new(id_type="OBJECT", name=f"{name}ward")
    strip.channelbag(slot, ensure=True).fcurves.new("location", index=0).keyframe_points.insert(1, turn)
    thing.animation_data_create().action = action
    thing.animation_data.action_slot = slot
"""


def test_slots_are_known_by_their_variables(bench: Any) -> None:
    source = bench.round_trip(SLOTS)
    assert "bpy.data.objects" in source
    assert "animation_data.action_slot = leftward_slot\n" in source
    assert ".slots[" not in source
