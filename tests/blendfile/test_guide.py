"""The guide's examples run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "blendfile.md"


def test_every_example_runs(
    blender: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blender(
        "bpy.ops.mesh.primitive_cube_add(location=(0, 0, 1))\n"
        "cube = bpy.context.object; cube.name = 'Body'; cube['label'] = 'x'\n"
        "cube.modifiers.new('s', 'SUBSURF')\n"
        "cube.data.materials.append(bpy.data.materials.new('M'))\n"
        "bpy.data.texts.new('note').write('hello')\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(tmp_path / 'robot.blend')!r})\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(tmp_path / 'huge.blend')!r})\n"
    )
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(examples) == 5
    names: dict[str, Any] = {}
    for example in examples:
        exec(example, names)
    printed = capsys.readouterr().out
    assert "405 {'Body': 'MESH'} {'Cube': 8}" in printed
    assert "MECube [0. 0. 0.]" in printed
    assert "SubsurfModifierData" in printed
    assert "hello" in printed
    assert names["properties"](names["thing"]) == {"label": "x"}
