"""Names come from strangers' files: none of them may break a script, or become part of its code."""

from __future__ import annotations

import ast
import keyword
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from voxel.bpycode import write
from voxel.bpycode.layout import quote
from voxel.bpycode.names import RESERVED, Names
from voxel.bpycode.paths import split, steps

NASTY = [
    '"); import os; os.system("true") #', "'''", '"""', "a\nimport os", "a\r\nb", "\u2028x", "{x}", "%s", "\\", '\\"',
    "1st", "", " ", "class", "print", "bpy", "radians", "Åse", "桌子", "\x00", "name", "nodes", "links", "location",
    "obj.delete()",
]  # fmt: skip
names = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def scene(one: str, other: str, text: str) -> dict[str, Any]:
    """A Scene in which every place that takes a name or a text has a strange one."""
    material = {"$id": ["materials", one]}
    node = {"type": "ShaderNodeTexNoise", "name": one, "label": other, "props": {}, "location": [0.0, 0.0]}
    end = {"node": one, "socket": "Fac", "label": text, "index": 0, "unique": True}
    tree = {
        "type": "ShaderNodeTree",
        "nodes": [node, {"type": "ShaderNodeOutputMaterial", "name": one + "x", "props": {}, "location": [0.0, 0.0]}],
        "links": [{"from": end, "to": {**end, "node": one + "x"}}],
        "animation": {"action": {"$id": ["actions", text]}, "slot": one},
    }
    keys = [{"frame": 1.0, "value": 0.0}, {"frame": 9.0, "value": 1.0}]
    paths = [f'nodes["{text}"].inputs[0].default_value', text, f'["{one}"]', f"location; {text}"]
    return {
        "active_scene": other,
        "units": {},
        "blocks": {
            "scenes": {other: {"type": "Scene", "props": {}, "root": {"objects": [one], "children": [text]}}},
            "collections": {text: {"type": "Collection", "props": {}, "objects": [], "children": []}},
            "materials": {one: {"type": "Material", "props": {}, "tree": tree}},
            "curves": {
                text: {"type": "TextCurve", "props": {"body": text}, "materials": [material]},
            },
            "objects": {
                one: {
                    "type": "Object", "kind": "FONT", "props": {"location": [1.0, 2.0, 3.0]},
                    "data": {"$id": ["curves", text]},
                    "modifiers": [{"type": "WaveModifier", "name": text, "props": {"vertex_group": other}}],
                    "vertex_groups": [{"name": other, "weights": [[0, 1.0]]}],
                    "animation": {"drivers": [{
                        "path": path, "index": 0, "type": "SCRIPTED", "expression": other,
                        "variables": [{"name": text, "type": "SINGLE_PROP", "targets": [
                            {"type": "DriverTarget", "props": {"data_path": text}}]}],
                    } for path in paths]},
                },
            },
            "actions": {
                text: {
                    "type": "Action", "props": {}, "slots": [{"name": one, "target": "NODETREE"}],
                    "fcurves": [{"path": path, "index": 0, "slot": one, "keys": keys} for path in paths],
                },
            },
        },
    }  # fmt: skip


ALLOWED = frozenset({
    "new", "link", "append", "clear", "add", "insert", "driver_add", "fcurve_ensure_for_datablock", "unlink",
    "animation_data_create", "next", "move_to", "radians", "keyframe_insert",
})  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(names, names, names)
def test_no_name_breaks_or_enters_the_code(one: str, other: str, text: str) -> None:
    source = write(scene(one, other, text))
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called in ALLOWED, source
        assert not isinstance(node, ast.Import) or [item.name for item in node.names] == ["bpy"]
        assert not isinstance(node, ast.Delete | ast.Lambda | ast.JoinedStr | ast.ListComp)
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {one, other, text} <= strings


@given(names)
def test_quote_is_the_text(text: str) -> None:
    assert ast.literal_eval(quote(text)) == text
    assert len(quote(text).splitlines()) == 1


@given(st.lists(names, max_size=12))
def test_variables_are_new_plain_names(wanted: list[str]) -> None:
    given_out = Names()
    taken = [given_out.take(name, "thing") for name in wanted]
    assert len(set(taken)) == len(taken)
    for name in taken:
        assert name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name not in RESERVED


def test_names_of_a_block_are_free_again() -> None:
    given_out = Names()
    given_out.open_block()
    assert [given_out.take("noise", "node"), given_out.take("noise", "node")] == ["noise", "noise_2"]
    given_out.keep("noise_2.inputs[0]")
    given_out.close_block()
    assert [given_out.take("noise", "node"), given_out.take("noise_2", "node")] == ["noise", "noise_2_2"]


@given(st.text(max_size=40))
def test_a_path_is_taken_apart_into_safe_steps(path: str) -> None:
    for step in steps(path) or []:
        ast.parse(f"x{step}", mode="eval")


def test_a_keyword_is_no_step() -> None:
    assert steps("if") is None
    assert steps('pose.bones["if"].class') is None
    assert steps('pose.bones["if"].location') == [".pose", ".bones", '["if"]', ".location"]


def test_paths() -> None:
    assert split('pose.bones["Arm \\"L\\""].location') == ('.pose.bones["Arm \\"L\\""]', "location") or split(
        'pose.bones["Arm \\"L\\""].location'
    ) == (".pose.bones['Arm \"L\"']", "location")
    assert split('nodes["Mix"].inputs[0].default_value') == ('.nodes["Mix"].inputs[0]', "default_value")
    assert split('["custom"]') is None
    assert split("location; import os") is None
    assert split("a.b()") is None
