"""Nodes with items of their own (zones, captures, menus, index switches) and the pairing of zones."""

from __future__ import annotations

from voxel.bpycode.layout import Doc, call, quote
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script

WITH_SOCKET_TYPE = frozenset(
    {
        "state_items", "repeat_items", "capture_items", "bake_items", "input_items", "main_items", "generation_items",
        "bundle_items", "closure_items", "output_items", "format_items", "file_output_items",
    }
)  # fmt: skip
"""Collections of items whose `new` takes a socket type and a name."""

SOCKET_KINDS = {"FLOAT_VECTOR": "VECTOR", "FLOAT_COLOR": "RGBA", "QUATERNION": "ROTATION", "FLOAT4X4": "MATRIX"}
"""What `new` calls the kind of socket for a kind of data."""
NAMED = frozenset({"enum_items"})
COUNTED = frozenset({"index_switch_items"})


def pair_zones(script: Script, nodes: list[Json], made: dict[str, str]) -> None:
    """`zone_input.pair_with_output(zone_output)`."""
    for node in nodes:
        partner = node.get("paired")
        if partner and node["name"] in made and partner in made:
            script.do(call(f"{made[node['name']]}.pair_with_output", made[partner]))


def write_items(script: Script, variable: str, node: Json, path: str) -> None:
    """Make the items of a node anew."""
    for collection, items in node.get("items", {}).items():
        spot = f"{variable}.{collection}"
        if collection not in WITH_SOCKET_TYPE | NAMED | COUNTED:
            script.skip(f'{path}.nodes["{node["name"]}"].{collection}', f"items of {node['type']} have no writer")
            continue
        script.do(f"{spot}.clear()")
        for item in items:
            props = dict(item["props"])
            if collection in COUNTED:
                script.do(f"{spot}.new()")
                continue
            arguments: list[Doc] = [quote(item.get("name", ""))]
            if collection in WITH_SOCKET_TYPE:
                kind = props.pop("socket_type", None) or props.pop("data_type", "FLOAT")
                arguments.insert(0, quote(SOCKET_KINDS.get(str(kind), str(kind))))
            creation = call(f"{spot}.new", *arguments)
            props = {
                key: part for key, part in props.items() if key in ("description", "attribute_domain", "hide_value")
            }
            if any(props.values()):
                name = script.names.take(item.get("name", ""), "item")
                script.assign(name, creation)
                write_props(script, name, {"type": item["type"], "props": props}, path)
            else:
                script.do(creation)
