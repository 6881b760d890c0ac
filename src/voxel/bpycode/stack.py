"""Modifiers and constraints of an object or a bone."""

from __future__ import annotations

from typing import Any

from voxel.bpycode.kinds import kind_of
from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.numbers import number
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.values import value


def write_stack(
    script: Script, owner: str, family: str, items: list[Json], path: str, old: list[Json] | None = None
) -> None:
    """Make the modifiers or constraints (`family` "Modifier" or "Constraint") that `owner` lacks, and change others.

    The same modifier before and after is the one of the same name and type.
    """
    spot = f"{owner}.{'modifiers' if family == 'Modifier' else 'constraints'}"
    there = {item["name"]: item for item in old or []}
    wanted = {item["name"]: item for item in items}
    stack = [item["name"] for item in old or []]
    for name, item in there.items():
        if name not in wanted or wanted[name]["type"] != item["type"]:
            script.do(call(f"{spot}.remove", f"{spot}[{quote(name)}]"))
            stack.remove(name)
    for place, item in enumerate(items):
        name = item["name"]
        where = f'{path}.{"modifiers" if family == "Modifier" else "constraints"}["{name}"]'
        if name in stack:
            if there[name] != item:
                variable = script.names.take(name, family.lower())
                script.assign(variable, f"{spot}[{quote(name)}]")
                write_settings(script, variable, item, where, there[name])
        else:
            write_new(script, spot, family, item, where)
            stack.append(name)
        if stack.index(name) != place:
            script.do(call(f"{spot}.move", str(stack.index(name)), str(place)))
            stack.insert(place, stack.pop(stack.index(name)))


def write_new(script: Script, spot: str, family: str, item: Json, path: str) -> None:
    kind = kind_of(item["type"], family)
    name = item["name"]
    if family == "Modifier":
        creation = call(f"{spot}.new", quote(name), quote(kind))
    else:
        creation = call(f"{spot}.new", quote(kind))
    renamed = family == "Constraint" and name != AUTO_NAMES.get(kind, kind.replace("_", " ").title())
    if not item["props"] and not item.get("inputs") and not renamed:
        script.do(creation)
        return
    variable = script.names.take(name, family.lower())
    script.assign(variable, creation)
    if renamed:
        script.assign(f"{variable}.name", quote(name))
    write_settings(script, variable, item, path)


AUTO_NAMES = {"IK": "IK", "SPLINE_IK": "Spline IK", "CLAMP_TO": "Clamp To", "TRANSFORM": "Transformation"}


def write_settings(script: Script, variable: str, item: Json, path: str, old: Json | None = None) -> None:
    write_props(script, variable, item, path, old)
    inputs = item.get("inputs") or []
    known = {entry["identifier"]: entry["value"] for entry in (old or {}).get("inputs", [])}
    group = identity(item["props"].get("node_group"))
    tree = script.block(group) if group else None
    for entry in inputs:
        if known.get(entry["identifier"]) == entry["value"] or entry["value"] is None:
            continue
        write_input(script, variable, tree, group, entry, path)


def write_input(
    script: Script, variable: str, tree: Json | None, group: tuple[str, str] | None, entry: Json, path: str
) -> None:
    """An input of a Geometry Nodes modifier, by the name that the group's interface gives it."""
    interface = ((tree or {}).get("tree") or {}).get("interface", [])
    names = [item["name"] for item in interface]
    what = entry["value"]
    integer = isinstance(what, int)

    def write() -> None:
        assert group is not None
        key: Doc
        holder = script.refer(group)
        if names.count(entry["name"]) == 1:
            key = f"{holder}.interface.items_tree[{quote(entry['name'])}].identifier"
        else:
            place = next(i for i, item in enumerate(interface) if item.get("identifier") == entry["identifier"])
            key = f"{holder}.interface.items_tree[{place}].identifier"
        script.assign(f"{variable}[{key}]", input_value(script, what, integer))

    if group is None or not any(item.get("identifier") == entry["identifier"] for item in interface):
        script.skip(f"{path}[{entry['identifier']}]", "an input of a group that the scene does not hold")
        return
    script.attempt(variable, path, write)


def input_value(script: Script, what: Any, integer: bool) -> Doc:
    """Custom properties keep the type that they are given: whole numbers stay floats."""
    if isinstance(what, float) and not integer:
        return number(what)
    if isinstance(what, list) and all(isinstance(part, float) for part in what):
        return value(script, what, "")
    return value(script, what)
