"""The interface of node groups: sockets and panels."""

from __future__ import annotations

from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script

FIRST = ("subtype", "default_input")


def write_interface(script: Script, tree: str, new: Json, old: Json | None, path: str) -> None:
    """Make the sockets and panels of a group; of a group that exists, those that are not there yet."""
    items = new.get("interface", [])
    there = {(item["item"], item["name"], item.get("in_out")) for item in (old or {}).get("interface", [])}
    panels: dict[str, str] = {}
    parents = {item["parent"] for item in items if item.get("parent")}
    for item in items:
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
        if not item["props"] and not is_parent:
            script.do(creation)
            continue
        variable = script.names.take(
            item["name"], "panel" if is_parent else "socket", suffix="_panel" if is_parent else "_socket"
        )
        script.assign(variable, creation)
        if is_parent:
            panels[item["name"]] = variable
        typed = {"type": item.get("type", ""), "props": item["props"]}
        write_props(script, variable, typed, where)
    wanted = {(item["item"], item["name"], item.get("in_out")) for item in items}
    for kind, name, in_out in sorted(there - wanted, key=str):
        del kind, in_out
        script.skip(f"{path}.interface", f"the interface item {name!r} is taken away")
