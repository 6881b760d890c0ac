"""The MCP server, driven by the SDK's own client over standard input and output."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client

from voxel.blender import Blender

RED = """
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add()
red = bpy.data.materials.new("Red")
red.use_nodes = True
red.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (1, 0, 0, 1)
bpy.context.object.data.materials.append(red)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where red.blend lies."""
    made = tmp_path_factory.mktemp("mcp")
    with Blender() as blender:
        (made / "red.blend").write_bytes(blender.make(RED))
    return made


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, Any]:
    """What one session of a client got."""
    return anyio.run(_session, folder)


async def _session(folder: Path) -> dict[str, Any]:
    words = ["-m", "voxel", "mcp", "--root", str(folder)]
    got: dict[str, Any] = {}
    async with Client(stdio_client(StdioServerParameters(command=sys.executable, args=words))) as client:
        got["tools"] = sorted(tool.name for tool in (await client.list_tools()).tools)
        for name, tool, given in (
            ("check", "check_script", {"code": "import bpy\nbpy.ops.mesh.primitive_qube_add()\n"}),
            ("operator", "api_lookup", {"name": "mesh.primitive_cube_add"}),
            ("material", "decompile", {"path": "red.blend", "material": "Red"}),
            ("no material", "decompile", {"path": "red.blend", "material": "Blue"}),
            ("outside", "decompile", {"path": "../red.blend"}),
            ("picture", "render", {"code": "import bpy\nbpy.ops.mesh.primitive_cube_add()\n", "size": 64}),
            ("other version", "api_lookup", {"name": "use_nodes", "compare_with": "9.9"}),
        ):
            got[name] = await client.call_tool(tool, given)
    return got


def test_the_four_tools_are_there(answers: dict[str, Any]) -> None:
    assert answers["tools"] == ["api_lookup", "check_script", "decompile", "render"]


def test_a_script_is_run_and_its_errors_are_explained(answers: dict[str, Any]) -> None:
    found = json.loads(answers["check"].content[0].text)
    assert found["verdict"] == "failed"
    assert found["errors"][0]["line"] == 2
    assert "bpy.ops.mesh.primitive_cube_add" in found["errors"][0]["suggestions"]


def test_an_operator_is_found_with_its_parameters(answers: dict[str, Any]) -> None:
    (entry,) = json.loads(answers["operator"].content[0].text)["found"]
    assert (entry["kind"], entry["name"], entry["size"]["d"]) == ("operator", "mesh.primitive_cube_add", 2.0)


def test_a_material_comes_as_code_that_makes_it(answers: dict[str, Any]) -> None:
    code = answers["material"].content[0].text
    assert "primitive_cube" not in code
    with Blender() as blender:
        run = blender.run(code)
    assert run.verdict == "passed"
    assert run.scene is not None
    assert "Red" in json.loads(run.scene)["blocks"]["materials"]


def test_what_cannot_be_is_an_error_in_one_line(answers: dict[str, Any]) -> None:
    assert answers["no material"].is_error
    assert "no material 'Blue'; there are: Red" in answers["no material"].content[0].text
    assert answers["outside"].is_error
    assert "does not lie below" in answers["outside"].content[0].text
    assert answers["other version"].is_error


def test_a_picture_comes_as_png(answers: dict[str, Any]) -> None:
    (image,) = answers["picture"].content
    data = base64.b64decode(image.data)
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == 64
