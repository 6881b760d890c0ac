"""Candidates for animation: motion, drivers, constraints of objects and bones, armatures, shape keys."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from voxel.facts.lookup import Json, active_scene, blocks, data_of, reference
from voxel.training.dataset_builder.builder_candidates import needs
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of, without
from voxel.training.dataset_builder.cutting import Cut, is_small
from voxel.training.dataset_builder.moving import MAX_BONES, movers, stand
from voxel.training.dataset_builder.moving_candidates import moves
from voxel.training.dataset_builder.tidying import tidy

MAX_MOVING = 24
_CUSTOM = re.compile(r'\["([^"\\]+)"\]')
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def animation_candidates(scene: Mapping[str, Any]) -> Candidates:
    """Everything in this Scene that teaches animation."""
    cut, active = Cut(scene), active_scene(scene)
    # in turn, so that the first thing that moves does not fill every category
    each = [moves(cut, mover, active) for mover, _ in zip(movers(scene, cut), range(MAX_MOVING), strict=False)]
    for together in zip_longest(*each):
        yield from (one for one in together if one is not None)
    for name, thing in blocks(scene, "objects").items():
        if thing.get("constraints"):
            yield from _constraints(cut, name, thing)
        if thing.get("animation", {}).get("drivers"):
            yield from _drivers(cut, name, thing)
        if thing["kind"] == "ARMATURE":
            yield from _armature(cut, scene, name, thing)
        data = data_of(scene, thing)
        if data is not None and data.get("shape_keys") and is_small(data):
            yield from _shape_keys(cut, name)


def _shape_keys(cut: Cut, name: str) -> Candidates:
    whole = cut.take([name], parts=["shape_keys"])
    own = (data_of(whole, blocks(whole, "objects")[name]) or {})["shape_keys"]
    # a key that moves nothing teaches nothing
    own["blocks"] = [key for key in own["blocks"] if key["name"] == own.get("reference") or key.get("offsets")]
    if all(key["name"] == own.get("reference") for key in own["blocks"]):
        return
    yield Candidate("animation", "shape-keys", cut.take([name]), whole)
    for kind in blocks(whole, "objects").values():
        data = data_of(whole, kind)
        keys = (data or {}).get("shape_keys", {}).get("blocks", [])
        for place in range(2, len(keys)):
            before, after = copy.deepcopy(whole), copy.deepcopy(whole)
            for scene, count in ((before, place), (after, place + 1)):
                own = data_of(scene, blocks(scene, "objects")[name])
                if own is not None:
                    own["shape_keys"]["blocks"] = own["shape_keys"]["blocks"][:count]
            yield Candidate("animation", "shape-keys", before, after)


def _drivers(cut: Cut, name: str, thing: Json) -> Candidates:
    """What is driven by the values of other objects; and drivers whose numbers were others before."""
    for driver in thing["animation"]["drivers"]:
        targets = [reference(target["props"].get("id")) for one in driver["variables"] for target in one["targets"]]
        names = [target[1] for target in targets if target is not None and target[0] == "objects"]
        if len(names) < len(targets) or any(one not in blocks(cut.scene, "objects") for one in names):
            continue
        still, derived = stand(cut, [name, *(one for one in dict.fromkeys(names) if one != name)], [])
        still["blocks"]["objects"][name]["props"].pop(driver["path"], None)
        if not _has_targets(still, cut.scene, driver):
            continue
        whole = copy.deepcopy(still)
        whole["blocks"]["objects"][name]["animation"] = {"drivers": [driver]}
        yield Candidate("animation", "driver", still, whole, derived)
        expression = driver.get("expression", "")
        numbers = list(_NUMBER.finditer(expression))
        if numbers and driver["type"] == "SCRIPTED":
            found = chance_of("driver", driver).choice(numbers)
            other = copy.deepcopy(whole)
            changed = f"{expression[: found.start()]}{float(found[0]) * 2 + 1:g}{expression[found.end() :]}"
            other["blocks"]["objects"][name]["animation"]["drivers"][0]["expression"] = changed
            yield Candidate("animation", "driver-edit", other, whole, derived)


def _has_targets(still: Json, scene: Mapping[str, Any], driver: Json) -> bool:
    """Gives the things that a driver reads the custom properties that it reads; False where they have none such."""
    for variable in driver["variables"]:
        for target in variable["targets"]:
            name = reference(target["props"].get("id"))
            found = _CUSTOM.match(target["props"].get("data_path", ""))
            if found is None or name is None:
                continue
            given = blocks(scene, "objects")[name[1]].get("custom", {}).get(found[1])
            if given is None:
                return False
            still["blocks"]["objects"][name[1]].setdefault("custom", {})[found[1]] = copy.deepcopy(given)
    return True


def _constraints(cut: Cut, name: str, thing: Json) -> Candidates:
    targets, _ = needs(cut.scene, {"constraints": thing["constraints"]})
    targets = [one for one in targets if one != name]
    if len(targets) > 3:
        return
    whole, derived = stand(cut, [name, *targets], ["constraints"])
    for one in targets:
        whole["blocks"]["objects"][one].pop("constraints", None)
    before = copy.deepcopy(whole)
    before["blocks"]["objects"][name].pop("constraints", None)
    yield Candidate("animation", "constraint", before, whole, derived)
    yield from _constraint_edits(whole, name, ("constraints",), derived)


def _constraint_edits(whole: Json, name: str, place: tuple[str, ...], derived: str) -> Candidates:
    def at(scene: Json) -> list[Json]:
        here: Any = scene["blocks"]["objects"][name]
        for key in place:
            here = here.get(key, {})
        return here or []

    for number, item in enumerate(at(whole)):
        plain = [
            prop for prop, value in item["props"].items() if reference(value) is None and not isinstance(value, dict)
        ]
        chance = chance_of("constraint", item)
        for _ in range(2 if len(plain) > 2 else 1 if plain else 0):
            edited = copy.deepcopy(whole)
            without(at(edited)[number], chance.sample(plain, chance.randint(1, min(3, len(plain)))))
            yield Candidate("animation", "constraint-edit", edited, whole, derived)


def _posed(cut: Cut, name: str, thing: Json, whole: Json) -> Candidates:
    """Constraints of bones, bone by bone, on the armature of `whole`."""
    known = {bone["name"] for bone in (data_of(whole, whole["blocks"]["objects"][name]) or {}).get("bones", [])}
    for bone, posed in thing.get("pose", {}).items():
        items = posed.get("constraints", [])
        targets = [one for one in needs(cut.scene, {"constraints": items})[0] if one != name]
        bones = [item["props"].get("subtarget", bone) for item in items]
        if not items or len(targets) > 3 or not {bone, *bones} <= known:
            continue
        taken, derived = stand(cut, [name, *targets], ["pose"])
        taken["blocks"]["armatures"] |= copy.deepcopy(whole["blocks"]["armatures"])
        pose = taken["blocks"]["objects"][name].get("pose", {}).get(bone)
        if pose is None:
            continue
        taken["blocks"]["objects"][name]["pose"] = {bone: {"props": {}, "constraints": pose["constraints"]}}
        before = copy.deepcopy(taken)
        del before["blocks"]["objects"][name]["pose"]
        yield Candidate("animation", "bone-constraint", before, taken, derived)
        yield from _constraint_edits(taken, name, ("pose", bone, "constraints"), derived)


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
            if "roll" in bare:
                bare["roll"] = tidy(float(bare["roll"]), "ROTATION")
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
    if len(kept) == len(bones):
        yield from _posed(cut, name, thing, whole)


def _near(values: list[float]) -> list[float]:
    return [round(v, 3) + 0.0 for v in values]
