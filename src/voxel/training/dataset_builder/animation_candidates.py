"""Candidates for animation: keyframes, constraints, armatures, shape keys."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from voxel.facts.belonging import SPOKEN_KEYS
from voxel.facts.lookup import Json, blocks, data_of, reference
from voxel.records.example import Ref
from voxel.training.dataset_builder.builder_candidates import needs
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of, without
from voxel.training.dataset_builder.cutting import Cut, is_small, with_cube

MAX_MOVING = 24
KEYS_PER_CHANNEL = 12
MAX_BONES = 12
_CHANNELS = ("location", "rotation_euler", "rotation_quaternion", "scale", "hide_render", "hide_viewport")


def animation_candidates(scene: Mapping[str, Any]) -> Candidates:
    """Everything in this Scene that teaches animation."""
    cut = Cut(scene)
    objects = blocks(scene, "objects")
    moving = [name for name, thing in objects.items() if thing.get("animation", {}).get("action")]
    for name in moving[:MAX_MOVING]:
        yield from _moves(cut, scene, name, objects[name])
    for name, thing in objects.items():
        if thing.get("constraints"):
            yield from _constraints(cut, scene, name, thing)
        if thing["kind"] == "ARMATURE":
            yield from _armature(cut, scene, name, thing)
        data = data_of(scene, thing)
        if data is not None and data.get("shape_keys") and is_small(data):
            whole = cut.take([name], parts=["shape_keys"])
            yield Candidate("animation", "shape-keys", cut.take([name]), whole)


def _stand(
    cut: Cut, scene: Mapping[str, Any], names: list[str], parts: list[str], more: list[Ref] | None = None
) -> tuple[Json, str]:
    """A cut in which every mesh too large to write down is a cube."""
    taken = cut.take(names, parts=parts, more=more or [])
    derived = ""
    for name in names:
        thing = blocks(scene, "objects")[name]
        if thing["kind"] == "MESH" and not is_small(data_of(scene, thing)):
            taken, derived = with_cube(taken, name), "its mesh is a plain cube here"
    return taken, derived


def _moves(cut: Cut, scene: Mapping[str, Any], name: str, thing: Json) -> Candidates:
    target = reference(thing["animation"]["action"])
    action = None if target is None else blocks(scene, "actions").get(target[1])
    if target is None or action is None or thing["animation"].get("drivers") or thing["animation"].get("nla"):
        return
    slot = thing["animation"].get("slot")
    curves = [
        curve for curve in action.get("fcurves", [])
        if curve["path"] in _CHANNELS and curve["keys"]
        and not curve.get("modifiers") and curve.get("slot", slot) == slot
    ]  # fmt: skip
    by_path: dict[str, list[Json]] = {}
    for curve in curves:
        by_path.setdefault(curve["path"], []).append(_simple(curve))
    sets = list(by_path.values())
    if len(sets) > 1:
        sets.append([curve for found in by_path.values() for curve in found])
    for found in sets:
        moving = [curve for curve in found if len({k["value"] for k in curve["keys"]}) > 1]
        if not moving or sum(len(curve["keys"]) for curve in moving) > SPOKEN_KEYS:
            continue
        whole, derived = _stand(cut, scene, [name], ["animation"], [target])
        whole["blocks"]["actions"][target[1]]["fcurves"] = moving
        animated = {curve["path"] for curve in moving}
        thing_after = whole["blocks"]["objects"][name]
        if "animation" not in thing_after:
            continue
        without(thing_after, sorted(animated))
        before = copy.deepcopy(whole)
        del before["blocks"]["actions"]
        del before["blocks"]["objects"][name]["animation"]
        _plain_size(whole, name, before)
        yield Candidate(
            "animation", "keyframes", before, whole, derived or "keyframes thinned out and eased as by default"
        )


def _plain_size(whole: Json, name: str, before: Json) -> None:
    for scene in (whole, before):
        scene["blocks"]["objects"][name].pop("dimensions", None)


def _simple(curve: Json) -> Json:
    """At most KEYS_PER_CHANNEL keys, with default handles and tidy numbers."""
    keys = curve["keys"]
    if len(keys) > KEYS_PER_CHANNEL:
        step = (len(keys) - 1) / (KEYS_PER_CHANNEL // 2 - 1)
        keys = [keys[round(i * step)] for i in range(KEYS_PER_CHANNEL // 2)]
    shared = {key.get("interpolation", "BEZIER") for key in keys}
    kind = shared.pop() if len(shared) == 1 else "BEZIER"
    if kind not in ("BEZIER", "LINEAR", "CONSTANT"):
        kind = "BEZIER"
    tidied: list[Json] = []
    for key in keys:
        bare: Json = {"frame": float(round(key["frame"])), "value": round(key["value"], 3) + 0.0}
        if kind != "BEZIER":
            bare["interpolation"] = kind
        if not tidied or tidied[-1]["frame"] < bare["frame"]:
            tidied.append(bare)
    return {**{k: v for k, v in curve.items() if k not in ("keys", "group")}, "keys": tidied}


def _constraints(cut: Cut, scene: Mapping[str, Any], name: str, thing: Json) -> Candidates:
    targets, _ = needs(scene, {"constraints": thing["constraints"]})
    targets = [one for one in targets if one != name]
    if len(targets) > 3:
        return
    whole, derived = _stand(cut, scene, [name, *targets], ["constraints"])
    for one in targets:
        whole["blocks"]["objects"][one].pop("constraints", None)
    before = copy.deepcopy(whole)
    before["blocks"]["objects"][name].pop("constraints", None)
    for place in (whole, before):
        for one in (name, *targets):
            place["blocks"]["objects"][one].pop("dimensions", None)
    yield Candidate("animation", "constraint", before, whole, derived)
    for number, item in enumerate(whole["blocks"]["objects"][name].get("constraints", [])):
        plain = [
            prop for prop, value in item["props"].items() if reference(value) is None and not isinstance(value, dict)
        ]
        if plain:
            chance = chance_of("constraint", item)
            edited = copy.deepcopy(whole)
            without(
                edited["blocks"]["objects"][name]["constraints"][number],
                chance.sample(plain, chance.randint(1, min(3, len(plain)))),
            )
            yield Candidate("animation", "constraint-edit", edited, whole, derived)


def _armature(cut: Cut, scene: Mapping[str, Any], name: str, thing: Json) -> Candidates:
    data = data_of(scene, thing)
    bones = (data or {}).get("bones", [])
    target = reference(thing.get("data"))
    if target is None or not bones:
        return
    whole = cut.take([name])
    kept: list[Json] = []
    for bone in bones:
        if len(kept) >= MAX_BONES:
            break
        if not bone.get("parent") or bone["parent"] in {one["name"] for one in kept}:
            bare = {k: copy.deepcopy(v) for k, v in bone.items() if k != "props"}
            bare["head"], bare["tail"] = _near(bone["head"]), _near(bone["tail"])
            kept.append(bare | {"props": {}})
    by_name = {bone["name"]: bone for bone in kept}
    for bone in kept:
        if bone.get("connected"):
            bone["head"] = list(by_name[bone["parent"]]["tail"])
    own = whole["blocks"][target[0]][name]
    own["bones"] = kept
    derived = "some bones of the armature" if len(kept) < len(bones) else ""
    yield Candidate("animation", "armature", cut.take(), whole, derived)
    if len(kept) > 4:
        short = copy.deepcopy(whole)
        short["blocks"][target[0]][name]["bones"] = kept[:3]
        yield Candidate("animation", "armature", cut.take(), short, "some bones of the armature")


def _near(values: list[float]) -> list[float]:
    return [round(v, 3) + 0.0 for v in values]
