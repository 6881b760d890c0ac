"""Objects in the order in which they are made: by collection, parents first, those that are alike in loops."""

from __future__ import annotations

from typing import Any

from voxel.bpycode.curves import held, write_held
from voxel.bpycode.data import edit_data
from voxel.bpycode.layout import INDENT, call, listing, quote
from voxel.bpycode.objects import Holders, collection_expression, edit_object, make_object
from voxel.bpycode.props import MADE_BY_OPERATOR
from voxel.bpycode.repeats import FEWEST, Repeats, can_make, write_loop
from voxel.bpycode.script import Json, Script, identity
from voxel.bpycode.wiring import write_bones, write_parent, write_wiring


def parents_first(script: Script, names: list[str]) -> list[str]:
    """Objects in such an order that a parent comes before its children."""
    everything = script.after["blocks"].get("objects", {})
    chosen, order, done = set(names), [], set()
    for name in names:
        chain = [name]
        while True:
            parent = (everything.get(chain[-1], {}).get("parent") or {}).get("object")
            if parent is None or parent not in chosen or parent in chain or parent in done:
                break
            chain.append(parent)
        for item in reversed(chain):
            if item not in done:
                done.add(item)
                order.append(item)
    return order


def objects(script: Script, heading: str, fits: Any) -> None:
    """Make the objects that are new and of the wanted kind, change those that differ."""
    everything = script.after["blocks"].get("objects", {})
    holders, before = Holders(script.after), Holders(script.before)
    names = [name for name, block in everything.items() if fits(block)]
    edited = [name for name in names if script.old(("objects", name)) is not None]
    fresh = [name for name in names if script.old(("objects", name)) is None]
    script.paragraph(heading)
    root = [("scenes", script.after["active_scene"])]
    script.many_moves = script.many_moves or sum(holders.of.get(name, []) != root for name in fresh) > 1
    write_assignments(script, edited)
    if script.claim_once(("objects", "")):
        there = [name for name in everything if script.old(("objects", name)) is not None]
        script.moved |= write_moves(script, there, holders, before)
    edited = [name for name in edited if name not in script.moved]
    for name in edited:
        old = script.old(("objects", name))
        assert old is not None
        script.names.open_block()
        data = identity(everything[name].get("data"))
        block, was = (script.block(data), script.old(data)) if data is not None else (None, None)
        if data is not None and block is not None and was is not None and block != was and script.claim_once(data):
            edit_data(script, data, block, was)
            script.names.keep(script.known(data) or "")
        edit_object(script, ("objects", name), everything[name], old, holders.of.get(name, []), before.of.get(name, []))
        script.names.keep(script.known(("objects", name)) or "")
        script.names.close_block()
    repeats = Repeats(script, holders)
    for place, names in by_collection(script, fresh, holders).items():
        script.no_heading()
        script.paragraph(f"{heading} in {place}" if place else heading)
        groups = repeats.groups(names)
        while groups:
            ready = [group for group in groups if can_make(script, group)]
            for group in ready or groups[:1]:
                make_group(script, group, repeats)
            groups = [group for group in groups if group not in (ready or groups[:1])]
    script.no_heading()


def write_assignments(script: Script, names: list[str]) -> None:
    """Give materials to objects whose data has none yet and changes in nothing else; many of them in a loop."""
    everything = script.after["blocks"].get("objects", {})
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        data = identity(everything[name].get("data"))
        block, was = (script.block(data) or {}, script.old(data)) if data is not None else ({}, None)
        items = [identity(item) for item in block.get("materials", [])]
        if data is None or was is None or was.get("materials") or not items or None in items:
            continue
        bare = {key: part for key, part in block.items() if key != "materials"}
        if bare != {key: part for key, part in was.items() if key != "materials"}:
            continue
        if all(script.ready(item) for item in items if item) and script.claim_once(data):
            groups.setdefault(tuple(script.refer(item) for item in items if item), []).append(name)
    for materials, members in groups.items():
        in_loop = len(members) >= FEWEST
        if in_loop:
            script.paragraph()
            script.loop("name", listing(quote(name) for name in members))
            script.indent += INDENT
        for name in members[:1] if in_loop else members:
            holder = "bpy.data.objects[name]" if in_loop else f"bpy.data.objects[{quote(name)}]"
            for material in materials:
                script.do(call(f"{holder}.data.materials.append", material))
        if in_loop:
            script.indent -= INDENT
            script.paragraph()


