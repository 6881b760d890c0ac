"""What the dump says about things that Blender was just told to make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from voxel.blender import Blender

Json = dict[str, Any]
Made = Callable[[str], Json]


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    """Runs a source in an empty file and gives the blocks of its Scene."""
    with Blender() as blender:

        def run(source: str) -> Json:
            result = blender.run("import bpy\nfrom math import *\n" + source, timeout=60)
            assert result.verdict == "passed", result
            assert result.scene is not None
            blocks: Json = json.loads(result.scene)["blocks"]
            return blocks

        yield run


@pytest.mark.parametrize(
    ("operator", "kind", "args"),
    [
        ("cube_add(size=3)", "CUBE", {"size": 3.0}),
        ("plane_add()", "PLANE", {}),
        ("grid_add(x_subdivisions=4, y_subdivisions=7)", "GRID", {"x_subdivisions": 4, "y_subdivisions": 7}),
        ("circle_add(vertices=5, radius=0.5)", "CIRCLE", {"vertices": 5, "radius": 0.5}),
        ("circle_add(vertices=6, fill_type='TRIFAN')", "CIRCLE", {"vertices": 6, "fill_type": "TRIFAN"}),
        ("circle_add(vertices=6, fill_type='NGON')", "CIRCLE", {"vertices": 6, "fill_type": "NGON"}),
        ("uv_sphere_add(segments=12, ring_count=7)", "UV_SPHERE", {"segments": 12, "ring_count": 7}),
        ("ico_sphere_add(subdivisions=3, radius=2)", "ICO_SPHERE", {"subdivisions": 3, "radius": 2.0}),
        ("cylinder_add(vertices=8, radius=0.3, depth=4)", "CYLINDER", {"vertices": 8, "radius": 0.3, "depth": 4.0}),
        ("cylinder_add(end_fill_type='NOTHING')", "CYLINDER", {"end_fill_type": "NOTHING"}),
        ("cone_add(vertices=5)", "CONE", {"vertices": 5}),
        ("cone_add(radius1=0.2, radius2=0.7)", "CONE", {"radius1": 0.2, "radius2": 0.7}),
        ("cone_add(end_fill_type='TRIFAN', radius2=0.25)", "CONE", {"end_fill_type": "TRIFAN", "radius2": 0.25}),
        ("torus_add(major_radius=2, minor_radius=0.5, minor_segments=6)", "TORUS",
         {"major_radius": 2.0, "minor_radius": 0.5, "minor_segments": 6}),
        ("monkey_add()", "MONKEY", {}),
    ],
)  # fmt: skip
def test_a_primitive_is_known_with_the_arguments_it_was_made_with(
    made: Made, operator: str, kind: str, args: Json
) -> None:
    mesh = next(iter(made(f"bpy.ops.mesh.primitive_{operator}")["meshes"].values()))
    primitive = mesh["geometry"]["primitive"]
    assert (primitive["kind"], primitive["args"]) == (kind, args)
    assert (primitive["scale"], primitive["offset"]) == ([1, 1, 1], [0, 0, 0])
    assert mesh["uv"] == [{"name": "UVMap", "data": "primitive"}]
    assert "data" not in mesh["geometry"]


def test_a_stretched_and_moved_primitive_keeps_its_scale_and_offset(made: Made) -> None:
    blocks = made(
        "bpy.ops.mesh.primitive_cube_add()\n"
        "for v in bpy.context.object.data.vertices: v.co = (v.co.x * 2 + 1, v.co.y, v.co.z * 0.5 + 3)"
    )
    primitive = blocks["meshes"]["Cube"]["geometry"]["primitive"]
    assert primitive == {"kind": "CUBE", "args": {}, "scale": [2, 1, 0.5], "offset": [1, 0, 3]}


@pytest.mark.parametrize(
    "change",
    [
        "mesh.vertices[0].co.x += 0.01",
        "mesh.flip_normals()",
        "for v in mesh.vertices: v.co.x += 0.2 * v.co.z",
    ],
)
def test_what_is_nearly_a_primitive_is_told_as_data(made: Made, change: str) -> None:
    blocks = made(f"bpy.ops.mesh.primitive_cylinder_add()\nmesh = bpy.context.object.data\n{change}")
    geometry = blocks["meshes"]["Cylinder"]["geometry"]
    assert "primitive" not in geometry
    assert len(geometry["data"]["vertices"]) == 64
    assert len(geometry["data"]["faces"]) == 34


def test_faces_of_a_reordered_primitive_are_told_in_the_order_of_the_operator(made: Made) -> None:
    blocks = made(
        "bpy.ops.mesh.primitive_cube_add()\n"
        "cube = bpy.context.object.data\n"
        "vertices = [v.co[:] for v in reversed(cube.vertices)]\n"
        "faces = [[7 - i for i in p.vertices] for p in reversed(cube.polygons)]\n"
        "mesh = bpy.data.meshes.new('Turned')\n"
        "mesh.from_pydata(vertices, [], faces)\n"
        "mesh.polygons[0].material_index = 1\n"
        "bpy.context.collection.objects.link(bpy.data.objects.new('Turned', mesh))\n"
    )
    geometry = blocks["meshes"]["Turned"]["geometry"]
    assert geometry["primitive"]["kind"] == "CUBE"
    assert geometry["material_index"] == [0, 0, 0, 0, 0, 1]


def test_materials_tell_only_what_differs_from_fresh_nodes(made: Made) -> None:
    tree = made(
        "m = bpy.data.materials.new('Gold')\nm.use_nodes = True\n"
        "n = m.node_tree.nodes['Principled BSDF']\nn.inputs['Metallic'].default_value = 1\n"
        "n.inputs['Base Color'].default_value = (1, 0.5, 0.1, 1)\n"
        "t = m.node_tree.nodes.new('ShaderNodeTexNoise')\nt.noise_dimensions = '4D'\n"
        "m.node_tree.links.new(t.outputs[0], n.inputs['Roughness'])\n"
        "bpy.ops.mesh.primitive_plane_add()\nbpy.context.object.data.materials.append(m)\n"
    )["materials"]["Gold"]["tree"]
    nodes = {node["type"]: node for node in tree["nodes"]}
    values = {value["label"]: value["value"] for value in nodes["ShaderNodeBsdfPrincipled"]["inputs"]}
    assert values == {"Base Color": [1, 0.5, 0.1, 1], "Metallic": 1}
    assert nodes["ShaderNodeTexNoise"]["props"] == {"noise_dimensions": "4D"}
    assert "inputs" not in nodes["ShaderNodeTexNoise"]
    ends = {(link["from"]["node"], link["to"]["node"], link["to"]["label"]) for link in tree["links"]}
    assert ("Noise Texture", "Principled BSDF", "Roughness") in ends


def test_a_group_with_zones_and_its_modifier(made: Made) -> None:
    blocks = made(
        "g = bpy.data.node_groups.new('Scatter', 'GeometryNodeTree')\n"
        "g.interface.new_socket('Geometry', in_out='INPUT', socket_type='NodeSocketGeometry')\n"
        "d = g.interface.new_socket('Density', in_out='INPUT', socket_type='NodeSocketFloat')\nd.default_value = 5\n"
        "g.interface.new_socket('Geometry', in_out='OUTPUT', socket_type='NodeSocketGeometry')\n"
        "i = g.nodes.new('NodeGroupInput'); o = g.nodes.new('NodeGroupOutput')\n"
        "a = g.nodes.new('GeometryNodeRepeatInput'); b = g.nodes.new('GeometryNodeRepeatOutput')\n"
        "a.pair_with_output(b)\nb.repeat_items.new('FLOAT', 'Size')\n"
        "g.links.new(i.outputs[0], a.inputs[1]); g.links.new(a.outputs[1], b.inputs[0])\n"
        "g.links.new(b.outputs[0], o.inputs[0])\n"
        "bpy.ops.mesh.primitive_plane_add()\n"
        "m = bpy.context.object.modifiers.new('Scatter', 'NODES')\nm.node_group = g\nm[d.identifier] = 9.0\n"
    )
    tree = blocks["node_groups"]["Scatter"]["tree"]
    names = [(item["name"], item["in_out"], item["props"].get("default_value")) for item in tree["interface"]]
    assert ("Density", "INPUT", 5) in names
    assert len(names) == 3
    zone = next(node for node in tree["nodes"] if node["type"] == "GeometryNodeRepeatInput")
    assert zone["paired"] == "Repeat Output"
    output = next(node for node in tree["nodes"] if node["type"] == "GeometryNodeRepeatOutput")
    assert [item["name"] for item in output["items"]["repeat_items"]] == ["Geometry", "Size"]
    modifier = blocks["objects"]["Plane"]["modifiers"][0]
    assert modifier["props"] == {"node_group": {"$id": ["node_groups", "Scatter"]}}
    assert [(item["name"], item["value"]) for item in modifier["inputs"]] == [("Density", 9)]


def test_colour_ramps_and_curves_are_told_whole(made: Made) -> None:
    nodes = made(
        "g = bpy.data.node_groups.new('G', 'ShaderNodeTree')\ng.use_fake_user = True\n"
        "r = g.nodes.new('ShaderNodeValToRGB')\nr.color_ramp.elements.new(0.25).color = (1, 0, 0, 1)\n"
        "c = g.nodes.new('ShaderNodeFloatCurve')\nc.mapping.curves[0].points.new(0.5, 0.9)\nc.mapping.update()\n"
    )["node_groups"]["G"]["tree"]["nodes"]
    ramp, curve = nodes[0]["props"]["color_ramp"]["props"], nodes[1]["props"]["mapping"]["props"]
    assert [element["props"]["position"] for element in ramp["elements"]] == [0, 0.25, 1]
    points = curve["curves"][0]["props"]["points"]
    assert [point["props"]["location"] for point in points] == [[0, 0], [0.5, 0.9], [1, 1]]


def test_keys_drivers_and_what_they_move(made: Made) -> None:
    blocks = made(
        "bpy.ops.mesh.primitive_cube_add()\no = bpy.context.object\n"
        "o.location = (1, 2, 0)\no.keyframe_insert('location', index=2, frame=1)\no.location.z = 5\n"
        "o.keyframe_insert('location', index=2, frame=24)\n"
        "d = o.driver_add('scale', 0).driver\nd.expression = 'frame / 10'\n"
        "v = d.variables.new()\nv.name = 'way'\nv.type = 'TRANSFORMS'\nv.targets[0].id = o\n"
    )
    cube = blocks["objects"]["Cube"]
    assert cube["props"]["location"] == [1, 2, 0]
    assert "scale" not in cube["props"]
    (driver,) = cube["animation"]["drivers"]
    assert (driver["path"], driver["index"], driver["expression"]) == ("scale", 0, "frame / 10")
    assert driver["variables"][0]["targets"][0]["props"] == {"id": {"$id": ["objects", "Cube"]}}
    (curve,) = blocks["actions"]["CubeAction"]["fcurves"]
    assert [(key["frame"], key["value"]) for key in curve["keys"]] == [(1, 0), (24, 5)]


def test_a_rig_with_a_constrained_bone(made: Made) -> None:
    blocks = made(
        "bpy.ops.object.armature_add()\nr = bpy.context.object\nbpy.ops.object.mode_set(mode='EDIT')\n"
        "b = r.data.edit_bones.new('Tip')\nb.head = (0, 0, 1)\nb.tail = (0, 0, 2)\nb.roll = 0.5\n"
        "b.parent = r.data.edit_bones[0]\nb.use_connect = True\nbpy.ops.object.mode_set(mode='OBJECT')\n"
        "c = r.pose.bones['Tip'].constraints.new('IK')\nc.chain_count = 2\nr.pose.bones['Tip'].rotation_mode = 'XYZ'\n"
    )
    bones = blocks["armatures"]["Armature"]["bones"]
    assert [(bone["name"], bone["head"], bone["tail"]) for bone in bones] == [
        ("Bone", [0, 0, 0], [0, 0, 1]),
        ("Tip", [0, 0, 1], [0, 0, 2]),
    ]
    assert (bones[1]["parent"], bones[1]["connected"], bones[1]["roll"]) == ("Bone", True, 0.5)
    pose = blocks["objects"]["Armature"]["pose"]
    assert pose == {
        "Tip": {
            "props": {"rotation_mode": "XYZ"},
            "constraints": [{"type": "KinematicConstraint", "name": "IK", "props": {"chain_count": 2}}],
        }
    }


def test_shape_keys_weights_curves_texts_and_metaballs(made: Made) -> None:
    blocks = made(
        "bpy.ops.mesh.primitive_plane_add()\no = bpy.context.object\no.shape_key_add(name='Basis')\n"
        "k = o.shape_key_add(name='Up')\nk.data[1].co.z = 2\nk.value = 0.5\n"
        "o.vertex_groups.new(name='Edge').add([0, 2], 0.25, 'REPLACE')\n"
        "c = bpy.data.curves.new('Path', 'CURVE')\nc.bevel_depth = 0.1\ns = c.splines.new('BEZIER')\n"
        "s.bezier_points.add(1)\ns.bezier_points[1].co = (1, 0, 0)\n"
        "bpy.context.collection.objects.link(bpy.data.objects.new('Path', c))\n"
        "t = bpy.data.curves.new('Sign', 'FONT')\nt.body = 'Open'\nt.extrude = 0.2\n"
        "bpy.context.collection.objects.link(bpy.data.objects.new('Sign', t))\n"
        "m = bpy.data.metaballs.new('Blob')\nm.elements.new().co = (0, 0, 2)\n"
        "bpy.context.collection.objects.link(bpy.data.objects.new('Blob', m))\n"
    )
    keys = blocks["meshes"]["Plane"]["shape_keys"]
    assert keys["reference"] == "Basis"
    assert keys["blocks"] == [{"name": "Up", "props": {"value": 0.5}, "offsets": [[1, 0, 0, 2]]}]
    assert blocks["objects"]["Plane"]["vertex_groups"] == [{"name": "Edge", "weights": [[0, 0.25], [2, 0.25]]}]
    (spline,) = blocks["curves"]["Path"]["splines"]
    assert (spline["type"], [point["co"] for point in spline["points"]]) == ("BEZIER", [[0, 0, 0], [1, 0, 0]])
    assert blocks["curves"]["Sign"]["type"] == "TextCurve"
    assert blocks["curves"]["Sign"]["props"] == {"body": "Open", "extrude": 0.2}
    assert blocks["metaballs"]["Blob"]["elements"] == [
        {"type": "MetaElement", "kind": "BALL", "props": {"co": [0, 0, 2]}}
    ]


def test_parents_collections_and_instances(made: Made) -> None:
    blocks = made(
        "c = bpy.data.collections.new('Props')\nbpy.context.scene.collection.children.link(c)\n"
        "a = bpy.data.objects.new('A', None); c.objects.link(a)\n"
        "b = bpy.data.objects.new('B', None); c.objects.link(b)\n"
        "b.parent = a\nb.matrix_parent_inverse[0][3] = 2\n"
        "i = bpy.data.objects.new('I', None)\ni.instance_type = 'COLLECTION'\ni.instance_collection = c\n"
        "bpy.context.scene.collection.objects.link(i)\n"
    )
    assert blocks["collections"]["Props"]["objects"] == ["A", "B"]
    assert blocks["scenes"]["Scene"]["root"] == {"objects": ["I"], "children": ["Props"]}
    parent = blocks["objects"]["B"]["parent"]
    assert (parent["object"], parent["type"], parent["inverse"][0]) == ("A", "OBJECT", [1, 0, 0, 2])
    assert blocks["objects"]["I"]["props"] == {
        "instance_type": "COLLECTION",
        "instance_collection": {"$id": ["collections", "Props"]},
    }


def test_render_settings_without_effect_are_left_out(made: Made) -> None:
    scene = made(
        "s = bpy.context.scene\ns.render.resolution_x = 800\ns.render.ffmpeg.gopsize = 3\n"
        "s.render.border_min_x = 0.25\ns.cycles.samples = 32\ns.render.fps = 30\n"
    )["scenes"]["Scene"]
    assert scene["props"]["render"]["props"] == {"resolution_x": 800, "fps": 30}
    assert scene["props"]["cycles"]["props"] == {"samples": 32}
