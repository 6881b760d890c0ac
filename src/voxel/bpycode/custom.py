"""Custom properties of datablocks and bones."""

from __future__ import annotations

from voxel.bpycode.layout import Doc, call, listing, quote
from voxel.bpycode.script import Json, Script
from voxel.bpycode.values import value


def write_custom(script: Script, owner: str, new: Json, old: Json) -> None:
    """`bone["stretch"] = 0.5`, and its limits: numbers keep their kind."""
    for name, entry in new.items():
        was, what = old.get(name, {}), entry["value"]
        if name not in old or was["value"] != what or type(was["value"]) is not type(what):
            source: Doc = (
                listing(value(script, part, exact_float=True) for part in what)
                if isinstance(what, list)
                else value(script, what, exact_float=True)
            )
            script.assign(f"{owner}[{quote(name)}]", source)
        told = {
            key: value(script, entry[key], exact_float=True)
            for key in ("min", "max", "description")
            if key in entry and was.get(key) != entry[key]
        }
        if told:
            script.do(call(f"{owner}.id_properties_ui({quote(name)}).update", **told))
    for name in old:
        if name not in new:
            script.do(f"del {owner}[{quote(name)}]")


def write_all_custom(script: Script) -> None:
    """The custom properties of datablocks, before the drivers and keys that speak of them."""
    script.paragraph("Custom properties")
    for collection, blocks in script.after["blocks"].items():
        for name, block in blocks.items():
            old = script.old((collection, name)) or {}
            if block.get("custom", {}) != old.get("custom", {}) and (old or script.ready((collection, name))):
                owner = script.fetch((collection, name))
                script.names.keep(owner)
                write_custom(script, owner, block.get("custom", {}), old.get("custom", {}))
    script.no_heading()
