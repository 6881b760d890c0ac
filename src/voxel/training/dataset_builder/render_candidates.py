"""Candidates for render: lights, cameras, worlds, render settings, and set-ups of these."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from voxel.facts.lookup import Json, active_scene, blocks, data_of, reference
from voxel.records.example import Ref
from voxel.training.dataset_builder.builder_candidates import tree_edits
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of, windows, without
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.pruning import groups_in, is_look
from voxel.training.dataset_builder.startup import GRAY, is_fresh

MAX_SINGLE = 16
SETTINGS_AT_ONCE = 6
_WHOLE = frozenset(("ImageFormatSettings", "UnitSettings"))
"""Structs whose values depend on one another: all of them are asked for, or none."""


def render_candidates(scene: Mapping[str, Any]) -> Candidates:
    """Everything in this Scene that teaches lighting and rendering."""
    cut = Cut(scene)
    objects = blocks(scene, "objects")
    own = {name: thing for name, thing in objects.items() if _stands(thing)}
    lights = [name for name, thing in own.items() if thing["kind"] == "LIGHT"]
    cameras = [name for name, thing in own.items() if thing["kind"] == "CAMERA"]
    active = active_scene(scene)
    for name in lights[:MAX_SINGLE]:
        yield from _single(cut, name, "light", {})
    for name in cameras[:MAX_SINGLE]:
        target = reference(active["props"].get("camera"))
        settings = {"camera": {"$id": ["objects", name]}} if target == ("objects", name) else {}
        yield from _single(cut, name, "camera", settings)
    for size in (2, 3, 4):
        for group in windows(lights, size, 2):
            yield Candidate("render", "light-rig", cut.take(), cut.take(group))
            yield Candidate("render", "light-rig", cut.take(group[:-1]), cut.take(group))
    yield from _worlds(cut, scene)
    yield from _settings(cut, active)
    yield from _setups(cut, active, lights, cameras)


def _stands(thing: Json) -> bool:
    """Whether a thing is where its own properties say, and not where Blender has put it.

    A camera or light that is scaled has come from elsewhere: scale says nothing of either.
    """
    props = thing["props"]
    held = thing.get("constraints") or thing.get("parent")
    return not is_fresh(props) and not held and "scale" not in props


def _single(cut: Cut, name: str, category: str, settings: Mapping[str, Any]) -> Candidates:
    whole = cut.take([name], settings=settings)
    yield Candidate("render", category, cut.take(), whole)
    thing = whole["blocks"]["objects"][name]
    data = data_of(whole, thing)
    places = [(False, prop) for prop in thing["props"]] + [(True, prop) for prop in (data or {"props": {}})["props"]]
    chance = chance_of(category, places, thing["props"], (data or {}).get("props"))
    for _ in range(2 if len(places) > 2 else 1 if places else 0):
        before = copy.deepcopy(whole)
        own = before["blocks"]["objects"][name]
        for in_data, prop in chance.sample(places, chance.randint(1, min(3, len(places)))):
            target = data_of(before, own) if in_data else own
            if target is not None:
                without(target, [prop])
        yield Candidate("render", f"{category}-edit", before, whole)


def _worlds(cut: Cut, scene: Mapping[str, Any]) -> Candidates:
    for name, world in sorted(blocks(scene, "worlds").items())[:4]:
        if not is_look(scene, world):
            continue  # without nodes it is the look of a viewport
        if all(_is_plain_gray(node) for node in world["tree"]["nodes"]):
            continue  # as every new world
        more: list[Ref] = [*groups_in(scene, world.get("tree", {})), ("worlds", name)]
        whole = cut.take(more=more, settings={"world": {"$id": ["worlds", name]}})
        yield Candidate("render", "world", cut.take(more=more[:-1]), whole)
        yield from tree_edits(cut, whole, ("worlds", name), "render", "world-edit")


def _is_plain_gray(node: Mapping[str, Any]) -> bool:
    """Whether a node of a world is as Blender has put it there."""
    color = next((given["value"] for given in node.get("inputs", []) if given["label"] == "Color"), GRAY)
    strength = next((given["value"] for given in node.get("inputs", []) if given["label"] == "Strength"), 1.0)
    plain = all(abs(part - gray) < 2e-3 for part, gray in zip(color[:3], GRAY, strict=True)) and strength == 1.0
    return plain if node["type"] == "ShaderNodeBackground" else node["type"] == "ShaderNodeOutputWorld"


def _settings(cut: Cut, active: Json) -> Candidates:
    props = _of_engine(cut.tidied(active.get("props", {}), "Scene"))
    props = {name: value for name, value in props.items() if name not in ("camera", "world")}
    if props.get("frame_end", 250) <= props.get("frame_start", 1):
        props = {name: value for name, value in props.items() if name not in ("frame_start", "frame_end")}
    own = {name: value for name, value in props.items() if not (isinstance(value, dict) and "props" in value)}
    groups = [{name: value} for name, value in props.items() if name not in own]
    if own:
        groups.append(own)
    pieces: list[dict[str, Any]] = []
    for group in groups:
        leaves = _leaves(group)
        chance_of("settings", group).shuffle(leaves)
        parts = [leaves[i : i + SETTINGS_AT_ONCE] for i in range(0, len(leaves), SETTINGS_AT_ONCE)]
        pieces += [_pick(props, part) for part in parts]
        if len(leaves) > 2:
            pieces += [_pick(props, leaves[i : i + 2]) for i in range(0, min(len(leaves), 8) - 1, 2)]
    everything = _leaves(props)
    if len(groups) > 1 and len(everything) <= 14:
        pieces.append(props)
    elif len(groups) > 1:
        chance = chance_of("mixed settings", props)
        pieces += [_pick(props, chance.sample(everything, 8)) for _ in range(3)]
    for settings in pieces:
        if set(settings) <= {"frame_start", "frame_end"}:
            continue
        yield Candidate("render", "settings", cut.take(), cut.take(settings=settings))


def _of_engine(props: Mapping[str, Any]) -> dict[str, Any]:
    """Without the settings of the engine that the scene does not use."""
    engine = props.get("render", {}).get("props", {}).get("engine", "")
    other = "eevee" if engine == "CYCLES" else "cycles"
    return {name: value for name, value in props.items() if name != other}


def _leaves(props: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, value in props.items():
        if isinstance(value, dict) and "props" in value and value.get("type") not in _WHOLE:
            found += _leaves(value["props"], (*path, name))
        else:
            found.append((*path, name))
    return found


def _pick(props: Mapping[str, Any], leaves: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """The same nested properties with only these leaves."""
    kept: dict[str, Any] = {}
    for name, value in props.items():
        inner = [leaf[1:] for leaf in leaves if leaf[0] == name]
        if not inner:
            continue
        kept[name] = value if inner == [()] else {**value, "props": _pick(value["props"], inner)}
    return kept


def _setups(cut: Cut, active: Json, lights: list[str], cameras: list[str]) -> Candidates:
    target = reference(active.get("props", {}).get("camera"))
    if target is None or target[1] not in cameras:
        return
    camera = target[1]
    settings: dict[str, Any] = {"camera": {"$id": ["objects", camera]}}
    props = _of_engine(cut.tidied(active.get("props", {}), "Scene"))
    leaves = [leaf for leaf in _leaves(props) if leaf[0] in ("render", "cycles", "eevee") and len(leaf) == 2]
    chance = chance_of("set-up", props)
    some = _pick(props, chance.sample(leaves, min(4, len(leaves))))
    if lights:
        yield Candidate("render", "setup", cut.take(), cut.take([camera, lights[0]], settings=settings))
        yield Candidate("render", "setup", cut.take(), cut.take([camera, *lights[:3]], settings=settings | some))
    sizes = [leaf for leaf in leaves if leaf[1] in ("resolution_x", "resolution_y", "resolution_percentage", "engine")]
    if sizes:
        pictured = settings | _pick(props, sizes)
        yield Candidate("render", "active-camera", cut.take([camera]), cut.take([camera], settings=pictured))
    if some:
        yield Candidate("render", "setup", cut.take([camera]), cut.take([camera], settings=settings | some))
