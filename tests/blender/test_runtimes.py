"""Runtimes and their API schema."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from voxel.blender import Blender, Runtime, schema
from voxel.blender import runtimes as room
from voxel.blender.runtimes import available, default, exactly, find, from_executable, from_python
from voxel.blender.schema import differences
from voxel.errors import SetupError, UsageError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache folder of its own, with no runtime added."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "voxel"


def test_the_default_is_the_one_installed_with_the_package() -> None:
    runtime = default()
    assert runtime == from_python(sys.executable)
    assert find() == find(runtime.version) == find(runtime.series) == runtime
    assert available()[0] == runtime


def test_a_version_that_is_missing_names_the_command_that_adds_it(cache: Path) -> None:
    with pytest.raises(SetupError, match=r"Blender 3\.3 is not installed; add it with: voxel blender add 3\.3"):
        find("3.3")


def test_a_runtime_that_broke_names_the_command_that_mends_it(cache: Path) -> None:
    venv.create(cache / "runtimes" / "4.2", with_pip=False)
    with pytest.raises(SetupError, match=r"runtime 4\.2 is broken; mend it with: voxel blender add 4\.2"):
        find("4.2")
    assert [runtime.series for runtime in available()] == [default().series]


def test_what_is_no_version_cannot_be_added_nor_a_stranger_removed(cache: Path) -> None:
    with pytest.raises(UsageError, match="not a Blender version"):
        room.add("../evil")
    with pytest.raises(UsageError, match="no added runtime"):
        room.remove("4.5")


def test_a_program_is_asked_for_its_version(tmp_path: Path, cache: Path) -> None:
    program = tmp_path / "blender"
    program.write_text("#!/bin/sh\necho 'Blender 4.2.9 LTS'\n")
    program.chmod(0o755)
    runtime = room.add_executable("4.2", str(program))
    assert (runtime.version, runtime.executable, runtime.python) == ("4.2.9", True, str(program))
    assert find("4.2") == from_executable(str(program)) == exactly("4.2.9")
    with pytest.raises(SetupError, match=r"Blender 4\.2\.8 is asked for, and here is 4\.2\.9: install the same"):
        exactly("4.2.8")
    with pytest.raises(SetupError, match=r"is Blender 4\.2\.9, not 4\.3"):
        room.add_executable("4.3", str(program))
    room.remove("4.2")
    assert not (cache / "runtimes" / "4.2").exists()


def test_the_schema_knows_operators_types_nodes(series: Runtime) -> None:
    known = schema(series)
    assert known.version.startswith(series.series)
    assert known.operators["mesh.primitive_cube_add"]["size"] == {"t": "FLOAT", "d": 2.0}
    assert known.property("Mesh", "name") is not None
    assert "use_auto_smooth" not in known.names("Mesh")
    assert known.types["SubsurfModifier"].properties["levels"]["t"] == "INT"
    principled = known.nodes["ShaderNodeBsdfPrincipled"]
    assert principled.trees == ["ShaderNodeTree"]
    assert [socket[0] for socket in principled.inputs][:3] == ["Base Color", "Metallic", "Roughness"]
    assert known.modifiers["SUBSURF"] == "Subdivision Surface"
    assert known.constraints["TRACK_TO"] == "Track To"
    assert "normalized" in known.modules["mathutils.Vector"]


def test_the_schema_is_taken_once_and_a_damaged_copy_anew(cache: Path) -> None:
    with Blender() as blender:
        first = schema(blender.runtime, blender)
        (kept,) = (cache / "schema").iterdir()
        assert kept.stat().st_size < 400_000
        kept.write_bytes(b"damaged")
        assert schema(blender.runtime, blender).version == first.version
        blender.close()
    assert schema(default()).operators.keys() == first.operators.keys()


def test_differences_name_what_went_and_came() -> None:
    versions = {runtime.series: runtime for runtime in available()}
    if not {"4.5", "5.0"} <= versions.keys():
        pytest.skip("needs both versions")
    changes = differences(schema(versions["4.5"]), schema(versions["5.0"]))
    assert "-CompositorNodeComposite" in changes["nodes"]
    assert "-wm.collada_export" in changes["operators"]
    assert "~Scene: +compositing_node_group" in changes["types"]
    assert "~Action: -fcurves" in changes["types"]
    assert "+GEOMETRY_ATTRIBUTE" in changes["constraints"]
    assert all(lines == [] for lines in differences(schema(versions["4.5"]), schema(versions["4.5"])).values())
