"""Reading RNA structs: which of their properties differ from those of a fresh instance.

A *plan* says for one RNA type which properties are read and how; it is JSON-able, so that the plans that `fresh()`
made serve every later dump. A value that differs is clamped to the property's range, as Blender does on writing it.
"""

from __future__ import annotations

import struct as binary
from math import isfinite
from typing import Any

import bpy
import numpy as np
from scene_choices import CHOICES, chosen
from scene_noise import NOISE, OLD_DEFAULTS, Silent, old_default, silent
from scene_rules import ALIASES, COLLECTIONS, MEANT_IS, REBUILT, RUNTIME_LISTS, STATE, UNMEANT, words

Props = dict[str, Any]
Struct = dict[str, Any]
Plan = list[list[Any]]

LEFT_OUT = ALIASES | UNMEANT | NOISE
OLD_NAMES = frozenset(name.split(".")[1] for name in OLD_DEFAULTS)
DEEPEST = 6
ABSENT = object()


def shortest(value: float) -> float:
    """The shortest decimal that is the same float32."""
    if not isfinite(value):
        return 0.0
    if abs(value) < 1e15 and value == int(value):
        return float(value) + 0.0
    exact = binary.pack("f", value)
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        if binary.pack("f", candidate) == exact:
            return candidate
    return float(f"{value:.9g}")


