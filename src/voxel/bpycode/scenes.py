"""Collections, worlds, and the settings of scenes and their view layers."""

from __future__ import annotations

from voxel.bpycode.compositing import write_compositor
from voxel.bpycode.layout import call, quote
from voxel.bpycode.look import show_look
from voxel.bpycode.objects import collection_expression
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Id, Json, Script, identity
from voxel.bpycode.trees import edit_tree, write_tree
from voxel.records.scene import STARTUP_SCENE

STARTUP_LAYER = "ViewLayer"

LATE = frozenset({"camera", "world", "rigidbody_world"})


def children_of(scene: Json) -> dict[str, list[Id]]:
    """By collection: what it is a child of."""
    parents: dict[str, list[Id]] = {}
    for family in ("scenes", "collections"):
        for name, block in scene["blocks"].get(family, {}).items():
            for child in (block["root"] if family == "scenes" else block).get("children", []):
                parents.setdefault(child, []).append((family, name))
    return parents


def start_scenes(script: Script) -> None:
    """Name the scene that is there, and make those that are not."""
    active = script.after["active_scene"]
    before = script.before["active_scene"]
    for name in script.after["blocks"].get("scenes", {}):
        needed = ("scenes", name)
        if name == active:
            if before and script.old(needed) is not None and name != before:
                script.skip(f'scenes["{name}"]', "another scene becomes the active one")
            script.made(needed, "bpy.context.scene")
            if name != (before or STARTUP_SCENE) and script.old(needed) is None:
                script.assign("bpy.context.scene.name", quote(name))
        elif script.old(needed) is None:
            variable = script.name(needed, "_scene")
            script.new(variable, needed)


def write_collections(script: Script) -> None:
    """Make collections, parents first, and hang them into the tree."""
    parents = children_of(script.after)
    were = children_of(script.before)
    wanted = script.after["blocks"].get("collections", {})
    order: list[str] = []

    def visit(name: str, seen: frozenset[str]) -> None:
        if name in order or name in seen or name not in wanted:
            return
        for family, parent in parents.get(name, []):
            if family == "collections":
                visit(parent, seen | {name})
        order.append(name)

    for name in wanted:
        visit(name, frozenset())
    for name in order:
        needed = ("collections", name)
        old = script.old(needed)
        path = f'collections["{name}"]'
        links = [holder for holder in parents.get(name, []) if holder not in were.get(name, [])]
        if old is None:
            variable = script.name(needed)
            script.new(variable, needed)
        elif wanted[name]["props"] != old["props"] or links:
            variable = script.fetch(needed)
        else:
            continue
        for holder in links:
            link_child(script, variable, holder, path)
        write_props(script, variable, wanted[name], path, old)


def link_child(script: Script, variable: str, holder: Id, path: str) -> None:
    def write() -> None:
        expression = collection_expression(script, holder)
        if expression == "bpy.context.collection":
            expression = "bpy.context.scene.collection"
        script.do(call(f"{expression}.children.link", variable))

    script.attempt(variable, path, write)


def write_world(script: Script, needed: Id, block: Json, old: Json | None) -> None:
    """A world with its nodes."""
    path = f'worlds["{needed[1]}"]'
    if old is None:
        variable = script.name(needed)
        if variable != "world" and "world" not in variable:
            variable = script.names.take(needed[1], "world", suffix="_world")
        script.new(variable, needed)
        write_props(script, variable, block, path)
        if block.get("tree"):
            write_tree(script, variable, "worlds", block["tree"], f"{path}.node_tree")
        show_look(script, variable, block)
        return
    variable = script.fetch(needed)
    write_props(script, variable, block, path, old)
    show_look(script, variable, block, old)
    if block.get("tree") and old.get("tree"):
        edit_tree(script, f"{variable}.node_tree", block["tree"], old["tree"], f"{path}.node_tree")
    elif block.get("tree"):
        write_tree(script, variable, "worlds", block["tree"], f"{path}.node_tree")


def scene_variable(script: Script, name: str) -> str:
    """`scene`, the scene that is set."""
    needed = ("scenes", name)
    known = script.known(needed)
    if known is not None and known.isidentifier():
        return known
    variable = script.names.take("scene", "scene")
    script.assign(variable, known or f"bpy.data.scenes[{quote(name)}]")
    script.made(needed, variable)
    return variable


