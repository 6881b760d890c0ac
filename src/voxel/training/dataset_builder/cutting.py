"""Small Scenes cut out of a real one: chosen things with what they need, and nothing else.

A cut is a Scene of its own: references to what was left out are gone, the active scene is called "Scene", values are
tidied to what people write (three or four digits, tenths of a degree), and what cannot be put into words is left out.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from voxel.facts import Unsayable, words
from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json, blocks, data_of, reference
from voxel.facts.shapes import SPOKEN_VERTICES
from voxel.records.example import Ref
from voxel.training.dataset_builder.asked import asked, drop_inert, drop_material, drop_plain_object, drop_shader
from voxel.training.dataset_builder.pruning import prune, straight
from voxel.training.dataset_builder.settling import can_settle, settle
from voxel.training.dataset_builder.tidying import as_said, place, plain_measure, say_plainly, tidy, tidy_setting

_PERSONAL = re.compile(r"^[A-Za-z]:[\\/]|/(?:home|Users|tmp|media|mnt)/|\S+@\S+\.\w|\\Users\\")
"""Paths of somebody's own machine, and addresses."""
_SETTINGS = frozenset(("PointLight", "SunLight", "SpotLight", "AreaLight", "Camera", "CameraDOFSettings"))
"""What nobody sets to four digits."""
PARTS = frozenset(("modifiers", "constraints", "materials", "animation", "parent", "pose", "shape_keys", "smooth"))
_CUBE = {
    "vertices": 8, "edges": 12, "faces": 6, "bounds": [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]],
    "primitive": {"kind": "CUBE", "args": {}, "scale": [1.0, 1.0, 1.0], "offset": [0.0, 0.0, 0.0]},
}  # fmt: skip