def write_moves(script: Script, names: list[str], holders: Holders, before: Holders) -> set[str]:
    """Move objects that change in nothing else from one collection to another in a loop; those that were moved."""
    groups: dict[str, list[str]] = {}
    everything = script.after["blocks"].get("objects", {})
    for name in names:
        now, then = holders.of.get(name, []), before.of.get(name, [])
        if everything[name] == script.old(("objects", name)) and len(now) == len(then) == 1 and now != then:
            groups.setdefault(repr((then, now)), []).append(name)
    moved: set[str] = set()
    for members in groups.values():
        if len(members) < FEWEST:
            continue
        left, entered = before.of[members[0]][0], holders.of[members[0]][0]
        script.paragraph()
        script.loop("name", listing(quote(name) for name in members))
        script.indent += INDENT
        variable = script.names.passing("obj")
        script.assign(variable, "bpy.data.objects[name]")
        script.do(call(f"{collection_expression(script, left)}.objects.unlink", variable))
        script.do(call(f"{collection_expression(script, entered)}.objects.link", variable))
        script.indent -= INDENT
        moved |= set(members)
    return moved


def by_collection(script: Script, names: list[str], holders: Holders) -> dict[str, list[str]]:
    """Objects by the collection that holds them, those of the scene itself first; together when that tells little."""
    order = ["", *script.after["blocks"].get("collections", {})]
    found: dict[str, list[str]] = {place: [] for place in order}
    for name in names:
        family, place = (holders.of.get(name) or [("scenes", "")])[0]
        found[place if family == "collections" and place.isprintable() else ""].append(name)
    found = {place: parents_first(script, held) for place, held in found.items() if held}
    if len(found) <= 1 or max(map(len, found.values())) < FEWEST_IN_COLLECTION:
        return {"": parents_first(script, names)}
    return found


FEWEST_IN_COLLECTION = 3
"""Objects that make a collection worth a heading."""


def make_group(script: Script, group: list[str], repeats: Repeats) -> None:
    """Make objects that belong together: in a loop when all that they refer to is there."""
    if len(group) > 1 and repeats.shares_primitive(group[0]):
        single_object(script, group[0], repeats.everything[group[0]], repeats.holders)
        group = group[1:]
    if len(group) >= repeats.fewest(group[0]) and can_make(script, group):
        script.paragraph()
        script.names.open_block()
        write_loop(script, group, repeats)
        script.names.close_block()
        return
    for name in group:
        single_object(script, name, repeats.everything[name], repeats.holders)


def single_object(script: Script, name: str, block: Json, holders: Holders) -> None:
    """Make one object with what it holds."""
    script.paragraph()
    script.names.open_block()
    needed = ("objects", name)
    data = identity(block.get("data"))
    variable = make_object(script, needed, block, holders.of.get(name, []))
    script.names.keep(variable)
    if data is not None:
        script.names.keep(script.known(data) or "")
        if data[0] == "armatures" and not script.in_view(name):
            script.skip(f'armatures["{data[1]}"].bones', "bones of an armature that is not in the active scene")
        elif data[0] == "armatures" and script.claim_once(("bones", data[1])):
            write_bones(script, variable, script.block(data) or {}, f'armatures["{data[1]}"]')
        elif data[0] == "curves" and held(script.block(data) or {}) and script.claim_once(("held", data[1])):
            path = f'curves["{data[1]}"]'
            write_held(script, variable, script.block(data) or {}, path, reachable=script.in_view(name))
    if can_make(script, [name]):
        script.wired.add(name)
        write_wiring(script, variable, name, block)
        write_parent(script, variable, name, block)
    script.names.close_block()


def wire(script: Script, fits: Any) -> None:
    """Modifiers, then parents, then constraints and poses of objects that are not wired yet."""
    everything = script.after["blocks"].get("objects", {})
    chosen = [(name, block) for name, block in everything.items() if fits(block) and name not in script.wired]
    for name, block in chosen:
        old = script.old(("objects", name))
        parts = ("modifiers", "constraints", "pose", "particle_systems")
        physics = [part for part in MADE_BY_OPERATOR if part in block["props"]]
        if all(block.get(part) == (old or {}).get(part) for part in parts) and not physics:
            continue
        script.paragraph()
        script.names.open_block()
        write_wiring(script, object_variable(script, name), name, block, old)
        script.names.close_block()
    script.paragraph()
    for name, block in chosen:
        old = script.old(("objects", name))
        if block.get("parent") != (old or {}).get("parent"):
            write_parent(script, object_variable(script, name), name, block, old)


def object_variable(script: Script, name: str) -> str:
    needed = ("objects", name)
    known = script.known(needed)
    if known is not None and known.isidentifier():
        return known
    variable = script.fetch(needed)
    script.names.keep(variable)
    return variable
