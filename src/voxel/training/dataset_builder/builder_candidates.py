"""Candidates for the builder: objects, meshes, modifiers, geometry nodes, hierarchy, collections, layouts."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from voxel.facts.lookup import Json, blocks, data_of, primitive_of, reference
from voxel.records.example import Ref
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of, windows, without
from voxel.training.dataset_builder.cutting import Cut, is_hidden, is_of_a_shape, is_small, with_cube
from voxel.training.dataset_builder.graph_steps import LARGE, asked_interface, steps
from voxel.training.dataset_builder.naming import NAMELESS, is_hint, is_misnamed
from voxel.training.dataset_builder.pruning import groups_in, is_complete

MAX_OBJECTS = 60
"""Objects of one file that are looked at one by one; more of the same file would teach the same."""
_FAR = 500.0
"""Metres."""
_MOST_LEVELS = 6
DICTATED = 8
"""Points of a mesh that somebody would dictate."""
MAX_LAYOUTS = 8
MAX_GROUPS = 40
_NAMELESS_COLLECTION = re.compile(r"(?:Scene |Master )?Collection(?:[._ ]?\d+)*$")
"""What Blender calls collections that nobody has named."""
LED_BY = {
    "BooleanModifier": frozenset({"object", "collection"}), "ShrinkwrapModifier": frozenset({"target"}),
    "LatticeModifier": frozenset({"object"}), "ArmatureModifier": frozenset({"object"}),
    "CurveModifier": frozenset({"object"}), "HookModifier": frozenset({"object"}),
    "MeshDeformModifier": frozenset({"object"}), "SurfaceDeformModifier": frozenset({"target"}),
    "DataTransferModifier": frozenset({"object"}), "NodesModifier": frozenset({"node_group"}),
    "MeshSequenceCacheModifier": frozenset({"cache_file"}), "UVProjectModifier": frozenset({"projectors"}),
}  # fmt: skip
"""What a modifier does nothing without, by its type."""
_ON_A_CUBE = frozenset(
    f"{name}Modifier" for name in ("Array", "Bevel", "Subsurf", "Wireframe", "Remesh", "Boolean", "Nodes")
)
"""Modifiers that show on a plain cube what they do."""
_EVEN_SIDED = frozenset(("CUBE", "PLANE", "GRID", "CIRCLE"))
_TRANSFORM = ("location", "rotation_euler", "scale")
_PLACING = frozenset((*_TRANSFORM, "rotation_quaternion"))
_SHAPES = ("MESH", "EMPTY", "CURVE", "FONT", "META", "LATTICE", "SURFACE")


def builder_candidates(scene: Mapping[str, Any]) -> Candidates:
    """Everything in this Scene that teaches building."""
    cut = Cut(scene)
    objects = blocks(scene, "objects")
    chosen = _chosen(scene, objects)
    for name in chosen:
        thing = objects[name]
        if _sayable(scene, thing) and _is_whole(scene, thing):
            yield from _alone(cut, name, thing)
        if thing.get("modifiers"):
            yield from _modifiers(cut, name, thing)
    yield from _families(cut, scene, objects)
    yield from _collections(cut, scene, objects)
    yield from _layouts(cut, scene, chosen)
    yield from _node_groups(cut, scene)


def _chosen(scene: Mapping[str, Any], objects: Mapping[str, Json]) -> list[str]:
    names = [
        name for name, thing in objects.items()
        if thing["kind"] in _SHAPES and _near(thing) and not is_hidden(thing) and not is_hint(name)
        and thing["props"].get("instance_type", "NONE") != "COLLECTION"
        and not is_misnamed(name, thing["kind"], primitive_of(scene, thing))
    ]  # fmt: skip
    if len(names) > MAX_OBJECTS:
        names.sort(key=lambda name: chance_of(name, objects[name]["props"]).random())
        names = sorted(names[:MAX_OBJECTS])
    return names


def _near(thing: Json) -> bool:
    """Whether it is of a size, and at a place, that people work with."""
    reach = [*thing.get("dimensions", ()), *map(abs, thing["props"].get("location", ()))]
    return max(reach, default=0.0) <= _FAR


def _sayable(scene: Mapping[str, Any], thing: Json) -> bool:
    data = data_of(scene, thing)
    return thing["kind"] != "MESH" or is_small(data)


def _is_whole(scene: Mapping[str, Any], thing: Json) -> bool:
    """Whether an object is something by itself, and not the profile that a modifier turns into it.

    Of a mesh that is told point by point all points belong to an edge or a face, and they are few.
    """
    geometry = (data_of(scene, thing) or {}).get("geometry", {})
    given = geometry.get("data")
    if thing["kind"] != "MESH" or "primitive" in geometry or given is None:
        return True
    if not geometry.get("faces") and thing.get("modifiers"):
        return False
    used = {point for part in ("edges", "faces") for one in given.get(part, []) for point in one}
    places = {tuple(point) for point in given["vertices"]}
    return len(used) == len(given["vertices"]) == len(places) <= DICTATED and _is_shell_or_flat(given)


def _is_shell_or_flat(given: Mapping[str, Any]) -> bool:
    """Whether faces close around a body, or lie in one plane; what has none is a line."""
    sides = Counter(
        frozenset(pair) for face in given.get("faces", []) for pair in zip(face, [*face[1:], face[0]], strict=True)
    )
    flat = any(len({round(point[axis], 4) for point in given["vertices"]}) == 1 for axis in range(3))
    return flat or (all(count == 2 for count in sides.values()) and not (sides and given.get("edges")))


def _is_askew(data: Json | None) -> bool:
    """Whether a shape lies beside its object's origin, or turned in it: nobody asks for that."""
    made = (data or {}).get("geometry", {}).get("primitive", {})
    return bool(made.get("rotation")) or any(abs(part) > 1e-4 for part in made.get("offset") or ())


