"""Materials and worlds without nodes: 5.0 gives every one nodes, so there the colour has to be set on these too."""

from __future__ import annotations

from voxel.bpycode.layout import INDENT
from voxel.bpycode.script import Json, Script
from voxel.bpycode.versions import NEW

LOOKS = {
    "diffuse_color": "Base Color", "metallic": "Metallic", "roughness": "Roughness",
    "specular_intensity": "Specular IOR Level",
}  # fmt: skip
"""Properties of a material without nodes, and the sockets that show them once it has some."""


def show_look(script: Script, variable: str, block: Json, old: Json | None = None) -> None:
    """What a material or world of 4.5 without nodes looks like, for the nodes that it has in 5.0."""
    if block.get("tree") or script.modern():
        return
    props, were = block["props"], (old or {"props": {}})["props"]
    if block["type"] == "World":
        if props.get("color") != were.get("color"):
            target = f'{variable}.node_tree.nodes["Background"].inputs["Color"].default_value'
            script.add([f"{' ' * script.indent}# Every world has nodes in 5.0"])
            script.when(NEW, target, f"(*{variable}.color, 1)")
        return
    changed = [name for name in LOOKS if props.get(name) != were.get(name)]
    if not changed:
        return
    indent = " " * script.indent
    script.add([f"{indent}# Every material has nodes in 5.0", f"{indent}if {NEW}:"])
    script.indent += INDENT
    principled = script.names.passing("principled")
    script.assign(principled, f'{variable}.node_tree.nodes["Principled BSDF"]')
    for name in changed:
        script.assign(f'{principled}.inputs["{LOOKS[name]}"].default_value', f"{variable}.{name}")
    script.indent -= INDENT
