"""Checks decided on Scenes, without Blender."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.facts.scenes import bevel, cube, scene, wood

from voxel.facts import failing, holds
from voxel.records.example import (
    Bone,
    Check,
    Exists,
    Geometry,
    Gone,
    Keys,
    Link,
    Materials,
    Members,
    Node,
    Parent,
    Property,
    Stack,
)

BOX = ("objects", "Box")
WOOD = ("materials", "Wood")


@pytest.mark.parametrize(
    ("check", "holding"),
    [
        (Exists(of=BOX, type="MESH"), True),
        (Exists(of=BOX, type="LIGHT"), False),
        (Exists(of=("objects", "Other")), False),
        (Gone(of=("objects", "Other")), True),
        (Gone(of=BOX), False),
        (Property(of=BOX, path="location", value=[1.0, 2.0, 3.0]), True),
        (Property(of=BOX, path="location", value=[1.0, 2.0, 3.0002]), True),
        (Property(of=BOX, path="location", value=[1.0, 2.0, 3.01]), False),
        (Property(of=BOX, path="scale", value=[2.0, 2.0, 2.0]), False),
        (Property(of=BOX, path="modifiers[BevelModifier].width", value=0.02), True),
        (Property(of=BOX, path="modifiers[BevelModifier].width", value=0.03), False),
        (Property(of=BOX, path="modifiers[BevelModifier#1].width", value=0.02), False),
        (Stack(of=BOX, path="modifiers", types=("BevelModifier",)), True),
        (Stack(of=BOX, path="modifiers", types=("BevelModifier", "BevelModifier")), False),
        (Geometry(of=BOX, primitive="CUBE", size=(2.0, 2.0, 2.0)), True),
        (Geometry(of=BOX, primitive="PLANE"), False),
        (Geometry(of=BOX, primitive="CUBE", size=(2.0, 2.0, 1.0)), False),
        (Geometry(of=BOX, vertices=8, faces=6), True),
        (Geometry(of=BOX, vertices=9), False),
        (Parent(of=BOX, parent="Root"), True),
        (Parent(of=BOX, parent="Box"), False),
        (Members(of=("scenes", "Scene"), objects=("Box",)), True),
        (Members(of=("scenes", "Scene"), objects=("Box", "Lamp")), False),
        (Materials(of=BOX, materials=()), True),
        (Materials(of=BOX, materials=("Wood",)), False),
        (Bone(of=BOX, name="root", head=(0, 0, 0), tail=(0, 0, 1)), False),
        (Keys(of=BOX, path="location", index=0, keys=((1, 0.0),)), False),
    ],
)
def test_a_check_holds_just_where_it_is_so(check: Check, holding: bool) -> None:
    found = cube(
        props={"location": [1.0, 2.0, 3.0]}, modifiers=[bevel(width=0.02)], parent={"object": "Root", "type": "OBJECT"}
    )
    assert holds(check, found) is holding


@pytest.mark.parametrize(
    ("check", "holding"),
    [
        (Node(of=WOOD, type="ShaderNodeTexNoise"), True),
        (Node(of=WOOD, type="ShaderNodeTexNoise", inputs={"Scale": 5.0}), True),
        (Node(of=WOOD, type="ShaderNodeTexNoise", inputs={"Scale": 5.1}), False),
        (Node(of=WOOD, type="ShaderNodeTexNoise", count=2), False),
        (Node(of=WOOD, type="ShaderNodeTexVoronoi"), False),
        (
            Link(of=WOOD, source=("ShaderNodeTexNoise", "Color"), target=("ShaderNodeBsdfPrincipled", "Base Color")),
            True,
        ),
        (Link(of=WOOD, source=("ShaderNodeTexNoise", "Fac"), target=("ShaderNodeBsdfPrincipled", "Base Color")), False),
        (
            Link(of=WOOD, source=("ShaderNodeTexNoise", "Color"), target=("ShaderNodeBsdfPrincipled", "Roughness")),
            False,
        ),
    ],
)
def test_nodes_are_known_by_type_and_values_not_by_name(check: Check, holding: bool) -> None:
    found = wood()
    for node in found["blocks"]["materials"]["Wood"]["tree"]["nodes"]:
        node["label"] = "anything"
    assert holds(check, found) is holding


def test_keys_are_looked_up_in_the_action_of_the_block() -> None:
    found = cube(animation={"action": {"$id": ["actions", "BoxAction"]}})
    curve: dict[str, Any] = {
        "path": "location",
        "index": 2,
        "keys": [{"frame": 1.0, "value": 0.0}, {"frame": 20.0, "value": 3.0}],
    }
    found["blocks"]["actions"] = {"BoxAction": {"type": "Action", "props": {}, "fcurves": [curve]}}
    check = Keys(of=BOX, path="location", index=2, keys=((1, 0.0), (20, 3.0)), interpolation="BEZIER")
    assert holds(check, found)
    for key in curve["keys"]:
        key["interpolation"] = "LINEAR"
    assert not holds(check, found)


def test_vertices_may_come_in_any_order_but_must_all_be_there() -> None:
    corners = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    found = cube()
    geometry: dict[str, Any] = {
        "vertices": 3,
        "edges": 3,
        "faces": 1,
        "bounds": [[0.0] * 3, [1.0, 1.0, 0.0]],
        "data": {"vertices": corners, "faces": [[0, 1, 2]]},
    }
    found["blocks"]["meshes"]["Box"]["geometry"] = geometry
    check = Geometry(of=BOX, positions=((0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)))
    assert holds(check, found)
    moved = copy.deepcopy(found)
    moved["blocks"]["meshes"]["Box"]["geometry"]["data"]["vertices"][1] = [1.01, 0.0, 0.0]
    assert not holds(check, moved)


def test_failing_names_those_that_do_not_hold() -> None:
    checks = [Exists(of=BOX), Exists(of=("objects", "Lamp"))]
    assert failing(checks, cube()) == [checks[1]]
    assert failing(checks, scene()) == checks
