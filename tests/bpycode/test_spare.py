"""Scripts do not say what is so without it: real Blender runs them, and what comes out means what was there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from voxel.blender import Blender
from voxel.bpycode import write
from voxel.facts import differences


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def blender(request: pytest.FixtureRequest) -> Iterator[Blender]:
    with Blender(request.param) as warm:
        yield warm


CUBE = """
import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
"""
MOVES = (
    CUBE
    + """
cube.location = (0, 5, 2)
cube.rotation_mode = "QUATERNION"
for frame in (1, 10, 20, 30):
    cube.keyframe_insert("rotation_quaternion", frame=frame)
    cube.keyframe_insert("location", index=0, frame=frame)
    cube.keyframe_insert("location", index=1, frame=frame + 1)
cube.scale = (2, 2, 2)
for frame in (1, 11, 21, 31):
    cube.keyframe_insert("scale", frame=frame)
cube.keyframe_insert("delta_scale", frame=5)
"""
)


def test_keys_of_one_value_set_it_once_or_not_at_all(bench: Any) -> None:
    source = bench.round_trip(MOVES)
    assert "cube.rotation_quaternion =" not in source, "new objects are not turned"
    assert "delta_scale =" not in source
    assert source.count("cube.scale = (2, 2, 2)\nfor frame in range(1, 32, 10):\n") == 1
    assert 'for frame in [1, 10, 20, 30]:\n    cube.keyframe_insert("rotation_quaternion", frame=frame)' in source
    assert "cube.location[0] =" not in source
    assert "cube.location[1] = 5" in source, "only the keys say where it is"
    assert "location=(0, 0, 2)" in source, "no key moves it up"


MANY = """
import bpy
for name, far in (("Ada", 1), ("Bea", 4), ("Cid", 9)):
    thing = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(thing)
    for frame, x in ((1, 0), (20, far)):
        thing.location.x = x
        thing.keyframe_insert("location", frame=frame)
        thing.keyframe_insert("scale", frame=frame * far)
"""


def test_many_objects_whose_keys_change_nothing_get_frames_alone(bench: Any) -> None:
    source = bench.round_trip(MANY)
    assert ".scale =" not in source
    assert "scale_frames" in source
    assert source.count("keyframe_insert") == 2
    assert "for frame, location in location_keys:" in source


STILL = (
    CUBE
    + """
for frame, x in ((1, 0), (20, 3)):
    cube.location.x = x
    cube.keyframe_insert("location", index=0, frame=frame)
    cube.keyframe_insert("scale", index=0, frame=frame)
curves = cube.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
curves.find("scale").mute = True
cube.scale = (7, 1, 1)
driver = cube.driver_add("location", 2)
driver.driver.expression = "frame"
driver.mute = True
cube.location.z = 4
"""
)


def test_what_a_muted_curve_or_driver_does_not_move_keeps_its_value(bench: Any) -> None:
    props = bench.scene(STILL)["blocks"]["objects"]["Cube"]["props"]
    assert props["scale"] == [7.0, 1.0, 1.0]
    assert props["location"] == [0.0, 0.0, 4.0]
    source = bench.round_trip(STILL)
    assert source.count(".mute = True") == 2


TRACKS = (
    CUBE
    + """
for path, value in (("location", 3), ("scale", 2)):
    setattr(cube, path, (value, value, value))
    cube.keyframe_insert(path, frame=1)
    action = cube.animation_data.action
    cube.animation_data.action = None
    track = cube.animation_data.nla_tracks.new()
    track.name = path
    track.strips.new(path, 1, action)
track.is_solo = True
cube.location = (5, 6, 7)
"""
)


def test_beside_a_track_that_plays_alone_others_move_nothing(bench: Any) -> None:
    props = bench.scene(TRACKS)["blocks"]["objects"]["Cube"]["props"]
    assert props["location"] == [5.0, 6.0, 7.0]
    assert "scale" not in props
    assert ".is_solo = True" in bench.round_trip(TRACKS)


def test_a_place_that_keys_take_over_is_not_given_back(bench: Any) -> None:
    placed = CUBE + "cube.location = (1, 2, 3)\ncube.scale = (2, 2, 2)\n"
    keyed = """