def _alone(cut: Cut, name: str, thing: Json) -> Candidates:
    empty = cut.take()
    category = {"MESH": "mesh", "FONT": "text", "CURVE": "curve"}.get(thing["kind"], "object")
    whole = cut.take([name], parts=["smooth"])
    if _is_askew(data_of(whole, whole["blocks"]["objects"][name])):
        return
    if not (NAMELESS.match(name) and set(whole["blocks"]["objects"][name]["props"]) <= {"location"}):
        yield Candidate("builder", category, empty, whole)  # else it is what an operator makes by itself
    moved = [prop for prop in _TRANSFORM if prop in whole["blocks"]["objects"][name]["props"]]
    chance = chance_of("transform", name, whole["blocks"]["objects"][name]["props"])
    if moved and chance.random() < 0.5:
        still = copy.deepcopy(whole)
        lost = chance.sample(moved, chance.randint(1, len(moved)))
        _undo(still["blocks"]["objects"][name], lost)
        yield Candidate("builder", "transform", still, whole)
    others = [prop for prop in whole["blocks"]["objects"][name]["props"] if prop not in _TRANSFORM]
    if others and chance.random() < 0.7:
        plain = copy.deepcopy(whole)
        without(plain["blocks"]["objects"][name], others)
        yield Candidate("builder", "object-edit", plain, whole)
    flat = cut.take([name])
    if primitive_of(cut.scene, thing) in _EVEN_SIDED:
        return  # it would not look smooth
    if flat["blocks"] != whole["blocks"]:
        yield Candidate("builder", "shading", flat, whole)


def _undo(thing: Json, props: list[str]) -> None:
    scale = thing["props"].get("scale")
    without(thing, props)
    if "scale" in props and scale and "dimensions" in thing and all(scale):
        thing["dimensions"] = [round(d / abs(s), 6) for d, s in zip(thing["dimensions"], scale, strict=True)]


