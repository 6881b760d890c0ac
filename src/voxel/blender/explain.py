"""What an API error was about: the nearest valid name, and what the call became in this version of Blender.

Takes what the runner saw of an error (`Run.details`) and the schema of the runtime that raised it. First the
hand-written table of changes (`drift.json`: kind, owner, name, what happened, what to write instead), then the nearest
names that are really there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from voxel.blender.nearest import nearest
from voxel.blender.schema import Schema

Detail = dict[str, Any]
MOST = 4


class Change(NamedTuple):
    """One row of the table."""

    kind: str
    on: str
    name: str
    note: str
    use: str


class Case(NamedTuple):
    """One error to be explained."""

    match: re.Match[str]
    """The message, taken apart."""
    detail: Detail
    schema: Schema
    text: str
    """The source that the failing instruction came from."""


@cache
def changes() -> dict[tuple[str, str], list[Change]]:
    """The table, by kind and name."""
    out: dict[tuple[str, str], list[Change]] = {}
    for row in json.loads(files("voxel.blender").joinpath("drift.json").read_text("utf-8")):
        change = Change(*row)
        out.setdefault((change.kind, change.name), []).append(change)
    return out


def _known(kind: str, owners: list[str], name: str, valid: Callable[[str], bool] | None = None) -> list[str]:
    """Rows of the table for a name, on one of the owners or on any."""
    rows = changes().get((kind, name), [])
    order = [*owners, "*"]
    found = sorted((row for row in rows if row.on in order), key=lambda row: order.index(row.on))
    return [f"`{name}` {_was(row.note)}: use {row.use}" for row in found if valid is None or valid(row.use)]


def _was(note: str) -> str:
    passive = ("removed", "renamed", "moved", "replaced", "deprecated", "named", "spelled")
    return f"was {note}" if note.startswith(passive) else f"is {note}" if note.startswith("not ") else note


def explain(detail: Detail, schema: Schema, source: str) -> list[str]:
    """Suggestions for one error, best first, at most four; empty where nothing sensible can be said."""
    message = detail["message"]
    if detail.get("consequence_of"):
        return [f"follows from the error in line {detail['consequence_of']}"]
    out: list[str] = []
    for pattern, answer in _PATTERNS:
        match = pattern.search(message)
        if match and (not out):
            out = answer(Case(match, detail, schema, _segment(detail, source)))
    return list(dict.fromkeys(out))[:MOST]


def _segment(detail: Detail, source: str) -> str:
    """The source that the failing instruction came from."""
    span = detail.get("span")
    lines = source.splitlines()
    if not span or None in span or span[1] > len(lines):
        return lines[detail["line"] - 1] if 0 < detail["line"] <= len(lines) else ""
    first, last, start, end = span
    chunk = lines[first - 1 : last]
    chunk[-1] = chunk[-1].encode()[:end].decode(errors="replace")
    chunk[0] = chunk[0].encode()[start:].decode(errors="replace")
    return "\n".join(chunk)


def _attribute(case: Case) -> list[str]:
    owner, name = case.match["owner"], case.match["name"]
    if owner == "module":
        return []
    owners = case.schema.lineage(owner) or [owner]
    out = _known("attribute", owners, name)
    names = case.schema.names(owner)
    if owner == "Context":
        names = case.schema.context
    for module, members in case.schema.modules.items():
        if module.rpartition(".")[2] == owner:
            names = members
    out += [f"{owner}.{item}" for item in nearest(name, names)]
    if not out and owner in case.schema.types:
        others = case.schema.paths.get(name, [])
        pointing = [p for p, facts in case.schema.types[owner].properties.items() if facts.get("of") in others]
        out = [f"{owner}.{item}.{name}" for item in pointing[:3]]
    return out


def _collection(case: Case) -> list[str]:
    name, owner, member = case.match["name"], case.detail.get("owner") or "", case.detail.get("member") or ""
    out = _known("collection", [f"{kind}.{member}" for kind in case.schema.lineage(owner)], name)
    facts = case.schema.property(owner, member) or {}
    where = f"bpy.data.{member}" if owner == "BlendData" else f"{owner}.{member}"
    names = case.schema.names(facts.get("as", "")) or ["new", "remove", "get", "find", "keys", "items", "values"]
    return out + [f"{where}.{item}" for item in nearest(name, names)]


def _read_only(case: Case) -> list[str]:
    name, owner = case.match["name"], case.detail.get("type") or ""
    return _known("readonly", case.schema.lineage(owner), name) or [f"`{name}` of {owner} can be read, not written"]


def _operator(case: Case) -> list[str]:
    name = case.match["name"]
    module, _, short = name.partition(".")
    out = _known("op", [], name)
    same = nearest(short, [op.partition(".")[2] for op in case.schema.operators if op.startswith(module + ".")], 2)
    out += [f"bpy.ops.{module}.{item}" for item in same]
    return out + [f"bpy.ops.{item}" for item in nearest(name, case.schema.operators, 2)]


def _called(text: str) -> str:
    found = re.findall(r"bpy\.ops\.([\w.]+?)\s*\(", text)
    return str(found[0]) if found else ""


def _operator_keyword(case: Case) -> list[str]:
    operator, name = _called(case.text), case.match["name"]
    out = _known("keyword", [operator], name)
    valid = case.schema.operators.get(operator, {})
    out += [f"{item}=..." for item in nearest(name, valid)]
    return out or [f"bpy.ops.{operator} takes: {', '.join(valid) or 'nothing'}"]


def _bmesh_keyword(case: Case) -> list[str]:
    return _known("keyword", [case.match["op"]], case.match["name"])


def _function_keyword(case: Case) -> list[str]:
    valid = [item.strip() for item in case.match["valid"].split(",") if item.strip()]
    out: list[str] = []
    for wrong in case.match["names"].split(","):
        out += _known("keyword", [], wrong.strip()) + [f"{item}=..." for item in nearest(wrong.strip(), valid)]
    return [*out, f"{case.match['call']}({', '.join(valid)})"]


def _signature(case: Case) -> list[str]:
    owner, _, function = case.match["call"].partition(".")
    for kind in case.schema.lineage(owner):
        parameters = case.schema.types[kind].functions.get(function)
        if parameters is not None:
            words = [
                f"{n}={facts['d']!r}" if "d" in facts and facts["t"] != "POINTER" else n
                for n, facts in parameters.items()
            ]
            return [f"{case.match['call']}({', '.join(words)})"]
    return []


def _enum(case: Case) -> list[str]:
    name, items = case.match["name"], re.findall(r"'((?:[^'\\]|\\.)*)'", case.match["items"])
    out = _known("enum", [], name, lambda use: use in items)
    close = nearest(name, items, 3, 0.6)
    if not out and not close:
        close = [item for item in items if _shares(name, item)][:3]
    out += [f"'{item}'" for item in close]
    return out or [f"one of: {', '.join(items[:12])}"]


def _shares(a: str, b: str) -> bool:
    return a.lower() in b.lower() or b.lower() in a.lower()


def _key(case: Case) -> list[str]:
    name, keys = case.match["name"], case.detail.get("keys") or []
    owner, member = case.detail.get("owner") or "", case.detail.get("member") or ""
    out = _known("socket", [f"{owner}.{member}"], name)
    if not keys and owner in case.schema.nodes:
        node = case.schema.nodes[owner]
        keys = [str(item[0]) for item in (node.inputs if member == "inputs" else node.outputs)]
    close = nearest(name, keys, 3, 0.6)
    out += [f"'{item}'" for item in close]
    if not close and keys:
        out.append(f"one of: {', '.join(dict.fromkeys(keys[:30]))}")
    return out


def _node(case: Case) -> list[str]:
    name = case.match["name"]
    out = _known("node", [], name)
    labels = {item.label: kind for kind, item in case.schema.nodes.items()}
    close = [*nearest(name, case.schema.nodes, 2), *(labels[item] for item in nearest(_bare(name), labels, 1, 0.9))]
    return out + close


def _bare(name: str) -> str:
    return re.sub(r"^(Shader|Geometry|Compositor|Texture|Function)Node(Tex|Bsdf)?", "", name)


_MODES = {
    "mesh": "EDIT", "uv": "EDIT", "curve": "EDIT", "armature": "EDIT", "pose": "POSE", "sculpt": "SCULPT",
    "paint": "VERTEX_PAINT", "particle": "PARTICLE_EDIT", "mball": "EDIT", "lattice": "EDIT", "surface": "EDIT",
}  # fmt: skip
_AREAS = {"view3d": "VIEW_3D", "image": "IMAGE_EDITOR", "node": "NODE_EDITOR", "sequencer": "SEQUENCE_EDITOR",
          "graph": "GRAPH_EDITOR", "action": "DOPESHEET_EDITOR", "screen": "VIEW_3D", "nla": "NLA_EDITOR"}  # fmt: skip


def _poll(case: Case) -> list[str]:
    module, why = case.match["name"].partition(".")[0], case.match["why"]
    active = "set the object first: bpy.context.view_layer.objects.active = object; object.select_set(True)"
    if "active" in why:
        return [active]
    mode = _MODES.get(module)
    if mode and not case.match["name"].startswith("mesh.primitive_"):
        return [
            f"needs {mode} mode: call bpy.ops.object.mode_set(mode='{mode}') first, or work on the data itself",
            active,
        ]
    if module in _AREAS:
        return [
            f"needs a window with an area of type {_AREAS[module]}: bpy.context.temp_override(window=..., area=...); "
            "there is none without a screen, so set the property itself",
        ]
    return [
        active,
        "needs another context: with bpy.context.temp_override(...)",
        "needs OBJECT mode: mode_set(mode='OBJECT')",
    ]


def _override(_: Case) -> list[str]:
    return ["a context dictionary was removed in 4.0: use with bpy.context.temp_override(...): around the call"]


def _multiply(_: Case) -> list[str]:
    return ["matrices, quaternions and vectors are multiplied with @ since 2.80: a @ b"]


def _bmesh_table(_: Case) -> list[str]:
    return ["call bm.verts.ensure_lookup_table() (or of edges, faces) before indexing"]


def _bmesh_op(case: Case) -> list[str]:
    name = case.match["name"]
    return _known("bmesh", [], name) + [f"bmesh.ops.{item}" for item in nearest(name, case.schema.modules["bmesh.ops"])]


def _module(case: Case) -> list[str]:
    module, name = case.match["module"], case.match["name"]
    out = _known("module", [module], name)
    names = list(case.schema.types) if module == "bpy.types" else case.schema.modules.get(module, [])
    out += [f"{module}.{item}" for item in nearest(name, names)]
    return out or [f"{place}.{name}" for place, members in case.schema.modules.items() if name in members][:2]


def _import(case: Case) -> list[str]:
    name = case.match["name"]
    return _known("import", [], name) + nearest(name, case.schema.modules, 2, 0.9)


def _constructor(case: Case) -> list[str]:
    found = re.search(r"bpy\.types\.(\w+)", case.text)
    return _known("constructor", ["bpy.types"], found[1]) if found else []


_PATTERNS: list[tuple[re.Pattern[str], Callable[[Case], list[str]]]] = [
    (re.compile(r"^'(?P<owner>\w+)' object has no attribute '(?P<name>\w+)'"), _attribute),
    (re.compile(r"^bpy_prop_collection: attribute \"(?P<name>\w+)\" not found"), _collection),
    (re.compile(r"\"(?P<name>\w+)\"(?: from \"\w+\")? is read-only"), _read_only),
    (re.compile(r"Calling operator \"bpy\.ops\.(?P<name>[\w.]+)\" error, could not be found"), _operator),
    (re.compile(r"py args to operator properties:.*keyword \"(?P<name>\w+)\" unrecognized"), _operator_keyword),
    (re.compile(r"^(?P<op>\w+): keyword \"(?P<name>\w+)\" is invalid for this operator"), _bmesh_keyword),
    (
        re.compile(
            r"(?P<call>\w+\.\w+)\(\): was called with invalid keyword argument\(s\) \((?P<names>[^)]*)\), "
            r"expected \((?P<valid>[^)]*)\)"
        ),
        _function_keyword,
    ),
    (re.compile(r"(?P<call>\w+\.\w+)\(\): (?:required parameter|takes at most|was called with)"), _signature),
    (re.compile(r"enum \"(?P<name>[^\"]*)\" not found in \((?P<items>.*)\)", re.DOTALL), _enum),
    (re.compile(r"bpy_prop_collection\[key\]: key \"(?P<name>.*)\" not found"), _key),
    (re.compile(r"Node type (?P<name>\w+) undefined"), _node),
    (re.compile(r"Operator bpy\.ops\.(?P<name>[\w.]+)\.poll\(\) (?P<why>.*)"), _poll),
    (re.compile(r"1-2 args execution context is supported"), _override),
    (re.compile(r"multiplication: not supported between '(?:Matrix|Quaternion|Vector|Euler)'"), _multiply),
    (re.compile(r"outdated internal index table"), _bmesh_table),
    (re.compile(r"BMeshOpsModule: operator \"(?P<name>\w+)\" doesn't exist"), _bmesh_op),
    (re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'"), _module),
    (re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'"), _module),
    (re.compile(r"No module named '(?P<name>[\w.]+)'"), _import),
    (re.compile(r"bpy_struct\.__new__\(struct\): expected a single argument"), _constructor),
]  # fmt: skip