class Cut:
    """Takes cuts out of one Scene."""

    def __init__(self, scene: Mapping[str, Any], *, exact: bool = False) -> None:
        """`exact` keeps numbers as they are: for facts about code that is there already."""
        self.scene = scene
        self._exact = exact
        parents = [thing.get("parent") for thing in blocks(scene, "objects").values()]
        self._parents = frozenset(parent["object"] for parent in parents if parent)
        self._tidy: Callable[[Any, str], Any] = (lambda value, _: value) if exact else tidy
        self.units: Mapping[str, str] = scene.get("units", {})

    def take(
        self, objects: Iterable[str] = (), *, parts: Iterable[str] = (), more: Iterable[Ref] = (),
        settings: Mapping[str, Any] | None = None, collections: Iterable[str] = (),
    ) -> Json:  # fmt: skip
        """A Scene of these objects with their data, of the blocks in `more`, and of the scene properties in `settings`.

        `parts` names what of the objects comes along: any of PARTS. `collections` come with those of their objects
        that are among `objects`; other objects lie in the scene's root collection.
        """
        wanted, chosen = list(dict.fromkeys(objects)), frozenset(parts)
        held = list(collections)
        found: dict[str, dict[str, Json]] = {"objects": {}}
        for name in wanted:
            self._object(name, chosen, found)
        for kind, name in more:
            block = blocks(self.scene, kind).get(name)
            if block is not None:
                found.setdefault(kind, {})[name] = self._plain_block(block)
        inside: set[str] = set()
        for name in held:
            original = blocks(self.scene, "collections")[name]
            members = [one for one in original.get("objects", []) if one in wanted]
            inside.update(members)
            kept = {
                "type": "Collection",
                "props": self._props(original, "Collection"),
                "objects": members,
                "children": [],
            }
            found.setdefault("collections", {})[name] = kept
        found["scenes"] = {
            "Scene": {
                "type": "Scene", "props": copy.deepcopy(dict(settings or {})),
                "root": {"objects": sorted(set(wanted) - inside), "children": sorted(held)},
            }
        }  # fmt: skip
        result = {
            "format": self.scene.get("format", 1), "blender": self.scene.get("blender", ""),
            "file_version": self.scene.get("file_version", ""), "active_scene": "Scene", "blocks": found,
            "units": dict(self.units), "opaque": [],
        }  # fmt: skip
        for collection in found.values():
            for block in collection.values():
                _forget_strangers(block, found)
        return result

    def _object(self, name: str, parts: frozenset[str], found: dict[str, dict[str, Json]]) -> None:
        original = blocks(self.scene, "objects")[name]
        target = reference(original.get("data"))
        thing: Json = {"type": "Object", "kind": original["kind"], "props": self._props(original, "Object")}
        drop_plain_object(thing["kind"], thing["props"])
        if not self._exact:
            if (data_of(self.scene, original) or {}).get("type") == "PointLight":
                thing["props"].pop("rotation_euler", None)  # it shines to all sides alike
            if (data_of(self.scene, original) or {}).get("type") in ("PointLight", "SunLight", "SpotLight"):
                thing["props"].pop("scale", None)
            say_plainly(thing["props"], original)
        thing["data"] = copy.deepcopy(original.get("data"))
        if target is not None:
            data = blocks(self.scene, target[0]).get(target[1])
            if data is None:
                thing["data"] = None
            else:
                # data of its own, though other objects may share it in the file: nobody asks for linked duplicates
                found.setdefault(target[0], {})[name] = self._data(data, parts)
                thing["data"] = {"$id": [target[0], name]}
                target = (target[0], name)
                if (
                    not self._exact
                    and "primitive" in found[target[0]][name].get("geometry", {})
                    and can_settle(name, original, data, self._parents, parts)
                ):
                    settle(thing, found[target[0]][name])
        for part in ("modifiers", "constraints"):
            if part in parts and original.get(part):
                thing[part] = _renamed([self._struct(item) for item in original[part]])
        if "pose" in parts and original.get("pose"):
            thing["pose"] = {bone: self._posed(posed) for bone, posed in original["pose"].items()}
        if "parent" in parts and original.get("parent"):
            thing["parent"] = copy.deepcopy(original["parent"])
        if (
            "materials" in parts
            and original.get("slots")
            and target is not None
            and target[1] in found.get(target[0], {})
        ):
            # the material belongs to the mesh in what people write; which of the two holds it makes no difference here
            names = materials_of(self.scene, original)
            found[target[0]][target[1]]["materials"] = [{"$id": ["materials", n]} if n else None for n in names]
        if "animation" in parts and original.get("animation"):
            thing["animation"] = copy.deepcopy(original["animation"])
        if "dimensions" in original and "parent" not in thing:
            thing["dimensions"] = _dimensions(thing, found, original)
        found.setdefault("objects", {})[name] = thing

    def _posed(self, posed: Json) -> Json:
        kept: Json = {"props": self._props(posed, "PoseBone")}
        if posed.get("constraints"):
            kept["constraints"] = _renamed([self._struct(item) for item in posed["constraints"]])
        return kept

    def _data(self, data: Json, parts: frozenset[str]) -> Json:
        kept: Json = {"type": data["type"], "props": self._props(data, data["type"])}
        for key in ("splines", "bones", "points", "elements", "text_boxes"):
            if key in data:
                kept[key] = copy.deepcopy(data[key])
        for spline in kept.get("splines", []):
            _ease(spline, exact=self._exact)
        if "materials" in parts and "materials" in data:
            kept["materials"] = copy.deepcopy(data["materials"])
        if "shape_keys" in parts and "shape_keys" in data:
            keys = copy.deepcopy(data["shape_keys"])
            kept["shape_keys"] = {k: v for k, v in keys.items() if k != "animation" or k in parts}
            if not self._exact:
                _tidy_keys(kept["shape_keys"]["blocks"])
        if "animation" in parts and data.get("animation"):
            kept["animation"] = copy.deepcopy(data["animation"])
        geometry = data.get("geometry")
        if geometry is not None:
            kept["geometry"] = {
                k: copy.deepcopy(v) for k, v in geometry.items() if k not in ("smooth", "material_index", "attributes")
            }
            if geometry.get("smooth") is True and "smooth" in parts:
                kept["geometry"]["smooth"] = True
            uv = data.get("uv")
            if uv and all(layer.get("data") == "primitive" for layer in uv):
                kept["uv"] = copy.deepcopy(uv)
            _tidy_mesh(kept, exact=self._exact)
            if not self._exact and _is_mapped(kept["geometry"]):
                kept["uv"] = [{"name": "UVMap", "data": "primitive"}]
        return kept

    def _plain_block(self, block: Json) -> Json:
        kept: Json = {
            k: copy.deepcopy(v) for k, v in block.items() if k not in ("animation", "tree", "props", "custom")
        }
        kept["props"] = self._props(block, block["type"])
        if "tree" in block:
            kept["tree"] = self.tree(block["tree"])
            if block["type"] == "World":
                kept["props"].pop("color", None)
        if block["type"] == "Material":
            drop_material(kept)
        return kept

    def tree(self, tree: Json) -> Json:
        """The nodes that reach an output, tidied."""
        kept = prune(tree) if self._exact else straight(prune(tree))
        for node in kept["nodes"]:
            node["props"] = self.tidied(node.get("props", {}), node["type"])
            for given in node.get("inputs", []):
                given["value"] = self._tidy(
                    given.get("value"), "ROTATION" if given["label"] in ("Rotation", "Angle") else ""
                )
                if node["type"].startswith("ShaderNode") and not self._exact:
                    given["value"] = _opaque(given["value"])
            drop_shader(node)
        for item in kept.get("interface", []):
            item["props"] = {name: self._tidy(value, "") for name, value in item.get("props", {}).items()}
        return kept

    def _struct(self, item: Json) -> Json:
        kept = copy.deepcopy(item)
        kept["props"] = self._props(item, item["type"])
        for given in kept.get("inputs", []):
            given["value"] = self._tidy(given.get("value"), "")
        return kept

    def _props(self, block: Mapping[str, Any], kind: str) -> Json:
        return self.tidied(block.get("props", {}), kind)

    def tidied(self, props: Mapping[str, Any], kind: str) -> Json:
        kept: Json = {}
        for name, value in props.items():
            if not asked(kind, name):
                continue
            if isinstance(value, dict) and "props" in value:
                inner = self.tidied(value["props"], value.get("type", ""))
                if inner:
                    kept[name] = {**value, "props": inner}
            elif isinstance(value, list) and value and isinstance(value[0], dict) and "props" in value[0]:
                kept[name] = [{**v, "props": self.tidied(v["props"], v.get("type", ""))} for v in value]
            elif self._sayable(kind, name, value):
                unit = words.unit_of(self.units, kind, name) or ("ROTATION" if "rotation_euler" in name else "")
                plainer = kind in _SETTINGS and not self._exact
                kept[name] = tidy_setting(value, unit) if plainer else self._tidy(value, unit)
        drop_inert(kind, kept)
        return kept

    def _sayable(self, kind: str, name: str, value: Any) -> bool:
        if isinstance(value, str) and _PERSONAL.search(value):
            return False
        try:
            words.value(self.units, kind, name, value)
        except Unsayable:
            return False
        return True