def write_scene_reference(script: Script, name: str, key: str) -> None:
    """`scene.camera = camera`, `scene.world = world`."""
    block = script.after["blocks"]["scenes"][name]
    old = script.old(("scenes", name))
    what = block["props"].get(key)
    if what == (old or {"props": {}})["props"].get(key):
        return
    needed = identity(what)
    path = f'scenes["{name}"].{key}'
    target = script.known(("scenes", name)) or f"bpy.data.scenes[{quote(name)}]"
    if needed is None:
        script.assign(f"{target}.{key}", "None")
        return
    script.attempt(target, path, lambda: script.assign(f"{target}.{key}", script.refer(needed)))


def write_rigid_world(script: Script) -> None:
    """The rigid body world, before the objects that are to live in it."""
    for name, block in script.after["blocks"].get("scenes", {}).items():
        what = block["props"].get("rigidbody_world")
        was = (script.old(("scenes", name)) or {"props": {}})["props"].get("rigidbody_world")
        if not isinstance(what, dict) or what == was:
            continue
        path = f'scenes["{name}"].rigidbody_world'
        if name != script.after["active_scene"]:
            script.skip(path, "a rigid body world of a scene that is not the active one")
            continue
        if was is None:
            script.do("bpy.ops.rigidbody.world_add()")
        write_props(script, "bpy.context.scene.rigidbody_world", what, path, was)


def touches_settings(block: Json, old: Json | None) -> bool:
    """Whether something besides camera and world is set in a scene."""
    props, were = block["props"], (old or {"props": {}})["props"]
    return any(props.get(key) != were.get(key) for key in (props.keys() | were.keys()) - LATE)


def write_scene(script: Script, name: str, block: Json, old: Json | None) -> None:
    """Render settings, units, view layers, markers and the rest of a scene."""
    path = f'scenes["{name}"]'
    props = {key: what for key, what in block["props"].items() if key not in LATE}
    were = {key: what for key, what in (old or {"props": {}})["props"].items() if key not in LATE}
    if props != were:
        variable = scene_variable(script, name)
        write_props(script, variable, {"type": "Scene", "props": props}, path, {"type": "Scene", "props": were})
    if block.get("view_layers") != (old or {}).get("view_layers"):
        write_layers(script, name, block.get("view_layers", []), (old or {}).get("view_layers", []), path)
    tree, before = block.get("tree"), (old or {}).get("tree")
    if tree and tree != before:
        script.no_heading()
        script.paragraph("Compositing")
        write_compositor(script, scene_variable(script, name), tree, before, f"{path}.node_tree")


def write_layers(script: Script, name: str, layers: list[Json], old: list[Json], path: str) -> None:
    """View layers: the first is there, others are made."""
    there = {layer["name"]: layer for layer in old}
    for place, layer in enumerate(layers):
        where = f'{path}.view_layers["{layer["name"]}"]'
        was = there.get(layer["name"])
        if was == layer:
            continue
        excluded = [item for item in layer.get("excluded", []) if item not in (was or {}).get("excluded", [])]
        renamed = place == 0 and was is None and not old and layer["name"] != STARTUP_LAYER
        if not layer["props"] and not excluded and not renamed and (place == 0 or was is not None):
            continue
        scene = scene_variable(script, name)
        spot = f"{scene}.view_layers[0]" if place == 0 else f"{scene}.view_layers[{quote(layer['name'])}]"
        creation = call(f"{scene}.view_layers.new", quote(layer["name"]))
        if place and was is None and not layer["props"] and not excluded:
            script.do(creation)
            continue
        variable = script.names.take("view_layer" if place == 0 else layer["name"], "view_layer")
        script.assign(variable, creation if place and was is None else spot)
        if renamed:
            script.assign(f"{variable}.name", quote(layer["name"]))
        write_props(script, variable, layer, where, was)
        for item in excluded:
            write_excluded(script, name, variable, item, where)


def write_excluded(script: Script, scene: str, layer: str, name: str, path: str) -> None:
    """`view_layer.layer_collection.children["Props"].exclude = True`."""
    parents = children_of(script.after)
    chain = [name]
    while True:
        holders = parents.get(chain[0], [])
        if ("scenes", scene) in holders:
            break
        above = next((parent for family, parent in holders if family == "collections" and parent not in chain), None)
        if above is None:
            script.skip(path, f"the collection {name!r} is not below the scene")
            return
        chain.insert(0, above)
    steps = "".join(f".children[{quote(step)}]" for step in chain)
    script.assign(f"{layer}.layer_collection{steps}.exclude", "True")
