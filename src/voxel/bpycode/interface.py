"""The interface of node groups: sockets and panels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby

from voxel.bpycode.layout import INDENT, Doc, call, quote
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script
from voxel.bpycode.templates import Columns, shape_key

FEWEST = 3
"""Sockets that are worth a loop."""


def alike_sockets(items: list[Json]) -> dict[int, list[Json]]:
    """Runs of sockets that differ in names and numbers alone, by the place of the first."""

    def key(item: Json) -> str:
        plain = item["item"] == "SOCKET" and item["socket_type"] != "NodeSocketMenu"
        kind = [item.get("in_out"), item.get("socket_type"), item.get("parent")]
        return shape_key(kind, item["props"]) if plain and "dimensions" not in item["props"] else ""

    found: dict[int, list[Json]] = {}
    for kind, group in groupby(enumerate(items), key=lambda pair: key(pair[1])):
        run = list(group)
        if kind and len(run) >= FEWEST:
            found[run[0][0]] = [item for _, item in run]
    return found


def write_sockets(script: Script, tree: str, items: list[Json], panels: dict[str, str], path: str) -> None:
    """Sockets of one kind in a loop."""
    columns = Columns(script)
    name = columns.add("name", [quote(item["name"]) for item in items]).word
    common = columns.merge([{"type": item.get("type", ""), "props": item["props"]} for item in items])
    columns.loop()
    keywords: dict[str, Doc] = {"in_out": quote(items[0]["in_out"]), "socket_type": quote(items[0]["socket_type"])}
    if items[0].get("parent") in panels:
        keywords["parent"] = panels[items[0]["parent"]]
    creation = call(f"{tree}.interface.new_socket", name, **keywords)
    script.indent += INDENT
    if common["props"]:
        variable = script.names.passing("socket")
        script.assign(variable, creation)
        write_props(script, variable, common, f"{path}.interface")
    else:
        script.do(creation)
    script.indent -= INDENT


def write_interface(script: Script, tree: str, new: Json, old: Json | None, path: str) -> list[Callable[[], None]]:
    """Make the sockets and panels of a group; of a group that exists, those that are not there yet.

    Returns what is to be written once the nodes are linked: which entries a menu has follows from the node that it
    feeds, and vectors get another length only when they are looked up again.
    """
    items = new.get("interface", [])
    there = {(item["item"], item["name"], item.get("in_out")) for item in (old or {}).get("interface", [])}
    panels: dict[str, str] = {}
    late: list[Callable[[], None]] = []
    parents = {item["parent"] for item in items if item.get("parent")}
    runs = alike_sockets(items) if old is None else {}
    in_loop: set[int] = set()
    for place, item in enumerate(items):
        if place in runs:
            in_loop |= set(range(place, place + len(runs[place])))
            write_sockets(script, tree, runs[place], panels, path)
        if place in in_loop or (item["item"], item["name"], item.get("in_out")) in there:
            continue
        where = f'{path}.interface.items_tree["{item["name"]}"]'
        keywords: dict[str, Doc] = {}
        if item["item"] == "PANEL":
            creation = call(f"{tree}.interface.new_panel", quote(item["name"]))
        else:
            keywords = {"in_out": quote(item["in_out"]), "socket_type": quote(item["socket_type"])}
            if item.get("parent") in panels:
                keywords["parent"] = panels[item["parent"]]
            creation = call(f"{tree}.interface.new_socket", quote(item["name"]), **keywords)
        is_parent = item["item"] == "PANEL" and item["name"] in parents
        within = panels.get(item.get("parent", "")) if item["item"] == "PANEL" else None
        if not item["props"] and not is_parent and within is None:
            script.do(creation)
            continue
        variable = script.names.take(
            item["name"], "panel" if is_parent else "socket", suffix="_panel" if is_parent else "_socket"
        )
        script.assign(variable, creation)
        if within is not None:
            before = sum(other.get("parent") == item["parent"] for other in items[:place])
            script.do(call(f"{tree}.interface.move_to_parent", variable, within, str(before)))
        if is_parent:
            panels[item["name"]] = variable
        props = dict(item["props"])
        if "default_value" in props and (item.get("socket_type") == "NodeSocketMenu" or "dimensions" in props):
            chosen = {"type": item.get("type", ""), "props": {"default_value": props.pop("default_value")}}
            target = variable
            if "dimensions" in props:  # the variable stands for a socket of three dimensions for good
                names = [one["name"] for one in items]
                key = quote(item["name"]) if names.count(item["name"]) == 1 else str(place)
                target = f"{tree}.interface.items_tree[{key}]"
            late.append(partial(write_props, script, target, chosen, where))
        write_props(script, variable, {"type": item.get("type", ""), "props": props}, where)
    wanted = {(item["item"], item["name"], item.get("in_out")) for item in items}
    for kind, name, in_out in sorted(there - wanted, key=str):
        del kind, in_out
        script.skip(f"{path}.interface", f"the interface item {name!r} is taken away")
    return late
