"""Reading a real Scene as an art director would: what is in it, how large, where, how it looks and is lit.

Only what the Scene tells for certain becomes part of a plan: things whose place a constraint or a bone decides, or
whose extent modifiers move to where the file does not say, are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voxel.facts.aiming import sight
from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json, active_scene, block, blocks, data_of, reference, same
from voxel.records.plan import (
    Kind,
    PlannedCamera,
    PlannedLight,
    PlannedMaterial,
    PlannedMovement,
    PlannedObject,
    PlannedWorld,
    Vector,
)
from voxel.training.dataset_builder.asked import is_upgraded_sun
from voxel.training.dataset_builder.plan_shapes import THIN, extent, matrix_of, point, taken_apart
from voxel.training.dataset_builder.settling import Matrix
from voxel.training.dataset_builder.tidying import tidy

_ROUND = re.compile(
    r"planet|ball|moon|sun|globe|orb\b|head|bubble|pearl|marble|bead|bulb|knob|berry|apple", re.IGNORECASE
)
_EVEN = 1.1
"""What is called something round and is this even, longest by shortest side, is a sphere and no box."""
_UPRIGHT = 0.01
_TURNING = frozenset(("rotation_euler", "rotation_quaternion", "scale"))
_PLACING = _TURNING | {"location"}
MAX_KEYS = 6


class Reading:
    """What one Scene offers to plans, by name."""

    def __init__(self, scene: Mapping[str, Any]) -> None:
        self.scene = scene
        self._worlds: dict[str, Matrix | None] = {}
        self.objects = {name: one for name in blocks(scene, "objects") if (one := self._object(name)) is not None}
        found = [self._material(name) for name in blocks(scene, "materials")]
        self.materials = {one.name: one for one in found if one is not None}

    def focus(self) -> Vector:
        """The middle of what stands in the scene; floors and walls do not count where there is anything else."""
        solid = [one for one in self.objects.values() if one.kind not in ("empty", "plane")]
        chosen = solid or list(self.objects.values())
        if not chosen:
            return 0.0, 0.0, 0.0
        x, y, z = (float(np.median([one.location[axis] for one in chosen])) for axis in range(3))
        return x, y, z

    def world_of(self, name: str) -> Matrix | None:
        """World matrix of an object; None where the Scene does not tell."""
        if name not in self._worlds:
            self._worlds[name] = None  # what hangs below itself is nowhere
            self._worlds[name] = self._world(name)
        return self._worlds[name]

    def _world(self, name: str) -> Matrix | None:
        thing = blocks(self.scene, "objects").get(name)
        if thing is None or any(prop.startswith("delta_") for prop in thing["props"]):
            return None
        if any(one["type"] != "TrackToConstraint" for one in thing.get("constraints", [])):
            return None
        own = matrix_of(self._at_first(thing))
        parent = thing.get("parent")
        if own is None or parent is None:
            return own
        above = self.world_of(parent["object"]) if parent["type"] == "OBJECT" else None
        if above is None or self._is_aimed(parent["object"]):
            return None
        inverse = np.array(parent["inverse"], float).reshape(4, 4) if "inverse" in parent else np.eye(4)
        return above @ inverse @ own

    def _curves(self, thing: Json) -> list[Json]:
        target = reference((thing.get("animation") or {}).get("action"))
        found: list[Json] = ((block(self.scene, target) if target else None) or {}).get("fcurves", [])
        return found

    def _at_first(self, thing: Json) -> Json:
        """Properties with the values of the first key where they are animated: a Scene leaves those out."""
        props = dict(thing["props"])
        for curve in self._curves(thing):
            plain = {"location": 0.0, "rotation_euler": 0.0, "scale": 1.0}.get(curve["path"])
            if plain is not None and curve["keys"]:
                values = list(props.get(curve["path"], [plain] * 3))
                values[curve.get("index", 0)] = curve["keys"][0]["value"]
                props[curve["path"]] = values
        return props

    def _is_aimed(self, name: str) -> bool:
        return bool(blocks(self.scene, "objects")[name].get("constraints"))

    def _is_in_a_pose(self, name: str) -> bool:
        """Whether a driver places a thing, or where it is at rest is a moment of an animation: nobody plans that."""
        thing = blocks(self.scene, "objects")[name]
        tilts = [one["keys"][0]["value"] for one in self._curves(thing)
                 if one["path"] == "rotation_euler" and one.get("index", 0) < 2 and one["keys"]]  # fmt: skip
        if any(abs(tilt) > _UPRIGHT for tilt in tilts):
            return True
        above: str | None = name
        while above is not None:
            thing = blocks(self.scene, "objects").get(above, {})
            driven = {one["path"] for one in (thing.get("animation") or {}).get("drivers", ())}
            turned = {one["path"] for one in self._curves(thing)} if above != name else set()
            if driven & _PLACING or turned & _TURNING:
                return True
            above = (thing.get("parent") or {}).get("object")
        return False

    def _object(self, name: str) -> PlannedObject | None:
        thing = blocks(self.scene, "objects")[name]
        world = self.world_of(name)
        if world is None or self._is_aimed(name) or thing["kind"] not in ("MESH", "EMPTY") or not can_be_named(name):
            return None
        if self._is_in_a_pose(name):
            return None
        apart = taken_apart(world)
        if apart is None:
            return None
        rotation, scale = apart
        parent = (thing.get("parent") or {}).get("object", "")
        if thing["kind"] == "EMPTY":
            return PlannedObject(
                name=name, kind="empty", location=point(world[:3, 3]), rotation=rotation, parent=parent
            )
        data = data_of(self.scene, thing) or {}
        found = extent(data.get("geometry", {}), thing, scale)
        if found is None:
            return None
        kind, size, middle = found
        cast = any(one["type"] == "CastModifier" for one in thing.get("modifiers", []))
        if kind == "box" and (cast or _ROUND.search(name)) and max(size) <= min(size) * _EVEN:
            kind = "sphere"
        if _looks_the_same(kind, size, rotation):
            rotation = (0.0, 0.0, 0.0)
        names = [one for one in materials_of(self.scene, thing) if one]
        return PlannedObject(
            name=name, kind=kind, size=size, location=point((world @ [*middle, 1.0])[:3]), rotation=rotation,
            parent=parent, collection=self._collection(name), material=names[0] if len(names) == 1 else "",
        )  # fmt: skip

    def _collection(self, name: str) -> str:
        holders = [key for key, one in blocks(self.scene, "collections").items() if name in one.get("objects", [])]
        return holders[0] if len(holders) == 1 and can_be_named(holders[0]) else ""

    def light(self, name: str) -> PlannedLight | None:
        """A light, aimed at a point on its way through the scene; a sun by its angles."""
        thing = blocks(self.scene, "objects")[name]
        data, world = data_of(self.scene, thing), self.world_of(name)
        apart = None if world is None else taken_apart(world)
        if data is None or world is None or apart is None or not can_be_named(name):
            return None
        kinds: dict[str, Any] = {"PointLight": "point", "SunLight": "sun", "SpotLight": "spot", "AreaLight": "area"}
        props, kind = data["props"], kinds.get(data["type"])
        if kind is None or data.get("tree") or props.get("use_temperature"):
            return None
        size = props.get("size" if kind == "area" else "shadow_soft_size") if kind != "sun" else None
        if size is not None and kind == "area":
            size *= apart[1][0]
        angle = props.get({"spot": "spot_size", "sun": "angle"}.get(kind, ""))
        color = _color(props.get("color", (1.0, 1.0, 1.0)))
        if kind == "sun" and is_upgraded_sun(angle or 0.0):
            angle = None
        rotation, target = self._aimed(thing, world, apart[0], upright=False)
        if kind == "point":
            rotation, target = (0.0, 0.0, 0.0), None
        elif kind == "sun" and target is not None and "constraints" not in thing:
            rotation, target = apart[0], None
        return None if color is None else PlannedLight(
            name=name, type=kind, energy=tidy(props.get("energy"), ""), color=color, size=tidy(size, ""),
            angle=None if angle is None else round(math.degrees(angle), 1) or None,
            location=point(world[:3, 3]), rotation=rotation, target=target,
        )  # fmt: skip

    def camera(self, name: str) -> PlannedCamera | None:
        """A camera, aimed at a point that it sees; by its angles where it leans."""
        thing = blocks(self.scene, "objects")[name]
        data, world = data_of(self.scene, thing), self.world_of(name)
        apart = None if world is None else taken_apart(world)
        if (
            data is None
            or world is None
            or apart is None
            or not can_be_named(name)
            or data["props"].get("type") == "PANO"
        ):
            return None
        rotation, target = self._aimed(thing, world, apart[0], upright=True)
        ortho = data["props"].get("type") == "ORTHO"
        return PlannedCamera(
            name=name, lens=50.0 if ortho else tidy(data["props"].get("lens", 50.0), ""),
            ortho_scale=tidy(data["props"].get("ortho_scale", 6.0), "") if ortho else None,
            location=point(world[:3, 3]), rotation=rotation, target=target,
        )  # fmt: skip

    def _aimed(self, thing: Json, world: Matrix, rotation: Vector, *, upright: bool) -> tuple[Vector, Vector | None]:
        """(rotation, target), one of which says it."""
        place = world[:3, 3]
        for held in thing.get("constraints", []):
            followed = reference(held["props"].get("target"))
            there = None if followed is None else self.world_of(followed[1])
            return (0.0, 0.0, 0.0), None if there is None else point(there[:3, 3])
        if upright and (abs(world[2, 0]) > _UPRIGHT or world[2, 1] < -_UPRIGHT):
            return rotation, None
        way = np.array(sight([math.radians(angle) for angle in rotation]))
        ahead = float(np.dot(np.array(self.focus()) - place, way))
        if ahead < 0.3:
            return rotation, None
        target = place + way * ahead
        x, y, z = (round(float(v), 2) + 0.0 for v in target)
        return (0.0, 0.0, 0.0), (x, y, z)

    def _material(self, name: str) -> PlannedMaterial | None:
        tree = blocks(self.scene, "materials")[name].get("tree")
        if tree is None or not can_be_named(name):
            return None
        fed = {link["to"]["node"] for link in tree.get("links", []) if link["to"]["label"] == "Surface"}
        ends = [link["from"]["node"] for link in tree.get("links", []) if link["to"]["node"] in fed
                and link["to"]["label"] == "Surface"]  # fmt: skip
        node = next((one for one in tree["nodes"] if one["name"] in ends), None)
        if node is None:
            return None
        linked = {link["to"]["label"] for link in tree["links"] if link["to"]["node"] == node["name"]}
        values = {i["label"]: i.get("value") for i in node.get("inputs", []) if i["label"] not in linked}
        look = _LOOKS.get(node["type"], {})
        found: dict[str, Any] = {}
        for label, field in look.items():
            value = values.get(label)
            if value is not None:
                found[field] = _color(value[:3]) if isinstance(value, list) else tidy(float(value), "")
        if node["type"] == "ShaderNodeBsdfGlass":
            found["transmission"] = 1.0
        glow = found.get("emission_color")
        if not found.get("emission_strength") or (glow is not None and not any(glow)):
            found.pop("emission_color", None)
            found.pop("emission_strength", None)
        parts = [found[field] for field in ("metallic", "roughness", "transmission") if field in found]
        if not found or any(not 0 <= part <= 1 for part in parts):
            return None
        return PlannedMaterial(name=name, **found)

    def surroundings(self) -> PlannedWorld | None:
        """The active scene's world, as far as it is one colour."""
        target = reference(active_scene(self.scene)["props"].get("world"))
        world = None if target is None else block(self.scene, target)
        tree = (world or {}).get("tree")
        if target is None or tree is None or not can_be_named(target[1]):
            return None
        nodes = [one for one in tree["nodes"] if one["type"] == "ShaderNodeBackground"]
        linked = {link["to"]["label"] for link in tree["links"] if nodes and link["to"]["node"] == nodes[0]["name"]}
        values = {i["label"]: i["value"] for one in nodes for i in one.get("inputs", []) if i["label"] not in linked}
        if len(nodes) != 1 or not values:
            return None
        color = _color(values["Color"][:3]) if "Color" in values else None
        return PlannedWorld(name=target[1], color=color, strength=tidy(values.get("Strength", 1.0), ""))

    def movements(self, name: str) -> list[PlannedMovement]:
        """Channels of a thing without parent, each with a few keys of one interpolation."""
        thing = blocks(self.scene, "objects")[name]
        curves = self._curves(thing)
        if not curves or thing.get("parent") or thing.get("constraints"):
            return []
        planned, origin = self.objects.get(name), self._at_first(thing).get("location", [0.0, 0.0, 0.0])
        away = [0.0] * 3 if planned is None else [a - b for a, b in zip(planned.location, origin, strict=True)]
        paths = {curve["path"] for curve in curves}
        if "rotation_euler" in paths and (any(abs(v) > THIN for v in away) or "rotation_mode" in thing["props"]):
            return []
        found: list[PlannedMovement] = []
        for curve in curves:
            index, kinds = curve.get("index", 0), {key.get("interpolation", "BEZIER") for key in curve["keys"]}
            if (
                curve["path"] not in ("location", "rotation_euler")
                or not 2 <= len(curve["keys"]) <= MAX_KEYS
                or not kinds <= {"BEZIER", "LINEAR", "CONSTANT"}
                or len(kinds) > 1
                or len({key["value"] for key in curve["keys"]}) == 1
                or curve["keys"][0]["frame"] < 1
                or {"modifiers", "extrapolation"} & set(curve)
            ):
                continue
            turned = curve["path"] == "rotation_euler"
            keys = tuple(
                (key["frame"], round(math.degrees(key["value"]), 1) if turned else tidy(key["value"] + away[index], ""))
                for key in curve["keys"]
            )
            kind: Any = kinds.pop().lower()
            found.append(
                PlannedMovement(
                    object=name, property="rotation" if turned else "location", axis="xyz"[index],  # type: ignore[arg-type]
                    keys=keys, interpolation=kind,
                )
            )  # fmt: skip
        return found


