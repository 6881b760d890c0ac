"""Scenes that mean the same, and scenes that do not."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from voxel.facts.compare import differences

Json = dict[str, Any]


def scene(**blocks: Any) -> Json:
    return {
        "format": 1, "blender": "4.5.15", "file_version": "4.5.15", "active_scene": "Scene",
        "blocks": blocks, "units": {}, "opaque": [],
    }  # fmt: skip


def end(node: str, index: int = 0) -> Json:
    return {"node": node, "socket": str(index), "label": str(index), "index": index, "unique": True}


def node(kind: str, name: str, **parts: Any) -> Json:
    return {"type": kind, "name": name, "props": {}, "location": [0.0, 0.0], **parts}


def value(index: int, number: Any) -> Json:
    return {
        "socket": "s",
        "label": "s",
        "index": index,
        "unique": True,
        "socket_type": "NodeSocketFloat",
        "value": number,
    }


def tree() -> Json:
    """Two noises of different scale into one mix, and a chain of two equal maths."""
    return {
        "type": "ShaderNodeTree",
        "nodes": [
            node("ShaderNodeTexNoise", "A", inputs=[value(2, 3.0)]),
            node("ShaderNodeTexNoise", "B", inputs=[value(2, 9.0)]),
            node("ShaderNodeMix", "Mix", props={"data_type": "RGBA"}),
            node("ShaderNodeMath", "M1"),
            node("ShaderNodeMath", "M2"),
            node("NodeFrame", "Frame"),
            node("ShaderNodeOutputMaterial", "Out"),
        ],
        "links": [
            {"from": end("A"), "to": end("Mix", 6)},
            {"from": end("B"), "to": end("Mix", 7)},
            {"from": end("Mix", 2), "to": end("M1")},
            {"from": end("M1"), "to": end("M2", 1)},
            {"from": end("M2"), "to": end("Out")},
        ],
    }


def material(graph: Json) -> Json:
    return scene(materials={"M": {"type": "Material", "props": {}, "tree": graph}})


def renamed(graph: Json, seed: int) -> Json:
    """The same graph under other names, in another order, elsewhere."""
    shuffle = random.Random(seed)
    graph = copy.deepcopy(graph)
    names = [item["name"] for item in graph["nodes"]]
    new = dict(zip(names, shuffle.sample([f"Node.{i:03}" for i in range(len(names))], len(names)), strict=True))
    for item in graph["nodes"]:
        item["name"], item["location"] = new[item["name"]], [shuffle.random(), 1.0]
    for link in graph["links"]:
        for side in ("from", "to"):
            link[side] = {**link[side], "node": new[link[side]["node"]]}
    shuffle.shuffle(graph["nodes"])
    shuffle.shuffle(graph["links"])
    return graph


@pytest.mark.parametrize("seed", range(20))
def test_names_order_and_places_of_nodes_do_not_matter(seed: int) -> None:
    assert differences(material(tree()), material(renamed(tree(), seed))) == []


def test_a_changed_socket_is_reported_at_its_node() -> None:
    other = renamed(tree(), 3)
    next(item for item in other["nodes"] if item.get("inputs") == [value(2, 9.0)])["inputs"] = [value(2, 9.01)]
    (found,) = differences(material(tree()), material(other))
    assert (found.path, found.expected, found.found) == ('materials["M"].tree.nodes["B"].inputs.2', 9.0, 9.01)


def test_swapped_links_are_not_the_same_graph() -> None:
    other = tree()
    other["links"][0]["to"], other["links"][1]["to"] = other["links"][1]["to"], other["links"][0]["to"]
    assert differences(material(tree()), material(other)) != []


def test_a_missing_node_or_link_is_reported() -> None:
    shorter = tree()
    shorter["links"].pop()
    assert [item.path for item in differences(material(tree()), material(shorter))] == ['materials["M"].tree.links']
    fewer = tree()
    fewer["nodes"] = [item for item in fewer["nodes"] if item["name"] != "A"]
    fewer["links"] = fewer["links"][1:]
    assert {item.path for item in differences(material(tree()), material(fewer))} == {
        'materials["M"].tree.nodes[ShaderNodeTexNoise]',
        'materials["M"].tree.links',
    }


def test_many_equal_nodes_are_matched_in_bounded_time() -> None:
    nodes = [node("ShaderNodeMath", f"N{i}") for i in range(120)]
    links = [{"from": end(f"N{i}"), "to": end(f"N{i + 1}")} for i in range(0, 120, 2)]
    graph = {"type": "ShaderNodeTree", "nodes": nodes, "links": links}
    assert differences(material(graph), material(renamed(graph, 1))) == []


def cube(**parts: Any) -> Json:
    vertices = [[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.5)]
    faces = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    geometry = {
        "vertices": 8, "edges": 12, "faces": 6, "bounds": [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.5]],
        "data": {"vertices": vertices, "faces": faces}, "material_index": [0, 0, 0, 0, 0, 1],
    }  # fmt: skip
    return {"type": "Mesh", "props": {}, "geometry": geometry, **parts}


def shuffled(block: Json, seed: int) -> Json:
    """The same mesh with its vertices and faces in another order."""
    shuffle = random.Random(seed)
    block = copy.deepcopy(block)
    geometry = block["geometry"]
    order = shuffle.sample(range(8), 8)
    place = {old: new for new, old in enumerate(order)}
    data = geometry["data"]
    data["vertices"] = [[number + 3e-6 for number in data["vertices"][old]] for old in order]
    faces = list(zip(data["faces"], geometry["material_index"], strict=True))
    shuffle.shuffle(faces)
    data["faces"] = [[place[v] for v in face[2:] + face[:2]] for face, _ in faces]
    geometry["material_index"] = [number for _, number in faces]
    return block


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_a_mesh_does_not_matter(seed: int) -> None:
    assert differences(scene(meshes={"C": cube()}), scene(meshes={"C": shuffled(cube(), seed)})) == []


def test_a_moved_vertex_a_turned_face_and_another_material_matter() -> None:
    moved, turned, painted = cube(), cube(), cube()
    moved["geometry"]["data"]["vertices"][3][0] += 0.001
    turned["geometry"]["data"]["faces"][2].reverse()
    painted["geometry"]["material_index"] = [1, 0, 0, 0, 0, 0]
    paths = [
        [item.path for item in differences(scene(meshes={"C": cube()}), scene(meshes={"C": other}))]
        for other in (moved, turned, painted)
    ]
    start = 'meshes["C"].geometry.'
    assert paths == [[start + "data.vertices"], [start + "faces", start + "material_index"], [start + "material_index"]]


def item(**parts: Any) -> Json:
    return scene(objects={"O": {"type": "Object", "kind": "EMPTY", "props": {}, "data": None, **parts}})


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (1.0, 1.00009, True),
        (1.0, 1.0003, False),
        (1000.0, 1000.09, True),
        (1000.0, 1000.3, False),
        (0.0, 0.00009, True),
        (True, 1, False),
        ("A", "B", False),
        ([1.0, 2.0], [1.0, 2.0, 3.0], False),
        ({"$id": ["meshes", "A"]}, {"$id": ["meshes", "B"]}, False),
    ],
)
def test_values(before: Any, after: Any, same: bool) -> None:
    found = differences(item(props={"value": before}), item(props={"value": after}))
    assert (found == []) is same


def test_order_of_modifiers_matters_and_identifiers_of_group_inputs_do_not() -> None:
    array = {"type": "ArrayModifier", "name": "Array", "props": {}}
    bevel = {"type": "BevelModifier", "name": "Bevel", "props": {}}
    assert differences(item(modifiers=[array, bevel]), item(modifiers=[bevel, array])) != []
    nodes = {"type": "NodesModifier", "name": "N", "props": {}}
    one = {**nodes, "inputs": [{"identifier": "Socket_2", "name": "Size", "value": 2.0}]}
    other = {**nodes, "inputs": [{"identifier": "Socket_7", "name": "Size", "value": 2.0}]}
    assert differences(item(modifiers=[one]), item(modifiers=[other])) == []


def test_curves_are_matched_by_what_they_move() -> None:
    def action(*curves: Json) -> Json:
        slots = [{"name": "Any", "target": "OBJECT"}]
        return scene(actions={"A": {"type": "Action", "props": {}, "slots": slots, "fcurves": list(curves)}})

    def curve(index: int, last: float, slot: str) -> Json:
        keys = [{"frame": 1.0, "value": 0.0}, {"frame": 9.0, "value": last, "handle_left": [6.0, last]}]
        return {"path": "location", "index": index, "slot": slot, "keys": keys}

    first = action(curve(0, 2.0, "Cube"), curve(1, 3.0, "Cube"))
    assert differences(first, action(curve(1, 3.0, "Slot"), curve(0, 2.0, "Slot"))) == []
    found = differences(first, action(curve(0, 2.0, "Cube"), curve(1, 3.5, "Cube")))
    assert [one.path for one in found] == [
        'actions["A"].fcurves["location", 1].keys[1].handle_left[1]',
        'actions["A"].fcurves["location", 1].keys[1].value',
    ]


def test_missing_and_added_datablocks_are_reported_unless_only_some_are_asked_for() -> None:
    empty, full = scene(objects={}), item()
    assert [(one.expected, one.found) for one in differences(full, empty)] == [({"type": "Object"}, None)]
    assert [(one.expected, one.found) for one in differences(empty, full)] == [(None, {"type": "Object"})]
    assert differences(empty, full, only=[]) == []


def test_active_scenes_are_compared_whatever_their_names() -> None:
    first = scene(scenes={"Scene": {"type": "Scene", "props": {"frame_end": 10}}})
    second = scene(scenes={"Film": {"type": "Scene", "props": {"frame_end": 12}}}) | {"active_scene": "Film"}
    assert [one.path for one in differences(first, second)] == ['scenes["Scene"].props.frame_end']


def test_which_slot_of_an_action_is_played_matters_and_not_its_name() -> None:
    def played(slots: list[str], slot: str) -> Json:
        action = {
            "type": "Action",
            "props": {},
            "fcurves": [],
            "slots": [{"name": n, "target": "OBJECT"} for n in slots],
        }
        box: Json = {"type": "Object", "kind": "EMPTY", "props": {}, "data": None}
        return scene(
            actions={"A": action},
            objects={"Box": {**box, "animation": {"action": {"$id": ["actions", "A"]}, "slot": slot}}},
        )

    assert differences(played(["a", "b"], "a"), played(["c", "d"], "c")) == []
    (found,) = differences(played(["a", "b"], "a"), played(["a", "b"], "b"))
    assert found.path == 'objects["Box"].animation.slot'


def test_half_a_turn_is_the_same_both_ways() -> None:
    def rolled(roll: float) -> Json:
        bone = {"name": "Arm", "head": [0.0, 0.0, 0.0], "tail": [0.0, 0.0, 1.0], "roll": roll, "props": {}}
        return scene(armatures={"Rig": {"type": "Armature", "props": {}, "bones": [bone]}})

    assert differences(rolled(3.141592), rolled(-3.141558)) == []
    assert differences(rolled(3.141592), rolled(-3.1)) != []
    assert differences(rolled(1.5), rolled(-1.5)) != []
