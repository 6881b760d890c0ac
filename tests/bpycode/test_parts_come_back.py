"""Parts of scenes that are seldom, each made by Blender, written as code, and made again by that code."""

from __future__ import annotations

from typing import Any

import pytest

CUBE = """
import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
"""

SOURCES = {
    "rough_curves": CUBE
    + """
for frame, x in ((1, 0), (10, 4), (12, 4), (30, -1)):
    cube.location.x = x
    cube.keyframe_insert("location", index=0, frame=frame)
cube.scale.z = 2
cube.keyframe_insert("scale", index=2, frame=1)
for curve in cube.animation_data.action.layers[0].strips[0].channelbags[0].fcurves:
    if curve.data_path == "location":
        curve.auto_smoothing = "NONE"
""",
    "handles_of_some_keys": CUBE
    + """
for frame, height in ((1, 0), (10, 4), (30, -1)):
    cube.location.z = height
    cube.keyframe_insert("location", index=2, frame=frame)
key = cube.animation_data.action.layers[0].strips[0].channelbags[0].fcurves[0].keyframe_points[1]
key.handle_left_type = key.handle_right_type = "FREE"
key.handle_left, key.handle_right = (8, 3), (14, 5)
""",
    "strips": CUBE
    + """
cube.location.x = 7
data = cube.animation_data_create()
for name, last in (("Walk", 20), ("Turn", 31)):
    action = bpy.data.actions.new(name)
    data.action = action
    cube.location.y = last
    cube.keyframe_insert("location", frame=2)
    cube.keyframe_insert("location", frame=last)
    data.action = None
    track = data.nla_tracks.new()
    strip = track.strips.new(name, last, action)
    strip.repeat = 1.5
    strip.frame_end = strip.frame_start + 11
    strip.blend_type = "ADD"
track.mute = True
""",
    "slots": CUBE
    + """
action = bpy.data.actions.new("Both")
strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
for kind, path, block in (("OBJECT", "location", cube), ("MATERIAL", "roughness", bpy.data.materials.new("Paint"))):
    slot = action.slots.new(kind, "Cube")
    curve = strip.channelbag(slot, ensure=True).fcurves.new(path)
    curve.keyframe_points.insert(3, 0.5)
    block.animation_data_create().action = action
    block.animation_data.action_slot = slot
cube.data.materials.append(block)
""",
    "driver_response": CUBE
    + """
curve = cube.driver_add("location", 2)
for modifier in list(curve.modifiers):
    curve.modifiers.remove(modifier)
curve.keyframe_points.clear()
for frame, value in ((0, 1), (2, 5), (3, 0)):
    curve.keyframe_points.insert(frame, value)
curve.extrapolation = "LINEAR"
curve.driver.expression = "frame * 0.5"
""",
    "custom_properties": CUBE
    + """
cube["speed"] = 2.0
cube["tint"] = [1.0, 0.5, 0.25]
cube["tint_name"] = "red"
cube.id_properties_ui("tint").update(description="Of the paint")
cube["count"] = 3
cube.id_properties_ui("count").update(min=0, max=8)
driver = cube.driver_add("scale", 0).driver
variable = driver.variables.new()
variable.targets[0].id = cube
variable.targets[0].data_path = '["speed"]'
driver.expression = "var"
""",
    "boxed_text": """
import bpy
text = bpy.data.curves.new("Notice", "FONT")
text.body = "Mind the gap"
text.body_format[0].use_bold = True
for letter in text.body_format[5:8]:
    letter.use_underline = True
notice = bpy.data.objects.new("Notice", text)
bpy.context.collection.objects.link(notice)
bpy.context.view_layer.objects.active = notice
bpy.ops.font.textbox_add()
text.text_boxes[0].width = 3
text.text_boxes[1].width = 2
text.text_boxes[1].y = -2
""",
    "patches": """
import bpy
for shape in ("curve", "surface", "cylinder", "sphere", "torus"):
    getattr(bpy.ops.surface, f"primitive_nurbs_surface_{shape}_add")(location=(0, 0, 3))
    bpy.context.object.data.resolution_u = 3
    bpy.context.object.data.splines[0].points[1].co.z += 0.5
""",
    "splines_unlike_their_curve": """
import bpy
curve = bpy.data.curves.new("Rail", "CURVE")
curve.resolution_u = 5
for size in (5, 12):
    spline = curve.splines.new("NURBS")
    spline.points.add(3)
    spline.resolution_u = size
bpy.context.collection.objects.link(bpy.data.objects.new("Rail", curve))
""",
    "keys_of_keys": CUBE
    + """
for name in ("Basis", "Wide", "Wider"):
    key = cube.shape_key_add(name=name, from_mix=False)
blocks = cube.data.shape_keys.key_blocks
blocks["Wide"].data[0].co.x = -3
blocks["Wide"].value = 0.5
blocks["Wider"].data[0].co.x = -4
blocks["Wider"].data[5].co.z = 2
blocks["Wider"].relative_key = blocks["Wide"]
""",
    "joints_and_dust": CUBE
    + """
bpy.ops.rigidbody.world_add()
bpy.ops.rigidbody.object_add(type="PASSIVE")
bpy.ops.object.empty_add()
bpy.ops.rigidbody.constraint_add(type="HINGE")
bpy.context.object.rigid_body_constraint.object1 = cube
cube.modifiers.new("Emit", "PARTICLE_SYSTEM").particle_system.name = "Dust"
""",
    "child_of": CUBE
    + """
from mathutils import Matrix
bpy.ops.object.empty_add(location=(1, 2, 3))
child = cube.constraints.new("CHILD_OF")
child.target = bpy.context.object
child.inverse_matrix = Matrix.Translation((1, 2, 3)).inverted()
""",
    "menus_and_panels": """
import bpy
tree = bpy.data.node_groups.new("Choice", "GeometryNodeTree")
outer = tree.interface.new_panel("Shape")
inner = tree.interface.new_panel("Fine", default_closed=True)
tree.interface.move_to_parent(inner, outer, 0)
which = tree.interface.new_socket("Which", in_out="INPUT", socket_type="NodeSocketMenu", parent=inner)
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
pair = tree.interface.new_socket("Pair", in_out="INPUT", socket_type="NodeSocketVector")
pair.dimensions = 2
tree.interface.items_tree["Pair"].default_value = (0.5, 0.25)
start, end = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
switch = tree.nodes.new("GeometryNodeMenuSwitch")
switch.enum_items.clear()
for name, node in (("Box", "GeometryNodeMeshCube"), ("Ball", "GeometryNodeMeshIcoSphere")):
    switch.enum_items.new(name)
    tree.links.new(tree.nodes.new(node).outputs["Mesh"], switch.inputs[name])
tree.links.new(start.outputs["Which"], switch.inputs["Menu"])
tree.links.new(switch.outputs[0], end.inputs["Geometry"])
which.default_value = "Ball"
tree.use_fake_user = True
""",
}


@pytest.mark.parametrize("name", SOURCES)
def test_comes_back(bench: Any, name: str) -> None:
    bench.round_trip(SOURCES[name])


def test_settings_of_add_ons_are_named_and_not_written(bench: Any) -> None:
    source = bench.round_trip(CUBE + 'cube["addon_state"] = 5\n')
    assert "addon_state" not in source
