"""Materials with their nodes: one by one, or in a loop over a table where they differ in colours and numbers alone."""

from __future__ import annotations

from voxel.bpycode.data import edit_data
from voxel.bpycode.layout import INDENT, quote
from voxel.bpycode.look import show_look
from voxel.bpycode.props import write_props
from voxel.bpycode.repeats import references
from voxel.bpycode.script import Id, Json, Script
from voxel.bpycode.templates import MOST_COLUMNS, Columns, shape_key
from voxel.bpycode.trees import write_tree

FEWEST = 3
"""Alike materials that make a loop shorter than saying each."""
LAYOUT = frozenset({"location", "width", "label", "parent"})
"""Parts of a node that say only where it lies."""


def write_materials(script: Script, changed: list[tuple[Id, Json, Json | None]]) -> None:
    """New and changed materials: what they are to be, and what they were."""
    alike: dict[str, list[tuple[Id, Json]]] = {}
    for needed, block, old in changed:
        if old is None and can_loop(script, block):
            alike.setdefault(shape_key(bare(block)), []).append((needed, bare(block)))
    looped: set[Id] = set()
    first_of = {group[0][0]: group for group in alike.values() if len(group) >= FEWEST}
    for needed, block, old in changed:
        if needed in looped:
            continue
        script.paragraph()
        script.names.open_block()
        group = first_of.get(needed, [])
        if group and write_loop(script, group):
            looped |= {one for one, _ in group}
        else:
            script.names.keep(write_one(script, needed, block, old))
        script.names.close_block()


def write_one(script: Script, needed: Id, block: Json, old: Json | None) -> str:
    """Make or change one material; the variable or expression that it is known by."""
    if old is not None:
        edit_data(script, needed, block, old)
        variable = script.known(needed) or ""
    else:
        variable = script.name(needed)
        make(script, variable, needed, block)
    show_look(script, variable, block, old)
    return variable


def make(script: Script, variable: str, needed: Id, block: Json) -> None:
    path = f'materials["{needed[1]}"]'
    script.new(variable, needed)
    write_props(script, variable, block, path)
    if block.get("tree"):
        write_tree(script, variable, "materials", block["tree"], f"{path}.node_tree")


def can_loop(script: Script, block: Json) -> bool:
    """Whether nothing of a material has to wait or to bear a name of its own."""
    animated = "animation" in block or "animation" in block.get("tree", {}) or "custom" in block
    return not animated and all(script.ready(needed) for needed in references(block))


def bare(block: Json) -> Json:
    """A material without its name and without where its nodes lie."""
    rest = {key: part for key, part in block.items() if key != "name"}
    if "tree" in rest:
        nodes = [{key: part for key, part in node.items() if key not in LAYOUT} for node in rest["tree"]["nodes"]]
        rest["tree"] = {**rest["tree"], "nodes": nodes}
    return rest


def write_loop(script: Script, group: list[tuple[Id, Json]]) -> bool:
    """Make alike materials in a loop; False, and nothing written, where the table would be hard to read."""
    script.names.open_block()
    trial = Columns(script)
    trial.merge([block for _, block in group])
    script.names.close_block()
    if len(trial.docs) > MOST_COLUMNS:
        return False
    columns = Columns(script)
    needed = group[0][0]
    script.called[needed] = columns.add("name", [quote(name) for (_, name), _ in group]).word
    block = columns.merge([block for _, block in group])
    columns.loop()
    script.indent += INDENT
    variable = script.names.passing("material")
    make(script, variable, needed, block)
    show_look(script, variable, block)
    script.indent -= INDENT
    del script.called[needed]
    for (collection, name), _ in group:
        script.made((collection, name), f"bpy.data.{collection}[{quote(name)}]")
    return True
