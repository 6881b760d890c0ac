"""How things hang together, as facts: parents, collections, material slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voxel.facts import words
from voxel.facts.fact import Fact
from voxel.facts.holding import materials_of
from voxel.facts.lookup import Json
from voxel.facts.words import listed
from voxel.records.example import Materials, Members, Parent, Ref


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
