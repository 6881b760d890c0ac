"""What moves, as facts: keyframes channel by channel, the shape of their curves, drivers, NLA strips."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from voxel.facts import words
from voxel.facts.fact import Fact
from voxel.facts.lookup import Json, blocks, flat, reference, same
from voxel.facts.words import listed
from voxel.records.example import Keys, Property, Ref, Stack

SPOKEN_KEYS = 40
Say = Callable[[float], str]
_CHANNELS = {
    "location": ("location", "XYZ"), "rotation_euler": ("rotation", "XYZ"), "scale": ("scale", "XYZ"),
    "rotation_quaternion": ("quaternion rotation", "WXYZ"), "color": ("color", "RGBA"),
    "delta_location": ("delta location", "XYZ"), "delta_rotation_euler": ("delta rotation", "XYZ"),
    "delta_scale": ("delta scale", "XYZ"),
}  # fmt: skip
_SOCKETS = {
    ("ShaderNodeEmission", "inputs", "1"): "Strength", ("ShaderNodeBackground", "inputs", "1"): "Strength",
    ("ShaderNodeValue", "outputs", "0"): "Value", ("ShaderNodeMixShader", "inputs", "0"): "Factor",
    ("ShaderNodeTexNoise", "inputs", "1"): "W", ("ShaderNodeTexNoise", "inputs", "2"): "Scale",
    ("ShaderNodeBump", "inputs", "0"): "Strength",
}  # fmt: skip
"""Sockets with one number each, as Blender shows them."""
_KEY_PARTS = frozenset(("frame", "value", "interpolation", "easing", "back", "amplitude", "period"))
"""The last three are what Blender gives to keys with back or elastic interpolation."""
_TURNED = ("rotation_euler", "spot_size", "offset_angle", "angle_limit", "angle")
_MILLIMETRES = ("lens", "sensor_width")
_AXIS = re.compile(r"\{its:([XYZW]) ")
_PARTS = re.compile(
    r'^(?:pose\.bones\["(?P<bone>[^"\\]+)"\]\.)?(?:constraints\["(?P<constraint>[^"\\]+)"\]\.)?'
    r'(?:modifiers\["(?P<modifier>[^"\\]+)"\]\.)?(?:key_blocks\["(?P<key>[^"\\]+)"\]\.)?'
    r'(?:nodes\["(?P<node>[^"\\]+)"\]\.(?P<side>inputs|outputs)\[(?P<socket>\d+)\]\.)?(?P<prop>[a-z_.]+)$'
)
"""Data paths that can be said; others, such as custom properties, cannot."""


def sayable(path: str) -> bool:
    """Whether a data path can be put into words; custom properties, for one, cannot."""
    return _PARTS.match(path) is not None


class Moving:
    """The animation of one part of a block: of the block itself, its data, its node tree, its shape keys."""

    def __init__(
        self, of: Ref, part: str, subject: str, after: Mapping[str, Any], before: Mapping[str, Any], holder: Json
    ) -> None:
        self.of, self.part, self.subject = of, part, subject
        self.after, self.before, self.kind = after, before, holder.get("type", "Object")
        self.nodes = {node["name"]: node["type"] for node in holder.get("nodes", [])}
        self.group = (*of, "keys")
        self.root = f"{part}.animation" if part else "animation"

    def facts(self, now: Json | None, old: Json | None) -> Iterator[Fact]:
        """Facts of an animation that is there now; `old` is what it was. Raises Unsayable."""
        if not now:
            return
        yield from self._curves(now, old or {})
        known = {(driver["path"], driver["index"]): driver for driver in (old or {}).get("drivers", [])}
        for driver in now.get("drivers", []):
            was = known.get((driver["path"], driver["index"]))
            if driver != was:
                yield from self._driver(driver, was)
        if now.get("nla", []) != (old or {}).get("nla", []):
            yield from self._strips(now["nla"])

    # keyframes

    def _curves(self, now: Json, old: Json) -> Iterator[Fact]:
        curves, were = _curves(self.after, now), _curves(self.before, old)
        changed = {place: curve for place, curve in curves.items() if not same(curve, were.get(place))}
        if were.keys() - curves.keys():
            raise words.Unsayable("channels that are not animated any more")
        if sum(len(curve["keys"]) for curve in changed.values()) > SPOKEN_KEYS:
            raise words.Unsayable("more keyframes than anyone would spell out")
        whole = _whole([curve for place, curve in changed.items() if place not in were])
        facts = [
            fact._replace(order=whole[place[0]]) if isinstance(fact.check, Keys) and place[0] in whole else fact
            for place, curve in changed.items()
            for fact in self._curve(curve, were.get(place))
        ]
        yield from _together(facts)

    def _curve(self, curve: Json, was: Json | None) -> Iterator[Fact]:
        path, index = curve["path"], curve.get("index", 0)
        channel, say = self.channel(path, index)
        keys = curve["keys"]
        if any(set(key) - _KEY_PARTS for key in keys) or curve.get("mute"):
            raise words.Unsayable("handles or settings of single keys")
        spot = f"{self.root}.fcurves[{path} {index}]"
        if keys and (was is None or not same(keys, was["keys"])):
            kind, easing = _shared(keys, "interpolation", "BEZIER"), _shared(keys, "easing", "AUTO")
            old = [] if was is None else was["keys"]
            kept = _shared(old, "interpolation", "BEZIER") if old else None
            eased = _shared(old, "easing", "AUTO") if old else None
            check = Keys(
                of=self.of, path=path, index=index, part=self.part, keys=tuple((k["frame"], k["value"]) for k in keys),
                # One key has no interpolation that anyone could see; what stays is not asked for.
                interpolation=kind if len(keys) > 1 and kind != kept else "",
                easing=easing if len(keys) > 1 and easing not in ("AUTO", eased) else "",
            )  # fmt: skip
            order = _keyed(channel, keys, None if was is None else was["keys"], say)
            yield Fact(check, self.group, self.subject, order=order)
        if curve.get("extrapolation", "CONSTANT") != (was or {}).get("extrapolation", "CONSTANT"):
            how = curve.get("extrapolation", "CONSTANT")
            if how == "CONSTANT":
                raise words.Unsayable("a curve that is not extrapolated any more")
            order = f"continue the curve of {{its:{channel}}} beyond its keys with {how.lower()} extrapolation"
            check_how = Property(of=self.of, path=f"{spot}.extrapolation", value=how)
            yield Fact(check_how, self.group, self.subject, order=order)
        modifiers, known = curve.get("modifiers", []), (was or {}).get("modifiers", [])
        if not same(modifiers, known):
            yield from self._shaped(channel, spot, modifiers, known)

    def _shaped(self, channel: str, spot: str, modifiers: list[Json], known: list[Json]) -> Iterator[Fact]:
        if len(modifiers) < len(known) or any(
            one["type"] != old["type"] for one, old in zip(modifiers, known, strict=False)
        ):
            raise words.Unsayable("a curve modifier that is gone")
        numbers: dict[str, int] = {}
        stack = Stack(of=self.of, path=f"{spot}.modifiers", types=tuple(one["type"] for one in modifiers))
        for place, one in enumerate(modifiers):
            kind = one["type"]
            number = numbers[kind] = numbers.get(kind, -1) + 1
            name = kind.removeprefix("FModifier")
            old = known[place] if place < len(known) else None
            key = f"{spot}.modifiers[{kind}#{number}]" if number else f"{spot}.modifiers[{kind}]"
            checks, said = [], []
            theirs = flat((old or {}).get("props", {}))
            for prop, value in flat(one.get("props", {})).items():
                if prop in theirs and same(value, theirs[prop]):
                    continue
                checks.append(Property(of=self.of, path=f"{key}.{prop}", value=value))
                said.append(f"{words.noun(kind, prop)} {words.value({}, kind, prop, value)}")
            if old is None:
                order = f"put {words.article(name)} {name} modifier on the f-curve of {{its:{channel}}}"
                order += f" with {listed(said)}" if said else ""
                yield Fact(stack, self.group, self.subject, order=order)
                for check in checks:
                    yield Fact(check, self.group, self.subject, order=order)
            elif said:
                order = f"in the {name} modifier on the f-curve of {{its:{channel}}}, set {listed(said)}"
                for check in checks:
                    yield Fact(check, self.group, self.subject, order=order)

    def channel(self, path: str, index: int) -> tuple[str, Say]:
        """A channel in words, and how its values are said. Raises Unsayable."""
        found = _PARTS.match(path)
        if found is None:
            raise words.Unsayable(f"the data path {path}")
        prop = found["prop"].rpartition(".")[2]
        name, axes = _CHANNELS.get(prop, (words.noun(self.kind, prop), ""))
        said = f"{axes[index]} {name}" if axes and index < len(axes) else name + (f"[{index}]" if index else "")
        if found["node"]:
            socket = _SOCKETS.get((self.nodes.get(found["node"], ""), found["side"], found["socket"]))
            if socket is None:
                raise words.Unsayable(f"the data path {path}")
            said = f"{socket} of the node {words.quoted(found['node'])}"
        for part, what in (
            ("constraint", "constraint"),
            ("modifier", "modifier"),
            ("key", "shape key"),
            ("bone", "bone"),
        ):
            if found[part]:
                said += f" of the {what} {words.quoted(found[part])}"
        if prop in _MILLIMETRES:
            return said, lambda value: f"{words.number(value)} mm"
        return said, words.degrees if prop in _TURNED else words.number

    # drivers and strips

    def _driver(self, driver: Json, was: Json | None) -> Iterator[Fact]:
        path, index = driver["path"], driver["index"]
        channel, _ = self.channel(path, index)
        if driver.get("keys") or driver.get("modifiers") or driver.get("use_self"):
            raise words.Unsayable("a driver with a curve of its own")
        spot = f"{self.root}.drivers[{path} {index}]"
        checks: list[Property] = []
        how = {"AVERAGE": "the average", "SUM": "the sum", "MIN": "the smallest", "MAX": "the largest"}
        if driver["type"] == "SCRIPTED":
            said = f"by the expression `{driver.get('expression', '')}`"
            checks.append(Property(of=self.of, path=f"{spot}.expression", value=driver.get("expression", "")))
        else:
            said = f"by {how[driver['type']]} of its variables"
            checks.append(Property(of=self.of, path=f"{spot}.type", value=driver["type"]))
        variables: list[str] = []
        for entry in driver["variables"]:
            place = f"{spot}.variables[{entry['name']}]"
            if entry["type"] != "SINGLE_PROP" or len(entry["targets"]) != 1:
                raise words.Unsayable("a driver variable that measures transforms")
            target = entry["targets"][0]["props"]
            block = reference(target.get("id"))
            if block is None or not target.get("data_path"):
                raise words.Unsayable("a driver variable without a target")
            checks += [
                Property(of=self.of, path=f"{place}.targets[0].{name}", value=target[name])
                for name in ("id", "data_path")
            ]
            variables.append(f'"{entry["name"]}" for `{target["data_path"]}` of {words.quoted(block[1])}')
        if was is not None and was["variables"] == driver["variables"]:
            order, checks = f"change the driver of {{its:{channel}}}: drive it {said}", checks[:1]
        else:
            order = f"drive {{its:{channel}}} {said}"
            if variables:
                order += f", with the variable{'s' if len(variables) > 1 else ''} {listed(variables)}"
        for check in checks:
            yield Fact(check, self.group, self.subject, order=order)

    def _strips(self, tracks: list[Json]) -> Iterator[Fact]:
        for track in tracks:
            name = words.quoted(track.get("name", ""))
            if track["props"]:
                raise words.Unsayable("settings of an NLA track")
            for strip in track.get("strips", []):
                action = reference(strip.get("action"))
                if action is None:
                    raise words.Unsayable("a strip without an action")
                place = f"{self.root}.nla[{track['name']}].strips[{strip['name']}]"
                checks = [
                    Property(of=self.of, path=f"{place}.action", value=strip["action"]),
                    Property(of=self.of, path=f"{place}.start", value=strip["start"]),
                ]
                said: list[str] = []
                for prop, value in strip.get("props", {}).items():
                    checks.append(Property(of=self.of, path=f"{place}.{prop}", value=value))
                    said.append(f"{words.noun('NlaStrip', prop)} {words.value({}, 'NlaStrip', prop, value)}")
                order = (
                    f"add an NLA track {name} to {{it}} with a strip {words.quoted(strip['name'])} that plays "
                    f"the action {words.quoted(action[1])} from frame {words.number(strip['start'])} on"
                )
                order += f", with {listed(said)}" if said else ""
                for check in checks:
                    yield Fact(check, (*self.of, "nla"), self.subject, order=order)


def _curves(scene: Mapping[str, Any], animation: Json) -> dict[tuple[str, int], Json]:
    """The f-curves of an animation's action that belong to its slot."""
    if "action" not in animation:
        return {}
    target = reference(animation["action"])
    action = None if target is None else blocks(scene, "actions").get(target[1])
    if action is None:
        raise words.Unsayable("an action that is not there")
    slot = animation.get("slot")
    loose = ("slot", "group")
    return {
        (curve["path"], curve.get("index", 0)): {part: value for part, value in curve.items() if part not in loose}
        for curve in action.get("fcurves", []) if curve.get("slot", slot) == slot
    }  # fmt: skip