def _renamed(items: list[Json]) -> list[Json]:
    """Modifiers or constraints with the names that Blender gives them: nobody asks for those."""
    counts: dict[str, int] = {}
    for item in items:
        name = words.type_name(item["type"])
        number = counts.get(name, 0)
        counts[name] = number + 1
        item["name"] = f"{name}.{number:03}" if number else name
    return items


def _ease(spline: Json, *, exact: bool) -> None:
    """Handles that Blender works out, since nobody spells out the others."""
    spline["props"].pop("resolution_u", None)
    reach = max((abs(part) for point in spline["points"] for part in point["co"][:3]), default=0.0)
    for point in spline["points"]:
        if not exact:
            point["co"] = [*place(point["co"][:3], reach), *point["co"][3:]]
        if "handle_left_type" in point:
            point["handle_left_type"] = point["handle_right_type"] = "AUTO"
            point.pop("handle_left", None)
            point.pop("handle_right", None)


def _opaque(value: Any) -> Any:
    """A colour of a shader without the transparency that none of them has."""
    colored = isinstance(value, list) and len(value) == 4 and all(isinstance(part, float) for part in value)
    return tidy([*value[:3], 1.0], "") if colored else value


def _tidy_keys(keys: list[Json]) -> None:
    """Shape keys that move vertices as far as people say; old files' way of blending them is nobody's wish."""
    for key in keys:
        key["props"].pop("interpolation", None)
        if "offsets" in key:
            moved = [[offset[0], *place(offset[1:4], max(map(abs, offset[1:4])))] for offset in key["offsets"]]
            key["offsets"] = [offset for offset in moved if any(offset[1:])]


