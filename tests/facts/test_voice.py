"""The second turn of a conversation, and one voice per instruction."""

from __future__ import annotations

from random import Random

import pytest
from tests.facts.scenes import bevel, cube, scene

from voxel.facts import ask, find
from voxel.facts.stated import stated_numbers
from voxel.facts.voice import continued, voiced

ALONE = cube()


def second(text: str, seed: str = "0") -> str:
    return continued(text, ALONE, seed)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ('Move the object "Box" to (0, 0, 1).', "ove it to (0, 0, 1)."),
        ('Set the scale of the object "Box" to 2.', "et its scale to 2."),
        ('Add a Bevel modifier on "Box" with width 2 cm.', "dd a Bevel modifier on it with width 2 cm."),
        ('Set the width to 2 cm on the Bevel modifier of "Box".', "et the width to 2 cm on the Bevel modifier."),
        ('Hi! Shade the object "Box" smooth.', "hade it smooth."),
        ('Assign the material "Oak" to the object "Box".', 'ssign the material "Oak" to the object "Box".'),
    ],
)
def test_what_has_been_talked_of_needs_no_name(text: str, ending: str) -> None:
    for seed in "abcdefgh":
        assert second(text, seed).endswith(ending)


def test_a_follow_up_begins_as_one() -> None:
    begun = {second('Shade the object "Box" smooth.', str(seed)).lower().partition("shade")[0] for seed in range(60)}
    assert {"now ", "then ", "good. now ", "one change: "} <= begun
    assert "" not in begun
    assert all(" i want" not in second('I want you to shade the object "Box" smooth.', str(s)) for s in range(20))


def test_with_two_things_names_stay() -> None:
    two = scene(objects={"Box": ALONE["blocks"]["objects"]["Box"], "Lid": ALONE["blocks"]["objects"]["Box"]})
    text = ask(find(cube(modifiers=[bevel(width=0.02)]), cube()), "1")
    assert '"Box"' in continued(text, two, "1")


def test_what_is_short_is_not_given_in_metres() -> None:
    spellings = {voiced("A box, 75 cm wide and 8 cm deep.", Random(seed)) for seed in range(200)}
    assert {text.partition("and ")[2] for text in spellings} == {"8 cm deep.", "80 mm deep."}


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ('For the object "Box": set the viewport display to wireframe.', "set its viewport display to wireframe."),
        (
            'Put a Noise modifier on the f-curves of the X and Y rotation of the object "Box" with scale 4.',
            "ut a Noise modifier on the f-curves of its X and Y rotation with scale 4.",
        ),
    ],
)
def test_what_was_spoken_of_right_before_is_its_own(text: str, rest: str) -> None:
    assert all(second(text, seed).endswith(rest) for seed in "abcdefgh")


def test_a_voice_changes_no_value() -> None:
    text = 'Put "A 5 cm Box" at (1, 0.25, -3) with width 27.5 cm, length 45 mm, angle 30° and rotation (0°, 5°, 10°).'
    spellings = {voiced(text, Random(seed)) for seed in range(200)}
    assert len(spellings) > 10
    for spelled in spellings:
        assert '"A 5 cm Box"' in spelled
        assert "45 mm" in spelled  # a lens is not spoken of in metres
        for value in (1, 0.25, -3, 0.275, 0.5235988, 0.0872665, 0.1745329):
            assert any(abs(value - number) < 1e-6 for number in stated_numbers(spelled)), (value, spelled)


def test_one_degree_is_no_degrees() -> None:
    said = {voiced("with angle 1° and tilt 21°", Random(str(seed))) for seed in range(60)}
    assert said == {"with angle 1° and tilt 21°", "with angle 1 degree and tilt 21 degrees"}
    assert stated_numbers("1 degree")[-1] == stated_numbers("1 degrees")[-1]
