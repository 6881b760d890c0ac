"""Private things in scenes: found, replaced alike everywhere, and nothing else touched."""

from __future__ import annotations

import pytest

from voxel.training.dataset_builder.scrubbing import private, scrubbed

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("text", "kinds", "instead"),
    [
        ("/home/ann/textures/wood.png", ["a home folder"], "/home/user/textures/wood.png"),
        ("//../../Users/Ann Lee/w.png", ["a home folder"], None),
        ("C:\\Users\\ann\\w.png", ["a home folder"], "C:\\Users\\user\\w.png"),
        ("'C:\\\\Users\\\\ann\\\\w.png'", ["a home folder"], "'C:\\\\Users\\\\user\\\\w.png'"),
        ("/run/media/ann/disk/w.png", ["a home folder"], "/run/media/user/disk/w.png"),
        ("by ann.lee+3d@mail.uni-x.de", ["an e-mail address"], "by name@example.com"),
        (f"token {TOKEN}", ["a key or token"], "token removed"),
        ("AKIAIOSFODNN7EXAMPLE", ["a key or token"], "removed"),
        ("//textures/home/wood.png", [], None),
        ("//home/wood.png", [], None),
        ("/home/user/wood.png", [], None),
        ("logo@2x.png", [], None),
        ("git@github.com", [], None),
        ("Bone.001_at@front", [], None),
    ],
)
def test_each_kind_is_found_and_what_only_looks_like_it_is_not(
    text: str, kinds: list[str], instead: str | None
) -> None:
    assert private(text) == kinds
    assert private(scrubbed(text)) == []
    if not kinds:
        assert scrubbed(text) == text
    elif instead is not None:
        assert scrubbed(text) == instead


def test_one_name_gets_one_word_everywhere_and_two_names_get_two() -> None:
    scene = {
        "blocks": {"images": {"/home/ann/a.png": {"filepath": "/home/ann/a.png"}, "/home/bob/a.png": {}}},
        "users": ["/home/ann", 3, None, True, 1.5],
    }
    assert scrubbed(scene) == {
        "blocks": {"images": {"/home/user/a.png": {"filepath": "/home/user/a.png"}, "/home/user2/a.png": {}}},
        "users": ["/home/user", 3, None, True, 1.5],
    }
