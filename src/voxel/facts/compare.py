"""Whether two Scenes mean the same, and where they do not.

Datablocks are compared by name, the active scenes with one another; data whose name nobody chose by its object.
Numbers are the same within 1e-4, relative above 1; handles of f-curves within 2e-3, since Blender moves aligned ones.
Node trees are compared as graphs, meshes in any order of vertices and faces. What is only layout (names, labels, places
and frames of nodes) or only follows from the rest (dimensions) is not compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import pi
from typing import Any

from voxel.facts.compare_meshes import mesh_differences
from voxel.facts.compare_names import with_names_of
from voxel.facts.compare_slots import slot_differences
from voxel.facts.compare_trees import tree_differences
from voxel.facts.compare_values import Difference, value_differences
from voxel.records.scene import Ref, Scene

Json = Mapping[str, Any]

SKIPPED = frozenset({"dimensions", "size", "type"})
"""Parts of a block that follow from others."""
MESH_PARTS = frozenset({"geometry", "uv", "attributes"})
HANDLE_TOLERANCE = 2e-3
HALF_TURN = 1e-4
"""How near a roll is to half a turn backwards, in radians, to count as half a turn forwards."""


def differences(
    expected: Scene | Json, actual: Scene | Json, *, only: Collection[Ref] | None = None
) -> list[Difference]:
    """Every place at which `actual` does not mean what `expected` means; empty when they mean the same.

    `only` names the datablocks to compare, else all: then a datablock that `actual` has beyond `expected` is a
    difference too.
    """
    first = plain(expected)
    second = with_names_of(first, plain(actual))
    found: list[Difference] = []
    active = {"scenes": (first["active_scene"], second["active_scene"])}
    refs = list(only) if only is not None else _all_blocks(first)
    for collection, name in refs:
        other = active[collection][1] if collection in active and name == active[collection][0] else name
        before = first["blocks"].get(collection, {}).get(name)
        after = second["blocks"].get(collection, {}).get(other)
        path = f'{collection}["{name}"]'
        if before is None or after is None:
            if before is not after:
                found.append(Difference(path=path, expected=_brief(before), found=_brief(after)))
            continue
        found += block_differences(before, after, path)
        found += slot_differences(first, second, before, after, path)
    if only is None:
        known = set(refs) | {("scenes", second["active_scene"])}
        found += [
            Difference(path=f'{collection}["{name}"]', expected=None, found=_brief(second["blocks"][collection][name]))
            for collection, name in _all_blocks(second)
            if (collection, name) not in known
        ]
    return found


def plain(scene: Scene | Json) -> Json:
    """A Scene as plain values; one that is plain already is not copied."""
    return scene.plain() if isinstance(scene, Scene) else scene


def _all_blocks(scene: Json) -> list[Ref]:
    return [(collection, name) for collection, blocks in scene["blocks"].items() for name in blocks]


def _brief(block: Json | None) -> Any:
    return None if block is None else {"type": block["type"]}


def block_differences(before: Json, after: Json, path: str) -> list[Difference]:
    """Differences between two datablocks of one kind, given as plain values."""
    found: list[Difference] = []
    if before["type"] != after["type"]:
        return [Difference(path=f"{path}.type", expected=before["type"], found=after["type"])]
    renamed: dict[str, str] = {}
    if "tree" in before and "tree" in after:
        differing, renamed = tree_differences(before["tree"], after["tree"], f"{path}.tree")
        found += differing
    if "geometry" in before or "geometry" in after:
        found += mesh_differences(before, after, path)
    for part in sorted((before.keys() | after.keys()) - SKIPPED - MESH_PARTS):
        one, other = before.get(part), after.get(part)
        where = f"{path}.{part}"
        if part == "tree" and one is not None and other is not None:
            found += _animation(one.get("animation"), other.get("animation"), f"{where}.animation", renamed)
        elif part == "fcurves":
            found += _curves(one or [], other or [], where)
        elif part == "animation":
            found += _animation(one, other, where, renamed)
        elif part == "modifiers":
            found += value_differences(_unnumbered(one), _unnumbered(other), where)
        elif part == "bones":
            found += value_differences(_rolled(one), _rolled(other), where)
        elif part == "vertex_groups":
            found += value_differences(_groups(one), _groups(other), where)
        elif part == "shape_keys":
            found += _shape_keys(one, other, where)
        elif part == "slots" and "fcurves" in before:
            found += value_differences(_targets(one), _targets(other), where)
        else:
            found += value_differences(one, other, where)
    return found


def _unnumbered(modifiers: Any) -> Any:
    """Modifiers without the identifiers of group inputs, which depend on the file."""
    if modifiers is None:
        return None
    return [
        {
            **one,
            "inputs": [{key: value for key, value in item.items() if key != "identifier"} for item in one["inputs"]],
        }
        if "inputs" in one
        else one
        for one in modifiers
    ]


def _rolled(bones: Any) -> Any:
    """Bones that are rolled by half a turn backwards as those that are rolled forwards: it is the same."""
    if bones is None:
        return None
    return [{**bone, "roll": pi} if abs(bone.get("roll", 0.0) + pi) < HALF_TURN else bone for bone in bones]


def _groups(groups: Any) -> Any:
    """Vertex groups as `{name: {vertex: weight}}` in order; weights of nothing count as absent."""
    if groups is None:
        return None
    return [
        {"name": group["name"], "weights": {str(vertex): weight for vertex, weight in group["weights"]}}
        for group in groups
    ]


def _shape_keys(one: Any, other: Any, path: str) -> list[Difference]:
    if one is None or other is None:
        return value_differences(one, other, path)
    return value_differences(_moved(one), _moved(other), path)


def _moved(keys: Json) -> Json:
    """Offsets by vertex, without those below the tolerance."""
    blocks = [
        {**block, "offsets": {str(vertex): offset for vertex, *offset in block["offsets"] if _far(offset)}}
        for block in keys["blocks"]
    ]
    animation = {part: value for part, value in keys.get("animation", {}).items() if part != "slot"}
    return {**keys, "blocks": blocks, **({"animation": animation} if animation else {})}


def _far(offset: list[float]) -> bool:
    return max(map(abs, offset)) > 1e-4


def _targets(slots: Any) -> list[str]:
    return sorted(slot["target"] for slot in slots or ())


def _animation(one: Any, other: Any, path: str, renamed: Mapping[str, str]) -> list[Difference]:
    """Animation without the names of slots; drivers by what they drive."""
    if one is None or other is None:
        return value_differences(one, other, path)
    found: list[Difference] = []
    for part in sorted((one.keys() | other.keys()) - {"slot", "drivers"}):
        found += value_differences(one.get(part), other.get(part), f"{path}.{part}")
    found += _curves(_renamed(one.get("drivers", []), renamed), other.get("drivers", []), f"{path}.drivers")
    return found


def _renamed(curves: list[Json], renamed: Mapping[str, str]) -> list[Json]:
    result: list[Json] = []
    for curve in curves:
        path = curve["path"]
        for name, new in renamed.items():
            if path.startswith(f'nodes["{name}"]'):
                path = f'nodes["{new}"]' + path.removeprefix(f'nodes["{name}"]')
                break
        result.append({**curve, "path": path})
    return result


def _curves(one: list[Json], other: list[Json], path: str) -> list[Difference]:
    """F-curves or drivers, matched by what they move; slots count as numbers in order of their names."""
    first, second = _by_target(one), _by_target(other)
    found: list[Difference] = []
    for target in sorted(first.keys() | second.keys()):
        where = f'{path}["{target[1]}", {target[2]}]'
        before, after = first.get(target), second.get(target)
        if before is None or after is None:
            count = {"keys": len((before or after or {}).get("keys", ()))}
            found.append(Difference(path=where, expected=count if before else None, found=count if after else None))
            continue
        loose = ("keys", "slot", "group")
        for part in sorted((before.keys() | after.keys()) - set(loose)):
            found += value_differences(before.get(part), after.get(part), f"{where}.{part}")
        found += _keys(before.get("keys", []), after.get("keys", []), f"{where}.keys")
    return found


def _by_target(curves: list[Json]) -> dict[tuple[int, str, int], Json]:
    slots = sorted({str(curve.get("slot", "")) for curve in curves})
    return {(slots.index(str(curve.get("slot", ""))), curve["path"], curve["index"]): curve for curve in curves}


def _keys(one: list[Json], other: list[Json], path: str) -> list[Difference]:
    if len(one) != len(other):
        return [Difference(path=path, expected=len(one), found=len(other))]
    found: list[Difference] = []
    for place, (before, after) in enumerate(zip(one, other, strict=True)):
        for part in sorted(before.keys() | after.keys()):
            tolerance = HANDLE_TOLERANCE if part.startswith("handle_") else 1e-4
            found += value_differences(before.get(part), after.get(part), f"{path}[{place}].{part}", tolerance)
    return found


__all__ = ["Difference", "block_differences", "differences"]
