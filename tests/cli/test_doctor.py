"""`voxel doctor` on a machine that lacks something: each line that is not well says what mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voxel.cli import doctor


def found() -> dict[str, doctor.Finding]:
    return {one.check: one for one in (*doctor._machine(), *doctor._optional())}


def test_what_is_missing_and_optional_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    told = found()
    for extra in doctor.EXTRAS:
        one = told[f"extra {extra}"]
        assert (one.ok, one.needed) == (False, False)
        assert one.detail.endswith(f": pip install 'voxel-training[{extra}]'")
    assert told["git"].detail == "needed for --source git: sudo apt-get install git"
    assert told["chromium"].detail.startswith("needed for the tests of pages, and nothing else: ")


def test_every_extra_is_one_of_the_project() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(doctor.EXTRAS) <= set(project["optional-dependencies"])


def test_a_full_disk_and_a_wrong_python_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1 << 20

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage())
    monkeypatch.setattr("sys.version_info", (3, 12, 0))
    told = found()
    assert (told["disk"].ok, told["disk"].needed) == (False, True)
    assert told["disk"].detail.endswith(": free some, or work elsewhere")
    assert told["python"].detail.endswith("needs 3.11: rm -r .venv && ./quick_start_training.sh")


def test_without_blender_and_box_it_names_both_commands_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("voxel.blender.runtimes.available", list)
    monkeypatch.setattr("voxel.blender.box.bwrap", lambda: None)
    assert doctor.command(json=True) == 1
    lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {line["check"]: line for line in lines}
    assert told["blender"]["detail"] == "none is installed; mend it with: voxel blender add 4.5"
    assert "apt install bubblewrap" in told["box"]["detail"]
    assert told["box"]["ok"] is False


def test_attacks_that_were_held_off_are_one_line_and_others_are_named() -> None:
    held = [doctor.Finding(f"box 4.5: attack {n}", True, "held", one_of="box 4.5") for n in range(3)]
    worse = [doctor.Finding(f"box 5.0: attack {n}", n != 1, "ran", one_of="box 5.0") for n in range(3)]
    git = doctor.Finding("git", True, "/usr/bin/git")
    assert [(one.check, one.ok, one.detail) for one in doctor._summed(iter([git, *held, *worse, git]))] == [
        ("git", True, "/usr/bin/git"),
        ("box 4.5", True, "all 3 attacks were held off; each one: --json"),
        ("box 5.0: attack 1", False, "ran"),
        ("git", True, "/usr/bin/git"),
    ]