def _modifiers(cut: Cut, name: str, thing: Json) -> Candidates:
    helpers, groups = _needs(cut.scene, thing)
    if len(helpers) > 3:
        return
    everything = cut.take([name, *helpers], parts=["modifiers", "smooth"], more=groups)
    derived = ""
    for one in (name, *helpers):
        if not _sayable(cut.scene, blocks(cut.scene, "objects")[one]):
            if is_of_a_shape(one):
                return
            if one == name and not {item["type"] for item in thing["modifiers"]} <= _ON_A_CUBE:
                return
            everything = with_cube(everything, one)
            derived = "its mesh is a plain cube here"
    for one in helpers:
        everything["blocks"]["objects"][one].pop("modifiers", None)
    stack = everything["blocks"]["objects"][name].get("modifiers", [])
    if any(_is_useless(item, data_of(everything, everything["blocks"]["objects"][name])) for item in stack):
        return
    nodes = any(item["type"] == "NodesModifier" for item in stack)
    bare = copy.deepcopy(everything)
    del bare["blocks"]["objects"][name]["modifiers"]
    if nodes:
        bare["blocks"].pop("node_groups", None)
    category = "geometry-nodes" if nodes else "modifier"
    yield Candidate("builder", category, bare, everything, derived)
    if len(stack) > 1 and not nodes:
        for count in range(1, len(stack)):
            shorter = copy.deepcopy(everything)
            del shorter["blocks"]["objects"][name]["modifiers"][count:]
            longer = copy.deepcopy(everything)
            del longer["blocks"]["objects"][name]["modifiers"][count + 1 :]
            yield Candidate("builder", "modifier", shorter, longer, derived or "one modifier of the stack")
    for place, item in enumerate(stack):
        chance = chance_of("modifier", item)
        plain = [prop for prop in item["props"] if reference(item["props"][prop]) is None]
        if not plain:
            continue
        before = copy.deepcopy(everything)
        lost = chance.sample(plain, chance.randint(1, min(3, len(plain))))
        if item["type"] == "SimpleDeformModifier" and {"angle", "factor"} & set(lost):
            lost = sorted({*lost, "angle", "factor"})
        without(before["blocks"]["objects"][name]["modifiers"][place], lost)
        yield Candidate("builder", "modifier-edit", before, everything, derived)


def _is_useless(modifier: Json, data: Json | None) -> bool:
    """Whether it has nothing to work with, mirrors what is symmetric already, or divides more than machines bear."""
    if not (LED_BY.get(modifier["type"], frozenset()) & modifier["props"].keys() or modifier["type"] not in LED_BY):
        return True
    if modifier["props"].get("levels", 0) > _MOST_LEVELS:
        return True
    geometry = (data or {}).get("geometry", {})
    if modifier["type"] != "MirrorModifier" or "mirror_object" in modifier["props"] or "primitive" not in geometry:
        return False
    axes = modifier["props"].get("use_axis", [True, False, False])
    low, high = geometry["bounds"]
    return all(abs(low[axis] + high[axis]) < 1e-4 * max(1.0, high[axis]) for axis in range(3) if axes[axis])


def _needs(scene: Mapping[str, Any], thing: Json) -> tuple[list[str], list[Ref]]:
    """Objects and node groups that an object's modifiers and constraints refer to."""
    helpers: list[str] = []
    groups: list[Ref] = []
    for item in [*thing.get("modifiers", []), *thing.get("constraints", [])]:
        values = [*item["props"].values(), *(i.get("value") for i in item.get("inputs", []))]
        for value in values:
            target = reference(value)
            if target is None or target[1] not in blocks(scene, target[0]):
                continue
            if target[0] == "objects" and target[1] not in helpers:
                helpers.append(target[1])
            elif target[0] == "node_groups":
                tree = blocks(scene, "node_groups")[target[1]].get("tree", {})
                groups += [one for one in [*groups_in(scene, tree), target] if one not in groups]
    return helpers, groups


def needs(scene: Mapping[str, Any], thing: Json) -> tuple[list[str], list[Ref]]:
    """Objects and node groups that an object's modifiers and constraints refer to."""
    return _needs(scene, thing)


def _families(cut: Cut, scene: Mapping[str, Any], objects: Mapping[str, Json]) -> Candidates:
    children: dict[str, list[str]] = {}
    for name, thing in objects.items():
        parent = thing.get("parent")
        if parent and parent["type"] == "OBJECT" and "inverse" not in parent and parent["object"] in objects:
            children.setdefault(parent["object"], []).append(name)
    for parent_name, found in sorted(children.items())[:12]:
        if objects[parent_name]["kind"] == "ARMATURE" or NAMELESS.match(parent_name):
            continue  # what hangs on bones is taught with them; what nobody has named is how a file was imported
        family = [parent_name, *[c for c in found if _sayable(scene, objects[c])][:4]]
        if len(family) < 2 or not _sayable(scene, objects[parent_name]):
            continue
        apart = cut.take(family)
        together = cut.take(family, parts=["parent"])
        if any(_is_askew(data_of(together, one)) for one in together["blocks"]["objects"].values()):
            continue
        together["blocks"]["objects"][parent_name].pop("parent", None)
        for name in family[1:]:
            same_size = apart["blocks"]["objects"][name]
            together["blocks"]["objects"][name].pop("dimensions", None)
            same_size.pop("dimensions", None)
        if not _PLACING & set(objects[parent_name]["props"]):
            yield Candidate("builder", "hierarchy", apart, together)  # else what is parented would jump
        yield Candidate("builder", "hierarchy", cut.take(), together)