_LOOKS: dict[str, dict[str, str]] = {
    "ShaderNodeBsdfPrincipled": {
        "Base Color": "base_color", "Metallic": "metallic", "Roughness": "roughness",
        "Transmission Weight": "transmission", "Emission Color": "emission_color",
        "Emission Strength": "emission_strength",
    },
    "ShaderNodeBsdfDiffuse": {"Color": "base_color"},
    "ShaderNodeBsdfGlossy": {"Color": "base_color", "Roughness": "roughness"},
    "ShaderNodeBsdfGlass": {"Color": "base_color", "Roughness": "roughness"},
    "ShaderNodeEmission": {"Color": "emission_color", "Strength": "emission_strength"},
}  # fmt: skip


def _looks_the_same(kind: Kind, size: Vector, rotation: Vector) -> bool:
    """Whether a round thing looks as it would without its turn."""
    across, deep, high = size
    if kind not in ("sphere", "cylinder", "cone", "torus") or not same(across, deep):
        return False
    return not any(rotation[:2]) or (kind == "sphere" and same(across, high))


def can_be_named(name: str) -> bool:
    """Whether a plan and a request can call something so."""
    return 0 < len(name.encode()) <= 60 and '"' not in name and name.isprintable()


def _color(values: Sequence[float]) -> Vector | None:
    r, g, b = tidy([float(v) for v in values[:3]], "COLOR")
    return (r, g, b) if min(r, g, b) >= 0 and max(r, g, b) <= 1 else None