def shortest_all(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`shortest` for a whole array, of any shape; float64 with values that print short."""
    if values.size <= 64:
        return np.array([shortest(value) for value in values.ravel().tolist()], np.float64).reshape(values.shape)
    exact = values.astype(np.float64)
    exact[~np.isfinite(exact)] = 0.0
    result = exact.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log10(np.abs(exact)))
    exponent = np.where(np.isfinite(exponent), exponent, 0.0)
    todo = exact != np.round(exact)
    for digits in (6, 7, 8, 9):
        places = np.clip(digits - 1 - exponent, -22, 22)
        up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
        candidate = np.round(exact * up / down) / up * down
        fits = todo & (candidate.astype(np.float32) == exact.astype(np.float32))
        result[fits] = candidate[fits]
        todo &= ~fits
    return result + 0.0


def qualified(kind: Any, identifier: str) -> list[str]:
    """The names under which the rules may speak of a property of an RNA type: `Type.prop` for it and each base."""
    names = []
    while kind is not None:
        names.append(f"{kind.identifier}.{identifier}")
        kind = kind.base
    return names


def is_id(kind: Any) -> bool:
    while kind is not None:
        if kind.identifier == "ID":
            return True
        kind = kind.base
    return False


def how(kind: Any, prop: Any) -> str | None:
    """How a property is read: plain, float, floats, flags, id, struct, bone, list, lost; None when it is not."""
    identifier = prop.identifier
    if identifier in STATE or identifier.startswith("bl_"):
        return None
    if identifier.startswith("is_") and identifier not in MEANT_IS:
        return None
    names = qualified(kind, identifier)
    if any(name in LEFT_OUT for name in names):
        return None
    if prop.type == "COLLECTION":
        if any(name in REBUILT for name in names):
            return "list"
        return None if any(name in RUNTIME_LISTS for name in names) else "lost"
    if prop.type == "POINTER":
        if is_id(prop.fixed_type):
            return None if prop.is_readonly else "id"
        if prop.fixed_type.identifier in ("PoseBone", "Bone"):
            return None if prop.is_readonly else "bone"
        return "struct" if prop.is_readonly else None
    if prop.is_readonly:
        return None
    if prop.type == "ENUM":
        return "flags" if prop.is_enum_flag else "plain"
    if prop.type == "FLOAT":
        return "floats" if prop.is_array else "float"
    if getattr(prop, "is_array", False):
        return "ints"
    return "plain"


def make_plan(kind: Any) -> Plan:
    plan: Plan = []
    for prop in kind.properties:
        manner = how(kind, prop)
        if manner is None:
            continue
        limits = [prop.hard_min, prop.hard_max] if prop.type in ("INT", "FLOAT") else [None, None]
        plan.append([prop.identifier, manner, *limits])
    return plan


def rna_defaults(kind: Any) -> Props:
    """The values that RNA declares as defaults, for types of which no fresh instance can be had."""
    values: Props = {}
    for prop in kind.properties:
        if prop.type in ("POINTER", "COLLECTION"):
            continue
        if prop.type == "ENUM" and prop.is_enum_flag:
            values[prop.identifier] = {"$flags": sorted(prop.default_flag)}
        elif getattr(prop, "is_array", False):
            values[prop.identifier] = nested(prop.default_array)
        else:
            values[prop.identifier] = prop.default
    return values


def nested(value: Any) -> Any:
    """A bpy array, vector or matrix as (nested) lists."""
    items = list(value)
    return [nested(item) if hasattr(item, "__len__") else item for item in items]


def clean(value: Any, low: float | None = None, high: float | None = None) -> Any:
    """Floats shortest and inside their range, at any depth of lists."""
    if isinstance(value, list):
        return [clean(item, low, high) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if low is not None and high is not None:
        value = min(max(value, low), high)
    return shortest(value) if isinstance(value, float) else value


def close(value: Any, before: Any) -> bool:
    """Equal but for the rounding of a write and a read, 2e-6 relative above 1."""
    if isinstance(value, list):
        return isinstance(before, list) and len(value) == len(before) and all(map(close, value, before))
    return isinstance(before, (int, float)) and abs(value - before) <= 2e-6 * max(1.0, abs(value))


class Walk:
    """One dump under way: what fresh instances look like, and what could not be described so far."""

    def __init__(self, fresh: dict[str, Any]) -> None:
        self.fresh = fresh
        self.plans: dict[str, Plan] = fresh.setdefault("plans", {})
        self.opaque: list[dict[str, str]] = []
        self.spoken: set[str] | None = None
        """Names that data paths and attribute nodes of the file speak of, once they were asked for."""
        self.weighted: set[str] | None = None
        """Names of the meshes whose vertices are known by index, once they were asked for."""
        self.numbers: dict[str, list[int] | None] = {}
        """By which numbers a mesh's vertices are told, for meshes that were asked for; None for their own."""
        self.making = not fresh["structs"]
        # what was never saved has the version of the startup file
        self.old = bool(bpy.data.filepath) and tuple(bpy.data.version[:2]) < tuple(bpy.app.version[:2])
        self._by_class: dict[type, tuple[str, Plan]] = {}
        self._silent: dict[str, list[Silent]] = {}
        self._defaults: dict[str, Props] = {}

    def lose(self, path: str, reason: str) -> None:
        """Names something that is in the file and not in the dump."""
        self.opaque.append({"path": path, "reason": reason})

    def plan(self, struct: Any) -> tuple[str, Plan]:
        known = self._by_class.get(type(struct))
        if known is None:
            kind = struct.bl_rna
            name = kind.identifier
            if name not in self.plans:
                self.plans[name] = make_plan(kind)
            known = self._by_class[type(struct)] = (name, self.plans[name])
        return known

    def reference(self, block: Any, path: str) -> dict[str, Any] | None:
        """`{"$id": [collection, name]}`; None, and the path named, when the datablock is not part of the dump."""
        if block.library is not None:
            self.lose(path, "refers to library data")
            return None
        if block.id_type == "FONT" and block.filepath == "<builtin>":
            return None
        collection = COLLECTIONS.get(block.id_type)
        if collection is None:
            self.lose(path, f"refers to a {block.bl_rna.identifier}, which is not scene data")
            return None
        if collection == "grease_pencils" and hasattr(bpy.data, "grease_pencils_v3"):
            collection = "grease_pencils_v3"  # until 5.0, `grease_pencils` holds annotations
        return {"$id": [collection, block.name]}

    def changed(self, struct: Any, base: Props | None, path: str, depth: int = 0) -> Props:
        """The properties whose values are not those of `base`; with `base` None, all that have an effect."""
        found: Props = {}
        name, plan = self.plan(struct)
        everything = base is None
        base = {} if base is None else base
        for identifier, manner, low, high in plan:
            try:
                value = getattr(struct, identifier)
            except AttributeError:
                continue
            before = base.get(identifier, ABSENT)
            if manner in ("plain", "float"):
                if value == before or (value == "" and struct.bl_rna.properties[identifier].type == "ENUM"):
                    continue
                value = clean(value, low, high)
                if value != before and not (manner == "float" and close(value, before)):
                    found[identifier] = value
            elif manner in ("floats", "ints"):
                value = nested(value)
                if value == before:
                    continue
                value = clean(value, low, high) if manner == "floats" else value
                if value != before and not (manner == "floats" and close(value, before)):
                    found[identifier] = value
            elif manner == "flags":
                flags = {"$flags": sorted(value)}
                if flags != before:
                    found[identifier] = flags
            elif manner == "id":
                if value is None:
                    if not everything and before not in (None, ABSENT):
                        found[identifier] = None
                    continue
                if value.is_embedded_data:
                    continue
                target = self.reference(value, f"{path}.{identifier}")
                if target is not None and target != before:
                    found[identifier] = target
            elif manner == "bone":
                if value is not None:
                    found[identifier] = {"$bone": value.name}
            elif manner == "struct":
                if value is None or depth >= DEEPEST or isinstance(value, bpy.types.ID):
                    continue
                inner = self.inner(value, before, everything, f"{path}.{identifier}", depth + 1)
                if inner is not None:
                    found[identifier] = inner
            elif manner == "list":
                items = [self.whole(item, f"{path}.{identifier}", depth + 1) for item in value]
                if items != (before if before is not ABSENT else []):
                    found[identifier] = items
            elif len(value) and not everything and not before:
                self.lose(f"{path}.{identifier}", f"{name}.{identifier} is not described by the dump")
            elif everything and len(value):
                found[identifier] = True
        if found and (depth or not everything):
            self.quieten(struct, name, found)
        return found

    def quieten(self, struct: Any, name: str, found: Props) -> None:
        """Takes out what is without effect here and, in files of an older Blender, the defaults of that time."""
        rules = self._silent.get(name)
        if rules is None:
            rules = self._silent[name] = silent(struct.bl_rna)
        for identifiers, applies in rules:
            if any(identifier in found for identifier in identifiers) and applies(struct):
                for identifier in identifiers:
                    found.pop(identifier, None)
        if self.old and not self.making:
            kind = struct.bl_rna
            for identifier in [one for one in found if one in OLD_NAMES]:
                if old_default(qualified(kind, identifier), found[identifier]):
                    del found[identifier]

    def inner(self, value: Any, before: Any, everything: bool, path: str, depth: int) -> Struct | None:
        """A nested struct, when something in it differs or it has no counterpart in a fresh instance."""
        kind = value.bl_rna.identifier
        if everything:
            entry: Struct = {"type": kind, "props": self.changed(value, None, path, depth)}
            if self.making and kind in CHOICES:
                plain = [name for name, now in entry["props"].items() if isinstance(now, (str, int, float))]
                entry["chosen"] = chosen(value, CHOICES[kind], plain)
            return entry
        known = isinstance(before, dict) and before.get("type") == kind
        base = before["props"] if known else self.defaults(value)
        if kind in CHOICES and known:
            base = base | before.get("chosen", {}).get(getattr(value, CHOICES[kind][-1]), {})
        props = self.changed(value, base, path, depth)
        return {"type": kind, "props": props} if props or not known else None

    def whole(self, struct: Any, path: str, depth: int = 0) -> Struct:
        """An element of a rebuilt collection: all of its properties."""
        result: Struct = {"type": struct.bl_rna.identifier}
        name = getattr(struct, "name", None)
        if isinstance(name, str):
            result["name"] = name
        result["props"] = self.changed(struct, None, path, depth)
        return result

    def defaults(self, struct: Any) -> Props:
        kind = struct.bl_rna
        if kind.identifier not in self._defaults:
            known = self.fresh["structs"].get(kind.identifier)
            self._defaults[kind.identifier] = rna_defaults(kind) if known is None else known
        return self._defaults[kind.identifier]

    def base(self, key: str, struct: Any) -> Props:
        """The values of a fresh instance: by key, else those that RNA declares."""
        known = self.fresh["structs"].get(key)
        return self.defaults(struct) if known is None else known

    def struct(self, struct: Any, path: str, key: str | None = None) -> Struct:
        """A struct with the properties that differ from those of its fresh instance `key` (its type's when None)."""
        name, _ = self.plan(struct)
        result: Struct = {"type": name}
        label = getattr(struct, "name", None)
        if isinstance(label, str) and not isinstance(struct, bpy.types.ID):
            result["name"] = label
        result["props"] = self.changed(struct, self.base(key or name, struct), path)
        return result


# Parts that hold long lists of numbers and no RNA structs.
BULK = frozenset({"keys", "geometry", "offsets", "weights", "links", "uv", "attributes", "points", "$id"})


def units_of(scene: Any, units: dict[str, str]) -> None:
    """Adds RNA's unit (or telling subtype) of each property that occurs in `scene` to `units`."""
    if isinstance(scene, list):
        for item in scene:
            if isinstance(item, (dict, list)):
                units_of(item, units)
        return
    kind = scene.get("type")
    props = scene.get("props")
    if isinstance(kind, str) and isinstance(props, dict):
        rna = getattr(bpy.types, kind, None)
        for identifier in props:
            key = f"{kind}.{identifier}"
            if rna is not None and key not in units:
                units[key] = unit(rna.bl_rna.properties.get(identifier))
    socket = scene.get("socket_type")
    if isinstance(socket, str) and f"{socket}.default_value" not in units:
        rna = getattr(bpy.types, socket, None)
        if rna is not None:
            units[f"{socket}.default_value"] = unit(rna.bl_rna.properties.get("default_value"))
    for key, value in scene.items():
        if isinstance(value, (dict, list)) and key not in BULK:
            units_of(value, units)


TELLING = words(
    """
    COLOR COLOR_GAMMA FACTOR PERCENTAGE PIXEL ANGLE EULER QUATERNION AXISANGLE TIME DIRECTION FILE_PATH DIR_PATH
    """
)


def unit(prop: Any) -> str:
    if prop is None:
        return ""
    if prop.unit not in ("NONE", ""):
        return str(prop.unit)
    return str(prop.subtype) if prop.subtype in TELLING else ""
