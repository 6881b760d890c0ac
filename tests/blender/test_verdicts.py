"""What a run says about a script."""

from __future__ import annotations

import msgspec
import pytest

from voxel.blender import Blender, Run


def run(blender: Blender, *sources: str, timeout: float = 20) -> Run:
    return blender.run(*sources, timeout=timeout, result="counts")


def counts(result: Run) -> dict[str, int]:
    assert result.scene is not None
    return msgspec.json.decode(result.scene, type=dict[str, int])


def test_a_script_that_holds_passes_and_its_scene_is_counted(blender: Blender) -> None:
    result = run(blender, "import bpy\nbpy.ops.mesh.primitive_cube_add()\nprint('made')\n")
    assert (result.verdict, result.errors, result.api_statements, result.api_held) == ("passed", [], 1, 1)
    assert counts(result)["vertices"] == 8
    assert result.output.startswith("made\n")


def test_each_unit_starts_in_an_empty_scene(blender: Blender) -> None:
    run(blender, "import bpy\nbpy.ops.mesh.primitive_cube_add()\nimport builtins\nbuiltins.left = 1\n")
    result = run(blender, "import bpy, builtins\nassert not bpy.data.objects\nassert not hasattr(builtins, 'left')\n")
    assert result.verdict == "passed"
    assert counts(result)["objects"] == 0


def test_the_rest_runs_after_an_error(blender: Blender) -> None:
    result = run(blender, "import bpy\nbpy.nothing()\nbpy.ops.mesh.primitive_cube_add()\nbpy.data.objects['No']\n")
    assert result.verdict == "failed"
    assert [(error.line, error.kind) for error in result.errors] == [(2, "AttributeError"), (4, "KeyError")]
    assert (result.api_statements, result.api_held) == (3, 1)
    assert counts(result)["objects"] == 1


def test_a_missing_name_is_laid_to_the_statement_that_should_have_made_it(blender: Blender) -> None:
    result = run(blender, "import bpy\nmesh = bpy.data.meshes.neu('M')\nprint(mesh.name)\n")
    assert [(error.line, error.consequence_of) for error in result.errors] == [(2, None), (3, 2)]


def test_statements_inside_functions_and_loops_fail_one_by_one(blender: Blender) -> None:
    source = (
        "import bpy\n"
        "def main():\n"
        "    bpy.ops.mesh.primitive_cube_add()\n"
        "    obj = bpy.context.object\n"
        "    for index in range(4):\n"
        "        obj.wrong = index\n"
        "        obj.location.x = index\n"
        "    obj.name = 'Kept'\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
        "assert bpy.data.objects['Kept'].location.x == 3\n"
    )
    result = run(blender, source)
    assert [(error.line, error.kind) for error in result.errors] == [(6, "AttributeError")]
    assert (result.api_statements, result.api_held) == (6, 5)


def test_errors_that_the_script_catches_are_its_own_business(blender: Blender) -> None:
    source = (
        "import bpy\nfrom contextlib import suppress\n"
        "def engine():\n    bpy.context.scene.render.engine = 'NONE_SUCH'\n"
        "try:\n    engine()\nexcept TypeError:\n    caught = 1\n"
        "def inner():\n    try:\n        engine()\n    except TypeError:\n        return 2\n"
        "with suppress(TypeError):\n    engine()\n"
        "assert (caught, inner()) == (1, 2)\n"
    )
    assert run(blender, source).errors == []


def test_a_loop_that_waits_for_a_failing_call_ends(blender: Blender) -> None:
    result = run(blender, "import bpy\nwhile True:\n    if bpy.data.nothing:\n        break\nprint('after')\n")
    assert result.verdict == "failed"
    assert {error.line for error in result.errors} == {3}
    assert "after" in result.output


def test_sources_run_one_after_another_each_a_main_of_its_own(blender: Blender) -> None:
    first = "import bpy\nbpy.ops.mesh.primitive_cube_add()\nvalue = 1\n"
    second = "import bpy\nassert len(bpy.data.objects) == 1\nprint(__name__)\nvalue\n"
    result = run(blender, first, second)
    assert [(error.source, error.line, error.kind) for error in result.errors] == [(1, 4, "NameError")]
    assert "__main__" in result.output


@pytest.mark.parametrize(
    ("source", "line"),
    [("x = [\n", 1), ("import bpy\nreturn\n", 2), ("a = 'b\n", 1), ("import bpy\n\x00", 1), ("(" * 300 + ")" * 300, 1)],
    ids=["open bracket", "return outside", "open string", "null byte", "too deep"],
)
def test_what_does_not_parse_fails_with_its_line(blender: Blender, source: str, line: int) -> None:
    result = run(blender, source)
    assert result.verdict == "failed"
    assert result.errors[0].line == line
    assert result.errors[0].kind in {"SyntaxError", "MemoryError", "RecursionError"}


