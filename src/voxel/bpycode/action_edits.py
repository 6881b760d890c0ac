"""Changes of an action that is there: its f-curves' keys, interpolation, extrapolation, modifiers."""

from __future__ import annotations

from typing import Any

from voxel.bpycode.keys import (
    COLUMNS,
    at_channel,
    is_turn,
    write_curve,
    write_keys,
    write_modifier,
)
from voxel.bpycode.layout import call, quote
from voxel.bpycode.numbers import number
from voxel.bpycode.props import write_props
from voxel.bpycode.script import Json, Script

Place = tuple[str, int]
"""Data path and index."""
OF_CURVES = ("extrapolation", "smoothing", "mute", "modifiers")
"""Parts of a curve beside its keys."""


def edit_action(script: Script, variable: str, slots: list[str], action: Json, old: Json, path: str) -> None:
    """Turn the curves that `old` has into those of `action`, which has the same slots; `slots` are their sources."""
    if action.get("slots") != old.get("slots"):
        script.skip(path, "changed slots of an action that is there")
        return
    for source, slot in zip(slots, action.get("slots", []), strict=True):
        now, were = of_slot(action, slot["name"]), of_slot(old, slot["name"])
        if now == were:
            continue
        curves = script.names.passing("curves")
        bag = f"{variable}.layers[0].strips[0].channelbag({source})"
        script.assign(curves, f"{bag}.fcurves")
        curve = script.names.passing("curve")
        for spot in were:
            if spot not in now:
                script.do(call(f"{curves}.remove", at_channel(f"{curves}.find", *spot)))
        changed = [spot for spot in now if spot in were and now[spot] != were[spot]]
        if len(changed) > 1 and changed == list(now) and alike(now, were):
            script.loop(curve, curves)
            script.indent += 4
            edit_curve(script, curve, now[changed[0]], were[changed[0]], path)
            script.indent -= 4
        else:
            for spot in changed:
                script.assign(curve, at_channel(f"{curves}.find", *spot))
                edit_curve(script, curve, now[spot], were[spot], path)
        for spot in now:
            if spot not in were:
                write_curve(script, at_channel(f"{curves}.new", *spot), now[spot], path)


def of_slot(action: Json, name: str) -> dict[Place, Json]:
    """The f-curves of a slot by what they move."""
    return {
        (str(curve["path"]), int(curve.get("index", 0))): curve
        for curve in action.get("fcurves", []) if curve.get("slot", name) == name
    }  # fmt: skip


def alike(now: dict[Place, Json], were: dict[Place, Json]) -> bool:
    """Whether one and the same change, which does not name frames or values, makes all curves what they are now."""
    recipes = []
    for spot, curve in now.items():
        keys, old = curve["keys"], were[spot]["keys"]
        shift = shifted(keys, old)
        if keys != old and shift is None and (moved(keys, old) or uniform(keys) is None):
            return False
        rest = {part: curve.get(part) for part in OF_CURVES}
        was = {part: were[spot].get(part) for part in OF_CURVES}
        recipes.append((shift, uniform(keys) if keys != old and shift is None else None, rest, was))
    return all(recipe == recipes[0] for recipe in recipes)


def moved(keys: list[Json], old: list[Json]) -> bool:
    """Whether frames or values differ."""
    return [(key["frame"], key["value"]) for key in keys] != [(key["frame"], key["value"]) for key in old]


def shifted(keys: list[Json], old: list[Json]) -> float | None:
    """By how many frames all keys lie later than before, when nothing else about them differs."""
    if len(keys) != len(old) or not keys or keys == old:
        return None
    shift = float(keys[0]["frame"]) - float(old[0]["frame"])
    same = all({**was, "frame": was["frame"] + shift} == key for key, was in zip(keys, old, strict=True))
    return shift if same else None


def uniform(keys: list[Json]) -> dict[str, Any] | None:
    """Interpolation and easing that all keys share; None where they differ or where a key holds more."""
    each = [{name: key.get(name) for name in COLUMNS if name in key} for key in keys]
    shared = not each or all(one == each[0] for one in each)
    return each[0] if shared and each and not set(each[0]) - {"interpolation", "easing"} else None


def edit_curve(script: Script, curve: str, now: Json, was: Json, path: str) -> None:
    """One f-curve, found as `curve`."""
    where = f'{path}.fcurves["{now["path"]}"]'
    if now["keys"] != was["keys"]:
        edit_keys(script, curve, now["keys"], was["keys"], turned=is_turn(str(now["path"])))
    if now.get("extrapolation") != was.get("extrapolation"):
        script.assign(f"{curve}.extrapolation", quote(now.get("extrapolation", "CONSTANT")))
    if now.get("smoothing") != was.get("smoothing"):
        script.assign(f"{curve}.auto_smoothing", quote(now.get("smoothing", "CONT_ACCEL")))
    if now.get("mute") != was.get("mute"):
        script.assign(f"{curve}.mute", str(bool(now.get("mute"))))
    modifiers, known = now.get("modifiers", []), was.get("modifiers", [])
    for place, modifier in enumerate(modifiers):
        if place >= len(known):
            write_modifier(script, curve, modifier, where)
        elif modifier != known[place]:
            write_props(script, f"{curve}.modifiers[{place}]", modifier, where, known[place])
    for place in range(len(modifiers), len(known)):
        script.do(call(f"{curve}.modifiers.remove", f"{curve}.modifiers[{place}]"))


def edit_keys(script: Script, curve: str, keys: list[Json], old: list[Json], *, turned: bool) -> None:
    """Keys shifted, given another interpolation, put between others, or made anew."""
    shift, shared, key = shifted(keys, old), uniform(keys), script.names.passing("key")
    new = [one for one in keys if one not in old]
    if shift is not None:
        script.loop(key, f"{curve}.keyframe_points")
        step = number(abs(shift), whole=True)
        script.add([f"{' ' * (script.indent + 4)}{key}.co_ui.x {'+' if shift > 0 else '-'}= {step}"])
    elif shared is not None and not moved(keys, old):
        script.loop(key, f"{curve}.keyframe_points")
        script.indent += 4
        for name, plain in (("interpolation", "BEZIER"), ("easing", "AUTO")):
            wanted = shared.get(name, plain)
            if any(one.get(name, plain) != wanted for one in old):
                script.assign(f"{key}.{name}", quote(wanted))
        script.indent -= 4
    elif all(one in keys for one in old) and not any(part.startswith("handle") for one in new for part in one):
        write_keys(script, curve, new, turned=turned)
    else:
        script.do(call(f"{curve}.keyframe_points.clear"))
        write_keys(script, curve, keys, turned=turned)
    script.do(call(f"{curve}.update"))