for frame, x in ((1, 0), (20, 3)):
    cube.location.x = x
    cube.keyframe_insert("location", frame=frame)
    cube.keyframe_insert("scale", frame=frame)
"""
    before, after = bench.scene(placed), bench.scene(placed + keyed)
    code = write(after, before)
    assert differences(after, bench.scene(placed, code)) == [], code
    assert "(0, 0, 0)" not in code, code
    assert "scale =" not in code, "it is there already"


def test_one_channel_of_a_place_that_is_given_back(bench: Any) -> None:
    placed = CUBE + "cube.location = (1, 2, 3)\n"
    keyed = """
cube.location = (4, 0, 0)
cube.keyframe_insert("location", index=0, frame=1)
"""
    before, after = bench.scene(placed), bench.scene(placed + keyed)
    code = write(after, before)
    assert differences(after, bench.scene(placed, code)) == [], code


POSED = """
import bpy
armature = bpy.data.armatures.new("Rig")
rig = bpy.data.objects.new("Rig", armature)
bpy.context.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
armature.edit_bones.new("Arm").tail = (0, 0, 1)
bpy.ops.object.mode_set(mode="OBJECT")
bone = rig.pose.bones["Arm"]
for frame, x in ((1, 0), (10, 2)):
    bone.location.x = x
    for path in ("location", "rotation_quaternion", "scale"):
        bone.keyframe_insert(path, frame=frame)
"""


def test_bones_stand_at_rest(bench: Any) -> None:
    assert "pose" not in bench.scene(POSED)["blocks"]["objects"]["Rig"], "its action says all"
    source = bench.round_trip(POSED)
    assert "rotation_quaternion =" not in source
    assert ".scale =" not in source
    assert source.count("keyframe_insert") == 3


SLOTS = """
import bpy
action = bpy.data.actions.new("Shared")
strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
mesh = bpy.data.meshes.new("Sheet")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
mesh.materials.append(paint)
sheet = bpy.data.objects.new("Paint", mesh)
bpy.context.collection.objects.link(sheet)
sheet.shape_key_add(name="Basis")
sheet.shape_key_add(name="Up", from_mix=False).data[0].co.z = 1
other = bpy.data.objects.new("Other", None)
bpy.context.collection.objects.link(other)
emission = 'nodes["Principled BSDF"].inputs[28].default_value'
for block, kind, name, path in (
    (sheet, "OBJECT", "Paint", "location"), (paint, "MATERIAL", "Paint", "roughness"),
    (paint.node_tree, "NODETREE", "Shader Nodetree", emission), (other, "OBJECT", "Moves", "scale"),
    (mesh.shape_keys, "KEY", "Key", 'key_blocks["Up"].value'),
):
    slot = action.slots.new(id_type=kind, name=name)
    curve = strip.channelbag(slot, ensure=True).fcurves.new(path)
    for frame, value in ((1, 0.25), (9, 0.75)):
        curve.keyframe_points.insert(frame, value)
    block.animation_data_create().action = action
    block.animation_data.action_slot = slot
"""


def test_a_slot_that_is_called_as_its_datablock_is_found_by_itself(bench: Any) -> None:
    source = bench.round_trip(SLOTS)
    assert source.count("action_slot =") == 1
    assert "other.animation_data.action_slot = moves_slot" in source
    assert 'slots.new(id_type="OBJECT", name="Paint")' in source, "shown as it was, not with the letters of its kind"


BARE = (
    CUBE
    + """
