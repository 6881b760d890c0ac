"""Variations: what one file holds, put together anew and with other numbers.

Modifiers and materials of one object on another, lights that are stronger or elsewhere, rigs of other lights, objects
that move or follow one another. Everything comes from one file, so from one licence, and is proved like the rest.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from voxel.facts import words
from voxel.facts.lookup import Json, active_scene, blocks, data_of, reference
from voxel.training.dataset_builder.builder_candidates import needs
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of, plain_step
from voxel.training.dataset_builder.cutting import Cut, has_faces, is_small, tidy
from voxel.training.dataset_builder.moving import Mover, stand
from voxel.training.dataset_builder.pruning import groups_in, is_complete

MOST = 2
"""Variations of one kind from one file."""
_ON_FLAT = frozenset(f"{name}Modifier" for name in ("Solidify", "Subsurf", "Displace", "Wave", "Array", "Mirror"))
_FACTORS = (0.5, 0.75, 1.5, 2.0)
_WITHOUT_EFFECT = {"SunLight": ("location", "there and back"), "PointLight": ("rotation_euler",)}
"""A sun shines from everywhere alike, a point light to all sides."""
_TURNED_ALIKE = frozenset(("UV_SPHERE", "ICO_SPHERE", "CYLINDER", "CONE", "CIRCLE", "TORUS"))
"""Shapes that look the same however far they are turned around Z."""
_FRAMES = (24, 48, 60, 72, 90, 120)


def variations(scene: Mapping[str, Any]) -> Candidates:
    """Scenes that the file does not hold, made of what it holds."""
    cut = Cut(scene)
    objects = blocks(scene, "objects")
    small = [
        name for name, thing in objects.items() if thing["kind"] == "MESH" and is_small(data_of(scene, thing))
    ]  # fmt: skip
    shapes = [name for name in small if has_faces(data_of(scene, objects[name]))]
    lights = [name for name, thing in objects.items() if thing["kind"] == "LIGHT"]
    cameras = [name for name, thing in objects.items() if thing["kind"] == "CAMERA"]
    yield from _modifiers(cut, objects, small)
    if shapes:
        yield from _materials(cut, shapes)
        yield from _followers(cut, shapes, cameras)
    yield from _lights(cut, lights, cameras)
    yield from _motions(cut, [*shapes, *lights, *cameras])


def _picked(cut: Cut, kind: str, things: Sequence[Any]) -> list[Any]:
    """At most MOST of them, chosen by what they are."""
    ordered = sorted(things, key=str)
    return chance_of(kind, cut.scene.get("active_scene"), ordered).sample(ordered, min(MOST, len(ordered)))


def _moved(props: Json, chance: Any, units: Mapping[str, str] | None = None, kind: str = "") -> Json:
    """One or two of the numbers changed by a plain factor; fractions stay below 1, angles are whole degrees."""
    moved = copy.deepcopy(props)
    numbers = [name for name, value in moved.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    numbers = [name for name in numbers if not name.endswith("levels")]  # each level of a mesh is four times the last
    if {"angle", "factor"} <= set(numbers):
        numbers = [name for name in numbers if name not in ("angle", "factor")]  # one value under two names
    for name in chance.sample(sorted(numbers), min(len(numbers), chance.randint(1, 2))):
        value, factor = moved[name], chance.choice(_FACTORS)
        if isinstance(value, int):
            moved[name] = max(2, round(value * factor))
        elif units is not None and words.unit_of(units, kind, name) in ("ROTATION", "ANGLE"):
            moved[name] = tidy(math.radians(round(math.degrees(value) * factor)), "ROTATION")
        else:
            moved[name] = tidy(min(1.0, value * factor) if 0 <= value <= 1 else value * factor, "")
    return moved


def _modifiers(cut: Cut, objects: Mapping[str, Json], shapes: Sequence[str]) -> Candidates:
    given = [
        (name, place) for name, thing in objects.items() for place, item in enumerate(thing.get("modifiers", []))
        if needs(cut.scene, {"modifiers": [item]}) == ([], []) and item["type"] != "NodesModifier"
    ]  # fmt: skip
    for name, place in _picked(cut, "modifiers", given):
        item = cut.take([name], parts=["modifiers"])["blocks"]["objects"][name]["modifiers"][place]
        chance = chance_of("modifier on another", name, item)
        fitting = [one for one in shapes if _fits(cut.scene, item["type"], objects[one])]
        if not fitting:
            continue
        other = chance.choice(fitting)
        plain = cut.take([other], parts=["smooth"])
        if any(reference(value) is not None for value in item["props"].values()) or "vertex_group" in item["props"]:
            continue
        after = copy.deepcopy(plain)
        moved = {**item, "props": _moved(item["props"], chance, cut.units, item["type"])}
        if not _small_enough(moved, objects[other], cut.units):
            continue
        after["blocks"]["objects"][other]["modifiers"] = [moved]
        derived = f'the modifier is that of "{name}" with other values'
        yield Candidate("builder", "modifier", plain, after, derived)


def _fits(scene: Mapping[str, Any], kind: str, thing: Json) -> bool:
    """A profile is for a Screw modifier, and what bends, bevels or splits needs a body."""
    surface = has_faces(data_of(scene, thing))
    if kind == "ScrewModifier":
        return not surface
    return surface and (kind in _ON_FLAT or min(thing.get("dimensions", [0.0])) > 0)


def _small_enough(modifier: Json, thing: Json, units: Mapping[str, str]) -> bool:
    """Whether no length of a modifier is out of proportion to the thing."""
    sizes = [size for size in thing.get("dimensions", []) if size > 0]
    lengths = [
        abs(value) for name, value in modifier["props"].items()
        if isinstance(value, float) and words.unit_of(units, modifier["type"], name) in ("LENGTH", "DISTANCE")
    ]  # fmt: skip
    return bool(sizes) and all(length <= min(sizes) / 2 for length in lengths)


def _materials(cut: Cut, shapes: Sequence[str]) -> Candidates:
    materials = blocks(cut.scene, "materials")
    good = [name for name, one in materials.items() if "tree" in one and is_complete(cut.scene, one["tree"])]
    for name in _picked(cut, "materials", good):
        chance = chance_of("material on another", name)
        other = chance.choice(shapes)
        groups = groups_in(cut.scene, materials[name]["tree"])
        before = cut.take([other], more=groups)
        after = cut.take([other], more=[*groups, ("materials", name)])
        for node in after["blocks"]["materials"][name]["tree"]["nodes"]:
            if node["type"] == "ShaderNodeBsdfPrincipled" and node.get("inputs"):
                values = {str(place): given["value"] for place, given in enumerate(node["inputs"])}
                for place, value in _moved(values, chance).items():
                    node["inputs"][int(place)]["value"] = value
        target = reference(after["blocks"]["objects"][other]["data"])
        if target is None:
            continue
        after["blocks"][target[0]][target[1]]["materials"] = [{"$id": ["materials", name]}]
        yield Candidate("texture", "new-on-object", before, after, "the material is that of another object, varied")


def _lights(cut: Cut, lights: Sequence[str], cameras: Sequence[str]) -> Candidates:
    for name in _picked(cut, "lights", lights):
        after = cut.take([name])
        chance = chance_of("light", name, after["blocks"])
        thing = after["blocks"]["objects"][name]
        data = data_of(after, thing)
        if data is None or "location" not in thing["props"]:
            continue
        data["props"] = _moved(data["props"], chance, cut.units, data["type"])
        place = thing["props"]["location"]
        step = plain_step(math.hypot(*place))
        moved = [tidy(v + step * chance.choice((-1, 0, 1)), "") for v in place]
        thing["props"]["location"] = [*moved[:2], moved[2] if moved[2] > 0 or place[2] <= 0 else place[2]]
        yield Candidate("render", "light", cut.take(), after, "the light is stronger or weaker and elsewhere")
    pairs = [(one, other) for one in lights for other in lights if one < other]
    for one, other in _picked(cut, "pairs", pairs):
        yield Candidate(
            "render", "light-rig", cut.take([one]), cut.take([one, other]), "other lights together than in the file"
        )
    for camera in cameras[:2]:
        for name in _picked(cut, camera, lights)[:2]:
            settings = {"camera": {"$id": ["objects", camera]}}
            after = cut.take([camera, name], settings=settings)
            yield Candidate("render", "setup", cut.take(), after, "one light and camera of the file together")


def _followers(cut: Cut, shapes: Sequence[str], cameras: Sequence[str]) -> Candidates:
    """Constraints between things of the file."""
    pairs = [(one, other) for one in [*cameras, *shapes[:12]] for other in shapes[:12] if one != other]
    for one, target in _picked(cut, "constraints", pairs):
        chance = chance_of("constraint", one, target)
        to: Json = {"target": {"$id": ["objects", target]}}
        kinds: list[tuple[str, Json]] = [
            ("DampedTrackConstraint", to | {"track_axis": "TRACK_NEGATIVE_Z" if one in cameras else "TRACK_X"}),
            ("CopyLocationConstraint", to | {"use_z": False, "influence": 0.5}),
            ("CopyRotationConstraint", to | {"use_x": False, "use_y": False}),
            ("LimitLocationConstraint", {"use_min_z": True, "min_z": 0.5, "use_max_z": True, "max_z": 3.0}),
            ("LimitDistanceConstraint", to | {"distance": 4.0}),
        ]
        if one in cameras:
            kinds = [("TrackToConstraint", to), kinds[0], kinds[4]]
        kind, props = chance.choice(kinds)
        before, changed = stand(cut, [one, target], [])
        after = copy.deepcopy(before)
        item = {"type": kind, "name": _called(kind), "props": props}
        after["blocks"]["objects"][one]["constraints"] = [item]
        derived = "; ".join(filter(None, (changed, "the constraint is not in the file")))
        yield Candidate("animation", "constraint", before, after, derived)


def _called(kind: str) -> str:
    return {
        "TrackToConstraint": "Track To", "DampedTrackConstraint": "Damped Track",
        "CopyLocationConstraint": "Copy Location",
        "CopyRotationConstraint": "Copy Rotation", "LimitLocationConstraint": "Limit Location",
        "LimitDistanceConstraint": "Limit Distance",
    }[kind]  # fmt: skip


def _motions(cut: Cut, names: Sequence[str]) -> Candidates:
    """Plain motions of things that stand still in the file."""
    objects = blocks(cut.scene, "objects")
    for name in _picked(cut, "motions", [name for name in names if not objects[name].get("animation")]):
        still, changed = stand(cut, [name], [])
        thing = still["blocks"]["objects"][name]
        chance = chance_of("motion", name, thing["props"])
        last = float(chance.choice(_FRAMES))
        at = thing["props"].get("location", [0.0, 0.0, 0.0])
        sizes = thing["props"].get("scale", [1.0, 1.0, 1.0])
        axis = chance.choice((0, 1, 2))
        kind = chance.choice(("LINEAR", "SINE", "BEZIER", "CUBIC"))
        step = plain_step(max(objects[name].get("dimensions", [0.0])) * 4 or math.hypot(*at) or 4.0)
        rise = tidy(at[axis] + step * (chance.choice((1, 2)) if axis == 2 else chance.choice((-2, -1, 1, 2))), "")
        choices = {
            "location": [(axis, [(1.0, at[axis]), (last, rise)])],
            "there and back": [(axis, [(1.0, at[axis]), (last / 2, rise), (last, at[axis])])],
            "rotation_euler": [(2, [(1.0, 0.0), (last + 1, tidy(6.2831853, "ROTATION"))])],
            "scale": [(place, [(1.0, 0.0), (last / 2, size)]) for place, size in enumerate(sizes)],
        }
        if objects[name]["kind"] in ("LIGHT", "CAMERA"):
            del choices["scale"]
        for without_effect in _WITHOUT_EFFECT.get((data_of(still, thing) or {}).get("type", ""), ()):
            del choices[without_effect]
        if (data_of(still, thing) or {}).get("geometry", {}).get("primitive", {}).get("kind") in _TURNED_ALIKE:
            del choices["rotation_euler"]
        what = chance.choice(sorted(choices))
        path = "location" if what == "there and back" else what
        kind = "LINEAR" if path == "rotation_euler" else kind
        eased = {} if kind == "BEZIER" else {"interpolation": kind}
        slot = {"name": name, "target": "OBJECT"}
        curves = [
            {"path": path, "index": index, "slot": name, "keys": [{"frame": f, "value": v, **eased} for f, v in keys]}
            for index, keys in choices[what]
        ]
        thing["props"].pop(path, None)
        derived = "; ".join(filter(None, (changed, "it stands still in the file")))
        mover = Mover(still, ("objects", name), f"{name}Action", slot, curves, derived, name)
        yield Candidate("animation", "keyframes", mover.still, mover.moved(curves), derived)
        settings = cut.tidied(active_scene(cut.scene)["props"], "Scene")
        timed = mover.moved(curves)
        timed["blocks"]["scenes"]["Scene"]["props"] = {"frame_end": int(last)}
        if settings.get("frame_end") != int(last):
            yield Candidate("animation", "timing", mover.still, timed, derived)