@pytest.mark.parametrize(
    ("source", "verdict", "kind"),
    [
        ("import os\nos._exit(0)\n", "failed", "exit"),
        ("import bpy\nbpy.ops.wm.quit_blender()\n", "failed", "exit"),
        ("import sys\nsys.exit(0)\n", "failed", "SystemExit"),
        ("while True:\n    pass\n", "timeout", "timeout"),
        ("import os\nos.abort()\n", "crashed", "crash"),
        ("import ctypes\nctypes.string_at(0)\n", "blocked", "blocked"),
    ],
    ids=["_exit", "quit", "sys.exit", "endless", "abort", "ctypes"],
)
def test_no_end_but_the_last_statement_passes(blender: Blender, source: str, verdict: str, kind: str) -> None:
    result = run(blender, source, timeout=1)
    assert (result.verdict, result.errors[-1].kind) == (verdict, kind)


def test_ordinary_library_code_works_under_the_audit_hook(blender: Blender) -> None:
    source = (
        "import collections, dataclasses, enum, functools, json, logging, math, random, re, tempfile, threading\n"
        "import traceback, typing, warnings, pathlib\n"
        "import bmesh, mathutils, numpy\n"
        "Point = collections.namedtuple('Point', 'x y')\n"
        "Pair = typing.NamedTuple('Pair', [('a', int)])\n"
        "Color = enum.Enum('Color', 'RED GREEN')\n"
        "@dataclasses.dataclass\nclass Part:\n    size: float = 1.0\n"
        "@functools.lru_cache\ndef twice(value):\n    return value * 2\n"
        "try:\n    raise ValueError('shown')\nexcept ValueError as error:\n"
        "    traceback.print_exc()\n    text = traceback.format_exc()\n    logging.exception('logged')\n"
        "assert 'ValueError: shown' in text and 'line 16' not in text.splitlines()[0]\n"
        "warnings.warn('be careful', stacklevel=2)\n"
        "logging.getLogger('x').warning('hello')\n"
        "thread = threading.Thread(target=print, args=('threaded',))\nthread.start()\nthread.join()\n"
        "with tempfile.TemporaryDirectory() as folder:\n    pathlib.Path(folder, 'a').write_text(json.dumps([1]))\n"
        "mesh = bmesh.new()\nbmesh.ops.create_cube(mesh, size=1.0)\nmesh.verts.ensure_lookup_table()\n"
        "assert len(mesh.verts) == 8 and numpy.random.default_rng(1).random() < 1 and twice(2) == 4\n"
        "assert mathutils.Vector((3, 4, 0)).length == 5.0 and random.Random(1).random() == 0.13436424411240122\n"
    )
    result = run(blender, source)
    assert (result.verdict, result.errors) == ("passed", [])
    assert "ValueError: shown" in result.output


def test_datablocks_without_users_reach_the_judge(blender: Blender) -> None:
    result = blender.run(
        "import bpy\nbpy.data.materials.new('Loose')\nbpy.data.meshes.new('Kept').use_fake_user = True\n"
        "bpy.data.objects.new('Unlinked', None)\n"
    )
    assert result.verdict == "passed"
    assert result.scene is not None
    assert b'"Loose"' in result.scene
    assert b'"Kept"' in result.scene
    assert b'"Unlinked"' in result.scene


def test_output_is_kept_to_its_first_part(blender: Blender) -> None:
    result = run(blender, "for _ in range(1000):\n    print('x' * 1000)\n")
    assert result.verdict == "passed"
    assert len(result.output) == 65536


def test_only_the_last_source_is_counted_and_what_it_tried_is_its_own(blender: Blender) -> None:
    stage = "import bpy\nfor _ in range(3):\n    bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name = 'Box'\n"
    nothing = blender.run(stage, "import bpy\n", dump=False)
    assert (nothing.verdict, nothing.api_statements, nothing.api_held) == ("passed", 0, 0)
    half = blender.run(stage, "import bpy\nbox = bpy.data.objects['Box']\nif box:\n    box.rubbish()\n", dump=False)
    assert (half.verdict, half.api_statements, half.api_held) == ("failed", 2, 1)
    assert [(error.source, error.line) for error in half.errors] == [(1, 4)]
    tried = blender.run(stage, "import os\nos.system('id')\n", dump=False)
    assert [(error.kind, error.source, error.line) for error in tried.errors] == [("blocked", 1, 2)]
