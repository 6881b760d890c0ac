"""Candidates from actions: keyframes, edits of them, easing, curve modifiers, NLA strips, frame ranges."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from voxel.facts.lookup import Json
from voxel.facts.moving import SPOKEN_KEYS
from voxel.training.dataset_builder.candidate import Candidate, Candidates, chance_of
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.moving import Mover
from voxel.training.dataset_builder.naming import without_number

_KINDS = ("SINE", "QUAD", "CUBIC", "QUINT", "EXPO", "CIRC", "BOUNCE", "LINEAR", "CONSTANT")
_SHORTEST = 4
"""Frames."""
_EASINGS = ("EASE_IN", "EASE_OUT", "EASE_IN_OUT")


def moves(cut: Cut, mover: Mover, active: Mapping[str, Any]) -> Candidates:
    """All that one action teaches."""
    whole = [curve for curve in mover.curves if curve["keys"] and not _is_a_jump(curve)]
    by_path: dict[str, list[Json]] = {}
    for curve in whole:
        by_path.setdefault(curve["path"], []).append(curve)
    sets = [*by_path.values(), *([whole] if len(by_path) > 1 else [])]
    several = [found for path, found in by_path.items() if len(found) > 1]
    singles = [[curve] for found in several for curve in found]
    for curves in [*sets, *singles]:
        if sum(len(curve["keys"]) for curve in curves) > SPOKEN_KEYS:
            continue
        bare = [_bare(curve) for curve in curves]
        yield Candidate("animation", "keyframes", mover.still, mover.moved(bare), mover.derived)
        if bare != curves:
            yield Candidate("animation", "curve-modifier", mover.still, mover.moved(curves), mover.derived)
            yield Candidate("animation", "curve-modifier", mover.moved(bare), mover.moved(curves), mover.derived)
        yield from _edits(mover, curves)
        yield from _eased(mover, bare)
        if len(curves) < 4:
            yield from _repeated(mover, bare)
    if sum(len(curve["keys"]) for curve in whole) <= SPOKEN_KEYS:
        yield from _timed(cut, mover, whole, active)
        yield from _strip(mover, [_bare(curve) for curve in whole])


def _is_a_jump(curve: Json) -> bool:
    """Whether what is to be smooth is over within a few frames: files that test motion blur hold such."""
    frames = [key["frame"] for key in curve["keys"]]
    smooth = any(key.get("interpolation", "BEZIER") != "CONSTANT" for key in curve["keys"])
    return smooth and len(frames) > 1 and max(frames) - min(frames) < _SHORTEST


def _bare(curve: Json) -> Json:
    return {part: value for part, value in curve.items() if part not in ("modifiers", "extrapolation")}


def _with_keys(curves: list[Json], change: Any) -> list[Json]:
    return [{**curve, "keys": [change(key) for key in curve["keys"]]} for curve in curves]


def _edits(mover: Mover, curves: list[Json]) -> Candidates:
    """The real keys come after; before they lay elsewhere in time, or some were missing."""
    chance = chance_of("keys", curves)
    after = mover.moved(curves)
    shift = float(chance.choice((-6, 6, 10, 12, 20, 24)))
    if min(key["frame"] for curve in curves for key in curve["keys"]) + shift < 0:
        shift = -shift
    before = mover.moved(_with_keys(curves, lambda key: {**key, "frame": key["frame"] + shift}))
    yield Candidate("animation", "retime", before, after, mover.derived)
    factor = chance.choice((0.5, 1.5, 2.0, 3.0))
    start = min(key["frame"] for curve in curves for key in curve["keys"])

    def stretched(key: Json) -> Json:
        return {**key, "frame": float(round(start + (key["frame"] - start) * factor))}

    if all(len({key["frame"] for key in one["keys"]}) == len(one["keys"]) for one in _with_keys(curves, stretched)):
        yield Candidate("animation", "retime", mover.moved(_with_keys(curves, stretched)), after, mover.derived)
    if all(len(curve["keys"]) > 2 for curve in curves):
        short = [{**curve, "keys": curve["keys"][:-1]} for curve in curves]
        yield Candidate("animation", "keyframes-edit", mover.moved(short), after, mover.derived)
    if len(curves) > 1:
        yield Candidate("animation", "keyframes-edit", mover.moved(curves[:-1]), after, mover.derived)


def _eased(mover: Mover, curves: list[Json]) -> Candidates:
    plain = _with_keys(curves, lambda key: {"frame": key["frame"], "value": key["value"]})
    if plain != curves:
        yield Candidate("animation", "easing", mover.moved(plain), mover.moved(curves), mover.derived)
        return
    chance = chance_of("easing", curves)
    kind = chance.choice(_KINDS)
    extra = {} if kind in ("LINEAR", "CONSTANT") else {"easing": chance.choice(_EASINGS)}
    eased = _with_keys(curves, lambda key: {**key, "interpolation": kind, **extra})
    derived = "; ".join(filter(None, (mover.derived, "eased in another way than in the file")))
    yield Candidate("animation", "easing", mover.moved(plain), mover.moved(eased), derived)


def _repeated(mover: Mover, curves: list[Json]) -> Candidates:
    """Loops, noise and extrapolation that the file does not have."""
    chance = chance_of("shaped", curves)
    derived = "; ".join(filter(None, (mover.derived, "goes on differently than in the file")))
    before = mover.moved(curves)
    first, last = curves[0]["keys"][0], curves[0]["keys"][-1]
    returns = all(abs(curve["keys"][0]["value"] - curve["keys"][-1]["value"]) < 1e-6 for curve in curves)
    turns = curves[0]["path"] == "rotation_euler" and abs(abs(last["value"] - first["value"]) % math.tau) < 1e-3
    kind = "FModifierCycles" if returns or turns else "FModifierNoise"
    if kind == "FModifierNoise" and curves[0]["path"] not in ("location", "rotation_euler", "scale", "energy"):
        return
    span = abs(last["value"] - first["value"]) or 1.0
    strength = float(f"{span * 0.2:.1g}")
    props: Json = {"scale": float(chance.choice((4, 8, 10, 20))), "strength": strength if strength != 1 else 1.2}
    if kind == "FModifierCycles":
        props = {} if returns and chance.random() < 0.5 else {"mode_after": "REPEAT_OFFSET" if turns else "MIRROR"}
    shaped = [
        {**curve, "modifiers": [{"type": kind, "name": kind.removeprefix("FModifier"), "props": props}]}
        for curve in curves
    ]
    yield Candidate("animation", "curve-modifier", before, mover.moved(shaped), derived)
    if turns:
        endless = [{**curve, "extrapolation": "LINEAR"} for curve in curves]
        yield Candidate("animation", "curve-modifier", before, mover.moved(endless), derived)


def _timed(cut: Cut, mover: Mover, curves: list[Json], active: Mapping[str, Any]) -> Candidates:
    """The motion together with the frames that the scene plays."""
    props = cut.tidied(active.get("props", {}), "Scene")
    settings: Json = {name: props[name] for name in ("frame_start", "frame_end") if name in props}
    fps = {name: value for name, value in props.get("render", {}).get("props", {}).items() if name == "fps"}
    if fps:
        settings["render"] = {**props["render"], "props": fps}
    if not settings:
        return
    after, keyed = mover.moved(curves), mover.moved(curves)
    after["blocks"]["scenes"]["Scene"]["props"] = copy.deepcopy(settings)
    yield Candidate("animation", "timing", mover.still, after, mover.derived)
    if len(settings) > 1:  # the last frame alone is one line that anyone can read off a panel
        yield Candidate("animation", "timing", keyed, after, mover.derived)


def _strip(mover: Mover, curves: list[Json]) -> Candidates:
    """The action plays from an NLA strip, later or repeated."""
    if len(mover.place) != 2 or mover.place[0] != "objects":
        return
    chance = chance_of("strip", curves)
    after = mover.moved(curves)
    holder = after["blocks"]["objects"][mover.subject]
    start, repeat = float(chance.choice((1, 10, 25, 40))), float(chance.choice((1, 2, 3)))
    props: Json = {"repeat": repeat} if repeat > 1 else {}
    strip = {
        "type": "NlaStrip", "name": without_number(mover.action), "props": props, "start": start,
        "action": {"$id": ["actions", mover.action]},
    }  # fmt: skip
    track = {"type": "NlaTrack", "name": f"{without_number(mover.subject)} Track", "props": {}, "strips": [strip]}
    holder["animation"] = {"nla": [track]}
    before = copy.deepcopy(after)
    del before["blocks"]["objects"][mover.subject]["animation"]
    derived = "; ".join(filter(None, (mover.derived, "its action plays from an NLA strip here")))
    yield Candidate("animation", "nla", before, after, derived)
