"""What moves in a Scene: each action with what it moves, cut out, its keys as people would set them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from voxel.facts.lookup import Json, blocks, data_of, reference
from voxel.facts.moving import sayable
from voxel.records.example import Ref
from voxel.training.dataset_builder.builder_candidates import needs
from voxel.training.dataset_builder.candidate import without
from voxel.training.dataset_builder.cutting import Cut, is_small, with_cube
from voxel.training.dataset_builder.pruning import groups_in, is_complete
from voxel.training.dataset_builder.tidying import tidy

KEYS_PER_CHANNEL = 12
MAX_BONES = 12
_TURNED = ("rotation_euler", "spot_size", "angle_limit", "angle")
_NAMED = re.compile(r'^(constraints|modifiers)\["([^"\\]+)"\]')
_UNASKED = ("keys", "group", "modifiers", "smoothing")
"""Parts of a curve that are told otherwise, or that older files bring along and nobody asks for."""
_EASED = frozenset(("BEZIER", "LINEAR", "CONSTANT", "SINE", "QUAD", "CUBIC", "QUART", "QUINT", "EXPO", "CIRC",
                    "BACK", "BOUNCE", "ELASTIC"))  # fmt: skip


class Mover(NamedTuple):
    """An action and what it moves."""

    still: Json
    """The cut without any animation."""
    place: tuple[str, ...]
    """Keys that lead from the cut's blocks to what holds the animation."""
    action: str
    slot: Json
    curves: list[Json]
    """Tidied, none of them without keys or standing still."""
    derived: str
    subject: str
    """The object or material, in the cut."""

    def moved(self, curves: list[Json]) -> Json:
        """The cut with just these curves."""
        whole = copy.deepcopy(self.still)
        holder: Any = whole["blocks"]
        for key in self.place:
            holder = holder[key]
        holder["animation"] = {"action": {"$id": ["actions", self.action]}, "slot": self.slot["name"]}
        whole["blocks"]["actions"] = {
            self.action: {"type": "Action", "props": {}, "slots": [self.slot], "fcurves": copy.deepcopy(curves)}
        }
        return whole


def stand(cut: Cut, names: list[str], parts: list[str], more: list[Ref] | None = None) -> tuple[Json, str]:
    """A cut in which every mesh too large to write down is a cube, and what was changed for that."""
    taken, derived = cut.take(names, parts=parts, more=more or []), ""
    for name in names:
        thing = blocks(cut.scene, "objects")[name]
        if thing["kind"] == "MESH" and not is_small(data_of(cut.scene, thing)):
            taken, derived = with_cube(taken, name), "its mesh is a plain cube here"
        taken["blocks"]["objects"][name].pop("dimensions", None)
    return taken, derived


def movers(scene: Mapping[str, Any], cut: Cut) -> Iterator[Mover]:
    """Everything that an action moves and that can be cut out, objects first."""
    for name, thing in blocks(scene, "objects").items():
        found = _curves(scene, thing.get("animation"))
        if found is not None:
            yield from _object(cut, name, thing, *found)
        target, data = reference(thing.get("data")), data_of(scene, thing)
        if target is None or data is None:
            continue
        found = _curves(scene, data.get("animation"))
        if found is not None and thing["kind"] in ("LIGHT", "CAMERA", "CURVE", "FONT"):
            still, derived = stand(cut, [name], [])
            yield _mover(still, (target[0], name), name, *found, derived)
        found = _curves(scene, data.get("shape_keys", {}).get("animation"))
        if found is not None and is_small(data):
            still, derived = stand(cut, [name], ["shape_keys"])
            _, slot, curves, changed = found
            # as Blender calls what it makes for a first keyframe
            keyed = [{**curve, "slot": "Key"} for curve in curves]
            place = (target[0], name, "shape_keys")
            yield _mover(still, place, name, f"{name}Action", {**slot, "name": "Key"}, keyed, changed, derived)
    for name, material in blocks(scene, "materials").items():
        found = _curves(scene, material.get("tree", {}).get("animation"))
        if found is not None and is_complete(scene, material["tree"]):
            still = cut.take(more=[*groups_in(scene, material["tree"]), ("materials", name)])
            yield _mover(still, ("materials", name, "tree"), name, *found, "")