def _collections(cut: Cut, scene: Mapping[str, Any], objects: Mapping[str, Json]) -> Candidates:
    named = [(name, one) for name, one in blocks(scene, "collections").items() if not _NAMELESS_COLLECTION.match(name)
             and not NAMELESS.match(name)]  # fmt: skip
    for name, collection in sorted(named)[:8]:
        members = [
            one for one in collection.get("objects", [])
            if one in objects and objects[one]["kind"] != "ARMATURE" and _sayable(scene, objects[one])
        ][:6]  # fmt: skip
        if not members:
            continue
        sorted_in = cut.take(members, collections=[name])
        yield Candidate("builder", "collection", cut.take(members), sorted_in)
        if len(members) <= 3:
            yield Candidate("builder", "collection", cut.take(), sorted_in)


def _layouts(cut: Cut, scene: Mapping[str, Any], names: list[str]) -> Candidates:
    objects = blocks(scene, "objects")
    sayable = [
        name for name in names
        if _sayable(scene, objects[name]) and _is_whole(scene, objects[name])
        and not objects[name].get("parent") and not NAMELESS.match(name)
    ]  # fmt: skip
    done = 0
    for size in (3, 2, 5):
        for group in windows(sayable, size, MAX_LAYOUTS // 2):
            if done >= MAX_LAYOUTS:
                return
            done += 1
            whole = cut.take(group, parts=["smooth"])
            if any(_is_askew(data_of(whole, one)) for one in whole["blocks"]["objects"].values()):
                continue
            yield Candidate("builder", "layout", cut.take(), whole)
            if size == 3:
                yield Candidate("builder", "layout-add", cut.take(group[:2], parts=["smooth"]), whole)


def _node_groups(cut: Cut, scene: Mapping[str, Any]) -> Candidates:
    for name, group in sorted(blocks(scene, "node_groups").items())[:MAX_GROUPS]:
        if group["type"] != "GeometryNodeTree" or not is_complete(scene, group.get("tree", {})):
            continue
        if len(group["tree"]["nodes"]) >= LARGE:
            yield from steps(cut, name)
            continue
        inner = groups_in(scene, group.get("tree", {}))
        whole = cut.take(more=[*inner, ("node_groups", name)])
        own = whole["blocks"]["node_groups"][name]
        own["tree"] = asked_interface(own["tree"])
        yield Candidate("builder", "geometry-nodes", cut.take(more=inner), whole)
        yield from tree_edits(cut, whole, ("node_groups", name), "builder", "geometry-nodes-edit")


def tree_edits(cut: Cut, whole: Json, of: Ref, role: Any, category: str, limit: int = 2) -> Candidates:
    """Edits of a node tree: some of its values are still the fresh ones before."""
    del cut
    tree = whole["blocks"][of[0]][of[1]].get("tree")
    if tree is None:
        return
    places = [(n, "inputs", i) for n, node in enumerate(tree["nodes"]) for i in range(len(node.get("inputs", [])))]
    places += [
        (n, "props", prop) for n, node in enumerate(tree["nodes"]) for prop, v in node.get("props", {}).items()
        if not isinstance(v, dict) and prop != "data_type"
    ]  # fmt: skip
    chance = chance_of("edit", tree["nodes"])
    for _ in range(min(limit, (len(places) + 1) // 2)):
        before = copy.deepcopy(whole)
        nodes = before["blocks"][of[0]][of[1]]["tree"]["nodes"]
        lost = chance.sample(places, min(len(places), chance.randint(1, 3)))
        for n, part, key in sorted(lost, key=lambda p: (p[0], p[1], str(p[2]).zfill(4)), reverse=True):
            del nodes[n][part][key]
        yield Candidate(role, category, before, whole)
