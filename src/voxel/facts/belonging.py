"""How things hang together and move, as facts: parents, collections, material slots, keyframes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voxel.facts import words
from voxel.facts.fact import Fact
from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json, blocks, reference
from voxel.records.example import Keys, Materials, Members, Parent, Ref

SPOKEN_KEYS = 40
_CHANNELS = {
    "location": ("location", "XYZ"), "rotation_euler": ("rotation", "XYZ"), "scale": ("scale", "XYZ"),
    "rotation_quaternion": ("quaternion rotation", "WXYZ"), "color": ("color", "RGBA"),
}  # fmt: skip


def parent_fact(of: Ref, now: Json, old: Json | None, subject: str) -> list[Fact]:
    """The parent, when it is new. Raises Unsayable for parents by vertices or with an inverse matrix."""
    parent = now.get("parent")
    if parent is None or parent == (old or {}).get("parent"):
        return []
    if parent["type"] not in ("OBJECT", "BONE", "ARMATURE") or "inverse" in parent:
        raise words.Unsayable("a parent with an offset or by vertices")
    check = Parent(of=of, parent=parent["object"], bone=parent.get("bone") or "")
    shown = words.quoted(parent["object"])
    if check.bone:
        shown = f"the bone {words.quoted(check.bone)} of {shown}"
    return [Fact(check, of, subject, attribute=f"parented to {shown}", order=f"parent {{it}} to {shown}")]


def collection_facts(of: Ref, now: Json, old: Json | None) -> list[Fact]:
    """What a collection holds now and did not hold."""
    objects = tuple(n for n in now.get("objects", []) if n not in (old or {}).get("objects", []))
    children = tuple(n for n in now.get("children", []) if n not in (old or {}).get("children", []))
    if not objects and not children:
        return []
    shown = [words.quoted(name) for name in objects]
    parts = [f"the object{'s' if len(objects) > 1 else ''} {listed(shown)}"] if objects else []
    if children:
        parts.append(f"the collection{'s' if len(children) > 1 else ''} {listed([words.quoted(c) for c in children])}")
    text = " and ".join(parts)
    subject = f"the collection {words.quoted(of[1])}"
    check = Members(of=of, objects=objects, children=children)
    return [Fact(check, of, subject, attribute=f"holding {text}", order=f"put {text} into {{it}}")]


def material_facts(
    of: Ref, now: Json, old: Json | None, after: Mapping[str, Any], before: Mapping[str, Any], subject: str
) -> list[Fact]:
    """Material slots, when they differ."""
    mine = materials_of(after, now)
    theirs = materials_of(before, old) if old is not None else []
    if mine == theirs or not mine:
        return []
    shown = [words.quoted(name) if name else "an empty slot" for name in mine]
    text = f"the material {shown[0]}" if len(mine) == 1 else f"the materials {listed(shown)} (in this order)"
    return [
        Fact(
            Materials(of=of, materials=tuple(mine)),
            of,
            subject,
            attribute=f"using {text}",
            order=f"assign {text} to {{it}}",
        )
    ]


def action_facts(
    of: Ref, now: Json, old: Json | None, scene: Mapping[str, Any], group: tuple[str, ...], subject: str
) -> list[Fact]:
    """Keyframes of the block's own action, channel by channel."""
    animation = now.get("animation")
    if animation is None or animation == (old or {}).get("animation"):
        return []
    if animation.get("drivers") or animation.get("nla"):
        raise words.Unsayable("drivers or NLA strips")
    target = reference(animation.get("action"))
    action = None if target is None else blocks(scene, "actions").get(target[1])
    if action is None:
        raise words.Unsayable("an action that is not there")
    facts: list[Fact] = []
    total = 0
    for curve in action.get("fcurves", []):
        total += len(curve["keys"])
        if total > SPOKEN_KEYS:
            raise words.Unsayable("more keyframes than anyone would spell out")
        facts.append(_curve_fact(of, curve, (*group, "keys"), subject))
    return facts


def _curve_fact(of: Ref, curve: Json, group: tuple[str, ...], subject: str) -> Fact:
    path, index = curve["path"], curve.get("index", 0)
    if curve.get("modifiers") or "[" in path:
        raise words.Unsayable("keyframes on bones, nodes or with curve modifiers")
    keys = tuple((key["frame"], key["value"]) for key in curve["keys"])
    kinds = {key.get("interpolation", "BEZIER") for key in curve["keys"]}
    if len(kinds) != 1:
        raise words.Unsayable("mixed interpolation")
    kind = kinds.pop()
    name, axes = _CHANNELS.get(path, (words.noun("Object", path.rpartition(".")[2]), ""))
    channel = f"{axes[index]} {name}" if axes and index < len(axes) else name + (f"[{index}]" if index else "")
    turned = path.endswith("rotation_euler")
    said = ", ".join(f"{words.degrees(v) if turned else words.number(v)} at frame {words.number(f)}" for f, v in keys)
    # One key has no interpolation that anyone could see.
    shared = kind if len(keys) > 1 else ""
    ending = f" ({words.item('Keyframe', 'interpolation', kind)} interpolation)" if shared else ""
    if "extrapolation" in curve:
        ending += f", extrapolated {words.item('FCurve', 'extrapolation', curve['extrapolation']).lower()}ly"
    check = Keys(of=of, path=path, index=index, keys=keys, interpolation=shared)
    return Fact(check, group, subject, order=f"animate {{its:{channel}}}: {said}{ending}")


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
