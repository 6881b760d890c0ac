"""Facts found between two Scenes, and the words for them."""

from __future__ import annotations

import copy
import math
from collections import Counter
from typing import Any

import pytest
from tests.facts.scenes import bevel, cube, scene, wood

from voxel.facts import Unsayable, ask, failing, find
from voxel.facts.stated import unstated
from voxel.records.example import Check, Exists, Link, Node, Property, Stack


def said(after: dict[str, Any], before: dict[str, Any], seed: str = "0") -> str:
    facts = find(after, before)
    checks = [fact.check for fact in facts]
    assert failing(checks, after) == []
    text = ask(facts, seed)
    assert unstated(checks, text) == []
    return text


def test_a_new_cube_is_a_thing_with_a_size_and_a_place() -> None:
    text = said(cube(props={"location": [1.0, 0.0, 2.5]}), scene())
    assert '"Box"' in text
    assert "a cube" in text
    assert "edges of 2 m" in text
    assert "at (1, 0, 2.5)" in text


def test_what_was_there_before_is_not_asked_for() -> None:
    before = cube()
    facts = find(cube(modifiers=[bevel(width=0.02, segments=3)]), before)
    assert [type(fact.check).__name__ for fact in facts] == ["Stack", "Property", "Property"]
    assert find(before, before) == []


def test_lengths_angles_and_names_are_as_people_write_them() -> None:
    after = cube(modifiers=[bevel(width=0.02, angle_limit=math.radians(40))])
    spelled: Counter[str] = Counter()
    for seed in range(60):
        text = said(after, cube(), str(seed))
        assert 'Bevel modifier on "Box"' in text
        assert "angle limit 40°" in text or "angle limit 40 degrees" in text
        assert "0.698" not in text
        spelled[text.partition("width ")[2].partition(" and")[0]] += 1
    assert set(spelled) == {"2 cm", "20 mm"}
    # nobody says 0.02 m for that
    assert spelled["2 cm"] > 30


def test_an_instruction_keeps_to_one_spelling_and_leaves_names_alone() -> None:
    box = cube(props={"location": [0.5, 0.0, 2.0]}, modifiers=[bevel(width=0.02)])
    after = scene(objects={"2 cm at (1, 2, 3)": box["blocks"]["objects"]["Box"]}, meshes=box["blocks"]["meshes"])
    texts = [said(after, scene(), str(seed)) for seed in range(60)]
    assert all('"2 cm at (1, 2, 3)"' in text for text in texts)
    assert any("at x=0.5, y=0, z=2" in text for text in texts)
    assert any('called "2 cm' in text for text in texts)
    assert any('named "2 cm' in text for text in texts)


@pytest.mark.parametrize(("mode", "shown"), [("HSV", ("Hue", "Saturation", "Value")), (None, ("Red", "Green", "Blue"))])
def test_the_parts_of_a_color_are_called_as_the_node_shows_them(mode: str | None, shown: tuple[str, ...]) -> None:
    inputs = [
        {"socket": label, "label": label, "index": n, "unique": True, "value": 0.25 * (n + 1)}
        for n, label in enumerate(("Red", "Green", "Blue"))
    ]
    mixer = {
        "name": "Combine Color", "type": "ShaderNodeCombineColor", "props": {"mode": mode} if mode else {},
        "location": [0, 0], "inputs": inputs,
    }  # fmt: skip
    after = wood()
    after["blocks"]["materials"]["Wood"]["tree"]["nodes"].append(mixer)
    text = said(after, wood())
    assert all(f"{label} {0.25 * (n + 1):g}" in text for n, label in enumerate(shown))
    assert ("Red" in text) == (mode is None)


def test_what_a_new_material_has_anyway_is_not_asked_for() -> None:
    facts = find(wood(linked=False), scene())
    assert [fact.check for fact in facts if isinstance(fact.check, Link)] == []
    text = said(wood(), scene())
    assert "Material Output" not in text
    edited = wood()
    edited["blocks"]["materials"]["Wood"]["tree"]["links"].pop(0)
    assert "Material Output" in said(wood(), edited)


