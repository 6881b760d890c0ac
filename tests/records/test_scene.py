"""Scenes: decoding, encoding, cutting, and their published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voxel.errors import BadInput
from voxel.records import Scene
from voxel.records.scene import references, schema

SCHEMA = Path(__file__).parents[2] / "docs" / "scene.schema.json"


def scene(**blocks: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "blender": "4.5.15",
        "file_version": "4.5.15",
        "active_scene": "Scene",
        "blocks": blocks,
        "units": {"BevelModifier.width": "LENGTH"},
        "opaque": [
            {"path": 'objects["Chair"]', "reason": "custom properties"},
            {"path": 'texts["x"]', "reason": "text"},
        ],
    }


CHAIR: dict[str, Any] = {
    "objects": {
        "Chair": {
            "type": "Object",
            "kind": "MESH",
            "props": {"location": [0, 0, 1]},
            "data": {"$id": ["meshes", "Seat"]},
            "parent": {"object": "Room", "type": "OBJECT"},
        },
        "Room": {"type": "Object", "kind": "EMPTY", "props": {}, "data": None},
        "Lamp": {"type": "Object", "kind": "EMPTY", "props": {}, "data": None},
    },
    "meshes": {
        "Seat": {
            "type": "Mesh",
            "props": {},
            "geometry": {"vertices": 0, "edges": 0, "faces": 0},
            "materials": [{"$id": ["materials", "Wood"]}, None],
        }
    },
    "materials": {"Wood": {"type": "Material", "props": {}}, "Iron": {"type": "Material", "props": {}}},
    "collections": {
        "House": {"type": "Collection", "props": {}, "objects": ["Lamp"], "children": ["Cellar"]},
        "Cellar": {"type": "Collection", "props": {}, "objects": [], "children": []},
    },
    "scenes": {"Scene": {"type": "Scene", "props": {"frame_end": 10}, "root": {"objects": ["Chair"], "children": []}}},
}


def test_a_scene_is_the_same_after_decoding_and_encoding() -> None:
    plain = scene(**CHAIR)
    decoded = Scene.from_json(json.dumps(plain))
    assert json.loads(decoded.to_json()) == plain
    assert decoded.plain() == plain
    assert decoded.blocks["objects"]["Chair"].props == {"location": [0, 0, 1]}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"format": 2}, "$.format"),
        ({"blocks": {"objects": {"A": {"props": {}}}}}, "type"),
        ({"blocks": {"objects": {"A": {"type": "Object", "props": {}, "colour": 1}}}}, "colour"),
    ],
)
def test_what_is_no_scene_is_refused_with_its_place(change: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as refused:
        Scene.from_json(json.dumps(scene() | change))
    assert where in str(refused.value)
    with pytest.raises(BadInput):
        Scene.from_json(b"{")


def test_a_subset_holds_what_its_roots_refer_to() -> None:
    whole = Scene.from_json(json.dumps(scene(**CHAIR)))
    part = whole.subset([("objects", "Chair")])
    assert {collection: sorted(found) for collection, found in part.blocks.items()} == {
        "objects": ["Chair", "Room"],
        "meshes": ["Seat"],
        "materials": ["Wood"],
        "scenes": ["Scene"],
    }
    active = part.blocks["scenes"]["Scene"]
    assert active.props == {}
    assert active.root == {"objects": ["Chair", "Room"], "children": []}
    assert [item.path for item in part.opaque] == ['objects["Chair"]']


def test_a_subset_of_a_collection_takes_its_objects_and_children() -> None:
    part = Scene.from_json(json.dumps(scene(**CHAIR))).subset([("collections", "House")])
    assert sorted(part.blocks["collections"]) == ["Cellar", "House"]
    assert list(part.blocks["objects"]) == ["Lamp"]
    assert part.blocks["scenes"]["Scene"].root == {"objects": [], "children": ["House"]}


def test_a_subset_of_the_scene_keeps_its_settings() -> None:
    part = Scene.from_json(json.dumps(scene(**CHAIR))).subset([("scenes", "Scene")])
    assert part.blocks["scenes"]["Scene"].props == {"frame_end": 10}
    assert sorted(part.blocks["objects"]) == ["Chair", "Room"]


def test_an_unknown_root_is_an_error() -> None:
    with pytest.raises(KeyError):
        Scene.from_json(json.dumps(scene(**CHAIR))).subset([("objects", "Table")])


def test_references_are_found_at_any_depth() -> None:
    block = {
        "modifiers": [{"props": {"object": {"$id": ["objects", "A"]}}}],
        "animation": {"action": {"$id": ["actions", "B"]}},
    }
    assert list(references(block)) == [("objects", "A"), ("actions", "B")]


def test_the_published_schema_is_that_of_the_record() -> None:
    assert json.loads(SCHEMA.read_text()) == schema()
