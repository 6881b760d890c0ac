"""`voxel check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voxel.blender import check
from voxel.cli import main as program
from voxel.cli.main import main

GOOD = "import bpy\n\nbpy.ops.mesh.primitive_cube_add(size=2)\n"
BAD = "import bpy\n\nmesh = bpy.data.meshes.new('M')\nmesh.use_auto_smooth = True\nbpy.data.objects.new('O', mesh)\n"


@pytest.fixture
def scripts(tmp_path: Path) -> tuple[Path, Path]:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(GOOD)
    bad.write_text(BAD)
    return good, bad


def test_a_script_that_holds_exits_0(scripts: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(scripts[0]), "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line.keys() == {"path", "blender", "verdict", "errors", "scores", "scene"}
    assert (line["path"], line["verdict"], line["errors"]) == (str(scripts[0]), "passed", [])
    assert line["scores"] == {"code_quality": 1.0, "blender_api": 1.0}
    assert (line["scene"]["objects"], line["scene"]["vertices"]) == (1, 8)


def test_one_that_does_not_exits_1_and_says_what_to_write(
    scripts: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *map(str, scripts), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in lines] == ["passed", "failed"]
    (error,) = lines[1]["errors"]
    assert (error["line"], error["kind"]) == (4, "AttributeError")
    assert "removed in 4.1" in error["suggestions"][0]
    assert lines[1]["scores"]["blender_api"] == pytest.approx(2 / 3, abs=1e-4)


def test_words_for_people_name_line_error_and_remedy(
    scripts: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(scripts[1])]) == 1
    out = capsys.readouterr().out
    assert "failed" in out
    assert "line 4: AttributeError: 'Mesh' object has no attribute 'use_auto_smooth'" in out
    assert "try: `use_auto_smooth` was removed in 4.1" in out


def test_two_versions_in_one_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from voxel.blender.runtimes import available

    if len({runtime.series for runtime in available()} & {"4.5", "5.0"}) < 2:
        pytest.skip("needs Blender 4.5 and 5.0")
    script = tmp_path / "drift.py"
    script.write_text("import bpy\n\nbpy.context.scene.render.engine = 'BLENDER_EEVEE'\n")
    assert main(["check", str(script), "--blender", "4.5", "--blender", "5.0", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in lines] == ["failed", "passed"]
    assert "BLENDER_EEVEE_NEXT" in lines[0]["errors"][0]["suggestions"][0]


def test_nothing_to_run_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "none.py")]) == 2
    binary = tmp_path / "binary.py"
    binary.write_bytes(b"\xff\xfe\x00")
    assert main(["check", str(binary)]) == 2
    assert main(["check", __file__, "--blender", "1.0"]) == 2
    said = capsys.readouterr().err
    assert "no such file" in said
    assert "not UTF-8" in said
    assert "add it with: voxel blender add 1.0" in said


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    scripts: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(scripts[0].with_name("none.py")), str(scripts[0]), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "passed"
    assert "no such file" in captured.err


def test_without_a_box_nothing_runs_unless_allowed(
    scripts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("voxel.blender.box.bwrap", lambda: None)
    assert main(["check", str(scripts[0])]) == 2
    assert "bubblewrap" in capsys.readouterr().err
    assert main(["check", str(scripts[0]), "--allow-unboxed"]) == 0


def test_as_a_library_it_takes_source_or_path(scripts: tuple[Path, Path]) -> None:
    assert callable(program)
    assert check(GOOD).verdict == "passed"
    assert check(scripts[1]).errors[0].line == 4
