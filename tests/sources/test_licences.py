"""Licence texts are known by their own words, and the nearest one above a file counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voxel.sources.licences import LicenceFinder, attribution, mentioned, recognise
from voxel.sources.policy import Policy

MIT = (
    "MIT License\n\nCopyright (c) 2021 Ada Lovelace\n\nPermission is hereby granted, free of charge, to any person "
    "obtaining a copy of this software … The above copyright notice and this permission notice shall be included in "
    'all copies or substantial portions of the Software.\nTHE SOFTWARE IS PROVIDED "AS IS"'
)


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        (MIT, "MIT"),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("Redistribution and use in source and binary forms … Neither the name of the copyright", "BSD-3-Clause"),
        ("Redistribution and use in source and binary forms, with or without modification", "BSD-2-Clause"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal", "CC0-1.0"),
        ("Creative Commons Attribution 4.0 International Public License", "CC-BY-4.0"),
        ("# Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0-only"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999", "LGPL-2.1-only"),
        ("Mozilla Public License Version 2.0", "MPL-2.0"),
        ("Altered source versions must be plainly marked as such", "Zlib"),
        ("SPDX-License-Identifier: MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("All rights reserved. You may not copy this.", ""),
    ],
)
def test_texts_are_recognised(text: str, spdx: str) -> None:
    assert recognise(text) == spdx


def test_art_and_code_under_different_licences_need_both() -> None:
    assert recognise(f"Assets: Creative Commons Attribution 3.0.\n\nCode:\n{MIT}") == "CC-BY-3.0 AND MIT"


def test_copyright_lines_become_the_attribution() -> None:
    assert attribution(MIT) == "Copyright (c) 2021 Ada Lovelace"
    assert attribution("# Copyright\n\nNothing here.") == ""
    assert attribution("Copyright [yyyy] [name of copyright owner]") == ""


def test_the_nearest_licence_above_a_file_counts(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT)
    art = tmp_path / "art" / "models"
    art.mkdir(parents=True)
    (tmp_path / "art" / "LICENSE.txt").write_text("CC0 1.0 Universal")
    finder = LicenceFinder(tmp_path)
    assert finder.licence(art).spdx == "CC0-1.0"
    assert finder.licence(tmp_path) == ("MIT", "Copyright (c) 2021 Ada Lovelace")


def test_a_licence_above_the_top_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT)
    (tmp_path / "mine").mkdir()
    assert LicenceFinder(tmp_path / "mine").licence(tmp_path / "mine").spdx == ""


def test_two_licence_files_side_by_side_are_a_choice(tmp_path: Path) -> None:
    (tmp_path / "LICENSE-APACHE").write_text("Apache License\nVersion 2.0")
    (tmp_path / "LICENSE-MIT").write_text(MIT)
    assert LicenceFinder(tmp_path).licence(tmp_path).spdx == "Apache-2.0 OR MIT"


@pytest.mark.corpus
def test_real_licence_texts_are_recognised_as_their_repositories_state_them(corpus: Path) -> None:
    stated = {}
    for line in (corpus / "manifest.jsonl").read_text().splitlines():
        entry = json.loads(line)
        stated[entry["repo"].replace("/", "__")] = entry["license"]
    wrong = {}
    for path in sorted((corpus / "licenses").iterdir()):
        found = recognise(path.read_text("utf-8", "replace"))
        if stated[path.stem] not in found:
            wrong[path.stem] = (stated[path.stem], found)
    # a README sentence, a choice told in a second file, and a library's own licence beside the art's
    assert sorted(wrong) == ["ebabel-eu__blender-models", "kaosat-dev__Blenvy", "raysan5__raylib"] or wrong == {}, wrong


def test_permissive_words_that_forbid_training_are_no_permissive_licence() -> None:
    text = (
        "3-Clause BSD NON-AI License\n\nCopyright 2025 A\n\n"
        "Redistribution and use in source and binary forms are permitted. "
        "Neither the name of the holder may be used. The source code may not be used for training machine learning."
    )
    assert recognise(text) == "LicenseRef-no-training"
    assert Policy().refusal(recognise(text)) == "the licence LicenseRef-no-training is not allowed by the policy"


def test_what_a_readme_mentions_is_told_once_each() -> None:
    assert mentioned("Code is MIT, art is CC BY-SA 4.0. Really, MIT!") == "MIT, CC BY-SA 4.0"
    assert mentioned("permitted use of admitted things") == ""