action = bpy.data.actions.new("Nothing")
cube.animation_data_create().action = action
cube.animation_data.action_slot = action.slots.new(id_type="OBJECT", name="Old")
"""
)


def test_an_action_without_curves_needs_no_strip(bench: Any) -> None:
    source = bench.round_trip(BARE)
    assert ".layers" not in source
    assert "cube.animation_data.action_slot = " in source


@pytest.mark.parametrize("many", [False, True])
def test_the_mesh_of_the_only_cube_is_called_cube(many: bool, bench: Any) -> None:
    more = "bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name = 'Box'\n" if many else ""
    made = f"""{CUBE}{more}
action = bpy.data.actions.new("Both")
strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
for block, kind, path in ((cube, "OBJECT", "location"), (cube.data, "MESH", '["weight"]')):
    slot = action.slots.new(id_type=kind, name="Cube")
    strip.channelbag(slot, ensure=True).fcurves.new(path).keyframe_points.insert(1, 2)
    block.animation_data_create().action = action
    block.animation_data.action_slot = slot
"""
    assert bench.round_trip(made).count("action_slot = ") == many


KIN = """
import bpy
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
cube.shape_key_add(name="Basis")
up = cube.shape_key_add(name="Up", from_mix=False)
up.data[0].co.z = 3
paint = bpy.data.materials.new("Paint")
paint.use_nodes = True
cube.data.materials.append(paint)
socket = paint.node_tree.nodes["Principled BSDF"].inputs["Roughness"]
for name, block, holder, path in (
    ("CubeAction", cube, cube, "location"), ("KeyAction", cube.data.shape_keys, up, "value"),
    ("PaintAction", paint, paint, "metallic"), ("Nodes", paint.node_tree, socket, "default_value"),
):
    action = bpy.data.actions.new(name)
    block.animation_data_create().action = action
    for frame, value in ((1, 0), (20, 0.5)):
        setattr(holder, path, (value, 0, 0) if path == "location" else value)
        holder.keyframe_insert(path, frame=frame)
"""


def test_what_belongs_together_keeps_actions_of_its_own(bench: Any) -> None:
    source = bench.round_trip(KIN)
    assert source.count("keyframe_insert") == 2, "a second one would join the first one's action"
    assert len(bench.scene(source)["blocks"]["actions"]) == 4


SECOND = """
import bpy
action = bpy.data.actions.new("Common")
slot = action.slots.new(id_type="OBJECT", name="Bea")
curve = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True).fcurves.new("location")
curve.keyframe_points.insert(1, 2)
curve.keyframe_points.insert(9, 3)
for name in ("Ada", "Bea"):
    thing = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(thing)
    thing.animation_data_create().action = action
    thing.animation_data.action_slot = slot
"""


def test_a_slot_that_keys_made_has_the_name_of_their_owner(bench: Any) -> None:
    assert "bea.animation_data.action_slot = " in bench.round_trip(SECOND)


@pytest.mark.parametrize(
    ("kind", "extra", "said"),
    [
        ("JPEG", "", []),
        ("JPEG", 'image.color_mode = "BW"', ["color_mode"]),
        ("PNG", 'image.color_mode = "RGB"', ["color_mode"]),
        ("OPEN_EXR", "", []),
        ("OPEN_EXR", 'image.color_depth = "16"', ["color_depth"]),
        ("TIFF", 'image.color_depth = "16"', ["color_depth"]),
        ("HDR", "", []),
    ],
)
def test_what_a_file_format_gives_is_not_said(kind: str, extra: str, said: list[str], bench: Any) -> None:
    made = f'import bpy\nimage = bpy.context.scene.render.image_settings\nimage.file_format = "{kind}"\n{extra}\n'
    settings = bench.scene(made)["blocks"]["scenes"]["Scene"]["props"]["render"]["props"]["image_settings"]["props"]
    assert sorted({"color_mode", "color_depth"} & set(settings)) == said
    source = bench.round_trip(made)
    assert [word for word in ("color_mode", "color_depth") if word in source] == said
