"""The interface of node groups: sockets and panels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script

FIRST = ("subtype", "default_input")


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
    for place, item in enumerate(items):
        if (item["item"], item["name"], item.get("in_out")) in there:
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