def _is_mapped(geometry: Mapping[str, Any]) -> bool:
    """Whether an operator makes this mesh with a UV map: older files lack it, but nobody asks for its absence."""
    primitive = geometry.get("primitive")
    return primitive is not None and primitive.get("args", {}).get("fill_type", "NGON") != "NOTHING"


def _tidy_mesh(mesh: Json, *, exact: bool) -> None:
    """Points as people write them; a box that has become a plain one again is a cube."""
    geometry = mesh["geometry"]
    if "primitive" in geometry:
        made = geometry["primitive"]
        if made.get("scale") and not made.get("rotation"):
            plain = [plain_measure(value) for value in made["scale"]]
            factors = [new / old if old else 1.0 for new, old in zip(plain, made["scale"], strict=True)]
            middle = made.get("offset") or [0.0] * 3
            geometry["bounds"] = [
                [(part - at) * factor + at for part, at, factor in zip(corner, middle, factors, strict=True)]
                for corner in geometry["bounds"]
            ]
            made["scale"] = plain
        if made.get("offset"):
            made["offset"] = [as_said(value) for value in made["offset"]]
        made["args"] = {name: as_said(value) for name, value in made.get("args", {}).items()}
        return
    given = geometry.get("data")
    if given is None or len(given["vertices"]) > SPOKEN_VERTICES:
        return
    reach = max(abs(part) for point in given["vertices"] for part in point)
    given["vertices"] = [
        [round(v, 4) + 0.0 for v in point] if exact else place(point, reach) for point in given["vertices"]
    ]
    corners = list(zip(*given["vertices"], strict=True))
    geometry["bounds"] = [[min(axis) for axis in corners], [max(axis) for axis in corners]]
    if is_box(given):
        low, high = geometry["bounds"]
        geometry["primitive"] = {
            "kind": "CUBE", "args": {}, "scale": [(b - a) / 2 for a, b in zip(low, high, strict=True)],
            "offset": [(a + b) / 2 for a, b in zip(low, high, strict=True)],
        }  # fmt: skip
        del geometry["data"]
        mesh["uv"] = [{"name": "UVMap", "data": "primitive"}]


def is_box(given: Mapping[str, Any]) -> bool:
    """Whether eight vertices and six faces are a box along the axes, its faces outwards."""
    points, faces = given["vertices"], given.get("faces", [])
    if len(points) != 8 or len(faces) != 6 or given.get("edges"):
        return False
    sides = [sorted({point[axis] for point in points}) for axis in range(3)]
    if any(len(side) != 2 for side in sides) or len({tuple(point) for point in points}) != 8:
        return False
    centre = [sum(side) / 2 for side in sides]
    seen: set[tuple[int, float]] = set()
    for face in faces:
        flat = [(axis, points[face[0]][axis]) for axis in range(3) if len({points[i][axis] for i in face}) == 1]
        if len(face) != 4 or len(set(face)) != 4 or len(flat) != 1:
            return False
        axis, where = flat[0]
        a, b, c = (points[i] for i in face[:3])
        normal = _cross([y - x for x, y in zip(a, b, strict=True)], [y - x for x, y in zip(b, c, strict=True)])
        if normal[axis] * (where - centre[axis]) <= 0:
            return False
        seen.add((axis, where))
    return len(seen) == 6