def _object(
    cut: Cut, name: str, thing: Json, action: str, slot: Json, curves: list[Json], derived: str
) -> Iterator[Mover]:
    parts = [part for part in ("constraints", "modifiers") if any(curve["path"].startswith(part) for curve in curves)]
    helpers, groups = needs(cut.scene, {part: thing.get(part, []) for part in parts})
    if groups or len(helpers) > 3:
        return
    if any(curve["path"].startswith("pose.bones") for curve in curves):
        if len((data_of(cut.scene, thing) or {}).get("bones", [])) > MAX_BONES:
            return
        parts.append("pose")
    still, changed = stand(cut, [name, *(one for one in helpers if one != name)], parts)
    own = still["blocks"]["objects"][name]
    if "pose" in own:
        own["pose"] = {bone: {"props": one["props"]} for bone, one in own["pose"].items() if one["props"]}
    for part in ("constraints", "modifiers"):
        for one in helpers:
            if one != name:
                still["blocks"]["objects"][one].pop(part, None)
        renamed = {old["name"]: new["name"] for old, new in zip(thing.get(part, []), own.get(part, []), strict=False)}
        for curve in curves:
            found = _NAMED.match(curve["path"])
            if found is not None and found[1] == part and found[2] in renamed:
                curve["path"] = f'{part}["{renamed[found[2]]}"]{curve["path"][found.end() :]}'
    without(own, sorted({curve["path"] for curve in curves}))
    yield _mover(still, ("objects", name), name, action, slot, curves, derived, changed)


def _mover(
    still: Json, place: tuple[str, ...], subject: str, action: str, slot: Json, curves: list[Json], derived: str,
    changed: str = "",
) -> Mover:  # fmt: skip
    return Mover(still, place, action, slot, curves, "; ".join(filter(None, (changed, derived))), subject)


def _curves(scene: Mapping[str, Any], animation: Json | None) -> tuple[str, Json, list[Json], str] | None:
    """(action, its slot, its curves that move something, what was changed); None where nothing can be used."""
    target = reference((animation or {}).get("action"))
    action = None if target is None else blocks(scene, "actions").get(target[1])
    if animation is None or target is None or action is None or animation.get("nla") or animation.get("drivers"):
        return None
    wanted = animation.get("slot")
    slot = next((one for one in action.get("slots", []) if one["name"] == wanted), None)
    if slot is None:
        return None
    found: list[Json] = []
    derived: set[str] = set()
    for curve in action.get("fcurves", []):
        if curve.get("slot", wanted) != wanted or curve.get("mute") or not curve["keys"] or not sayable(curve["path"]):
            continue
        if curve["path"].endswith(("quaternion", "axis_angle")):
            continue  # nobody asks for the four numbers of a turn
        tidied, changed = _tidied(curve)
        found.append(tidied)
        derived |= changed
    found = [one for one in found if _moves(one)]
    return (target[1], slot, found, " and ".join(sorted(derived))) if found else None


def _moves(curve: Json) -> bool:
    return len({key["value"] for key in curve["keys"]}) > 1


def _tidied(curve: Json) -> tuple[Json, set[str]]:
    """At most KEYS_PER_CHANNEL keys on whole frames, with automatic handles; and what of that is a change."""
    keys, changed = curve["keys"], set()
    if len(keys) > KEYS_PER_CHANNEL:
        step = (len(keys) - 1) / (KEYS_PER_CHANNEL // 2 - 1)
        keys = [keys[round(i * step)] for i in range(KEYS_PER_CHANNEL // 2)]
        changed.add("keyframes thinned out")
    unit = "ROTATION" if curve["path"].rpartition(".")[2] in _TURNED else ""
    kept: list[Json] = []
    for key in keys:
        kind = key.get("interpolation", "BEZIER")
        bare: Json = {"frame": float(round(key["frame"])), "value": tidy(float(key["value"]), unit)}
        if kind in _EASED and kind != "BEZIER":
            bare["interpolation"] = kind
        if "easing" in key and kind not in ("BEZIER", "LINEAR", "CONSTANT"):
            bare["easing"] = key["easing"]
        bare |= {part: key[part] for part in ("back", "amplitude", "period") if part in key}
        if set(key) - {*bare, "easing", "type"} or kind not in _EASED:
            changed.add("curves eased as by default")
        if not kept or kept[-1]["frame"] < bare["frame"]:
            kept.append(bare)
    modifiers = [{**one, "props": _shown(one["props"])} for one in curve.get("modifiers", [])]
    if "smoothing" in curve:
        changed.add("curves eased as by default")
    rest = {part: value for part, value in curve.items() if part not in _UNASKED}
    return {**rest, **({"modifiers": modifiers} if modifiers else {}), "keys": kept}, changed


def _shown(props: Mapping[str, Any]) -> Json:
    return {name: tidy(value, "") for name, value in props.items()}