def test_one_polite_sentence_is_enough() -> None:
    before, after = cube(modifiers=[bevel()]), cube(modifiers=[bevel(width=0.02)])
    after["blocks"]["objects"]["Box"]["props"] = {"location": [0.0, 0.0, 3.0]}
    after["blocks"]["scenes"]["Scene"]["props"] = {"frame_end": 90, "frame_start": 10}
    for seed in range(80):
        text = said(after, before, str(seed))
        assert sum(text.count(word) for word in ("Please", "please", "Could you", "Can you")) <= 1, text


@pytest.mark.parametrize("form", range(5))
def test_links_are_said_in_several_ways_with_both_sockets(form: int) -> None:
    texts = {said(wood(), scene(), str(seed)) for seed in range(40)}
    ways = ("connect the Color output", "plug the", "link the", "run the Color", "feed the")
    assert any(ways[form] in text.lower() or ways[form].replace("Color", "color") in text.lower() for text in texts)


def test_an_edit_says_only_what_changes() -> None:
    before = cube(modifiers=[bevel(width=0.02)])
    text = said(cube(modifiers=[bevel(width=0.02, segments=4)]), before)
    assert "segments to 4" in text
    assert "Bevel modifier" in text
    assert "2 cm" not in text


def test_a_material_is_its_nodes_and_links() -> None:
    facts = find(wood(), scene())
    checks = {fact.check for fact in facts if isinstance(fact.check, (Exists, Link))}
    assert Exists(of=("materials", "Wood")) in checks
    source, target = ("ShaderNodeTexNoise", "Color"), ("ShaderNodeBsdfPrincipled", "Base Color")
    assert Link(of=("materials", "Wood"), source=source, target=target) in checks
    text = said(wood(), scene())
    assert "Noise Texture node with Scale 5" in text
    assert "Principled BSDF" in text


def test_an_edit_of_a_node_names_the_node_and_its_material() -> None:
    text = said(wood(scale=5.0), wood(scale=None))
    assert "Noise Texture" in text
    assert '"Wood"' in text
    assert "Scale to 5" in text


def test_the_same_facts_are_asked_for_in_the_same_words_and_other_seeds_vary_them() -> None:
    facts = find(cube(props={"location": [1.0, 0.0, 2.5]}), scene())
    assert ask(facts, "seed") == ask(facts, "seed")
    assert len({ask(facts, str(seed)) for seed in range(20)}) > 3


def test_going_back_to_a_default_cannot_be_checked_and_is_not_said() -> None:
    with pytest.raises(Unsayable):
        find(cube(), cube(props={"location": [1.0, 0.0, 0.0]}))


def test_a_value_that_is_checked_and_not_said_is_noticed() -> None:
    after = cube(props={"location": [1.5, 0.0, 2.5]}, modifiers=[bevel(width=0.02, segments=3)])
    facts = find(after, scene())
    text = ask(facts, "0")
    wrong: list[Check] = [
        Property(of=("objects", "Box"), path="modifiers[BevelModifier].width", value=0.07),
        Property(of=("objects", "Box"), path="location", value=[1.5, 0.0, 2.6]),
        Property(of=("objects", "Box"), path="display_type", value="WIRE"),
        Property(of=("objects", "Box"), path="hide_render", value=True),
        Exists(of=("objects", "Lamp")),
        Stack(of=("objects", "Box"), path="modifiers", types=("ArrayModifier",)),
        Node(of=("objects", "Box"), type="ShaderNodeTexNoise"),
    ]
    for check in wrong:
        assert unstated([check], text), check


def test_two_nodes_of_a_kind_are_numbered() -> None:
    after = wood()
    tree = after["blocks"]["materials"]["Wood"]["tree"]
    second = copy.deepcopy(tree["nodes"][2])
    second["name"] = "Noise Texture.001"
    second["inputs"][0]["value"] = 12.0
    tree["nodes"].append(second)
    text = said(after, scene())
    assert "two Noise Texture nodes" in text
    assert "the first Noise Texture" in text
    assert "the second Noise Texture has Scale 12" in text


def test_a_family_is_asked_for_in_one_sentence() -> None:
    before = scene(objects={name: {"type": "Object", "kind": "EMPTY", "data": None, "props": {}} for name in "ABC"})
    after = copy.deepcopy(before)
    for name in "AB":
        after["blocks"]["objects"][name]["parent"] = {"object": "C", "type": "OBJECT"}
    assert said(after, before) == 'Parent "A" and "B" to "C".'
