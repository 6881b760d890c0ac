"""Variations: what one file holds, put together anew and with other numbers.

Modifiers and materials of one object on another, lights that are stronger or elsewhere, rigs of other lights, objects
that move or follow one another. Everything comes from one file, so from one licence, and is proved like the rest.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from voxel.facts import words
from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json, active_scene, blocks, data_of, primitive_of, reference
from voxel.training.dataset_builder.builder_candidates import LED_BY, needs
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of, plain_step
from voxel.training.dataset_builder.cutting import Cut, has_faces, is_hidden, is_small
from voxel.training.dataset_builder.moving import Mover, stand
from voxel.training.dataset_builder.naming import NAMED_AFTER_A_SHAPE, NAMELESS, is_hint, is_misnamed, words_of
from voxel.training.dataset_builder.pruning import groups_in, is_fresh_tree, is_helper, is_look
from voxel.training.dataset_builder.startup import is_fresh
from voxel.training.dataset_builder.tidying import tidy

MOST = 2
"""Variations of one kind from one file."""
_NOT_ALONE = {*LED_BY, "DisplaceModifier"}
"""Modifiers that need something beside them: without a texture, Displace only blows a thing up."""
_ON_FLAT = frozenset(f"{name}Modifier" for name in ("Solidify", "Wave", "Array", "Mirror"))
_FINE = frozenset(
    f"{name}Modifier" for name in (
        "Wave", "SimpleDeform", "Cast", "Smooth", "LaplacianSmooth", "CorrectiveSmooth", "Decimate", "Warp",
    )
)  # fmt: skip
_FINE_FROM = 60
"""Modifiers that move or remove single vertices, and how many a mesh must have for that to show."""
_ON_ANYTHING = frozenset(("BevelModifier", "SubsurfModifier", "SolidifyModifier"))
"""Modifiers that say nothing of what the thing is."""
_SLIM = 3.0
"""How often the smallest side of a cube goes into its largest before it is a board."""
_VAST = 8.0
"""Metres; what is longer is scenery."""
_FACTORS = (0.5, 0.75, 1.5, 2.0)
_TURNED_ALIKE = frozenset(("UV_SPHERE", "ICO_SPHERE", "CYLINDER", "CONE", "CIRCLE", "TORUS"))
"""Shapes that look the same however far they are turned around Z."""
_ANY = re.compile(r"(?:Cube|Plane|(?:Ico)?[Ss]phere|Cylinder|Cone|Torus|Suzanne)(?:\.\d+)?$")
_FRAMES = (24, 48, 60, 72, 90, 120)
_STANDING = re.compile(
    r"ground|floor|wall|road|path|street|hill|terrain|landscape|meadow|grass|field|sea|ocean|water|lake|river|sky|cloud"
    r"|fog|mist|room|roof|ceil|column|pillar|pier|beam|post|rail|fence|gate|window|frame|house|build|tower|bridge|arch"
    r"|step|stair|plinth|base|pedestal|platform|stage|table|shelf|desk|bench|counter|backdrop|sweep|cyc|track|board"
    r"|mountain|rock|cliff|island|tree|trunk|stump|voussoir|impost|capital|frieze|pediment|stylobate|brick|tile|slab"
    r"|mesa|butte|massif|ridge|dune|snow|sand|hand\b|needle|dial|saguaro|cactus|bush|plant|flower|petal|stem|leaf|foliage|log|pot|pole|wire"
    r"|\bbar\b|\brod\b|\brope\b|volume|opening|cutter|bound|collision|hull|plane|grid|paving|kerb|curb|pavement|deck|porch|chimney|foundation",
    re.IGNORECASE,
)
"""What is built or grown where it stands: nobody asks for it to wander, or to follow something."""
_ONE_OF_MANY = re.compile(r"[._ ](?:\d+|L|R|BL|BR|FL|FR|Left|Right|Front|Back)$")
"""The third of seven panes, the left foot: nobody asks for it to go its own way."""
_SMALL = 0.05
"""Metres; what is smaller is nothing to look at."""


def variations(scene: Mapping[str, Any]) -> Candidates:
    """Scenes that the file does not hold, made of what it holds."""
    cut = Cut(scene)
    objects = blocks(scene, "objects")
    small = [
        name for name, thing in objects.items()
        if thing["kind"] == "MESH" and is_small(data_of(scene, thing)) and not is_hidden(thing)
        and not is_hint(name) and (_ANY.match(name) or not NAMELESS.match(name))
        and not is_misnamed(name, thing["kind"], primitive_of(scene, thing))
        and not is_helper(thing)
    ]  # fmt: skip
    shapes = [name for name in small if has_faces(data_of(scene, objects[name]))]
    own = {name: thing for name, thing in objects.items() if not is_fresh(thing["props"])}
    lights = [name for name, thing in own.items() if thing["kind"] == "LIGHT"]
    cameras = [name for name, thing in own.items() if thing["kind"] == "CAMERA"]
    loose = [name for name in shapes if is_loose(name, objects[name])]
    yield from _modifiers(cut, objects, small)
    if shapes:
        yield from _materials(cut, shapes)
        yield from _followers(cut, shapes, lights, cameras)
    yield from _lights(cut, lights, cameras)
    yield from _motions(cut, [*loose, *cameras])


def is_loose(name: str, thing: Json) -> bool:
    """Whether a thing may well move by itself: a body that is neither built in nor part of something larger."""
    sizes = thing.get("dimensions", [0.0])
    if _STANDING.search(name) or (_ONE_OF_MANY.search(name) and not _ANY.match(name)) or thing.get("parent"):
        return False
    return bool(min(sizes) > 0 and max(sizes) <= _VAST)


def _picked(cut: Cut, kind: str, things: Sequence[Any]) -> list[Any]:
    """At most MOST of them, chosen by what they are."""
    ordered = sorted(things, key=str)
    return chance_of(kind, cut.scene.get("active_scene"), ordered).sample(ordered, min(MOST, len(ordered)))


def _moved(props: Json, chance: Any, units: Mapping[str, str] | None = None, kind: str = "") -> Json:
    """One or two of the numbers changed by a plain factor; fractions stay below 1, angles are whole degrees."""
    moved = copy.deepcopy(props)
    numbers = [name for name, value in moved.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    # each level of a mesh is four times the last; what a render takes follows what the viewport shows
    numbers = [name for name in numbers if not name.endswith("levels") and not name.startswith("render_")]
    numbers = [name for name in numbers if f"render_{name}" not in moved]
    if {"angle", "factor"} <= set(numbers):
        numbers = [name for name in numbers if name not in ("angle", "factor")]  # one value under two names
    for name in chance.sample(sorted(numbers), min(len(numbers), chance.randint(1, 2))):
        value, factor = moved[name], chance.choice(_FACTORS)
        if isinstance(value, int):
            moved[name] = max(2, round(value * factor))
        elif units is not None and words.unit_of(units, kind, name) in ("ROTATION", "ANGLE"):
            moved[name] = tidy(math.radians(round(math.degrees(value) * factor)), "ROTATION")
        else:
            changed = min(1.0, value * factor) if 0 <= value <= 1 else value * factor
            moved[name] = float(f"{changed:.2g}")
    return moved


def _modifiers(cut: Cut, objects: Mapping[str, Json], shapes: Sequence[str]) -> Candidates:
    given = [
        (name, place) for name, thing in objects.items() for place, item in enumerate(thing.get("modifiers", []))
        if needs(cut.scene, {"modifiers": [item]}) == ([], []) and item["type"] not in _NOT_ALONE
    ]  # fmt: skip
    for name, place in _picked(cut, "modifiers", given):
        item = cut.take([name], parts=["modifiers"])["blocks"]["objects"][name]["modifiers"][place]
        chance = chance_of("modifier on another", name, item)
        fitting = [
            one for one in shapes
            if _fits(cut.scene, item["type"], objects[one])
            and (item["type"] in _ON_ANYTHING or _ANY.match(one) or _is_alike(name, one))
        ]  # fmt: skip
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


def _is_alike(name: str, other: str) -> bool:
    """Whether two things are of one sort by their names: what bends a leaf may bend a leaf."""
    return bool(words_of(name) & words_of(other))


def _fits(scene: Mapping[str, Any], kind: str, thing: Json) -> bool:
    """A profile is for a Screw modifier, and what bends, bevels or splits needs a body."""
    surface = has_faces(data_of(scene, thing))
    shape = primitive_of(scene, thing)
    if kind == "BevelModifier" and shape in ("TORUS", "UV_SPHERE", "ICO_SPHERE"):
        return False  # they have no edges to soften
    if kind == "SubsurfModifier" and shape in ("CYLINDER", "CONE", "CIRCLE"):
        return False  # their caps are single faces, which it puckers
    sizes = thing.get("dimensions", [1.0])
    if kind == "SubsurfModifier" and shape == "CUBE" and max(sizes) > _SLIM * min(sizes):
        return False  # a board or a bar would become a blade
    if kind in _FINE and (data_of(scene, thing) or {}).get("geometry", {}).get("vertices", 0) < _FINE_FROM:
        return False
    if kind == "ScrewModifier":
        return not surface
    return surface and (kind in _ON_FLAT or min(thing.get("dimensions", [0.0])) > 0)


def _small_enough(modifier: Json, thing: Json, units: Mapping[str, str]) -> bool:
    """Whether no length of a modifier is out of proportion to the thing."""
    sizes = [size for size in thing.get("dimensions", []) if size > 0]
    lengths = [
        abs(value) for name, value in modifier["props"].items()
        if isinstance(value, float)
        and (words.unit_of(units, modifier["type"], name) in ("LENGTH", "DISTANCE") or name == "strength")
    ]  # fmt: skip
    return bool(sizes) and all(length <= min(sizes) / 2 for length in lengths)


def _materials(cut: Cut, shapes: Sequence[str]) -> Candidates:
    materials = blocks(cut.scene, "materials")
    good = [
        name for name, one in materials.items() if is_look(cut.scene, one) and not NAMED_AFTER_A_SHAPE.match(name)
    ]  # fmt: skip
    objects = blocks(cut.scene, "objects")
    for name in _picked(cut, "materials", good):
        chance = chance_of("material on another", name)
        # what wears it in the file, or what may be anything: nobody puts the bark of a tree on a cup
        wearing = [one for one in shapes if name in materials_of(cut.scene, objects[one])] or [
            one for one in shapes if _ANY.match(one)
        ]
        if not wearing:
            continue
        other = chance.choice(wearing)
        groups = groups_in(cut.scene, materials[name]["tree"])
        before = cut.take([other], more=groups)
        after = cut.take([other], more=[*groups, ("materials", name)])
        if is_fresh_tree(after["blocks"]["materials"][name]["tree"]):
            continue
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


def _followers(cut: Cut, shapes: Sequence[str], lights: Sequence[str], cameras: Sequence[str]) -> Candidates:
    """Constraints between things of the file: cameras and lamps that are aimed follow what stands there."""
    objects = blocks(cut.scene, "objects")
    aimed = [
        one for one in lights if (data_of(cut.scene, objects[one]) or {}).get("type") in ("SpotLight", "AreaLight")
    ]
    subjects = [one for one in shapes if _SMALL <= max(objects[one].get("dimensions", [0.0])) <= _VAST][:12]
    for one, target in _picked(cut, "constraints", [(one, other) for one in [*cameras, *aimed] for other in subjects]):
        chance = chance_of("constraint", one, target)
        to: Json = {"target": {"$id": ["objects", target]}}
        kinds: list[tuple[str, Json]] = [
            ("TrackToConstraint", to),
            ("DampedTrackConstraint", to | {"track_axis": "TRACK_NEGATIVE_Z"}),
        ]
        kind, props = chance.choice(kinds)
        before, changed = stand(cut, [one, target], [])
        after = copy.deepcopy(before)
        item = {"type": kind, "name": words.type_name(kind), "props": props}
        after["blocks"]["objects"][one]["constraints"] = [item]
        derived = "; ".join(filter(None, (changed, "the constraint is not in the file")))
        yield Candidate("animation", "constraint", before, after, derived)


def _motions(cut: Cut, names: Sequence[str]) -> Candidates:
    """Plain motions of things that stand still in the file."""
    objects = blocks(cut.scene, "objects")
    resting = [name for name in names if not objects[name].get("animation")]
    for name in _picked(cut, "motions", resting):
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
        axes = (axis,) if not any(at[:axis] + at[axis + 1 :]) else (0, 1, 2)
        there = [rise if index == axis else value for index, value in enumerate(at)]
        choices = {
            "location": [(index, [(1.0, at[index]), (last, there[index])]) for index in axes],
            "there and back": [
                (index, [(1.0, at[index]), (last / 2, there[index]), (last, at[index])]) for index in axes
            ],
            "rotation_euler": [(2, [(1.0, 0.0), (last + 1, tidy(6.2831853, "ROTATION"))])],
            "scale": [(place, [(1.0, 0.0), (last / 2, size)]) for place, size in enumerate(sizes)],
        }
        shape = primitive_of(still, thing)
        if objects[name]["kind"] == "CAMERA":
            del choices["scale"], choices["rotation_euler"]  # a turn around Z would take away where it looks
        elif shape in _TURNED_ALIKE or "rotation_euler" in thing["props"]:
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