def _whole(curves: Sequence[Json]) -> dict[str, str]:
    """Orders for places, rotations and scales of which all three axes are new and keyed on the same frames."""
    by_path: dict[str, list[Json]] = {}
    for curve in curves:
        by_path.setdefault(curve["path"], []).append(curve)
    found: dict[str, str] = {}
    for path, axes in by_path.items():
        frames = [key["frame"] for key in axes[0]["keys"]]
        hows = {_ending(curve["keys"]) for curve in axes}
        alike = all([key["frame"] for key in curve["keys"]] == frames for curve in axes)
        if path not in ("location", "rotation_euler", "scale") or len(axes) != 3 or not alike or len(hows) > 1:
            continue
        ending = hows.pop()
        if not ending and len(frames) > 1:
            continue
        if all(same(curve["keys"], axes[0]["keys"]) for curve in axes):
            continue  # "the X, Y and Z scale" in one number
        axes.sort(key=lambda curve: curve.get("index", 0))
        rows = zip(*([key["value"] for key in curve["keys"]] for curve in axes), strict=True)
        say = words.degrees if path == "rotation_euler" else words.number
        each = [
            f"({', '.join(say(value) for value in row)}) at frame {words.number(frame)}"
            for row, frame in zip(rows, frames, strict=True)
        ]
        name = _CHANNELS[path][0]
        found[path] = f"animate {{its:{name}}}: {', '.join(each)}{f' ({ending})' if ending else ''}"
    return found


