"""Values in words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxel.facts import Unsayable
from voxel.facts import words as w
from voxel.facts.lookup import same
from voxel.facts.stated import stated_numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.30000001192, "0.3"), (1.0, "1"), (0.0, "0"), (-0.0, "0"), (7.358891, "7.359"), (1e-5, "1e-5")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert w.number(value) == text


@given(st.floats(-1e5, 1e5))
def test_a_stated_number_is_within_what_checks_allow(value: float) -> None:
    assert same(value, float(w.number(value)))


@given(st.floats(-50, 50))
def test_a_stated_angle_is_within_what_checks_allow(value: float) -> None:
    assert any(same(value, number) for number in stated_numbers(w.degrees(value)))


@given(st.floats(0, 1000))
def test_a_stated_length_is_within_what_checks_allow(value: float) -> None:
    assert any(same(value, number) for number in stated_numbers(w.length(value)))


@pytest.mark.parametrize(
    ("value", "text"), [(0.02, "2 cm"), (0.005, "5 mm"), (0.125, "12.5 cm"), (2.5, "2.5 m"), (0.99999, "1 m")]
)
def test_lengths_have_the_unit_that_people_would_use(value: float, text: str) -> None:
    assert w.length(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([0.8, 0.05, 0.05, 1.0], "red, RGB (0.8, 0.05, 0.05)"),
        ([0.0, 0.0, 0.8], "blue, RGB (0, 0, 0.8)"),
        ([1.0, 1.0, 1.0, 0.5], "white, RGB (1, 1, 1) with alpha 0.5"),
    ],
)
def test_colors_have_a_name_and_numbers(value: list[float], text: str) -> None:
    assert w.color(value) == text


def test_types_and_items_have_the_names_of_the_interface() -> None:
    assert w.type_name("ShaderNodeTexNoise") == "Noise Texture"
    assert w.type_name("SubsurfModifier") == "Subdivision Surface"
    assert w.noun("BevelModifier", "use_clamp_overlap") == "clamp overlap"
    assert w.item("RenderSettings", "engine", "BLENDER_EEVEE_NEXT") == "EEVEE"
    assert w.value({"SpotLight.spot_size": "ROTATION"}, "SpotLight", "spot_size", math.radians(30)) == "30°"
    assert w.value({}, "SpotLight", "energy", 500.0) == "500 W"


def test_what_nobody_would_spell_out_is_not_said() -> None:
    for value in ([1.0] * 16, {"type": "CurveMapping", "props": {}}, [[0.0] * 4] * 4):
        with pytest.raises(Unsayable):
            w.value({}, "Thing", "matrix", value)
