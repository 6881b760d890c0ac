"""Whether checks hold on a dumped Scene; no Blender is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voxel.facts.aiming import aims
from voxel.facts.lookup import MISSING, Json, block, data_of, follow, get, reference, same
from voxel.facts.trees import link_ends, matching, same_socket
from voxel.records.example import (
    Aim,
    Bone,
    Check,
    Exists,
    Geometry,
    Gone,
    Keys,
    Link,
    Materials,
    Members,
    Node,
    Parent,
    Property,
    ShapeKey,
    Socket,
    Splines,
    Stack,
)


def failing(checks: Sequence[Check], scene: Mapping[str, Any]) -> list[Check]:
    """Those that do not hold. `scene` is a Scene as plain JSON values."""
    return [check for check in checks if not holds(check, scene)]


def holds(check: Check, scene: Mapping[str, Any]) -> bool:
    """Whether one check holds on a Scene, given as plain JSON values."""
    if isinstance(check, Gone):
        return get(scene, check.of, check.path) is MISSING if check.path else block(scene, check.of) is None
    found = block(scene, check.of)
    if found is None:
        return False
    if isinstance(check, Exists):
        return not check.type or check.type in (found.get("kind"), found.get("type"))
    if isinstance(check, Property):
        return _property(check, scene)
    if isinstance(check, Stack):
        items = get(scene, check.of, check.path)
        return items is not MISSING and tuple(item["type"] for item in items) == check.types
    if isinstance(check, (Node, Link, Socket)):
        return _in_tree(check, found)
    if isinstance(check, Parent):
        parent = found.get("parent") or {}
        return parent.get("object") == check.parent and (parent.get("bone") or "") == check.bone
    if isinstance(check, Members):
        holder = found.get("root", found)
        return set(check.objects) <= set(holder.get("objects", [])) and set(check.children) <= set(
            holder.get("children", [])
        )
    if isinstance(check, Materials):
        return materials_of(scene, found) == list(check.materials)
    if isinstance(check, Aim):
        return aims(scene, found, check.at)
    if isinstance(check, Keys):
        return _keys(check, scene)
    return _in_data(check, data_of(scene, found) or found)


def _property(check: Property, scene: Mapping[str, Any]) -> bool:
    actual = get(scene, check.of, check.path)
    return actual is not MISSING and same(check.value, actual)


def _in_tree(check: Node | Link | Socket, found: Json) -> bool:
    tree = found.get("tree")
    if tree is None:
        return False
    if isinstance(check, Node):
        return matching(tree.get("nodes", []), check) == check.count
    if isinstance(check, Link):
        count = sum(
            number
            for (start, end), number in link_ends(tree).items()
            if (start[0], end[0]) == (check.source[0], check.target[0])
            and same_socket(start[1], check.source[1])
            and same_socket(end[1], check.target[1])
        )
        return count == check.count
    for item in tree.get("interface", []):
        if (item["item"], item["name"], item.get("in_out"), item.get("socket_type")) == (
            "SOCKET",
            check.name,
            check.in_out,
            check.type,
        ):
            return all(same(value, follow({}, item, path)) for path, value in check.props.items())
    return False


def _in_data(check: Geometry | Bone | ShapeKey | Splines, data: Json) -> bool:
    if isinstance(check, Geometry):
        return _geometry(check, data.get("geometry"))
    if isinstance(check, Splines):
        splines = data.get("splines", [])
        points = [[point["co"][:3] for point in spline["points"]] for spline in splines]
        radii = [[point.get("radius", 1.0) for point in spline["points"]] for spline in splines]
        closed = tuple(bool(spline["props"].get("use_cyclic_u")) for spline in splines)
        return (
            tuple(s["type"] for s in splines) == check.kinds and same(check.points, points)
            and (not check.radii or same(check.radii, radii)) and (not check.closed or check.closed == closed)
        )  # fmt: skip
    if isinstance(check, Bone):
        for bone in data.get("bones", []):
            if bone["name"] == check.name:
                return (
                    same(check.head, bone["head"]) and same(check.tail, bone["tail"])
                    and (bone.get("parent") or "") == check.parent and bool(bone.get("connected")) == check.connected
                )  # fmt: skip
        return False
    for key in data.get("shape_keys", {}).get("blocks", []):
        if key["name"] == check.name:
            value = key.get("props", {}).get("value")
            return (check.value is None or same(check.value, value)) and (
                check.moved is None or len(key.get("offsets", [])) == check.moved
            )
    return False


def _geometry(check: Geometry, geometry: Json | None) -> bool:
    if geometry is None:
        return False
    if any(
        wanted is not None and geometry[name] != wanted
        for name, wanted in (("vertices", check.vertices), ("edges", check.edges), ("faces", check.faces))
    ):
        return False
    if check.smooth is not None and (geometry.get("smooth") is True) != check.smooth:
        return False
    primitive = geometry.get("primitive")
    if check.primitive:
        args = (primitive or {}).get("args", {})
        if primitive is None or primitive["kind"] != check.primitive:
            return False
        if any(not same(value, args.get(key)) for key, value in check.args.items()):
            return False
    low, high = geometry["bounds"]
    if check.size is not None and not same(check.size, [b - a for a, b in zip(low, high, strict=True)]):
        return False
    if check.middle is not None and not same(check.middle, [(a + b) / 2 for a, b in zip(low, high, strict=True)]):
        return False
    return not check.positions or _same_points(check.positions, geometry)


def _same_points(positions: Sequence[Sequence[float]], geometry: Json) -> bool:
    data = geometry.get("data")
    if data is None:
        return "primitive" in geometry and len(positions) == geometry["vertices"]
    left = list(data["vertices"])
    for point in positions:
        found = next((place for place, other in enumerate(left) if same(list(point), other)), None)
        if found is None:
            return False
        del left[found]
    return not left


def materials_of(scene: Mapping[str, Any], thing: Mapping[str, Any]) -> list[str | None]:
    """The materials in an object's slots, whether the slot is the object's or its data's."""
    data = data_of(scene, thing) or {}
    shared = [target[1] if (target := reference(m)) else None for m in data.get("materials", [])]
    slots = thing.get("slots") or []
    found: list[str | None] = list(shared)
    for place, slot in enumerate(slots):
        if slot.get("link") == "OBJECT":
            target = reference(slot.get("material"))
            name = target[1] if target else None
            found[place : place + 1] = [name]
    return found


def _keys(check: Keys, scene: Mapping[str, Any]) -> bool:
    part = f"{check.part}." if check.part else ""
    curve = get(scene, check.of, f"{part}animation.fcurves[{check.path} {check.index}]")
    if curve is MISSING or not same(check.keys, [[key["frame"], key["value"]] for key in curve["keys"]]):
        return False
    return all(
        not wanted
        or all(key.get(name, plain) == one for key, one in zip(curve["keys"], _each(wanted, curve), strict=True))
        for name, wanted, plain in (("interpolation", check.interpolation, "BEZIER"), ("easing", check.easing, "AUTO"))
    )


def _each(wanted: str | tuple[str, ...], curve: Json) -> Sequence[str]:
    return [wanted] * len(curve["keys"]) if isinstance(wanted, str) else wanted