def _together(facts: Sequence[Fact]) -> Iterator[Fact]:
    """What is asked alike of several axes is asked once: "the keys of the X, Y and Z location"."""
    axes: dict[str, list[str]] = {}
    for fact in facts:
        found = _AXIS.search(fact.order)
        if found is not None:
            known = axes.setdefault(_AXIS.sub("*", fact.order), [])
            known += [found[1]] * (found[1] not in known)
    for fact in facts:
        several = axes.get(_AXIS.sub("*", fact.order), [])
        if len(several) > 1:
            order = _AXIS.sub(f"{{its:{listed(several)} ", fact.order)
            for one, more in (("the f-curve of", "the f-curves of"), ("the curve of", "the curves of")):
                order = order.replace(one, more)
            fact = fact._replace(order=order)
        yield fact


def _shared(keys: Sequence[Json], name: str, plain: str) -> str | tuple[str, ...]:
    """What all keys have in common, or what each has."""
    each = tuple(key.get(name, plain) for key in keys)
    return each[0] if len(set(each)) == 1 else each


def _keyed(channel: str, keys: Sequence[Json], were: Sequence[Json] | None, say: Say) -> str:
    """Keys in words; of those that were there, only what is different."""
    frames, values = [key["frame"] for key in keys], [key["value"] for key in keys]
    old = ([key["frame"] for key in were], [key["value"] for key in were]) if were is not None else ([], [])
    ending = _ending(keys)
    if were is not None and len(were) == len(keys):
        if same(frames, old[0]) and same(values, old[1]):
            return f"change the keys of {{its:{channel}}} to {ending or 'Bezier interpolation'}"
        said = ending if ending != _ending(were) else ""
        if same(values, old[1]):
            moved = ("frames " if len(frames) > 1 else "frame ") + listed([words.number(frame) for frame in frames])
            text = f"retime the keys of {{its:{channel}}} so that they lie at {moved}"
            return f"{text} ({said})" if said else text
    added = _added(keys, were or [])
    if added:
        noun = f"{'keys' if len(added) > 1 else 'a key'} to"
        each = [f"{say(key['value'])} at frame {words.number(key['frame'])}" for key in added]
        ending = _ending(keys)
        how = f" ({ending})" if ending and were is not None and ending != _ending(were) else ""
        return f"add {noun} the animation of {{its:{channel}}}: {', '.join(each)}{how}"
    text = f"key {{its:{channel}}} anew" if were is not None else f"animate {{its:{channel}}}"
    kinds = _shared(keys, "interpolation", "BEZIER")
    each = [f"{say(v)} at frame {words.number(f)}" for f, v in zip(frames, values, strict=True)]
    if isinstance(kinds, tuple) or isinstance(_shared(keys, "easing", "AUTO"), tuple):
        each = [f"{said} ({_how(key)})" for said, key in zip(each, keys, strict=True)]
    return f"{text}: {', '.join(each)}{f' ({ending})' if ending else ''}"


def _added(keys: Sequence[Json], were: Sequence[Json]) -> list[Json]:
    """The keys that are new, where all that were there are still as they were."""
    kept = [key for key in keys if any(same(key, old) for old in were)]
    return [key for key in keys if key not in kept] if were and len(kept) == len(were) < len(keys) else []


def _ending(keys: Sequence[Json]) -> str:
    """The interpolation that all keys share; empty for one key, or where each has its own."""
    each = {_how(key) for key in keys}
    return each.pop() if len(each) == 1 and len(keys) > 1 else ""


def _how(key: Json) -> str:
    kind = words.item("Keyframe", "interpolation", key.get("interpolation", "BEZIER"))
    easing = key.get("easing", "AUTO")
    return f"{kind} interpolation" + (f", {words.item('Keyframe', 'easing', easing)}" if easing != "AUTO" else "")
