"""The last touches on a paragraph of code."""

from __future__ import annotations

from voxel.bpycode.tidy import tidied


def test_an_object_is_looked_up_once_for_itself_and_its_data() -> None:
    lines = [
        'lamp_data = bpy.data.objects["Lamp"].data',
        "lamp_data.energy = 9",
        'lamp = bpy.data.objects["Lamp"]',
        "lamp.location = (0, 0, 1)",
    ]
    assert tidied([lines], []) == [
        ['lamp = bpy.data.objects["Lamp"]', "lamp.data.energy = 9", "lamp.location = (0, 0, 1)"]
    ]


def test_data_with_several_settings_keeps_its_name() -> None:
    lines = [
        'lamp_data = bpy.data.objects["Lamp"].data',
        "lamp_data.energy = 9",
        "lamp_data.angle = 1",
        'lamp = bpy.data.objects["Lamp"]',
        "lamp.location = (0, 0, 1)",
    ]
    assert tidied([lines], []) == [
        [
            'lamp = bpy.data.objects["Lamp"]',
            "lamp_data = lamp.data",
            "lamp_data.energy = 9",
            "lamp_data.angle = 1",
            "lamp.location = (0, 0, 1)",
        ]
    ]


def test_data_alone_is_reached_in_one_line() -> None:
    lines = ['lamp_data = bpy.data.objects["Lamp"].data', "lamp_data.energy = 9"]
    assert tidied([lines], []) == [['bpy.data.objects["Lamp"].data.energy = 9']]


def test_what_nothing_uses_gets_no_variable() -> None:
    lines = ['spare = bpy.data.materials.new("Spare")', 'used = bpy.data.materials.new("Used")', "used.roughness = 1.0"]
    assert tidied([lines], []) == [['bpy.data.materials.new("Spare")', *lines[1:]]]


def test_nodes_refer_to_what_the_viewport_shows() -> None:
    lines = [
        "gold.diffuse_color = (1, 0.7, 0.1, 1)",
        "gold.roughness = 0.3",
        'principled.inputs["Base Color"].default_value = (1, 0.7, 0.1, 1)',
        'principled.inputs["Roughness"].default_value = 0.3',
        'principled.inputs["Coat Weight"].default_value = 0.3',
    ]
    assert tidied([lines], []) == [
        [
            *lines[:2],
            'principled.inputs["Base Color"].default_value = gold.diffuse_color',
            'principled.inputs["Roughness"].default_value = gold.roughness',
            lines[4],
        ]
    ]