def _cross(a: list[float], b: list[float]) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def with_cube(scene: Json, name: str) -> Json:
    """The same cut with one object's mesh replaced by a plain cube: it was too large to set up in a few lines."""
    thing = scene["blocks"]["objects"][name]
    target = reference(thing.get("data"))
    if target is None or target[0] != "meshes":
        return scene
    data = scene["blocks"]["meshes"][target[1]]
    data["geometry"] = copy.deepcopy(_CUBE)
    data["uv"] = [{"name": "UVMap", "data": "primitive"}]
    data["props"] = {}
    scale = thing["props"].get("scale", [1.0, 1.0, 1.0])
    if "dimensions" in thing:
        thing["dimensions"] = [round(2 * abs(s), 6) for s in scale]
    return scene


def is_of_a_shape(name: str) -> bool:
    """Whether a name promises a shape that a cube is not."""
    return (
        re.search(r"cylinder|sphere|plane|torus|cone|circle|suzanne|monkey|head|teapot|ring", name, re.IGNORECASE)
        is not None
    )


def is_small(data: Mapping[str, Any] | None) -> bool:
    """Whether a mesh is a primitive or has so few vertices that it can be given point by point."""
    geometry = (data or {}).get("geometry")
    if geometry is None or geometry.get("vertices", 0) < 2:
        return False  # a single point only carries what modifiers make of it
    if "primitive" in geometry:
        return True
    given = geometry.get("data")
    return given is not None and len(given["vertices"]) <= SPOKEN_VERTICES


def is_hidden(thing: Mapping[str, Any]) -> bool:
    """Whether nobody ever sees it: what particles and instances are copied from, and what was put aside."""
    return bool(thing["props"].get("hide_render") and thing["props"].get("hide_viewport"))


def has_faces(data: Mapping[str, Any] | None) -> bool:
    """Whether a mesh has a surface; a profile for a Screw modifier has edges only."""
    return bool((data or {}).get("geometry", {}).get("faces"))


def _dimensions(thing: Json, found: Mapping[str, Mapping[str, Json]], original: Json) -> Any:
    target = reference(thing.get("data"))
    geometry = found.get(target[0], {}).get(target[1], {}).get("geometry") if target else None
    if geometry is None or not geometry.get("vertices"):
        return copy.deepcopy(original["dimensions"])
    low, high = geometry["bounds"]
    scale = thing["props"].get("scale", [1.0, 1.0, 1.0])
    return [round(abs((b - a) * s), 6) for a, b, s in zip(low, high, scale, strict=True)]


def _forget_strangers(block: Json, found: Mapping[str, Mapping[str, Json]]) -> None:
    """Takes out references to blocks that are not in the cut."""
    parent = block.get("parent")
    if parent and parent["object"] not in found.get("objects", {}):
        del block["parent"]
    if "slots" in block:
        for slot in block["slots"]:
            slot["material"] = _known(slot.get("material"), found)
    if "materials" in block:
        block["materials"] = [_known(one, found) for one in block["materials"]]
        if not any(block["materials"]):
            del block["materials"]
    animation = block.get("animation")
    if animation is not None and _known(animation.get("action"), found) is None:
        del block["animation"]
    _forget_in(block.get("props", {}), found)
    for part in ("modifiers", "constraints"):
        for item in block.get(part, []):
            _forget_in(item["props"], found)
            if "inputs" in item:
                item["inputs"] = [i for i in item["inputs"] if not _strange(i.get("value"), found)]
    for posed in block.get("pose", {}).values():
        for item in posed.get("constraints", []):
            _forget_in(item["props"], found)
    for node in block.get("tree", {}).get("nodes", []):
        _forget_in(node["props"], found)
        if "inputs" in node:
            node["inputs"] = [i for i in node["inputs"] if not _strange(i.get("value"), found)]


def _forget_in(props: Json, found: Mapping[str, Mapping[str, Json]]) -> None:
    for name in [name for name, value in props.items() if _strange(value, found)]:
        del props[name]
    for value in props.values():
        if isinstance(value, dict) and "props" in value:
            _forget_in(value["props"], found)


def _strange(value: Any, found: Mapping[str, Mapping[str, Json]]) -> bool:
    target = reference(value)
    return target is not None and target[1] not in found.get(target[0], {})


def _known(value: Any, found: Mapping[str, Mapping[str, Json]]) -> Any:
    return None if _strange(value, found) else value
