"""Reading RNA structs: which of their properties differ from those of a fresh instance.

A *plan* says for one RNA type which properties are read and how; it is JSON-able, so that the plans that `fresh()`
made serve every later dump. A value that differs is clamped to the property's range, as Blender does on writing it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import bpy
from scene_choices import CHOICES, chosen
from scene_noise import OLD_DEFAULTS, Silent, old_default, silent
from scene_numbers import clean, close, nested
from scene_plans import ABSENT, Plan, Props, Scalars, make_plan, qualified
from scene_rules import COLLECTIONS, words

Struct = dict[str, Any]

OLD_NAMES = frozenset(name.split(".")[1] for name in OLD_DEFAULTS)
DEEPEST = 6


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


class Reading(NamedTuple):
    """How structs of one RNA type are read."""

    name: str
    scalars: Scalars
    others: Plan
    order: dict[str, int]
    """The places of all properties in the type's plan."""


# these serve every dump of this process
_readings: dict[type, Reading] = {}
_declared: dict[str, Props] = {}
_chosen: dict[tuple[int, str], tuple[Struct, Props]] = {}


def _with_choice(fresh: Struct, choice: str) -> Props:
    """The values of a fresh struct once a choice is made, the same object each time."""
    known = _chosen.get((id(fresh), choice))
    if known is None or known[0] is not fresh:
        known = _chosen[id(fresh), choice] = fresh, fresh["props"] | fresh.get("chosen", {}).get(choice, {})
    return known[1]


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
        self._silent: dict[str, list[Silent]] = {}

    def lose(self, path: str, reason: str) -> None:
        """Names something that is in the file and not in the dump."""
        self.opaque.append({"path": path, "reason": reason})

    def reading(self, struct: Any) -> Reading:
        """How a struct's type is read."""
        known = _readings.get(type(struct))
        if known is None:
            kind = struct.bl_rna
            plan = self.plans.get(kind.identifier)
            if plan is None:
                plan = self.plans[kind.identifier] = make_plan(kind)
            others = [part for part in plan if part[1] not in ("plain", "float")]
            order = {part[0]: place for place, part in enumerate(plan)}
            known = _readings[type(struct)] = Reading(kind.identifier, Scalars(kind, plan), others, order)
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
        name, scalars, others, order = self.reading(struct)
        found = scalars.changed(struct, base)
        plain = len(found)
        everything = base is None
        base = {} if base is None else base
        for identifier, manner, low, high in others:
            try:
                value = getattr(struct, identifier)
            except AttributeError:
                continue
            before = base.get(identifier, ABSENT)
            if manner in ("floats", "ints"):
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
        if 0 < plain < len(found):
            found = dict(sorted(found.items(), key=lambda item: order[item[0]]))
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
            base = _with_choice(before, getattr(value, CHOICES[kind][-1]))
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
        known: Props | None = self.fresh["structs"].get(kind.identifier)
        if known is not None:
            return known
        if kind.identifier not in _declared:
            _declared[kind.identifier] = rna_defaults(kind)
        return _declared[kind.identifier]

    def base(self, key: str, struct: Any) -> Props:
        """The values of a fresh instance: by key, else those that RNA declares."""
        known = self.fresh["structs"].get(key)
        return self.defaults(struct) if known is None else known

    def struct(self, struct: Any, path: str, key: str | None = None) -> Struct:
        """A struct with the properties that differ from those of its fresh instance `key` (its type's when None)."""
        name = self.reading(struct).name
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
