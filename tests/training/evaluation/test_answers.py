"""Code is taken from an answer the way a user would take it."""

from __future__ import annotations

import pytest

from voxel.training.evaluation.answers import code_in

CUBE = "import bpy\nbpy.ops.mesh.primitive_cube_add(size=2)"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (f"```python\n{CUBE}\n```", CUBE + "\n"),
        (f"Sure! Here it is:\n\n```py\n{CUBE}\n```\nRun it in the text editor.", CUBE + "\n"),
        (f"~~~python\n{CUBE}\n~~~", CUBE + "\n"),
        (f"```\n{CUBE}\n```", CUBE + "\n"),
        (f"```python\n{CUBE}\n```\nthen\n```python\nx = 1\n```", CUBE + "\nx = 1\n"),
        (f"```bash\npip install bpy\n```\n```python\n{CUBE}\n```", CUBE + "\n"),
        (f"```python\n{CUBE}", CUBE + "\n"),
        (CUBE, CUBE + "\n"),
        (f"This script adds a cube.\n{CUBE}\nHope this helps, enjoy it!", CUBE + "\n"),
        (f"<think>```python\nwrong()\n```</think>\n```python\n{CUBE}\n```", CUBE + "\n"),
        ("```python\nbpy.ops.mesh.(\n```", "bpy.ops.mesh.(\n"),
        ("import bpy\nbpy.ops.mesh.(", "import bpy\n"),
    ],
)
def test_code_is_found(answer: str, code: str) -> None:
    assert code_in(answer) == code


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   \n",
        "I cannot help with that.",
        "Sure",
        "```python\n```",
        "```bash\nls\n```",
        "<think>import bpy",
        "Blender",
    ],
)
def test_no_code_is_none(answer: str) -> None:
    assert code_in(answer) is None
